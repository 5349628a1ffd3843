"""The QR code of a link in a terminal, read by another's reader."""

import re

import zxingcpp
from PIL import Image

from ephemeral.client.accounts.terminal_qr import qr_lines


def seen(rows: list[list[bool]]) -> str:
    """What a camera reads of modules, shown four points wide in a light surrounding."""
    size = len(rows) + 8
    image = Image.new("L", (size, size), 255)
    for y, row in enumerate(rows, 4):
        for x, dark in enumerate(row, 4):
            image.putpixel((x, y), 0 if dark else 255)
    found = zxingcpp.read_barcodes(image.resize((4 * size, 4 * size), Image.Resampling.NEAREST))
    return found[0].text if found else ""


def read_on_screen(shown: str) -> str:
    """What a camera reads of the half blocks that a terminal shows."""
    dark = {" ": (True, True), "▄": (True, False), "▀": (False, True), "█": (False, False)}
    rows: list[list[bool]] = []
    for line in re.sub("\x1b\\[[0-9;]*m", "", shown).splitlines():
        if len(line) > 20 and set(line) <= dark.keys():
            rows += [[dark[one][half] for one in line] for half in (0, 1)]
    return seen(rows)


def test_the_picture_in_a_terminal_is_the_symbol():
    link = (
        "https://rooms.example/chat/account/#link=landlady-swimmer-acorn-thirty-uncouple-mural-dice"
    )
    lines = qr_lines(link, 80)
    assert read_on_screen("\n".join(lines)) == link
    assert len(lines) <= 24


def test_a_terminal_that_is_too_narrow_gets_none():
    assert qr_lines("x" * 100, 40) == []
