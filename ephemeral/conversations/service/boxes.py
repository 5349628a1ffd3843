"""Boxes that wait for their devices: sealed once more, and destroyed with their key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import record_rows, tail_rows
from ephemeral.conversations.rows.record_rows import RecordRow
from ephemeral.conversations.service.segments import Segments

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Boxes", "Kept"]


class Kept(NamedTuple):
    """The payloads of a record and of the key of its boxes, None for no box; and the boxes by
    device, which are to be written."""

    record: bytes
    key: bytes | None
    boxes: Mapping[bytes, bytes]


class Boxes:
    """The boxes of all epochs."""

    def __init__(self, values: SealedValues, segments: Segments) -> None:
        self._values = values
        self._segments = segments

    async def store(
        self,
        connection: Connection,
        conversation: bytes,
        epoch: int,
        record: bytes,
        boxes: Iterable[tuple[bytes, bytes]],
    ) -> Kept:
        """Write an epoch's record, and the key of its boxes (device, box), which are sealed."""
        waiting = {device: box for device, box in boxes if box}
        if not waiting:
            return Kept(await self._values.store(connection, "record", record), None, {})
        payload, key = await self._segments.begin_boxes(connection, record)
        return Kept(payload, key, self._segments.seal_boxes(key, conversation, epoch, waiting))

    async def of(
        self, connection: Connection, device: bytes, records: Sequence[RecordRow]
    ) -> dict[int, bytes]:
        """The boxes of one device in epochs of one conversation, by epoch; what can't be unsealed
        is as good as destroyed."""
        if not records:
            return {}
        conversation = records[0].conversation
        keys = {one.epoch: one.boxes for one in records if one.boxes is not None}
        sealed = await record_rows.box(connection, conversation, device, list(keys))
        await self._segments.load_boxes(connection, {keys[epoch] for epoch in sealed})
        found = {}
        for epoch, one in sealed.items():
            box = self._segments.unseal_box(keys[epoch], conversation, epoch, device, one)
            if box is not None:
                found[epoch] = box
        return found

    async def drop_read(
        self, connection: Connection, read: Sequence[tuple[bytes, bytes, int]]
    ) -> None:
        """Devices (conversation, device, place) have read the records up to there."""
        await self._empty(connection, await tail_rows.delete_boxes(connection, read))

    async def drop_of(self, connection: Connection, devices: Sequence[tuple[bytes, bytes]]) -> None:
        """Devices (conversation, device) are no members any more."""
        if devices:
            await self._empty(connection, await tail_rows.delete_boxes_of(connection, devices))

    async def _empty(self, connection: Connection, epochs: Sequence[tuple[bytes, int]]) -> None:
        """Destroy the keys of epochs whose last box has gone."""
        touched = sorted(set(epochs))
        if not touched:
            return
        keys = await tail_rows.empty_boxes(connection, touched)
        if keys:
            await tail_rows.forget_box_keys(connection, touched)
            await self._values.destroy(connection, keys)
            self._segments.forget(keys)
