"""The complete present state over HTTP, and waiting for another one: docs/protocol.md, 9.1."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from support.machines.server import Program
from support.people.raw_client import Client, Member, Message

STATE = "/room/state"


async def ask(member: Member, tag: str | None = None, wait: object = None) -> httpx.Response:
    """The state, unless it is the one with this tag; `wait`: for another, in seconds."""
    sent = dict(member.headers)
    if tag is not None:
        sent["If-None-Match"] = tag
    if wait is not None:
        sent["Prefer"] = f"wait={wait}"
    return await member.room.api.get(STATE, headers=sent)


async def waiting(member: Member, tag: str, wait: int = 25) -> "asyncio.Task[httpx.Response]":
    """A request that waits, from when its member is shown as present."""
    task = asyncio.create_task(ask(member, tag, wait))
    # It listens before it is present.
    await until(lambda: is_present(member))
    return task


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.02)


async def is_present(member: Member) -> bool:
    [me] = [one for one in (await member.look())["members"] if one["member"] == member.id]
    return bool(me["present"])


async def test_the_state_is_that_of_a_welcome_and_its_tag_stands_until_it_changes(client: Client):
    room = await client.room()
    author, reader = await room.member(), await room.member()
    await author.post(Message())
    first = await ask(reader)
    tag = first.headers["ETag"]
    async with author.line() as line:
        [welcome] = await line.settle()
        await line.ask("typing", typing=True)
    state = first.json()
    assert state.keys() == {"now", "room", "members", "notices"}
    assert state["notices"] == welcome["notices"]
    assert [one["member"] for one in state["members"]] == [author.id, reader.id]
    # Somebody was here and typed: that is another state only in what passes.
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await ask(reader, known)
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["ETag"] == tag
        assert same.headers["Cache-Control"] == "no-store"
    assert (await ask(reader, '"other"')).json()["notices"] == state["notices"]
    await author.post(Message())
    changed = await ask(reader, tag, 25)
    assert (changed.status_code, len(changed.json()["notices"])) == (200, 2)
    assert changed.headers["ETag"] != tag


CHANGES: list[Callable[[Member, Member, Message], Any]] = [
    lambda author, _, __: author.post(Message()),
    lambda _, other, message: other.open(message),
    lambda _, other, message: other.acknowledge(message),
    lambda author, _, message: author.http("DELETE", f"/room/messages/{message.id}"),
    lambda author, _, __: author.http("PATCH", "/room", json={"locked": True}),
    lambda _, other, __: other.http("DELETE", "/room/members"),
    lambda _, other, __: other.room.member(),
]


async def test_whoever_waits_hears_of_any_change_at_once_and_of_presence_never(client: Client):
    for change in CHANGES:
        room = await client.room(seats=4)
        author, other, waiter = [await room.member() for _ in range(3)]
        message = Message()
        await author.post(message)
        tag = (await ask(waiter)).headers["ETag"]
        task = await waiting(waiter, tag)
        async with other.line() as line:
            await line.ask("typing", typing=True)
        assert not task.done()
        await change(author, other, message)
        answer = await asyncio.wait_for(task, 10)
        assert answer.status_code == 200
        assert answer.headers["ETag"] != tag
        assert (await ask(waiter, answer.headers["ETag"])).status_code == 304


async def test_a_wait_that_sees_no_change_ends_in_time_with_304(client: Client):
    room = await client.room()
    member = await room.member()
    tag = (await ask(member)).headers["ETag"]
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answer = await ask(member, tag, 1)
    assert (answer.status_code, answer.headers["ETag"]) == (304, tag)
    assert loop.time() - begun >= 1
    # What is no such preference is none.
    for nothing in ("soon", "-1", "1.5", "", "0"):
        assert (await asyncio.wait_for(ask(member, tag, nothing), 10)).status_code == 304


async def test_the_end_of_the_room_and_of_the_seat_end_the_wait(client: Client):
    for end, code in (("/room", "room_unknown"), ("/room/members", "seat_unknown")):
        room = await client.room()
        author, waiter = await room.member(), await room.member()
        task = await waiting(waiter, (await ask(waiter)).headers["ETag"])
        who = author if end == "/room" else waiter
        assert (await who.http("DELETE", end)).status_code == 204
        answer = await asyncio.wait_for(task, 10)
        assert answer.json()["error"]["code"] == code


async def test_a_waiting_request_counts_as_a_socket_and_its_end_gives_the_place_back(serve):
    server: Program = serve(CONNECTIONS_PER_ROOM=2)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room(seats=4)
        one, two, three = [await room.member() for _ in range(3)]
        tag = (await ask(three)).headers["ETag"]
        task = await waiting(one, tag)
        async with two.line() as line:
            refused = await ask(three, tag, 25)
            assert refused.json()["error"]["code"] == "too_many"
            # What doesn't wait counts as any other request.
            assert (await ask(three, tag)).status_code == 304
            # Who goes away waits no longer.
            task.cancel()

            async def is_admitted() -> bool:
                return (await ask(three, tag, 1)).status_code == 304

            await until(is_admitted)
            assert (await line.ask("ping"))["type"] == "ok"


async def test_one_member_who_waits_often_takes_no_place_of_the_others(serve):
    server: Program = serve(CONNECTIONS_PER_ROOM=6)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room(seats=3)
        one, two = [await room.member() for _ in range(2)]
        tag = (await ask(one)).headers["ETag"]
        waits = [asyncio.create_task(ask(one, tag, 25)) for _ in range(8)]
        refused = [(await each).json()["error"]["code"] for each in await ended(waits, 4)]
        assert refused == ["too_many"] * 4
        async with two.line() as line:
            assert (await line.ask("ping"))["type"] == "ok"
            assert (await ask(two, tag, 1)).status_code == 304
        # Every place is given back.
        for each in waits:
            each.cancel()

        async def is_admitted() -> bool:
            return (await ask(one, tag, 1)).status_code == 304

        await until(is_admitted)


async def ended(
    tasks: "list[asyncio.Task[httpx.Response]]", count: int
) -> "list[asyncio.Task[httpx.Response]]":
    """The first `count` of these that end."""

    async def are_enough() -> bool:
        return sum(each.done() for each in tasks) >= count

    await until(are_enough)
    return [each for each in tasks if each.done()]


async def test_a_stopping_server_answers_who_waits_at_once(serve):
    server: Program = serve(DRAIN_SECONDS=0)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        member = await room.member()
        tag = (await ask(member)).headers["ETag"]
        task = await waiting(member, tag)
        server.signal(signal.SIGTERM)
        answer = await asyncio.wait_for(task, 10)
        assert (answer.status_code, answer.headers["ETag"]) == (304, tag)
        assert server.wait() == 0
