"""What the limiter holds: no address, no room, no seat; and no more than it was made with."""

import dataclasses
import gc
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ephemeral import metrics
from ephemeral.accounts.api.actions import ACCOUNT, AccountActions
from ephemeral.edge.limiter import ADDRESS, KEY_SECONDS, Action, Concurrency, Limiter, Visitor
from ephemeral.live.buckets import Buckets
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.api.actions import ROOM, SEAT, RoomActions
from ephemeral.settings import VARIABLES, Settings

ROOT = Path(__file__).resolve().parents[2]
LOCATOR, TOKEN = "L" * 43, "T" * 43
DRAWN = count(1)
# How many requests of one member or account may wait, how often a password may be guessed, and
# what operators may do.
WITHOUT_SETTING = {
    "sockets_seat", "sockets_account", "objects_read", "objects_store",
    "guess_login", "guess_password", "guess_recovery",
    "pins_account", "pins_address", "conversation_post_account", "conversation_record_account",
    "conversation_typing_account", "conversation_presence_account", "sockets_device",
    "conversation_signal_account",
    "push_test_address", "push_test_account",
    "file_make_account", "file_make_address", "file_account", "file_address",
    "operator_page_address", "operator_sign_in_address", "operator_sign_in_operator",
    "report_room_address", "report_address", "chunks", "objects", "objects_address",
}  # fmt: skip


def limiter(clock: Callable[[], float] = lambda: 0.0, **limits: str) -> Limiter:
    """With keys of its own and a clock that stands still. `act`: what rooms count; `accounts`."""
    settings = Settings.parse(limits)
    made = Limiter(settings, lambda size: next(DRAWN).to_bytes(size, "big"), clock)
    made.act = RoomActions.of(settings)
    made.accounts = AccountActions.of(settings)
    # As sockets of every wing are counted.
    made.act_connect = Action("connect", {ADDRESS: settings.connects_per_address})
    # As what is stored and read by addresses of objects is.
    made.act_object = Action("object", {ADDRESS: settings.object_requests_per_address})
    return made


def every_action(one: Limiter) -> list[Action]:
    return [
        action
        for actions in (one.act, one.accounts)
        for field in dataclasses.fields(actions)
        if isinstance(action := getattr(actions, field.name), Action)
    ]


def seat(locator: str, token: str = "") -> dict[str, bytes]:
    """The subjects that are named by these credentials."""
    named = {ROOM: locator.encode(), ACCOUNT: locator.encode()}
    return named | {SEAT: f"{locator} {token}".encode()} if token else named


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


def misses(one: Limiter, visitor: Visitor, code: str, tries: int) -> int:
    """How many of so many tries are let through, if each is answered by that code."""
    done = 0
    for _ in range(tries):
        with suppress(Refusal), visitor.asking(one.act.leave):
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
    assert admitted(one.visitor(scope("192.0.2.1")), one.act.create, 5) == 3
    assert admitted(one.visitor(scope("::ffff:192.0.2.1")), one.act.create, 5) == 0
    assert admitted(one.visitor(scope("192.0.2.2")), one.act.create, 5) == 3


def test_neighbours_in_one_64_are_one_and_64_of_those_in_one_48_have_an_allowance_too():
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    assert admitted(one.visitor(scope("2001:db8:1:2::1")), one.act.create, 2) == 2
    assert admitted(one.visitor(scope("2001:db8:1:2:ffff::1")), one.act.create, 5) == 1
    rest = [
        admitted(one.visitor(scope(f"2001:db8:1:{net:x}::1")), one.act.create, 4)
        for net in range(3, 103)
    ]
    assert sum(rest) == 63 * 3
    assert admitted(one.visitor(scope("2001:db8:2:2::1")), one.act.create, 5) == 3


def test_whoever_has_no_address_is_one():
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    assert admitted(one.visitor(scope(None)), one.act.create, 5) == 3
    assert admitted(one.visitor(scope(None)), one.act.create, 5) == 0


def test_a_room_and_a_seat_are_told_by_their_credentials_alone():
    one = limiter(POSTS_PER_SEAT="3/3600", POSTS_PER_ROOM="5/3600", POSTS_PER_ADDRESS="off")
    home, away = one.visitor(scope("192.0.2.1")), one.visitor(scope("192.0.2.2"))
    assert admitted(home.at(seat(LOCATOR, TOKEN)), one.act.post, 9) == 3
    assert admitted(away.at(seat(LOCATOR, TOKEN)), one.act.post, 9) == 0
    assert admitted(away.at(seat(LOCATOR, "U" * 43)), one.act.post, 9) == 2
    assert admitted(away.at(seat(LOCATOR)), one.act.post, 9) == 0
    assert admitted(away.at(seat("M" * 43, TOKEN)), one.act.post, 9) == 3


def test_who_has_spent_their_own_takes_nothing_from_the_others():
    one = limiter(POSTS_PER_SEAT="3/3600", POSTS_PER_ROOM="5/3600", POSTS_PER_ADDRESS="6/3600")
    home = one.visitor(scope("192.0.2.1"))
    admitted(home.at(seat(LOCATOR, TOKEN)), one.act.post, 100)
    assert admitted(home.at(seat(LOCATOR, "U" * 43)), one.act.post, 100) == 2
    assert admitted(home.at(seat("M" * 43, TOKEN)), one.act.post, 100) == 1


def test_bytes_are_counted_by_address_beside_how_often():
    one = limiter(POST_BYTES_PER_ADDRESS="100000/3600")
    visitor = one.visitor(scope("192.0.2.1")).at(seat(LOCATOR, TOKEN))
    visitor.spend(one.act.post_bytes, 65536)
    with pytest.raises(Refusal, match="too_many") as refused:
        visitor.spend(one.act.post_bytes, 65536)
    # Until as many as are lacking have come again.
    assert refused.value.retry_after == pytest.approx(3600 * 31072 / 100000, abs=2)
    visitor.spend(one.act.post_bytes, 32768)
    one.visitor(scope("192.0.2.2")).spend(one.act.post_bytes, 65536)


def test_a_large_answer_counts_as_several_and_is_paid_for_afterwards():
    one = limiter(STATES_PER_SEAT="10/60", STATES_PER_ROOM="off", STATES_PER_ADDRESS="off")
    visitor = one.visitor(scope("192.0.2.1")).at(seat(LOCATOR, TOKEN))
    for size in (0, 512, 65535):
        visitor.charge(one.act.state, size)
    assert admitted(visitor, one.act.state, 3) == 3
    visitor.charge(one.act.state, 4 * 65536 + 1)
    assert admitted(visitor, one.act.state, 9) == 3
    # What isn't there is owed.
    visitor.charge(one.act.state, 20 * 65536)
    with pytest.raises(Refusal, match="too_many") as refused:
        visitor.spend(one.act.state)
    assert refused.value.retry_after == 126


def test_what_is_off_is_not_counted():
    off = {name: "off" for name, of in VARIABLES.items() if of.default.count("/") == 1}
    off = {name: "off" for name in off if "_PER_" in name}
    assert len(off) == 23
    one = limiter(**off)
    visitor = one.visitor(scope("192.0.2.1")).at(seat(LOCATOR, TOKEN))
    for action in every_action(one):
        assert admitted(visitor, action, 200) == 200
    assert misses(one, visitor, "seat_unknown", 200) == 200


def test_leaving_is_counted_nowhere():
    one = limiter()
    visitor = one.visitor(scope("192.0.2.1")).at(seat(LOCATOR, TOKEN))
    assert admitted(visitor, one.act.leave, 100_000) == 100_000


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
    assert misses(one, one.visitor(scope("192.0.2.1")), code, 50) == let_through


def test_what_is_under_way_may_turn_out_to_be_nothing_and_is_counted_until_it_is_known():
    one = limiter(MISSES_PER_ADDRESS="2/3600")
    visitor = one.visitor(scope("192.0.2.1"))
    with visitor.asking(one.act.leave), visitor.asking(one.act.leave):
        with pytest.raises(Refusal), visitor.asking(one.act.leave):
            pass
        with one.visitor(scope("192.0.2.2")).asking(one.act.leave):
            pass
    with visitor.asking(one.act.leave), visitor.asking(one.act.leave):
        pass
    assert one.asking == {}


def test_what_is_refused_for_another_reason_is_not_under_way():
    one = limiter(JOINS_PER_ADDRESS="1/3600")
    visitor = one.visitor(scope("192.0.2.1"))
    with visitor.asking(one.act.join):
        pass
    with pytest.raises(Refusal), visitor.asking(one.act.join):
        pass
    assert one.asking == {}


def test_nobody_waits_longer_than_the_key_lives():
    one = limiter(MISSES_PER_ADDRESS="1/86400")
    visitor = one.visitor(scope("192.0.2.1"))
    misses(one, visitor, "seat_unknown", 1)
    with pytest.raises(Refusal) as refused, visitor.asking(one.act.leave):
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
        assert admitted(before, one.act.create, 5) == 3
        renewal._run()
        assert one._key != key
        assert one._renewal is not renewal
        assert key not in reachable(one)
        # A socket goes on under the name that it has; whoever comes has another.
        assert admitted(before, one.act.create, 5) == 0
        assert admitted(one.visitor(scope("192.0.2.1")), one.act.create, 5) == 3
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
    for action in every_action(one):
        admitted(visitor, action, 40)
    misses(one, visitor, "room_unknown", 40)


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_that_is_kept_tells_an_address_a_room_or_a_seat(address: str):
    one = limiter(CREATES_PER_ADDRESS="3/3600")
    visitor = one.visitor(scope(address)).at(seat(LOCATOR, TOKEN))
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


@pytest.mark.parametrize("name", ["create", "join"])
def test_a_refusal_names_nobody(name: str):
    one = limiter(CREATES_PER_ADDRESS="1/9", JOINS_PER_ADDRESS="1/9")
    action = getattr(one.act, name)
    refusals = []
    for address in ADDRESSES:
        visitor = one.visitor(scope(address)).at(seat(LOCATOR, TOKEN))
        visitor.spend(action)
        with pytest.raises(Refusal) as refused:
            visitor.spend(action)
        refusals.append((refused.value.args, vars(refused.value)))
    assert refusals[0] == refusals[1]


def test_a_crowd_of_addresses_and_rooms_leaves_nothing_behind_but_full_cells():
    """100,000 visitors; what a million names leave in one of the tables, the rule's test counts."""
    one = limiter()
    for action in every_action(one):
        one.visitor(scope(None)).at(seat(LOCATOR, TOKEN)).spend(action)
    tables = [one.misses, *one._buckets.values()]
    for number in range(100_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        visitor = one.visitor(scope(address)).at(seat(f"{number:043}", TOKEN))
        visitor.connected()
        with visitor.asking(one.act.post):
            pass
        visitor.refused(one.act.post, Refusal("room_unknown"))
        visitor.disconnected()
    assert one.asking == one.connections._counts == {}
    assert [one.misses, *one._buckets.values()] == tables
    sizes = [len(table._cells) for table in tables if isinstance(table, Buckets)]
    assert sizes == [4 * 2**14] * 27


def settings_of_limits() -> dict[str, str]:
    """What a metric calls a limit -> its setting, as the operator is told."""
    rows = (ROOT / "docs/operations.md").read_text().partition("## Which limit refuses")[2]
    return dict(re.findall(r"^\| `(\w+)` \| `([A-Z_]+)` \|", rows, re.MULTILINE))


def test_every_limit_that_a_metric_names_has_its_setting_in_the_documents():
    told = settings_of_limits()
    shared = {name for name in metrics.LIMITS if name.endswith("_shared")}
    assert told.keys() == set(metrics.LIMITS) - shared - WITHOUT_SETTING
    limits = {name for name in VARIABLES if "_PER_" in name and not name.startswith("FRAMES")}
    # Coming into a room is asked for by each socket, which an address opens.
    assert limits == set(told.values()) - {"CONNECTIONS_MAX"}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in metrics.LIMITS
        if not name.endswith("_shared") and "socket" not in name and name not in WITHOUT_SETTING
    ],
)
def test_the_limit_that_refuses_is_the_one_that_is_counted(name: str):
    def counted() -> dict[str, float]:
        return {
            one: metrics.REGISTRY.get_sample_value("ephemeral_limited_total", {"limit": one}) or 0
            for one in (*metrics.LIMITS, "other")
        }

    off = {one: "off" for one, declared in VARIABLES.items() if "/" in declared.default}
    # Some of the limits count bytes, and allow the largest thing at least.
    bytes_of = {"post_bytes": 65_536, "reserve_bytes": 10_485_760, "chunk_bytes": 10_485_760}
    times = bytes_of.get(name.removesuffix("_address"), 1)
    one = limiter(**{**off, settings_of_limits()[name]: f"{times}/1000"})
    visitor = one.visitor(scope("192.0.2.1")).at(seat(LOCATOR, TOKEN))
    before = counted()
    for action in (*every_action(one), one.act_connect, one.act_object) * 2:
        with suppress(Refusal):
            visitor.spend(action, times)
    misses(one, visitor, "room_unknown", 2)
    after = counted()
    assert {one for one in after if after[one] > before[one]} == {name}


def test_open_connections_are_counted_while_they_are_open():
    one, rooms = limiter(CONNECTIONS_PER_ADDRESS="2"), Concurrency(1)
    here, there = (one.visitor(scope(f"192.0.2.{n}")).at(seat(LOCATOR, TOKEN)) for n in (1, 2))
    assert [here.connected() for _ in range(3)] == [True, True, False]
    assert there.connected()
    room = here.subject(ROOM)
    assert room == there.subject(ROOM)
    assert (rooms.add(room, 1), rooms.add(room, 1)) == (True, False)
    here.disconnected()
    here.disconnected()
    rooms.remove(room)
    assert (here.connected(), rooms.add(room, 1)) == (True, False)
    rooms.remove(room)
    rooms.remove(room)
    assert rooms.add(room, 1)


def test_a_whole_48_has_as_many_connections_as_64_addresses():
    one = limiter(CONNECTIONS_PER_ADDRESS="2")
    visitors = [one.visitor(scope(f"2001:db8:1:{net:x}::1")) for net in range(130)]
    assert [visitor.connected() for visitor in visitors] == [True] * 128 + [False] * 2
