"""The arguments of `ephemeral chat ...`, `say` and `inbox` (docs/cli.md).

Apart from the commands: these take a moment to load, which no command of a room needs.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ephemeral.client.accounts.options import person_options, person_subcommands
from ephemeral.client.connection_options import duration
from ephemeral.client.subcommands import Subcommand
from ephemeral.protocol.names import tidy_name
from ephemeral.protocol.reports import REASONS

__all__ = ["CHAT_COMMANDS", "add_talking_commands", "with_whom"]


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "where",
        metavar="CONVERSATION",
        help="by its name, its id, or the beginning of it; or who it is with",
    )


def _whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("whom", nargs="+", metavar="WHO", help="by name, address or id")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name",
        type=tidy_name,
        required=True,
        metavar="NAME",
        help="what the conversation is called; all in it see that",
    )


def _timer_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timer",
        type=duration,
        default=0,
        metavar="TIME",
        help="how long messages stay after they were read, such as 1d (default: as one likes)",
    )


def _new(parser: argparse.ArgumentParser) -> None:
    _whom(parser)
    _name(parser)
    _timer_option(parser)


def _with_people(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    _whom(parser)


def _admin(parser: argparse.ArgumentParser) -> None:
    _with_people(parser)
    parser.add_argument("--no", action="store_true", default=False, help="an admin no more")


def _rename(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    _name(parser)


def _timer(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    parser.add_argument("time", metavar="TIME", type=duration, help="such as 1d; 0: none")


def _presence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "given",
        nargs="?",
        choices=["on", "off"],
        default=None,
        help="for all devices; without: who is here",
    )


def _end(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    parser.add_argument("--yes", action="store_true", default=False, help="ask for no confirmation")


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, choices=REASONS, help="why")
    parser.add_argument(
        "--text-file", type=Path, default=None, metavar="FILE", help="what you say about it, if any"
    )


CHAT_COMMANDS: Mapping[str, Subcommand] = {
    "list": Subcommand("list conversations"),
    "with": Subcommand("talk: read what comes, write lines", _where),
    "new": Subcommand("make a conversation of several people", _new),
    "people": Subcommand("list who is in it", _where),
    "add": Subcommand("add people, as an admin", _with_people),
    "remove": Subcommand("remove people, as an admin", _with_people),
    "admin": Subcommand("make somebody an admin, or no longer", _admin),
    "rename": Subcommand("give it another name, as an admin", _rename),
    "timer": Subcommand("let messages disappear after they were read, as an admin", _timer),
    "presence": Subcommand("show contacts that you are here, or not; and see who is", _presence),
    "report": Subcommand("show the operators what somebody has said", _report),
    "history": Subcommand("show what the server still has of it", _where),
    "leave": Subcommand("leave it", _where),
    "end": Subcommand("destroy it for everybody, as an admin", _end),
    "agree": Subcommand("take part in one to which somebody unknown added you", _where),
    "again": Subcommand("begin it anew with the same people, where it is broken", _where),
}


def add_talking_commands(subparsers: Any) -> None:
    """Add `chat` with its commands, `say` and `inbox` to the program's."""
    sentence = "conversations of accounts; without a command: list them"
    group = subparsers.add_parser("chat", help=sentence, description=sentence)
    person_subcommands(group, CHAT_COMMANDS, "chat_command")
    sentence = "send a message to a contact, or into a conversation"
    say = subparsers.add_parser("say", help=sentence, description=sentence)
    person_options(say)
    _say(say)
    sentence = "print new messages, which are acknowledged then"
    inbox = subparsers.add_parser("inbox", help=sentence, description=sentence)
    person_options(inbox)
    _inbox(inbox)


def with_whom(given: Sequence[str]) -> list[str]:
    """`chat Bob` as `chat with Bob`: unless it is a command, it says with whom."""
    talks = len(given) > 1 and given[0] == "chat" and not given[1].startswith("-")
    if talks and given[1] not in CHAT_COMMANDS:
        return [given[0], "with", *given[1:]]
    return list(given)


def _say(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", metavar="WHO", help="a contact, or a conversation")
    parser.add_argument("--text-file", type=Path, metavar="FILE", help="the text (else stdin)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--reply", metavar="MESSAGE", help="as an answer to this message")
    which.add_argument("--edit", metavar="MESSAGE", help="instead of this message of yours")
    which.add_argument(
        "--delete", metavar="MESSAGE", help="delete this message of yours for everybody; no text"
    )
    which.add_argument(
        "--react", metavar="MESSAGE", help="the text is a reaction to this message, such as a sign"
    )


def _inbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--of", dest="where", metavar="CONVERSATION", help="of this one alone")
    parser.add_argument("--follow", action="store_true", help="and what is to come")
    parser.add_argument(
        "--evidence",
        action="store_true",
        help="with --json: with each message what proves who said it, for `chat report`",
    )
    parser.add_argument(
        "--wait",
        type=duration,
        default=0,
        metavar="TIME",
        help="if nothing is new, wait so long for a first message",
    )
