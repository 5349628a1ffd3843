"""Sealing keys: what others seal to, signed by the device it belongs to. docs/accounts.md, 6."""

from typing import NamedTuple

from ephemeral.protocol.accounts.hpke import PUBLIC_SIZE
from ephemeral.protocol.accounts.signing import SigningKey, verify

__all__ = ["SealingKey", "sign_sealing", "verify_sealing"]

_U32_MAX = 2**32 - 1


class SealingKey(NamedTuple):
    """`number` rises with each key of a device, from 1; `day` is days since 1970; `public` has
    1,216 bytes."""

    number: int
    day: int
    public: bytes


def _signed(chain: bytes, device: bytes, sealing: SealingKey) -> bytes:
    numbers = sealing.number.to_bytes(4, "big") + sealing.day.to_bytes(4, "big")
    return chain + device + numbers + sealing.public


def sign_sealing(key: SigningKey, chain: bytes, device: bytes, sealing: SealingKey) -> bytes:
    """`Sign(device, "sealing", chain || device || u32 number || u32 day || public)`."""
    return key.sign("sealing", _signed(chain, device, sealing))


def verify_sealing(
    public: bytes, chain: bytes, device: bytes, sealing: SealingKey, signature: bytes
) -> bool:
    """Whether the device that has the Ed25519 key `public` says that this key is its own."""
    fits = (
        1 <= sealing.number <= _U32_MAX
        and 0 <= sealing.day <= _U32_MAX
        and len(sealing.public) == PUBLIC_SIZE
    )
    return fits and verify(public, "sealing", _signed(chain, device, sealing), signature)
