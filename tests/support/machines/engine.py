"""A Docker of the test's own: a daemon beside any other, in a network that nothing else is in."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.machines.debian_base import run

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60
_NEW_NETWORK = 0x4000_0000


def install_programs(folder: Path) -> Path:
    """Compose, kubectl and the Caddy that compose.yaml names, as locked: the folder they are in."""
    run(sys.executable, "-m", "venv", folder)
    run(
        *(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes"),
        *("--requirement", ROOT / "requirements" / "engine.lock"),
    )
    return folder / "bin"


@contextmanager
def network_of_ones_own() -> Iterator[None]:
    """Until the end this thread, and what it starts, is in a new network with a loopback alone."""
    system = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if system.unshare(_NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "no network of one's own")
        run("ip", "link", "set", "lo", "up")
        yield
    finally:
        system.setns(before, _NEW_NETWORK)
        os.close(before)


@contextmanager
def network_beside(pid: int, host: list[str], own: list[str]) -> Iterator[None]:
    """Until the end this thread is in another network, by a wire to that of a process.

    The addresses are those of the two ends.
    """
    there = ("nsenter", f"--net=/proc/{pid}/ns/net", "ip")
    with network_of_ones_own():
        peer = ("peer", "name", "wire", "netns", str(pid))
        run("ip", "link", "add", "wire", "type", "veth", *peer)
        for ip, addresses in ((("ip",), own), (there, host)):
            for address in addresses:
                # Nobody is there who could have it too, for which IPv6 would look before.
                unasked = ["nodad"] if ":" in address else []
                run(*ip, "address", "add", address, "dev", "wire", *unasked)
            run(*ip, "link", "set", "wire", "up")
        yield


class Engine:
    """The client of a daemon."""

    def __init__(self, folder: Path) -> None:
        #: Of the daemon, once it runs.
        self.pid = 0
        self.environment = {
            "PATH": f"{os.environ['PATH']}{os.pathsep}/usr/sbin",
            "HOME": str(folder),
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": str(folder / "client"),
        }

    def docker(self, *arguments: str | Path) -> str:
        """What `docker` prints, from the project's folder; it has to succeed."""
        done = subprocess.run(
            ["docker", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            pytest.fail(f"docker {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def inspect(self, name: str) -> dict[str, Any]:
        [found] = json.loads(self.docker("inspect", name))
        return found


@contextmanager
def engine(folder: Path, plugin: Path) -> Iterator[Engine]:
    """A daemon whose files are all in `folder`, and a client that has Compose as its `plugin`."""
    plugins = folder / "client" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(plugin)
    # Settings of another daemon are none of this one's. It treats IPv6 as it does IPv4, which newer
    # ones do unasked.
    (folder / "daemon.json").write_text(json.dumps({"experimental": True, "ip6tables": True}))
    found = Engine(folder)
    with (folder / "daemon.log").open("wb") as log:
        # With mounts of its own, all of which end with it.
        daemon = subprocess.Popen(
            [
                "unshare", "--mount", "dockerd", f"--config-file={folder}/daemon.json",
                f"--data-root={folder}/data", f"--exec-root={folder}/state",
                f"--pidfile={folder}/pid", f"--host=unix://{folder}/docker.sock",
            ],
            env=found.environment,
            stdout=log,
            stderr=log,
        )  # fmt: skip
        found.pid = daemon.pid
        try:
            deadline = time.monotonic() + PATIENCE
            while not (folder / "docker.sock").exists():
                if daemon.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"Docker did not start:\n{(folder / 'daemon.log').read_text()}")
                time.sleep(0.1)
            yield found
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(PATIENCE)
