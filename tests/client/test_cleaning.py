"""Cleaning: whatever comes in, what comes out has nothing of what was told, or it is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import attempt, steady

from ephemeral.client.cleaning.clean import cleaned, kind_of
from ephemeral.protocol.errors import Refusal

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "cleaning.json"
CASES = json.loads(VECTORS.read_text("utf-8"))["cases"]
SAMPLES = [bytes.fromhex(one["in"]["data"]) for one in CASES]
SECRETS = (b"48.8583", b"SN-0271828182", b"2026:05:17", b"/Users/anna")


def test_neither_place_nor_serial_number_nor_date_nor_owner_is_left():
    met = dict.fromkeys(SECRETS, 0)
    for case in CASES:
        if case["expect"] == "success":
            before = bytes.fromhex(case["in"]["data"])
            after = cleaned(before)
            for secret in SECRETS:
                met[secret] += secret in before
                assert secret not in after
    assert min(met.values()) >= 10


GIF = b"GIF89a\1\0\1\0\0\0\0"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".ljust(33, b"\0")


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (GIF, b"\x21\xfe\0"),
        (PNG, b"\0\0\0\0IDAT\0\0\0\0"),
        (b"\xff\xd8", b"\xff\xfe\0\2"),
        (b"RIFF\x0c\x35\x0c\0WEBP", b"XMP \0\0\0\0"),
    ],
    ids=["gif", "png", "jpeg", "webp"],
)
def test_more_parts_than_any_picture_has_are_refused_before_they_fill_the_memory(head, part):
    with pytest.raises(Refusal) as refused:
        cleaned(head + part * 100_001)
    assert refused.value.details == {"why": "size"}


broken = st.builds(
    lambda data, at, patch, skipped: (
        data[: at % (len(data) + 1)] + patch + data[at % (len(data) + 1) + skipped :]
    ),
    st.sampled_from(SAMPLES),
    st.integers(0, 4000),
    st.binary(max_size=8),
    st.integers(0, 8),
)


@steady
@given(st.binary(max_size=60) | broken)
def test_anything_is_cleaned_once_for_all_or_refused(data):
    left = attempt({"not_cleaned"}, cleaned, data)
    if left is not None:
        assert kind_of(left[:16]) == kind_of(data[:16])
        assert cleaned(left) == left
