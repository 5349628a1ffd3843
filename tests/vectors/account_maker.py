"""The formulas of docs/accounts.md, written a second time for its vectors."""

import hashlib
import json
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from maker import b64, drawn, hkdf

ZERO = bytes(32)
NONE = bytes(16)
GENESIS, ADD, REMOVE, RECOVER, CLOSE = 1, 2, 3, 4, 5


def labelled(label: str, *parts: bytes) -> bytes:
    return b"ephemeral/v1/" + label.encode() + b"\x00" + b"".join(parts)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def derived(secret: bytes, word: str) -> bytes:
    return hkdf(secret, b"", "ephemeral/v1/account/" + word)


def stretched(password: bytes, salt: bytes) -> bytes:
    return hash_secret_raw(password, salt, 3, 65_536, 1, 32, Type.ID)


def signed_by(seed: bytes, label: str, data: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(labelled(label, data))


def public_of(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def id_of(key: bytes) -> bytes:
    return sha(labelled("device", key))[:16]


def canonical(value: Any) -> bytes:
    """Good for the contents that the vectors have, whose keys are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def padded(content: bytes, length: int | None = None, block: int = 1024) -> bytes:
    written = len(content) if length is None else length
    data = written.to_bytes(4, "big") + content
    return data + bytes(-len(data) % block)


def gcm(key: bytes, nonce: bytes, plaintext: bytes, ad: bytes) -> bytes:
    return nonce + AESGCM(key).encrypt(nonce, plaintext, ad)


def statement(
    kind: int,
    *,
    version: int = 1,
    chain: bytes = ZERO,
    sequence: int = 0,
    previous: bytes = ZERO,
    device: bytes = NONE,
    key: bytes = ZERO,
    recovery: bytes = ZERO,
    recovery_seal: bytes = ZERO,
    signer: bytes = NONE,
) -> bytes:
    head = bytes([version, kind]) + chain + sequence.to_bytes(4, "big") + previous
    return head + device + key + recovery + recovery_seal + signer


class Person:
    """A device, or whoever has the recovery words."""

    def __init__(self, name: str) -> None:
        self.seed = drawn(f"accounts/{name}", 32)
        self.key = public_of(self.seed)
        self.id = id_of(self.key)

    def sign(self, label: str, data: bytes) -> bytes:
        return signed_by(self.seed, label, data)


class History:
    """A chain that grows: what was said so far, and what a statement has to say next."""

    def __init__(self, *said: bytes, recovery: Person, seal: bytes) -> None:
        self.said = list(said)
        self.recovery = recovery
        self.seal = seal

    def after(self, *said: bytes) -> "History":
        return History(*self.said, *said, recovery=self.recovery, seal=self.seal)

    @property
    def id(self) -> bytes:
        return sha(self.said[0][:198]) if self.said else ZERO

    @property
    def head(self) -> bytes:
        return sha(self.said[-1][:198]) if self.said else ZERO

    def next(self, kind: int, signer: Person, who: Person | None = None, /, **lies: Any) -> bytes:
        """The signed statement that belongs here, but for the fields that lie."""
        adds = kind in {GENESIS, ADD, RECOVER}
        consenting = lies.pop("consenting", who)
        consented = lies.pop("consented", None)
        signing = lies.pop("signing", signer)
        fields: dict[str, Any] = {
            "chain": self.id,
            "sequence": len(self.said),
            "previous": self.head,
            "device": who.id if who else NONE,
            "key": who.key if who and adds else ZERO,
            "recovery": self.recovery.key,
            "recovery_seal": self.seal,
            "signer": NONE if signer is self.recovery else signer.id,
        } | lies
        made = statement(kind, **fields)
        signed = made + signing.sign("chain", made)
        if kind in {ADD, RECOVER}:
            assert consenting is not None
            agreed = fields["chain"] + fields["device"] if consented is None else consented
            signed += consenting.sign("consent", agreed)
        return signed

    def state(self) -> dict[str, Any]:
        return {"chain": self.id, "sequence": len(self.said) - 1, "head": self.head}

    def pin(self) -> dict[str, Any]:
        return {"chain": self.id.hex(), "sequence": len(self.said) - 1, "head": self.head.hex()}


def content_of(value: dict[str, Any]) -> dict[str, Any]:
    """The same with its bytes as base64url."""
    return {
        key: b64(one)
        if isinstance(one, bytes)
        else content_of(one)
        if isinstance(one, dict)
        else one
        for key, one in value.items()
    }
