"""What is answered about devices: each object is one struct (docs/accounts.md)."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ephemeral.accounts.rules.nouns import Device, Pending, Posted, Sealing
from ephemeral.accounts.service.devices import Listed
from ephemeral.accounts.service.links import Link
from ephemeral.accounts.service.pins import DevicePins
from ephemeral.accounts.service.recovery import Begun
from ephemeral.accounts.service.shares import Share
from ephemeral.protocol.encoding import b64encode

__all__ = [
    "BegunAnswer",
    "ChainAnswer",
    "ChunkAnswer",
    "DepositedAnswer",
    "DevicesAnswer",
    "LinkAnswer",
    "PendingObject",
    "PinsAnswer",
    "PostedAnswer",
    "SharesAnswer",
    "begun",
    "chunk",
    "deposited",
    "devices",
    "link",
    "pending",
    "pins",
    "posted",
    "shares",
    "statements",
]

_encode = msgspec.json.Encoder().encode

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]
Day = Annotated[int, Meta(ge=0, description="Days since 1970-01-01 UTC")]
Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url")]
Hash = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", description="32 bytes in base64url")]
Blob = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$", description="Bytes in base64url")]


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


class SealingObject(_Answer):
    """A device's newest sealing key, as it has signed it."""

    number: int
    day: Day
    key: Blob
    signature: Blob


class PendingObject(_Answer):
    """What acts when it is due, unless a device of the account refuses it."""

    kind: Literal["close", "genesis"]
    device: Id
    at: Time
    due: Time


class DeviceObject(_Answer):
    """An active device. `name` is encrypted by its owner's devices."""

    id: Id
    seen_day: Day
    name: Blob | UnsetType = UNSET
    sealing: SealingObject | UnsetType = UNSET


class DevicesAnswer(_Answer):
    """The devices of an account, and the statements that say so."""

    statements: list[Blob]
    devices: list[DeviceObject]
    now: Time
    chain: Hash | UnsetType = UNSET
    pending: PendingObject | UnsetType = UNSET


class PostedAnswer(_Answer):
    """The place and the hash of a statement; `pending`: it acts only then."""

    sequence: int
    head: Hash
    now: Time
    pending: PendingObject | UnsetType = UNSET


class DepositedAnswer(_Answer):
    """A new device waits until then."""

    expires_at: Time
    now: Time


class LinkAnswer(_Answer):
    """For an old device the request; for the one that waits the answer, once there is one."""

    expires_at: Time
    now: Time
    request: Blob | UnsetType = UNSET
    answer: Blob | UnsetType = UNSET


class ShareObject(_Answer):
    """A share by its number."""

    n: int
    share: Hash


class SharesAnswer(_Answer):
    """The shares that are served. One that a device needs, and that is missing here, is lost."""

    shares: list[ShareObject]
    now: Time


class PinsAnswer(_Answer):
    """What a device has stored, with its signature."""

    pins: Blob
    signature: Blob
    day: Day
    now: Time


class ChunkAnswer(_Answer):
    """A chunk of history, encrypted by another device of the account."""

    chunk: Blob
    now: Time


class PinsOfDevice(_Answer):
    """What a device of the chain had stored."""

    device: Id
    pins: Blob
    signature: Blob
    day: Day


class ChainAnswer(_Answer):
    """Statements of a chain, in order."""

    statements: list[Blob]
    now: Time


class BegunAnswer(_Answer):
    """What whoever has the words needs to recover. Pins of those that came first stand first."""

    account: Id
    chain: list[Blob]
    pins: list[PinsOfDevice]
    now: Time


def devices(listed: Listed) -> bytes:
    """An account's devices."""
    return _encode(
        DevicesAnswer(
            [b64encode(one) for one in listed.statements],
            [_device(one) for one in listed.devices],
            listed.now,
            UNSET if listed.chain is None else b64encode(listed.chain),
            pending(listed.pending),
        )
    )


def posted(result: Posted) -> bytes:
    """What became of a statement."""
    return _encode(
        PostedAnswer(result.sequence, b64encode(result.head), result.now, pending(result.pending))
    )


def deposited(expires_at: int, now: int) -> bytes:
    """A new device waits."""
    return _encode(DepositedAnswer(expires_at, now))


def link(found: Link) -> bytes:
    """What stands at a locator."""
    return _encode(
        LinkAnswer(
            found.expires_at,
            found.now,
            UNSET if found.request is None else b64encode(found.request),
            UNSET if found.answer is None else b64encode(found.answer),
        )
    )


def shares(served: Sequence[Share], now: int) -> bytes:
    """The shares of a device."""
    return _encode(SharesAnswer([ShareObject(n, b64encode(share)) for n, share in served], now))


def pins(found: DevicePins, now: int) -> bytes:
    """The pins of a device."""
    return _encode(PinsAnswer(b64encode(found.sealed), b64encode(found.signature), found.day, now))


def chunk(sealed: bytes, now: int) -> bytes:
    """A chunk of history."""
    return _encode(ChunkAnswer(b64encode(sealed), now))


def statements(signed: Sequence[bytes], now: int) -> bytes:
    """Statements of a chain."""
    return _encode(ChainAnswer([b64encode(one) for one in signed], now))


def begun(found: Begun) -> bytes:
    """What a recovery begins with."""
    return _encode(
        BegunAnswer(
            b64encode(found.account),
            [b64encode(one) for one in found.statements],
            [
                PinsOfDevice(
                    b64encode(one.device), b64encode(one.sealed), b64encode(one.signature), one.day
                )
                for one in found.pins
            ],
            found.now,
        )
    )


def pending(waits: Pending | None) -> PendingObject | UnsetType:
    """What waits, if anything does."""
    if waits is None:
        return UNSET
    kind: Literal["close", "genesis"] = "close" if waits.kind == "close" else "genesis"
    return PendingObject(kind, b64encode(waits.device), waits.at, waits.due)


def _device(device: Device) -> DeviceObject:
    return DeviceObject(
        b64encode(device.id),
        device.seen_day,
        UNSET if device.name is None else b64encode(device.name),
        UNSET if device.sealing is None else _sealing(device.sealing),
    )


def _sealing(sealing: Sealing) -> SealingObject:
    return SealingObject(
        sealing.number, sealing.day, b64encode(sealing.key), b64encode(sealing.signature)
    )
