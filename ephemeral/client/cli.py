"""The client's commands, and how each run ends (docs/cli.md)."""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ephemeral.client import command_options as options
from ephemeral.client import offline_commands, room_commands
from ephemeral.client.accounts.options import add_account_commands
from ephemeral.client.chat import chat, new_chat
from ephemeral.client.checking import check, check_options
from ephemeral.client.contacts.options import add_contact_commands
from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, Exit, exit_code_of
from ephemeral.client.files.options import add_file_commands
from ephemeral.client.output import hold_standard_descriptors
from ephemeral.client.piping import pipe
from ephemeral.client.reading import read
from ephemeral.client.returning import fates, take_back
from ephemeral.client.room_report import report_from_room
from ephemeral.client.secret_input import is_prompted, told_by_place
from ephemeral.client.sending import send
from ephemeral.client.talking.options import add_talking_commands, with_whom
from ephemeral.client.verifying import verify, verify_options
from ephemeral.protocol.codes import CodeRefusal
from ephemeral.protocol.errors import Refusal

__all__ = ["add_commands", "completed", "run", "run_in"]


_Work = Callable[[Context], Coroutine[Any, Any, Exit]]


class _Command(NamedTuple):
    """`needs`: what is asked of the person before the loop starts: code, text, input."""

    run: _Work
    sentence: str
    options: Callable[[argparse.ArgumentParser], None]
    needs: tuple[str, ...] = ("code",)


COMMANDS: Mapping[str, _Command] = {
    "new": _Command(room_commands.new, "make a room and print its code", options.new_options, ()),
    "join": _Command(chat, "talk in a room", options.join_options),
    "send": _Command(send, "send a message", options.send_options, ("code", "text")),
    "read": _Command(read, "read what waits, and have it destroyed", options.read_options),
    "pipe": _Command(pipe, "send lines of stdin, print what comes", options.pipe_options),
    "status": _Command(room_commands.status, "say how a room stands", options.inside_options),
    "record": _Command(
        room_commands.record, "show all that the server holds of a room", options.inside_options
    ),
    "receipts": _Command(
        room_commands.receipts, "say what became of a seat's messages", options.kept_options
    ),
    "fates": _Command(fates, "say what became of a return link's messages", options.return_options),
    "take-back": _Command(
        take_back, "destroy a return link's unread messages", options.take_back_options
    ),
    "lock": _Command(room_commands.lock, "admit nobody new to a room", options.inside_options),
    "unlock": _Command(room_commands.lock, "admit new members again", options.inside_options),
    "leave": _Command(room_commands.leave, "give a kept seat up", options.kept_options),
    "destroy": _Command(
        room_commands.destroy, "destroy a room for everyone", options.inside_options
    ),
    "report": _Command(
        report_from_room,
        "tell those who run the server of something in a room",
        options.report_options,
        ("text",),
    ),
    "verify": _Command(verify, "say whether a server serves what was released", verify_options, ()),
    "locator": _Command(
        offline_commands.locator, "for curl: a code's bearer token", options.offline_options
    ),
    "charter": _Command(
        offline_commands.charter, "for curl: the body of POST /rooms", options.charter_options
    ),
    "member": _Command(
        offline_commands.member, "for curl: a member id and token", options.member_options, ()
    ),
    "seal": _Command(
        offline_commands.seal,
        "for curl: the body of POST /room/messages",
        options.seal_options,
        ("code", "text"),
    ),
    "open": _Command(
        offline_commands.open_envelope,
        "for curl: decrypt the answer to .../open",
        options.open_options,
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
    add_account_commands(subparsers)
    add_contact_commands(subparsers)
    add_talking_commands(subparsers)
    add_file_commands(subparsers)


def completed(given: Sequence[str]) -> list[str]:
    """Arguments with what they leave out where it can't be mistaken."""
    return with_whom(given)


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
    work = _of_accounts(context.args)
    if work is not None:
        if context.args.command == "say":
            from ephemeral.client.talking.saying import prepare  # noqa: PLC0415

            prepare(context)
        return asyncio.run(_until_signalled(context, work))
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


def _of_accounts(args: argparse.Namespace) -> _Work | None:
    """What a command runs that speaks for an account.

    What accounts need takes a moment to load; no room needs it.
    """
    match args.command:
        case "account":
            from ephemeral.client.accounts.commands import RUNS  # noqa: PLC0415

            return RUNS[args.account_command]
        case "contacts" | "invite":
            from ephemeral.client.contacts.runs import run_of  # noqa: PLC0415

            return run_of(args)
        case "files":
            from ephemeral.client.files import runs as file_runs  # noqa: PLC0415

            return file_runs.run_of(args)
        case "chat" | "inbox" | "say":
            from ephemeral.client.talking import runs  # noqa: PLC0415

            return runs.run_of(args)
    return None


async def _until_signalled(context: Context, work: _Work) -> Exit:
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
