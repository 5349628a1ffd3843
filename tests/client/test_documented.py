"""docs/cli.md says what the program does."""

import argparse
import re
from pathlib import Path

import pytest

from ephemeral.client.accounts.options import ACCOUNT_COMMANDS
from ephemeral.client.cli import COMMANDS, add_commands
from ephemeral.client.contacts.options import CONTACT_COMMANDS
from ephemeral.client.exits import MEANINGS, Exit
from ephemeral.client.files.options import FILE_COMMANDS
from ephemeral.client.talking.options import CHAT_COMMANDS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
EVERYWHERE = {"--help", "--json", "--code-fd"}


def test_the_table_of_exit_codes_is_the_programs():
    table = re.findall(r"^\| (\d+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert {int(code): meaning for code, meaning in table} == MEANINGS
    assert set(MEANINGS) == set(Exit)


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command by its name, `account link` among them."""
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_commands(subparsers)
    found = dict(subparsers.choices)
    groups = {"account": found.pop("account")}
    groups |= {name: found[name] for name in ("contacts", "chat", "files")}
    for name, group in groups.items():
        (below,) = (one for one in group._actions if one.choices is not None)
        found |= {f"{name} {command}": one for command, one in below.choices.items()}
    # The operator's, which stands in the deployment's documentation.
    del found["account invite"]
    return found


ALL = [
    *COMMANDS,
    *(f"account {one}" for one in ACCOUNT_COMMANDS),
    *(f"contacts {one}" for one in CONTACT_COMMANDS),
    *(f"chat {one}" for one in CHAT_COMMANDS),
    *(f"files {one}" for one in FILE_COMMANDS),
    *("inbox", "invite", "say"),
]


@pytest.mark.parametrize("command", ALL)
def test_every_command_and_option_is_documented(command):
    options = {
        option
        for action in parsers()[command]._actions
        for option in action.option_strings
        if option.startswith("--")
    }
    missing = {option for option in options - EVERYWHERE if f"{option}" not in TEXT}
    assert missing == set()
    group, _, name = command.rpartition(" ")
    assert re.search(rf"`(?:ephemeral )?(?:{group} )?{name}\b", TEXT)


def test_every_option_that_is_documented_exists():
    known = {
        option
        for one in parsers().values()
        for action in one._actions
        for option in action.option_strings
    }
    assert set(re.findall(r"--[a-z][a-z0-9-]+", TEXT)) <= known


def test_no_command_takes_an_argument_that_could_be_a_secret():
    # Of a server; one with a fragment, where a code could be, is refused. An address of an account
    # is no secret, and opens nothing.
    allowed = {
        "verify": ["address"],
        "account proof": ["method", "path"],
        **{f"account {one}": ["given"] for one in ("register", "login", "key", "recover")},
        # Names of people, of one's own making, and ids.
        "contacts": ["contacts_command"],
        **{f"contacts {one}": ["given"] for one in ("request", "findable")},
        **{
            f"contacts {one}": ["who"]
            for one in ("accept", "deny", "block", "remove", "rename", "compare")
        },
        "say": ["where"],
        "files": ["files_command"],
        "files send": ["file", "where"],
        "files get": ["id"],
        "files forget": ["id"],
        "chat": ["chat_command"],
        "chat new": ["whom"],
        "chat timer": ["where", "time"],
        "chat presence": ["given"],
        **{f"chat {one}": ["where", "whom"] for one in ("add", "remove", "admin")},
        # What is reported comes by the standard input: it is what somebody has said.
        **{
            f"chat {one}": ["where"]
            for one in CHAT_COMMANDS.keys()
            - {"list", "new", "timer", "add", "remove", "admin", "report", "presence"}
        },
    }
    for name, one in parsers().items():
        positional = [action.dest for action in one._actions if not action.option_strings]
        assert positional == allowed.get(name, []), name
