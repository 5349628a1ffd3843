"""A message is acknowledged when its output was flushed, and only then."""

import fcntl
import json
import os
import select
import signal
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.command_line import PATIENCE, Cli, signalled

from ephemeral.client.exits import Exit

LONG = "long " * 10_000
F_SETPIPE_SZ = 1031


def narrow_pipe() -> tuple[int, int]:
    """A pipe that holds one page, so that a longer message stays in its writer."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    return reader, writer


def wait_readable(descriptor: int) -> None:
    ready, _, _ = select.select([descriptor], [], [], PATIENCE)
    assert ready


def test_a_broken_pipe_gives_the_message_back_unread(room: Cli):
    room.done("send", text="not lost")
    reader, writer = os.pipe()
    os.close(reader)
    result = room.run("read", stdout=writer)
    os.close(writer)
    assert result.returncode == Exit.OUTPUT
    assert "given back" not in result.stdout
    assert room.done("read") == "not lost"


def test_a_pipe_that_breaks_in_the_middle_gives_the_message_back(room: Cli):
    room.done("send", text=LONG)
    reader, writer = narrow_pipe()
    process = room.start("read", stdout=writer)
    os.close(writer)
    wait_readable(reader)
    os.close(reader)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == Exit.OUTPUT
    assert room.done("read") == LONG


def test_a_full_disk_gives_the_message_back(room: Cli):
    room.done("send", text="not lost")
    with Path("/dev/full").open("w") as full:
        assert room.run("read", stdout=full).returncode == Exit.OUTPUT
    assert room.done("read") == "not lost"


def test_a_closed_output_gives_the_message_back_and_harms_no_other_file(earnest: Cli):
    earnest.done("send", text="not lost")
    result = earnest.run(
        "read", "--seat", "mine", stdout=None, apart=True, preexec_fn=lambda: os.close(1)
    )
    assert result.returncode == Exit.OUTPUT
    assert "not lost" not in (earnest.folder / "mine").read_text()
    assert earnest.done("read") == "not lost"


def test_a_slow_reader_gets_its_message_whole_and_only_then_it_is_gone(room: Cli):
    identity = room.json("send", "--seat", "author", text=LONG)["id"]
    reader, writer = narrow_pipe()
    process = room.start("read", stdout=writer)
    os.close(writer)
    wait_readable(reader)
    state = room.done("receipts", "--seat", "author")
    assert state == f"{identity} opened\n"
    with os.fdopen(reader) as pipe:
        assert pipe.read() == LONG
    process.communicate(timeout=PATIENCE)
    assert process.returncode == Exit.OK
    assert room.done("receipts", "--seat", "author") == f"{identity} viewed\n"


def test_a_reader_killed_in_mid_lease_comes_back_with_its_seat_and_reads(earnest: Cli):
    earnest.done("send", text=LONG)
    reader, writer = narrow_pipe()
    process = earnest.start("read", "--seat", "mine", stdout=writer, apart=True)
    os.close(writer)
    wait_readable(reader)
    assert signalled(process, signal.SIGKILL) == -signal.SIGKILL
    os.close(reader)
    other = earnest.run("read")
    assert other.returncode == Exit.NOTHING
    assert "at this moment" in other.stderr
    assert earnest.done("read", "--seat", "mine") == LONG


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, Exit.TERMINATED), (signal.SIGINT, Exit.INTERRUPTED)],
)
def test_a_reader_that_is_asked_to_end_gives_the_message_back_at_once(earnest: Cli, number, code):
    earnest.done("send", text=LONG)
    reader, writer = narrow_pipe()
    process = earnest.start("read", "--seat", "mine", stdout=writer, apart=True)
    os.close(writer)
    wait_readable(reader)
    assert signalled(process, number) == code
    os.close(reader)
    assert earnest.done("read") == LONG


def test_an_interrupted_author_leaves_and_the_message_waits(earnest: Cli):
    earnest.new_room("--seats=3")
    earnest.watch()
    author = earnest.write("--wait=viewed", text="still there", apart=True)
    earnest.until_waiting(1)
    assert signalled(author, signal.SIGINT) == Exit.INTERRUPTED
    assert earnest.json("status")["seats_taken"] == 1
    assert earnest.done("read") == "still there"


def test_a_server_that_crashes_loses_nothing_and_the_author_hears_of_the_view(
    server: Program, own_cli: Cli
):
    cli = own_cli
    cli.new_room("--seats=3")
    cli.watch()
    author = cli.write("--wait=viewed", "--json", text="survives")
    cli.until_waiting(1)
    server.kill()
    server.start()
    assert cli.done("read") == "survives"
    output, _ = author.communicate(timeout=PATIENCE)
    assert json.loads(output)["state"] == "viewed"
    assert author.returncode == Exit.OK


def test_a_message_that_is_sent_while_the_server_is_away_is_sent_once(
    server: Program, own_cli: Cli
):
    cli = own_cli
    cli.new_room()
    cli.done("send", "--seat", "mine", text="before")
    server.stop()
    sender = cli.write("--seat", "mine", "--timeout=60s", text="during")
    server.start()
    _, errors = sender.communicate(timeout=PATIENCE)
    assert sender.returncode == Exit.OK, errors
    assert cli.done("read", "--all") == "before\nduring\n"


def test_a_message_without_an_answer_can_be_sent_again_and_is_not_doubled(room: Cli):
    room.done("send", "--seat", "mine", text="first")
    path = room.folder / "mine"
    kept = json.loads(path.read_text())
    # As an earlier process leaves it that died before the answer came.
    identity = room.json("send", "--seat", "mine", text="once")["id"]
    assert kept["counter"] == 1
    assert room.run("send", "--seat", "mine", "--again").returncode == Exit.NOTHING
    unreachable = room.run(
        "send", "--seat", "mine", "--timeout=0s", "--server", "http://127.0.0.1:1", text="x"
    )
    assert unreachable.returncode == Exit.NETWORK
    assert room.done("read", "--all") == "first\nonce\n"
    assert identity in room.done("receipts", "--seat", "mine")
