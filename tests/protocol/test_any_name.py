"""Names: nothing unseen in them, and no two that are shown alike."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_text, steady

from ephemeral.protocol.name_characters import TABLE
from ephemeral.protocol.names import character_class, is_name, name_key, numbers, tidy_name
from tools import name_characters as tool

some_names = st.lists(
    st.sampled_from(
        ["Bo", "bo", "Bo \u00b7 2", "bo\u00b72", "Bo 2", "\uff22o", "Gal\u00b7la", "You"]
    ).filter(is_name),
    max_size=7,
)


def test_the_table_is_what_the_tool_makes_and_the_page_has_the_same():
    assert tool.PYTHON.read_text() == tool.python(TABLE)
    assert tool.JAVASCRIPT.read_text() == tool.javascript(TABLE)
    if unicodedata.unidata_version == tool.UNICODE:
        assert tool.table() == TABLE
        return
    # What a newer Unicode knows it may know better, but nothing becomes invisible.
    for code in range(0x110000):
        assert character_class(chr(code)) in {".", tool.class_of(code)}


@steady
@given(any_text)
def test_what_is_typed_is_tidied_once_and_keeps_what_is_a_name(typed):
    tidy = tidy_name(typed)
    assert tidy_name(tidy) == tidy
    assert not is_name(tidy) or tidy == tidy.strip()


@steady
@given(some_names)
def test_no_two_labels_are_alike_whatever_people_call_themselves(names):
    shown = [
        name if number == 1 else f"{name} \u00b7 {number}"
        for name, number in zip(names, numbers(names, ["You"]), strict=True)
    ]
    assert len({*map(name_key, shown), name_key("You")}) == len(names) + 1
