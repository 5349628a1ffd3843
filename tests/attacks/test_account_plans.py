"""Many accounts: no statement about one reads more than what that one has, and none that runs by
itself, again and again, reads what isn't due.

By counting what the real, prepared statements read, which were planned while the tables were empty.
"""

import os
from pathlib import Path

from support.machines.account_services import AccountDesk, Machine, Person

from ephemeral.accounts.service.sweeper import forget_expired
from ephemeral.operators.service.operators import Operators
from ephemeral.sealing.vault import Vault
from ephemeral.store.postgres import open_pool, transaction

ACCOUNTS = 3_000
#: Rows that all requests of one life may read in one table, through all indexes.
FAIR = 600
TABLES = (
    "accounts", "sessions", "ended_sessions", "identities", "chains", "chain_statements", "devices",
    "sealing_keys", "shares", "pins", "links", "link_tries", "pending", "payloads", "payload_keys",
    "invitations", "used_nonces", "audit",
    "contacts", "contact_requests", "contact_settings", "contact_invitations",
)  # fmt: skip


async def fill(desk: AccountDesk) -> None:
    """Accounts with two devices each, which were used last week, and with everything that they may
    have. What operators did stands there by the minute.
    """
    name, device = "sha256(int4send(n))", "substr(sha256(int4send(n) || int4send(k)), 1, 16)"
    account = f"substr({name}, 1, 16)"
    other = f"substr(sha256(int4send(n % {ACCOUNTS} + 1)), 1, 16)"
    both = f"FROM generate_series(1, {ACCOUNTS}) n, generate_series(1, 2) k"
    one = f"FROM generate_series(1, {ACCOUNTS}) n"
    for statement in (
        f"INSERT INTO accounts.accounts SELECT {account}, {name}, NULL, 0 {one}",
        f"""INSERT INTO accounts.sessions
            SELECT {device}, {account}, {device}, {device}, 0, 0, 0,
            clock_ms() / 86400000 - 7 {both}""",
        f"""INSERT INTO accounts.ended_sessions
            SELECT substr({name}, 2, 16), clock_ms() {one}""",
        f"INSERT INTO accounts.identities SELECT {name}, {account}, 0 {one}",
        f"INSERT INTO accounts.chains SELECT {name}, {account}, 'open', 1, {name}, {name} {one}",
        f"""INSERT INTO accounts.chain_statements
            SELECT {name}, k, decode(repeat('00', 262), 'hex') {both}""",
        f"INSERT INTO accounts.devices SELECT {account}, {device}, {name}, k, {device}, 0 {both}",
        f"INSERT INTO accounts.sealing_keys SELECT {account}, {device}, 1, 0, {device} {both}",
        f"INSERT INTO accounts.shares SELECT {account}, {device}, 1, {device} {both}",
        f"INSERT INTO accounts.pins SELECT {account}, {name}, {device}, k, 0, {device} {both}",
        f"""INSERT INTO accounts.links SELECT sha256({device}), {account}, {device}, {device},
            {name}, NULL, NULL, clock_ms() + 86400000 {both}""",
        f"INSERT INTO accounts.link_tries SELECT {account}, 1, clock_ms() + 86400000 {one}",
        f"""INSERT INTO accounts.pending SELECT {account}, 'close', {account},
            decode(repeat('00', 262), 'hex'), NULL, NULL, NULL, NULL, 0, clock_ms() + 86400000
            {one}""",
        # Each has two contacts, asks somebody, and is asked.
        f"""INSERT INTO accounts.contacts
            SELECT {account}, {other}, 'accepted', {name}, NULL, 0 {one}""",
        f"""INSERT INTO accounts.contacts
            SELECT {other}, {account}, 'accepted', {name}, NULL, 0 {one}""",
        f"""INSERT INTO accounts.contact_requests
            SELECT {device}, {account}, {name}, {device}, clock_ms() {both}""",
        f"INSERT INTO accounts.contact_settings SELECT {account}, true, 0, 0 {one}",
        f"""INSERT INTO accounts.contact_invitations SELECT sha256({device}), {account}, {device},
            NULL, clock_ms() + 86400000, {other}, {device}, clock_ms() {both}""",
        f"INSERT INTO accounts.invitations SELECT {name}, clock_ms() + 86400000 {one}",
        f"INSERT INTO accounts.used_nonces SELECT {name}, clock_ms() + 86400000 {one}",
        f"""INSERT INTO operators.audit (operator, act, minute)
            SELECT 'ada', 'signed_in', clock_ms() / 60000 - n {one}""",
        f"INSERT INTO payloads SELECT {device}, '\\x00' {both}",
        f"INSERT INTO payload_keys SELECT {device}, 1, '\\x00' {both}",
    ):
        await desk.pool.execute(statement)


async def read_so_far(desk: AccountDesk) -> dict[str, int]:
    """Rows that this worker's one connection has read, by table."""
    await desk.pool.execute("SELECT pg_stat_force_next_flush()")
    rows = await desk.pool.fetch(
        """
        SELECT t.relname, t.seq_tup_read + sum(coalesce(i.idx_tup_read, 0))::bigint
        FROM pg_stat_user_tables t LEFT JOIN pg_stat_user_indexes i USING (relid)
        WHERE t.relname = ANY($1) AND t.schemaname IN ('public', 'accounts', 'operators')
        GROUP BY t.relid, t.relname, t.seq_tup_read
        """,
        TABLES,
    )
    return {row[0]: row[1] for row in rows}


async def live(desk: AccountDesk) -> Person:
    """Everything that is asked of devices, once."""
    services = desk.services
    person = await desk.person(machines=2)
    first, second = person.machines
    await services.devices.rename(first.asker, second.id, os.urandom(109))
    await services.devices.listed(person.account)
    await services.devices.statements(person.account, person.chain.id, 0)
    await services.shares.rotate(first.asker, 0)
    await services.shares.rotate(first.asker, 1)
    await services.shares.confirm(first.asker, 2)
    sealed = os.urandom(99)
    await services.pins.put(first.asker, sealed, first.key.sign("pins", sealed))
    await services.pins.get(first.asker)
    key = first.sealing(person.chain.id, await desk.today())
    await services.sealing_keys.put(first.asker, key)
    waiting = Machine(session=await person.sign_in())
    await services.links.look(first.asker, await person.deposit(waiting))
    thief = Machine(session=await person.sign_in())
    await person.post_genesis(thief, person.begun(thief))
    await services.devices.refuse_waiting(first.asker)
    await befriend(desk, person)
    await person.revoke(first, second)
    await person.close(first)
    new = await person.recover()
    await person.close(new, by=person.recovery)
    return person


async def befriend(desk: AccountDesk, person: Person) -> None:
    """Everything that is asked of contacts, once."""
    services, friend = desk.contacts, await desk.person()
    one, other = person.machines[0].asker, friend.machines[0].asker
    await services.requests.set_findable(one, wish=True)
    await services.requests.ask(other, person.address, friend.address)
    await services.contacts.accept(one, friend.account)
    for account in (person.account, friend.account):
        await services.listed.of(account)
    await services.contacts.devices(person.account, friend.account)
    await services.contacts.drop(one, friend.account)
    await services.requests.ask(other, person.address, friend.address)
    await services.contacts.deny(one, friend.account, tell=True)
    used, unused = os.urandom(16), os.urandom(16)
    for id_ in (used, unused):
        await services.invitations.make(one, id_, b"sealed", None)
    await services.invitations.redeem(other, used, b"answer")
    await services.invitations.withdraw(one, unused)
    await services.contacts.block(one, friend.account)
    await friend.close(friend.machines[0], by=friend.recovery)


async def sweep(desk: AccountDesk) -> None:
    """Everything that is done each minute."""
    await desk.sweep()
    await desk.sessions.sweep()
    await transaction(desk.pool, forget_expired)
    await Operators(desk.pool, Vault(desk.desk.keyring, os.urandom), os.urandom).sweep()


async def test_no_statement_reads_more_than_its_account(database_url: str, tmp_path: Path) -> None:
    async with await open_pool(database_url, size=1, wait_seconds=0) as pool:
        desk = await AccountDesk.open(pool, tmp_path / "keyring")
        # Statements are prepared now, as on the first day.
        await live(desk)
        await sweep(desk)
        await fill(desk)
        before = await read_so_far(desk)
        await live(desk)
        await sweep(desk)
        after = await read_so_far(desk)
        read = {table: after[table] - before[table] for table in TABLES}
        assert {table: rows for table, rows in read.items() if rows > FAIR} == {}
        assert read["devices"] > 0
        desk.passwords.close()
        await desk.desk.ledger.close()
