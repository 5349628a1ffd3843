"""Names of devices, which only the account's own devices read: docs/accounts.md, 8.6."""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts.derivation import labelled
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import NONCE_SIZE
from ephemeral.protocol.names import is_name

__all__ = ["NAME_SIZE", "open_device_name", "seal_device_name"]

_TEXT = 80
#: Bytes of a sealed name, the same for all.
NAME_SIZE = NONCE_SIZE + 1 + _TEXT + 16


def _bound(device: bytes) -> bytes:
    return labelled("account/device-name", device)


def seal_device_name(
    names_key: bytes, device: bytes, name: str, random: Callable[[int], bytes]
) -> bytes:
    """109 bytes that hide a name and its length; refuses `device_name` what is no name."""
    refuse(not is_name(name), "device_name")
    written = name.encode("utf-8")
    nonce = random(NONCE_SIZE)
    plaintext = bytes([len(written)]) + written.ljust(_TEXT, b"\0")
    return nonce + AESGCM(names_key).encrypt(nonce, plaintext, _bound(device))


def open_device_name(names_key: bytes, device: bytes, sealed: bytes) -> str:
    """The name of a device; refuses `device_name` what is none, or isn't this device's."""
    refuse(len(sealed) != NAME_SIZE, "device_name")
    try:
        nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        plaintext = AESGCM(names_key).decrypt(nonce, box, _bound(device))
        end = 1 + plaintext[0]
        name = plaintext[1:end].decode("utf-8")
    except (InvalidTag, UnicodeDecodeError):
        raise Refusal("device_name") from None
    refuse(end > 1 + _TEXT or any(plaintext[end:]) or not is_name(name), "device_name")
    return name
