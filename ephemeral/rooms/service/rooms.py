"""Anonymous rooms: one method per use case, the same behind HTTP and the socket.

Each method opens the transaction it needs and publishes only after the commit. What members do to
messages goes through the ledger, which batches it. `by` names the socket on which something is
asked, if its answer tells what the events would: it isn't told twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ephemeral.live.bus import Bus, Hint
from ephemeral.protocol.charter import decode_charter
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import member_id
from ephemeral.protocol.limits import CharterLimits
from ephemeral.rooms.rows import room_rows, seat_rows
from ephemeral.rooms.rules.credentials import resume_hash, room_hash, token_hash, tombstone_hash
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import (
    ClosedEvent,
    Event,
    JoinedEvent,
    LockedEvent,
    MemberView,
    PresenceEvent,
    Receipt,
    Room,
    RoomView,
    Seat,
    Snapshot,
    TypingEvent,
)
from ephemeral.rooms.service.commits import commit
from ephemeral.rooms.service.deployment import Deployment
from ephemeral.rooms.service.endings import end, end_expired, tell_end
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.notice_cache import NoticeCache
from ephemeral.rooms.service.receipts import receipts
from ephemeral.rooms.service.snapshots import Joined, absence, members, snapshot, view
from ephemeral.rooms.service.vacancies import Vacancies
from ephemeral.sealing import payload_rows
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.seals import Random
from ephemeral.sealing.vault import Vault
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Rooms"]

T = TypeVar("T")

#: How often making a room is tried while others make and end one of the same name.
_CREATIONS = 3


class Rooms:
    """The use cases of an anonymous room. `worker` names this process among others."""

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        ledger: Ledger,
        bus: Bus,
        deployment: Deployment,
        limits: Limits,
        charter_limits: CharterLimits,
        random: Random,
        worker: bytes,
        cache: NoticeCache,
    ) -> None:
        self.suite = deployment.suite
        self.salt = deployment.salt
        # What a member does to a message: `reply` is called once, after the commit and before the
        # events.
        self.post, self.open, self.acknowledge = ledger.post, ledger.open, ledger.acknowledge
        self.release, self.withdraw = ledger.release, ledger.withdraw
        self._pool = pool
        self._keyring = keyring
        self._bus = bus
        self._limits = limits
        self._charter_limits = charter_limits
        self._vault = Vault(keyring, random)
        self._vacancies = Vacancies(limits, self._tombstone_name)
        self._worker = worker
        self._cache = cache

    # --- the room ---------------------------------------------------------------------------

    async def create(self, locator: bytes, charter: bytes, mac: bytes) -> tuple[RoomView, bool]:
        """Make a room; False if the same charter stood there before.

        Refuses with the charter's codes, or `room_exists`.
        """
        decoded = decode_charter(charter, suite=self.suite, limits=self._charter_limits)
        name = room_hash(self._keyring.index_key, locator)

        async def work(connection: Connection) -> tuple[RoomView, bool, int | None]:
            now = await clock(connection)
            ttl = decoded.room_ttl * 1000
            room = Room(name, decoded.policy, decoded.message_ttl * 1000, ttl, 0, now + ttl)
            ended = None
            for _ in range(_CREATIONS):
                if await room_rows.insert_room(connection, room, charter, mac, decoded.seats, now):
                    return await view(connection, name), True, ended
                standing = await room_rows.room_view(connection, name)
                if standing is not None:
                    refuse((standing.charter, standing.mac) != (charter, mac), "room_exists")
                    return standing, False, ended
                # What stood there has expired and was not swept yet.
                ended = await end_expired(connection, name)
            raise Refusal("unavailable", retry_after=1)

        shown, fresh, ended = await self._commit(name, work)
        if ended is not None:
            tell_end(self._bus, name, ClosedEvent("expired"), ended)
        return shown, fresh

    async def describe(self, locator: bytes) -> RoomView:
        """What the bearer of the code may know; refuses `room_unknown`."""
        name = room_hash(self._keyring.index_key, locator)
        return await transaction(self._pool, lambda connection: view(connection, name))

    async def members(self, seat: Seat) -> tuple[RoomView, Sequence[MemberView]]:
        """The room and who has a seat in it."""

        async def work(connection: Connection) -> tuple[RoomView, Sequence[MemberView]]:
            shown = await view(connection, seat.room)
            grace = self._limits.seat_grace
            return shown, await members(connection, seat.room, self._vault, grace)

        return await transaction(self._pool, work, read_only=True)

    async def snapshot(self, seat: Seat) -> Snapshot:
        """The complete present state."""
        return await self.snapshot_of(seat.room)

    async def snapshot_of(self, room: bytes) -> Snapshot:
        """The complete present state, for all members at once."""
        return await transaction(
            self._pool, lambda connection: self._snapshot(connection, room), read_only=True
        )

    async def version(self, seat: Seat) -> int:
        """The version of a room, another after each change but of who is present."""
        found = await transaction(
            self._pool, lambda connection: room_rows.version(connection, seat.room), read_only=True
        )
        if found is None:
            raise Refusal("room_unknown")
        return found

    async def lock(self, seat: Seat, locked: bool, *, by: bytes = b"") -> RoomView:
        """Close the room to new members, or open it again. `by`: the socket that is answered."""

        async def work(connection: Connection) -> RoomView:
            await self._enter(connection, seat)
            await room_rows.set_locked(connection, seat.room, locked)
            return await view(connection, seat.room)

        changed = await self._commit(seat.room, work)
        self._publish(seat.room, LockedEvent(locked, seat.member, by))
        return changed

    async def destroy(self, seat: Seat, *, by: bytes = b"") -> None:
        """End the room and everything in it. `by`: the socket that is answered."""

        async def work(connection: Connection) -> int:
            await self._enter(connection, seat)
            return await end(connection, seat.room)

        messages = await self._commit(seat.room, work)
        tell_end(self._bus, seat.room, ClosedEvent("destroyed", seat.member, by), messages)

    async def expire(self, room: bytes) -> None:
        """End a room if its time is over."""
        ended = await self._commit(room, lambda connection: end_expired(connection, room))
        if ended is not None:
            tell_end(self._bus, room, ClosedEvent("expired"), ended)

    # --- seats ------------------------------------------------------------------------------

    async def join(
        self,
        locator: bytes,
        token: bytes,
        profile: bytes | None,
        resume: tuple[bytes, bytes] | None,
    ) -> Joined:
        """Take a seat, or find it taken by the same member before, as it is.

        Refuses `room_unknown`, `member_taken`, `room_locked`, `room_full`, `profile_length`.
        """
        refuse(profile is not None and len(profile) != 256, "profile_length")
        index_key = self._keyring.index_key
        holder = token_hash(index_key, token)
        seat = Seat(room_hash(index_key, locator), member_id(token), holder)
        token_name = resume_hash(index_key, resume[0]) if resume is not None else None

        async def work(connection: Connection) -> tuple[Joined, list[Hint]]:
            room, now = await self._locked(connection, seat.room)
            seats = await seat_rows.seats_of_room(connection, seat.room, self._limits.seat_grace)
            mine = next((one for one in seats if one.token_hash == holder), None)
            if mine is not None:
                await seat_rows.touch(connection, seat)
                snapshot = await self._snapshot(connection, seat.room)
                return Joined(seat, snapshot, False, mine.generation), []
            hints = await self._vacancies.find(connection, room, seats, now)
            profile_id = await self._vault.store(connection, "profile", profile)
            resume_id = await self._vault.store(connection, "resume", resume[1] if resume else None)
            taken = await seat_rows.insert_seat(
                connection, seat, now, profile_id, token_name, resume_id
            )
            refuse(not taken, "member_taken", "Another seat has that resume token.")
            joins = await room_rows.count_join(connection, seat.room, now + room.room_ttl)
            newcomer = MemberView(seat.member, profile, now, now, False)
            hints.append((seat.room, JoinedEvent(newcomer, joins)))
            return Joined(seat, await self._snapshot(connection, seat.room)), hints

        joined, hints = await self._commit(seat.room, work)
        self._bus.publish(hints)
        return joined

    async def resume(self, token: bytes) -> tuple[bytes, int]:
        """The server's half of a resume secret, and the highest generation of the seat.

        Refuses `resume_unknown`.
        """
        name = resume_hash(self._keyring.index_key, token)

        async def work(connection: Connection) -> tuple[bytes, int]:
            found = await seat_rows.resume_payload(connection, name, self._limits.resume)
            if found is None:
                raise Refusal("resume_unknown")
            seat, payload, generation = found
            row = (await self._vault.sealed(connection, [payload])).get(payload)
            if row is None:
                # The seat was given up between the two statements.
                raise Refusal("resume_unknown")
            await seat_rows.touch(connection, seat)
            return self._vault.unseal(row, "resume"), generation

        return await transaction(self._pool, work)

    async def authenticate(self, locator: bytes, token: bytes) -> Seat:
        """The seat of a token; counts as a request. Refuses `room_unknown`, `seat_unknown`."""
        room, holder = self._names(locator, token)

        async def work(connection: Connection) -> Seat:
            found = await seat_rows.find(connection, room, holder)
            if found is None:
                raise await absence(connection, room)
            seat, stale = found
            if stale:
                await seat_rows.touch(connection, seat)
            return seat

        return await transaction(self._pool, work)

    async def connect(
        self, locator: bytes, token: bytes, connection: bytes, generation: int
    ) -> tuple[Seat, int]:
        """The socket `connection` holds the seat, and since when, as `seat_rows.connect` says.

        Also refuses `replaced`: a socket of a higher generation has had it.
        """
        (room, holder), socket = self._names(locator, token), connection

        async def work(connection: Connection) -> tuple[Seat, int]:
            taken = await seat_rows.connect(
                connection, room, holder, self._worker, socket, generation
            )
            if taken is None:
                refuse(await seat_rows.find(connection, room, holder) is not None, "replaced")
                raise await absence(connection, room)
            return taken

        seat, taken_at = await self._commit(room, work)
        self._publish(room, PresenceEvent(seat.member, True, socket))
        return seat, taken_at

    async def disconnect(self, seat: Seat, connection: bytes, *, closed_tab: bool = False) -> None:
        """The socket ended: the grace begins, unless a newer socket holds the seat.

        A short one for a member that has `closed_tab`.
        """
        socket = connection
        if await self._commit(
            seat.room, lambda connection: seat_rows.disconnect(connection, seat, socket, closed_tab)
        ):
            self._publish(seat.room, PresenceEvent(seat.member, False))

    async def leave(self, seat: Seat, *, by: bytes = b"") -> None:
        """Free the seat at once. `by`: the socket that is answered.

        The last member of a locked room ends it: nobody could come any more, and nobody could end
        it either.
        """

        async def work(connection: Connection) -> tuple[list[Hint], int | None]:
            room, now = await self._enter(connection, seat)
            if await room_rows.is_last_of_locked(connection, seat.room):
                return [], await end(connection, seat.room)
            return await self._vacancies.make(connection, room, seat.member, now), None

        hints, ended = await self._commit(seat.room, work)
        self._bus.publish(hints)
        if ended is not None:
            tell_end(self._bus, seat.room, ClosedEvent("destroyed", seat.member, by), ended)

    async def typing(self, seat: Seat, typing: bool) -> None:
        """Tell the others; nothing is stored."""
        self._publish(seat.room, TypingEvent(seat.member, typing))

    async def forget_resume(self, room: bytes, member: bytes) -> None:
        """Destroy the server's half of a resume secret whose time is over."""

        async def work(connection: Connection) -> None:
            if await room_rows.lock_room(connection, room) is not None:
                before = await clock(connection) - self._limits.resume
                payload = await seat_rows.forget_resume(connection, room, member, before)
                if payload is not None:
                    await payload_rows.delete_payloads(connection, [payload])

        await transaction(self._pool, work)

    # --- messages --------------------------------------------------------------------------------

    async def notices(self, seat: Seat) -> tuple[int, bytes]:
        """Every message that waits, encoded."""

        async def work(connection: Connection) -> tuple[int, bytes]:
            shown = await view(connection, seat.room)
            return shown.now, await self._cache.of(connection, seat.room, shown)

        return await transaction(self._pool, work, read_only=True)

    async def status(self, seat: Seat, ids: Sequence[bytes]) -> tuple[int, Sequence[Receipt]]:
        """What became of one's own messages, in the order asked."""
        tombstones = {one: self._tombstone_name(seat.room, one) for one in ids}
        return await transaction(
            self._pool,
            lambda connection: receipts(connection, seat, tombstones),
            read_only=True,
        )

    def age(self, monotonic: float) -> None:
        """To be called now and then: forget what nobody asks for."""
        self._cache.age(monotonic)

    # --- the insides ------------------------------------------------------------------------

    def _names(self, locator: bytes, token: bytes) -> tuple[bytes, bytes]:
        index_key = self._keyring.index_key
        return room_hash(index_key, locator), token_hash(index_key, token)

    async def _commit(self, room: bytes, work: Callable[[Connection], Awaitable[T]]) -> T:
        return await commit(self._pool, self._bus, [room], work)

    def _publish(self, room: bytes, event: Event) -> None:
        self._bus.publish([(room, event)])

    async def _snapshot(self, connection: Connection, room: bytes) -> Snapshot:
        grace = self._limits.seat_grace
        return await snapshot(connection, room, self._vault, grace, self._cache)

    async def _locked(self, connection: Connection, room: bytes) -> tuple[Room, int]:
        locked = await room_rows.lock_room(connection, room)
        now = await clock(connection)
        if locked is None or locked.expires_at <= now:
            raise Refusal("room_unknown")
        return locked, now

    async def _enter(self, connection: Connection, seat: Seat) -> tuple[Room, int]:
        locked = await self._locked(connection, seat.room)
        refuse(not await seat_rows.existing(connection, [seat]), "seat_unknown")
        return locked

    def _tombstone_name(self, room: bytes, message: bytes) -> bytes:
        return tombstone_hash(self._keyring.index_key, room, message)
