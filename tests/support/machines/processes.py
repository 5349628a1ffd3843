"""Looking at processes from outside, as the kernel tells of them."""

import os
import select
from pathlib import Path


def wait_until_gone(pid: int, seconds: float = 60) -> None:
    """Return when a process that need not be a child of ours has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    assert ended, f"process {pid} still runs"


def is_running(pid: int) -> bool:
    """Whether a process exists and is more than a zombie."""
    try:
        return status(pid)["State"][0] != "Z"
    except FileNotFoundError:
        return False


def status(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    lines = of_process(pid, "status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def cpu_seconds(pid: int, thread: int | None = None) -> float:
    """What it has cost so far, or one of its threads, in the program and in the system for it."""
    place = "stat" if thread is None else f"task/{thread}/stat"
    fields = of_process(pid, place).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Bytes of memory that it has."""
    return int(status(pid)["VmRSS"].split()[0]) * 1024


def of_process(pid: int, name: str) -> str:
    """One file of /proc/PID."""
    return Path(f"/proc/{pid}/{name}").read_text(errors="replace")


def program_of(pid: int) -> Path:
    """The file that a process runs."""
    return Path(f"/proc/{pid}/exe").readlink()
