"""The helpers that send nothing: with them and plain HTTP a whole message lives and dies."""

import json
import os
from pathlib import Path

import httpx
import pytest
from support.people.command_line import Cli

from ephemeral.client.exits import Exit


class Http:
    """Requests as curl makes them, their bodies and answers in files."""

    def __init__(self, cli: Cli) -> None:
        self._client = httpx.Client(base_url=cli.url, trust_env=False)
        self._folder = cli.folder

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: object = None, save: str = "", **headers: str):
        """The answer, also saved in a file."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._client.request(method, path, json=body, headers=named)
        assert answer.is_success, answer.text
        if save:
            (self._folder / save).write_text(answer.text)
        return answer.json() if answer.content else {}


@pytest.fixture
def http(cli: Cli):
    asked = Http(cli)
    yield asked
    asked.close()


@pytest.fixture
def offline(cli: Cli, http: Http):
    """The command line with a server's configuration in a file, and no way to any server."""
    http.ask("GET", "/config", save="config.json")
    url, cli.url = cli.url, "http://127.0.0.1:1"
    cli.code = cli.done("new", "--server", url, code="").strip()
    return cli


def test_a_message_lives_and_dies_over_plain_http(cli: Cli, http: Http):
    http.ask("GET", "/config", save="config.json")
    config = ("--config", "config.json")
    cli.code = "abacus-abdomen-abdominal-abide-abiding-ability-ablaze"
    bearer = {"Authorization": f"Bearer {cli.done('locator', *config).strip()}"}
    body = json.loads(cli.done("charter", *config, "--policy=first", "--seats=3"))
    http.ask("POST", "/rooms", body, **bearer)
    http.ask("GET", "/room", save="room.json", **bearer)
    room = (*config, "--room", "room.json")

    members = []
    for name in ("Author", "Reader"):
        drawn = json.loads(cli.done("member", *room, "--name", name))
        headers = bearer | {"Ephemeral_Member": drawn["token"]}
        http.ask("POST", "/room/members", {"profile": drawn["profile"]}, **headers)
        members.append((drawn["member"], headers))
    (author, writing), (_, reading) = members

    post = json.loads(cli.done("seal", *room, "--member", author, text="by hand"))
    assert http.ask("POST", "/room/messages", post, **writing)["state"] == "stored"

    path = f"/room/messages/{post['id']}"
    opened = http.ask("POST", f"{path}/open", **reading)
    text = cli.done("open", *room, "--ack", "ack.json", text=json.dumps(opened))
    assert text == "by hand"
    ack = json.loads((cli.folder / "ack.json").read_text())
    assert http.ask("POST", f"{path}/ack", ack, **reading)["state"] == "viewed"
    receipts = http.ask("POST", "/room/messages/status", {"ids": [post["id"]]}, **writing)
    assert receipts["receipts"][0]["viewing"] == ack["viewing"]
    http.ask("DELETE", "/room", **writing)


def sealed(cli: Cli, http: Http, tmp_path: Path):
    """A room in a file, and what a reader gets who opens a message of it."""
    member = json.loads(cli.done("member", "--config", "config.json"))["member"]
    room = ("--config", "config.json", "--room", "room.json")
    made = json.loads(cli.done("charter", "--config", "config.json"))
    now = dict.fromkeys(("now", "created_at", "expires_at", "joins", "seats_taken"), 1)
    (tmp_path / "room.json").write_text(json.dumps(made | now | {"locked": False}))
    body = json.loads(cli.done("seal", *room, "--member", member, "--json", text="x"))
    times = dict.fromkeys(("sequence", "posted_at", "expires_at", "lease_until", "now"), 1)
    opened = {"id": body["body"]["id"], "envelope": body["body"]["envelope"], "author": member}
    return room, opened | times, body["viewing"]


def test_viewing_bytes_are_withheld_from_the_body(offline: Cli, http: Http, tmp_path: Path):
    room, opened, viewing = sealed(offline, http, tmp_path)
    reader, writer = os.pipe()
    result = offline.run(
        "open", *room, "--ack-fd", str(writer), text=json.dumps(opened), pass_fds=[writer]
    )
    os.close(writer)
    assert (result.returncode, result.stdout) == (Exit.OK, "x")
    with os.fdopen(reader) as ack:
        assert json.load(ack) == {"viewing": viewing}


def test_no_acknowledgement_is_written_before_the_text_was(
    offline: Cli, http: Http, tmp_path: Path
):
    room, opened, _ = sealed(offline, http, tmp_path)
    with Path("/dev/full").open("w") as full:
        result = offline.run(
            "open", *room, "--ack", "ack.json", text=json.dumps(opened), stdout=full
        )
    assert result.returncode == Exit.OUTPUT
    assert not (tmp_path / "ack.json").exists()


def test_an_envelope_under_another_id_does_not_open(offline: Cli, http: Http, tmp_path: Path):
    room, opened, _ = sealed(offline, http, tmp_path)
    opened["id"] = opened["author"]
    result = offline.run("open", *room, "--json", text=json.dumps(opened))
    assert result.returncode == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["code"] == "envelope_open"


def test_a_charter_that_was_changed_seals_nothing(offline: Cli, http: Http, tmp_path: Path):
    room, opened, _ = sealed(offline, http, tmp_path)
    path = tmp_path / "room.json"
    shown = json.loads(path.read_text())
    shown["charter"] = shown["charter"][:-1] + ("A" if shown["charter"][-1] != "A" else "B")
    path.write_text(json.dumps(shown))
    for arguments, text in (
        (("seal", *room, "--member", opened["author"]), "x"),
        (("open", *room), json.dumps(opened)),
    ):
        result = offline.run(*arguments, text=text)
        assert result.returncode == Exit.REFUSED
        assert "its creator wrote" in result.stderr


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00"])
def test_what_is_no_answer_of_a_server_is_a_usage_error(
    offline: Cli, http: Http, tmp_path: Path, content
):
    room, _, _ = sealed(offline, http, tmp_path)
    assert offline.run("open", *room, text=content).returncode == Exit.USAGE
    (tmp_path / "room.json").write_text(content)
    result = offline.run("seal", *room, "--member", "A" * 22, text="x")
    assert result.returncode == Exit.USAGE


def test_members_are_drawn_anew_each_time(cli: Cli):
    drawn = [json.loads(cli.done("member", code="")) for _ in range(2)]
    assert drawn[0]["member"] != drawn[1]["member"]
    assert drawn[0]["token"] != drawn[1]["token"]


def test_another_suite_or_salt_in_the_configuration_is_another_locator(
    offline: Cli, tmp_path: Path
):
    config = json.loads((tmp_path / "config.json").read_text())
    config["kdf"] = {"suite": 2, "name": "pbkdf2", "rounds": 600_000, "length": 32}
    (tmp_path / "pbkdf2.json").write_text(json.dumps(config))
    refused = offline.run("locator", "--config", "pbkdf2.json")
    assert refused.returncode == Exit.REFUSED
    assert "--allow-pbkdf2" in refused.stderr
    second = offline.done("locator", "--config", "pbkdf2.json", "--allow-pbkdf2")
    assert second != offline.done("locator", "--config", "config.json")
