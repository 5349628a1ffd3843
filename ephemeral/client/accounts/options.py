"""The arguments of `ephemeral account ...` (docs/cli.md).

Apart from the commands: these take a moment to load, which no command of a room needs.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from ephemeral.client.connection_options import descriptor, duration, way_options
from ephemeral.client.subcommands import Subcommand, add_subcommands
from ephemeral.protocol.names import tidy_name

# Servers hash few passwords at a time, and say so to who comes while they do.
_PATIENCE = 15

__all__ = ["ACCOUNT_COMMANDS", "add_account_commands", "person_options", "person_subcommands"]

# No conversation is older.
_DAYS_MAX = 36_500


def _secret(option: str, what: str, variable: str) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            option,
            type=descriptor,
            metavar="N",
            help=f"read {what} from this descriptor (else {variable}, else a prompt)",
        )

    return add


_password = _secret("--password-fd", "the password", "EPHEMERAL_PASSWORD")
_new_password = _secret("--new-password-fd", "the new password", "EPHEMERAL_NEW_PASSWORD")
_words = _secret("--words-fd", "the words", "EPHEMERAL_WORDS")
_invitation = _secret("--invitation-fd", "an invitation", "EPHEMERAL_INVITATION")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name",
        type=tidy_name,
        metavar="NAME",
        help="what this device is called (else as the host)",
    )


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="ask for no confirmation")


def _kept(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keyring", action="store_true", help="keep the key of the account's file in the keyring"
    )


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("given", metavar="ADDRESS", help="the account's address, name.12345")


def _register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("given", metavar="NAME", help="3 to 20 of a to z, digits, and _")
    for one in (_password, _invitation, _name, _yes, _kept):
        one(parser)


def _identity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--identity",
        action="store_true",
        help="by another service, in a browser on this machine, where the server takes that",
    )


def _login(parser: argparse.ArgumentParser) -> None:
    for one in (_address, _password, _identity, _name, _yes, _kept):
        one(parser)


def _identities(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--link", action="store_true", help="sign in there, and link that")
    parser.add_argument("--unlink", metavar="ID", help="this one opens the account no more")
    _password(parser)


def _key(parser: argparse.ArgumentParser) -> None:
    _address(parser)
    _password(parser)


def _recover(parser: argparse.ArgumentParser) -> None:
    for one in (_address, _words, _new_password, _name, _yes, _kept):
        one(parser)
    parser.add_argument(
        "--new-words", action="store_true", help="make ten other words, and show them"
    )


def _accept(parser: argparse.ArgumentParser) -> None:
    _words(parser)
    _password(parser)
    parser.add_argument(
        "--history",
        type=_history,
        default="30d",
        metavar="SPAN",
        help="what it gets of what was said before: all, none, or so many days (default: 30d)",
    )


def _history(text: str) -> int | None:
    """Days; 0: everything, None: nothing."""
    if text in {"all", "none"}:
        return 0 if text == "all" else None
    days = text.removesuffix("d")
    if text.endswith("d") and days.isascii() and days.isdigit() and 1 <= int(days) <= _DAYS_MAX:
        return int(days)
    raise argparse.ArgumentTypeError("must be all, none, or a number of days such as 30d")


def _device(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--device",
        required=required,
        metavar="ID",
        help="a device, by its id, the beginning of it, or its name",
    )


def _rename(parser: argparse.ArgumentParser) -> None:
    _device(parser, required=False)
    parser.add_argument(
        "--name", type=tidy_name, required=True, metavar="NAME", help="its new name"
    )


def _revoke(parser: argparse.ArgumentParser) -> None:
    _device(parser, required=True)
    _password(parser)


def _sessions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--end", metavar="ID", help="end this session; the beginning will do")


def _change(parser: argparse.ArgumentParser) -> None:
    _password(parser)
    _new_password(parser)
    _identity(parser)


def _logout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--forget", action="store_true", help="destroy what is kept here, too")


def _delete(parser: argparse.ArgumentParser) -> None:
    for one in (_password, _words, _yes):
        one(parser)
    parser.add_argument("--with-words", action="store_true", help="at once, by the ten words")


def _proof(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", metavar="METHOD", help="such as GET")
    parser.add_argument("path", metavar="PATH", help="such as /devices")


def _first(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    _yes(parser)


ACCOUNT_COMMANDS: Mapping[str, Subcommand] = {
    "register": Subcommand("make an account, with this machine as its first device", _register),
    "login": Subcommand("sign in", _login),
    "key": Subcommand("for curl: the auth key of an address and a password", _key),
    "whoami": Subcommand("say which account this is, and how it stands", _first),
    "devices": Subcommand("list the account's devices"),
    "link": Subcommand("make this machine a device: show words for another one", _name),
    "accept": Subcommand("add a new device by the words that it shows", _accept),
    "rename": Subcommand("give a device another name", _rename),
    "revoke": Subcommand("remove a device", _revoke),
    "sessions": Subcommand("list the account's sessions, or end one", _sessions),
    "password": Subcommand("change the password", _change),
    "identities": Subcommand("list by which other identities the account opens", _identities),
    "recover": Subcommand("take the account back by its ten words", _recover),
    "refuse": Subcommand("refuse a deletion or a new beginning that waits"),
    "start-over": Subcommand("begin anew without the old devices; takes three days", _first),
    "record": Subcommand("show all that the server holds of the account"),
    "proof": Subcommand("for curl: the headers of a request by this device", _proof),
    "logout": Subcommand("end the session", _logout),
    "delete": Subcommand("delete the account", _delete),
}


# An argument of theirs says which account, or is to make one.
_WITH_ADDRESS = {"register", "login", "key", "recover"}


def add_account_commands(subparsers: Any) -> None:
    """Add `account` and its commands to the program's."""
    sentence = "accounts and their devices (opt-in; rooms need none)"
    group = subparsers.add_parser("account", help=sentence, description=sentence)
    commands = add_subcommands(
        group, ACCOUNT_COMMANDS, _account_options, dest="account_command", required=True
    )
    # The operator's: it stands with those of the server.
    commands.add_parser("invite", help="for operators: an invitation to make an account")


def _account_options(name: str, parser: argparse.ArgumentParser) -> None:
    _connection(parser)
    if name not in _WITH_ADDRESS:
        _which(parser)
    parser.set_defaults(code_fd=None, again=False, join=False)


def _connection(parser: argparse.ArgumentParser, **timeout: object) -> None:
    parser.add_argument("--server", metavar="URL", help="address (or EPHEMERAL_SERVER)")
    way_options(parser)
    parser.add_argument(
        "--timeout",
        type=duration,
        metavar="TIME",
        help="for how long to try again while the server can't be reached or is busy "
        f"(default: {_PATIENCE}s)",
        **({"default": _PATIENCE} | timeout),  # type: ignore[arg-type]
    )
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--address", metavar="ADDRESS", help="which account, if several")


def person_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command has that speaks for an account with others."""
    _connection(parser)
    _which(parser)
    parser.set_defaults(code_fd=None, again=False, join=False)


def person_subcommands(
    parser: argparse.ArgumentParser, subcommands: Mapping[str, Subcommand], dest: str
) -> None:
    """Add that, and commands that have it as well."""
    person_options(parser)
    add_subcommands(parser, subcommands, _person_options_again, dest=dest, required=False)


def _person_options_again(_: str, parser: argparse.ArgumentParser) -> None:
    _connection(parser, default=argparse.SUPPRESS)
    _which(parser)
