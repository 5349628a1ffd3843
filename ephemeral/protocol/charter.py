"""Charter: the rules of one room, written once by its creator. docs/protocol.md, section 5."""

import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import CHARTER_LIMITS, CHARTER_SIZE, ROOM_NONCE_SIZE, CharterLimits

__all__ = ["Charter", "Policy", "decode_charter", "verify_charter"]

VERSION = 1
_LAYOUT = struct.Struct(">BB32sBHII")
assert _LAYOUT.size == CHARTER_SIZE

_WRONG_MAC = (
    "The rules of this room are not those that its creator wrote. Don't join: "
    "the server, or somebody on the way, has changed them."
)


class Policy(IntEnum):
    """Who opens a message (8.6)."""

    FIRST_VIEW = 1
    EVERYONE = 2


@dataclass(frozen=True, slots=True)
class Charter:
    """`nonce` is the room nonce (32 bytes); both times to live are seconds."""

    suite: int
    nonce: bytes
    policy: Policy
    seats: int
    message_ttl: int
    room_ttl: int

    def encode(self) -> bytes:
        """The 45 bytes. Refuses only what doesn't fit into them (`charter_limits`)."""
        assert len(self.nonce) == ROOM_NONCE_SIZE, "a room nonce has 32 bytes"
        try:
            return _LAYOUT.pack(
                VERSION,
                self.suite,
                self.nonce,
                self.policy,
                self.seats,
                self.message_ttl,
                self.room_ttl,
            )
        except struct.error:
            raise Refusal("charter_limits") from None

    def mac(self, charter_key: bytes) -> bytes:
        """The creator's proof that these are the rules: 32 bytes."""
        return hmac.digest(charter_key, self.encode(), "sha256")


def decode_charter(
    data: bytes, *, suite: int | None, limits: CharterLimits = CHARTER_LIMITS
) -> Charter:
    """What the server may know of a charter, in the order of 5.2.

    `suite` is the only one accepted, or None for whichever the charter names; `limits` are those
    of the server's configuration. The mac is not looked at: only those who have the code can.
    """
    refuse(len(data) != CHARTER_SIZE, "charter_length")
    version, named_suite, nonce, policy, seats, message_ttl, room_ttl = _LAYOUT.unpack(data)
    refuse(version != VERSION, "charter_version")
    refuse(suite is not None and named_suite != suite, "charter_suite")
    refuse(policy not in {Policy.FIRST_VIEW, Policy.EVERYONE}, "charter_policy")
    refuse(
        not limits.seats[0] <= seats <= limits.seats[1]
        or not limits.message_ttl[0] <= message_ttl <= limits.message_ttl[1]
        or not limits.room_ttl[0] <= room_ttl <= limits.room_ttl[1],
        "charter_limits",
    )
    return Charter(named_suite, nonce, Policy(policy), seats, message_ttl, room_ttl)


def verify_charter(data: bytes, mac: bytes, charter_key: bytes, suite: int) -> Charter:
    """What a joiner must do before it takes a seat or derives content keys (5.3).

    `suite` is the server's. Nothing in the charter but its length is looked at before the mac.
    """
    refuse(len(data) != CHARTER_SIZE, "charter_length")
    expected = hmac.digest(charter_key, data, "sha256")
    refuse(not hmac.compare_digest(mac, expected), "charter_mac", _WRONG_MAC)
    return decode_charter(data, suite=suite)
