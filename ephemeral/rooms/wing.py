"""The wing of anonymous rooms: its services, opened on the ground, and what they add."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from ephemeral import metrics
from ephemeral.edge.limiter import Concurrency
from ephemeral.edge.session import SocketRoute
from ephemeral.edge.wing import Figure, Ground, Wing
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import ARGON2ID, PBKDF2
from ephemeral.protocol.limits import MESSAGE_TTL, PROTOCOL, ROOM_TTL, SEATS, CharterLimits
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.actions import RoomActions
from ephemeral.rooms.api.bodies import HelloBody
from ephemeral.rooms.api.callers import RoomCallers
from ephemeral.rooms.api.config import CONFIG_SCHEMAS, rooms_config
from ephemeral.rooms.api.handlers import RoomHandlers
from ephemeral.rooms.api.operations import room_operations
from ephemeral.rooms.api.room_session import CLOSE_CODES, RoomSession
from ephemeral.rooms.api.state_watch import StateWatch
from ephemeral.rooms.rows import attachment_rows
from ephemeral.rooms.rules.attachments import AttachmentLimits
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.service.attachments import Attachments
from ephemeral.rooms.service.counted_bus import CountedBus
from ephemeral.rooms.service.counts import counts
from ephemeral.rooms.service.deployment import Deployment
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.notice_cache import NoticeCache
from ephemeral.rooms.service.polls import Polls
from ephemeral.rooms.service.record import Record
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.rooms.service.storage import Storage
from ephemeral.rooms.service.sweeper import Sweeper
from ephemeral.settings import Settings
from ephemeral.store.repeating import repeat

__all__ = ["SOCKET_PATH", "rooms_wing"]

SOCKET_PATH = "/room/socket"
_SUITES = {"argon2id": ARGON2ID, "pbkdf2": PBKDF2}


@asynccontextmanager
async def rooms_wing(ground: Ground) -> AsyncIterator[Wing]:
    """Open the rooms; at the end all that was taken is answered. Raises DeploymentRefused."""
    settings, pool, keyring, random = ground.settings, ground.pool, ground.keyring, ground.random
    deployment = await Deployment.open(pool, _SUITES[settings.kdf], random)
    limits = _limits(settings)
    hub = Hub(answers.event, answers.backlog)
    bus = CountedBus(ground.bus)
    bus.subscribe(hub)
    storage = Storage(limits, settings.storage_bytes)
    await storage.measure(pool)
    ledger = Ledger(pool, keyring, bus, storage, random, ground.fault)
    rooms = Rooms(
        pool,
        keyring,
        ledger,
        bus,
        deployment,
        limits,
        _charter_limits(settings),
        random,
        ground.worker,
        NoticeCache(answers.notice_list),
    )
    ground.objects.register("a", attachment_rows.living)
    attachments = Attachments(
        pool,
        keyring,
        ledger,
        ground.objects,
        random,
        limits,
        AttachmentLimits(bytes_in_all=settings.attachment_bytes),
        on=settings.attachments,
    )
    sweeper = Sweeper(
        pool,
        rooms,
        ledger,
        hub,
        bus,
        attachments,
        limits,
        ground.worker,
        settings.sweep_seconds,
        ground.fault,
    )
    await sweeper.start()
    clock = asyncio.get_running_loop().time
    actions = RoomActions.of(settings)
    callers = RoomCallers.of(rooms)
    connections = Concurrency(settings.connections_per_room)
    polls = Polls(pool, hub, bus, random, ground.worker, ground.fault)

    async def measuring() -> None:
        every = settings.sweep_seconds
        await repeat(lambda _: storage.measure(pool), every, ground.fault)

    async def figures() -> list[Figure]:
        found = await counts(pool)
        return [
            Figure("Rooms", found.rooms),
            Figure("Seats taken in rooms", found.seats),
            Figure("Messages that wait in rooms", found.messages),
            Figure("Bytes of these messages", storage.used),
            Figure("Bytes of their attachments", attachments.used),
        ]

    handlers = RoomHandlers(rooms, Record(pool, hub), attachments)
    watch = StateWatch(rooms, polls, connections)
    operations = room_operations(handlers, watch, callers, actions)
    try:
        yield Wing(
            operations=operations,
            sockets=[
                SocketRoute(
                    name="listen",
                    path=SOCKET_PATH,
                    protocol=PROTOCOL,
                    caller=callers.member,
                    operations=operations,
                    hello=HelloBody,
                    session=partial(RoomSession, rooms, hub, callers, actions, connections),
                    close_codes=CLOSE_CODES,
                )
            ],
            background={"sweeper": sweeper.run, "storage": measuring},
            gauges={
                metrics.LEDGER_QUEUE: lambda: ledger.queued,
                metrics.SWEEPER_LAG: lambda: sweeper.lag(clock()),
                metrics.STORAGE: lambda: storage.used,
                metrics.ATTACHMENT_BYTES: lambda: attachments.used,
            },
            config=rooms_config(settings, deployment.suite, deployment.salt),
            config_schemas=CONFIG_SCHEMAS,
            figures=figures,
        )
    finally:
        await polls.close()
        await ledger.close()
        # A database that is away finds out by the heartbeat that isn't there.
        with suppress(Refusal):
            await sweeper.stop()


def _limits(settings: Settings) -> Limits:
    return Limits(
        waiting_messages=settings.waiting_messages_max,
        waiting_bytes=settings.waiting_bytes_max,
        lease=settings.lease_seconds * 1000,
        seat_grace=settings.seat_grace_seconds * 1000,
        resume=settings.resume_seconds * 1000,
        tombstone=settings.tombstone_seconds * 1000,
    )


def _charter_limits(settings: Settings) -> CharterLimits:
    return CharterLimits(
        seats=(SEATS[0], settings.seats_max),
        message_ttl=(MESSAGE_TTL[0], settings.message_ttl_max_seconds),
        room_ttl=(ROOM_TTL[0], settings.room_ttl_max_seconds),
    )
