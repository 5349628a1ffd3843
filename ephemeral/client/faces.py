"""What a conversation looks like: a terminal with a region that is erased, or plain lines.

On a terminal the opened message, the status and the line being written stand in a region at the
bottom, which is drawn anew at each change and never scrolls: what is erased from it is gone from
the screen, and was never in the terminal's history.
"""

import os
import signal
import termios
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.line_editor import EndOfInput, Key, Line, LineEditor, Redraw
from ephemeral.client.lines import chunks, lines
from ephemeral.client.output import Output
from ephemeral.client.safe_text import fit, neutralise, neutralise_line, width, wrap

__all__ = ["Face", "Plain", "Terminal"]

_PROMPT = "> "
_SMALLEST = (20, 6)


class Face(Protocol):
    """How a conversation is shown, and where its lines come from."""

    def start(self) -> None:
        """Begin; `stop` must follow."""

    def stop(self) -> None:
        """Erase what must not stay, and leave everything as it was."""

    def keys(self) -> AsyncGenerator[Key]:
        """What the person enters."""

    async def log(self, text: str) -> None:
        """A line that stays. `text` is neutralised here."""

    async def show(self, title: str, text: str) -> None:
        """Show a message; it is on the person's screen when this returns."""

    def describe(self, foot: str, status: str) -> None:
        """The line below the opened message, and the line above the prompt."""

    def hide(self) -> None:
        """Erase the opened message."""

    def scroll(self, by: int) -> None:
        """Move in a message that is longer than the screen."""

    def redraw(self) -> None:
        """Draw everything anew."""


class Plain:
    """Lines in, lines out: for pipes and dumb terminals. Nothing can be erased here."""

    def __init__(self, descriptor: int, output: Output) -> None:
        self._descriptor = descriptor
        self._output = output

    def start(self) -> None:
        """Nothing to prepare."""

    def stop(self) -> None:
        """Nothing to restore."""

    async def keys(self) -> AsyncGenerator[Key]:
        """Every line, then the end."""
        async for line in lines(self._descriptor):
            yield Line(line.decode("utf-8", "replace").removesuffix("\r"))
        yield EndOfInput()

    async def log(self, text: str) -> None:
        """A line."""
        await self._output.write(f"{neutralise_line(text)}\n".encode())

    async def show(self, title: str, text: str) -> None:
        """A message, each of its lines marked, so that none can pass for a line of ours."""
        body = "".join(f"| {line}\n" for line in neutralise(text).split("\n"))
        await self._output.write(f"{neutralise_line(title)}\n{body}".encode())

    def describe(self, foot: str, status: str) -> None:
        """Not shown: it would be a new line at every change."""

    def hide(self) -> None:
        """What was printed stays."""

    def scroll(self, by: int) -> None:
        """The terminal's own."""

    def redraw(self) -> None:
        """Nothing to draw."""


class Terminal:
    """A terminal in which single keys are read and the lower region is ours."""

    def __init__(
        self,
        descriptor: int,
        output: Output,
        heed: Callable[[signal.Signals, Callable[[], object]], None],
    ) -> None:
        self._descriptor = descriptor
        self._screen = output.descriptor
        self._heed = heed
        self._editor = LineEditor()
        self._saved: list[Any] | None = None
        self._title = ""
        self._card: str | None = None
        self._first = 0
        self._foot = ""
        self._status = ""
        self._drawn: list[int] = []

    def start(self) -> None:
        """Read single keys, without echo. Ctrl-C stays; Ctrl-Z would leave text standing."""
        saved = termios.tcgetattr(self._descriptor)
        self._saved = list(saved)
        mode = termios.tcgetattr(self._descriptor)
        mode[0] &= ~(termios.ICRNL | termios.IXON)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        for key in (termios.VSUSP, termios.VQUIT):
            mode[6][key] = b"\0"
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)
        self._write("\x1b[?2004h")
        self._heed(signal.SIGWINCH, self.redraw)
        self.redraw()

    def stop(self) -> None:
        """Erase the region and give the terminal back."""
        if self._saved is None:
            return
        saved, self._saved = self._saved, None
        try:
            self._write(f"{self._erased()}\x1b[?2004l")
        except ClientError:
            # The terminal is gone, and what stood on it.
            return
        finally:
            try:
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, saved)
            except termios.error:
                self._drawn = []

    async def keys(self) -> AsyncGenerator[Key]:
        """Keys as they are pressed."""
        async for data in chunks(self._descriptor):
            for key in self._editor.feed(data):
                if isinstance(key, Redraw):
                    self._write("\x1b[2J\x1b[H")
                    self._drawn = []
                self.redraw()
                yield key
        yield EndOfInput()

    async def log(self, text: str) -> None:
        """A line above the region."""
        self._write(f"{self._erased()}{neutralise_line(text)}\n")
        self._drawn = []
        self.redraw()

    async def show(self, title: str, text: str) -> None:
        """Put a message into the region."""
        self._title, self._card, self._first = neutralise_line(title), neutralise(text), 0
        self.redraw()

    def describe(self, foot: str, status: str) -> None:
        """Change the two lines, if they have changed."""
        foot, status = neutralise_line(foot), neutralise_line(status)
        if (foot, status) != (self._foot, self._status):
            self._foot, self._status = foot, status
            self.redraw()

    def hide(self) -> None:
        """Take the message out of the region."""
        self._card = None
        self.redraw()

    def scroll(self, by: int) -> None:
        """Move in the message."""
        self._first = max(0, self._first + by)
        self.redraw()

    def redraw(self) -> None:
        """Draw the region, over the last one."""
        if self._saved is None:
            return
        columns, rows = self._size()
        above = [fit(line, columns - 1) for line in self._region(columns - 1, rows)]
        text, cursor = self._editor.shown(columns - 1 - len(_PROMPT))
        lines_shown = [*above, _PROMPT + text]
        column = len(_PROMPT) + cursor
        move = f"\r\x1b[{column}C"
        # Without the terminal's own wrapping each line takes exactly one row.
        self._write(f"{self._erased()}\x1b[?7l{chr(10).join(lines_shown)}\x1b[?7h{move}")
        self._drawn = [width(line) for line in lines_shown]

    def _region(self, columns: int, rows: int) -> list[str]:
        region = []
        if self._card is not None:
            body = list(wrap(self._card, columns - 2))
            most = max(1, rows - 5)
            self._first = max(0, min(self._first, len(body) - most))
            seen = body[self._first : self._first + most]
            below = len(body) - self._first - len(seen)
            region.append(f"┌ {self._title}")
            region += [f"│ {line}" for line in seen]
            more = f" · {below} more lines: ↓" if below else ""
            region.append(f"└ {self._foot}{more}")
        if self._status:
            region.append(f"  {self._status}")
        return region

    def _erased(self) -> str:
        """Escapes that erase the region. A narrower terminal has broken its lines into more."""
        columns, _ = self._size()
        rows = sum(max(1, -(-used // columns)) for used in self._drawn)
        up = f"\x1b[{rows - 1}A" if rows > 1 else ""
        return f"{up}\r\x1b[J"

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._screen)
        except OSError:
            return 80, 24
        return max(size.columns, _SMALLEST[0]), max(size.lines, _SMALLEST[1])

    def _write(self, text: str) -> None:
        view = memoryview(text.encode())
        try:
            while view:
                view = view[os.write(self._screen, view) :]
        except OSError as error:
            reason = error.strerror or "unknown reason"
            message = f"The terminal can't be written to: {reason}."
            raise ClientError(Exit.OUTPUT, "output", message) from None
