"""A server that was restored from yesterday's backup, and people with accounts.

What lay sealed is gone, and with it every session and every share. Accounts, passwords and chains
are those of yesterday: devices sign in anew, give back the statements that are missing, and go on.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.machines.server import Program, program
from support.people.account_people import AccountHolder, Refused

from ephemeral.protocol.encoding import b64decode, b64encode


def refused(code: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, check=lambda error: error.code == code)


def accept(server: Program) -> None:
    ended = program("restore-accept", environment=server.environment, folder=server.folder).wait(
        timeout=60
    )
    assert ended == 0


async def test_devices_go_on_after_a_restore(serve: Callable[..., Program]) -> None:
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    database, copy = Path(server.environment["DATA_DIR"]) / "postgres", server.folder / "copy"
    async with AccountHolder(server.url) as holder:
        first = await holder.found()
        removed = await holder.link(first)
        await holder.ask(first, "POST", "/devices/me/share", {"rotate": 0})
        server.stop()
        shutil.copytree(database, copy)
        server.start()
        # What the backup will not know: another share, a device more, and one less.
        await holder.ask(first, "POST", "/devices/me/share", {"rotate": 1})
        later = await holder.link(first)
        await holder.revoke(first, removed)
        server.stop()
        shutil.rmtree(database)
        copy.rename(database)
        accept(server)
        server.start()
        await holder.clock()

        with refused("session_ended"):
            await holder.refresh(first)
        await holder.sign_in(first)
        assert first.signed_in.device == b64encode(first.id)
        # The share that its storage needs is gone, and the next is the one after its own.
        assert (await holder.ask(first, "GET", "/devices/me/share"))["shares"] == []
        [share] = (await holder.ask(first, "POST", "/devices/me/share", {"rotate": 2}))["shares"]
        assert share["n"] == 3

        # The device that the server has forgotten comes back by the statements that it was told.
        with refused("device_revoked"):
            await holder.sign_in(later)
        listed = await holder.ask(first, "GET", "/devices")
        assert len(listed["statements"]) == 2
        missing = holder.history[len(listed["statements"]) :]
        path = f"/chains/{b64encode(holder.chain.id)}"
        body = {"statements": [b64encode(one.encode()) for one in missing]}
        posted = await holder.ask(first, "POST", path, body)
        assert b64decode(posted["head"]) == holder.chain.head
        await holder.sign_in(later)
        with refused("device_revoked"):
            await holder.sign_in(removed)
        body = holder.sealing(later, b64decode(listed["chain"]))
        await holder.ask(later, "PUT", "/devices/me/sealing-key", body)
        devices = (await holder.ask(later, "GET", "/devices"))["devices"]
        assert [one["id"] for one in devices] == [b64encode(first.id), b64encode(later.id)]
        assert ["sealing" in one for one in devices] == [False, True]


async def test_the_words_recover_on_a_restored_server(serve: Callable[..., Program]) -> None:
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    database, copy = Path(server.environment["DATA_DIR"]) / "postgres", server.folder / "copy"
    async with AccountHolder(server.url) as holder:
        await holder.found()
        server.stop()
        shutil.copytree(database, copy)
        server.start()
        await holder.link(holder.machines[0])
        server.stop()
        shutil.rmtree(database)
        copy.rename(database)
        accept(server)
        server.start()
        await holder.clock()
        new = await holder.recover()
        listed = await holder.ask(new, "GET", "/devices")
        assert [one["id"] for one in listed["devices"]] == [b64encode(new.id)]
