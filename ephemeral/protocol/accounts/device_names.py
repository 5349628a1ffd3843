"""The names of an account's devices, sealed for its own devices (docs/accounts.md).

All have one length: a server sees neither the name nor how long it is.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE, NONCE_SIZE

__all__ = ["DEVICE_NAME_MAX", "SEALED_NAME_SIZE", "open_name", "seal_name"]

#: UTF-8 bytes of a device's name.
DEVICE_NAME_MAX = 80
_PADDED = 1 + DEVICE_NAME_MAX
SEALED_NAME_SIZE = NONCE_SIZE + _PADDED + 16
_LABEL = b"ephemeral/v1/account/device-name\0"


def seal_name(key: bytes, device: bytes, name: str, nonce: bytes) -> bytes:
    """A device's name under the account's `names_key`. Refuses one of another length, `device_name`."""
    assert len(key) == KEY_SIZE, "the key of names has 32 bytes"
    assert len(device) == ID_SIZE, "a device's id has 16 bytes"
    try:
        text = name.encode()
    except UnicodeEncodeError:
        raise Refusal("malformed") from None
    refuse(not 1 <= len(text) <= DEVICE_NAME_MAX, "device_name", _WRONG)
    padded = (bytes([len(text)]) + text).ljust(_PADDED, b"\0")
    return nonce + AESGCM(key).encrypt(nonce, padded, _LABEL + device)


def open_name(key: bytes, device: bytes, sealed: bytes) -> str:
    """The name. Refuses what isn't sealed so for this device (`device_name`)."""
    refuse(len(sealed) != SEALED_NAME_SIZE, "device_name", _BROKEN)
    nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
    try:
        padded = AESGCM(key).decrypt(nonce, box, _LABEL + device)
        length = padded[0]
        text, rest = padded[1 : 1 + length], padded[1 + length :]
        refuse(not 1 <= length <= DEVICE_NAME_MAX or any(rest), "device_name", _BROKEN)
        return text.decode()
    except (InvalidTag, UnicodeDecodeError):
        raise Refusal("device_name", _BROKEN) from None


_WRONG = f"The name of a device has 1 to {DEVICE_NAME_MAX} bytes of UTF-8."
_BROKEN = "The name of this device can't be read."
