"""The end of files: nothing of them is left, and what somebody could still store goes as well."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.machines.conversation_desk import DAY, HOUR, seat
from support.machines.file_desk import IDLE, MIB, SMALL, TTL, FileDesk, new_file

from ephemeral.conversations.rules.changes import FileChanged
from ephemeral.metrics import REGISTRY
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.history import Reference, wrong_clock
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

MINUTE = 60_000
#: As long as the last address to store something may be in use.
LAST = 900_000 + 30_000


async def gone(files: FileDesk, person: object, id_: bytes) -> bool:
    [found] = await asyncio.gather(
        files.services.reading.one(seat(person), id_), return_exceptions=True
    )
    return isinstance(found, Refusal) and found.code == "file_unknown"


async def nothing_left(files: FileDesk) -> None:
    """After a day or two no object, row, payload or count is left."""
    for _ in range(4):
        await files.passes(DAY)
    assert await files.held() == []
    assert await files.reserved() == 0
    for table in ("purges", "accounts.files"):
        assert await files.pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert await files.talks.accounts.orphans() == {}


async def test_what_is_deleted_is_gone_for_all_at_once_and_told(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    new = new_file(await files.talks.talk(one, two), padded=2 * MIB)
    made = await files.make(one, new)
    await files.store(made.addresses[0])
    await files.landed(one, new.id, [0])
    payload = made.file.payload
    await files.delete(one, new.id)
    for who in (one, two):
        assert await gone(files, who, new.id)
    found = await files.pool.fetchval(
        "SELECT count(*) FROM payload_keys WHERE payload = $1", payload
    )
    assert found == 0
    row = await files.pool.fetchrow("SELECT conversation, payload FROM accounts.files")
    assert tuple(row) == (None, None)
    last = [event for _, event in files.talks.desk.hints if isinstance(event, FileChanged)][-1]
    assert (last.file, last.landed, last.expires_at) == (new.id, None, None)
    # Again is no mistake, as long as anything is known of it.
    await files.delete(one, new.id)
    for ask in (files.to_put(one, new.id, 1), files.landed(one, new.id, [1])):
        with pytest.raises(Refusal, match="file_unknown"):
            await ask
    await files.purger.purge()
    assert await files.held() == []
    await nothing_left(files)


async def test_what_is_stored_by_an_address_after_the_end_goes_too_and_counts_until_then(
    files: FileDesk,
):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one), padded=3 * MIB)
    made = await files.make(one, new)
    await files.delete(one, new.id)
    await files.purger.purge()
    await files.store(made.addresses[0])
    assert len(await files.held()) == 1
    await files.passes(LAST)
    assert await files.reserved() == 3 * MIB
    # One that began before the address's end, and ended after it.
    await files.store(made.addresses[1])
    await files.passes(MINUTE + 1_000)
    assert await files.reserved() == 0
    assert await files.held() == []
    await files.store(made.addresses[2])
    await files.passes(HOUR)
    assert await files.held() == []
    await nothing_left(files)


async def test_a_file_whose_addresses_have_ended_counts_no_more_at_once(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one))
    await files.upload(one, new)
    await files.clock.advance(LAST + 2 * MINUTE)
    await files.delete(one, new.id)
    assert await files.reserved() == 0
    assert await files.pool.fetchval("SELECT count(*) FROM accounts.files") == 0
    with pytest.raises(Refusal, match="file_unknown"):
        await files.delete(one, new.id)
    await nothing_left(files)


async def test_files_end_by_time_and_uploads_of_which_nothing_lands(files: FileDesk):
    (one,) = await files.talks.friends(1)
    talk = await files.talks.talk(one)
    whole, idle, short = new_file(talk), new_file(talk), new_file(talk, ttl=3_600)
    await files.upload(one, whole)
    await files.upload(one, short)
    await files.make(one, idle)
    await files.passes(HOUR - MINUTE)
    counted = REGISTRY.get_sample_value("ephemeral_files_bytes")
    assert counted == await files.reserved() == 3 * SMALL
    assert not await gone(files, one, short.id)
    await files.passes(2 * MINUTE)
    assert await gone(files, one, short.id)
    for passed, ended in ((IDLE - HOUR - 2 * MINUTE, False), (2 * MINUTE, True)):
        await files.passes(passed)
        assert await gone(files, one, idle.id) == ended
    assert not await gone(files, one, whole.id)
    await files.passes(TTL * 1000 - IDLE)
    assert await gone(files, one, whole.id)
    await nothing_left(files)


async def test_a_file_that_is_never_whole_goes_all_the_same(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one), padded=12 * MIB, ttl=3_600)
    made = await files.make(one, new)
    for number in range(4):
        [address] = await files.to_put(one, new.id, number)
        await files.store(address)
        await files.clock.advance(2_000)
        await files.landed(one, new.id, [number])
        await files.passes(IDLE - HOUR)
        assert await gone(files, one, new.id) == (number == 3)
    assert made.file.latest == made.file.created_at + 7 * DAY + HOUR
    await nothing_left(files)


async def test_a_clock_that_was_ahead_for_a_while_holds_nothing_up(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one), padded=2 * MIB)
    await files.clock.advance(5 * DAY)
    made = await files.make(one, new)
    await files.store(made.addresses[0])
    await files.landed(one, new.id, [0])
    await files.clock.advance(-5 * DAY)
    assert (await files.landed(one, new.id, [0])).file.landed == b"\1"
    await files.delete(one, new.id)
    until = await files.pool.fetchval("SELECT put_until - clock_ms() FROM purges")
    assert until <= LAST + HOUR
    counts = await files.pool.fetchval("SELECT expires_at - clock_ms() FROM accounts.files")
    assert counts <= LAST + HOUR + MINUTE
    await nothing_left(files)


async def test_a_clock_by_which_a_file_would_end_is_not_believed(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one))
    await files.upload(one, new)
    async with files.pool.acquire() as connection:
        at = await clock(connection)
        seen = Reference(at, 0)
        assert await wrong_clock(connection, seen, at + TTL * 1000 - HOUR, 1) is None
        told = await wrong_clock(connection, seen, at + 31 * DAY, 1)
    assert told is not None
    assert " days ahead: 0 messages, 0 rooms and 1 file would end by it" in told


async def test_under_a_timer_a_file_goes_with_its_messages(files: FileDesk):
    (one,) = await files.talks.friends(1)
    talk = await files.talks.talk(one)
    await talk.renew(one, Change(timer=60))
    whole, slow = new_file(talk), new_file(talk, padded=2 * MIB)
    await files.upload(one, whole)
    made = await files.make(one, slow)
    for passed, ended in ((DAY, False), (MINUTE + 3_000, True)):
        await files.passes(passed)
        assert await gone(files, one, whole.id) == ended
        assert await gone(files, one, slow.id) == ended
    assert made.file.expires_at == made.file.created_at + DAY + MINUTE
    await nothing_left(files)


async def test_files_go_with_their_conversation_whoever_has_uploaded_them(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    talk, other = await files.talks.talk(one, two), await files.talks.talk(one, two)
    ours, theirs, kept = new_file(talk), new_file(talk), new_file(other)
    for who, new in ((one, ours), (two, theirs), (one, kept)):
        await files.upload(who, new)
    await files.talks.services.membership.end(seat(one), talk.id)
    for new in (ours, theirs):
        for who in (one, two):
            assert await gone(files, who, new.id)
    assert not await gone(files, two, kept.id)
    await files.talks.services.membership.end(seat(one), other.id)
    await nothing_left(files)


async def test_an_account_that_is_deleted_leaves_nothing_but_what_is_being_purged(
    files: FileDesk,
):
    one, two = await files.talks.friends(1, 1)
    talk = await files.talks.talk(one, two)
    whole, late = new_file(talk), new_file(talk, padded=2 * MIB)
    await files.upload(two, whole)
    made = await files.make(two, late)
    accounts = files.talks.accounts

    async def work(connection: "Connection") -> None:
        await accounts.deletion.delete(connection, two.account)

    await accounts.watches.told(work)
    for new in (whole, late):
        assert await gone(files, one, new.id)
    rows = await files.pool.fetch("SELECT account, conversation, payload FROM accounts.files")
    assert {tuple(row) for row in rows} <= {(None, None, None)}
    await files.purger.purge()
    assert await files.held() == []
    await files.store(made.addresses[0])
    assert await files.reserved() == SMALL + 2 * MIB
    await files.passes(LAST + 2 * MINUTE)
    assert await files.reserved() == 0
    assert await files.held() == []
    await nothing_left(files)


async def test_who_fetches_while_their_account_is_deleted_is_refused(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    new = new_file(await files.talks.talk(one, two))
    await files.upload(one, new)
    accounts = files.talks.accounts
    asked: list[asyncio.Task[object]] = []

    async def work(connection: "Connection") -> None:
        await connection.execute(
            "SELECT FROM accounts.accounts WHERE account = $1 FOR UPDATE", two.account
        )
        asked.append(asyncio.create_task(files.to_get(two, new.id, 0)))
        while not await files.pool.fetchval(  # noqa: ASYNC110
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0)
        await accounts.deletion.delete(connection, two.account)

    await accounts.watches.told(work)
    [found] = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found, Refusal)


async def test_of_two_who_end_a_file_at_once_both_have_done_it(files: FileDesk):
    one, two = await files.talks.friends(2, 1)
    talk = await files.talks.talk(one, two)
    for _ in range(5):
        new = new_file(talk, padded=2 * MIB)
        made = await files.make(one, new)
        await files.store(made.addresses[0])
        found = await asyncio.gather(
            files.delete(one, new.id),
            files.landed(one, new.id, [0]),
            files.to_put(one, new.id, 1),
            files.delete(one, new.id),
            return_exceptions=True,
        )
        assert found[0] is None
        assert found[3] is None
        assert {each.code for each in found[1:3] if isinstance(each, Refusal)} <= {"file_unknown"}
        assert await gone(files, two, new.id)
    await nothing_left(files)
