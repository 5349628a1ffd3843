"""What is counted in rooms, by whom, and how often it may be (docs/protocol.md, section 12)."""

from dataclasses import dataclass

from ephemeral.edge.limiter import ADDRESS, Action
from ephemeral.settings import Settings

__all__ = ["ROOM", "SEAT", "RoomActions"]

#: Subjects that rooms are counted by.
ROOM, SEAT = "room", "seat"

# What counts as asking for a room that isn't there. A credential that proves wrong counts more than
# a code that does: nobody mistypes it.
_MISSES = {"room_unknown": 1, "seat_unknown": 5, "resume_unknown": 5, "viewing_wrong": 5}


@dataclass(frozen=True, slots=True)
class RoomActions:
    """The actions of rooms.

    `join`: taking a seat, or the key of a reloaded tab. `hello`: bringing a socket into a room.
    `post`: also reserving an attachment. `post_bytes`: each byte of an envelope that is posted.
    `reserve_bytes`, `chunk_bytes`: each byte of an attachment that is reserved, and of a chunk that
    is sent or fetched. `open`: opening, acknowledging, releasing, taking back, and what else is
    done with attachments. `state`: everything else that a room is asked or told. `leave`: leaving
    and destroying, which nobody is kept from.
    """

    create: Action
    join: Action
    hello: Action
    post: Action
    post_bytes: Action
    reserve_bytes: Action
    chunk_bytes: Action
    open: Action
    state: Action
    leave: Action

    @classmethod
    def of(cls, settings: Settings) -> "RoomActions":
        """As this deployment limits them."""
        return cls(
            create=Action(
                "create", {ADDRESS: settings.creates_per_address}, asks=False, together=True
            ),
            join=Action(
                "join",
                {ROOM: settings.joins_per_room, ADDRESS: settings.joins_per_address},
                misses=_MISSES,
                together=True,
            ),
            hello=Action("hello", {ROOM: settings.connects_per_room}, misses=_MISSES),
            post=Action(
                "post",
                {
                    SEAT: settings.posts_per_seat,
                    ROOM: settings.posts_per_room,
                    ADDRESS: settings.posts_per_address,
                },
                misses=_MISSES,
            ),
            post_bytes=Action("post_bytes", {ADDRESS: settings.post_bytes_per_address}, asks=False),
            reserve_bytes=Action(
                "reserve_bytes", {ADDRESS: settings.attachment_bytes_per_address}, asks=False
            ),
            chunk_bytes=Action(
                "chunk_bytes", {ADDRESS: settings.chunk_bytes_per_address}, asks=False
            ),
            open=Action(
                "open",
                {
                    SEAT: settings.opens_per_seat,
                    ROOM: settings.opens_per_room,
                    ADDRESS: settings.opens_per_address,
                },
                misses=_MISSES,
            ),
            state=Action(
                "state",
                {
                    SEAT: settings.states_per_seat,
                    ROOM: settings.states_per_room,
                    ADDRESS: settings.states_per_address,
                },
                misses=_MISSES,
            ),
            leave=Action("leave", {}, misses=_MISSES),
        )
