"""The complete present state, asked for again and again: at once, or when it changes (9.1)."""

import asyncio
from contextlib import ExitStack

from ephemeral.edge.limiter import Concurrency, crowded
from ephemeral.edge.operations import Answer, HoldOn
from ephemeral.protocol.errors import refuse
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.actions import ROOM, SEAT
from ephemeral.rooms.api.bodies import StateQuery
from ephemeral.rooms.api.callers import Asker
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.polls import Polls
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["StateWatch"]

# Of a member that asks anew before the end of its last request was seen. More would take the places
# of the others in its room.
_WAITS_PER_SEAT = 4


class StateWatch:
    """`connections` counts those who wait in each room, as it does sockets."""

    def __init__(self, rooms: Rooms, polls: Polls, connections: Concurrency) -> None:
        self._rooms = rooms
        self._polls = polls
        self._connections = connections
        self._seats = Concurrency(_WAITS_PER_SEAT)

    async def __call__(self, asker: Asker, query: StateQuery, hold: HoldOn) -> Answer:
        """The state, unless the asker has it; then it may wait for another."""
        seat, known = asker.seat, query.tags
        if not known:
            return await self._state(seat)
        tag = _tag(await self._rooms.version(seat))
        if "*" in known:
            known = {tag}
        if tag not in known:
            return await self._state(seat)
        if query.wait:
            return await self._wait(seat, known, query.wait, hold)
        return _unchanged(tag)

    async def _wait(self, seat: Seat, known: set[str], seconds: int, hold: HoldOn) -> Answer:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        with hold() as held, ExitStack() as places:
            for subject, counted in ((SEAT, self._seats), (ROOM, self._connections)):
                name = held.visitor.subject(subject)
                if name is not None:
                    places.callback(counted.remove, name)
                    if not counted.add(name, 1):
                        raise crowded(f"sockets_{subject}")
            async with self._polls.waiting(seat, held.wake):
                while True:
                    # What happens while this reads ends the sleep.
                    held.listen()
                    tag = _tag(await self._rooms.version(seat))
                    if tag not in known:
                        return await self._state(seat)
                    if held.over or clock() >= until:
                        return _unchanged(tag)
                    await held.sleep(until - clock())

    async def _state(self, seat: Seat) -> Answer:
        snapshot = await self._rooms.snapshot(seat)
        # It may have been taken in the meantime.
        refuse(all(one.member != seat.member for one in snapshot.members), "seat_unknown")
        return Answer(answers.state(snapshot), 200, {"ETag": _tag(snapshot.room.version)})


def _tag(version: int) -> str:
    """The entity tag of a room's state: it says nothing but that another one is another state."""
    return f'"{version:x}"'


def _unchanged(tag: str) -> Answer:
    return Answer(b"", 304, {"ETag": tag})
