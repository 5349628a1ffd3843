"""Frames that want an answer: numbered, and sent over the next socket until it comes (11.8)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ephemeral.protocol.encoding import b64encode, dump_json
from ephemeral.protocol.limits import FRAME_MAX, FRAMES_MAX, STATUS_IDS_MAX

__all__ = ["Request", "Requests"]


@dataclass(slots=True, eq=False)
class Request:
    """A frame without its ref. `id`: the message that it is about. `due`: not to be sent before."""

    action: str
    fields: Mapping[str, object]
    id: bytes = b""
    due: int = 0


class Requests:
    """What was asked over the present socket, and what is wanted beyond it.

    Of one action about one message there is one wanted request; a newer takes the older's place.
    """

    def __init__(self) -> None:
        self._frames: list[str] = []
        self._asked: dict[int, Request] = {}
        self._wanted: dict[tuple[str, bytes], Request] = {}
        self._questions: dict[int, list[bytes]] = {}
        self._ref = 0

    def __iter__(self) -> Iterator[Request]:
        """What is wanted, oldest first."""
        return iter(list(self._wanted.values()))

    def say(self, action: str, fields: Mapping[str, object]) -> None:
        """Send a frame to which no answer is expected."""
        self._frames.append(dump_json({"type": action, **fields}).decode())

    def take_messages(self) -> list[str]:
        """What is to be sent now, as messages of the socket: few frames each, and none too large.

        Frames are ASCII, since bytes are base64url.
        """
        frames, self._frames = self._frames, []
        messages: list[str] = []
        some: list[str] = []
        size = 0
        for frame in frames:
            more = len(frame) + 1
            if some and (len(some) == FRAMES_MAX or size + more >= FRAME_MAX):
                messages.append(f"[{','.join(some)}]")
                some, size = [], 0
            some.append(frame)
            size += more
        if some:
            messages.append(f"[{','.join(some)}]")
        return messages

    def ask(self, request: Request) -> None:
        """Send a request over the present socket."""
        self._ref += 1
        request.due = 0
        self._asked[self._ref] = request
        self.say(request.action, {"ref": self._ref, **request.fields})

    def ask_status(self, messages: Iterable[bytes]) -> None:
        """Ask what became of messages; not of those of which it was asked over this socket."""
        under_way = {one for asked in self._questions.values() for one in asked}
        unasked = [one for one in messages if one not in under_way]
        for start in range(0, len(unasked), STATUS_IDS_MAX):
            some = unasked[start : start + STATUS_IDS_MAX]
            self.ask(Request("status", {"ids": [b64encode(one) for one in some]}))
            self._questions[self._ref] = some

    def want(self, request: Request) -> None:
        """Keep a request until `done`; it is not yet sent."""
        self._wanted[request.action, request.id] = request

    def wants(self, action: str, message: bytes = b"") -> bool:
        """Whether such a request has no answer yet."""
        return (action, message) in self._wanted

    def is_wanted(self, request: Request) -> bool:
        """Whether this very request is still to be answered beyond this socket."""
        return self._wanted.get((request.action, request.id)) is request

    def done(self, request: Request) -> None:
        """The answer to a request stays; harmless for one that was only asked."""
        if self.is_wanted(request):
            del self._wanted[request.action, request.id]

    def unsent(self, now: int) -> list[Request]:
        """What is wanted, due, and not on its way over the present socket."""
        under_way = set(map(id, self._asked.values()))
        return [one for one in self if id(one) not in under_way and one.due <= now]

    def next_due(self) -> int | None:
        """When the first postponed request may be sent."""
        return min((one.due for one in self if one.due), default=None)

    def hurry(self, action: str) -> None:
        """What was postponed may be sent at once."""
        for request in self:
            if request.action == action:
                request.due = 0

    def answered(self, ref: object) -> Request | None:
        """The request that an answer belongs to."""
        if not isinstance(ref, int):
            return None
        self._questions.pop(ref, None)
        return self._asked.pop(ref, None)

    def socket_lost(self) -> None:
        """What was asked over the socket will have no answer there."""
        self._frames.clear()
        self._asked.clear()
        self._questions.clear()
