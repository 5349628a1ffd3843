"""A burglar with time: everything that can be got out of what a server left on its disks.

Files of PostgreSQL (heaps, indexes, write-ahead log, whatever else lies there), key files and the
encryption key go in; every plaintext that can be put together comes out. It uses no row, no catalog
and no promise of the program, only its formats (docs/keyring.md), and tries every part with every
other: each wrapped key under each epoch key for each payload, each body under each data key.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import heap_pages
import wal_records
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from heap_pages import External, NotThisRow

PAYLOADS, PAYLOAD_KEYS, TOAST = "bb", "bqb", "iib"
WRAPPED = 61
# How a wrapped key stands in a row, wherever that is: its length, then its version.
_WRAPPED_IN_ROW = b"\x7d\x01"
# Of an attachment here; there may be 40 of one.
_CHUNKS_MAX = 2
_WAL_SEGMENT = re.compile(r"[0-9A-F]{24}")
KINDS = (
    "message", "profile", "resume",
    "token-key", "family", "device-name", "sealing-key", "share", "pins", "link",
    "report",
    "record", "segment-key", "box-key", "join", "file-info",
)  # fmt: skip


@dataclass
class Remains:
    """What has been found so far; each `add` may come from another copy or another time."""

    wrapped: set[bytes] = field(default_factory=set)
    by_place: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    bodies: set[tuple[bytes, bytes]] = field(default_factory=set)
    payloads: set[bytes] = field(default_factory=set)
    epoch_keys: set[tuple[int, bytes]] = field(default_factory=set)
    #: Objects that lie, or lay, beside the database.
    objects: set[bytes] = field(default_factory=set)
    _external: set[tuple[bytes, External]] = field(default_factory=set)
    _chunks: dict[int, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    # What stands where no pointer leads may have been overwritten in part.
    _carved: dict[int, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def add_database(self, directory: Path) -> None:
        """Everything in a data directory of PostgreSQL. The same page is read once."""
        seen: set[bytes] = set()
        for path in sorted(directory.rglob("*")):
            if not path.is_file():
                continue
            content = path.read_bytes()
            self._scan(content, "raw")
            if path.parent.name == "pg_wal" and _WAL_SEGMENT.fullmatch(path.name):
                self._add_log(content)
            elif "base" in path.parts:
                pages = set(heap_pages.pages(content)) - seen
                seen |= pages
                for page in pages:
                    self._add_page(page, "heap")
        self._join()

    def add_backup(self, script: bytes) -> None:
        """Rows as `pg_restore` writes them from a backup."""
        for line in script.splitlines():
            columns = [_column(written) for written in line.split(b"\t")]
            if None not in columns:
                self._add_columns(columns, "backup")  # type: ignore[arg-type]

    def add(self, other: "Remains") -> None:
        """What was found elsewhere."""
        self.wrapped |= other.wrapped
        for place, wrapped in other.by_place.items():
            self.by_place[place] |= wrapped
        self.bodies |= other.bodies
        self.payloads |= other.payloads
        self.epoch_keys |= other.epoch_keys
        self.objects |= other.objects
        self._external |= other._external
        for own, others in ((self._chunks, other._chunks), (self._carved, other._carved)):
            for value_id, chunks in others.items():
                own[value_id] |= chunks
        self._join()

    def _join(self) -> None:
        """Bodies from their pieces."""
        for payload, external in self._external:
            chunks = self._carved[external.value_id] | self._chunks[external.value_id]
            body = b"".join(chunks[number] for number in sorted(chunks))
            if len(body) == external.size:
                self.bodies.add((payload, body))

    def add_keys(self, directory: Path, encryption_key: bytes) -> None:
        """Every key file of a directory, under whatever name, that the encryption key opens."""
        kek = HKDF(SHA256(), 32, None, b"ephemeral/v1/server/keyring").derive(encryption_key)
        for path in sorted(directory.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            if len(content) != 78 or content[9:10] != b"\x02":
                continue
            header, nonce, sealed = content[:18], content[18:30], content[30:]
            key = _opened(kek, nonce, sealed, header)
            if key is not None:
                self.epoch_keys.add((int.from_bytes(header[10:]), key))

    def add_objects(self, directory: Path) -> None:
        """Every file of an object directory, and of whatever copies of it lie below."""
        self.objects |= {path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    def data_keys(self, wrapped: Iterable[bytes] | None = None) -> set[tuple[bytes, bytes]]:
        """Every data key that opens, with the payload that it is for."""
        found = set()
        for epoch, key in self.epoch_keys:
            cipher = AESGCM(key)
            prefix = b"ephemeral/v1/server/data-key\0" + epoch.to_bytes(8)
            for one in self.wrapped if wrapped is None else wrapped:
                for payload in self.payloads:
                    try:
                        data_key = cipher.decrypt(one[1:13], one[13:], prefix + payload)
                    except InvalidTag:
                        continue
                    found.add((payload, data_key))
        return found

    def plaintexts(self, wrapped: Iterable[bytes] | None = None) -> set[bytes]:
        """Everything that can be read, by all wrapped keys or by some of them."""
        found = set()
        for payload, data_key in self.data_keys(wrapped):
            for _, body in self.bodies:
                for kind in KINDS:
                    context = f"ephemeral/v1/server/payload\0{kind}\0".encode() + payload
                    plaintext = _opened(data_key, body[1:13], body[13:], context)
                    if plaintext is not None:
                        found.add(plaintext)
            for sealed in self.objects:
                for chunk in range(_CHUNKS_MAX):
                    context = b"ephemeral/v1/server/attachment\0" + payload + chunk.to_bytes(4)
                    plaintext = _opened(data_key, sealed[1:13], sealed[13:], context)
                    if plaintext is not None:
                        found.add(plaintext)
        return found

    # --- looking ----------------------------------------------------------------------------

    def _scan(self, content: bytes, place: str) -> None:
        at = -1
        while (at := content.find(_WRAPPED_IN_ROW, at + 1)) >= 0:
            if at + 1 + WRAPPED <= len(content):
                self._keep(content[at + 1 : at + 1 + WRAPPED], place)

    def _keep(self, wrapped: bytes, place: str) -> None:
        self.wrapped.add(wrapped)
        self.by_place[place].add(wrapped)

    def _add_log(self, segment: bytes) -> None:
        for stream, begin in wal_records.streams(segment):
            # Records that cross from page to page are whole only here.
            self._scan(stream, "log")
            for record in wal_records.records(stream, begin):
                for image in wal_records.images(record):
                    self._add_page(image, "log")
                for data in wal_records.rows(record):
                    self._add_row(data, "log")

    def _add_page(self, page: bytes, place: str) -> None:
        for dead, found in heap_pages.pointed(page):
            for columns in _rows(found):
                self._add_columns(columns, f"{place}, dead" if dead else place)
        for found in heap_pages.carved(page):
            for columns in _rows(found):
                self._add_columns(columns, f"{place}, carved")

    def _add_row(self, data: bytes, place: str) -> None:
        for layout in (PAYLOADS, PAYLOAD_KEYS, TOAST):
            try:
                columns = heap_pages.fields(data, layout)
            except NotThisRow:
                continue
            self._add_columns(columns, place)

    def _add_columns(self, columns: list[heap_pages.Value], place: str) -> None:
        match columns:
            case [bytes(payload), bytes(body)] if len(payload) == 16 and body[:1] == b"\x01":
                self.payloads.add(payload)
                self.bodies.add((payload, body))
            case [bytes(payload), External() as external] if len(payload) == 16:
                self.payloads.add(payload)
                self._external.add((payload, external))
            case [bytes(payload), int(), bytes(wrapped)] if (
                len(payload) == 16 and len(wrapped) == WRAPPED
            ):
                self.payloads.add(payload)
                self._keep(wrapped, place)
            case [int(value_id), int(number), bytes(data)] if 0 < len(data) <= 1996:
                kept = self._carved if place.endswith("carved") else self._chunks
                kept[value_id][number] = data


def _rows(found: bytes) -> Iterator[list[heap_pages.Value]]:
    for layout in (PAYLOADS, PAYLOAD_KEYS, TOAST):
        try:
            yield list(heap_pages.row(found, layout))
        except NotThisRow:
            continue


def _column(written: bytes) -> bytes | int | None:
    if written.startswith(b"\\\\x"):
        return bytes.fromhex(written[3:].decode())
    return int(written) if written.isdigit() else None


def _opened(key: bytes, nonce: bytes, sealed: bytes, context: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(nonce, sealed, context)
    except (InvalidTag, ValueError):
        return None
