"""A program that comes from a process which has loaded it is as one that was just started."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from support.machines.server import PATIENCE, Program, program


def ended(folder: Path, *arguments: str, just_started: bool, text: str = "") -> tuple[object, ...]:
    """How a command ends, and what it says."""
    process = program(
        *arguments,
        environment={"EPHEMERAL_SERVER": "http://127.0.0.1:1", "EPHEMERAL_CODE": text},
        folder=folder,
        just_started=just_started,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said = process.communicate(text, timeout=PATIENCE)
    return process.returncode, *said


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["send", "--help"], ["nonsense"], ["send", "ab", "--nonsense"], ["status"]],
    ids=" ".join,
)
def test_a_command_says_the_same_and_ends_the_same(tmp_path: Path, arguments: list[str]):
    loaded, started = (
        ended(tmp_path, *arguments, just_started=just_started, text="né")
        for just_started in (False, True)
    )
    assert loaded == started
    assert any(loaded[1:])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_server_has_its_own_folder_and_streams_and_ends_by_a_signal(
    server: Program, number: signal.Signals
):
    # Nobody else may look into a process that can't be dumped.
    if os.geteuid() == 0:
        assert Path(f"/proc/{server.pid}/cwd").readlink() == server.folder
        streams = {Path(f"/proc/{server.pid}/fd/{stream}").readlink() for stream in (1, 2)}
        assert len(streams) == 1
        assert streams != {Path(f"/proc/{os.getpid()}/fd/1").readlink()}
    server.signal(number)
    assert server.wait() == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_of_a_loaded_program_the_end_is_told_after_it_was_seen(tmp_path: Path):
    """A process that has ended can be looked for until somebody has asked how."""
    process = program("--version", environment={}, folder=tmp_path, stdout=subprocess.PIPE)
    watched = os.pidfd_open(process.pid)
    os.close(watched)
    assert process.communicate(timeout=PATIENCE)[0].startswith("ephemeral ")
    assert process.wait() == process.poll() == 0
