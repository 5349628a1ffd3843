"""Base64url and JSON: whatever arrives is a value or malformed, and what is written is read."""

import json
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.any_input import any_json, any_text, attempt, refusal_of, steady

from ephemeral.protocol.encoding import (
    b64decode,
    b64encode,
    dump_json,
    parse_json,
    read_integer,
)
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX

MALFORMED = {"malformed"}


@steady
@given(st.binary(max_size=300))
def test_bytes_come_back_from_base64url(data):
    assert b64decode(b64encode(data)) == data
    assert b64decode(b64encode(data), len(data)) == data
    assert refusal_of(b64decode, b64encode(data), len(data) + 1) == "malformed"


@steady
@given(any_text | st.text("AQgw_-+/=\n", max_size=12))
@example("\ud800")
def test_no_bytes_have_two_texts(text):
    data = attempt(MALFORMED, b64decode, text)
    assert data is None or b64encode(data) == text


@steady
@given(st.text("AQgw_-") | any_text | any_json, st.none() | st.integers(0, 20))
def test_anything_as_base64url_is_bytes_of_the_length_asked_for_or_malformed(value, length):
    data = attempt(MALFORMED, b64decode, value, length)
    assert data is None or length in {None, len(data)}


@steady
@given(st.binary() | any_text)
@example(b"\xff")
@example("\ud800")
@example(b"[" * 200_000)
@example(b'{"a":' * 5_000)
def test_anything_as_json_is_a_value_or_malformed(data):
    attempt(MALFORMED, parse_json, data)


@steady
@given(any_json)
def test_json_is_written_so_that_the_standard_library_reads_it(value):
    assert json.loads(dump_json(value)) == value


@steady
@given(st.dictionaries(st.text(), st.lists(st.text() | st.booleans() | st.integers(0, 2**64))))
def test_json_comes_back(value):
    assert parse_json(dump_json(value)) == value


@steady
@given(st.text('{}[]":,0123456789.eE+-\\u dtrfnal\n', max_size=20))
def test_json_is_read_no_more_laxly_than_by_the_standard_library(text):
    parsed = attempt(MALFORMED, parse_json, text)
    assert parsed is None or json.loads(text) == parsed


@steady
@given(any_json | st.floats(), st.integers(0, 1000), st.integers(0, INTEGER_MAX))
@example(float("nan"), 0, 1)
@example(float("inf"), 0, 1)
def test_anything_is_an_integer_of_its_range_or_malformed(value, low, high):
    number = attempt(MALFORMED, read_integer, value, low, high)
    if number is not None:
        assert type(number) is int
        assert low <= number <= high
        assert number == value
        assert not isinstance(value, bool)


def test_half_a_character_is_not_written():
    assert refusal_of(dump_json, {"text": "\ud800"}) == "malformed"


@pytest.mark.parametrize("data", [b'"a\xff"', '"a\ud800"', b'{"a"', b'["a",NaN]', b"[" * 5000])
def test_a_traceback_shows_no_parsers_error_that_could_quote_the_input(data):
    with pytest.raises(Refusal, match="malformed") as raised:
        parse_json(data)
    shown = traceback.format_exception(raised.value)
    assert [line for line in shown if "Error" in line] == []
