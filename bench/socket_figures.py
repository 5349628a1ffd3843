"""`python -m bench.socket_figures`: how soon what one sends is read by another, and what it costs
to listen.

Two clients on loopback, at the real server on its embedded database. One message is under way at a
time: from before it is encrypted and signed until the other has it decrypted and judged, with the
commit to the disk between. Then somebody with many conversations, none of which is new: how long
until the socket has said so, and what such a socket takes of the server's memory.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from bench import hosts
from bench.page_figures import all_packed, table
from bench.talkers import Conversation, Ear, Talker
from ephemeral.protocol.conversations.log import MESSAGE, digest
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.store.embedded.server import EmbeddedPostgres

# The goals.
MOST_MS, MOST_WELCOME = 15, 3_000
WARM = 20
# Sockets that listen to many conversations, of two devices: no more are let in beside the first.
SOCKETS = 6


async def say(talk: Conversation, by: Talker, here: Ear, there: Ear) -> float:
    """Milliseconds until the other has read a message."""
    begun = time.perf_counter()
    entry = by.seal(talk, "A message of a usual length, as people write them.")
    await here.send("post", conversation=b64encode(talk.id), entries=[b64encode(entry)])
    told = await there.take(lambda one: one["type"] == "entry")
    (item,) = told["entries"]
    opened = talk.opened(item)
    took = 1000 * (time.perf_counter() - begun)
    assert opened.content.kind == "text", "it was read"
    talk.log = talk.log.next(MESSAGE, by.device, digest(b64decode(item["entry"])))
    await here.take(lambda one: one["type"] == "ok")
    return took


async def talked(
    one: Talker, two: Talker, host: hosts.Host, address: str, turns: int
) -> tuple[list[float], hosts.Spent]:
    """How long each of so many messages took, in turn, and what all of them cost."""
    talk = await one.found(two)
    async with one.ear(address) as here, two.ear(address) as there:
        took = []
        before = host.spent()
        for turn in range(turns + WARM):
            if turn == WARM:
                before = host.spent()
            if turn % 2 == 0:
                took.append(await say(talk, one, here, there))
            else:
                took.append(await say(talk, two, there, here))
            for ear in (here, there):
                # What was told of one's own is no other's.
                await ear.send("ping")
                await ear.take(lambda frame: frame["type"] == "ok")
        return took[WARM:], host.spent().since(before)


async def listened(
    one: Talker, two: Talker, host: hosts.Host, address: str, count: int
) -> tuple[list[float], float, float]:
    """Milliseconds until each socket was welcomed, the server's CPU and its memory for each."""
    for _ in range(count - 1):
        # Nobody is brought into many in which they say nothing.
        await two.answer(await one.found(two))
    await one.clock()
    await two.clock()
    welcomes = []
    async with AsyncExitStack() as stack:
        # The first two make what the others find.
        for who in (one, two):
            await stack.enter_async_context(who.ear(address))
        before, resident = host.spent(), host.resident()
        for turn in range(SOCKETS):
            begun = time.perf_counter()
            ear = await stack.enter_async_context((one, two)[turn % 2].ear(address))
            welcomes.append(1000 * (time.perf_counter() - begun))
            assert len(ear.welcome["conversations"]) >= count, "all of them"
        spent = host.spent().since(before).server
        grown = host.resident() - resident
    return welcomes, 1000 * spent / SOCKETS, grown / 1024 / SOCKETS


async def measured(turns: int, count: int) -> None:
    """Print the table."""
    hosts.confine()
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        unlimited = {"ACCOUNT_REQUESTS_PER_ACCOUNT": "off"}
        async with (
            EmbeddedPostgres(directory / "postgres") as database,
            hosts.ephemeral(database.dsn, directory, unlimited) as host,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{host.port}", trust_env=False) as http,
        ):
            address = f"127.0.0.1:{host.port}"
            await asyncio.to_thread(all_packed, f"http://{address}/")
            audience = (await http.get("/config")).json()["accounts"]["audience"]
            one, two = (Talker(http, audience, number) for number in range(2))
            for each in (one, two):
                await each.settle()
            await one.befriend(two)
            took, cost = await talked(one, two, host, address, turns)
            took.sort()
            welcomes, cpu, kilobytes = await listened(one, two, host, address, count)
    p95 = took[int(len(took) * 0.95)]
    table(
        [
            ("a message, sent to read", "ours", "goal"),
            ("p50", f"{statistics.median(took):.1f} ms", f"{MOST_MS} ms"),
            ("p95", f"{p95:.1f} ms", ""),
            ("CPU: server, with a ping each", f"{1000 * cost.server / turns:.2f} ms", ""),
            ("CPU: PostgreSQL", f"{1000 * cost.postgres / turns:.2f} ms", ""),
            ("CPU: both clients", f"{1000 * cost.generator / turns:.2f} ms", ""),
            (f"listening to {count} idle conversations", "", ""),
            (
                "until welcomed, median",
                f"{statistics.median(welcomes):.0f} ms",
                f"{MOST_WELCOME} ms",
            ),
            ("server's CPU", f"{cpu:.0f} ms", ""),
            ("memory of a socket", f"{kilobytes:.0f} KiB", ""),
        ]
    )


def main() -> None:
    """Read the arguments, measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.socket_figures")
    parser.add_argument("--turns", type=int, default=300, help="messages that are timed")
    parser.add_argument("--conversations", type=int, default=500, help="that are idle")
    asked = parser.parse_args()
    asyncio.run(measured(asked.turns, asked.conversations))


if __name__ == "__main__":
    main()
