"""How sockets live and end: silence, floods, slow readers, newer sockets, lost seats, restarts."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import suppress

from support.machines.server import AT_ANY_PACE, Program
from support.people.raw_client import Client, Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Serve = Callable[..., Program]


def of(server: Program) -> Client:
    return Client(server.url, server.ws_url)


def why(frames: list[dict[str, object]]) -> object:
    """The code of the error frame that came last, which has no ref."""
    assert (frames[-1]["type"], frames[-1]["ref"]) == ("error", None)
    return frames[-1]["error"]["code"]


async def test_a_socket_that_says_nothing_is_closed_with_4408(serve: Serve):
    server = serve(HELLO_SECONDS=1)
    async with of(server) as client:
        room = await client.room()
        async with room.line() as line:
            code, frames = await line.end()
            assert (code, why(frames)) == (4408, "unauthorized")
        member = await room.member()
        async with member.line() as line:
            assert (await line.ask("ping"))["type"] == "ok"


async def test_a_socket_that_floods_is_closed_with_4429_and_the_others_stay(serve: Serve):
    server = serve(FRAMES_PER_SECOND=1, FRAMES_BURST=20)
    async with of(server) as client:
        room = await client.room()
        noisy, quiet = await room.member(), await room.member()
        async with quiet.line() as other, noisy.line() as line:
            for _ in range(40):
                await line.send("typing", typing=True)
            code, frames = await line.end()
            assert (code, why(frames)) == (4429, "too_many")
            assert len([one for one in frames if one["type"] == "ok"]) == 19
            assert (await other.ask("ping"))["type"] == "ok"


async def test_one_connection_too_many_is_closed_with_4429(serve: Serve):
    server = serve(CONNECTIONS_MAX=2)
    async with of(server) as client:
        room = await client.room(seats=3)
        members = [await room.member() for _ in range(2)]
        async with members[0].line() as line:
            async with members[1].line(), room.line() as surplus:
                code, frames = await surplus.end()
                assert (code, why(frames)) == (4429, "too_many")
            await line.event("presence")
            # A place is free again as soon as one has gone.
            async with members[1].line() as again:
                assert (await again.ask("ping"))["type"] == "ok"


async def test_a_newer_socket_of_the_same_member_takes_over_with_4409(server: Program):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with other.line() as watching, member.line() as older:
            async with member.line() as newer:
                code, frames = await older.end()
                assert (code, why(frames)) == (4409, "replaced")
                assert (await newer.ask("ping"))["type"] == "ok"
                state = await watching.ask("room")
                assert {one["present"] for one in state["members"]} == {True}
            # Only the end of the newer one begins the grace.
            await watching.take(lambda one: one["type"] == "presence" and not one["present"])


async def test_a_hello_that_comes_late_over_an_older_socket_does_not_close_the_newer_one(
    server: Program,
):
    """A client gave the older one up before its hello had arrived."""
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with other.line() as watching, room.line() as older, member.line() as newer:
            hello = await older.ask("hello", locator=room.locator, token=member.token)
            assert hello["error"]["code"] == "replaced"
            code, frames = await older.end()
            assert (code, why(frames)) == (4409, "replaced")
            assert (await newer.ask("ping"))["type"] == "ok"
            # Nor does its end give the seat up.
            state = await watching.ask("room")
            assert {one["present"] for one in state["members"]} == {True}


async def test_leaving_by_another_way_closes_the_socket_with_4401(server: Program):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with member.line() as line, other.line() as watching:
            assert (await member.http("DELETE", "/room/members")).status_code == 204
            code, frames = await line.end()
            assert (code, why(frames)) == (4401, "seat_unknown")
            assert (await watching.event("left"))["member"] == member.id


async def test_the_end_of_a_room_closes_every_socket_with_4410(server: Program):
    async with of(server) as client:
        room = await client.room(seats=3)
        members = [await room.member() for _ in range(3)]
        async with members[0].line() as one, members[1].line() as two:
            assert (await members[2].http("DELETE", "/room")).status_code == 204
            for line in (one, two):
                code, frames = await line.end()
                assert (code, why(frames)) == (4410, "room_unknown")
                assert {
                    "type": "closed",
                    "reason": "destroyed",
                    "member": members[2].id,
                } in frames


async def test_a_member_that_does_not_read_is_dropped_with_4413_and_stalls_nobody(serve: Serve):
    server = serve(**AT_ANY_PACE)
    async with of(server) as client:
        room = await client.room(seats=3)
        slow, author = await room.member(), await room.member()
        async with author.line() as writing:
            for _ in range(400):
                await writing.send("post", **Message().post)
            await writing.settle()
            async with connect(
                server.ws_url,
                subprotocols=["ephemeral.v1"],
                compression=None,
                max_size=None,
                max_queue=1,
                ping_interval=None,
            ) as stuck:
                hello = {"type": "hello", "ref": 0, "locator": room.locator, "token": slow.token}
                await stuck.send(json.dumps(hello))
                for ref in range(1, 60):
                    await stuck.send(json.dumps({"type": "messages", "ref": ref}))
                await writing.take(lambda one: one["type"] == "presence" and one["present"])
                gone = {"type": "presence", "member": slow.id, "present": False}
                for _ in range(500):
                    for _ in range(100):
                        await writing.socket.send('{"type":"typing","typing":true}')
                    assert (await writing.ask("ping"))["type"] == "ok"
                    if gone in writing.frames:
                        break
                assert gone in writing.frames
                # What was on its way is still there to be read, then the reason.
                async with asyncio.timeout(20):
                    await drained(stuck)
                assert stuck.close_code == 4413


async def drained(socket: ClientConnection) -> None:
    """Read whatever comes until the end."""
    with suppress(ConnectionClosed):
        while True:
            await socket.recv()


async def test_a_stopping_server_closes_sockets_with_1012_and_welcomes_them_again(server: Program):
    async with of(server) as client:
        room = await client.room()
        member = await room.member()
        message = Message()
        async with member.line() as line:
            await line.ask("post", **message.post)
            server.signal(signal.SIGTERM)
            assert (await line.end())[0] == 1012
        assert server.wait() == 0
        server.start()
        async with member.line() as line:
            [welcome] = await line.settle()
            assert [one["id"] for one in welcome["notices"]] == [message.id]


async def test_a_killed_server_forgets_nobody(server: Program):
    async with of(server) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        async with author.line() as line:
            await line.ask("post", **message.post)
            server.kill()
            await line.end()
        server.start()
        async with author.line() as line, reader.line() as other:
            assert (await other.ask("open", id=message.id))["envelope"] == message.envelope
            viewing = {"id": message.id, "viewing": message.viewing}
            assert (await other.ask("ack", **viewing))["state"] == "viewed"
            assert (await line.event("destroyed"))["viewing"] == message.viewing


async def test_many_requests_without_waiting_are_all_answered_and_ping_comes_last(server: Program):
    async with of(server) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        messages = [Message(4096) for _ in range(60)]
        async with author.line() as line, reader.line() as other:
            refs = [await line.send("post", **message.post) for message in messages]
            ping = await line.send("ping")
            await line.answer(ping)
            answered = [one["ref"] for one in line.frames if one["type"] == "ok"]
            assert sorted(answered) == refs
            refs = [await other.send("open", id=message.id) for message in messages]
            await other.ask("ping")
            envelopes = {one["ref"]: one["envelope"] for one in other.frames if "envelope" in one}
            assert [envelopes[ref] for ref in refs] == [one.envelope for one in messages]


async def test_typing_without_a_ref_has_no_answer_and_reaches_only_others(server: Program):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with member.line() as line, other.line() as watching:
            await line.socket.send('{"type":"typing","typing":true}')
            event = await watching.event("typing")
            assert event == {"type": "typing", "member": member.id, "typing": True}
            kinds = {one["type"] for one in await line.settle()}
            assert kinds == {"welcome", "presence"}


async def test_answers_of_ones_own_come_before_the_events_they_cause(server: Program):
    async with of(server) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        messages = [Message() for _ in range(20)]
        async with author.line() as line, reader.line() as other:
            for message in messages:
                await line.ask("post", **message.post)
            await other.settle()
            refs = {await other.send("open", id=one.id): one.id for one in messages}
            await other.ask("ping")
            order = [
                ("answer", refs[one["ref"]]) if "ref" in one else (one["type"], one["id"])
                for one in other.frames
            ]
            for message in messages:
                assert order.index(("answer", message.id)) < order.index(("opened", message.id))


async def test_a_socket_under_a_base_path_is_found_there_alone(serve: Serve):
    server = serve(BASE_PATH="/chat")
    assert server.url.endswith("/chat")
    async with of(server) as client:
        room = await client.room()
        member = await room.member()
        async with member.line() as line:
            assert (await line.ask("ping"))["type"] == "ok"
        root = server.url.removesuffix("/chat")
        for path in ("/config", "/", "/chatter/config", "/room/socket"):
            answer = await client.api.get(f"{root}{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        page = await client.api.get("/")
        assert 'href="/chat/static/' in page.text
        assert (await client.api.get("/static/js/pages/main.js")).status_code == 200


async def test_nothing_of_a_room_is_ever_printed(server: Program):
    async with of(server) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        server.forbid(room.locator, author.token, author.id, message.id, message.viewing)
        async with author.line() as line, reader.line() as other:
            await line.ask("post", **message.post)
            await other.ask("open", id=message.id)
            await other.ask("ack", id=message.id, viewing=message.viewing)
            await line.socket.send("nonsense")
            await line.end()
    assert server.stop() == 0
    assert [line for line in server.output().splitlines() if "Ephemeral" not in line] == []
