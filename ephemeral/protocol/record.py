"""The `record` object of docs/protocol.md, section 9: what a server says it holds about a room.

It is for people to look at: nothing in it is relied on, and all of its texts are the server's.
Whatever has not the form that the protocol gives it is refused as `malformed`.
"""

from typing import NamedTuple

from ephemeral.protocol.errors import refuse
from ephemeral.protocol.objects import (
    Json,
    read_integer,
    read_list,
    read_object,
    read_text,
)

__all__ = ["Cell", "Column", "Elsewhere", "Record", "Table", "read_record"]


class Column(NamedTuple):
    """A column. `hidden`: why its values are not given whole, if they aren't."""

    name: str
    type: str
    explained: str | None
    hidden: str | None


class Cell(NamedTuple):
    """A value, unless it is `withheld`. `length` in bytes, of what has one."""

    value: int | bool | str | None
    withheld: bool
    length: int | None
    time: str | None
    sha256: str | None


class Table(NamedTuple):
    """Rows of cells in the order of the columns, and `rest` more. `apart`: why there are none."""

    name: str
    explained: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    rest: int
    apart: str | None


class Elsewhere(NamedTuple):
    """What is held outside the tables. `known`: how many, where the server knows."""

    place: str
    name: str
    known: int | None
    explained: str


class Record(NamedTuple):
    """Everything that the server says it holds. `now`: milliseconds by its clock."""

    now: int
    tables: tuple[Table, ...]
    elsewhere: tuple[Elsewhere, ...]


def read_record(obj: Json) -> Record:
    """The `record` object."""
    return Record(
        now=read_integer(obj, "now"),
        tables=tuple(_table(one) for one in _objects(obj, "tables")),
        elsewhere=tuple(_elsewhere(one) for one in _objects(obj, "elsewhere")),
    )


def _objects(obj: Json, key: str) -> list[Json]:
    return [read_object({key: one}, key) for one in read_list(obj, key)]


def _maybe_text(obj: Json, key: str) -> str | None:
    return None if obj.get(key) is None else read_text(obj, key)


def _maybe_integer(obj: Json, key: str) -> int | None:
    return None if obj.get(key) is None else read_integer(obj, key)


def _table(obj: Json) -> Table:
    columns = tuple(_column(one) for one in _objects(obj, "columns"))
    rows = tuple(
        tuple(_cell(one) for one in _objects({"row": row}, "row")) for row in read_list(obj, "rows")
    )
    refuse(any(len(row) != len(columns) for row in rows), "malformed")
    return Table(
        name=read_text(obj, "name"),
        explained=_maybe_text(obj, "explained"),
        columns=columns,
        rows=rows,
        rest=read_integer(obj, "rest"),
        apart=_maybe_text(obj, "apart"),
    )


def _column(obj: Json) -> Column:
    return Column(
        name=read_text(obj, "name"),
        type=read_text(obj, "type"),
        explained=_maybe_text(obj, "explained"),
        hidden=_maybe_text(obj, "hidden"),
    )


def _cell(obj: Json) -> Cell:
    value = obj.get("value")
    if value is not None and not isinstance(value, (bool, int, str)):
        value = read_text(obj, "value")
    length = _maybe_integer(obj, "bytes")
    withheld = "value" not in obj
    refuse(withheld and length is None, "malformed")
    return Cell(value, withheld, length, _maybe_text(obj, "time"), _maybe_text(obj, "sha256"))


def _elsewhere(obj: Json) -> Elsewhere:
    return Elsewhere(
        place=read_text(obj, "place"),
        name=read_text(obj, "name"),
        known=_maybe_integer(obj, "count"),
        explained=read_text(obj, "explained"),
    )
