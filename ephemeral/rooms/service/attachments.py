"""Attachments: reserved, sent chunk by chunk, fetched under a lease (docs/protocol.md, section 15).

The rows stand in the database, the chunks where large objects lie, sealed once more under a data
key of the attachment: whoever destroys that destroys the attachment, wherever its bytes are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from ephemeral import metrics
from ephemeral.protocol.attachments import sealed_length
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.rows import attachment_rows, room_rows, seat_rows
from ephemeral.rooms.rows.attachment_rows import Leased
from ephemeral.rooms.rules.attachments import (
    Attachment,
    AttachmentLimits,
    require_chunks,
    require_place,
    takes,
)
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Room, Seat
from ephemeral.rooms.service.burning import burn
from ephemeral.rooms.service.chunks import ChunkGone, Chunks
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.sealing import payload_rows, seals
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.sealing.keyring import Keyring
    from ephemeral.sealing.seals import Random
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Attachments"]

T = TypeVar("T")

# Nobody knows when what waits will have been read; this is for a client to ask again.
_FULL_SECONDS = 60
# Rows of expired ones in one go.
_CHUNK = 200
# How often all are added up for whoever looks at the metrics; a reservation does it as well.
_MEASURE_MS = 30_000


class Attachments:
    """`on`: whether any are taken. `limits` are those of rooms, `most` those of attachments."""

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        ledger: Ledger,
        objects: Objects,
        random: Random,
        limits: Limits,
        most: AttachmentLimits,
        *,
        on: bool = True,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._ledger = ledger
        self._objects = objects
        self._random = random
        self._limits = limits
        self._most = most
        self._on = on
        self._chunks = Chunks(keyring, objects, random)
        self._used = 0
        self._measured_at = -_MEASURE_MS

    @property
    def used(self) -> int:
        """Bytes of all that are reserved or posted, as far as is known here."""
        return self._used

    async def reserve(
        self, seat: Seat, one: bytes, chunks: int, padded: int
    ) -> tuple[Attachment, bool]:
        """Reserve an attachment, or find what was reserved; False if it was before.

        Refuses `attachment_size`, `attachments_off`, `attachment_conflict`, `room_crowded`,
        `store_full`.
        """
        require_chunks(padded, chunks)
        refuse(not self._on, "attachments_off")
        await self._objects.require_room(padded)

        async def work(connection: Connection) -> tuple[Attachment, bool]:
            room, now = await self._enter(connection, seat)
            standing = await attachment_rows.of_room(connection, seat.room)
            living = [each for each in standing if not each.is_over(now)]
            mine = next((each for each in living if each.id == one), None)
            if mine is not None:
                known = (mine.author, mine.padded, mine.message)
                refuse(known != (seat.member, padded, None), "attachment_conflict")
                return mine, False
            # What is over and not swept yet may be had again.
            for each in standing:
                if each.id == one:
                    await burn(connection, await attachment_rows.delete(connection, each))
            require_place(self._most, living, seat.member, padded, room.seats)
            used = await attachment_rows.waiting_bytes(connection)
            if not takes(self._most, used, padded):
                raise Refusal("attachments_off", retry_after=_FULL_SECONDS)
            fresh = Attachment(
                seat.room,
                one,
                seat.member,
                self._random(16),
                self._random(seals.PAYLOAD_ID_BYTES),
                padded,
                chunks,
                expires_at=now + self._most.unposted,
            )
            await self._draw_key(connection, fresh.payload)
            await attachment_rows.insert(connection, fresh)
            self._used = used + padded
            return fresh, True

        return await transaction(self._pool, work)

    async def put(self, seat: Seat, one: bytes, at: int, content: bytes) -> None:
        """Take a chunk, or find that it lies there already.

        Refuses `attachment_unknown`, `attachment_size`, `attachment_conflict`, `store_full`.
        """
        found, data_key = await self._of_author(seat, one)
        refuse(at >= found.chunks, "attachment_size")
        refuse(len(content) != sealed_length(found.padded, at), "attachment_size")
        refuse(found.message is not None, "attachment_conflict")
        await self._chunks.keep(found, at, content, data_key)
        if found.landed >> at & 1:
            return
        stays = self._most.unposted
        if not await self._ask(
            lambda connection: attachment_rows.land(connection, found, at, stays)
        ):
            # Its end came in between, and those who delete its objects may have been here already.
            await self._chunks.remove(found, at)
            raise Refusal("attachment_unknown")

    async def get(self, seat: Seat, one: bytes, at: int) -> bytes:
        """A chunk, for who reads its message; the lease may be prolonged.

        Refuses `lease_lost`, and `message_gone` if the chunk is lost.
        """
        leased, data_key = await self._of_reader(seat, one)
        found = leased.attachment
        refuse(at >= found.chunks, "lease_lost")
        if 2 * (leased.until - leased.now) < self._limits.lease:
            await self._ledger.fetch(seat, leased.message)
        try:
            return await self._chunks.read(found, at, data_key)
        except ChunkGone:
            # Unless it has burnt while it was read.
            await self._of_reader(seat, one)
            metrics.ATTACHMENTS_LOST.inc()
            await self._ledger.lose(seat, leased.message)
            raise Refusal("message_gone", state="unconfirmed") from None

    async def give_up(self, seat: Seat, one: bytes) -> None:
        """Destroy one's own that belongs to no message.

        Refuses `attachment_unknown`, `attachment_conflict`.
        """

        async def work(connection: Connection) -> None:
            _, now = await self._enter(connection, seat)
            found = await attachment_rows.find(connection, seat.room, one)
            if found is None or found[0].author != seat.member or found[0].is_over(now):
                raise Refusal("attachment_unknown")
            refuse(found[0].message is not None, "attachment_conflict")
            await burn(connection, await attachment_rows.delete(connection, found[0]))

        await transaction(self._pool, work)

    async def sweep(self, now: int) -> None:
        """Destroy what was not posted in time, and see how much there is.

        What was due may not be any longer: the clock may have been set back since.
        """
        before: list[tuple[bytes, bytes]] = []
        while True:
            due = await self._ask(lambda one: attachment_rows.expired(one, now, _CHUNK))
            for room, one in due:
                await self._expire(room, one)
            if len(due) < _CHUNK or due == before:
                break
            before = due
        if not self._measured_at <= now < self._measured_at + _MEASURE_MS:
            self._measured_at = now
            self._used = await self._ask(attachment_rows.waiting_bytes)

    async def _expire(self, room: bytes, one: bytes) -> None:
        async def work(connection: Connection) -> None:
            if await room_rows.hold_room(connection, room) is None:
                return
            found = await attachment_rows.find(connection, room, one)
            if found is not None and found[0].is_over(found[1]):
                await burn(connection, await attachment_rows.delete(connection, found[0]))

        await transaction(self._pool, work)

    # --- the insides ------------------------------------------------------------------------

    async def _ask(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        return await transaction(self._pool, work)

    async def _enter(self, connection: Connection, seat: Seat) -> tuple[Room, int]:
        room = await room_rows.hold_room(connection, seat.room)
        now = await clock(connection)
        if room is None or room.expires_at <= now:
            raise Refusal("room_unknown")
        refuse(not await seat_rows.existing(connection, [seat]), "seat_unknown")
        return room, now

    async def _draw_key(self, connection: Connection, payload: bytes) -> None:
        epoch = await self._keyring.hold_current(connection)
        wrapped = seals.wrap(epoch, payload, self._random(seals.KEY_BYTES), self._random)
        await payload_rows.insert_key(connection, payload, epoch.id, wrapped)

    async def _of_author(self, seat: Seat, one: bytes) -> tuple[Attachment, bytes]:
        async def work(connection: Connection) -> tuple[Attachment, bytes]:
            found = await attachment_rows.find(connection, seat.room, one)
            if found is None or found[0].author != seat.member or found[0].is_over(found[1]):
                raise Refusal("attachment_unknown")
            data_key = await self._chunks.data_key(connection, found[0])
            if data_key is None:
                raise Refusal("attachment_unknown")
            return found[0], data_key

        return await transaction(self._pool, work, read_only=True)

    async def _of_reader(self, seat: Seat, one: bytes) -> tuple[Leased, bytes]:
        async def work(connection: Connection) -> tuple[Leased, bytes]:
            found = await attachment_rows.leased(connection, seat.room, one, seat.member)
            data_key = None
            if found is not None:
                data_key = await self._chunks.data_key(connection, found.attachment)
            if found is None or data_key is None:
                raise Refusal("lease_lost")
            return found, data_key

        return await transaction(self._pool, work, read_only=True)
