"""The arguments of `ephemeral files ...` (docs/cli.md).

Apart from the commands: these take a moment to load, which no command of a room needs.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ephemeral.client.accounts.options import person_subcommands
from ephemeral.client.connection_options import duration
from ephemeral.client.subcommands import Subcommand

__all__ = ["FILE_COMMANDS", "add_file_commands"]

_DAYS = 7 * 86_400


def _send(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the file")
    parser.add_argument("where", metavar="WHO", help="a contact, or a conversation")
    parser.add_argument(
        "--ttl",
        type=duration,
        default=_DAYS,
        metavar="TIME",
        help="how long it stays once it is all there, such as 1d (default: 7d)",
    )
    parser.add_argument(
        "--keep-metadata",
        action="store_true",
        default=False,
        help="send it as it is, with what it tells of place, time and device",
    )


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="its id, or the beginning of it")


def _get(parser: argparse.ArgumentParser) -> None:
    _id(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=None,
        metavar="FILE",
        help="save it under this name (else under its own, here)",
    )


FILE_COMMANDS: Mapping[str, Subcommand] = {
    "list": Subcommand("list files that were sent or received"),
    "send": Subcommand("send a file to a contact, or into a conversation", _send),
    "get": Subcommand("fetch a file and save it", _get),
    "forget": Subcommand("delete a file of yours for everybody, or forget one's key", _id),
}


def add_file_commands(subparsers: Any) -> None:
    """Add `files` with its commands to the program's."""
    sentence = "files for contacts and conversations; without a command: list them"
    group = subparsers.add_parser("files", help=sentence, description=sentence)
    person_subcommands(group, FILE_COMMANDS, "files_command")
