"""Rows of who is in which conversation at this moment, for what stands on conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["conversations_of", "hold", "is_in"]


async def is_in(connection: Connection, conversation: bytes, account: bytes) -> bool:
    """Whether an account is in a conversation."""
    found = await connection.fetchval(
        """
        SELECT true FROM accounts.conversation_people WHERE account = $2 AND conversation = $1
        """,
        conversation,
        account,
    )
    return found is not None


async def conversations_of(connection: Connection, account: bytes) -> list[bytes]:
    """All that an account is in."""
    rows = await connection.fetch(
        "SELECT conversation FROM accounts.conversation_people WHERE account = $1", account
    )
    return [row[0] for row in rows]


async def hold(connection: Connection, conversation: bytes, account: bytes) -> int | None:
    """Let nobody change a conversation that this account is in until the transaction ends; gives
    the timer of its newest record, in seconds. Whoever isn't in it locks nothing."""
    timer: int | None = await connection.fetchval(
        """
        SELECT timer FROM accounts.conversations WHERE conversation = (
          SELECT conversation FROM accounts.conversation_people
          WHERE account = $2 AND conversation = $1
        ) FOR SHARE
        """,
        conversation,
        account,
    )
    return timer
