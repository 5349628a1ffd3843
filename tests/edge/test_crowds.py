"""Large bodies held at once are few, of all and of one address, and nobody waits in line."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ephemeral.edge.crowds import Crowd
from ephemeral.edge.limiter import Limiter, Visitor
from ephemeral.protocol.errors import Refusal
from ephemeral.settings import Settings


@pytest.fixture
def limiter() -> Limiter:
    return Limiter(Settings.parse({}), os.urandom, lambda: 0.0)


def at(limiter: Limiter, number: int) -> Visitor:
    return limiter.visitor({"client": (f"192.0.2.{number}", 1), "headers": []})


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_one_address_has_so_many_and_another_is_not_hindered(limiter: Limiter, held: ExitStack):
    crowd = Crowd("chunks", 5, 2)
    first = held.enter_context(ExitStack())
    first.enter_context(crowd.place(at(limiter, 1)))
    held.enter_context(crowd.place(at(limiter, 1)))
    for _ in range(3):
        with pytest.raises(Refusal, match="too_many"):
            held.enter_context(crowd.place(at(limiter, 1)))
    held.enter_context(crowd.place(at(limiter, 2)))
    first.close()
    held.enter_context(crowd.place(at(limiter, 1)))


def test_all_together_have_so_many(limiter: Limiter, held: ExitStack):
    crowd = Crowd("chunks", 3, 2)
    for number in range(3):
        held.enter_context(crowd.place(at(limiter, number)))
    with pytest.raises(Refusal, match="too_many"):
        held.enter_context(crowd.place(at(limiter, 9)))
    held.close()
    held.enter_context(crowd.place(at(limiter, 9)))


def test_a_network_of_one_line_has_half_of_them(limiter: Limiter, held: ExitStack):
    crowd = Crowd("chunks", 4, 2)

    def beside(number: int) -> Visitor:
        return limiter.visitor({"client": (f"2001:db8:1:{number}::1", 1), "headers": []})

    for number in range(2):
        held.enter_context(crowd.place(beside(number)))
    with pytest.raises(Refusal, match="too_many"):
        held.enter_context(crowd.place(beside(3)))
    held.enter_context(crowd.place(at(limiter, 1)))
    held.close()
    held.enter_context(crowd.place(beside(3)))
