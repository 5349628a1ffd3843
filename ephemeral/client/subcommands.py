"""Commands that have commands of their own, such as `account` and `chat`."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["Subcommand", "add_subcommands"]


class Subcommand(NamedTuple):
    """One of them: what it does, and the options that it has alone."""

    sentence: str
    options: Callable[[argparse.ArgumentParser], None] = lambda _: None


def add_subcommands(
    group: argparse.ArgumentParser,
    subcommands: Mapping[str, Subcommand],
    shared: Callable[[str, argparse.ArgumentParser], None],
    *,
    dest: str,
    required: bool,
) -> Any:
    """Add them to a command; argparse's action, by which others are added.

    `shared` adds what more of them have. Where they aren't `required`, the command has options
    itself: what was said before the subcommand's name holds unless it is said again.
    """
    action = group.add_subparsers(dest=dest, required=required, metavar="command")
    for name, one in subcommands.items():
        parser = action.add_parser(
            name,
            help=one.sentence,
            description=one.sentence,
            argument_default=None if required else argparse.SUPPRESS,
        )
        shared(name, parser)
        one.options(parser)
    return action
