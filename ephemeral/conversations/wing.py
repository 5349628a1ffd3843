"""The wing of conversations: its services, opened on the ground, and what they add."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from ephemeral import metrics
from ephemeral.accounts.doors import Doors
from ephemeral.conversations.api.actions import ConversationActions
from ephemeral.conversations.api.handlers import ConversationHandlers
from ephemeral.conversations.api.operations import conversation_operations
from ephemeral.conversations.api.socket_events import SocketEvents
from ephemeral.conversations.api.socket_route import socket_route
from ephemeral.conversations.doors import ConversationDoors
from ephemeral.conversations.rules import presence as presence_rules
from ephemeral.conversations.service.conversation_services import ConversationServices
from ephemeral.conversations.service.counts import counts
from ephemeral.conversations.service.ends import Ends
from ephemeral.conversations.service.hub import Hub
from ephemeral.conversations.service.listening import Listening
from ephemeral.conversations.service.presence import Presence
from ephemeral.conversations.service.wakes import Wakes
from ephemeral.edge.wing import Figure, Ground, Wing

__all__ = ["conversations_wing"]


@asynccontextmanager
async def conversations_wing(
    ground: Ground, doors: Doors
) -> AsyncIterator[tuple[Wing, ConversationDoors]]:
    """Open the conversations; `doors` are those of accounts, which were opened before.

    Gives with the wing what others may use of it. At the end all that was taken is answered.
    """
    pool = ground.pool
    wakes = None if ground.settings.push == "false" else Wakes(pool, ground.fault)
    services = ConversationServices.of(
        pool,
        ground.bus,
        doors,
        ground.keyring.index_key,
        ground.settings.log_ttl_seconds * 1000,
        ground.random,
        ground.fault,
        ground.settings.storage_bytes,
        wakes,
    )
    await services.stock.measure()

    async def topics_of(account: bytes) -> list[bytes]:
        asked = await doors.requests.topic_of(account)
        return [one for one in (doors.watches.topic(account), asked) if one is not None]

    hub = Hub(
        Listening(pool, services.reading),
        services.recent,
        services.hints,
        ground.bus,
        Ends(doors.ended, doors.suspensions),
        topics_of,
        SocketEvents(),
        ground.fault,
    )
    presence = Presence(
        ground.bus,
        ground.worker,
        partial(presence_rules.topic, ground.keyring.index_key),
        doors.watches.topic,
        doors.contacts.of,
        SocketEvents().presence,
        ground.fault,
    )
    handlers = ConversationHandlers(
        services.epochs, services.membership, services.reading, services.ledger
    )

    actions = ConversationActions.of(ground.settings)
    operations = conversation_operations(handlers, doors, actions)

    async def figures() -> list[Figure]:
        found = await counts(pool)
        return [
            Figure("Conversations", found.conversations),
            Figure("Messages that wait in conversations", found.messages),
            Figure("Bytes of messages in conversations", found.size),
        ]

    try:
        wing = Wing(
            operations=operations,
            sockets=[
                socket_route(operations, hub, presence, doors, actions, ground.settings.base_path)
            ],
            background={
                "conversations": services.sweeper.run,
                "conversations' stock": services.stock.run,
                "account sockets": hub.run,
                "presence": presence.run,
                **({} if wakes is None else {"pushes' wakes": wakes.run}),
            },
            gauges={metrics.CONVERSATION_QUEUE: lambda: services.ledger.queued},
            figures=figures,
        )
        yield wing, ConversationDoors(services.insiders, services.ending)
    finally:
        await services.ledger.close()
