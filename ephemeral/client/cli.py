"""The client's commands: their arguments, and how each run ends (docs/cli.md)."""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ephemeral.client import offline_commands, room_commands
from ephemeral.client.chat import chat, new_chat
from ephemeral.client.checking import check, check_options
from ephemeral.client.connection_options import room_options, typed, way_options
from ephemeral.client.context import SERVER_VARIABLE, Context
from ephemeral.client.durations import parse_duration
from ephemeral.client.exits import ClientError, Exit, exit_code_of
from ephemeral.client.output import hold_standard_descriptors
from ephemeral.client.piping import pipe
from ephemeral.client.reading import message_id, read
from ephemeral.client.secret_input import CODE_VARIABLE, is_prompted, told_by_place
from ephemeral.client.sending import send
from ephemeral.client.verifying import verify, verify_options
from ephemeral.protocol.codes import CodeRefusal
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import COUNTER_MAX, TEXT_VIEW_SECONDS
from ephemeral.protocol.names import tidy_name

__all__ = ["add_commands", "run", "run_in"]


class _Command(NamedTuple):
    """`needs`: what is asked of the person before the loop starts: code, text, input."""

    run: Callable[[Context], Coroutine[Any, Any, Exit]]
    sentence: str
    options: Callable[[argparse.ArgumentParser], None]
    needs: tuple[str, ...] = ("code",)


# --- options --------------------------------------------------------------------------------------


def _whole(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}")

    return convert


_duration = typed(parse_duration)
_id = typed(message_id)


def _view(text: str) -> int:
    low, high = TEXT_VIEW_SECONDS
    seconds = _duration(text)
    if seconds != 0 and not low <= seconds <= high:
        raise argparse.ArgumentTypeError(f"must be from {low} to {high} seconds, or 0")
    return int(seconds)


def _connection(parser: argparse.ArgumentParser, timeout: int = 0) -> None:
    parser.add_argument("--server", metavar="URL", help=f"address (or {SERVER_VARIABLE})")
    way_options(parser)
    room_options(parser, timeout)


def _code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--code-fd",
        type=_whole(0, 1023),
        metavar="N",
        help=f"read the code or link from this descriptor (else {CODE_VARIABLE}, else a prompt)",
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


def _seat(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument(
        "--seat",
        type=Path,
        required=required,
        metavar="FILE",
        help="keep the seat in this file; without it the seat is given up at the end",
    )


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name", type=tidy_name, metavar="NICK", help="a nickname, seen by members only"
    )


def _message(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text-file", type=Path, metavar="FILE", help="the text (else stdin)")
    parser.add_argument(
        "--view",
        type=_view,
        metavar="TIME",
        help="how long it should stay readable; 0: until closed",
    )


def _policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy",
        choices=["first", "everyone"],
        default="first",
        help="who must have read a message before it is destroyed",
    )
    parser.add_argument(
        "--seats", type=_whole(2, 50), metavar="N", help="how many may be in at once"
    )
    parser.add_argument(
        "--message-ttl",
        type=_duration,
        metavar="TIME",
        help="how long messages wait, such as 1h",
    )
    parser.add_argument(
        "--room-ttl",
        type=_duration,
        metavar="TIME",
        help="how long the room outlives its last use, such as 7d",
    )


def _inside(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _json(parser)
    _seat(parser)


def _new(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _json(parser)
    _policy(parser)
    parser.add_argument("--link", action="store_true", help="print the link too")
    parser.add_argument("--join", action="store_true", help="stay in the room")
    _chat(parser)


def _chat(parser: argparse.ArgumentParser) -> None:
    _seat(parser)
    _name(parser)
    parser.add_argument("--no-typing", action="store_true", help="don't tell that you type")


def _join(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _chat(parser)


def _send(parser: argparse.ArgumentParser) -> None:
    _connection(parser, timeout=30)
    _code(parser)
    _json(parser)
    _seat(parser)
    _name(parser)
    _message(parser)
    parser.add_argument(
        "--wait",
        choices=["stored", "viewed"],
        default="stored",
        help="stay until it is stored (default), or until it has met its fate",
    )
    parser.add_argument(
        "--again", action="store_true", help="send what had no answer; needs --seat, reads no text"
    )


def _read(parser: argparse.ArgumentParser) -> None:
    _connection(parser, timeout=30)
    _code(parser)
    _json(parser)
    _seat(parser)
    _name(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="everything that waits")
    which.add_argument("--follow", action="store_true", help="that, and what is to come")
    which.add_argument("--id", type=_id, metavar="ID", help="this message alone")
    parser.add_argument(
        "--wait",
        type=_duration,
        default=0,
        metavar="TIME",
        help="if nothing waits, wait so long for a first message",
    )
    parser.add_argument("-0", "--null", action="store_true", help="a zero byte after each message")


def _pipe(parser: argparse.ArgumentParser) -> None:
    _inside(parser)
    _name(parser)
    parser.add_argument(
        "--view", type=_view, metavar="TIME", help="how long each is to stay readable"
    )
    parser.add_argument("--follow", action="store_true", help="stay when the input has ended")


def _kept(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _json(parser)
    _seat(parser, required=True)


def _offline(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help="answer to GET /config")


def _charter(parser: argparse.ArgumentParser) -> None:
    _offline(parser)
    _policy(parser)


def _room_file(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--room", type=Path, required=required, metavar="FILE", help="answer to GET /room"
    )


def _member(parser: argparse.ArgumentParser) -> None:
    _offline(parser)
    _room_file(parser, required=False)
    _name(parser)


def _seal(parser: argparse.ArgumentParser) -> None:
    _offline(parser)
    _room_file(parser, required=True)
    _message(parser)
    parser.add_argument("--member", type=_id, required=True, metavar="ID", help="who writes")
    parser.add_argument(
        "--counter", type=_whole(1, COUNTER_MAX), default=1, metavar="N", help="1, 2, 3 ..."
    )
    parser.add_argument("--json", action="store_true", help="print body and viewing bytes")


def _open(parser: argparse.ArgumentParser) -> None:
    _offline(parser)
    _room_file(parser, required=True)
    _json(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--ack", type=Path, metavar="FILE", help="write the body of .../ack there")
    where.add_argument("--ack-fd", type=_whole(0, 1023), metavar="N", help="or to this descriptor")


COMMANDS: Mapping[str, _Command] = {
    "new": _Command(room_commands.new, "make a room and print its code", _new, ()),
    "join": _Command(chat, "talk in a room", _join),
    "send": _Command(send, "send a message", _send, ("code", "text")),
    "read": _Command(read, "read what waits, and have it destroyed", _read),
    "pipe": _Command(pipe, "send lines of stdin, print what comes", _pipe),
    "status": _Command(room_commands.status, "say how a room stands", _inside),
    "record": _Command(room_commands.record, "show all that the server holds of a room", _inside),
    "receipts": _Command(room_commands.receipts, "say what became of a seat's messages", _kept),
    "lock": _Command(room_commands.lock, "admit nobody new to a room", _inside),
    "unlock": _Command(room_commands.lock, "admit new members again", _inside),
    "leave": _Command(room_commands.leave, "give a kept seat up", _kept),
    "destroy": _Command(room_commands.destroy, "destroy a room for everyone", _inside),
    "verify": _Command(verify, "say whether a server serves what was released", verify_options, ()),
    "locator": _Command(offline_commands.locator, "for curl: a code's bearer token", _offline),
    "charter": _Command(offline_commands.charter, "for curl: the body of POST /rooms", _charter),
    "member": _Command(offline_commands.member, "for curl: a member id and token", _member, ()),
    "seal": _Command(
        offline_commands.seal, "for curl: the body of POST /room/messages", _seal, ("code", "text")
    ),
    "open": _Command(
        offline_commands.open_envelope,
        "for curl: decrypt the answer to .../open",
        _open,
        ("code", "input"),
    ),
}


# The operator's command, when it is about a deployment at an address (`__main__`).
_CHECK = _Command(check, "try a deployment at an address", check_options, ())


def add_commands(subparsers: Any) -> None:
    """Add the client's commands to the program's."""
    for name, command in COMMANDS.items():
        parser = subparsers.add_parser(name, help=command.sentence, description=command.sentence)
        command.options(parser)
        parser.set_defaults(locked=name == "lock")


# --- running --------------------------------------------------------------------------------------


def run(args: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Run the command that was parsed, as this process; gives the exit code."""
    hold_standard_descriptors()
    return run_in(Context(args, environment))


def run_in(context: Context) -> int:
    """Run the command of a context; gives the exit code. Nothing is raised."""
    try:
        return int(_run(context))
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    except (ClientError, Refusal) as error:
        return int(_explain(context, error))
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, never a traceback
        return int(_confess(context, error))


def _run(context: Context) -> Exit:
    command = COMMANDS.get(context.args.command, _CHECK)
    needs = set(command.needs)
    work = command.run
    if context.args.command == "new" and context.args.join:
        work = new_chat
    if getattr(context.args, "again", False):
        needs.discard("text")
        if context.args.seat is None:
            raise ClientError(Exit.USAGE, "usage", "--again needs --seat FILE.")
    if context.args.command == "member" and context.args.name is not None:
        needs.add("code")
    context.prepare(needs)
    return asyncio.run(_until_signalled(context, work))


async def _until_signalled(
    context: Context, work: Callable[[Context], Coroutine[Any, Any, Exit]]
) -> Exit:
    """Let the work end in order when the process is asked to end."""
    task = asyncio.current_task()
    assert task is not None
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        context.heed(number, partial(stop, number))
    try:
        return await work(context)
    except asyncio.CancelledError:
        if not received:
            raise
        return Exit(128 + received[0])


def _explain(context: Context, error: ClientError | Refusal) -> Exit:
    status = error.status if isinstance(error, ClientError) else exit_code_of(error)
    message = error.message
    if isinstance(error, CodeRefusal) and is_prompted(context.args.code_fd, context.environment):
        message = told_by_place(error)
    context.say(message)
    if context.wants_json:
        shown: dict[str, object] = {"code": error.code, "message": message}
        if error.state is not None:
            shown["state"] = error.state
        with suppress(OSError):
            os.write(context.output.descriptor, f"{json.dumps({'error': shown})}\n".encode())
    return status


def _confess(context: Context, error: Exception) -> Exit:
    """A fault of ours, with its place and without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    context.say(f"A fault in this program ({type(error).__name__} in {place}). Please report it.")
    return Exit.FAULT
