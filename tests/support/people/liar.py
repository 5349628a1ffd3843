"""A server that lies: it stands before the real one, and changes what it says."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
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
        config = uvicorn.Config(
            self._serve,
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            ws="websockets-sansio",
            ws_max_size=2**30,
            log_config=None,
            access_log=False,
        )
        if self._tls is not None:
            config.load()
            config.ssl = self._tls
        server = uvicorn.Server(config)
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{port}"
        # Who comes before the server listens waits for it.
        serving = asyncio.create_task(server._serve([listener]))
        self._ready.set()
        await self._over.wait()
        server.should_exit = server.force_exit = True
        await serving
        listener.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        if scope["type"] == "http":
            request = Request(scope, receive)
            true = await self._asked(request)
            await self._answer(*self.page(request.url.path, *true))(scope, receive, send)
            return
        near = WebSocket(scope, receive, send)
        status, answer, more = self.page(scope["path"], HTTPStatus.SWITCHING_PROTOCOLS, None)
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            await self._carry(near)
        else:
            await near.send_denial_response(self._answer(status, answer, more))

    def _answer(self, status: int, answer: object, more: dict[str, str]) -> Response:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        # A client that kept this would tell visits apart.
        headers = {"Connection": "close", **more, "Set-Cookie": "visitor=1"}
        return Response(b"" if status == HTTPStatus.NO_CONTENT else body, status, headers)

    async def _asked(self, request: Request) -> tuple[int, object]:
        named = {"authorization", "ephemeral-member", "content-type"}
        passed = {name: value for name, value in request.headers.items() if name in named}
        async with httpx.AsyncClient(trust_env=False) as client:
            true = await client.request(
                request.method,
                self._target + request.url.path,
                headers=passed,
                content=await request.body(),
            )
        return true.status_code, true.json() if true.content else None

    async def _carry(self, near: WebSocket) -> None:
        await near.accept(subprotocol=PROTOCOL, headers=[(b"set-cookie", b"visitor=1")])
        if self.closes is not None:
            await near.close(self.closes)
            return
        if self.blurts is not None:
            await near.send_bytes(self.blurts)
            return
        address = f"ws{self._target.removeprefix('http')}{SOCKET}"
        async with connect(address, subprotocols=[PROTOCOL], max_size=None, proxy=None) as far:

            async def back() -> None:
                with suppress(ConnectionClosed):
                    async for text in far:
                        frames = [self._bent(frame) for frame in json.loads(text)]
                        await near.send_json([one for one in frames if one is not None])
                        for more in self.adds():
                            await near.send_json(more)
                if not self.holds:
                    await near.close(far.close_code or 1011)

            task = asyncio.create_task(back())
            with suppress(ConnectionClosed, WebSocketDisconnect, RuntimeError):
                while True:
                    onward = []
                    for frame in await near.receive_json():
                        self.asked.append(frame)
                        answer = self.answers(frame)
                        if answer is None:
                            onward.append(frame)
                        elif answer:
                            await near.send_json(answer)
                    if onward:
                        await far.send(json.dumps(onward))
            task.cancel()
            await asyncio.wait([task])

    def _bent(self, frame: Frame) -> Frame | None:
        self.said.append(frame)
        return self.lies(json.loads(json.dumps(frame)))

    def asked_for(self, kind: str) -> list[Frame]:
        """The frames of this type that clients have sent."""
        return [frame for frame in self.asked if frame["type"] == kind]
