"""A bucket is used only if it refuses what it has to, and forgets what is deleted."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore import auth
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

from ephemeral.store.objects.interface import StoreTrouble
from ephemeral.store.objects.s3 import Bucket, S3Store, Signed
from ephemeral.store.objects.s3_probe import probe

ORIGIN = "https://rooms.example"
RULES = {
    "AllowedOrigins": [ORIGIN],
    "AllowedMethods": ["PUT", "GET"],
    "AllowedHeaders": ["content-type", "if-none-match", "range"],
    "ExposeHeaders": ["Content-Range"],
}
OPEN = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
"Action": "s3:GetObject", "Resource": "arn:aws:s3:::%s/*"}]}"""

Opening = Callable[..., Awaitable[S3Store]]


@pytest.fixture
async def opened(s3_server: S3Server) -> AsyncIterator[Opening]:
    """A bucket of its own each time, or another than is there."""
    stores: list[S3Store] = []

    async def make(
        *, there: bool = True, secret: str = SECRET_KEY, endpoint: str | None = None,
        public: str | None = None, **named: object,
    ) -> S3Store:  # fmt: skip
        where = endpoint or s3_server.endpoint
        name = f"bucket-{os.urandom(8).hex()}"
        store = S3Store(Bucket(where, public or where, name, "us-east-1", ACCESS_KEY, secret, 900))
        stores.append(store)
        if there:
            await store.ask("create_bucket", **named)
        return store

    yield make
    for one in stores:
        await one.close()


async def refusal(store: S3Store, origin: str | None = None) -> str:
    with pytest.raises(StoreTrouble) as raised:
        await probe(store, os.urandom, origin)
    assert SECRET_KEY not in str(raised.value)
    return str(raised.value)


async def test_a_bucket_as_it_has_to_be_is_good_and_empty_afterwards(opened: Opening) -> None:
    store = await opened()
    await probe(store, os.urandom)
    await store.ask("put_bucket_cors", CORSConfiguration={"CORSRules": [RULES]})
    await probe(store, os.urandom, ORIGIN)
    assert [one async for one in store.held("canary/")] == []


async def test_one_that_keeps_what_is_deleted_is_refused(opened: Opening) -> None:
    store = await opened()
    for status in ("Enabled", "Suspended"):
        await store.ask("put_bucket_versioning", VersioningConfiguration={"Status": status})
        assert "keeps versions" in await refusal(store)
    locked = await opened(ObjectLockEnabledForBucket=True)
    assert "keeps versions" in await refusal(locked)


async def test_one_that_everybody_reads_is_refused(opened: Opening) -> None:
    store = await opened()
    await store.ask("put_bucket_policy", Policy=OPEN % store.bucket.name)
    assert "Everybody can read" in await refusal(store)


@pytest.mark.parametrize(
    "rules",
    [
        None,
        RULES | {"AllowedOrigins": ["https://elsewhere.example"]},
        RULES | {"AllowedOrigins": ["*"]},
        RULES | {"AllowedMethods": ["GET"]},
        RULES | {"AllowedHeaders": ["content-type"]},
        RULES | {"ExposeHeaders": ["Content-Range", "ETag"]},
        RULES | {"ExposeHeaders": []},
    ],
)
async def test_one_with_other_rules_for_pages_is_told_the_right_ones(
    opened: Opening, rules: dict[str, list[str]] | None
) -> None:
    store = await opened()
    if rules is not None:
        await store.ask("put_bucket_cors", CORSConfiguration={"CORSRules": [rules]})
    told = await refusal(store, ORIGIN)
    assert '"AllowedMethods": ["PUT", "GET"]' in told
    assert f'"AllowedOrigins": ["{ORIGIN}"]' in told


async def test_one_that_cannot_be_had_is_told_in_the_words_of_the_settings(
    opened: Opening,
) -> None:
    assert "There is no bucket" in await refusal(await opened(there=False))
    assert "S3_SECRET_KEY_FILE" in await refusal(await opened(there=False, secret="wrong"))
    nowhere = "http://127.0.0.1:9"
    assert "can't be reached" in await refusal(await opened(there=False, endpoint=nowhere))
    assert "S3_PUBLIC_ENDPOINT" in await refusal(await opened(public=nowhere))


def test_what_is_secret_is_not_in_a_repr() -> None:
    bucket = Bucket("https://s3.example", "https://s3.example", "bucket", "r", "id", "planted", 900)
    for value in (bucket, Signed("https://s3.example/planted", {}, 0)):
        assert "planted" not in f"{value!r} {value}"


async def test_a_signed_address_is_good_for_one_object_one_act_and_its_time(
    opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the probe doesn't try; it tries lengths, types, conditions, and a second time."""
    store = await opened()
    put = await store.sign_put("a/0", 5)
    monkeypatch.setattr(
        auth, "get_current_datetime", lambda: datetime.now(UTC) - timedelta(seconds=1000)
    )
    late = await store.sign_put("a/0", 5)
    async with httpx.AsyncClient() as http:
        for url in (
            put.url.replace("a/0", "a/1"),
            put.url.replace("Expires=900", "Expires=9000"),
            late.url,
            put.url.partition("?")[0],
        ):
            answer = await http.put(url, content=b"hello", headers=put.headers)
            assert answer.status_code == 403, url
        for act in ("DELETE", "GET"):
            assert (await http.request(act, put.url)).status_code == 403
        assert (await http.put(put.url, content=b"hello", headers=put.headers)).status_code == 200
