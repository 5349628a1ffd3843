"""`send`: one message, and its fate."""

import asyncio

from ephemeral.client.context import Context, Keeping
from ephemeral.client.conversation import Conversation, Offline, Slower, now_ms
from ephemeral.client.entry import Entry, canonical_code
from ephemeral.client.exits import ClientError, Exit, ended_error, exit_code_of, unreachable
from ephemeral.client.seat_file import Seat
from ephemeral.client.transport import ANSWER_SECONDS
from ephemeral.protocol.charter import Policy
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.links import make_return_link
from ephemeral.protocol.outbox import FINAL, Written
from ephemeral.protocol.quotes import Quote
from ephemeral.protocol.session import Session
from ephemeral.protocol.session_events import Ended, Refused, Settled

__all__ = ["send", "text_content"]

_ARRIVED = {
    "stored": "The message is stored and waits to be read.",
    "opened": "The message is stored and is being read.",
    "viewed": "The message was viewed and is destroyed.",
}
_FATES = {
    "unconfirmed": "The message was opened three times and never confirmed; it is destroyed.",
    "expired": "The message has expired; nobody confirmed having read it.",
    "withdrawn": "The message was taken back and is destroyed.",
    "unknown": "The server knows nothing of the message any more.",
    "false": "The server says that the message was viewed, and can't prove it. Don't believe it.",
    "given_up": "The message could not be sent for twelve hours.",
    "room_ended": "The room has ended, and the message with it.",
}


def text_content(text: str, view: int | None, quote: Quote | None = None) -> dict[str, object]:
    """The content of a text; `view`: for how many seconds it should stay readable."""
    content: dict[str, object] = {"type": "text", "text": text}
    if view is not None:
        content["view"] = view
    if quote is not None:
        content["quote"] = quote.fields()
    return content


async def send(context: Context) -> Exit:
    """Send a message and wait until it is stored, or for its fate."""
    args = context.args
    goal: str = args.wait
    async with context.entry(patience=args.timeout) as entry:
        everyone = entry.charter.policy == Policy.EVERYONE
        with context.keeping(entry) as keeping:
            session = entry.session(keeping.seat, context.random, args.name)
            written = _write(context, session, keeping)
            if args.returns:
                # Before it is sent: whoever is not told whether it arrived can ask later.
                await _put_return_link(context, entry, keeping.seat)
            patience = args.timeout if goal == "stored" else None
            talk = Conversation(entry.server, session, chance=context.chance, patience=patience)
            async with talk:
                try:
                    await _until_goal(context, talk, written, goal)
                finally:
                    keeping.save(session)
                    # Who means to come back leaves the seat as it is, unless another needs it.
                    if keeping.file is None and not args.returns:
                        await talk.leave()
    if context.wants_json:
        await context.put_json({"id": b64encode(written.id), "state": written.state})
    if written.state == "viewed" or (goal == "stored" and written.state in {"stored", "opened"}):
        context.reassure(_ARRIVED[written.state])
        if written.first and written.state == "stored" and everyone:
            context.reassure("Nobody else was there: whoever opens it first is the only one.")
        return Exit.OK
    context.say(_FATES.get(written.state, "The message was not sent."))
    return Exit.FATE


async def _put_return_link(context: Context, entry: Entry, seat: Seat) -> None:
    page, config = f"{entry.server.address}/", entry.config
    code = canonical_code(context.typed, config)
    link = make_return_link(page, config.suite, config.salt, code, seat.secret)
    if context.wants_json:
        await context.put_json({"return": link})
    else:
        await context.put(link)


def _write(context: Context, session: Session, keeping: Keeping) -> Written:
    """Seal the message, or take up the last one without an answer; kept before it is sent."""
    seat = keeping.seat
    if context.args.again:
        unsent = [one for one in seat.written if one.state == "sending"]
        if not unsent:
            raise ClientError(Exit.NOTHING, "nothing", "No message of this seat is without answer.")
        return session.post_written(unsent[-1], now_ms())
    written = session.post(text_content(context.text, context.args.view), now_ms())
    seat.written.append(written)
    keeping.save(session)
    return written


async def _until_goal(context: Context, talk: Conversation, written: Written, goal: str) -> None:
    """Wait until the message is stored or, if that is the goal, until it has met its fate."""
    why: ClientError = unreachable("The server gave no answer in time.")
    try:
        async with asyncio.timeout(context.args.timeout + ANSWER_SECONDS) as deadline:
            while True:
                match await talk.next():
                    case Settled(id=written.id, state=state):
                        if goal == "stored" or state in FINAL or state == "false":
                            return
                        deadline.reschedule(None)
                    case Refused(action="post", id=written.id, refusal=refusal, kept=kept):
                        why = _as_error(refusal)
                        if not kept:
                            raise why
                    case Offline(why=reason):
                        why = unreachable(reason)
                    case Slower(why=reason):
                        context.say(reason)
                    case Ended() as ended:
                        raise ended_error(ended)
    except TimeoutError:
        hint = " `send --again` sends it again, once." if context.args.seat is not None else ""
        message = f"{why.message} It is not known whether the message was stored.{hint}"
        raise ClientError(why.status, why.code, message) from None


def _as_error(refusal: Refusal) -> ClientError:
    return ClientError(exit_code_of(refusal), refusal.code, refusal.message)
