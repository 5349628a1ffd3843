"""A witness: looks at everything a server holds and says, and at what a member is told.

Works beside browsers, whose driver keeps the thread of the test busy with a loop: what needs one of
its own here runs in a thread.
"""

import asyncio
import hashlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from support.machines.server import Program
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.store.embedded.server import running_dsn

T = TypeVar("T")

TABLES = (
    "rooms", "seats", "messages", "audience", "attachments", "tombstones", "payloads",
    "payload_keys",
)  # fmt: skip


class Witness:
    """Sees the rows, the files and the words of a program with an embedded database."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.data_dir = Path(program.environment["DATA_DIR"])
        self._thread = ThreadPoolExecutor(1)
        self._secrets: dict[str, bytes] = {}
        self._searched: set[bytes] = set()

    def plant(self, **secrets: str | bytes) -> None:
        """These must be found nowhere, in none of their written forms."""
        self._searched.clear()
        for name, secret in secrets.items():
            self._secrets[name] = secret.encode() if isinstance(secret, str) else secret

    def rows(self) -> dict[str, int]:
        """How many rows each table has, without those that have none."""

        async def count(database: asyncpg.Connection) -> dict[str, int]:
            found = {
                table: await database.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES
            }
            return {table: number for table, number in found.items() if number}

        return self._ask(count)

    def row(self, table: str) -> dict[str, Any]:
        """The only row of a table."""

        async def fetch(database: asyncpg.Connection) -> dict[str, Any]:
            rows = await database.fetch(f"SELECT * FROM {table}")
            assert len(rows) == 1, f"{table} has {len(rows)} rows"
            return dict(rows[0])

        return self._ask(fetch)

    def search(self) -> None:
        """Nothing that was planted is in a file of the program, nor in what it has printed.

        Files: the database's pages, its write-ahead log, its log, the keyring. While it runs, what
        has been committed is at least in the write-ahead log; once it has stopped, in the pages.
        What has been searched for the same before, byte by byte, is not searched again.
        """
        needles = self._needles()
        for path, content in self._files():
            digest = hashlib.blake2b(content).digest()
            if digest in self._searched:
                continue
            for name, needle in needles:
                assert needle not in content, f"{name} is in {path.name}"
            self._searched.add(digest)
        printed = self.program.output().encode()
        for name, needle in needles:
            assert needle not in printed, f"{name} was printed"

    def finds(self, needle: bytes) -> bool:
        """Whether the same search finds what is stored: a blind one proves nothing."""
        return any(needle in content for _, content in self._files())

    def _files(self) -> Iterator[tuple[Path, bytes]]:
        for path in self.data_dir.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                yield path, _without_headers(content) if path.parent.name == "pg_wal" else content

    def _needles(self) -> list[tuple[str, bytes]]:
        found = []
        for name, secret in self._secrets.items():
            found.append((name, secret))
            found.append((f"{name} in hex", secret.hex().encode()))
            if len(secret) in {16, 32}:
                found.append((f"{name} in base64url", b64encode(secret).encode()))
                continue
            found.append((f"{name} in UTF-16", secret.decode().encode("utf-16-le")))
        return found

    def _ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        async def ask() -> T:
            dsn = running_dsn(self.data_dir)
            assert dsn is not None
            database = await asyncpg.connect(dsn)
            try:
                return await question(database)
            finally:
                await database.close()

        return self._thread.submit(lambda: asyncio.run(ask())).result(30)


def _without_headers(segment: bytes) -> bytes:
    """A segment of the write-ahead log as one text.

    Each of its pages begins with a header, in the middle of whatever goes on from the page before
    (XLogPageHeaderData, and the first page's XLogLongPageHeaderData): a secret that lies across two
    pages would not be found.
    """
    return b"".join(
        segment[start + (24 if start else 40) : start + 8192]
        for start in range(0, len(segment), 8192)
    )


class Listener:
    """A member with a socket who only listens: what the hints of a room become."""

    def __init__(self, program: Program, locator: str, token: str) -> None:
        self._frames: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(program.ws_url, subprotocols=["ephemeral.v1"], compression=None, proxy=None)
        )
        hello = {"type": "hello", "ref": 1, "locator": locator, "token": token}
        # It takes the seat from a client of this member, whatever it has counted to.
        self._socket.send(json.dumps([{**hello, "generation": 2**40}]))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.heard("welcome")

    def heard(self, kind: str) -> dict[str, Any]:
        """The next frame of a kind, waiting for it; those before it stay."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._index(kind) is not None, 30), (
                f"no {kind} was heard, only {[frame['type'] for frame in self._frames]}"
            )
            number = self._index(kind)
            assert number is not None
            return self._frames.pop(number)

    def left_over(self) -> list[str]:
        """Kinds of frames that nobody has asked for, without presence and typing."""
        with self._changed:
            kinds = [frame["type"] for frame in self._frames]
        return [kind for kind in kinds if kind not in {"presence", "typing", "joined", "left"}]

    def close(self) -> None:
        """Drop the socket."""
        self._stack.close()
        self._reader.join(10)

    def _index(self, kind: str) -> int | None:
        return next((n for n, frame in enumerate(self._frames) if frame["type"] == kind), None)

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for text in self._socket:
                with self._changed:
                    self._frames += json.loads(text)
                    self._changed.notify_all()


def raw(text: str) -> bytes:
    """Bytes as they are stored, from how the wire writes them."""
    return b64decode(text)
