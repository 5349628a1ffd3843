"""What a lying server could gain over the pure client session: each attack, and what it meets."""

import hashlib
import json

import pytest
from test_session import (
    CONTENT_KEYS,
    HOUR,
    ME,
    NOW,
    PEER,
    SERVER_NOW,
    THIRD,
    Wire,
    member,
    message_id,
    new_session,
    notice,
    opened,
    read,
    room,
)

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.envelope import open_message
from ephemeral.protocol.profile import seal_profile
from ephemeral.protocol.session_events import Card, Ended, Settled, Unreadable


@pytest.fixture
def session():
    return new_session()


@pytest.fixture
def wire(session):
    return Wire(session)


def someone(number):
    return hashlib.sha256(number.to_bytes(4, "big")).digest()[:16]


# Whose message it is


@pytest.mark.parametrize("known", [True, False], ids=["with a notice", "its notice withdrawn"])
def test_ones_own_message_brought_back_as_anothers_is_not_opened_and_gives_no_proof(
    session, wire, known
):
    """Its reader would acknowledge it, and so prove to its author that it was viewed."""
    wire.arrive()
    written = session.post({"type": "text", "text": "for Anna"}, NOW)
    wire.ok(wire.only(), id=b64encode(written.id), state="stored", viewing=None, audience=None)
    wire.hear({"type": "notice"} | notice(written.id, PEER))
    session.open(written.id, NOW)
    asked = wire.only()
    if not known:
        session.state.notices.clear()
    fields, _ = opened(written.id)
    fields |= {"author": b64encode(ME), "envelope": b64encode(written.envelope)}
    (event,) = wire.ok(asked, **fields)
    assert (type(event), event.refusal.code) == (Unreadable, "envelope_open")
    assert wire.only()["type"] == "release"
    with pytest.raises(KeyError):
        session.acknowledge(written.id, NOW)


def test_a_message_of_another_author_than_its_notice_named_is_given_back(session, wire):
    wire.arrive(notices=[notice(message_id(1), THIRD)])
    (event,) = read(wire, 1)
    assert (type(event), event.refusal.code) == (Unreadable, "envelope_open")
    assert "another author" in event.refusal.message
    assert wire.only()["type"] == "release"


# What was there before


def test_a_message_that_comes_again_after_it_was_acknowledged_is_told(session, wire):
    wire.arrive()
    read(wire, 1)
    session.acknowledge(message_id(1), NOW)
    wire.ok(wire.only(), id=b64encode(message_id(1)), state="viewed")
    (again,) = read(wire, 1)
    assert again.repeated


def test_a_message_that_was_given_back_and_comes_again_is_no_repetition(session, wire):
    wire.arrive()
    read(wire, 1)
    session.release(message_id(1), NOW)
    wire.ok(wire.only(), id=b64encode(message_id(1)), state="stored")
    (again,) = read(wire, 1)
    assert not again.repeated


def test_what_is_read_late_of_an_author_who_was_there_first_is_no_repetition(wire):
    wire.arrive()
    read(wire, 3, counter=3)
    (late,) = read(wire, 1, counter=1)
    assert not late.repeated
    (twice,) = read(wire, 4, counter=1)
    assert twice.repeated


def test_the_last_counter_of_an_earlier_process_comes_only_once():
    later = Wire(new_session(counters={PEER: 5}))
    later.arrive()
    (card,) = read(later, 2, counter=4)
    assert not card.repeated
    (card,) = read(later, 3, counter=5)
    assert card.repeated


# Junk, and numbers that can't be

HIGHEST = 2**53 - 1
JUNK = [
    None, True, -1, 0, 1.5, HIGHEST, HIGHEST + 1, "", "\x1b[2J", "A" * 43, "A" * 100_000, [], [[]],
    {}, {"__proto__": 1}, "\u202e", "AAAA",
]  # fmt: skip


def said(kind):
    """What a server says of this kind, in its place: a function that says it with changes."""
    session = new_session()
    wire = Wire(session)
    wire.join()
    hello = wire.greet()
    if kind == "welcome":
        state = {"room": room(), "members": [member(ME)], "notices": [notice(message_id(1))]}
        return wire, hello, {"now": SERVER_NOW, "member": b64encode(ME)} | state
    wire.welcome(hello)
    if kind == "posting":
        session.post({"type": "text", "text": "hello"}, NOW)
        return wire, wire.only(), {"id": b64encode(message_id(1)), "state": "viewed"} | times()
    if kind == "opening":
        session.open(message_id(1), NOW)
        return wire, wire.only(), opened(message_id(1))[0]
    return wire, None, notice(message_id(1))


def times():
    return {"sequence": 1, "posted_at": 1, "expires_at": 1, "viewing": None, "audience": None}


@pytest.mark.parametrize("kind", ["welcome", "posting", "opening", "notice"])
def test_any_value_in_any_field_is_taken_or_is_the_end_and_raises_nothing(kind):
    _, _, fields = said(kind)
    for name in fields:
        for junk in JUNK:
            wire, asked, fields = said(kind)
            head = {"type": kind} if asked is None else {"type": "ok", "ref": asked["ref"]}
            if kind == "welcome":
                head["type"] = kind
            events = wire.hear(head | fields | {name: junk})
            ended = wire.session.ended
            assert ended is None or ended.reason in {"malformed", "charter_changed"}, (name, junk)
            assert not any(isinstance(one, Card) for one in events) or kind == "opening"
            wire.session.tick(NOW + HOUR)
            wire.sent()


@pytest.mark.parametrize("number", [0, HIGHEST])
def test_lying_clocks_and_counts_keep_nobody_from_reading(session, wire, number):
    lies = dict.fromkeys(("posted_at", "expires_at", "sequence"), number)
    wire.arrive(now=number, notices=[notice(message_id(1), **lies)])
    (card,) = read(wire, 1, now=number, lease_until=number, **lies)
    assert type(card) is Card


@pytest.mark.parametrize("viewing", [None, "", "AAAA", "A" * 43])
def test_a_view_that_is_invented_in_the_answer_to_a_post_is_told_as_false(session, wire, viewing):
    wire.arrive()
    written = session.post({"type": "text", "text": "really?"}, NOW)
    lie = {"id": b64encode(written.id), "state": "viewed", "viewing": viewing}
    assert wire.ok(wire.only(), **times() | lie) == [Settled(written.id, "false")]


def test_every_code_that_closes_a_socket_is_one_to_come_back_from_or_an_end():
    ends = {"malformed", "seat_lost", "room_unknown", "taken_over", "left"}
    for code in (*range(1000, 1016), *range(3000, 5000, 11), *range(4400, 4430)):
        session = new_session()
        Wire(session).arrive()
        session.disconnected(code)
        assert session.ended is None or session.ended.reason in ends, code


# Without end


def test_joins_and_leaves_without_end_leave_only_the_latest_names_and_counters(session, wire):
    wire.arrive(notices=[notice(message_id(1), someone(0))])
    for number in range(1000):
        who = someone(number)
        profile = seal_profile(CONTENT_KEYS, who, f"n{number}", 0, who[:12])
        newcomer = member(who, profile=b64encode(profile))
        wire.hear({"type": "joined", "member": newcomer, "joins": number})
        wire.hear({"type": "left", "member": b64encode(who)})
    assert len(session.state._profiles) <= 250
    assert len(session.counters._authors) <= 250
    assert session.state.name(someone(999)) == "n999"
    assert session.state.name(someone(1)) is None
    # Its message still waits.
    assert session.state.name(someone(0)) == "n0"


def test_complete_states_without_end_leave_only_the_latest_counters(session, wire):
    wire.arrive()
    for number in range(0, 2000, 40):
        members = [member(ME), *(member(someone(number + k)) for k in range(40))]
        state = {"now": SERVER_NOW, "room": room(), "members": members, "notices": []}
        wire.hear({"type": "backlog"} | state)
    assert session.ended is None
    assert len(session.counters._authors) <= 300


def test_complete_states_without_end_are_asked_once_what_became_of_a_message(session, wire):
    wire.arrive()
    written = session.post({"type": "text", "text": "gone?"}, NOW)
    wire.ok(wire.only(), id=b64encode(written.id), state="stored", viewing=None, audience=None)
    for _ in range(100):
        wire.hear(
            {"type": "backlog", "now": SERVER_NOW, "room": room(), "members": [], "notices": []}
        )
    asked = wire.only()
    assert (asked["type"], asked["ids"]) == ("status", [b64encode(written.id)])
    receipt = {
        "id": b64encode(written.id), "state": "expired", "sequence": None, "posted_at": None,
        "expires_at": None, "viewing": None, "audience": None,
    }  # fmt: skip
    assert wire.ok(asked, now=SERVER_NOW, receipts=[receipt]) == [Settled(written.id, "expired")]


def test_notices_without_end_are_the_end(session, wire):
    wire.arrive()
    for number in range(2000):
        wire.hear({"type": "notice"} | notice(message_id(number), sequence=number))
    assert (session.ended.reason, len(session.state.notices)) == ("malformed", 1001)


# Nonces


def test_every_message_has_a_nonce_an_id_and_a_proof_of_its_own(session, wire):
    wire.arrive()
    content = {"type": "text", "text": "the same"}
    written = [session.post(dict(content), NOW) for _ in range(200)]
    assert len({one.envelope[1:13] for one in written}) == 200
    assert len({one.id for one in written}) == 200
    said = [open_message(CONTENT_KEYS, ME, one.id, one.envelope) for one in written]
    assert len({one.viewing for one in said}) == 200


def test_what_is_sent_again_are_the_same_bytes(session, wire):
    """Another text, or the same sealed anew, under the nonce or id of the first is never sent."""
    wire.arrive()
    session.post({"type": "text", "text": "once"}, NOW)
    first = wire.only()
    for _ in range(3):
        session.disconnected(1006)
        wire.arrive()
        again = wire.only()
        assert {**again, "ref": 0} == {**first, "ref": 0}
    wire.error(again, "room_crowded")
    session.tick(NOW + HOUR)
    assert {**wire.only(), "ref": 0} == {**first, "ref": 0}


def test_no_frame_that_a_server_sends_makes_a_client_seal(session, wire):
    """Nonces are spent by people who write, never at a server's wish."""
    wire.arrive()
    written = session.post({"type": "text", "text": "hello"}, NOW)
    wire.error(wire.only(), "message_conflict")
    sent = json.dumps(wire.sent())
    assert "envelope" not in sent
    assert written.envelope == b""
    assert session.outbox.counter == 1


# The end of a session


@pytest.mark.parametrize("field", ["member", "charter", "mac"])
def test_a_welcome_to_another_member_or_room_is_the_end(session, wire, field):
    wire.join()
    hello = wire.greet()
    if field == "member":
        (event,) = wire.welcome(hello, member=b64encode(PEER))
    else:
        shown = room()
        shown[field] = b64encode(bytes(len(b64decode(shown[field]))))
        (event,) = wire.welcome(hello, room=shown)
    assert type(event) is Ended
    assert event.reason in {"malformed", "charter_changed"}
    assert not session.live


def test_a_welcome_that_is_played_again_over_a_later_socket_is_no_answer_there(session, wire):
    wire.arrive(notices=[notice(message_id(1))])
    replayed = {
        "type": "welcome", "ref": 1, "now": SERVER_NOW, "room": room(), "member": b64encode(ME),
        "members": [member(ME), member(PEER)], "notices": [notice(message_id(1))],
    }  # fmt: skip
    session.disconnected(1006)
    session.connected()
    assert wire.hear(replayed) == []
    assert not session.live


def test_a_card_is_shown_only_for_what_was_asked(session, wire):
    wire.arrive()
    fields, _ = opened(message_id(1))
    assert not [one for one in wire.hear({"type": "ok", "ref": 77} | fields) if type(one) is Card]
    session.open(message_id(2), NOW)
    (event,) = wire.ok(wire.only(), **fields)
    assert (type(event), event.reason) == (Ended, "malformed")
