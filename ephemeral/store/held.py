"""Everything that the tables hold about one owner, for that owner to look at.

Tables and columns come from the schema as it stands, so that none can be left out. Which rows are
the owner's: those of tables with the owner's column, and those that these rows name. A table that
is neither, nor said to be of no owner, is listed as one that nobody has explained yet.

Numbers and truth values are shown. Anything else is shown only if it is listed as harmless. Its
length is told in any case, and why it is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ephemeral.store.held_rows import Column, Form, Reach, Table, rows, tables

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["ROWS_MAX", "Cell", "ColumnRecord", "Elsewhere", "Holdings", "Record", "TableRecord"]

#: Rows that are shown of a table; the others are counted.
ROWS_MAX = 100

_NUMBERS = {"smallint", "integer", "bigint", "boolean"}
_TIMES = ("_at", "_until")
_MOMENTS = {"until", "at", "due"}
# Beyond it numbers in JSON are not the same everywhere.
_EXACT = 2**53 - 1

# A column: its table, and its name.
_Place = tuple[str, str]


class Cell(NamedTuple):
    """A value. `length` in bytes, of what has one; `withheld`: the value isn't shown."""

    value: int | bool | str | bytes | None = None
    length: int | None = None
    time: str | None = None
    sha256: bytes | None = None
    withheld: bool = False


class ColumnRecord(NamedTuple):
    """A column. `why`: why its values are not shown, if they aren't."""

    name: str
    type: str
    explained: str | None
    why: str | None


class TableRecord(NamedTuple):
    """A table with the owner's rows. `rest`: how many more there are.

    `apart`: why it has none, if its rows are not told apart by owners.
    """

    name: str
    explained: str | None
    columns: tuple[ColumnRecord, ...]
    rows: tuple[tuple[Cell, ...], ...]
    rest: int
    apart: str | None


class Elsewhere(NamedTuple):
    """What is held outside the tables. `known`: how many, where that is known."""

    place: str
    name: str
    known: int | None
    explained: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that is held about one owner. `now` is database time in milliseconds."""

    now: int
    tables: tuple[TableRecord, ...]
    elsewhere: tuple[Elsewhere, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a kind of owner may see.

    `owner`: the name of the column, of type bytea, whose values are owners; `why_owner`: why it is
    not shown itself, if it isn't. `names`: columns by which an owner's rows name rows of tables
    that have no owner. `apart`: tables of no owner, with a sentence each; `unexplained` is what is
    said of any other, `unlisted` of a column that is in no list. `everywhere`: all schemas count.
    """

    owner: str
    why_owner: str | None
    hidden: Mapping[_Place, str]
    digests: Mapping[_Place, str]
    whole: AbstractSet[_Place]
    names: Mapping[_Place, tuple[_Place, ...]]
    apart: Mapping[str, str]
    unexplained: str
    unlisted: str
    everywhere: bool = False

    async def of(self, connection: Connection, owner: bytes) -> list[TableRecord]:
        """Every table, with the owner's rows; what is about the owner comes first."""
        listed = await tables(connection, everywhere=self.everywhere)
        reaches = self._reaches(listed)
        ordered = [table for table in listed if table.name in reaches]
        ordered.sort(key=lambda table: len(reaches[table.name].sources) > 0)
        ordered += [table for table in listed if table.name not in reaches]
        return [
            await self._table(connection, owner, table, reaches.get(table.name))
            for table in ordered
        ]

    async def _table(
        self, connection: Connection, owner: bytes, table: Table, reach: Reach | None
    ) -> TableRecord:
        shown = [self._shown(table.name, column) for column in table.columns]
        columns = tuple(
            ColumnRecord(column.name, column.type, column.comment, why)
            for column, (_, why) in zip(table.columns, shown, strict=True)
        )
        if reach is None:
            apart = self.apart.get(table.name, self.unexplained)
            return TableRecord(table.name, table.comment, columns, (), 0, apart)
        forms = [form for form, _ in shown]
        found = await rows(connection, owner, table, reach, forms, ROWS_MAX)
        cells = tuple(
            tuple(
                map(_cell, table.columns, forms, (value for value, _ in row), (n for _, n in row))
            )
            for row in found.rows
        )
        return TableRecord(
            table.name, table.comment, columns, cells, found.total - len(cells), None
        )

    def _reaches(self, listed: list[Table]) -> dict[str, Reach]:
        """Which rows of each table are an owner's; what is not in it can't be told."""
        by_name = {table.name: table for table in listed}
        reaches = {
            table.name: Reach(column.quoted)
            for table in listed
            for column in table.columns
            if self._is_owner(column)
        }
        for (source, naming), places in self.names.items():
            origin = (by_name[source], _quoted(by_name[source], naming), reaches[source])
            for name, column in places:
                found = reaches.get(name, Reach(_quoted(by_name[name], column)))
                reaches[name] = found._replace(sources=(*found.sources, origin))
        return reaches

    def _is_owner(self, column: Column) -> bool:
        return (column.name, column.type) == (self.owner, "bytea")

    def _shown(self, table: str, column: Column) -> tuple[Form, str | None]:
        """How much of a column is shown, and why not more."""
        place = (table, column.name)
        if place in self.hidden:
            return Form.HIDDEN, self.hidden[place]
        if place in self.digests:
            return Form.DIGEST, self.digests[place]
        if self._is_owner(column):
            return (Form.WHOLE if self.why_owner is None else Form.HIDDEN), self.why_owner
        if column.type in _NUMBERS or place in self.whole or place in self.names:
            return Form.WHOLE, None
        return Form.HIDDEN, self.unlisted


def _quoted(table: Table, name: str) -> str:
    return next(column.quoted for column in table.columns if column.name == name)


def _cell(column: Column, form: Form, value: Any, length: int | None) -> Cell:
    if length is None:
        return Cell()
    if form is Form.HIDDEN:
        return Cell(length=length, withheld=True)
    if form is Form.DIGEST:
        return Cell(length=length, sha256=value[:8], withheld=True)
    if isinstance(value, bytes):
        return Cell(value, length)
    if isinstance(value, int) and abs(value) > _EXACT:
        return Cell(str(value))
    if column.type == "bigint" and (column.name.endswith(_TIMES) or column.name in _MOMENTS):
        return Cell(value, time=_iso(value))
    return Cell(value)


def _iso(milliseconds: int) -> str | None:
    """A moment as ISO 8601; None for one that no calendar has."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
