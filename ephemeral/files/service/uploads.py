"""Making a file, and seeing what of it has landed."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import Asker, ConversationDoors
from ephemeral.files.rows import file_rows, quota_rows
from ephemeral.files.rules import limits
from ephemeral.files.rules.file import File, State, bit_count, first_end, first_segments
from ephemeral.files.rules.limits import Limits
from ephemeral.files.service.access import Access
from ephemeral.files.service.addresses import Address, Addresses
from ephemeral.files.service.watching import lengths
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.layout import Layout
from ephemeral.sealing.seals import Random
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Landing", "Made", "NewFile", "Uploads"]

_PREFIX_BYTES = 16
_TOO_LARGE = "This file is larger than this server takes."


class NewFile(NamedTuple):
    """What is asked of a new file. `info`: what is told of it, sealed by its sender. `ttl`: seconds
    from its completion on."""

    id: bytes
    padded: int
    info: bytes
    conversation: bytes
    ttl: int

    def __repr__(self) -> str:
        return "NewFile()"


class Made(NamedTuple):
    """A file that was made, now or before, and addresses to store its first segments."""

    file: File
    info: bytes
    is_new: bool
    addresses: Sequence[Address]
    now: int


class Landing(NamedTuple):
    """How a file stands once the store was asked."""

    file: File
    now: int


class Uploads:
    """Takes files of accounts. Nothing is stored before all of a file was reserved."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        doors: Doors,
        conversations: ConversationDoors,
        access: Access,
        addresses: Addresses,
        taken: Limits,
        random: Random,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._doors = doors
        self._conversations = conversations
        self._access = access
        self._addresses = addresses
        self._limits = taken
        self._random = random

    async def make(self, asker: Asker, new: NewFile) -> Made:
        """Make a file; the same again changes nothing.

        Refuses `file_layout`, `file_size`, `not_found` where the asker isn't in the conversation,
        `file_conflict`, `quota_full`, `store_full`.
        """
        layout = Layout(new.padded)
        refuse(new.padded > self._limits.size, "file_size", _TOO_LARGE)
        await self._objects.require_room(new.padded)

        async def work(connection: Connection) -> tuple[File, bool, int]:
            held = await self._conversations.insiders.hold(connection, new.conversation, asker)
            now = await clock(connection)
            if await file_rows.read(connection, new.id) is None:
                file = await self._insert(connection, asker, new, layout, now, held.timer)
                if file is not None:
                    return file, True, now
            return await self._again(connection, asker, new), False, now

        file, is_new, now = await transaction(self._pool, work)
        first = first_segments(layout.count) if file.state == State.UPLOADING else []
        addresses = await self._addresses.sign(file, first)
        return Made(file, new.info, is_new, addresses, now)

    async def _insert(
        self,
        connection: Connection,
        asker: Asker,
        new: NewFile,
        layout: Layout,
        now: int,
        timer: int,
    ) -> File | None:
        """None, and nothing is changed, where somebody else has taken the id at this moment."""
        payload = await self._doors.values.store(connection, "file-info", new.info)
        latest = now + limits.UPLOAD_MS + new.ttl * 1000
        if timer:
            latest = min(latest, now + timer * 1000 + limits.AFTER_TIMER_MS)
        made = File(
            id=new.id,
            account=asker.account,
            conversation=new.conversation,
            prefix=self._random(_PREFIX_BYTES),
            padded=new.padded,
            landed=bytes(bit_count(layout.count)),
            payload=payload,
            state=State.UPLOADING,
            ttl=new.ttl,
            latest=latest,
            created_at=now,
            expires_at=first_end(now, latest),
            put_until=0,
            looked_at=now - limits.LANDED_MS,
        )
        if not await file_rows.insert(connection, made):
            await self._doors.values.destroy(connection, [payload])
            return None
        quota = await quota_rows.reserve(connection, asker.account, new.padded)
        _require(quota.bytes <= self._limits.account_bytes, "bytes")
        _require(quota.files <= limits.FILES_MAX, "files")
        unfinished = await file_rows.uploading(connection, asker.account)
        _require(unfinished <= limits.UPLOADS_MAX, "uploads")
        stock = await quota_rows.fill_stock(connection, new.padded)
        refuse(0 < self._limits.stock < stock, "store_full")
        return await self._addresses.allow(connection, made)

    async def _again(self, connection: Connection, asker: Asker, new: NewFile) -> File:
        """The file of this id, if it was made by the same words; refuses `file_conflict`."""
        # Whose it isn't locks nothing.
        before = await file_rows.read(connection, new.id)
        if before is not None and before.account == asker.account:
            before = await file_rows.lock(connection, new.id)
        if before is None or before.account != asker.account or not before.is_living:
            raise Refusal("file_conflict")
        same = (before.padded, before.conversation) == (new.padded, new.conversation)
        found = await self._doors.values.read(connection, "file-info", [before.payload])
        info = found.get(before.payload)
        refuse(not same or info is None, "file_conflict")
        assert info is not None
        refuse(not hmac.compare_digest(info, new.info), "file_conflict")
        return await self._addresses.allow(connection, before)

    async def landed(self, asker: Asker, id_: bytes, segments: Sequence[int]) -> Landing:
        """See which of these segments have landed, and tell who is in the conversation.

        Refuses `file_layout`, and `too_many` where that was asked just before.
        """

        async def look(connection: Connection) -> File:
            file = await self._access.as_sender(connection, asker, id_)
            layout = Layout(file.padded)
            for one in segments:
                layout.segment(one)
            now = await clock(connection)
            # What was written down by a clock that was wrong counts for nothing.
            if now - limits.LANDED_MS < file.looked_at <= now:
                raise Refusal("too_many", retry_after=limits.LANDED_MS // 1000)
            await file_rows.note_look(connection, id_, now)
            return file

        file = await transaction(self._pool, look)
        layout = Layout(file.padded)
        held = {} if file.state == State.COMPLETE else await lengths(self._objects, file)
        right = [one for one in segments if held.get(one) == layout.segment(one).sealed_length]

        async def land(connection: Connection) -> Landing:
            file = await self._access.as_sender(connection, asker, id_)
            now = await clock(connection)
            landed = file.landing(right, layout.count, now)
            if landed != file:
                await file_rows.update_landed(connection, landed)
                assert landed.conversation is not None, "it is living"
                self._conversations.insiders.file_changed(
                    landed.conversation, id_, landed.landed, landed.expires_at
                )
            return Landing(landed, now)

        return await self._doors.watches.told(land)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise Refusal("quota_full", details={"what": what})
