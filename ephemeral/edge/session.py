"""What a wing makes of a socket: whose it is from `hello` on, and what it is told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ephemeral.edge.credentials import Caller, Texts
from ephemeral.edge.frames import Bare
from ephemeral.edge.limiter import Action
from ephemeral.edge.operations import Operation

if TYPE_CHECKING:
    from ephemeral.edge.socket import Socket

__all__ = ["Session", "SocketRoute"]


class Session:
    """One socket as its wing sees it. This one greets whoever its caller identifies.

    `hello` is what a greeting counts as: who guesses credentials here is counted as over HTTP.
    """

    def __init__(self, caller: Caller, hello: Action, socket: Socket) -> None:
        self.socket = socket
        self._caller = caller
        self._hello = hello

    async def hello(self, ref: int, texts: Texts, body: Any) -> tuple[Any, bytes]:  # noqa: ARG002
        """Who is there, for the handlers, and the frame that welcomes them. Refuses.

        `body`: what came beside the credentials, as the route's `hello` unpacks it.
        """
        async with self.socket.visitor.counted(self._hello):
            return await self._caller.read(texts), b'{"type":"welcome","ref":%d}' % ref

    def welcomed(self, deliver: Callable[[bytes], None]) -> None:
        """The welcome is on its way: from now on `deliver` queues events behind it."""

    def ended(self) -> None:
        """No more is taken from this socket, nor may it be told of anything. Must not raise."""

    @property
    def holds(self) -> bool:
        """Whether something is held elsewhere until `release`."""
        return False

    async def release(self) -> None:
        """Give up what is held; tried again as long as it refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketRoute:
    """A path that speaks WebSocket, for `caller`s. `name` is its handshake's in the contract, and
    `protocol` its subprotocol; `document` says where it is described.

    `operations` with a frame may be asked for here, after `hello`; they are `caller`'s. `hello` is
    what that frame has besides the credentials. `close_codes`: by refusals that only this wing has.
    """

    name: str
    path: str
    protocol: str
    caller: Caller
    operations: Sequence[Operation]
    session: Callable[[Socket], Session]
    hello: type[Struct] = Bare
    document: str = "docs/protocol.md, section 11"
    close_codes: Mapping[str, int] = field(default_factory=dict)
