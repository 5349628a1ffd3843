"""A QR code in a terminal: two modules in each character, by half blocks.

Light is drawn in the brightest white and dark in black, whatever the terminal's own colours are:
cameras expect it so.
"""

import segno

__all__ = ["qr_lines"]

# What the standard asks for around a symbol is four; cameras are content with two, and a terminal
# has few lines.
_QUIET_ZONE = 2
_COLOURS, _END = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
_HALVES = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}


def qr_lines(text: str, columns: int) -> list[str]:
    """The lines of the picture, or none where the terminal is too narrow for it."""
    # At the lowest level of correction: a screen is clean, and a terminal has few lines.
    made = segno.make_qr(text, error="l", boost_error=False)
    symbol = [[bool(one) for one in row] for row in made.matrix]
    width = len(symbol) + 2 * _QUIET_ZONE
    if width > columns:
        return []
    side = [False] * _QUIET_ZONE
    rows = [side + row + side for row in symbol]
    light = [[False] * width for _ in range(_QUIET_ZONE)]
    rows = [*light, *rows, *light]
    if len(rows) % 2:
        rows.append([False] * width)
    return [
        _COLOURS + "".join(_HALVES[pair] for pair in zip(above, below, strict=True)) + _END
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]
