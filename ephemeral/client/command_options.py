"""The arguments of each command (docs/cli.md)."""

import argparse
from pathlib import Path

from ephemeral.client.connection_options import (
    descriptor,
    duration,
    room_options,
    typed,
    way_options,
    whole,
)
from ephemeral.client.context import SERVER_VARIABLE
from ephemeral.client.reading import message_id
from ephemeral.client.secret_input import CODE_VARIABLE
from ephemeral.protocol.limits import COUNTER_MAX, TEXT_VIEW_SECONDS
from ephemeral.protocol.names import tidy_name
from ephemeral.protocol.reports import REASONS

__all__ = [
    "charter_options",
    "inside_options",
    "join_options",
    "kept_options",
    "member_options",
    "new_options",
    "offline_options",
    "open_options",
    "pipe_options",
    "read_options",
    "report_options",
    "return_options",
    "seal_options",
    "send_options",
    "take_back_options",
]


_id = typed(message_id)


def _view(text: str) -> int:
    low, high = TEXT_VIEW_SECONDS
    seconds = duration(text)
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
        type=descriptor,
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
        "--seats", type=whole(2, 50), metavar="N", help="how many may be in at once"
    )
    parser.add_argument(
        "--message-ttl",
        type=duration,
        metavar="TIME",
        help="how long messages wait, such as 1h",
    )
    parser.add_argument(
        "--room-ttl",
        type=duration,
        metavar="TIME",
        help="how long the room outlives its last use, such as 7d",
    )


def inside_options(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _json(parser)
    _seat(parser)


def new_options(parser: argparse.ArgumentParser) -> None:
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


def join_options(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _chat(parser)


def send_options(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument(
        "--return",
        action="store_true",
        dest="returns",
        help="print a return link, by which `fates` tells what became of it; keeps the seat",
    )


def read_options(parser: argparse.ArgumentParser) -> None:
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
        type=duration,
        default=0,
        metavar="TIME",
        help="if nothing waits, wait so long for a first message",
    )
    parser.add_argument("-0", "--null", action="store_true", help="a zero byte after each message")
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", help="read files too, and save them in this folder"
    )


def pipe_options(parser: argparse.ArgumentParser) -> None:
    inside_options(parser)
    _name(parser)
    parser.add_argument(
        "--view", type=_view, metavar="TIME", help="how long each is to stay readable"
    )
    parser.add_argument("--follow", action="store_true", help="stay when the input has ended")
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        metavar="FILE",
        help="send this file first, cleaned of place, time and device; may be repeated",
    )
    parser.add_argument("--keep-metadata", action="store_true", help="send files as they are")


def kept_options(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _json(parser)
    _seat(parser, required=True)


def return_options(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    _json(parser)
    parser.add_argument(
        "--join", action="store_true", help="take the seat again if it was lost; everybody sees it"
    )


def take_back_options(parser: argparse.ArgumentParser) -> None:
    return_options(parser)
    parser.add_argument("--id", type=_id, metavar="ID", help="this message (else all that wait)")


def report_options(parser: argparse.ArgumentParser) -> None:
    _connection(parser, timeout=30)
    _json(parser)
    parser.add_argument("--reason", choices=REASONS, required=True, help="what it is")
    parser.add_argument(
        "--text-file", type=Path, metavar="FILE", help="what was said and done (else stdin)"
    )


def offline_options(parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    _code(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help="answer to GET /config")


def charter_options(parser: argparse.ArgumentParser) -> None:
    offline_options(parser)
    _policy(parser)


def _room_file(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--room", type=Path, required=required, metavar="FILE", help="answer to GET /room"
    )


def member_options(parser: argparse.ArgumentParser) -> None:
    offline_options(parser)
    _room_file(parser, required=False)
    _name(parser)


def seal_options(parser: argparse.ArgumentParser) -> None:
    offline_options(parser)
    _room_file(parser, required=True)
    _message(parser)
    parser.add_argument("--member", type=_id, required=True, metavar="ID", help="who writes")
    parser.add_argument(
        "--counter", type=whole(1, COUNTER_MAX), default=1, metavar="N", help="1, 2, 3 ..."
    )
    parser.add_argument("--json", action="store_true", help="print body and viewing bytes")


def open_options(parser: argparse.ArgumentParser) -> None:
    offline_options(parser)
    _room_file(parser, required=True)
    _json(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--ack", type=Path, metavar="FILE", help="write the body of .../ack there")
    where.add_argument("--ack-fd", type=descriptor, metavar="N", help="or to this descriptor")
