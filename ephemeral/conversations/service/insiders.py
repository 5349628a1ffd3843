"""Who is in a conversation, and what happens to it, for what belongs to conversations elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ephemeral.conversations.rows import door_rows, line_rows, people_rows
from ephemeral.protocol.errors import Refusal, refuse

if TYPE_CHECKING:
    from ephemeral.conversations.service.asker import Asker
    from ephemeral.conversations.service.hints import Hints
    from ephemeral.store.postgres import Connection

__all__ = ["Ending", "Insiders", "Listener"]


class Listener(Protocol):
    """Who keeps something that goes with a conversation."""

    async def on_conversation_ended(self, connection: Connection, conversation: bytes) -> None:
        """The conversation goes, and is locked: what belongs to it must, in this transaction."""


class Ending:
    """Tells of conversations that go; listeners come when the server starts, and never later."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listeners.append(listener)

    async def ended(self, connection: Connection, conversation: bytes) -> None:
        """Tell of one, whose rows are still there."""
        for one in self._listeners:
            await one.on_conversation_ended(connection, conversation)


class Held(NamedTuple):
    """A conversation that nobody changes until the transaction ends. `timer`: seconds, 0: none."""

    timer: int


class Insiders:
    """Who is in which conversation now."""

    def __init__(self, hints: Hints) -> None:
        self._hints = hints

    async def include(self, connection: Connection, conversation: bytes, account: bytes) -> bool:
        """Whether an account is in a conversation."""
        return await door_rows.is_in(connection, conversation, account)

    async def conversations_of(self, connection: Connection, account: bytes) -> list[bytes]:
        """All that an account is in."""
        return await door_rows.conversations_of(connection, account)

    async def hold(self, connection: Connection, conversation: bytes, asker: Asker) -> Held:
        """Let nobody change it, nor who asks, until the transaction ends.

        Refuses `device_revoked`, and `not_found` to whoever isn't in it.
        """
        await line_rows.hold(connection, [], asker.account)
        active = await people_rows.is_active(connection, asker.account, asker.device)
        refuse(not active, "device_revoked")
        timer = await door_rows.hold(connection, conversation, asker.account)
        # Who was in it before it was held may have left since.
        if timer is None or not await door_rows.is_in(connection, conversation, asker.account):
            raise Refusal("not_found")
        return Held(timer)

    def file_changed(
        self, conversation: bytes, file: bytes, landed: bytes | None, expires_at: int | None
    ) -> None:
        """Tell whoever listens, after the commit of the transaction that this is called in, how
        much of a file has landed and when it goes; None: it is gone."""
        self._hints.file_later(conversation, file, landed, expires_at)
