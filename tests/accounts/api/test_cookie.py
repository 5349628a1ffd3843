"""The cookie that holds a refresh token: when it is set, when it counts, and what it never does."""

from pathlib import Path

import httpx
import pytest
from support.machines.account_house import House
from support.machines.account_house import house as opened
from support.people.account_client import AccountClient

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://ephemeral.test"}


def cookie_of(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Name and value, and the attributes."""
    pair, *rest = answer.headers["Set-Cookie"].split("; ")
    attributes = {name: value for name, _, value in (one.partition("=") for one in rest)}
    return pair, attributes


async def keeper(house: House) -> tuple[AccountClient, str]:
    """Somebody whose browser keeps the refresh token, and the cookie that it sends."""
    one = house.somebody()
    answer = await one.register(cookie=True)
    assert "refresh_token" not in answer.json(), "it is out of reach of scripts"
    house.api.cookies.clear()
    return one, cookie_of(answer)[0]


async def refreshed(house: House, cookie: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await house.api.post(
        "/auth/refresh", json={}, headers={"Cookie": cookie, **OURS, **named}
    )
    house.api.cookies.clear()
    return answer


async def test_it_goes_to_sign_in_alone_and_no_script_reads_it(database_url: str, tmp_path: Path):
    async with opened(database_url, tmp_path, BASE_PATH="/chat") as house:
        answer = await house.somebody().register(cookie=True)
        pair, attributes = cookie_of(answer)
        assert pair.startswith("__Secure-ephemeral=")
        assert attributes == {
            "HttpOnly": "", "Secure": "", "SameSite": "Strict", "Path": "/chat/auth",
            "Max-Age": "86400",
        }  # fmt: skip


async def test_a_page_of_ours_refreshes_by_it_and_gets_the_next(house: House):
    _, cookie = await keeper(house)
    answer = await refreshed(house, cookie)
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    successor = cookie_of(answer)[0]
    assert successor != cookie
    assert (await refreshed(house, successor)).status_code == 200


async def test_a_device_keeps_it_longer_and_proves_each_refresh(house: House):
    one = await house.somebody().linked()
    answer = await one.log_in(as_device=True, cookie=True)
    pair, attributes = cookie_of(answer)
    assert attributes["Max-Age"] == str(90 * 86_400)
    house.api.cookies.clear()
    bare = await refreshed(house, pair)
    assert bare.json()["error"]["code"] == "proof_wrong"
    # No script can read the token, so that the proof is over an empty one.
    proved = await one.proof("POST", "/auth/refresh", "")
    assert (await refreshed(house, pair, **proved)).status_code == 200


@pytest.mark.parametrize(
    "foreign",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://ephemeral.test.evil.example"},
        {"Origin": "http://ephemeral.test/"},
        {"Origin": "http://ephemeral.test:81"},
    ],
)
async def test_nobody_elses_page_refreshes_by_it(house: House, foreign: dict[str, str]):
    _, cookie = await keeper(house)
    answer = await refreshed(house, cookie, **foreign)
    assert (answer.status_code, answer.content) == (204, b""), "as if there were none"
    assert "Set-Cookie" not in answer.headers
    assert (await refreshed(house, cookie)).status_code == 200, "and nothing has happened to it"


async def test_a_form_of_another_site_is_no_request_at_all(house: House):
    _, cookie = await keeper(house)
    foreign = {"Cookie": cookie, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for path in ("/auth/refresh", "/auth/logout"):
        answer = await house.api.post(path, headers=foreign, data={"x": "y"})
        assert answer.status_code == 415
    assert (await refreshed(house, cookie)).status_code == 200


async def test_a_proxy_that_asks_under_another_name_says_which_was_asked(house: House):
    _, cookie = await keeper(house)
    behind = {"Host": "backend:3000", "Origin": "https://chat.example"}
    assert (await refreshed(house, cookie, **behind)).status_code == 204
    told = await refreshed(house, cookie, **behind, X_Forwarded_Host="chat.example")
    assert told.status_code == 200


async def test_no_page_elsewhere_may_say_which_was_asked(house: House):
    """Its browser asks first whether it may add such a header, and is allowed nothing."""
    asked = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-forwarded-host",
    }
    for path in ("/auth/refresh", "/auth/logout"):
        answer = await house.api.request("OPTIONS", path, headers=asked)
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_two_cookies_of_that_name_are_none(house: House):
    _, cookie = await keeper(house)
    assert (await refreshed(house, f"{cookie}; {cookie}")).status_code == 204
    assert (await refreshed(house, f"other=1; {cookie}; more=2")).status_code == 200


async def test_signing_out_clears_it(house: House):
    _, cookie = await keeper(house)
    answer = await house.api.post("/auth/logout", json={}, headers={"Cookie": cookie, **OURS})
    assert answer.status_code == 204
    assert cookie_of(answer)[0] == "__Secure-ephemeral="
    assert cookie_of(answer)[1]["Max-Age"] == "0"
    assert (await refreshed(house, cookie)).status_code == 401


async def test_it_opens_nothing_but_sign_in(house: House):
    """A credential of every other operation is a header that no browser adds by itself."""
    _, cookie = await keeper(house)
    for one in house.operations:
        if one.caller.credentials and "{" not in one.path and one.path != "/auth/logout":
            answer = await house.api.request(
                one.method, one.path, headers={"Cookie": cookie, **OURS}
            )
            assert answer.json()["error"]["code"] == "unauthorized", one.name
