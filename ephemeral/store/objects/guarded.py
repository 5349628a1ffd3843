"""A store that is used only while it is known to be the deployment's own.

Whoever asks for an object while the store is away is refused as if the database were; the operator
is told why, once, and again when it is back.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ephemeral import metrics
from ephemeral.protocol.errors import Refusal
from ephemeral.store.objects import store_rows
from ephemeral.store.objects.interface import (
    Failed,
    Held,
    ObjectMissing,
    ObjectStore,
    ObjectThere,
    StoreBroke,
    StoreFull,
    StoreTrouble,
    StoreUnfit,
    StoreUnreached,
)
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.postgres import transaction
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["ForeignStore", "Guarded", "StoreAway", "StoreFilled", "mark_of"]

T = TypeVar("T")

_log = logging.getLogger("ephemeral")
# How long a start waits for a store that doesn't answer; and how long one that didn't is left
# alone, so that not everybody who needs it waits as long as the first.
_START_SECONDS, REST_SECONDS = 15.0, 2.0
# What tells a place from all others lies in it under this key, as so many random bytes.
_PREFIX, _MARK, _MARK_BYTES = "store/", "store/id", 32


class StoreAway(Refusal, StoreTrouble):
    """Objects can't be had at this moment."""

    def __init__(self) -> None:
        super().__init__("unavailable")


class StoreFilled(Refusal, StoreFull):
    """There is no room for more objects."""

    def __init__(self) -> None:
        super().__init__("store_full")


class ForeignStore(StartError):
    """This isn't where the objects of this deployment lie, or can lie; the text is for the
    operator."""


async def mark_of(
    store: ObjectStore, random: Callable[[int], bytes], *, make: bool
) -> bytes | None:
    """By what a place is known: a hash. None where it has no mark, unless one is to be made.

    Raises StoreTrouble.
    """
    if not [one async for one in store.held(_PREFIX) if one.key == _MARK]:
        if not make:
            return None
        # Unless another host was faster.
        with suppress(ObjectThere):
            await store.put(_MARK, random(_MARK_BYTES))
    body = b"".join([piece async for piece in store.get(_MARK, 0, _MARK_BYTES + 1)])
    if len(body) != _MARK_BYTES:
        raise StoreTrouble("The mark by which the object store is known is damaged.")
    return hashlib.sha256(body).digest()


class Guarded:
    """`make` opens the store, and raises StoreTrouble where it can't; `fit` raises StoreUnfit for
    one that must not be used."""

    def __init__(
        self,
        pool: Pool,
        make: Callable[[], ObjectStore],
        random: Callable[[int], bytes],
        where: str,
        fit: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._make = make
        self._random = random
        self._where = where
        self._fit = fit
        self._inner: ObjectStore | None = None
        self._proved: ObjectStore | None = None
        self._turn = asyncio.Lock()
        self._told = ""
        self._rests_until = 0.0

    async def open(self) -> None:
        """Prove the store, or leave that for later if it is away. Raises ForeignStore."""
        # Rooms are served without it.
        with suppress(StoreTrouble):
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await self.proved()
            except TimeoutError:
                raise self.away(StoreTrouble(f"{self._where} doesn't answer yet.")) from None

    async def proved(self) -> ObjectStore:
        """The store, once it is known to be the right one. Raises StoreAway, ForeignStore."""
        if self._proved is not None:
            return self._proved
        async with self._turn:
            if self._proved is None:
                self._require_rested()
                self._rest()
                try:
                    if self._inner is None:
                        self._inner = await asyncio.to_thread(self._make)
                    await self._prove(self._inner)
                except StoreTrouble as trouble:
                    raise self.away(trouble) from None
                self._proved = self._inner
                self._rests_until = 0.0
        self._back()
        return self._proved

    async def put(self, key: str, body: bytes) -> None:
        await self._done(lambda store: store.put(key, body))

    async def receive(
        self,
        key: str,
        length: int,
        pieces: AsyncIterator[bytes],
        may_stay: Callable[[], Awaitable[None]],
    ) -> None:
        await self._done(lambda store: store.receive(key, length, pieces, may_stay))

    async def length(self, key: str) -> int | None:
        async def work(store: ObjectStore) -> int | None:
            length = await store.length(key)
            if length is None:
                await self._require_mounted(store)
            return length

        return await self._done(work, mounted=False)

    async def tidy(self) -> None:
        await self._done(lambda store: store.tidy())

    async def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        # What can be read is there, and so is what it lies in.
        store = await self._known()
        try:
            async for piece in store.get(key, start, end):
                yield piece
        except ObjectMissing:
            await self._require_mounted(store)
            raise
        except StoreBroke:
            # One slow reader says nothing of the store.
            raise StoreAway from None
        except StoreTrouble as trouble:
            raise self.away(trouble) from None

    async def held(self, prefix: str) -> AsyncIterator[Held]:
        store = await self.own()
        try:
            async for one in store.held(prefix):
                yield one
        except StoreTrouble as trouble:
            raise self.away(trouble) from None
        self._back()

    async def delete(self, keys: Sequence[str]) -> list[Failed]:
        return await self._done(lambda store: store.delete(keys))

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()

    async def own(self) -> ObjectStore:
        """The store, for what is no operation of it. Raises StoreAway."""
        store = await self._known()
        await self._require_mounted(store)
        return store

    async def _known(self) -> ObjectStore:
        self._require_rested()
        try:
            return await self.proved()
        except ForeignStore as error:
            # It came after the start: nothing is kept there, and nothing deleted.
            raise self.away(StoreTrouble(str(error))) from None

    async def _require_mounted(self, store: ObjectStore) -> None:
        """A directory in which nothing is mounted any more is empty: nothing in it was lost, and
        what is kept there would be."""
        if isinstance(store, LocalStore):
            try:
                there = await store.length(_MARK) is not None
            except StoreTrouble as trouble:
                raise self.away(trouble) from None
            if not there:
                raise self.away(StoreTrouble(f"What marks {self._where} is gone: is it mounted?"))

    async def _done(
        self, work: Callable[[ObjectStore], Awaitable[T]], *, mounted: bool = True
    ) -> T:
        store = await (self.own() if mounted else self._known())
        try:
            result = await work(store)
        except StoreFull as trouble:
            raise self.filled(trouble) from None
        except StoreBroke:
            raise StoreAway from None
        except StoreTrouble as trouble:
            raise self.away(trouble) from None
        self._back()
        return result

    async def _prove(self, store: ObjectStore) -> None:
        if self._fit is not None:
            try:
                await self._fit()
            except StoreUnfit as trouble:
                raise ForeignStore(str(trouble)) from None
        expected = await transaction(self._pool, store_rows.known)
        mark = await mark_of(store, self._random, make=expected is None)
        if expected is None and mark is not None:
            found: bytes = mark

            async def claim(connection: Connection) -> bytes:
                return await store_rows.claim(connection, found)

            expected = await transaction(self._pool, claim)
        if mark != expected:
            raise ForeignStore(
                f"The objects of this deployment don't lie in {self._where}, or what marks them is "
                "gone. All hosts need the same DATA_DIR/objects, or one S3_BUCKET. To go on with "
                "this place, and without what lies elsewhere: `ephemeral check --store --adopt`."
            )

    def away(self, trouble: StoreTrouble) -> StoreAway:
        """Tell the operator; what is raised then."""
        metrics.STORE_UP.set(0)
        if isinstance(trouble, StoreUnreached):
            self._rest()
        self._tell(str(trouble))
        return StoreAway()

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + REST_SECONDS

    def _require_rested(self) -> None:
        if time.monotonic() < self._rests_until:
            raise StoreAway

    def filled(self, trouble: StoreFull) -> StoreFilled:
        """Tell the operator; what is raised then."""
        self._tell(str(trouble))
        return StoreFilled()

    def _back(self) -> None:
        if self._told:
            self._told = ""
            _log.info("Objects can be kept in %s again.", self._where)
        metrics.STORE_UP.set(1)

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            _log.warning("%s", sentence)
