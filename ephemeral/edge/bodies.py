"""What the bodies of all wings' requests have in common.

Decoding is strict. Bytes are text until the body is unpacked, and documented by their length; it is
checked where they are decoded.
"""

import re

from msgspec import Meta, Struct

from ephemeral.protocol.limits import WAIT_SECONDS_MAX

__all__ = ["Strict", "at_most", "preferred_wait", "sized"]

# RFC 7240, section 4.3.
_WAIT = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


class Strict(Struct, forbid_unknown_fields=True, gc=False):
    """No key that isn't asked for."""


def sized(length: int, what: str) -> Meta:
    """The note on a text that holds so many bytes."""
    digits = _digits(length)
    return Meta(
        description=f"{what}: {length} bytes in base64url without padding",
        extra_json_schema={
            "minLength": digits,
            "maxLength": digits,
            "pattern": f"^[A-Za-z0-9_-]{{{digits}}}$",
        },
    )


def at_most(length: int, what: str) -> Meta:
    """The note on a text that holds one to so many bytes."""
    return Meta(
        description=f"{what}, at most {length} bytes, in base64url without padding",
        extra_json_schema={
            "minLength": 2,
            "maxLength": _digits(length),
            "pattern": "^[A-Za-z0-9_-]+$",
        },
    )


def preferred_wait(prefer: str) -> int:
    """How many seconds who asks would wait for an answer, by the header `Prefer`; 0 for none."""
    asked = [_WAIT.fullmatch(one) for one in prefer.split(",")]
    return min(next((int(one[1]) for one in asked if one is not None), 0), WAIT_SECONDS_MAX)


def _digits(length: int) -> int:
    return (length * 8 + 5) // 6
