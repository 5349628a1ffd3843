"""A message from post to destruction, over both ways in, and what everybody is told."""

import json
from contextlib import AsyncExitStack

import pytest
from support.people.raw_client import Client, Member, Message, Room, text


async def test_a_message_is_posted_opened_acknowledged_and_gone_over_http(client: Client):
    room = await client.room()
    author, reader = await room.member(), await room.member()
    message = Message()
    posted = await author.post(message)
    assert posted.status_code == 201
    assert posted.json()["state"] == "stored"
    again = await author.post(message)
    assert (again.status_code, again.json()) == (200, posted.json())

    [notice] = (await reader.http("GET", "/room/messages")).json()["notices"]
    assert (notice["id"], notice["author"], notice["size"]) == (message.id, author.id, 512)
    opened = await reader.open(message)
    assert opened.status_code == 200
    assert opened.json()["envelope"] == message.envelope

    acknowledged = await reader.acknowledge(message)
    assert acknowledged.json() == {"id": message.id, "state": "viewed"}
    assert (await reader.acknowledge(message)).json() == acknowledged.json()
    assert (await reader.http("GET", "/room/messages")).json()["notices"] == []
    gone = await reader.open(message)
    assert (gone.status_code, gone.json()["error"]["state"]) == (410, "viewed")
    status = await author.http("POST", "/room/messages/status", json={"ids": [message.id]})
    [receipt] = status.json()["receipts"]
    assert (receipt["state"], receipt["viewing"]) == ("viewed", message.viewing)


STEPS = (
    # Who does what to the message, by which frame, and what tells the others.
    ("author", "post", "notice"),
    ("reader", "open", "opened"),
    ("reader", "release", "stored"),
    ("reader", "open", "opened"),
    ("reader", "ack", "acknowledged"),
    ("other", "open", "opened"),
    ("other", "ack", "destroyed"),
    ("author", "post", "notice"),
    ("author", "withdraw", "destroyed"),
    ("reader", "lock", "locked"),
)


@pytest.mark.parametrize("socket", [True, False], ids=["on its socket", "over HTTP"])
async def test_what_one_does_is_told_by_the_answer_or_else_by_an_event_and_to_the_others_always(
    client: Client, socket: bool
):
    room = await client.room(seats=3, policy=2)
    members = {name: await room.member() for name in ("author", "reader", "other")}
    message = Message()
    async with AsyncExitStack() as stack:
        lines = {name: await stack.enter_async_context(one.line()) for name, one in members.items()}
        for who, kind, event in STEPS:
            if kind == "post":
                message = Message()
            for line in lines.values():
                await line.settle()
            fields = {"post": message.post, "lock": {"locked": True}}.get(kind, {"id": message.id})
            if kind == "ack":
                fields = {"id": message.id, "viewing": message.viewing}
            if socket:
                assert (await lines[who].ask(kind, **fields))["type"] == "ok"
            else:
                path = f"/room/messages/{message.id}"
                method, path, body = {
                    "post": ("POST", "/room/messages", message.post),
                    "open": ("POST", f"{path}/open", None),
                    "release": ("POST", f"{path}/release", None),
                    "ack": ("POST", f"{path}/ack", {"viewing": message.viewing}),
                    "withdraw": ("DELETE", path, None),
                    "lock": ("PATCH", "/room", fields),
                }[kind]
                assert (await members[who].http(method, path, json=body)).is_success
            told = {name: await line.settle() for name, line in lines.items()}
            frames = [told[name] for name in told if name != who or not socket]
            assert [[one["type"] for one in each] for each in frames] == [[event]] * len(frames)
            assert len({json.dumps(each) for each in frames}) == 1
            assert not socket or told[who] == []


async def test_a_room_is_made_and_joined_over_http_and_entered_over_a_socket(client: Client):
    room = Room(client.api, client.ws_url)
    made = (await room.create()).json()
    assert (made["charter"], made["seats_taken"]) == (room.charter, 0)
    member = Member(room)
    resume = {"token": text(32), "key": text(32)}
    joined = (await member.join(profile=text(256), resume=resume)).json()
    assert [one["member"] for one in joined["members"]] == [member.id]
    assert joined["now"] == joined["room"]["now"]
    async with member.line() as line:
        [welcome] = line.frames
        assert (welcome["type"], welcome["member"]) == ("welcome", member.id)
        assert welcome["members"][0]["present"] is True
        assert welcome["room"]["joins"] == 1
        assert welcome["now"] == welcome["room"]["now"]


async def test_everything_that_can_be_asked_over_a_socket_is_answered(client: Client):
    room = await client.room(seats=3)
    member, other = await room.member(), await room.member()
    message = Message()
    async with member.line() as line, other.line() as watching:
        await line.ask("post", **message.post)
        assert (await watching.ask("open", id=message.id))["type"] == "ok"
        released = await watching.ask("release", id=message.id)
        assert (released["id"], released["state"]) == (message.id, "stored")
        stored = await line.event("stored")
        assert (stored["id"], stored["returns"], released["returns"]) == (message.id, 1, 1)
        withdrawn = Message()
        await line.ask("post", **withdrawn.post)
        taken_back = await line.ask("withdraw", id=withdrawn.id)
        assert (taken_back["state"], taken_back["opened"]) == ("withdrawn", 0)
        assert (await watching.event("destroyed"))["state"] == "withdrawn"
        status = await line.ask("status", ids=[message.id, text(16)])
        assert [one["state"] for one in status["receipts"]] == ["stored", "unknown"]
        assert (await line.ask("lock", locked=True))["locked"] is True
        locked = await watching.event("locked")
        assert (locked["locked"], locked["member"]) == (True, member.id)
        assert (await line.ask("typing", typing=True))["type"] == "ok"
        assert await watching.event("typing") == {
            "type": "typing",
            "member": member.id,
            "typing": True,
        }
        assert "typing" not in {frame["type"] for frame in await line.settle()}
        assert (await watching.ask("leave"))["type"] == "ok"
        assert (await watching.end())[0] == 1000
        assert (await line.event("left"))["member"] == other.id
        assert (await line.ask("destroy"))["type"] == "ok"
        assert (await line.end())[0] == 4410


async def test_what_happens_between_hello_and_welcome_is_not_lost(client: Client):
    room = await client.room(seats=20)
    watcher, author = await room.member(), await room.member()
    messages = [Message() for _ in range(40)]
    async with author.line() as writing:
        for message in messages[:20]:
            await writing.send("post", **message.post)
        async with watcher.line() as line:
            for message in messages[20:]:
                await writing.send("post", **message.post)
            await writing.settle()
            frames = await line.settle()
            known = {one["id"] for one in frames[0]["notices"]}
            known |= {frame["id"] for frame in frames if frame["type"] == "notice"}
            assert known == {message.id for message in messages}
