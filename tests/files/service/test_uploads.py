"""Making files, storing them, and who gets addresses for what."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.conversation_desk import DAY, HOUR, seat
from support.machines.file_desk import (
    GIB,
    IDLE,
    LIMITS,
    MIB,
    SMALL,
    TTL,
    FileDesk,
    file_desk,
    new_file,
)

from ephemeral.conversations.rules.changes import FileChanged
from ephemeral.files.rules.file import State
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.layout import Layout

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


def told(files: FileDesk) -> list[FileChanged]:
    return [event for _, event in files.talks.desk.hints if isinstance(event, FileChanged)]


async def test_a_file_is_made_once_and_by_the_same_words_alone(files: FileDesk):
    one, two = await files.talks.friends(2, 1)
    talk, other = await files.talks.talk(one, two), await files.talks.talk(one)
    new = new_file(talk, padded=32 * MIB)
    made = await files.make(one, new)
    count = Layout(32 * MIB).count
    first = [0, count - 1, count - 2, count - 3, count - 4, 1, 2, 3]
    assert [each.segment for each in made.addresses] == first
    await files.store(made.addresses[1])
    await files.landed(one, new.id, [count - 1])
    # Another device of the account, which had no answer; how long it is to live is no other file.
    again = await files.make(one, new._replace(ttl=3_600), one.machines[1])
    assert (made.is_new, again.is_new) == (True, False)
    assert [each.segment for each in again.addresses] == [one for one in first if one != count - 1]
    assert again.file.ttl == TTL
    info = new.info[:-1] + bytes([new.info[-1] ^ 1])
    for who, same in (
        (one, new._replace(info=info)),
        (one, new._replace(padded=SMALL)),
        (one, new._replace(conversation=other.id)),
        (two, new),
    ):
        with pytest.raises(Refusal, match="file_conflict"):
            await files.make(who, same)
    # What is being deleted still has its id.
    await files.delete(one, new.id)
    with pytest.raises(Refusal, match="file_conflict"):
        await files.make(one, new)
    assert await files.reserved() == 32 * MIB


async def test_the_same_file_made_twice_at_once_is_one(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one))
    made = await asyncio.gather(*(files.make(one, new) for _ in range(4)))
    assert sorted(each.is_new for each in made) == [False] * 3 + [True]
    assert await files.reserved() == SMALL


async def test_nobody_makes_files_where_they_are_not(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    talk = await files.talks.talk(one)
    for where in (talk, files.talks.unfounded()):
        with pytest.raises(Refusal, match="not_found"):
            await files.make(two, new_file(where))
    with pytest.raises(Refusal, match="file_layout"):
        await files.make(one, new_file(talk, padded=SMALL + 1))
    with pytest.raises(Refusal, match="file_size"):
        await files.make(one, new_file(talk, padded=8 * GIB))
    assert await files.reserved() == 0


async def test_what_an_account_may_have_is_not_had_twice_by_asking_at_once(
    pool: "Pool", tmp_path: Path
):
    few = LIMITS._replace(account_bytes=SMALL * 3 // 2)
    async with file_desk(pool, tmp_path, few) as files:
        (one,) = await files.talks.friends(1)
        talk = await files.talks.talk(one)
        asked = [files.make(one, new_file(talk)) for _ in range(3)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        refused = [each for each in found if isinstance(each, Refusal)]
        assert [(each.code, each.details) for each in refused] == [
            ("quota_full", {"what": "bytes"})
        ] * 2
        assert await files.reserved() == SMALL


async def test_what_all_may_have_is_not_had_twice_either(pool: "Pool", tmp_path: Path):
    few = LIMITS._replace(stock=SMALL * 3 // 2)
    async with file_desk(pool, tmp_path, few) as files:
        people = await files.talks.friends(1, 1, 1)
        talks = [await files.talks.talk(each) for each in people]
        asked = [files.make(who, new_file(talk)) for who, talk in zip(people, talks, strict=True)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert (
            sorted(each.code for each in found if isinstance(each, Refusal)) == ["store_full"] * 2
        )
        assert await files.reserved() == SMALL


async def test_eight_are_uploaded_at_once_and_five_hundred_kept(files: FileDesk):
    (one,) = await files.talks.friends(1)
    talk = await files.talks.talk(one)
    news = [new_file(talk) for _ in range(9)]
    for new in news[:-1]:
        await files.make(one, new)
    with pytest.raises(Refusal) as refused:
        await files.make(one, news[-1])
    assert (refused.value.code, refused.value.details) == ("quota_full", {"what": "uploads"})
    await files.upload(one, news[0])
    await files.upload(one, news[-1])
    await files.pool.execute(
        """
        INSERT INTO accounts.files SELECT substr(sha256(int4send(n)), 1, 16), account,
          conversation, substr(sha256(int4send(n)), 2, 16), 4096, landed, payload, 2, ttl, latest,
          created_at, expires_at, 0, 0, false
        FROM accounts.files, generate_series(1, 491) n WHERE file = $1
        """,
        news[0].id,
    )
    await files.pool.execute(
        "UPDATE accounts.file_quotas SET files = files + 491, bytes = bytes + 491 * 4096"
    )
    await files.pool.execute("UPDATE accounts.file_stock SET bytes = bytes + 491 * 4096")
    await files.delete(one, news[1].id)
    with pytest.raises(Refusal) as refused:
        await files.make(one, new_file(talk))
    assert refused.value.details == {"what": "files"}


async def test_what_landed_is_what_lies_there_in_its_length(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    talk = await files.talks.talk(one, two)
    new = new_file(talk, padded=3 * MIB)
    made = await files.make(one, new)
    addresses = {each.segment: each for each in made.addresses}
    assert sorted(addresses) == [0, 1, 2]
    await files.store(addresses[0])
    await files.store(addresses[1], MIB)  # one tag too short
    landing = await files.landed(one, new.id, [0, 1])
    assert landing.file.landed == b"\1"
    # What nobody says has landed hasn't; and the store isn't asked all the time.
    await files.store(addresses[2])
    with pytest.raises(Refusal) as refused:
        await files.landed(one, new.id, [2])
    assert (refused.value.code, refused.value.retry_after) == ("too_many", 2)
    await files.clock.advance(2_000)
    assert (await files.landed(one, new.id, [1])).file.landed == b"\1"
    assert [each.segment for each in await files.to_put(one, new.id, 2, 0, 1)] == [2, 1]
    # Others read what is there.
    assert [each.segment for each in await files.to_get(two, new.id, 2, 1, 0)] == [0]
    assert [each.landed for each in told(files)] == [b"\1"]
    with pytest.raises(Refusal, match="file_layout"):
        await files.landed(one, new.id, [3])


async def test_a_whole_file_lives_from_then_on_and_nothing_more_is_stored(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    talk = await files.talks.talk(one, two)
    new = new_file(talk, padded=2 * MIB)
    made = await files.make(one, new)
    assert made.file.expires_at == made.file.created_at + IDLE
    await files.clock.advance(HOUR)
    await files.store(made.addresses[0])
    first = await files.landed(one, new.id, [0])
    assert first.file.expires_at == first.now + IDLE
    await files.store(made.addresses[1])
    await files.clock.advance(DAY)
    whole = await files.landed(one, new.id, [1])
    assert (whole.file.state, whole.file.expires_at) == (State.COMPLETE, whole.now + TTL * 1000)
    assert await files.to_put(one, new.id, 0, 1) == []
    until = await files.pool.fetchval("SELECT put_until FROM accounts.files")
    assert until < whole.now
    seen, _ = await files.services.reading.one(seat(two), new.id)
    assert (seen.info, seen.file.state) == (new.info, State.COMPLETE)
    assert (told(files)[-1].landed, told(files)[-1].expires_at) == (b"\3", whole.file.expires_at)
    assert len(await files.to_get(two, new.id, 0, 1)) == 2


async def test_strangers_and_those_who_have_left_find_nothing(files: FileDesk):
    one, two, three = await files.talks.friends(1, 1, 1)
    talk = await files.talks.talk(one, two)
    new = new_file(talk)
    await files.upload(two, new)
    unfinished = new_file(talk)
    await files.make(two, unfinished)

    async def refused(person: object, id_: bytes) -> list[str]:
        codes = []
        for ask in (
            files.services.reading.one(seat(person), id_),
            files.to_get(person, id_, 0),
            files.to_put(person, id_, 0),
            files.landed(person, id_, [0]),
            files.delete(person, id_),
        ):
            try:
                await ask
                codes.append("")
            except Refusal as refusal:
                codes.append(refusal.code)
        return codes

    nothing = await refused(three, os.urandom(16))
    assert nothing == ["file_unknown"] * 5
    assert await refused(three, new.id) == nothing
    # Who is in the conversation reads, and no more.
    assert await refused(one, new.id) == ["", "", *["file_unknown"] * 3]
    assert await listed(files, one) == sorted([new.id, unfinished.id])
    # Who has left keeps what is theirs, and stores nothing more there.
    left = await talk.leave(two)
    await talk.renew(one, Change(leaves=(left,)))
    assert await refused(two, unfinished.id) == ["", "", "file_unknown", "", ""]
    await talk.renew(one, Change(add={three.chain.id: "member"}), others=[three])
    assert (await refused(three, new.id))[:2] == ["", ""]
    await talk.renew(one, Change(remove=frozenset({three.chain.id})))
    assert await refused(three, new.id) == nothing
    assert await listed(files, three) == []


async def listed(files: FileDesk, person: object) -> list[bytes]:
    page = await files.services.reading.listed(seat(person), b"")
    return [each.file.id for each in page.files]


async def test_lists_go_on_behind_the_last_of_a_page(files: FileDesk):
    one, two = await files.talks.friends(1, 1)
    talks = [await files.talks.talk(one, two), await files.talks.talk(one)]
    news = []
    for number in range(21):
        news.append(new_file(talks[number % 2]))
        await files.upload(one, news[-1])
    names = sorted(each.id for each in news)
    page = await files.services.reading.listed(seat(one), b"")
    assert ([each.file.id for each in page.files], page.more) == (names[:20], True)
    page = await files.services.reading.listed(seat(one), names[19])
    assert ([each.file.id for each in page.files], page.more) == (names[20:], False)
    theirs = sorted(each.id for each in news if each.conversation == talks[0].id)
    assert await listed(files, two) == theirs


async def test_an_account_fetches_so_much_a_day(pool: "Pool", tmp_path: Path):
    sealed = Layout(SMALL).segment(0).sealed_length
    async with file_desk(pool, tmp_path, LIMITS._replace(read_bytes=2 * sealed)) as files:
        one, two = await files.talks.friends(1, 1)
        new = new_file(await files.talks.talk(one, two))
        await files.upload(one, new)
        for _ in range(2):
            await files.to_get(two, new.id, 0)
        with pytest.raises(Refusal) as refused:
            await files.to_get(two, new.id, 0)
        assert refused.value.code == "too_many"
        await files.to_get(one, new.id, 0)
        await files.clock.advance(refused.value.retry_after * 1000)
        await files.to_get(two, new.id, 0)


async def test_a_file_of_which_something_was_lost_is_broken_and_its_conversation_told(
    files: FileDesk,
):
    (one,) = await files.talks.friends(1)
    talk = await files.talks.talk(one)
    lost, kept = new_file(talk, padded=2 * MIB), new_file(talk)
    for new in (lost, kept):
        await files.upload(one, new)
    await files.sweep()
    prefix = await files.pool.fetchval("SELECT prefix FROM accounts.files WHERE file = $1", lost.id)
    await files.objects.store.delete([files.objects.key("f", prefix, 1)])
    events = len(told(files))
    await files.sweep()
    await files.clock.advance(DAY)
    for _ in range(2):
        await files.sweep()
    broken = [
        (await files.services.reading.one(seat(one), each.id))[0].file.broken
        for each in (lost, kept)
    ]
    assert broken == [True, False]
    assert [each.file for each in told(files)[events:]] == [lost.id]
    # What belongs to no file that is there is nobody's.
    await files.delete(one, kept.id)
    rows = await files.pool.fetch("SELECT prefix FROM accounts.files")
    every = [row[0] for row in rows]
    async with files.pool.acquire() as connection:
        assert await files.objects.living["f"](connection, [*every, bytes(16)]) == {prefix}


async def test_nothing_is_broken_because_the_store_is_away_for_a_while(
    files: FileDesk, tmp_path: Path
):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one))
    await files.upload(one, new)

    async def is_broken() -> bool:
        await files.clock.advance(DAY)
        for _ in range(2):
            await files.sweep()
        return (await files.services.reading.one(seat(one), new.id))[0].file.broken

    # As a volume that isn't mounted at this moment.
    place, away = tmp_path / "objects", tmp_path / "away"
    place.rename(away)
    place.mkdir()
    with pytest.raises(Refusal, match="unavailable"):
        await is_broken()
    place.rmdir()
    away.rename(place)
    assert not await is_broken()
    # And one of which an object was away is whole again when that is back.
    [object_] = [each for each in place.rglob("0") if each.is_file()]
    object_.rename(tmp_path / "kept")
    assert await is_broken()
    object_.parent.mkdir(exist_ok=True)
    (tmp_path / "kept").rename(object_)
    assert not await is_broken()


async def test_a_file_of_which_a_restored_database_tells_nothing_ends(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one))
    await files.upload(one, new)
    payload = await files.pool.fetchval("SELECT payload FROM accounts.files")
    await files.pool.execute("DELETE FROM payload_keys WHERE payload = $1", payload)
    for seen in (files.services.reading.one(seat(one), new.id), files.make(one, new)):
        with pytest.raises(Refusal):
            await seen
    assert await listed(files, one) == []
    await files.clock.advance(DAY)
    await files.sweep()
    assert await files.pool.fetchval("SELECT state FROM accounts.files") in {None, 3}
    await files.purger.purge()
    assert await files.held() == []


async def test_no_address_outlives_what_was_written_down_before_it_was_signed(files: FileDesk):
    (one,) = await files.talks.friends(1)
    new = new_file(await files.talks.talk(one))
    made = await files.make(one, new)
    until = await files.pool.fetchval("SELECT put_until FROM accounts.files")
    assert all(each.signed.expires_at <= until for each in made.addresses)
    # A process that slept between the two signs nothing.
    slept = made.file._replace(put_until=made.addresses[0].signed.expires_at - 1)
    with pytest.raises(Refusal, match="unavailable"):
        await files.services.addresses.sign(slept, [0])
