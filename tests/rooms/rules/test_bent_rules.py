"""What a member can't bend: leases held for ever, a room filled by one, the fates of others.

Protocol sections 8.5 to 8.10, without a database.
"""

from contextlib import suppress
from random import Random

import pytest
from support.machines.books import (
    AUTHOR,
    DIGEST,
    HASH,
    ID,
    NOW,
    OTHER,
    READER,
    ROOM,
    VIEWING,
    Desk,
    refused,
    seat,
    tombstone_name,
)

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.book import Book, Unread
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.returns import RETURNERS_MAX
from ephemeral.rooms.rules.room import KnownRoom, StoredEvent, Withdrawn

LEASE = Limits().lease
NAMES = [bytes([number]) * 16 for number in range(100, 200)]


class Bender:
    """A member that gives a message back only to take it again, and would go on so for ever."""

    def __init__(self, desk: Desk, random: Random, name: bytes) -> None:
        self.desk = desk
        self.random = random
        self.name = name
        ways = [self._in_one_segment, self._in_two, self._leaves, self._comes_as_another]
        self.ways = random.sample(ways, random.randint(1, 4))
        self.until = 0

    def act(self) -> None:
        """Take it, or hold it for a while, shorter than a lease, and take it anew."""
        if self.desk.messages[ID].lease_holder != self.name:
            self._open()
        elif self.desk.now >= self.until:
            self.random.choice(self.ways)()
            self.until = self.desk.now + self.random.randrange(LEASE // 3)

    def _open(self) -> None:
        with suppress(Refusal):
            self.desk.open(self.name)

    def _in_one_segment(self) -> None:
        book = self.desk.book()
        book.release(seat(self.name), ID)
        with suppress(Refusal):
            book.open(seat(self.name), ID)
        self.desk.keep()

    def _in_two(self) -> None:
        self.desk.release(self.name)
        self._open()

    def _leaves(self) -> None:
        """Or is evicted, by whoever comes next: that is the same to its messages."""
        self.desk.leave(self.name)
        self.desk.join(self.name)
        self._open()

    def _comes_as_another(self) -> None:
        self.desk.leave(self.name)
        self.name = self.random.choice(NAMES)
        self.desk.join(self.name)
        self._open()


@pytest.mark.parametrize("benders", [1, 2])
def test_in_200_rounds_who_bends_the_rules_keeps_a_message_no_longer_than_one_lease(
    benders: int,
) -> None:
    for number in range(200):
        random = Random(number)
        desk = Desk(seats=4)
        names = [OTHER, NAMES[0]][:benders]
        desk.members = dict.fromkeys([AUTHOR, READER, *names], NOW - 1)
        bent = [Bender(desk, random, name) for name in names]
        desk.post()
        while desk.messages[ID].lease_holder != READER:
            assert desk.now < NOW + LEASE, f"round {number}"
            for one in bent:
                one.act()
            # The honest one comes last, always.
            with suppress(Refusal):
                desk.open(READER)
            desk.now += 1_000 // benders
        assert desk.acknowledge(READER)[0].state == "viewed"


@pytest.mark.parametrize("benders", [2, 3, 5])
def test_those_who_hand_it_on_keep_it_from_who_was_there_for_one_lease_each(benders: int) -> None:
    for number in range(50):
        random = Random(number)
        desk = Desk(seats=8)
        turns = NAMES[:benders]
        desk.members = dict.fromkeys([AUTHOR, READER, *turns], NOW - 1)
        fresh = iter(NAMES[benders:])
        # Almost a lease each: by then the bar of one before is over.
        holds = random.choice([LEASE - 1, LEASE // 2, LEASE // benders + 1])
        desk.post()
        desk.open(turns[0])
        for turn in range(1, 2 * benders + 2):
            desk.now += holds
            assert desk.now <= NOW + benders * LEASE, f"round {number}"
            giver = turns[(turn - 1) % benders]
            if random.random() < 0.5:
                desk.release(giver)
            else:
                # It comes again, as another.
                desk.leave(giver)
                turns[(turn - 1) % benders] = next(fresh)
                desk.join(turns[(turn - 1) % benders])
            desk.now += random.choice([0, 1])
            with suppress(Refusal):
                desk.open(turns[turn % benders])
            # The honest one comes last, always.
            with suppress(Refusal):
                desk.open(READER)
            if desk.messages[ID].lease_holder == READER:
                break
        assert desk.messages[ID].lease_holder == READER, f"round {number}"


def test_who_gave_it_back_and_who_came_since_wait_for_those_who_were_there() -> None:
    desk = Desk(seats=4)
    desk.open_after_post()
    desk.now += 1_000
    assert desk.release() == [StoredEvent(ID, READER, 1)]
    late = NAMES[0]
    desk.join(late)
    for barred in (READER, late):
        with pytest.raises(Refusal) as refusal:
            desk.open(barred)
        assert (refusal.value.code, refusal.value.retry_after) == ("message_leased", 120)
    desk.now += 500
    with pytest.raises(Refusal) as refusal:
        desk.open(late)
    assert refusal.value.retry_after == 120
    # Two who bend together: when the other has given it back as well, both are barred.
    desk.open(OTHER)
    desk.release(OTHER)
    desk.now += LEASE - 600
    honest = NAMES[1]
    desk.members[honest] = NOW - 1
    for barred in (READER, OTHER, late):
        with refused("message_leased"):
            desk.open(barred)
    desk.open(honest)


def test_nobody_waits_for_who_is_not_there_or_may_not_read_either() -> None:
    desk = Desk(seats=4)
    desk.open_after_post()
    desk.release()
    # Both of those who could read it have given it back, and its author can't.
    desk.open(OTHER)
    desk.release(OTHER)
    desk.open(READER)
    desk.release()
    # Both may: neither goes before the other.
    desk.open(OTHER)
    desk.release(OTHER)
    # A third comes, and has not had it.
    desk.join(NAMES[0])
    for barred in (READER, OTHER):
        with refused("message_leased"):
            desk.open(barred)
    desk.open(NAMES[0])


def test_a_bar_lasts_as_long_as_a_lease() -> None:
    desk = Desk(seats=4)
    desk.open_after_post()
    desk.release()
    desk.now += LEASE - 1
    with refused("message_leased"):
        desk.open()
    desk.now += 1
    desk.open()


def test_returns_that_are_remembered_stay_few() -> None:
    desk = Desk()
    desk.members = {AUTHOR: NOW - 1, READER: NOW - 1}
    desk.post()
    for number in range(3 * RETURNERS_MAX):
        who = READER if number else OTHER
        desk.members[who] = NOW - 1
        desk.open(who)
        desk.release(who)
        desk.members.pop(OTHER, None)
    message = desk.messages[ID]
    assert message.returns == 3 * RETURNERS_MAX
    assert len(message.returners) <= RETURNERS_MAX
    assert {one for one, _ in message.returners} == {READER, OTHER}
    desk.now += 2 * LEASE
    desk.open()
    desk.release()
    assert desk.messages[ID].returners == ((READER, desk.now),)


def test_under_everyone_a_return_is_counted_and_keeps_nobody_from_anything() -> None:
    desk = Desk(policy=2)
    desk.open_after_post()
    assert desk.release() == [StoredEvent(ID, READER, 1)]
    desk.open(READER)
    desk.open(OTHER)
    assert (desk.receipt().opened, desk.receipt().returns) == (3, 1)
    assert desk.messages[ID].returners == ()


def test_a_book_that_was_not_given_what_decides_decides_nothing() -> None:
    desk = Desk(seats=3)
    desk.open_after_post()
    desk.release()
    desk.room.waiting = desk.limits.waiting_messages // 2
    known = KnownRoom(desk.room)
    known.seats.update(map(seat, desk.members))
    known.messages.update(desk.messages)
    book = Book(desk.now, desk.limits, tombstone_name, {ROOM: known})
    with pytest.raises(Unread):
        book.open(seat(READER), ID)
    with pytest.raises(Unread):
        book.post(seat(AUTHOR), b"n" * 16, 512, HASH, DIGEST, b"n" * 16)
    assert (book.events, book.inserted, book.changed) == ([], [], {})


# One member's share


def test_beyond_two_seats_nobody_fills_more_than_half_of_a_room() -> None:
    limits = Limits(waiting_messages=6, waiting_bytes=6 * 1024)
    for size in (512, 1024):
        desk = Desk(seats=3, limits=limits)
        for number in range(3):
            desk.post(bytes([number]) * 16, size=size)
        with refused("room_crowded"):
            desk.post(b"m" * 16, size=size)
        for number in range(3):
            desk.post(bytes([9, number]) * 8, OTHER, size=size)
        with refused("room_crowded"):
            desk.post(b"m" * 16, READER, size=size)
        desk.messages.pop(bytes(16))
        desk.post(b"m" * 16, size=size)


def test_of_two_members_each_may_fill_the_room() -> None:
    desk = Desk(limits=Limits(waiting_messages=4))
    for number in range(4):
        desk.post(bytes([number]) * 16)
    with refused("room_crowded"):
        desk.post()


def test_one_message_may_always_wait_and_what_was_viewed_in_the_same_batch_counts_no_more() -> None:
    desk = Desk(seats=3, limits=Limits(waiting_messages=2, waiting_bytes=65_536))
    desk.post(size=65_536)
    book = desk.book()
    book.acknowledge(seat(READER), ID, VIEWING)
    book.post(seat(AUTHOR), b"n" * 16, 512, HASH, DIGEST, b"n" * 16)
    with refused("room_crowded"):
        book.post(seat(AUTHOR), b"m" * 16, 512, HASH, DIGEST, b"m" * 16)


# Taking back


def test_its_author_takes_a_message_back_and_hears_the_same_again() -> None:
    desk = Desk()
    desk.open_after_post()
    desk.release()
    answer, events = desk.withdraw()
    assert answer == Withdrawn(ID, 1)
    assert events == [desk.destroyed("withdrawn", None, 1)]
    ended_at = desk.now
    desk.now += 1_000
    assert desk.withdraw() == (answer, [])
    assert desk.messages == {}
    receipt = desk.receipt()
    assert (receipt.state, receipt.opened, receipt.ended_at) == ("withdrawn", 1, ended_at)
    assert (receipt.viewing, receipt.reader, receipt.returns) == (None, None, None)
    for late in (desk.open, desk.acknowledge, desk.release):
        with refused("message_gone") as refusal:
            late()
        assert refusal.value.state == "withdrawn"


def test_nobody_else_takes_it_back_before_or_after_its_end() -> None:
    desk = Desk()
    desk.post()
    with refused("author_only"):
        desk.withdraw(READER)
    desk.acknowledge()
    with refused("author_only"):
        desk.withdraw(READER)
    with refused("message_gone") as refusal:
        desk.withdraw()
    assert refusal.value.state == "viewed"
    with refused("message_unknown"):
        desk.book().withdraw(seat(AUTHOR), b"never made".ljust(16))


def test_under_first_view_not_while_somebody_reads_it() -> None:
    desk = Desk()
    desk.open_after_post()
    desk.now += 30_500
    with pytest.raises(Refusal) as refusal:
        desk.withdraw()
    assert (refusal.value.code, refusal.value.retry_after) == ("message_leased", 90)
    desk.now += LEASE
    assert desk.withdraw()[1] == [
        StoredEvent(ID, READER, 0),
        desk.destroyed("withdrawn", None, 1),
    ]


def test_under_everyone_at_any_time_and_views_stay_with_their_proof() -> None:
    desk = Desk(policy=2)
    desk.open_after_post()
    desk.open(OTHER)
    desk.acknowledge(READER)
    answer, events = desk.withdraw()
    assert answer.opened == 2
    assert events == [desk.destroyed("withdrawn", READER, 2, VIEWING)]
    assert (desk.receipt().viewing, desk.receipt().reader) == (VIEWING, READER)
    for late in (READER, OTHER):
        with refused("message_gone"):
            desk.acknowledge(late)


# Whom an answer tells already


def test_only_what_was_asked_for_names_the_socket() -> None:
    """What else happens on the way is told to the one who asked as well."""
    desk = Desk(seats=3)
    by = b"socket".ljust(16)
    book = desk.book()
    book.post(seat(AUTHOR), ID, 512, HASH, DIGEST, ID, by)
    book.open(seat(READER), ID, by)
    book.release(seat(READER), ID, by)
    book.open(seat(OTHER), ID, by)
    assert [one.by for one in desk.keep()] == [by] * 4
    desk.now += LEASE
    book = desk.book()
    book.acknowledge(seat(READER), ID, VIEWING, by)
    assert [one.by for one in desk.keep()] == [b"", by]
    desk.post(b"2" * 16)
    desk.now += 86_400_000
    with refused("message_gone"):
        desk.book().withdraw(seat(AUTHOR), b"2" * 16, by)
    assert [one.by for one in desk.keep()] == [b""]
    everyone = Desk(policy=2)
    everyone.post()
    everyone.book().acknowledge(seat(READER), ID, VIEWING, by)
    assert [one.by for one in everyone.keep()] == [by]
    everyone.book().withdraw(seat(AUTHOR), ID, by)
    assert [one.by for one in everyone.keep()] == [by]
