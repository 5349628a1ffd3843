"""Anonymous rooms as they are asked: call the service, answer.

The same handlers serve HTTP and the socket. Each gets `(caller, body)` as its operation says.
"""

from collections.abc import Callable
from typing import Any

from ephemeral.edge.operations import NOTHING, Answer, Created
from ephemeral.edge.record_objects import record_answer
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.bodies import LockBody, TypingBody
from ephemeral.rooms.api.callers import Asker, Newcomer
from ephemeral.rooms.service.attachments import Attachments
from ephemeral.rooms.service.record import Record
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["RoomHandlers"]

Reply = Callable[[Any], None]


class RoomHandlers:
    """The handlers of `rooms` and their `attachments`; `record` is what is held about one."""

    def __init__(self, rooms: Rooms, record: Record, attachments: Attachments) -> None:
        self._rooms = rooms
        self._record = record
        self._attachments = attachments

    # --- the room ---------------------------------------------------------------------------

    async def create(self, locator: bytes, asked: tuple[bytes, bytes]) -> bytes:
        """Make a room by its charter and mac."""
        view, fresh = await self._rooms.create(locator, *asked)
        return Created(answers.room(view)) if fresh else answers.room(view)

    async def describe(self, locator: bytes, _body: None) -> bytes:
        """Look at a room from outside."""
        return answers.room(await self._rooms.describe(locator))

    async def members(self, asker: Asker, _body: Any) -> bytes:
        """Look at a room and at who is in it."""
        return answers.room_with_members(*await self._rooms.members(asker.seat))

    async def lock(self, asker: Asker, body: LockBody) -> bytes:
        """Close the room to new members, or open it again."""
        return answers.room(await self._rooms.lock(asker.seat, body.locked, by=asker.by))

    async def destroy(self, asker: Asker, _body: Any) -> bytes:
        """Destroy the room for everyone."""
        await self._rooms.destroy(asker.seat, by=asker.by)
        return NOTHING

    async def record(self, asker: Asker, _body: Any) -> bytes:
        """Show everything that is held about the room."""
        return record_answer(await self._record.of(asker.seat))

    # --- seats ------------------------------------------------------------------------------

    async def join(
        self, newcomer: Newcomer, asked: tuple[bytes | None, tuple[bytes, bytes] | None]
    ) -> bytes:
        """Take a seat, with a profile and a resume pair if there are, or find it taken before."""
        joined = await self._rooms.join(*newcomer, *asked)
        answer = answers.joined(joined)
        return Created(answer) if joined.fresh else answer

    async def resume(self, token: bytes, _body: Any) -> bytes:
        """Give the server's half of a resume secret."""
        return answers.resumed(*await self._rooms.resume(token))

    async def leave(self, asker: Asker, _body: Any) -> bytes:
        """Give the seat up."""
        await self._rooms.leave(asker.seat, by=asker.by)
        return NOTHING

    async def typing(self, asker: Asker, body: TypingBody) -> bytes:
        """Tell the others that somebody types."""
        await self._rooms.typing(asker.seat, body.typing)
        return NOTHING

    # --- messages ---------------------------------------------------------------------------

    async def notices(self, asker: Asker, _body: Any) -> bytes:
        """Say which messages wait."""
        return answers.notices(*await self._rooms.notices(asker.seat))

    async def status(self, asker: Asker, ids: list[bytes]) -> bytes:
        """Say what became of one's own messages."""
        return answers.receipts(*await self._rooms.status(asker.seat, ids))

    def post(
        self, asker: Asker, asked: tuple[bytes, bytes, bytes, bytes | None], reply: Reply
    ) -> None:
        """Accept a message: its id, envelope, viewing hash and attachment."""
        message, envelope, viewing_hash, attachment = asked
        self._rooms.post(asker.seat, message, envelope, viewing_hash, reply, asker.by, attachment)

    def open(self, asker: Asker, asked: tuple[bytes, bool], reply: Reply) -> None:
        """Lease a message and serve its envelope, to who can show an attachment or can't."""
        message, attachment = asked
        self._rooms.open(asker.seat, message, reply, asker.by, attachment)

    def acknowledge(self, asker: Asker, asked: tuple[bytes, bytes], reply: Reply) -> None:
        """Destroy a message upon proof: its id, and its viewing bytes."""
        self._rooms.acknowledge(asker.seat, *asked, reply, asker.by)

    def release(self, asker: Asker, message: bytes, reply: Reply) -> None:
        """Give a lease back."""
        self._rooms.release(asker.seat, message, reply, asker.by)

    def withdraw(self, asker: Asker, message: bytes, reply: Reply) -> None:
        """Take one's own message back."""
        self._rooms.withdraw(asker.seat, message, reply, asker.by)

    # --- attachments ------------------------------------------------------------------------

    async def reserve(self, asker: Asker, asked: tuple[bytes, int, int]) -> bytes:
        """Reserve an attachment: its id, number of chunks and length with padding."""
        reserved, fresh = await self._attachments.reserve(asker.seat, *asked)
        answer = answers.attachment(reserved)
        return Created(answer) if fresh else answer

    async def put_chunk(self, asker: Asker, asked: tuple[bytes, int, bytes]) -> bytes:
        """Take a chunk."""
        await self._attachments.put(asker.seat, *asked)
        return NOTHING

    async def get_chunk(self, asker: Asker, asked: tuple[bytes, int]) -> Answer:
        """Give a chunk to who reads its message."""
        return Answer(await self._attachments.get(asker.seat, *asked), 200, {})

    async def give_up(self, asker: Asker, attachment: bytes) -> bytes:
        """Destroy an attachment that belongs to no message."""
        await self._attachments.give_up(asker.seat, attachment)
        return NOTHING
