"""The burglar of test_account_remains, at the real program: an account that its owner deleted."""

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from remains import Remains
from support.machines.server import Program
from support.people.account_people import AccountHolder

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.sealing.keyring_files import KeyringDirectory

LONG = 86_400


async def full(holder: AccountHolder) -> set[bytes]:
    """An account with everything that there is; what the server keeps sealed of it."""
    first = await holder.found()
    second = await holder.link(first)
    name, pins, request = os.urandom(109), os.urandom(3000), os.urandom(2076)
    await holder.ask(first, "PATCH", f"/devices/{b64encode(second.id)}", {"name": b64encode(name)})
    answer = await holder.ask(second, "POST", "/devices/me/share", {"rotate": 0})
    signature = second.key.sign("pins", pins)
    body = {"pins": b64encode(pins), "signature": b64encode(signature)}
    await holder.ask(second, "PUT", "/devices/me/pins", body)
    waiting = await holder.sign_in()
    deposit = {"locator": b64encode(os.urandom(32)), "request": b64encode(request)}
    await holder.ask(waiting, "POST", "/devices/links", deposit)
    listed = (await holder.ask(first, "GET", "/devices"))["devices"]
    sealing = [one["sealing"] for one in listed]
    keys = [b64decode(one["key"]) + b64decode(one["signature"]) for one in sealing]
    share = b64decode(answer["shares"][0]["share"])
    return {name, share, signature + pins, request, *keys}


def written_down(data: Path, needles: list[bytes]) -> list[str]:
    """The files in which one of these stands."""
    files = [path for path in data.rglob("*") if path.is_file()]
    return [one.name for one in files if any(needle in one.read_bytes() for needle in needles)]


@pytest.mark.parametrize("epoch_seconds", [1, LONG])
async def test_what_was_sealed_of_a_deleted_account_is_gone_from_a_stolen_disk_two_epochs_later(
    serve: Callable[..., Program], epoch_seconds: int
) -> None:
    """And while the epoch lasts it is not, or this test would prove nothing."""
    key = secrets.token_hex(32)
    server = await asyncio.to_thread(
        serve, DATABASE_URL="", ENCRYPTION_KEY=key, EPOCH_SECONDS=epoch_seconds
    )
    data = Path(server.environment["DATA_DIR"])
    keyring = KeyringDirectory(data / "keyring")
    async with AccountHolder(server.url) as living, AccountHolder(server.url) as deleted:
        kept, gone = await full(living), await full(deleted)
        body = {
            "auth_key": b64encode(deleted.auth_key),
            "statement": b64encode(deleted.closed(deleted.recovery).encode()),
        }
        answer = await deleted.ask(deleted.machines[0], "DELETE", "/auth/me", body)
        assert answer["deleted"]
        last = max(keyring.epochs())
        while epoch_seconds < LONG and min(keyring.epochs()) < last + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await living.sign_in(living.machines[0])
    assert await asyncio.to_thread(server.stop) == 0
    remains = Remains()
    remains.add_database(data / "postgres")
    remains.add_keys(data / "keyring", bytes.fromhex(key))
    read = remains.plaintexts()
    assert kept <= read
    assert read & gone == (set() if epoch_seconds < LONG else gone)
    # What was never kept at all is in no file, also of the one that lives.
    silent = [living.auth_key, deleted.auth_key, living.address.encode(), deleted.address.encode()]
    assert written_down(data, silent) == []
    # The search is not blind: what a row holds in the clear stands there (docs/threat-model.md).
    assert written_down(data, [deleted.account]) != []
