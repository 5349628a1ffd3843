"""Who has given a message back may not take it again before the others could.

Otherwise those who open and give back in turns, or one member in one breath, keep a message from
everybody for as long as it waits: a return is not counted against the message, so nothing would end
that.
"""

from collections.abc import Mapping

from ephemeral.rooms.rules.room import Message

__all__ = ["barred_until", "note_return"]

#: So many members who returned it are remembered: as many as there are seats in any room.
RETURNERS_MAX = 50


def note_return(message: Message, member: bytes, now: int, lease: int) -> None:
    """`member` has given its lease back; `lease` is the length of one, in milliseconds.

    Returns between which it lay free for less than a lease are remembered together: each member
    once, but for who began. By when that was, who was there before is known.
    """
    message.returns += 1
    if message.audience is not None:
        # Each has a lease of its own: nobody is kept from anything.
        return
    before = message.returners
    # The lease that ends now may have taken one of both.
    if not before or before[-1][1] + 2 * lease <= now:
        message.returners = ((member, now),)
        return
    others = [one for one in before[1:] if one[0] != member]
    message.returners = (before[0], *others[2 - RETURNERS_MAX :], (member, now))


def barred_until(
    message: Message, member: bytes, held: Mapping[bytes, int], now: int, lease: int
) -> int | None:
    """Until when `member` may not lease a message; None if it may.

    `held`: the members that hold a seat, with when they took it. For a lease's length after the
    last return those come first who were there before the first, and have not given it back; then
    those who came since; then those who gave it back. Where there are no others, nobody waits.
    """
    if not message.returners:
        return None
    until = message.returners[-1][1] + lease
    if until <= now:
        return None
    mine = _turn(message, member, held, now)
    for other in held:
        if other not in {member, message.author} and _turn(message, other, held, now) < mine:
            return until
    return None


def _turn(message: Message, member: bytes, held: Mapping[bytes, int], now: int) -> int:
    if any(returner == member for returner, _ in message.returners):
        return 2
    # One that asks and holds no seat any more is taken for new.
    return 1 if held.get(member, now) >= message.returners[0][1] else 0
