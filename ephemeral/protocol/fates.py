"""What became of messages, for who has kept nothing of them but a return link.

docs/protocol.md, 4.4 and 8.11.
"""

import hmac
from typing import NamedTuple

from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import SeatKeys
from ephemeral.protocol.limits import RETURN_MESSAGES
from ephemeral.protocol.objects import (
    Json,
    read_id,
    read_integer,
    read_list,
    read_receipt,
)

__all__ = ["Fate", "ids_of", "read_fates"]


class Fate(NamedTuple):
    """A message by its counter, and what the server says of it.

    `state`: as in a receipt, or `false`: said to be viewed, and not proved. `proved`: somebody has
    decrypted it; this is sure, while the rest is the server's word. `reader`: who did so last;
    `ended_at`: when it was destroyed; `opened`: how many leases have begun. None: not known.
    """

    counter: int
    id: bytes
    state: str
    proved: bool
    reader: bytes | None
    posted_at: int | None
    expires_at: int | None
    ended_at: int | None
    opened: int | None


def ids_of(seat: SeatKeys) -> list[str]:
    """The ids of which a seat can ask without having kept anything, by counter."""
    drawn = (seat.message(counter) for counter in range(1, RETURN_MESSAGES + 1))
    return [b64encode(message) for message, _ in filter(None, drawn)]


def read_fates(answer: Json, seat: SeatKeys) -> list[Fate]:
    """The answer to asking for `ids_of(seat)`, up to the last message of which anything is known.

    An unknown one before that was forgotten, or never arrived.
    """
    receipts = read_list(answer, "receipts")
    refuse(len(receipts) != RETURN_MESSAGES, "malformed")
    fates = [_read_fate(value, seat, counter) for counter, value in enumerate(receipts, 1)]
    while fates and fates[-1].state == "unknown":
        fates.pop()
    return fates


def _read_fate(value: object, seat: SeatKeys, counter: int) -> Fate:
    receipt = read_receipt(value)
    drawn = seat.message(counter)
    if drawn is None or not isinstance(value, dict):
        raise Refusal("malformed")
    message, viewing = drawn
    refuse(receipt.id != message, "malformed")
    proved = receipt.viewing is not None and hmac.compare_digest(receipt.viewing, viewing)
    unproved = receipt.state == "viewed" and not proved
    return Fate(
        counter=counter,
        id=message,
        state="false" if unproved else receipt.state,
        proved=proved,
        reader=_reader(value),
        posted_at=_known(value, "posted_at"),
        expires_at=_known(value, "expires_at"),
        ended_at=_known(value, "ended_at"),
        opened=_known(value, "opened"),
    )


def _reader(value: Json) -> bytes | None:
    return None if value.get("reader") is None else read_id(value, "reader")


def _known(value: Json, key: str) -> int | None:
    return None if value.get(key) is None else read_integer(value, key)
