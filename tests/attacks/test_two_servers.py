"""Two server processes on one database. They don't hear of each other; the store decides."""

import asyncio
from collections import Counter
from collections.abc import Callable

import asyncpg
from support.machines.server import Program
from support.people.raw_client import Client, Message, Room


def twins(serve: Callable[..., Program], database: str, folder: object) -> list[Program]:
    """Two hosts of one deployment: the same database, keys and encryption key."""
    shared = {"KEYRING_DIR": f"{folder}/keyring", "ENCRYPTION_KEY": "5e" * 32}
    return [serve(database=database, **shared) for _ in range(2)]


def at(room: Room, client: Client) -> Room:
    """The same room on another host."""
    there = Room(client.api, client.ws_url)
    there.locator, there.charter, there.mac = room.locator, room.charter, room.mac
    return there


async def test_two_servers_serve_a_message_once_and_destroy_it_once(
    database_url: str, serve: Callable[..., Program], tmp_path
):
    one, two = await asyncio.to_thread(twins, serve, database_url, tmp_path)
    async with Client(one.url, one.ws_url) as here, Client(two.url, two.ws_url) as there:
        room = await here.room(seats=50)
        author, *readers = [await room.member() for _ in range(31)]
        for reader in readers[::2]:
            reader.room = at(room, there)
        for _ in range(3):
            message = Message()
            author.room = room
            posting = [author.post(message) for _ in range(5)]
            author.room = at(room, there)
            posting += [author.post(message) for _ in range(5)]
            posted = await asyncio.gather(*posting)
            assert Counter(one.status_code for one in posted) == {201: 1, 200: 9}
            opened = await asyncio.gather(*(reader.open(message) for reader in readers))
            served = [one.json()["envelope"] for one in opened if one.status_code == 200]
            assert served == [message.envelope]
            viewed = await asyncio.gather(*(reader.acknowledge(message) for reader in readers))
            assert {one.json()["state"] for one in viewed} == {"viewed"}
            again = await author.post(message)
            assert (again.status_code, again.json()["state"]) == (200, "viewed")
        await asyncio.gather(
            readers[0].http("DELETE", "/room"),
            readers[1].http("DELETE", "/room"),
            *(reader.post(Message()) for reader in readers),
        )
        for client in (here, there):
            answer = await client.api.get("/room", headers=room.headers)
            assert answer.status_code == 404
    connection = await asyncpg.connect(database_url)
    for table in ("rooms", "seats", "messages", "payloads", "payload_keys", "tombstones"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    await connection.close()


async def test_the_members_of_a_killed_server_are_missed_by_the_other_and_welcome_there(
    database_url: str, serve: Callable[..., Program], tmp_path
):
    one, two = await asyncio.to_thread(twins, serve, database_url, tmp_path)
    async with Client(one.url, one.ws_url) as here, Client(two.url, two.ws_url) as there:
        room = await here.room()
        member, watching = await room.member(), await room.member()
        watching.room = at(room, there)
        message = Message()
        async with member.line() as lost, watching.line() as line:
            await line.ask("post", **message.post)
            assert (await lost.ask("open", id=message.id))["type"] == "ok"
            await asyncio.to_thread(one.kill)
            # Half a minute passes at once.
            connection = await asyncpg.connect(database_url)
            await connection.execute(
                "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE RETURN "
                "(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 30000"
            )
            await connection.close()
            gone = await line.take(lambda one: one["type"] == "presence" and not one["present"])
            assert gone["member"] == member.id
            member.room = at(room, there)
            async with member.line() as back:
                [welcome] = await back.settle()
                assert [one["holder"] for one in welcome["notices"]] == [member.id]
                answer = await back.ask("ack", id=message.id, viewing=message.viewing)
                assert answer["state"] == "viewed"
            assert (await line.event("destroyed"))["viewing"] == message.viewing
            assert (await member.look())["members"]
