"""Conversations as they are asked: call the service, answer.

Each gets `(caller, body)` as its operation says. `post` and `acknowledge` serve the socket too.
"""

from collections.abc import Callable
from typing import Any

from ephemeral.accounts.doors import Asker as Caller
from ephemeral.conversations.api import objects
from ephemeral.conversations.api.bodies import RecordRequest
from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.epochs import Epochs
from ephemeral.conversations.service.ledger import Ledger
from ephemeral.conversations.service.membership import Membership
from ephemeral.conversations.service.reading import Reading
from ephemeral.edge.operations import NOTHING, Created
from ephemeral.protocol.conversations.records import Leave

__all__ = ["ConversationHandlers"]

Reply = Callable[[Any], None]


class ConversationHandlers:
    """The handlers of conversations."""

    def __init__(
        self, epochs: Epochs, membership: Membership, reading: Reading, ledger: Ledger
    ) -> None:
        self._epochs = epochs
        self._membership = membership
        self._reading = reading
        self._ledger = ledger

    async def found(self, caller: Caller, asked: RecordRequest) -> bytes:
        """Begin a conversation."""
        return Created(
            objects.begun(await self._epochs.found(_asker(caller), asked.signed, asked.boxes))
        )

    async def begin(self, caller: Caller, asked: RecordRequest) -> bytes:
        """Begin the next epoch."""
        assert asked.conversation is not None, "it stands in the path"
        return Created(
            objects.begun(
                await self._epochs.begin(
                    _asker(caller), asked.conversation, asked.signed, asked.boxes
                )
            )
        )

    async def listed(self, caller: Caller, after: bytes) -> bytes:
        """List conversations."""
        return objects.listed(await self._reading.listed(_asker(caller), after))

    async def one(self, caller: Caller, conversation: bytes) -> bytes:
        """Look at one."""
        return objects.conversation(*await self._reading.one(_asker(caller), conversation))

    async def log(self, caller: Caller, asked: tuple[bytes, int, int]) -> bytes:
        """Read on in a log."""
        return objects.log(await self._reading.log(_asker(caller), *asked))

    async def epochs(self, caller: Caller, asked: tuple[bytes, int, int]) -> bytes:
        """Read records."""
        return objects.epochs(await self._reading.epochs(_asker(caller), *asked))

    async def members(self, caller: Caller, conversation: bytes) -> bytes:
        """See who is in it."""
        return objects.members(await self._reading.members(_asker(caller), conversation))

    def post(self, caller: Caller, asked: tuple[bytes, list[bytes]], reply: Reply) -> None:
        """Write to a log."""
        self._ledger.post(_asker(caller), *asked, reply)

    def acknowledge(self, caller: Caller, asked: tuple[bytes, int], reply: Reply) -> None:
        """Move a cursor."""
        self._ledger.acknowledge(_asker(caller), *asked, reply)

    async def destroy_message(self, caller: Caller, asked: tuple[bytes, bytes]) -> bytes:
        """Destroy a message that waits."""
        await self._membership.destroy_message(_asker(caller), *asked)
        return NOTHING

    async def leave(self, caller: Caller, asked: tuple[bytes, Leave]) -> bytes:
        """Leave a conversation."""
        await self._membership.leave(_asker(caller), *asked)
        return NOTHING

    async def end(self, caller: Caller, conversation: bytes) -> bytes:
        """Destroy a conversation for all."""
        await self._membership.end(_asker(caller), conversation)
        return NOTHING

    async def join(self, caller: Caller, asked: tuple[bytes, bytes, bytes]) -> bytes:
        """Wait to be added."""
        await self._membership.join(_asker(caller), *asked)
        return NOTHING


def _asker(caller: Caller) -> Asker:
    session = caller.proved
    assert session.device is not None, "only a device asks"
    return Asker(session.account, session.device)
