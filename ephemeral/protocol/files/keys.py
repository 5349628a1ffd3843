"""The keys of a file, all from the one that its sender's message holds: docs/files.md, 2."""

from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.limits import KEY_SIZE

__all__ = ["INFO_LABEL", "FileKey"]

INFO_LABEL = b"ephemeral/v1/file/info"
_SEGMENT_LABEL = b"ephemeral/v1/file/segment"


class FileKey(NamedTuple):
    """A file's id, and what everything in it is sealed under. The server has the id alone."""

    id: bytes
    key: bytes

    def info(self) -> bytes:
        """What its name and the like are sealed under."""
        return self._derived(self.id, INFO_LABEL)

    def segment(self, number: int, salt: bytes) -> bytes:
        """What one attempt at a segment is sealed under; each attempt draws its own salt."""
        return self._derived(salt, _SEGMENT_LABEL + self.id + number.to_bytes(4, "big"))

    def _derived(self, salt: bytes, info: bytes) -> bytes:
        return HKDF(SHA256(), KEY_SIZE, salt, info).derive(self.key)

    def __repr__(self) -> str:
        return "FileKey()"
