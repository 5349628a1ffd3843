"""What the tests of arbitrary input share: strategies, and a parser's outcome."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from ephemeral.protocol.errors import Refusal

# As many examples as the profile of this run says (tests/conftest.py): few, the same in every run,
# or very many in `make fuzz`.
steady = settings()
# Where each example is a connection to a server.
connected = settings(max_examples=steady.max_examples // 10)

#: Text with lone surrogates too, as arguments of a command line can hold them.
any_text = st.text(st.characters(exclude_categories=())) | st.text()
any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
ids = st.binary(min_size=16, max_size=16)


def outcome(parser, *arguments, **named):
    """(value, None), or (None, the refusal). Anything else that is raised fails the test."""
    try:
        return parser(*arguments, **named), None
    except Refusal as refusal:
        return None, refusal


def told(kinds, function, *arguments):
    """(value, None), or (None, what an error of one of these kinds says)."""
    try:
        return function(*arguments), None
    except kinds as error:
        return None, str(error)


def attempt(codes, parser, *arguments, **named):
    """What the parser gives, or None if it refuses with one of `codes`."""
    value, refusal = outcome(parser, *arguments, **named)
    assert refusal is None or refusal.code in codes
    return value


def refusal_of(parser, *arguments, **named):
    with pytest.raises(Refusal) as raised:
        parser(*arguments, **named)
    return raised.value.code


def changed(data, at, bit):
    """`data` with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
