"""The sentences of a conversation: who somebody is, and what has happened."""

from collections.abc import Iterator, Mapping

from ephemeral.client.conversation import Slower, Told
from ephemeral.client.durations import format_duration, local_time
from ephemeral.client.safe_text import neutralise_line
from ephemeral.protocol.charter import Charter
from ephemeral.protocol.quotes import Quote, quote_in
from ephemeral.protocol.session import Session
from ephemeral.protocol.session_events import (
    Card,
    Joined,
    Left,
    Locked,
    Present,
    Refused,
    Settled,
    Unreadable,
    Viewed,
    Waiting,
    Withdrawn,
)

__all__ = [
    "card_body",
    "card_title",
    "event_line",
    "quote_author",
    "status_line",
    "who",
    "who_is_here",
    "would_end_room",
]

_STATES = {
    "stored": "is stored and waits to be read",
    "opened": "is being read",
    "viewed": "was read and is destroyed",
    "unconfirmed": "was opened three times, never confirmed, and is destroyed",
    "expired": "has expired; nobody confirmed having read it",
    "withdrawn": "was taken back and is destroyed",
    "unknown": "is no longer known to the server",
    "false": "is said to be read, WITHOUT PROOF: don't believe it",
    "given_up": "could not be sent for twelve hours and was given up",
}


def who(session: Session, member: bytes) -> str:
    """The name of a member, between signs that no name has: nobody can pass for a word of ours.

    Equal names are numbered in the order of joining.
    """
    name = session.state.name(member)
    if name is None:
        return f"member {member.hex()[:4]}"
    number = session.state.number(member)
    return f"\u2039{name}\u203a" if number < 2 else f"\u2039{name} · {number}\u203a"


def card_title(session: Session, card: Card) -> str:
    """Whose message it is, when it was stored, and what is odd about it."""
    posted = local_time(card.posted_at - session.skew, "%H:%M")
    title = f"{who(session, card.author)}, {posted}"
    if card.skipped:
        title += f" · {card.skipped} before it were not for you to see"
    if card.repeated:
        title += " · ITS NUMBER HAS COME BEFORE: be careful"
    return title


def quote_author(session: Session, quote: Quote) -> str:
    """Who is said to have said it."""
    if quote.author is None:
        return "somebody"
    return "you" if quote.author == session.member else who(session, quote.author)


def card_body(session: Session, card: Card) -> str:
    """What a message says, below what it quotes. Not yet neutralised."""
    kind, text = card.content["type"], card.content.get("text")
    if kind != "text" or not isinstance(text, str):
        return f"A message of a kind that is not known here: {neutralise_line(str(kind))}"
    quote = quote_in(card.content)
    if quote is None:
        return text
    quoted = f"{quote_author(session, quote)}: {quote.text}"
    return "".join(f"> {line}\n" for line in quoted.split("\n")) + text


def event_line(session: Session, numbers: Mapping[bytes, int], event: Told) -> str | None:
    """What happened, in a line; None where there is nothing to say."""
    match event:
        case Settled(id=message, state=state, member=member) if message in numbers:
            if state not in _STATES:
                return None
            by = f" by {who(session, member)}" if member is not None and state == "opened" else ""
            return f"You: message {numbers[message]} {_STATES[state]}{by}"
        case Viewed(id=message, member=member) if message in numbers:
            return f"You: message {numbers[message]} was seen by {who(session, member)}"
        case Waiting(notice=notice) if notice.attachment is not None:
            return f"{who(session, notice.author)}: a message with a file waits; /save saves it"
        case Waiting(notice=notice):
            return f"{who(session, notice.author)}: a message waits"
        case Withdrawn(state="opened", member=member) if member is not None:
            return f"{who(session, member)} is reading a message"
        case Withdrawn(state="expired"):
            return "A message has expired; nobody confirmed having read it"
        case Withdrawn(state="withdrawn"):
            return "A message was taken back by its author"
        case Unreadable():
            return "A message can't be decrypted; it was given back unread"
        case Joined(member=member, joins=joins):
            return f"{who(session, member)} joined ({joins} join{'s' * (joins != 1)} so far)"
        case Left(member=member):
            return f"{who(session, member)} left"
        case Present(member=member, present=present):
            return f"{who(session, member)} is {'here' if present else 'away'}"
        case Locked(locked=locked):
            return f"The room is {'locked: nobody new can join' if locked else 'open again'}"
        case Slower(why=why):
            return why
        case Refused(action="ack", refusal=refusal) if refusal.code == "message_gone":
            return None
        case Refused(refusal=refusal, kept=kept):
            return f"{refusal.message}{' It is tried again.' if kept else ''}"
    return None


def status_line(session: Session, offline: str, waiting: int, files: int) -> str:
    """What there is to know at this moment; `offline`: why there is no connection, or nothing."""
    parts = [offline] if offline else []
    parts += [f"{who(session, one)} is typing …" for one in session.state.typing]
    if waiting:
        noun = "message waits" if waiting == 1 else "messages wait"
        parts.append(f"{waiting} {noun}: Enter opens the next")
    if files:
        parts.append(f"{files} file{' waits' if files == 1 else 's wait'}: /save")
    return " · ".join(parts)


def who_is_here(session: Session, charter: Charter) -> Iterator[str]:
    """A line for each member, and one for the room."""
    state = session.state
    for member in state.members.values():
        you = " (you)" if member.member == session.member else ""
        yield f"{who(session, member.member)}{you}: {'here' if member.present else 'away'}"
    if state.room is not None:
        room, locked = state.room, "locked" if state.room.locked else "open"
        yield (
            f"{room.seats_taken} of {charter.seats} seats taken, {room.joins} "
            f"join{'s' * (room.joins != 1)} so far, {locked}; "
            f"ends {format_duration(charter.room_ttl)} after its last use"
        )


def would_end_room(session: Session) -> bool:
    """Whether the room ends when this member leaves it (7.3)."""
    room = session.state.room
    return room is not None and room.locked and set(session.state.members) == {session.member}
