"""Backups of the embedded database, and what follows when any database was restored."""

import asyncio
import sys
from pathlib import Path

from app import key_source, migrated_pool
from ephemeral.sealing.history import follows, later_epochs, look
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.mark import this_machine
from ephemeral.sealing.restores import accept_restore
from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.settings import Settings
from ephemeral.store.counted import counted
from ephemeral.store.embedded.backups import dump, load
from ephemeral.store.embedded.server import EmbeddedPostgres, programs_of, running_dsn
from ephemeral.store.postgres import connection
from ephemeral.store.readiness import Needs
from ephemeral.store.start_error import StartError

__all__ = ["accept", "backup", "restore"]


async def backup(settings: Settings, file: Path) -> int:
    """Write the embedded database into a file, while a server runs or not."""
    _require_embedded(settings, "pg_dump")
    programs = await asyncio.to_thread(programs_of, settings.data_dir)
    dsn = running_dsn(settings.data_dir)
    if dsn is not None:
        await dump(dsn, programs, file)
    else:
        async with EmbeddedPostgres(settings.data_dir) as embedded:
            await dump(embedded.dsn, programs, file)
    print(
        f"The database is in {file}. Restored, it brings no room back once a server has gone on. "
        "Its keys are not in it: docs/operations.md, Back up."
    )
    return 0


async def restore(settings: Settings, file: Path) -> int:
    """Put a backup in place of the embedded database; no server may be running."""
    _require_embedded(settings, "pg_restore")
    directory = KeyringDirectory(settings.keyring_dir)
    async with EmbeddedPostgres(settings.data_dir) as embedded:
        await load(embedded.dsn, await asyncio.to_thread(programs_of, settings.data_dir), file)
        async with migrated_pool(settings, join_running=True) as pool, connection(pool) as one:
            try:
                follows(directory, *await look(one, directory), await later_epochs(one, directory))
            except KeyringUnusable as error:
                told = f"The database was restored, and can't be served yet. {error}"
                print(told, file=sys.stderr)
                return 1
    print("The database was restored. Nobody has served since the backup: the server may start.")
    return 0


async def accept(settings: Settings) -> int:
    """End everything in a database that was set back, so that it can be served."""
    source, directory = key_source(settings), KeyringDirectory(settings.keyring_dir)
    async with migrated_pool(settings, join_running=True) as pool, connection(pool) as one:
        # One that was restored in part is not to be taken for a whole one.
        await Needs().require(pool)
        ended = await accept_restore(one, directory, source, this_machine())
    if ended is None:
        print("The database was not set back: nothing has been ended.")
        return 0
    print(
        "All rooms of the restored database have ended, with what waited in them: "
        f"{counted(ended.rooms, 'room')}, {counted(ended.messages, 'message')}. Which of them had "
        f"ended before can't be known. Destroyed: {counted(ended.keys, 'epoch key')}. The server "
        "may start."
    )
    return 0


def _require_embedded(settings: Settings, program: str) -> None:
    if settings.database_dsn is not None:
        raise StartError(
            f"This is for the embedded database alone. Yours has {program} for it: "
            "docs/operations.md shows how."
        )
