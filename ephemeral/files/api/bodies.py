"""What is asked of files: strict, bounded, and decoded once (docs/files.md)."""

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from ephemeral.edge.bodies import Strict, at_most, sized
from ephemeral.files.rules.limits import SEGMENTS_MAX, TTL_MAX, TTL_MIN
from ephemeral.files.service.uploads import NewFile
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.info import INFO_SIZES
from ephemeral.protocol.files.layout import PADDED_MIN, SIZE_MAX
from ephemeral.protocol.limits import ID_SIZE

__all__ = ["AddressesBody", "FileBody", "FilesQuery", "LandedBody", "UploadBody", "Wanted"]

_INFO_VERSION = b"\x01"

Id = Annotated[str, sized(ID_SIZE, "A file")]
Segments = Annotated[
    list[Annotated[int, Meta(ge=0, lt=2**15)]],
    Meta(min_length=1, max_length=SEGMENTS_MAX, description="Numbers of segments, none twice"),
]


class Wanted(NamedTuple):
    """Segments of a file."""

    file: bytes
    segments: list[int]


class UploadBody(Strict):
    """Body of `POST /files/upload`."""

    id: Id
    padded: Annotated[
        int, Meta(ge=PADDED_MIN, le=SIZE_MAX, description="Its length with padding (files.md 3)")
    ]
    info: Annotated[str, at_most(INFO_SIZES[-1], "What is told of it, sealed")]
    conversation: Annotated[str, sized(ID_SIZE, "The conversation whose people may read it")]
    ttl: Annotated[
        int,
        Meta(ge=TTL_MIN, le=TTL_MAX, description="How many seconds it lives once it is complete"),
    ]

    def unpack(self) -> NewFile:
        """Its parts; `malformed`."""
        info = b64decode(self.info)
        known = len(info) in INFO_SIZES and info[:1] == _INFO_VERSION
        refuse(not known, "malformed")
        id_, conversation = b64decode(self.id, ID_SIZE), b64decode(self.conversation, ID_SIZE)
        return NewFile(id_, self.padded, info, conversation, self.ttl)


class AddressesBody(Strict):
    """Body of `POST /files/{id}/urls`."""

    id: Id
    purpose: Literal["put", "get"]
    segments: Segments

    def unpack(self) -> tuple[bool, Wanted]:
        """Whether to store them, and which; `malformed`."""
        return self.purpose == "put", _wanted(self.id, self.segments)


class LandedBody(Strict):
    """Body of `POST /files/{id}/landed`."""

    id: Id
    segments: Segments

    def unpack(self) -> Wanted:
        """Which; `malformed`."""
        return _wanted(self.id, self.segments)


class FileBody(Strict):
    """What one file is asked about with."""

    id: Id

    def unpack(self) -> bytes:
        """Its id; `malformed`."""
        return b64decode(self.id, ID_SIZE)


class FilesQuery(Strict):
    """What `GET /files` is asked with."""

    after: Annotated[str, Meta(description="The file behind which to go on; none at first")] = ""

    def unpack(self) -> bytes:
        """Behind which to go on; `malformed`."""
        return b64decode(self.after, ID_SIZE) if self.after else b""


def _wanted(id_: str, segments: list[int]) -> Wanted:
    if len(set(segments)) != len(segments):
        raise Refusal("malformed")
    return Wanted(b64decode(id_, ID_SIZE), segments)
