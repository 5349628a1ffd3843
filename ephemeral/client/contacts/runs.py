"""What each command of contacts runs."""

import argparse
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ephemeral.client.contacts import commands
from ephemeral.client.contacts.invitation_commands import invite
from ephemeral.client.context import Context
from ephemeral.client.exits import Exit

__all__ = ["run_of"]

_Run = Callable[[Context], Coroutine[Any, Any, Exit]]

_RUNS: Mapping[str | None, _Run] = {
    None: commands.list_all,
    "list": commands.list_all,
    "request": commands.request,
    "accept": commands.accept,
    "deny": commands.deny,
    "block": commands.block,
    "remove": commands.remove,
    "rename": commands.rename,
    "compare": commands.compare,
    "findable": commands.findable,
}


def run_of(args: argparse.Namespace) -> _Run:
    """What was asked for."""
    return invite if args.command == "invite" else _RUNS[args.contacts_command]
