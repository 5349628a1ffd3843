"""Keyed hashes by which the database names what it must not hold.

Keyed as `sealing/fingerprints.py` says, each under a label of its own. Whoever steals the database
without ``index.key`` can't test a guessed address, invitation or identity against it.
"""

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = [
    "INVITATION_BYTES",
    "REQUEST_BYTES",
    "address_hash",
    "asked_hash",
    "identity_hash",
    "invitation_hash",
    "person_invitation_hash",
    "request_name",
]

INVITATION_BYTES = 16
REQUEST_BYTES = 16

_ADDRESS = b"ephemeral/v1/server/address\0"
_INVITATION = b"ephemeral/v1/server/invitation\0"
_IDENTITY = b"ephemeral/v1/server/identity\0"
_ASKED = b"ephemeral/v1/server/asked-address\0"
_REQUEST = b"ephemeral/v1/server/contact-request\0"
_PERSON_INVITATION = b"ephemeral/v1/server/contact-invitation\0"


def address_hash(index_key: bytes, address: str) -> bytes:
    """The 32 bytes that name an account's address, which has been read (`read_address`)."""
    return keyed(index_key, _ADDRESS, address.encode())


def invitation_hash(index_key: bytes, invitation: bytes) -> bytes:
    """The 32 bytes stored for an invitation of 16 bytes."""
    return keyed(index_key, _INVITATION, sized("invitation", invitation, INVITATION_BYTES))


def identity_hash(index_key: bytes, issuer: str, subject: str) -> bytes:
    """The 32 bytes that name an identity; no issuer has a zero byte in its address."""
    return keyed(index_key, _IDENTITY, issuer.encode() + b"\0" + subject.encode())


def asked_hash(index_key: bytes, address: bytes) -> bytes:
    """The 32 bytes under which requests wait for an address, of its `address_hash`.

    They are kept whether anybody has the address or not, also when its account is deleted: nothing
    that is stored of an account is found in them.
    """
    return keyed(index_key, _ASKED, sized("address", address, 32))


def request_name(index_key: bytes, account: bytes, address: bytes) -> bytes:
    """The 16 bytes that name what this account asks of an address, by its `address_hash`."""
    who = sized("account", account, 16) + sized("address", address, 32)
    return keyed(index_key, _REQUEST, who)[:REQUEST_BYTES]


def person_invitation_hash(index_key: bytes, invitation: bytes) -> bytes:
    """The 32 bytes stored for an invitation from one person to another, of 16 bytes."""
    return keyed(index_key, _PERSON_INVITATION, sized("invitation", invitation, INVITATION_BYTES))
