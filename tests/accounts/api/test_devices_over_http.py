"""A life of devices over HTTP: begun, linked, named, revoked, recovered, closed."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from support.machines.server import Program
from support.people.account_people import AccountHolder, Machine, Refused

from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64decode, b64encode


def refused(code: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, check=lambda error: error.code == code)


@pytest.fixture
async def holder(shared_server: Program) -> AsyncIterator[AccountHolder]:
    """Somebody without an account yet."""
    async with AccountHolder(shared_server.url) as opened:
        yield opened


async def test_a_whole_life(holder: AccountHolder) -> None:
    first = await holder.found()
    listed = await holder.ask(first, "GET", "/devices")
    assert [one["id"] for one in listed["devices"]] == [b64encode(first.id)]
    assert b64decode(listed["chain"]) == holder.chain.id
    assert "pending" not in listed

    second = await holder.link(first)
    name = b64encode(os.urandom(109))
    await holder.ask(first, "PATCH", f"/devices/{b64encode(second.id)}", {"name": name})
    listed = await holder.ask(second, "GET", "/devices")
    assert [one.get("name") for one in listed["devices"]] == [None, name]
    assert [Signed.decode(b64decode(one)) for one in listed["statements"]]
    chain = f"/chains/{b64encode(holder.chain.id)}"
    whole = await holder.ask(first, "GET", chain)
    assert whole["statements"] == listed["statements"]
    after = await holder.ask(first, "GET", f"{chain}?after=0")
    assert after["statements"] == listed["statements"][1:]

    [share] = (await holder.ask(second, "POST", "/devices/me/share", {"rotate": 0}))["shares"]
    assert (await holder.ask(second, "GET", "/devices/me/share"))["shares"] == [share]
    await holder.ask(
        second, "PUT", "/devices/me/sealing-key", holder.sealing(second, holder.chain.id)
    )
    sealed = os.urandom(65_536)
    signature = b64encode(second.key.sign("pins", sealed))
    pins = {"pins": b64encode(sealed), "signature": signature}
    await holder.ask(second, "PUT", "/devices/me/pins", pins)
    assert (await holder.ask(second, "GET", "/devices/me/pins"))["pins"] == pins["pins"]

    history, chunk = f"/devices/{b64encode(second.id)}/history", b64encode(os.urandom(65_536))
    await holder.ask(first, "PUT", f"{history}/1023", {"chunk": chunk})
    assert (await holder.ask(second, "GET", f"{history}/1023"))["chunk"] == chunk
    await holder.ask(second, "DELETE", f"{history}/1023")
    for place, said in (("1024", chunk), ("0", b64encode(bytes(65_537))), ("-1", chunk)):
        with refused("malformed"):
            await holder.ask(first, "PUT", f"{history}/{place}", {"chunk": said})

    await holder.revoke(first, second)
    for method, path in (("GET", "/devices/me/share"), ("GET", "/devices"), ("GET", "/auth/me")):
        with refused("device_revoked"):
            await holder.ask(second, method, path)
    with refused("session_ended"):
        await holder.refresh(second)

    third = await holder.recover()
    assert third.signed_in.device == b64encode(third.id)
    with refused("device_revoked"):
        await holder.ask(first, "GET", "/devices")
    body = {
        "auth_key": b64encode(holder.auth_key),
        "statement": b64encode(holder.closed(third.key).encode()),
    }
    said = await holder.ask(third, "DELETE", "/auth/me", body)
    assert said["deleted"] is False
    listed = await holder.ask(third, "GET", "/devices")
    assert listed["pending"]["kind"] == "close"
    assert listed["pending"]["due"] == said["due"]
    assert (await holder.ask(third, "GET", "/auth/me"))["pending"] == listed["pending"]
    await holder.ask(third, "DELETE", "/devices/pending")
    assert "pending" not in await holder.ask(third, "GET", "/devices")
    body["statement"] = b64encode(holder.closed(holder.recovery).encode())
    assert (await holder.ask(third, "DELETE", "/auth/me", body))["deleted"] is True
    with refused("login_wrong"):
        await holder.sign_in()


async def test_the_new_device_hears_of_its_answer_at_once(holder: AccountHolder) -> None:
    """It waits with its request as long as it may, and is not asked again."""
    first = await holder.found()
    second = await holder.sign_in()
    locator = await holder.deposit(second)
    looked = await holder.ask(first, "GET", "/devices/links", Ephemeral_Link=locator)
    assert "request" in looked
    wait = asyncio.create_task(
        holder.ask(second, "GET", "/devices/links", Ephemeral_Link=locator, Prefer="wait=25")
    )
    signed = holder.added(first, second)
    body = holder.add_body(second, signed, locator)
    await holder.ask(first, "POST", "/devices", body)
    assert (await wait)["answer"] == body["answer"]


@pytest.mark.parametrize("wrong", ["proof", "no proof", "password", "no device"])
async def test_a_device_is_added_by_who_proves_it_and_knows_the_password(
    holder: AccountHolder, wrong: str
) -> None:
    first = await holder.found()
    second = await holder.sign_in()
    locator = await holder.deposit(second)
    body = holder.add_body(second, holder.added(first, second), locator)
    asking, code = first, "proof_wrong"
    headers: dict[str, str] = {"Authorization": f"Bearer {first.signed_in.access}"}
    if wrong == "proof":
        asking = Machine(tokens=first.tokens)
    elif wrong == "password":
        body["auth_key"] = b64encode(os.urandom(32))
        code = "password_wrong"
    elif wrong == "no device":
        # The session that waits is the account's, and no device's.
        asking, code = second, "device_required"
    if wrong == "no proof":
        answer = await holder.http.post("/devices", json=body, headers=headers)
        assert answer.json()["error"]["code"] == code
    else:
        with refused(code):
            await holder.ask(asking, "POST", "/devices", body)
    assert len((await holder.ask(first, "GET", "/devices"))["devices"]) == 1


async def test_a_recovery_begins_with_the_words_alone(holder: AccountHolder) -> None:
    """Whoever has not the words learns nothing, not even whether there is such an account."""
    await holder.found()
    right = holder.begin_body()
    refusals = []
    for change in ({"address": "nobody_here.12345"}, {"recovery_key": b64encode(os.urandom(32))}):
        with pytest.raises(Refused) as failed:
            await holder.ask(None, "POST", "/auth/recover/begin", right | change)
        refusals.append((failed.value.status, failed.value.code))
    # The proof is over address and key, so that both of these are wrong whatever the account.
    assert refusals == [(401, "proof_wrong")] * 2
    holder.recovery = SigningKey.generate(os.urandom)
    with refused("not_found"):
        await holder.ask(None, "POST", "/auth/recover/begin", holder.begin_body())
    holder.address = "nobody_here.12345"
    with refused("not_found"):
        await holder.ask(None, "POST", "/auth/recover/begin", holder.begin_body())


async def test_everything_held_is_shown_to_a_device(holder: AccountHolder) -> None:
    first = await holder.found()
    record = await holder.ask(first, "GET", "/account/record")
    tables = {table["name"]: table for table in record["tables"]}
    assert len(tables["accounts.devices"]["rows"]) == 1
    assert len(tables["accounts.chain_statements"]["rows"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/devices", {"statement": "AQ", "sealing": None}),
        ("/devices", {"statement": "A" * 90_000}),
        ("/devices/links", {"locator": "x", "request": "AA"}),
        ("/devices/links", {"locator": "A" * 43, "request": "A" * 6000}),
        ("/devices/me/share", {"rotate": 1, "confirm": 1}),
        ("/devices/me/share", {}),
        ("/devices/me/share", {"rotate": -1}),
    ],
)
async def test_what_is_malformed_is_refused(holder: AccountHolder, path: str, body: object) -> None:
    first = await holder.found()
    with refused("malformed"):
        await holder.ask(first, "POST", path, body)
