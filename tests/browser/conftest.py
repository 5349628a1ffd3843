"""The stage on which the page is played without a server, and the server for the stories."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import running
from support.machines.chromium import (  # noqa: F401
    Visit,
    Watched,
    browser,
    open_bare,
    playwright,
    visit,
)
from support.machines.firefox import firefox, visit_firefox  # noqa: F401
from support.machines.server import Program


@pytest.fixture(scope="session")
def stage() -> Iterator[str]:
    """The address of the stage, without a slash at its end."""
    with running() as address:
        yield address


@pytest.fixture(scope="session")
def web() -> Path:
    """The folder of templates, styles and modules."""
    return Path(__file__).resolve().parent.parent.parent / "web"


@pytest.fixture
def server(shared_server: Program) -> str:
    """The address of the running program, without a slash at its end."""
    return shared_server.url


@pytest.fixture
def bare(visit: Visit, server: str) -> Watched:  # noqa: F811
    """A page without a program: for the modules as they are written."""
    watched = visit("about:blank")
    watched.origin = server
    open_bare(watched.page, server)
    return watched
