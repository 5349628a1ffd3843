"""A server that lies: it stands before the real one, and changes what it says."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

Frame = dict[str, Any]
# The status, the body or what becomes one as JSON, and further headers.
Page = tuple[int, object, dict[str, str]]
PROTOCOL = Subprotocol("ephemeral.v1")
SOCKET = "/room/socket"


class Liar:
    """Passes all on but for its lies.

    Of HTTP, `page` may give another answer. Of a socket, `lies` changes each frame that the server
    says, None drops it; `answers` may answer a client's frame in the server's place; `adds` gives
    what to say after each of its messages, an array for each message.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._target = url
        self._tls = tls
        self.page: Callable[[str, int, Any], Page] = lambda path, status, answer: (
            status,
            answer,
            {},
        )
        self.lies: Callable[[Frame], Frame | None] = lambda frame: frame
        self.answers: Callable[[Frame], list[Frame] | None] = lambda frame: None
        self.closes: int | None = None
        self.blurts: bytes | None = None
        self.holds = False
        self.adds: Callable[[], Iterable[list[Frame]]] = list
        #: The paths that were asked for, and the frames of both sides.
        self.paths: list[str] = []
        self.asked: list[Frame] = []
        self.said: list[Frame] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        async with serve(
            self._carry,
            "127.0.0.1",
            0,
            process_request=self._answered,
            subprotocols=[PROTOCOL],
            max_size=None,
            close_timeout=1,
            ssl=self._tls,
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{port}"
            self._ready.set()
            await self._over.wait()

    async def _answered(self, _: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        true: tuple[int, object] = (HTTPStatus.SWITCHING_PROTOCOLS, None)
        if request.path != SOCKET:
            true = await self._asked(request)
        status, answer, more = self.page(request.path, *true)
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        headers = Headers({"Content-Length": str(len(body)), "Connection": "close", **more})
        # A client that kept this would tell visits apart.
        headers["Set-Cookie"] = "visitor=1"
        return Response(status, HTTPStatus(status).phrase, headers, body)

    async def _asked(self, request: Request) -> tuple[int, object]:
        passed = {
            name: value
            for name, value in request.headers.raw_items()
            if name.lower() in {"authorization", "ephemeral-member"}
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            true = await client.get(self._target + request.path, headers=passed)
        return true.status_code, true.json()

    async def _carry(self, near: ServerConnection) -> None:
        if self.closes is not None:
            await near.close(self.closes)
            return
        if self.blurts is not None:
            await near.send(self.blurts)
            return
        address = f"ws{self._target.removeprefix('http')}{SOCKET}"
        async with connect(address, subprotocols=[PROTOCOL], max_size=None, proxy=None) as far:

            async def back() -> None:
                with suppress(ConnectionClosed):
                    async for text in far:
                        frames = [self._bent(frame) for frame in json.loads(text)]
                        await near.send(json.dumps([one for one in frames if one is not None]))
                        for more in self.adds():
                            await near.send(json.dumps(more))
                if not self.holds:
                    await near.close(far.close_code or 1011)

            task = asyncio.create_task(back())
            with suppress(ConnectionClosed):
                async for text in near:
                    frame = json.loads(text)
                    self.asked.append(frame)
                    answer = self.answers(frame)
                    if answer is None:
                        await far.send(text)
                    elif answer:
                        await near.send(json.dumps(answer))
            task.cancel()
            await asyncio.wait([task])

    def _bent(self, frame: Frame) -> Frame | None:
        self.said.append(frame)
        return self.lies(json.loads(json.dumps(frame)))

    def asked_for(self, kind: str) -> list[Frame]:
        """The frames of this type that clients have sent."""
        return [frame for frame in self.asked if frame["type"] == kind]
