"""A line editor without a terminal: bytes of the keyboard in, what they mean out.

The terminal's own editing would tell nothing of a line before its end, so nobody could be told that
somebody types.
"""

import codecs
import re
from dataclasses import dataclass

from ephemeral.client.safe_text import neutralise_line, width

__all__ = ["Changed", "EndOfInput", "Escape", "Key", "Line", "LineEditor", "Redraw", "Scroll"]


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line was entered."""

    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The line or the cursor in it has changed."""

    text: str


@dataclass(frozen=True, slots=True)
class Scroll:
    """Up (negative) or down; a page counts as 10."""

    by: int


@dataclass(frozen=True, slots=True)
class Escape:
    """The escape key."""


@dataclass(frozen=True, slots=True)
class Redraw:
    """Ctrl-L."""


@dataclass(frozen=True, slots=True)
class EndOfInput:
    """Ctrl-D on an empty line, or the end of the input."""


Key = Line | Changed | Scroll | Escape | Redraw | EndOfInput

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|\r)")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")
_PASTE, _PASTE_END = "\x1b[200~", "\x1b[201~"
_SCROLLS = {"[A": -1, "[B": 1, "OA": -1, "OB": 1, "[5~": -10, "[6~": 10}
_HOME = {"[H", "[1~", "[7~", "OH"}
_END = {"[F", "[4~", "[8~", "OF"}
_SIGNS = {"\n": "⏎", "\t": "→"}


class LineEditor:
    """One line that is being written. `text` may hold line feeds (Ctrl-J, Alt-Enter, a paste)."""

    def __init__(self) -> None:
        self.text = ""
        self._cursor = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._pasting = False

    def feed(self, data: bytes) -> list[Key]:
        """What these bytes mean; an escape sequence may come in pieces."""
        keys: list[Key] = []
        rest = self._decoder.decode(data)
        # An escape that came alone was told as a key; only what can't be typed by hand joins it.
        if self._pending != "\x1b" or rest.startswith(("[", "O")):
            rest = self._pending + rest
        self._pending = ""
        while rest:
            if rest[0] != "\x1b":
                keys += self._character(rest[0])
                rest = rest[1:]
            elif found := _SEQUENCE.match(rest):
                keys += self._sequence(found.group())
                rest = rest[found.end() :]
            elif _UNFINISHED.fullmatch(rest):
                if rest == "\x1b" and not self._pasting:
                    keys.append(Escape())
                self._pending, rest = rest, ""
            else:
                rest = rest[1:]
        return keys

    def shown(self, columns: int) -> tuple[str, int]:
        """The part of the line around the cursor that fits, and the cursor's column in it."""
        before = self._visible(self.text[: self._cursor])
        while width(before) > columns - 1:
            before = before[1:]
        shown = before + self._visible(self.text[self._cursor :])
        while width(shown) > columns:
            shown = shown[:-1]
        return shown, width(before)

    @staticmethod
    def _visible(text: str) -> str:
        return "".join(_SIGNS.get(c) or neutralise_line(c) for c in text)

    def _changed(self) -> list[Key]:
        return [Changed(self.text)]

    def _insert(self, text: str) -> list[Key]:
        self.text = self.text[: self._cursor] + text + self.text[self._cursor :]
        self._cursor += len(text)
        return self._changed()

    def _remove(self, start: int, end: int) -> list[Key]:
        start, end = max(0, start), min(len(self.text), end)
        self.text = self.text[:start] + self.text[end:]
        self._cursor = start
        return self._changed()

    def _move(self, cursor: int) -> list[Key]:
        self._cursor = max(0, min(len(self.text), cursor))
        return self._changed()

    def _character(self, character: str) -> list[Key]:
        cursor = self._cursor
        if self._pasting:
            character = "\n" if character == "\r" else character
            return self._insert(character) if character.isprintable() or character in _SIGNS else []
        match character:
            case "\r":
                line, self.text, self._cursor = self.text, "", 0
                return [Line(line)]
            case "\x04" if not self.text:
                return [EndOfInput()]
            case "\x04":
                return self._remove(cursor, cursor + 1)
            case "\x7f" | "\b":
                return self._remove(cursor - 1, cursor)
            case "\x01":
                return self._move(0)
            case "\x05":
                return self._move(len(self.text))
            case "\x15":
                return self._remove(0, cursor)
            case "\x0b":
                return self._remove(cursor, len(self.text)) and self._move(cursor)
            case "\x17":
                kept = self.text[:cursor].rstrip()
                return self._remove(kept.rfind(" ") + 1, cursor)
            case "\x0c":
                return [Redraw()]
        if character.isprintable() or character in _SIGNS:
            return self._insert(character)
        return []

    def _sequence(self, sequence: str) -> list[Key]:
        if sequence in {_PASTE, _PASTE_END}:
            self._pasting = sequence == _PASTE
            return []
        if self._pasting:
            return []
        name = sequence[1:]
        if name in _SCROLLS:
            return [Scroll(_SCROLLS[name])]
        if name in {"[C", "OC"}:
            return self._move(self._cursor + 1)
        if name in {"[D", "OD"}:
            return self._move(self._cursor - 1)
        if name in _HOME:
            return self._move(0)
        if name in _END:
            return self._move(len(self.text))
        if name == "[3~":
            return self._remove(self._cursor, self._cursor + 1)
        return self._insert("\n") if name == "\r" else []
