"""The services of conversations, made together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.consent import Consent
from ephemeral.conversations.service.destruction import Destruction
from ephemeral.conversations.service.epochs import Epochs
from ephemeral.conversations.service.evidence import Evidence
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.insiders import Ending, Insiders
from ephemeral.conversations.service.ledger import Ledger
from ephemeral.conversations.service.lines import Lines
from ephemeral.conversations.service.listener import AccountListener
from ephemeral.conversations.service.membership import Membership
from ephemeral.conversations.service.reading import Reading
from ephemeral.conversations.service.recent import Recent
from ephemeral.conversations.service.records import Records
from ephemeral.conversations.service.segments import Segments
from ephemeral.conversations.service.stock import Stock
from ephemeral.conversations.service.sweeper import Sweeper
from ephemeral.conversations.service.tail import Tail
from ephemeral.conversations.service.wakes import Wakes
from ephemeral.conversations.service.writing import Writing
from ephemeral.live.bus import Bus
from ephemeral.sealing.seals import Random

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["ConversationServices"]


@dataclass(frozen=True, slots=True)
class ConversationServices:
    """All of them; they listen to what happens to accounts."""

    epochs: Epochs
    membership: Membership
    reading: Reading
    ledger: Ledger
    sweeper: Sweeper
    stock: Stock
    recent: Recent
    hints: Hints
    segments: Segments
    insiders: Insiders
    ending: Ending

    @classmethod
    def of(
        cls,
        pool: Pool,
        bus: Bus,
        doors: Doors,
        index_key: bytes,
        ttl: int,
        random: Random,
        fault: Callable[[BaseException], None],
        most: int = 0,
        wakes: Wakes | None = None,
    ) -> ConversationServices:
        """On these. `ttl`: how long a message waits at most, in ms. `most`: bytes that may wait.
        `wakes`: where devices are told by pushes."""
        values = doors.values
        hints = Hints(doors.watches, index_key)
        recent = Recent()
        tail = Tail(recent)
        stock = Stock(pool, most, fault)
        segments = Segments(values, random)
        boxes = Boxes(values, segments)
        records = Records(values)
        lines = Lines(doors.people)
        ending = Ending()
        destruction = Destruction(values, segments, recent, hints, ending)
        writing = Writing(values, records, boxes, tail)
        doors.hooks.witness = Evidence(lines, records)
        doors.hooks.subscribe(AccountListener(values, boxes, tail, destruction, hints))
        return cls(
            epochs=Epochs(
                doors, lines, records, Consent(doors), writing, destruction, hints, stock, wakes
            ),
            membership=Membership(doors, values, lines, records, boxes, tail, destruction, hints),
            reading=Reading(pool, doors, values, segments, records, boxes),
            ledger=Ledger(
                pool,
                bus,
                doors.people,
                segments,
                boxes,
                tail,
                recent,
                hints,
                stock,
                wakes,
                ttl,
                fault,
            ),
            stock=stock,
            sweeper=Sweeper(pool, values, segments, tail, destruction, doors.watches, fault),
            recent=recent,
            hints=hints,
            segments=segments,
            insiders=Insiders(hints),
            ending=ending,
        )
