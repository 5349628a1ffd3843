"""What rooms answer and tell: answers of both ways in, and events (docs/protocol.md, 9 to 11).

An answer on the socket is the answer over HTTP with `type` and `ref` in front. Every function
returns finished JSON: it is encoded once, however many read it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ephemeral.edge.operations import Created
from ephemeral.protocol.encoding import b64, b64encode
from ephemeral.rooms.api import objects
from ephemeral.rooms.api.converters import converter
from ephemeral.rooms.rules import room as nouns
from ephemeral.rooms.rules.attachments import Attachment
from ephemeral.rooms.service.snapshots import Joined

__all__ = [
    "Outcome",
    "attachment",
    "backlog",
    "event",
    "joined",
    "notice_list",
    "notices",
    "outcome",
    "receipts",
    "resumed",
    "room",
    "room_with_members",
    "state",
    "welcome",
]

Outcome = nouns.Receipt | nouns.Opened | nouns.Acknowledged | nouns.Released | nouns.Withdrawn

_encode = msgspec.json.Encoder().encode
_room = converter(objects.RoomObject)
_member = converter(objects.MemberObject)
_notice = converter(objects.NoticeObject)
_receipt = converter(objects.ReceiptObject)
_destroyed = converter(objects.DestroyedEvent)
_released = converter(objects.ReleasedObject)
_withdrawn = converter(objects.WithdrawnObject)

# What is said with every message is put together by hand: half the cost of an object.


def _plain_receipt(receipt: nouns.Receipt) -> bytes:
    said = _said(receipt)
    return Created(said) if receipt.fresh else said


def _said(receipt: nouns.Receipt) -> bytes:
    sequence, posted_at, expires_at = receipt.sequence, receipt.posted_at, receipt.expires_at
    if (
        not receipt.fresh
        or receipt.audience is not None
        or sequence is None
        or posted_at is None
        or expires_at is None
    ):
        return _encode(_receipt(receipt))
    return (
        b'{"id":"%b","state":"stored","sequence":%d,"posted_at":%d,"expires_at":%d,"viewing":null,'
        b'"opened":0,"returns":0,"audience":null,"reader":null,"ended_at":null}'
    ) % (b64(receipt.id), sequence, posted_at, expires_at)


def _opened(opened: nouns.Opened) -> bytes:
    return (
        b'{"id":"%b","envelope":"%b","author":"%b","sequence":%d,"posted_at":%d,"expires_at":%d,'
        b'"lease_until":%d,"now":%d}'
    ) % (
        b64(opened.id),
        b64(opened.envelope),
        b64(opened.author),
        opened.sequence,
        opened.posted_at,
        opened.expires_at,
        opened.lease_until,
        opened.now,
    )


def _acknowledged(answer: nouns.Acknowledged) -> bytes:
    return b'{"id":"%b","state":"%b"}' % (b64(answer.id), answer.state.encode())


_OUTCOMES: Mapping[type, Callable[[Any], bytes]] = {
    nouns.Receipt: _plain_receipt,
    nouns.Opened: _opened,
    nouns.Acknowledged: _acknowledged,
    nouns.Released: lambda answer: _encode(_released(answer)),
    nouns.Withdrawn: lambda answer: _encode(_withdrawn(answer)),
}


def room(view: nouns.RoomView) -> bytes:
    """A `room` object."""
    return _encode(_room(view))


def room_with_members(view: nouns.RoomView, members: Sequence[nouns.MemberView]) -> bytes:
    """A `room` object that also has `members`."""
    listed = _encode([_member(one) for one in members])
    return b'%b,"members":%b}' % (room(view)[:-1], listed)


def state(snapshot: nouns.Snapshot) -> bytes:
    """The complete present state."""
    listed = _encode([_member(one) for one in snapshot.members])
    return b'{"now":%d,"room":%b,"members":%b,"notices":%b}' % (
        snapshot.now,
        room(snapshot.room),
        listed,
        snapshot.notices,
    )


def joined(joined: Joined) -> bytes:
    """The complete present state, and the highest generation of one's seat."""
    now = b'{"now":%d,' % joined.snapshot.now
    rest = state(joined.snapshot)[len(now) :]
    return b'%b"generation":%d,%b' % (now, joined.generation, rest)


def resumed(key: bytes, generation: int) -> bytes:
    """The server's half of a resume secret, and the highest generation of the seat."""
    return _encode(objects.ResumeAnswer(b64encode(key), generation))


def notice_list(waiting: Sequence[nouns.Notice]) -> bytes:
    """Messages that wait, as all answers have them."""
    return _encode([_notice(one) for one in waiting])


def notices(now: int, listed: bytes) -> bytes:
    """Every message that waits, as `notice_list` says it."""
    return b'{"now":%d,"notices":%b}' % (now, listed)


def receipts(now: int, found: Sequence[nouns.Receipt]) -> bytes:
    """What became of messages."""
    return _encode(objects.StatusAnswer(now=now, receipts=[_receipt(one) for one in found]))


def outcome(result: Outcome) -> bytes:
    """The answer to what a member does to a message."""
    return _OUTCOMES[type(result)](result)


def attachment(reserved: Attachment) -> bytes:
    """An attachment that is being sent."""
    return _encode(
        objects.AttachmentObject(
            b64encode(reserved.id), reserved.padded, reserved.chunks, list(reserved.numbers)
        )
    )


# --- frames (11.4, 11.6) --------------------------------------------------------------------------


def welcome(ref: int, member: bytes, snapshot: nouns.Snapshot) -> bytes:
    """The answer to `hello`."""
    return b'{"type":"welcome","ref":%d,"member":"%b",%b' % (
        ref,
        b64encode(member).encode(),
        state(snapshot)[1:],
    )


def backlog(snapshot: nouns.Snapshot) -> bytes:
    """The event that replaces everything a client knew of the room."""
    return b'{"type":"backlog",%b' % state(snapshot)[1:]


def _notice_event(event: nouns.NoticeEvent) -> bytes:
    notice = event.notice
    if notice.state != "stored" or notice.audience is not None or notice.attachment is not None:
        return b'{"type":"notice",%b' % _encode(_notice(notice))[1:]
    return (
        b'{"type":"notice","id":"%b","sequence":%d,"author":"%b","size":%d,"posted_at":%d,'
        b'"expires_at":%d,"state":"stored","holder":null,"lease_until":null,"audience":null,'
        b'"opened":%d,"returns":%d,"attachment":null}'
    ) % (
        b64(notice.id),
        notice.sequence,
        b64(notice.author),
        notice.size,
        notice.posted_at,
        notice.expires_at,
        notice.opened,
        notice.returns,
    )


def _opened_event(event: nouns.OpenedEvent) -> bytes:
    return b'{"type":"opened","id":"%b","member":"%b","lease_until":%d}' % (
        b64(event.id),
        b64(event.member),
        event.lease_until,
    )


def _destroyed_event(event: nouns.DestroyedEvent) -> bytes:
    if event.viewing is None or event.member is None:
        return _encode(_destroyed(event))
    return (
        b'{"type":"destroyed","id":"%b","state":"%b","viewing":"%b","member":"%b","opened":%d,'
        b'"ended_at":%d}'
    ) % (
        b64(event.id),
        event.state.encode(),
        b64(event.viewing),
        b64(event.member),
        event.opened,
        event.ended_at,
    )


_OFTEN: Mapping[type, Callable[[Any], bytes]] = {
    nouns.NoticeEvent: _notice_event,
    nouns.OpenedEvent: _opened_event,
    nouns.DestroyedEvent: _destroyed_event,
}

_EVENTS: Mapping[type, Callable[[Any], Struct]] = {
    nouns.StoredEvent: converter(objects.StoredEvent),
    nouns.AcknowledgedEvent: converter(objects.AcknowledgedEvent),
    nouns.AudienceEvent: converter(objects.AudienceEvent),
    nouns.JoinedEvent: converter(objects.JoinedEvent),
    nouns.LeftEvent: converter(objects.LeftEvent),
    nouns.PresenceEvent: converter(objects.PresenceEvent),
    nouns.TypingEvent: converter(objects.TypingEvent),
    nouns.LockedEvent: converter(objects.LockedEvent),
    nouns.ClosedEvent: converter(objects.ClosedEvent),
}


def event(event: nouns.Event) -> bytes:
    """An event's frame."""
    often = _OFTEN.get(type(event))
    if often is not None:
        return often(event)
    return _encode(_EVENTS[type(event)](event))
