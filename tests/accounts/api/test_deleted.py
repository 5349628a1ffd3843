"""An account that is deleted leaves no row: every table of every schema is searched."""

import os
from typing import TYPE_CHECKING

import pytest
from support.machines.account_house import House
from support.people.account_client import AccountClient, text

from ephemeral.accounts.rules.names import address_hash
from ephemeral.protocol.accounts.chain import close
from ephemeral.protocol.accounts.statements import device_id
from ephemeral.protocol.encoding import b64decode, b64encode

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


async def everything(pool: "Pool") -> dict[str, list[str]]:
    """All rows of all tables as text, bytes in hexadecimal."""
    tables = await pool.fetch(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return {
        f"{schema}.{table}": [
            row[0] for row in await pool.fetch(f'SELECT t::text FROM "{schema}"."{table}" t')
        ]
        for schema, table in tables
    }


def where(found: dict[str, list[str]], secret: bytes | str) -> set[str]:
    """The tables in which something stands, as bytes or as text."""
    forms = [secret.hex(), b64encode(secret)] if isinstance(secret, bytes) else [secret]
    return {table for table, rows in found.items() for row in rows for form in forms if form in row}


async def sweep(house: House) -> None:
    """What is done every minute, once the last access token is past its time."""
    await house.clock.advance(20 * 60_000)
    await house.sessions.sweep()


async def befriended(one: AccountClient, other: AccountClient) -> tuple[bytes, bytes]:
    """One asks, and they invite each other; what the first of the invitations was."""
    invitation, said = os.urandom(16), os.urandom(700)
    named = {"address": other.address, "own": one.address}
    assert (await one.call("POST", "/contacts/requests", json=named)).status_code == 202
    found = await one.call("PUT", "/contacts/findable", json={"findable": True})
    assert found.status_code == 204
    for maker, guest, id_ in ((one, other, invitation), (other, one, os.urandom(16))):
        made = {"id": b64encode(id_), "sealed": b64encode(said)}
        answers = [
            await maker.call("POST", "/contacts/invitations", json=made),
            await guest.call(
                "POST", f"/contacts/invitations/{b64encode(id_)}/redeem", json={"sealed": text(700)}
            ),
        ]
        assert [answer.status_code for answer in answers] == [201, 200]
    return invitation, said


async def lived(house: House) -> AccountClient:
    """Somebody with two devices, who has used whatever there is."""
    one = await house.somebody().linked()
    two = await one.another()
    name = {"name": text(109)}
    for program in (one, two):
        named = await program.call("PATCH", f"/devices/{program.device}", json=name)
        assert named.status_code == 204, named.text
        shared = await program.call("POST", "/devices/me/share", json={"rotate": 0})
        assert shared.status_code == 200, shared.text
    guest = house.somebody()
    guest.address, guest.auth_key = one.address, one.auth_key
    await guest.log_in(cookie=True)
    deposit = {"locator": text(32), "request": text(200)}
    waits = await house.api.post("/devices/links", headers=guest.bearer, json=deposit)
    assert waits.status_code == 201
    await house.pool.execute(
        "INSERT INTO accounts.identities (identity, account, linked_day) VALUES ($1, $2, 1)",
        os.urandom(32),
        b64decode(one.tokens["account"]),
    )
    return one


@pytest.mark.parametrize("by", ["recovery", "device"])
async def test_no_row_of_an_account_outlives_it(house: House, by: str):
    neighbour = await house.somebody().linked()
    empty = {table: len(rows) for table, rows in (await everything(house.pool)).items()}
    one = await lived(house)
    invitation, said = await befriended(one, neighbour)
    secrets = {
        "invitation": invitation,
        "what it says": said,
        "account": b64decode(one.tokens["account"]),
        "session": b64decode(one.tokens["sid"]),
        "device": device_id(one.key.public),
        "address": address_hash(house.ground.keyring.index_key, one.address),
        "address as it is": one.address,
        "auth key": b64decode(one.auth_key),
        "refresh token": one.tokens["refresh_token"],
    }
    before = await everything(house.pool)
    shown = {name for name, secret in secrets.items() if where(before, secret)}
    assert shown == {"account", "session", "device", "address"}, "what names it and opens nothing"
    signed = close(one.chain, one.recovery if by == "recovery" else one.key)
    body = {"auth_key": one.auth_key, "statement": b64encode(signed.encode())}
    said = await one.call("DELETE", "/auth/me", json=body)
    assert said.status_code == 200, said.text
    if by == "device":
        assert said.json()["deleted"] is False
        assert where(await everything(house.pool), secrets["account"]), "it waits for three days"
        await house.due.sweep(0.0)
        one.ahead = 72 * 3_600_000
        await house.clock.advance(one.ahead)
        await house.due.sweep(one.ahead / 1000)
    await sweep(house)
    after = await everything(house.pool)
    found = {name: where(after, secret) for name, secret in secrets.items()}
    # Others may have seen what the device has signed: it stays for 30 days, bound to nobody.
    kept = {"accounts.chain_statements"}
    assert found.pop("device") <= kept
    assert not any(found.values()), found
    assert where(after, b64decode(neighbour.tokens["account"])), "a neighbour's are there"
    rest = {table: len(rows) for table, rows in after.items() if len(rows) != empty.get(table)}
    assert rest.keys() <= {*kept, "accounts.chains", "public.epochs"}, rest


async def test_the_search_finds_what_is_there(house: House):
    one = house.somebody()
    await one.register()
    found = await everything(house.pool)
    assert where(found, b64decode(one.tokens["account"])) == {
        "accounts.accounts", "accounts.sessions",
    }  # fmt: skip
