"""What stands in the tables about one owner, as the database's own catalog lists them.

No column is named here: tables, columns, types and their explanations are read when somebody asks,
so that a column can't be forgotten. How much of a column's values leaves the database is the
caller's to say; what it hides is never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Column", "Form", "Found", "Reach", "Table", "rows", "tables"]


class Form(Enum):
    """How much of a value is read: all of it, its length and hash, or its length."""

    WHOLE = "whole"
    DIGEST = "digest"
    HIDDEN = "hidden"


class Column(NamedTuple):
    """`name` as in the catalog, `quoted` as a statement needs it."""

    name: str
    quoted: str
    type: str
    comment: str | None


class Table(NamedTuple):
    """A table of ours. `key`: the quoted columns of its primary key."""

    name: str
    quoted: str
    comment: str | None
    columns: tuple[Column, ...]
    key: tuple[str, ...]


class Reach(NamedTuple):
    """Which rows of a table are an owner's: those whose `column` is among the owner's `sources`.

    Both are quoted; a source is a column of a table with the reach of that table. Without sources
    the column is compared with the owner's name.
    """

    column: str
    sources: tuple[tuple[Table, str, Reach], ...] = ()


class Found(NamedTuple):
    """The first rows, each a list of (value, length in bytes); `total`: how many there are."""

    rows: list[list[tuple[Any, int | None]]]
    total: int


async def tables(connection: Connection, *, everywhere: bool = False) -> list[Table]:
    """Every table of the schema that holds the rooms, in the order in which they were made.

    `everywhere`: of the other schemas too, with their schema's name before their own.
    """
    listed = await connection.fetch(
        """
        WITH home AS (SELECT relnamespace AS id FROM pg_class WHERE oid = 'rooms'::regclass)
        SELECT CASE WHEN n.oid = home.id THEN '' ELSE n.nspname || '.' END || c.relname,
               quote_ident(n.nspname) || '.' || quote_ident(c.relname),
               obj_description(c.oid, 'pg_class'),
               a.attname, quote_ident(a.attname) AS column, format_type(a.atttypid, a.atttypmod),
               col_description(c.oid, a.attnum), coalesce(a.attnum = ANY(i.indkey), false) AS key
        FROM home, pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE CASE WHEN $1 THEN n.nspname !~ '^(pg_|information_schema$)' ELSE n.oid = home.id END
          AND c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition
        ORDER BY c.oid, a.attnum
        """,
        everywhere,
    )
    found: dict[str, Table] = {}
    for name, quoted, comment, column, quoted_column, kind, explained, in_key in listed:
        table = found.get(name, Table(name, quoted, comment, (), ()))
        found[name] = table._replace(
            columns=(*table.columns, Column(column, quoted_column, kind, explained)),
            key=(*table.key, quoted_column) if in_key else table.key,
        )
    return list(found.values())


async def rows(
    connection: Connection,
    owner: bytes,
    table: Table,
    reach: Reach,
    forms: Sequence[Form],
    most: int,
) -> Found:
    """The owner's rows of a table, `most` of them, each column in its form."""
    # Every name in these statements was quoted by the database itself.
    condition = _condition(reach)
    columns = ", ".join(_read(*one) for one in zip(table.columns, forms, strict=True))
    order = f"ORDER BY {', '.join(table.key)}" if table.key else ""
    total = await connection.fetchval(
        f"SELECT count(*) FROM {table.quoted} WHERE {condition}",  # noqa: S608
        owner,
    )
    found = await connection.fetch(
        f"SELECT {columns} FROM {table.quoted} WHERE {condition} {order} LIMIT {most:d}",  # noqa: S608
        owner,
    )
    return Found([list(zip(row[::2], row[1::2], strict=True)) for row in found], total)


def _condition(reach: Reach) -> str:
    if not reach.sources:
        return f"{reach.column} = $1"
    named = " UNION ".join(
        f"SELECT {column} FROM {table.quoted} WHERE {_condition(inner)}"  # noqa: S608
        for table, column, inner in reach.sources
    )
    return f"{reach.column} IN ({named})"


def _read(column: Column, form: Form) -> str:
    """Two expressions: the value as far as it is read, and its length, null for a null."""
    name, is_bytes = column.quoted, column.type == "bytea"
    length = f"octet_length({name})" if is_bytes else f"octet_length({name}::text)"
    if form is Form.WHOLE:
        return f"{name}, {length}"
    if form is Form.DIGEST:
        source = name if is_bytes else f"convert_to({name}::text, 'UTF8')"
        return f"sha256({source}), {length}"
    return f"NULL, {length}"
