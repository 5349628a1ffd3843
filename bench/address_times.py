"""`python -m bench.address_times`: whether an answer's time tells that an address is somebody's.

Asks the real server, on its embedded database, the same about addresses that have an account and
about addresses that have none, in a random order, one question after the other on one connection:
the best that somebody can do who stands beside the server. Each refusal is the same for both; what
is compared is how long it takes. Beside them two halves of the addresses that nobody has, asked in
the same sitting: what the machine alone makes of nothing.

Requests to become contacts are answered alike whoever has the address: half of those who have one
have switched on that they may be asked.

`told` is how often a pair of answers, one of each, would be told apart by time: 0.50 is a coin.
Answers that say themselves whether there is an account (`/auth/register`) are compared as well,
since so often somebody may ask.
"""

import argparse
import asyncio
import itertools
import math
import os
import random
import statistics
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import hosts
from bench.account_figures import Person
from bench.page_figures import all_packed, table
from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.chain import Chain, genesis, recover
from ephemeral.protocol.accounts.proofs import proof
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import consent, device_id
from ephemeral.protocol.encoding import b64encode
from ephemeral.store.embedded.server import EmbeddedPostgres

DAY_MS = 86_400_000
REGISTER = "/auth/register"
BEGIN = "/auth/recover/begin"
# A server lets somebody guess ten times an hour at an address.
GUESSES = 9
ASK = "/contacts/requests"
# So often an account may ask others in a day.
REQUESTS = 20
# What is asked first fills caches, and isn't counted.
FIRST = 30
# How far `told` is off by chance in nineteen of twenty sittings.
SURE = 1.96


@dataclass(frozen=True)
class Named:
    """An address, and the chain of whoever has it; of nobody's, one that is nowhere."""

    address: str
    chain: Chain


def nothing(_body: Mapping[str, object]) -> dict[str, str]:
    """No headers of its own."""
    return {}


@dataclass(frozen=True)
class Question:
    """What is asked, by path, and how it is refused about whose address."""

    path: str
    body: Callable[[Named], dict[str, object]]
    somebody: str
    nobody: str
    headers: Callable[[Mapping[str, object]], dict[str, str]] = nothing
    # So often as many: without a password to hash an answer takes a tenth of the time.
    times: int = 1


def chain_of_nobody() -> Chain:
    """A list of devices that no server has seen."""
    device, recovery = (SigningKey.generate(os.urandom) for _ in range(2))
    signed = genesis(device, recovery.public, os.urandom(32))
    return Chain.empty().extend(signed)


def wrong_password(named: Named) -> dict[str, object]:
    """Somebody guesses."""
    return {"address": named.address, "auth_key": b64encode(os.urandom(32))}


class Recoveries:
    """Bodies of whoever has other words."""

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._sealing = hpke.PrivateKey.generate(os.urandom).public

    def begin(self, named: Named) -> dict[str, object]:
        """Ask for the chain."""
        key = SigningKey.generate(os.urandom)
        shown = proof(key, self._audience, "POST", BEGIN, named.address, _now())
        at, _, signature = shown.partition(".")
        public = b64encode(key.public)
        return {
            "address": named.address, "recovery_key": public,
            "time": int(at), "signature": signature,
        }  # fmt: skip

    def recover(self, named: Named) -> dict[str, object]:
        """Post a statement that continues the chain, by whoever knows it from elsewhere."""
        chain, device = named.chain, SigningKey.generate(os.urandom)
        agreed = consent(device, chain.id)
        words = SigningKey.generate(os.urandom)
        signed = recover(chain, words, device.public, agreed)
        sealing = SealingKey(1, _now() // DAY_MS, self._sealing)
        by = sign_sealing(device, chain.id, device_id(device.public), sealing)
        return {
            "address": named.address,
            "statement": b64encode(signed.encode()),
            "auth_key": b64encode(os.urandom(32)),
            "sealing": {
                "number": sealing.number,
                "day": sealing.day,
                "key": b64encode(self._sealing),
                "signature": b64encode(by),
            },
        }


class Requests:
    """Bodies and headers of those who ask to become contacts, each as often as it may."""

    def __init__(self, people: list[Person]) -> None:
        self._people = {person.address: person for person in people}
        self._turn = itertools.chain.from_iterable([one] * REQUESTS for one in people)

    def body(self, named: Named) -> dict[str, object]:
        """Ask at an address."""
        return {"address": named.address, "own": next(self._turn).address}

    def headers(self, body: Mapping[str, object]) -> dict[str, str]:
        """What the asker's device shows."""
        return self._people[str(body["own"])].headers("POST", ASK, _now())


def _now() -> int:
    return time.time_ns() // 1_000_000


async def timed(http: httpx.AsyncClient, asked: Question, named: Named, *, known: bool) -> float:
    """Milliseconds of one answer, which has to be the expected one."""
    body = asked.body(named)
    headers = asked.headers(body)
    began = time.perf_counter()
    answer = await http.post(asked.path, json=body, headers=headers)
    took = time.perf_counter() - began
    told = "" if answer.is_success else answer.json()["error"]["code"]
    if told != (asked.somebody if known else asked.nobody):
        raise SystemExit(f"{asked.path}: {answer.status_code} {answer.text}")
    return 1000 * took


def told_apart(one: list[float], other: list[float]) -> float:
    """How often the first of a pair takes longer, ties by halves (Mann and Whitney)."""
    order = sorted(other)
    below = sum(bisect_left(order, took) + bisect_right(order, took) for took in one)
    return below / 2 / (len(one) * len(other))


def by_chance(one: int, other: int) -> float:
    """How far from a half that is by chance, nineteen times in twenty."""
    return SURE * math.sqrt((one + other + 1) / (12 * one * other))


def line(label: str, one: list[float], other: list[float]) -> tuple[str, ...]:
    """A row of the table."""

    def quartiles(took: list[float]) -> str:
        low, middle, high = statistics.quantiles(took, n=4)
        return f"{low:.2f} {middle:.2f} {high:.2f}"

    apart = statistics.median(one) - statistics.median(other)
    chance = by_chance(len(one), len(other))
    told = f"{told_apart(one, other):.3f}"
    return (
        label,
        quartiles(one),
        quartiles(other),
        f"{1000 * apart:+.0f} us",
        told,
        f"{chance:.3f}",
    )


async def measured(turns: int) -> list[tuple[str, ...]]:
    """The table's rows."""
    hosts.confine()
    lines: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        async with (
            EmbeddedPostgres(directory / "postgres") as database,
            hosts.ephemeral(database.dsn, directory) as host,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{host.port}", trust_env=False) as http,
        ):
            await asyncio.to_thread(all_packed, f"http://127.0.0.1:{host.port}/")
            audience = (await http.get("/config")).json()["accounts"]["audience"]
            accounts = math.ceil((turns + FIRST) / GUESSES)
            people = await registered(http, audience, range(accounts))
            for person in people[::2]:
                await person.findable()
            known = [Named(person.address, person.chain) for person in people]
            absent = [
                Named(f"nobody_{number}.{number % 100_000:05}", chain_of_nobody())
                for number in range(2 * accounts)
            ]
            recoveries = Recoveries(audience)
            asked = {
                "sign in": Question("/auth/login", wrong_password, "login_wrong", "login_wrong"),
                "begin to recover": Question(
                    BEGIN, recoveries.begin, "not_found", "not_found", times=4
                ),
                "recover": Question(
                    "/auth/recover", recoveries.recover, "not_found", "not_found", times=4
                ),
                "register (taken)": Question(REGISTER, wrong_password, "address_taken", ""),
            }
            for label, question in asked.items():
                lines += await compared(
                    http, label, question, known, absent, turns * question.times
                )
            # Their tokens are good for a quarter of an hour.
            askers = math.ceil((3 * turns + FIRST) / REQUESTS)
            requests = Requests(
                await registered(http, audience, range(accounts, accounts + askers))
            )
            question = Question(ASK, requests.body, "", "", requests.headers)
            lines += await compared(http, "ask a contact", question, known, absent, turns)
    return lines


async def registered(http: httpx.AsyncClient, audience: str, numbers: range) -> list[Person]:
    """People with an account and a device."""
    people = [Person(http, audience, number) for number in numbers]
    for person in people:
        await person.register()
        await person.begin()
    return people


async def compared(
    http: httpx.AsyncClient,
    label: str,
    question: Question,
    known: list[Named],
    absent: list[Named],
    turns: int,
) -> list[tuple[str, ...]]:
    """Somebody's addresses beside nobody's, and a half of nobody's beside the other."""
    order = [0, 1, 2] * turns
    random.shuffle(order)
    # In turn: so nobody is asked about too often, and each as seldom as the others.
    turning = [itertools.cycle(them) for them in (known, absent[::2], absent[1::2])]
    took: tuple[list[float], list[float], list[float]] = ([], [], [])
    for place, kind in enumerate([0, 1, 2] * (FIRST // 3) + order):
        named = next(turning[kind])
        if question.path == REGISTER and kind > 0:
            # Whoever asks about nobody's address has it afterwards: each is another.
            named = Named(f"somebody_{place}.{place % 100_000:05}", named.chain)
        spent = await timed(http, question, named, known=kind == 0)
        if place >= FIRST:
            took[kind].append(spent)
    yes, no, other = took
    return [line(label, yes, [*no, *other]), line("  nobody's, by halves", no, other)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.address_times", description=__doc__)
    parser.add_argument("--turns", type=int, default=400, help="of each kind (400)")
    given = parser.parse_args()
    lines = asyncio.run(measured(given.turns))
    often = f"{given.turns} answers (recovery: {4 * given.turns})"
    print(f"Quartiles in ms, of {often} and twice as many; {os.cpu_count()} cores.\n")
    head = ("", "somebody's", "nobody's", "medians apart", "told", "+- chance")
    table([head, *lines])


if __name__ == "__main__":
    main()
