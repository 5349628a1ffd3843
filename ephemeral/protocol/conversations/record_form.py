"""A record in its usual form, told from any other at one glance. docs/conversations.md, 2.1.

A record of a hundred devices is read so in a tenth of the time that it takes to look at each of its
values; what isn't recognized here is looked at in that way, and refused there if it is to be.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ephemeral.protocol.accounts.signing import SIGNATURE_SIZE
from ephemeral.protocol.accounts.statements import DEVICE_SIZE, HASH_SIZE
from ephemeral.protocol.conversations.record_parts import (
    CONVERSATION_SIZE,
    DEVICES_MAX,
    NUMBER_MAX,
    PEOPLE_MAX,
    SUITE,
    TIMER_MAX,
    VERSION,
    Continues,
    Leave,
    MemberDevice,
    Person,
)
from ephemeral.protocol.encoding import b64decode, b64decode_all
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX

__all__ = ["read_usual"]

_Count = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
_Place = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
_Number = Annotated[int, Meta(ge=0, le=NUMBER_MAX)]


# Fields are in the order of their names, as canonical JSON has them.
class _Form(Struct, forbid_unknown_fields=True, gc=False):
    """An object with these keys and no others."""


class _Continues(_Form):
    conversation: str
    record: str


class _Device(_Form):
    device: str
    number: _Number
    sealing: str


class _Leave(_Form):
    chain: str
    device: str
    signature: str
    since: _Count


class _Person(_Form):
    chain: str
    head: str
    role: Literal["admin", "member"]
    sequence: _Number
    since: _Count


class _Record(_Form, kw_only=True):
    by: str
    commitment: str
    continues: _Continues | UnsetType = UNSET
    conversation: str
    devices: Annotated[list[_Device], Meta(min_length=1, max_length=DEVICES_MAX)]
    epoch: _Count
    joining: str | None
    leaves: Annotated[list[_Leave], Meta(max_length=PEOPLE_MAX)]
    log: str
    people: Annotated[list[_Person], Meta(min_length=1, max_length=PEOPLE_MAX)]
    previous: str
    seen: _Place
    suite: Annotated[int, Meta(ge=SUITE, le=SUITE)]
    timer: Annotated[int, Meta(ge=0, le=TIMER_MAX)]
    v: Annotated[int, Meta(ge=VERSION, le=VERSION)]


_decode = msgspec.json.Decoder(_Record).decode
_encode = msgspec.json.Encoder().encode


def read_usual(data: bytes) -> dict[str, Any] | None:
    """The fields of a record whose canonical JSON this is; None for what isn't recognized."""
    try:
        form = _decode(data)
        if _encode(form) != data:
            return None
        return _fields(form)
    except (msgspec.MsgspecError, UnicodeError, Refusal):
        return None


def _fields(form: _Record) -> dict[str, Any]:
    people, devices, leaves = form.people, form.devices, form.leaves
    hashes = b64decode_all(
        [
            form.commitment, form.log, form.previous,
            *(one.chain for one in people),
            *(one.head for one in people),
            *(one.sealing for one in devices),
        ],
        HASH_SIZE,
    )  # fmt: skip
    heads, sealing = 3 + len(people), 3 + 2 * len(people)
    by, *ids = b64decode_all([form.by, *(one.device for one in devices)], DEVICE_SIZE)
    return {
        "suite": form.suite,
        "conversation": b64decode(form.conversation, CONVERSATION_SIZE),
        "epoch": form.epoch,
        "previous": hashes[2],
        "by": by,
        "commitment": hashes[0],
        "seen": form.seen,
        "log": hashes[1],
        "timer": form.timer,
        "joining": None if form.joining is None else b64decode(form.joining, HASH_SIZE),
        "people": tuple(
            Person(chain, one.role, one.since, one.sequence, head)
            for one, chain, head in zip(people, hashes[3:heads], hashes[heads:sealing], strict=True)
        ),
        "devices": tuple(map(MemberDevice, ids, [one.number for one in devices], hashes[sealing:])),
        "leaves": tuple(map(_leave, leaves)),
        "continues": None if form.continues is UNSET else _continues(form.continues),
    }


def _leave(form: _Leave) -> Leave:
    return Leave(
        b64decode(form.chain, HASH_SIZE),
        form.since,
        b64decode(form.device, DEVICE_SIZE),
        b64decode(form.signature, SIGNATURE_SIZE),
    )


def _continues(form: _Continues) -> Continues:
    return Continues(
        b64decode(form.conversation, CONVERSATION_SIZE), b64decode(form.record, HASH_SIZE)
    )
