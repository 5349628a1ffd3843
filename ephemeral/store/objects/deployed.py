"""The objects of a deployment: where they lie, what they are called, and who may store and read."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b32decode, b32encode
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ephemeral.settings import Settings
from ephemeral.store.objects import store_rows
from ephemeral.store.objects.addresses import Addresses
from ephemeral.store.objects.guarded import Guarded, mark_of
from ephemeral.store.objects.interface import ObjectStore, Signed, StoreFull, StoreTrouble
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.objects.opening import (
    bucket_forgets,
    open_bucket,
    open_local,
    open_store,
    place,
)
from ephemeral.store.objects.purge_rows import Kind
from ephemeral.store.postgres import transaction
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.objects.s3 import S3Store
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Living", "Objects", "adopt_store", "open_objects", "own_prefix"]

#: Which of these prefixes there are.
Living = Callable[["Connection", Sequence[bytes]], Awaitable[Collection[bytes]]]

_PREFIX_BYTES = 16
_REMEMBERED = 10_000
_KEY = re.compile(r"([af])/([a-z2-7]{26})/(?:0|[1-9][0-9]{0,8})")


class Objects:
    """`name`: 16 bytes that tell this deployment's objects from others' in the same bucket.

    What `store` can't do it refuses as `unavailable` or `store_full`, which are StoreTrouble too.
    `through_app`: files go through this server. Attachments of rooms always do.
    """

    def __init__(
        self,
        store: Guarded,
        name: bytes,
        addresses: Addresses,
        bucket: S3Store | None,
        through_app: bool,
        pool: Pool,
    ) -> None:
        self._guarded = store
        self._own = own_prefix(name)
        self._bucket = bucket
        self._pool = pool
        self._living: dict[Kind, Living] = {}
        self._lived: dict[tuple[Kind, bytes], float] = {}
        self.addresses = addresses
        self.through_app = through_app

    @property
    def store(self) -> ObjectStore:
        """Where they lie."""
        return self._guarded

    @property
    def own(self) -> str:
        """Under which all objects of this deployment stand, and none of another."""
        return self._own

    def prefix(self, kind: Kind, prefix: bytes) -> str:
        """Under which all objects of one attachment (`a`) or file (`f`) stand."""
        if len(prefix) != _PREFIX_BYTES:
            raise ValueError(f"a prefix has {_PREFIX_BYTES} bytes")
        return f"{self._own}{kind}/{_base32(prefix)}/"

    def key(self, kind: Kind, prefix: bytes, index: int) -> str:
        """Where the chunk or segment of this number stands."""
        if index < 0:
            raise ValueError("no number of an object")
        return f"{self.prefix(kind, prefix)}{index}"

    def register(self, kind: Kind, living: Living) -> None:
        """Say which prefixes of a kind there are: of others nothing is taken by an address, and
        what lies under them is deleted a day later. Of a kind that nobody registers nothing is."""
        self._living[kind] = living

    @property
    def living(self) -> Mapping[Kind, Living]:
        """What was registered."""
        return self._living

    def parsed(self, key: str) -> tuple[Kind, bytes] | None:
        """Kind and prefix of a key; None for one that `key` doesn't make."""
        match = _KEY.fullmatch(key.removeprefix(self.own)) if key.startswith(self.own) else None
        if match is None:
            return None
        return ("a" if match[1] == "a" else "f"), b32decode(f"{match[2].upper()}======")

    async def lives(self, key: str, *, lately: bool = False) -> bool:
        """Whether what the object belongs to is still there, as far as anybody knows; `lately`: or
        was a second ago."""
        found = self.parsed(key)
        living = None if found is None else self._living.get(found[0])
        if found is None or living is None:
            return True
        prefixes, now = [found[1]], time.monotonic()
        if lately and self._lived.get(found, 0.0) > now:
            return True
        lives = bool(
            await transaction(self._pool, lambda one: living(one, prefixes), read_only=True)
        )
        if len(self._lived) >= _REMEMBERED:
            self._lived.clear()
        self._lived.pop(found, None)
        if lives:
            self._lived[found] = now + 1
        return lives

    async def require_room(self, length: int) -> None:
        """Refuse `store_full` where so much more is not taken; `unavailable` while it is away."""
        store = await self._guarded.own()
        if isinstance(store, LocalStore):
            try:
                await asyncio.to_thread(store.require_room, length)
            except StoreFull as trouble:
                raise self._guarded.filled(trouble) from None
            except StoreTrouble as trouble:
                raise self._guarded.away(trouble) from None

    async def sign_put(self, key: str, length: int) -> Signed:
        """Lets somebody store so many bytes under a key at which nothing stands, once."""
        if self._bucket is None or self.through_app:
            return self.addresses.put(key, length)
        return await self._bucket.sign_put(key, length)

    async def sign_get(self, key: str) -> Signed:
        """Lets somebody read an object, or a range of it."""
        if self._bucket is None or self.through_app:
            return self.addresses.get(key)
        return await self._bucket.sign_get(key)


@asynccontextmanager
async def open_objects(
    settings: Settings,
    pool: Pool,
    name: bytes,
    secret: bytes,
    random: Callable[[int], bytes],
) -> AsyncIterator[Objects]:
    """Open them. A store that can't be had at this moment is used as soon as it can.

    `secret`: 32 bytes that sign addresses. Raises StartError where it is another deployment's, or
    its keys can't be read.
    """
    try:
        bucket = None if settings.s3_bucket is None else open_bucket(settings)
    except StoreTrouble as trouble:
        raise StartError(str(trouble)) from None

    def make() -> ObjectStore:
        return open_local(settings) if bucket is None else bucket

    guarded = Guarded(
        pool,
        make,
        random,
        place(settings),
        None if bucket is None else lambda: bucket_forgets(bucket, random),
    )
    try:
        await guarded.open()
        addresses = Addresses(secret, settings.s3_url_seconds, time.time)
        yield Objects(guarded, name, addresses, bucket, settings.files_through_app, pool)
    finally:
        await guarded.close()


async def adopt_store(settings: Settings, pool: Pool, random: Callable[[int], bytes]) -> None:
    """Take the place that the settings name for the deployment's own, whatever it was.

    Raises StartError.
    """
    try:
        store = open_store(settings)
        try:
            mark = await mark_of(store, random, make=True)
        finally:
            await store.close()
    except StoreTrouble as trouble:
        raise StartError(str(trouble)) from None
    assert mark is not None
    found: bytes = mark
    await transaction(pool, lambda connection: store_rows.adopt(connection, found))


def own_prefix(name: bytes) -> str:
    """Under which all objects of a deployment of this name stand."""
    return f"{_base32(name)}/"


def _base32(value: bytes) -> str:
    return b32encode(value).rstrip(b"=").decode().lower()
