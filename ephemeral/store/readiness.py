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
    ) AS closed
"""

# What a post needs of the disk, in a table that nobody sees and that is gone at once.
_WRITE_A_MEGABYTE = """
CREATE TEMPORARY TABLE ephemeral_probe ON COMMIT DROP AS
SELECT repeat('x', 1000) FROM generate_series(1, 1000)
"""


class Needs:
    """What serving needs of the database: to write, and in the tables of `sql/schema.sql`."""

    def __init__(self) -> None:
        schema = (DIRECTORY.parent / "schema.sql").read_text(encoding="utf-8")
        self.tables = re.findall(r"^CREATE TABLE (\w+)", schema, re.MULTILINE)

    async def see(self, pool: "Pool") -> None:
        """Raises Refusal with the reason if something is lacking, StoreUnavailable if it is away.

        A connection that takes no writes is given up: the next one may find another host that does.
        """
        found = None
        try:
            async with connection(pool) as one:
                found = await one.fetchrow(_ASK, self.tables, _WRITTEN_BY_MIGRATIONS)
                if found is not None and found["read_only"]:
                    raise asyncpg.ReadOnlySQLTransactionError(READ_ONLY)
        except StoreUnavailable:
            if found is None:
                raise
            raise Refusal("unavailable", READ_ONLY) from None
        if found is None:
            return
        if found["missing"] is not None:
            sentence = f"The database has no table {found['missing']}: restart, or restore it."
        elif found["closed"] is not None:
            sentence = f"The database's user may not read and write the table {found['closed']}."
        else:
            present = pool.troubles.present
            if present is None or not present.is_lasting:
                pool.troubles.served()
            return
        pool.troubles.note(Trouble("refused", sentence))
        raise Refusal("unavailable", sentence)

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
