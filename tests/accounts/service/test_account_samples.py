"""What PostgreSQL samples of accounts and operators for its planner, and keeps when rows are gone:
nothing but what rows are looked up by."""

import os

from support.machines.account_services import AccountDesk, Machine

from ephemeral.accounts.service.pushes import Subscription
from ephemeral.operators.service.operators import Operators
from ephemeral.protocol.accounts.push_messages import point, private_key
from ephemeral.sealing.vault import Vault

#: Columns of bytes and texts that queries look rows up by. No others may be sampled.
LOOKED_UP = {
    ("accounts", "account"), ("accounts", "address"), ("sessions", "sid"), ("sessions", "account"),
    ("sessions", "device"), ("ended_sessions", "sid"), ("identities", "identity"),
    ("identities", "account"), ("invitations", "invitation"), ("signing_keys", "kid"),
    ("used_nonces", "nonce"), ("chains", "chain"), ("chains", "account"), ("chains", "state"),
    ("chain_statements", "chain"), ("devices", "account"), ("devices", "device"),
    ("sealing_keys", "account"), ("sealing_keys", "device"), ("shares", "account"),
    ("shares", "device"), ("pins", "account"), ("pins", "chain"), ("pins", "device"),
    ("links", "locator"), ("links", "account"), ("link_tries", "account"), ("pending", "account"),
    ("pending", "kind"), ("history_chunks", "account"), ("history_chunks", "device"),
    ("push_subscriptions", "account"), ("push_subscriptions", "device"),
    ("push_subscriptions", "sid"), ("push_subscriptions", "told_in"),
}  # fmt: skip


async def test_nothing_is_sampled_but_what_rows_are_looked_up_by(accounts: AccountDesk) -> None:
    for _ in range(3):
        person = await accounts.person(machines=2)
        first, second = person.machines
        await accounts.services.devices.rename(first.asker, second.id, os.urandom(109))
        await accounts.services.shares.rotate(first.asker, 0)
        where = Subscription(
            "https://push.example/x", point(private_key(os.urandom(48))), bytes(16)
        )
        await accounts.pushing.pushes.put(first.asker, where)
        sealed = os.urandom(99)
        await accounts.services.histories.put(first.asker, second.id, 0, sealed)
        await accounts.services.pins.put(first.asker, sealed, first.key.sign("pins", sealed))
        await person.deposit(Machine(session=await person.sign_in()))
        waiting = Machine(session=await person.sign_in())
        await person.post_genesis(waiting, person.begun(waiting))
    found = await sampled(accounts, "accounts")
    assert found - LOOKED_UP == set()
    assert ("devices", "account") in found


async def test_of_operators_names_and_hashes_are_sampled_and_no_secret(
    accounts: AccountDesk,
) -> None:
    operators = Operators(accounts.pool, Vault(accounts.desk.keyring, os.urandom), os.urandom)
    names = ("ada", "bob", "eve")
    for name in names:
        await operators.add(name)
    found = await sampled(accounts, "operators")
    assert found == {("operators", "name"), ("operators", "ticket"), ("audit", "act")}
    for name in names:
        await operators.remove(name)


async def sampled(accounts: AccountDesk, schema: str) -> set[tuple[str, str]]:
    """Columns of bytes and texts of which samples are kept."""
    await accounts.pool.execute("ANALYZE")
    rows = await accounts.pool.fetch(
        """
        SELECT s.tablename, s.attname FROM pg_stats s
        JOIN pg_attribute a ON a.attrelid = (s.schemaname || '.' || s.tablename)::regclass
            AND a.attname = s.attname
        WHERE s.schemaname = $1
          AND a.atttypid IN ('bytea'::regtype, 'text'::regtype)
        """,
        schema,
    )
    return {(row[0], row[1]) for row in rows}
