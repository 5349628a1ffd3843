"""`python -m bench.partitions`: expired rows, deleted and vacuumed, or dropped with a partition.

Two tables hold the same rows, shaped like a message with its envelope: one as the schema is, with
an index by time, one partitioned by time, whose primary key must then hold the time too. Half of
the partitions expire. Printed: what filling, finding a row by room and id, and destroying take, in
time and in write-ahead log, and, after the database has stopped, in how many places of its files
the destroyed bodies still are. An experiment, to be run by hand; nothing of the program is
partitioned.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import uvloop

from ephemeral.store.embedded.server import EmbeddedPostgres

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PARTITIONS = 24
HOUR = 3_600_000
#: As many rows as the sweeper takes in one transaction.
CHUNK = 200
LOOKUPS = 2000
MARKS = {"flat": b"doomed-in-flat--", "parts": b"doomed-in-parts-"}

COLUMNS = """
    room bytea NOT NULL, id bytea NOT NULL, sequence bigint NOT NULL, author bytea NOT NULL,
    digest bytea NOT NULL, expires_at bigint NOT NULL, body bytea NOT NULL
"""
SCHEMA = f"""
CREATE TABLE flat ({COLUMNS}, PRIMARY KEY (room, id));
CREATE INDEX flat_expires_at ON flat (expires_at);
CREATE TABLE parts ({COLUMNS}, PRIMARY KEY (room, id, expires_at)) PARTITION BY RANGE (expires_at);
"""

Row = tuple[Any, ...]


def rows_of(table: str, count: int, seed: int) -> list[Row]:
    """Rows in the order in which they come: their times are mixed, as times to live are."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        at = draw.randrange(PARTITIONS)
        mark = MARKS[table] if at < PARTITIONS // 2 else bytes(16)
        body = mark + draw.randbytes(525)
        made.append(
            (
                draw.randbytes(32), draw.randbytes(16), number, draw.randbytes(16),
                draw.randbytes(32), at * HOUR + draw.randrange(HOUR), body,
            )
        )  # fmt: skip
    return made


class Meter:
    """Prints what a step took."""

    def __init__(self, connection: "Connection", table: str) -> None:
        self._connection = connection
        self._table = table

    async def __aenter__(self) -> None:
        self._wal = await self._connection.fetchval("SELECT pg_current_wal_insert_lsn()")
        self._began = time.perf_counter()

    def step(self, name: str) -> "Meter":
        """To be entered."""
        self._name = name
        return self

    async def __aexit__(self, *_: object) -> None:
        took = time.perf_counter() - self._began
        wal = await self._connection.fetchval(
            "SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", self._wal
        )
        print(
            f"{self._table:<6} {self._name:<30} {took * 1000:>10,.0f} ms   log {wal:>13,} B",
            flush=True,
        )


async def _fill(connection: "Connection", table: str, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), 2000):
        await connection.copy_records_to_table(table, records=rows[start : start + 2000])


async def _find(connection: "Connection", table: str, rows: Sequence[Row], *, when: bool) -> None:
    more = " AND expires_at = $3" if when else ""
    statement = await connection.prepare(
        f"SELECT sequence FROM {table} WHERE room = $1 AND id = $2{more}"  # noqa: S608
    )
    took = []
    for row in random.Random(4 if when else 3).sample(list(rows), min(LOOKUPS, len(rows))):
        key = (row[0], row[1], row[5]) if when else (row[0], row[1])
        start = time.perf_counter()
        found = await statement.fetchval(*key)
        took.append((time.perf_counter() - start) * 1e6)
        assert found == row[2]
    name = "by room, id and time" if when else "by room and id"
    print(f"{table:<6} one row {name:<22} {statistics.median(took):>10,.0f} us (median)")


async def _size(connection: "Connection", table: str) -> None:
    size = await connection.fetchval(
        """
        SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
        WHERE c.relkind = 'r' AND (c.relname = $1 OR c.relname LIKE $1 || '\\_%')
        """,
        table,
    )
    print(f"{table:<6} {'with indexes':<30} {size / 2**20:>10,.1f} MiB")


async def _flat(connection: "Connection", rows: Sequence[Row]) -> None:
    meter = Meter(connection, "flat")
    async with meter.step("filled"):
        await _fill(connection, "flat", rows)
    await connection.execute("VACUUM ANALYZE flat")
    await _size(connection, "flat")
    await _find(connection, "flat", rows, when=False)
    async with meter.step(f"DELETE, {CHUNK} rows a commit"):
        deleted = CHUNK
        while deleted == CHUNK:
            answer = await connection.execute(
                "DELETE FROM flat WHERE ctid = ANY(ARRAY("
                "SELECT ctid FROM flat WHERE expires_at < $1 LIMIT $2))",
                PARTITIONS // 2 * HOUR,
                CHUNK,
            )
            deleted = int(answer.split()[-1])
    async with meter.step("VACUUM"):
        await connection.execute("VACUUM flat")
    await _size(connection, "flat")


async def _parts(connection: "Connection", rows: Sequence[Row]) -> None:
    meter = Meter(connection, "parts")
    for number in range(PARTITIONS):
        await connection.execute(
            f"CREATE TABLE parts_{number} PARTITION OF parts "
            f"FOR VALUES FROM ({number * HOUR}) TO ({(number + 1) * HOUR})"
        )
    async with meter.step("filled"):
        await _fill(connection, "parts", rows)
    await connection.execute("VACUUM ANALYZE parts")
    await _size(connection, "parts")
    await _find(connection, "parts", rows, when=False)
    await _find(connection, "parts", rows, when=True)
    async with meter.step(f"DROP TABLE, {PARTITIONS // 2} times"):
        for number in range(PARTITIONS // 2):
            await connection.execute(f"DROP TABLE parts_{number}")
    await _size(connection, "parts")


def _places(folder: Path, mark: bytes) -> int:
    """How often a mark stands in the files of a folder."""
    return sum(
        path.read_bytes().count(mark) for path in sorted(folder.rglob("*")) if path.is_file()
    )


async def run(count: int) -> None:
    """Both, one after the other, and then the files."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        folder = Path(name)
        async with EmbeddedPostgres(folder / "data") as database:
            connection = await asyncpg.connect(database.dsn)
            # As the program's sessions are set (ephemeral/store/postgres.py).
            await connection.execute(
                "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off"
            )
            await connection.execute(SCHEMA)
            print(f"{count:,} rows in each, of which half expire; {PARTITIONS} partitions")
            await _flat(connection, rows_of("flat", count, 1))
            await _parts(connection, rows_of("parts", count, 2))
            await connection.close()
        cluster = folder / "data" / "postgres"
        for table, mark in MARKS.items():
            tables, log = _places(cluster / "base", mark), _places(cluster / "pg_wal", mark)
            print(f"{table:<6} destroyed bodies: {tables:,} in tables' files, {log:,} in the log")


def main() -> None:
    """Parse the number of rows and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.partitions", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="in each table (200000)")
    uvloop.run(run(parser.parse_args().rows))


if __name__ == "__main__":
    main()
