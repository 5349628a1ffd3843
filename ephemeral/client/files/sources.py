"""A file on this machine as it is sent: cleaned, and read piece by piece."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ephemeral.client.attaching import checked_type, is_plain_text
from ephemeral.client.cleaning.clean import CLEANER, FILM, cleaned, kind_of
from ephemeral.client.cleaning.film import BOX_MAX, Patch, film_patches, overlay
from ephemeral.client.cleaning.reading import not_cleaned
from ephemeral.client.exits import usage
from ephemeral.client.saving import safe_name
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.info import Info
from ephemeral.protocol.files.layout import SIZE_MAX

__all__ = ["Source", "opened_source"]

_LARGE = "This file is too large."


class Source(NamedTuple):
    """What is sent. `read` gives so much of it from a place on; `stamp` is when it was changed."""

    path: Path
    info: Info
    stamp: int
    read: Callable[[int, int], bytes]

    def __repr__(self) -> str:
        return "Source()"


def opened_source(path: Path, *, keep_metadata: bool) -> Source:
    """Refuses `not_cleaned` where the sender has to decide. It is read when it is sent."""
    try:
        path = path.resolve(strict=True)
        found = path.stat()
        if not path.is_file():
            raise usage(f"{path} is no file.")
        head = _piece(path, 0, min(found.st_size, 65_536))
    except OSError as error:
        raise usage(f"{path} can't be read: {error.strerror or 'unknown reason'}.") from None
    size = found.st_size
    refuse(size > SIZE_MAX, "file_size", _LARGE)
    kind, name = kind_of(head[:16]), safe_name(path.name)
    mime = checked_type(path.name, kind)

    def read(start: int, length: int) -> bytes:
        return _piece(path, start, length)

    def source(of: Callable[[int, int], bytes], length: int, made_by: str | None) -> Source:
        info = Info(name, mime, length, made_by=made_by)
        return Source(path, info, found.st_mtime_ns, of)

    if keep_metadata or (kind is None and is_plain_text(mime, head)):
        return source(read, size, None)
    try:
        if kind == FILM:
            patches = film_patches(size, lambda start, end: _piece(path, start, end - start))
            return source(_overlaid(read, patches), size, CLEANER)
        if size > BOX_MAX:
            not_cleaned("size")
        data = cleaned(_piece(path, 0, size))
    except Refusal as refusal:
        sentence = f"{path} is not sent. {refusal.message} --keep-metadata sends it as it is."
        raise Refusal(refusal.code, sentence, details=refusal.details) from None
    return source(lambda start, length: data[start : start + length], len(data), CLEANER)


def _overlaid(
    read: Callable[[int, int], bytes], patches: list[Patch]
) -> Callable[[int, int], bytes]:
    return lambda start, length: overlay(read(start, length), start, patches)


def _piece(path: Path, start: int, length: int) -> bytes:
    """Exactly so much; a file that has become shorter is another."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = bytearray()
            while len(data) < length:
                more = os.pread(descriptor, length - len(data), start + len(data))
                if not more:
                    raise usage(f"{path} has changed while it was read.")
                data += more
        finally:
            os.close(descriptor)
    except OSError as error:
        raise usage(f"{path} can't be read: {error.strerror or 'unknown reason'}.") from None
    return bytes(data)
