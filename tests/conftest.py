"""Fixtures that every test may ask for: a database of its own, and a loop that is watched."""

import inspect
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from support.machines.database import Server, server
from support.machines.server import Program, default_server, serve, shared_server  # noqa: F401
from support.machines.services import Desk
from support.people.raw_client import Client
from support.quiet_loop import quiet_loop

from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from support.machines.browsers import Browsers

    from ephemeral.store.postgres import Pool

_ANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run: a failure is never a matter of luck. A few of them for
# `make quick`, and others for `make fuzz`.
settings.register_profile("steady", _ANY, derandomize=True, max_examples=75)
settings.register_profile("quick", _ANY, derandomize=True, max_examples=15)
settings.register_profile("fuzz", _ANY, max_examples=2_000)
settings.load_profile("steady")

# What takes half a minute and more of one core. The files are dealt out whole: whoever took one of
# these last would work while nobody else does.
LONGEST = (
    "test_room", "test_hygiene", "test_coming_back", "test_making_a_room", "test_every_state",
    "test_life_of_a_message", "test_embedded", "test_kill_nine", "test_hosts_that_fail", "test_js",
    "test_embedded_program", "test_database_that_moves", "test_killed_epochs", "test_handing_over",
    "test_floods", "test_hostile", "test_app", "test_messages", "test_histories", "test_ways_in",
    "test_accessibility", "test_stories", "test_firefox", "test_vectors", "test_any_request",
    "test_conversation_histories", "test_much_of_it", "test_two_languages_talk",
)  # fmt: skip


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: tests of whole programs and browsers wait as much as they work."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        type=Path,
        metavar="DIR",
        help="run on the PostgreSQL whose bin/ is in DIR instead of the one in the wheel",
    )
    parser.addoption(
        "--histories",
        type=int,
        metavar="NUMBER",
        help="try so many random histories of rooms or of talk, others each time",
    )
    parser.addoption(
        "--history",
        type=int,
        metavar="NUMBER",
        help="begin with this one of the histories of talk",
    )
    parser.addoption(
        "--film",
        type=int,
        metavar="MEBIBYTES",
        default=4096,
        help="how large a file is sent on a line that breaks (4096: as large as files may be)",
    )


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The PostgreSQL server of this run."""
    with server(request.config.getoption("--postgres")) as running:
        yield running


@pytest.fixture(scope="session")
def browsers() -> "Iterator[Browsers]":
    """The browsers of this run. To load what drives them takes a moment that few tests need."""
    from support.machines.browsers import shared

    with shared() as opened:
        yield opened


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with postgres.database() as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> "AsyncIterator[Pool]":
    """A pool of connections to a fresh, migrated database."""
    opened = await open_pool(database_url, size=8, wait_seconds=0)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(pool: "Pool", tmp_path: Path) -> AsyncIterator[Desk]:
    """A worker's services with the default limits; a fault or an orphaned row fails the test."""
    opened = await Desk.open(pool, tmp_path / "keyring")
    yield opened
    await opened.ledger.close()
    assert await opened.orphans() == {}
    assert opened.faults == []


@pytest.fixture
async def client(shared_server: Program) -> AsyncIterator[Client]:  # noqa: F811
    """Rooms on a server that all tests of a module share."""
    async with Client(shared_server.url, shared_server.ws_url) as opened:
        yield opened


@pytest.fixture
async def _quiet_loop() -> AsyncIterator[None]:
    async with quiet_loop():
        yield


@pytest.fixture(autouse=True)
def _watched(request: pytest.FixtureRequest) -> None:
    """Every test that has a loop has it watched, from before its other fixtures until after."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("_quiet_loop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the others as they stand in their folders."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


def pytest_configure() -> None:
    """Let programs under test be interrupted, also where a shell started us in the background.

    Such a shell has its children ignore SIGINT, and whatever they start inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
