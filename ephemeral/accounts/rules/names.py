"""Keyed hashes by which the database names what it must not hold.

Keyed as `sealing/fingerprints.py` says, each under a label of its own. Whoever steals the database
without ``index.key`` can't test a guessed address, invitation or identity against it.
"""

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = ["INVITATION_BYTES", "address_hash", "identity_hash", "invitation_hash"]

INVITATION_BYTES = 16

_ADDRESS = b"ephemeral/v1/server/address\0"
_INVITATION = b"ephemeral/v1/server/invitation\0"
_IDENTITY = b"ephemeral/v1/server/identity\0"


def address_hash(index_key: bytes, address: str) -> bytes:
    """The 32 bytes that name an account's address, which has been read (`read_address`)."""
    return keyed(index_key, _ADDRESS, address.encode())


def invitation_hash(index_key: bytes, invitation: bytes) -> bytes:
    """The 32 bytes stored for an invitation of 16 bytes."""
    return keyed(index_key, _INVITATION, sized("invitation", invitation, INVITATION_BYTES))


def identity_hash(index_key: bytes, issuer: str, subject: str) -> bytes:
    """The 32 bytes that name an identity; no issuer has a zero byte in its address."""
    return keyed(index_key, _IDENTITY, issuer.encode() + b"\0" + subject.encode())
