"""A message from post to destruction, over both ways in, and what everybody is told."""

from support.people.raw_client import Client, Member, Message, text


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


async def test_everybody_is_told_every_step_over_sockets(client: Client):
    room = await client.room()
    author, reader = await room.member(), await room.member()
    message = Message()
    async with author.line() as writing, reader.line() as reading:
        for line in (writing, reading):
            await line.settle()
        receipt = await writing.ask("post", **message.post)
        assert (receipt["type"], receipt["state"], receipt["sequence"]) == ("ok", "stored", 1)
        for line in (writing, reading):
            notice = await line.event("notice")
            assert (notice["id"], notice["state"]) == (message.id, "stored")

        opened = await reading.ask("open", id=message.id)
        assert opened["envelope"] == message.envelope
        for line in (writing, reading):
            lease = await line.event("opened")
            assert (lease["id"], lease["member"]) == (message.id, reader.id)
            assert lease["lease_until"] == opened["lease_until"]

        viewed = await reading.ask("ack", id=message.id, viewing=message.viewing)
        assert viewed == {"type": "ok", "ref": viewed["ref"], "id": message.id, "state": "viewed"}
        for line in (writing, reading):
            destroyed = await line.event("destroyed")
            assert abs(destroyed.pop("ended_at") - opened["now"]) < 60_000
            assert destroyed == {
                "type": "destroyed",
                "id": message.id,
                "state": "viewed",
                "viewing": message.viewing,
                "member": reader.id,
                "opened": 1,
            }
        assert await writing.settle() == []
        assert await reading.settle() == []


async def test_a_room_is_made_joined_and_entered_over_a_socket_alone(client: Client):
    room = await client.room()
    room.locator = text(32)
    member = Member(room)
    resume = {"token": text(32), "key": text(32)}
    async with room.line() as line:
        made = await line.ask("create", locator=room.locator, charter=room.charter, mac=room.mac)
        assert (made["type"], made["charter"], made["seats_taken"]) == ("ok", room.charter, 0)
        joined = await line.ask(
            "join",
            locator=room.locator,
            token=member.token,
            member=member.id,
            profile=text(256),
            resume=resume,
        )
        assert [one["member"] for one in joined["members"]] == [member.id]
        assert (await line.ask("resume", resume=resume["token"]))["key"] == resume["key"]
        welcome = await line.ask("hello", locator=room.locator, token=member.token)
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
        assert [one["id"] for one in (await line.ask("messages"))["notices"]] == [message.id]
        described = await line.ask("room")
        assert {one["member"] for one in described["members"]} == {member.id, other.id}
        assert described["locked"] is False
        assert (await line.ask("lock", locked=True))["locked"] is True
        assert (await watching.event("locked"))["locked"] is True
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
        code, frames = await line.end()
        assert code == 4410
        assert [frame for frame in frames if frame["type"] == "closed"] == [
            {"type": "closed", "reason": "destroyed", "member": member.id}
        ]


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
