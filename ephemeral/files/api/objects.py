"""What is answered about files: each object is one struct (docs/files.md)."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ephemeral.files.rules.file import File, State
from ephemeral.files.service.addresses import Address, Given
from ephemeral.files.service.reading import Page, Told
from ephemeral.files.service.uploads import Landing, Made
from ephemeral.protocol.encoding import b64encode

__all__ = [
    "AddressesAnswer",
    "FileAnswer",
    "FilesAnswer",
    "LandedAnswer",
    "MadeAnswer",
    "file_answer",
    "files",
    "given",
    "landed",
    "made",
]

_encode = msgspec.json.Encoder().encode

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]
Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url")]
Blob = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$", description="Bytes in base64url")]
Bitmap = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9_-]+$",
        description="Which segments have landed: a bit each, the least significant first",
    ),
]


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


class FileObject(_Answer):
    """A file. `own`: uploaded by the account that asks."""

    id: Id
    conversation: Id
    own: bool
    padded: int
    info: Blob
    bitmap: Bitmap
    complete: bool
    broken: bool
    created_at: Time
    expires_at: Time


class AddressObject(_Answer):
    """Lets its bearer store or fetch one segment."""

    segment: int
    url: Annotated[
        str, Meta(description="Absolute, or with a slash first: below this server's address")
    ]
    headers: Annotated[dict[str, str], Meta(description="What has to be sent with it, exactly")]
    expires_at: Time


class MadeAnswer(_Answer):
    """A file, and addresses to store its first segments."""

    file: FileObject
    urls: list[AddressObject]
    now: Time


class AddressesAnswer(_Answer):
    """Addresses, in the order in which they were asked for."""

    urls: list[AddressObject]
    bitmap: Bitmap
    now: Time


class LandedAnswer(_Answer):
    """How a file stands."""

    bitmap: Bitmap
    complete: bool
    expires_at: Time
    now: Time


class FileAnswer(_Answer):
    """A file."""

    file: FileObject
    now: Time


class FilesAnswer(_Answer):
    """Files, in the order of their ids."""

    files: list[FileObject]
    more: bool
    now: Time


def made(one: Made, account: bytes) -> bytes:
    """A file that was made."""
    told = _object(Told(one.file, one.info), account)
    return _encode(MadeAnswer(told, _addresses(one.addresses), one.now))


def given(one: Given) -> bytes:
    """Addresses of segments."""
    return _encode(AddressesAnswer(_addresses(one.addresses), b64encode(one.landed), one.now))


def landed(one: Landing) -> bytes:
    """What has landed."""
    file = one.file
    complete = file.state == State.COMPLETE
    return _encode(LandedAnswer(b64encode(file.landed), complete, file.expires_at, one.now))


def file_answer(told: Told, account: bytes, now: int) -> bytes:
    """One file."""
    return _encode(FileAnswer(_object(told, account), now))


def files(page: Page, account: bytes) -> bytes:
    """Some of them."""
    return _encode(FilesAnswer([_object(one, account) for one in page.files], page.more, page.now))


def _object(told: Told, account: bytes) -> FileObject:
    file: File = told.file
    assert file.conversation is not None, "it is living"
    return FileObject(
        b64encode(file.id),
        b64encode(file.conversation),
        file.account == account,
        file.padded,
        b64encode(told.info),
        b64encode(file.landed),
        file.state == State.COMPLETE,
        file.broken,
        file.created_at,
        file.expires_at,
    )


def _addresses(addresses: Iterable[Address]) -> list[AddressObject]:
    return [
        AddressObject(one.segment, one.signed.url, dict(one.signed.headers), one.signed.expires_at)
        for one in addresses
    ]
