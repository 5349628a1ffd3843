"""Files that a report names, opened on an operator's machine: the keys stand in what was reported.

All of it is hostile: nothing is looked into but what the format says, and nothing is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.files.rows import file_rows
from ephemeral.files.rules.file import has_landed
from ephemeral.files.service.access import unknown
from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import DIGEST, FILE, Reference, read_confirmation, read_files
from ephemeral.protocol.files.info import Info, open_info
from ephemeral.protocol.files.layout import Layout
from ephemeral.protocol.files.segments import check_digest, content_of, open_segment
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Moderating", "Named", "named"]

_UNFINISHED = "Not all of this file has come."


class Named(NamedTuple):
    """A file that a message names, and the digest that its sender has said, if that was shown."""

    reference: Reference
    digest: bytes | None


def named(contents: Sequence[bytes]) -> list[Named]:
    """The files of these contents of messages, each once."""
    references: dict[bytes, Reference] = {}
    digests: dict[bytes, bytes] = {}
    for content in contents:
        try:
            said = canonical_json.decode(content)
            kind, body = (said["kind"], said["body"]) if isinstance(said, dict) else ("", None)
            if kind == FILE:
                for one in read_files(body):
                    references.setdefault(one.file.id, one)
            elif kind == DIGEST:
                confirmed = read_confirmation(body)
                digests.setdefault(confirmed.file, confirmed.digest)
        except (Refusal, KeyError):
            # Its signer may have written anything.
            continue
    return [Named(one, digests.get(id_)) for id_, one in references.items()]


class Moderating:
    """Opens files by the keys of their messages."""

    def __init__(self, pool: Pool, objects: Objects, values: SealedValues) -> None:
        self._pool = pool
        self._objects = objects
        self._values = values

    async def open(self, one: Named, write: Callable[[bytes], object]) -> Info:
        """Write all of a file, in order, and give what its sender tells of it.

        Refuses `file_unknown` where it isn't there, or not all of it, and what the format refuses,
        `file_digest` last of all: what was written counts for nothing then.
        """
        key, padded, sealed_hash = one.reference
        layout = Layout(padded)

        async def work(connection: Connection) -> tuple[bytes, bytes, bytes]:
            file = await file_rows.read(connection, key.id)
            if file is None or not file.is_living or file.padded != padded:
                unknown()
            infos = await self._values.read(connection, "file-info", [file.payload])
            if file.payload not in infos:
                unknown()
            return file.prefix, file.landed, infos[file.payload]

        prefix, landed, sealed = await transaction(self._pool, work, read_only=True)
        info = open_info(key, padded, sealed_hash, sealed)
        hashes = []
        for number in range(layout.count):
            if not has_landed(landed, number):
                raise Refusal("file_unknown", _UNFINISHED)
            at = self._objects.key("f", prefix, number)
            length = layout.segment(number).sealed_length
            data = b"".join([piece async for piece in self._objects.store.get(at, 0, length)])
            plaintext = open_segment(key, layout, number, data)
            hashes.append(hashlib.sha256(plaintext).digest())
            write(content_of(layout, number, info.size, plaintext))
        if one.digest is not None:
            check_digest(one.digest, key.id, layout, info.size, hashes)
        return info
