"""The number that two people compare: docs/accounts.md, section 12."""

import hashlib

from ephemeral.protocol.accounts.derivation import labelled

__all__ = ["digits", "safety_number"]

_ROUNDS = 5_200
_GROUPS = 12


def safety_number(one: bytes, other: bytes) -> str:
    """60 digits in 12 groups of five, the same for both: of the two chains' ids, not of devices."""
    named = labelled("safety", *sorted((one, other)))
    digest = b""
    for _ in range(_ROUNDS):
        digest = hashlib.sha512(digest + named).digest()
    return digits(digest)


def digits(digest: bytes) -> str:
    """The first 60 bytes of a SHA-512 as 12 groups of five digits."""
    groups = (digest[5 * at : 5 * at + 5] for at in range(_GROUPS))
    return " ".join(f"{int.from_bytes(group, 'big') % 100_000:05}" for group in groups)
