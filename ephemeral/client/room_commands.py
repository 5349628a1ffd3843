"""Commands about a room as a whole: new, status, record, lock, unlock, destroy, leave, receipts."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from ephemeral.client.context import Context, Keeping
from ephemeral.client.durations import format_duration, local_time
from ephemeral.client.entry import Entry, accepted, room_keys
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.client.record_lines import record_lines
from ephemeral.client.transport import Server
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.codes import new_code
from ephemeral.protocol.config import Config
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import RoomKeys
from ephemeral.protocol.limits import ROOM_NONCE_SIZE, STATUS_IDS_MAX
from ephemeral.protocol.links import make_link
from ephemeral.protocol.objects import (
    Room,
    read_list,
    read_member,
    read_notice,
    read_receipt,
    read_room,
)
from ephemeral.protocol.outbox import Outbox
from ephemeral.protocol.record import read_record
from ephemeral.protocol.room_state import may_open

__all__ = [
    "chosen_charter",
    "created",
    "destroy",
    "leave",
    "lock",
    "make_room",
    "new",
    "receipts",
    "record",
    "status",
]

_POLICIES = {"first": Policy.FIRST_VIEW, "everyone": Policy.EVERYONE}
_POLICY_NAMES = {policy: name for name, policy in _POLICIES.items()}
_POLICY_SENTENCES = {
    Policy.FIRST_VIEW: "a message is destroyed when one member has read it",
    Policy.EVERYONE: "a message is destroyed when everyone who was there has read it",
}


def chosen_charter(context: Context, config: Config) -> Charter:
    """The charter that the options ask for, with the server's defaults and within its limits."""
    args = context.args
    charter = Charter(
        suite=config.suite,
        nonce=context.random(ROOM_NONCE_SIZE),
        policy=_POLICIES[args.policy],
        seats=config.defaults.seats if args.seats is None else args.seats,
        message_ttl=args.message_ttl or config.defaults.message_ttl,
        room_ttl=args.room_ttl or config.defaults.room_ttl,
    )
    limits = config.limits.charter
    for name, value, (low, high), show in (
        ("The number of seats", charter.seats, limits.seats, str),
        ("The messages' time to live", charter.message_ttl, limits.message_ttl, format_duration),
        ("The room's time to live", charter.room_ttl, limits.room_ttl, format_duration),
    ):
        if not low <= value <= high:
            raise usage(f"{name} must be from {show(low)} to {show(high)} on this server.")
    return charter


async def make_room(context: Context) -> tuple[str, str, Room, Charter]:
    """A new room: its code, its link, what the server says of it, and its charter."""
    async with context.server(patience=context.args.timeout, with_code=False) as server:
        config = accepted(await server.config(), allow_pbkdf2=context.args.allow_pbkdf2)
        charter = chosen_charter(context, config)
        code = new_code(context.random)
        keys = await room_keys(context.derive, code, config)
        room = await created(server, keys, charter)
        link = make_link(f"{server.address}/", config.suite, config.salt, code)
        return code, link, room, charter


async def created(server: Server, keys: RoomKeys, charter: Charter) -> Room:
    """Make a room of these keys; gives what the server says of it."""
    body = {
        "charter": b64encode(charter.encode()),
        "mac": b64encode(charter.mac(keys.charter_key)),
    }
    room = read_room(await server.ask("POST", "/rooms", locator=keys.locator, body=body))
    refuse(room.charter != charter.encode(), "malformed", "The server has made another room.")
    return room


async def new(context: Context) -> Exit:
    """Make a room and print its code."""
    code, link, room, charter = await make_room(context)
    if context.wants_json:
        await context.put_json({"code": code, "link": link} | _described(room, charter))
    else:
        await context.put(code)
        if context.args.link:
            await context.put(link)
    return Exit.OK


async def status(context: Context) -> Exit:
    """Say what the server knows of a room; with a seat also what waits, and who is there."""
    async with context.entry(patience=context.args.timeout) as entry:
        if context.args.seat is None:
            answer = _described(entry.room, entry.charter)
        else:
            with context.keeping(entry) as keeping:
                answer = await _described_from_inside(entry, keeping)
    if context.wants_json:
        await context.put_json(answer)
    else:
        for line in _status_lines(answer):
            await context.put(line)
    return Exit.OK


def _described(room: Room, charter: Charter) -> dict[str, object]:
    return {
        "policy": _POLICY_NAMES[charter.policy],
        "seats": charter.seats,
        "seats_taken": room.seats_taken,
        "joins": room.joins,
        "locked": room.locked,
        "message_ttl": charter.message_ttl,
        "room_ttl": charter.room_ttl,
        "created_at": room.created_at,
        "expires_at": room.expires_at,
        "now": room.now,
    }


async def _described_from_inside(entry: Entry, keeping: Keeping) -> dict[str, object]:
    seat = keeping.seat
    listed = await entry.ask("GET", "/room", seat)
    waiting = await entry.ask("GET", "/room/messages", seat)
    members = [read_member(one) for one in read_list(listed, "members")]
    notices = [read_notice(one) for one in read_list(waiting, "notices")]
    return _described(read_room(listed), entry.charter) | {
        "members_present": sum(one.present for one in members),
        "waiting": len(notices),
        "waiting_for_me": sum(may_open(one, seat.member) for one in notices),
    }


def _status_lines(answer: Mapping[str, object]) -> list[str]:
    numbers = {key: value for key, value in answer.items() if isinstance(value, int)}
    left = format_duration((numbers["expires_at"] - numbers["now"]) // 1000)
    ends = local_time(numbers["expires_at"], "%Y-%m-%d %H:%M")
    policy = _POLICY_SENTENCES[_POLICIES[str(answer["policy"])]]
    lines = [
        f"Policy    {answer['policy']}: {policy}",
        f"Seats     {numbers['seats_taken']} of {numbers['seats']} taken",
        f"Joins     {numbers['joins']} so far",
        f"Locked    {'yes' if answer['locked'] else 'no'}",
        f"Messages  live {format_duration(numbers['message_ttl'])} if nobody reads them",
        f"Ends      {ends}, in {left}, unless it is used",
    ]
    if "waiting" in numbers:
        lines.append(f"Present   {numbers['members_present']} now")
        lines.append(
            f"Waiting   {numbers['waiting']} messages, {numbers['waiting_for_me']} of them for you"
        )
    else:
        lines.append("Waiting   is told to members only (--seat FILE)")
    return lines


async def record(context: Context) -> Exit:
    """Show everything that the server says it holds about the room."""
    async with _seated(context) as (entry, keeping, _):
        answer = await entry.ask("GET", "/room/record", keeping.seat)
    found = read_record(answer)
    if context.wants_json:
        await context.put_json(answer)
    else:
        await context.put("\n".join(record_lines(found)))
    return Exit.OK


@asynccontextmanager
async def _seated(context: Context) -> AsyncIterator[tuple[Entry, Keeping, bool]]:
    """A seat over HTTP: the kept one, or one given up at the end; whether it is the only one."""
    async with context.entry(patience=context.args.timeout) as entry:
        with context.keeping(entry) as keeping:
            seat = keeping.seat
            keeping.save()
            joined = await entry.ask("POST", "/room/members", seat, {})
            alone = len(read_list(joined, "members")) == 1
            try:
                yield entry, keeping, alone
            finally:
                if keeping.file is None:
                    await _give_up(entry, keeping)


async def _give_up(entry: Entry, keeping: Keeping) -> None:
    with contextlib.suppress(Refusal, ClientError):
        await entry.ask("DELETE", "/room/members", keeping.seat)


async def lock(context: Context) -> Exit:
    """Close the room to new members, or open it again."""
    locked: bool = context.args.locked
    async with _seated(context) as (entry, keeping, alone):
        if locked and alone and keeping.file is None:
            raise ClientError(
                Exit.REFUSED,
                "last_seat",
                "Nobody else has a seat in this room, and this command gives its own up: a locked "
                "room ends when the last one leaves. Keep the seat with --seat FILE.",
            )
        room = read_room(await entry.ask("PATCH", "/room", keeping.seat, {"locked": locked}))
    if context.wants_json:
        await context.put_json({"locked": room.locked})
    context.reassure(
        "The room is locked: nobody new can join." if room.locked else "The room is open again."
    )
    return Exit.OK


async def destroy(context: Context) -> Exit:
    """Destroy the room and all that is in it, for everyone."""
    async with _seated(context) as (entry, keeping, _):
        await entry.ask("DELETE", "/room", keeping.seat)
        if keeping.file is not None:
            keeping.file.remove()
    if context.wants_json:
        await context.put_json({"destroyed": True})
    context.reassure("The room is destroyed, and all that was in it.")
    return Exit.OK


async def leave(context: Context) -> Exit:
    """Give a kept seat up, and remove its file."""
    async with context.entry(patience=context.args.timeout) as entry:
        with context.keeping(entry) as keeping:
            if keeping.file is not None:
                await _refuse_to_end(entry, keeping)
            await _give_up(entry, keeping)
            if keeping.file is not None:
                keeping.file.remove()
    context.reassure("The seat is given up.")
    return Exit.OK


async def _refuse_to_end(entry: Entry, keeping: Keeping) -> None:
    """Leaving a locked room as its last member ends it, which has a command of its own (7.3)."""
    with contextlib.suppress(Refusal):
        answer = await entry.ask("GET", "/room", keeping.seat)
        if read_room(answer).locked and len(read_list(answer, "members")) == 1:
            raise ClientError(
                Exit.REFUSED,
                "last_seat",
                "You are the last one in this room, and it is locked: leaving ends it. "
                "Unlock it before, or end it with `ephemeral destroy`.",
            )


async def receipts(context: Context) -> Exit:
    """Say what became of the messages that a kept seat has written; a receipt needs its proof."""
    async with context.entry(patience=context.args.timeout) as entry:
        with context.keeping(entry) as keeping:
            seat = keeping.seat
            keys = entry.keys.content(entry.charter.nonce)
            outbox = Outbox(keys, seat.member, seat.keys, seat.counter, context.random)
            for written in seat.written:
                outbox.add(written)
            ids = [b64encode(one.id) for one in seat.written][-STATUS_IDS_MAX:]
            if ids:
                answer = await entry.ask("POST", "/room/messages/status", seat, {"ids": ids})
                for receipt in map(read_receipt, read_list(answer, "receipts")):
                    # What has never arrived is not lost yet: `send --again` may still send it.
                    if receipt.state != "unknown" or outbox.state(receipt.id) != "sending":
                        outbox.settle(receipt.id, receipt.state, receipt.viewing)
                keeping.save()
    for written in outbox:
        fate = {"id": b64encode(written.id), "state": written.state}
        if context.wants_json:
            await context.put_json(fate)
        else:
            await context.put(f"{fate['id']} {fate['state']}")
    return Exit.OK if len(seat.written) else Exit.NOTHING
