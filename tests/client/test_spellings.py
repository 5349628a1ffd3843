"""How codes and links arrive (tests/spellings.json), at the command line."""

import hashlib
import json
import re
from pathlib import Path

import httpx
import pytest
from support.people.command_line import Cli

from ephemeral.client.exits import Exit
from ephemeral.protocol.encoding import b64decode

SPELLINGS = json.loads((Path(__file__).resolve().parents[1] / "spellings.json").read_text("utf-8"))
#: What stands in the sentence of each refusal.
SAID = {
    "code_length": "A code has seven words",
    "link_form": "not .*a complete link",
    "link_salt": "made for another server",
}
NO_SERVER = {"EPHEMERAL_SERVER": "http://localhost:1"}


@pytest.fixture
def config(cli: Cli) -> str:
    """The file of what a server says of itself: so none is asked."""
    answer = httpx.get(f"{cli.url}/config", trust_env=False)
    Path("config.json").write_text(answer.text, encoding="utf-8")
    return hashlib.sha256(b64decode(answer.json()["salt"])).hexdigest()[:8]


def arrived(text: str, tag: str) -> str:
    return text.replace("{page}", "https://rooms.example/chat/").replace("{tag}", tag)


def test_every_spelling_is_taken_for_the_code_that_it_is(cli: Cli, config: str):
    right = cli.done("locator", "--config=config.json", code=SPELLINGS["code"])
    for one in SPELLINGS["codes"] + SPELLINGS["links"]:
        code = arrived(one["text"], config)
        found = cli.run("locator", "--config=config.json", code=code, environment=NO_SERVER)
        assert (found.returncode, found.stdout) == (Exit.OK, right), one["name"]


def test_every_wrong_one_is_refused_at_its_place(cli: Cli, config: str):
    for one in SPELLINGS["wrong"]:
        code = arrived(one["text"], config)
        found = cli.run("locator", "--config=config.json", code=code, environment=NO_SERVER)
        assert (found.returncode, found.stdout) == (Exit.USAGE, ""), one["name"]
        if one["refusal"] == "code_word":
            assert places(found.stderr) == [position for position, _ in one["wrong"]], one["name"]
            assert f"“{one['wrong'][0][1]}”" in found.stderr, one["name"]
        else:
            assert re.search(SAID[one["refusal"]], found.stderr), one["name"]


def places(sentence: str) -> list[int]:
    """The positions that a sentence tells."""
    first = re.findall(r"Word (\d+), ", sentence)
    others = re.search(r"Neither are words ([\d, ]+)", sentence)
    return [int(one) for one in first + (re.findall(r"\d+", others[1]) if others else [])]
