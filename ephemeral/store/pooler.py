"""Whether a pooler before the database keeps sessions together, without which nothing here works.

A pooler like pgbouncer may give each transaction, or each statement, another connection to the
server. What a session begins with (how long a statement may take, that what is answered is on the
disk) is then lost or another client's, and so are prepared statements.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg

from ephemeral.store.reasons import POOLED
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.reaching import Connection, Reach

__all__ = ["refuse_shared_sessions"]

# A pooler that rotates, or that others use meanwhile, may give the same one by chance.
_ROUNDS = 4


async def refuse_shared_sessions(reach: "Reach", one: "Connection") -> None:
    """Raises StartError if a session is not one connection to the server from its end to its end.

    `one` is a connection of `reach` without a cache of statements.
    """
    first = await _backend(one)
    # The server tells its process at the login; a pooler tells a number of its own.
    if first == one.get_server_pid():
        return
    other = await reach.connect(statement_cache_size=0)
    try:
        ones, others = {first}, set[int]()
        for _ in range(_ROUNDS):
            others.add(await _backend(other))
            ones.add(await _backend(one))
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await other.close(timeout=1)
    if len(ones) > 1 or len(others) > 1 or ones & others:
        raise StartError(POOLED)


async def _backend(connected: "Connection") -> int:
    """The process that serves a transaction, in which a pooler changes nothing."""
    async with connected.transaction():
        return int(await connected.fetchval("SELECT pg_backend_pid()"))
