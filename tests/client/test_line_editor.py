"""Keys of a keyboard become lines, whatever pieces they arrive in."""

import pytest

from ephemeral.client.line_editor import (
    Changed,
    EndOfInput,
    Escape,
    Line,
    LineEditor,
    Redraw,
    Scroll,
)


def lines_of(data):
    editor = LineEditor()
    keys = [key for byte in data for key in editor.feed(bytes([byte]))]
    return [key.text for key in keys if isinstance(key, Line)]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("plain\r", "plain"),
        ("grüße 👋\r", "grüße 👋"),
        ("typp\x7fo\r", "typo"),
        ("bc\x01a\x05d\r", "abcd"),
        ("ac\x1b[Db\r", "abc"),
        ("xabc\x01\x1b[3~\r", "abc"),
        ("xabc\x1b[H\x04\r", "abc"),
        ("wrong\x15right\r", "right"),
        ("keep this word\x17\r", "keep this "),
        ("tail\x01\x1b[C\x0b\r", "t"),
        ("two\nlines\r", "two\nlines"),
        ("\x1b[200~a\rb\x1b[A\x1bc\x07d\x1b[201~\r", "a\nbcd"),
        ("\x00\x07\x1b[99;5Znoise\r", "noise"),
    ],
)
def test_keys_make_this_line(keys, line):
    data = keys.encode()
    assert lines_of(data) == [line]
    whole = LineEditor().feed(data)
    assert [key.text for key in whole if isinstance(key, Line)] == [line]


def test_alt_enter_begins_a_new_line():
    editor = LineEditor()
    editor.feed(b"a\x1b\rb")
    assert editor.feed(b"\r") == [Line("a\nb")]


def test_keys_that_are_no_text():
    editor = LineEditor()
    assert editor.feed(b"\x1b[A\x1b[6~") == [Scroll(-1), Scroll(10)]
    assert editor.feed(b"\x1b") == [Escape()]
    assert editor.feed(b"\x0c") == [Redraw()]
    assert editor.feed(b"\x04") == [EndOfInput()]
    assert editor.feed(b"a") == [Changed("a")]
    assert editor.feed(b"\x04") == [Changed("a")]


def test_the_shown_part_follows_the_cursor_and_fits():
    editor = LineEditor()
    editor.feed(b"0123456789")
    assert editor.shown(5) == ("6789", 4)
    editor.feed(b"\x01")
    assert editor.shown(5) == ("01234", 0)


def test_what_cant_be_shown_in_one_line_has_a_sign():
    editor = LineEditor()
    editor.feed(b"a\nb\t")
    assert editor.shown(20) == ("a⏎b→", 4)


def test_bytes_that_are_no_text_become_signs_and_raise_nothing():
    assert lines_of(b"\xff\xc3(\r") == ["\ufffd\ufffd("]
