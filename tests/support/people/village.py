"""A server in this process, whose clock is moved, and people with the client's library."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import uvicorn
from support.machines.account_house import House, house
from support.people.correspondents import Device

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.watches import Watches
from ephemeral.conversations.service.destruction import Destruction
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.insiders import Ending
from ephemeral.conversations.service.recent import Recent
from ephemeral.conversations.service.segments import Segments
from ephemeral.conversations.service.sweeper import Sweeper
from ephemeral.conversations.service.tail import Tail
from ephemeral.live.bus import LocalBus

HOUR, DAY = 3_600_000, 86_400_000


class Village:
    """A server and all who use it."""

    def __init__(self, opened: House, folder: Path) -> None:
        self.house = opened
        self.folder = folder
        self.devices: list[Device] = []
        pool, key = opened.pool, opened.ground.keyring.index_key
        values = SealedValues(opened.ground.keyring, os.urandom)
        segments, recent = Segments(values, os.urandom), Recent()
        watches = Watches(pool, LocalBus(), key)
        destruction = Destruction(values, segments, recent, Hints(watches, key), Ending())
        self._sweeper = Sweeper(pool, values, segments, Tail(recent), destruction, watches, _raised)

    async def new(self, name: str) -> Device:
        url = f"http://ephemeral.test{self.house.base}"
        device = Device(url, self.folder / name, way=self.house.api._transport)
        self.devices.append(device)
        return await device.register()

    async def passes(self, milliseconds: int) -> None:
        """Time passes, for all; what is due on the server happens."""
        await self.house.clock.advance(milliseconds)
        ahead = self.house.clock.ahead / 1000
        for one in self.devices:
            one.ahead = ahead
        await self._sweeper.sweep(asyncio.get_running_loop().time() + ahead)


def _raised(fault: BaseException) -> NoReturn:
    raise fault


@asynccontextmanager
async def village_at(
    database_url: str, folder: Path, devices: list[Device] | None = None
) -> AsyncIterator[Village]:
    """The server on a database; those who used it before come back to it."""
    far = dict.fromkeys(
        ("ACCOUNT_REQUESTS_PER_ACCOUNT", "ACCOUNT_REQUESTS_PER_ADDRESS"), "1000000/1"
    )
    async with house(database_url, folder / "data", **far) as opened:
        village = Village(opened, folder)
        for one in devices or []:
            one.way = opened.api._transport
            village.devices.append(one)
        yield village


@asynccontextmanager
async def served(village: Village, port: int) -> AsyncIterator[None]:
    """The village's server at an address, for a program that isn't in this process."""
    app = village.house.api._transport.app  # type: ignore[attr-defined]
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    # It listens before it serves: whoever asks at once waits.
    with socket.create_server(("127.0.0.1", port)) as listener:
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await running


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
