"""Single objects, for whoever has an address of one: stored once, and read, whole or in part.

The address is the right; nobody is asked who they are. Nothing here looks into what is stored.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ephemeral.edge.body_limits import allow_body, allow_time, read_on
from ephemeral.edge.crowds import Crowd
from ephemeral.edge.guard import header_values
from ephemeral.edge.headers import ANSWER, Header
from ephemeral.edge.limiter import Action, Limiter, Visitor, crowded
from ephemeral.edge.object_ranges import RangeBeyond, asked_range
from ephemeral.live.buckets import Name
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.settings import Often
from ephemeral.store.objects.addresses import PATH, TYPE, AddressEnded, AddressWrong, Right
from ephemeral.store.objects.deployed import Objects
from ephemeral.store.objects.interface import ObjectMissing, ObjectThere

__all__ = ["BODY_MAX", "ObjectsApi"]

#: No object that is stored here has more bytes. Proxies in front have to let so many pass.
BODY_MAX = 9 * 2**20
#: How many are stored at once, and as many read: by this process, and by an address; and how
#: many of one address read the same one.
AT_ONCE, AT_ONCE_ADDRESS, READERS = 128, 24, 8
# Who has begun to store in time may go on for so long after it; who reads, from the beginning.
_LATE_SECONDS = 60
# What a request costs beside its bytes: the database is asked, and the store.
_COST = 8
_READ_SECONDS = 900
# What is read is given in parts of this size, each of which has to be taken in time.
_GIVEN, _GIVEN_SECONDS = 256 * 1024, 60
# Objects never change, but they are deleted, and their addresses are nobody else's to look up.
_HEADERS: list[Header] = [
    *ANSWER,
    (b"content-type", TYPE.encode()),
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"no-store"),
]


class _Beyond(Refusal):
    """What is there ends before; its `headers` say where."""

    def __init__(self, length: int) -> None:
        super().__init__("object_range")
        self.headers = {"content-range": f"bytes */{length}"}


class ObjectsApi:
    """An ASGI application. `often`: how often an address may ask; `now` in seconds since 1970."""

    def __init__(
        self,
        objects: Objects,
        limiter: Limiter,
        often: Often,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._objects = objects
        self._limiter = limiter
        self._action = Action("object", {"address": often}, asks=False)
        self._now = now
        self._storing = Crowd("objects_store", AT_ONCE, AT_ONCE_ADDRESS)
        self._giving = Crowd("objects_read", AT_ONCE, AT_ONCE_ADDRESS)
        self._readers: Counter[tuple[str, Name]] = Counter()

    def route(self) -> Route:
        """One address for each right."""
        return Route(f"{PATH}{{token}}", self, methods=["GET", "PUT"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what the address allows."""
        visitor = self._limiter.visitor(scope)
        visitor.spend(self._action, _COST)
        try:
            right = self._objects.addresses.read(scope["path_params"]["token"])
        except AddressWrong as error:
            if isinstance(error, AddressEnded):
                read_on(scope, BODY_MAX)
            raise Refusal("object_address") from None
        # Who was given an address may send all of a body before looking at the answer.
        read_on(scope, BODY_MAX)
        refuse((scope["method"] == "PUT") != (right.method == "PUT"), "object_address")
        if right.method == "PUT":
            with self._storing.place(visitor):
                await self._store(Request(scope, receive), right, visitor)
            await _answer(send, 201, [(b"content-length", b"0")])
        else:
            with self._giving.place(visitor), self._reading(right.key, visitor):
                await self._give(scope, send, right, visitor)

    async def _store(self, request: Request, right: Right, visitor: Visitor) -> None:
        scope = request.scope
        # What was signed with the address, to the letter, as other stores want it.
        signed = {
            b"content-length": b"%d" % right.length,
            b"content-type": TYPE.encode(),
            b"if-none-match": b"*",
        }
        said = {name: header_values(scope, name) for name in signed}
        refuse(said != {name: [value] for name, value in signed.items()}, "object_address")
        visitor.charge(self._action, right.length)
        end = right.expires_at / 1000 + _LATE_SECONDS

        async def may_stay(*, lately: bool = False) -> None:
            gone = self._now() > end or not await self._objects.lives(right.key, lately=lately)
            refuse(gone, "object_address")

        # Asked again once all of it is there.
        await may_stay(lately=True)
        refuse(await self._objects.store.length(right.key) is not None, "object_there")
        await self._objects.require_room(right.length)
        allow_body(scope, right.length)
        allow_time(scope)
        try:
            async with asyncio.timeout(end - self._now()):
                await self._objects.store.receive(
                    right.key, right.length, request.stream(), may_stay
                )
        except ObjectThere:
            raise Refusal("object_there") from None
        except TimeoutError:
            raise Refusal("object_address") from None

    async def _give(self, scope: Scope, send: Send, right: Right, visitor: Visitor) -> None:
        length = None
        # What was deleted may lie there a moment longer, and is for nobody.
        if await self._objects.lives(right.key, lately=True):
            length = await self._objects.store.length(right.key)
        if length is None:
            raise Refusal("not_found")
        part = None
        # Nothing here has a validator, so no part could be known to be of the same as before.
        if scope["method"] == "GET" and not header_values(scope, b"if-range"):
            try:
                part = asked_range(header_values(scope, b"range"), length)
            except RangeBeyond:
                raise _Beyond(length) from None
        start, end = part or (0, length)
        headers = [(b"content-length", b"%d" % (end - start)), *_HEADERS]
        if part is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, length)))
        if scope["method"] == "HEAD" or start == end:
            await _answer(send, 200, headers)
            return
        visitor.charge(self._action, end - start)
        try:
            async with asyncio.timeout(_READ_SECONDS):
                await self._send(send, right.key, start, end, 200 if part is None else 206, headers)
        except ObjectMissing:
            # Deleted, now or in the middle: then the answer breaks off.
            raise Refusal("not_found") from None
        except TimeoutError:
            raise Refusal("unavailable") from None

    async def _send(
        self, send: Send, key: str, start: int, end: int, status: int, headers: list[Header]
    ) -> None:
        pieces = self._objects.store.get(key, start, end)
        # The first piece before the answer: a store that is away says so.
        piece = await anext(pieces, b"")
        await send({"type": "http.response.start", "status": status, "headers": headers})
        while piece:
            # Parts of it are no copies.
            view = memoryview(piece)
            for at in range(0, len(piece), _GIVEN):
                some = view[at : at + _GIVEN]
                async with asyncio.timeout(_GIVEN_SECONDS):
                    await send({"type": "http.response.body", "body": some, "more_body": True})
            piece = await anext(pieces, b"")
        await send({"type": "http.response.body", "body": b""})

    @contextmanager
    def _reading(self, key: str, visitor: Visitor) -> Iterator[None]:
        """One of a few readers of this object at an address; refuses `too_many`."""
        reader = key, visitor.counted_by[1]
        self._readers[reader] += 1
        try:
            if self._readers[reader] > READERS:
                raise crowded("objects_read")
            yield
        finally:
            self._readers[reader] -= 1
            if not self._readers[reader]:
                del self._readers[reader]


async def _answer(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
