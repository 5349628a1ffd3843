"""The complete present state of a room, as its members are told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows import room_rows, seat_rows
from ephemeral.rooms.rules.room import MemberView, RoomView, Seat, Snapshot

if TYPE_CHECKING:
    from ephemeral.rooms.service.notice_cache import NoticeCache
    from ephemeral.sealing.vault import Vault
    from ephemeral.store.postgres import Connection

__all__ = ["Joined", "absence", "members", "snapshot", "view"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Answer to joining. `fresh`: a seat was taken (201), not found again (200).

    `generation`: the highest that a `hello` of this seat has named.
    """

    seat: Seat
    snapshot: Snapshot
    fresh: bool = True
    generation: int = 0


async def view(connection: Connection, room: bytes) -> RoomView:
    """What the bearer of the code may know; refuses `room_unknown`."""
    found = await room_rows.room_view(connection, room)
    if found is None:
        raise Refusal("room_unknown")
    return found


async def absence(connection: Connection, room: bytes) -> Refusal:
    """Why a token has no seat: the room is absent, or the seat is."""
    lives = await seat_rows.lives(connection, room)
    return Refusal("seat_unknown" if lives else "room_unknown")


async def members(
    connection: Connection, room: bytes, vault: Vault, grace: int
) -> tuple[MemberView, ...]:
    """Who has a seat, in the order in which they were taken."""
    seats = await seat_rows.seats_of_room(connection, room, grace)
    profiles = [one.profile for one in seats if one.profile is not None]
    sealed = await vault.sealed(connection, profiles) if profiles else {}
    return tuple(
        MemberView(
            one.member,
            vault.profile(one.profile, sealed),
            one.joined_at,
            one.seen_at,
            one.present,
        )
        for one in sorted(seats, key=lambda one: (one.joined_at, one.member))
    )


async def snapshot(
    connection: Connection, room: bytes, vault: Vault, grace: int, cache: NoticeCache
) -> Snapshot:
    """Room, members and every message that waits.

    What is committed while this reads is in it or comes as an event: the caller listens already.
    """
    shown = await view(connection, room)
    seated = await members(connection, room, vault, grace)
    return Snapshot(shown.now, shown, seated, await cache.of(connection, room, shown))
