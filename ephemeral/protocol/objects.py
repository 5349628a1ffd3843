"""The objects of docs/protocol.md, section 9, as a client reads them.

A server is not believed: whatever has not the form that the protocol gives it is refused as
`malformed`, and unknown keys are ignored (1.5). Ids are 16 bytes, times milliseconds since
1970-01-01 UTC by the server's clock.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ephemeral.protocol import encoding
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import INTEGER_MAX, SEATS

__all__ = [
    "Json",
    "Member",
    "Notice",
    "OpenedMessage",
    "Receipt",
    "Room",
    "read_audience",
    "read_boolean",
    "read_bytes",
    "read_id",
    "read_integer",
    "read_list",
    "read_member",
    "read_notice",
    "read_object",
    "read_opened",
    "read_receipt",
    "read_refusal",
    "read_room",
    "read_text",
]

#: A JSON object as `encoding.parse_json` gives it.
Json = Mapping[str, object]
_CODE = re.compile(r"[a-z][a-z_]{0,39}")
_DAY = 86_400


class Room(NamedTuple):
    """What the server says of a room. The charter is not yet verified."""

    now: int
    charter: bytes
    mac: bytes
    locked: bool
    joins: int
    seats_taken: int
    created_at: int
    expires_at: int


class Member(NamedTuple):
    """A seat. `profile` is its envelope; `present` is true while the member has a socket."""

    member: bytes
    profile: bytes | None
    joined_at: int
    seen_at: int
    present: bool


class Notice(NamedTuple):
    """A message that waits. `audience`: who has yet to view it; None under first view.

    `attachment`: the padded size of what is attached; None: nothing is.
    """

    id: bytes
    sequence: int
    author: bytes
    size: int
    posted_at: int
    expires_at: int
    state: str
    holder: bytes | None
    lease_until: int | None
    audience: frozenset[bytes] | None
    attachment: int | None = None


class Receipt(NamedTuple):
    """What became of a message that one has written. `viewing` proves that it was viewed.

    `audience`: who has yet to view it; None under first view, and once it is destroyed.
    """

    id: bytes
    state: str
    viewing: bytes | None
    audience: frozenset[bytes] | None


class OpenedMessage(NamedTuple):
    """A message under one's lease, still encrypted."""

    id: bytes
    envelope: bytes
    author: bytes
    sequence: int
    posted_at: int
    expires_at: int
    lease_until: int
    now: int


def _field(obj: Json, key: str) -> object:
    if key not in obj:
        raise Refusal("malformed", f"The server's answer has no {key}.")
    return obj[key]


def _wrong(key: str) -> Refusal:
    return Refusal("malformed", f"The server's answer has a {key} of the wrong form.")


def read_text(obj: Json, key: str) -> str:
    """A string."""
    value = _field(obj, key)
    if not isinstance(value, str):
        raise _wrong(key)
    return value


def read_bytes(obj: Json, key: str, length: int | None = None) -> bytes:
    """Base64url of exactly `length` bytes, or of any number where that is None."""
    try:
        return b64decode(read_text(obj, key), length)
    except Refusal:
        raise _wrong(key) from None


def read_id(obj: Json, key: str = "id") -> bytes:
    """The id of a member or a message."""
    return read_bytes(obj, key, 16)


def read_integer(obj: Json, key: str) -> int:
    """An integer from 0 to 2^53 - 1; `true` is none."""
    try:
        return encoding.read_integer(_field(obj, key))
    except Refusal:
        raise _wrong(key) from None


def read_boolean(obj: Json, key: str) -> bool:
    """True or false."""
    value = _field(obj, key)
    if not isinstance(value, bool):
        raise _wrong(key)
    return value


def read_object(obj: Json, key: str) -> Json:
    """A JSON object."""
    value = _field(obj, key)
    if not isinstance(value, dict):
        raise _wrong(key)
    return value


def read_list(obj: Json, key: str) -> list[object]:
    """A JSON array."""
    value = _field(obj, key)
    if not isinstance(value, list):
        raise _wrong(key)
    return value


def _is_null(obj: Json, key: str) -> bool:
    return _field(obj, key) is None


def _as_object(value: object, kind: str) -> Json:
    if not isinstance(value, dict):
        raise _wrong(kind)
    return value


def read_room(value: object) -> Room:
    """The `room` object."""
    obj = _as_object(value, "room")
    return Room(
        now=read_integer(obj, "now"),
        charter=read_bytes(obj, "charter"),
        mac=read_bytes(obj, "mac"),
        locked=read_boolean(obj, "locked"),
        joins=read_integer(obj, "joins"),
        seats_taken=read_integer(obj, "seats_taken"),
        created_at=read_integer(obj, "created_at"),
        expires_at=read_integer(obj, "expires_at"),
    )


def read_member(value: object) -> Member:
    """The `member` object."""
    obj = _as_object(value, "member")
    return Member(
        member=read_id(obj, "member"),
        profile=None if _is_null(obj, "profile") else read_bytes(obj, "profile"),
        joined_at=read_integer(obj, "joined_at"),
        seen_at=read_integer(obj, "seen_at"),
        present=read_boolean(obj, "present"),
    )


def read_audience(obj: Json) -> frozenset[bytes] | None:
    """The member ids under `audience`, or None for null."""
    if _is_null(obj, "audience"):
        return None
    audience = read_list(obj, "audience")
    refuse(len(audience) > SEATS[1], "malformed")
    return frozenset(read_id({"audience": one}, "audience") for one in audience)


def read_notice(value: object) -> Notice:
    """The `notice` object."""
    obj = _as_object(value, "notice")
    state = read_text(obj, "state")
    if state not in {"stored", "opened"}:
        raise _wrong("state")
    return Notice(
        id=read_id(obj),
        sequence=read_integer(obj, "sequence"),
        author=read_id(obj, "author"),
        size=read_integer(obj, "size"),
        posted_at=read_integer(obj, "posted_at"),
        expires_at=read_integer(obj, "expires_at"),
        state=state,
        holder=None if _is_null(obj, "holder") else read_id(obj, "holder"),
        lease_until=None if _is_null(obj, "lease_until") else read_integer(obj, "lease_until"),
        audience=read_audience(obj),
        # Servers of before say nothing of attachments.
        attachment=None if obj.get("attachment") is None else read_integer(obj, "attachment"),
    )


def read_receipt(value: object) -> Receipt:
    """The `receipt` object, as far as a client needs it."""
    obj = _as_object(value, "receipt")
    return Receipt(
        id=read_id(obj),
        state=read_text(obj, "state"),
        viewing=None if _is_null(obj, "viewing") else read_bytes(obj, "viewing"),
        audience=read_audience(obj),
    )


def read_opened(value: object) -> OpenedMessage:
    """The `opened` object."""
    obj = _as_object(value, "opened")
    return OpenedMessage(
        id=read_id(obj),
        envelope=read_bytes(obj, "envelope"),
        author=read_id(obj, "author"),
        sequence=read_integer(obj, "sequence"),
        posted_at=read_integer(obj, "posted_at"),
        expires_at=read_integer(obj, "expires_at"),
        lease_until=read_integer(obj, "lease_until"),
        now=read_integer(obj, "now"),
    )


def read_refusal(value: object) -> Refusal:
    """The `error` object of section 10. The sentence is ours: none of a server's is shown."""
    obj = _as_object(value, "error")
    code = read_text(obj, "code")
    if not _CODE.fullmatch(code):
        raise _wrong("code")
    retry_after = obj.get("retry_after")
    state, now = obj.get("state"), obj.get("now")
    return Refusal(
        code,
        # Nobody waits for longer than a day because a server says so.
        retry_after=retry_after if type(retry_after) is int and 0 <= retry_after <= _DAY else None,
        state=state if isinstance(state, str) else None,
        now=now if type(now) is int and 0 <= now <= INTEGER_MAX else None,
        details=_details(obj.get("details")),
    )


def _details(value: object) -> dict[str, int | str] | None:
    """Of what else a refusal says the numbers and the words that are names."""
    if not isinstance(value, dict):
        return None
    return {
        name: one
        for name, one in value.items()
        if (type(one) is int and 0 <= one <= INTEGER_MAX)
        or (isinstance(one, str) and _CODE.fullmatch(one))
    }
