"""Whoever is told to wait waits so long, and is then served: a limit costs time, nothing else.

These take seconds, for they wait in earnest: a whole one is the least that a server asks for.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from support.machines.server import Program
from support.people.command_line import Cli

from ephemeral.client.exits import Exit

Serve = Callable[..., Program]


def seats(cli: Cli) -> None:
    """A new room, and the seats of an author and a reader."""
    cli.new_room()
    for name in ("author", "reader"):
        cli.done("unlock", "--seat", name)


def test_requests_and_handshakes_that_came_too_early_are_made_again(serve: Serve, tmp_path: Path):
    slow = dict.fromkeys(("JOINS_PER_ADDRESS", "CONNECTS_PER_ADDRESS", "STATES_PER_ADDRESS"), "2/1")
    with closing(Cli(serve(**slow).url, tmp_path)) as cli:
        cli.code = cli.done("new", "--timeout", "30", code="").strip()
        cli.done("send", text="one")
        assert cli.done("read") == "one"


def test_messages_that_were_posted_too_fast_are_posted_again(serve: Serve, tmp_path: Path):
    with closing(Cli(serve(POSTS_PER_ROOM="2/1").url, tmp_path)) as cli:
        seats(cli)
        cli.done("pipe", "--seat", "author", text="".join(f"{number}\n" for number in range(3)))
        read = cli.done("read", "--all", "-0", "--seat", "reader")
        assert sorted(read.split("\0")) == ["", "0", "1", "2"]


def test_messages_that_were_opened_too_fast_are_opened_again(serve: Serve, tmp_path: Path):
    with closing(Cli(serve(OPENS_PER_ROOM="1/1").url, tmp_path)) as cli:
        seats(cli)
        for text in ("one", "two"):
            cli.done("send", "--seat", "author", text=text)
        # Acknowledging the first one takes what opening the second would need.
        assert cli.done("read", "--all", "-0", "--seat", "reader") == "one\0two\0"


def test_a_wait_that_is_too_long_is_told(serve: Serve, tmp_path: Path):
    with closing(Cli(serve(OPENS_PER_ROOM="2/3600").url, tmp_path)) as cli:
        seats(cli)
        identities = [cli.json("send", "--seat", "author", text="x")["id"] for _ in range(2)]
        cli.done("read", "--id", identities[0], "--seat", "reader")
        told = cli.run("read", "--id", identities[1], "--seat", "reader")
        assert told.returncode == Exit.NETWORK
        assert "Too much at once" in told.stderr
