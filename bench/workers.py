"""The load of `pairs` on one process and on two: what a message costs, and whom.

The same rooms talk to a server of one process, and to one of two that a Redis connects, where the
two members of a room sit on the same process or on different ones. Which of them takes a connection
is up to the kernel, so more are opened than are needed, and each is used where it is wanted.
"""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import hosts
from bench.hosts import Host
from bench.load import PATH, SUBPROTOCOL, Connect, EphemeralRoom, Tally
from bench.scenarios import Options, Result, closed_loop, middle
from bench.wire import Client, Receive

__all__ = ["workers"]

# More connections than this, and the wanted process takes none.
_IN_VAIN = 200


@dataclass(frozen=True)
class Setup:
    """A server, and on how many of its processes the members of a room sit."""

    name: str
    workers: int
    redis: bool
    apart: bool = False


ALONE = Setup("one", 1, redis=False)
WITH_REDIS = Setup("one, Redis", 1, redis=True)
TOGETHER = Setup("two, same", 2, redis=True)
APART = Setup("two, apart", 2, redis=True, apart=True)
SETUPS = (ALONE, WITH_REDIS, TOGETHER, APART)


class Places:
    """Connections to a server's processes, each to the one that is asked for."""

    def __init__(self, host: Host) -> None:
        self._port = host.port
        self.processes = host.workers()
        self._spare: dict[int, deque[Client]] = {one: deque() for one in self.processes}

    def at(self, process: int) -> Connect:
        """A way to one process."""

        async def connect(receive: Receive) -> Client:
            spare = self._spare[process]
            for _ in range(_IN_VAIN):
                if spare:
                    break
                client = await Client.connect(self._port, PATH, receive, SUBPROTOCOL)
                self._spare[self._holder(client.port)].append(client)
            else:
                raise SystemExit("One of the processes takes no connections.")
            client = spare.popleft()
            client.receive = receive
            return client

        return connect

    def close(self) -> None:
        """Close what was not needed."""
        for spare in self._spare.values():
            for client in spare:
                client.close()

    def _holder(self, port: int) -> int:
        """Which process holds the other end of a connection from this port."""
        name = f"socket:[{_inode(self._port, port)}]"
        for process in self.processes:
            if name in _open_files(process):
                return process
        raise SystemExit("A connection is held by none of the server's processes.")


def _inode(local: int, remote: int) -> str:
    """Of the socket on loopback between two ports, as the kernel numbers it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(address.rpartition(":")[2], 16) for address in fields[1:3]]
        if ports == [local, remote]:
            return fields[9]
    raise SystemExit("A connection has gone.")


def _open_files(process: int) -> Iterator[str]:
    if os.geteuid() != 0:
        raise SystemExit("Only root may see who holds a connection: the server can't be dumped.")
    for path in Path(f"/proc/{process}/fd").iterdir():
        try:
            yield str(path.readlink())
        except FileNotFoundError:
            continue


async def _measure(setup: Setup, options: Options, url: str, redis: int) -> Result:
    settings = {"WORKERS": str(setup.workers), "HELLO_SECONDS": "60"}
    if setup.redis:
        settings["REDIS_URL"] = url
    tally = Tally()
    async with hosts.ephemeral(
        options.dsn, options.directory, settings, redis if setup.redis else None
    ) as host:
        rooms = [EphemeralRoom(tally, options.size) for _ in range(options.rooms)]
        places = Places(host)
        for number, room in enumerate(rooms):
            # As many authors on each, and as many readers.
            count = len(places.processes)
            author, reader = number % count, (number + setup.apart) % count
            await room.open_by(
                host.port, [places.at(places.processes[one]) for one in (author, reader)]
            )
        places.close()
        return await closed_loop(host, rooms, tally, options)


async def workers(options: Options) -> None:
    """The load of pairs on one process and on two with a Redis, members together and apart."""
    print(
        f"{options.rooms} rooms of two, {options.size} B, window {options.window}; both workers "
        "share the server's core,\nso two can't do more than one, and what they cost can be "
        "compared"
    )
    found: dict[Setup, list[Result]] = {one: [] for one in SETUPS}
    async with hosts.redis() as (url, pid):
        for _ in range(options.turns):
            for setup in SETUPS:
                found[setup].append(await _measure(setup, options, url, pid))
    results = {setup: middle(several) for setup, several in found.items()}
    for setup, one in results.items():
        busy = ", ".join(f"{name} {share:.0%}" for name, share in one.busy.items())
        print(f"{one.line(setup.name)}\n{'':<12}limited by {one.bottleneck}; of a core: {busy}")
    _compare("Redis", results[WITH_REDIS], results[ALONE])
    _compare("two", results[TOGETHER], results[WITH_REDIS])
    _compare("apart", results[APART], results[TOGETHER])


def _compare(name: str, after: Result, before: Result) -> None:
    """What a message costs more, and how many fewer there are."""
    print(
        f"{name:<12}{after.rate / before.rate:.2f} of the messages; a message costs "
        f"{after.server_us - before.server_us:+.0f} us of the server, "
        f"{after.postgres_us - before.postgres_us:+.0f} of PostgreSQL, "
        f"{after.redis_us - before.redis_us:+.0f} of Redis",
        flush=True,
    )
