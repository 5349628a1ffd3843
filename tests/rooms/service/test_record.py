"""What the server knows: a member sees all that is held about its room, and nothing of another."""

import asyncio
import os
from hashlib import sha256
from typing import Any, NamedTuple

import pytest
from support.machines.services import Attachment, Desk, Message

from ephemeral.edge.record_objects import record_answer
from ephemeral.protocol.charter import Policy
from ephemeral.protocol.encoding import b64encode, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service import record as under_test
from ephemeral.store.held import ROWS_MAX
from ephemeral.store.held_rows import tables

ROOM = {"rooms", "seats", "messages", "audience", "attachments", "tombstones"}
NAMED = {"payloads", "payload_keys", "workers", "epochs"}
APART = {"deployment", "keyring", "object_store", "purges", "schema_migrations"}
HELD = [
    "payload_keys.wrapped",
    "seats.token_hash",
    "seats.resume_hash",
    "messages.viewing",
    "tombstones.tombstone",
    "tombstones.viewing",
    "attachments.prefix",
    *(f"{table}.room" for table in sorted(ROOM)),
]


class FullRoom(NamedTuple):
    """A room of which every table has a row."""

    locator: bytes
    author: Seat
    reader: Seat
    messages: list[Message]
    secrets: list[bytes]


async def full_room(desk: Desk) -> FullRoom:
    token, profile = os.urandom(32), os.urandom(256)
    resume = (os.urandom(32), os.urandom(32))
    locator = await desk.room(policy=Policy.EVERYONE, seats=5)
    author = (await desk.join(locator, token=token, profile=profile, resume=resume)).seat
    reader, slow = (await desk.join(locator)).seat, (await desk.join(locator)).seat
    await desk.connect(locator, token, os.urandom(16))
    messages = [Message(), Message(), Message(attachment=Attachment())]
    await desk.send(author, messages[2].attachment)
    for message in messages:
        await desk.post(author, message)
    # The first is viewed by all, the second by one of two, the third by nobody.
    for one, message in ((reader, messages[0]), (slow, messages[0]), (reader, messages[1])):
        await desk.open_message(one, message)
        await desk.acknowledge(one, message)
    envelopes = [one.envelope for one in messages]
    viewings = [one.viewing for one in messages]
    secrets = [locator, token, profile, *resume, *envelopes, *viewings]
    return FullRoom(locator, author, reader, messages, secrets)


async def as_sent(desk: Desk, seat: Seat) -> bytes:
    """The record as it goes over the wire."""
    return record_answer(await desk.record.of(seat))


async def seen(desk: Desk, seat: Seat) -> dict[str, Any]:
    """The record's tables by name, each row by column."""
    answer: Any = parse_json(await as_sent(desk, seat))
    for table in answer["tables"]:
        names = [column["name"] for column in table["columns"]]
        table["rows"] = [dict(zip(names, row, strict=True)) for row in table["rows"]]
        table["columns"] = {column["name"]: column for column in table["columns"]}
    return {table["name"]: table for table in answer["tables"]}


async def test_every_column_of_the_schema_is_listed_and_explained(desk: Desk) -> None:
    room = await full_room(desk)
    record = await seen(desk, room.author)
    there = await desk.pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    listed = {(name, column) for name, table in record.items() for column in table["columns"]}
    assert listed == {tuple(one) for one in there}
    assert set(record) == ROOM | NAMED | APART
    assert {name for name, table in record.items() if table["apart"]} == APART
    for table in record.values():
        assert table["explained"]
        assert all(column["explained"] for column in table["columns"].values())


async def test_every_column_has_been_looked_at_by_somebody(desk: Desk) -> None:
    """A new one is listed without that, but whether its values may be shown must be decided."""
    record = await seen(desk, (await full_room(desk)).author)
    undecided = [
        f"{name}.{column}"
        for name, table in record.items()
        for column, told in table["columns"].items()
        if told["hidden"] == under_test._UNLISTED
    ]
    assert undecided == []
    assert [n for n, table in record.items() if table["apart"] == under_test._UNEXPLAINED] == []


async def test_all_rows_of_the_room_are_shown_and_none_of_another(desk: Desk) -> None:
    room, other = await full_room(desk), await full_room(desk)
    record = await seen(desk, room.author)
    counts = {name: len(table["rows"]) for name, table in record.items()}
    assert counts == {
        "rooms": 1, "seats": 3, "messages": 2, "audience": 4, "attachments": 1, "tombstones": 1,
        "payloads": 4, "payload_keys": 5, "workers": 1, "epochs": 1,
        "deployment": 0, "keyring": 0, "object_store": 0, "purges": 0, "schema_migrations": 0,
    }  # fmt: skip
    assert {table["rest"] for table in record.values()} == {0}
    answer = (await as_sent(desk, room.author)).decode()
    foreign = await desk.pool.fetch(
        """
        SELECT member FROM seats WHERE room = $1 UNION SELECT id FROM messages WHERE room = $1
        UNION SELECT payload FROM messages WHERE room = $1 UNION SELECT profile FROM seats
        WHERE room = $1 AND profile IS NOT NULL UNION SELECT digest FROM messages WHERE room = $1
        UNION SELECT charter FROM rooms WHERE room = $1
        """,
        other.author.room,
    )
    assert len(foreign) == 3 + 2 + 2 + 1 + 2 + 1
    assert [one for (one,) in foreign if b64encode(one) in answer] == []
    assert b64encode(room.messages[1].id) in answer


async def test_an_id_that_a_client_has_chosen_names_no_row_of_another_room(desk: Desk) -> None:
    """Somebody who learnt the id of another room's payload gives it to a message of its own."""
    await full_room(desk)
    payloads = [one for (one,) in await desk.pool.fetch("SELECT id FROM payloads")]
    workers = [one for (one,) in await desk.pool.fetch("SELECT id FROM workers")]
    locator = await desk.room(seats=20)
    for one in (*payloads, *workers):
        thief = (await desk.join(locator)).seat
        await desk.post(thief, Message(id=one))
    record = await seen(desk, thief)
    taken = {b64encode(one) for one in (*payloads, *workers)}
    for table, key in (("payloads", "id"), ("payload_keys", "payload"), ("workers", "id")):
        assert taken.isdisjoint(row[key]["value"] for row in record[table]["rows"])
    assert len(record["payloads"]["rows"]) == len(taken)


async def test_no_secret_is_in_it_neither_what_clients_sent_nor_what_is_stored(desk: Desk) -> None:
    room = await full_room(desk)
    stored = []
    for place in [*HELD, "payloads.body"]:
        table, column = place.split(".")
        found = await desk.pool.fetch(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        assert found, place
        stored += [one for (one,) in found]
    answer = await as_sent(desk, room.reader)
    for secret in [*room.secrets, *stored, desk.keyring.index_key]:
        for shape in (secret, b64encode(secret).encode(), secret.hex().encode()):
            assert shape not in answer


async def test_what_is_hidden_is_told_with_its_length_and_the_reason(desk: Desk) -> None:
    record = await seen(desk, (await full_room(desk)).reader)
    for place in HELD:
        table, column = place.split(".")
        assert len(record[table]["columns"][column]["hidden"]) > 40, place
        cells = [row[column] for row in record[table]["rows"]]
        held = [one for one in cells if one != {"value": None}]
        assert held, place
        assert all(set(one) == {"bytes"} and one["bytes"] >= 16 for one in held), place


async def test_what_is_shown_has_its_form(desk: Desk) -> None:
    room = await full_room(desk)
    record = await seen(desk, room.author)
    message = record["messages"]["rows"][0]
    posted, size, moment = await desk.pool.fetchrow(
        "SELECT posted_at, size, to_char(to_timestamp(posted_at / 1000) AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS') FROM messages ORDER BY room, id LIMIT 1"
    )
    assert message["posted_at"] == {"value": posted, "time": f"{moment}.{posted % 1000:03d}Z"}
    assert message["size"] == {"value": size}
    assert message["everyone"] == {"value": True}
    assert message["lease_until"] == {"value": None}
    assert message["author"] == {"value": b64encode(room.author.member), "bytes": 16}
    assert record["rooms"]["rows"][0]["room_ttl"] == {"value": 86_400_000}
    bodies = await desk.pool.fetch("SELECT id, body FROM payloads")
    digests = {
        b64encode(one): {"bytes": len(body), "sha256": sha256(body).hexdigest()[:16]}
        for one, body in bodies
    }
    assert {row["id"]["value"]: row["body"] for row in record["payloads"]["rows"]} == digests
    assert record["epochs"]["rows"][0]["state"] == {"value": "current"}


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ("bigint NOT NULL DEFAULT 7", {"value": 7}),
        ("bigint DEFAULT -9223372036854775808", {"value": "-9223372036854775808"}),
        ("inet DEFAULT '192.0.2.7'", {"bytes": 12}),
        ("bytea DEFAULT '\\x0102'", {"bytes": 2}),
        ("text DEFAULT 'Mozilla/5.0'", {"bytes": 11}),
        ("jsonb DEFAULT NULL", {"value": None}),
    ],
)
async def test_a_column_that_nobody_foresaw_appears(
    desk: Desk, made: str, shown: dict[str, Any]
) -> None:
    room = await full_room(desk)
    await seen(desk, room.author)
    await desk.pool.execute(
        f'ALTER TABLE seats ADD COLUMN "What it saw" {made}; '
        "COMMENT ON COLUMN seats.\"What it saw\" IS 'Nobody''s business.'"
    )
    table = (await seen(desk, room.author))["seats"]
    assert table["columns"]["What it saw"]["explained"] == "Nobody's business."
    assert (table["columns"]["What it saw"]["hidden"] is None) is made.startswith("bigint")
    assert [row["What it saw"] for row in table["rows"]] == [shown] * 3


async def test_a_table_that_nobody_foresaw_appears(desk: Desk) -> None:
    room = await full_room(desk)
    other = await full_room(desk)
    await desk.pool.execute("CREATE TABLE visits (room bytea, visits integer)")
    await desk.pool.executemany(
        "INSERT INTO visits VALUES ($1, $2)", [(room.author.room, 3), (other.author.room, 4)]
    )
    table = (await seen(desk, room.author))["visits"]
    assert [row["visits"] for row in table["rows"]] == [{"value": 3}]
    assert table["apart"] is None


async def test_a_table_whose_rows_nobody_can_tell_apart_is_named(desk: Desk) -> None:
    room = await full_room(desk)
    await desk.pool.execute("CREATE TABLE visits (locator bytea, visits integer)")
    table = (await seen(desk, room.author))["visits"]
    assert table["apart"] == under_test._UNEXPLAINED
    assert set(table["columns"]) == {"locator", "visits"}
    assert table["rows"] == []


async def test_of_many_rows_some_are_shown_and_the_others_counted(desk: Desk) -> None:
    room = await full_room(desk)
    await desk.pool.execute(
        "INSERT INTO tombstones SELECT sha256(int4send(n)), $1, $2, 3, NULL, 4102444800000 "
        "FROM generate_series(1, 250) AS n",
        room.author.room,
        room.reader.member,
    )
    table = (await seen(desk, room.author))["tombstones"]
    assert len(table["rows"]) == ROWS_MAX
    assert table["rest"] == 250 + 1 - ROWS_MAX


async def test_many_who_want_to_know_leave_the_database_to_the_others(desk: Desk) -> None:
    room = await full_room(desk)
    async with desk.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE tombstones IN ACCESS EXCLUSIVE MODE")
        records = [asyncio.create_task(desk.record.of(room.author)) for _ in range(20)]
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass
        async with asyncio.timeout(5):
            await desk.rooms.describe(room.locator)
    assert len(await asyncio.gather(*records)) == 20


async def test_a_room_that_is_over_has_no_record(desk: Desk) -> None:
    room = await full_room(desk)
    await desk.rooms.destroy(room.author)
    with pytest.raises(Refusal, match=r"^room_unknown$"):
        await desk.record.of(room.reader)


async def test_only_tables_of_the_schema_of_the_rooms_are_read(desk: Desk) -> None:
    await desk.pool.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (room bytea)")
    async with desk.pool.acquire() as connection:
        assert {one.name for one in await tables(connection)} == ROOM | NAMED | APART


async def test_what_is_held_outside_the_tables_is_told(desk: Desk) -> None:
    class Tab:
        member, connection = os.urandom(16), os.urandom(16)

        def deliver(self, _frame: bytes) -> None: ...
        def replaced(self) -> None: ...
        def seat_lost(self) -> None: ...
        def room_closed(self) -> None: ...

    room, other = await full_room(desk), await full_room(desk)
    desk.hub.add(room.author.room, Tab())
    for seat, sockets in ((room.author, 1), (other.author, 0)):
        record: Any = parse_json(await as_sent(desk, seat))
        told = {one["name"]: one["count"] for one in record["elsewhere"]}
        assert told == {
            "sockets": sockets, "requests": None, "remembered": None, "limits": None,
            "epoch keys": 1, "chunks of attachments": 1, "remains": None,
        }  # fmt: skip
