"""What the server knows: everything that is held about a room, for its members to look at.

What is stored for one member must be of no use to another: a column is shown whole only if it is
listed here as harmless, or can be nothing else (`store/held.py`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.snapshots import view
from ephemeral.store import held
from ephemeral.store.held import Elsewhere, Holdings, TableRecord
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["HOLDINGS", "Record"]

_NAME = (
    "A keyed hash: it can't be turned back without the server's key. Whoever knew it "
    "could find these rows in a stolen copy of the database."
)
_PROOF = (
    "Bytes from inside a message which prove that it was viewed. Whoever had them could "
    "claim a view that never was."
)
_KEY = "It opens a stored payload for whoever also has the server's epoch key."
_PLACE = (
    "By it the chunks are called where they lie. Whoever knew it could find them in a stolen copy."
)
_UNLISTED = "Nobody has made sure yet that it harms no other member if it is shown."

_HIDDEN = {
    ("payload_keys", "wrapped"): _KEY,
    ("seats", "token_hash"): _NAME,
    ("seats", "resume_hash"): _NAME,
    ("messages", "viewing"): _PROOF,
    ("tombstones", "tombstone"): _NAME,
    ("tombstones", "viewing"): _PROOF,
    ("attachments", "prefix"): _PLACE,
    ("seats", "connection"): "It counts the connections of the server, in whatever rooms.",
}
_DIGESTS = {
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
    ("attachments", "id"),
    ("attachments", "author"),
    ("attachments", "payload"),
    ("attachments", "message"),
    ("purges", "kind"),
    ("object_store", "id"),
    ("purges", "prefix"),
    ("tombstones", "author"),
    ("tombstones", "reader"),
    ("schema_migrations", "name"),
    ("schema_migrations", "sha256"),
}

# Columns by which the room's rows name rows of tables that have no room. Ids that clients choose
# are none: whoever knew the id of another room's payload could choose it.
_PAYLOAD = (("payloads", "id"), ("payload_keys", "payload"))
_NAMES = {
    ("seats", "profile"): _PAYLOAD,
    ("seats", "resume_key"): _PAYLOAD,
    ("messages", "payload"): _PAYLOAD,
    ("attachments", "payload"): _PAYLOAD[1:],
    ("seats", "worker"): (("workers", "id"),),
    ("payload_keys", "epoch"): (("epochs", "id"),),
}
_OF_NO_ROOM = {
    "deployment": "The same for all rooms of this server; it says nothing about yours.",
    "keyring": "About the server's own keys; it says nothing about any room.",
    "object_store": "Where large objects lie, for all rooms; it says nothing about yours.",
    "purges": "What is being deleted, by random bytes; whose it was stands nowhere any more.",
    "schema_migrations": "About the tables themselves; it says nothing about any room.",
}
_UNEXPLAINED = "Nobody has said yet which of its rows are about your room: ask the operator."

HOLDINGS = Holdings(
    owner="room",
    why_owner=_NAME,
    hidden=_HIDDEN,
    digests=_DIGESTS,
    whole=_WHOLE,
    names=_NAMES,
    apart=_OF_NO_ROOM,
    unexplained=_UNEXPLAINED,
    unlisted=_UNLISTED,
)


class Record:
    """Shows members what is held. `hub` knows the sockets of this process."""

    def __init__(self, pool: Pool, hub: Hub) -> None:
        self._pool = pool
        self._hub = hub
        # Counting the rows of a large room takes a tenth of a second, and nobody's message may
        # have to wait for that: whoever is curious waits for those who were so before.
        self._turn = asyncio.Lock()

    async def of(self, seat: Seat) -> held.Record:
        """Everything that is held about the seat's room at one moment; refuses `room_unknown`."""

        async def work(connection: Connection) -> held.Record:
            shown = await view(connection, seat.room)
            found = await HOLDINGS.of(connection, seat.room)
            return held.Record(shown.now, tuple(found), self._elsewhere(seat.room, found))

        async with self._turn:
            return await transaction(self._pool, work, read_only=True)

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
                "files",
                "chunks of attachments",
                _landed(found),
                "They lie where this server keeps large objects, encrypted by their authors and "
                "sealed once more under the data key that the table attachments names. When that "
                "is destroyed they are deleted, at once, and again a minute and a day later.",
            ),
            Elsewhere(
                "disk",
                "remains",
                None,
                "Rows that were deleted stay readable for a while in the database's files, log "
                "and backups, and so may chunks where they lay. Sealed bytes among them open no "
                "more once their epoch key is destroyed: two epochs later at most.",
            ),
        )


def _landed(found: list[TableRecord]) -> int | None:
    """How many chunks of the room's attachments there are."""
    table = next((one for one in found if one.name == "attachments"), None)
    if table is None or table.rest:
        return None
    at = [one.name for one in table.columns].index("landed")
    return sum(int(row[at].value or 0).bit_count() for row in table.rows)
