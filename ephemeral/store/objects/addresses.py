"""Addresses of single objects that this server signs itself: each a right, for a while."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Literal, NamedTuple

from ephemeral.store.objects.interface import Signed, checked_key

__all__ = ["PATH", "TYPE", "AddressEnded", "AddressWrong", "Addresses", "Right"]

#: Below which they all are.
PATH = "/objects/"
#: What is sent and answered is of this type, always.
TYPE = "application/octet-stream"

Method = Literal["GET", "PUT"]
_METHODS: dict[bytes, Method] = {b"G": "GET", b"P": "PUT"}
_FORM = re.compile(r"([A-Za-z0-9_-]{24,800})\.([A-Za-z0-9_-]{43})")


class AddressWrong(Exception):
    """This is no address of ours."""


class AddressEnded(AddressWrong):
    """It was one of ours, and its time has passed."""


class Right(NamedTuple):
    """What an address lets its bearer do. `length`: of what is stored, 0 to read; `expires_at` in
    milliseconds since 1970."""

    method: Method
    key: str
    length: int
    expires_at: int


class Addresses:
    """Below the deployment's own address, as those of operations are.

    `secret`: 32 bytes that only hosts of the deployment have. `now` in seconds since 1970.
    """

    def __init__(self, secret: bytes, seconds: int, now: Callable[[], float]) -> None:
        self._secret = secret
        self._seconds = seconds
        self._now = now

    def put(self, key: str, length: int) -> Signed:
        """Lets somebody store so many bytes under a key at which nothing stands, once."""
        headers = {"content-type": TYPE, "if-none-match": "*"}
        return self._signed("PUT", key, length, headers)

    def get(self, key: str) -> Signed:
        """Lets somebody read an object, or a range of it."""
        return self._signed("GET", key, 0, {})

    def read(self, token: str) -> Right:
        """What an address allows at this moment; raises AddressWrong, AddressEnded."""
        match = _FORM.fullmatch(token)
        if match is None:
            raise AddressWrong
        # Not "=", which are cut off, and never more than one form of the same bytes.
        said, mac = _decoded(match[1]), _decoded(match[2])
        if not hmac.compare_digest(hmac.digest(self._secret, said, "sha256"), mac):
            raise AddressWrong
        right = Right(
            _METHODS[said[8:9]],
            said[17:].decode("ascii"),
            int.from_bytes(said[9:17]),
            int.from_bytes(said[:8]),
        )
        if right.expires_at <= self._now() * 1000:
            raise AddressEnded
        return right

    def _signed(self, method: Method, key: str, length: int, headers: dict[str, str]) -> Signed:
        until = (int(self._now()) + self._seconds) * 1000
        letter = method[:1].encode()
        said = until.to_bytes(8) + letter + length.to_bytes(8) + checked_key(key).encode()
        mac = hmac.digest(self._secret, said, "sha256")
        return Signed(f"{PATH}{_encoded(said)}.{_encoded(mac)}", headers, until)


def _encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    value = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    if _encoded(value) != text:
        raise AddressWrong
    return value
