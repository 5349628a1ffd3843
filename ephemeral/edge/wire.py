"""An accepted WebSocket as the rest of this floor sees it; `socket_wire` speaks it."""

from typing import Protocol

from ephemeral.edge.pace import Pace

__all__ = ["WIRE", "FrameHandler", "Wire"]

#: The name under which a scope's extensions hold the `Wire` of its socket.
WIRE = "ephemeral.wire"


class FrameHandler(Protocol):
    """Who is handed what comes on a wire. Nothing here may block or raise."""

    def received(self, text: bytes) -> None:
        """A text message; whether it is UTF-8 is for the handler to see."""

    def received_binary(self) -> None:
        """A binary message."""

    def flooded(self) -> None:
        """More came than the pace allows; nothing more is heard."""

    def writable(self) -> None:
        """The peer reads again."""

    def stalled(self) -> None:
        """The peer has read nothing for so long that it is waited for no longer."""

    def lost(self, code: int | None = None) -> None:
        """Nothing more will come, nothing more can be sent. `code`: with which the peer closed."""


class Wire(Protocol):
    """An accepted WebSocket."""

    #: The peer has not read what was sent; more should wait.
    blocked: bool

    def attach(self, handler: FrameHandler, pace: Pace) -> None:
        """From now on `handler` gets what comes, as far as `pace` allows it."""

    def write(self, text: bytes) -> None:
        """Send a text message at once."""

    def pause(self) -> None:
        """Let nothing more come, not even what has been read already."""

    def resume(self) -> None:
        """Let it come again."""

    def close(self, code: int) -> None:
        """Send a close frame behind whatever is on its way; never waits."""
