"""The keys of an issuer: fetched when they are needed, bounded, and led nowhere else."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from starlette.responses import JSONResponse, Response, StreamingResponse
from support.machines.issuer import RealIssuer, key

from ephemeral.accounts.service.issuer import Issuer
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

CONFIGURATION, KEYS = "/.well-known/openid-configuration", "/keys"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def real() -> Iterator[RealIssuer]:
    with RealIssuer() as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(real: RealIssuer, clock: Clock) -> Issuer:
    return Issuer(real.name, clock)


async def test_keys_are_asked_for_once_an_hour(real: RealIssuer, issuer: Issuer, clock: Clock):
    assert real.asked == {}
    for _ in range(3):
        assert await issuer.key("one") is not None
    assert real.asked == {CONFIGURATION: 1, KEYS: 1}
    clock.now += 3601
    assert await issuer.key("one") is not None
    assert real.asked[KEYS] == 2


async def test_a_new_key_is_found_and_an_old_one_forgotten(
    real: RealIssuer, issuer: Issuer, clock: Clock
):
    assert await issuer.key("one") is not None
    real.keys = [key("EC", "two")]
    clock.now += 61
    assert await issuer.key("two") is not None
    assert await issuer.key("one") is None


async def test_unknown_keys_have_nothing_asked_more_than_once_a_minute(
    real: RealIssuer, issuer: Issuer, clock: Clock
):
    for number in range(20):
        assert await issuer.key(f"unknown {number}") is None
    assert real.asked[KEYS] == 1
    clock.now += 61
    assert await issuer.key("unknown") is None
    assert real.asked[KEYS] == 2


async def test_while_it_is_away_its_keys_are_good_for_a_day(
    real: RealIssuer, issuer: Issuer, clock: Clock
):
    assert await issuer.key("one") is not None
    real.says[KEYS] = Response(status_code=503)
    clock.now += 80_000
    assert await issuer.key("one") is not None
    clock.now += 10_000
    with pytest.raises(Refusal, check=lambda error: error.code == "unavailable"):
        await issuer.key("one")
    del real.says[KEYS]
    clock.now += 61
    assert await issuer.key("one") is not None


def bad_configurations(real: RealIssuer) -> dict[str, Response]:
    good = real.configuration
    return {
        "another issuer": JSONResponse(good | {"issuer": "https://accounts.example"}),
        "no issuer": JSONResponse({"jwks_uri": good["jwks_uri"]}),
        "no keys": JSONResponse({"issuer": real.name}),
        "keys elsewhere without TLS": JSONResponse(good | {"jwks_uri": "http://example.org/keys"}),
        "keys in a file": JSONResponse(good | {"jwks_uri": "file:///etc/passwd"}),
        "too large": JSONResponse(good | {"more": "x" * 70_000}),
        "too large in pieces": StreamingResponse(iter([b"{" + b" " * 70_000, b"}"])),
        "no JSON": Response("<html>"),
        "deep": Response("[" * 60_000),
        "a list": JSONResponse([good]),
        "an error": JSONResponse(good, status_code=500),
    }


BAD = (
    "another issuer", "no issuer", "no keys", "keys elsewhere without TLS", "keys in a file",
    "too large", "too large in pieces", "no JSON", "deep", "a list", "an error",
)  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
async def test_a_configuration_that_is_wrong_gives_no_keys(
    real: RealIssuer, issuer: Issuer, bad: str
):
    real.says[CONFIGURATION] = bad_configurations(real)[bad]
    with pytest.raises(Refusal, check=lambda error: error.code == "unavailable"):
        await issuer.key("one")
    assert KEYS not in real.asked


async def test_where_people_sign_in_is_known_with_the_keys(
    real: RealIssuer, issuer: Issuer, clock: Clock
):
    for _ in range(2):
        assert await issuer.sign_in_address() == f"{real.name}/sign-in?tenant=one"
    assert await issuer.key("one") is not None
    assert real.asked == {CONFIGURATION: 1, KEYS: 1}
    real.says[CONFIGURATION] = Response(status_code=503)
    clock.now += 80_000
    assert await issuer.sign_in_address() is not None
    clock.now += 10_000
    assert await issuer.sign_in_address() is None


@pytest.mark.parametrize(
    "address",
    [
        None,
        7,
        "javascript:alert(1)",
        "http://example.org/sign-in",
        "https://example.org/sign-in#here",
        "https://example.org/sign in",
        "https://" + "x" * 1001,
    ],
)
async def test_nobody_is_sent_where_it_isnt_safe_and_the_keys_are_good_all_the_same(
    real: RealIssuer, issuer: Issuer, address: object
):
    real.says[CONFIGURATION] = JSONResponse(
        real.configuration | {"authorization_endpoint": address}
    )
    assert await issuer.sign_in_address() is None
    assert await issuer.key("one") is not None


@pytest.mark.parametrize("path", [CONFIGURATION, KEYS])
async def test_a_redirect_is_not_followed(real: RealIssuer, issuer: Issuer, path: str):
    real.redirect(path, f"{real.name}/elsewhere")
    with pytest.raises(Refusal):
        await issuer.key("one")
    assert "/elsewhere" not in real.asked


async def test_only_public_keys_that_sign_and_are_long_enough_count(
    real: RealIssuer, issuer: Issuer
):
    good = key("OKP", "good").as_dict(private=False)
    numbers = generate_private_key(65537, 1024).public_key().public_numbers()
    short = {"kty": "RSA", "n": b64encode(numbers.n.to_bytes(128)), "e": "AQAB"}
    real.says[KEYS] = JSONResponse(
        {
            "keys": [
                good,
                key("RSA", "private").as_dict(private=True),
                short | {"kid": "short"},
                key("EC", "encrypts").as_dict(private=False) | {"use": "enc"},
                {"kty": "oct", "k": "AAAA", "kid": "secret"},
                {"kty": "RSA", "kid": "broken"},
                {"kty": ["RSA"], "kid": "odd"},
                "no key",
                good | {"kid": "twice"},
                good | {"kid": "twice"},
            ]
        }
    )
    assert await issuer.key("good") is not None
    for kid in ("private", "short", "encrypts", "secret", "broken", "odd", "twice", None):
        assert await issuer.key(kid) is None
