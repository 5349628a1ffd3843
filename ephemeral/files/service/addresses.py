"""Addresses of segments: each lets its bearer store or fetch one object, for a while.

Until when one to store may be in use is committed before it is signed: who deletes a file knows
from its row for how long somebody could still store some of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.conversations.doors import Asker
from ephemeral.files.rows import file_rows, quota_rows
from ephemeral.files.rules.file import File, has_landed
from ephemeral.files.rules.limits import DAY_MS, Limits
from ephemeral.files.service.access import Access
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.layout import Layout
from ephemeral.store.clock import clock
from ephemeral.store.objects.interface import Signed
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Address", "Addresses", "Given", "wall_clock"]


def wall_clock() -> int:
    """This machine's clock, by which addresses are signed."""
    return time.time_ns() // 1_000_000


class Address(NamedTuple):
    """Of one segment."""

    segment: int
    signed: Signed


class Given(NamedTuple):
    """Addresses, and which segments have landed."""

    addresses: Sequence[Address]
    landed: bytes
    now: int


class Addresses:
    """Gives addresses to who may have them."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        access: Access,
        limits: Limits,
        now: Callable[[], int] = wall_clock,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._access = access
        self._limits = limits
        self._now = now

    async def to_put(self, asker: Asker, id_: bytes, segments: Sequence[int]) -> Given:
        """To store these segments, but for those that have landed; for who uploads the file.

        Refuses `file_layout` for what is no segment of it.
        """

        async def work(connection: Connection) -> tuple[File, int]:
            file = await self._access.as_present_sender(connection, asker, id_)
            _check(file, segments)
            return await self.allow(connection, file), await clock(connection)

        file, now = await transaction(self._pool, work)
        return Given(await self.sign(file, segments), file.landed, now)

    async def allow(self, connection: Connection, file: File) -> File:
        """Write down that addresses to store segments of this file, which is locked, are signed
        once this is committed; nothing is where it is complete."""
        allowed = await file_rows.extend(connection, file.id, self._now(), self._limits.span_ms)
        return file if allowed is None else allowed

    async def sign(self, file: File, segments: Sequence[int]) -> list[Address]:
        """Sign what was allowed and committed. Refuses `unavailable` where that took too long."""
        layout = Layout(file.padded)
        wanted = [one for one in segments if not has_landed(file.landed, one)]
        key = self._objects.key
        signed = await asyncio.gather(
            *(
                self._objects.sign_put(
                    key("f", file.prefix, one), layout.segment(one).sealed_length
                )
                for one in wanted
            )
        )
        if any(one.expires_at > file.put_until for one in signed):
            raise Refusal("unavailable", retry_after=1)
        return [Address(*one) for one in zip(wanted, signed, strict=True)]

    async def to_get(self, asker: Asker, id_: bytes, segments: Sequence[int]) -> Given:
        """To fetch these segments, as far as they have landed; for readers of the file.

        Refuses `file_layout`, and `too_many` for more than the account may fetch on a day.
        """

        async def work(connection: Connection) -> tuple[File, int]:
            file = await self._access.as_reader(connection, asker, id_)
            _check(file, segments)
            now = await clock(connection)
            await self._spend(connection, asker.account, file, segments, now)
            return file, now

        file, now = await transaction(self._pool, work)
        wanted = [one for one in segments if has_landed(file.landed, one)]
        key = self._objects.key
        signed = await asyncio.gather(
            *(self._objects.sign_get(key("f", file.prefix, one)) for one in wanted)
        )
        found = [Address(*one) for one in zip(wanted, signed, strict=True)]
        return Given(found, file.landed, now)

    async def _spend(
        self,
        connection: Connection,
        account: bytes,
        file: File,
        segments: Sequence[int],
        now: int,
    ) -> None:
        layout = Layout(file.padded)
        wanted = [one for one in segments if has_landed(file.landed, one)]
        size = sum(layout.segment(one).sealed_length for one in wanted)
        most = self._limits.read_bytes
        if not size or not most:
            return
        day = now // DAY_MS
        if not await quota_rows.spend_reading(connection, account, day, size, most):
            raise Refusal("too_many", retry_after=((day + 1) * DAY_MS - now) // 1000 + 1)


def _check(file: File, segments: Sequence[int]) -> None:
    layout = Layout(file.padded)
    for one in segments:
        layout.segment(one)
