"""A client's own seat: what takes it, who it makes, and which of its sockets is the latest."""

from ephemeral.protocol import objects
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.keys import RoomKeys, SeatKeys, member_id
from ephemeral.protocol.objects import Json
from ephemeral.protocol.requests import Request

__all__ = ["Seating"]


class Seating:
    """A seat. `profile`: as sealed, if it has one; `generation`: the highest of its sockets."""

    def __init__(
        self, keys: RoomKeys, seat: SeatKeys, profile: bytes | None, generation: int
    ) -> None:
        self.member = member_id(seat.token)
        #: Credentials of the requests that need a seat.
        self.locator, self.token = keys.locator, seat.token
        #: Body of the request that takes it.
        self.body: dict[str, object] = {}
        if profile is not None:
            self.body["profile"] = b64encode(profile)
        self.generation = generation
        #: Whether it is taken, as far as this process knows.
        self.taken = False

    def take(self, answer: Json) -> None:
        """It was joined, and this is the answer; refuses a `malformed` one."""
        self.generation = max(self.generation, objects.read_integer(answer, "generation"))
        self.taken = True

    def hello(self) -> Request:
        """The greeting on a new socket, above all before it (7.7)."""
        self.generation += 1
        fields = {"locator": b64encode(self.locator), "token": b64encode(self.token)}
        return Request("hello", fields | {"generation": self.generation})
