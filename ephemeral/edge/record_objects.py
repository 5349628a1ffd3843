"""What is held about one owner, as the server writes it on the wire."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ephemeral.protocol.encoding import b64encode
from ephemeral.store.held import Cell, Record, TableRecord

__all__ = [
    "RecordAnswer",
    "RecordCell",
    "RecordColumn",
    "RecordElsewhere",
    "RecordTable",
    "record_answer",
]

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]

_encode = msgspec.json.Encoder().encode


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


class RecordColumn(_Answer):
    """A column of a table. `hidden`: why its values are not shown whole, or null."""

    name: str
    type: str
    explained: str | None
    hidden: str | None


class RecordCell(_Answer):
    """A value; bytes in base64url with their length, a time also as ISO 8601.

    Without `value`: what is held has this length, and perhaps this beginning of its SHA-256.
    """

    value: int | bool | str | UnsetType | None = UNSET
    bytes: int | UnsetType = UNSET
    time: str | UnsetType = UNSET
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | UnsetType = UNSET


class RecordTable(_Answer):
    """A table with the owner's rows, each in the order of the columns; `rest`: how many more.

    `apart`: why no rows are shown, or null.
    """

    name: str
    explained: str | None
    columns: list[RecordColumn]
    rows: list[list[RecordCell]]
    rest: int
    apart: str | None


class RecordElsewhere(_Answer):
    """What is held outside the tables. `count`: how many, or null."""

    place: str
    name: str
    count: int | None
    explained: str


class RecordAnswer(_Answer):
    """Everything that is held about a room, or about an account."""

    now: Time
    tables: list[RecordTable]
    elsewhere: list[RecordElsewhere]


def record_answer(record: Record) -> bytes:
    """Everything that is held about an owner."""
    return _encode(
        RecordAnswer(
            now=record.now,
            tables=[_table(table) for table in record.tables],
            elsewhere=[RecordElsewhere(*one) for one in record.elsewhere],
        )
    )


def _cell(cell: Cell) -> RecordCell:
    value = cell.value
    return RecordCell(
        value=UNSET if cell.withheld else b64encode(value) if isinstance(value, bytes) else value,
        bytes=UNSET if cell.length is None else cell.length,
        time=UNSET if cell.time is None else cell.time,
        sha256=UNSET if cell.sha256 is None else cell.sha256.hex(),
    )


def _table(table: TableRecord) -> RecordTable:
    return RecordTable(
        name=table.name,
        explained=table.explained,
        columns=[RecordColumn(*column) for column in table.columns],
        rows=[[_cell(cell) for cell in row] for row in table.rows],
        rest=table.rest,
        apart=table.apart,
    )
