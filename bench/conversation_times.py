"""`python -m bench.conversation_times`: whether the time of `not_found` tells of a conversation.

Asks the real server for a conversation that isn't there, for one of strangers, for one that was
destroyed, and for one that the asker has left, in a random order, one question after the other on
one connection. Each is refused alike; what is compared is how long that takes. Beside them two
halves of those that aren't there: what the machine alone makes of nothing.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx

from bench import hosts
from bench.address_times import FIRST, line
from bench.page_figures import all_packed, table
from bench.talkers import Talker
from ephemeral.protocol.conversations.leaves import sign_leave
from ephemeral.protocol.conversations.messages import AD_SIZE, ENTRY_SIZES, Ad
from ephemeral.protocol.conversations.records import BOX_SIZE, Leave
from ephemeral.protocol.encoding import b64encode
from ephemeral.store.embedded.server import EmbeddedPostgres

ABSENT, HALF, STRANGERS, DESTROYED, LEFT = range(5)
NAMES = {STRANGERS: "strangers'", DESTROYED: "destroyed", LEFT: "left", HALF: "absent, by halves"}
Body = Callable[[bytes], object]


class Asker(Talker):
    """Who asks, with the first device."""

    def leave_of(self, conversation: bytes) -> dict[str, object]:
        """A right word that one leaves."""
        signed: Leave = sign_leave(self._first.key, conversation, self.chain.id, 1)
        named = signed._asdict().items()
        return {key: b64encode(one) if isinstance(one, bytes) else one for key, one in named}

    async def leave(self, conversation: bytes) -> None:
        """Leave."""
        path = f"/chatrooms/{b64encode(conversation)}/members/me"
        body = {"leave": self.leave_of(conversation)}
        await self._ask("DELETE", path, body, self._first)

    async def end(self, conversation: bytes) -> None:
        """Destroy it for all."""
        await self._ask("DELETE", f"/chatrooms/{b64encode(conversation)}", None, self._first)

    async def timed(self, http: httpx.AsyncClient, method: str, path: str, body: object) -> float:
        """Milliseconds of one refusal."""
        headers = self.headers(method, path, time.time_ns() // 1_000_000)
        began = time.perf_counter()
        answer = await http.request(method, path, json=body, headers=headers)
        took = time.perf_counter() - began
        told = answer.json()["error"]["code"] if answer.content else ""
        if told not in {"not_found", "invitation_unknown"}:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return 1000 * took


async def questions(asker: Asker, friend: Talker) -> dict[tuple[str, str], Body]:
    """What is asked of a conversation, by method and what stands behind its id."""
    beside = await asker.found(friend)
    signed = beside.signed
    boxes = [os.urandom(BOX_SIZE) for _ in signed.record.devices]

    def record(conversation: bytes) -> object:
        named = replace(signed.record, conversation=conversation, epoch=2)
        made = asker.sign(named.encode(), boxes)
        return {
            "record": b64encode(made.record_bytes),
            "signature": b64encode(made.signature),
            "boxes": list(map(b64encode, boxes)),
        }

    def message(conversation: bytes) -> object:
        ad = Ad(1, conversation, signed.hash, asker.device, os.urandom(16), 1, bytes(32))
        return {"entries": [b64encode(ad.encode() + os.urandom(ENTRY_SIZES[0] - AD_SIZE))]}

    def nothing(_: bytes) -> object:
        return None

    joining = {"sealed": b64encode(os.urandom(500)), "invitation": b64encode(os.urandom(16))}
    return {
        ("GET", ""): nothing,
        ("GET", "/epochs"): nothing,
        ("GET", "/devices"): nothing,
        ("GET", "/messages"): nothing,
        ("POST", "/message"): message,
        ("POST", "/ack"): lambda _: {"cursor": 1},
        ("POST", "/epochs"): record,
        ("POST", "/join"): lambda _: joining,
        ("DELETE", ""): nothing,
        ("DELETE", "/members/me"): lambda one: {"leave": asker.leave_of(one)},
        ("DELETE", f"/messages/{b64encode(bytes(16))}"): nothing,
    }


async def measured(turns: int) -> list[tuple[str, ...]]:
    """The table's rows."""
    hosts.confine()
    lines: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        unlimited = {"ACCOUNT_REQUESTS_PER_ACCOUNT": "off"}
        async with (
            EmbeddedPostgres(directory / "postgres") as database,
            hosts.ephemeral(database.dsn, directory, unlimited) as host,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{host.port}", trust_env=False) as http,
        ):
            await asyncio.to_thread(all_packed, f"http://127.0.0.1:{host.port}/")
            audience = (await http.get("/config")).json()["accounts"]["audience"]
            asker, *others = [Asker(http, audience, number) for number in range(3)]
            for person in (asker, *others):
                await person.settle()
            friend, stranger = others
            await asker.befriend(friend)
            await stranger.befriend(friend)
            theirs = await stranger.found(friend)
            ended, left = await asker.found(friend), await asker.found(friend)
            await asker.end(ended.id)
            await asker.leave(left.id)
            known = {STRANGERS: theirs.id, DESTROYED: ended.id, LEFT: left.id}
            for (method, behind), body in (await questions(asker, friend)).items():
                took: list[list[float]] = [[], [], [], [], []]
                order = list(range(5)) * turns
                random.shuffle(order)
                for place, kind in enumerate([*range(5)] * (FIRST // 5) + order):
                    conversation = known.get(kind) or os.urandom(16)
                    path = f"/chatrooms/{b64encode(conversation)}{behind}"
                    spent = await asker.timed(http, method, path, body(conversation))
                    if place >= FIRST:
                        took[kind].append(spent)
                label = f"{method} {behind.rpartition('/')[0] or behind or '/'}"
                for kind, kind_name in NAMES.items():
                    lines.append(line(f"{label} {kind_name}", took[kind], took[ABSENT]))
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.conversation_times", description=__doc__)
    parser.add_argument("--turns", type=int, default=200, help="of each kind (200)")
    given = parser.parse_args()
    lines = asyncio.run(measured(given.turns))
    print(f"Quartiles in ms, of {given.turns} answers each; {os.cpu_count()} cores.\n")
    head = ("", "this one's", "absent", "medians apart", "told", "+- chance")
    table([head, *lines])


if __name__ == "__main__":
    main()
