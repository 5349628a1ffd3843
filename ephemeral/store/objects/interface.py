"""What a store of objects is asked to do, whichever it is.

An object has a key, `part/part/...` of small letters and digits, and bytes that never change: what
stands under a key is never replaced. All of it is ciphertext to a store.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

__all__ = [
    "PIECE",
    "Failed",
    "Held",
    "ObjectMissing",
    "ObjectStore",
    "ObjectThere",
    "Signed",
    "StoreBroke",
    "StoreFull",
    "StoreTrouble",
    "StoreUnfit",
    "StoreUnreached",
    "checked_key",
    "checked_range",
]

#: Bytes that are read at once.
PIECE = 2**20
_KEY = re.compile(r"[a-z0-9]{1,64}(?:/[a-z0-9]{1,64}){0,7}")


class Held(NamedTuple):
    """An object that is there, and when it came, in seconds since 1970."""

    key: str
    length: int
    at: float


class Failed(NamedTuple):
    """An object that could not be deleted."""

    key: str
    why: str


class Signed(NamedTuple):
    """An address that holds a right, the headers with which alone it does, and until when, in
    milliseconds since 1970."""

    url: str
    headers: Mapping[str, str]
    expires_at: int

    def __repr__(self) -> str:
        return "Signed()"


class ObjectThere(Exception):
    """Something stands under this key already; nothing was changed."""


class StoreTrouble(Exception):
    """The store can't do it; the message is one sentence for the operator, without secrets."""


class ObjectMissing(StoreTrouble):
    """Nothing stands under this key; the store is well."""


class StoreFull(StoreTrouble):
    """There is no room left where it keeps them."""


class StoreUnreached(StoreTrouble):
    """It doesn't answer, and asking took its time."""


class StoreBroke(StoreTrouble):
    """It broke off in the middle of one object: perhaps whoever sends or takes it was too slow."""


class StoreUnfit(StoreTrouble):
    """It is there, and must not be used: what is deleted there isn't gone."""


class ObjectStore(Protocol):
    """All of it raises StoreTrouble."""

    async def put(self, key: str, body: bytes) -> None:
        """Kept when it returns. Raises ObjectThere."""
        ...

    async def receive(
        self,
        key: str,
        length: int,
        pieces: AsyncIterator[bytes],
        may_stay: Callable[[], Awaitable[None]],
    ) -> None:
        """As `put`, of so many bytes while they come. What `pieces` raises leaves nothing.
        `may_stay` raises where it is not to be kept; asked as late as the store can."""
        ...

    async def length(self, key: str) -> int | None:
        """How many bytes stand under a key; None where nothing does."""
        ...

    def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, one at least, in pieces; fewer where the object ends
        before, and none where it ends before `start`. Raises ObjectMissing."""
        ...

    def held(self, prefix: str) -> AsyncIterator[Held]:
        """What stands under a prefix that ends with a slash, however much it is."""
        ...

    async def delete(self, keys: Sequence[str]) -> list[Failed]:
        """Those that could not be deleted. What isn't there is deleted."""
        ...

    async def tidy(self) -> None:
        """Remove what broke off long ago and is no object."""
        ...

    async def close(self) -> None: ...


def checked_key(key: str) -> str:
    """The same; raises ValueError for what is no key, before it becomes a path or an address."""
    if _KEY.fullmatch(key) is None:
        raise ValueError("no key of an object")
    return key


def checked_range(start: int, end: int) -> tuple[int, int]:
    """The same; raises ValueError for none, by which some stores would give all."""
    if not 0 <= start < end:
        raise ValueError("no range of an object")
    return start, end
