"""Who is here, at a server that runs: told to contacts of both sides that have it on, and kept
nowhere."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from support.machines.database import Server as Postgres
from support.machines.server import Program
from support.people.account_people import AccountHolder
from support.people.raw_client import Line
from support.people.talkers import Talk, befriend, listening

from ephemeral.protocol.encoding import b64encode

Serving = Callable[..., Program]
Group = tuple[AccountHolder, AccountHolder, AccountHolder]


@pytest.fixture
async def group(shared_server: Program) -> AsyncIterator[Group]:
    """Two who are contacts of the first, and no contacts of each other."""
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(AccountHolder(shared_server.url)) for _ in range(3)
        ]
        for each in people:
            await each.found()
        one, two, three = people
        await befriend(one, two)
        await befriend(one, three)
        yield one, two, three


def name(holder: AccountHolder) -> str:
    return b64encode(holder.account)


async def show(line: Line, *, on: bool = True) -> list[str]:
    """Switch it; where it is on now, who is here."""
    assert (await line.ask("presence", on=on))["type"] == "ok"
    if not on:
        return []
    told = await line.event("presence")
    assert told["gone"] == []
    return list(told["come"])


async def change(line: Line) -> tuple[list[str], list[str]]:
    told = await line.event("presence")
    return told["come"], told["gone"]


def quiet(frames: list[dict[str, Any]]) -> bool:
    return "presence" not in [each["type"] for each in frames]


async def test_only_contacts_who_have_it_on_see_each_other_as_long_as_they_do(group: Group):
    one, two, three = group
    # That they are in a conversation makes no contacts of the other two.
    await Talk.found(one, two, three)
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (there, _), \
            listening(three, three.machines[0]) as (third, _):  # fmt: skip
        assert await show(here) == []
        # Who has it off neither sees nor is seen.
        assert quiet(await there.settle())
        assert await show(there) == [name(one)]
        assert await change(here) == ([name(two)], [])
        assert await show(third) == [name(one)]
        assert await change(here) == ([name(three)], [])
        await show(there, on=False)
        assert await change(here) == ([], [name(two)])
        await show(here, on=False)
        assert await change(third) == ([], [name(one)])
        assert quiet([*await there.settle(), *await here.settle()])


@pytest.mark.parametrize("way", ["blocked", "removed"])
async def test_a_contact_that_is_blocked_or_removed_sees_a_going_like_any(group: Group, way: str):
    one, two, _ = group
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (there, _):  # fmt: skip
        await show(here)
        assert await show(there) == [name(one)]
        assert await change(here) == ([name(two)], [])
        path = f"/contacts/{name(two)}"
        if way == "blocked":
            await one.ask(one.machines[0], "PUT", path, {"state": "blocked"})
        else:
            await one.ask(one.machines[0], "DELETE", path)
        assert await change(there) == ([], [name(one)])
        assert await change(here) == ([], [name(two)])
        # Nor by switching it off and on again.
        await show(there, on=False)
        assert await show(there) == []


async def test_a_device_that_is_revoked_is_here_no_longer_and_the_others_still_are(group: Group):
    one, two, _ = group
    other = await two.link(two.machines[0])
    async with listening(one, one.machines[0]) as (here, _), \
            listening(two, two.machines[0]) as (stays, _), \
            listening(two, other) as (line, _):  # fmt: skip
        assert await show(here) == []
        assert await show(line) == [name(one)]
        assert await change(here) == ([name(two)], [])
        assert await show(stays) == [name(one)]
        await two.revoke(two.machines[0], other)
        assert (await line.end())[0] == 4403
        assert quiet(await here.settle())
        await show(stays, on=False)
        assert await change(here) == ([], [name(two)])


async def test_switching_it_is_counted_and_a_wrong_frame_ends_the_socket(group: Group):
    one, *_ = group
    async with listening(one, one.machines[0]) as (line, _):
        answers = [await line.ask("presence", on=turn % 2 == 0) for turn in range(40)]
        refused = [each["error"]["code"] for each in answers if each["type"] == "error"]
        assert refused
        assert set(refused) == {"too_many"}
    for wrong in ({}, {"on": 1}, {"on": True, "account": "A" * 22}):
        async with listening(one, one.machines[0]) as (line, _):
            await line.send("presence", **wrong)
            assert (await line.end())[0] == 4400


async def test_who_is_here_stands_in_no_table_no_log_and_no_metric(
    serve: Serving, postgres: Postgres
):
    """All that a server has written, before and after, is the same; and it counts nobody."""
    with postgres.database() as database:
        token = "metrics-" + os.urandom(8).hex()
        server = serve(database=database, METRICS_TOKEN=token)
        async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
            for each in (one, two):
                await each.found()
            await befriend(one, two)

            async def written() -> Any:
                answer = await one.http.get(
                    "/metrics", headers={"Authorization": f"Bearer {token}"}
                )
                kinds = {
                    line.partition("{")[0].partition(" ")[0] for line in answer.text.split("\n")
                }
                return await _rows(database), server.output(), kinds

            async with listening(one, one.machines[0]) as (here, _), \
                    listening(two, two.machines[0]) as (there, _):  # fmt: skip
                before = await written()
                await show(here)
                await show(there)
                await change(here)
                await show(there, on=False)
                await change(here)
                assert await written() == before
                names = " ".join(before[2]).lower()
                assert "presence" not in names


async def _rows(database: str) -> dict[str, list[str]]:
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'accounts' AND table_type = 'BASE TABLE'"
        )
        return {
            table: [str(row) for row in await connection.fetch(f"SELECT * FROM accounts.{table}")]
            for (table,) in tables
        }
    finally:
        await connection.close()
