"""An account that operators have suspended: it may look at itself, and go; and nothing else.

Made from the operations themselves: one that somebody adds is walked without a word here.
"""

from support.machines.account_house import House
from support.people.account_client import AccountClient
from test_every_credential import PUBLIC, placed, refusal

from ephemeral.protocol.accounts.chain import close
from ephemeral.protocol.encoding import b64decode, b64encode

#: What it takes to see how one stands, to keep others from deleting it, and to delete it oneself;
#: and to open what lies on one's own device.
ALLOWED = {
    "readAccount", "deleteAccount", "listDevices", "refusePending", "readChain", "readShares",
    "showAccountRecord",
}  # fmt: skip


def account_of(one: AccountClient) -> bytes:
    return b64decode(one.tokens["account"], 16)


async def suspend(house: House, one: AccountClient) -> None:
    async def work(connection):
        assert await house.doors.suspensions.suspend(connection, account_of(one))

    await house.doors.watches.told(work)


async def lift(house: House, one: AccountClient) -> None:
    await house.reports.lift("ada", account_of(one))


async def answers(house: House, one: AccountClient) -> dict[str, str]:
    """What each operation answers a device that proves every request."""
    found = {}
    for operation in house.operations:
        if operation.name not in PUBLIC:
            method, path = placed(operation)
            found[operation.name] = refusal(await one.call(method, path))
    return found


async def test_its_tokens_are_refused_at_once_by_all_but_what_looks_at_it_and_ends_it(
    house: House,
):
    one, other = await house.somebody().linked(), await house.somebody().linked()
    before = await answers(house, one)
    assert "suspended" not in before.values()
    await suspend(house, one)
    found = await answers(house, one)
    assert {name for name, code in found.items() if code != "suspended"} == ALLOWED
    assert {name: found[name] for name in ALLOWED} == {name: before[name] for name in ALLOWED}
    assert "suspended" not in (await answers(house, other)).values()
    # And again as before, with the tokens that it has, once that is lifted.
    await lift(house, one)
    assert await answers(house, one) == before
    assert (await one.refresh(proved=True)).status_code == 200


async def test_it_signs_in_to_read_that_it_is_and_refreshes_nothing(house: House):
    one = await house.somebody().linked()
    shown = one.tokens["refresh_token"]
    await suspend(house, one)
    refused = await one.refresh(proved=True)
    assert (refused.status_code, refusal(refused)) == (403, "suspended")
    # Whoever shows a token that is none learns nothing of it.
    assert refusal(await one.refresh(b64encode(bytes(52)))) == "session_ended"
    for as_device in (False, True):
        assert (await one.log_in(as_device=as_device)).status_code == 200
        me = await house.api.get("/auth/me", headers=one.bearer)
        today = me.json()["now"] // 86_400_000
        assert me.json()["suspended_day"] in {today, today - 1}
    await lift(house, one)
    me = await house.api.get("/auth/me", headers=one.bearer)
    assert "suspended_day" not in me.json()
    # The session of before goes on where it was.
    assert (await one.refresh(shown, proved=True)).status_code == 200


async def test_it_can_be_deleted_and_is_suspended_until_it_is(house: House):
    one = await house.somebody().linked()
    await suspend(house, one)
    await suspend(house, one)
    assert (await one.log_in(as_device=True)).status_code == 200
    signed = close(one.chain, one.recovery)
    body = {"auth_key": one.auth_key, "statement": b64encode(signed.encode())}
    deleted = await one.call("DELETE", "/auth/me", json=body)
    assert (deleted.status_code, deleted.json()["deleted"]) == (200, True)
    left = await house.pool.fetchval("SELECT count(*) FROM accounts.accounts")
    assert left == 0


async def test_signing_out_is_refused_to_nobody(house: House):
    one = await house.somebody().linked()
    await suspend(house, one)
    out = await house.api.post("/auth/logout", headers=one.bearer, json={})
    assert out.status_code == 204
    assert refusal(await one.call("GET", "/auth/me")) == "session_ended"
