"""The wing of conversations: its services, opened on the ground, and what they add."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ephemeral import metrics
from ephemeral.accounts.doors import Doors
from ephemeral.conversations.api.actions import ConversationActions
from ephemeral.conversations.api.handlers import ConversationHandlers
from ephemeral.conversations.api.operations import conversation_operations
from ephemeral.conversations.rules.changes import KINDS
from ephemeral.conversations.service.conversation_services import ConversationServices
from ephemeral.conversations.service.counts import counts
from ephemeral.edge.wing import Figure, Ground, Wing
from ephemeral.live.bus import Hint

__all__ = ["conversations_wing"]


class _Published:
    """Has the bus know what conversations publish; nobody listens here."""

    kinds = KINDS

    def receive(self, hints: Sequence[Hint]) -> None:
        """Take nothing."""

    def listens(self, topic: bytes) -> bool:
        """Want nothing."""
        del topic
        return False

    def missed(self) -> None:
        """Miss nothing."""


@asynccontextmanager
async def conversations_wing(ground: Ground, doors: Doors) -> AsyncIterator[Wing]:
    """Open the conversations; `doors` are those of accounts, which were opened before.

    At the end all that was taken is answered.
    """
    pool = ground.pool
    services = ConversationServices.of(
        pool,
        ground.bus,
        doors,
        ground.keyring.index_key,
        ground.settings.log_ttl_seconds * 1000,
        ground.random,
        ground.fault,
    )
    ground.bus.subscribe(_Published())
    handlers = ConversationHandlers(
        services.epochs, services.membership, services.reading, services.ledger
    )

    async def figures() -> list[Figure]:
        found = await counts(pool)
        return [
            Figure("Conversations", found.conversations),
            Figure("Messages that wait in conversations", found.messages),
            Figure("Bytes of messages in conversations", found.size),
        ]

    try:
        yield Wing(
            operations=conversation_operations(
                handlers, doors, ConversationActions.of(ground.settings)
            ),
            background={"conversations": services.sweeper.run},
            gauges={metrics.CONVERSATION_QUEUE: lambda: services.ledger.queued},
            figures=figures,
        )
    finally:
        await services.ledger.close()
