"""With which code a socket is closed (docs/protocol.md, 11.7)."""

from ephemeral.protocol.errors import Refusal

__all__ = [
    "ENDED",
    "FAULT",
    "GONE",
    "LEFT",
    "LOST",
    "NO_TEXT",
    "REPLACED",
    "RESTART",
    "SILENT",
    "SLOW",
    "of",
]

#: There is nobody left to close; no code of the protocol.
GONE = 0
LEFT = 1000
NO_TEXT = 1007
FAULT = 1011
RESTART = 1012
LOST = 4401
SILENT = 4408
REPLACED = 4409
ENDED = 4410
SLOW = 4413

_CODES = {
    "malformed": 4400,
    "unauthorized": LOST,
    "seat_unknown": LOST,
    "room_unknown": 4404,
    "replaced": REPLACED,
    "too_many": 4429,
    "unavailable": RESTART,
}


def of(refusal: Refusal) -> int:
    """The code for a refusal that ends a socket."""
    return _CODES.get(refusal.code, FAULT)
