"""What each command of files runs."""

import argparse
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ephemeral.client.context import Context
from ephemeral.client.exits import Exit
from ephemeral.client.files import commands
from ephemeral.client.files.downloading import get_file
from ephemeral.client.files.uploading import send_file

__all__ = ["run_of"]

_Run = Callable[[Context], Coroutine[Any, Any, Exit]]

_RUNS: Mapping[str | None, _Run] = {
    None: commands.list_files,
    "list": commands.list_files,
    "send": send_file,
    "get": get_file,
    "forget": commands.forget_file,
}


def run_of(args: argparse.Namespace) -> _Run:
    """What was asked for."""
    return _RUNS[args.files_command]
