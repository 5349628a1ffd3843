"""Text of peers can't drive a terminal."""

import unicodedata

import pytest

from ephemeral.client.safe_text import fit, neutralise, neutralise_line, width, wrap


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2J\x1b[H",
        "\x1b]0;another title\x07",
        "\x9b31m",
        "over\rwritten",
        "back\b\b\bspace",
        "\x00\x7f\x85\u2028",
        "reversed \u202egnp.exe",
        "isolated \u2067text\u2069",
        "\ufeff\u200f\u061c",
    ],
)
def test_nothing_that_a_terminal_obeys_is_left(text):
    for neutral in (neutralise(text), neutralise_line(text)):
        assert all(unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"} for c in neutral)
        assert all(c.isprintable() for c in neutral)


def test_line_feeds_and_ordinary_text_of_any_script_stay():
    text = "Grüße,\n\tשלום, 你好, 👋🏽 é"
    assert neutralise(text) == text.replace("\t", "    ")
    assert neutralise_line("naïve 名前") == "naïve 名前"


def test_one_line_stays_one_line():
    assert "\n" not in neutralise_line("a\nb\r\nc")


def test_widths_are_those_of_a_terminal():
    assert [width(text) for text in ("abc", "你好", "e\u0301", "")] == [3, 4, 1, 0]
    assert fit("你好", 3) == "你"


@pytest.mark.parametrize("columns", [1, 2, 5, 20])
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(columns):
    text = "The quick brown fox\n\njumps over 你好吗 averyveryverylongword  twice"
    lines = list(wrap(text, columns))
    if columns > 1:
        assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
