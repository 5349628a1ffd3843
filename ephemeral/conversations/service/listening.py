"""What is read of conversations for those who listen: once a process, however many they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.conversations.rows import listening_rows
from ephemeral.conversations.rows.listening_rows import StandingRow
from ephemeral.conversations.service.reading import PAGE, Reading
from ephemeral.conversations.service.recent import Item
from ephemeral.protocol.errors import Refusal
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Attended", "Listening", "Standing", "StandingRow", "Wanted"]


class Attended(NamedTuple):
    """A conversation of a device's account, and from which place on the device may read entries;
    None where the newest record doesn't list it."""

    row: StandingRow
    first: int | None


class Wanted(NamedTuple):
    """A conversation to be read after a place, for devices (account, device)."""

    conversation: bytes
    after: int
    devices: Sequence[tuple[bytes, bytes]]


class Standing(NamedTuple):
    """How a conversation stands, what each device may read of it, and places after the one asked
    for: fewer than there are where they are many, or forgotten. A device that is missing may hear
    nothing of it."""

    row: StandingRow
    firsts: dict[bytes, int | None]
    items: Sequence[Item]


class Listening:
    """Reads for the hub."""

    def __init__(self, pool: Pool, reading: Reading) -> None:
        self._pool = pool
        self._reading = reading

    async def attended(self, account: bytes, device: bytes) -> tuple[list[Attended], int]:
        """All that a device may hear of, and the time."""

        async def work(connection: Connection) -> tuple[list[Attended], int]:
            rows = await listening_rows.attended(connection, account, device)
            return [Attended(*one) for one in rows], await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def standings(self, wanted: Iterable[Wanted]) -> dict[bytes, Standing]:
        """These conversations, all at one moment; one that is missing is gone."""
        asked = list(wanted)

        async def work(connection: Connection) -> dict[bytes, Standing]:
            rows = await listening_rows.standings(connection, [one.conversation for one in asked])
            rights = await listening_rows.rights(
                connection, [(one.conversation, *who) for one in asked for who in one.devices]
            )
            found = {}
            for one in asked:
                row = rows.get(one.conversation)
                if row is not None:
                    firsts = {
                        device: rights[one.conversation, device]
                        for _, device in one.devices
                        if (one.conversation, device) in rights
                    }
                    items = await self._items(connection, row, one.after, firsts.values())
                    found[one.conversation] = Standing(row, firsts, items)
            return found

        return await transaction(self._pool, work, read_only=True)

    async def _items(
        self, connection: Connection, row: StandingRow, after: int, firsts: Iterable[int | None]
    ) -> list[Item]:
        if row.s <= after:
            return []
        first = min((one for one in firsts if one is not None), default=None)
        try:
            return await self._reading.items(
                connection, row.conversation, row.kept, row.s, after, PAGE, first
            )
        except Refusal as refusal:
            if refusal.code != "behind":
                raise
            return []
