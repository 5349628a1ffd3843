"""A real object store that speaks S3: SeaweedFS, which keeps all of it in one folder."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PATIENCE = 60
STARTS = 3
ACCESS_KEY, SECRET_KEY = "test-key", "test-secret"


@dataclass
class S3Server:
    """Where it answers; by the keys above everything is allowed."""

    endpoint: str


@contextmanager
def seaweed() -> Iterator[S3Server]:
    """A store of the caller's own; skips the test where there is none, but never in CI."""
    own = Path(sys.prefix) / "seaweedfs" / "bin"
    program = shutil.which("weed", path=f"{own}{os.pathsep}{os.environ.get('PATH', '')}")
    if program is None:
        assert not os.environ.get("CI"), "SeaweedFS is missing: `sh tools/stores.sh` gets it"
        pytest.skip("SeaweedFS is missing: `sh tools/stores.sh` gets it")
    with ExitStack() as opened:
        # It ends where another test took one of its eight ports meanwhile.
        for _ in range(STARTS):
            there = opened.enter_context(started(program))
            if there is not None:
                yield there
                return
        pytest.fail("SeaweedFS did not start")


@contextmanager
def started(program: str) -> Iterator[S3Server | None]:
    """A server until the end; none if it has ended by itself."""
    with tempfile.TemporaryDirectory(prefix="ephemeral objects ") as name:
        folder = Path(name)
        ports = free_ports(8)
        running = subprocess.Popen(
            arguments(program, folder, ports),
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            there = S3Server(f"http://127.0.0.1:{ports[0]}")
            yield there if is_open(running, there.endpoint) else None
        finally:
            running.kill()
            running.wait(PATIENCE)


def arguments(program: str, folder: Path, ports: list[int]) -> list[str]:
    keys = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    rights = ["Admin", "Read", "Write", "List", "Tagging"]
    someone = {"name": "test", "credentials": [keys], "actions": rights}
    (folder / "s3.json").write_text(json.dumps({"identities": [someone]}))
    # Each bucket takes several volumes of its own.
    s3, s3_rpc, master, master_rpc, volume, volume_rpc, filer, filer_rpc = ports
    return [
        program, "-logtostderr=false", f"-logdir={folder}", "server",
        f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
        f"-s3.port={s3}", f"-s3.port.grpc={s3_rpc}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        f"-s3.config={folder}/s3.json",
        f"-master.port={master}", f"-master.port.grpc={master_rpc}", "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        f"-volume.port={volume}", f"-volume.port.grpc={volume_rpc}", "-volume.max=2000",
        f"-filer.port={filer}", f"-filer.port.grpc={filer_rpc}",
    ]  # fmt: skip


def free_ports(count: int) -> list[int]:
    with ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def is_open(running: subprocess.Popen[bytes], endpoint: str) -> bool:
    """Waits until it answers, or has ended."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and running.poll() is None:
        try:
            if httpx.get(endpoint).status_code == 403:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    return False
