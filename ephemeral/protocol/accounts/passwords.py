"""Passwords: stretched where they are typed, and never sent. docs/accounts.md, section 4."""

import unicodedata

from ephemeral.protocol.accounts.addresses import account_salt
from ephemeral.protocol.accounts.derivation import derived
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import stretched

__all__ = ["PASSWORD_BYTES", "PASSWORD_LENGTH", "auth_key", "derive_master", "normalized"]

#: Code points, the fewest and the most.
PASSWORD_LENGTH = (10, 256)
PASSWORD_BYTES = 1024


def normalized(password: str) -> str:
    """The password in Unicode's form NFC, so that every keyboard types the same.

    Refuses lone surrogates (`malformed`), and what has less than 10 or more than 256 code points or
    more than 1,024 bytes of UTF-8 then (`password_length`).
    """
    try:
        password.encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal("malformed") from None
    # What is a hundred times too long isn't worth normalising.
    refuse(len(password) > 16 * PASSWORD_BYTES, "password_length")
    composed = unicodedata.normalize("NFC", password)
    low, high = PASSWORD_LENGTH
    refuse(not low <= len(composed) <= high, "password_length")
    refuse(len(composed.encode("utf-8")) > PASSWORD_BYTES, "password_length")
    return composed


def derive_master(password: str, deployment_salt: bytes, address: str) -> bytes:
    """The 32 bytes that follow from a password at an address (canonical) of this deployment.

    Takes a tenth of a second or more, and 64 MiB. Refuses as `normalized` does.
    """
    written = normalized(password).encode("utf-8")
    return stretched(written, account_salt(deployment_salt, address))


def auth_key(master: bytes) -> bytes:
    """What the server is shown instead of the password: 32 bytes."""
    return derived(master, "auth")
