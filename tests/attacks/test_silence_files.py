"""A file with a canary in every place that a sender can fill, and addresses that hold rights, from
reserved to gone: none of it is written or printed anywhere."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.account_people import AccountHolder, Refused
from support.people.canaries import Canaries, Place, files
from support.people.talkers import Talk

from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.files.info import Info, seal_info
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.files.layout import Layout
from ephemeral.protocol.files.segments import seal_segment

SETTINGS = {
    "DATABASE_URL": "",
    "ENCRYPTION_KEY": "",
    "LOG_LEVEL": "debug",
    "METRICS_TOKEN": "a-token-of-the-operators",
}


async def test_nothing_of_a_file_and_no_right_to_it_is_written_in_the_clear(
    serve: Callable[..., Program],
) -> None:
    server = serve(**SETTINGS)
    canaries = Canaries()
    content = canaries.text("content").encode().ljust(4096, b"\0")
    info = Info(
        canaries.text("name"), "image/jpeg", 4096, 5, 7, None,
        b"\xff\xd8\xff" + canaries.text("thumbnail").encode(), "by-nobody",
    )  # fmt: skip
    key = FileKey(os.urandom(16), canaries.secret("key", 32))
    sealed = seal_segment(key, Layout(4096), 0, content, os.urandom)
    async with AccountHolder(server.url) as one:
        await one.found()
        [machine] = one.machines
        talk = await Talk.found(one)
        path, name = f"/files/{b64encode(key.id)}", b64encode(key.id)
        body = {
            "id": name, "padded": 4096, "info": b64encode(seal_info(key, info, os.urandom)),
            "conversation": talk.name, "ttl": 3600,
        }  # fmt: skip
        [put] = (await one.ask(machine, "POST", "/files/upload", body))["urls"]
        assert (await one.http.put(put["url"], content=sealed, headers=put["headers"])).is_success
        landed = {"segments": [0]}
        assert (await one.ask(machine, "POST", f"{path}/landed", landed))["complete"]
        wanted = {"purpose": "get", **landed}
        [get] = (await one.ask(machine, "POST", f"{path}/urls", wanted))["urls"]
        got = await one.http.get(get["url"])
        assert got.content == sealed
        for what, given in (("put", put), ("get", get)):
            token = given["url"].removeprefix("/objects/")
            canaries.watch(f"the right to {what}", token)
            canaries.watch(f"its signature, to {what}", token.rpartition(".")[2])
            # Wrong, or no more.
            await one.http.get(f"{given['url']}x")
        for wrong in ({"segments": [1]}, {"segments": ["x"]}):
            with pytest.raises(Refused):
                await one.ask(machine, "POST", f"{path}/landed", wrong)
        bearer = {"Authorization": f"Bearer {SETTINGS['METRICS_TOKEN']}"}
        told = (await one.http.get("/metrics", headers=bearer)).text
        assert "ephemeral_files_bytes" in told
        for secret in (key.id, talk.id, one.account):
            canaries.watch(secret.hex(), secret)
        assert canaries.found([Place("metrics", told.encode())]) == []
        assert canaries.found([Place("output", server.output().encode())]) == []
        await one.ask(machine, "DELETE", path)
    data = Path(server.environment["DATA_DIR"])
    await asyncio.to_thread(server.stop)
    # Ids stand in the database.
    ids = {one.hex() for one in (key.id, talk.id, one.account)}
    kept = canaries.found(files(data, server.folder))
    assert [each for each in kept if each.canary not in ids] == []
    assert {each.canary for each in kept} == ids
    assert canaries.found([Place("output", server.output().encode())]) == []
