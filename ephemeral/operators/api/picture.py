"""A text as a QR code (ISO/IEC 18004), for a camera beside the screen."""

from typing import NamedTuple

__all__ = ["Picture", "outline"]

# What the standard asks for around the symbol, in modules; cameras fail without it.
_QUIET = 4


class Picture(NamedTuple):
    """`size` in modules, its quiet zone included; `path`: the dark ones, as SVG says it."""

    size: int
    path: str


def outline(text: str) -> Picture:
    """Every run of dark modules of a row as one rectangle."""
    # Loaded where somebody is enrolled, and nowhere else.
    import segno  # noqa: PLC0415

    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    path = []
    for y, row in enumerate(rows, _QUIET):
        at = 0
        while at < len(row):
            run = len(row) - at - len(row[at:].lstrip(b"\x01"))
            if run:
                path.append(f"M{at + _QUIET} {y}h{run}v1h-{run}z")
            at += run + 1
    return Picture(len(rows) + 2 * _QUIET, "".join(path))
