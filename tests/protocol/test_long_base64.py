"""Long texts are read by another library than short ones, and by the same rules."""

import binascii
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.protocol.encoding import b64decode, b64decode_all, b64encode
from ephemeral.protocol.errors import Refusal

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LENGTHS = [*range(370, 400), *range(508, 520), 1024, 4096, 65_534, 65_535, 65_536]


def slowly(text: str) -> bytes:
    """RFC 4648, section 5, digit by digit; ValueError for what isn't canonical."""
    if len(text) % 4 == 1:
        raise ValueError
    bits = "".join(f"{DIGITS.index(one):06b}" for one in text)
    whole = len(bits) // 8 * 8
    if "1" in bits[whole:]:
        raise ValueError
    return bytes(int(bits[at : at + 8], 2) for at in range(0, whole, 8))


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_written_is_read_and_is_what_the_standard_says(length: int):
    data = os.urandom(length)
    text = b64encode(data)
    assert text == binascii.b2a_base64(data, newline=False).decode().translate(
        str.maketrans("+/", "-_", "=")
    )
    assert b64decode(text) == data
    assert b64decode(text, length) == data


@given(
    st.integers(480, 1100),
    st.lists(st.tuples(st.integers(0, 2000), st.sampled_from([*"+/= \n\0Aé\u2028_-~", "", "=="]))),
)
def test_any_change_of_a_long_text_is_read_as_a_short_one_would_be(
    length: int, changes: list[tuple[int, str]]
):
    text = b64encode(bytes(range(256)) * 4)[:length]
    for place, sign in changes:
        at = place % len(text)
        text = text[:at] + sign + text[at + 1 :]
    try:
        expected = slowly(text)
    except ValueError:
        with pytest.raises(Refusal, match=r"^malformed$"):
            b64decode(text)
    else:
        assert b64decode(text) == expected


@pytest.mark.parametrize("end", ["=", "==", "===", "====", "A===", "\n", "+", "/"])
@pytest.mark.parametrize("rest", range(4))
def test_no_padding_and_no_sign_of_the_other_alphabet(rest: int, end: str):
    text = "A" * (600 + rest)
    for changed in (text + end, text[: -len(end)] + end, end + text, text[:300] + end + text[300:]):
        with pytest.raises(Refusal, match=r"^malformed$"):
            b64decode(changed)
        with pytest.raises(Refusal, match=r"^malformed$"):
            b64decode_all([changed, changed], len(changed) * 6 // 8)
