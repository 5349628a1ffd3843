"""Objects in a directory: each a file that is on the disk, whole, before it has its name."""

import asyncio
import errno
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from ephemeral.store.durable_files import sync_directory
from ephemeral.store.objects.interface import (
    PIECE,
    Failed,
    Held,
    ObjectMissing,
    ObjectThere,
    StoreFull,
    StoreTrouble,
    StoreUnreached,
    checked_key,
    checked_range,
)

__all__ = ["LocalStore"]

T = TypeVar("T")

# No key begins with a dot.
_COMING = ".coming"
# What a killed writer left is older than any write takes.
_LEFT_SECONDS = 3600
_LISTED_AT_ONCE = 1_000
# What isn't done in so many seconds never may be.
_THREADS, _SECONDS = 8, 30
_WRITTEN_AT_ONCE = 512 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}
#: What has to be left on the disk: so many bytes, and so many parts of it.
FREE_BYTES = 2**30
FREE_PART = 20


class LocalStore:
    """`root` is made, for its owner alone, if it isn't there; raises StoreTrouble."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._coming = root / _COMING
        self._threads = ThreadPoolExecutor(_THREADS, "objects")
        # glibc gives back to the system what is free at the end of its memory beyond twice the
        # largest block that was ever taken from there alone and freed: without such a one (nothing
        # touches it), the pages of each piece would come from the system anew.
        bytes(4 * PIECE)
        try:
            made = self._missing(root)
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._coming.mkdir(mode=0o700, exist_ok=True)
            for folder in {root.parent, *(folder.parent for folder in made)}:
                # What isn't ours to read was there before us.
                with suppress(PermissionError):
                    sync_directory(folder)
            self._remove_left()
        except OSError as error:
            raise self._trouble(error) from None

    def require_room(self, length: int = 0) -> None:
        """Raises StoreFull where, with so much more, less is free than a twentieth of the disk, or
        1 GiB."""
        try:
            disk = os.statvfs(self._root)
        except OSError as error:
            raise self._trouble(error) from None
        free, whole = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        if free - length < max(FREE_BYTES, whole // FREE_PART):
            least = max(FREE_BYTES, whole // FREE_PART) // 2**20
            raise StoreFull(
                f"Only {free // 2**20} MiB are free where {self._root} lies; at least {least} "
                "have to be."
            )

    async def put(self, key: str, body: bytes) -> None:
        await self._run(partial(self._put, self._path(key), body))

    async def receive(
        self,
        key: str,
        length: int,
        pieces: AsyncIterator[bytes],
        may_stay: Callable[[], Awaitable[None]],
    ) -> None:
        path, coming = self._path(key), self._coming / secrets.token_hex(16)
        try:
            came = 0
            await self._finished(partial(self._begin, coming))
            async for some in _gathered(pieces):
                came += sum(map(len, some))
                await self._finished(partial(self._append, coming, some))
            if came != length:
                raise ValueError("not as many bytes as were to come")
            await may_stay()
            await self._finished(partial(self._keep, coming, path))
        finally:
            with suppress(OSError):
                coming.unlink()

    async def length(self, key: str) -> int | None:
        return await self._run(partial(self._length, self._path(key)))

    async def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        start, end = checked_range(start, end)
        path = self._path(key)
        # Opened for each piece: whoever reads slowly holds no file open.
        for at in range(start, end, PIECE):
            length = min(PIECE, end - at)
            piece = await self._run(partial(self._read, path, length, at))
            if piece:
                yield piece
            if len(piece) < length:
                return

    async def held(self, prefix: str) -> AsyncIterator[Held]:
        folder = self._path(prefix.removesuffix("/"))
        walked = self._walked(folder)
        while some := await self._run(lambda: list(islice(walked, _LISTED_AT_ONCE))):
            for one in some:
                yield one

    async def tidy(self) -> None:
        try:
            await self._run(self._remove_left)
        except OSError as error:
            raise self._trouble(error) from None

    async def delete(self, keys: Sequence[str]) -> list[Failed]:
        paths = [(key, self._path(key)) for key in keys]
        return await self._run(lambda: [one for one in map(self._deleted, paths) if one])

    async def close(self) -> None:
        """Nothing is held open."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        """In a thread of its own: a disk that hangs is to stop nothing else."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            async with asyncio.timeout(_SECONDS):
                return await future
        except TimeoutError:
            raise StoreUnreached(f"The disk of {self._root} doesn't answer.") from None

    async def _finished(self, work: Callable[[], None]) -> None:
        """To its end even where nobody waits for it any more: what follows relies on that nothing
        is written behind its back."""
        task = asyncio.ensure_future(self._run(work))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _put(self, path: Path, body: bytes) -> None:
        coming = self._coming / secrets.token_hex(16)
        try:
            self._begin(coming)
            self._append(coming, [body])
            self._keep(coming, path)
        finally:
            with suppress(OSError):
                coming.unlink()

    def _begin(self, coming: Path) -> None:
        try:
            with coming.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
        except OSError as error:
            raise self._trouble(error) from None

    def _append(self, coming: Path, pieces: Sequence[bytes]) -> None:
        try:
            # What was removed meanwhile isn't made again.
            with os.fdopen(os.open(coming, os.O_WRONLY | os.O_APPEND), "wb", buffering=0) as file:
                for piece in pieces:
                    left = memoryview(piece)
                    while left:
                        left = left[file.write(left) :]
        except OSError as error:
            raise self._trouble(error) from None

    def _keep(self, coming: Path, path: Path) -> None:
        """Give it its name, now that it is whole. Raises ObjectThere."""
        try:
            with coming.open("rb") as file:
                os.fsync(file.fileno())
            # Whoever deletes the last object of a folder removes it, perhaps in between.
            while not self._linked(coming, path):
                pass
        except FileExistsError:
            raise ObjectThere from None
        except OSError as error:
            raise self._trouble(error) from None

    def _read(self, path: Path, length: int, at: int) -> bytes:
        try:
            with path.open("rb", buffering=0) as file:
                return os.pread(file.fileno(), length, at)
        except FileNotFoundError:
            raise ObjectMissing(f"An object is missing in {self._root}.") from None
        except OSError as error:
            raise self._trouble(error) from None

    def _length(self, path: Path) -> int | None:
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from None

    def _linked(self, coming: Path, path: Path) -> bool:
        """Whether it has its name now, and will have it after a loss of power."""
        try:
            for folder in self._missing(path.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
            # A link, unlike a rename, takes nobody's place.
            os.link(coming, path)
        except FileNotFoundError:
            if coming.exists() and self._root.exists():
                return False
            raise
        # Deleted at once, it is not to come back. A folder that was there may be one that another
        # put, of whatever process, has made a moment ago: each is synced into its own.
        folder = path
        while folder != self._root:
            folder = folder.parent
            with suppress(FileNotFoundError):
                sync_directory(folder)
        return True

    def _missing(self, folder: Path) -> list[Path]:
        """Folders on the way to this one that aren't there, the outermost first."""
        found: list[Path] = []
        while not folder.exists():
            found.insert(0, folder)
            folder = folder.parent
        return found

    def _deleted(self, named: tuple[str, Path]) -> Failed | None:
        key, path = named
        try:
            path.unlink(missing_ok=True)
            sync_directory(path.parent)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Failed(key, os.strerror(error.errno or 0))
        self._remove_empty(path.parent)
        return None

    def _remove_empty(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent

    def _walked(self, folder: Path) -> Iterator[Held]:
        try:
            for place, folders, names in os.walk(folder, onerror=_raised):
                folders.sort()
                for name in sorted(names):
                    path = Path(place, name)
                    with suppress(FileNotFoundError):
                        said = path.stat()
                        key = path.relative_to(self._root).as_posix()
                        yield Held(key, said.st_size, said.st_mtime)
        except OSError as error:
            raise self._trouble(error) from None

    def _remove_left(self) -> None:
        oldest = time.time() - _LEFT_SECONDS
        for path in self._coming.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _trouble(self, error: OSError) -> StoreTrouble:
        if error.errno in _FULL:
            return StoreFull(f"There is no room left where {self._root} lies.")
        why = os.strerror(error.errno or 0)
        return StoreTrouble(f"Objects can't be kept in {self._root}: {why}.")


def _raised(error: OSError) -> None:
    """A folder that can't be listed isn't empty; one that isn't there is."""
    if not isinstance(error, FileNotFoundError):
        raise error


async def _gathered(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """As many of them together as are worth a turn of a thread."""
    some: list[bytes] = []
    length = 0
    async for piece in pieces:
        some.append(piece)
        length += len(piece)
        if length >= _WRITTEN_AT_ONCE:
            yield some
            some, length = [], 0
    if some:
        yield some
