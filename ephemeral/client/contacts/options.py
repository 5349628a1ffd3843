"""The arguments of `ephemeral contacts ...` and `ephemeral invite` (docs/cli.md).

Apart from the commands: these take a moment to load, which no command of a room needs.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from ephemeral.client.accounts.options import person_options, person_subcommands
from ephemeral.client.connection_options import descriptor
from ephemeral.client.subcommands import Subcommand
from ephemeral.protocol.names import tidy_name

__all__ = ["CONTACT_COMMANDS", "add_contact_commands"]


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "who", metavar="WHO", help="by name, address, id, or the beginning of an id"
    )


def _name(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument(
        "--name",
        type=tidy_name,
        required=required,
        default=None,
        metavar="NAME",
        help="what they are called here; only you see it",
    )


def _request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("given", metavar="ADDRESS", help="somebody's address, name.12345")


def _accept(parser: argparse.ArgumentParser) -> None:
    _who(parser)
    _name(parser)


def _deny(parser: argparse.ArgumentParser) -> None:
    _who(parser)
    parser.add_argument(
        "--tell", action="store_true", default=False, help="let them know that you said no"
    )


def _findable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("given", choices=["on", "off"], help="may they ask, or not")


def _rename(parser: argparse.ArgumentParser) -> None:
    _who(parser)
    _name(parser, required=True)


def _compare(parser: argparse.ArgumentParser) -> None:
    _who(parser)
    parser.add_argument(
        "--yes", action="store_true", default=False, help="it is the same: note that, ask nothing"
    )


CONTACT_COMMANDS: Mapping[str, Subcommand] = {
    "list": Subcommand("list contacts, who asks, and who was asked"),
    "request": Subcommand("ask somebody by an address", _request),
    "accept": Subcommand("agree to who asks", _accept),
    "deny": Subcommand("say no to who asks", _deny),
    "block": Subcommand("hear nothing more from somebody", _who),
    "remove": Subcommand("be no contacts any more, or block somebody no more", _who),
    "rename": Subcommand("call somebody something else, here", _rename),
    "compare": Subcommand("show the number that two people compare, and note that it is", _compare),
    "findable": Subcommand("let those who know your address ask you, or not", _findable),
}


def add_contact_commands(subparsers: Any) -> None:
    """Add `contacts` with its commands, and `invite`, to the program's."""
    sentence = "who may be talked to; without a command: list them"
    group = subparsers.add_parser("contacts", help=sentence, description=sentence)
    person_subcommands(group, CONTACT_COMMANDS, "contacts_command")
    sentence = "make an invitation to be your contact, or redeem one"
    invite = subparsers.add_parser("invite", help=sentence, description=sentence)
    person_options(invite)
    _invite(invite)


def _invite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="CONVERSATION", help="lead into this conversation, too")
    parser.add_argument("--redeem", action="store_true", help="redeem an invitation")
    parser.add_argument(
        "--invitation-fd",
        type=descriptor,
        metavar="N",
        help="read the link from this descriptor (else EPHEMERAL_INVITATION, else a prompt)",
    )
    parser.add_argument("--list", action="store_true", help="list those of the account")
    parser.add_argument("--withdraw", metavar="ID", help="let this one lead nowhere")
    parser.add_argument(
        "--name",
        type=tidy_name,
        metavar="NAME",
        help="what you are called in it (else as your address begins)",
    )
    parser.add_argument(
        "--label",
        type=tidy_name,
        metavar="NAME",
        help="what the other one is called here (else as they call themselves)",
    )
