"""What members and authors are told of a message that waits."""

from ephemeral.rooms.rules.room import PENDING, Message, Notice, Receipt

__all__ = ["notice_of", "receipt_of"]


def notice_of(message: Message, now: int) -> Notice:
    """What members are told of a message that waits. A lease that is over is not shown."""
    leased = message.lease_until is not None and message.lease_until > now
    audience = None
    if message.audience is not None:
        readers = message.audience.values()
        audience = tuple(sorted(one.member for one in readers if one.state == PENDING))
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
        audience,
    )


def receipt_of(message: Message, now: int) -> Receipt:
    """What its author is told of a message that waits: `opened` while anybody's lease runs.

    One whose time is over is expired, swept or not: nobody is served it any more.
    """
    if message.expires_at <= now:
        return Receipt(message.id, "expired")
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
    )
