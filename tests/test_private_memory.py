"""No command leaves its memory to a disk or to other programs of the same user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 65534

# Each command ends where its work would begin, and shows what it could leak there.
PROGRAM = """
import ctypes, resource, sys
from ephemeral import __main__, commands
from ephemeral.client import cli

def look(*_):
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
    return 0

commands.serve = commands.work_for_supervisor = cli.run = look
assert look() == 0
sys.exit(__main__.main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: only Linux tells of it")
@pytest.mark.parametrize("command", [["serve"], ["worker", "--listener=3"], ["read"]], ids=str)
def test_a_command_can_t_be_dumped(command: list[str], tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path)},
        check=False,
    )
    assert ended.stderr == ""
    before, after = ended.stdout.splitlines()
    assert before.startswith("1 ")
    assert after == "0 0 0"


# As somebody without rights, of whom /proc/self is another's from then on.
SELF = """
import os, resource, subprocess, sys
from prometheus_client import CollectorRegistry, ProcessCollector
from ephemeral.private_memory import keep_private

os.setgroups([])
os.setuid(int(sys.argv[1]))
keep_private()
registry = CollectorRegistry()
ProcessCollector(registry=registry)
for name in ("process_open_fds", "process_resident_memory_bytes", "process_max_fds"):
    assert registry.get_sample_value(name) > 0, name
subprocess.run(["true"], check=True)
try:
    open("/proc/self/mem", "rb")
except PermissionError:
    print("refused")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root may become somebody else")
def test_a_process_without_rights_that_can_t_be_dumped_still_measures_itself():
    ended = subprocess.run(
        [sys.executable, "-c", SELF, str(NOBODY)],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("refused\n", "")
