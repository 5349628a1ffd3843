"""The pure client session, driven by frames written by hand after docs/protocol.md, section 11."""

import hashlib
import itertools
import json

import pytest

from ephemeral.client.chat_lines import who
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.envelope import seal_message
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import RoomKeys, SeatKeys, member_id
from ephemeral.protocol.profile import seal_profile
from ephemeral.protocol.session import Session
from ephemeral.protocol.session_events import (
    Acknowledged,
    Card,
    Ended,
    Joined,
    Left,
    Locked,
    Present,
    Refused,
    Released,
    Settled,
    Typing,
    Unreadable,
    Viewed,
    Waiting,
    Welcome,
    Withdrawn,
)

KEYS = RoomKeys(bytes(range(32)))
CHARTER = Charter(1, b"N" * 32, Policy.FIRST_VIEW, 2, 3600, 86400)
CONTENT_KEYS = KEYS.content(CHARTER.nonce)
SEAT = SeatKeys.derived(b"S" * 16, CHARTER.nonce)
TOKEN = SEAT.token
ME, PEER, THIRD = member_id(TOKEN), b"p" * 16, b"t" * 16
NOW = 1_000_000
SERVER_NOW = 1_790_000_000_000
HOUR = 3600 * 1000


def counting_random():
    """Distinct bytes at every call: a generator whose output a test can tell apart."""
    numbers = itertools.count(1)
    return lambda size: hashlib.shake_128(next(numbers).to_bytes(8, "big")).digest(size)


def new_session(**changes):
    arguments = {
        "suite": 1,
        "charter": CHARTER.encode(),
        "mac": CHARTER.mac(KEYS.charter_key),
        "seat": SEAT,
        "random": counting_random(),
    }
    return Session(KEYS, **(arguments | changes))


def room(**changes):
    return {
        "now": SERVER_NOW,
        "charter": b64encode(CHARTER.encode()),
        "mac": b64encode(CHARTER.mac(KEYS.charter_key)),
        "locked": False,
        "joins": 2,
        "seats_taken": 2,
        "created_at": SERVER_NOW,
        "expires_at": SERVER_NOW + HOUR,
    } | changes


def member(who, **changes):
    return {
        "member": b64encode(who),
        "profile": None,
        "joined_at": SERVER_NOW,
        "seen_at": SERVER_NOW,
        "present": True,
    } | changes


def notice(message, author=PEER, **changes):
    return {
        "id": b64encode(message),
        "sequence": 1,
        "author": b64encode(author),
        "size": 512,
        "posted_at": SERVER_NOW,
        "expires_at": SERVER_NOW + HOUR,
        "state": "stored",
        "holder": None,
        "lease_until": None,
        "audience": None,
    } | changes


def receipt(message, state, viewing=None):
    return {
        "id": b64encode(message),
        "state": state,
        "sequence": None,
        "posted_at": None,
        "expires_at": None,
        "viewing": viewing and b64encode(viewing),
        "audience": None,
    }


class Wire:
    """The other end of a session's socket, with the answers that a server would give."""

    def __init__(self, session):
        self.session = session

    def hear(self, *frames, now=NOW):
        self.session.received(json.dumps(frames), now)
        return self.session.take_events()

    def sent(self):
        return [frame for text in self.session.take_messages() for frame in json.loads(text)]

    def join(self, **answer):
        """Take the seat over HTTP, as the owner of a session does."""
        fields = {"now": SERVER_NOW, "generation": 0, "room": room(), "members": [], "notices": []}
        self.session.joined(fields | answer)
        return self.session.take_events()

    def greet(self):
        """Open a socket; the hello on it."""
        self.session.connected()
        return self.only()

    def only(self):
        (frame,) = self.sent()
        return frame

    def ok(self, frame, **fields):
        return self.hear({"type": "ok", "ref": frame["ref"]} | fields)

    def error(self, frame, code, **fields):
        error = {"code": code, "message": "No.", "retry_after": None} | fields
        return self.hear({"type": "error", "ref": frame["ref"], "error": error})

    def welcome(self, hello, members=None, notices=(), **changes):
        fields = {
            "type": "welcome",
            "ref": hello["ref"],
            "now": SERVER_NOW,
            "room": room(),
            "member": b64encode(ME),
            "members": members or [member(ME), member(PEER)],
            "notices": list(notices),
        }
        return self.hear(fields | changes)

    def arrive(self, **state):
        """Take the session from a new socket to its welcome."""
        if not self.session.seat.taken:
            self.join()
        return self.welcome(self.greet(), **state)


@pytest.fixture
def session():
    return new_session()


@pytest.fixture
def wire(session):
    return Wire(session)


def opened(message, text="hello", counter=1):
    """An answer to `open`, the viewing bytes inside it."""
    viewing = hashlib.sha256(message).digest()
    content = {"type": "text", "text": text}
    envelope = seal_message(CONTENT_KEYS, PEER, message, viewing, counter, content, b"n" * 12)
    fields = {
        "id": b64encode(message),
        "envelope": b64encode(envelope),
        "author": b64encode(PEER),
        "sequence": counter,
        "posted_at": SERVER_NOW,
        "expires_at": SERVER_NOW + HOUR,
        "lease_until": SERVER_NOW + 120_000,
        "now": SERVER_NOW,
    }
    return fields, viewing


def message_id(number):
    return number.to_bytes(16, "big")


def read(wire, number, counter=1, **lies):
    """Open the message of this number and give the events that follow."""
    wire.session.open(message_id(number), NOW)
    fields, _ = opened(message_id(number), counter=counter)
    return wire.ok(wire.only(), **fields | lies)


# Taking a seat


def test_a_seat_is_taken_first_and_only_then_a_socket_says_hello(session, wire):
    assert (session.seat.locator, session.seat.token, session.seat.body) == (
        KEYS.locator,
        TOKEN,
        {},
    )
    assert not session.seat.taken
    assert wire.join() == []
    assert session.seat.taken
    hello = wire.greet()
    assert sorted(hello) == ["generation", "locator", "ref", "token", "type"]
    assert (hello["type"], hello["generation"]) == ("hello", 1)
    assert b64decode(hello["locator"]) == KEYS.locator
    assert b64decode(hello["token"]) == TOKEN
    assert wire.welcome(hello) == [Welcome(again=False)]
    assert session.live
    assert set(session.state.members) == {ME, PEER}


def test_members_of_one_name_are_numbered_as_they_joined_and_nobody_moves_up(session, wire):
    third, keys = b"3" * 16, KEYS.content(CHARTER.nonce)
    # A server may list them in any order.
    seats = [(third, "YOU", 3), (PEER, "You", 2), (ME, "Ada", 1)]
    listed = []
    for who_joins, name, when in seats:
        profile = b64encode(seal_profile(keys, who_joins, name, 0, b"n" * 12))
        listed.append(member(who_joins, profile=profile, joined_at=SERVER_NOW + when))
    wire.arrive(members=listed)
    told = [(session.state.number(one), who(session, one)) for one in (ME, PEER, third)]
    assert told == [(1, "\u2039Ada\u203a"), (1, "\u2039You\u203a"), (2, "\u2039YOU · 2\u203a")]
    wire.hear({"type": "left", "member": b64encode(PEER)})
    assert who(session, third) == "\u2039YOU · 2\u203a"


def test_a_later_socket_says_hello_with_the_seat_it_has(session, wire):
    wire.arrive()
    session.disconnected(1006)
    assert not session.live
    hello = wire.greet()
    assert (hello["type"], hello["generation"]) == ("hello", 2)


def test_a_generation_is_above_what_an_earlier_process_or_the_server_knows():
    for kept, told in ((6, 2), (2, 6)):
        wire = Wire(new_session(generation=kept))
        wire.join(generation=told)
        assert wire.greet()["generation"] == 7


def test_a_newer_socket_of_the_same_seat_is_the_end(session, wire):
    wire.join()
    (ended,) = wire.error(wire.greet(), "replaced")
    assert ended.reason == "taken_over"


def test_messages_hold_so_many_frames_and_bytes_in_order(session, wire):
    wire.arrive()
    for number in range(70):
        session.open(message_id(number), NOW)
    for _ in range(3):
        session.post({"type": "text", "text": "x" * 60_000}, NOW)
    messages = session.take_messages()
    assert [len(json.loads(one)) for one in messages] == [32, 32, 7, 1, 1]
    assert all(len(one) <= 98_304 for one in messages)
    refs = [frame["ref"] for one in messages for frame in json.loads(one)]
    assert refs == sorted(refs)


def test_the_first_messages_follow_from_the_seat_and_later_ones_are_drawn():
    for counter in (0, 99, 100):
        wire = Wire(new_session(counter=counter))
        wire.arrive()
        message, frame = post(wire)
        drawn = SEAT.message(counter + 1)
        assert (drawn is None) == (counter == 100)
        assert drawn is None or drawn == (message, viewing_of(frame).viewing)


def test_a_name_travels_sealed_and_is_read_by_others(session):
    named = Wire(new_session(name="Ada"))
    join = named.session.seat.body
    assert "Ada" not in json.dumps(join)
    reader = Wire(session)
    reader.arrive(members=[member(ME), member(ME, profile=join["profile"])])
    assert session.state.name(ME) == "Ada"


def test_an_unreadable_profile_shows_its_member_without_a_name(session, wire):
    other = RoomKeys(b"o" * 32).content(CHARTER.nonce)
    profile = seal_profile(other, PEER, "Mallory", 0, b"n" * 12)
    wire.arrive(members=[member(ME), member(PEER, profile=b64encode(profile))])
    assert session.state.name(PEER) is None
    assert PEER in session.state.members


@pytest.mark.parametrize("field", ["charter", "mac"])
def test_a_charter_that_its_creator_did_not_write_is_refused_before_anything_is_sent(field):
    good = {"charter": CHARTER.encode(), "mac": CHARTER.mac(KEYS.charter_key)}
    damaged = bytes([good[field][0], good[field][1] ^ 1]) + good[field][2:]
    with pytest.raises(Refusal) as refused:
        new_session(**{field: damaged})
    assert refused.value.code == "charter_mac"


def test_another_charter_at_joining_takes_no_further_step(session, wire):
    changed = room(charter=b64encode(b"\1" + CHARTER.encode()[1:-1] + b"\0"))
    (ended,) = wire.join(room=changed)
    assert ended.reason == "charter_changed"
    assert not session.seat.taken
    assert wire.sent() == []


def test_another_charter_inside_the_room_makes_the_client_leave(session, wire):
    wire.arrive()
    changed = room(mac=b64encode(b"x" * 32))
    backlog = {"type": "backlog", "now": SERVER_NOW, "room": changed, "members": [], "notices": []}
    (ended,) = wire.hear(backlog)
    assert ended.reason == "charter_changed"
    assert wire.only()["type"] == "leave"


@pytest.mark.parametrize(
    ("code", "reason"),
    [("room_full", "refused"), ("room_locked", "refused"), ("room_unknown", "room_unknown")],
)
def test_a_refused_join_ends_the_session(session, wire, code, reason):
    session.join_refused(Refusal(code))
    (ended,) = session.take_events()
    assert (ended.reason, ended.refusal.code) == (reason, code)


@pytest.mark.parametrize("code", ["unavailable", "too_many", "internal"])
def test_a_hello_that_a_busy_server_refuses_may_be_tried_again(session, wire, code):
    session.join_refused(Refusal(code))
    assert session.ended is None
    wire.join()
    hello = wire.greet()
    assert not session.hopeless
    assert wire.error(hello, code, retry_after=7) == []
    assert session.hopeless
    session.disconnected(1006)
    assert session.ended is None
    assert session.retry_after == 7
    assert wire.greet()["type"] == "hello"


# Posting and receipts


def post(wire, text="hi", now=NOW):
    written = wire.session.post({"type": "text", "text": text}, now)
    return written.id, wire.only()


def viewing_of(frame):
    """The viewing bytes inside a post, as its reader finds them."""
    from ephemeral.protocol.envelope import open_message

    envelope = b64decode(frame["envelope"])
    return open_message(CONTENT_KEYS, ME, b64decode(frame["id"]), envelope)


def test_a_message_is_sealed_numbered_and_told_as_stored(session, wire):
    wire.arrive()
    first, frame = post(wire, "one")
    assert viewing_of(frame).content == {"type": "text", "text": "one"}
    assert viewing_of(frame).counter == 1
    assert wire.ok(frame, **receipt(first, "stored")) == [Settled(first, "stored")]
    _, frame = post(wire, "two")
    assert viewing_of(frame).counter == 2


def test_what_had_no_answer_is_sent_again_with_the_same_bytes(session, wire):
    wire.arrive()
    message, frame = post(wire)
    session.disconnected(1006)
    wire.arrive()
    again = wire.only()
    assert again | {"ref": 0} == frame | {"ref": 0}
    assert wire.ok(again, **receipt(message, "stored")) == [Settled(message, "stored")]
    session.disconnected(1006)
    wire.arrive(notices=[notice(message, ME)])
    assert wire.sent() == []


def test_what_is_written_offline_is_sent_in_order_once_the_room_answers(session, wire):
    written = [session.post({"type": "text", "text": text}, NOW).id for text in "abc"]
    assert wire.sent() == []
    wire.arrive()
    assert [b64decode(frame["id"]) for frame in wire.sent()] == written


def test_a_message_that_could_not_be_sent_for_twelve_hours_is_given_up(session, wire):
    message = session.post({"type": "text", "text": "old"}, NOW - 12 * HOUR - 1).id
    younger = session.post({"type": "text", "text": "young"}, NOW - 12 * HOUR).id
    wire.join()
    events = wire.welcome(wire.greet())
    assert events == [Welcome(again=False), Settled(message, "given_up")]
    assert b64decode(wire.only()["id"]) == younger


def test_text_that_is_too_long_is_refused_and_not_counted(session, wire):
    wire.arrive()
    with pytest.raises(Refusal) as refused:
        session.post({"type": "text", "text": "x" * 70_000}, NOW)
    assert refused.value.code == "content_size"
    _, frame = post(wire)
    assert viewing_of(frame).counter == 1


def stored(wire):
    message, frame = post(wire)
    wire.ok(frame, **receipt(message, "stored"))
    return message, viewing_of(frame).viewing


def destroyed(message, state, viewing=None, who=PEER):
    return {
        "type": "destroyed",
        "id": b64encode(message),
        "state": state,
        "viewing": viewing and b64encode(viewing),
        "member": who and b64encode(who),
    }


def test_a_receipt_with_the_viewing_bytes_is_believed(wire):
    wire.arrive()
    message, viewing = stored(wire)
    lease = {"type": "opened", "id": b64encode(message), "member": b64encode(PEER)}
    events = wire.hear(lease | {"lease_until": SERVER_NOW})
    assert events == [Settled(message, "opened", PEER)]
    events = wire.hear(destroyed(message, "viewed", viewing))
    assert events == [Settled(message, "viewed", PEER)]


@pytest.mark.parametrize("viewing", [None, b"f" * 32, b"short"])
def test_a_receipt_that_the_server_invented_is_told_as_false(wire, viewing):
    wire.arrive()
    message, _ = stored(wire)
    assert wire.hear(destroyed(message, "viewed", viewing)) == [Settled(message, "false", PEER)]


def test_an_invented_receipt_in_answer_to_status_is_told_as_false(session, wire):
    wire.arrive()
    message, viewing = stored(wire)
    session.disconnected(1006)
    wire.arrive()
    ask = wire.only()
    events = wire.ok(ask, now=SERVER_NOW, receipts=[receipt(message, "viewed", b"f" * 32)])
    assert events == [Settled(message, "false")]
    session.disconnected(1006)
    wire.arrive()
    events = wire.ok(wire.only(), now=SERVER_NOW, receipts=[receipt(message, "viewed", viewing)])
    assert events == [Settled(message, "viewed")]


def test_a_false_receipt_is_not_made_good_by_a_milder_lie(wire):
    wire.arrive()
    message, viewing = stored(wire)
    wire.hear(destroyed(message, "viewed", b"f" * 32))
    assert wire.hear({"type": "stored", "id": b64encode(message)}) == []
    assert wire.hear(destroyed(message, "expired")) == []
    assert wire.hear(destroyed(message, "viewed", viewing)) == [Settled(message, "viewed", PEER)]


@pytest.mark.parametrize("state", ["unconfirmed", "expired"])
def test_other_fates_are_told_and_nothing_comes_after_them(wire, state):
    wire.arrive()
    message, viewing = stored(wire)
    assert wire.hear(destroyed(message, state, who=None)) == [Settled(message, state)]
    assert wire.hear(destroyed(message, "viewed", viewing)) == []


def test_posting_again_after_the_fate_tells_the_fate(session, wire):
    wire.arrive()
    message, frame = post(wire)
    session.disconnected(1006)
    wire.arrive()
    viewing = viewing_of(frame).viewing
    events = wire.ok(wire.only(), **receipt(message, "viewed", viewing))
    assert events == [Settled(message, "viewed")]


def test_an_author_who_was_away_asks_for_the_fates_of_what_no_longer_waits(session, wire):
    wire.arrive()
    messages = [stored(wire)[0] for _ in range(102)]
    session.disconnected(1006)
    wire.arrive(notices=[notice(messages[5], ME)])
    asked = [frame["ids"] for frame in wire.sent()]
    assert [len(ids) for ids in asked] == [100, 1]
    assert b64encode(messages[5]) not in {one for ids in asked for one in ids}


def test_the_end_of_the_room_is_the_fate_of_all_that_waits(session, wire):
    wire.arrive()
    message, _ = stored(wire)
    events = wire.hear({"type": "closed", "reason": "destroyed"})
    assert events == [Settled(message, "room_ended"), Ended("destroyed")]
    session.disconnected(4410)
    assert session.take_events() == []


def test_a_crowded_room_keeps_the_message_until_another_is_gone(session, wire):
    wire.arrive(notices=[notice(message_id(9))])
    message, frame = post(wire)
    (refused,) = wire.error(frame, "room_crowded")
    assert (refused.id, refused.kept) == (message, True)
    assert wire.sent() == []
    wire.hear(destroyed(message_id(9), "expired", who=None))
    assert b64decode(wire.only()["id"]) == message


@pytest.mark.parametrize("code", ["too_many", "unavailable", "internal", "storage_full"])
def test_a_post_that_a_busy_server_refuses_is_sent_again_when_its_time_comes(session, wire, code):
    wire.arrive()
    message, frame = post(wire)
    (refused,) = wire.error(frame, code, retry_after=5)
    assert refused.kept
    assert session.next_tick() == NOW + 5000
    session.tick(NOW + 4999)
    assert wire.sent() == []
    session.tick(NOW + 5000)
    assert b64decode(wire.only()["id"]) == message
    assert session.next_tick() is None


def test_a_post_that_is_refused_for_good_is_not_sent_again(session, wire):
    wire.arrive()
    message, frame = post(wire)
    (refused,) = wire.error(frame, "message_conflict")
    assert refused == Refused("post", message, refused.refusal)
    session.disconnected(1006)
    wire.arrive()
    assert wire.sent() == []
    assert session.outbox[message].state == "refused"


def test_everyone_is_told_who_has_viewed_while_others_are_still_to(wire):
    wire.arrive()
    message, _ = stored(wire)
    event = {"type": "acknowledged", "id": b64encode(message), "member": b64encode(PEER)}
    assert wire.hear(event) == [Viewed(message, PEER)]


# Reading


def test_a_message_is_opened_decrypted_shown_and_acknowledged_with_its_proof(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    assert [one.id for one in session.state.waiting(ME)] == [message_id(1)]
    session.open(message_id(1), NOW)
    fields, viewing = opened(message_id(1), "secret")
    (card,) = wire.ok(wire.only(), **fields)
    assert isinstance(card, Card)
    assert card.content == {"type": "text", "text": "secret"}
    assert (card.author, card.skipped, card.repeated) == (PEER, 0, False)
    assert wire.sent() == []
    session.acknowledge(message_id(1), NOW)
    ack = wire.only()
    assert b64decode(ack["viewing"]) == viewing
    events = wire.ok(ack, id=b64encode(message_id(1)), state="viewed")
    assert events == [Acknowledged(message_id(1), "viewed")]
    assert session.state.waiting(ME) == []
    assert wire.hear(destroyed(message_id(1), "viewed", viewing, ME)) == []


def test_an_acknowledgement_without_an_answer_is_sent_again_over_the_next_socket(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    read(wire, 1)
    session.acknowledge(message_id(1), NOW)
    first = wire.only()
    session.disconnected(1006)
    wire.arrive()
    assert wire.only() | {"ref": 0} == first | {"ref": 0}


def test_an_opening_without_an_answer_is_asked_again(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    session.open(message_id(1), NOW)
    wire.sent()
    session.disconnected(1006)
    wire.arrive()
    assert wire.only()["type"] == "open"


def test_a_message_that_was_not_shown_can_be_released(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    read(wire, 1)
    session.release(message_id(1), NOW)
    frame = wire.only()
    assert frame["type"] == "release"
    released, waiting = wire.ok(frame, id=frame["id"], state="stored", returns=1)
    assert released == Released(message_id(1))
    assert (type(waiting), waiting.notice.id, waiting.notice.holder) == (
        Waiting,
        message_id(1),
        None,
    )
    with pytest.raises(KeyError):
        session.acknowledge(message_id(1), NOW)


@pytest.mark.parametrize(
    "lie",
    [
        {"author": b64encode(THIRD)},
        {"envelope": b64encode(b"\1" + bytes(511))},
        {"envelope": b64encode(b"\1" + bytes(500))},
    ],
    ids=["another author", "another ciphertext", "another size"],
)
def test_an_envelope_that_the_server_tampered_with_is_released_and_never_shown(session, wire, lie):
    wire.arrive(notices=[notice(message_id(1))])
    (event,) = read(wire, 1, **lie)
    assert isinstance(event, Unreadable)
    assert wire.only()["type"] == "release"


def test_an_envelope_of_a_room_made_again_with_the_same_code_does_not_open(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    elder = KEYS.content(b"O" * 32)
    content = {"type": "text", "text": "old"}
    envelope = seal_message(elder, PEER, message_id(1), b"v" * 32, 1, content, b"n" * 12)
    (event,) = read(wire, 1, envelope=b64encode(envelope))
    assert event.refusal.code == "envelope_open"


def test_another_message_than_the_one_asked_for_ends_the_session(session, wire):
    wire.arrive(notices=[notice(message_id(1)), notice(message_id(2))])
    session.open(message_id(1), NOW)
    fields, _ = opened(message_id(2))
    (ended,) = wire.ok(wire.only(), **fields)
    assert ended.reason == "malformed"


def test_a_message_that_is_gone_when_it_is_opened_no_longer_waits(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    session.open(message_id(1), NOW)
    (refused,) = wire.error(wire.only(), "message_gone", state="expired")
    assert (refused.action, refused.refusal.state) == ("open", "expired")
    assert session.state.waiting(ME) == []


def test_what_another_reads_is_withdrawn_and_comes_back_when_its_lease_ends(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    lease = {"type": "opened", "id": b64encode(message_id(1)), "lease_until": SERVER_NOW}
    events = wire.hear(lease | {"member": b64encode(THIRD)})
    assert events == [Withdrawn(message_id(1), "opened", THIRD)]
    assert session.state.waiting(ME) == []
    (event,) = wire.hear({"type": "stored", "id": b64encode(message_id(1))})
    assert isinstance(event, Waiting)
    assert [one.id for one in session.state.waiting(ME)] == [message_id(1)]


def test_what_one_holds_oneself_may_be_opened_again(session, wire):
    mine = {"state": "opened", "holder": b64encode(ME), "lease_until": SERVER_NOW}
    theirs = mine | {"holder": b64encode(THIRD)}
    wire.arrive(notices=[notice(message_id(1), **mine), notice(message_id(2), **theirs)])
    assert [one.id for one in session.state.waiting(ME)] == [message_id(1)]


def test_only_the_audience_may_open_under_everyone(session, wire):
    wire.arrive(
        notices=[
            notice(message_id(1), audience=[b64encode(ME), b64encode(THIRD)]),
            notice(message_id(2), audience=[b64encode(THIRD)]),
            notice(message_id(3), author=ME, audience=[b64encode(PEER)]),
        ]
    )
    assert [one.id for one in session.state.waiting(ME)] == [message_id(1)]
    seen = {"type": "acknowledged", "id": b64encode(message_id(1)), "member": b64encode(ME)}
    assert wire.hear(seen) == []
    assert session.state.waiting(ME) == []
    (event,) = wire.hear({"type": "audience", "id": b64encode(message_id(2)), "audience": None})
    assert (type(event), event.notice.id) == (Waiting, message_id(2))


def test_ones_own_messages_are_never_ones_to_open(session, wire):
    wire.arrive(notices=[notice(message_id(1), ME)])
    assert session.state.waiting(ME) == []
    assert wire.hear({"type": "notice"} | notice(message_id(2), ME)) == []


# Counters and gaps


def test_the_first_message_seen_of_a_member_who_was_there_before_is_no_gap(wire):
    wire.arrive()
    (card,) = read(wire, 1, counter=7)
    assert card.skipped == 0


def test_a_skipped_counter_is_told_as_a_gap(wire):
    wire.arrive()
    read(wire, 1, counter=1)
    (card,) = read(wire, 2, counter=4)
    assert card.skipped == 2


def test_a_member_who_came_later_begins_at_one(wire):
    wire.arrive(members=[member(ME)])
    wire.hear({"type": "joined", "member": member(PEER), "joins": 3})
    (card,) = read(wire, 1, counter=3)
    assert card.skipped == 2


def test_messages_that_still_wait_are_no_gap_and_may_be_read_late(wire):
    wire.arrive(notices=[notice(message_id(2), sequence=2)])
    read(wire, 1, counter=1)
    (card,) = read(wire, 3, counter=3)
    assert (card.skipped, card.repeated) == (0, False)
    (late,) = read(wire, 2, counter=2)
    assert (late.skipped, late.repeated) == (0, False)


def test_a_counter_that_comes_twice_is_told(wire):
    wire.arrive()
    read(wire, 1, counter=1)
    (card,) = read(wire, 2, counter=1)
    assert card.repeated


def test_opening_the_same_message_again_is_no_repetition(wire):
    wire.arrive()
    read(wire, 1, counter=1)
    (card,) = read(wire, 1, counter=1)
    assert not card.repeated


def test_an_author_who_skips_wildly_costs_the_reader_nothing(session, wire):
    wire.arrive()
    for number in range(1, 200):
        read(wire, number, counter=number * 2**40)
    (card,) = read(wire, 999, counter=2**53 - 1)
    assert card.skipped > 0
    assert len(session.counters._authors[PEER].missing) <= 64


def test_counters_outlive_the_process(session, wire):
    wire.arrive()
    read(wire, 1, counter=5)
    later = Wire(new_session(counters=session.counters.highest(), counter=3))
    later.arrive()
    (card,) = read(later, 2, counter=8)
    assert card.skipped == 2
    _, frame = post(later)
    assert viewing_of(frame).counter == 4


# The room and its members


def test_the_complete_state_replaces_what_was_known(session, wire):
    wire.arrive(notices=[notice(message_id(1)), notice(message_id(2))])
    backlog = {
        "type": "backlog",
        "now": SERVER_NOW + 5000,
        "room": room(now=SERVER_NOW + 5000, locked=True),
        "members": [member(ME)],
        "notices": [notice(message_id(3))],
    }
    assert wire.hear(backlog) == [Welcome(again=True)]
    assert set(session.state.notices) == {message_id(3)}
    assert set(session.state.members) == {ME}
    assert session.state.room.locked
    assert session.skew == SERVER_NOW + 5000 - NOW


def test_members_come_go_and_are_counted(session, wire):
    wire.arrive(members=[member(ME)])
    joined = {"type": "joined", "member": member(PEER), "joins": 3}
    assert wire.hear(joined) == [Joined(PEER, 3)]
    presence = {"type": "presence", "member": b64encode(PEER), "present": False}
    assert wire.hear(presence, presence) == [Present(PEER, present=False)]
    assert wire.hear({"type": "left", "member": b64encode(PEER)}) == [Left(PEER)]
    assert (session.state.room.joins, session.state.room.seats_taken) == (3, 1)


def test_typing_ends_by_itself_after_six_seconds(session, wire):
    wire.arrive()
    typing = {"type": "typing", "member": b64encode(PEER), "typing": True}
    assert wire.hear(typing) == [Typing(PEER, typing=True)]
    assert wire.hear(typing, now=NOW + 3000) == []
    session.tick(NOW + 8999)
    assert session.take_events() == []
    assert session.next_tick() == NOW + 9000
    session.tick(NOW + 9000)
    assert session.take_events() == [Typing(PEER, typing=False)]


def test_a_message_ends_its_authors_typing(wire):
    wire.arrive()
    wire.hear({"type": "typing", "member": b64encode(PEER), "typing": True})
    events = wire.hear({"type": "notice"} | notice(message_id(1)))
    assert events[0] == Typing(PEER, typing=False)


def test_ones_own_typing_is_sent_at_most_every_three_seconds(session, wire):
    wire.arrive()
    for elapsed in (0, 1, 2999, 3000, 5999):
        session.type(True, NOW + elapsed)
    session.type(False, NOW + 6000)
    session.type(False, NOW + 6001)
    frames = wire.sent()
    assert [frame["typing"] for frame in frames] == [True, True, False]
    assert all("ref" not in frame for frame in frames)


def test_typing_without_a_socket_is_not_kept_for_later(session, wire):
    session.type(True, NOW)
    wire.arrive()
    assert wire.sent() == []


def test_locking_is_asked_and_told(session, wire):
    wire.arrive()
    session.lock(True, NOW)
    frame = wire.only()
    assert (frame["type"], frame["locked"]) == ("lock", True)
    assert wire.ok(frame, **room(locked=True)) == [Locked(True)]
    assert wire.hear({"type": "locked", "locked": True}) == [Locked(True)]
    assert session.state.room.locked


def test_leaving_ends_the_session(session, wire):
    wire.arrive()
    session.leave(NOW)
    assert wire.ok(wire.only()) == [Ended("left")]
    session.disconnected(1000)
    assert session.take_events() == []


def test_leaving_is_done_when_the_socket_closes_before_its_answer(session, wire):
    wire.arrive()
    session.leave(NOW)
    session.disconnected(1000)
    assert session.take_events() == [Ended("left")]


def test_a_plain_close_that_was_not_asked_for_is_no_end(session, wire):
    wire.arrive()
    session.disconnected(1000)
    assert session.ended is None


# Ends of sockets


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 4408, 4413, 4429])
def test_these_closes_are_reconnected(session, wire, code):
    wire.arrive()
    session.disconnected(code)
    assert session.ended is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1009, "malformed"),
        (4400, "malformed"),
        (4401, "seat_lost"),
        (4404, "room_unknown"),
        (4409, "taken_over"),
        (4410, "room_unknown"),
    ],
)
def test_these_closes_are_final(session, wire, code, reason):
    wire.arrive()
    session.disconnected(code)
    assert session.ended.reason == reason


def test_the_frame_before_a_close_says_why(session, wire):
    wire.arrive()
    error = {"code": "seat_unknown", "message": "x", "retry_after": None}
    assert wire.hear({"type": "error", "ref": None, "error": error}) == []
    session.disconnected(4401)
    assert session.ended.refusal.code == "seat_unknown"


def test_a_server_that_asks_for_patience_is_heard(session, wire):
    wire.arrive()
    error = {"code": "too_many", "message": "x", "retry_after": 9}
    wire.hear({"type": "error", "ref": None, "error": error})
    session.disconnected(4429)
    assert session.retry_after == 9


# A hostile server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '[{"type": 1}]',
        "[[]]",
        '[{"type": "notice"}]',
        '[{"type": "closed"}]',
        '[{"type": "backlog"}]',
        '[{"type": "error", "ref": null}]',
        '[{"type": "opened", "id": "AAAA", "member": "AAAA", "lease_until": 1}]',
        '[{"type": "left", "member": null}]',
        '[{"type": "presence", "member": "AAAAAAAAAAAAAAAAAAAAAA", "present": 1}]',
        "[" * 10_000,
        b"\xff",
    ],
)
def test_a_malformed_message_ends_the_session_and_raises_nothing(session, wire, text):
    wire.arrive()
    session.received(text, NOW)
    (ended,) = session.take_events()
    assert (ended.reason, ended.refusal.code) == ("malformed", "malformed")
    session.received(text, NOW)
    assert session.take_events() == []


FULL_ROOM = [member(ME), *(member(message_id(number)) for number in range(49))]
WAITING = [notice(message_id(number)) for number in range(500)]


def test_the_state_of_a_full_room_is_believed(session, wire):
    assert Welcome(again=False) in wire.arrive(members=FULL_ROOM, notices=WAITING)
    assert (len(session.state.members), len(session.state.notices)) == (50, 500)


@pytest.mark.parametrize(
    "state",
    [
        {"members": [*FULL_ROOM, member(message_id(49))]},
        {"notices": [*WAITING, notice(message_id(500))]},
        {
            "notices": [
                notice(message_id(1), audience=[b64encode(message_id(n)) for n in range(51)])
            ]
        },
    ],
    ids=["members", "notices", "audience"],
)
def test_a_state_of_more_than_there_can_be_ends_the_session(session, wire, state):
    (ended,) = wire.arrive(**state)
    assert ended.reason == "malformed"


@pytest.mark.parametrize("kind", ["notice", "joined"])
def test_events_without_end_end_the_session(session, wire, kind):
    wire.arrive()
    for number in range(2000):
        event = notice(message_id(number))
        if kind == "joined":
            event = {"member": member(message_id(number)), "joins": number}
        wire.hear({"type": kind} | event)
    assert session.ended.reason == "malformed"
    assert len(session.state.members) <= 101
    assert len(session.state.notices) <= 1001


def test_events_that_overtake_each_other_in_a_full_room_are_no_lie(session, wire):
    wire.arrive(members=FULL_ROOM, notices=WAITING)
    gone = {"type": "destroyed", "state": "expired", "viewing": None, "member": None}
    for number in range(500, 700):
        wire.hear(
            {"type": "notice"} | notice(message_id(number)),
            gone | {"id": b64encode(message_id(number - 500))},
        )
    assert session.ended is None


def test_unknown_frames_and_keys_are_ignored(session, wire):
    wire.arrive()
    assert wire.hear({"type": "confetti", "x": 1}, {"type": "locked", "locked": True, "y": 2}) == [
        Locked(True)
    ]


def test_answers_that_nobody_asked_for_are_ignored(session, wire):
    wire.arrive()
    assert wire.hear({"type": "ok", "ref": 99, "state": "viewed"}, {"type": "ok", "ref": "1"}) == []


def test_a_welcome_for_another_member_is_refused(session, wire):
    wire.join()
    (ended,) = wire.welcome(wire.greet(), member=b64encode(PEER))
    assert ended.reason == "malformed"


def test_nothing_that_a_server_says_in_an_error_is_repeated(session, wire):
    wire.join()
    (ended,) = wire.error(wire.greet(), "room_full", message="\x1b]0;pwned\x07")
    assert "pwned" not in ended.refusal.message
    wire = Wire(new_session())
    wire.join()
    (ended,) = wire.error(wire.greet(), "\x1b[2J", message="pwned")
    assert (ended.reason, ended.refusal.code) == ("malformed", "malformed")


def test_no_secret_is_in_a_representation(session, wire):
    wire.arrive()
    message, _ = post(wire, "plaintext")
    shown = repr([session, session.outbox[message], session.charter, session.state])
    assert "plaintext" not in shown
    assert b64encode(TOKEN) not in shown
    assert repr(TOKEN) not in shown
