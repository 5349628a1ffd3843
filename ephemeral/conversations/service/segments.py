"""The second layer of conversations: messages and boxes sealed under keys that are destroyed.

The messages of an hour in a conversation share a *segment key*, those boxes of an epoch that wait
a key of their own: payloads of the vault, each destroyed with the last that is sealed under it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.protocol.accounts.derivation import labelled
from ephemeral.sealing.seals import Kind, Random

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["OVERHEAD", "Segments"]

_KEY_BYTES = 32
_NONCE_BYTES = 12
#: By how much what is sealed is longer.
OVERHEAD = _NONCE_BYTES + 16

_MESSAGE = labelled("server/segment")
_BOX = labelled("server/box")
# What a key is called in the vault.
_SEGMENT: Kind = "segment-key"
_BOXES: Kind = "box-key"
# Keys that were used last: some hundred bytes each.
_REMEMBERED = 4_000


class Segments:
    """Keys of segments and of boxes. Those used last are remembered, until they are destroyed or
    not used for a while."""

    def __init__(self, values: SealedValues, random: Random) -> None:
        self._values = values
        self._random = random
        self._ciphers: OrderedDict[bytes, AESGCM] = OrderedDict()
        # Those that were used since `age` was called last.
        self._used: set[bytes] = set()

    async def begin(self, connection: Connection, count: int) -> list[bytes]:
        """So many new keys; gives their payloads. Remembered already, though nothing is committed
        yet: what isn't will never be asked for."""
        keys = [self._random(_KEY_BYTES) for _ in range(count)]
        payloads = await self._values.store_all(connection, [(_SEGMENT, key) for key in keys])
        for payload, key in zip(payloads, keys, strict=True):
            self._keep(payload, AESGCM(key))
        return payloads

    async def begin_boxes(self, connection: Connection, record: bytes) -> tuple[bytes, bytes]:
        """The same for the boxes of an epoch, with its record, written together; gives the payloads
        of the record and of the key."""
        key = self._random(_KEY_BYTES)
        contents: list[tuple[Kind, bytes]] = [("record", record), (_BOXES, key)]
        entry, payload = await self._values.store_all(connection, contents)
        self._keep(payload, AESGCM(key))
        return entry, payload

    async def load(
        self, connection: Connection, segments: Iterable[bytes], kind: Kind = _SEGMENT
    ) -> set[bytes]:
        """Have these keys at hand; gives those that can be had. Raises as the vault does."""
        asked = set(segments)
        missing = [one for one in asked if one not in self._ciphers]
        if missing:
            for payload, key in (await self._values.read(connection, kind, missing)).items():
                if payload is not None:
                    self._keep(payload, AESGCM(key))
        return {one for one in asked if one in self._ciphers}

    async def load_boxes(self, connection: Connection, keys: Iterable[bytes]) -> set[bytes]:
        """The same of boxes."""
        return await self.load(connection, keys, _BOXES)

    def seal(self, segment: bytes, conversation: bytes, s: int, entry: bytes) -> bytes:
        """A message under its segment's key, which is at hand."""
        return self._seal(segment, _message(conversation, s), entry)

    def unseal(self, segment: bytes, conversation: bytes, s: int, sealed: bytes) -> bytes | None:
        """The message again; None where that can't be."""
        return self._unseal(segment, _message(conversation, s), sealed)

    def seal_boxes(
        self, key: bytes, conversation: bytes, epoch: int, boxes: Mapping[bytes, bytes]
    ) -> dict[bytes, bytes]:
        """Boxes, by device, under the key of their epoch's."""
        self._used.add(key)
        encrypt, context = self._ciphers[key].encrypt, _box(conversation, epoch, b"")
        # Nonces of all of them are drawn together.
        drawn = self._random(_NONCE_BYTES * len(boxes))
        sealed = {}
        for at, (device, box) in enumerate(boxes.items()):
            nonce = drawn[at * _NONCE_BYTES : (at + 1) * _NONCE_BYTES]
            sealed[device] = nonce + encrypt(nonce, box, context + device)
        return sealed

    def unseal_box(
        self, key: bytes, conversation: bytes, epoch: int, device: bytes, sealed: bytes
    ) -> bytes | None:
        """The box again; None where that can't be."""
        return self._unseal(key, _box(conversation, epoch, device), sealed)

    def forget(self, segments: Iterable[bytes]) -> None:
        """These are destroyed."""
        for one in segments:
            self._ciphers.pop(one, None)
            self._used.discard(one)

    def age(self) -> None:
        """To be called now and then: forget what wasn't used since the last time. Another process
        may have destroyed it."""
        for one in [one for one in self._ciphers if one not in self._used]:
            del self._ciphers[one]
        self._used.clear()

    def _seal(self, key: bytes, context: bytes, plain: bytes) -> bytes:
        self._used.add(key)
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._ciphers[key].encrypt(nonce, plain, context)

    def _unseal(self, key: bytes, context: bytes, sealed: bytes) -> bytes | None:
        cipher = self._ciphers.get(key)
        if cipher is None:
            return None
        self._used.add(key)
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except InvalidTag:
            return None

    def _keep(self, payload: bytes, cipher: AESGCM) -> None:
        self._ciphers[payload] = cipher
        self._used.add(payload)
        if len(self._ciphers) > _REMEMBERED:
            gone, _ = self._ciphers.popitem(last=False)
            self._used.discard(gone)


def _message(conversation: bytes, s: int) -> bytes:
    return b"".join((_MESSAGE, conversation, s.to_bytes(8, "big"), b"\x02"))


def _box(conversation: bytes, epoch: int, device: bytes) -> bytes:
    return b"".join((_BOX, conversation, epoch.to_bytes(8, "big"), device))
