"""The program: `serve`, what operators need beside it, and the client's commands."""

import argparse
import gc
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ephemeral import __version__, commands, moderating_command, operator_commands
from ephemeral.private_memory import keep_private
from ephemeral.settings import Settings, SettingsError, process_environment

__all__ = ["main", "parsed_command"]


# An id comes behind these; and one that stands for itself looks like an option.
_BEFORE_IDS = frozenset({"--id", "--member", "--device", "--end", "--withdraw", "--to"})
_LIKE_AN_OPTION = re.compile(r"-[A-Za-z0-9_-]{21}")
# Options of `check` that are about the server on this machine.
_CHECKED_HERE = frozenset({"--health", "--accept-loss", "--accept-clock"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    unfit = _unfit(sys.platform, sys.version_info[:2])
    if unfit is not None:
        print(unfit, file=sys.stderr)
        return 1
    keep_private()
    _collect_seldom()
    parsed = parsed_command(sys.argv[1:] if arguments is None else arguments)
    if not hasattr(parsed, "run") or getattr(parsed, "address", None) is not None:
        from ephemeral.client import cli  # noqa: PLC0415

        return cli.run(parsed, process_environment())
    run: Callable[[argparse.Namespace, Settings], int] = parsed.run
    try:
        return run(parsed, Settings.from_environment(Path.cwd()))
    except SettingsError as error:
        return commands.refused(error)


def _unfit(platform: str, version: tuple[int, int]) -> str | None:
    """Why the program can't run here, if it can't. What is imported later would only fail."""
    if version < (3, 11):
        return (
            f"Ephemeral needs Python 3.11 or newer, and this is {version[0]}.{version[1]}: "
            "use a newer one, or the container image."
        )
    if platform == "win32":
        return "Ephemeral doesn't run on Windows itself: use WSL, or the container image."
    return None


def parsed_command(given: Sequence[str]) -> argparse.Namespace:
    """A command and its options. Whoever asks for what isn't there is told, and the program ends.

    Those of operators have a `run`; those of the client are run by `ephemeral.client.cli`, and so
    is `check` if it has an `address`.
    """
    parser = argparse.ArgumentParser(
        prog="ephemeral",
        description="Anonymous, ephemeral, end-to-end encrypted rooms.",
    )
    parser.add_argument("--version", action="version", version=f"ephemeral {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_operator_commands(subparsers)
    if list(given[:2]) == ["account", "invite"]:
        # The only one among the commands of accounts that is the operator's.
        _add_invite(subparsers)
    if list(given[:1]) == ["check"] and not _is_checked_here(given[1:]):
        from ephemeral.client import checking  # noqa: PLC0415

        checking.check_options(subparsers.choices["check"])
    elif not given or given[0] not in subparsers.choices:
        # The client's libraries take a moment to load: the server starts without them. And so the
        # client does without the server's: each function below loads what it needs.
        from ephemeral.client import cli  # noqa: PLC0415

        cli.add_commands(subparsers)
        given = cli.completed(_with_ids_tied(given))
        if given and not given[0].startswith("-") and given[0] not in subparsers.choices:
            # Not quoted: it may be a code.
            parser.error("there is no command of that name. `ephemeral --help` lists them.")
    parsed = _parsed(parser, subparsers, given)
    if getattr(parsed, "address", "") is None and parsed.command == "check":
        subparsers.choices["check"].error("these options are about a deployment: name its URL.")
    return parsed


def _is_checked_here(options: Sequence[str]) -> bool:
    """Whether these options of `check` are of this machine, not of a deployment's address."""
    about_objects = any(one.partition("=")[0] in {"--store", "--public"} for one in options)
    return about_objects or set(options) <= _CHECKED_HERE


def _collect_seldom() -> None:
    """Run the cyclic garbage collector seldom: what a message leaves has no reference cycles.

    Its passes over everything alive, every few hundred objects, were a sixteenth of the work, and
    a tenth of a start, which makes many objects that stay.
    """
    gc.set_threshold(20_000, 20, 20)


def _parsed(
    parser: argparse.ArgumentParser, subparsers: Any, given: Sequence[str]
) -> argparse.Namespace:
    """Like `parse_args`, but what is too much is not quoted: it may be a code."""
    parsed, surplus = parser.parse_known_args(_with_ids_tied(given))
    if surplus:
        # The usage that helps is the command's own.
        parser = subparsers.choices[parsed.command]
        options = [argument.partition("=")[0] for argument in surplus if argument.startswith("-")]
        if options:
            parser.error(f"there is no option {options[0]} here")
        parser.error(
            "this command takes nothing but options. A code is never an argument, where "
            "others could read it: it is asked for, or comes from EPHEMERAL_CODE or --code-fd."
        )
    return parsed


def _with_ids_tied(given: Sequence[str]) -> list[str]:
    """`--id -x` as `--id=-x`: one id in 64 begins with a hyphen and is no option.

    One that stands alone gets a space before it: it is no option then either.
    """
    tied: list[str] = []
    for argument in given:
        if tied and tied[-1] in _BEFORE_IDS:
            tied[-1] = f"{tied[-1]}={argument}"
        elif _LIKE_AN_OPTION.fullmatch(argument) and not argument.islower():
            tied.append(f" {argument}")
        else:
            tied.append(argument)
    return tied


def _add_operator_commands(subparsers: Any) -> None:
    serve = subparsers.add_parser("serve", help="start the server")
    _add_accept_clock(serve)
    serve.set_defaults(run=commands.serve)
    # Started by `serve` and by nobody else, so it stands in no help.
    worker = subparsers.add_parser("worker")
    worker.add_argument("--listener", type=int, required=True)
    worker.set_defaults(run=commands.work_for_supervisor)
    migrate = subparsers.add_parser("migrate", help="bring the database up to date, and end")
    migrate.set_defaults(run=commands.migrate)
    rotate = subparsers.add_parser(
        "rotate-keys", help="wrap all keys anew by the present encryption key; servers may run"
    )
    rotate.set_defaults(run=commands.rotate_keys)
    check = subparsers.add_parser(
        "check",
        help="see that a server can start here, and bring the database's tables up to date; "
        "with a URL, that the deployment there works",
    )
    check.add_argument(
        "--accept-loss",
        action="store_true",
        help="destroy what nobody can open because its key is gone",
    )
    _add_accept_clock(check)
    check.add_argument(
        "--health",
        action="store_true",
        help="ask the running server (HOST, PORT) whether it is ready",
    )
    check.add_argument(
        "--store",
        action="store_true",
        help="see that large objects can be kept where the settings say (S3_BUCKET)",
    )
    check.add_argument(
        "--origin",
        metavar="URL",
        help="with --store: that pages of this address may use the bucket, and no others",
    )
    check.add_argument(
        "--adopt",
        action="store_true",
        help="with --store: that is where they lie from now on, whatever was there before",
    )
    check.add_argument(
        "--accept-orphans",
        action="store_true",
        help="with --store: objects that belong to nothing are deleted, however many they are",
    )
    check.add_argument(
        "--public",
        metavar="URL",
        help="send the largest part of a file through this address of the deployment, and say "
        "what stops it",
    )
    check.set_defaults(run=commands.check)
    backup = subparsers.add_parser(
        "backup", help="write the embedded database into a new file; a server may run"
    )
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.set_defaults(run=commands.backup)
    restore = subparsers.add_parser(
        "restore", help="put a backup in place of the embedded database; no server may run"
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.set_defaults(run=commands.restore)
    accept = subparsers.add_parser(
        "restore-accept",
        help="end every room of a database that was set back, so that it can be served",
    )
    accept.set_defaults(run=commands.restore_accept)
    moderate = subparsers.add_parser(
        "moderate", help="open the files that a report shows, on this machine"
    )
    moderate.add_argument("report", metavar="REPORT", help="its id, as /admin/reports has it")
    moderate.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where they are written"
    )
    moderate.set_defaults(run=moderating_command.moderate)
    _add_operator(subparsers)


def _add_operator(subparsers: Any) -> None:
    operator = subparsers.add_parser("operator", help="say who may sign in at /admin/")
    acts = operator.add_subparsers(dest="act", required=True, metavar="act")
    add = acts.add_parser("add", help="add an operator, and print the ticket that lets them in")
    add.add_argument("name", metavar="NAME")
    add.add_argument(
        "--again",
        action="store_true",
        help="a new ticket for one who is there; password, app and sessions of before are void",
    )
    add.set_defaults(run=operator_commands.add)
    listing = acts.add_parser("list", help="list the operators")
    listing.set_defaults(run=operator_commands.list_all)
    remove = acts.add_parser("remove", help="remove an operator, and end their sessions")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=operator_commands.remove)


def _add_invite(subparsers: Any) -> None:
    account = subparsers.add_parser("account", help="accounts of this deployment")
    below = account.add_subparsers(dest="account_command", required=True, metavar="command")
    invite = below.add_parser(
        "invite", help="make an invitation, by which one account may be made in the next 7 days"
    )
    invite.set_defaults(run=commands.invite)


def _add_accept_clock(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--accept-clock",
        action="store_true",
        help="take the database's clock for right, though it isn't where it should be",
    )


if __name__ == "__main__":
    sys.exit(main())
