"""How sockets live and end: silence, floods, slow readers, newer sockets, lost seats, restarts."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest
from support.machines.server import AT_ANY_PACE, Program
from support.people.raw_client import Client, Member, Message, text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ephemeral.protocol.limits import ENVELOPE_MAX

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


@pytest.mark.parametrize("raised", [0, 1], ids=["as high", "higher"])
async def test_a_socket_whose_generation_is_no_lower_takes_over_with_4409(
    server: Program, raised: int
):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with other.line() as watching, member.line() as older:
            member.generation += raised - 1
            async with member.line() as newer:
                code, frames = await older.end()
                assert (code, why(frames)) == (4409, "replaced")
                assert (await newer.ask("ping"))["type"] == "ok"
                state = await other.look()
                assert {one["present"] for one in state["members"]} == {True}
            # Only the end of the newer one begins the grace.
            await watching.take(lambda one: one["type"] == "presence" and not one["present"])


async def test_a_hello_of_a_lower_generation_is_turned_away_whenever_it_comes(server: Program):
    """A client gave it up before it had arrived. The count is kept with the seat: for ever."""
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        late = member.greeting
        async with room.line() as line, member.line() as newer:
            refused = await line.ask("hello", **late)
            assert refused["error"]["code"] == "replaced"
            assert await line.end() == (4409, []), "it is told once"
            assert (await newer.ask("ping"))["type"] == "ok"
            state = await other.look()
            assert [one["present"] for one in state["members"] if one["member"] == member.id] == [
                True
            ]
        server.stop()
        server.start()
        async with room.line() as line:
            assert (await line.ask("hello", **late))["error"]["code"] == "replaced"
        again = await member.join()
        assert (again.status_code, again.json()["generation"]) == (200, member.generation)


async def test_joining_and_resuming_say_how_far_the_generations_of_a_seat_have_come(
    server: Program,
):
    async with of(server) as client:
        room = await client.room()
        member, pair = Member(room), {"token": text(32), "key": text(32)}
        assert (await member.join(resume=pair)).json()["generation"] == 0
        member.generation = 41
        async with member.line():
            pass
        resumed = await client.api.post(
            "/room/members", headers={"Ephemeral-Resume": pair["token"]}
        )
        assert resumed.json() == {"key": pair["key"], "generation": 42}


async def test_leaving_by_another_way_closes_the_socket_with_4401(server: Program):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with member.line() as line, other.line() as watching:
            assert (await member.http("DELETE", "/room/members")).status_code == 204
            code, frames = await line.end()
            assert (code, why(frames)) == (4401, "seat_unknown")
            assert (await watching.event("left"))["member"] == member.id


@pytest.mark.parametrize(("code", "seconds"), [(1001, 5), (1000, 60)], ids=["with", "alone"])
async def test_a_socket_that_is_closed_with_its_tab_holds_its_seat_for_five_seconds(
    server: Program, code: int, seconds: int
):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with other.line() as watching:
            async with member.line() as line:
                assert (await Member(room).join()).json()["error"]["retry_after"] is None
                await line.socket.close(code)
            await watching.take(lambda one: one["type"] == "presence" and not one["present"])
            full = (await Member(room).join()).json()["error"]
            assert full["code"] == "room_full"
            assert seconds - 4 <= full["retry_after"] <= seconds


async def test_the_end_of_a_room_closes_every_socket_with_4410_and_is_told_once(server: Program):
    async with of(server) as client:
        room = await client.room(seats=3)
        members = [await room.member() for _ in range(3)]
        async with members[0].line() as one, members[1].line() as two:
            assert (await members[2].http("DELETE", "/room")).status_code == 204
            for line in (one, two):
                code, frames = await line.end()
                closed = {"type": "closed", "reason": "destroyed", "member": members[2].id}
                assert (code, frames[-1]) == (4410, closed)
                assert "error" not in {frame["type"] for frame in frames}


@pytest.mark.parametrize(("wish", "code"), [("leave", 1000), ("destroy", 4410)])
async def test_whoever_ends_its_own_socket_is_told_by_the_answer_alone(
    server: Program, wish: str, code: int
):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with other.line() as watching, member.line() as line:
            await line.settle()
            # What is asked behind it is not done any more.
            refs = await line.send_all([(wish, {}), ("post", Message().post)])
            assert await line.end() == (code, [{"type": "ok", "ref": refs[0]}])
            told = await watching.event({"leave": "left", "destroy": "closed"}[wish])
            assert told["member"] == member.id


async def test_a_member_that_does_not_read_is_dropped_with_4413_and_stalls_nobody(serve: Serve):
    server = serve(**AT_ANY_PACE)
    async with of(server) as client:
        room = await client.room(seats=3)
        slow, author = await room.member(), await room.member()
        async with author.line() as writing:
            large = [Message(ENVELOPE_MAX) for _ in range(60)]
            for message in large:
                await writing.send("post", **message.post)
            await writing.settle()
            async with connect(
                server.ws_url,
                subprotocols=["ephemeral.v1"],
                compression=None,
                max_size=None,
                max_queue=1,
                ping_interval=None,
            ) as stuck:
                hello = {"type": "hello", "ref": 0, **slow.greeting}
                await stuck.send(json.dumps([hello]))
                for message in large:
                    opens = [{"type": "open", "ref": 1, "id": message.id}]
                    await stuck.send(json.dumps(opens))
                await writing.take(lambda one: one["type"] == "presence" and one["present"])
                gone = {"type": "presence", "member": slow.id, "present": False}
                for _ in range(500):
                    for _ in range(100):
                        await writing.socket.send('[{"type":"typing","typing":true}]')
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


async def test_the_frames_of_one_message_are_taken_in_order_and_answered_each(server: Program):
    """Those that wait for the database, those that are batched, and those that are refused."""
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        messages = [Message() for _ in range(3)]
        async with member.line() as line, other.line() as watching:
            await line.settle()
            asked: list[tuple[str, dict[str, object]]] = [
                ("post", messages[0].post),
                ("lock", {"locked": True}),
                ("open", {"id": text(16)}),
                ("status", {"ids": [messages[0].id, messages[1].id]}),
                ("post", messages[1].post),
                ("post", Message(500).post),
                ("ping", {}),
                ("lock", {"locked": False}),
                *[("typing", {"typing": True})] * 20,
                ("post", messages[2].post),
                ("ping", {}),
            ]
            refs = await line.send_all(asked)
            answers = [await line.take(lambda one: "ref" in one) for _ in asked]
            by_ref = {one["ref"]: one for one in answers}
            assert sorted(by_ref) == refs
            said = [by_ref[ref] for ref in refs]
            codes = [one.get("error", {}).get("code") for one in said]
            assert {code: codes.index(code) for code in codes if code} == {
                "message_unknown": 2, "envelope_size": 5,
            }  # fmt: skip
            assert [said[at]["locked"] for at in (1, 7)] == [True, False]
            order = [one["ref"] for one in answers]
            awaited = [
                refs[at] for at, (kind, _) in enumerate(asked) if kind not in {"post", "open"}
            ]
            assert [ref for ref in order if ref in awaited] == awaited
            # A ping is answered behind all that came before it, in its own message too.
            assert set(order[: order.index(refs[6])]) == set(refs[:6])
            waiting = [one["id"] for one in await other.waiting()]
            assert waiting == [one.id for one in messages]
            assert (await watching.ask("ping"))["type"] == "ok"


async def test_every_frame_of_a_message_is_charged(serve: Serve):
    server = serve(FRAMES_PER_SECOND=1, FRAMES_BURST=20)
    async with of(server) as client:
        room = await client.room()
        member = await room.member()
        async with member.line() as line:
            await line.send_all([("ping", {})] * 10)
            await line.send_all([("post", Message().post)] + [("ping", {})] * 10)
            code, frames = await line.end()
            assert (code, why(frames)) == (4429, "too_many")
        assert await member.waiting() == [], "of the message that was too much nothing is done"


async def test_typing_without_a_ref_has_no_answer_and_reaches_only_others(server: Program):
    async with of(server) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        async with member.line() as line, other.line() as watching:
            await line.socket.send('[{"type":"typing","typing":true}]')
            event = await watching.event("typing")
            assert event == {"type": "typing", "member": member.id, "typing": True}
            kinds = {one["type"] for one in await line.settle()}
            assert kinds == {"welcome", "presence"}


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
