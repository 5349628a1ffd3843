"""What a client asks about files: docs/files.md, 12."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ephemeral.client.accounts.account import Account
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.objects import (
    Json,
    read_boolean,
    read_bytes,
    read_id,
    read_integer,
    read_list,
    read_object,
    read_text,
)

__all__ = ["AT_ONCE", "Address", "FileService", "ServedFile", "has"]

#: Segments in one request; the server takes 64.
AT_ONCE = 16
_LISTS_MAX = 100


class ServedFile(NamedTuple):
    """A file as the server knows it. `info` is sealed."""

    id: bytes
    conversation: bytes
    own: bool
    padded: int
    info: bytes
    bitmap: bytes
    complete: bool
    expires_at: int


class Address(NamedTuple):
    """Where one object is put, or got from, for a while."""

    segment: int
    url: str
    headers: Mapping[str, str]


def has(bitmap: bytes, segment: int) -> bool:
    """Whether a segment has landed (11.4)."""
    return segment >> 3 < len(bitmap) and bool(bitmap[segment >> 3] & 1 << (segment & 7))


class FileService:
    """Files at the server."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def make(
        self, file: bytes, padded: int, info: bytes, conversation: bytes, ttl: int
    ) -> ServedFile:
        """Reserve it; the same again is answered as it stands."""
        body = {
            "id": b64encode(file),
            "padded": padded,
            "info": b64encode(info),
            "conversation": b64encode(conversation),
            "ttl": ttl,
        }
        answer = await self._account.ask("POST", "/files/upload", body)
        return _read_file(read_object(answer, "file"))

    async def addresses(
        self, file: bytes, purpose: str, segments: Sequence[int]
    ) -> tuple[list[Address], bytes]:
        """Where these are put or got from, as far as they have or haven't landed; the bitmap."""
        body = {"purpose": purpose, "segments": list(segments)}
        answer = await self._account.ask("POST", f"{_path(file)}/urls", body)
        found = [_read_address(one) for one in read_list(answer, "urls")]
        if not {one.segment for one in found} <= set(segments):
            raise Refusal("malformed")
        return found, read_bytes(answer, "bitmap")

    async def landed(self, file: bytes, segments: Sequence[int]) -> tuple[bytes, bool, int]:
        """Have the server look: the bitmap, whether all is there, and until when it stays."""
        answer = await self._account.ask(
            "POST", f"{_path(file)}/landed", {"segments": list(segments)}
        )
        return (
            read_bytes(answer, "bitmap"),
            read_boolean(answer, "complete"),
            read_integer(answer, "expires_at"),
        )

    async def file(self, file: bytes) -> ServedFile:
        """How it stands; refuses `file_unknown`."""
        return _read_file(read_object(await self._account.ask("GET", _path(file)), "file"))

    async def listed(self) -> list[ServedFile]:
        """All that the account sent or may read."""
        found: list[ServedFile] = []
        for _ in range(_LISTS_MAX):
            after = f"?after={b64encode(found[-1].id)}" if found else ""
            answer = await self._account.ask("GET", f"/files{after}")
            page = [_read_file(one) for one in read_list(answer, "files")]
            if any(one.id <= found[-1].id for one in page if found):
                raise Refusal("malformed")
            found += page
            if not read_boolean(answer, "more") or not page:
                break
        return found

    async def delete(self, file: bytes) -> None:
        """Delete it for everybody; refuses `file_unknown`."""
        await self._account.ask("DELETE", _path(file))


def _path(file: bytes) -> str:
    return f"/files/{b64encode(file)}"


def _read_file(value: object) -> ServedFile:
    obj = _object(value)
    return ServedFile(
        read_id(obj),
        read_bytes(obj, "conversation", ID_SIZE),
        read_boolean(obj, "own"),
        read_integer(obj, "padded"),
        read_bytes(obj, "info"),
        read_bytes(obj, "bitmap"),
        read_boolean(obj, "complete"),
        read_integer(obj, "expires_at"),
    )


def _read_address(value: object) -> Address:
    obj = _object(value)
    headers = read_object(obj, "headers")
    return Address(
        read_integer(obj, "segment"),
        read_text(obj, "url"),
        {name: read_text(headers, name) for name in headers},
    )


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise Refusal("malformed")
    return value
