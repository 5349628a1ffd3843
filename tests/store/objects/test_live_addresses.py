"""In a bucket: what is stored by an address that outlives its file, also what had begun before."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

from ephemeral import faults
from ephemeral.settings import Settings
from ephemeral.store.objects.deployed import Objects, open_objects
from ephemeral.store.objects.interface import Signed
from ephemeral.store.objects.opening import open_bucket
from ephemeral.store.objects.purge_rows import insert_purge
from ephemeral.store.objects.purger import Purger
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BODY = os.urandom(100_000)
PREFIX = os.urandom(16)


async def begun(signed: Signed) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Somebody stores, and stops in the middle."""
    parts = urlsplit(signed.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [
        f"PUT {parts.path}?{parts.query} HTTP/1.1", f"host: {parts.netloc}", "connection: close",
        f"content-length: {len(BODY)}", *(f"{k}: {v}" for k, v in signed.headers.items()),
    ]  # fmt: skip
    writer.write("\r\n".join([*lines, "", ""]).encode() + BODY[:50_000])
    await writer.drain()
    return reader, writer


async def listed(objects: Objects) -> list[str]:
    return [one.key async for one in objects.store.held(objects.own)]


async def test_whatever_an_address_still_stores_after_the_end_goes_too_and_nobody_elses(
    seaweedfs_server: S3Server, pool: "Pool", tmp_path: Path
) -> None:
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)
    settings = Settings.parse({
        "S3_BUCKET": f"bucket-{os.urandom(8).hex()}", "S3_ENDPOINT": seaweedfs_server.endpoint,
        "S3_ACCESS_KEY_FILE": str(tmp_path / "access"),
        "S3_SECRET_KEY_FILE": str(tmp_path / "secret"),
    })  # fmt: skip
    bucket = open_bucket(settings)
    await bucket.ask("create_bucket")

    async def at(now: int) -> None:
        await pool.execute(
            "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql "
            f"RETURN {now}::bigint"
        )
        await purger.purge()

    # Two deployments, of which the other one has the same prefix by chance.
    async with (
        open_objects(settings, pool, bytes(16), bytes(32), os.urandom) as objects,
        open_objects(settings, pool, bytes(15) + b"x", bytes(32), os.urandom) as other,
        httpx.AsyncClient() as http,
    ):
        purger = Purger(pool, objects, 1, faults.record)
        await at(0)
        foreign = other.key("f", PREFIX, 0)
        await other.store.put(foreign, b"x")
        puts = [
            await objects.sign_put(objects.key("f", PREFIX, number), len(BODY))
            for number in range(3)
        ]
        # One is there, one is coming, one is kept for later.
        first = await http.put(puts[0].url, content=BODY, headers=dict(puts[0].headers))
        assert first.status_code == 200
        reader, writer = await begun(puts[1])
        await insert_purge(pool, "f", PREFIX, 15 * MINUTE)
        await at(1)
        assert await listed(objects) == []
        late = await http.put(puts[2].url, content=BODY, headers=dict(puts[2].headers))
        assert late.status_code == 200
        writer.write(BODY[50_000:])
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()
        assert len(await listed(objects)) == 2
        await at(16 * MINUTE)
        assert await listed(objects) == []
        for now in (15 * MINUTE + HOUR, 15 * MINUTE + DAY):
            await at(now)
        assert await pool.fetchval("SELECT count(*) FROM purges") == 0
        assert await listed(other) == [foreign]
        await other.store.delete([foreign])
        # Of all that was there the place's own mark is left.
        left = await bucket.ask("list_objects_v2")
        assert [one["Key"] for one in left["Contents"]] == ["store/id"]
    # And a bucket that began to keep what is deleted is used by no host any more.
    await bucket.ask("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(StartError, match="keeps versions"):
        async with open_objects(settings, pool, bytes(16), bytes(32), os.urandom):
            pass
    await bucket.close()
