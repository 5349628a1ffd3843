"""People at the command line: one-shot commands, and conversations in terminals of their own."""

import codecs
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from emulator import Emulator
from support.machines.server import program

from ephemeral.protocol.charter import decode_charter
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.envelope import seal_message, viewing_hash
from ephemeral.protocol.keys import RoomKeys, derive_root

PATIENCE = 30


class Cli:
    """The command line, against one server, in a folder of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.code = ""
        self._started: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """End what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()

    def environment(self, code: str | None = None, **more: str) -> dict[str, str]:
        """What a command finds; a code of None is the present room's."""
        code = self.code if code is None else code
        given = {"EPHEMERAL_SERVER": self.url} | ({"EPHEMERAL_CODE": code} if code else {})
        return given | {"TERM": "xterm"} | more

    def start(
        self, *arguments: str, code: str | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """A command that runs."""
        standard = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        environment = self.environment(code, **options.pop("environment", {}))
        process = program(
            *arguments, environment=environment, folder=self.folder, **(standard | options)
        )
        self._started.append(process)
        return process

    def run(
        self, *arguments: str, text: str = "", code: str | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """A command to its end; it printed no traceback, whatever happened."""
        process = self.start(*arguments, code=code, **options)
        output, errors = process.communicate(text, timeout=PATIENCE)
        assert "Traceback" not in (errors or ""), errors
        return subprocess.CompletedProcess(
            process.args, process.returncode, output or "", errors or ""
        )

    def done(self, *arguments: str, **options: Any) -> str:
        """What a command that must succeed prints."""
        result = self.run(*arguments, **options)
        assert result.returncode == 0, result
        return result.stdout

    def json(self, *arguments: str, **options: Any) -> Any:
        """The last line of a command that must succeed, as JSON."""
        return json.loads(self.done(*arguments, "--json", **options).splitlines()[-1])

    def watch(self) -> None:
        """Take the seat from which `until` looks."""
        self.done("unlock", "--seat", "watch")

    def until(self, told: Callable[[dict[str, Any]], bool]) -> None:
        """Return when `status` tells it."""
        deadline = time.monotonic() + PATIENCE
        while not told(self.json("status", "--seat", "watch")):
            assert time.monotonic() < deadline

    def until_waiting(self, count: int) -> None:
        """Return when so many messages wait."""
        self.until(lambda room: room["waiting"] == count)

    def write(self, *arguments: str, text: str) -> subprocess.Popen[str]:
        """`send` that runs, with its whole text."""
        process = self.start("send", *arguments)
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None
        return process

    def says(self, content: dict[str, object]) -> None:
        """A message of any content, from another client, whose member then leaves."""
        with httpx.Client(base_url=self.url, trust_env=False) as http:
            config = http.get("/config").raise_for_status().json()
            root = derive_root(self.code, config["kdf"]["suite"], b64decode(config["salt"]))
            keys = RoomKeys(root)
            member, message, viewing = (os.urandom(size) for size in (16, 16, 32))
            http.headers["Authorization"] = f"Bearer {b64encode(keys.locator)}"
            charter = b64decode(http.get("/room").raise_for_status().json()["charter"])
            room = keys.content(decode_charter(charter, suite=None).nonce)
            sealed = seal_message(room, member, message, viewing, 1, content, os.urandom(12))
            http.headers["Ephemeral-Member"] = b64encode(os.urandom(32))
            http.post("/room/members", json={"member": b64encode(member)}).raise_for_status()
            body = {
                "id": b64encode(message),
                "envelope": b64encode(sealed),
                "viewing_hash": b64encode(viewing_hash(viewing)),
            }
            http.post("/room/messages", json=body).raise_for_status()
            http.delete("/room/members").raise_for_status()

    def new_room(self, *arguments: str) -> str:
        """A new room, which becomes the present one; its code."""
        self.code = self.done("new", *arguments, code="").strip()
        return self.code


class Person:
    """A command in a terminal of its own."""

    def __init__(self, cli: Cli, *arguments: str, columns: int = 80, rows: int = 24, **more: Any):
        self.screen = Emulator(columns, rows)
        self.raw = ""
        self._terminal, slave = pty.openpty()
        self._set_size(columns, rows)
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        self.process = cli.start(
            *arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            terminal=True,
            **more,
        )
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        os.close(self._slave)
        os.close(self._terminal)

    def narrow(self, columns: int) -> None:
        """Make the terminal narrower while the client runs."""
        self.screen.resize(columns)
        self._set_size(columns, self.screen.rows)

    def _set_size(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._terminal, text.encode())

    def enter(self, text: str = "") -> None:
        """Press keys, then Enter."""
        self.type(f"{text}\r")

    def wait(self, seen: Callable[[Emulator], bool], what: str) -> None:
        """Until the screen shows it."""
        until = time.monotonic() + PATIENCE
        while not seen(self.screen):
            left = until - time.monotonic()
            ready, _, _ = select.select([self._terminal], [], [], max(0, left))
            assert ready, f"never seen: {what}\n{self.screen.everything()}"
            self._take()

    def sees(self, text: str) -> None:
        """Until a text is on the screen."""
        self.wait(lambda screen: text in screen.screen(), text)

    def loses(self, text: str) -> None:
        """Until a text is no longer on the screen; nor may it be in what one can scroll back to."""
        self.wait(lambda screen: text not in screen.screen(), f"the end of {text!r}")
        assert text not in self.screen.everything()

    def _take(self) -> None:
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:
            data = b""
        assert data, f"the terminal has ended\n{self.screen.everything()}"
        text = self._decoder.decode(data)
        self.raw += text
        self.screen.feed(text)

    def end(self) -> int:
        """The exit code of a command that ends by itself; what it printed last is on the screen."""
        watched = os.pidfd_open(self.process.pid)
        try:
            until = time.monotonic() + PATIENCE
            while self.process.poll() is None:
                left = max(0, until - time.monotonic())
                ready, _, _ = select.select([self._terminal, watched], [], [], left)
                assert ready, f"never ended\n{self.screen.everything()}"
                if self._terminal in ready:
                    self._take()
            while select.select([self._terminal], [], [], 0)[0]:
                self._take()
        finally:
            os.close(watched)
        return self.process.returncode

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.type("\x03")

    def terminal_is_as_before(self) -> bool:
        """Whether the modes of the terminal are those it had before the command."""
        return termios.tcgetattr(self._slave) == self.before


def signalled(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """The exit code after a signal."""
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    return process.returncode
