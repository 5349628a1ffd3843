"""Text of peers on a terminal: what could drive the terminal, or deceive its reader, is shown.

A message may hold escape sequences that move the cursor, change the title or answer in one's name,
and marks that reverse the direction of what follows. Here each becomes a character that one sees.
"""

import unicodedata
from collections.abc import Iterator

__all__ = ["fit", "neutralise", "neutralise_line", "width", "wrap"]

# Marks that change the direction of text beyond themselves, and separators that some obey.
_DECEIVING = frozenset(
    chr(code)
    for code in (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
)
_TAB = "    "


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or character in _DECEIVING:
        return "\ufffd"
    return character


def neutralise(text: str) -> str:
    """`text` with line feeds kept, tabs as spaces, and every other control made visible."""
    text = text.replace("\r\n", "\n").replace("\t", _TAB)
    return "".join(c if c == "\n" else _visible(c) for c in text)


def neutralise_line(text: str) -> str:
    """As `neutralise`, for what must stay on one line: line feeds are made visible too."""
    return "".join(map(_visible, text))


def width(text: str) -> int:
    """Columns that a terminal gives to `text`, as far as Unicode's tables tell."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def fit(text: str, columns: int) -> str:
    """`text`, cut to so many columns."""
    used = 0
    for index, character in enumerate(text):
        used += _columns(character)
        if used > columns:
            return text[:index]
    return text


def wrap(text: str, columns: int) -> Iterator[str]:
    """The lines of `text`, none wider than `columns`, broken at spaces where there are some."""
    for line in text.split("\n"):
        rest = line
        while width(rest) > columns:
            head = fit(rest, columns) or rest[0]
            space = head.rfind(" ")
            if space > 0 and not rest[len(head)].isspace():
                head = head[: space + 1]
            yield head.rstrip(" ")
            rest = (
                rest[len(head) :].removeprefix(" ") if rest[len(head)] == " " else rest[len(head) :]
            )
        yield rest
