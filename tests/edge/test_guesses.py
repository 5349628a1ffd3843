"""Who may guess how often: by what is guessed at, from one place and from all."""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from ephemeral.edge.guesses import Guesses
from ephemeral.edge.limiter import Limiter, Visitor
from ephemeral.live.buckets import Claim
from ephemeral.protocol.errors import Refusal
from ephemeral.settings import Settings

DRAWN = count(1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Hosts:
    """Buckets that hosts share: what was taken of them, and whether there is any left."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, float]] = []
        self.wait = 0.0

    async def spend(self, claims: Sequence[Claim]) -> float:
        if not self.wait:
            self.charge(claims)
        return self.wait

    def charge(self, claims: Sequence[Claim]) -> None:
        self.taken += [(one.kind, one.cost) for one in claims]


def guesses() -> Guesses:
    return Guesses(
        "guess_login", lambda _, body: body, frozenset({"login_wrong"}), "login_wait",
        (3, 30), (5, 500),
    )  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> Limiter:
    return Limiter(Settings.parse({}), lambda size: next(DRAWN).to_bytes(size, "big"), clock)


def at(limiter: Limiter, host: int) -> Visitor:
    return limiter.visitor({"client": (f"192.0.2.{host}", 4711), "headers": []})


async def attempt(
    one: Guesses, visitor: Visitor, subject: bytes, outcome: str = "login_wrong"
) -> Any:
    """What somebody is told who tries."""
    try:
        async with one.tried(visitor, None, subject):
            if outcome:
                raise Refusal(outcome)
    except Refusal as refusal:
        return refusal.code, refusal.retry_after
    return None


async def test_wrong_ones_from_one_place_run_out_and_come_back(limiter: Limiter, clock: Clock):
    one = guesses()
    told = [await attempt(one, at(limiter, 1), b"anna") for _ in range(4)]
    assert told == [("login_wrong", None)] * 3 + [("login_wait", 10)]
    assert (await attempt(one, at(limiter, 2), b"anna"))[0] == "login_wrong", "elsewhere"
    assert (await attempt(one, at(limiter, 1), b"bert"))[0] == "login_wrong", "somebody else"
    clock.now = 10
    assert (await attempt(one, at(limiter, 1), b"anna"))[0] == "login_wrong"
    assert (await attempt(one, at(limiter, 1), b"anna"))[0] == "login_wait"


async def test_wrong_ones_from_everywhere_run_out_too(limiter: Limiter):
    one = guesses()
    told = [(await attempt(one, at(limiter, host), b"anna"))[0] for host in range(6)]
    assert told == ["login_wrong"] * 5 + ["login_wait"]


@pytest.mark.parametrize("outcome", ["", "unavailable"])
async def test_right_ones_and_mishaps_cost_nothing(limiter: Limiter, outcome: str):
    one = guesses()
    for _ in range(20):
        told = await attempt(one, at(limiter, 1), b"anna", outcome)
        assert told is None or told[0] == outcome
    assert one._under_way == {}


async def test_what_is_under_way_counts_until_it_is_known(limiter: Limiter):
    one = guesses()
    known = asyncio.Event()

    async def slow() -> str:
        try:
            async with one.tried(at(limiter, 1), None, b"anna"):
                await known.wait()
        except Refusal as refusal:
            return refusal.code
        return ""

    waiting = [asyncio.create_task(slow()) for _ in range(5)]
    await asyncio.sleep(0)
    known.set()
    assert sorted([await each for each in waiting]) == ["", "", "", "login_wait", "login_wait"]


async def test_hosts_count_together_and_give_back_what_was_right(limiter: Limiter):
    one, hosts = guesses(), Hosts()
    limiter.shared = hosts
    kinds = ["guess_login:here", "guess_login:anywhere"]
    await attempt(one, at(limiter, 1), b"anna")
    assert hosts.taken == [(kind, 1) for kind in kinds]
    await attempt(one, at(limiter, 1), b"anna", "")
    assert hosts.taken[2:] == [(kind, cost) for cost in (1, -1) for kind in kinds]
    hosts.wait = 7.5
    assert await attempt(one, at(limiter, 1), b"anna", "") == ("login_wait", 8)


async def test_who_guesses_at_nothing_is_not_counted(limiter: Limiter):
    one = guesses()
    told = [(await attempt(one, at(limiter, 1), b""))[0] for _ in range(9)]
    assert set(told) == {"login_wrong"}
