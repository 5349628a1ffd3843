"""Objects in S3, or in what speaks its language. Loaded only where a bucket is named."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ephemeral.store.objects.interface import (
    PIECE,
    Failed,
    Held,
    ObjectMissing,
    ObjectThere,
    Signed,
    StoreBroke,
    StoreFull,
    StoreTrouble,
    StoreUnreached,
    checked_key,
    checked_range,
)

__all__ = ["Bucket", "S3Store", "Signed"]

#: What is sent is of this type, always: it is signed with the address.
TYPE = "application/octet-stream"
_THREADS = 4
#: Keys that one request lists, or deletes.
_LISTED_AT_ONCE = 1_000
_DELETED_AT_ONCE = 1_000
_PUT_HEADERS = {"content-type": TYPE, "if-none-match": "*"}
# Together less than a stopping server is given.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 15, 2


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where it is, for this program and for browsers, and by whose keys it is used."""

    endpoint: str
    public_endpoint: str
    name: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    #: How long a signed address may be used.
    seconds: int


class S3Store:
    """Its library waits for the network: it does so in threads of its own."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._threads = ThreadPoolExecutor(_THREADS, "s3")
        self._client = _client(bucket, bucket.endpoint)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
            # How many there are at once is bounded by who takes them.
            limits=httpx.Limits(max_connections=None),
            follow_redirects=False,
            trust_env=False,
        )
        # What is signed holds the host's name, which is another for browsers perhaps.
        self._signer = _client(bucket, bucket.public_endpoint)

    async def put(self, key: str, body: bytes) -> None:
        try:
            await self.ask(
                "put_object", Key=checked_key(key), Body=body, ContentType=TYPE, IfNoneMatch="*"
            )
        except S3Refused as error:
            if error.status not in {409, 412}:
                raise
            # The library tries again where no answer came: this object may have been kept then.
            if not error.again or not await self._is(key, body):
                raise ObjectThere from None

    async def _is(self, key: str, body: bytes) -> bool:
        """Whether these bytes stand under a key, and no more."""
        at = 0
        async for piece in self.get(key, 0, len(body) + 1):
            if body[at : at + len(piece)] != piece:
                return False
            at += len(piece)
        return at == len(body)

    async def receive(
        self,
        key: str,
        length: int,
        pieces: AsyncIterator[bytes],
        may_stay: Callable[[], Awaitable[None]],
    ) -> None:
        """Passed on as it comes: what is signed need not be read twice for its hash."""
        await may_stay()
        signed = await self._signed("put_object", key, _as_put(length), _PUT_HEADERS, self._client)
        headers = {**signed.headers, "content-length": str(length)}
        try:
            answer = await self._http.put(signed.url, content=pieces, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._unreached(error) from None
        except httpx.HTTPError as error:
            raise StoreBroke(str(self._unreached(error))) from None
        if answer.status_code in {409, 412}:
            # There, or coming by another.
            raise ObjectThere
        if answer.status_code == 507:
            raise StoreFull(f"There is no room left in the object store at {self._host}.")
        if answer.status_code in {400, 408}:
            # What was to come came too slowly, or not as announced.
            raise StoreBroke(f"The object store at {self._host} has waited for too long.")
        if not answer.is_success:
            raise S3Refused(self._host, "", answer.status_code)

    async def length(self, key: str) -> int | None:
        try:
            answer = await self.ask("head_object", Key=checked_key(key))
        except S3Refused as error:
            if error.status == 404:
                return None
            raise
        return int(answer["ContentLength"])

    async def tidy(self) -> None:
        """What broke off was never kept."""

    async def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        start, end = checked_range(start, end)
        named = f"bytes={start}-{end - 1}"
        try:
            answer = await self.ask("get_object", Key=checked_key(key), Range=named)
        except S3Refused as error:
            if error.status == 416:
                # The object ends before.
                return
            if error.code == "NoSuchKey":
                raise ObjectMissing(f"An object is missing at {self._host}.") from None
            raise
        body = answer["Body"]
        try:
            while piece := await self._run(lambda: body.read(PIECE)):
                yield piece
        except StoreUnreached as error:
            raise StoreBroke(str(error)) from None
        finally:
            body.close()

    async def held(self, prefix: str) -> AsyncIterator[Held]:
        more: dict[str, str] = {}
        while True:
            page = await self.ask("list_objects_v2", Prefix=prefix, MaxKeys=_LISTED_AT_ONCE, **more)
            for one in page.get("Contents", []):
                yield Held(one["Key"], one["Size"], one["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def delete(self, keys: Sequence[str]) -> list[Failed]:
        failed: list[Failed] = []
        for at in range(0, len(keys), _DELETED_AT_ONCE):
            some = keys[at : at + _DELETED_AT_ONCE]
            named = {"Objects": [{"Key": checked_key(key)} for key in some], "Quiet": True}
            answer = await self.ask("delete_objects", Delete=named)
            failed += [Failed(one["Key"], one["Code"]) for one in answer.get("Errors", [])]
        return failed

    async def sign_put(self, key: str, length: int) -> Signed:
        """Lets somebody store so many bytes under a key at which nothing stands, once."""
        return await self._signed("put_object", key, _as_put(length), _PUT_HEADERS, self._signer)

    async def sign_get(self, key: str) -> Signed:
        """Lets somebody read an object, or a range of it."""
        return await self._signed("get_object", key, {}, {}, self._signer)

    async def close(self) -> None:
        await self._http.aclose()
        self._client.close()
        self._signer.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ask(self, operation: str, **named: Any) -> dict[str, Any]:
        """The bucket's answer to an operation of the library; raises S3Refused, StoreTrouble."""
        call = getattr(self._client, operation)
        answer: dict[str, Any] = await self._run(lambda: call(Bucket=self.bucket.name, **named))
        return answer

    async def _signed(
        self,
        operation: str,
        key: str,
        named: Mapping[str, Any],
        headers: Mapping[str, str],
        signer: Any,
    ) -> Signed:
        params = {"Bucket": self.bucket.name, "Key": checked_key(key), **named}
        seconds = self.bucket.seconds
        # Before it is signed: rather too early than too late.
        until = (int(time.time()) + seconds) * 1000
        url = await self._run(lambda: signer.generate_presigned_url(operation, params, seconds))
        return Signed(str(url), headers, until)

    async def _run(self, work: Callable[[], Any]) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except ClientError as error:
            said = error.response
            code = str(said.get("Error", {}).get("Code", ""))
            about = said.get("ResponseMetadata", {})
            status, again = int(about.get("HTTPStatusCode", 0)), about.get("RetryAttempts", 0) > 0
            raise S3Refused(self._host, code if code.isalnum() else "", status, again) from None
        except (BotoCoreError, OSError) as error:
            raise self._unreached(error) from None

    def _unreached(self, error: Exception) -> StoreUnreached:
        return StoreUnreached(
            f"The object store at {self._host} can't be reached ({type(error).__name__})."
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.bucket.endpoint).netloc.rpartition("@")[2]


class S3Refused(StoreTrouble):
    """The store's own no: a word of its language, the HTTP status, and whether it was asked
    `again`."""

    def __init__(self, host: str, code: str, status: int, again: bool = False) -> None:
        super().__init__(f"The object store at {host} refuses: {code or f'status {status}'}.")
        self.code = code
        self.status = status
        self.again = again


def _as_put(length: int) -> dict[str, Any]:
    return {"ContentLength": length, "ContentType": TYPE, "IfNoneMatch": "*"}


def _client(bucket: Bucket, endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            # Checksums of its own would be sent in a form that some engines don't know.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            max_pool_connections=_THREADS,
        ),
    )
