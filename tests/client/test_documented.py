"""docs/cli.md says what the program does."""

import argparse
import re
from pathlib import Path

import pytest

from ephemeral.client.cli import COMMANDS, add_commands
from ephemeral.client.exits import MEANINGS, Exit

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
EVERYWHERE = {"--help", "--json", "--code-fd"}


def test_the_table_of_exit_codes_is_the_programs():
    table = re.findall(r"^\| (\d+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert {int(code): meaning for code, meaning in table} == MEANINGS
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command):
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_commands(subparsers)
    options = {
        option
        for action in subparsers.choices[command]._actions
        for option in action.option_strings
        if option.startswith("--")
    }
    missing = {option for option in options - EVERYWHERE if f"{option}" not in TEXT}
    assert missing == set()
    assert re.search(rf"`(?:ephemeral )?{command}\b", TEXT)


def test_every_option_that_is_documented_exists():
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_commands(subparsers)
    known = {
        option
        for one in subparsers.choices.values()
        for action in one._actions
        for option in action.option_strings
    }
    assert set(re.findall(r"--[a-z][a-z0-9-]+", TEXT)) <= known


def test_no_command_takes_an_argument_that_could_be_a_secret():
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_commands(subparsers)
    for name, one in subparsers.choices.items():
        positional = [action.dest for action in one._actions if not action.option_strings]
        # Of a server; one with a fragment, where a code could be, is refused.
        assert positional == (["address"] if name == "verify" else []), name
