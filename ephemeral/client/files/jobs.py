"""Uploads that were begun, as they are kept: sealed, in the store of the account's conversations.

Of each segment the hash is written down before its first byte is sent: what is sent later has the
same content, or is refused.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ephemeral.client.conversations.store import Store
from ephemeral.protocol.encoding import b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import HASH_SIZE
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE
from ephemeral.protocol.objects import (
    Json,
    read_boolean,
    read_bytes,
    read_integer,
    read_object,
    read_text,
)

__all__ = ["Job", "drop", "jobs", "keep", "write"]

_PREFIX = "upload/"


@dataclass(slots=True)
class Job:
    """One upload. `stamp`: when the file was changed last, as it was begun. `message`: the id of
    the message that names it, once that waits to be sent; `hashes`: of segments by number."""

    file: FileKey
    padded: int
    size: int
    info: bytes
    conversation: bytes
    path: Path
    stamp: int
    keep_metadata: bool
    ttl: int
    message: bytes | None = None
    hashes: dict[int, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Job()"


def keep(store: Store, job: Job) -> None:
    """It is on the disk when this returns."""
    with store.writing("upload"):
        write(store, job)


def write(store: Store, job: Job) -> None:
    """The same, in a transaction of somebody else's."""
    sealed = store.seal("upload", job.file.id, dump_json(_object(job)))
    store.do("INSERT OR REPLACE INTO meta VALUES (?, ?)", _name(job.file.id), sealed)


def drop(store: Store, file: bytes) -> None:
    """It is done, or given up."""
    with store.writing("upload"):
        store.do("DELETE FROM meta WHERE name = ?", _name(file))


def jobs(store: Store) -> list[Job]:
    """All that were begun and not ended."""
    rows = store.all(
        "SELECT name, value FROM meta WHERE name >= ? AND name < ? ORDER BY name",
        _PREFIX, _PREFIX[:-1] + "0",
    )  # fmt: skip
    found = []
    for name, sealed in rows:
        file = read_bytes({"id": name.removeprefix(_PREFIX)}, "id", ID_SIZE)
        obj = parse_json(store.unseal("upload", file, sealed))
        if not isinstance(obj, dict):
            raise Refusal("malformed")
        found.append(_read(file, obj))
    return found


def _name(file: bytes) -> str:
    return _PREFIX + b64encode(file)


def _object(job: Job) -> dict[str, object]:
    return {
        "key": b64encode(job.file.key),
        "padded": job.padded,
        "size": job.size,
        "info": b64encode(job.info),
        "conversation": b64encode(job.conversation),
        "path": str(job.path),
        "stamp": str(job.stamp),
        "keep_metadata": job.keep_metadata,
        "ttl": job.ttl,
        "message": None if job.message is None else b64encode(job.message),
        "hashes": {str(number): b64encode(one) for number, one in job.hashes.items()},
    }


def _read(file: bytes, obj: Json) -> Job:
    hashes = read_object(obj, "hashes")
    return Job(
        FileKey(file, read_bytes(obj, "key", KEY_SIZE)),
        read_integer(obj, "padded"),
        read_integer(obj, "size"),
        read_bytes(obj, "info"),
        read_bytes(obj, "conversation", ID_SIZE),
        Path(read_text(obj, "path")),
        int(read_text(obj, "stamp")),
        read_boolean(obj, "keep_metadata"),
        read_integer(obj, "ttl"),
        None if obj.get("message") is None else read_bytes(obj, "message", ID_SIZE),
        {int(number): read_bytes(hashes, number, HASH_SIZE) for number in hashes},
    )
