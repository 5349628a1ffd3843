"""Hints that were lost, transactions of which nobody learns the end, workers taken for dead."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.machines.services import Desk, Message

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import (
    ClosedEvent,
    DestroyedEvent,
    Event,
    LeftEvent,
    NoticeEvent,
    PresenceEvent,
    Seat,
    Snapshot,
)
from ephemeral.rooms.service import sweeper as sweeping
from ephemeral.rooms.service.hub import Hub
from ephemeral.store.postgres import open_pool

# The end of a transaction, and of a statement with one row that was one by itself.
COMMITTED = (b"COMMIT\0", b"s\0\0\0\4Z\0\0\0\5I")


class Listener:
    """What one socket was told. `told` has events and snapshots, in order."""

    def __init__(self, member: bytes) -> None:
        self.member = member
        self.connection = os.urandom(16)
        self.told: list[Event | Snapshot] = []
        self.ended = ""

    def deliver(self, frame: bytes) -> None:
        self.told.append(FRAMES[int(frame)])

    def replaced(self) -> None:
        self.ended = self.ended or "replaced"

    def seat_lost(self) -> None:
        self.ended = self.ended or "seat_lost"

    def room_closed(self) -> None:
        self.ended = self.ended or "closed"

    def waiting(self) -> set[bytes]:
        """The messages that a client which was told this shows as waiting."""
        shown: set[bytes] = set()
        for one in self.told:
            if isinstance(one, Snapshot):
                shown = {notice.id for notice in one.notices}
            elif isinstance(one, NoticeEvent):
                shown.add(one.notice.id)
            elif isinstance(one, DestroyedEvent):
                shown.discard(one.id)
        return shown


FRAMES: list[Event | Snapshot] = []


def encode(event: Event | Snapshot) -> bytes:
    FRAMES.append(event)
    return b"%d" % (len(FRAMES) - 1)


@pytest.fixture(autouse=True)
def _listening(desk: Desk) -> None:
    desk.hub._encode = desk.hub._encode_backlog = encode


class Loss:
    """A bus's receiver that loses hints on their way to the hub."""

    def __init__(self, desk: Desk) -> None:
        self.losing = False
        self._hub = desk.hub
        desk.bus._receivers[:] = [desk.hints.extend, self.receive]

    def receive(self, hints: list) -> None:
        if not self.losing:
            self._hub.receive(hints)


async def listen(desk: Desk, locator: bytes, token: bytes, hub: Hub) -> Listener:
    """What a socket does upon hello."""
    name = os.urandom(16)
    seat = await desk.connect(locator, token, name)
    listener = Listener(seat.member)
    listener.connection, listener.turn = name, (1, 1)
    hub.add(seat.room, listener)
    snapshot = await desk.rooms.snapshot(seat)
    listener.told.append(snapshot)
    hub.caught_up(seat.room, snapshot.room.sequence)
    return listener


async def seated(desk: Desk, count: int, **room: object) -> tuple[bytes, list[Seat], list[bytes]]:
    locator = await desk.room(seats=max(2, count), **room)
    tokens = [os.urandom(32) for _ in range(count)]
    seats = [(await desk.join(locator, token=token)).seat for token in tokens]
    return locator, seats, tokens


async def compare(desk: Desk) -> None:
    """Two comparisons of the store with what was told, half a minute apart."""
    for _ in range(2):
        await desk.clock.advance(sweeping.HINT_SECONDS * 1000)
        await desk.sweep()


async def test_a_lost_hint_is_healed_even_if_the_next_one_arrives(desk: Desk):
    loss = Loss(desk)
    locator, (author, _), (_, token) = await seated(desk, 2)
    listener = await listen(desk, locator, token, desk.hub)
    messages = [Message(), Message()]
    loss.losing = True
    await desk.post(author, messages[0])
    loss.losing = False
    await desk.post(author, messages[1])
    assert listener.waiting() == {messages[1].id}
    await compare(desk)
    assert listener.waiting() == {one.id for one in messages}


async def test_a_lost_hint_is_healed_even_if_somebody_else_connects(desk: Desk):
    loss = Loss(desk)
    locator, (author, *_), (_, token, other) = await seated(desk, 3)
    listener = await listen(desk, locator, token, desk.hub)
    message = Message()
    loss.losing = True
    await desk.post(author, message)
    loss.losing = False
    await listen(desk, locator, other, desk.hub)
    await compare(desk)
    assert listener.waiting() == {message.id}


async def test_where_nothing_was_lost_nothing_is_told_again(desk: Desk):
    locator, (author, *_), (_, token, other) = await seated(desk, 3)
    listener = await listen(desk, locator, token, desk.hub)
    for _ in range(3):
        await desk.post(author, Message())
    await listen(desk, locator, other, desk.hub)
    await desk.post(author, Message())
    await compare(desk)
    assert [type(one) for one in listener.told].count(Snapshot) == 1


async def test_a_message_that_comes_while_the_state_is_read_is_not_forgotten(desk: Desk):
    locator, (author, _), (_, token) = await seated(desk, 2)
    listener = await listen(desk, locator, token, desk.hub)
    message = Message()

    async def read(room: bytes) -> Snapshot:
        snapshot = await desk.rooms.snapshot_of(room)
        await desk.post(author, message)
        return snapshot

    await desk.hub.tell_again(author.room, read)
    assert listener.waiting() == {message.id}


async def test_members_of_a_room_that_ended_elsewhere_are_told(desk: Desk, other_desk: Desk):
    locator, (_, other), (token, _) = await seated(desk, 2)
    listener = await listen(desk, locator, token, desk.hub)
    await other_desk.rooms.destroy(other)
    await compare(desk)
    assert listener.told[-1] == ClosedEvent("destroyed", None)
    assert listener.ended == "closed"


class Uncertain:
    """The way to a database that breaks, when it is told to, as it brings the end of a commit."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        query = parse_qs(parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
        self._parts = parts
        self.armed = False
        self.broken = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user = self._parts.netloc.rpartition("@")[0]
        return self._parts._replace(netloc=f"{user}@127.0.0.1:{port}", query="").geturl()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        tasks = [
            asyncio.create_task(self._copy(reader, back, answers=False)),
            asyncio.create_task(self._copy(there, writer, answers=True)),
        ]
        self._tasks.update(tasks)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        back.transport.abort()
        writer.transport.abort()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(65536):
            if answers and self.armed and any(one in data for one in COMMITTED):
                self.armed = False
                self.broken += 1
                return
            writer.write(data)


@pytest.fixture
async def uncertain(
    desk: Desk, database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Desk, Uncertain]]:
    """A worker whose next commit, once armed, succeeds without its knowledge."""
    way = Uncertain(database_url)
    pool = await open_pool(await way.open(), size=4, wait_seconds=0)
    unsure = await Desk.open(pool, tmp_path / "keyring")
    unsure.hub._encode = unsure.hub._encode_backlog = encode
    yield unsure, way
    await unsure.ledger.close()
    await pool.close()
    await way.close()
    assert unsure.faults == []


async def test_a_receipt_whose_commit_was_never_confirmed_reaches_the_author_who_waits(
    uncertain: tuple[Desk, Uncertain],
):
    desk, way = uncertain
    locator, (author, reader), (token, _) = await seated(desk, 2)
    message = Message()
    await desk.post(author, message)
    listener = await listen(desk, locator, token, desk.hub)
    await desk.open_message(reader, message)
    way.armed = True
    with pytest.raises(Refusal, match="unavailable"):
        await desk.acknowledge(reader, message)
    assert way.broken == 1
    assert (await desk.acknowledge(reader, message)).state == "viewed"
    # It was the first acknowledgement that destroyed it: the second had nothing to tell.
    await desk.sweep()
    assert listener.waiting() == set()


async def test_a_message_whose_commit_was_never_confirmed_reaches_those_who_wait(
    uncertain: tuple[Desk, Uncertain],
):
    desk, way = uncertain
    locator, (author, _), (_, token) = await seated(desk, 2)
    listener = await listen(desk, locator, token, desk.hub)
    message = Message()
    way.armed = True
    with pytest.raises(Refusal, match="unavailable"):
        await desk.post(author, message)
    assert not (await desk.post(author, message)).fresh
    await desk.sweep()
    assert listener.waiting() == {message.id}


@pytest.mark.parametrize("what", ["leave", "destroy"])
async def test_an_end_whose_commit_was_never_confirmed_closes_the_sockets(
    uncertain: tuple[Desk, Uncertain], what: str
):
    desk, way = uncertain
    locator, (one, other), tokens = await seated(desk, 2)
    listeners = [await listen(desk, locator, token, desk.hub) for token in tokens]
    asked: Callable = getattr(desk.rooms, what)
    way.armed = True
    with pytest.raises(Refusal, match="unavailable"):
        await asked(one)
    await desk.sweep()
    if what == "destroy":
        assert [listener.ended for listener in listeners] == ["closed", "closed"]
    else:
        assert [listener.ended for listener in listeners] == ["seat_lost", ""]
        shown = [one for one in listeners[1].told if isinstance(one, Snapshot)][-1]
        assert [one.member for one in shown.members] == [other.member]


async def test_a_seat_is_not_held_by_a_socket_that_never_learned_of_it(
    uncertain: tuple[Desk, Uncertain],
):
    desk, way = uncertain
    locator, (seat, _), (token, other) = await seated(desk, 2)
    way.armed = True
    with pytest.raises(Refusal, match="unavailable"):
        await desk.connect(locator, token, os.urandom(16))
    held = "SELECT count(*) FROM seats WHERE connection IS NOT NULL"
    assert await desk.pool.fetchval(held) == 1
    await compare(desk)
    assert await desk.pool.fetchval(held) == 0
    await desk.clock.advance(desk.limits.seat_grace + 1000)
    await desk.rooms.authenticate(locator, other)
    await desk.join(locator)
    with pytest.raises(Refusal, match="seat_unknown"):
        await desk.rooms.authenticate(locator, token)
    assert (seat.room, LeftEvent(seat.member, True)) in desk.hints


async def test_a_seat_whose_socket_lives_is_kept_however_long_it_is_silent(desk: Desk):
    locator, _, (token, _) = await seated(desk, 2)
    await listen(desk, locator, token, desk.hub)
    for _ in range(25):
        await compare(desk)
    held = "SELECT count(*) FROM seats WHERE connection IS NOT NULL"
    assert await desk.pool.fetchval(held) == 1


async def test_a_worker_that_was_taken_for_dead_goes_on_where_it_was(desk: Desk, other_desk: Desk):
    locator, seats, tokens = await seated(desk, 3)
    listeners = [await listen(desk, locator, token, desk.hub) for token in tokens[:2]]
    # It stood still for a while: a machine that slept, a process that was stopped.
    await desk.clock.advance(sweeping.ALIVE_MS + 1000)
    other_desk.clock.ahead = desk.clock.ahead
    await other_desk.sweep()
    assert (await desk.rows("workers"))["workers"] == 1
    # Somebody connects before its next heartbeat.
    listeners.append(await listen(desk, locator, tokens[2], desk.hub))
    desk.hints.clear()
    await desk.sweep()
    back = [event for _, event in desk.hints if isinstance(event, PresenceEvent)]
    assert set(back) == {PresenceEvent(one.member, True) for one in seats[:2]}
    snapshot = await desk.rooms.snapshot(seats[0])
    assert [one.present for one in snapshot.members] == [True, True, True]
    assert [one.ended for one in listeners] == ["", "", ""]
    await other_desk.sweep()
    assert (await desk.rows("workers"))["workers"] == 2
