"""A whole life of devices with a canary in every place that a client can fill, and then a search of
everything that the server has written and printed: files of its database, log, keys, metrics."""

from collections.abc import Callable
from pathlib import Path

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


async def live(holder: AccountHolder, canaries: Canaries) -> None:
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
    await holder.recover()


async def test_nothing_of_a_device_is_written_or_printed_in_the_clear(
    serve: Callable[..., Program],
) -> None:
    server = serve(**SETTINGS)
    canaries = Canaries()
    async with AccountHolder(server.url) as holder:
        await live(holder, canaries)
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
