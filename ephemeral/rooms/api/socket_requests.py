"""What is asked for seldom on a socket: frames that are awaited, one after the other."""

from ephemeral.edge.limiter import Action, Visitor
from ephemeral.protocol import frames
from ephemeral.rooms.api import answers
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["answer", "answer_early"]


async def answer_early(rooms: Rooms, visitor: Visitor, frame: frames.EarlyFrame) -> bytes:
    """The answer to a frame that comes before `hello`; `{}` to what isn't one. Refuses."""
    match frame:
        case frames.Create():
            await visitor.spend_together(Action.CREATE)
            view, _ = await rooms.create(frames.credential(frame.locator), *frame.unpack())
            return answers.room(view)
        case frames.Join():
            locator, token = frames.credential(frame.locator), frames.credential(frame.token)
            async with visitor.at(frame.locator).asking_together(Action.JOIN):
                joined = await rooms.join(locator, token, *frame.unpack())
            return answers.joined(joined.snapshot)
        case frames.Resume():
            async with visitor.asking_together(Action.JOIN):
                return answers.key(await rooms.resume(frames.credential(frame.resume)))
    return b"{}"


async def answer(rooms: Rooms, visitor: Visitor, seat: Seat, frame: frames.Frame) -> bytes:
    """The answer to a frame that comes after `hello`. Refuses."""
    if isinstance(frame, frames.Destroy):
        await rooms.destroy(seat)
        return b"{}"
    visitor.spend(Action.STATE)
    match frame:
        case frames.Status():
            return answers.receipts(*await rooms.status(seat, frame.unpack()))
        case frames.Messages():
            return answers.notices(*await rooms.notices(seat))
        case frames.RoomFrame():
            return answers.room_with_members(*await rooms.members(seat))
        case frames.Lock():
            return answers.room(await rooms.lock(seat, frame.locked))
        case frames.Typing():
            await rooms.typing(seat, frame.typing)
    return b"{}"
