"""A whole life of devices and contacts with a canary in every place that a client can fill, and
then a search of everything that the server has written and printed: files of its database, log,
keys, metrics."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response
from support.machines.push_service import PushService, unpadded
from support.machines.server import Program
from support.people.account_people import AccountHolder, Refused
from support.people.canaries import Canaries, Place, files

from ephemeral.protocol.encoding import b64decode, b64encode

SETTINGS = {
    "DATABASE_URL": "",
    "ENCRYPTION_KEY": "",
    "LOG_LEVEL": "debug",
    "METRICS_TOKEN": "a-token-of-the-operators",
}


async def live(holder: AccountHolder, service: PushService, canaries: Canaries) -> None:
    """Everything that is asked of devices, rightly and wrongly."""
    holder.auth_key = canaries.secret("auth key", 32)
    canaries.watch("address", holder.address)
    first = await holder.found()
    second = await holder.sign_in()
    locator = canaries.secret("locator", 32)
    request = canaries.secret("request", 2076)
    deposit = {"locator": b64encode(locator), "request": b64encode(request)}
    await holder.ask(second, "POST", "/devices/links", deposit)
    await holder.ask(first, "GET", "/devices/links", Ephemeral_Link=b64encode(locator))
    signed = holder.added(first, second)
    body = holder.add_body(second, signed, b64encode(locator))
    body["answer"] = b64encode(canaries.secret("answer", 4000))
    await holder.ask(first, "POST", "/devices", body)
    holder.read(signed)
    await holder.refresh(second)
    name = b64encode(canaries.secret("name", 109))
    await holder.ask(first, "PATCH", f"/devices/{b64encode(second.id)}", {"name": name})
    for body in ({"rotate": 0}, {"rotate": 1}, {"confirm": 2}):
        answer = await holder.ask(second, "POST", "/devices/me/share", body)
        for one in answer["shares"]:
            canaries.watch(f"share {one['n']}", b64decode(one["share"]))
    sealed = canaries.secret("pins", 5000)
    pins = {"pins": b64encode(sealed), "signature": b64encode(second.key.sign("pins", sealed))}
    await holder.ask(second, "PUT", "/devices/me/pins", pins)
    sealing = holder.sealing(second, holder.chain.id)
    await holder.ask(second, "PUT", "/devices/me/sealing-key", sealing)
    canaries.watch("sealing key's signature", b64decode(sealing["signature"]))
    for token in (first.signed_in, second.signed_in):
        canaries.watch("access token", token.access.rpartition(".")[2])
        canaries.watch("refresh token", b64decode(token.refresh)[20:])
    for method, path, wrong in (
        ("POST", "/devices/links", {"locator": canaries.text("bad locator"), "request": "AA"}),
        ("POST", "/devices", {"statement": canaries.text("bad statement")}),
        ("PATCH", f"/devices/{canaries.text('bad id')}", {"name": name}),
        ("POST", "/auth/recover/begin", {"address": canaries.text("bad address")}),
        ("GET", f"/chains/{b64encode(canaries.secret('bad chain', 32))}", None),
        ("PUT", "/devices/me/pins", pins | {"pins": b64encode(canaries.secret("other", 99))}),
    ):
        try:
            await holder.ask(second, method, path, wrong)
        except Refused:
            continue
        raise AssertionError(path)
    await holder.ask(second, "GET", "/account/record")
    await told(holder, second, service, canaries)
    await holder.recover()


async def told(
    holder: AccountHolder, machine: Any, service: PushService, canaries: Canaries
) -> None:
    """Everything that becomes of pushes: sent, refused, later, and gone."""
    config = (await holder.http.get("/config")).json()
    service.key = config["accounts"]["push"]["key"]
    browsers = []
    for number, status in enumerate((None, 403, 503, 410)):
        browser = service.browser()
        browser.name = canaries.text(f"endpoint {number}")
        service.browsers[browser.name] = browser
        browsers.append(browser)
        for name in ("p256dh", "auth"):
            canaries.watch(f"{name} {number}", unpadded(browser.body[name]))
        if status is not None:
            service.says[browser.name] = Response(canaries.text("its answer"), status)
        await holder.ask(machine, "PUT", "/devices/me/push", browser.body)
        await holder.ask(machine, "POST", "/devices/me/push/test")
        for payload in browser.received:
            canaries.watch("what a push says", payload)
    wrong = browser.body | {"endpoint": f"https://127.0.0.1/{canaries.text('no endpoint')}"}
    with pytest.raises(Refused):
        await holder.ask(machine, "PUT", "/devices/me/push", wrong)
    assert len(service.raw) == 4
    assert [len(one.received) for one in browsers] == [1, 0, 0, 0]


async def meet(holder: AccountHolder, other: AccountHolder, canaries: Canaries) -> None:
    """Everything that is asked of contacts, rightly and wrongly."""
    canaries.watch("other's address", other.address)
    one, two = holder.machines[-1], await other.found()
    asked = {"address": other.address, "own": holder.address}
    await other.ask(two, "PUT", "/contacts/findable", {"findable": True})
    await holder.ask(one, "POST", "/contacts/requests", asked)
    nobody = {"address": "nobody_at_all.54321", "own": holder.address}
    canaries.watch("nobody's address", nobody["address"])
    await holder.ask(one, "POST", "/contacts/requests", nobody)
    [waiting] = (await other.ask(two, "GET", "/contacts"))["asked"]
    await other.ask(two, "PUT", f"/contacts/{waiting['account']}", {"state": "accepted"})
    await other.ask(two, "GET", f"/contacts/{waiting['account']}/devices")
    for number in range(2):
        id_ = b64encode(canaries.secret(f"invitation {number}", 16))
        said = {"id": id_, "sealed": b64encode(canaries.secret("what it says", 900))}
        await holder.ask(one, "POST", "/contacts/invitations", said)
        if number == 0:
            answer = {"sealed": b64encode(canaries.secret("answer to it", 800))}
            await other.ask(two, "POST", f"/contacts/invitations/{id_}/redeem", answer)
    for method, path, wrong in (
        ("POST", "/contacts/requests", asked | {"address": canaries.text("wrong address")}),
        ("POST", "/contacts/requests", asked | {"own": "somebody_else.11111"}),
        ("PUT", f"/contacts/{b64encode(canaries.secret('nobody', 16))}", {"state": "blocked"}),
        (
            "POST",
            f"/contacts/invitations/{b64encode(canaries.secret('none', 16))}/redeem",
            {"sealed": "AAAA"},
        ),
        ("POST", "/contacts/invitations", said | {"sealed": canaries.text("no base64url")}),
    ):
        try:
            await holder.ask(one, method, path, wrong)
        except Refused:
            continue
        raise AssertionError(path)


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as opened:
        yield opened


async def test_nothing_of_a_device_is_written_or_printed_in_the_clear(
    serve: Callable[..., Program], service: PushService
) -> None:
    server = serve(**SETTINGS, PUSH_SERVICE=service.origin)
    canaries = Canaries()
    async with AccountHolder(server.url) as holder, AccountHolder(server.url) as other:
        await live(holder, service, canaries)
        await meet(holder, other, canaries)
        bearer = {"Authorization": f"Bearer {SETTINGS['METRICS_TOKEN']}"}
        told = (await holder.http.get("/metrics", headers=bearer)).content
        data = Path(server.environment["DATA_DIR"])
        running = [Place("metrics", told), *files(data, server.folder)]
        found = canaries.found([*running, Place("output", server.output().encode())])
        assert found == []
        # The search would find what is stored: public keys, and statements about them.
        [first, *_] = holder.chain.removed
        assert any(first.key in place.content for place in running)
    server.stop()
    stopped = [*files(data, server.folder), Place("output", server.output().encode())]
    assert canaries.found(stopped) == []
