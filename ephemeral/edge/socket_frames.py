"""What a route's sockets take, made from its operations."""

from msgspec import Struct

from ephemeral.edge.frames import Bare, Frames, Ref, hello_frame, operation_frame
from ephemeral.edge.limiter import Action
from ephemeral.edge.operations import Deferred, Operation, Size
from ephemeral.edge.session import SocketRoute

__all__ = ["Ping", "SocketFrames"]


class Ping(Bare, tag="ping"):
    """Ask for an answer once everything before has one."""

    ref: Ref


class SocketFrames:
    """What a route's sockets take: before `hello`, and from then on."""

    def __init__(self, route: SocketRoute) -> None:
        mine = [one for one in route.operations if one.frame]
        if any(one.caller is not route.caller for one in mine):
            raise ValueError(f"{route.name}: only the socket's caller may ask by frames")
        #: By the type of the decoded frame.
        self.operations: dict[type[Struct], Operation] = {operation_frame(one): one for one in mine}
        #: `hello` comes alone: whether more is to be taken is known after it.
        self.early = Frames([hello_frame(route.caller, route.hello)], most=1)
        self.late = Frames([*self.operations, Ping])
        #: Deferred operations by the type of their frame: what they count as, their size, and how
        #: they go.
        self.deferred: dict[type[Struct], tuple[Action | None, Size | None, Deferred]] = {
            kind: (one.action, one.size, one.handler)
            for kind, one in self.operations.items()
            if isinstance(one.handler, Deferred)
        }
