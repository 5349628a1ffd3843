"""A real PostgreSQL for a whole run of tests, and a database of its own for each test.

The server runs in a thread with an event loop of its own, so that it outlives the loops of single
tests and serves tests without one. Databases are clones of a template that was migrated once.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from ephemeral.store.embedded.installation import Installation
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.postgres import open_pool

DEBIAN_15 = Path("/usr/lib/postgresql/15")

_ROOM = 4 << 30
_TEMPLATE = "template_migrated"

T = TypeVar("T")


class Server:
    """A running server; its methods are called from outside the thread of its loop.

    Making and dropping a database takes a tenth of a second: a clone is made in advance while a
    test runs, and dropped while the next one does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, dsn: str) -> None:
        self._loop = loop
        self._dsn = dsn
        self._numbers = itertools.count(1)
        self._next_clone: Future[str] | None = None
        self._drops: list[Future[None]] = []
        self._places = tempfile.TemporaryDirectory(prefix="ephemeral made ", dir=place())
        self._made: Path | None = None

    def put_data_dir(self, folder: Path) -> None:
        """Make of a folder a DATA_DIR whose database was made and migrated before.

        Making one takes a second of a core, copying it hardly anything; all have one password.
        """
        if self._made is None:
            made = Path(self._places.name) / "data"
            self._submit(self._make_data_dir(made)).result()
            self._made = made
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", f"{self._made}/.", folder], check=True)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The address of a fresh database, which is dropped in the end."""
        name = self._clone() if migrated else self._submit(self._create("template0")).result()
        try:
            yield self.dsn(name)
        finally:
            self._drops.append(self._submit(self._drop(name)))

    def dsn(self, database: str) -> str:
        """The address of one of the server's databases."""
        return urlsplit(self._dsn)._replace(path=f"/{database}").geturl()

    def finish(self) -> None:
        """Wait for what is still being made or dropped; raises what went wrong."""
        for work in (self._next_clone, *self._drops):
            if work is not None:
                work.result()
        self._places.cleanup()

    def _clone(self) -> str:
        if self._next_clone is None:
            self._submit(self._make_template()).result()
            self._next_clone = self._submit(self._create(_TEMPLATE))
        name = self._next_clone.result()
        self._next_clone = self._submit(self._create(_TEMPLATE))
        return name

    async def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        # As files, which takes half of what it takes to write each page into the log as well.
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    async def _make_template(self) -> None:
        await self._execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        await _migrate(self.dsn(_TEMPLATE))

    @staticmethod
    async def _make_data_dir(data_dir: Path) -> None:
        async with EmbeddedPostgres(data_dir) as database:
            await _migrate(database.dsn)

    async def _drop(self, name: str) -> None:
        for attempt in range(100, -1, -1):
            try:
                await self._execute(f"DROP DATABASE {name} WITH (FORCE)")
            except asyncpg.InsufficientPrivilegeError:
                # The autovacuum is at work there, as a user whom we may not interrupt.
                if not attempt:
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)


async def _migrate(dsn: str) -> None:
    pool = await open_pool(dsn, size=2, wait_seconds=0)
    try:
        await migrate(pool, read_migrations())
    finally:
        await pool.close()


@contextmanager
def server(root: Path | None = None) -> Iterator[Server]:
    """A server of the wheel's PostgreSQL, or of the one installed at ``root``."""
    installation = None if root is None else Installation.at(root)
    with (
        tempfile.TemporaryDirectory(prefix="ephemeral tests ", dir=place()) as directory,
        _loop() as loop,
    ):
        embedded = EmbeddedPostgres(Path(directory) / "data", installation=installation)
        asyncio.run_coroutine_threadsafe(embedded.start(), loop).result()
        try:
            running = Server(loop, embedded.dsn)
            yield running
            running.finish()
        finally:
            asyncio.run_coroutine_threadsafe(embedded.stop(), loop).result()


def place() -> Path | None:
    """Memory, where there is enough: the server's syncs cost nothing there."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return memory
    return None


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="PostgreSQL of the tests", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
