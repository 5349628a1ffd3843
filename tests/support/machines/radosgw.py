"""A second real object store that speaks S3: Ceph's, with all of it in memory, from Debian."""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server, free_ports

PATIENCE = 90
PROGRAMS = ("monmaptool", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph")
# One monitor and one store, of which nothing is kept and which trust each other.
CONFIGURATION = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{monitor}
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
keyring = {folder}/keyring
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
crash dir = {folder}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
[mon]
mon data = {folder}/mon
mon data avail crit = 0
[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 1G
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
"""


@contextmanager
def radosgw() -> Iterator[S3Server]:
    """A store of the caller's own; skips the test where there is none, but never in CI."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        assert not os.environ.get("CI"), f"{missing}: `sh tools/stores.sh .venv radosgw` gets it"
        pytest.skip(f"{missing}: `sh tools/stores.sh .venv radosgw` gets it")
    # Paths of sockets may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="radosgw-", dir="/tmp") as name:
        folder = Path(name)
        monitor, port = free_ports(2)
        running: list[subprocess.Popen[bytes]] = []
        try:
            started(folder, monitor, port, running)
            there = S3Server(f"http://127.0.0.1:{port}")
            wait_until_open(running, there.endpoint)
            yield there
        finally:
            for one in running:
                one.kill()
                one.wait(PATIENCE)


def started(folder: Path, monitor: int, port: int, running: list[subprocess.Popen[bytes]]) -> None:
    fsid, store = str(uuid.uuid4()), str(uuid.uuid4())
    told = folder / "ceph.conf"
    told.write_text(CONFIGURATION.format(folder=folder, fsid=fsid, monitor=monitor, port=port))
    for one in ("mon", "osd"):
        (folder / one).mkdir()
    (folder / "keyring").touch()

    def run(*command: str) -> None:
        done = subprocess.run(
            [*command, "-c", str(told)],
            cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(*command: str) -> None:
        # They take away what they would use as a terminal.
        quiet = subprocess.DEVNULL
        running.append(
            subprocess.Popen(
                [*command, "-f", "-c", str(told)], cwd=folder, stdout=quiet, stderr=quiet
            )
        )

    monitors = str(folder / "monmap")
    at = f"[v2:127.0.0.1:{monitor}]"
    run("monmaptool", "--create", "--addv", "a", at, "--fsid", fsid, monitors)
    run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monitors)
    start("ceph-mon", "-i", "a")
    run("ceph", "osd", "new", store)
    run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
    start("ceph-osd", "-i", "0")
    start("radosgw", "-n", "client.rgw", "--ms-mon-client-mode=crc")
    run(
        "radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test",
        "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY,
    )  # fmt: skip


def wait_until_open(running: list[subprocess.Popen[bytes]], endpoint: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert all(one.poll() is None for one in running), "a part of Ceph has ended"
        try:
            if httpx.get(endpoint).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail("radosgw did not start")
