"""What becomes of a session that is refreshed: pure (docs/accounts.md, tokens).

A refresh token is `family(16) || counter(4) || HMAC-SHA-256(family secret, counter)`: it can be
made again, so that whoever lost an answer, and the second of two tabs, get the same one.
"""

import hmac
from enum import Enum
from typing import NamedTuple

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal

__all__ = [
    "ACCESS_MS",
    "DAY_MS",
    "DEVICE_DAYS",
    "PLAIN_DAYS",
    "Outcome",
    "RefreshToken",
    "SessionView",
    "read_refresh_token",
    "refresh_token",
    "refreshed",
]

DAY_MS = 86_400_000
#: How long an access token is good.
ACCESS_MS = 900_000
#: For how many days without a refresh a session stays, with a device and without.
DEVICE_DAYS, PLAIN_DAYS = 90, 1
#: How long the token before the present one is good without a device's proof.
GRACE_MS = 30_000

FAMILY_BYTES = 16
_MAC_BYTES = 32
_TOKEN_BYTES = FAMILY_BYTES + 4 + _MAC_BYTES


class RefreshToken(NamedTuple):
    """A refresh token as it was shown; who made it is not known yet."""

    sid: bytes
    counter: int
    mac: bytes

    def is_of(self, secret: bytes) -> bool:
        """Whether it was made of this family secret."""
        return hmac.compare_digest(self.mac, _mac(secret, self.counter))


class SessionView(NamedTuple):
    """A session as its owner sees it; days since 1970."""

    sid: bytes
    device: bytes | None
    created_day: int
    seen_day: int


class Outcome(Enum):
    """What a refresh does to its session."""

    ADVANCE = "the present token: its successor becomes that"
    REPEAT = "the one before: the same successor again"
    END = "any other: somebody has a copy"


def refresh_token(sid: bytes, secret: bytes, counter: int) -> str:
    """The token of this number."""
    return b64encode(sid + counter.to_bytes(4) + _mac(secret, counter))


def read_refresh_token(text: str) -> RefreshToken:
    """A token's parts; refuses `session_ended` what can't be one."""
    try:
        token = b64decode(text, _TOKEN_BYTES)
    except Refusal:
        raise Refusal("session_ended") from None
    after = FAMILY_BYTES + 4
    return RefreshToken(
        token[:FAMILY_BYTES], int.from_bytes(token[FAMILY_BYTES:after]), token[after:]
    )


def refreshed(present: int, shown: int, since: int, proved: bool) -> Outcome:
    """What is to be done where a token with a good MAC was shown.

    `present`: the number that counts, `since`: for how many milliseconds. `proved`: by a device's
    key, for whom the answer may have been lost for as long as its successor wasn't used.
    """
    if shown == present:
        return Outcome.ADVANCE
    if shown == present - 1 and (proved or since <= GRACE_MS):
        return Outcome.REPEAT
    return Outcome.END


def _mac(secret: bytes, counter: int) -> bytes:
    return hmac.digest(secret, counter.to_bytes(4), "sha256")
