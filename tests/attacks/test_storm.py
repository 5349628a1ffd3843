"""Many members at once, over real sockets and over HTTP, in the same rooms."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
from support.machines.server import Program
from support.people.raw_client import Client, Line, Member, Message, Room

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
ORPHANS = """
    SELECT
      (SELECT count(*) FROM payloads p WHERE NOT EXISTS (
         SELECT FROM messages m WHERE m.payload = p.id UNION ALL
         SELECT FROM seats s WHERE p.id IN (s.profile, s.resume_key))),
      (SELECT count(*) FROM payload_keys k WHERE NOT EXISTS (
         SELECT FROM payloads p WHERE p.id = k.payload)),
      (SELECT count(*) FROM messages m WHERE NOT EXISTS (
         SELECT FROM rooms r WHERE r.room = m.room)),
      (SELECT count(*) FROM messages m WHERE NOT EXISTS (
         SELECT FROM payloads p JOIN payload_keys k ON k.payload = p.id WHERE m.payload = p.id)),
      (SELECT count(*) FROM audience a WHERE NOT EXISTS (
         SELECT FROM messages m WHERE m.room = a.room AND m.id = a.message AND m.everyone)),
      (SELECT count(*) FROM tombstones t WHERE NOT EXISTS (
         SELECT FROM rooms r WHERE r.room = t.room)),
      (SELECT count(*) FROM messages m JOIN tombstones t USING (room)
       WHERE m.author <> m.author)
"""


def of(server: Program) -> Client:
    return Client(server.url, server.ws_url)


async def asked(server: Program, question: str) -> Any:
    connection = await asyncpg.connect(server.environment["DATABASE_URL"])
    try:
        return await connection.fetchrow(question)
    finally:
        await connection.close()


async def lines(stack: AsyncExitStack, members: list[Member]) -> list[Line]:
    """A socket for each, which ends without a farewell: not everything that comes is read."""
    opened = []
    for member in members:
        line = await stack.enter_async_context(member.line())
        stack.callback(line.socket.transport.abort)
        opened.append(line)
    return opened


async def repeat(line: Line, count: int, kind: str, **fields: Any) -> list[dict[str, Any]]:
    """The same request so many times without waiting; all answers."""
    refs = [await line.send(kind, **fields) for _ in range(count)]
    return [await line.answer(ref) for ref in refs]


def code(answer: dict[str, Any]) -> str:
    return answer["error"]["code"] if answer["type"] == "error" else "ok"


# Of each storm so many rooms at once, and so many messages in each.
STORMS, MESSAGES = 2, 24


async def test_forty_nine_open_at_once_and_exactly_one_is_served(server: Program):
    async with of(server) as client, AsyncExitStack() as stack:
        room = await client.room(seats=50)
        author, *readers = [await room.member() for _ in range(50)]
        sockets = await lines(stack, readers[:40])
        for _ in range(2):
            message = Message()
            await author.post(message)
            answers, responses = await asyncio.gather(
                asyncio.gather(*(line.ask("open", id=message.id) for line in sockets)),
                asyncio.gather(*(reader.open(message) for reader in readers[40:])),
            )
            opened = answers
            served = [one["envelope"] for one in answers if one["type"] == "ok"]
            served += [one.json()["envelope"] for one in responses if one.status_code == 200]
            assert served == [message.envelope]
            refused = Counter(code(one) for one in answers)
            refused.update(one.json()["error"]["code"] for one in responses if one.is_error)
            assert refused["message_leased"] == 48
            # All of them claim to have viewed it; only the bytes count, and it dies once.
            answers = await asyncio.gather(
                *(line.ask("ack", id=message.id, viewing=message.viewing) for line in sockets)
            )
            assert {one.get("state") for one in answers} == {"viewed"}
            told = Counter[str]()
            for line in sockets:
                frames = await line.settle()
                told.update(one["type"] for one in frames if one.get("id") == message.id)
            # Whoever did it, on a socket, was told by its answer.
            by_socket = sum(one["type"] == "ok" and "envelope" in one for one in opened)
            assert told["opened"] == len(sockets) - by_socket
            assert told["destroyed"] == len(sockets) - 1


async def test_one_message_posted_twenty_times_over_everything_is_one_message(server: Program):
    async with of(server) as client, AsyncExitStack() as stack:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        [line, watching] = await lines(stack, [author, reader])
        for _ in range(3):
            message = Message()
            answers, responses = await asyncio.gather(
                repeat(line, 10, "post", **message.post),
                asyncio.gather(*(author.post(message) for _ in range(10))),
            )
            receipts = [{**one, "type": "", "ref": 0} for one in answers]
            receipts += [{**one.json(), "type": "", "ref": 0} for one in responses]
            assert receipts == [receipts[0]] * 20
            assert sum(one.status_code == 201 for one in responses) <= 1
            told = [one for one in await watching.settle() if one["type"] == "notice"]
            assert [one["id"] for one in told] == [message.id]
            assert (await reader.acknowledge(message)).status_code == 200
            again = await repeat(line, 5, "post", **message.post)
            assert {(one["state"], one["viewing"]) for one in again} == {
                ("viewed", message.viewing)
            }
            assert (await reader.http("GET", "/room/messages")).json()["notices"] == []


async def act(member: Member, line: Line | None, kind: str, message: Message) -> None:
    """One request of a storm; whatever it is answered, it is answered."""
    fields = {
        "post": message.post,
        "open": {"id": message.id},
        "ack": {"id": message.id, "viewing": message.viewing},
        "release": {"id": message.id},
    }[kind]
    if line is not None:
        answer = await line.ask(kind, **fields)
        assert code(answer) not in {"internal", "unavailable"}, answer
        return
    if kind == "post":
        response = await member.post(message)
    else:
        body = {"json": {"viewing": message.viewing}} if kind == "ack" else {}
        response = await member.http("POST", f"/room/messages/{message.id}/{kind}", **body)
    assert response.status_code < 500, response.text


async def storm(client: Client, policy: int) -> tuple[Room, Member]:
    """Members post, open, acknowledge and release while others come, go, lock and vacate."""
    room = await client.room(seats=9, policy=policy)
    members = [await room.member() for _ in range(6)]
    watching = await room.member()
    messages = [Message() for _ in range(MESSAGES)]
    async with AsyncExitStack() as stack:
        # Who says nothing itself is told everything by events.
        *sockets, witness = await lines(stack, [*members[:4], watching])

        async def talks(number: int) -> None:
            line = sockets[number] if number < 4 else None
            for turn, message in enumerate(messages):
                kinds = (
                    ("post",) if turn % 6 == number else ("open", "ack" if turn % 2 else "release")
                )
                for kind in kinds:
                    await act(members[number], line, kind, message)

        async def comes_and_goes() -> None:
            for _ in range(10):
                passing = Member(room)
                joined = await passing.join(profile=None)
                assert joined.status_code in {201, 403, 409}, joined.text
                if joined.status_code == 201:
                    await passing.open(messages[0])
                    assert (await passing.http("DELETE", "/room/members")).status_code == 204

        async def locks() -> None:
            for locked in (True, False) * 5:
                response = await members[5].http("PATCH", "/room", json={"locked": locked})
                assert response.status_code == 200

        await asyncio.gather(
            *(talks(number) for number in range(6)), *(comes_and_goes() for _ in range(3)), locks()
        )
        # What a member was told, event after event, is what it would be told anew.
        shown = followed(await witness.settle())
        anew = {one["id"]: one["state"] for one in await watching.waiting()}
        if policy == 1:
            assert shown == anew
        else:
            # Leases of single members don't show in a notice (section 9).
            assert set(shown) == set(anew)
    return room, members[0]


def followed(frames: list[dict[str, Any]]) -> dict[str, str]:
    """The messages that a client which was told this takes to wait, and how they stand."""
    waiting: dict[str, str] = {}
    for one in frames:
        if one["type"] in {"welcome", "backlog"}:
            waiting = {notice["id"]: notice["state"] for notice in one["notices"]}
        elif one["type"] == "notice":
            waiting[one["id"]] = one["state"]
        elif one["type"] in {"opened", "stored"} and "ref" not in one:
            waiting[one["id"]] = one["type"]
        elif one["type"] == "destroyed":
            del waiting[one["id"]]
    return waiting


async def test_a_storm_loses_nothing_and_leaves_nothing_behind(server: Program):
    before = (await asked(server, DEADLOCKS))[0]
    async with of(server) as client:
        for policy in (1, 2):
            storms = await asyncio.gather(*(storm(client, policy) for _ in range(STORMS)))
            for room, _ in storms:
                assert (await client.api.get("/room", headers=room.headers)).status_code == 200
        assert not any(await asked(server, ORPHANS))
        fates = await asked(
            server,
            "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM tombstones), "
            "(SELECT count(*) FROM tombstones WHERE fate <> 1)",
        )
        # Every message that was accepted waits or was viewed.
        assert tuple(fates) == (2 * STORMS * MESSAGES, 0)
        await asyncio.gather(*(one.http("DELETE", "/room") for _, one in storms))
        assert not any(await asked(server, ORPHANS))
    assert (await asked(server, DEADLOCKS))[0] == before


async def test_destroying_a_room_in_a_storm_ends_everything_at_once(server: Program):
    async with of(server) as client:
        for _ in range(3):
            room = await client.room(seats=6)
            members = [await room.member() for _ in range(6)]
            messages = [Message() for _ in range(60)]
            async with AsyncExitStack() as stack:
                sockets = await lines(stack, members[:3])
                for line in sockets:
                    for message in messages:
                        await line.send("post", **message.post)
                await asyncio.gather(
                    *(members[4].open(message) for message in messages[:10]),
                    members[5].http("DELETE", "/room"),
                    *(Member(room).join() for _ in range(5)),
                    members[3].http("DELETE", "/room/members"),
                )
                for line in sockets:
                    ending, frames = await line.end()
                    assert ending == 4410
                    closed = [one["type"] for one in frames].index("closed")
                    # Nothing of the room is told after its end but refusals.
                    later = {one["type"] for one in frames[closed + 1 :]}
                    assert later <= {"error"}
            assert (await client.api.get("/room", headers=room.headers)).status_code == 404
        left = await asked(
            server,
            "SELECT (SELECT count(*) FROM rooms), (SELECT count(*) FROM seats), "
            "(SELECT count(*) FROM messages), (SELECT count(*) FROM payloads), "
            "(SELECT count(*) FROM payload_keys), (SELECT count(*) FROM tombstones)",
        )
        assert not any(left)


async def test_joins_counts_every_seat_that_was_taken_and_no_retry(server: Program):
    async with of(server) as client:
        room = await client.room(seats=50)
        members = [Member(room) for _ in range(20)]
        responses = await asyncio.gather(*(one.join() for one in members for _ in range(3)))
        statuses = Counter(one.status_code for one in responses)
        assert statuses == {201: 20, 200: 40}
        await asyncio.gather(*(one.http("DELETE", "/room/members") for one in members[:10]))
        again = await asyncio.gather(*(one.join() for one in members[:10]))
        assert {one.status_code for one in again} == {201}
        shown = (await client.api.get("/room", headers=room.headers)).json()
        assert (shown["joins"], shown["seats_taken"]) == (30, 20)
