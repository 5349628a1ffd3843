"""Accepting a database that was set back: everything in it ends, with the keys of that time.

A backup holds what was destroyed after it was made, and nothing tells which of its messages and
rooms these are. So all of them end, and the epoch keys that could open them are destroyed; what
remains is the deployment: its salt, its key derivation, its index key.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.sealing import epoch_rows, history_rows
from ephemeral.sealing.history import follows, later_epochs, look
from ephemeral.sealing.keyring import directory_lock, verify_index_key
from ephemeral.sealing.mark import Machine, Mark, SetBack, read_mark, write_mark
from ephemeral.sealing.seals import KeyringUnusable

if TYPE_CHECKING:
    from ephemeral.sealing.encryption_key import KeySource
    from ephemeral.sealing.keyring_files import KeyringDirectory
    from ephemeral.store.postgres import Connection

__all__ = ["Ended", "accept_restore"]

#: Within so long a server that runs has raised the mark.
ALIVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How many rooms, messages and epoch keys are no more."""

    rooms: int
    messages: int
    keys: int


async def accept_restore(
    connection: "Connection",
    directory: "KeyringDirectory",
    source: "KeySource",
    machine: Machine,
    alive_seconds: float = ALIVE_SECONDS,
) -> Ended | None:
    """Make a database that was set back one that can be served; None if it wasn't, and is.

    Killed at any moment it leaves a database that is refused as before, or one in which nothing is
    left to bring back. Raises KeyringUnusable, with nothing changed, where the keys are another
    database's or can't be opened, and while a server runs that has them.
    """
    directory.prepare()
    await _refuse_alive(directory, alive_seconds)
    async with directory_lock(directory):
        async with connection.transaction():
            await epoch_rows.lock_keyring(connection)
            await verify_index_key(connection, directory, source)
            later = await later_epochs(connection, directory)
            reached = 0
            try:
                beside, row = await look(connection, directory)
                reached = beside.number if beside is not None else 0
                follows(directory, beside, row, later)
            except SetBack:
                row = await history_rows.read(connection)
            else:
                return None
            assert row is not None, "it has an index key"
            messages, rooms = await history_rows.count_all(connection)
            keys = directory.epochs()
            last = await epoch_rows.last_epoch_id(connection)
            await history_rows.end_everything(connection)
            # The names of the keys that go are given to no other, whatever is killed when.
            await history_rows.skip_epochs(connection, max(last, *keys, 0))
            number = max(row.number, reached) + 1
            at = await history_rows.set_mark(connection, number)
        for epoch in keys:
            directory.remove(epoch)
        mark = Mark(number, at, machine.boot, machine.elapsed())
        await asyncio.to_thread(write_mark, directory.path, mark, first=True)
    return Ended(rooms, messages, len(keys))


async def _refuse_alive(directory: "KeyringDirectory", seconds: float) -> None:
    """Whoever raises the mark serves another database, whose keys these are."""
    try:
        before = await asyncio.to_thread(read_mark, directory.path)
        if before is None:
            return
        await asyncio.sleep(seconds)
        after = await asyncio.to_thread(read_mark, directory.path)
    except SetBack:
        return
    if after != before:
        raise KeyringUnusable(
            f"A server is running with the keys in {directory.path}: stop every one first."
        )
