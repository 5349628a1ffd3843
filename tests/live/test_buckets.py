"""Token buckets: never more than what is due, whoever else there is, however many."""

import math
import random
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.live.buckets import CELLS, DIGEST_BYTES, Buckets, Name, name_of

counts = st.integers(1, 40)
seconds = st.integers(1, 1000)
steps = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 3)), max_size=60)
# So few cells that everybody shares some with others.
crowded_names = st.tuples(*(st.integers(row * CELLS, row * CELLS + 2) for row in range(4)))


def names(seed: int, count: int) -> list[Name]:
    chance = random.Random(seed)
    return [name_of(chance.randbytes(DIGEST_BYTES)) for _ in range(count)]


class Exact:
    """A bucket as it is told of, by fractions."""

    def __init__(self, count: int, seconds: int) -> None:
        self.count = count
        self.rate = Fraction(count, seconds)
        self.tokens = Fraction(count)
        self.at = 0

    def has(self, cost: int, now: int) -> bool:
        if now > self.at:
            self.tokens = min(Fraction(self.count), self.tokens + (now - self.at) * self.rate)
            self.at = now
        return self.tokens >= cost

    def take(self, cost: int) -> None:
        self.tokens -= cost


@given(counts, seconds, steps)
def test_alone_a_name_gets_exactly_what_a_bucket_gives(count, seconds, steps):
    buckets, exact, now = Buckets(count, seconds), Exact(count, seconds), 0
    [name] = names(0, 1)
    for step, cost in steps:
        now += step
        admitted = exact.has(cost, now)
        assert (buckets.wait(name, cost, now) == 0) is admitted
        assert (buckets.spend(name, cost, now) == 0) is admitted
        if admitted:
            exact.take(cost)


@given(counts, seconds, steps)
def test_in_any_window_no_more_is_admitted_than_burst_and_rate_allow(count, seconds, steps):
    buckets, now, admitted = Buckets(count, seconds), 0, []
    [name] = names(0, 1)
    for step, cost in steps:
        now += step
        if not buckets.spend(name, cost, now):
            admitted.append((now, cost))
    for first, (begin, _) in enumerate(admitted):
        spent = 0
        for end, cost in admitted[first:]:
            spent += cost
            assert spent <= count + Fraction(count, seconds) * (end - begin)


@given(counts, seconds, st.lists(st.tuples(crowded_names, st.integers(0, 50)), max_size=200))
def test_in_a_crowd_nobody_ever_gets_more_than_a_bucket_of_their_own_gives(count, seconds, asked):
    buckets, now = Buckets(count, seconds), 0
    exact: dict[Name, Exact] = {}
    for name, step in asked:
        now += step
        mine = exact.setdefault(name, Exact(count, seconds))
        if not buckets.spend(name, 1, now):
            assert mine.has(1, now)
            mine.take(1)


@given(counts, seconds, st.lists(st.integers(-300, 300), max_size=60))
def test_a_clock_that_goes_backwards_gives_nobody_more(count, seconds, steps):
    """What counts is how far the clock has ever come."""
    buckets, now, latest, admitted = Buckets(count, seconds), 0, -math.inf, []
    [name] = names(0, 1)
    for step in steps:
        now += step
        latest = max(latest, now)
        if not buckets.spend(name, 1, now):
            admitted.append(latest)
    for first, begin in enumerate(admitted):
        for spent, end in enumerate(admitted[first:], 1):
            assert spent <= count + Fraction(count, seconds) * (end - begin)


def test_a_clock_that_went_backwards_is_waited_for_and_no_longer():
    buckets = Buckets(2, 10)
    [name] = names(0, 1)
    assert [buckets.spend(name, 1, 1000) for _ in range(2)] == [0, 0]
    assert buckets.spend(name, 1, 500) == pytest.approx(505, abs=0.01)
    assert buckets.spend(name, 1, 1005) == 0


@given(counts, seconds, st.integers(0, 10**7), st.integers(1, 3))
def test_the_wait_that_is_told_is_true(count, seconds, now, cost):
    buckets, cost = Buckets(count, seconds), min(cost, count)
    [name] = names(0, 1)
    while not (wait := buckets.spend(name, cost, now)):
        pass
    each = seconds / count
    assert 0 < wait <= cost * each
    assert buckets.spend(name, cost, now + wait - each / 100) > 0
    assert buckets.spend(name, cost, now + wait + each / 100) == 0


@given(counts, seconds, st.lists(st.integers(0, 100), min_size=1, max_size=20))
def test_whoever_only_waits_is_never_further_off(count, seconds, steps):
    buckets, now = Buckets(count, seconds), 0
    [name] = names(0, 1)
    buckets.charge(name, 3 * count, now)
    waits = [buckets.wait(name, 1, now)]
    for step in steps:
        now += step
        waits.append(buckets.wait(name, 1, now))
    assert waits == sorted(waits, reverse=True)


def test_a_refusal_takes_nothing():
    buckets = Buckets(3, 30)
    [name] = names(0, 1)
    assert buckets.spend(name, 2, 0) == 0
    for _ in range(100):
        assert buckets.spend(name, 2, 0) > 0
    assert buckets.spend(name, 1, 0) == 0


def test_what_is_charged_is_owed_even_beyond_the_bucket():
    buckets = Buckets(3, 30)
    [name] = names(0, 1)
    buckets.charge(name, 5, 0)
    assert buckets.wait(name, 1, 0) == pytest.approx(30, abs=0.1)


def test_a_fraction_of_a_token_counts_as_one():
    buckets = Buckets(2, 60)
    [name] = names(0, 1)
    assert sum(not buckets.spend(name, 1 / 64, 0) for _ in range(200)) == 128


def test_the_last_token_is_not_lost_to_rounding_however_long_the_machine_is_up():
    for count, seconds in ((300, 60), (1000, 1000), (30_000, 60), (7, 3600), (1, 86_400)):
        for now in (0.1, 12_345.678, 3e8 / 7):
            buckets = Buckets(count, seconds)
            [name] = names(0, 1)
            assert sum(not buckets.spend(name, 1, now) for _ in range(count + 5)) == count


def kept(buckets: Buckets) -> tuple[int, int]:
    """How many cells there are, and how many bytes they take with all that they hold."""
    cells = buckets._cells
    numbers = {id(cell): cell for cell in cells}
    return len(cells), sys.getsizeof(cells) + sum(map(sys.getsizeof, numbers.values()))


def test_a_million_names_take_no_more_room_than_one():
    buckets, chance = Buckets(5, 3600), random.Random(1)
    before, _ = kept(buckets)
    for _ in range(1_000_000):
        buckets.spend(name_of(chance.randbytes(DIGEST_BYTES)), 1, 0)
    after, size = kept(buckets)
    assert after == before == 4 * CELLS
    # At most a number of its own in every cell: 2 MiB.
    assert size <= 4 * CELLS * (8 + sys.getsizeof(0.5)) + 64


def test_nobody_gets_a_full_bucket_back_by_coming_under_other_names():
    buckets = Buckets(5, 3600)
    spent, *others = names(2, 100_000)
    assert [buckets.spend(spent, 1, 0) for _ in range(5)] == [0] * 5
    for other in others:
        buckets.spend(other, 1, 0)
    assert buckets.spend(spent, 1, 0) > 0


@pytest.mark.parametrize(("crowd", "suffering"), [(1000, 2), (4000, 80)])
def test_few_suffer_from_a_crowd_that_has_spent_its_due(crowd: int, suffering: int):
    """Of 20,000; expected are less than one, and 44."""
    buckets, [*all_of_them] = Buckets(5, 3600), names(3, crowd + 20_000)
    for name in all_of_them[:crowd]:
        buckets.charge(name, 5, 0)
    refused = sum(buckets.wait(name, 1, 0) > 0 for name in all_of_them[crowd:])
    assert refused <= suffering


def test_names_spread_over_all_cells_of_all_rows():
    used = {cell for name in names(4, 200_000) for cell in name}
    assert used == set(range(4 * CELLS))
    assert all(cell // CELLS == row for name in names(5, 1000) for row, cell in enumerate(name))
