"""The options of every command that reaches a server: how it gets there, and what it accepts.

Apart from the rest, which takes a moment to load: an operator's `check` has them as well.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ephemeral.client.durations import parse_duration
from ephemeral.client.exits import ClientError

__all__ = ["descriptor", "duration", "room_options", "typed", "way_options", "whole"]


def typed(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A parser of ours as argparse wants it: its refusal is the sentence."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ClientError as error:
            raise argparse.ArgumentTypeError(error.message) from None

    return convert


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from one to another."""

    def convert(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}")

    return convert


#: The number of an open file descriptor.
descriptor = whole(0, 1023)
duration = typed(parse_duration)


def way_options(parser: argparse.ArgumentParser) -> None:
    """Add how the server is reached and who vouches for it."""
    parser.add_argument("--cafile", type=Path, metavar="FILE", help="authorities to trust, PEM")
    parser.add_argument("--allow-http", action="store_true", help="take http beyond this machine")
    parser.add_argument(
        "--proxy",
        metavar="URL",
        help="http://..., socks5://... (Tor), or none (else HTTPS_PROXY, ALL_PROXY, NO_PROXY)",
    )


def room_options(parser: argparse.ArgumentParser, timeout: int = 0) -> None:
    """Add what is accepted of a server, and how long it is waited for."""
    parser.add_argument("--allow-pbkdf2", action="store_true", help="accept the weaker suite 2")
    parser.add_argument(
        "--timeout",
        type=duration,
        default=timeout,
        metavar="TIME",
        help="for how long to try again while the server can't be reached "
        f"(default: {f'{timeout}s' if timeout else 'one attempt'})",
    )
