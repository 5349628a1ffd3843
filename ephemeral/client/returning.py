"""`fates` and `take-back`: what became of messages, for who has kept nothing but a return link."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from ephemeral.client.context import Context
from ephemeral.client.durations import local_time
from ephemeral.client.entry import Entry, entered
from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.seat_file import Seat
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.fates import Fate, ids_of, read_fates
from ephemeral.protocol.links import read_return_link
from ephemeral.protocol.objects import read_list, read_member
from ephemeral.protocol.profile import open_profile

__all__ = ["fates", "take_back"]

#: The message met another fate than being read.
_UNREAD = {"expired", "unconfirmed", "false"}
_WAITING = {"stored", "opened"}


class _Return(NamedTuple):
    """A seat that one has come back to, and the names of those who are in the room."""

    entry: Entry
    seat: Seat
    names: Mapping[bytes, str]

    async def fates(self) -> list[Fate]:
        """What became of the seat's messages."""
        body = {"ids": ids_of(self.seat.keys)}
        answer = await self.entry.ask("POST", "/room/messages/status", self.seat, body)
        return read_fates(answer, self.seat.keys)


async def fates(context: Context) -> Exit:
    """Say what became of each message of a return link's seat; only proof is believed."""
    async with _returned(context) as back:
        told = await back.fates()
        await _tell(context, back, told)
    if not told:
        context.say("The server knows of no message of this seat, or of none any more.")
        return Exit.NOTHING
    if any(one.proved for one in told):
        context.reassure("Proved: somebody has decrypted it. Who, and when, is the server's word.")
    return Exit.FATE if any(one.state in _UNREAD for one in told) else Exit.OK


async def take_back(context: Context) -> Exit:
    """Destroy a message that is still to be read, or all of them."""
    wanted: bytes | None = context.args.id
    failure: Refusal | None = None
    async with _returned(context) as back:
        told = await back.fates()
        chosen = [one.id for one in told if _is_meant(one, wanted)]
        for message in chosen:
            try:
                await back.entry.ask("DELETE", f"/room/messages/{b64encode(message)}", back.seat)
            except Refusal as refusal:
                # What is gone meanwhile is told with its fate.
                if refusal.code != "message_gone":
                    failure = refusal
        if chosen:
            told = await back.fates()
        await _tell(context, back, [one for one in told if one.id in chosen])
    if failure is not None:
        raise failure
    if not chosen:
        context.say("No such message waits." if wanted else "No message of this seat waits.")
        return Exit.NOTHING
    kept = [one for one in told if one.id in chosen and one.state != "withdrawn"]
    return Exit.FATE if kept else Exit.OK


def _is_meant(fate: Fate, wanted: bytes | None) -> bool:
    """One that was named is tried whatever it was: its author is to learn why it can't be."""
    if wanted is not None:
        return fate.id == wanted and fate.state != "unknown"
    return fate.state in _WAITING


@asynccontextmanager
async def _returned(context: Context) -> AsyncIterator[_Return]:
    """The seat of the return link; taken again, if it was lost and that is wanted."""
    async with context.server(patience=context.args.timeout) as server:
        config = await context.config(server)
        try:
            code, secret = read_return_link(context.typed, config.suite, config.salt)
        except Refusal as refusal:
            if refusal.code != "link_form":
                raise
            message = "This is no return link: `ephemeral send --return` prints one."
            raise ClientError(Exit.USAGE, "link_form", message) from None
        entry = await entered(server, code, config, derive=context.derive)
        seat = Seat(secret, entry.charter.nonce)
        if context.args.join:
            await entry.ask("POST", "/room/members", seat, {})
        try:
            room = await entry.ask("GET", "/room", seat)
        except Refusal as refusal:
            if refusal.code != "seat_unknown":
                raise
            message = (
                "The seat of this link was given up, or taken by another. To ask from it, take it "
                "again: --join. Everybody in the room sees that as a join."
            )
            raise ClientError(Exit.REFUSED, "seat_unknown", message) from None
        yield _Return(entry, seat, _names(entry, read_list(room, "members")))


def _names(entry: Entry, members: list[object]) -> dict[bytes, str]:
    """Of members whose profile can be read."""
    keys = entry.keys.content(entry.charter.nonce)
    names = {}
    for member in map(read_member, members):
        if member.profile is not None:
            with contextlib.suppress(Refusal):
                names[member.member] = open_profile(keys, member.member, member.profile).name
    return names


async def _tell(context: Context, back: _Return, told: list[Fate]) -> None:
    for one in told:
        name = None if one.reader is None else back.names.get(one.reader)
        if context.wants_json:
            await context.put_json(_described(one, name))
        else:
            await context.put(f"{one.counter} {b64encode(one.id)} {_sentence(one, name)}")


def _described(fate: Fate, name: str | None) -> dict[str, object]:
    reader = None if fate.reader is None else b64encode(fate.reader)
    return fate._asdict() | {"id": b64encode(fate.id), "reader": reader, "name": name}


def _sentence(fate: Fate, name: str | None) -> str:
    """A fate in words; the first is its state."""
    who = "" if fate.reader is None else f" by {'a member' if name is None else f'‹{name}›'}"
    opened = f", opened {fate.opened} times" if fate.opened else ""
    match fate.state:
        case "stored" | "opened":
            return f"{fate.state}{opened}, until {_time(fate.expires_at)}"
        case "viewed":
            return f"viewed{who}, {_time(fate.ended_at)}, proved"
        case "false":
            return "false: said to be viewed, and not proved"
        case "unknown":
            return "unknown: forgotten, or it never arrived"
        case "withdrawn" if fate.proved:
            return f"withdrawn, {_time(fate.ended_at)}, after it was viewed{who}, proved"
        case state:
            return f"{state}, {_time(fate.ended_at)}{opened}"


def _time(milliseconds: int | None) -> str:
    return "an unknown time" if milliseconds is None else local_time(milliseconds, "%Y-%m-%d %H:%M")
