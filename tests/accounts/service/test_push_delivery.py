"""Pushes go to the address that was allowed, as the name that was named, and nowhere else."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.responses import RedirectResponse, Response
from support.machines.certificates import certificate
from support.machines.push_service import Browser, PushService, trusting

from ephemeral.accounts.rules.push_endpoints import Endpoint, read_endpoint
from ephemeral.accounts.service.push_delivery import Delivery, Outcome, Result
from ephemeral.protocol.accounts.push_messages import encrypted, point, private_key, read_keys
from ephemeral.protocol.encoding import b64encode

KEY = private_key(os.urandom(48))
NOW = 1_700_000_000


def body_for(browser: Browser) -> bytes:
    keys = read_keys(browser.subscription.public, browser.auth)
    return encrypted(b"sixteen bytes...", keys, private_key(os.urandom(48)), os.urandom(16))


def sender(
    *addresses: str, tls: ssl.SSLContext | None = None, seconds: float = 20.0
) -> tuple[Delivery, list[str]]:
    """Of whom every name stands for these addresses; and which names were asked for."""
    asked: list[str] = []

    async def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return list(addresses)

    context = tls or ssl.create_default_context()
    return Delivery(KEY, "mailto:ada@example.org", context, look_up, seconds), asked


def at(service: PushService, browser: Browser) -> Endpoint:
    return read_endpoint(browser.subscription.endpoint, service.origin)


async def test_a_push_arrives_and_its_browser_opens_it():
    with PushService(b64encode(point(KEY))) as service:
        browser = service.browser()
        delivery, _ = sender("127.0.0.1")
        result = await delivery.send(at(service, browser), body_for(browser), NOW)
    assert result == Result(Outcome.SENT)
    assert browser.received == [b"sixteen bytes..."]
    [claims], [headers] = browser.claims, browser.headers
    assert claims == {
        "aud": service.origin, "exp": NOW + 43_200, "sub": "mailto:ada@example.org",
    }  # fmt: skip
    assert {name: headers[name] for name in ("ttl", "urgency", "topic", "content-encoding")} == {
        "ttl": "604800", "urgency": "normal", "topic": "new", "content-encoding": "aes128gcm",
    }  # fmt: skip


async def test_the_certificate_must_be_the_names_though_the_connection_goes_to_an_address(
    tmp_path: Path,
):
    certificate(tmp_path, "push.test")
    delivery, asked = sender("127.0.0.1", tls=trusting(tmp_path))
    with PushService(b64encode(point(KEY)), tls=tmp_path, host="push.test") as service:
        browser = service.browser()
        to = at(service, browser)
        assert (await delivery.send(to, body_for(browser), NOW)).outcome is Outcome.SENT
        assert browser.headers[0]["host"] == f"push.test:{service.port}"
        other = to._replace(host="other.test")
        assert (await delivery.send(other, body_for(browser), NOW)).outcome is Outcome.LATER
        nobody, _ = sender("127.0.0.1")
        assert (await nobody.send(to, body_for(browser), NOW)).outcome is Outcome.LATER
    assert len(browser.received) == 1
    assert asked == ["push.test", "other.test"]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::1"], ["fe80::1"]]
)
async def test_a_name_that_stands_for_an_address_behind_the_internet_is_not_connected_to(
    addresses: list[str],
):
    with PushService(b64encode(point(KEY))) as service:
        browser = service.browser()
        delivery, asked = sender(*addresses)
        # As an endpoint of the internet, whose name the person who subscribes may have made.
        to = at(service, browser)._replace(host="rebound.example", inside=False)
        result = await delivery.send(to, body_for(browser), NOW)
    assert (result.outcome, asked, service.raw) == (Outcome.REFUSED, ["rebound.example"], [])


async def test_a_redirect_is_not_followed():
    with PushService(b64encode(point(KEY))) as service:
        browser, other = service.browser(), service.browser()
        for status in (301, 302, 307, 308):
            service.says[browser.name] = RedirectResponse(f"/to/{other.name}", status)
            delivery, _ = sender("127.0.0.1")
            result = await delivery.send(at(service, browser), body_for(browser), NOW)
            assert result.outcome is Outcome.REFUSED
    assert len(service.raw) == 4
    assert other.received == []


@pytest.mark.parametrize(
    ("status", "retry", "result"),
    [
        (404, None, Result(Outcome.GONE)),
        (410, None, Result(Outcome.GONE)),
        (400, None, Result(Outcome.REFUSED)),
        (403, None, Result(Outcome.REFUSED)),
        (413, None, Result(Outcome.REFUSED)),
        (429, "120", Result(Outcome.LATER, 120)),
        (429, "99999999", Result(Outcome.LATER, 3600)),
        (503, "-5", Result(Outcome.LATER)),
        (500, "Wed, 21 Oct 2026 07:28:00 GMT", Result(Outcome.LATER)),
    ],
)
async def test_what_a_service_may_say(status: int, retry: str | None, result: Result):
    headers = {} if retry is None else {"Retry-After": retry}
    with PushService(b64encode(point(KEY))) as service:
        browser = service.browser()
        service.says[browser.name] = Response(status_code=status, headers=headers)
        delivery, _ = sender("127.0.0.1")
        assert await delivery.send(at(service, browser), body_for(browser), NOW) == result


async def test_a_service_or_a_name_that_is_not_there_may_be_there_later():
    with PushService() as service:
        browser = service.browser()
    delivery, _ = sender("127.0.0.1")
    assert (await delivery.send(at(service, browser), b"", NOW)).outcome is Outcome.LATER
    nameless, _ = sender()
    assert (await nameless.send(at(service, browser), b"", NOW)).outcome is Outcome.LATER


@asynccontextmanager
async def talker(
    talk: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Endpoint]:
    """A service that talks as it likes, until nobody listens."""
    talking: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        try:
            await talk(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        own = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield read_endpoint(f"{own}/x", own)
        await asyncio.gather(*(one for one in talking if one is not None))


async def test_a_service_that_drips_is_left():
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 Created\r\n")
        while not writer.is_closing():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talker(drip) as to:
        delivery, _ = sender("127.0.0.1", seconds=0.3)
        assert (await delivery.send(to, b"body", NOW)).outcome is Outcome.LATER


async def test_a_head_without_end_is_left():
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 Created\r\n")
        while not writer.is_closing():
            writer.write(b"X: " + b"y" * 4096 + b"\r\n")
            await writer.drain()

    async with talker(pour) as to:
        delivery, _ = sender("127.0.0.1")
        assert (await delivery.send(to, b"body", NOW)).outcome is Outcome.LATER


async def test_a_body_without_end_is_not_read():
    left = asyncio.Event()

    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000000000000\r\n\r\n")
        try:
            while True:
                writer.write(bytes(65536))
                await writer.drain()
        finally:
            left.set()

    async with talker(pour) as to:
        delivery, _ = sender("127.0.0.1")
        assert (await delivery.send(to, b"body", NOW)).outcome is Outcome.SENT
        await left.wait()
