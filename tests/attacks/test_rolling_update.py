"""Both hosts are replaced, one after the other, while members talk on both: nobody is missed.

A new host is ready before an old one is stopped, as a rolling update has it. Members come back as
clients do, and as late as the protocol lets their first attempts be.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from support.machines.hosts import ADDRESSES, Host, start_hosts
from support.machines.redis import RedisServer
from support.machines.server import AT_ANY_PACE, Program
from support.people.roamers import (
    Roamer,
    assert_accounts,
    assert_nothing_was_told_twice,
    conversations,
    go_on_until,
    settle,
    talking,
)

from ephemeral.client.conversation import reconnect_delay

Serving = Callable[..., Program]

NEW_ADDRESSES = ("127.0.0.4", "127.0.0.5")
RESTART = 1012


class End(NamedTuple):
    """A socket that was closed: by whom, and whether that host then said that it is ready."""

    host: Host
    code: int | None
    ready: bool


class LateClients:
    """They come back by the rule of clients (docs/protocol.md, 11.8), as late as it may be."""

    def __init__(self) -> None:
        self.ends: list[End] = []
        #: Of each gap, by member and the number of its last socket: the pauses before attempts.
        self.pauses: dict[tuple[Roamer, int], list[float]] = defaultdict(list)

    async def __call__(self, member: Roamer, host: Host, why: Exception) -> None:
        pauses = self.pauses[member, member.sockets]
        if not pauses:
            closing = getattr(why, "rcvd", None)
            code = None if closing is None else closing.code
            self.ends.append(End(host, code, await is_ready(host)))
        pauses.append(reconnect_delay(len(pauses), 1.0))
        await asyncio.sleep(pauses[-1])


async def is_ready(host: Host) -> bool:
    try:
        return (await host.client.api.get("/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        # It has ended.
        return False


@pytest.mark.parametrize(
    ("drain", "front"),
    [(0, "knows before"), (1, "finds out")],
)
async def test_both_hosts_are_replaced_and_their_members_talk_on_and_are_never_missed(
    drain: int,
    front: str,
    database_url: str,
    serve: Serving,
    redis: RedisServer,
    tmp_path: Path,
):
    def start(*addresses: str) -> list[Host]:
        settings = {"DRAIN_SECONDS": drain, **AT_ANY_PACE}
        return [
            Host(one)
            for one in start_hosts(
                serve, database_url, tmp_path, redis.url, addresses=addresses, **settings
            )
        ]

    old = await asyncio.to_thread(start, *ADDRESSES)
    every = list(old)
    # Where whoever comes is sent to.
    open_hosts = list(old)
    clients = LateClients()
    authors, readers = await conversations(open_hosts, clients)
    members: list[Roamer] = [*authors, *readers]
    async with talking(authors, readers):
        await go_on_until(readers, 5)
        for host, address in zip(old, NEW_ADDRESSES, strict=True):
            new = await asyncio.to_thread(start, address)
            every += new
            open_hosts += new
            if front == "knows before":
                open_hosts.remove(host)
            assert await asyncio.to_thread(host.program.stop) == 0
            if front == "finds out":
                open_hosts.remove(host)
            await go_on_until(readers, 5)

    # Each was sent elsewhere, by a host that nobody new was to be sent to any more.
    assert {one.code for one in clients.ends} == {RESTART}
    assert not any(one.ready for one in clients.ends)
    closed = Counter(one.host.program.url for one in clients.ends)
    assert set(closed) == {one.program.url for one in old}
    assert sum(closed.values()) >= len(members)
    # It was served again at the first attempt, or the second where it was sent to the same host.
    attempts = 1 if front == "knows before" else 2
    assert max(map(len, clients.pauses.values())) <= attempts
    assert all(one.sockets >= 2 for one in members)
    # And the others have seen nothing of it.
    for one in members:
        for _, event in one.events:
            assert event["type"] != "left"
            assert event.get("present") is not False, event
        for frame in one.welcomes[1:]:
            assert [each["present"] for each in frame["members"]] == [True, True]
    assert_nothing_was_told_twice(members)
    await settle(open_hosts, authors, readers)
    await assert_accounts(database_url, authors, readers)
    for one in every:
        await one.client.api.aclose()
