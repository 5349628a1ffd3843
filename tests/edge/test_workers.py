"""Whoever minds workers starts again those that are killed, and gives up those that can't be."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from ephemeral.edge.workers import ATTEMPTS, REFUSED, Workers

SERVES = "echo ready; exec sleep 100"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as made:
        yield made


class Stand:
    """Workers that are scripts of the shell: each that is started is the next, then the last."""

    def __init__(self, listener: socket.socket, folder: str, scripts: list[str]) -> None:
        self.opened = 0
        # Which one it is tells a directory, made by one of them alone.
        chosen = " ".join(
            f'if mkdir "{folder}/{number}" 2>/dev/null; then {script}; exit; fi;'
            for number, script in enumerate(scripts[:-1])
        )
        program = ["sh", "-c", f"{chosen} {scripts[-1]}"]
        self.workers = Workers(2, listener, self._ready, program)

    def _ready(self) -> None:
        self.opened += 1
        self.workers.stop()


KILLED = "kill -9 $$"


@pytest.mark.parametrize(
    "scripts", [[KILLED, SERVES], [SERVES, KILLED, SERVES], [KILLED] * ATTEMPTS + [SERVES]]
)
async def test_one_that_is_killed_before_it_serves_is_started_again_with_a_sentence(
    scripts: list[str], listener: socket.socket, tmp_path, caplog: pytest.LogCaptureFixture
):
    stand = Stand(listener, str(tmp_path), scripts)
    async with asyncio.timeout(60):
        assert await stand.workers.run() == 0
    assert stand.opened == 1
    said = "A server process was ended by SIGKILL before it served; another one starts."
    assert caplog.messages == [said] * scripts.count(KILLED)


async def test_one_that_is_killed_again_and_again_ends_the_start_and_that_is_said(
    listener: socket.socket, tmp_path, caplog: pytest.LogCaptureFixture
):
    stand = Stand(listener, str(tmp_path), [KILLED])
    async with asyncio.timeout(60):
        assert await stand.workers.run() == 1
    assert (stand.opened, len(caplog.messages)) == (0, ATTEMPTS + 1)
    assert caplog.messages[-1].endswith("giving up.")


@pytest.mark.parametrize("scripts", [[f"exit {REFUSED}"], [SERVES, f"exit {REFUSED}"]])
async def test_one_that_has_said_why_it_can_t_serve_is_not_tried_again(
    scripts: list[str], listener: socket.socket, tmp_path, caplog: pytest.LogCaptureFixture
):
    stand = Stand(listener, str(tmp_path), scripts)
    async with asyncio.timeout(60):
        assert await stand.workers.run() == 1
    assert (stand.opened, caplog.messages) == (0, [])


async def test_a_stop_while_one_is_started_again_is_a_stop(
    listener: socket.socket, tmp_path, caplog: pytest.LogCaptureFixture
):
    stand = Stand(listener, str(tmp_path), [KILLED])
    running = asyncio.create_task(stand.workers.run())
    async with asyncio.timeout(60):
        while not caplog.messages:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        stand.workers.stop()
        assert await running == 0
