"""Whether the database can do what serving needs: not that it answers, but that it takes writes.

Asked by every probe, so it is one statement that reads catalogues and writes nothing. That a disk
is full shows in no catalogue: that is told by the first write that fails, and until `watch` could
write again.
"""

import re
from typing import TYPE_CHECKING

import asyncpg

from ephemeral.protocol.errors import Refusal
from ephemeral.store.migrations import DIRECTORY
from ephemeral.store.postgres import StoreUnavailable, connection, transaction
from ephemeral.store.reasons import READ_ONLY
from ephemeral.store.start_error import StartError
from ephemeral.store.troubles import Trouble

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Needs"]

# Read at every start, written by migrations alone, which another user may run.
_WRITTEN_BY_MIGRATIONS = "schema_migrations"
_ASK = """
SELECT current_setting('transaction_read_only') = 'on' AS read_only,
    (SELECT min(name) FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL) AS missing,
    (
        SELECT min(name) FROM unnest($1::text[]) AS name
        WHERE NOT has_table_privilege(to_regclass(name), 'SELECT')
            OR name <> $2 AND NOT (
                has_table_privilege(to_regclass(name), 'INSERT')
                AND has_table_privilege(to_regclass(name), 'UPDATE')
                AND has_table_privilege(to_regclass(name), 'DELETE')
            )
    ) AS closed,
    (
        SELECT min(name) FROM unnest($3::text[]) AS name WHERE NOT EXISTS (
            SELECT FROM pg_index
            WHERE indexrelid = to_regclass(name) AND indisunique AND indisvalid
        )
    ) AS not_unique
"""

# What a post needs of the disk, in a table that nobody sees and that is gone at once.
_WRITE_A_MEGABYTE = """
CREATE TEMPORARY TABLE ephemeral_probe ON COMMIT DROP AS
SELECT repeat('x', 1000) FROM generate_series(1, 1000)
"""


class Needs:
    """What serving needs of the database: to write, and in the tables of `sql/schema.sql`.

    `keys`: their primary keys and unique indexes, which a restore makes last.
    """

    def __init__(self) -> None:
        schema = (DIRECTORY.parent / "schema.sql").read_text(encoding="utf-8")
        self.tables = re.findall(r"^CREATE TABLE ([\w.]+)", schema, re.MULTILINE)
        self.keys = _keys(schema)

    async def see(self, pool: "Pool") -> None:
        """Raises Refusal with the reason if something is lacking, StoreUnavailable if it is away.

        A connection that takes no writes is given up: the next one may find another host that does.
        """
        sentence = await self._lacking(pool)
        if sentence is not None:
            pool.troubles.note(Trouble("refused", sentence))
            raise Refusal("unavailable", sentence)
        present = pool.troubles.present
        if present is None or not present.is_lasting:
            pool.troubles.served()

    async def require(self, pool: "Pool") -> None:
        """For a command: raises StartError with the reason, StoreUnavailable."""
        try:
            sentence = await self._lacking(pool)
        except StoreUnavailable:
            raise
        except Refusal as refusal:
            sentence = refusal.message
        if sentence is not None:
            raise StartError(sentence)

    async def _lacking(self, pool: "Pool") -> str | None:
        found = None
        try:
            async with connection(pool) as one:
                found = await one.fetchrow(_ASK, self.tables, _WRITTEN_BY_MIGRATIONS, self.keys)
                assert found is not None, "it has one row"
                if found["read_only"]:
                    raise asyncpg.ReadOnlySQLTransactionError(READ_ONLY)
        except StoreUnavailable:
            if found is None:
                raise
            raise Refusal("unavailable", READ_ONLY) from None
        if found["missing"] is not None:
            return f"The database has no table {found['missing']}: restart, or restore it."
        if found["closed"] is not None:
            return f"The database's user may not read and write the table {found['closed']}."
        if found["not_unique"] is not None:
            return f"The database lacks the key {found['not_unique']}: restore it whole."
        return None

    async def watch(self, pool: "Pool") -> None:
        """Look whether a trouble is over, or has begun; raises as `see`.

        To be called every second or two: it asks nothing of a database that nobody has doubts
        about.
        """
        if not pool.troubles.is_probe_due:
            return
        await self.see(pool)
        present = pool.troubles.present
        if present is not None and present.is_lasting:
            if present.kind == "full":
                await transaction(pool, lambda one: one.execute(_WRITE_A_MEGABYTE))
            pool.troubles.served()


def _keys(schema: str) -> list[str]:
    """Names of unique indexes, those that PostgreSQL gives to keys and unique columns too."""
    indexes = re.findall(r"^CREATE UNIQUE INDEX (\w+)\s+ON (\w+\.)?", schema, re.MULTILINE)
    keys = [f"{place}{index}" for index, place in indexes]
    tables = re.compile(r"^CREATE TABLE ([\w.]+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
    for table, columns in tables.findall(schema):
        if "PRIMARY KEY" in columns:
            keys.append(f"{table}_pkey")
        unique = re.findall(r"^ +(\w+) .*\bUNIQUE\b", columns, re.MULTILINE)
        keys += [f"{table}_{column}_key" for column in unique]
    return keys
