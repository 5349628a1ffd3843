"""Several hosts of one deployment: programs at loopback addresses of their own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.machines.server import Program, Serve
from support.people.raw_client import Client, Room

#: Loopback is a whole network: each host has an address of its own.
ADDRESSES = ("127.0.0.2", "127.0.0.3")


def start_hosts(
    serve: Serve,
    database: str,
    folder: Path,
    redis_url: str,
    addresses: Sequence[str] = ADDRESSES,
    **settings: object,
) -> list[Program]:
    """Hosts with the same database, keys and Redis, started at the same time."""
    shared = {
        "KEYRING_DIR": str(folder / "keyring"),
        "ENCRYPTION_KEY": "5e" * 32,
        "REDIS_URL": redis_url,
        "SWEEP_SECONDS": 1,
        **settings,
    }
    with ThreadPoolExecutor() as threads:
        starting = [
            threads.submit(serve, database=database, HOST=host, **shared) for host in addresses
        ]
        return [one.result() for one in starting]


class Host:
    """A client of one host."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.client = Client(program.url, program.ws_url)

    def room(self, room: Room) -> Room:
        """The same room, by way of this host."""
        there = Room(self.client.api, self.client.ws_url)
        there.locator, there.charter, there.mac = room.locator, room.charter, room.mac
        return there
