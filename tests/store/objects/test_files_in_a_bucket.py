"""Files whose bytes travel between browsers and a bucket: the server signs, looks and deletes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from support.machines.file_desk import MIB, file_desk, new_file
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

from ephemeral.files.rules.file import State
from ephemeral.files.service.addresses import Address
from ephemeral.protocol.files.layout import Layout
from ephemeral.settings import Settings
from ephemeral.store.objects.opening import open_bucket

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

PADDED = 2 * MIB


async def test_a_file_goes_into_a_bucket_and_out_of_it_by_addresses_alone(
    seaweedfs_server: S3Server, pool: "Pool", tmp_path: Path
) -> None:
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)
    settings = {
        "S3_BUCKET": f"bucket-{os.urandom(8).hex()}", "S3_ENDPOINT": seaweedfs_server.endpoint,
        "S3_ACCESS_KEY_FILE": str(tmp_path / "access"),
        "S3_SECRET_KEY_FILE": str(tmp_path / "secret"),
    }  # fmt: skip
    bucket = open_bucket(Settings.parse(settings))
    await bucket.ask("create_bucket")
    sealed = [os.urandom(Layout(PADDED).segment(one).sealed_length) for one in range(2)]
    async with file_desk(pool, tmp_path, **settings) as files, httpx.AsyncClient() as http:
        assert not files.objects.through_app
        one, two = await files.talks.friends(1, 1)
        new = new_file(await files.talks.talk(one, two), padded=PADDED)

        async def put(address: Address, body: bytes) -> int:
            signed = address.signed
            answer = await http.put(signed.url, content=body, headers=dict(signed.headers))
            return answer.status_code

        made = await files.make(one, new)
        assert await put(made.addresses[0], sealed[0][:-1]) == 403
        assert await put(made.addresses[0], sealed[0]) == 200
        assert await put(made.addresses[0], os.urandom(len(sealed[0]))) == 412
        assert (await files.landed(one, new.id, [0, 1])).file.landed == b"\1"
        [again] = await files.to_put(one, new.id, 0, 1)
        assert await put(again, sealed[1]) == 200
        await files.clock.advance(2_000)
        assert (await files.landed(one, new.id, [1])).file.state == State.COMPLETE
        found = [await http.get(each.signed.url) for each in await files.to_get(two, new.id, 0, 1)]
        assert [each.content for each in found] == sealed
        await files.delete(one, new.id)
        await files.purger.purge()
        assert await files.held() == []
        # What an address still does after the end is undone as well.
        assert await put(made.addresses[1], sealed[1]) == 200
        for passed in (900_000 + 30_000 + 61_000, 3_600_000, 86_400_000):
            await files.passes(passed)
        assert await files.held() == []
        assert await files.reserved() == 0
        assert await pool.fetchval("SELECT count(*) FROM purges") == 0
    await bucket.close()
