"""Records are read in one glance as slowly as in two: nothing passes that canonical JSON is not."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.conversations.record_form import read_canonical
from ephemeral.protocol.errors import Refusal

PERSON = {"chain": "AA", "head": "BB", "role": "admin", "sequence": 0, "since": 1}
RECORD = canonical_json.encode(
    {
        "v": 1, "suite": 1, "conversation": "CC", "epoch": 3, "previous": "DD", "by": "EE",
        "commitment": "FF", "seen": 7, "log": "GG", "timer": 0, "joining": None,
        "people": [PERSON, PERSON],
        "devices": [{"device": "HH", "number": 1, "sealing": "II"}],
        "leaves": [{"chain": "AA", "device": "HH", "signature": "JJ", "since": 1}],
        "continues": {"conversation": "CC", "record": "KK"},
    }
)  # fmt: skip
PIECES = [
    b" ", b"1.0", b"1e0", b"-0", b"01", b"9007199254740992", b"9007199254740991", b"1" * 30,
    b"1e999", b"true", b"null", b'"\\u0041"', b'"/"', b'"\\/"', b'"\\u007f"', b'"\x7f"',
    b'"\\u001f"',
    b'"\\u001F"', b'"\\b"', b'"\\ud800"', b'"\\ud83d\\ude00"', '"é"'.encode(), b'"\xff"',
    b'"by":"EE",', b'"continues":{"conversation":"CC","record":"KK"},', b'"v":1', b"[" * 20, b"{}",
    b"[]", b",", b"\xef\xbb\xbf", b'"\xed\xa0\x80"',
]  # fmt: skip


def outcome(read: object, data: bytes) -> object:
    try:
        return json.dumps(read(data), sort_keys=True)  # type: ignore[operator]
    except Refusal as refusal:
        return refusal.code


def test_a_record_is_what_it_says() -> None:
    assert outcome(read_canonical, RECORD) == json.dumps(json.loads(RECORD), sort_keys=True)


@given(st.integers(0, len(RECORD)), st.integers(0, 20), st.sampled_from([b"", *PIECES]))
def test_whatever_is_changed_is_read_as_by_the_long_way(at: int, cut: int, piece: bytes) -> None:
    data = RECORD[:at] + piece + RECORD[at + cut :]
    assert outcome(read_canonical, data) == outcome(canonical_json.decode, data)


@given(st.sampled_from(PIECES))
def test_any_value_in_the_place_of_any_other(piece: bytes) -> None:
    for old in (b'"EE"', b"3", b"null", b'"admin"', b'[{"device":"HH","number":1,"sealing":"II"}]'):
        data = RECORD.replace(old, piece, 1)
        assert outcome(read_canonical, data) == outcome(canonical_json.decode, data)
