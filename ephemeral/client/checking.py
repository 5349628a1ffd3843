"""`check URL`: whether a deployment works for its users, by the way that they take to it.

A room is made, a message is sent and read by two members, each over a socket of its own, and the
room is destroyed. It is a room like any other: its code is drawn here and stays here.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from ephemeral.client.connection_options import room_options, way_options
from ephemeral.client.context import Context
from ephemeral.client.conversation import Conversation, Offline, Slower, now_ms
from ephemeral.client.entry import Entry, accepted, room_keys
from ephemeral.client.exits import (
    ClientError,
    Exit,
    ended_error,
    exit_code_of,
    unreachable,
    usage,
)
from ephemeral.client.room_commands import created
from ephemeral.client.seat_file import Seat, new_seat
from ephemeral.client.sending import text_content
from ephemeral.client.transport import ANSWER_SECONDS, Server
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.codes import new_code
from ephemeral.protocol.config import Config
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ROOM_NONCE_SIZE
from ephemeral.protocol.session_events import (
    Acknowledged,
    Card,
    Ended,
    Event,
    Refused,
    Settled,
    Unreadable,
    Waiting,
    Welcome,
)

__all__ = ["check", "check_options"]

# What each step is, for programs and for people; the sentence stands before whatever failed in it.
_STEPS = {
    "reach": "Ask over HTTP what the server is",
    "make": "Make a room",
    "join": "Join it twice, over sockets",
    "send": "Send a message",
    "read": "Read it, have that confirmed, and see it destroyed",
    "destroy": "Destroy the room, and be told of it",
}
# What comes of a handshake that was taken for a request like others: by the front, by the server.
_NO_SOCKET = {"unreachable", "malformed"}
_UPGRADE = " Does what stands before the server pass WebSocket upgrades on?"


def check_options(parser: argparse.ArgumentParser) -> None:
    """Add what `check` takes for a deployment."""
    parser.add_argument(
        "address", nargs="?", metavar="URL", help="try the deployment at this address, as users do"
    )
    way_options(parser)
    room_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


async def check(context: Context) -> Exit:
    """Make, send, read and destroy at a deployment's public address."""
    args = context.args
    if args.health or args.accept_loss or args.accept_clock:
        raise usage(
            "--health, --accept-loss and --accept-clock are about the server here: say them "
            "without a URL."
        )
    address, proxy = context.way(args.address)
    server = Server(address, patience=args.timeout, authorities=args.cafile, proxy=proxy)
    async with server, AsyncExitStack() as stack:
        async with _step(context, "reach"):
            config = accepted(await server.config(), allow_pbkdf2=args.allow_pbkdf2)
        async with _step(context, "make"):
            entry = await _made(context, server, config)
        writer, reader = (new_seat(context.random, entry.charter.nonce) for _ in range(2))
        stack.push_async_exit(partial(_tidy, entry, writer))
        async with _step(context, "join"):
            writing = await _joined(context, stack, entry, writer)
            reading = await _joined(context, stack, entry, reader)
        async with _step(context, "send"):
            text = context.random(16).hex()
            written = writing.session.post(text_content(text, None), now_ms())
            writing.push()
            await _until(writing, lambda event: _is_settled(event, written.id, "stored"))
            await _until(reading, lambda event: isinstance(event, Waiting))
        async with _step(context, "read"):
            await _read(reading, written.id, text)
            await _until(writing, lambda event: _is_settled(event, written.id, "viewed"))
        async with _step(context, "destroy"):
            await _destroyed(entry, writer, writing, reading)
    if not context.wants_json:
        await context.put(f"All is well at {address}.")
    return Exit.OK


@asynccontextmanager
async def _step(context: Context, name: str) -> AsyncIterator[None]:
    """Tells how long it took, or what failed in it."""
    sentence, began = _STEPS[name], context.clock()
    try:
        async with asyncio.timeout(context.args.timeout + 2 * ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise unreachable(f"{sentence}: it was not done in time.") from None
    except (Refusal, ClientError) as error:
        status = error.status if isinstance(error, ClientError) else exit_code_of(error)
        hint = _UPGRADE if name == "join" and error.code in _NO_SOCKET else ""
        message = f"{sentence}: {error.message}{hint}"
        raise ClientError(status, error.code, message, state=error.state) from None
    milliseconds = round(1000 * (context.clock() - began))
    if context.wants_json:
        await context.put_json({"step": name, "milliseconds": milliseconds})
    else:
        await context.put(f"{sentence}: {milliseconds} ms")


async def _made(context: Context, server: Server, config: Config) -> Entry:
    """A room of two that would not last long if it were left behind."""
    limits = config.limits.charter
    charter = Charter(
        suite=config.suite,
        nonce=context.random(ROOM_NONCE_SIZE),
        policy=Policy.FIRST_VIEW,
        seats=limits.seats[0],
        message_ttl=limits.message_ttl[0],
        room_ttl=limits.room_ttl[0],
    )
    keys = await room_keys(context.derive, new_code(context.random), config)
    room = await created(server, keys, charter)
    return Entry(server, config, keys, room, charter)


async def _joined(
    context: Context, stack: AsyncExitStack, entry: Entry, seat: Seat
) -> Conversation:
    session = entry.session(seat, context.random)
    patience = context.args.timeout
    talk = Conversation(entry.server, session, chance=context.chance, patience=patience)
    await stack.enter_async_context(talk)
    await _until(talk, lambda event: isinstance(event, Welcome))
    return talk


async def _read(talk: Conversation, message: bytes, text: str) -> None:
    talk.session.open(message, now_ms())
    talk.push()
    card = await _until(talk, lambda event: isinstance(event, (Card, Unreadable)))
    if not isinstance(card, Card) or card.content.get("text") != text:
        raise ClientError(Exit.REFUSED, "envelope_open", "Another message came than was sent.")
    talk.session.acknowledge(message, now_ms())
    talk.push()
    await _until(talk, lambda event: isinstance(event, Acknowledged))


async def _destroyed(entry: Entry, seat: Seat, *talks: Conversation) -> None:
    await entry.ask("DELETE", "/room", seat)
    for talk in talks:
        while not isinstance(event := await talk.next(), Ended):
            pass
        if event.reason != "destroyed":
            raise ended_error(event)
    try:
        await entry.ask("GET", "/room")
    except Refusal as refusal:
        if refusal.code != "room_unknown":
            raise
    else:
        raise ClientError(Exit.REFUSED, "malformed", "The server still knows the room.")


async def _until(talk: Conversation, wanted: Callable[[Event], bool]) -> Event:
    """The next event that is wanted. What ends or refuses is raised."""
    while True:
        match await talk.next():
            case Offline():
                continue
            case Slower():
                # People get by without; an operator has a front to mend.
                raise unreachable("No WebSocket comes through.")
            case Ended() as ended:
                raise ended_error(ended)
            case Refused(refusal=refusal):
                raise refusal
            case event if wanted(event):
                return event


def _is_settled(event: Event, message: bytes, state: str) -> bool:
    """Whether the message is so far; with another fate there is nothing more to wait for."""
    if not isinstance(event, Settled) or event.id != message:
        return False
    if event.state in {state, "stored", "opened"}:
        return event.state == state
    text = f"The message has met another fate: {event.state}."
    raise ClientError(Exit.FATE, "fate", text, state=event.state)


async def _tidy(entry: Entry, seat: Seat, kind: type[BaseException] | None, *_: object) -> None:
    """If something failed, have the room not stay; if it was a socket, there is no member yet."""
    if kind is None:
        return
    with suppress(Refusal, ClientError, TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            await entry.ask("POST", "/room/members", seat, {})
            await entry.ask("DELETE", "/room", seat)
