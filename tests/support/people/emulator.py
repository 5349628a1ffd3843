"""A terminal as small as it can be: what a program writes, as a person would see it.

Knows what the client uses (moving up and right, erasing below, wrapping on and off, modes) and
refuses everything else, so that a sequence which escapes from a message is noticed. What scrolls
off the top is kept in `history`, where a person could scroll back to it.
"""

import re
import unicodedata

_SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")
_UNFINISHED = re.compile(r"\x1b(?:\[\??[0-9;]*)?")


class Emulator:
    """Feed it text; look at `lines()` and `history`."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.rows = columns, rows
        self.history: list[str] = []
        self.modes: set[str] = set()
        self._grid = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._wraps = True
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take output; a sequence may come in pieces."""
        text, self._rest = self._rest + text, ""
        while text:
            if text[0] != "\x1b":
                self._character(text[0])
                text = text[1:]
            elif found := _SEQUENCE.match(text):
                self._sequence(found[1] + found[3], found[2])
                text = text[found.end() :]
            elif _UNFINISHED.fullmatch(text):
                self._rest, text = text, ""
            else:
                raise AssertionError(f"an unknown escape sequence: {text[:10]!r}")

    def resize(self, columns: int) -> None:
        """Make it narrower as terminals do that break their lines anew."""
        below = "".join(map("".join, self._grid[self._row + 1 :])).strip()
        assert not below, "the cursor stands on the last line"
        rows: list[list[str]] = []
        for number, row in enumerate(self._grid[: self._row + 1]):
            used = len("".join(row).rstrip())
            last = number == self._row
            starts = range(0, max(used, self._column + 1 if last else 1), columns)
            rows += [(row[at : at + columns] + [" "] * columns)[:columns] for at in starts]
        self._column %= columns
        self.columns = columns
        gone, kept = rows[: -self.rows], rows[-self.rows :]
        self.history += ["".join(row).rstrip() for row in gone]
        self._row = len(kept) - 1
        self._grid = kept + [[" "] * columns for _ in range(self.rows - len(kept))]

    def lines(self) -> list[str]:
        """The rows of the screen, without blanks at their ends."""
        return ["".join(row).rstrip() for row in self._grid]

    def screen(self) -> str:
        """The rows of the screen as one text."""
        return "\n".join(self.lines()).rstrip()

    def everything(self) -> str:
        """The screen, and what has scrolled off it."""
        return "\n".join([*self.history, *self.lines()])

    def _line_feed(self) -> None:
        if self._row < self.rows - 1:
            self._row += 1
            return
        self.history.append("".join(self._grid.pop(0)).rstrip())
        self._grid.append([" "] * self.columns)

    def _character(self, character: str) -> None:
        if character == "\n":
            self._line_feed()
        elif character == "\r":
            self._column = 0
        else:
            assert character.isprintable(), f"a control character: {character!r}"
            wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if self._column + wide > self.columns:
                if self._wraps:
                    self._column = 0
                    self._line_feed()
                else:
                    self._column = self.columns - wide
            self._grid[self._row][self._column] = character
            for extra in range(1, wide):
                self._grid[self._row][self._column + extra] = ""
            self._column += wide

    def _sequence(self, kind: str, argument: str) -> None:
        match kind:
            case "A":
                self._row = max(0, self._row - int(argument or 1))
            case "C":
                self._column = min(self.columns - 1, self._column + int(argument or 1))
            case "H" if not argument:
                self._row = self._column = 0
            case "J" if argument in {"", "0"}:
                self._grid[self._row][self._column :] = [" "] * (self.columns - self._column)
                for row in range(self._row + 1, self.rows):
                    self._grid[row] = [" "] * self.columns
            case "J" if argument == "2":
                self._grid = [[" "] * self.columns for _ in range(self.rows)]
            case "?h" | "?l" if argument == "7":
                self._wraps = kind == "?h"
            case "?h":
                self.modes.add(argument)
            case "?l":
                self.modes.discard(argument)
            case "m":
                """Colours: what stands there is the same in all."""
            case _:
                raise AssertionError(f"an unexpected sequence: {kind} {argument}")
