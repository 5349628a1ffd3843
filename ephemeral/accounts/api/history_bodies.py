"""What is asked of history for a new device: strict, bounded, and decoded once."""

from typing import Annotated

from msgspec import Meta

from ephemeral.edge.bodies import Strict, at_most, sized
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import refuse
from ephemeral.protocol.limits import ID_SIZE

__all__ = ["ChunkBody", "ChunkPlace"]

#: Bytes of a chunk, and how many a history has (docs/conversations.md, 15).
CHUNK_MAX, CHUNKS_MAX = 65_536, 1_024

Id = Annotated[str, sized(ID_SIZE, "A device")]
Number = Annotated[int, Meta(ge=0, lt=CHUNKS_MAX, description="Which chunk, from 0")]


class ChunkPlace(Strict):
    """What `GET` and `DELETE /devices/{id}/history/{n}` are asked with."""

    id: Id
    n: Number

    def unpack(self) -> tuple[bytes, int]:
        """Device and number; `malformed`."""
        return b64decode(self.id, ID_SIZE), self.n


class ChunkBody(Strict):
    """Body of `PUT /devices/{id}/history/{n}`."""

    id: Id
    n: Number
    chunk: Annotated[str, at_most(CHUNK_MAX, "The encrypted chunk")]

    def unpack(self) -> tuple[bytes, int, bytes]:
        """Device, number and chunk; `malformed`."""
        chunk = b64decode(self.chunk)
        refuse(not 1 <= len(chunk) <= CHUNK_MAX, "malformed")
        return b64decode(self.id, ID_SIZE), self.n, chunk
