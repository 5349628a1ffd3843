"""Hearing that something is new, at the account's socket: docs/conversations.md, 12.

What is heard is a hint and no more: whoever hears one reads on over HTTP, and where no socket can
be had, whoever listens looks from time to time. So nothing depends on it.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ephemeral.client.accounts.account import Account
from ephemeral.client.exits import ClientError
from ephemeral.client.transport import ANSWER_SECONDS, Server
from ephemeral.protocol.encoding import dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Json

__all__ = ["Ear"]

_PATH, _PROTOCOL = "/account/socket", "ephemeral.account.v1"
# Where there is no socket, whoever listens looks after so long.
_LOOK_SECONDS = 2.0
# Nothing that one would have to read for.
_PASSING = {"receipt", "typing", "presence", "ok", "error"}


class Ear:
    """Listens without the account's file, between the rounds in which it is held.

    `told` is called with each event as it came, for whoever shows who is typing or what was
    delivered, and with an `away` when the socket is lost. `here`: the account shows that it is
    here, and is told who else is (12.7).
    """

    def __init__(
        self,
        account: Account,
        told: Callable[[Json], None] | None = None,
        *,
        here: bool = False,
    ) -> None:
        context, server = account.context, account.server
        self._server = Server(server.address, authorities=context.args.cafile, proxy=server.proxy)
        self._told = told
        self._here = here
        self._socket: ClientConnection | None = None
        self._line = AsyncExitStack()
        self._ref = 0
        self.use(account)

    def use(self, account: Account) -> None:
        """With the session as it is now: a socket outlives its token, but no new one is had."""
        token = account.session.access_token
        made = account.proof_header("GET", _PATH, token)["Ephemeral-Proof"]
        self._hello: dict[str, object] = {"type": "hello", "token": token, "proof": made}

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._hang_up()
        await self._server.__aexit__(kind, error, trace)

    async def heard(self, seconds: float) -> bool:
        """Wait until something may be new, for so long at most; whether it may be."""
        if self._socket is None:
            if await self._connected():
                # Whatever came between the last round and now.
                return True
            await asyncio.sleep(min(seconds, _LOOK_SECONDS))
            return True
        try:
            async with asyncio.timeout(seconds):
                while not self._is_news(await self._socket.recv()):
                    pass
        except TimeoutError:
            return False
        except (ConnectionClosed, Refusal):
            await self._hang_up()
        return True

    @property
    def is_connected(self) -> bool:
        """Whether there is a socket, as far as that was noticed."""
        return self._socket is not None

    async def be_here(self, *, here: bool) -> None:
        """Show that the account is here, or no longer."""
        if here != self._here:
            self._here = here
            await self._say({"type": "presence", "on": here})
            if not here and self._told is not None:
                self._told({"type": "away"})

    async def type(self, conversation: str) -> None:
        """Tell the others that this person is writing; lost where there is no socket."""
        await self._say({"type": "typing", "conversation": conversation})

    async def _connected(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                way = self._server.socket(_PATH, _PROTOCOL)
                self._socket = await self._line.enter_async_context(way)
                await self._say(self._hello)
                frames = _frames(await self._socket.recv())
        except (Refusal, ClientError, ConnectionClosed, TimeoutError):
            frames = []
        if any(one.get("type") == "welcome" for one in frames):
            if self._here:
                await self._say({"type": "presence", "on": True})
            return True
        await self._hang_up()
        return False

    async def _hang_up(self) -> None:
        self._socket = None
        if self._told is not None:
            self._told({"type": "away"})
        line, self._line = self._line, AsyncExitStack()
        await line.aclose()

    async def _say(self, frame: Json) -> None:
        if self._socket is None:
            return
        self._ref += 1
        with suppress(ConnectionClosed):
            # A line that is lost is found so by whoever listens next.
            await self._socket.send(dump_json([{**frame, "ref": self._ref}]).decode())

    def _is_news(self, message: str | bytes) -> bool:
        frames = _frames(message)
        if self._told is not None:
            for one in frames:
                self._told(one)
        return any(one.get("type") not in _PASSING for one in frames)


def _frames(message: str | bytes) -> list[Json]:
    value = parse_json(message)
    if not isinstance(value, list):
        raise Refusal("malformed")
    return [one for one in value if isinstance(one, dict)]
