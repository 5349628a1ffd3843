"""The same attack on the real program, with epochs of a second; and what it says when one stays."""

import asyncio
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from remains import Remains
from support.machines.server import Program, program
from support.people.raw_client import Client, Message

from ephemeral.protocol.encoding import b64decode
from ephemeral.sealing.epochs import OVERDUE
from ephemeral.sealing.keyring_files import KeyringDirectory

LONG = 86_400
# What is printed once each time that a key is too old, and once when it is gone.
LATE = "is older than two epochs"
IN_TIME = "Every key that had to be destroyed has been."


@pytest.mark.parametrize("epoch_seconds", [1, LONG])
async def test_what_readers_have_destroyed_is_gone_from_a_stolen_disk_two_epochs_later(
    serve: Callable[..., Program], epoch_seconds: int
) -> None:
    """And while the epoch lasts it is not, or this test would prove nothing."""
    key = secrets.token_hex(32)
    server = await asyncio.to_thread(
        serve, DATABASE_URL="", ENCRYPTION_KEY=key, EPOCH_SECONDS=epoch_seconds
    )
    data = Path(server.environment["DATA_DIR"])
    keyring = KeyringDirectory(data / "keyring")
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        waiting, viewed = [], []
        for size in (512, 16_384):
            for group in (waiting, viewed):
                for _ in range(5):
                    message = Message(size)
                    assert (await author.post(message)).status_code == 201
                    group.append(message)
        for message in viewed:
            assert (await reader.open(message)).status_code == 200
            assert (await reader.acknowledge(message)).json()["state"] == "viewed"
        last = max(keyring.epochs())
        while epoch_seconds < LONG and min(keyring.epochs()) < last + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if epoch_seconds < LONG:
            assert (await client.api.get("/readyz")).status_code == 200
            for message in waiting:
                assert (await reader.open(message)).json()["envelope"] == message.envelope
    assert await asyncio.to_thread(server.stop) == 0
    remains = Remains()
    remains.add_database(data / "postgres")
    remains.add_keys(data / "keyring", bytes.fromhex(key))
    read = remains.plaintexts()
    assert read >= {b64decode(message.envelope) for message in waiting}
    gone = {b64decode(message.envelope) for message in viewed}
    assert read & gone == (set() if epoch_seconds < LONG else gone)


async def test_a_key_that_outlives_two_epochs_makes_the_server_unready_and_says_why(
    database_url: str, serve: Callable[..., Program]
) -> None:
    server = await asyncio.to_thread(serve, database=database_url, EPOCH_SECONDS=1)
    plain = await asyncpg.connect(database_url)
    async with Client(server.url, server.ws_url) as client, asyncio.timeout(60):
        room = await client.room()
        author = await room.member()
        await author.post(Message())

        async def until(status: int) -> str:
            while (answer := await client.api.get("/readyz")).status_code != status:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            return answer.text

        await until(200)
        async with plain.transaction():
            # A transaction that never ends stands in the way.
            await plain.execute("SELECT FROM payload_keys FOR UPDATE")
            said = ""
            while not said:
                # On a busy machine the key before this one may have been late too, and is gone.
                assert OVERDUE in await until(503)
                asked = program(
                    "check", "--health",
                    environment=server.environment, folder=server.folder, stderr=subprocess.PIPE,
                )  # fmt: skip
                _, said = await asyncio.to_thread(asked.communicate)
                assert asked.returncode == bool(said)
            assert said == f"The server is not ready. {OVERDUE}\n"
            # It serves all the same.
            assert (await author.post(Message())).status_code == 201
        await until(200)
        while not server.output().count(LATE) == server.output().count(IN_TIME) > 0:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await plain.close()
