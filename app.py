"""The composition root: settings in, a served application out.

`serving` builds the ground (database, keyring, bus, limits), then the wings that the settings
enable, and gives the application for as long as its context lasts. Everything is built in one
phase: nothing is there before what it stands on, and nothing waits to be given it.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ephemeral import __version__, faults, metrics
from ephemeral.edge.background import running
from ephemeral.edge.guard import Guard, Verdict
from ephemeral.edge.health import Health
from ephemeral.edge.hsts import Hsts
from ephemeral.edge.limiter import Limiter
from ephemeral.edge.metrics_api import MetricsPage
from ephemeral.edge.objects_api import ObjectsApi
from ephemeral.edge.sockets import Sockets
from ephemeral.edge.wing import Figure, Ground, Standing, Wing
from ephemeral.live.bus import LocalBus
from ephemeral.page.bodies import Body
from ephemeral.page.files import StaticFiles
from ephemeral.page.languages import read_catalogues, untranslated
from ephemeral.page.pages import Operator, Pages
from ephemeral.protocol.errors import Refusal
from ephemeral.routes import page_routes, wing_routes
from ephemeral.sealing.encryption_key import KeySource, choose_key_source
from ephemeral.sealing.epochs import Epochs
from ephemeral.sealing.fingerprints import (
    limits_key,
    object_address_key,
    objects_name,
    redis_name,
)
from ephemeral.sealing.history import accept_clock as accept_the_clock
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.mark import this_machine
from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.sealing.watch import Watch
from ephemeral.settings import Settings
from ephemeral.store.embedded.server import EmbeddedPostgres, running_dsn
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.objects import purge_rows
from ephemeral.store.objects.deployed import open_objects
from ephemeral.store.objects.purger import Purger
from ephemeral.store.objects.sweeping import Sweep
from ephemeral.store.postgres import CLOSED, StoreUnavailable, connection, open_pool, transaction
from ephemeral.store.readiness import Needs
from ephemeral.store.repeating import repeat
from ephemeral.store.start_error import StartError
from ephemeral.wings import OpenWing, wings_of

if TYPE_CHECKING:
    from ephemeral.live.bus import Bus
    from ephemeral.store.postgres import Pool

__all__ = [
    "WEB", "Application", "Site", "key_source", "migrated_pool", "serving",
    "trust_clock",
]  # fmt: skip

WEB = Path(__file__).resolve().parent / "web"
_CLOSE_SECONDS = 5
# How long a start waits for Redis before it goes on without.
_REDIS_SECONDS = 3.0
# How often a database that troubles is looked at.
_WATCH_SECONDS = 1.0
_log = logging.getLogger("ephemeral")

# --- what needs no database -----------------------------------------------------------------------


class Site:
    """The page and the outermost layer: what is served whatever wings there are."""

    def __init__(self, settings: Settings) -> None:
        catalogues = read_catalogues(WEB / "catalogue")
        for sentence in untranslated(catalogues):
            _log.warning(sentence)
        self.files = StaticFiles(WEB, catalogues)
        self.pages = Pages(
            WEB,
            settings.base_path,
            __version__,
            self.files,
            catalogues,
            Operator(settings.operator_name, settings.operator_url, settings.source_url),
            accounts=settings.accounts != "false",
            store=settings.store_origin,
        )
        self.verdict = Verdict(faults.record, passing=(KeyringUnusable,))
        self._base_path = settings.base_path
        self._hsts = Hsts(settings)

    def application(self, routes: Iterable[BaseRoute]) -> ASGIApp:
        """The page and these routes, guarded."""
        app = Starlette(
            routes=[*page_routes(self.pages, self.files), *routes],
            middleware=[
                Middleware(
                    Guard,
                    base_path=self._base_path,
                    verdict=self.verdict,
                    error_page=self.pages.error,
                    hsts=self._hsts,
                )
            ],
            exception_handlers={HTTPException: _to_the_guard},
        )
        app.router.redirect_slashes = False
        return app


async def _to_the_guard(_request: Request, error: Exception) -> NoReturn:
    raise error


async def _pack(bodies: Iterable[Body]) -> None:
    """Make the Brotli forms: some tenths of a second, which a stop doesn't wait for."""
    for body in bodies:
        await asyncio.to_thread(body.pack)


# --- the ground -----------------------------------------------------------------------------------


def key_source(settings: Settings) -> KeySource:
    """Where the encryption key is; raises KeyringUnusable."""
    return choose_key_source(
        encryption_key=settings.encryption_key,
        encryption_key_previous=settings.encryption_key_previous,
        encryption_key_file=settings.encryption_key_file,
        own_directory=settings.data_dir if settings.database_dsn is None else None,
    )


async def trust_clock(settings: Settings, pool: "Pool") -> None:
    """Take the database's clock for right, whatever it was; raises KeyringUnusable."""
    async with connection(pool) as one:
        await accept_the_clock(one, KeyringDirectory(settings.keyring_dir), this_machine())


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


@asynccontextmanager
async def _open_bus(
    settings: Settings, worker: bytes, index_key: bytes, limiter: Limiter
) -> "AsyncIterator[Bus]":
    """What connects this process with the others, if there are any."""
    if settings.redis_url is None:
        yield LocalBus()
        return
    # Loading the driver takes longer than everything else here.
    from ephemeral.live.redis_bus import RedisBus  # noqa: PLC0415
    from ephemeral.live.redis_counts import RedisCounts  # noqa: PLC0415
    from ephemeral.live.redis_link import LINK_ERRORS, name_in_redis, open_link  # noqa: PLC0415

    name = partial(name_in_redis, redis_name(index_key))
    try:
        hints, numbers = open_link(settings.redis_url), open_link(settings.redis_url)
    except ValueError:
        raise StartError("REDIS_URL is malformed.") from None
    bus = RedisBus(hints, name("hints"), worker, faults.record)
    counts = RedisCounts(
        numbers, name, partial(limits_key, index_key), limiter.adopt, os.urandom, faults.record
    )
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


# --- the whole ------------------------------------------------------------------------------------


class Application:
    """What is served. `drain`: admit nobody new, and let go who is there (see `Sockets.drain`)."""

    def __init__(self, app: ASGIApp, drain: Callable[[], Awaitable[None]]) -> None:
        self._app = app
        self.drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or handshake."""
        await self._app(scope, receive, send)


@asynccontextmanager
async def serving(
    settings: Settings,
    *,
    join_running: bool = False,
    accept_clock: bool = False,
    open_wings: Sequence[OpenWing] | None = None,
) -> AsyncIterator[Application]:
    """The application, from the first to the last moment in which requests may come.

    `join_running`: as in `migrated_pool`. `accept_clock`: the database's clock is right, whatever
    it was. `open_wings`: others than those that the settings enable. Raises StartError or
    KeyringUnusable.
    """
    random = os.urandom
    worker = random(16)
    site = Site(settings)
    source = key_source(settings)
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(migrated_pool(settings, join_running=join_running))
        async with connection(pool) as one:
            directory = KeyringDirectory(settings.keyring_dir)
            keyring = await Keyring.open(one, directory, source, random)
        if accept_clock:
            await trust_clock(settings, pool)
        watch = Watch(pool, keyring, this_machine())
        # After everything that is still done with the database.
        stack.push_async_callback(watch.stop)
        epochs = Epochs(pool, keyring, random, settings.epoch_seconds * 1000)
        limiter = stack.enter_context(Limiter(settings, random, time.monotonic))
        bus = await stack.enter_async_context(
            _open_bus(settings, worker, keyring.index_key, limiter)
        )
        objects = await stack.enter_async_context(
            open_objects(
                settings,
                pool,
                objects_name(keyring.index_key),
                object_address_key(keyring.index_key),
                random,
            )
        )
        opened = wings_of(settings) if open_wings is None else open_wings
        ground = Ground(settings, pool, keyring, bus, worker, random, faults.record, objects)
        wings: list[Wing] = []
        for open_wing in opened:
            added = await stack.enter_async_context(open_wing(ground))
            wings.extend(added if isinstance(added, tuple) else (added,))
        await epochs.advance(loop.time())
        # Before the first sweep.
        await watch.start()
        sockets = Sockets(settings, random, site.verdict, limiter)
        stack.push_async_callback(sockets.finish)

        broken: list[str] = []
        needs = Needs()

        async def ready() -> Mapping[str, str]:
            if sockets.draining:
                raise Refusal("unavailable", "This server is stopping.")
            if watch.alarm is not None:
                raise Refusal("unavailable", watch.alarm)
            await _see_database(pool, needs)
            alarm = epochs.alarm(loop.time())
            if alarm is not None:
                raise Refusal("unavailable", alarm)
            if broken:
                raise Refusal("unavailable", "A part of this server has ended: restart it.")
            for wing in wings:
                if wing.ready is not None:
                    await wing.ready()
            # Without Redis everything is stored and answered: no reason to take the host away.
            return {"database": "ready", "keys": "ready", "bus": "ready" if bus.is_up else "away"}

        async def figures() -> list[Figure]:
            found = [one for wing in wings if wing.figures for one in await wing.figures()]
            undeleted = await transaction(pool, purge_rows.waiting, read_only=True)
            return [*found, Figure("Large objects that could not be deleted yet", undeleted)]

        token = settings.metrics_token
        standing = Standing(ready, figures, site.pages.render, limiter, settings.base_path)
        routes = wing_routes(
            wings,
            standing,
            sockets,
            limiter,
            Health(ready),
            lambda: time.time_ns() // 1_000_000,
            settings.base_path,
            __version__,
            None if token is None else MetricsPage(token),
            [ObjectsApi(objects, limiter, settings.object_requests_per_address).route()],
        )
        _measure(pool, sockets, epochs, watch, bus, wings)
        work: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("epochs", partial(epochs.run, settings.sweep_seconds, faults.record)),
            ("database", partial(_watch_database, pool, needs)),
            ("watch", partial(watch.run, faults.record)),
            ("orphans", Sweep(pool, objects, faults.record).run),
            ("purges", Purger(pool, objects, settings.sweep_seconds, faults.record).run),
            # Nobody waits for the best compression: until it is there, there is a good one.
            ("packing", partial(_pack, site.pages.bodies())),
            *(one for wing in wings for one in wing.background.items()),
        ]
        await stack.enter_async_context(running(work, broken, faults.record))
        yield Application(site.application(routes), partial(sockets.drain, settings.drain_seconds))


async def _see_database(pool: "Pool", needs: Needs) -> None:
    """Raise what keeps the database from serving, as the log has it."""
    try:
        await needs.see(pool)
    except StoreUnavailable as error:
        trouble = error.trouble or pool.troubles.present
        why = CLOSED if trouble is None else trouble.sentence
        raise Refusal("unavailable", why) from None
    present = pool.troubles.present
    if present is not None and present.is_lasting:
        raise Refusal("unavailable", present.sentence)


async def _watch_database(pool: "Pool", needs: Needs) -> None:
    await repeat(lambda _: needs.watch(pool), _WATCH_SECONDS, faults.record)


def _is_troubled(pool: "Pool", kind: str) -> bool:
    present = pool.troubles.present
    return present is not None and present.kind == kind


def _measure(
    pool: "Pool",
    sockets: Sockets,
    epochs: Epochs,
    watch: Watch,
    bus: "Bus",
    wings: Sequence[Wing],
) -> None:
    """Let the metrics read what is not counted, whenever somebody asks for them."""
    clock = asyncio.get_running_loop().time
    metrics.SOCKETS.set_function(lambda: sockets.open)
    metrics.BUS_UP.set_function(lambda: bus.is_up)
    metrics.STOPPING.set_function(lambda: sockets.draining)
    metrics.EPOCH_KEY_AGE.set_function(lambda: epochs.oldest(clock()))
    metrics.EPOCH_ALARM.set_function(lambda: epochs.alarm(clock()) is not None)
    for kind, gauge in metrics.DATABASE_TROUBLE.items():
        gauge.set_function(partial(_is_troubled, pool, kind))
    metrics.DATABASE_SET_BACK.set_function(lambda: watch.set_back)
    metrics.CLOCK_DOUBTED.set_function(lambda: watch.clock_doubted)
    metrics.DATABASE_CONNECTIONS.set_function(pool.get_size)
    metrics.DATABASE_CONNECTIONS_IN_USE.set_function(lambda: pool.get_size() - pool.get_idle_size())
    for gauge, read in (one for wing in wings for one in wing.gauges.items()):
        gauge.set_function(read)
