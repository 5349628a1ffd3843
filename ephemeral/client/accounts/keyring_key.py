"""The key of an account's file in the system's keyring: GNOME's, KDE's, macOS's (`keyring`).

The library is an extra that is loaded only where somebody asked for it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ephemeral.client.exits import usage
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import KEY_SIZE

__all__ = ["found", "made", "remove"]

_SERVICE = "ephemeral"


def made(name: str, random: Callable[[int], bytes]) -> bytes:
    """A new key, put there under this name."""
    key = random(KEY_SIZE)
    _asked("set_password", name, b64encode(key))
    return key


def found(name: str) -> bytes:
    """The key of this name."""
    text = _asked("get_password", name)
    try:
        return b64decode(text, KEY_SIZE)
    except Refusal:
        raise usage("The keyring doesn't have the key of this account.") from None


def remove(name: str) -> None:
    """The key goes, and with it whatever was sealed by it."""
    _asked("delete_password", name)


def _asked(act: str, *given: str) -> Any:
    try:
        library, errors = map(import_module, ("keyring", "keyring.errors"))
    except ImportError:
        raise usage("There is no keyring: install the package of that name.") from None
    try:
        return getattr(library, act)(_SERVICE, *given)
    except errors.KeyringError:
        raise usage("The system's keyring can't be used.") from None
