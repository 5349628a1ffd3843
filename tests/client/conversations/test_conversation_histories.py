"""Any history of talk: two to six devices with the client's library, against the real service.

They send, begin epochs, add and remove each other, link and remove devices, leave and come back.
Processes die at every write and request, answers are lost or repeated, others act in between, and
the server is set back to an older state. In the end all have one log and the same texts; nothing
was shown twice, nothing lost but what the tail destroyed, and everybody can say something that all
the others hear. `make talk-histories` tries thousands.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from support.machines.database import Server as Postgres
from support.people.gossip import Gossip
from support.people.truth import alive, proved
from support.people.village import village_at

from ephemeral.client.conversations import sending

#: Which ones by default, of so many acts at most; and how many share a server.
HISTORIES, STEPS, TOGETHER = range(12), 30, 20
#: Which servers are set back by default, and how many acts each of them forgets at most.
SET_BACK, FORGOTTEN = [1, 4, 11], 12


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for another to begin an epoch."""
    monkeypatch.setattr(sending, "_WAIT_MS_MAX", 0)


def _told(gossip: Gossip, fault: BaseException) -> str:
    story = "\n".join(f"  {number}. {line}" for number, line in enumerate(gossip.story))
    return f"history {gossip.number}: {fault!r}\n{story}"


def _counted(count: Counter[str], gossip: Gossip) -> None:
    """What the histories of a run had in them, for `make talk-histories`."""
    count["histories"] += 1
    count["acts"] += len(gossip.story)
    for line in gossip.story:
        for what in ("died", "unreachable", "unavailable", "between", "twice", "is set back"):
            count[what] += what in line


async def _happens(gossip: Gossip, most: int) -> None:
    for _ in range(gossip.draw.randint(most // 2, most)):
        await gossip.step()


async def _lived(gossip: Gossip) -> None:
    try:
        await gossip.begin()
        await _happens(gossip, STEPS)
        await proved(gossip)
    except Exception as fault:
        raise AssertionError(_told(gossip, fault)) from fault
    finally:
        for one in gossip.actors:
            shutil.rmtree(one.device.folder, ignore_errors=True)
            if one.device in gossip.village.devices:
                gossip.village.devices.remove(one.device)


def numbers(request: pytest.FixtureRequest, few: Iterable[int]) -> list[int]:
    many, first = (request.config.getoption(f"--{name}") for name in ("histories", "history"))
    if first is None and not many:
        return list(few)
    if first is None:
        first = random.SystemRandom().randrange(1 << 40)
    return [first + n for n in range(many or 1)]


@pytest.mark.timeout(0)
async def test_whatever_people_do_they_go_on_talking(
    postgres: Postgres, tmp_path: Path, request: pytest.FixtureRequest
):
    waiting, count = numbers(request, HISTORIES), Counter[str]()
    while waiting:
        now, waiting = waiting[:TOGETHER], waiting[TOGETHER:]
        folder = tmp_path / str(now[0])
        with postgres.database() as url:
            async with village_at(url, folder) as village:
                for number in now:
                    gossip = Gossip(number, village)
                    await _lived(gossip)
                    _counted(count, gossip)
        shutil.rmtree(folder)
    print(dict(count))


@pytest.mark.timeout(0)
async def test_a_server_that_is_set_back_shows_nothing_twice_and_is_gone_on_with(
    postgres: Postgres, tmp_path: Path, request: pytest.FixtureRequest, copied: Callable[[str], str]
):
    count = Counter[str]()
    for number in numbers(request, SET_BACK):
        folder = tmp_path / str(number)
        with postgres.database() as url:
            _counted(count, await _set_back(number, url, folder, copied))
        shutil.rmtree(folder)
    print(dict(count))


async def _set_back(number: int, url: str, folder: Path, copied: Callable[[str], str]) -> Gossip:
    async with village_at(url, folder) as village:
        gossip = Gossip(number, village)
        try:
            await gossip.begin()
            await _happens(gossip, STEPS // 2)
        except Exception as fault:
            raise AssertionError(_told(gossip, fault)) from fault
    older, ahead = folder / "older", village.house.clock.ahead
    # All of the machine is set back, as by a snapshot of it.
    shutil.copytree(folder / "data", older / "data")
    backup = copied(url)
    for era, (place, database) in enumerate([(folder, url), (older, backup)]):
        people = [one.device for one in gossip.actors if not one.revoked]
        async with village_at(database, place, people) as village:
            gossip.village, gossip.lost = village, era == 0
            village.house.clock.ahead = ahead
            await village.passes(0)
            try:
                await _era(gossip, era)
            except Exception as fault:
                raise AssertionError(_told(gossip, fault)) from fault
    return gossip


async def _era(gossip: Gossip, era: int) -> None:
    gossip.story.append("the server forgets:" if era == 0 else "the server is set back")
    gossip.era = era
    if era == 0:
        await _happens(gossip, FORGOTTEN)
        for one in alive(gossip):
            async with one.device.open() as talk:
                gossip.look(one, talk)
        return
    for one in alive(gossip):
        await one.device.sign_in()
    await _happens(gossip, STEPS // 2)
    await proved(gossip)
