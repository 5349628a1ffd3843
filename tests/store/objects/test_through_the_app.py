"""The program with a bucket: what goes through it arrives there; without it rooms are served."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server
from support.machines.server import PYTHONPATH, Program
from support.people.raw_client import Client

from ephemeral.settings import Settings
from ephemeral.store.objects.opening import open_bucket


@pytest.fixture
def named(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)
    return {
        "S3_BUCKET": f"bucket-{os.urandom(8).hex()}",
        "S3_ACCESS_KEY_FILE": str(tmp_path / "access"),
        "S3_SECRET_KEY_FILE": str(tmp_path / "secret"),
        "FILES_THROUGH_APP": "true",
    }


async def test_the_largest_part_of_a_file_goes_through_the_server_into_the_bucket(
    serve: Callable[..., Program], seaweedfs_server: S3Server, named: dict[str, str]
) -> None:
    named["S3_ENDPOINT"] = seaweedfs_server.endpoint
    bucket = open_bucket(Settings.parse(named))
    await bucket.ask("create_bucket")
    server = serve(**named)
    said = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "ephemeral", "check", "--public", server.url],
        env={"PYTHONPATH": PYTHONPATH, **os.environ, **server.environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    left = [one["Key"] for one in (await bucket.ask("list_objects_v2"))["Contents"]]
    assert left == ["store/id"]
    await bucket.close()


async def test_rooms_are_served_while_the_bucket_is_away(
    serve: Callable[..., Program], named: dict[str, str]
) -> None:
    server = serve(**named, S3_ENDPOINT="http://127.0.0.1:1")
    async with Client(server.url, server.ws_url) as client:
        await (await client.room()).member()
    assert "The object store at 127.0.0.1:1 can't be reached" in server.output()
    assert named["S3_BUCKET"] not in server.output()
