"""People with chains, devices and sealing keys, made of nothing but names: for conversations."""

import hashlib
from functools import cache

from ephemeral.protocol.accounts.chain import (
    Signed,
    add,
    close,
    consent,
    device_id,
    genesis,
    recover,
    remove,
)
from ephemeral.protocol.accounts.hpke import PUBLIC_SIZE, PrivateKey
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.conversations import epochs
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.records import Record, SignedRecord


def drawn(*name: object) -> bytes:
    """32 bytes that only depend on the name."""
    return hashlib.sha256("/".join(map(str, name)).encode()).digest()


@cache
def signing_key(*name: object) -> SigningKey:
    return SigningKey.from_seed(drawn("sign", *name))


@cache
def sealing_key(*name: object) -> PrivateKey:
    return PrivateKey.from_seed(drawn("seal", *name))


class Member:
    """An account: its line, and what its devices hold. `names` are those of its active devices."""

    def __init__(self, name: str, devices: int = 1) -> None:
        self.name = name
        self.words = signing_key(name, "words")
        self.signing: dict[bytes, SigningKey] = {}
        self.numbers: dict[bytes, int] = {}
        self.count = 0
        first = self._new()
        self.statements: list[Signed] = [genesis(first, self.words.public, bytes(32))]
        self.line = Line.of(self.statements)
        for _ in range(devices - 1):
            self.add()

    def _new(self) -> SigningKey:
        key = signing_key(self.name, self.count)
        self.count += 1
        self.signing[device_id(key.public)] = key
        self.numbers[device_id(key.public)] = 1
        return key

    def _say(self, signed: Signed) -> None:
        self.statements.append(signed)
        self.line = self.line.extend(signed)

    @property
    def chain(self) -> bytes:
        return self.line.id

    @property
    def devices(self) -> list[bytes]:
        return [one.id for one in self.line.last.devices]

    @property
    def signer(self) -> SigningKey:
        return self.signing[self.devices[0]]

    def add(self, key: SigningKey | None = None) -> bytes:
        """Another device, or one that is somebody else's too."""
        if key is None:
            key = self._new()
        else:
            self.signing[device_id(key.public)] = key
            self.numbers.setdefault(device_id(key.public), 1)
        agreed = consent(key, self.chain)
        self._say(add(self.line.last, self.signer, key.public, agreed))
        return device_id(key.public)

    def remove(self, device: bytes) -> None:
        self._say(remove(self.line.last, self.signer, device))

    def close(self) -> None:
        self._say(close(self.line.last, self.signer))

    def recover(self) -> bytes:
        key = self._new()
        agreed = consent(key, self.chain)
        self._say(recover(self.line.last, self.words, key.public, agreed))
        return device_id(key.public)

    def renew_key(self, device: bytes) -> None:
        self.numbers[device] += 1


def lines_of(*members: Member) -> dict[bytes, Line]:
    return {one.chain: one.line for one in members}


def named_keys(*members: Member) -> dict[bytes, SealingKey]:
    """Sealing keys that name and number tell apart, to which nothing can be sealed: making and
    judging look at their hashes alone, and X-Wing keys take their time."""
    return {
        device: SealingKey(number, 0, drawn("key", device.hex(), number).ljust(PUBLIC_SIZE, b"."))
        for one in members
        for device, number in one.numbers.items()
    }


def real_keys(*members: Member) -> dict[bytes, SealingKey]:
    return {
        device: SealingKey(number, 0, sealing_key(device.hex(), number).public)
        for one in members
        for device, number in one.numbers.items()
    }


def signed_by(record: Record, *members: Member, boxes: list[bytes] | None = None) -> SignedRecord:
    """The record signed by its author, with boxes that nobody opens if none are given."""
    key = next(one.signing[record.by] for one in members if record.by in one.signing)
    made = [bytes(1168) for _ in record.devices] if boxes is None else boxes
    return epochs.sign_record(key, record.encode(), made)
