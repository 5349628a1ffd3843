"""What members and authors are told of a message, as long as it waits and afterwards."""

from ephemeral.rooms.rules.room import FATES, PENDING, Message, Notice, Receipt, Tombstone

__all__ = ["audience_of", "fate_of", "notice_of", "receipt_of"]


def audience_of(message: Message) -> tuple[bytes, ...] | None:
    """Who has yet to view it; None under first view."""
    if message.audience is None:
        return None
    readers = message.audience.values()
    return tuple(sorted(one.member for one in readers if one.state == PENDING))


def notice_of(message: Message, now: int) -> Notice:
    """What members are told of a message that waits. A lease that is over is not shown."""
    leased = message.lease_until is not None and message.lease_until > now
    return Notice(
        message.id,
        message.sequence,
        message.author,
        message.size,
        message.posted_at,
        message.expires_at,
        "opened" if leased else "stored",
        message.lease_holder if leased else None,
        message.lease_until if leased else None,
        None if message.audience is None else audience_of(message),
        message.leases,
        message.returns,
        message.attachment,
    )


def receipt_of(message: Message, now: int) -> Receipt:
    """What its author is told of a message that waits: `opened` while anybody's lease runs.

    One whose time is over is expired, swept or not: nobody is served it any more.
    """
    if message.expires_at <= now:
        return Receipt(message.id, "expired", opened=message.leases)
    leases = [message.lease_until]
    if message.audience is not None:
        leases = [one.lease_until for one in message.audience.values()]
    opened = any(until is not None and until > now for until in leases)
    return Receipt(
        message.id,
        "opened" if opened else "stored",
        message.sequence,
        message.posted_at,
        message.expires_at,
        None,
        message.leases,
        message.returns,
        audience_of(message),
    )


def fate_of(message_id: bytes, tombstone: Tombstone) -> Receipt:
    """What its author is told of a destroyed message."""
    return Receipt(
        message_id,
        FATES[tombstone.fate],
        viewing=tombstone.viewing,
        opened=tombstone.opened,
        reader=tombstone.reader,
        ended_at=tombstone.ended_at,
    )
