"""The second layer: how payloads are sealed, and how the keys that open them are wrapped.

Three layers of keys, each 32 bytes, each only ever used with AES-256-GCM:

* a *data key* seals one payload, or the chunks of one attachment, and nothing else;
* an *epoch key* wraps data keys for a short time;
* the *key encryption key*, derived from ``ENCRYPTION_KEY``, wraps epoch keys and the index
  key in the files of ``KEYRING_DIR``.

Formats, all integers big-endian (``docs/keyring.md`` gives the reasons)::

    sealed body   = 01 || nonce(12) || AES-256-GCM(data key, nonce, plaintext, A1)
      A1          = "ephemeral/v1/server/payload" 00 || kind 00 || payload id(16)
      kind        = "message" | "profile" | "resume" | those of accounts: "token-key" | "family" |
                    "device-name" | "sealing-key" | "share" | "pins" | "link" | "history" |
                    "contact-request" | "contact-invitation" | "contact-redemption" |
                    "operator" | "report" |
                    those of conversations: "record" | "segment-key" | "box-key" | "join"
                    that of files: "file-info"

    wrapped key   = 01 || nonce(12) || AES-256-GCM(epoch key, nonce, data key(32), A2)
      A2          = "ephemeral/v1/server/data-key" 00 || epoch id(8) || payload id(16)

    sealed chunk  = 01 || nonce(12) || AES-256-GCM(data key, nonce, plaintext, A3)
      A3          = "ephemeral/v1/server/attachment" 00 || payload id(16) || chunk(4)

    key file      = header(18) || nonce(12) || AES-256-GCM(KEK, nonce, key(32), header)
      header      = "ephemkey" || 01 || kind(1) || epoch id(8)
      kind        = 01 index key (epoch id 0) | 02 epoch key (epoch id from 1)
      KEK         = HKDF-SHA-256(ENCRYPTION_KEY, no salt, "ephemeral/v1/server/keyring", 32)

GCM ciphertexts end with their 16-byte tag. Randomness is an argument: ``random(n)`` gives n
fresh bytes from the system's generator. No exception of this module holds any data.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Random = Callable[[int], bytes]
Kind = Literal[
    "message", "profile", "resume",
    "token-key", "family", "device-name", "sealing-key", "share", "pins", "link", "history", "push",
    "contact-request", "contact-invitation", "contact-redemption",
    "operator", "report",
    "record", "segment-key", "box-key", "join",
    "file-info",
]  # fmt: skip

KEY_BYTES = 32
PAYLOAD_ID_BYTES = 16
WRAPPED_BYTES = 61
SEALED_OVERHEAD = 29
#: What `seal_wrapped` draws.
SEALING_BYTES = 56
KEY_FILE_BYTES = 78

_VERSION = b"\x01"
_NONCE_BYTES = 12

_PAYLOAD = b"ephemeral/v1/server/payload\0"
_DATA_KEY = b"ephemeral/v1/server/data-key\0"
_CHUNK = b"ephemeral/v1/server/attachment\0"
_KEYRING = b"ephemeral/v1/server/keyring"
_CONTEXT: dict[Kind, bytes] = {kind: _PAYLOAD + kind.encode() + b"\0" for kind in get_args(Kind)}

_MAGIC = b"ephemkey"
_HEADER_BYTES = 18
_INDEX_KIND = b"\x01"
_EPOCH_KIND = b"\x02"
_LAST_EPOCH = 2**63 - 1


class SealBroken(Exception):
    """Bytes that don't open under this key for this purpose: damaged, exchanged or not ours."""


class KeyFileMalformed(Exception):
    """Bytes that can't be the key file asked for, whatever the key; the text says why."""


class KeyringUnusable(Exception):
    """The keyring can't be used as it stands; the text is for the operator and shows no key."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload as it is stored, and the data key that must be wrapped before it may be.

    ``data_key`` is kept so that a batch which lost its epoch can wrap again without sealing again.
    """

    body: bytes
    data_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EpochKey:
    """An epoch key under the id of its row; the cipher is made once, not once a message."""

    id: int
    key: bytes = field(repr=False)
    cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.id <= _LAST_EPOCH:
            raise ValueError("an epoch id is a positive bigint")
        object.__setattr__(self, "cipher", _cipher(self.key))


def seal(payload_id: bytes, kind: Kind, plaintext: bytes, random: Random) -> Sealed:
    """Seal one payload under a data key of its own.

    The body is 29 bytes longer than the plaintext. ``payload_id`` is 16 bytes, new for each
    payload: with the kind it is bound, so that rows can't be exchanged for one another.
    """
    drawn = _draw(random, KEY_BYTES + _NONCE_BYTES)
    data_key, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:]
    sealed = AESGCM(data_key).encrypt(nonce, plaintext, _payload_context(payload_id, kind))
    return Sealed(_VERSION + nonce + sealed, data_key)


def open_sealed(body: bytes, data_key: bytes, payload_id: bytes, kind: Kind) -> bytes:
    """The plaintext of a sealed body; raises SealBroken."""
    if len(body) < SEALED_OVERHEAD:
        raise SealBroken
    return _decrypt(_cipher(data_key), body, _payload_context(payload_id, kind))


def seal_chunk(
    data_key: bytes, payload_id: bytes, chunk: int, plaintext: bytes, random: Random
) -> bytes:
    """Seal one chunk of an attachment, 29 bytes longer; under a nonce of its own each time."""
    nonce = _draw(random, _NONCE_BYTES)
    context = _chunk_context(payload_id, chunk)
    return _VERSION + nonce + _cipher(data_key).encrypt(nonce, plaintext, context)


def open_chunk(body: bytes, data_key: bytes, payload_id: bytes, chunk: int) -> bytes:
    """The plaintext of a sealed chunk; raises SealBroken."""
    if len(body) < SEALED_OVERHEAD:
        raise SealBroken
    return _decrypt(_cipher(data_key), body, _chunk_context(payload_id, chunk))


def wrap(epoch_key: EpochKey, payload_id: bytes, data_key: bytes, random: Random) -> bytes:
    """The 61 bytes from which only the epoch key gets the data key back."""
    _require("data key", data_key, KEY_BYTES)
    nonce = _draw(random, _NONCE_BYTES)
    context = _data_key_context(epoch_key.id, payload_id)
    return _VERSION + nonce + epoch_key.cipher.encrypt(nonce, data_key, context)


def seal_wrapped(
    epoch_key: EpochKey, payload_id: bytes, kind: Kind, plaintext: bytes, random: Random
) -> tuple[bytes, bytes]:
    """A sealed body, and its data key wrapped: `seal` and `wrap`, of 56 random bytes."""
    sealed = seal(payload_id, kind, plaintext, random)
    return sealed.body, wrap(epoch_key, payload_id, sealed.data_key, random)


def unwrap(epoch_key: EpochKey, payload_id: bytes, wrapped: bytes) -> bytes:
    """The data key of a payload; raises SealBroken."""
    if len(wrapped) != WRAPPED_BYTES:
        raise SealBroken
    return _decrypt(epoch_key.cipher, wrapped, _data_key_context(epoch_key.id, payload_id))


def encode_key_file(encryption_key: bytes, epoch: int | None, key: bytes, random: Random) -> bytes:
    """The 78 bytes of a key file: of the epoch with that id, or of the index key for None."""
    _require("key", key, KEY_BYTES)
    header = _key_file_header(epoch)
    nonce = _draw(random, _NONCE_BYTES)
    return header + nonce + _key_encryption_cipher(encryption_key).encrypt(nonce, key, header)


def decode_key_file(encryption_key: bytes, epoch: int | None, content: bytes) -> bytes:
    """The key in a key file.

    Raises KeyFileMalformed when the bytes aren't a key file of this version for this very key,
    SealBroken when they are but don't open under this ``ENCRYPTION_KEY``.
    """
    check_key_file(epoch, content)
    nonce, wrapped = content[_HEADER_BYTES:][:_NONCE_BYTES], content[_HEADER_BYTES + _NONCE_BYTES :]
    try:
        return _key_encryption_cipher(encryption_key).decrypt(
            nonce, wrapped, content[:_HEADER_BYTES]
        )
    except InvalidTag:
        raise SealBroken from None


def check_key_file(epoch: int | None, content: bytes) -> None:
    """Raise KeyFileMalformed unless the bytes have the form of this key's file."""
    if len(content) != KEY_FILE_BYTES:
        raise KeyFileMalformed(f"it has {len(content)} bytes instead of {KEY_FILE_BYTES}")
    magic = len(_MAGIC)
    if content[:magic] != _MAGIC:
        raise KeyFileMalformed("it isn't a key file")
    if content[magic : magic + 1] != _VERSION:
        raise KeyFileMalformed(f"it has version {content[magic]}, which this program doesn't know")
    if content[:_HEADER_BYTES] != _key_file_header(epoch):
        raise KeyFileMalformed("it holds another key than its name says")


def _payload_context(payload_id: bytes, kind: Kind) -> bytes:
    _require("payload id", payload_id, PAYLOAD_ID_BYTES)
    return _CONTEXT[kind] + payload_id


def _chunk_context(payload_id: bytes, chunk: int) -> bytes:
    _require("payload id", payload_id, PAYLOAD_ID_BYTES)
    return _CHUNK + payload_id + chunk.to_bytes(4)


def _data_key_context(epoch: int, payload_id: bytes) -> bytes:
    _require("payload id", payload_id, PAYLOAD_ID_BYTES)
    return _DATA_KEY + epoch.to_bytes(8) + payload_id


def _key_file_header(epoch: int | None) -> bytes:
    if epoch is None:
        return _MAGIC + _VERSION + _INDEX_KIND + bytes(8)
    if not 1 <= epoch <= _LAST_EPOCH:
        raise ValueError("an epoch id is a positive bigint")
    return _MAGIC + _VERSION + _EPOCH_KIND + epoch.to_bytes(8)


def _key_encryption_cipher(encryption_key: bytes) -> AESGCM:
    _require("encryption key", encryption_key, KEY_BYTES)
    return AESGCM(
        HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_KEYRING).derive(encryption_key)
    )


def _cipher(key: bytes) -> AESGCM:
    # AESGCM also takes 16 and 24 bytes: a truncated key must not become a weaker cipher.
    _require("key", key, KEY_BYTES)
    return AESGCM(key)


def _decrypt(cipher: AESGCM, versioned: bytes, context: bytes) -> bytes:
    if versioned[:1] != _VERSION:
        raise SealBroken
    try:
        return cipher.decrypt(
            versioned[1 : 1 + _NONCE_BYTES], versioned[1 + _NONCE_BYTES :], context
        )
    except InvalidTag:
        raise SealBroken from None


def _draw(random: Random, length: int) -> bytes:
    return _require("randomness", random(length), length)


def _require(name: str, value: bytes, length: int) -> bytes:
    if len(value) != length:
        raise ValueError(f"the {name} must be {length} bytes")
    return value
