"""Reports at the command line, against the real program, and what a suspended account still can."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.account_holders import Machine
from support.people.command_line import Cli
from support.people.operators import enrolled
from support.people.stretching import stretch_cheaply
from test_report_pages import first_report

from ephemeral.client.exits import Exit


@pytest.fixture
def cli(server: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The command line, with a server of this test."""
    stretch_cheaply(monkeypatch.setattr)
    with closing(Cli(server.url, tmp_path)) as line:
        yield line


def test_what_was_printed_with_its_evidence_is_reported_and_its_writer_suspended(
    server: Program, cli: Cli, tmp_path: Path
):
    ada, bob = Machine(cli, "ada"), Machine(cli, "bob")
    for one in (ada, bob):
        one.register(one.name)
    link = ada.json("invite")["link"]
    bob.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})
    ada.json("say", "bob", text="a threat")
    ada.json("say", "bob", text="nothing")
    bob.json("say", "ada", text="my own")
    new = bob.lines("inbox", "--evidence")
    shows = {one["text"]: one.get("evidence") for one in new if "text" in one}
    assert set(shows) == {"a threat", "nothing"}
    line = json.dumps({"text": "a threat", "evidence": shows["a threat"]})
    note = tmp_path / "note.txt"
    note.write_text("he has said this")
    for given in ("", "x\n", json.dumps({"text": "a threat"}), f"{line}\n" * 11):
        result = bob.run("chat", "report", "--reason", "threat", text=given)
        assert result.returncode == Exit.USAGE, (given, result)
    forged = json.dumps({"evidence": {**shows["a threat"], "content": shows["nothing"]["content"]}})
    assert bob.refused("chat", "report", "--reason", "threat", text=forged) == "report_unproven"
    report = ("chat", "report", "--reason", "threat", "--text-file", str(note))
    for _ in range(2):
        assert bob.run(*report, text=line).returncode == Exit.OK
    operator = enrolled(server)
    path = first_report(operator)
    assert operator.get("/admin/reports").text.count("1 message shown") == 1
    seen = operator.get(path).text
    assert "a threat" in seen
    assert "he has said this" in seen
    assert operator.post(path, {"decision": "suspended"}).status_code == 303
    # What the command line holds stays; it says why nothing goes on.
    assert ada.refused("say", "bob", text="again") == "suspended"
    assert ada.refused("chat") == "suspended"
    assert ada.json("whoami")["suspended"] is not None
    assert ada.run("login", ada.address).returncode == Exit.OK
    assert "is suspended since" in ada.run("whoami").stdout
    right = {"EPHEMERAL_WORDS": ada.words}
    assert ada.json("delete", "--yes", "--with-words", environment=right)["deleted"]
