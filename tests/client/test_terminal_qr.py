"""The QR code of a link in a terminal, read by another's reader."""

import re

import pytest
import zxingcpp
from PIL import Image

from ephemeral.client.accounts.qr_code import qr_modules
from ephemeral.client.accounts.terminal_qr import qr_lines
from ephemeral.protocol.errors import Refusal

# Data of versions 1 to 10 at level L, to their last byte.
FULL = (17, 32, 53, 78, 106, 134, 154, 192, 230, 271)


def seen(rows: list[list[bool]]) -> str:
    """What a camera reads of modules, shown four points wide in a light surrounding."""
    size = len(rows) + 8
    image = Image.new("L", (size, size), 255)
    for y, row in enumerate(rows, 4):
        for x, dark in enumerate(row, 4):
            image.putpixel((x, y), 0 if dark else 255)
    found = zxingcpp.read_barcodes(image.resize((4 * size, 4 * size), Image.Resampling.NEAREST))
    return found[0].text if found else ""


@pytest.mark.parametrize("length", [1, *FULL, *(one + 1 for one in FULL[:-1])])
def test_a_text_of_any_length_that_fits_is_read_as_it_was(length: int):
    text = "".join(chr(33 + at * 7 % 90) for at in range(length))
    assert seen(qr_modules(text)) == text


def test_a_longer_text_is_refused():
    with pytest.raises(Refusal):
        qr_modules("x" * (FULL[-1] + 1))


def test_the_picture_in_a_terminal_is_the_symbol():
    link = (
        "https://rooms.example/chat/account/#link=landlady-swimmer-acorn-thirty-uncouple-mural-dice"
    )
    dark = {" ": (True, True), "▄": (True, False), "▀": (False, True), "█": (False, False)}
    rows: list[list[bool]] = []
    for line in qr_lines(link, 80):
        halves = [dark[one] for one in re.sub("\x1b\\[[0-9;]*m", "", line)]
        rows += [[one[0] for one in halves], [one[1] for one in halves]]
    assert seen(rows) == link
    assert len(rows) <= 2 * 24


def test_a_terminal_that_is_too_narrow_gets_none():
    assert qr_lines("x" * 100, 40) == []
