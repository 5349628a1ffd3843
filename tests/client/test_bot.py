"""The bot of docs/cli.md, as it stands there, answers who talks to it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.machines.server import PYTHONPATH
from support.people.account_holders import Machine
from support.people.command_line import PATIENCE, Cli

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")

ROOT = Path(__file__).resolve().parents[2]
(BOT,) = re.findall(
    r"^### A bot\n.*?^```python\n(.*?)^```$",
    (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


def test_the_bot_has_ten_lines():
    assert len([line for line in BOT.splitlines() if line.strip()]) <= 10


def told(machine: Machine) -> dict[str, Any]:
    """What is new, however long two programs take to start."""
    for _ in range(5):
        result = machine.run("inbox", "--json", "--wait", "15")
        if result.stdout:
            found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
            return found
    raise AssertionError("the bot doesn't answer")


def test_a_bot_of_ten_lines_answers_and_goes_on_where_it_was(cli: Cli, tmp_path: Path):
    bot, ada = Machine(cli, "echo"), Machine(cli, "ada")
    for machine in (bot, ada):
        machine.register(machine.name)
    link = bot.json("invite")["link"]
    ada.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})

    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "ephemeral"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ephemeral "$@"\n')
    program.chmod(0o755)
    environment = cli.environment("") | bot.environment()
    environment |= {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": PYTHONPATH}

    for text in ("Hello\nyou", "Still there?"):
        # The second is written while no bot runs.
        ada.json("say", "echo", text=text)
        running = subprocess.Popen(
            [sys.executable, "-c", BOT], env=environment, cwd=tmp_path, start_new_session=True
        )
        try:
            heard = told(ada)
            assert (heard["text"], heard["name"]) == (f"You said: {text}", "echo")
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait(PATIENCE)
