"""Who asks something of a room, and by what it is known (docs/protocol.md, section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ephemeral.edge.credentials import Caller, Credential, Subjects
from ephemeral.rooms.api.actions import ROOM, SEAT
from ephemeral.rooms.api.bodies import credential
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["Asker", "Newcomer", "RoomCallers"]

_LOCATOR = Credential(
    "locator",
    b"authorization",
    "The room's locator, derived from the code: 32 bytes in base64url.",
    credential,
    "locator",
)
_MEMBER = Credential(
    "member",
    b"ephemeral-member",
    "The member's token, drawn before it joined: 32 bytes in base64url.",
    credential,
    "token",
)
_RESUME = Credential(
    "resume",
    b"ephemeral-resume",
    "The resume token of a tab that was reloaded: 32 bytes in base64url.",
    credential,
    "resume",
)


class Newcomer(NamedTuple):
    """Who would like a seat: the locator of the room, and the token that the seat is to have."""

    locator: bytes
    token: bytes


class Asker(NamedTuple):
    """A member that asks. `by` names its socket, which is told by the answer; empty over HTTP."""

    seat: Seat
    by: bytes = b""


async def _as_is(secret: bytes) -> bytes:
    return secret


async def _newcomer(locator: bytes, token: bytes) -> Newcomer:
    return Newcomer(locator, token)


def _of_room(texts: Mapping[str, str]) -> Subjects:
    return {ROOM: texts["locator"].encode()}


def _of_seat(texts: Mapping[str, str]) -> Subjects:
    locator, token = texts["locator"], texts["member"]
    return {SEAT: f"{locator} {token}".encode() if locator and token else b"", **_of_room(texts)}


@dataclass(frozen=True, slots=True)
class RoomCallers:
    """The kinds of caller, and what handlers get of each.

    `bearer`: of the code; its locator. `newcomer`: a Newcomer. `member`: an Asker. `returning`: a
    tab that was reloaded; its resume token.
    """

    bearer: Caller
    newcomer: Caller
    member: Caller
    returning: Caller

    @classmethod
    def of(cls, rooms: Rooms) -> "RoomCallers":
        """As these rooms know them."""

        async def seated(locator: bytes, token: bytes) -> Asker:
            return Asker(await rooms.authenticate(locator, token))

        return cls(
            bearer=Caller("bearer of the code", (_LOCATOR,), _as_is, _of_room),
            newcomer=Caller("newcomer", (_LOCATOR, _MEMBER), _newcomer, _of_seat),
            member=Caller("member", (_LOCATOR, _MEMBER), seated, _of_seat),
            returning=Caller("returning tab", (_RESUME,), _as_is, alone=True),
        )
