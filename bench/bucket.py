"""A bucket of our own: SeaweedFS, with all that it needs in one folder."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.hosts import free_port
from ephemeral.settings import Settings
from ephemeral.store.objects.opening import open_bucket

KEY, SECRET = "bench-key", "bench-secret"
RULES = {
    "AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"], "ExposeHeaders": ["Content-Range"],
    "AllowedHeaders": ["content-type", "if-none-match", "range"],
}  # fmt: skip


@contextmanager
def bucket() -> Iterator[dict[str, str]]:
    """Settings that name it."""
    own = Path(sys.prefix) / "seaweedfs" / "bin"
    weed = shutil.which("weed", path=f"{own}{os.pathsep}{os.environ.get('PATH', '')}")
    if weed is None:
        raise SystemExit("SeaweedFS is missing: `sh tools/stores.sh` gets it")
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        folder = Path(name)
        (folder / "access").write_text(KEY)
        (folder / "secret").write_text(SECRET)
        keys = [{"accessKey": KEY, "secretKey": SECRET}]
        someone = {
            "name": "bench",
            "credentials": keys,
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [someone]}))
        ports = {one: free_port() for one in ("s3", "master", "volume", "filer")}
        arguments = [f"-{one}.port={port}" for one, port in ports.items()]
        arguments += [f"-{one}.port.grpc={free_port()}" for one in ports]
        process = subprocess.Popen(
            [
                weed, "-logtostderr=false", f"-logdir={folder}", "server", f"-dir={folder}",
                "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.port.iceberg=0",
                f"-s3.config={folder}/s3.json", "-master.telemetry=false",
                "-master.volumeSizeLimitMB=1024", "-volume.max=100", *arguments,
            ],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        settings = {
            "S3_BUCKET": "files", "S3_ENDPOINT": f"http://127.0.0.1:{ports['s3']}",
            "S3_ACCESS_KEY_FILE": str(folder / "access"),
            "S3_SECRET_KEY_FILE": str(folder / "secret"),
        }  # fmt: skip
        try:
            _open(process, settings["S3_ENDPOINT"])
            asyncio.run(_made(settings))
            yield settings
        finally:
            process.kill()
            process.wait(30)


def _open(process: subprocess.Popen[bytes], endpoint: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(endpoint, trust_env=False).status_code == httpx.codes.FORBIDDEN:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("SeaweedFS did not start.")
        time.sleep(0.1)


async def _made(settings: dict[str, str]) -> None:
    store = open_bucket(Settings.parse(settings))
    await store.ask("create_bucket")
    await store.ask("put_bucket_cors", CORSConfiguration={"CORSRules": [RULES]})
    await store.close()
