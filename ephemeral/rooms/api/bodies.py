"""What clients ask with: the bodies of requests (docs/protocol.md, 9 and 11).

Each shape is written once: a frame of the socket is the body of the like request with `type` and
`ref` (`edge/frames.py`), and fields of the path stand in the body. Decoding is strict: an unknown
key, a missing one, another type, or a number out of range is `malformed`. Fields of bytes are text
until `unpack`, which decodes each once, checks its length, and gives the handler what it needs.
"""

import re
from typing import Annotated, NamedTuple

from msgspec import UNSET, Meta, UnsetType

from ephemeral.edge.bodies import Strict, preferred_wait, sized
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal, refuse
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
    "AckBody",
    "AttachmentBody",
    "ChunkBody",
    "ChunkQuery",
    "CreateBody",
    "HelloBody",
    "JoinBody",
    "LockBody",
    "OpenBody",
    "PostBody",
    "ReleaseBody",
    "ReserveBody",
    "StateBody",
    "StateQuery",
    "StatusBody",
    "TypingBody",
    "WithdrawBody",
    "credential",
]

_SIZES = frozenset(ENVELOPE_SIZES)
_HASH_SIZE = 32
# An entity tag, weak or not: a proxy that compresses makes it weak (RFC 9110, 8.8.3).
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e]*")')

# The notes on lengths document; lengths are checked on decoding, below.
Id = Annotated[str, sized(ID_SIZE, "An id drawn by the client")]
Hash = Annotated[str, sized(_HASH_SIZE, "SHA-256 of the viewing bytes")]
Viewing = Annotated[str, sized(VIEWING_SIZE, "The viewing bytes of a decrypted message")]
Secret = Annotated[str, sized(TOKEN_SIZE, "Random bytes drawn by the client")]
CharterField = Annotated[str, sized(CHARTER_SIZE, "The charter")]
MacField = Annotated[str, sized(MAC_SIZE, "The creator's authentication of the charter")]
Profile = Annotated[str, sized(PROFILE_SIZE, "The encrypted profile")]
Number = Annotated[str, Meta(pattern="^(?:0|[1-9][0-9]{0,5})$", description="A chunk's number")]
Envelope = Annotated[
    str,
    Meta(
        description="The encrypted message in base64url: 512, 1024, 2048, ... or 65536 bytes",
        extra_json_schema={"minLength": 683, "maxLength": 87382, "pattern": "^[A-Za-z0-9_-]+$"},
    ),
]


def _sized(text: str, length: int, code: str) -> bytes:
    """Bytes whose wrong length has a code of its own; `malformed` where they are none at all."""
    value = b64decode(text)
    if len(value) != length:
        raise Refusal(code)
    return value


def _identifier(text: str) -> bytes:
    """The 16 bytes of a member's or message's id; `malformed`."""
    return b64decode(text, ID_SIZE)


def credential(text: str) -> bytes:
    """The 32 bytes of a locator or token; `unauthorized`."""
    try:
        return b64decode(text, TOKEN_SIZE)
    except Refusal:
        raise Refusal("unauthorized") from None


class CreateBody(Strict):
    """Body of `POST /rooms`."""

    charter: CharterField
    mac: MacField

    def unpack(self) -> tuple[bytes, bytes]:
        """Charter and mac; `charter_length`, `malformed`."""
        charter = _sized(self.charter, CHARTER_SIZE, "charter_length")
        return charter, b64decode(self.mac, MAC_SIZE)


class ResumePair(Strict):
    """What a client may bring when it joins, so that a reload finds its way back (7.6)."""

    token: Secret
    key: Secret


class JoinBody(Strict):
    """Body of `POST /room/members`."""

    profile: Profile | None = None
    resume: ResumePair | None = None

    def unpack(self) -> tuple[bytes | None, tuple[bytes, bytes] | None]:
        """Profile, and resume token with its key; `profile_length`, `malformed`."""
        profile = resume = None
        if self.profile is not None:
            profile = _sized(self.profile, PROFILE_SIZE, "profile_length")
        if self.resume is not None:
            resume = (
                b64decode(self.resume.token, TOKEN_SIZE),
                b64decode(self.resume.key, KEY_SIZE),
            )
        return profile, resume


class HelloBody(Strict):
    """What `hello` brings beside the credentials: it is of the socket alone (11.4)."""

    generation: Annotated[int, Meta(ge=1, le=INTEGER_MAX)]


class StateQuery(NamedTuple):
    """Which states the asker has, by their tags (`*`: whatever there is), and seconds to wait."""

    tags: set[str]
    wait: int


class StateBody(Strict):
    """What `GET /room/state` is asked with, in headers. Preferences that mean nothing are none."""

    if_none_match: Annotated[str, Meta(description="The `ETag` of the state that one has")] = ""
    prefer: Annotated[
        str,
        Meta(
            description="`wait=25`: wait so many seconds, at most 25, for another state (RFC 7240)"
        ),
    ] = ""

    def unpack(self) -> StateQuery:
        """As the headers say."""
        given = self.if_none_match.strip()
        tags = {"*"} if given == "*" else set(_TAG.findall(given))
        return StateQuery(tags, preferred_wait(self.prefer))


class LockBody(Strict):
    """Body of `PATCH /room`."""

    locked: bool


class TypingBody(Strict):
    """Body of `POST /room/typing`."""

    typing: bool


class PostBody(Strict):
    """Body of `POST /room/messages`."""

    id: Id
    envelope: Envelope
    viewing_hash: Hash
    attachment: Id | UnsetType = UNSET

    def unpack(self) -> tuple[bytes, bytes, bytes, bytes | None]:
        """Message id, envelope, viewing hash and attachment; `envelope_size`, `malformed`."""
        message = _identifier(self.id)
        envelope = b64decode(self.envelope)
        if len(envelope) not in _SIZES:
            raise Refusal("envelope_size")
        attachment = None if self.attachment is UNSET else _identifier(self.attachment)
        return message, envelope, b64decode(self.viewing_hash, _HASH_SIZE), attachment


class _MessageBody(Strict):
    """What is asked of one message."""

    id: Id

    def unpack(self) -> bytes:
        """The message's id; `malformed`."""
        return _identifier(self.id)


class OpenBody(Strict):
    """Of `POST /room/messages/{id}/open`, all of which may stand in the path.

    `attachment`: who asks can show one.
    """

    id: Id
    attachment: bool = False

    def unpack(self) -> tuple[bytes, bool]:
        """The message's id, and whether an attachment can be shown; `malformed`."""
        return _identifier(self.id), self.attachment


class ReleaseBody(_MessageBody):
    """Of `POST /room/messages/{id}/release`: all of it stands in the path."""


class WithdrawBody(_MessageBody):
    """Of `DELETE /room/messages/{id}`: all of it stands in the path."""


class AckBody(Strict):
    """Body of `POST /room/messages/{id}/ack`."""

    id: Id
    viewing: Viewing

    def unpack(self) -> tuple[bytes, bytes]:
        """The message's id and the viewing bytes; `malformed`."""
        return _identifier(self.id), b64decode(self.viewing, VIEWING_SIZE)


class ReserveBody(Strict):
    """Body of `POST /room/attachments`."""

    id: Id
    chunks: Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
    padded: Annotated[int, Meta(ge=0, le=INTEGER_MAX)]

    def unpack(self) -> tuple[bytes, int, int]:
        """Id, number of chunks and length with padding; `malformed`."""
        return _identifier(self.id), self.chunks, self.padded


class AttachmentBody(Strict):
    """Of `DELETE /room/attachments/{id}`: all of it stands in the path."""

    id: Id

    def unpack(self) -> bytes:
        """The attachment's id; `malformed`."""
        return _identifier(self.id)


class ChunkQuery(Strict):
    """Of `GET /room/attachments/{id}/{i}`: all of it stands in the path."""

    id: Id
    i: Number

    def unpack(self) -> tuple[bytes, int]:
        """The attachment's id and the chunk's number; `malformed`."""
        return _identifier(self.id), int(self.i)


class ChunkBody(Strict):
    """Of `PUT /room/attachments/{id}/{i}`: the octets are the chunk."""

    id: Id
    i: Number
    content: bytes

    def unpack(self) -> tuple[bytes, int, bytes]:
        """The attachment's id, the chunk's number and the chunk; `malformed`."""
        return _identifier(self.id), int(self.i), self.content


class StatusBody(Strict):
    """Body of `POST /room/messages/status`."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=STATUS_IDS_MAX)]

    def unpack(self) -> list[bytes]:
        """The ids asked for, each once; `malformed`."""
        ids = [_identifier(one) for one in self.ids]
        refuse(len(set(ids)) < len(ids), "malformed")
        return ids
