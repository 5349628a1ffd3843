"""What a member has written: unsent messages, and receipts that are believed only with proof.

8.5 (posting again changes nothing), 8.9 (fates), 8.11 (receipts).
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.envelope import seal_message, viewing_hash
from ephemeral.protocol.keys import ContentKeys, SeatKeys
from ephemeral.protocol.limits import ID_SIZE, NONCE_SIZE, RETRY_SECONDS, VIEWING_SIZE
from ephemeral.protocol.objects import Notice

__all__ = ["FINAL", "Drawn", "Outbox", "Written"]

#: States after which nothing more is to come.
FINAL = frozenset(
    {
        "viewed",
        "unconfirmed",
        "expired",
        "withdrawn",
        "unknown",
        "room_ended",
        "given_up",
        "refused",
    }
)
_FROM_SERVER = frozenset(
    {"stored", "opened", "viewed", "unconfirmed", "expired", "withdrawn", "unknown"}
)


class Drawn(NamedTuple):
    """A message that isn't written yet: what is attached to it is sealed for its id before."""

    counter: int
    id: bytes
    viewing: bytes

    def __repr__(self) -> str:
        return f"Drawn(counter={self.counter})"


@dataclass(slots=True)
class Written:
    """One's own message. `written_at` is the client's clock in milliseconds.

    `state`: sending, stored, opened, one of FINAL, or `false`: the server says that it was viewed
    and doesn't prove it. `first`: whoever opens it first is the only one. `attachment`: the id of
    what is attached.
    """

    id: bytes
    envelope: bytes
    viewing_hash: bytes
    written_at: int
    state: str = "sending"
    first: bool = True
    attachment: bytes | None = None

    def fields(self) -> dict[str, object]:
        """Body of the post."""
        fields: dict[str, object] = {
            "id": b64encode(self.id),
            "envelope": b64encode(self.envelope),
            "viewing_hash": b64encode(self.viewing_hash),
        }
        if self.attachment is not None:
            fields["attachment"] = b64encode(self.attachment)
        return fields

    def is_too_old(self, now: int) -> bool:
        """Whether posting it again makes no sense any more (8.5)."""
        return now - self.written_at > RETRY_SECONDS * 1000


class Outbox:
    """One's own messages, in the order in which they were written.

    `counter` is that of the last one, of whichever process of this member.
    """

    def __init__(
        self,
        keys: ContentKeys,
        member: bytes,
        seat: SeatKeys,
        counter: int,
        random: Callable[[int], bytes],
    ) -> None:
        self._keys = keys
        self._member = member
        self._seat = seat
        self._random = random
        self._messages: dict[bytes, Written] = {}
        self.counter = counter

    def __contains__(self, message: bytes) -> bool:
        return message in self._messages

    def __iter__(self) -> Iterator[Written]:
        return iter(list(self._messages.values()))

    def __getitem__(self, message: bytes) -> Written:
        return self._messages[message]

    def state(self, message: bytes) -> str | None:
        """The state of a message; None if it isn't one's own."""
        written = self._messages.get(message)
        return None if written is None else written.state

    def draw(self) -> Drawn:
        """What the next message will be; it counts when it is written."""
        counter = self.counter + 1
        drawn = self._seat.message(counter)
        return Drawn(counter, *(drawn or (self._random(ID_SIZE), self._random(VIEWING_SIZE))))

    def write(
        self,
        content: dict[str, object],
        now: int,
        drawn: Drawn | None = None,
        attachment: bytes | None = None,
    ) -> Written:
        """Seal a new message. One that `seal_message` refuses is not counted.

        `drawn`: what was drawn for it, since when no other may have been written.
        """
        nonce = self._random(NONCE_SIZE)
        counter, message, viewing = drawn or self.draw()
        assert counter == self.counter + 1, "another message was written since it was drawn"
        envelope = seal_message(self._keys, self._member, message, viewing, counter, content, nonce)
        self.counter = counter
        written = Written(message, envelope, viewing_hash(viewing), now, attachment=attachment)
        return self.add(written)

    def add(self, written: Written) -> Written:
        """Keep a message until it has met its fate."""
        self._messages[written.id] = written
        return written

    def settle(self, message: bytes, state: str, viewing: bytes | None = None) -> str | None:
        """Note what the server says of a message; gives the new state if that is news.

        `viewed` without the bytes whose hash was posted becomes `false`; a proof that comes later
        is still believed.
        """
        written = self._messages.get(message)
        if written is None or state not in _FROM_SERVER or written.state in FINAL:
            return None
        if state == "viewed" and not (
            viewing is not None and hmac.compare_digest(viewing_hash(viewing), written.viewing_hash)
        ):
            state = "false"
        if state == written.state or (written.state == "false" and state != "viewed"):
            return None
        return self._set(written, state)

    def note_audience(self, message: bytes, audience: frozenset[bytes] | None) -> None:
        """Note who may view a message: None, whoever opens it first."""
        written = self._messages.get(message)
        if written is not None:
            written.first = audience is None

    def end(self, message: bytes, state: str) -> str | None:
        """Note a fate in which the server had no say: room_ended, given_up, refused."""
        written = self._messages.get(message)
        return None if written is None or written.state in FINAL else self._set(written, state)

    def compare(
        self, notices: Mapping[bytes, Notice]
    ) -> tuple[list[tuple[bytes, str, bytes | None]], list[bytes]]:
        """Settle what the complete list of notices tells.

        Gives the news (message, state, who has opened it) and the messages that were stored and are
        no longer among the notices: their fate must be asked for.
        """
        news, lost = [], []
        for written in self:
            if written.state in {"stored", "opened", "false"}:
                notice = notices.get(written.id)
                if notice is None:
                    lost.append(written.id)
                elif settled := self.settle(written.id, notice.state):
                    news.append((written.id, settled, notice.holder))
        return news, lost

    def _set(self, written: Written, state: str) -> str:
        written.state = state
        if state in FINAL:
            written.envelope = b""
        return state
