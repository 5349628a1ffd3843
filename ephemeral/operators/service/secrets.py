"""What an operator proves themselves by, as it is kept: sealed by the second layer, both together.

A copy of the database alone can't even be guessed at.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from ephemeral.operators.rules.sign_in import TOTP_BYTES
from ephemeral.sealing import payload_rows
from ephemeral.sealing.seals import KeyringUnusable, SealBroken

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from ephemeral.sealing.vault import Vault
    from ephemeral.store.postgres import Connection

__all__ = ["Passwords", "Secrets", "forget", "recall", "store"]


@dataclass(frozen=True, slots=True)
class Secrets:
    """`totp`: of the one-time codes. `password`: as PHC; "" until one is set."""

    totp: bytes = field(repr=False)
    password: str = field(repr=False, default="")


async def store(connection: Connection, vault: Vault, secrets: Secrets) -> bytes:
    """Seal them; gives the payload's id."""
    payload = await vault.store(connection, "operator", secrets.totp + secrets.password.encode())
    assert payload is not None
    return payload


async def recall(connection: Connection, vault: Vault, payload: bytes) -> Secrets | None:
    """They are there, and open; None after a database was set back and that was accepted."""
    row = (await vault.sealed(connection, [payload])).get(payload)
    try:
        opened = None if row is None else vault.unseal(row, "operator")
    except (SealBroken, KeyringUnusable):
        return None
    return None if opened is None else Secrets(opened[:TOTP_BYTES], opened[TOTP_BYTES:].decode())


async def forget(connection: Connection, payload: bytes) -> None:
    """Destroy them."""
    await payload_rows.delete_payloads(connection, [payload])


class Passwords:
    """Argon2id, as often at once as there are cores, beside the loop."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def hashed(self, password: str) -> str:
        """What is kept of a password."""
        async with self._turns:
            return await asyncio.to_thread(lambda: _hasher().hash(password))

    async def are_right(self, kept: str, password: str) -> bool:
        """Whether this is the password; the same work where none is kept."""
        async with self._turns:
            return await asyncio.to_thread(_verify, kept, password)


@cache
def _hasher() -> PasswordHasher:
    # Loaded where somebody signs in, and nowhere else.
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash(os.urandom(32))


def _verify(kept: str, password: str) -> bool:
    from argon2.exceptions import VerificationError  # noqa: PLC0415

    try:
        _hasher().verify(kept or _nobodys(), password)
    except VerificationError:
        return False
    return kept != ""
