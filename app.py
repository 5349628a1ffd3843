"""The composition root: settings in, a Starlette application with a lifespan out."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request

from ephemeral import __version__, faults, metrics
from ephemeral.edge.guard import Guard, Verdict
from ephemeral.edge.hsts import StrictTransport
from ephemeral.edge.limiter import Limiter
from ephemeral.edge.metrics_api import MetricsPage
from ephemeral.live.bus import CountedBus, LocalBus
from ephemeral.page.bodies import Body
from ephemeral.page.files import StaticFiles
from ephemeral.page.languages import read_catalogues, untranslated
from ephemeral.page.pages import Health, Pages
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import ARGON2ID, PBKDF2
from ephemeral.protocol.limits import MESSAGE_TTL, ROOM_TTL, SEATS, CharterLimits
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.config_api import config_answer
from ephemeral.rooms.api.sockets import Sockets
from ephemeral.rooms.rules.credentials import limits_key
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.service.deployment import Deployment
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.record import Record
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.rooms.service.sweeper import Sweeper
from ephemeral.routes import routes
from ephemeral.sealing.encryption_key import KeySource, choose_key_source
from ephemeral.sealing.epochs import Epochs
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.settings import Settings
from ephemeral.store.embedded.server import EmbeddedPostgres, running_dsn
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.postgres import StoreUnavailable, connection, open_pool
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.live.bus import Bus
    from ephemeral.store.postgres import Pool

__all__ = ["create_app", "key_source", "migrated_pool"]

WEB = Path(__file__).resolve().parent / "web"
SUITES = {"argon2id": ARGON2ID, "pbkdf2": PBKDF2}
_CLOSE_SECONDS = 5
# How long a start waits for Redis before it goes on without.
_REDIS_SECONDS = 3.0
_log = logging.getLogger("ephemeral")


def key_source(settings: Settings) -> KeySource:
    """Where the encryption key is; raises KeyringUnusable."""
    return choose_key_source(
        encryption_key=settings.encryption_key,
        encryption_key_previous=settings.encryption_key_previous,
        encryption_key_file=settings.encryption_key_file,
        own_directory=settings.data_dir if settings.database_dsn is None else None,
    )


@asynccontextmanager
async def migrated_pool(settings: Settings, *, join_running: bool = False) -> "AsyncIterator[Pool]":
    """The database of these settings, started if it is the embedded one, and migrated.

    With `join_running` the embedded one may be in the hands of a running server. Raises StartError.
    """
    async with AsyncExitStack() as stack:
        dsn = settings.database_dsn
        if dsn is None and join_running:
            dsn = running_dsn(settings.data_dir)
        if dsn is None:
            embedded = await stack.enter_async_context(EmbeddedPostgres(settings.data_dir))
            dsn = embedded.dsn
        pool = await open_pool(
            dsn, size=settings.database_pool_size, wait_seconds=settings.database_wait_seconds
        )
        stack.push_async_callback(_close, pool)
        await migrate(pool, read_migrations())
        yield pool


async def _close(pool: "Pool") -> None:
    try:
        await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)
    except TimeoutError:
        pool.terminate()


def create_app(settings: Settings, *, join_running: bool = False) -> Starlette:
    """The application. `join_running`: as in `migrated_pool`.

    Entering its lifespan raises StartError, KeyringUnusable or DeploymentRefused.
    """
    verdict = Verdict(faults.record)
    catalogues = read_catalogues(WEB / "catalogue")
    files = StaticFiles(WEB, catalogues)
    for sentence in untranslated(catalogues):
        _log.warning(sentence)
    pages = Pages(WEB, settings.base_path, __version__, files, catalogues)
    limiter = Limiter(settings, os.urandom, time.monotonic)
    sockets = Sockets(settings, os.urandom, verdict, limiter)

    async def ready() -> Mapping[str, str]:
        if sockets.draining:
            raise Refusal("unavailable", "This server is stopping.")
        try:
            async with connection(app.state.pool) as one:
                await one.execute("SELECT 1")
        except StoreUnavailable:
            raise Refusal("unavailable", "The database can't be reached.") from None
        epochs: Epochs = app.state.epochs
        alarm = epochs.alarm(asyncio.get_running_loop().time())
        if alarm is not None:
            raise Refusal("unavailable", alarm)
        # Without Redis everything is stored and answered: no reason to take the host away.
        bus: Bus = app.state.bus
        return {"database": "ready", "keys": "ready", "bus": "ready" if bus.is_up else "away"}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        source = key_source(settings)
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(
                migrated_pool(settings, join_running=join_running)
            )
            app.state.pool = pool
            app.state.clock = lambda: time.time_ns() // 1_000_000
            app.state.limiter = limiter
            stack.enter_context(limiter)
            await stack.enter_async_context(_serving(app, settings, pool, source, sockets))
            # Nobody waits for the best compression: until it is there, there is a good one.
            packing = asyncio.create_task(_pack(pages.bodies()), name="packing")
            yield
            packing.cancel()
            with suppress(asyncio.CancelledError):
                await packing

    app = Starlette(
        routes=routes(
            pages,
            files,
            Health(ready),
            sockets,
            settings.base_path,
            __version__,
            None if settings.metrics_token is None else MetricsPage(settings.metrics_token),
        ),
        middleware=[
            Middleware(
                Guard,
                base_path=settings.base_path,
                verdict=verdict,
                error_page=pages.error,
                transport=StrictTransport(settings),
            )
        ],
        exception_handlers={HTTPException: _to_the_guard},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.drain = partial(sockets.drain, settings.drain_seconds)
    return app


async def _pack(bodies: Iterable[Body]) -> None:
    """Make the Brotli forms: some tenths of a second, which a stop doesn't wait for."""
    for body in bodies:
        await asyncio.to_thread(body.pack)


async def _to_the_guard(_request: Request, error: Exception) -> NoReturn:
    raise error


@asynccontextmanager
async def _serving(
    app: Starlette, settings: Settings, pool: "Pool", source: KeySource, sockets: Sockets
) -> AsyncIterator[None]:
    """The services, from the first to the last moment in which requests may come."""
    random = os.urandom
    deployment = await Deployment.open(pool, SUITES[settings.kdf], random)
    async with connection(pool) as one:
        directory = KeyringDirectory(settings.keyring_dir)
        keyring = await Keyring.open(one, directory, source, random)
    limits = _limits(settings)
    worker = random(16)
    hub = Hub(answers.event, answers.backlog)
    async with _bus(settings, hub, worker, deployment, keyring, app.state.limiter) as carrier:
        bus = CountedBus(carrier)
        bus.subscribe(hub.receive)
        ledger = Ledger(pool, keyring, bus, limits, random, faults.record)
        rooms = Rooms(
            pool,
            keyring,
            ledger,
            bus,
            deployment,
            limits,
            _charter_limits(settings),
            random,
            worker,
        )
        epochs = Epochs(pool, keyring, random, settings.epoch_seconds * 1000)
        sweeper = Sweeper(
            pool,
            rooms,
            ledger,
            epochs,
            hub,
            bus,
            limits,
            worker,
            settings.sweep_seconds,
            faults.record,
        )
        await sweeper.start()
        sweeping = asyncio.create_task(sweeper.run(), name="sweeper")
        app.state.bus = bus
        app.state.rooms = rooms
        app.state.record = Record(pool, hub)
        app.state.epochs = epochs
        app.state.config = config_answer(settings, deployment.suite, deployment.salt)
        sockets.begin(rooms, hub)
        _measure(pool, sockets, ledger, sweeper, epochs, bus)
        try:
            yield
        finally:
            await sockets.finish()
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            await ledger.close()
            # A database that is away finds out by the heartbeat that isn't there.
            with suppress(Refusal):
                await sweeper.stop()


@asynccontextmanager
async def _bus(
    settings: Settings,
    hub: Hub,
    worker: bytes,
    deployment: Deployment,
    keyring: Keyring,
    limiter: Limiter,
) -> "AsyncIterator[Bus]":
    """What connects this process with the others, if there are any."""
    if settings.redis_url is None:
        yield LocalBus()
        return
    # Loading the driver takes longer than everything else here.
    from ephemeral.live.redis_bus import RedisBus  # noqa: PLC0415
    from ephemeral.live.redis_counts import RedisCounts  # noqa: PLC0415
    from ephemeral.live.redis_link import LINK_ERRORS, name_in_redis, open_link  # noqa: PLC0415

    name = partial(name_in_redis, deployment.salt)
    try:
        hints, numbers = open_link(settings.redis_url), open_link(settings.redis_url)
    except ValueError:
        raise StartError("REDIS_URL is malformed.") from None
    bus = RedisBus(hints, name("hints"), worker, hub.listens, hub.missed, faults.record)
    counts = RedisCounts(
        numbers, name, partial(limits_key, keyring.index_key), limiter.adopt, os.urandom,
        faults.record,
    )  # fmt: skip
    tasks = [asyncio.create_task(bus.run()), asyncio.create_task(counts.run())]
    try:
        if await bus.wait_until_up(_REDIS_SECONDS):
            with suppress(*LINK_ERRORS):
                await counts.share_day()
        limiter.shared = counts
        yield bus
    finally:
        limiter.shared = None
        await bus.flush()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for link in (hints, numbers):
            await link.aclose()


def _measure(
    pool: "Pool", sockets: Sockets, ledger: Ledger, sweeper: Sweeper, epochs: Epochs, bus: "Bus"
) -> None:
    """Let the metrics read what is not counted, whenever somebody asks for them."""
    clock = asyncio.get_running_loop().time
    metrics.SOCKETS.set_function(lambda: sockets.open)
    metrics.BUS_UP.set_function(lambda: bus.is_up)
    metrics.STOPPING.set_function(lambda: sockets.draining)
    metrics.LEDGER_QUEUE.set_function(lambda: ledger.queued)
    metrics.SWEEPER_LAG.set_function(lambda: sweeper.lag(clock()))
    metrics.EPOCH_KEY_AGE.set_function(lambda: epochs.oldest(clock()))
    metrics.EPOCH_ALARM.set_function(lambda: epochs.alarm(clock()) is not None)
    metrics.DATABASE_CONNECTIONS.set_function(pool.get_size)
    metrics.DATABASE_CONNECTIONS_IN_USE.set_function(lambda: pool.get_size() - pool.get_idle_size())


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
