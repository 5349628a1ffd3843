"""Messages and profiles: what is sealed opens in its place alone, and a changed bit opens nowhere.

The last tests of each kind are attacks by a member who has the key: anything may stand under a
right tag.
"""

import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.any_input import any_json, any_text, attempt, changed, ids, refusal_of, steady

from ephemeral.protocol.encoding import dump_json
from ephemeral.protocol.envelope import open_message, read_content, seal_message
from ephemeral.protocol.keys import ContentKeys, RoomKeys
from ephemeral.protocol.limits import ENVELOPE_SIZES, INTEGER_MAX, PROFILE_SIZE
from ephemeral.protocol.profile import open_profile, seal_profile
from ephemeral.protocol.quotes import Quote, excerpt, read_quote

ROOM = RoomKeys(bytes(range(32)))
KEYS = ROOM.content(bytes(range(32, 64)))
AUTHOR, MESSAGE, VIEWING, NONCE = bytes(16), bytes(15) + b"\1", b"v" * 32, b"n" * 12
HI = {"type": "text", "text": "hi"}
MESSAGE_AD = b"ephemeral/v1/message" + KEYS.room_nonce + AUTHOR + MESSAGE
PROFILE_AD = b"ephemeral/v1/profile" + KEYS.room_nonce + AUTHOR

ENVELOPE = seal_message(KEYS, AUTHOR, MESSAGE, VIEWING, 1, HI, NONCE)
PLAINTEXT = AESGCM(KEYS.message).decrypt(NONCE, ENVELOPE[13:], MESSAGE_AD)
PROFILE = seal_profile(KEYS, AUTHOR, "Ada", 3, NONCE)

CONTENT = {"content_json", "content_field"}
OUTSIDE = {"envelope_size", "envelope_version", "envelope_open"}
INSIDE = {"plaintext_version", "plaintext_counter", "plaintext_length", "plaintext_padding"}
SEALING = CONTENT | {"content_size", "plaintext_counter"}
PROFILE_OUTSIDE = {"profile_length", "profile_version", "profile_open"}
PROFILE_INSIDE = {"profile_padding", "profile_json"}

texts = st.fixed_dictionaries(
    {"type": st.just("text"), "text": st.text(min_size=1)},
    optional={
        "view": st.just(0) | st.integers(5, 300),
        "quote": st.builds(Quote, st.text(min_size=1, max_size=280), st.none() | ids).map(
            Quote.fields
        ),
    },
)


# Messages


@steady
@given(texts, st.integers(1, INTEGER_MAX), ids, ids)
def test_a_message_comes_back(content, counter, author, message):
    sealed = seal_message(KEYS, author, message, VIEWING, counter, content, NONCE)
    assert len(sealed) in ENVELOPE_SIZES
    assert open_message(KEYS, author, message, sealed) == (VIEWING, counter, content)


@steady
@given(
    st.dictionaries(st.sampled_from(["type", "text", "view", "quote"]), any_json | any_text),
    st.integers(),
)
@example({"type": "text", "text": "\ud800"}, 1)
@example({"type": "text", "text": "a" * 70_000}, 1)
def test_any_content_is_sealed_so_that_it_opens_or_is_refused(content, counter):
    sealed = attempt(SEALING, seal_message, KEYS, AUTHOR, MESSAGE, VIEWING, counter, content, NONCE)
    if sealed is not None:
        assert open_message(KEYS, AUTHOR, MESSAGE, sealed) == (VIEWING, counter, content)


@steady
@given(st.integers(0, len(ENVELOPE) - 1), st.integers(0, 7))
def test_an_envelope_with_any_bit_changed_is_refused(at, bit):
    code = refusal_of(open_message, KEYS, AUTHOR, MESSAGE, changed(ENVELOPE, at, bit))
    assert code == ("envelope_version" if at == 0 else "envelope_open")


@steady
@given(st.integers(0, len(ENVELOPE)), st.binary(max_size=40), st.integers(0, 600))
def test_an_envelope_cut_and_patched_is_refused(at, patch, skipped):
    mutated = ENVELOPE[:at] + patch + ENVELOPE[at + skipped :]
    assume(mutated != ENVELOPE)
    assert refusal_of(open_message, KEYS, AUTHOR, MESSAGE, mutated) in OUTSIDE


@steady
@given(st.binary(max_size=600) | st.binary(min_size=511, max_size=511).map(lambda b: b"\1" + b))
def test_any_bytes_are_no_envelope(data):
    assert refusal_of(open_message, KEYS, AUTHOR, MESSAGE, data) in OUTSIDE


@steady
@given(ids, ids, st.binary(min_size=32, max_size=32))
def test_an_envelope_opens_only_where_it_was_posted(author, message, room_nonce):
    assume((author, message) != (AUTHOR, MESSAGE))
    assert refusal_of(open_message, KEYS, author, message, ENVELOPE) == "envelope_open"
    again = ROOM.content(room_nonce)
    assert refusal_of(open_message, again, AUTHOR, MESSAGE, ENVELOPE) == "envelope_open"
    same_key = ContentKeys(KEYS.message, KEYS.profile, room_nonce)
    assert refusal_of(open_message, same_key, AUTHOR, MESSAGE, ENVELOPE) == "envelope_open"


def reopened(plaintext):
    """What becomes of a plaintext that a member with the key sealed, or None if it is refused."""
    envelope = b"\1" + NONCE + AESGCM(KEYS.message).encrypt(NONCE, plaintext, MESSAGE_AD)
    return attempt(INSIDE | CONTENT, open_message, KEYS, AUTHOR, MESSAGE, envelope)


@steady
@given(st.integers(0, len(PLAINTEXT) - 1), st.integers(0, 7))
def test_a_plaintext_with_any_bit_changed_is_refused_or_says_something_else(at, bit):
    assert reopened(changed(PLAINTEXT, at, bit)) != (VIEWING, 1, HI)


@steady
@given(
    st.integers(0, 2),
    st.integers(0, 2**64 - 1) | st.integers(0, 3),
    st.integers(0, 2**32 - 1) | st.integers(0, 600),
    st.binary(max_size=438) | any_json.map(dump_json).filter(lambda data: len(data) <= 438),
)
def test_any_plaintext_is_read_or_refused(version, counter, length, rest):
    head = struct.pack(">B32sQI", version, VIEWING, counter, length)
    opened = reopened((head + rest).ljust(483, b"\0"))
    if opened is not None:
        assert version == 1
        assert 1 <= counter == opened.counter <= INTEGER_MAX
        assert opened.viewing == VIEWING
        assert not any(rest[length:])


@steady
@given(texts, st.integers(0, 430))
def test_one_plaintext_says_one_thing_however_it_is_padded(content, more):
    data = dump_json(content)
    assume(len(data) + more <= 438)
    head = struct.pack(">B32sQI", 1, VIEWING, 1, len(data))
    assert reopened((head + data).ljust(483, b"\0")) == (VIEWING, 1, content)
    assert reopened((head + data).ljust(995, b"\0")) is None
    assert reopened((head + data + bytes(more) + b"\1").ljust(484, b"\0")[:483]) != content


@steady
@given(st.binary() | any_json.map(dump_json) | texts.map(dump_json))
def test_any_content_is_read_or_refused(data):
    content = attempt(CONTENT, read_content, data)
    if content is not None and content["type"] == "text":
        assert content["text"]
        assert type(content.get("view", 0)) is int


@steady
@given(any_json | st.dictionaries(st.sampled_from(["text", "author", "x"]), any_json | any_text))
@example({"text": "a" * 281, "author": None})
def test_any_value_is_a_quote_that_can_be_sent_or_is_refused(value):
    quote = attempt({"malformed"}, read_quote, value)
    if quote is not None:
        assert quote.fields() == value
        assert 1 <= len(quote.text) <= 280
    content = {"type": "text", "text": "yes", "quote": value}
    sealed = attempt(SEALING, seal_message, KEYS, AUTHOR, MESSAGE, VIEWING, 1, content, NONCE)
    assert sealed is None or quote is not None


@steady
@given(st.text(min_size=1) | st.integers(279, 60_000).map("\U0001f600".__mul__), ids | st.none())
def test_any_text_can_be_quoted_by_its_excerpt(text, author):
    quote = Quote(excerpt(text), author)
    assert read_quote(quote.fields()) == quote
    assert text.startswith(quote.text.removesuffix("…"))
    assert quote.text == text or (len(quote.text), quote.text[-1]) == (280, "…")


# Profiles


@steady
@given(any_text, st.integers(-1, 13), ids)
@example("x" * 64, 3, AUTHOR)
@example("\ud800", 3, AUTHOR)
def test_a_profile_comes_back_or_is_refused(name, colour, member):
    sealed = attempt(PROFILE_INSIDE, seal_profile, KEYS, member, name, colour, NONCE)
    if sealed is not None:
        assert len(sealed) == PROFILE_SIZE
        assert open_profile(KEYS, member, sealed) == (name, colour)
        assert len(name.encode()) <= 64


@steady
@given(st.integers(0, PROFILE_SIZE - 1), st.integers(0, 7))
def test_a_profile_with_any_bit_changed_is_refused(at, bit):
    code = refusal_of(open_profile, KEYS, AUTHOR, changed(PROFILE, at, bit))
    assert code == ("profile_version" if at == 0 else "profile_open")


@steady
@given(st.binary(max_size=300) | st.binary(min_size=255, max_size=255).map(lambda b: b"\1" + b))
def test_any_bytes_are_no_profile(data):
    assert refusal_of(open_profile, KEYS, AUTHOR, data) in PROFILE_OUTSIDE


@steady
@given(
    st.binary(max_size=225) | any_json.map(dump_json).filter(lambda data: len(data) <= 225),
    st.none() | st.integers(0, 65_535),
)
def test_anything_under_a_right_tag_is_a_profile_or_refused(rest, length):
    head = struct.pack(">H", len(rest) if length is None else length)
    padded = (head + rest).ljust(227, b"\0")
    sealed = b"\1" + NONCE + AESGCM(KEYS.profile).encrypt(NONCE, padded, PROFILE_AD)
    attempt(PROFILE_INSIDE, open_profile, KEYS, AUTHOR, sealed)


# What a traceback or a log line could show of them


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        (KEYS, [KEYS.message, KEYS.profile]),
        (ROOM, [ROOM.locator, ROOM.charter_key, ROOM.room_secret]),
        (open_message(KEYS, AUTHOR, MESSAGE, ENVELOPE), [VIEWING, b"'hi'"]),
        (open_profile(KEYS, AUTHOR, PROFILE), [b"Ada"]),
        (Quote("noon", AUTHOR), [b"noon"]),
    ],
    ids=["content keys", "room keys", "message", "profile", "quote"],
)
def test_what_is_secret_is_not_in_a_repr(value, secrets):
    shown = f"{value!r} {value}"
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
