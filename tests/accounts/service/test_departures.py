"""An account that is deleted: nothing in any table leads to it but the statements of its chain."""

import os

from support.machines.account_services import AccountDesk, Machine, Person

#: What stays for others for thirty days.
STAYS = {"accounts.chains", "accounts.chain_statements"}


async def test_nothing_in_any_table_leads_to_a_deleted_account(accounts: AccountDesk) -> None:
    person, other = await accounts.person(machines=2), await accounts.person(machines=2)
    first, second = person.machines
    sealed = os.urandom(500)
    await accounts.services.devices.rename(first.asker, second.id, os.urandom(109))
    await accounts.services.shares.rotate(first.asker, 0)
    await accounts.services.pins.put(first.asker, sealed, first.key.sign("pins", sealed))
    await accounts.services.histories.put(first.asker, second.id, 0, os.urandom(99))
    await person.deposit(Machine(session=await person.sign_in()))
    waiting = Machine(session=await person.sign_in())
    await person.post_genesis(waiting, person.begun(waiting))
    await accounts.pool.execute(
        "INSERT INTO accounts.identities VALUES ($1, $2, 0)", os.urandom(32), person.account
    )
    await befriend(accounts, person, other)
    await befriend(accounts, await accounts.person(), other)
    names = await accounts.pool.fetch(
        """
        SELECT account FROM accounts.accounts WHERE account = $1
        UNION SELECT address FROM accounts.accounts WHERE account = $1
        UNION SELECT convert_to(password, 'UTF8') FROM accounts.accounts WHERE account = $1
        UNION SELECT identity FROM accounts.identities WHERE account = $1
        UNION SELECT device FROM accounts.devices WHERE account = $1
        UNION SELECT key FROM accounts.devices WHERE account = $1
        UNION SELECT locator FROM accounts.links WHERE account = $1
        UNION SELECT secret FROM accounts.sessions WHERE account = $1
        UNION SELECT name FROM accounts.devices WHERE account = $1 AND name IS NOT NULL
        UNION SELECT payload FROM accounts.shares WHERE account = $1
        UNION SELECT payload FROM accounts.sealing_keys WHERE account = $1
        UNION SELECT payload FROM accounts.history_chunks WHERE account = $1
        UNION SELECT payload FROM accounts.pins WHERE account = $1
        UNION SELECT request FROM accounts.links WHERE account = $1
        UNION SELECT answer FROM accounts.links WHERE account = $1 AND answer IS NOT NULL
        UNION SELECT sealing FROM accounts.pending WHERE account = $1
        UNION SELECT chain FROM accounts.chains WHERE account = $1
        UNION SELECT request FROM accounts.contact_requests WHERE account = $1
        UNION SELECT own FROM accounts.contact_requests WHERE account = $1
        UNION SELECT payload FROM accounts.contact_invitations WHERE account = $1
        UNION SELECT redemption FROM accounts.contact_invitations WHERE redeemer = $1
        """,
        person.account,
    )
    needles = {row[0].hex() for row in names}
    assert len(needles) > 15
    before = await dumped(accounts)
    assert all(any(one in rows for rows in before.values()) for one in needles)
    kept = {table: rows for table, rows in before.items() if other.account.hex() in rows}

    await person.close(first, by=person.recovery)
    after = await dumped(accounts)
    found = {table for table, rows in after.items() for one in needles if one in rows}
    assert found == STAYS
    assert person.account.hex() not in after["accounts.chains"]
    assert {table for table in kept if other.account.hex() in after[table]} == set(kept)


async def befriend(accounts: AccountDesk, person: Person, other: Person) -> None:
    """They are contacts by an invitation of each, and each has asked; one waits for nobody."""
    sealed, services = os.urandom(900), accounts.contacts
    for one, another in ((person, other), (other, person)):
        mine, theirs, id_ = one.machines[0].asker, another.machines[0].asker, os.urandom(16)
        await services.requests.ask(mine, another.address, one.address)
        await services.invitations.make(mine, id_, sealed, None)
        await services.invitations.redeem(theirs, id_, sealed)
    await services.invitations.make(person.machines[0].asker, os.urandom(16), sealed, None)
    await services.requests.set_findable(person.machines[0].asker, wish=True)


async def dumped(accounts: AccountDesk) -> dict[str, str]:
    """All rows of every table as text, bytes in hex."""
    tables = await accounts.pool.fetch(
        """
        SELECT table_schema || '.' || table_name FROM information_schema.tables
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        """
    )
    dump = {}
    for (table,) in tables:
        rows = await accounts.pool.fetch(f"SELECT t::text FROM {table} t")
        # A text column is written as it is; what is searched for in it is in hex.
        texts = [row[0] + row[0].encode().hex() for row in rows]
        dump[table.removeprefix("public.")] = "\n".join(texts)
    return dump
