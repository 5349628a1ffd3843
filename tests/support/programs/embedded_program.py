"""A program with an embedded PostgreSQL, to be killed: python embedded_program.py DATA_DIR

Prints the server's process id when it is up, then commits a row for every line it reads and says
so. Ends cleanly on SIGTERM, on SIGINT and at the end of its input; a StartError is its last word
and exit code 1.
"""

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg

from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.start_error import StartError


async def serve(data_dir: Path) -> None:
    this = asyncio.current_task()
    assert this is not None
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, this.cancel)
    async with EmbeddedPostgres(data_dir) as database:
        connection = await asyncpg.connect(database.dsn)
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (line text PRIMARY KEY)")
        postmaster = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        print(postmaster, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            await connection.execute("INSERT INTO kept VALUES ($1)", line.strip())
            print("committed", line.strip(), flush=True)
        await connection.close()


if __name__ == "__main__":
    try:
        asyncio.run(serve(Path(sys.argv[1])))
    except StartError as error:
        sys.exit(str(error))
    except asyncio.CancelledError:
        print("cancelled", flush=True)
