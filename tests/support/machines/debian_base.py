"""A small Debian with Python, to build images on where no registry can be asked."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# The newest C library that a wheel for Debian 12 may ask for, and every older one.
GLIBC = range(36, 4, -1)


def run(*command: str | Path, **options: object) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, **options
    ).stdout.strip()


def see_to_programs(**packages: str) -> None:
    """Installs what isn't there: program=package."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.fail("This test needs root on Debian: it makes a base by debootstrap.")
    missing = [package for program, package in packages.items() if not shutil.which(program)]
    if missing:
        # They are started by tests only, never as services of the system.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        run("apt-get", "update", env=environment)
        run("apt-get", "install", "--yes", *missing, env=environment)


def base_name() -> str:
    """The name by which the Dockerfile asks for its base."""
    return re.search(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]


def make_base(folder: Path, *packages: str) -> None:
    """Debian 12 with Python and more, and every locked wheel, which its pip takes for the index."""
    included = ",".join(("python3", "python3-venv", *packages))
    run("debootstrap", "--variant=minbase", f"--include={included}", "bookworm", folder)
    machine = platform.machine()
    # Whatever Python asks here: that of Debian is older, and needs what this one does without.
    lock = (ROOT / "requirements" / "runtime.lock").read_text()
    every = folder / "every.lock"
    every.write_text(re.sub(r" ; [^\\\n]*", " ", lock))
    run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
        *("--requirement", every, "--dest", folder / "wheels"),
        *("--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"),
        *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
        *(f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC),
    )
    (folder / "etc" / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
