"""Whether a bucket is safe to be used: what it must refuse, and what it must forget."""

import json
from collections.abc import Callable
from contextlib import suppress

import httpx

from ephemeral.store.objects.canary import PREFIX
from ephemeral.store.objects.interface import StoreTrouble, StoreUnfit
from ephemeral.store.objects.s3 import S3Refused, S3Store, Signed

__all__ = ["probe", "require_forgetting"]

_SECONDS = 30
_UNKNOWN = {"NotImplemented", "MethodNotAllowed", "XNotImplemented"}
_BODY = b"canary"
_VERSIONS = (
    "The bucket keeps versions of what is deleted or replaced. Make another without versioning: "
    "here nothing would ever be gone."
)
_LOCKED = "The bucket has an object lock: what is to be deleted would stay."


async def probe(store: S3Store, random: Callable[[int], bytes], origin: str | None = None) -> None:
    """Raises StoreTrouble with the first thing that is wrong. `origin`: of the pages that are to
    use the bucket; without it nobody looks whether they may."""
    await _require_bucket(store)
    await require_forgetting(store, random)
    key = f"{PREFIX}/{random(16).hex()}"
    async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as http:
        try:
            await _require_rights(store, http, key)
            if origin is not None:
                await _require_origin(store, http, key, origin)
        except httpx.HTTPError as error:
            raise StoreTrouble(
                f"S3_PUBLIC_ENDPOINT can't be reached from here ({type(error).__name__})."
            ) from None
        finally:
            with suppress(StoreTrouble):
                await store.delete([key])


async def _require_bucket(store: S3Store) -> None:
    name = store.bucket.name
    try:
        await store.ask("list_objects_v2", MaxKeys=1)
    except S3Refused as error:
        if error.code == "NoSuchBucket":
            raise StoreTrouble(f"There is no bucket {name}: S3_BUCKET names it.") from None
        if error.status in {401, 403}:
            raise StoreTrouble(
                f"The keys of S3_ACCESS_KEY_FILE and S3_SECRET_KEY_FILE don't open the bucket "
                f"{name} ({error.code or error.status})."
            ) from None
        raise


async def require_forgetting(store: S3Store, random: Callable[[int], bytes]) -> None:
    """Raises StoreUnfit for a bucket in which what is deleted stays."""
    try:
        # One that was switched off again still has what it kept before.
        if (await store.ask("get_bucket_versioning")).get("Status"):
            raise StoreUnfit(_VERSIONS)
    except S3Refused as error:
        if error.code not in _UNKNOWN:
            raise
        await _require_no_version(store, f"{PREFIX}/{random(16).hex()}")
    try:
        said = await store.ask("get_object_lock_configuration")
    except S3Refused as error:
        if error.code not in {*_UNKNOWN, "ObjectLockConfigurationNotFoundError"}:
            raise
    else:
        if said.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled":
            raise StoreUnfit(_LOCKED)


async def _require_no_version(store: S3Store, key: str) -> None:
    """For an engine that can't be asked: what is left of an object that was deleted."""
    await store.put(key, _BODY)
    await store.delete([key])
    try:
        left = await store.ask("list_object_versions", Prefix=key)
    except S3Refused as error:
        if error.code in _UNKNOWN:
            return
        raise
    if left.get("Versions") or left.get("DeleteMarkers"):
        raise StoreUnfit(_VERSIONS)


async def _require_rights(store: S3Store, http: httpx.AsyncClient, key: str) -> None:
    """A signed address lets its bearer do one thing, once."""
    put = await store.sign_put(key, len(_BODY))
    others: tuple[tuple[str, bytes, dict[str, str | None]], ...] = (
        ("more bytes", _BODY + b"x", {}),
        ("fewer bytes", _BODY[1:], {}),
        ("another type", _BODY, {"content-type": "text/html"}),
        ("something in the place of another", _BODY, {"if-none-match": None}),
    )
    for what, body, headers in others:
        status = await _status(http, put, body, headers)
        if status < 400:
            raise StoreTrouble(f"With an address of the object store {what} can be stored.")
    status = await _status(http, put, _BODY, {})
    if status >= 300:
        raise StoreTrouble(
            f"Nothing can be stored through S3_PUBLIC_ENDPOINT (status {status}): is it the "
            "address under which the object store knows itself, without anything that changes "
            "the host or the path?"
        )
    if await _status(http, put, _BODY, {}) < 400:
        raise StoreTrouble("With an address of the object store something can be stored twice.")
    get = await store.sign_get(key)
    bare = await http.get(get.url.partition("?")[0])
    if bare.status_code < 400:
        raise StoreTrouble("Everybody can read the bucket: its objects are open without a key.")
    part = await http.get(get.url, headers={"range": "bytes=1-2"})
    if (part.status_code, part.content) != (206, _BODY[1:3]):
        raise StoreTrouble("The object store doesn't give parts of an object.")


async def _status(
    http: httpx.AsyncClient, signed: Signed, body: bytes, changes: dict[str, str | None]
) -> int:
    headers = {**signed.headers, **changes}
    sent = {name: value for name, value in headers.items() if value is not None}
    return (await http.put(signed.url, content=body, headers=sent)).status_code


async def _require_origin(store: S3Store, http: httpx.AsyncClient, key: str, origin: str) -> None:
    """Pages of this origin may use signed addresses, and see of the answers what they need."""
    put, get = await store.sign_put(key, len(_BODY)), await store.sign_get(key)
    for url, method, names in ((put.url, "PUT", sorted(put.headers)), (get.url, "GET", ["range"])):
        asked = {
            "origin": origin,
            "access-control-request-method": method,
            "access-control-request-headers": ",".join(names),
        }
        answer = await http.options(url, headers=asked)
        right = _lets(answer, origin) and method.lower() in _listed(answer, "allow-methods")
        if not right or not {*names} <= _listed(answer, "allow-headers"):
            raise StoreTrouble(_other_rules(origin))
    part = await http.get(get.url, headers={"origin": origin, "range": "bytes=0-0"})
    if not _lets(part, origin) or _listed(part, "expose-headers") != {"content-range"}:
        raise StoreTrouble(_other_rules(origin))
    # Nobody else's pages have anything to do with it.
    other = {"origin": "https://elsewhere.invalid", "range": "bytes=0-0"}
    if "access-control-allow-origin" in (await http.get(get.url, headers=other)).headers:
        raise StoreTrouble(_other_rules(origin))


def _lets(answer: httpx.Response, origin: str) -> bool:
    return answer.is_success and answer.headers.get("access-control-allow-origin") == origin


def _listed(answer: httpx.Response, name: str) -> set[str]:
    """What an answer's rule lists, in small letters."""
    text = answer.headers.get(f"access-control-{name}", "")
    return {one.strip().lower() for one in text.split(",") if one.strip()}


def _other_rules(origin: str) -> str:
    rules = {
        "CORSRules": [
            {
                "AllowedOrigins": [origin],
                "AllowedMethods": ["PUT", "GET"],
                "AllowedHeaders": ["content-type", "if-none-match", "range"],
                "ExposeHeaders": ["Content-Range"],
                "MaxAgeSeconds": 600,
            }
        ]
    }
    return (
        f"Pages of {origin} can't use the bucket, or others can as well. Its CORS rules have to "
        f"be: {json.dumps(rules)}"
    )
