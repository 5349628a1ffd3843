"""What a server keeps of a password: Argon2id of the auth key that clients derive from it.

The auth key is the outcome of a costly derivation already, so that this one need not be: it keeps
whoever steals database and index key from using what is stored as if it were the auth key. It runs
in threads, as many as there are processors: more at once would only make each slower, and memory
scarce. Whoever comes when too many wait is sent away rather than kept.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from ephemeral.accounts.rows import account_rows
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Passwords"]

T = TypeVar("T")

#: OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane.
MEMORY_KIB, PASSES = 19_456, 2
#: How many may wait for each processor; at 25 ms each, the last of them waits a second or so.
_WAITING = 32


class Passwords:
    """Hashes and checks auth keys. Close it at the end."""

    def __init__(self, pool: Pool, random: Callable[[int], bytes]) -> None:
        self._pool = pool
        cores = os.cpu_count() or 1
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(cores, "passwords")
        self._most = cores * (_WAITING + 1)
        self._under_way = 0
        self._nobodys = self._hasher.hash(random(32))

    def close(self) -> None:
        """Wait for nobody any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hashed(self, auth_key: bytes) -> str:
        """What is to be kept of an auth key: Argon2id in PHC form."""
        return await self._run(lambda: self._hasher.hash(auth_key))

    async def is_right(self, kept: str | None, auth_key: bytes) -> bool:
        """Whether an auth key is that of which `kept` was made; as costly where nothing is kept."""

        def verify() -> bool:
            try:
                self._hasher.verify(kept or self._nobodys, auth_key)
            except (VerificationError, InvalidHashError):
                return False
            return kept is not None

        return await self._run(verify)

    def is_stale(self, kept: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(kept)

    async def check(self, auth_key: bytes, account: bytes) -> None:
        """Refuse `password_wrong` whoever doesn't know an account's password."""
        row = await transaction(
            self._pool, lambda connection: account_rows.read(connection, account), read_only=True
        )
        right = await self.is_right(None if row is None else row.password, auth_key)
        refuse(not right, "password_wrong")

    async def _run(self, work: Callable[[], T]) -> T:
        if self._under_way >= self._most:
            raise Refusal("unavailable", retry_after=2)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1
