"""Epoch records, as bytes: docs/conversations.md, 2.1 and 2.4. What they may say is judge.py's.

A record says who is in a conversation from here on, by which of their devices, and names the secret
of the epoch without telling it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.accounts.signing import SIGNATURE_SIZE
from ephemeral.protocol.accounts.statements import DEVICE_SIZE, HASH_SIZE
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.record_form import read_usual
from ephemeral.protocol.conversations.record_parts import (
    ADMIN,
    CONVERSATION_SIZE,
    DEVICES_MAX,
    MEMBER,
    NUMBER_MAX,
    PEOPLE_MAX,
    RECORD_MAX,
    SUITE,
    TIMER_MAX,
    VERSION,
    Continues,
    Leave,
    MemberDevice,
    Person,
)
from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX

__all__ = [
    "ADMIN",
    "BOX_SIZE",
    "CONVERSATION_SIZE",
    "DEVICES_MAX",
    "ENTRY_MAX",
    "MEMBER",
    "NO_BOX",
    "PEOPLE_MAX",
    "RECORD_MAX",
    "SUITE",
    "TIMER_MAX",
    "Continues",
    "Leave",
    "MemberDevice",
    "Person",
    "Record",
    "SignedRecord",
    "box_hash",
    "key_of",
    "most_devices",
    "record_hash",
]

# A person's first devices that are listed, however many people there are (2.6).
_DEVICES_OF_ONE = 2
#: Bytes of a box that isn't empty.
BOX_SIZE = 1_168
ENTRY_MAX = RECORD_MAX + SIGNATURE_SIZE + DEVICES_MAX * HASH_SIZE

_KEYS = frozenset(
    {
        "v", "suite", "conversation", "epoch", "previous", "by", "commitment", "seen", "log",
        "timer", "joining", "people", "devices", "leaves",
    }
)  # fmt: skip
# What can end an object, and the texts in which a brace means nothing.
_BRACES = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}]', re.DOTALL)


@dataclass(frozen=True)
class Record:
    """An epoch record. Ids have 16 bytes, hashes, `commitment` and `joining` 32."""

    conversation: bytes
    epoch: int
    previous: bytes
    by: bytes
    commitment: bytes
    seen: int
    log: bytes
    timer: int
    joining: bytes | None
    people: tuple[Person, ...]
    devices: tuple[MemberDevice, ...]
    leaves: tuple[Leave, ...] = ()
    continues: Continues | None = None
    suite: int = SUITE

    def encode(self) -> bytes:
        """The canonical JSON of which R is the hash."""
        value: dict[str, object] = {
            "v": VERSION,
            "suite": self.suite,
            "conversation": b64encode(self.conversation),
            "epoch": self.epoch,
            "previous": b64encode(self.previous),
            "by": b64encode(self.by),
            "commitment": b64encode(self.commitment),
            "seen": self.seen,
            "log": b64encode(self.log),
            "timer": self.timer,
            "joining": None if self.joining is None else b64encode(self.joining),
            "people": list(map(_written, self.people)),
            "devices": list(map(_written, self.devices)),
            "leaves": list(map(_written, self.leaves)),
        }
        if self.continues is not None:
            value["continues"] = _written(self.continues)
        return canonical_json.encode(value)

    @classmethod
    def decode(cls, data: bytes) -> "Record":
        """Refuses `record_form` and `record_version`. Whether it may say so is the judge's."""
        if len(data) > RECORD_MAX:
            _wrong_form()
        fields = read_usual(data)
        made = cls(**(_read_any(data) if fields is None else fields))
        made.__dict__["hash"] = record_hash(data)
        return made

    @cached_property
    def hash(self) -> bytes:
        """R."""
        return record_hash(self.encode())

    def person(self, chain: bytes) -> Person | None:
        """The person that is this chain, if in the conversation."""
        return next((one for one in self.people if one.chain == chain), None)

    def person_of(self, device: bytes, lines: Mapping[bytes, Line]) -> Person | None:
        """Whose device this is, of those that are listed here; of a record that was judged.

        `lines` has every person's chain up to the point named here, at least. A device may be in
        two chains, and is then listed of the first of these people.
        """
        if not any(one.device == device for one in self.devices):
            return None
        most = most_devices(len(self.people))
        for one in self.people:
            line = lines.get(one.chain)
            chain = line and line.at(one.sequence)
            if chain and any(each.id == device for each in chain.devices[:most]):
                return one
        return None

    @cached_property
    def admins(self) -> frozenset[bytes]:
        """The chains of those who are admin."""
        return frozenset(one.chain for one in self.people if one.role == ADMIN)


def most_devices(people: int) -> int:
    """How many devices of each person are listed, the first ones, where so many people are."""
    return max(_DEVICES_OF_ONE, DEVICES_MAX // people)


def key_of(person: Person, device: bytes, lines: Mapping[bytes, Line]) -> bytes | None:
    """The key of a person's device that was active at the point named."""
    line = lines.get(person.chain)
    chain = line and line.at(person.sequence)
    return chain.key_of(device) if chain else None


def record_hash(data: bytes) -> bytes:
    """R of a record's bytes."""
    return hashlib.sha256(data).digest()


def box_hash(box: bytes) -> bytes:
    """By which a record's entry names a box, an empty one too."""
    return hashlib.sha256(box).digest()


#: What stands in an entry for a device that nothing could be sealed to.
NO_BOX = box_hash(b"")


@dataclass(frozen=True)
class SignedRecord:
    """A record's bytes, its author's signature, and the hashes of its boxes: what is judged."""

    record_bytes: bytes
    signature: bytes
    box_hashes: tuple[bytes, ...]

    @cached_property
    def record(self) -> Record:
        """What it says; refuses as `Record.decode` does."""
        return Record.decode(self.record_bytes)

    @cached_property
    def hash(self) -> bytes:
        """R."""
        return record_hash(self.record_bytes)

    def entry(self) -> bytes:
        """`record || signature || box hashes`: what the log's hash covers and what is served."""
        return b"".join((self.record_bytes, self.signature, *self.box_hashes))

    @classmethod
    def of(cls, record: bytes, signature: bytes, boxes: Sequence[bytes]) -> "SignedRecord":
        """What an author posts, read and hashed: refuses `record_form`, `record_version`."""
        made = cls(record, signature, tuple(map(box_hash, boxes)))
        sizes = {0, BOX_SIZE}.issuperset(map(len, boxes))
        made.__dict__["hash"] = made.record.hash
        if len(boxes) != len(made.record.devices) or not sizes or len(signature) != SIGNATURE_SIZE:
            _wrong_form()
        return made

    @classmethod
    def read(cls, entry: bytes) -> "SignedRecord":
        """An entry as it is served; refuses `record_form`, `record_version`."""
        end = _end_of_object(entry)
        record = entry[:end]
        found = Record.decode(record)
        hashes = entry[end + SIGNATURE_SIZE :]
        if len(entry) != end + SIGNATURE_SIZE + len(found.devices) * HASH_SIZE:
            _wrong_form()
        made = cls(
            record,
            entry[end : end + SIGNATURE_SIZE],
            tuple(hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)),
        )
        made.__dict__["record"] = found
        return made


def _wrong_form() -> NoReturn:
    raise Refusal("record_form") from None


def _end_of_object(entry: bytes) -> int:
    """Where the JSON object ends that the bytes begin with: behind its closing brace."""
    if not entry.startswith(b"{"):
        _wrong_form()
    depth = 0
    for found in _BRACES.finditer(entry, 0, RECORD_MAX):
        token = found[0]
        if token == b"{":
            depth += 1
        elif token == b"}":
            depth -= 1
            if depth == 0:
                return found.end()
    _wrong_form()


def _written(value: NamedTuple) -> dict[str, object]:
    return {
        name: b64encode(one) if isinstance(one, bytes) else one
        for name, one in value._asdict().items()
    }


def _object(value: object, keys: frozenset[str]) -> dict[str, object]:
    if not isinstance(value, dict) or value.keys() != keys:
        _wrong_form()
    return value


def _list(value: object, low: int, high: int) -> list[object]:
    if not isinstance(value, list) or not low <= len(value) <= high:
        _wrong_form()
    return value


def _read_any(data: bytes) -> dict[str, Any]:
    """The fields of a record that wasn't told at one glance; refuses `record_form`,
    `record_version`."""
    try:
        value = canonical_json.decode(data)
    except Refusal:
        _wrong_form()
    if not isinstance(value, dict):
        _wrong_form()
    for name, known in (("v", VERSION), ("suite", SUITE)):
        if type(value.get(name)) is int and value[name] >= 1 and value[name] != known:
            raise Refusal("record_version")
    try:
        return _read(value)
    except Refusal:
        _wrong_form()


def _read(value: dict[str, object]) -> dict[str, Any]:
    """The fields of a record; refuses `record_form` or `malformed`."""
    _object(value, _KEYS | {"continues"} if "continues" in value else _KEYS)
    read_integer(value["v"], VERSION, VERSION)
    joining = value["joining"]
    return {
        "suite": read_integer(value["suite"], SUITE, SUITE),
        "conversation": b64decode(value["conversation"], CONVERSATION_SIZE),
        "epoch": read_integer(value["epoch"], 1),
        "previous": b64decode(value["previous"], HASH_SIZE),
        "by": b64decode(value["by"], DEVICE_SIZE),
        "commitment": b64decode(value["commitment"], HASH_SIZE),
        "seen": read_integer(value["seen"], 0, INTEGER_MAX),
        "log": b64decode(value["log"], HASH_SIZE),
        "timer": read_integer(value["timer"], 0, TIMER_MAX),
        "joining": None if joining is None else b64decode(joining, HASH_SIZE),
        "people": tuple(map(_person, _list(value["people"], 1, PEOPLE_MAX))),
        "devices": tuple(map(_device, _list(value["devices"], 1, DEVICES_MAX))),
        "leaves": tuple(map(_leave, _list(value["leaves"], 0, PEOPLE_MAX))),
        "continues": _continues(value["continues"]) if "continues" in value else None,
    }


def _person(value: object) -> Person:
    obj = _object(value, frozenset(Person._fields))
    role = obj["role"]
    if role not in (ADMIN, MEMBER):
        _wrong_form()
    return Person(
        b64decode(obj["chain"], HASH_SIZE),
        str(role),
        read_integer(obj["since"], 1),
        read_integer(obj["sequence"], 0, NUMBER_MAX),
        b64decode(obj["head"], HASH_SIZE),
    )


def _device(value: object) -> MemberDevice:
    obj = _object(value, frozenset(MemberDevice._fields))
    return MemberDevice(
        b64decode(obj["device"], DEVICE_SIZE),
        read_integer(obj["number"], 0, NUMBER_MAX),
        b64decode(obj["sealing"], HASH_SIZE),
    )


def _leave(value: object) -> Leave:
    obj = _object(value, frozenset(Leave._fields))
    return Leave(
        b64decode(obj["chain"], HASH_SIZE),
        read_integer(obj["since"], 1),
        b64decode(obj["device"], DEVICE_SIZE),
        b64decode(obj["signature"], SIGNATURE_SIZE),
    )


def _continues(value: object) -> Continues:
    obj = _object(value, frozenset(Continues._fields))
    return Continues(
        b64decode(obj["conversation"], CONVERSATION_SIZE),
        b64decode(obj["record"], HASH_SIZE),
    )
