"""People with accounts at one server, who are contacts of each other."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.machines.database import Server as Postgres
from support.machines.server import Program
from support.people.correspondents import Device

New = Callable[[str], Awaitable[Device]]


@pytest.fixture
def new(shared_server: Program, tmp_path: Path) -> New:
    """Somebody new, known to nobody."""

    async def made(name: str) -> Device:
        return await Device(shared_server.url, tmp_path / name).register()

    return made


@pytest.fixture
async def ada(new: New) -> Device:
    return await new("ada")


@pytest.fixture
async def bob(new: New, ada: Device) -> Device:
    made = await new("bob")
    await ada.befriend(made)
    return made


@pytest.fixture
async def eve(new: New, ada: Device) -> Device:
    made = await new("eve")
    await ada.befriend(made)
    return made


@pytest.fixture
def copied(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Makes a copy of a database that nobody uses at that moment."""
    made = []

    def copy(url: str) -> str:
        name = urlsplit(url).path.removeprefix("/")
        made.append(postgres._submit(postgres._create(name)).result())
        return postgres.dsn(made[-1])

    yield copy
    for name in made:
        postgres._submit(postgres._drop(name)).result()
