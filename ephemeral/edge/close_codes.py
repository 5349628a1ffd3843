"""With which code a socket is closed (docs/protocol.md, 11.7). Wings add codes of their own."""

from collections.abc import Mapping

from ephemeral.protocol.errors import Refusal

__all__ = ["FAULT", "GONE", "LEFT", "NO_TEXT", "RESTART", "SILENT", "SLOW", "of"]

#: There is nobody left to close; no code of the protocol.
GONE = 0
LEFT = 1000
NO_TEXT = 1007
FAULT = 1011
RESTART = 1012
SILENT = 4408
SLOW = 4413

_CODES = {
    "malformed": 4400,
    "unauthorized": 4401,
    "too_many": 4429,
    "unavailable": RESTART,
}


def of(refusal: Refusal, more: Mapping[str, int]) -> int:
    """The code for a refusal that ends a socket; `more` are those of the socket's wing."""
    return more.get(refusal.code) or _CODES.get(refusal.code, FAULT)
