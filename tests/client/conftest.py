"""The command line against the real server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.command_line import Cli, derived_once
from support.people.stretching import stretch_cheaply


@pytest.fixture
def cli(shared_server: Program, tmp_path: Path) -> Iterator[Cli]:
    """The command line, with a server that all tests of a module share."""
    with closing(Cli(shared_server.url, tmp_path)) as line:
        yield line


@pytest.fixture
def own_cli(server: Program, tmp_path: Path) -> Iterator[Cli]:
    """The command line, with the server of this test alone."""
    with closing(Cli(server.url, tmp_path)) as line:
        yield line


@pytest.fixture
def earnest(shared_server: Program, tmp_path: Path) -> Iterator[Cli]:
    """The command line with a new room of two, and keys as a process of its own derives them."""
    with closing(Cli(shared_server.url, tmp_path, derive=derived_once)) as line:
        line.new_room()
        yield line


@pytest.fixture
def room(cli: Cli) -> Cli:
    """The command line, with a new room of two."""
    cli.new_room()
    return cli


@pytest.fixture
def _stretched_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords and words of accounts take no time, in commands that are threads."""
    stretch_cheaply(monkeypatch.setattr)
