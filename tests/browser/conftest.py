"""The stage on which the page is played without a server, and the server for the stories."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import running
from support.machines.chromium import (  # noqa: F401
    Visit,
    Watched,
    browser,
    chromium_of_test,
    open_bare,
    playwright,
    small_chromium,
    visit,
    whole_chromium,
)
from support.machines.database import Server as Postgres
from support.machines.firefox import firefox, visit_firefox  # noqa: F401
from support.machines.server import Program, Serve


@pytest.fixture(scope="session")
def stage() -> Iterator[str]:
    """The address of the stage, without a slash at its end."""
    with running() as address:
        yield address


@pytest.fixture(scope="session")
def web() -> Path:
    """The folder of templates, styles and modules."""
    return Path(__file__).resolve().parent.parent.parent / "web"


@pytest.fixture(scope="module")
def quick_server(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One server for all tests of a module, with PBKDF2, which a browser does in no time.

    Where the promise is about memory, about the worker or about the whole way, tests use
    `shared_server`, with Argon2id as the program has it unless it is told otherwise.
    """
    starting = Serve(postgres, tmp_path_factory.mktemp("quick"))
    yield starting(KDF="pbkdf2")
    starting.close()


@pytest.fixture
def server(quick_server: Program) -> str:
    """The address of the running program, without a slash at its end."""
    return quick_server.url


@pytest.fixture
def bare(visit: Visit, server: str) -> Watched:  # noqa: F811
    """A page without a program: for the modules as they are written."""
    watched = visit("about:blank")
    watched.origin = server
    open_bare(watched.page, server)
    return watched
