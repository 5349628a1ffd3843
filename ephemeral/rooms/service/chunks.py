"""Chunks of attachments as they lie where large objects do: each sealed once more, under the data
key of its attachment."""

from __future__ import annotations

from contextlib import suppress
from hmac import compare_digest
from typing import TYPE_CHECKING

from ephemeral.protocol.attachments import sealed_length
from ephemeral.protocol.errors import Refusal
from ephemeral.sealing import payload_rows, seals
from ephemeral.sealing.seals import SealBroken
from ephemeral.store.objects.interface import ObjectThere, StoreTrouble

if TYPE_CHECKING:
    from ephemeral.rooms.rules.attachments import Attachment
    from ephemeral.sealing.keyring import Keyring
    from ephemeral.sealing.seals import Random
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection

__all__ = ["ChunkGone", "Chunks"]


class ChunkGone(Exception):
    """The chunk is lost where it should lie, or is another: the row lives, and nobody can read."""


class Chunks:
    """Keeps and reads them. What the store can't do it refuses: `unavailable`, `store_full`."""

    def __init__(self, keyring: Keyring, objects: Objects, random: Random) -> None:
        self._keyring = keyring
        self._objects = objects
        self._random = random

    async def data_key(self, connection: Connection, one: Attachment) -> bytes | None:
        """The key of its chunks; None if it was destroyed since the row was read.

        Raises KeyringUnusable, SealBroken, and StoreUnavailable as `payload_rows.key`.
        """
        found = await payload_rows.key(connection, one.payload, self._keyring.mark)
        if found is None:
            return None
        epoch, wrapped = found
        return seals.unwrap(self._keyring.key(epoch), one.payload, wrapped)

    async def keep(self, one: Attachment, at: int, content: bytes, data_key: bytes) -> None:
        """Lay a chunk down, unless the same lies there. Refuses `attachment_conflict`."""
        sealed = seals.seal_chunk(data_key, one.payload, at, content, self._random)
        try:
            await self._objects.store.put(self._key(one, at), sealed)
        except ObjectThere:
            try:
                same = compare_digest(await self.read(one, at, data_key), content)
            except ChunkGone:
                same = False
            if not same:
                raise Refusal("attachment_conflict") from None

    async def read(self, one: Attachment, at: int, data_key: bytes) -> bytes:
        """A chunk; raises ChunkGone."""
        length = sealed_length(one.padded, at) + seals.SEALED_OVERHEAD
        pieces = self._objects.store.get(self._key(one, at), 0, length + 1)
        try:
            sealed = b"".join([piece async for piece in pieces])
        except StoreTrouble:
            if await self._is_there(one, at):
                raise
            sealed = b""
        try:
            return seals.open_chunk(sealed, data_key, one.payload, at)
        except SealBroken:
            raise ChunkGone from None

    async def remove(self, one: Attachment, at: int) -> None:
        """Delete a chunk whose attachment is no more; if that can't be now, it is done later."""
        with suppress(StoreTrouble):
            await self._objects.store.delete([self._key(one, at)])

    async def _is_there(self, one: Attachment, at: int) -> bool:
        """Whether an object that couldn't be read may stand; raises StoreTrouble if nobody knows.

        A directory that isn't mounted is empty: what marks it as ours has to be there.
        """
        store, key = self._objects.store, self._key(one, at)
        if not [each async for each in store.held("store/")]:
            return True
        under = self._objects.prefix("a", one.prefix)
        return any(each.key == key for each in [each async for each in store.held(under)])

    def _key(self, one: Attachment, at: int) -> str:
        return self._objects.key("a", one.prefix, at)
