"""The pool of connections to PostgreSQL, transactions, and what their errors become.

Whatever the driver raises stops here. Its texts may quote values (the DETAIL of a violated key,
an argument that can't be encoded), so that none of them is passed on, not even as a cause.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import asyncpg

from ephemeral.protocol.errors import Refusal
from ephemeral.store.pooler import refuse_shared_sessions
from ephemeral.store.reaching import DRIVER_ERRORS, Reach
from ephemeral.store.reasons import may_pass, reason
from ephemeral.store.start_error import StartError
from ephemeral.store.troubles import Trouble, Troubles, server_trouble

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    _DriversPool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    _DriversPool = asyncpg.Pool

__all__ = [
    "CLOSED",
    "Pool",
    "SnapshotBehind",
    "StoreFault",
    "StoreUnavailable",
    "connection",
    "open_pool",
    "statement",
    "transaction",
]

OLDEST_MAJOR = 15
_CONNECT_SECONDS = 5.0
_ACQUIRE_SECONDS = 10.0
# The server's limit ends a statement; the driver's, a little longer, a server that is silent.
_STATEMENT_SECONDS = 15
_COMMAND_SECONDS = 20.0
_RETRY_SECONDS = (0.1, 2.0)
_ATTEMPTS = 5

# A statement after another must see what was committed between them: that is what locking a row
# and then looking relies on. The timeouts keep a stuck client from holding locks. Plans are made
# once a connection, often while the tables are still empty: without the last four settings they
# would read whole tables for ever after, and every statement here goes by an index. What is
# answered, and what makes a key superfluous, must be on the disk: a database that is set to
# commit without waiting for it is overruled, one that waits for more is not.
_SESSION = f"""
SET default_transaction_isolation = 'read committed';
SET statement_timeout = '{_STATEMENT_SECONDS}s';
SET lock_timeout = '{_STATEMENT_SECONDS}s';
SET idle_in_transaction_session_timeout = '{2 * _STATEMENT_SECONDS}s';
SET jit = off;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off';
"""

_CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# Conditions of the server, by the class of their SQLSTATE or in full: no fault of the statement.
# 28 among them: a login that is cut short looks to the server like one with a wrong password.
_SERVER_STATES = ("08", "25006", "28", "40", "53", "55P03", "57", "58")

#: What is said where no more is known than that a connection has ended.
CLOSED = "The database has closed the connection."

T = TypeVar("T")


class Pool(_DriversPool):
    """The driver's pool, and what ails its database.

    While it is `halted` all work is refused as if the database were away: whoever halts it knows
    why it must not be touched, and asks for a connection `though_halted` to look whether it may be.
    """

    troubles: Troubles
    halted = False


class StoreUnavailable(Refusal):
    """The database can't be had at this moment; what was asked for may be asked for again.

    `trouble`: why, if that is known to be more than one lost connection. `unsure`: it may have been
    committed all the same.
    """

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__("unavailable")
        self.trouble = trouble
        self.unsure = False


class SnapshotBehind(StoreUnavailable):
    """What a transaction sees is from before something that this process knows of since.

    One that only reads is begun again, and sees it; in any other the database went back.
    """


class StoreFault(Exception):
    """The database refused a statement for a reason that no caller expected: a defect of ours."""


async def open_pool(dsn: str, *, size: int, wait_seconds: float) -> Pool:
    """Connect to a database that may still be starting; ``size`` connections at most.

    Raises StartError with a sentence for the operator, which holds nothing of ``dsn``.
    """
    reach = Reach(dsn, _CONNECT_SECONDS)
    await _wait_for(reach, wait_seconds)
    try:
        pool = Pool(
            dsn,
            connect=reach.connect,
            min_size=1,
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=0,
            command_timeout=_COMMAND_SECONDS,
            init=_begin_session,
            reset=_keep_session,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            server_settings={"application_name": "ephemeral"},
        )
        pool.troubles = Troubles(time.monotonic)
        return await pool
    except DRIVER_ERRORS as error:
        sentence = reason(error)
    raise StartError(sentence)


async def transaction(
    pool: Pool, work: "Callable[[Connection], Awaitable[T]]", *, read_only: bool = False
) -> T:
    """Run ``work`` in a transaction and commit; again from its beginning after a deadlock.

    With ``read_only`` all its statements see the same moment; else each sees what was committed
    before it. ``work`` must have no effect but its statements. What it raises undoes them and is
    passed on; errors of the database become StoreUnavailable or StoreFault.
    """
    for _ in range(_ATTEMPTS):
        done = False
        try:
            async with (
                _Acquired(pool) as acquired,
                acquired.transaction(
                    isolation="repeatable_read" if read_only else None, readonly=read_only
                ),
            ):
                result = await work(acquired)
                done = not read_only
            return result
        except _CONFLICTS:
            continue
        except SnapshotBehind:
            if read_only:
                continue
            raise
        except DRIVER_ERRORS as error:
            failure = _failure(pool, error)
        if isinstance(failure, StoreUnavailable):
            failure.unsure = done
        raise failure
    raise StoreUnavailable


async def statement(pool: Pool, work: "Callable[[Connection], Awaitable[T | None]]") -> "T | None":
    """Run ``work``, whose one statement is a transaction of its own; errors as above.

    None also after a deadlock: nothing was done then.
    """
    sent = False
    try:
        async with _Acquired(pool) as acquired:
            sent = True
            return await work(acquired)
    except _CONFLICTS:
        return None
    except DRIVER_ERRORS as error:
        failure = _failure(pool, error)
    if isinstance(failure, StoreUnavailable):
        failure.unsure = sent
    raise failure


@asynccontextmanager
async def connection(pool: Pool, *, though_halted: bool = False) -> "AsyncIterator[Connection]":
    """A connection for single statements, each a transaction of its own; errors as above."""
    try:
        async with _Acquired(pool, though_halted=though_halted) as acquired:
            yield acquired
    except DRIVER_ERRORS as error:
        raise _failure(pool, error) from None


class _Acquired:
    """A connection of the pool, given back at the end. No generator: every request takes one."""

    __slots__ = ("_connection", "_pool", "_though_halted")

    def __init__(self, pool: Pool, *, though_halted: bool = False) -> None:
        self._pool = pool
        self._though_halted = though_halted

    async def __aenter__(self) -> "Connection":
        pool = self._pool
        if pool.halted and not self._though_halted:
            raise StoreUnavailable
        try:
            # The driver's own limit would make a task of it each time, and what is free is there
            # at once.
            if pool.get_idle_size():
                self._connection = await pool.acquire()
            else:
                async with asyncio.timeout(_ACQUIRE_SECONDS):
                    self._connection = await pool.acquire()
        except (asyncpg.PostgresError, asyncpg.InternalClientError, OSError) as error:
            # Whatever refuses a login, a database that is closed, renamed or full: it is no fault
            # of the statement, which has not been seen yet.
            trouble = _login_trouble(pool, error)
        else:
            return self._connection
        raise _unavailable(pool, trouble)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, (asyncpg.InternalClientError, asyncpg.ReadOnlySQLTransactionError)):
            # The server has said good-bye, and the end of the stream hasn't come yet: the driver
            # neither closes such a connection nor knows what to do with it. Or the server takes no
            # writes any more: another one may, and this one doesn't say when.
            self._connection.terminate()
        await self._pool.release(self._connection, timeout=_ACQUIRE_SECONDS)


async def _wait_for(reach: Reach, wait_seconds: float) -> None:
    """Try until there is a connection, or no hope of one in time."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + wait_seconds
    delay, longest = _RETRY_SECONDS
    while True:
        try:
            major = await _look(reach)
        except (*DRIVER_ERRORS, ValueError) as error:
            waits, sentence = may_pass(error), reason(error)
        else:
            if major < OLDEST_MAJOR:
                raise StartError(
                    f"The database is PostgreSQL {major}; {OLDEST_MAJOR} or later is needed."
                )
            return
        if not waits or clock() + delay > deadline:
            raise StartError(sentence)
        await asyncio.sleep(delay)
        delay = min(2 * delay, longest)


async def _look(reach: Reach) -> int:
    """The version of the server. Raises StartError if its sessions are not of one piece."""
    probe = await reach.connect(statement_cache_size=0)
    try:
        await refuse_shared_sessions(reach, probe)
        return probe.get_server_version().major
    finally:
        await probe.close(timeout=_CONNECT_SECONDS)


async def _begin_session(acquired: "Connection") -> None:
    await acquired.execute(_SESSION)


async def _keep_session(_: "Connection") -> None:
    """Spare the round trip of a reset: nothing that callers do outlives its transaction."""


def _failure(pool: Pool, error: Exception) -> Exception:
    """What an error of the driver becomes; a trouble of the database is noted."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or "?"
        if state.startswith(_SERVER_STATES):
            return _unavailable(pool, server_trouble(error))
        constraint = getattr(error, "constraint_name", None)
        return StoreFault(
            f"The database refused a statement: {state} {type(error).__name__}"
            + (f" of {constraint}" if constraint else "")
        )
    if isinstance(error, TimeoutError):
        return _unavailable(pool, Trouble("slow", reason(error)))
    # The driver has one class for a connection that is closed, for one that was lost and went back
    # into the pool, and for being used wrongly.
    lost = "clos" in str(error) or "released back" in str(error)
    if lost or isinstance(error, (OSError, asyncpg.InternalClientError)):
        return _unavailable(pool, None)
    return StoreFault(f"The database's driver refused a statement: {type(error).__name__}")


def _unavailable(pool: Pool, trouble: Trouble | None) -> StoreUnavailable:
    if trouble is None:
        pool.troubles.doubt()
    else:
        pool.troubles.note(trouble)
    return StoreUnavailable(trouble)


def _login_trouble(pool: Pool, error: Exception) -> Trouble:
    """Why there is no connection to be had."""
    if isinstance(error, TimeoutError) and pool.get_size() == pool.get_max_size():
        return Trouble(
            "slow",
            f"No connection to the database was free for {_ACQUIRE_SECONDS:.0f} seconds: it is "
            "slow, or DATABASE_POOL_SIZE is too small.",
        )
    if isinstance(error, asyncpg.PostgresError):
        known = server_trouble(error)
        if known is not None:
            return known
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return Trouble("read_only", reason(error))
    return Trouble("away" if may_pass(error) else "refused", reason(error))
