"""The services over a real database, without HTTP: for tests of rules, rows and hints."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ephemeral.live.bus import Hint, LocalBus
from ephemeral.protocol.attachments import CHUNK_SIZE
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import CHARTER_LIMITS
from ephemeral.rooms.rules.attachments import AttachmentLimits
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Event, Seat, Snapshot
from ephemeral.rooms.service import estimated_clock as services_clock
from ephemeral.rooms.service.attachments import Attachments
from ephemeral.rooms.service.deployment import Deployment
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.notice_cache import NoticeCache
from ephemeral.rooms.service.record import Record
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.rooms.service.snapshots import Joined
from ephemeral.rooms.service.storage import Storage
from ephemeral.rooms.service.sweeper import Sweeper
from ephemeral.sealing.encryption_key import GivenKeys
from ephemeral.sealing.epochs import Epochs
from ephemeral.sealing.fingerprints import objects_name
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.store.objects.addresses import Addresses
from ephemeral.store.objects.deployed import Objects
from ephemeral.store.objects.guarded import Guarded
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.objects.purger import Purger

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

ENCRYPTION_KEY = "5e" * 32
EPOCH_MS = 900_000


@dataclass
class Clock:
    """Moves the database's clock, for everybody who uses this database."""

    pool: "Pool"
    ahead: int = 0

    async def advance(self, milliseconds: int) -> None:
        self.ahead += milliseconds
        await self.pool.execute(
            f"""
            CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE RETURN
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint + {int(self.ahead)}
            """
        )


@dataclass
class Message:
    """A message as its author's client made it; the envelope is not decrypted here."""

    id: bytes = field(default_factory=lambda: os.urandom(16))
    viewing: bytes = field(default_factory=lambda: os.urandom(32))
    envelope: bytes = field(default_factory=lambda: os.urandom(512))
    attachment: "Attachment | None" = None

    @property
    def viewing_hash(self) -> bytes:
        return sha256(self.viewing).digest()


@dataclass
class Attachment:
    """An attachment as its author's client sealed it: one chunk of the least length, or several."""

    id: bytes = field(default_factory=lambda: os.urandom(16))
    padded: int = 65_536
    chunks: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chunks = [
            os.urandom(min(CHUNK_SIZE, self.padded - at) + 16)
            for at in range(0, self.padded, CHUNK_SIZE)
        ]


class Desk:
    """One worker's services. `hints` are all events it has published, in order."""

    def __init__(
        self,
        pool: "Pool",
        keyring: Keyring,
        deployment: Deployment,
        limits: Limits,
        estimate: services_clock.Clock | None,
        objects: Path,
    ) -> None:
        self.pool = pool
        self.keyring = keyring
        self.limits = limits
        self.clock = Clock(pool)
        self.worker = os.urandom(16)
        self.hints: list[Hint] = []
        self.faults: list[BaseException] = []
        self.bus = LocalBus()
        self.bus.subscribe(SimpleNamespace(kinds={}, receive=self.hints.extend))
        self.frames: list[Event | Snapshot] = []
        self.hub = Hub(self._encode, self._encode)
        self.bus.subscribe(self.hub)
        self.storage = Storage(limits)
        self.ledger = Ledger(
            pool, keyring, self.bus, self.storage, os.urandom, self.faults.append, estimate
        )
        self.rooms = Rooms(
            pool, keyring, self.ledger, self.bus, deployment, limits, CHARTER_LIMITS,
            os.urandom, self.worker, NoticeCache(tuple),
        )  # fmt: skip
        self.record = Record(pool, self.hub)
        store = Guarded(pool, lambda: LocalStore(objects), os.urandom, str(objects))
        addresses = Addresses(bytes(32), 60, time.time)
        self.objects = Objects(store, objects_name(keyring.index_key), addresses, None, True, pool)
        self.attachments = Attachments(
            pool, keyring, self.ledger, self.objects, os.urandom, limits, AttachmentLimits()
        )
        self.purger = Purger(pool, self.objects, 1.0, self.faults.append)
        self.epochs = Epochs(pool, keyring, os.urandom, EPOCH_MS)
        self.sweeper = Sweeper(
            pool, self.rooms, self.ledger, self.hub, self.bus, self.attachments, limits,
            self.worker, 1.0, self.faults.append,
        )  # fmt: skip

    @classmethod
    async def open(
        cls,
        pool: "Pool",
        directory: Path,
        limits: Limits | None = None,
        estimate: services_clock.Clock | None = None,
    ) -> "Desk":
        deployment = await Deployment.open(pool, 1, os.urandom)
        async with pool.acquire() as connection:
            keyring = await Keyring.open(
                connection, KeyringDirectory(directory), GivenKeys(ENCRYPTION_KEY), os.urandom
            )
        objects = directory.with_name("objects")
        desk = cls(pool, keyring, deployment, limits or Limits(), estimate, objects)
        await desk.sweeper.start()
        await desk.keep_epochs()
        return desk

    async def sweep(self) -> None:
        await self.sweeper.sweep(asyncio.get_running_loop().time() + self.clock.ahead / 1000)

    async def keep_epochs(self) -> None:
        """One round of everything that is due with the epochs."""
        await self.epochs.advance(asyncio.get_running_loop().time() + self.clock.ahead / 1000)

    async def room(
        self,
        policy: Policy = Policy.FIRST_VIEW,
        seats: int = 2,
        message_ttl: int = 3600,
        room_ttl: int = 86_400,
    ) -> bytes:
        """Make a room; returns its locator."""
        locator = os.urandom(32)
        charter = Charter(1, os.urandom(32), policy, seats, message_ttl, room_ttl)
        await self.rooms.create(locator, charter.encode(), charter.mac(os.urandom(32)))
        return locator

    async def join(
        self,
        locator: bytes,
        *,
        token: bytes | None = None,
        resume: tuple[bytes, bytes] | None = None,
        profile: bytes | None = None,
    ) -> Joined:
        return await self.rooms.join(locator, token or os.urandom(32), profile, resume)

    async def connect(
        self, locator: bytes, token: bytes, socket: bytes | None = None, generation: int = 1
    ) -> Seat:
        """A socket says hello."""
        name = socket or os.urandom(16)
        return (await self.rooms.connect(locator, token, name, generation))[0]

    async def pair(self, **room: Any) -> tuple[bytes, Seat, Seat]:
        """A room with two members: locator, author, reader."""
        locator = await self.room(**room)
        author, reader = await self.join(locator), await self.join(locator)
        return locator, author.seat, reader.seat

    async def ask(self, method: Callable[..., None], *arguments: Any) -> Any:
        """The answer of a request that goes through the ledger; raises its Refusal."""
        answer = asyncio.get_running_loop().create_future()
        method(*arguments, answer.set_result)
        outcome = await answer
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def post(self, seat: Seat, message: Message) -> Any:
        def post(*arguments: Any) -> None:
            attachment = message.attachment
            self.rooms.post(*arguments, attachment=attachment and attachment.id)

        return await self.ask(post, seat, message.id, message.envelope, message.viewing_hash)

    async def open_message(self, seat: Seat, message: Message) -> Any:
        def open_(*arguments: Any) -> None:
            self.rooms.open(*arguments, attachment=message.attachment is not None)

        return await self.ask(open_, seat, message.id)

    async def send(self, seat: Seat, attachment: Attachment) -> None:
        """Reserve an attachment, and send all of it."""
        await self.attachments.reserve(
            seat, attachment.id, len(attachment.chunks), attachment.padded
        )
        for at, chunk in enumerate(attachment.chunks):
            await self.attachments.put(seat, attachment.id, at, chunk)

    async def lying(self) -> int:
        """How many objects lie where they do, after those that are to go have gone."""
        await self.purger._pass(0)
        return len([one async for one in self.objects.store.held(self.objects.own)])

    async def acknowledge(self, seat: Seat, message: Message) -> Any:
        return await self.ask(self.rooms.acknowledge, seat, message.id, message.viewing)

    async def rows(self, *tables: str) -> dict[str, int]:
        return {
            table: await self.pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables
        }

    async def orphans(self) -> dict[str, int]:
        """Rows that nothing leads to any more. The hot tables have no foreign keys to see to it."""
        row = await self.pool.fetchrow(
            """
            SELECT
              (SELECT count(*) FROM payloads p WHERE NOT EXISTS (
                 SELECT FROM messages m WHERE m.payload = p.id UNION ALL
                 SELECT FROM seats s WHERE p.id IN (s.profile, s.resume_key))) AS payloads,
              (SELECT count(*) FROM payload_keys k WHERE NOT EXISTS (
                 SELECT FROM payloads p WHERE p.id = k.payload UNION ALL
                 SELECT FROM attachments a WHERE a.payload = k.payload)) AS keys,
              (SELECT count(*) FROM attachments a WHERE NOT EXISTS (
                 SELECT FROM payload_keys k WHERE k.payload = a.payload)
                 OR NOT EXISTS (SELECT FROM rooms r WHERE r.room = a.room)
                 OR a.message IS NOT NULL AND NOT EXISTS (
                   SELECT FROM messages m WHERE m.room = a.room AND m.id = a.message
                   AND m.attachment = a.padded)) AS attachments,
              (SELECT count(*) FROM messages m WHERE m.attachment IS NOT NULL AND NOT EXISTS (
                 SELECT FROM attachments a WHERE a.room = m.room AND a.message = m.id)) AS bare,
              (SELECT count(*) FROM payloads p WHERE NOT EXISTS (
                 SELECT FROM payload_keys k WHERE k.payload = p.id)) AS keyless,
              (SELECT count(*) FROM messages m WHERE NOT EXISTS (
                 SELECT FROM rooms r WHERE r.room = m.room)) AS messages,
              (SELECT count(*) FROM messages m WHERE NOT EXISTS (
                 SELECT FROM payloads p WHERE p.id = m.payload)) AS empty_messages,
              (SELECT count(*) FROM audience a WHERE NOT EXISTS (
                 SELECT FROM messages m WHERE m.room = a.room AND m.id = a.message
                 AND m.everyone)) AS audience,
              (SELECT count(*) FROM tombstones t WHERE NOT EXISTS (
                 SELECT FROM rooms r WHERE r.room = t.room)) AS tombstones
            """
        )
        return {name: count for name, count in row.items() if count}

    def _encode(self, event: Event | Snapshot) -> bytes:
        self.frames.append(event)
        return b""
