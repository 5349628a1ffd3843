"""The pool waits for its database, transactions start afresh, and no value leaves with an error."""

import asyncio
import re
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from support.machines.bad_network import BadNetwork
from support.machines.database import Server

from ephemeral.protocol.errors import Refusal
from ephemeral.store import postgres as module
from ephemeral.store.postgres import (
    StoreFault,
    StoreUnavailable,
    connection,
    open_pool,
    transaction,
)
from ephemeral.store.reaching import each_host
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool


@pytest.fixture
async def table(pool: "Pool") -> "Pool":
    """A pool on a database with a table t (n, v)."""
    await pool.execute("CREATE TABLE t (n int PRIMARY KEY, v text UNIQUE)")
    await pool.execute("INSERT INTO t VALUES (1, 'canary'), (2, 'two')")
    return pool


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def told(error: BaseException) -> str:
    """Everything that a log or a tracker would write of an exception."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


async def failure(pool: "Pool", statement: str, *arguments: object) -> Exception:
    """What a statement fails with, in a transaction and alone alike."""

    async def work(connected: "Connection") -> None:
        await connected.execute(statement, *arguments)

    with pytest.raises((StoreFault, StoreUnavailable)) as one:
        await transaction(pool, work)
    with pytest.raises((StoreFault, StoreUnavailable)) as other:
        async with connection(pool) as connected:
            await connected.execute(statement, *arguments)
    assert "canary" not in told(one.value) + told(other.value)
    assert (type(one.value), str(one.value)) == (type(other.value), str(other.value))
    return one.value


# Transactions


async def test_what_was_done_is_committed_and_its_result_returned(table: "Pool"):
    async def work(connected: "Connection") -> int:
        await connected.execute("INSERT INTO t VALUES (3)")
        return 7

    assert await transaction(table, work) == 7
    assert await table.fetchval("SELECT count(*) FROM t") == 3


@pytest.mark.parametrize("error", [Refusal("room_full"), ValueError("ours"), KeyError("ours")])
async def test_what_the_work_raises_undoes_it_and_is_passed_on(error: Exception, table: "Pool"):
    async def work(connected: "Connection") -> None:
        await connected.execute("DELETE FROM t")
        raise error

    with pytest.raises(type(error)) as raised:
        await transaction(table, work)
    assert raised.value is error
    assert await table.fetchval("SELECT count(*) FROM t") == 2


async def test_a_cancelled_transaction_is_undone_and_its_connection_is_not_lost(table: "Pool"):
    begun = asyncio.Event()

    async def work(connected: "Connection") -> None:
        await connected.execute("DELETE FROM t")
        begun.set()
        await asyncio.Event().wait()

    for _ in range(20):
        begun.clear()
        running = asyncio.create_task(transaction(table, work))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert await table.fetchval("SELECT count(*) FROM t") == 2


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_conflict_starts_the_work_afresh(state: str, table: "Pool"):
    tried: list[int] = []

    async def work(connected: "Connection") -> int:
        await connected.execute("UPDATE t SET n = n + 10")
        tried.append(await connected.fetchval("SELECT min(n) FROM t"))
        if len(tried) < 3:
            await connected.execute(f"DO $$BEGIN RAISE SQLSTATE '{state}'; END$$")
        return len(tried)

    assert await transaction(table, work) == 3
    assert tried == [11, 11, 11]


async def test_conflicts_without_end_are_given_up(table: "Pool"):
    tried = 0

    async def work(connected: "Connection") -> None:
        nonlocal tried
        tried += 1
        await connected.execute("DO $$BEGIN RAISE SQLSTATE '40001'; END$$")

    with pytest.raises(StoreUnavailable):
        await transaction(table, work)
    assert tried == 5


async def test_two_that_lock_in_opposite_order_both_succeed(table: "Pool"):
    both_hold_one = asyncio.Barrier(2)

    def locking(first: int, second: int) -> "Callable[[Connection], Awaitable[None]]":
        fresh = True

        async def work(connected: "Connection") -> None:
            nonlocal fresh
            await connected.execute("UPDATE t SET v = v || $1 WHERE n = $2", str(first), first)
            if fresh:
                fresh = False
                await both_hold_one.wait()
            await connected.execute("UPDATE t SET v = v || $1 WHERE n = $2", str(first), second)

        return work

    await asyncio.gather(
        transaction(table, locking(1, 2)),
        transaction(table, locking(2, 1)),
    )
    values = {row["v"] for row in await table.fetch("SELECT v FROM t")}
    assert {"".join(sorted(value[-2:])) for value in values} == {"12"}


async def test_a_read_only_transaction_sees_one_moment_and_another_sees_each(table: "Pool"):
    async def counting(connected: "Connection") -> list[int]:
        counts = []
        for _ in range(2):
            counts.append(await connected.fetchval("SELECT count(*) FROM t"))
            await table.execute("INSERT INTO t SELECT max(n) + 1 FROM t")
        return counts

    assert await transaction(table, counting, read_only=True) == [2, 2]
    assert await transaction(table, counting) == [4, 5]


async def test_a_read_only_transaction_writes_nothing(table: "Pool"):
    async def work(connected: "Connection") -> None:
        await connected.execute("DELETE FROM t")

    with pytest.raises((StoreFault, StoreUnavailable)):
        await transaction(table, work, read_only=True)


# Errors


class ShortLogin(BadNetwork):
    """Half closes a connection in the middle of its nth piece of data, on either way."""

    last = 0
    pieces = 0

    def _mishap(self) -> str | None:
        self.pieces += 1
        return "half closed" if self.pieces == self.last else None


@pytest.mark.parametrize("piece", range(1, 9))
async def test_a_login_that_is_cut_short_is_no_fault_and_may_be_tried_again(
    piece: int, database_url: str
):
    """To the server it may look like one with a wrong password."""
    parts = urlsplit(database_url)
    query = parse_qs(parts.query)
    path = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
    way = ShortLogin(lambda: asyncio.open_unix_connection(path), Random(0), 0)
    async with way.opened():
        user = parts.netloc.rpartition("@")[0]
        address = parts._replace(netloc=f"{user}@127.0.0.1:{way.port}", query="").geturl()
        pool = await open_pool(address, size=2, wait_seconds=0)
        async with pool.acquire():
            way.pieces, way.last = 0, piece
            with suppress(StoreUnavailable):
                async with connection(pool) as one:
                    await one.fetchval("SELECT 1")
            assert way.pieces >= piece
            async with connection(pool) as one:
                assert await one.fetchval("SELECT 1") == 1
        await pool.close()


@pytest.mark.parametrize(
    ("statement", "arguments", "sentence"),
    [
        ("INSERT INTO t VALUES (3, $1)", ["canary"], "23505 UniqueViolationError of t_v_key"),
        ("INSERT INTO t VALUES (NULL, 'canary')", [], "23502 NotNullViolationError"),
        ("SELECT 'canary'::int", [], "22P02 InvalidTextRepresentationError"),
        ("SELECT canary", [], "42703 UndefinedColumnError"),
        ("SELECT $1::int", ["canary closed"], ": 22000 DataError"),
        ("SELECT $1::int", ["canary", 2], "driver refused a statement: InterfaceError"),
    ],
)
async def test_a_refused_statement_is_a_fault_that_tells_no_value(
    statement: str, arguments: list[object], sentence: str, table: "Pool"
):
    found = await failure(table, statement, *arguments)
    assert isinstance(found, StoreFault)
    assert str(found).endswith(sentence)


@pytest.mark.parametrize("state", ["08006", "53100", "53200", "53300", "55P03", "57014", "58030"])
async def test_a_condition_of_the_server_is_unavailability(state: str, table: "Pool"):
    statement = f"DO $$BEGIN RAISE EXCEPTION SQLSTATE '{state}' USING DETAIL = 'canary'; END$$"
    found = await failure(table, statement)
    assert isinstance(found, StoreUnavailable)
    assert isinstance(found, Refusal)
    assert (found.code, found.status) == ("unavailable", 503)


async def test_a_connection_that_was_cut_is_unavailability_and_the_next_is_a_new_one(
    table: "Pool",
):
    for _ in range(10):
        cut = "SELECT pg_terminate_backend(pg_backend_pid())"
        assert isinstance(await failure(table, cut), StoreUnavailable)
    async with connection(table) as connected:
        assert await connected.fetchval("SELECT count(*) FROM t") == 2


@pytest.mark.parametrize("state", ["55000", "3D000"])
async def test_a_login_that_is_refused_is_unavailability_until_it_is_not(
    state: str, postgres: Server, database_url: str
):
    """Whoever restores or moves a database closes it meanwhile; of a statement it would be ours."""
    name = urlsplit(database_url).path.removeprefix("/")
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    operator = await asyncpg.connect(postgres.dsn("ephemeral"))
    await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await operator.execute(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = $1", name
    )
    if state == "3D000":
        await operator.execute(f"ALTER DATABASE {name} RENAME TO {name}_aside")
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await asyncpg.connect(database_url)
    assert refusal.value.sqlstate == state
    assert isinstance(await failure(pool, "SELECT 1"), StoreUnavailable)
    if state == "3D000":
        await operator.execute(f"ALTER DATABASE {name}_aside RENAME TO {name}")
    await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await operator.close()
    async with connection(pool) as connected:
        assert await connected.fetchval("SELECT 1") == 1
    ours = await failure(pool, f"DO $$BEGIN RAISE SQLSTATE '{state}'; END$$")
    assert isinstance(ours, StoreFault)
    await pool.close()


async def test_a_connection_to_a_server_that_takes_no_writes_any_more_is_given_up(
    table: "Pool", database_url: str
):
    """It was the primary, or the address has moved: the next login finds the one that is now."""
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    taken = [await pool.acquire() for _ in range(2)]
    for each in taken:
        await each.execute("SET default_transaction_read_only = on")
    for each in taken:
        await pool.release(each)
    insert = "INSERT INTO t SELECT max(n) + 1 FROM t"
    # One by a transaction, the other by a statement alone.
    assert isinstance(await failure(pool, insert), StoreUnavailable)
    async with connection(pool) as connected:
        await connected.execute(insert)
    await pool.close()
    assert await table.fetchval("SELECT count(*) FROM t") == 3


async def test_a_pool_without_a_free_connection_is_unavailability(
    table: "Pool", monkeypatch: pytest.MonkeyPatch
):
    taken = [await table.acquire() for _ in range(8)]
    monkeypatch.setattr(module, "_ACQUIRE_SECONDS", 0.001)
    assert isinstance(await failure(table, "SELECT 1"), StoreUnavailable)
    for each in taken:
        await table.release(each)


async def test_a_connection_that_is_lost_while_nothing_is_asked_is_unavailability(table: "Pool"):
    """Its holder may be writing a key file meanwhile. The driver takes it back into the pool."""

    async def lose_and_ask() -> None:
        async with connection(table) as held:
            await table.execute("SELECT pg_terminate_backend($1, 60000)", held.get_server_pid())
            with suppress(asyncpg.InterfaceError):
                while not held.is_closed():  # noqa: ASYNC110 - the driver tells nobody
                    await asyncio.sleep(0)
            await held.fetchval("SELECT 1")

    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await lose_and_ask()


async def test_a_closed_pool_is_unavailability(database_url: str):
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    await pool.close()
    assert isinstance(await failure(pool, "SELECT 1"), StoreUnavailable)


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    # Long enough for what begins a session on a busy machine, far too short for what is asked.
    limits = re.sub(r"statement_timeout = '\d+s'", "statement_timeout = '500ms'", module._SESSION)
    monkeypatch.setattr(module, "_SESSION", limits)
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    assert isinstance(await failure(pool, "SELECT pg_sleep(100)"), StoreUnavailable)
    await pool.close()


# Sessions


async def test_the_limits_of_a_session_hold_for_every_use_of_a_connection(database_url: str):
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    for _ in range(3):
        async with connection(pool) as connected:
            shown = [
                await connected.fetchval(f"SHOW {name}")
                for name in (
                    "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
                    "default_transaction_isolation", "jit", "application_name",
                )
            ]  # fmt: skip
            assert shown == ["15s", "15s", "30s", "read committed", "off", "ephemeral"]
    await pool.close()


@pytest.mark.parametrize(("preset", "used"), [("off", "on"), ("local", "local")])
async def test_a_database_that_answers_before_it_has_written_is_overruled(
    database_url: str, preset: str, used: str
):
    name = urlsplit(database_url).path.removeprefix("/")
    plain = await asyncpg.connect(database_url)
    await plain.execute(f"ALTER DATABASE {name} SET synchronous_commit = {preset}")
    await plain.close()
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    async with connection(pool) as connected:
        assert await connected.fetchval("SHOW synchronous_commit") == used
    await pool.close()


async def test_an_open_transaction_does_not_outlive_its_use(table: "Pool"):
    """Not even if a caller forgets it: the next user of the connection must not be in it."""
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    told_of = []
    loop.set_exception_handler(lambda _, context: told_of.append(context["message"]))
    async with connection(table) as connected:
        await connected.execute("BEGIN; DELETE FROM t")
    loop.set_exception_handler(handler)
    assert await table.fetchval("SELECT count(*) FROM t") == 2
    assert "active transaction" in told_of[0]


# The start


async def refused(dsn: str) -> str:
    with pytest.raises(StartError) as found:
        await open_pool(dsn, size=2, wait_seconds=0)
    assert "canary" not in told(found.value)
    sentence = str(found.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def altered(dsn: str, old: str, new: str) -> str:
    assert old in dsn
    return dsn.replace(old, new)


async def test_an_unreachable_database_is_one_sentence(tmp_path):
    dsn = f"postgresql://u:canary@127.0.0.1:{free_port()}/d"
    assert await refused(dsn) == "The database can't be reached: Connection refused."
    dsn = f"postgresql://u:canary@/d?host={tmp_path}"
    assert await refused(dsn) == "The database can't be reached: No such file or directory."
    dsn = "postgresql://u:canary@canary.invalid/d"
    assert (await refused(dsn)).startswith("The database can't be reached: ")


async def test_a_wrong_password_user_or_database_is_one_sentence(database_url: str):
    parts = urlsplit(database_url)
    assert parts.password is not None
    wrong = altered(database_url, parts.password, "canary")
    assert await refused(wrong) == "The database refuses the user or the password."
    stranger = altered(database_url, "//ephemeral:", "//canary:")
    assert "pg_hba.conf knows no such host, user or database" in await refused(stranger)
    nowhere = parts._replace(path="/canary").geturl()
    assert await refused(nowhere) == "The server has no database of the name that it was asked for."


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://u:canary@h:port/d", "mysql://u:canary@h/d", "postgresql://u:canary@h:1,k:2:3/d"],
)  # fmt: skip
async def test_a_malformed_address_is_one_sentence(dsn: str):
    assert "malformed" in await refused(dsn)


async def test_a_database_that_takes_no_writes_is_one_sentence(database_url: str):
    name = urlsplit(database_url).path.removeprefix("/")
    operator = await asyncpg.connect(database_url)
    await operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await operator.close()
    sentence = "The database takes no writes: it is a standby, or set to be read only."
    assert await refused(database_url) == sentence


async def test_an_old_server_is_one_sentence(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "OLDEST_MAJOR", 1000)
    assert re.fullmatch(
        r"The database is PostgreSQL \d+; 1000 or later is needed\.", await refused(database_url)
    )


async def test_something_else_that_listens_there_is_one_sentence():
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as stranger:
        port = stranger.sockets[0].getsockname()[1]
        await refused(f"postgresql://u:canary@127.0.0.1:{port}/d")


@asynccontextmanager
async def stumbling(socket_path: str, times: int) -> AsyncIterator[tuple[int, list[int]]]:
    """A port that hangs up on the first connections, as what is being started does, then leads
    to a server's socket; and a list with an entry for every connection."""
    seen: list[int] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(len(seen))
        if len(seen) > times:
            onward = await asyncio.open_unix_connection(socket_path)
            await asyncio.gather(pump(reader, onward[1]), pump(onward[0], writer))
            await onward[1].wait_closed()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1], seen


async def test_a_database_that_is_just_starting_is_waited_for(database_url: str):
    parts = urlsplit(database_url)
    (directory,) = parse_qs(parts.query)["host"]
    async with stumbling(f"{directory}/.s.PGSQL.5432", times=2) as (port, seen):
        dsn = parts._replace(query=f"host=127.0.0.1&port={port}&sslmode=disable").geturl()
        pool = await open_pool(dsn, size=2, wait_seconds=60)
        assert len(seen) == 4
        assert await pool.fetchval("SELECT 1") == 1
        await pool.close()


async def test_waiting_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_RETRY_SECONDS", (0.001, 0.001))
    dsn = f"postgresql://u:p@127.0.0.1:{free_port()}/d"
    with pytest.raises(StartError, match="can't be reached"):
        await open_pool(dsn, size=2, wait_seconds=0.01)


async def test_a_wrong_password_is_not_waited_for(database_url: str):
    password = urlsplit(database_url).password
    assert password is not None
    # Would last longer than a test may.
    with pytest.raises(StartError, match="refuses the user or the password"):
        await open_pool(altered(database_url, password, "wrong"), size=2, wait_seconds=3600)


async def test_no_more_connections_than_asked_for(database_url: str):
    pool = await open_pool(database_url, size=3, wait_seconds=0)

    async def work(connected: "Connection") -> int:
        return int(await connected.fetchval("SELECT pg_backend_pid()"))

    pids = await asyncio.gather(*(transaction(pool, work) for _ in range(50)))
    assert 1 <= len(set(pids)) <= 3
    await pool.close()
    lone = await asyncpg.connect(database_url)
    await lone.close()


# Several hosts


@pytest.mark.parametrize(
    ("dsn", "each"),
    [
        ("postgresql://u:p@h:1/d?a=b", ["postgresql://u:p@h:1/d?a=b"]),
        ("postgresql://u:p@h:1,k/d", ["postgresql://u:p@h:1/d", "postgresql://u:p@k/d"]),
        ("postgresql://h,[::1]:5/d?a=b", ["postgresql://h/d?a=b", "postgresql://[::1]:5/d?a=b"]),
        (
            "postgresql:///d?host=/s,h&port=1,2&a=%2F",
            ["postgresql:/d?a=%2F&host=%2Fs&port=1", "postgresql:/d?a=%2F&host=h&port=2"],
        ),
        (
            "postgresql://u@/d?host=%2Fs%2Ch&port=1",
            ["postgresql://u@/d?host=%2Fs&port=1", "postgresql://u@/d?host=h&port=1"],
        ),
        # What is said twice, or doesn't fit, is the driver's to judge.
        ("postgresql://h,k/d?port=1,2", ["postgresql://h,k/d?port=1,2"]),
        ("postgresql:///d?host=h,k,l&port=1,2", ["postgresql:///d?host=h,k,l&port=1,2"]),
        ("postgresql://[h/d", ["postgresql://[h/d"]),
    ],
)
def test_an_address_of_several_hosts_is_an_address_for_each(dsn: str, each: list[str]):
    assert each_host(dsn) == each


@pytest.mark.parametrize("last", ["dead", "silent"])
async def test_a_dead_and_a_silent_host_are_passed_over(last: str, database_url: str):
    """What is without power says nothing, not even that it refuses."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = {"dead": free_port(), "silent": silent.getsockname()[1]}
        parts = urlsplit(database_url)
        (directory,) = parse_qs(parts.query)["host"]
        hosts = ",".join(["127.0.0.1"] * 2 + [directory])
        first = next(port for name, port in ports.items() if name != last)
        query = f"host={hosts}&port={first},{ports[last]},5432&sslmode=disable"
        pool = await open_pool(parts._replace(query=query).geturl(), size=2, wait_seconds=0)
        await pool.expire_connections()
        async with connection(pool) as connected:
            assert await connected.fetchval("SELECT 1") == 1
        await pool.close()


async def test_of_hosts_that_are_all_away_one_sentence_is_said():
    dsn = f"postgresql://u:canary@127.0.0.1:{free_port()},127.0.0.1:{free_port()}/d"
    assert await refused(dsn) == "The database can't be reached: Connection refused."
