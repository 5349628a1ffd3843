"""What clients send: bodies of requests and frames of the socket (docs/protocol.md, 9 and 11).

Each shape is written once; a frame adds its `type`, `ref` and, before `hello`, credentials to the
body of the like request. Decoding is strict: an unknown key, a missing one, another type, or a
number out of range is `malformed`. Fields of bytes stay text until a handler asks for them, so
that each is decoded once and its length is checked there and then.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import (
    CHARTER_SIZE,
    ENVELOPE_SIZES,
    ID_SIZE,
    INTEGER_MAX,
    KEY_SIZE,
    MAC_SIZE,
    PROFILE_SIZE,
    STATUS_IDS_MAX,
    TOKEN_SIZE,
    VIEWING_SIZE,
)

__all__ = [
    "Ack",
    "AckBody",
    "Create",
    "CreateBody",
    "Destroy",
    "EarlyFrame",
    "Frame",
    "Hello",
    "Join",
    "JoinBody",
    "Leave",
    "Lock",
    "LockBody",
    "Messages",
    "Open",
    "Ping",
    "Post",
    "PostBody",
    "Release",
    "Resume",
    "RoomFrame",
    "Status",
    "StatusBody",
    "Typing",
    "TypingBody",
    "credential",
    "decode_body",
    "decode_early",
    "decode_frame",
    "identifier",
]

_SIZES = frozenset(ENVELOPE_SIZES)
_HASH_SIZE = 32


def _bytes(length: int, what: str) -> Meta:
    digits = (length * 8 + 5) // 6
    return Meta(
        description=f"{what}: {length} bytes in base64url without padding",
        extra_json_schema={
            "minLength": digits,
            "maxLength": digits,
            "pattern": f"^[A-Za-z0-9_-]{{{digits}}}$",
        },
    )


# The notes on lengths document; lengths are checked on decoding, below.
Id = Annotated[str, _bytes(ID_SIZE, "An id drawn by the client")]
Hash = Annotated[str, _bytes(_HASH_SIZE, "SHA-256 of the viewing bytes")]
Viewing = Annotated[str, _bytes(VIEWING_SIZE, "The viewing bytes of a decrypted message")]
Secret = Annotated[str, _bytes(TOKEN_SIZE, "Random bytes drawn by the client")]
CharterField = Annotated[str, _bytes(CHARTER_SIZE, "The charter")]
MacField = Annotated[str, _bytes(MAC_SIZE, "The creator's authentication of the charter")]
Profile = Annotated[str, _bytes(PROFILE_SIZE, "The encrypted profile")]
Envelope = Annotated[
    str,
    Meta(
        description="The encrypted message in base64url: 512, 1024, 2048, ... or 65536 bytes",
        extra_json_schema={"minLength": 683, "maxLength": 87382, "pattern": "^[A-Za-z0-9_-]+$"},
    ),
]
Ref = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]


def _sized(text: str, length: int, code: str) -> bytes:
    """Bytes whose wrong length has a code of its own; `malformed` where they are none at all."""
    value = b64decode(text)
    if len(value) != length:
        raise Refusal(code)
    return value


def identifier(text: str) -> bytes:
    """The 16 bytes of a member's or message's id; `malformed`."""
    return b64decode(text, ID_SIZE)


def credential(text: str) -> bytes:
    """The 32 bytes of a locator or token; `unauthorized`."""
    try:
        return b64decode(text, TOKEN_SIZE)
    except Refusal:
        raise Refusal("unauthorized") from None


class _Strict(Struct, forbid_unknown_fields=True, gc=False):
    """No key that isn't asked for."""


class CreateBody(_Strict):
    """Body of `POST /rooms`."""

    charter: CharterField
    mac: MacField

    def unpack(self) -> tuple[bytes, bytes]:
        """Charter and mac; `charter_length`, `malformed`."""
        charter = _sized(self.charter, CHARTER_SIZE, "charter_length")
        return charter, b64decode(self.mac, MAC_SIZE)


class ResumePair(_Strict):
    """What a client may bring when it joins, so that a reload finds its way back (7.6)."""

    token: Secret
    key: Secret


class JoinBody(_Strict):
    """Body of `POST /room/members`."""

    member: Id
    profile: Profile | None = None
    resume: ResumePair | None = None

    def unpack(self) -> tuple[bytes, bytes | None, tuple[bytes, bytes] | None]:
        """Member id, profile, and resume token with its key; `profile_length`, `malformed`."""
        profile = resume = None
        member = identifier(self.member)
        if self.profile is not None:
            profile = _sized(self.profile, PROFILE_SIZE, "profile_length")
        if self.resume is not None:
            resume = (
                b64decode(self.resume.token, TOKEN_SIZE),
                b64decode(self.resume.key, KEY_SIZE),
            )
        return member, profile, resume


class LockBody(_Strict):
    """Body of `PATCH /room`."""

    locked: bool


class TypingBody(_Strict):
    """Body of `POST /room/typing`."""

    typing: bool


class PostBody(_Strict):
    """Body of `POST /room/messages`."""

    id: Id
    envelope: Envelope
    viewing_hash: Hash

    def unpack(self) -> tuple[bytes, bytes, bytes]:
        """Message id, envelope and viewing hash; `envelope_size`, `malformed`."""
        message = identifier(self.id)
        envelope = b64decode(self.envelope)
        if len(envelope) not in _SIZES:
            raise Refusal("envelope_size")
        return message, envelope, b64decode(self.viewing_hash, _HASH_SIZE)


class AckBody(_Strict):
    """Body of `POST /room/messages/{id}/ack`."""

    viewing: Viewing

    def revealed(self) -> bytes:
        """The viewing bytes; `malformed`."""
        return b64decode(self.viewing, VIEWING_SIZE)


class StatusBody(_Strict):
    """Body of `POST /room/messages/status`."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=STATUS_IDS_MAX)]

    def unpack(self) -> list[bytes]:
        """The ids asked for; `malformed`."""
        return [identifier(one) for one in self.ids]


# --- frames before `welcome` (11.3, 11.4) ---------------------------------------------------------


class Create(CreateBody, tag="create"):
    """Make a room."""

    ref: Ref
    locator: Secret


class Join(JoinBody, tag="join", kw_only=True):
    """Take a seat."""

    ref: Ref
    locator: Secret
    token: Secret


class Resume(_Strict, tag="resume"):
    """Ask for the server's half of the resume secret."""

    ref: Ref
    resume: Secret


class Hello(_Strict, tag="hello"):
    """Begin to listen, with a seat."""

    ref: Ref
    locator: Secret
    token: Secret


# --- frames after `welcome` (11.5) ----------------------------------------------------------------


class Post(PostBody, tag="post"):
    """Post a message."""

    ref: Ref


class Open(_Strict, tag="open"):
    """Open a message."""

    ref: Ref
    id: Id


class Ack(AckBody, tag="ack"):
    """Acknowledge a message that was decrypted and shown."""

    ref: Ref
    id: Id


class Release(_Strict, tag="release"):
    """Give a lease back unread."""

    ref: Ref
    id: Id


class Status(StatusBody, tag="status"):
    """Ask what became of one's own messages."""

    ref: Ref


class Messages(_Strict, tag="messages"):
    """Ask for every message that waits."""

    ref: Ref


class RoomFrame(_Strict, tag="room"):
    """Ask for the room and its members."""

    ref: Ref


class Typing(TypingBody, tag="typing"):
    """Say that one types, or no longer; without `ref` there is no answer."""

    ref: Ref | None = None


class Lock(LockBody, tag="lock"):
    """Lock or unlock the room."""

    ref: Ref


class Destroy(_Strict, tag="destroy"):
    """Destroy the room for everyone."""

    ref: Ref


class Leave(_Strict, tag="leave"):
    """Give the seat up."""

    ref: Ref


class Ping(_Strict, tag="ping"):
    """Ask for an answer once everything before has one."""

    ref: Ref


EarlyFrame = Create | Join | Resume | Hello
Frame = (
    Post
    | Open
    | Ack
    | Release
    | Status
    | Messages
    | RoomFrame
    | Typing
    | Lock
    | Destroy
    | Leave
    | Ping
)

_early: msgspec.json.Decoder[EarlyFrame] = msgspec.json.Decoder(EarlyFrame)
_late: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
# Everything that the decoder raises for input alone: a lone surrogate in text and a nesting
# deeper than its stack are not among its own errors.
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)

Body = TypeVar("Body", bound=Struct)


def decode_early(text: bytes) -> EarlyFrame:
    """A frame that may come before `welcome`; `malformed`."""
    try:
        return _early.decode(text)
    except _UNREADABLE:
        raise Refusal("malformed") from None


def decode_frame(text: bytes) -> Frame:
    """A frame that may come after `welcome`; `malformed`."""
    try:
        return _late.decode(text)
    except _UNREADABLE:
        raise Refusal("malformed") from None


def decode_body(data: bytes, kind: type[Body]) -> Body:
    """The body of a request; `malformed`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except _UNREADABLE:
        raise Refusal("malformed") from None
