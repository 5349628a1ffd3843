"""The epochs: how what was destroyed becomes unreadable, wherever its bytes still lie.

The current epoch's key wraps the data keys of everything that is written. When the epoch has
lasted its length another one begins; the data keys of what has survived are wrapped anew under
that one; and when the database shows that nothing is left under the old key, its file is
destroyed, and with it every copy of every data key that it had wrapped: in dead rows, in the
write-ahead log, in backups. Bodies are never touched.

Each step is a transaction of its own, and each finds out by itself what the one before has left,
so that several hosts may be at it at once and any of them may die at any moment:

1. The new key's file is durable; then, in one commit, the old epoch is retiring and the new one
   current. That waits for inserts under way, and later ones see that they are late.
2. Survivors are wrapped anew, a few at a time, while requests run.
3. The retiring epoch is locked, shown to wrap nothing, and recorded as destroyed.
4. Only when that is on the disk its file goes, and then its row.

A key that outlives two epochs all the same is an alarm: `alarm` says so to whoever asks whether
this process is ready.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from ephemeral.sealing import epoch_rows
from ephemeral.sealing.epoch_rows import EpochRow, Survivor
from ephemeral.sealing.keyring import Keyring, make_epoch
from ephemeral.sealing.keyring_files import KeyringOpened
from ephemeral.sealing.seals import EpochKey, KeyringUnusable, Random, SealBroken, unwrap, wrap
from ephemeral.store.clock import clock
from ephemeral.store.counted import counted
from ephemeral.store.postgres import connection, transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Epochs"]

log = logging.getLogger(__name__)

#: Survivors wrapped anew in one go: a few milliseconds of this process's time.
CHUNK = 256

#: How long a destroyed key stays in memory: longer than any transaction that has seen a row of
#: its epoch may last.
MEMORY_SECONDS = 60

OVERDUE = (
    "A key that should have been destroyed is still there: what was destroyed under it could be "
    "read again by whoever has the database's remains and the keys."
)
OPENED = "The directory of the keys is open to others than its owner."
LACKING = "This host doesn't have the key under which messages are stored at this moment."


class Epochs:
    """Keeps the epochs of one process's keyring. `length` is that of an epoch, in milliseconds."""

    def __init__(self, pool: Pool, keyring: Keyring, random: Random, length: int) -> None:
        self.seconds = length / 1000
        self._pool = pool
        self._keyring = keyring
        self._directory = keyring.directory
        self._random = random
        self._length = length
        self._lacking = False
        self._obstacle: str | None = None
        self._opened = False
        self._troubles: list[str] = []
        self._first_seen: dict[int, float] = {}
        self._unused_since: dict[int, float] = {}
        # When the oldest key will have outlived two epochs, and its name.
        self._limit = (inf, "")
        self._alarmed = False

    def alarm(self, monotonic: float) -> str | None:
        """Why this process isn't ready, in a sentence that tells no secret; None if it is."""
        if self._lacking:
            return LACKING if self._obstacle is None else f"{LACKING[:-1]}: {self._obstacle}."
        if self._opened:
            return OPENED
        return OVERDUE if self._overdue(monotonic) else None

    def oldest(self, monotonic: float) -> float:
        """Age of the oldest key in seconds; 0 while none is known."""
        limit = self._limit[0]
        return 0.0 if limit == inf else max(0.0, monotonic + 2 * self.seconds - limit)

    async def run(self, interval: float, fault: Callable[[BaseException], None]) -> None:
        """Advance and watch for ever, every `interval` seconds at most.

        `fault` is told of exceptions nobody expected.
        """
        often = min(interval, self.seconds / 4)
        async with asyncio.TaskGroup() as group:
            group.create_task(repeat(self.advance, often, fault))
            group.create_task(repeat(self.watch, often, fault))

    async def watch(self, monotonic: float) -> None:
        """Tell the operator when a key outlives two epochs, and when that is over.

        Apart from `advance`, which may be what hangs.
        """
        overdue = self._overdue(monotonic)
        if overdue and not self._alarmed:
            log.error("%s is older than two epochs. %s", self._limit[1], OVERDUE)
        elif self._alarmed and not overdue:
            log.warning("Every key that had to be destroyed has been.")
        self._alarmed = overdue

    async def advance(self, monotonic: float) -> None:
        """Whatever is due. What is in the way is tried again.

        The operator is told of it once when it begins and once when it is over.
        """
        before, self._troubles = self._troubles, []
        await self._attempt(self._see_directory())
        await self._attempt(self._follow())
        _, rows = await self._read()
        for row in rows:
            if row.state == "retiring":
                await self._attempt(self._collect(row))
            if row.state != "current":
                await self._attempt(self._erase(row))
        await self._attempt(self._look(monotonic))
        for trouble in dict.fromkeys(self._troubles):
            if trouble not in before:
                log.error("%s", trouble)
        for trouble in dict.fromkeys(before):
            if trouble not in self._troubles:
                log.warning("This is over: %s", trouble)

    async def _attempt(self, step: Awaitable[None]) -> None:
        """One step's trouble doesn't keep the others from being taken."""
        try:
            await step
        except KeyringUnusable as error:
            self._troubles.append(str(error))

    # --- steps ------------------------------------------------------------------------------

    async def _see_directory(self) -> None:
        """Whoever changes its mode does it to a running server, and learns it here."""
        opened = False
        try:
            await asyncio.to_thread(self._directory.require_private)
        except KeyringOpened:
            opened = True
            raise
        finally:
            self._opened = opened

    async def _follow(self) -> None:
        """Take up the current epoch; begin another if it is over, or if its file is gone."""
        now, rows = await self._read()
        current = next((row for row in rows if row.state == "current"), None)
        lacking = True
        obstacle = None
        try:
            if current is not None:
                # Whoever can't get the current key doesn't replace it: the other hosts have it.
                self._keyring.follow(current)
                lacking = not await asyncio.to_thread(self._directory.holds, current.id)
            over = current is None or self._is_over(now - current.created_at)
            if (over or lacking) and await self._begin(current):
                lacking = False
        except KeyringUnusable as error:
            if isinstance(error.__cause__, OSError):
                obstacle = error.__cause__.strerror
            raise
        finally:
            self._lacking, self._obstacle = lacking, obstacle

    async def _begin(self, current: EpochRow | None) -> bool:
        """Begin another epoch; False while another process is making or destroying keys."""
        lock = self._directory.try_lock()
        if lock is None:
            return False
        with lock:
            async with connection(self._pool) as one:
                replacing = current.id if current is not None else None
                source = self._keyring.source
                await make_epoch(one, self._directory, source, self._random, replacing=replacing)
                await self._keyring.refresh(one)
        return True

    async def _collect(self, row: EpochRow) -> None:
        """Wrap what has survived an epoch under the current one, and retire the epoch."""
        broken = 0
        after = b""

        async def move(connection: Connection) -> tuple[Sequence[Survivor], Sequence[Survivor]]:
            epoch = await self._keyring.hold_current(connection)
            found = await epoch_rows.lock_survivors(connection, row.id, after, CHUNK)
            if not found:
                return found, found
            old = self._keyring.key_of(row)
            moved = [self._rewrapped(survivor, old, epoch) for survivor in found]
            await epoch_rows.rewrap(connection, epoch.id, moved)
            return found, moved

        async def retire(connection: Connection) -> None:
            # Before looking: what comes after this lock sees everything committed before it.
            await epoch_rows.lock_epochs(connection, [row.id])
            await epoch_rows.destroy_epoch(connection, row.id)

        while True:
            found, moved = await transaction(self._pool, move)
            if not found:
                break
            broken += sum(one is other for one, other in zip(found, moved, strict=True))
            after = found[-1].payload
        # What stands under a key that is only in memory is not safe yet.
        await asyncio.to_thread(self._keyring.prove_current)
        await transaction(self._pool, retire)
        if broken:
            raise KeyringUnusable(
                f"Damaged: {counted(broken, 'stored payload')}, which no key opens."
            )

    def _rewrapped(self, survivor: Survivor, old: EpochKey, new: EpochKey) -> Survivor:
        try:
            data_key = unwrap(old, survivor.payload, survivor.wrapped)
        except SealBroken:
            # It opens by no key: it must not keep one alive. Its message has a time of its own.
            return survivor
        wrapped = wrap(new, survivor.payload, data_key, self._random)
        return Survivor(survivor.payload, wrapped)

    async def _erase(self, row: EpochRow) -> None:
        """Destroy the key file of an epoch that is recorded as destroyed."""
        lock = self._directory.try_lock()
        if lock is None:
            return
        with lock:
            async with connection(self._pool) as one, one.transaction():
                await epoch_rows.lock_keyring(one)
                states = {epoch.id: epoch.state for epoch in await epoch_rows.all_epochs(one)}
                if states.get(row.id) == "destroyed":
                    await asyncio.to_thread(self._directory.remove, row.id)
                    # A killed rotation of the encryption key may have left a copy.
                    await asyncio.to_thread(self._directory.clear_temporaries)
                    await epoch_rows.forget_epoch(one, row.id)

    # --- the alarm --------------------------------------------------------------------------

    async def _look(self, monotonic: float) -> None:
        """See that nothing outlives two epochs, and destroy files that no row speaks of."""
        now, rows = await self._read()
        files = await self._files()
        if self._strays(files, rows, now):
            await self._remove_strays(now)
            files = await self._files()
        written = files | {row.id: row.created_at for row in rows}
        self._first_seen = {epoch: self._first_seen.get(epoch, monotonic) for epoch in written}
        # By two clocks, because one of them may be set back.
        ages = [
            (max(abs(now - at) / 1000, monotonic - self._first_seen[epoch]), epoch)
            for epoch, at in written.items()
        ]
        age, epoch = max(ages, default=(0.0, 0))
        self._limit = (monotonic + 2 * self.seconds - age, self._directory.name(epoch))
        self._forget(monotonic, {row.id for row in rows})

    async def _remove_strays(self, now: int) -> None:
        """Destroy the key files of makers that were killed before their row was committed."""
        lock = self._directory.try_lock()
        if lock is None:
            return
        with lock:
            async with connection(self._pool) as one, one.transaction():
                # Nobody is making a key now.
                await epoch_rows.lock_keyring(one)
                last = await epoch_rows.last_epoch_id(one)
                rows = await epoch_rows.all_epochs(one)
                for epoch in self._strays(await self._files(), rows, now):
                    if epoch <= last:
                        await asyncio.to_thread(self._directory.remove, epoch)
                        name = self._directory.name(epoch)
                        log.warning("%s was destroyed: the database knows nothing of it.", name)

    def _strays(
        self, files: Mapping[int, int], rows: Sequence[EpochRow], now: int
    ) -> Sequence[int]:
        """Epochs whose file has no row, and is not just being made."""
        known = {row.id for row in rows}
        return [
            epoch for epoch, at in files.items() if epoch not in known and self._is_over(now - at)
        ]

    def _forget(self, monotonic: float, living: set[int]) -> None:
        """Drop keys from memory which have been destroyed long enough ago."""
        self._unused_since = {
            epoch: self._unused_since.get(epoch, monotonic)
            for epoch in self._keyring.known
            if epoch not in living
        }
        for epoch, since in list(self._unused_since.items()):
            if monotonic - since >= MEMORY_SECONDS:
                self._keyring.forget(epoch)
                del self._unused_since[epoch]

    def _overdue(self, monotonic: float) -> bool:
        return monotonic > self._limit[0]

    def _is_over(self, age: int) -> bool:
        # A clock that was set back must not make an epoch longer.
        return age >= self._length or age < 0

    async def _read(self) -> tuple[int, Sequence[EpochRow]]:
        async with connection(self._pool) as one:
            return await clock(one), await epoch_rows.all_epochs(one)

    async def _files(self) -> dict[int, int]:
        """When the key file of each epoch was written, in milliseconds since 1970."""
        return await asyncio.to_thread(self._files_now)

    def _files_now(self) -> dict[int, int]:
        found = {epoch: self._directory.written_at(epoch) for epoch in self._directory.epochs()}
        return {epoch: at for epoch, at in found.items() if at is not None}
