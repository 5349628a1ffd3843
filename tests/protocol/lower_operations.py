"""Operations of the vectors below and beside the protocol: primitives, and the server's own layer.

The primitives are those of the libraries, called as the package calls them.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.errors import Refusal
from ephemeral.sealing import seals

__all__ = ["LOWER"]


def aead_seal(key, nonce, ad, plaintext):
    return {"sealed": AESGCM(key).encrypt(nonce, plaintext, ad)}


def aead_open(key, nonce, ad, sealed):
    try:
        return {"plaintext": AESGCM(key).decrypt(nonce, sealed, ad)}
    except InvalidTag:
        raise Refusal("envelope_open") from None


def sha256(data):
    return {"hash": hashlib.sha256(data).digest()}


def mac(key, data):
    return {"mac": hmac.digest(key, data, "sha256")}


def hkdf(ikm, salt, info, length):
    return {"okm": HKDF(SHA256(), length, salt, info).derive(ikm)}


def pbkdf2(password, salt, rounds, length):
    return {"key": hashlib.pbkdf2_hmac("sha256", password, salt, rounds, length)}


def argon2id(password, salt, memory_kib, passes, lanes, length):
    key = hash_secret_raw(
        password,
        salt,
        time_cost=passes,
        memory_cost=memory_kib,
        parallelism=lanes,
        hash_len=length,
        type=Type.ID,
    )
    return {"key": key}


def refusing(work: Callable[[], Any]) -> Any:
    """The server's own layer has exceptions of its own, since nobody is told."""
    try:
        return work()
    except seals.SealBroken:
        raise Refusal("seal_broken") from None
    except seals.KeyFileMalformed:
        raise Refusal("key_file_malformed") from None


def seal_payload(data_key, payload, kind, nonce, plaintext):
    sealed = seals.seal(payload, kind, plaintext, lambda _: data_key + nonce)
    assert sealed.data_key == data_key
    return {"body": sealed.body}


def open_payload(data_key, payload, kind, body):
    return {"plaintext": refusing(lambda: seals.open_sealed(body, data_key, payload, kind))}


def seal_stored_chunk(data_key, payload, chunk, nonce, plaintext):
    return {"body": seals.seal_chunk(data_key, payload, chunk, plaintext, lambda _: nonce)}


def open_stored_chunk(data_key, payload, chunk, body):
    return {"plaintext": refusing(lambda: seals.open_chunk(body, data_key, payload, chunk))}


def wrap_key(epoch, epoch_key, payload, nonce, data_key):
    key = seals.EpochKey(epoch, epoch_key)
    return {"wrapped": seals.wrap(key, payload, data_key, lambda _: nonce)}


def unwrap_key(epoch, epoch_key, payload, wrapped):
    key = seals.EpochKey(epoch, epoch_key)
    return {"data_key": refusing(lambda: seals.unwrap(key, payload, wrapped))}


def write_key_file(encryption_key, nonce, key, epoch=None):
    return {"file": seals.encode_key_file(encryption_key, epoch, key, lambda _: nonce)}


def read_key_file(encryption_key, file, epoch=None):
    return {"key": refusing(lambda: seals.decode_key_file(encryption_key, epoch, file))}


LOWER = {
    "hmac": mac,
    **{
        function.__name__: function
        for function in (
            aead_seal,
            aead_open,
            sha256,
            hkdf,
            pbkdf2,
            argon2id,
            seal_payload,
            open_payload,
            seal_stored_chunk,
            open_stored_chunk,
            wrap_key,
            unwrap_key,
            write_key_file,
            read_key_file,
        )
    },
}
