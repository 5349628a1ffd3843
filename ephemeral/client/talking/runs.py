"""What each command of conversations runs."""

import argparse
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ephemeral.client.context import Context
from ephemeral.client.exits import Exit
from ephemeral.client.talking import group_commands
from ephemeral.client.talking.inbox import inbox
from ephemeral.client.talking.presence import presence
from ephemeral.client.talking.report_command import make_report
from ephemeral.client.talking.saying import say
from ephemeral.client.talking.talk import talk

__all__ = ["run_of"]

_Run = Callable[[Context], Coroutine[Any, Any, Exit]]

_RUNS: Mapping[str | None, _Run] = {
    None: group_commands.list_all,
    "list": group_commands.list_all,
    "with": talk,
    "new": group_commands.new,
    "people": group_commands.people,
    "add": group_commands.add,
    "remove": group_commands.remove,
    "admin": group_commands.admin,
    "rename": group_commands.rename,
    "timer": group_commands.timer,
    "presence": presence,
    "report": make_report,
    "history": group_commands.history,
    "leave": group_commands.leave,
    "end": group_commands.end,
    "agree": group_commands.agree,
    "again": group_commands.again,
}


def run_of(args: argparse.Namespace) -> _Run:
    """What was asked for."""
    match args.command:
        case "say":
            return say
        case "inbox":
            return inbox
    return _RUNS[args.chat_command]
