"""The rules of a room's messages, without a database: protocol sections 8.5 to 8.10."""

import pytest
from msgspec.structs import replace
from support.machines.books import (
    AUTHOR,
    DAY,
    DIGEST,
    HASH,
    ID,
    LIMITS,
    NOW,
    OTHER,
    READER,
    ROOM,
    VIEWING,
    Desk,
    refused,
    seat,
)

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import (
    Acknowledged,
    AcknowledgedEvent,
    AudienceEvent,
    LeftEvent,
    NoticeEvent,
    OpenedEvent,
    Released,
    Seat,
    StoredEvent,
)
from ephemeral.rooms.rules.views import notice_of, receipt_of


def test_a_posted_message_waits_and_everyone_is_told() -> None:
    desk = Desk()
    (event,) = desk.post()
    assert isinstance(event, NoticeEvent)
    assert event.notice == notice_of(desk.messages[ID], NOW)
    assert (event.notice.sequence, event.notice.state) == (1, "stored")
    assert event.notice.expires_at == NOW + DAY
    assert event.notice.audience is None


def test_the_same_post_again_changes_nothing_and_gets_the_same_answer() -> None:
    desk = Desk()
    first = desk.book().post(seat(AUTHOR), ID, 512, HASH, DIGEST, ID)
    desk.keep()
    again = desk.book().post(seat(AUTHOR), ID, 512, HASH, DIGEST, b"another payload!")
    assert desk.keep() == []
    assert first.fresh
    assert not again.fresh
    assert replace(first, fresh=False) == again
    assert desk.room.sequence == 1


def test_a_retry_in_the_same_batch_is_one_message() -> None:
    desk = Desk()
    book = desk.book()
    for payload in range(20):
        book.post(seat(AUTHOR), ID, 512, HASH, DIGEST, bytes([payload]) * 16)
    assert len(book.inserted) == 1
    assert len(book.events) == 1


@pytest.mark.parametrize(
    ("author", "viewing_hash", "digest"),
    [(READER, HASH, DIGEST), (AUTHOR, b"x" * 32, DIGEST), (AUTHOR, HASH, b"x" * 32)],
    ids=["by another member", "with another viewing hash", "with another envelope"],
)
def test_an_id_is_not_used_twice(author: bytes, viewing_hash: bytes, digest: bytes) -> None:
    desk = Desk()
    desk.post()
    with refused("message_conflict"):
        desk.book().post(seat(author), ID, 512, viewing_hash, digest, ID)


def test_a_destroyed_message_is_not_brought_back_by_a_retry() -> None:
    desk = Desk()
    desk.post()
    desk.acknowledge()
    receipt = desk.book().post(seat(AUTHOR), ID, 512, HASH, DIGEST, ID)
    assert desk.keep() == []
    assert desk.messages == {}
    assert (receipt.state, receipt.viewing, receipt.fresh) == ("viewed", VIEWING, False)
    with refused("message_conflict"):
        desk.book().post(seat(READER), ID, 512, HASH, DIGEST, ID)


def test_a_room_takes_no_more_messages_than_it_may_hold() -> None:
    desk = Desk()
    for number in range(LIMITS.waiting_messages):
        desk.post(bytes([number]) * 16)
    with refused("room_crowded"):
        desk.post()


def test_a_room_takes_no_more_bytes_than_it_may_hold() -> None:
    desk = Desk()
    desk.book().post(seat(AUTHOR), b"1" * 16, 4096, HASH, DIGEST, ID)
    desk.keep()
    with refused("room_crowded"):
        desk.post()


def test_a_destroyed_message_makes_room_in_the_same_batch() -> None:
    desk = Desk()
    for number in range(2):
        desk.post(bytes([number]) * 16)
    desk.post()
    book = desk.book()
    book.acknowledge(seat(READER), ID, VIEWING)
    book.post(seat(AUTHOR), b"n" * 16, 512, HASH, DIGEST, b"n" * 16)
    desk.keep()
    assert len(desk.messages) == 3


def test_without_a_seat_or_a_room_nothing_is_done() -> None:
    desk = Desk()
    desk.post()
    stranger = Seat(ROOM, READER, b"another token hash".ljust(32))
    for attempt in (
        lambda book: book.post(stranger, b"n" * 16, 512, HASH, DIGEST, ID),
        lambda book: book.open(stranger, ID),
        lambda book: book.acknowledge(stranger, ID, VIEWING),
        lambda book: book.release(stranger, ID),
    ):
        with refused("seat_unknown"):
            attempt(desk.book())
    desk.now = desk.room.expires_at
    for attempt in (
        lambda book: book.open(seat(READER), ID),
        lambda book: book.acknowledge(seat(READER), ID, VIEWING),
    ):
        with refused("room_unknown"):
            attempt(desk.book())
    assert ID in desk.messages


def test_one_reader_at_a_time() -> None:
    desk = Desk()
    desk.post()
    (event,) = desk.open()
    assert event == OpenedEvent(ID, READER, NOW + LIMITS.lease)
    desk.now += 30_500
    with pytest.raises(Refusal) as refusal:
        desk.open(OTHER)
    assert (refusal.value.code, refusal.value.retry_after) == ("message_leased", 90)


def test_the_holder_may_open_again_but_does_not_prolong_the_lease() -> None:
    desk = Desk()
    desk.post()
    desk.open()
    desk.now += 1000
    _, until = desk.book().open(seat(READER), ID)
    assert until == NOW + LIMITS.lease
    assert desk.keep() == []


def test_an_author_neither_opens_nor_acknowledges() -> None:
    desk = Desk()
    desk.post()
    with refused("message_author"):
        desk.open(AUTHOR)
    with refused("message_author"):
        desk.acknowledge(AUTHOR)
    desk.acknowledge()
    with refused("message_author"):
        desk.acknowledge(AUTHOR)


def test_without_the_viewing_bytes_nothing_is_destroyed() -> None:
    desk = Desk()
    desk.post()
    desk.open()
    for wrong in (b"", b"v" * 31, b"w" * 32, HASH):
        with refused("viewing_wrong"):
            desk.book().acknowledge(seat(READER), ID, wrong)
        assert desk.keep() == []
    assert ID in desk.messages


def test_two_acknowledgements_are_one_destruction_with_equal_answers() -> None:
    desk = Desk()
    desk.post()
    desk.open()
    book = desk.book()
    first = book.acknowledge(seat(READER), ID, VIEWING)
    second = book.acknowledge(seat(READER), ID, VIEWING)
    assert first == second == Acknowledged(ID, "viewed")
    assert desk.keep() == [desk.destroyed("viewed", READER, 1)]
    assert desk.acknowledge() == (first, [])


def test_an_acknowledgement_counts_after_its_lease_has_ended() -> None:
    desk = Desk()
    desk.post()
    desk.open()
    desk.now += LIMITS.lease + 1
    answer, events = desk.acknowledge()
    assert answer.state == "viewed"
    assert events == [StoredEvent(ID, READER, 0), desk.destroyed("viewed", READER, 1)]


def test_after_destruction_wrong_bytes_still_prove_nothing() -> None:
    desk = Desk()
    desk.post()
    desk.acknowledge()
    with refused("viewing_wrong"):
        desk.book().acknowledge(seat(OTHER), ID, b"w" * 32)
    with refused("message_gone"):
        desk.open(OTHER)
    with refused("message_unknown"):
        desk.book().open(seat(READER), b"never made".ljust(16))


def test_a_released_message_waits_again_and_the_return_is_counted_against_nobody() -> None:
    """In a room of two: there is nobody before whom the reader would have to wait."""
    desk = Desk()
    desk.leave(OTHER)
    desk.post()
    for number in range(1, 6):
        desk.open()
        answer = desk.book().release(seat(READER), ID)
        assert answer == Released(ID, number)
        assert desk.keep() == [StoredEvent(ID, READER, number)]
    assert desk.messages[ID].lease_ends == 0
    assert (desk.receipt().opened, desk.receipt().returns) == (5, 5)
    with refused("lease_lost"):
        desk.book().release(seat(READER), ID)


def test_a_holder_who_leaves_gives_the_message_back() -> None:
    desk = Desk()
    desk.post()
    desk.open()
    assert desk.leave(READER) == [StoredEvent(ID, READER, 1), LeftEvent(READER, False)]
    assert desk.messages[ID].lease_ends == 0
    desk.open(OTHER)


def test_the_third_lease_end_destroys_as_unconfirmed() -> None:
    desk = Desk()
    desk.post()
    for _ in range(2):
        desk.open()
        desk.now += LIMITS.lease
        assert desk.settle() == [StoredEvent(ID, READER, 0)]
    desk.open()
    desk.now += LIMITS.lease
    assert desk.settle() == [desk.destroyed("unconfirmed", None, 3)]
    assert desk.fate() == 2
    with pytest.raises(Refusal) as refusal:
        desk.acknowledge()
    assert (refusal.value.code, refusal.value.state) == ("message_gone", "unconfirmed")


def test_a_lease_that_is_over_is_noticed_without_the_sweeper() -> None:
    desk = Desk()
    desk.post()
    desk.open()
    desk.now += LIMITS.lease
    assert notice_of(desk.messages[ID], desk.now).state == "stored"
    assert desk.open(OTHER) == [
        StoredEvent(ID, READER, 0),
        OpenedEvent(ID, OTHER, desk.now + LIMITS.lease),
    ]


def test_a_message_whose_time_is_over_is_expired_whatever_is_asked() -> None:
    for asked in (Desk.settle, Desk.open, Desk.acknowledge):
        desk = Desk()
        desk.post()
        desk.now += DAY
        if asked is Desk.settle:
            desk.settle()
        else:
            with refused("message_gone") as refusal:
                asked(desk)
            assert refusal.value.state == "expired"
            desk.keep()
        assert desk.fate() == 3
        assert desk.messages == {}


def test_a_tombstone_whose_time_is_over_is_forgotten() -> None:
    desk = Desk()
    desk.post()
    desk.acknowledge()
    desk.now += LIMITS.tombstone
    with refused("message_unknown"):
        desk.book().open(seat(READER), ID)


def test_everyone_present_and_nobody_else_may_view() -> None:
    desk = Desk(policy=2)
    (event,) = desk.post()
    assert isinstance(event, NoticeEvent)
    assert event.notice.audience == (READER, OTHER)
    late = b"l" * 16
    desk.join(late)
    with refused("audience_only"):
        desk.open(late)
    with refused("audience_only"):
        desk.acknowledge(late)


def test_everyone_reads_at_the_same_time_and_the_last_view_destroys() -> None:
    desk = Desk(policy=2)
    desk.post()
    desk.open(READER)
    desk.open(OTHER)
    assert receipt_of(desk.messages[ID], desk.now).state == "opened"
    answer, events = desk.acknowledge(READER)
    assert answer.state == "acknowledged"
    assert events == [AcknowledgedEvent(ID, READER)]
    assert desk.acknowledge(READER) == (answer, [])
    with pytest.raises(Refusal) as refusal:
        desk.open(READER)
    assert (refusal.value.code, refusal.value.state) == ("message_done", "acknowledged")
    answer, events = desk.acknowledge(OTHER)
    assert answer.state == "viewed"
    assert events == [desk.destroyed("viewed", OTHER, 2)]


def test_everyone_with_nobody_present_waits_as_first_view() -> None:
    desk = Desk(policy=2)
    desk.members = {AUTHOR: NOW}
    (event,) = desk.post()
    assert isinstance(event, NoticeEvent)
    assert event.notice.audience is None
    desk.join(OTHER)
    desk.open(OTHER)
    assert desk.acknowledge(OTHER)[0].state == "viewed"


def test_everyone_emptied_by_leaving_ends_and_who_comes_later_opens_nothing() -> None:
    desk = Desk(policy=2)
    desk.post()
    assert desk.leave(READER) == [AudienceEvent(ID, (OTHER,)), LeftEvent(READER, False)]
    assert desk.leave(OTHER) == [desk.destroyed("unconfirmed", None, 0), LeftEvent(OTHER, False)]
    late = b"l" * 16
    desk.join(late)
    with refused("message_gone") as refusal:
        desk.open(late)
    assert refusal.value.state == "unconfirmed"


def test_everyone_destroys_when_the_last_who_has_not_viewed_leaves() -> None:
    desk = Desk(policy=2)
    desk.post()
    desk.acknowledge(READER)
    assert desk.leave(OTHER)[0] == desk.destroyed("viewed", READER, 0)
    assert desk.receipt().reader == READER


def test_everyone_counts_lease_ends_by_member() -> None:
    desk = Desk(policy=2)
    desk.post()
    for _ in range(3):
        desk.open(READER)
        desk.now += LIMITS.lease
        desk.settle()
    assert notice_of(desk.messages[ID], desk.now).audience == (OTHER,)
    desk.open(OTHER)
    assert desk.acknowledge(OTHER)[0].state == "viewed"


def test_everyone_unconfirmed_if_all_let_three_leases_end() -> None:
    desk = Desk(policy=2)
    desk.post()
    for _ in range(3):
        desk.open(READER)
        desk.open(OTHER)
        desk.now += LIMITS.lease
        desk.settle()
    assert desk.fate() == 2


def test_everyone_a_late_acknowledgement_is_still_a_view() -> None:
    desk = Desk(policy=2)
    desk.post()
    for _ in range(3):
        desk.open(READER)
        desk.now += LIMITS.lease
        desk.settle()
    assert desk.acknowledge(READER)[0].state == "acknowledged"
    assert desk.leave(OTHER)[0] == desk.destroyed("viewed", READER, 3)


def test_a_lively_room_moves_its_end_only_in_steps() -> None:
    desk = Desk()
    desk.now += 59_000
    before = desk.room.expires_at
    desk.post()
    assert desk.room.expires_at == before
    desk.now += 1000
    desk.post(b"2" * 16)
    assert desk.room.expires_at == desk.now + desk.room.room_ttl
