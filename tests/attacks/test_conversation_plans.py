"""Many conversations: no statement about one reads more than what that one has, and none that runs
by itself, again and again, reads what isn't due.

As with accounts (test_account_plans): by counting what the real, prepared statements read, which
were planned while the tables were empty.
"""

import os
from pathlib import Path

from support.machines.account_services import AccountDesk
from support.machines.conversation_desk import ConversationDesk, seat
from support.machines.file_desk import LIMITS, FileDesk, new_file
from support.machines.services import Desk
from test_account_plans import ACCOUNTS, FAIR
from test_account_plans import fill as fill_accounts

from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.records import MEMBER
from ephemeral.settings import Settings
from ephemeral.store.objects.deployed import open_objects
from ephemeral.store.postgres import open_pool

TABLES = (
    "conversations", "conversation_people", "conversation_devices", "conversation_chains",
    "log_places", "entries", "records", "boxes", "leaves", "joins", "departures",
    "box_budgets", "history_chunks", "reports", "push_subscriptions", "files", "file_quotas",
    "accounts", "chains", "chain_statements", "devices", "sealing_keys", "payloads",
    "payload_keys",
)  # fmt: skip
#: A sweep looks at so many segments beside those of which it was told.
FAIR_SEGMENTS = 2_500


async def fill(desk: ConversationDesk) -> None:
    """A conversation for each account, with another one in it, and everything that it may have."""
    name, account = "sha256(int4send(n))", "substr(sha256(int4send(n)), 1, 16)"
    device = "substr(sha256(int4send(n) || int4send(k)), 1, 16)"
    one = f"FROM generate_series(1, {ACCOUNTS}) n"
    both = f"{one}, generate_series(1, 2) k"
    talk = f"substr({name}, 3, 16)"
    later = "clock_ms() + 86400000"
    for statement in (
        f"""INSERT INTO accounts.conversations (conversation, epoch, record, record_s, record_seen,
            timer, people, s, log, began_at, tail, kept, trimmed_day, waiting, waiting_bytes,
            segment, segment_hour)
            SELECT {talk}, 2, {name}, 2, 1, 0, 2, 4, {name}, clock_ms(), 2, 1,
            clock_ms() / 86400000, 2, 20, {account}, 1 {one}""",
        f"""INSERT INTO accounts.conversation_people SELECT {talk},
            sha256(int4send((n + k) % {ACCOUNTS} + 1)),
            substr(sha256(int4send((n + k) % {ACCOUNTS} + 1)), 1, 16), k = 1, 1 {both}""",
        f"""INSERT INTO accounts.conversation_devices
            SELECT {talk}, {device}, {account}, 1, 1, 1, NULL {both}""",
        f"""INSERT INTO accounts.conversation_chains SELECT {talk},
            sha256(int4send((n + k) % {ACCOUNTS} + 1)), 1, 2 {both}""",
        f"""INSERT INTO accounts.log_places
            SELECT {talk}, s, CASE WHEN s < 3 THEN 1 ELSE 2 END, {account},
            CASE WHEN s > 2 THEN substr({name}, s, 16) END, {name}, {name}, 0
            {one}, generate_series(1, 4) s""",
        f"""INSERT INTO accounts.entries
            SELECT {talk}, s, {account}, {later}, decode(repeat('00', 38), 'hex')
            {one}, generate_series(3, 4) s""",
        f"INSERT INTO accounts.segments SELECT {account}, {talk}, 3 {one}",
        f"""INSERT INTO accounts.records
            SELECT {talk}, k, CASE k WHEN 2 THEN {name} ELSE sha256({name}) END, k, {name}, 0,
            CASE k WHEN 1 THEN clock_ms() END, {device}, {device}, 300 {both}""",
        f"INSERT INTO accounts.boxes SELECT {talk}, 2, {device}, '\\x00' {both}",
        f"""INSERT INTO accounts.leaves
            SELECT {talk}, {name}, 1, {account}, decode(repeat('00', 64), 'hex') {one}""",
        f"INSERT INTO accounts.joins SELECT {talk}, {account}, {account}, {later} {one}",
        f"INSERT INTO accounts.departures SELECT {talk}, {account}, clock_ms() {one}",
        f"""INSERT INTO accounts.history_chunks
            SELECT {account}, {device}, 0, {device}, 100, {later} {both}""",
        f"""INSERT INTO accounts.reports
            SELECT {account}, {account}, {account}, 'spam', 1, 100, clock_ms() / 86400000, {account}
            {one}""",
        f"""INSERT INTO accounts.push_subscriptions
            SELECT {account}, {device}, {device}, {device}, NULL, 0, clock_ms(), {talk}, 1
            {both}""",
        f"""INSERT INTO accounts.files SELECT {device}, {account}, {talk}, {device}, 4096, '\\x01',
            {device}, k, 3600, NULL, clock_ms(), {later}, 0, clock_ms(), false {both}""",
        f"INSERT INTO accounts.file_quotas SELECT {account}, 0, 0, 0, 0 {one}",
        f"INSERT INTO accounts.box_budgets SELECT {account}, 0, 0, NULL {one}",
    ):
        await desk.pool.execute(statement)


async def read_so_far(desk: ConversationDesk) -> dict[str, int]:
    """Rows that this worker's one connection has read, by table."""
    await desk.pool.execute("SELECT pg_stat_force_next_flush()")
    rows = await desk.pool.fetch(
        """
        SELECT t.relname, t.seq_tup_read + sum(coalesce(i.idx_tup_read, 0))::bigint
        FROM pg_stat_user_tables t LEFT JOIN pg_stat_user_indexes i USING (relid)
        WHERE t.relname = ANY($1) AND t.schemaname IN ('public', 'accounts')
        GROUP BY t.relid, t.relname, t.seq_tup_read
        """,
        [*TABLES, "segments"],
    )
    return {row[0]: row[1] for row in rows}


async def live(desk: ConversationDesk, files: FileDesk) -> None:
    """Everything that is asked of conversations, once."""
    one, other, third = await desk.friends(2, 1, 1)
    talk = await desk.talk(one, other)
    await talk.send(one, count=2)
    await talk.send(other)
    await talk.ack_all(one, other)
    kept, gone = new_file(talk), new_file(talk)
    for new in (kept, gone):
        await files.upload(one, new)
    await files.make(one, kept)
    await files.to_get(other, kept.id, 0)
    await files.services.reading.listed(seat(other), b"")
    await files.services.reading.one(seat(other), kept.id)
    await files.delete(one, gone.id)
    joining = os.urandom(32)
    await talk.renew(one, Change(joining=joining))
    await desk.services.membership.join(seat(third), talk.id, joining, b"sealed")
    reading = desk.services.reading
    await reading.listed(seat(one), b"")
    await reading.one(seat(one), talk.id)
    await reading.members(seat(one), talk.id)
    await reading.epochs(seat(one), talk.id, 0)
    await talk.read(one, talk.record.seen)
    await talk.renew(one, Change(add={third.chain.id: MEMBER}), others=[third])
    entry = talk.entry(one.machines[0])
    await talk.send(one, entry)
    await desk.services.membership.destroy_message(seat(one), talk.id, entry[66:82])
    new, old = one.machines[1], one.machines[0]
    await desk.accounts.services.histories.put(old.asker, new.id, 0, b"a chunk")
    await one.revoke(*one.machines)
    async with desk.pool.acquire() as connection:
        await desk.accounts.hooks.lists_beside(connection, one.account, third.chain.id)
    await talk.leave(third)
    await other.recover()
    await desk.services.membership.end(seat(one), talk.id)
    last = await desk.talk(one)
    await last.send(one)
    await one.close(one.machines[0], by=one.recovery)


async def sweep(desk: ConversationDesk, files: FileDesk) -> None:
    """What runs by itself, again and again: history that nobody fetched goes with accounts."""
    await desk.sweep()
    await files.sweep()
    await desk.accounts.sweep()


async def test_no_statement_reads_more_than_its_conversation(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings.parse({"DATA_DIR": str(tmp_path)})
    async with (
        await open_pool(database_url, size=1, wait_seconds=0) as pool,
        open_objects(settings, pool, bytes(16), bytes(32), os.urandom) as objects,
    ):
        desk = ConversationDesk(AccountDesk(await Desk.open(pool, tmp_path / "keyring")))
        files = FileDesk(desk, objects, LIMITS)
        # Statements are prepared now, as on the first day.
        await live(desk, files)
        await sweep(desk, files)
        await fill_accounts(desk.accounts)
        await fill(desk)
        before = await read_so_far(desk)
        await live(desk, files)
        await sweep(desk, files)
        after = await read_so_far(desk)
        read = {table: after[table] - before[table] for table in after}
        assert {table: read[table] for table in TABLES if read[table] > FAIR} == {}
        assert read["segments"] <= FAIR_SEGMENTS
        assert read["log_places"] > 0
        await desk.services.ledger.close()
        desk.accounts.passwords.close()
        await desk.desk.ledger.close()
