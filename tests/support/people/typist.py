"""Somebody in front of a command in a terminal, who types and sees what the screen shows."""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from typing import Any

from support.people.command_line import PATIENCE, Cli
from support.people.emulator import Emulator
from support.people.threaded import Threaded, ended


class Typist:
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

    def __enter__(self) -> "Typist":
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
        # The kernel tells the processes of a terminal, and a thread has none of its own.
        if isinstance(self.process, Threaded):
            self.process.send_signal(signal.SIGWINCH)

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
        watched = ended(self.process)
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
