"""Codes and links: drawn evenly, read however they are typed, refused by their first wrong word."""

import re
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.any_input import any_text, attempt, outcome, steady

from ephemeral.protocol.codes import ENTROPY_BITS, WORDS, new_code, read_code
from ephemeral.protocol.links import address_before, make_link, read_link

SALT = b"s" * 32


def numbers_then_zeros(*numbers):
    """A source of randomness that gives these 16-bit numbers, then zeros."""
    left = list(numbers)
    return lambda size: (left.pop(0) if left else 0).to_bytes(size, "big")


def first_word(code):
    """A code that ends in the word of number zero, without those endings."""
    return code.removesuffix(f"-{WORDS[0]}" * 6)


def test_every_word_is_drawn_equally_often():
    drawn = Counter(first_word(new_code(numbers_then_zeros(n))) for n in range(65_536))
    redrawn = 65_536 % len(WORDS)
    drawn[WORDS[0]] -= redrawn  # these were drawn again, from the zeros
    assert set(drawn) == set(WORDS)
    assert set(drawn.values()) == {65_536 // len(WORDS)}


def test_a_number_that_would_favour_the_first_words_is_drawn_again():
    assert first_word(new_code(numbers_then_zeros(65_535, 62_208, 7))) == WORDS[7]


def test_all_seven_words_are_drawn():
    numbers = range(7000, 7007)
    assert new_code(numbers_then_zeros(*numbers)) == "-".join(WORDS[n] for n in numbers)


def test_a_code_has_ninety_bits():
    assert 90 < ENTROPY_BITS < 91


def test_the_word_list_is_seen_as_the_document_sees_it():
    assert len(WORDS) == 7776
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)?", word) for word in WORDS)
    # A piece that is a word goes before a pair that is one: no pair may begin with a word.
    assert not {word.split("-")[0] for word in WORDS if "-" in word} & set(WORDS)
    # A text within the limit can hold any code, generously spaced.
    assert 7 * max(map(len, WORDS)) + 6 * len(" - ") < 256


@steady
@given(st.binary(min_size=1))
def test_what_is_drawn_is_read_back(seed):
    blocks = iter(sha256(seed + bytes([n])).digest()[:2] for n in range(256))
    code = new_code(lambda size: next(blocks)[:size])
    assert read_code(code) == code
    assert read_link(make_link("https://a.example/", 1, SALT, code), 1, SALT) == code


@steady
@given(
    st.lists(st.sampled_from(WORDS), min_size=7, max_size=7),
    st.lists(
        st.sampled_from([" ", "-", "\n", "\t", "\r\n", " - ", ", ", "\u2011", "\u00a0", "%20"]),
        min_size=14,
        max_size=14,
    ),
)
def test_a_code_is_read_however_its_words_are_parted(words, separators):
    code = "-".join(words)
    pieces = code.split("-")
    typed = "".join(piece + separators[at] for at, piece in enumerate(pieces))
    assert read_code(typed) == read_code(typed.upper()) == code


@settings(steady, max_examples=40)
@given(
    any_text
    | st.lists(st.sampled_from([*WORDS[::700], "yo", "t", "shirt", "-", "K", "\u212a"])).map(
        " ".join
    )
)
@example("\ud800")
@example("\x1b]0;title\x07")
def test_any_text_is_a_code_or_refused_by_its_first_wrong_word(text):
    code, refusal = outcome(read_code, text)
    if refusal is None:
        assert read_code(code) == code
        return
    # It goes to a terminal.
    assert refusal.message.isprintable()
    if refusal.code != "code_word":
        assert refusal.code in {"code_length", "link_form"}
        return
    first, *_ = refusal.unknown
    assert (refusal.position, refusal.word) == (first.position, first.word)
    assert len(refusal.suggestions) <= 3
    assert set(refusal.suggestions) <= set(WORDS)
    end = 0
    for one in refusal.unknown:
        assert end <= one.start < one.end
        end = one.end
        assert text[one.start : end] == one.word


@steady
@given(
    st.lists(st.sampled_from(WORDS), min_size=7, max_size=7),
    st.sampled_from(["the code is ", "(Code): ", "https://a.example/x, ", "Der Code lautet: "]),
    st.sampled_from(["", ".", " is it", '". - Bo']),
)
def test_a_code_in_a_sentence_is_that_code_or_refused(words, before, after):
    code = "-".join(words)
    assert read_code(f"{before}{code}{after}") == code
    # With the signs of the sentence between its words it may not be told, but never as another.
    assert outcome(read_code, f"{before}{code.replace('-', ' ')}{after}")[0] in {code, None}


@steady
@given(
    st.lists(st.sampled_from(WORDS), min_size=8, max_size=8),
    st.integers(0, 8),
    st.sampled_from(["-", " ", ", "]),
)
def test_a_slip_beside_seven_words_is_no_sentence(words, at, separator):
    """Each word but the first and last of eight is misspelt; what is left is never a code."""
    typed = list(words)
    slip = typed[at % 8]
    typed[at % 8] = slip + slip[-1]
    if typed[at % 8] not in WORDS:
        assert outcome(read_code, separator.join(typed))[0] is None


@steady
@given(any_text | st.from_regex(r"#[0-9]\.[0-9a-f]{8}\.[a-z-]{0,9}"), st.integers(1, 2))
def test_any_text_is_a_link_or_refused(text, suite):
    refusals = {"link_form", "link_suite", "link_salt", "code_word", "code_length"}
    attempt(refusals, read_link, text, suite, SALT)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://a.example/r{}", "https://a.example/r"),
        ("Bo: <HTTPS://A.example:1/Rooms/{}>", "https://A.example:1/Rooms/"),
        ("https://go.example/?u=http%3A%2F%2Fa.example%2F{}&x", "http://a.example/"),
        ("https://a.example and {}", None),
        ("ftp://a.example/{}", None),
        ("{}", None),
        ("https://a.example/#1.x", None),
    ],
)
def test_the_address_in_front_of_a_link_is_found_as_it_was_written(text, address):
    fragment = make_link("", 1, SALT, "a-code")
    assert address_before(text.format(fragment)) == address


def test_a_page_with_a_fragment_makes_no_link():
    with pytest.raises(AssertionError):
        make_link("https://a.example/#there", 1, SALT, "a-code")
