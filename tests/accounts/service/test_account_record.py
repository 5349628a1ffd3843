"""What the server knows: an owner sees all that is held of the account, and nothing of another."""

import os
from typing import Any

from support.machines.account_services import AccountDesk, Machine, Person

from ephemeral.accounts.service import account_record as under_test
from ephemeral.accounts.service.pushes import Subscription
from ephemeral.edge.record_objects import record_answer
from ephemeral.protocol.accounts.push_messages import point, private_key
from ephemeral.protocol.encoding import b64encode, parse_json

_BROWSER = private_key(os.urandom(48))

#: Tables with rows of an account that has something of everything.
OF_ACCOUNT = {
    "accounts.accounts", "accounts.sessions", "accounts.identities", "accounts.chains",
    "accounts.chain_statements", "accounts.devices", "accounts.sealing_keys", "accounts.shares",
    "accounts.push_subscriptions",
    "accounts.pins", "accounts.links", "accounts.link_tries", "accounts.pending",
    "accounts.contacts", "accounts.contact_requests", "accounts.contact_settings",
    "accounts.contact_invitations",
    "accounts.conversations", "accounts.conversation_people", "accounts.conversation_devices",
    "accounts.conversation_chains", "accounts.log_places", "accounts.entries", "accounts.segments",
    "accounts.records", "accounts.boxes", "accounts.leaves", "accounts.joins",
    "accounts.box_budgets", "accounts.departures", "accounts.reports",
    "accounts.files", "accounts.file_quotas",
    "payloads", "payload_keys", "epochs",
}  # fmt: skip


async def full_account(accounts: AccountDesk) -> tuple[Person, list[bytes]]:
    """An account of which every table has a row, and the secrets of it."""
    person = await accounts.person(machines=2)
    first, second = person.machines
    name, sealed, share_of = os.urandom(109), os.urandom(500), accounts.services.shares
    await accounts.services.devices.rename(first.asker, second.id, name)
    [share], _ = await share_of.rotate(first.asker, 0)
    await accounts.services.pins.put(first.asker, sealed, first.key.sign("pins", sealed))
    locator, request = os.urandom(32), os.urandom(700)
    waiting = await person.sign_in()
    await accounts.services.links.deposit(waiting, locator, request)
    new = Machine(session=await person.sign_in())
    await person.post_genesis(new, person.begun(new))
    await accounts.pool.execute(
        "INSERT INTO accounts.identities VALUES ($1, $2, 20000)", os.urandom(32), person.account
    )
    await accounts.pool.execute(
        "INSERT INTO accounts.link_tries VALUES ($1, 1, clock_ms() + 1000)", person.account
    )
    inviting, invitation, said = await accounts.person(), os.urandom(16), os.urandom(900)
    invitations, requests = accounts.contacts.invitations, accounts.contacts.requests
    await requests.set_findable(first.asker, wish=True)
    await requests.ask(first.asker, "somebody_else.12345", person.address)
    await invitations.make(first.asker, invitation, said, os.urandom(16))
    await invitations.redeem(inviting.machines[0].asker, invitation, os.urandom(900))
    where = Subscription(
        f"https://push.example/{os.urandom(9).hex()}", point(_BROWSER), sealed[:16]
    )
    await accounts.pushing.pushes.put(first.asker, where)
    key, box = os.urandom(32), os.urandom(1168)
    await conversation(accounts, person, inviting, key, box)
    secrets = [
        where.endpoint.encode(),
        where.public,
        where.auth,
        name,
        sealed,
        share.share,
        locator,
        request,
        person.auth_key,
        invitation,
        said,
    ]
    return person, [*secrets, key, box]


async def conversation(
    accounts: AccountDesk, person: Person, other: Person, key: bytes, box: bytes
) -> None:
    """Rows of a conversation of two, in every table of conversations; one has left another."""
    own, theirs = person.machines[0], other.machines[0]
    one, left, hash_ = os.urandom(16), os.urandom(16), os.urandom(32)
    async with accounts.pool.acquire() as connection, connection.transaction():

        async def put(table: str, *values: object) -> None:
            places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
            await connection.execute(f"INSERT INTO accounts.{table} VALUES ({places})", *values)

        async def payload(content: bytes) -> bytes:
            return await accounts.values.store(connection, "pins", content)

        segment = await payload(key)
        for name in (one, left):
            await connection.execute(
                """
                INSERT INTO accounts.conversations (conversation, epoch, record, record_s,
                    record_seen, timer, people, s, log, began_at, tail, kept, segment,
                    segment_hour, told_device, told_at, due, trimmed_day)
                VALUES ($1, 1, $2, 1, 0, 0, 2, 2, $2, 0, 0, 1, $3, 0, $4, 0, 'leave', 20000)
                """,
                name, hash_, segment, theirs.id,
            )  # fmt: skip
        await put("conversation_people", one, person.chain.id, person.account, True, 1)
        await put("conversation_people", one, other.chain.id, other.account, False, 1)
        for machine, account in ((own, person.account), (theirs, other.account)):
            await put("conversation_devices", one, machine.id, account, 1, 0, 0, None)
            await put("boxes", one, 1, machine.id, box)
        for chain in (person.chain.id, other.chain.id):
            await put("conversation_chains", one, chain, 1, 1)
            await put("leaves", left, chain, 1, own.id, os.urandom(64))
        await put("log_places", one, 1, 1, own.id, None, hash_, hash_, 0)
        await put("log_places", one, 2, 2, theirs.id, os.urandom(16), hash_, hash_, 0)
        await put("entries", one, 2, segment, 0, box)
        await put("segments", segment, one, 2)
        await put(
            "records", one, 1, hash_, 1, hash_, 0, None, await payload(box), await payload(key), 500
        )
        await put("departures", left, person.account, 0)
        await put("joins", left, person.account, await payload(box), 0)
        await put("box_budgets", person.account, 20000, 1168, None)
        await put("file_quotas", person.account, 4096, 1, 20000, 4096)
        await put(
            "files", os.urandom(16), person.account, one, os.urandom(16), 4096, b"\1",
            await payload(box), 2, 3600, None, 0, 0, 0, 0, False,
        )  # fmt: skip
        for accused, by in ((other.account, person.account), (person.account, other.account)):
            await put(
                "reports", os.urandom(16), accused, by, "spam", 1, 9, 20000, await payload(box),
                None, None, None,
            )  # fmt: skip


async def seen(accounts: AccountDesk, person: Person) -> dict[str, Any]:
    """The record's tables by name, each row by column."""
    answer: Any = parse_json(record_answer(await accounts.services.records.of(person.account)))
    for table in answer["tables"]:
        names = [column["name"] for column in table["columns"]]
        table["rows"] = [dict(zip(names, row, strict=True)) for row in table["rows"]]
        table["columns"] = {column["name"]: column for column in table["columns"]}
    return {table["name"]: table for table in answer["tables"]}


async def test_every_column_of_every_schema_is_listed_explained_and_looked_at(
    accounts: AccountDesk,
) -> None:
    person, _ = await full_account(accounts)
    record = await seen(accounts, person)
    there = await accounts.pool.fetch(
        """
        SELECT CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name,
               column_name FROM information_schema.columns
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        """
    )
    listed = {(name, column) for name, table in record.items() for column in table["columns"]}
    assert listed == {tuple(one) for one in there}
    for table in record.values():
        assert table["explained"]
        assert all(column["explained"] for column in table["columns"].values())
    assert [n for n, one in record.items() if one["apart"] == under_test._UNEXPLAINED] == []
    undecided = [
        f"{name}.{column}"
        for name, table in record.items()
        for column, told in table["columns"].items()
        if not table["apart"] and told["hidden"] == under_test._UNLISTED
    ]
    assert undecided == []


async def test_all_rows_of_the_account_are_shown_and_none_of_another(
    accounts: AccountDesk,
) -> None:
    person, _ = await full_account(accounts)
    other, _ = await full_account(accounts)
    record = await seen(accounts, person)
    counts = {name: len(table["rows"]) for name, table in record.items() if table["rows"]}
    assert set(counts) == OF_ACCOUNT
    assert (counts["accounts.devices"], counts["accounts.chain_statements"]) == (2, 2)
    # The log is that of all, a box, a place among the people and a leave are one person's, and who
    # was reported isn't told.
    assert counts["accounts.log_places"] == 2
    alone = (
        "conversations",
        "conversation_people",
        "conversation_devices",
        "boxes",
        "leaves",
        "reports",
    )
    assert {counts[f"accounts.{name}"] for name in alone} == {1}
    answer = record_answer(await accounts.services.records.of(person.account)).decode()
    foreign = await accounts.pool.fetch(
        """
        SELECT account FROM accounts.accounts WHERE account = $1
        UNION SELECT sid FROM accounts.sessions WHERE account = $1
        UNION SELECT secret FROM accounts.sessions WHERE account = $1
        UNION SELECT chain FROM accounts.chains WHERE account = $1
        UNION SELECT device FROM accounts.devices WHERE account = $1
        UNION SELECT payload FROM accounts.shares WHERE account = $1
        UNION SELECT conversation FROM accounts.conversation_people WHERE account = $1
        """,
        other.account,
    )
    assert len(foreign) == 1 + 4 + 4 + 1 + 2 + 1 + 1
    assert [one for (one,) in foreign if b64encode(one) in answer] == []
    assert b64encode(person.machines[0].id) in answer


async def test_no_secret_is_in_it(accounts: AccountDesk) -> None:
    """Neither what clients sent nor what is stored and would open more than this session."""
    person, secrets = await full_account(accounts)
    answer = record_answer(await accounts.services.records.of(person.account)).decode()
    stored = await accounts.pool.fetch(
        """
        SELECT address FROM accounts.accounts UNION SELECT convert_to(password, 'UTF8')
        FROM accounts.accounts UNION SELECT identity FROM accounts.identities
        UNION SELECT locator FROM accounts.links UNION SELECT digest FROM accounts.links
        UNION SELECT wrapped FROM payload_keys UNION SELECT body FROM payloads
        """
    )
    assert len(stored) > 10
    for secret in (*secrets, *(one for (one,) in stored)):
        assert b64encode(secret) not in answer
        assert secret.hex() not in answer
    password = await accounts.pool.fetchval("SELECT password FROM accounts.accounts")
    assert password not in answer
