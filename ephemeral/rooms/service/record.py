"""What the server knows: everything that is held about a room, for its members to look at.

Tables and columns come from the schema as it stands, so that none can be left out. Which rows are
the room's: those of tables with a column `room`, and those that these rows name. A table that is
neither, nor said to be of no room, is listed as one that nobody has explained yet.

Numbers and truth values are shown. Anything else is shown only if it is listed here as harmless:
what is stored for one member must be of no use to another, and an unlisted column might be. Its
length is told in any case, and why it is not shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ephemeral.rooms.rows.record_rows import Column, Form, Reach, Table, rows, tables
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.snapshots import view
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["ROWS_MAX", "Cell", "ColumnRecord", "Elsewhere", "Record", "RoomRecord", "TableRecord"]

#: Rows that are shown of a table; the others are counted.
ROWS_MAX = 100

_NUMBERS = {"smallint", "integer", "bigint", "boolean"}
_TIMES = ("_at", "_until")
# Beyond it numbers in JSON are not the same everywhere.
_EXACT = 2**53 - 1

_NAME = (
    "A keyed hash: it can't be turned back without the server's key. Whoever knew it "
    "could find these rows in a stolen copy of the database."
)
_PROOF = (
    "Bytes from inside a message which prove that it was viewed. Whoever had them could "
    "claim a view that never was."
)
_KEY = "It opens a stored payload for whoever also has the server's epoch key."
_UNLISTED = "Nobody has made sure yet that it harms no other member if it is shown."

_HIDDEN: Mapping[tuple[str, str], str] = {
    ("payload_keys", "wrapped"): _KEY,
    ("seats", "token_hash"): _NAME,
    ("seats", "resume_hash"): _NAME,
    ("messages", "viewing"): _PROOF,
    ("tombstones", "tombstone"): _NAME,
    ("tombstones", "viewing"): _PROOF,
    ("seats", "connection"): "It counts the connections of the server, in whatever rooms.",
}
_DIGESTS: Mapping[tuple[str, str], str] = {
    ("payloads", "body"): "Sealed bytes: their length and the first eight bytes of their SHA-256.",
}
# Ids that members are told anyway or that only link rows, and hashes of what is random or sealed.
_WHOLE = {
    ("deployment", "salt"),
    ("keyring", "index_fingerprint"),
    ("epochs", "fingerprint"),
    ("epochs", "state"),
    ("payloads", "id"),
    ("payload_keys", "payload"),
    ("workers", "id"),
    ("rooms", "charter"),
    ("rooms", "charter_mac"),
    ("seats", "member"),
    ("messages", "id"),
    ("messages", "author"),
    ("messages", "viewing_hash"),
    ("messages", "digest"),
    ("messages", "lease_holder"),
    ("messages", "returners"),
    ("messages", "reader"),
    ("audience", "message"),
    ("audience", "member"),
    ("tombstones", "author"),
    ("tombstones", "reader"),
    ("schema_migrations", "name"),
    ("schema_migrations", "sha256"),
}

# Columns by which the room's rows name rows of tables that have no room. Ids that clients choose
# are none: whoever knew the id of another room's payload could choose it.
_PAYLOAD = (("payloads", "id"), ("payload_keys", "payload"))
_NAMES: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("seats", "profile"): _PAYLOAD,
    ("seats", "resume_key"): _PAYLOAD,
    ("messages", "payload"): _PAYLOAD,
    ("seats", "worker"): (("workers", "id"),),
    ("payload_keys", "epoch"): (("epochs", "id"),),
}
_OF_NO_ROOM = {
    "deployment": "The same for all rooms of this server; it says nothing about yours.",
    "keyring": "About the server's own keys; it says nothing about any room.",
    "schema_migrations": "About the tables themselves; it says nothing about any room.",
}
_UNEXPLAINED = "Nobody has said yet which of its rows are about your room: ask the operator."


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
    """A table with the room's rows. `rest`: how many more there are.

    `apart`: why it has none, if its rows are not told apart by rooms.
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
class RoomRecord:
    """Everything that is held about a room. `now` is database time in milliseconds."""

    now: int
    tables: tuple[TableRecord, ...]
    elsewhere: tuple[Elsewhere, ...]


class Record:
    """Shows members what is held. `hub` knows the sockets of this process."""

    def __init__(self, pool: Pool, hub: Hub) -> None:
        self._pool = pool
        self._hub = hub
        # Counting the rows of a large room takes a tenth of a second, and nobody's message may
        # have to wait for that: whoever is curious waits for those who were so before.
        self._turn = asyncio.Lock()

    async def of(self, seat: Seat) -> RoomRecord:
        """Everything that is held about the seat's room at one moment; refuses `room_unknown`."""

        async def work(connection: Connection) -> RoomRecord:
            shown = await view(connection, seat.room)
            listed = await tables(connection)
            reaches = _reaches(listed)
            # What is about the room comes before what is about none.
            ordered = [table for table in listed if table.name in reaches]
            ordered.sort(key=lambda table: len(reaches[table.name].sources) > 0)
            ordered += [table for table in listed if table.name not in reaches]
            found = [
                await self._table(connection, seat.room, table, reaches.get(table.name))
                for table in ordered
            ]
            return RoomRecord(shown.now, tuple(found), self._elsewhere(seat.room, found))

        async with self._turn:
            return await transaction(self._pool, work, read_only=True)

    async def _table(
        self, connection: Connection, room: bytes, table: Table, reach: Reach | None
    ) -> TableRecord:
        shown = [_shown(table.name, column) for column in table.columns]
        columns = tuple(
            ColumnRecord(column.name, column.type, column.comment, why)
            for column, (_, why) in zip(table.columns, shown, strict=True)
        )
        if reach is None:
            apart = _OF_NO_ROOM.get(table.name, _UNEXPLAINED)
            return TableRecord(table.name, table.comment, columns, (), 0, apart)
        forms = [form for form, _ in shown]
        found = await rows(connection, room, table, reach, forms, ROWS_MAX)
        cells = tuple(
            tuple(
                map(_cell, table.columns, forms, (value for value, _ in row), (n for _, n in row))
            )
            for row in found.rows
        )
        return TableRecord(
            table.name, table.comment, columns, cells, found.total - len(cells), None
        )

    def _elsewhere(self, room: bytes, found: list[TableRecord]) -> tuple[Elsewhere, ...]:
        epochs = next((len(one.rows) + one.rest for one in found if one.name == "epochs"), 0)
        return (
            Elsewhere(
                "memory",
                "sockets",
                self._hub.subscribers_in(room),
                "Open connections of members to this process of the server, with what is on its "
                "way to them, and the addresses that they come from while they are open.",
            ),
            Elsewhere(
                "memory",
                "requests",
                None,
                "What is being written at this moment; it is in the tables within milliseconds.",
            ),
            Elsewhere(
                "memory",
                "remembered",
                None,
                "What the tables say about a room in which something happened, or somebody asked "
                "what waits, in the last minute, "
                "and messages that were posted in that time, still encrypted by their authors, "
                "until they are destroyed.",
            ),
            Elsewhere(
                "memory",
                "limits",
                None,
                "How often was asked, counted under keyed hashes of address, room and seat. They "
                "can't be turned back or listed, and their key is replaced every day.",
            ),
            Elsewhere(
                "files",
                "epoch keys",
                epochs,
                "Small files with the keys that the wrapped keys of this room need; the table "
                "epochs says which. The server also holds them in memory.",
            ),
            Elsewhere(
                "disk",
                "remains",
                None,
                "Rows that were deleted stay readable for a while in the database's files, log "
                "and backups. Sealed bytes among them open no more once their epoch key is "
                "destroyed: two epochs later at most.",
            ),
        )


def _reaches(listed: list[Table]) -> dict[str, Reach]:
    """Which rows of each table are a room's; what is not in it can't be told."""
    by_name = {table.name: table for table in listed}
    reaches = {
        table.name: Reach(column.quoted)
        for table in listed
        for column in table.columns
        if _is_name_of_room(column)
    }
    for (source, naming), places in _NAMES.items():
        origin = (by_name[source], _quoted(by_name[source], naming), reaches[source])
        for name, column in places:
            found = reaches.get(name, Reach(_quoted(by_name[name], column)))
            reaches[name] = found._replace(sources=(*found.sources, origin))
    return reaches


def _is_name_of_room(column: Column) -> bool:
    return (column.name, column.type) == ("room", "bytea")


def _quoted(table: Table, name: str) -> str:
    return next(column.quoted for column in table.columns if column.name == name)


def _shown(table: str, column: Column) -> tuple[Form, str | None]:
    """How much of a column is shown, and why not more."""
    place = (table, column.name)
    if place in _HIDDEN:
        return Form.HIDDEN, _HIDDEN[place]
    if place in _DIGESTS:
        return Form.DIGEST, _DIGESTS[place]
    if _is_name_of_room(column):
        return Form.HIDDEN, _NAME
    if column.type in _NUMBERS or place in _WHOLE or place in _NAMES:
        return Form.WHOLE, None
    return Form.HIDDEN, _UNLISTED


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
    if column.type == "bigint" and (column.name.endswith(_TIMES) or column.name == "until"):
        return Cell(value, time=_iso(value))
    return Cell(value)


def _iso(milliseconds: int) -> str | None:
    """A moment as ISO 8601; None for one that no calendar has."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
