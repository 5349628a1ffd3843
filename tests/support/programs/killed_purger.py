"""A host that deletes what is due and kills itself at a named point: killed_purger.py POINT

By its environment: DATABASE_URL, DATA_DIR. Ends by itself where the point isn't met.
"""

import asyncio
import os
import sys
from collections.abc import Callable

from support.programs.killed_program import after, before

from ephemeral import faults
from ephemeral.settings import Settings
from ephemeral.store.objects import purge_rows
from ephemeral.store.objects.deployed import open_objects
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.objects.purger import Purger
from ephemeral.store.postgres import open_pool

#: What has been done when it dies, in the order in which that is done.
POINTS: dict[str, Callable[[], None]] = {
    "taken, uncommitted": after(purge_rows, "due"),
    "taken": before(LocalStore, "held"),
    "listed": before(LocalStore, "delete"),
    "some are deleted": before(LocalStore, "_deleted", call=3),
    "all are deleted": after(LocalStore, "delete"),
    "noted, uncommitted": after(purge_rows, "done"),
    "nothing was there for the last time": before(purge_rows, "finish"),
    "the row is gone, uncommitted": after(purge_rows, "finish"),
}


async def purge(settings: Settings) -> None:
    assert settings.database_dsn is not None
    pool = await open_pool(settings.database_dsn, size=2, wait_seconds=0)
    async with open_objects(settings, pool, bytes(16), bytes(32), os.urandom) as objects:
        POINTS[sys.argv[1]]()
        await Purger(pool, objects, 1, faults.record).purge()


if __name__ == "__main__":
    asyncio.run(purge(Settings.parse(os.environ)))
