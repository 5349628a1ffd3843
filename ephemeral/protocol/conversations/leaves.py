"""Leaving: a person's own word, which any member may act on. docs/conversations.md, 8.1."""

from ephemeral.protocol.accounts.signing import SigningKey, verify
from ephemeral.protocol.accounts.statements import device_id
from ephemeral.protocol.conversations.records import Leave

__all__ = ["sign_leave", "verify_leave"]


def _signed(conversation: bytes, chain: bytes, since: int) -> bytes:
    return conversation + chain + since.to_bytes(8, "big")


def sign_leave(key: SigningKey, conversation: bytes, chain: bytes, since: int) -> Leave:
    """`Sign(device, "leave", conversation || chain || u64(since))`; `since` as in the record, so
    that who was added again later can't be taken out by it."""
    signature = key.sign("leave", _signed(conversation, chain, since))
    return Leave(chain, since, device_id(key.public), signature)


def verify_leave(conversation: bytes, leave: Leave, key: bytes) -> bool:
    """Whether the device with this Ed25519 key signed it."""
    return verify(key, "leave", _signed(conversation, leave.chain, leave.since), leave.signature)
