"""The key of what a device stores: half its own, half the server's. docs/accounts.md, 10."""

from ephemeral.protocol.accounts.derivation import derived

__all__ = ["SHARE_SIZE", "storage_key"]

SHARE_SIZE = 32


def storage_key(local: bytes, share: bytes) -> bytes:
    """`HKDF(local || share, "", "storage")`: 32 bytes, which neither half gives alone."""
    assert len(local) == len(share) == SHARE_SIZE, "both halves have 32 bytes"
    return derived(local + share, "storage")
