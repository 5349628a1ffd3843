"""A socket made of requests, where a network lets none through (docs/protocol.md, 9.1).

What a session says and hears are frames. Here each frame that it sends becomes a request, each
answer a frame, and the room's state, asked for again and again, a `welcome` and then a `backlog`
whenever it has changed.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from ephemeral.client.exits import ClientError
from ephemeral.protocol.encoding import b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import member_id
from ephemeral.protocol.objects import Json, read_room

__all__ = ["Asked", "PolledSocket"]

#: Seconds that one request may wait for news: below the patience of most proxies.
WAIT_SECONDS = 20
# A server that always has news, or never waits, is not asked more often.
_PAUSE_SECONDS = 0.2
_IDLE_SECONDS = 1.0
# Messages that may wait to be received before no more are asked for.
_UNRECEIVED = 16
_ABNORMAL, _SEAT_LOST, _ROOM_ENDED = 1006, 4401, 4410
_PASSING = {"too_many", "unavailable", "internal"}

# Each frame: method, path, and the fields that go into the body.
_REQUESTS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "post": ("POST", "/room/messages", ("id", "envelope", "viewing_hash", "attachment")),
    "open": ("POST", "/room/messages/{id}/open", ("attachment",)),
    "ack": ("POST", "/room/messages/{id}/ack", ("viewing",)),
    "release": ("POST", "/room/messages/{id}/release", ()),
    "withdraw": ("DELETE", "/room/messages/{id}", ()),
    "status": ("POST", "/room/messages/status", ("ids",)),
    "typing": ("POST", "/room/typing", ("typing",)),
    "lock": ("PATCH", "/room", ("locked",)),
    "destroy": ("DELETE", "/room", ()),
    "leave": ("DELETE", "/room/members", ()),
}
_ENDING = {"destroy", "leave"}
# Nothing of what the state says depends on these.
_PLAIN = {"typing", "status"}


class Asked(Protocol):
    """Who asks the server, one try each; raises `Refusal` or `ClientError`."""

    async def ask(
        self,
        method: str,
        path: str,
        *,
        locator: bytes | None = None,
        token: bytes | None = None,
        body: Mapping[str, object] | None = None,
        once: bool = False,
    ) -> Json:
        """The answer to a request."""

    async def watch(
        self, locator: bytes, token: bytes, tag: str | None, seconds: int
    ) -> tuple[Json | None, str]:
        """The state with its tag; None if after so many seconds it is still the one known."""


class PolledSocket:
    """What a session's driver needs of a socket, for the seat of this token. A context."""

    def __init__(self, server: Asked, locator: bytes, token: bytes) -> None:
        self._server = server
        self._locator = locator
        self._token = token
        self._messages: asyncio.Queue[bytes | int] = asyncio.Queue(_UNRECEIVED)
        self._watching: asyncio.Task[None] | None = None
        # When the room ends if nobody uses it, by this machine's clock, in seconds.
        self._expires_at = float("inf")
        # How often something was done that changes the state.
        self._done = 0
        self._ending = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def send(self, text: str) -> None:
        """Ask for what the frames of a message ask for, one after the other."""
        frames = parse_json(text)
        assert isinstance(frames, list)
        for frame in frames:
            try:
                await self._ask(frame)
            except ClientError:
                await self._messages.put(_ABNORMAL)
                return

    async def recv(self) -> bytes:
        """The next message; raises ConnectionClosed where a socket would."""
        message = await self._messages.get()
        if isinstance(message, int):
            closed = None if message == _ABNORMAL else Close(message, "")
            raise ConnectionClosedError(closed, None)
        return message

    async def _ask(self, frame: Json) -> None:
        kind, ref = str(frame["type"]), frame.get("ref")
        try:
            if kind == "hello":
                answer = await self._hello()
            else:
                self._ending = self._ending or kind in _ENDING
                answer = {**await self._request(kind, frame), "type": "ok"}
        except Refusal as refusal:
            answer = _error(refusal)
            self._ending = False
        if kind not in _PLAIN:
            self._done += 1
        if ref is not None:
            await self._say({**answer, "ref": ref})

    async def _hello(self) -> Json:
        state, tag = await self._server.watch(self._locator, self._token, None, 0)
        self._watching = asyncio.create_task(self._watch(tag))
        state = self._heard(state or {})
        return {**state, "type": "welcome", "member": b64encode(member_id(self._token))}

    def _heard(self, state: Json) -> Json:
        """A state, of which is noted when the room ends."""
        # What has another form the session refuses.
        with suppress(Refusal):
            room = read_room(state.get("room"))
            left = (room.expires_at - room.now) / 1000
            self._expires_at = asyncio.get_running_loop().time() + left
        return state

    async def _request(self, kind: str, frame: Json) -> Json:
        method, path, fields = _REQUESTS[kind]
        return await self._server.ask(
            method,
            path.format(id=frame.get("id")),
            locator=self._locator,
            token=self._token,
            body={field: frame[field] for field in fields if field in frame} or None,
            once=True,
        )

    async def _watch(self, tag: str) -> None:
        """Tell every state that is another one, until there is none any more."""
        clock = asyncio.get_running_loop().time
        while True:
            done, begun = self._done, clock()
            try:
                state, newer = await self._server.watch(
                    self._locator, self._token, tag, WAIT_SECONDS
                )
            except ClientError:
                await self._messages.put(_ABNORMAL)
                return
            except Refusal as refusal:
                if refusal.code in _PASSING:
                    await asyncio.sleep(max(_IDLE_SECONDS, refusal.retry_after or 0))
                    continue
                if not self._ending:
                    await self._end(refusal)
                return
            if state is None:
                await asyncio.sleep(max(0.0, begun + _IDLE_SECONDS - clock()))
                continue
            # One that was made before the last answer may contradict it, and is not told.
            if done == self._done:
                tag = newer
                await self._say({**self._heard(state), "type": "backlog"})
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _end(self, refusal: Refusal) -> None:
        """The seat or the room is no more. Of a room it isn't told why: its time is known."""
        if refusal.code == "room_unknown":
            expired = asyncio.get_running_loop().time() >= self._expires_at
            reason = "expired" if expired else "destroyed"
            await self._say({"type": "closed", "reason": reason, "member": None})
            await self._messages.put(_ROOM_ENDED)
        else:
            await self._say({**_error(refusal), "ref": None})
            lost = refusal.code in {"seat_unknown", "unauthorized"}
            await self._messages.put(_SEAT_LOST if lost else _ABNORMAL)

    async def _say(self, frame: Json) -> None:
        await self._messages.put(b"[" + dump_json(frame) + b"]")


def _error(refusal: Refusal) -> Json:
    error = {"code": refusal.code, "message": refusal.message, "retry_after": refusal.retry_after}
    if refusal.state is not None:
        error["state"] = refusal.state
    return {"type": "error", "error": error}
