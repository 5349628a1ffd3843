"""The database: a pool of connections, transactions that may run twice, faults without values.

What asyncpg raises can hold what was stored (`DETAIL: Key (room, id)=(…)`). Such an exception
doesn't leave this module: it becomes `StoreUnavailable` or `StoreFault`, which hold the SQLSTATE
and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ephemeral.store.start_error import StartError

__all__ = ["Connection", "Database", "StoreFault", "StoreUnavailable"]

Connection = PoolConnectionProxy

T = TypeVar("T")

#: Serialization failures and deadlocks: the transaction may simply be tried again.
_AGAIN = {"40001", "40P01"}
_TRIES = 5

_OLDEST = 150000


class StoreUnavailable(Exception):
    """The database can't be reached at this moment."""


class StoreFault(Exception):
    """The database refused a statement; the message is its SQLSTATE."""


class Database:
    """A pool. Made by `open`, ended by `close`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @property
    def pool(self) -> asyncpg.Pool:
        """For what needs a connection of its own, outside a transaction."""
        return self._pool

    @classmethod
    async def open(cls, dsn: str, size: int, wait_seconds: float = 10) -> "Database":
        """Connect, waiting for a database that is just starting; raises StartError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while True:
            try:
                pool = await asyncpg.create_pool(
                    dsn,
                    min_size=1,
                    max_size=size,
                    timeout=10,
                    command_timeout=30,
                    max_inactive_connection_lifetime=0,
                    server_settings={"application_name": "ephemeral", "jit": "off"},
                )
                break
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
                if loop.time() >= deadline:
                    raise StartError(
                        "The database can't be reached. Is DATABASE_URL right, and does it run?"
                    ) from None
                await asyncio.sleep(0.2)
            except asyncpg.InvalidAuthorizationSpecificationError:
                raise StartError("The database refuses the user or password it was given.") from None
            except asyncpg.InvalidCatalogNameError:
                raise StartError("The database server has no database of that name.") from None
            except asyncpg.PostgresError as error:
                raise StartError(
                    f"The database refuses the connection (SQLSTATE {error.sqlstate})."
                ) from None
            except ValueError:
                raise StartError("DATABASE_URL is not the address of a PostgreSQL database.") from None
        database = cls(pool)
        if await database.version() < _OLDEST:
            await database.close()
            raise StartError("The database is older than PostgreSQL 15.")
        return database

    async def version(self) -> int:
        """The server's version number, such as 180001."""

        async def work(connection: Connection) -> int:
            return int(await connection.fetchval("SHOW server_version_num"))

        return await self.run(work)

    async def close(self) -> None:
        """Give all connections back; those that don't come back in time are cut."""
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()

    async def run(
        self, work: Callable[[Connection], Awaitable[T]], *, read_only: bool = False
    ) -> T:
        """One transaction. `work` may be called again after a deadlock, so it must start afresh.

        With `read_only`, all statements see the same moment. Raises StoreUnavailable, StoreFault,
        and whatever `work` raises itself.
        """
        isolation = "repeatable_read" if read_only else "read_committed"
        for tried in range(1, _TRIES + 1):
            try:
                async with (
                    self._pool.acquire(timeout=10) as connection,
                    connection.transaction(isolation=isolation, readonly=read_only),
                ):
                    return await work(connection)
            except asyncpg.PostgresError as error:
                if error.sqlstate in _AGAIN and tried < _TRIES:
                    continue
                if isinstance(error, _AWAY):
                    raise StoreUnavailable from None
                raise StoreFault(error.sqlstate) from None
            except (asyncpg.InterfaceError, OSError, TimeoutError):
                raise StoreUnavailable from None
        raise AssertionError("the last try returns or raises")


_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
