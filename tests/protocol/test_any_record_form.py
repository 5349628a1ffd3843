"""Records are read in one glance as by looking at each value: nothing passes by that alone."""

from collections.abc import Callable
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.conversations import records
from ephemeral.protocol.conversations.record_form import read_usual
from ephemeral.protocol.conversations.records import Record
from ephemeral.protocol.encoding import b64decode, b64decode_all, b64encode
from ephemeral.protocol.errors import Refusal


def text(number: int, length: int = 32) -> str:
    return b64encode(bytes([number]) * length)


def person(number: int) -> dict[str, object]:
    return {
        "chain": text(number), "head": text(0), "role": "admin", "sequence": 4294967295, "since": 1,
    }  # fmt: skip


VALUE: dict[str, object] = {
    "v": 1, "suite": 1, "conversation": text(1, 16), "epoch": 3, "previous": text(2),
    "by": text(3, 16), "commitment": text(4), "seen": 7, "log": text(255), "timer": 0,
    "joining": None, "people": [person(5), person(6)],
    "devices": [
        {"device": text(7, 16), "number": 1, "sealing": text(8)},
        {"device": text(9, 16), "number": 0, "sealing": text(0)},
    ],
    "leaves": [
        {"chain": text(10), "device": text(11, 16), "signature": text(12, 64), "since": 1},
    ],
    "continues": {"conversation": text(13, 16), "record": text(14)},
}  # fmt: skip
RECORD = canonical_json.encode(VALUE)
PIECES = [
    b" ", b"1.0", b"1e0", b"-0", b"01", b"0", b"9007199254740992", b"9007199254740991", b"1" * 30,
    b"4294967296", b"31536001", b"1e999", b"true", b"null", b'"member"', b'"owner"', b'"\\u0041"',
    b'"/"', b'"\\/"', b'"\\u007f"', b'"\x7f"', b'"\\u001f"', b'"\\u001F"', b'"\\b"',
    b'"\\ud800"', b'"\\ud83d\\ude00"', '"é"'.encode(), b'"\xff"', b"A", b"B", b"-", b"_",
    b"+", b"/", b"=", b"==", b'"', f'"{text(1)}"'.encode(), f'"{text(1, 16)}"'.encode(),
    f'"{text(1, 31)}"'.encode(),
    f'"{text(1)[:-1]}B"'.encode(), b'"by":"EE",', b'"v":1', b"[" * 20, b"{}", b"[]", b",",
    b"\xef\xbb\xbf", b'"\xed\xa0\x80"',
]  # fmt: skip


def outcome(data: bytes) -> object:
    try:
        return asdict(Record.decode(data))
    except Refusal as refusal:
        return refusal.code


def by_looking(data: bytes) -> object:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(records, "read_usual", lambda _: None)
        return outcome(data)


def test_a_record_is_what_it_says() -> None:
    for joining in (None, text(15)):
        data = canonical_json.encode({**VALUE, "joining": joining})
        assert read_usual(data) is not None, "at one glance"
        assert outcome(data) == by_looking(data)
        assert Record.decode(data).encode() == data


@given(st.integers(0, len(RECORD)), st.integers(0, 20), st.sampled_from([b"", *PIECES]))
def test_whatever_is_changed_is_read_as_by_the_long_way(at: int, cut: int, piece: bytes) -> None:
    data = RECORD[:at] + piece + RECORD[at + cut :]
    assert outcome(data) == by_looking(data)


VALUES = [
    *(f'"{one}"'.encode() for one in (text(3, 16), text(4), text(8), text(12, 64), text(14))),
    b"3", b"7", b"null", b'"admin"', b'"number":1', b'"timer":0', b'"suite":1', b'"v":1',
    b"4294967295",
]  # fmt: skip


@given(st.sampled_from(VALUES), st.sampled_from(PIECES))
def test_any_value_in_the_place_of_any_other(old: bytes, piece: bytes) -> None:
    name, colon, _ = old.partition(b":")
    data = RECORD.replace(old, name + colon + piece if colon else piece, 1)
    assert data != RECORD or piece in RECORD
    assert outcome(data) == by_looking(data)


ALPHABET = b"ABQgwEIM-_+/= \n\xe9".decode("latin-1")
READ: Callable[[object, int], bytes] = b64decode


@given(
    # From 384 bytes on texts are long, and read in another way.
    st.one_of(st.integers(1, 70), st.integers(384, 386)).flatmap(
        lambda length: st.tuples(
            st.just(length),
            st.lists(
                st.one_of(
                    st.binary(min_size=length, max_size=length).map(b64encode),
                    st.text(ALPHABET, max_size=(4 * length + 2) // 3 + 1),
                    st.tuples(
                        st.binary(min_size=length, max_size=length).map(b64encode),
                        st.sampled_from(ALPHABET),
                    ).map(lambda one: one[0][:-1] + one[1]),
                ),
                max_size=4,
            ),
        )
    )
)
def test_many_texts_are_read_as_each_alone(given_: tuple[int, list[str]]) -> None:
    length, texts = given_
    try:
        expected: object = [READ(one, length) for one in texts]
    except Refusal as refusal:
        expected = refusal.code
    try:
        found: object = b64decode_all(texts, length)
    except Refusal as refusal:
        found = refusal.code
    assert found == expected
