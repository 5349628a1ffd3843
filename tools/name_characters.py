"""Writes the table of the characters that a name may have, in both languages.

It is made once of Unicode 14.0, which Python 3.11 has, and changes with the protocol only: clients
that know a newer Unicode must agree with those that don't. docs/protocol.md, 7.5.

A class for each code point: `.` not in a name, `+` in a name, `^` in a name and a mark (of which
few may follow each other). The table is runs of one class, each with its length in base 36; what
follows the last is in no name.
"""

import sys
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "ephemeral" / "protocol" / "name_characters.py"
JAVASCRIPT = ROOT / "web" / "static" / "js" / "protocol" / "name-characters.js"

UNICODE = "14.0.0"
# Letters, marks, numbers, punctuation and symbols that show nothing, or stand for nothing.
EXCLUDED = frozenset(
    {
        0x034F,  # combining grapheme joiner
        *(0x115F, 0x1160, 0x3164, 0xFFA0),  # fillers of Hangul
        *(0x17B4, 0x17B5),  # inherent vowels of Khmer
        *(0x180B, 0x180C, 0x180D, 0x180F),  # selectors of Mongolian
        0x2800,  # Braille without a dot
        *(0x2039, 0x203A),  # the command line puts names between these
        *(0xFFFC, 0xFFFD),  # object, and replacement
        0x16FE4,  # filler of Khitan
        0x1D159,  # notehead without a head
        *range(0xFE00, 0xFE10),  # selectors of variants
        *range(0xE0100, 0xE01F0),
    }
)

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
WIDTH = 96

PYTHON_HEAD = '''\
"""Characters that a name may have; made by tools/name_characters.py of Unicode 14.0."""

__all__ = ["TABLE"]

#: Runs of code points from U+0000 on: `.` not in a name, `+` in one, `^` in one and a mark; each
#: with its length in base 36.
TABLE = (
'''
JAVASCRIPT_HEAD = """\
// Made by tools/name_characters.py of Unicode 14.0.

/**
 * Characters that a name may have, as runs of code points from U+0000 on: `.` not in a name, `+` in
 * one, `^` in one and a mark; each with its length in base 36.
 */
export const TABLE =
"""


def class_of(code: int) -> str:
    """The class of a code point."""
    category = unicodedata.category(chr(code))[0]
    if code in EXCLUDED or category not in "LMNPS":
        return "."
    return "^" if category == "M" else "+"


def base36(number: int) -> str:
    """A number above zero."""
    rest, last = divmod(number, 36)
    return (base36(rest) if rest else "") + DIGITS[last]


def table() -> str:
    """All runs but the last."""
    runs = [
        f"{kind}{base36(len(list(run)))}" for kind, run in groupby(map(class_of, range(0x110000)))
    ]
    return "".join(runs[:-1])


def lines(coded: str) -> Iterator[str]:
    """The table, cut for people who look at it."""
    for start in range(0, len(coded), WIDTH - 8):
        yield f'"{coded[start : start + WIDTH - 8]}"'


def python(coded: str) -> str:
    """The server's and the command line's."""
    return PYTHON_HEAD + "".join(f"    {line}\n" for line in lines(coded)) + ")\n"


def javascript(coded: str) -> str:
    """The page's."""
    return JAVASCRIPT_HEAD + "  " + " +\n  ".join(lines(coded)) + ";\n"


def main() -> None:
    """Write both."""
    if unicodedata.unidata_version != UNICODE:
        sys.exit(f"This Python has Unicode {unicodedata.unidata_version}; {UNICODE} is needed.")
    coded = table()
    PYTHON.write_text(python(coded), encoding="ascii")
    JAVASCRIPT.write_text(javascript(coded), encoding="ascii")


if __name__ == "__main__":
    main()
