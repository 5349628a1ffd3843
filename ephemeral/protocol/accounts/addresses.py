"""Addresses of accounts, `name.12345`: docs/accounts.md, section 3."""

import re
from collections.abc import Callable

from ephemeral.protocol.accounts.derivation import labelled_hash
from ephemeral.protocol.cleaning import clean
from ephemeral.protocol.errors import refuse
from ephemeral.protocol.limits import SALT_SIZE

__all__ = ["account_salt", "is_address", "new_address", "read_address"]

#: UTF-8 bytes of a typed text beyond which nobody looks for an address in it.
TEXT_MAX = 256

_NAME = re.compile(r"[a-z0-9_]{3,20}", re.ASCII)
_ADDRESS = re.compile(rf"{_NAME.pattern}\.[0-9]{{5}}", re.ASCII)
_NUMBERS = 100_000
# Three bytes at or above the largest multiple of a hundred thousand would favour low numbers.
_UNBIASED = 2**24 - 2**24 % _NUMBERS

_WRONG_NAME = "A name has 3 to 20 of the letters a to z, digits, and _."


def is_address(text: str) -> bool:
    """Whether a text is an address as it goes over the wire."""
    return _ADDRESS.fullmatch(text) is not None


def read_address(typed: str) -> str:
    """The address that a person typed or pasted; refuses `address_form`.

    What other software does to a text on its way is undone as in a code (2.3 of the room protocol);
    spaces around it are dropped.
    """
    refuse(len(typed.encode("utf-8", "surrogatepass")) > TEXT_MAX, "address_form")
    address = clean(typed).text.strip(" ")
    refuse(not is_address(address), "address_form")
    return address


def new_address(name: str, random: Callable[[int], bytes]) -> str:
    """An address with this name (read as an address is) and five digits, each equally likely.

    `random(n)` gives n bytes of a secure generator. Refuses `address_form`.
    """
    refuse(len(name.encode("utf-8", "surrogatepass")) > TEXT_MAX, "address_form", _WRONG_NAME)
    cleaned = clean(name).text.strip(" ")
    refuse(_NAME.fullmatch(cleaned) is None, "address_form", _WRONG_NAME)
    while (number := int.from_bytes(random(3), "big")) >= _UNBIASED:
        pass
    return f"{cleaned}.{number % _NUMBERS:05}"


def account_salt(deployment_salt: bytes, address: str) -> bytes:
    """The 16 bytes with which the password of this address is stretched."""
    assert len(deployment_salt) == SALT_SIZE, "a deployment's salt has 32 bytes"
    return labelled_hash("account", deployment_salt, address.encode("ascii"))[:16]
