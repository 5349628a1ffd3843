"""Two hosts, one PostgreSQL, one Redis: whoever is signed out on one is so on the other."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.hosts import start_hosts
from support.machines.redis import RedisServer, redis_server
from support.machines.server import Serve
from support.people.account_client import AccountClient, text


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(scope="module")
def programs(
    postgres: Postgres, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Any]]:
    folder = tmp_path_factory.mktemp("hosts")
    starting = Serve(postgres, folder)
    with postgres.database() as database:
        limits = {"REGISTRATIONS_PER_ADDRESS": "3/3600"}
        proxied = {"TRUSTED_PROXIES": "127.0.0.0/8"}
        yield start_hosts(starting, database, folder, redis.url, **limits, **proxied)
        starting.close()


@pytest.fixture
async def hosts(programs: list[Any]) -> AsyncIterator[list[httpx.AsyncClient]]:
    origin = {"X-Forwarded-For": "203.0.113.9"}
    opened = [
        httpx.AsyncClient(base_url=one.url, trust_env=False, headers=origin) for one in programs
    ]
    yield opened
    for one in opened:
        await one.aclose()


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_each_reads_the_others_tokens_and_refuses_what_the_other_has_ended(
    hosts: list[httpx.AsyncClient],
):
    here, there = hosts
    one = await AccountClient(here).linked()
    assert (await there.get("/auth/me", headers=one.bearer)).status_code == 200
    guest = AccountClient(there)
    guest.address, guest.auth_key = one.address, one.auth_key
    await guest.log_in()
    assert (await here.get("/auth/me", headers=guest.bearer)).status_code == 200
    ended = await one.call("DELETE", f"/auth/sessions/{guest.tokens['sid']}")
    assert ended.status_code == 204
    # The refusal of its own refresh is the database's; that of the access token is the bus's, which
    # needs a moment to come here.
    assert code(await guest.refresh()) == "session_ended"
    while (last := await there.get("/auth/me", headers=guest.bearer)).status_code == 200:
        continue
    assert code(last) == "session_ended"


async def test_hosts_count_wrong_passwords_and_new_accounts_together(
    hosts: list[httpx.AsyncClient],
):
    one = AccountClient(hosts[0])
    await one.register()
    one.auth_key = text(32)
    codes = []
    for number in range(11):
        one.api = hosts[number % 2]
        codes.append(code(await one.log_in()))
    assert codes == ["login_wrong"] * 10 + ["login_wait"]
    made = [(await AccountClient(hosts[number % 2]).register()).status_code for number in range(4)]
    assert made.count(429) >= 3, "the two before count as well"
