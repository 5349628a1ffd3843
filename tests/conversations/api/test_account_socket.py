"""An account's socket at a server that runs: who is let in, what is told, how it ends."""

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import asyncpg
import pytest
from support.machines.database import Server as Postgres
from support.machines.server import Program
from support.people.account_people import AccountHolder
from support.people.raw_client import Line
from support.people.talkers import Talk, befriend, hello, listening, silent
from websockets.exceptions import ConnectionClosed

from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.limits import FRAME_MAX

Serving = Callable[..., Program]
TOKEN = "metrics-" + "x" * 32


@pytest.fixture
async def pair(shared_server: Program) -> AsyncIterator[tuple[AccountHolder, AccountHolder]]:
    """Two who are contacts, with a device each."""
    async with AccountHolder(shared_server.url) as one, AccountHolder(shared_server.url) as two:
        for each in (one, two):
            await each.found()
        await befriend(one, two)
        yield one, two


def places(frame: dict[str, Any]) -> list[int]:
    return [one["s"] for one in frame["entries"]]


async def entries(line: Line, place: int) -> list[dict[str, Any]]:
    """All that is told of a log up to a place."""
    told: list[dict[str, Any]] = []
    while not told or told[-1]["s"] < place:
        frame = await line.event("entry")
        assert frame["s"] == places(frame)[-1]
        told += frame["entries"]
    return told


async def test_what_one_posts_the_other_is_told_as_it_was_written(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, two = pair
    talk = await Talk.found(one, two)
    async with listening(one, one.machines[0]) as (here, first), \
            listening(two, two.machines[0]) as (there, _):  # fmt: skip
        stands = {"conversation": talk.name, "s": 1, "epoch": 1}
        assert first["conversations"] == [stands]
        entry = await talk.say(here, one.machines[0])
        assert talk.record is not None
        for line in (here, there):
            told = await line.event("entry")
            assert {key: told[key] for key in ("conversation", "s", "hash", "epoch", "record")} == {
                "conversation": talk.name, "s": 2, "hash": b64encode(talk.log.hash), "epoch": 1,
                "record": b64encode(talk.record.hash),
            }  # fmt: skip
            (item,) = told["entries"]
            assert item["entry"] == b64encode(entry)
        # What came by HTTP is told as well, and is the same.
        entry, _ = talk.message(two.machines[0])
        body = talk.post(entry)
        del body["conversation"]
        await two.ask(two.machines[0], "POST", f"/chatrooms/{talk.name}/message", body)
        talk.stored(two.machines[0], entry)
        (item,) = (await here.event("entry"))["entries"]
        path = f"/chatrooms/{talk.name}/messages"
        read = await one.ask(one.machines[0], "GET", f"{path}?after=2")
        assert read["entries"] == [item]


async def test_the_same_post_again_has_the_first_answer_and_is_told_once(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, two = pair
    talk = await Talk.found(one, two)
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (there, _):  # fmt: skip
        entry, _ = talk.message(one.machines[0])
        answers = [await here.ask("post", **talk.post(entry)) for _ in range(2)]
        assert answers[0]["stored"] == answers[1]["stored"]
        talk.stored(one.machines[0], entry)
        await talk.say(here, one.machines[0])
        assert [each["s"] for each in await entries(there, 3)] == [2, 3]


async def test_receipts_and_typing_are_told_and_typing_is_told_to_others_alone(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, two = pair
    talk = await Talk.found(one, two)
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (there, _):  # fmt: skip
        await talk.say(here, one.machines[0])
        ours = b64encode(two.machines[0].id)
        assert (await there.ask("ack", conversation=talk.name, cursor=2))["cursor"] == 2
        told = await here.event("receipt")
        assert told == {
            "type": "receipt", "conversation": talk.name,
            "receipts": [{"device": ours, "cursor": 2}],
        }  # fmt: skip
        # Who wasn't there finds it by HTTP, as it stands.
        path = f"/chatrooms/{talk.name}/devices"
        stand = (await one.ask(one.machines[0], "GET", path))["cursors"]
        assert {each["device"]: each["cursor"] for each in stand} == {
            ours: 2, b64encode(one.machines[0].id): 1,
        }  # fmt: skip
        # Twice within a second is told once.
        for _ in range(2):
            await there.ask("typing", conversation=talk.name)
        told = await here.event("typing")
        assert told == {"type": "typing", "conversation": talk.name, "device": ours}
        await there.socket.send(json.dumps([{"type": "typing", "conversation": talk.name}]))
        # A signal as it is, and it has no answer unless one is asked for.
        signal = {"type": "signal", "conversation": talk.name, "sealed": b64encode(bytes(512))}
        await there.socket.send(json.dumps([signal]))
        assert await here.event("signal") == signal | {"device": ours}
        left = [each["type"] for each in [*await there.settle(), *await here.settle()]]
        assert not {"typing", "signal", "error"} & set(left)


async def test_somebody_who_is_added_is_told_of_the_conversation_and_of_what_follows(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, two = pair
    talk = await Talk.found(one)
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (there, welcome):  # fmt: skip
        assert welcome["conversations"] == []
        await talk.renew(one, come=two)
        assert (await here.event("epoch"))["epoch"] == 2
        assert [each["kind"] for each in await entries(here, 2)] == [1]
        told = await there.event("conversations")
        assert told["come"] == [{"conversation": talk.name, "s": 2, "epoch": 2}]
        entry = await talk.say(here, one.machines[0])
        assert (await entries(there, 3))[-1]["entry"] == b64encode(entry)
        # And who is removed is told that, and nothing that is written from then on.
        await talk.renew(one, remove=frozenset({two.chain.id}))
        assert (await there.event("conversations"))["gone"] == [talk.name]
        await talk.say(here, one.machines[0])
        assert "entry" not in [each["type"] for each in await there.settle()]
        entry, _ = talk.message(two.machines[0])
        for kind, fields in (
            ("typing", {"conversation": talk.name}),
            ("ack", {"conversation": talk.name, "cursor": 1}),
            ("post", talk.post(entry)),
        ):
            refused = await there.ask(kind, **fields)
            assert refused["error"]["code"] == "not_found", kind


async def test_a_device_that_was_just_linked_is_told_places_without_what_is_written_there(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, two = pair
    talk = await Talk.found(one, two)
    async with listening(one, one.machines[0]) as (here, _):
        added = await two.link(two.machines[0])
        assert (await here.event("people"))["conversation"] == talk.name
        async with listening(two, added) as (there, welcome):
            assert [each["s"] for each in welcome["conversations"]] == [1]
            refused = await here.ask("post", **talk.post(talk.message(one.machines[0])[0]))
            assert refused["error"]["code"] == "rekey_required"
            await talk.renew(one)
            (item,) = await entries(there, 2)
            assert item["entry"], "the record that lists it"
            entry = await talk.say(here, one.machines[0])
            assert (await entries(there, 3))[-1]["entry"] == b64encode(entry)


async def test_who_asks_to_be_a_contact_and_what_becomes_of_it_is_told(
    pair: tuple[AccountHolder, AccountHolder], shared_server: Program
):
    one, _ = pair
    async with AccountHolder(shared_server.url) as third:
        machine = await third.found()
        await third.ask(machine, "PUT", "/contacts/findable", {"findable": True})
        async with listening(third, machine) as (there, _):
            body = {"address": third.address, "own": one.address}
            await one.ask(one.machines[0], "POST", "/contacts/requests", body)
            assert await there.event("contact") == {"type": "contact"}
            async with listening(one, one.machines[0]) as (here, _):
                path = f"/contacts/{b64encode(one.account)}"
                await third.ask(machine, "PUT", path, {"state": "accepted"})
                await here.event("contact")
                # From now on each hears when the other's devices are others.
                await third.link(machine)
                told = await here.event("chain")
                assert told == {"type": "chain", "chain": b64encode(third.chain.id)}
                await there.event("device")


BAD_FRAMES: dict[str, dict[str, Any]] = {
    "type": {"type": "withdraw"},
    "no type": {"conversation": "A" * 22},
    "no ref": {"type": "ack", "ref": None, "conversation": "A" * 22, "cursor": 1},
    "more than is asked for": {"type": "typing", "conversation": "A" * 22, "device": "A" * 22},
    "no conversation": {"type": "post", "entries": ["A"]},
    "id": {"type": "typing", "conversation": "A" * 21},
    "many messages": {"type": "post", "conversation": "A" * 22, "entries": ["AAAA"] * 17},
    "too long": {"type": "signal", "conversation": "A" * 22, "sealed": "A" * 684},
    "empty": {"type": "signal", "conversation": "A" * 22, "sealed": ""},
    "none": {"type": "post", "conversation": "A" * 22, "entries": []},
    "cursor": {"type": "ack", "conversation": "A" * 22, "cursor": -1},
    "hello again": {"type": "hello", "token": "x", "proof": "x"},
}


async def test_a_frame_that_has_not_its_form_ends_the_socket(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, _ = pair
    for name, frame in BAD_FRAMES.items():
        async with listening(one, one.machines[0]) as (line, _):
            await line.socket.send(json.dumps([{"ref": 9, **frame}]))
            code, frames = await line.end()
            assert (code, frames[-1]["ref"]) == (4400, None), name
            assert frames[-1]["error"]["code"] == "malformed", name


@pytest.mark.parametrize(
    ("way", "code", "close"),
    [("revoked", "device_revoked", 4403), ("signed out", "session_ended", 4401)],
)
async def test_when_a_session_ends_its_socket_is_closed_at_once(
    pair: tuple[AccountHolder, AccountHolder], way: str, code: str, close: int
):
    _, two = pair
    other = await two.link(two.machines[0])
    async with listening(two, two.machines[0]) as (stays, _), listening(two, other) as (line, _):
        if way == "revoked":
            await two.revoke(two.machines[0], other)
        else:
            body = {"refresh_token": other.signed_in.refresh}
            await two.ask(other, "POST", "/auth/logout", body)
        ended, frames = await line.end()
        assert (ended, frames[-1]["ref"], frames[-1]["error"]["code"]) == (close, None, code)
        assert (await stays.ask("ping"))["type"] == "ok"


async def test_a_greeting_that_proves_nothing_is_refused_and_the_socket_closed(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, _ = pair
    machine = one.machines[0]
    said = hello(one, machine)
    another = hello(one, machine, "/chatrooms")
    one.now -= 120_000
    old = hello(one, machine)
    for greeting, code in (
        ({**said, "token": "no token"}, "unauthorized"),
        ({**said, "token": said["token"] + "A"}, "unauthorized"),
        ({**said, "proof": "1.x"}, "proof_wrong"),
        ({**said, "proof": another["proof"]}, "proof_wrong"),
        ({**said, "proof": old["proof"]}, "proof_wrong"),
    ):
        async with silent(one.url) as line:
            refused = await line.ask("hello", **greeting)
            assert refused["error"]["code"] == code
            assert await line.end() == (4401, [])


async def test_a_session_without_a_device_has_no_socket(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, _ = pair
    machine = await one.sign_in()
    async with silent(one.url) as line:
        refused = await line.ask("hello", **hello(one, machine))
        assert refused["error"]["code"] == "device_required"
        assert await line.end() == (4401, [])


async def test_the_fifth_socket_of_a_device_is_one_too_many_until_another_has_gone(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, _ = pair
    machine = one.machines[0]
    async with AsyncExitStack() as stack:
        lines = [(await stack.enter_async_context(listening(one, machine)))[0] for _ in range(4)]
        async with silent(one.url) as line:
            refused = await line.ask("hello", **hello(one, machine))
            assert refused["error"]["code"] == "too_many"
            assert await line.end() == (4429, [])
        await lines[0].socket.close()
        async with asyncio.timeout(10):
            while True:
                async with silent(one.url) as line:
                    if (await line.ask("hello", **hello(one, machine)))["type"] == "welcome":
                        break


async def test_what_an_account_says_is_counted_together_whatever_sockets_it_comes_by(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, _ = pair
    second = await one.link(one.machines[0])
    talk = await Talk.found(one)
    begun = time.monotonic()

    def most() -> float:
        """At once, and what has come since; the last ones are counted before they are answered."""
        return 120 * (1 + (time.monotonic() - begun) / 60) + 1

    async with listening(one, one.machines[0]) as (here, _), listening(one, second) as (there, _):
        lines = [(here, one.machines[0]), (there, second)]
        posted = 0
        while True:
            line, machine = lines[posted // 15 % 2]
            answer = await line.ask("post", **talk.post(*[talk.message(machine)[0]] * 15))
            if answer["type"] == "error":
                break
            posted += 15
            assert posted <= most()
        assert answer["error"]["code"] == "too_many"
        assert 0 < answer["error"]["retry_after"] <= 60
        # That somebody is writing counts too.
        begun, said = time.monotonic(), []
        for turn in range(8):
            line, _ = lines[turn % 2]
            refs = await line.send_all([("typing", {"conversation": talk.name})] * 32)
            said += [(await line.answer(ref))["type"] for ref in refs]
        assert said.count("ok") <= most()
        assert "error" in said


async def test_a_post_holds_one_message_of_the_largest_size_and_no_more(
    pair: tuple[AccountHolder, AccountHolder],
):
    one, two = pair
    talk = await Talk.found(one, two)
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (there, _):  # fmt: skip
        entry = await talk.say(here, one.machines[0], 32_768)
        assert (await entries(there, 2))[0]["entry"] == b64encode(entry)
        # Two are more than a message may have.
        pair_of = [talk.message(one.machines[0], 32_768)[0] for _ in range(2)]
        frame = json.dumps([{"type": "post", "ref": 99, **talk.post(*pair_of)}])
        assert len(frame) > FRAME_MAX
        await here.socket.send(frame)
        assert (await here.end())[0] == 1009


# --- a server of their own ------------------------------------------------------------------------


async def test_who_does_not_read_is_dropped_with_4413_and_stalls_nobody(serve: Serving):
    server = serve(ACCOUNT_REQUESTS_PER_ACCOUNT="off", FRAMES_BURST=100_000, METRICS_TOKEN=TOKEN)
    async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
        for each in (one, two):
            await each.found()
        await befriend(one, two)
        talk = await Talk.found(one, two)
        slow, writer = two.machines[0], one.machines[0]
        async with (
            listening(one, writer) as (here, _),
            listening(two, slow, most=1) as (stuck, _),
        ):
            for _ in range(400):
                await talk.say(here, writer, 32_768)
                here.frames.clear()
                if (await _sockets(one)) == 1:
                    break
            else:
                pytest.fail("it is still there")
            async with asyncio.timeout(20):
                with suppress(ConnectionClosed):
                    while True:
                        await stuck.socket.recv()
            assert stuck.socket.close_code == 4413
            # And finds everything by HTTP.
            path = f"/chatrooms/{talk.name}/messages?after={talk.log.place - 1}"
            assert len((await two.ask(slow, "GET", path))["entries"]) == 1


async def _sockets(holder: AccountHolder) -> int:
    """How many the server has."""
    answer = await holder.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    found = re.search(r"^ephemeral_sockets (\d+)", answer.text, re.MULTILINE)
    assert found is not None
    return int(found[1])


async def test_a_server_that_stops_or_is_killed_leaves_nothing_untold(server: Program):
    async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
        for each in (one, two):
            await each.found()
        await befriend(one, two)
        talk = await Talk.found(one, two)
        async with listening(one, one.machines[0]) as (here, _):
            await talk.say(here, one.machines[0])
            server.signal(signal.SIGTERM)
            assert (await here.end())[0] == 1012
        assert server.wait() == 0
        server.start()
        async with listening(one, one.machines[0]) as (here, welcome):
            assert welcome["conversations"][0]["s"] == 2
            entry, _ = talk.message(one.machines[0])
            await here.send("post", **talk.post(entry))
            server.kill()
            await here.end()
        server.start()
        async with listening(one, one.machines[0]) as (here, _), \
                listening(two, two.machines[0]) as (_, welcome):  # fmt: skip
            # It was stored or it wasn't; asked again it is, once.
            (stored,) = (await here.ask("post", **talk.post(entry)))["stored"]
            assert stored["s"] == 3
            talk.stored(one.machines[0], entry)
            path = f"/chatrooms/{talk.name}/messages?after=2"
            (item,) = (await two.ask(two.machines[0], "GET", path))["entries"]
            assert item["entry"] == b64encode(entry)
            await talk.say(here, one.machines[0])


async def test_who_is_writing_stands_in_no_table_and_no_log(serve: Serving, postgres: Postgres):
    """All that a server has written about it, before and after, is the same."""
    with postgres.database() as database:
        server = serve(database=database)
        async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
            for each in (one, two):
                await each.found()
            await befriend(one, two)
            talk = await Talk.found(one, two)
            async with listening(one, one.machines[0]) as (here, _), \
                    listening(two, two.machines[0]) as (there, _):  # fmt: skip
                before = await _written(database), server.output()
                await there.ask("typing", conversation=talk.name)
                await here.event("typing")
                assert (await _written(database), server.output()) == before


async def _written(database: str) -> dict[str, list[str]]:
    """All rows of conversations."""
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'accounts' AND table_type = 'BASE TABLE'"
        )
        return {
            name: [str(row) for row in await connection.fetch(f"SELECT * FROM accounts.{name}")]
            for (name,) in tables
        }
    finally:
        await connection.close()
