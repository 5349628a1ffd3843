"""What the limiter holds: no address, no room, no seat; and no more than it was made with."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from itertools import count
from typing import Any

import pytest

from ephemeral.edge.limiter import KEY_SECONDS, Action, Limiter, Visitor
from ephemeral.live.buckets import Buckets
from ephemeral.protocol.errors import Refusal
from ephemeral.settings import VARIABLES, Settings

LOCATOR, TOKEN = "L" * 43, "T" * 43
DRAWN = count(1)


def limiter(clock: Callable[[], float] = lambda: 0.0, **limits: str) -> Limiter:
    """With keys that differ from each other, and a clock that stands still."""
    return Limiter(Settings.parse(limits), lambda size: next(DRAWN).to_bytes(size, "big"), clock)


def scope(address: str | None) -> dict[str, Any]:
    return {"client": None if address is None else (address, 4711), "headers": []}


def admitted(visitor: Visitor, action: Action, tries: int) -> int:
    """How many of so many tries are."""
    done = 0
    for _ in range(tries):
        with suppress(Refusal):
            visitor.spend(action)
            done += 1
    return done


def misses(visitor: Visitor, code: str, tries: int) -> int:
    """How many of so many tries are let through, if each is answered by that code."""
    done = 0
    for _ in range(tries):
        with suppress(Refusal), visitor.asking(Action.LEAVE):
            done += 1
            raise Refusal(code)
    return done


def reachable(*roots: object) -> Iterator[object]:
    """Everything that can be reached from there and is no code."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | type(sys) | type(limiter)):
            continue
        seen.add(id(one))
        yield one
        waiting += gc.get_referents(one)


# Who is one and the same


def test_an_address_of_the_older_kind_stands_for_itself():
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    assert admitted(one.visitor(scope("192.0.2.1")), Action.CREATE, 5) == 3
    assert admitted(one.visitor(scope("::ffff:192.0.2.1")), Action.CREATE, 5) == 0
    assert admitted(one.visitor(scope("192.0.2.2")), Action.CREATE, 5) == 3


def test_neighbours_in_one_64_are_one_and_64_of_those_in_one_48_have_an_allowance_too():
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    assert admitted(one.visitor(scope("2001:db8:1:2::1")), Action.CREATE, 2) == 2
    assert admitted(one.visitor(scope("2001:db8:1:2:ffff::1")), Action.CREATE, 5) == 1
    rest = [
        admitted(one.visitor(scope(f"2001:db8:1:{net:x}::1")), Action.CREATE, 4)
        for net in range(3, 103)
    ]
    assert sum(rest) == 63 * 3
    assert admitted(one.visitor(scope("2001:db8:2:2::1")), Action.CREATE, 5) == 3


def test_whoever_has_no_address_is_one():
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    assert admitted(one.visitor(scope(None)), Action.CREATE, 5) == 3
    assert admitted(one.visitor(scope(None)), Action.CREATE, 5) == 0


def test_a_room_and_a_seat_are_told_by_their_credentials_alone():
    one = limiter(POSTS_PER_SEAT="3/3600", POSTS_PER_ROOM="5/3600", POSTS_PER_ADDRESS="off")
    home, away = one.visitor(scope("192.0.2.1")), one.visitor(scope("192.0.2.2"))
    assert admitted(home.at(LOCATOR, TOKEN), Action.POST, 9) == 3
    assert admitted(away.at(LOCATOR, TOKEN), Action.POST, 9) == 0
    assert admitted(away.at(LOCATOR, "U" * 43), Action.POST, 9) == 2
    assert admitted(away.at(LOCATOR), Action.POST, 9) == 0
    assert admitted(away.at("M" * 43, TOKEN), Action.POST, 9) == 3


def test_who_has_spent_their_own_takes_nothing_from_the_others():
    one = limiter(POSTS_PER_SEAT="3/3600", POSTS_PER_ROOM="5/3600", POSTS_PER_ADDRESS="6/3600")
    home = one.visitor(scope("192.0.2.1"))
    admitted(home.at(LOCATOR, TOKEN), Action.POST, 100)
    assert admitted(home.at(LOCATOR, "U" * 43), Action.POST, 100) == 2
    assert admitted(home.at("M" * 43, TOKEN), Action.POST, 100) == 1


def test_what_is_off_is_not_counted():
    off = {name: "off" for name, of in VARIABLES.items() if of.default.count("/") == 1}
    off = {name: "off" for name in off if "_PER_" in name}
    assert len(off) == 15
    one = limiter(**off)
    visitor = one.visitor(scope("192.0.2.1")).at(LOCATOR, TOKEN)
    for action in Action:
        assert admitted(visitor, action, 200) == 200
    assert misses(visitor, "seat_unknown", 200) == 200


def test_leaving_is_counted_nowhere():
    visitor = limiter().visitor(scope("192.0.2.1")).at(LOCATOR, TOKEN)
    assert admitted(visitor, Action.LEAVE, 100_000) == 100_000


# Rooms that aren't there


@pytest.mark.parametrize(
    ("code", "let_through"),
    [
        ("room_unknown", 10), ("seat_unknown", 2), ("resume_unknown", 2), ("viewing_wrong", 2),
        ("room_full", 50), ("unavailable", 50), ("too_many", 50), ("malformed", 50),
    ],
)  # fmt: skip
def test_what_an_answer_counts(code: str, let_through: int):
    one = limiter(MISSES_PER_ADDRESS="10/3600")
    assert misses(one.visitor(scope("192.0.2.1")), code, 50) == let_through


def test_what_is_under_way_may_turn_out_to_be_nothing_and_is_counted_until_it_is_known():
    one = limiter(MISSES_PER_ADDRESS="2/3600")
    visitor = one.visitor(scope("192.0.2.1"))
    with visitor.asking(Action.LEAVE), visitor.asking(Action.LEAVE):
        with pytest.raises(Refusal), visitor.asking(Action.LEAVE):
            pass
        with one.visitor(scope("192.0.2.2")).asking(Action.LEAVE):
            pass
    with visitor.asking(Action.LEAVE), visitor.asking(Action.LEAVE):
        pass
    assert one.asking == {}


def test_what_is_refused_for_another_reason_is_not_under_way():
    one = limiter(JOINS_PER_ADDRESS="1/3600")
    visitor = one.visitor(scope("192.0.2.1"))
    with visitor.asking(Action.JOIN):
        pass
    with pytest.raises(Refusal), visitor.asking(Action.JOIN):
        pass
    assert one.asking == {}


def test_nobody_waits_longer_than_the_key_lives():
    one = limiter(MISSES_PER_ADDRESS="1/86400")
    visitor = one.visitor(scope("192.0.2.1"))
    misses(visitor, "seat_unknown", 1)
    with pytest.raises(Refusal) as refused, visitor.asking(Action.LEAVE):
        pass
    assert refused.value.retry_after == KEY_SECONDS


# The key


async def test_the_key_is_drawn_anew_every_day_and_everybody_begins_anew():
    one = limiter(CREATES_PER_ADDRESS="3/86400")
    with one:
        renewal = one._renewal
        assert renewal is not None
        assert renewal.when() - renewal._loop.time() <= KEY_SECONDS <= 24 * 60 * 60
        key, before = one._key, one.visitor(scope("192.0.2.1"))
        assert admitted(before, Action.CREATE, 5) == 3
        renewal._run()
        assert one._key != key
        assert one._renewal is not renewal
        assert key not in reachable(one)
        # A socket goes on under the name that it has; whoever comes has another.
        assert admitted(before, Action.CREATE, 5) == 0
        assert admitted(one.visitor(scope("192.0.2.1")), Action.CREATE, 5) == 3
        last = one._renewal
    assert last is not None
    assert last.cancelled()


def test_another_process_has_other_names():
    one, other = limiter(), limiter()
    assert one.name(b"4abcd") != other.name(b"4abcd")


# What is kept


ADDRESSES = ("192.0.2.77", "2001:db8:1234:5678:9abc:def0:1234:5678")


def busy(one: Limiter, visitor: Visitor) -> None:
    """All that a visitor can do, and more than is allowed."""
    assert visitor.connected()
    assert visitor.entered()
    for action in Action:
        admitted(visitor, action, 40)
    misses(visitor, "room_unknown", 40)


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_that_is_kept_tells_an_address_a_room_or_a_seat(address: str):
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    visitor = one.visitor(scope(address)).at(LOCATOR, TOKEN)
    busy(one, visitor)
    packed = ip_address(address).packed
    secrets = [packed, packed[:8], packed[:6], address.encode(), LOCATOR.encode(), TOKEN.encode()]
    kept = list(reachable(one, visitor))
    assert one._key in kept
    for found in kept:
        if isinstance(found, str):
            found = found.encode("utf-8", "surrogatepass")  # noqa: PLW2901
        if isinstance(found, bytes | bytearray):
            assert not [one for one in secrets if one in found]
        elif isinstance(found, int):
            assert found not in {int.from_bytes(secret, order) for secret in secrets
                                 for order in ("big", "little")}  # fmt: skip


def test_the_search_of_what_is_kept_finds_what_is_planted():
    one = limiter()
    one.planted = [{"deep": ("inside", b"xx" + ip_address(ADDRESSES[0]).packed)}]
    assert any(
        isinstance(found, bytes) and ip_address(ADDRESSES[0]).packed in found
        for found in reachable(one)
    )


@pytest.mark.parametrize("action", [Action.CREATE, Action.JOIN, Action.CONNECT])
def test_a_refusal_names_nobody(action: Action):
    one = limiter(CREATES_PER_ADDRESS="1/9", JOINS_PER_ADDRESS="1/9", CONNECTS_PER_ADDRESS="1/9")
    refusals = []
    for address in ADDRESSES:
        visitor = one.visitor(scope(address)).at(LOCATOR, TOKEN)
        visitor.spend(action)
        with pytest.raises(Refusal) as refused:
            visitor.spend(action)
        refusals.append((refused.value.args, vars(refused.value)))
    assert refusals[0] == refusals[1]


def test_a_crowd_of_addresses_and_rooms_leaves_nothing_behind_but_full_cells():
    """100,000 visitors; what a million names leave in one of the tables, the rule's test counts."""
    one = limiter()
    tables = [one.misses, *(table for limits in one.limits for table in limits)]
    for number in range(100_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        visitor = one.visitor(scope(address)).at(f"{number:043}", TOKEN)
        visitor.connected()
        visitor.entered()
        with visitor.asking(Action.POST):
            pass
        visitor.refused(Refusal("room_unknown"))
        visitor.left()
        visitor.disconnected()
    assert one.asking == one.connections._counts == one.room_connections._counts == {}
    assert [one.misses, *(table for limits in one.limits for table in limits)] == tables
    sizes = [len(table._cells) for table in tables if isinstance(table, Buckets)]
    assert sizes == [4 * 2**14] * 15


def test_open_connections_are_counted_while_they_are_open():
    one = limiter(CONNECTIONS_PER_ADDRESS="2", CONNECTIONS_PER_ROOM="1")
    here, there = (one.visitor(scope(f"192.0.2.{n}")).at(LOCATOR, TOKEN) for n in (1, 2))
    assert [here.connected() for _ in range(3)] == [True, True, False]
    assert there.connected()
    assert (here.entered(), there.entered()) == (True, False)
    here.disconnected()
    here.disconnected()
    here.left()
    assert (here.connected(), here.entered()) == (True, False)
    there.left()
    here.left()
    assert here.entered()


def test_a_whole_48_has_as_many_connections_as_64_addresses():
    one = limiter(CONNECTIONS_PER_ADDRESS="2")
    visitors = [one.visitor(scope(f"2001:db8:1:{net:x}::1")) for net in range(130)]
    assert [visitor.connected() for visitor in visitors] == [True] * 128 + [False] * 2
