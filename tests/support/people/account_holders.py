"""People with an account at the command line: machines, each with a folder of its own for it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from support.people.command_line import Cli

PASSWORD = "correct horse battery"
# What isn't one of `account`'s commands.
_WITH_OTHERS = {"chat", "contacts", "files", "inbox", "invite", "say"}


def _whole(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return arguments if arguments[0] in _WITH_OTHERS else ("account", *arguments)


class Machine:
    """A machine on which somebody uses accounts. `words`: the ten that it was shown last."""

    def __init__(self, cli: Cli, name: str, password: str = PASSWORD) -> None:
        self.cli = cli
        self.name = name
        self.state = cli.folder / name
        self.password = password
        self.address = ""
        self.words = ""

    @property
    def file(self) -> Path:
        """The file of its only account."""
        (found,) = (self.state / "ephemeral" / "accounts").glob("*.json")
        return found

    def kept(self) -> dict[str, Any]:
        """What is in it."""
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def environment(self, **more: str) -> dict[str, str]:
        """What its commands find."""
        given = {"XDG_STATE_HOME": str(self.state), "EPHEMERAL_PASSWORD": self.password}
        return {**given, **more}

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """A command that runs."""
        environment = self.environment(**options.pop("environment", {}))
        return self.cli.start(*_whole(arguments), code="", environment=environment, **options)

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        environment = self.environment(**options.pop("environment", {}))
        return self.cli.run(*_whole(arguments), code="", environment=environment, **options)

    def lines(self, *arguments: str, **options: Any) -> list[dict[str, Any]]:
        """All that a command that must succeed tells as JSON."""
        result = self.run(*arguments, "--json", **options)
        assert result.returncode == 0, result
        return [json.loads(line) for line in result.stdout.splitlines()]

    def json(self, *arguments: str, **options: Any) -> dict[str, Any]:
        """The last line of it."""
        return self.lines(*arguments, **options)[-1]

    def refused(self, *arguments: str, **options: Any) -> str:
        """The code with which a command is refused."""
        result = self.run(*arguments, "--json", **options)
        assert result.returncode != 0, result
        return str(json.loads(result.stdout.splitlines()[-1])["error"]["code"])

    def register(self, name: str = "ada") -> dict[str, Any]:
        """An account of its own."""
        first, last = self.lines("register", name, "--name", self.name)
        self.address, self.words = first["address"], first["recovery_words"]
        return last

    def sign_in(self, other: "Machine") -> dict[str, Any]:
        """Sign in to another machine's account, without being a device of it."""
        self.address, self.words, self.password = other.address, other.words, other.password
        return self.json("login", self.address, "--name", self.name)

    def ask_for_link(self) -> tuple[subprocess.Popen[str], str]:
        """`link` that runs, and the words that it shows."""
        process = self.start("link", "--json", "--name", self.name)
        assert process.stdout is not None
        shown = process.stdout.readline()
        assert shown, process.communicate()
        return process, json.loads(shown)["code"]

    def linked_by(self, other: "Machine", *arguments: str) -> dict[str, Any]:
        """Become a device of another machine's account. `arguments`: more for its `accept`."""
        self.sign_in(other)
        process, code = self.ask_for_link()
        other.json("accept", *arguments, environment={"EPHEMERAL_WORDS": code})
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        found: dict[str, Any] = json.loads(output.splitlines()[-1])
        return found
