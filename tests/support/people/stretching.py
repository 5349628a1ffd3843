"""Passwords and words of accounts, stretched and hashed in no time, where that isn't the matter."""

import hashlib
from collections.abc import Callable

from ephemeral.accounts.service import passwords as kept
from ephemeral.protocol.accounts import linking, passwords, recovery


def stretched_cheaply(secret: bytes, salt: bytes) -> bytes:
    """32 bytes for each secret and salt, as the true ones are, in no time."""
    return hashlib.sha256(salt + secret).digest()


def stretch_cheaply(put: Callable[[object, str, object], object]) -> None:
    """From now on, in this process; `put` as `setattr`, or as pytest's which is undone."""
    for module in (linking, passwords, recovery):
        put(module, "stretched", stretched_cheaply)


def hash_cheaply(put: Callable[[object, str, object], object]) -> None:
    """Likewise what a server that is opened from now on keeps of a password."""
    put(kept, "MEMORY_KIB", 8)
    put(kept, "PASSES", 1)
