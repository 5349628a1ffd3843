"""What an account's socket tells of conversations (docs/conversations.md, 12.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from ephemeral.conversations.api.objects import DeliveredObject, items_json
from ephemeral.conversations.service.listening import Attended, StandingRow
from ephemeral.conversations.service.recent import Item
from ephemeral.protocol.encoding import b64, b64encode

__all__ = ["EVENTS", "SocketEvents", "welcome"]

_encode = msgspec.json.Encoder().encode


class StandsObject(Struct, gc=False):
    """How far a conversation has come."""

    conversation: str
    s: int
    epoch: int


class WelcomeAnswer(Struct, tag="welcome", gc=False):
    """The answer to `hello`."""

    ref: int
    now: int
    conversations: list[StandsObject]


class EpochEvent(Struct, tag="epoch", gc=False):
    """Another record is the newest."""

    conversation: str
    epoch: int
    record: str
    s: int


class PeopleEvent(Struct, tag="people", gc=False):
    """Something about people has changed."""

    conversation: str


class ReceiptEvent(Struct, tag="receipt", gc=False):
    """Devices have stored what they read."""

    conversation: str
    receipts: list[DeliveredObject]


class TypingEvent(Struct, tag="typing", gc=False):
    """Somebody is writing."""

    conversation: str
    device: str


class FileEvent(Struct, tag="file", gc=False):
    """A file stands otherwise, or is gone."""

    conversation: str
    file: str
    bitmap: str | None
    expires_at: int | None


class SignalEvent(Struct, tag="signal", gc=False):
    """What a device says to those who listen."""

    conversation: str
    device: str
    sealed: str


class PresenceEvent(Struct, tag="presence", gc=False):
    """Contacts are here, or no longer."""

    come: list[str]
    gone: list[str]


class ConversationsEvent(Struct, tag="conversations", gc=False):
    """The account is in others than before."""

    come: list[StandsObject]
    gone: list[str]


class ChainEvent(Struct, tag="chain", gc=False):
    """A contact's chain has gone on."""

    chain: str


class EntryEvent(Struct, tag="entry", gc=False):
    """A log has come to a place and hash."""

    conversation: str
    entries: list[msgspec.Raw]
    s: int
    hash: str
    epoch: int
    record: str


class ContactEvent(Struct, tag="contact", gc=False):
    """Contacts have changed."""


class DeviceEvent(Struct, tag="device", gc=False):
    """Own devices have changed."""


#: All that may be told after `welcome`.
EVENTS = (
    EntryEvent,
    EpochEvent,
    PeopleEvent,
    ReceiptEvent,
    TypingEvent,
    SignalEvent,
    FileEvent,
    PresenceEvent,
    ConversationsEvent,
    ChainEvent,
    ContactEvent,
    DeviceEvent,
)


class SocketEvents:
    """Encodes events, as the hub wants it."""

    contact = _encode(ContactEvent())
    device = _encode(DeviceEvent())

    def entry(
        self, conversation: bytes, items: Sequence[Item], s: int, log: bytes, epoch: int,
        record: bytes,
    ) -> bytes:  # fmt: skip
        """A log has come to a place and hash: put together by hand, since most are this."""
        return (
            b'{"type":"entry","conversation":"%b","entries":[%b],"s":%d,"hash":"%b","epoch":%d,'
            b'"record":"%b"}'
        ) % (b64(conversation), b",".join(items_json(items)), s, b64(log), epoch, b64(record))

    def epoch(self, row: StandingRow) -> bytes:
        """Another record is the newest."""
        event = EpochEvent(b64encode(row.conversation), row.epoch, b64encode(row.record), row.s)
        return _encode(event)

    def people(self, conversation: bytes) -> bytes:
        """Something about people has changed."""
        return _encode(PeopleEvent(b64encode(conversation)))

    def receipt(self, conversation: bytes, cursors: Iterable[tuple[bytes, int]]) -> bytes:
        """Devices have stored what they read."""
        said = [DeliveredObject(b64encode(device), cursor) for device, cursor in cursors]
        return _encode(ReceiptEvent(b64encode(conversation), said))

    def typing(self, conversation: bytes, device: bytes) -> bytes:
        """Somebody is writing."""
        return _encode(TypingEvent(b64encode(conversation), b64encode(device)))

    def file(
        self, conversation: bytes, file: bytes, landed: bytes | None, expires_at: int | None
    ) -> bytes:
        """A file stands otherwise, or is gone."""
        bitmap = None if landed is None else b64encode(landed)
        return _encode(FileEvent(b64encode(conversation), b64encode(file), bitmap, expires_at))

    def signal(self, conversation: bytes, device: bytes, sealed: bytes) -> bytes:
        """What a device says to those who listen."""
        return _encode(SignalEvent(b64encode(conversation), b64encode(device), b64encode(sealed)))

    def presence(self, come: Iterable[bytes], gone: Iterable[bytes]) -> bytes:
        """Contacts are here, or no longer."""
        return _encode(PresenceEvent(list(map(b64encode, come)), list(map(b64encode, gone))))

    def conversations(self, come: Iterable[StandingRow], gone: Iterable[bytes]) -> bytes:
        """An account is in others than before."""
        return _encode(
            ConversationsEvent([_stands(one) for one in come], list(map(b64encode, gone)))
        )

    def chain(self, chain: bytes) -> bytes:
        """A contact's chain has gone on."""
        return _encode(ChainEvent(b64encode(chain)))


def welcome(ref: int, attended: Sequence[Attended], now: int) -> bytes:
    """The answer to `hello`."""
    return _encode(WelcomeAnswer(ref, now, [_stands(one.row) for one in attended]))


def _stands(row: StandingRow) -> StandsObject:
    return StandsObject(b64encode(row.conversation), row.s, row.epoch)
