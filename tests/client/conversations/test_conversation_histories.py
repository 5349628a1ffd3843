"""Any history of talk: two to six devices with the client's library, against the real service.

They send, begin epochs, add and remove each other, link and remove devices, leave and come back.
Processes die at every write and request, answers are lost or repeated, others act in between, and
the server is set back to an older state. In the end all have one log and the same texts; nothing
was shown twice, nothing lost but what the tail destroyed, and everybody can say something that all
the others hear. `make talk-histories` tries thousands.
"""

import random
import shutil
from pathlib import Path

import pytest
from support.machines.database import Server as Postgres
from support.people.gossip import Gossip
from support.people.truth import proved
from support.people.village import village_at

from ephemeral.client.conversations import sending

#: How many by default, of so many acts at most; and how many share a server.
HISTORIES, STEPS, TOGETHER = 16, 30, 20


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for another to begin an epoch."""
    monkeypatch.setattr(sending, "_WAIT_MS_MAX", 0)


def _told(gossip: Gossip, fault: BaseException) -> str:
    story = "\n".join(f"  {number}. {line}" for number, line in enumerate(gossip.story))
    return f"history {gossip.number}: {fault!r}\n{story}"


async def _lived(gossip: Gossip) -> None:
    try:
        await gossip.begin()
        for _ in range(gossip.draw.randint(STEPS // 2, STEPS)):
            await gossip.step()
        await proved(gossip)
    except Exception as fault:
        raise AssertionError(_told(gossip, fault)) from fault
    finally:
        for one in gossip.actors:
            shutil.rmtree(one.device.folder, ignore_errors=True)
            if one.device in gossip.village.devices:
                gossip.village.devices.remove(one.device)


def numbers(request: pytest.FixtureRequest, few: int) -> list[int]:
    many = request.config.getoption("--histories")
    if not many:
        return list(range(few))
    first = random.SystemRandom().randrange(1 << 40)
    return [first + n for n in range(many)]


@pytest.mark.timeout(0)
async def test_whatever_people_do_they_go_on_talking(
    postgres: Postgres, tmp_path: Path, request: pytest.FixtureRequest
):
    waiting = numbers(request, HISTORIES)
    while waiting:
        now, waiting = waiting[:TOGETHER], waiting[TOGETHER:]
        folder = tmp_path / str(now[0])
        with postgres.database() as url:
            async with village_at(url, folder) as village:
                for number in now:
                    await _lived(Gossip(number, village))
        shutil.rmtree(folder)
