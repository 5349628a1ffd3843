"""Who has given a message back may not take it again before the others could.

Otherwise one member who opens and gives back in one breath keeps a message from everybody for as
long as it waits: a return is not counted against the message, so nothing would end that.
"""

from collections.abc import Mapping

from ephemeral.rooms.rules.room import Message

__all__ = ["barred_until", "note_return"]

#: So many of the latest returns are remembered: as many as there are seats in any room.
RETURNERS_MAX = 50


def note_return(message: Message, member: bytes, now: int, lease: int) -> None:
    """`member` has given its lease back; `lease` is the length of one, in milliseconds."""
    message.returns += 1
    if message.audience is not None:
        # Each has a lease of its own: nobody is kept from anything.
        return
    lately = [one for one in message.returners if one[1] + lease > now]
    if len(lately) >= RETURNERS_MAX:
        # The same one over and over, while nobody else was there, is remembered once.
        lately = [one for one in lately if one[0] != member]
    message.returners = (*lately, (member, now))[-RETURNERS_MAX:]


def barred_until(
    message: Message, member: bytes, held: Mapping[bytes, int], now: int, lease: int
) -> int | None:
    """Until when `member` may not lease a message; None if it may.

    `held`: the members that hold a seat, with when they took it. For a lease's length after a
    return, whoever gave it back and whoever took a seat since stand behind all others that are
    there. Where there are no others, nobody does.
    """
    until = _bar(message, member, held, now, lease)
    if until is None:
        return None
    for other in held:
        if other not in {member, message.author} and _bar(message, other, held, now, lease) is None:
            return until
    return None


def _bar(
    message: Message, member: bytes, held: Mapping[bytes, int], now: int, lease: int
) -> int | None:
    # One that asks and holds no seat any more is taken for new.
    since = held.get(member, now)
    ends = [
        at + lease
        for returner, at in message.returners
        if at + lease > now and (returner == member or since >= at)
    ]
    return max(ends, default=None)
