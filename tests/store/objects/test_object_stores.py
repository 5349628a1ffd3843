"""Objects are kept as they were given, once, and are gone when they are deleted: on every store."""

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

from ephemeral.store.objects import local, s3
from ephemeral.store.objects.canary import try_out
from ephemeral.store.objects.interface import (
    PIECE,
    ObjectMissing,
    ObjectStore,
    ObjectThere,
    StoreTrouble,
    StoreUnreached,
)
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.objects.s3 import Bucket, S3Store


@pytest.fixture
async def store(place: S3Server | None, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    made: LocalStore | S3Store
    if place is None:
        made = LocalStore(tmp_path / "objects")
    else:
        name, where = f"bucket-{os.urandom(8).hex()}", place.endpoint
        made = S3Store(Bucket(where, where, name, "us-east-1", ACCESS_KEY, SECRET_KEY, 900))
        await made.ask("create_bucket")
    yield made
    await made.close()


async def read(store: ObjectStore, key: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in store.get(key, start, end)])


async def keys(store: ObjectStore, prefix: str) -> list[str]:
    return [one.key async for one in store.held(prefix)]


async def test_an_object_is_read_in_parts_as_it_was_given(store: ObjectStore) -> None:
    body = os.urandom(2 * PIECE + 500)
    await store.put("a/f/0", body)
    for start, end in ((0, len(body)), (0, 16), (PIECE - 1, PIECE + 1), (100, 2 * PIECE + 400)):
        assert await read(store, "a/f/0", start, end) == body[start:end]
    assert await read(store, "a/f/0", len(body) - 5, len(body) + 100) == body[-5:]
    assert await read(store, "a/f/0", len(body), len(body) + 5) == b""
    held = [one async for one in store.held("a/")]
    assert [(one.key, one.length) for one in held] == [("a/f/0", len(body))]
    with pytest.raises(ObjectMissing):
        await read(store, "a/f/1", 0, 5)
    for start, end in ((5, 5), (-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="no range"):
            await read(store, "a/f/0", start, end)


async def test_what_is_there_is_never_replaced_however_many_try_at_once(store: ObjectStore) -> None:
    async def put(number: int) -> int | None:
        with suppress(ObjectThere):
            await store.put("a/0", bytes([number]) * 5_000)
            return number
        return None

    first = await put(9)
    assert first == 9
    assert set(await asyncio.gather(*map(put, range(4)))) == {None}
    assert await read(store, "a/0", 0, 5_000) == b"\x09" * 5_000


async def test_a_list_has_all_under_a_prefix_and_nothing_else(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (s3, local):
        monkeypatch.setattr(one, "_LISTED_AT_ONCE", 2)
    there = [f"a/b/{number}" for number in range(5)]
    for key in (*there, "a/bb/0", "b/0"):
        await store.put(key, b"x")
    assert await keys(store, "a/b/") == there
    assert await keys(store, "c/") == []


async def test_what_is_deleted_is_gone_and_can_be_deleted_again(store: ObjectStore) -> None:
    for key in ("a/0", "a/1", "a/2"):
        await store.put(key, b"x")
    assert await store.delete(["a/0", "a/2", "a/3", "z/0"]) == []
    assert await keys(store, "a/") == ["a/1"]
    assert await store.delete(["a/0"]) == []
    await store.put("a/0", b"another")
    assert await read(store, "a/0", 0, 7) == b"another"


async def test_what_comes_piece_by_piece_is_kept_whole_or_not_at_all(store: ObjectStore) -> None:
    asked: list[str] = []

    async def pieces(*some: bytes | Exception) -> AsyncIterator[bytes]:
        for one in some:
            if isinstance(one, Exception):
                raise one
            yield one

    async def may_stay() -> None:
        asked.append("may it")

    async def may_not() -> None:
        raise PermissionError

    body = os.urandom(700_000)
    await store.receive("a/0", len(body), pieces(body[:3], body[3:]), may_stay)
    assert await read(store, "a/0", 0, 10**6) == body
    assert (await store.length("a/0"), asked) == (len(body), ["may it"])
    with pytest.raises(ObjectThere):
        await store.receive("a/0", 2, pieces(b"xy"), may_stay)
    for broken, allowed in ((PermissionError(), may_stay), (b"y", may_not)):
        with pytest.raises(PermissionError):
            await store.receive("a/1", 2, pieces(b"x", broken), allowed)
    with pytest.raises(Exception, match=r".+"):
        await store.receive("a/1", 2, pieces(b"x"), may_stay)
    assert await store.length("a/1") is None
    assert await keys(store, "a/") == ["a/0"]


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/..", "A/0", "a b", "a/é"])
async def test_no_other_key_becomes_a_path_or_an_address(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        await store.put(key, b"x")
    with pytest.raises(ValueError, match="no key"):
        await store.delete([key])


async def test_a_store_that_does_all_this_is_good_and_keeps_nothing(store: ObjectStore) -> None:
    await try_out(store, os.urandom)
    assert await keys(store, "canary/") == []


# --- what only a bucket can get wrong -------------------------------------------------------------


@pytest.mark.parametrize("place", ["seaweedfs_server"], indirect=True)
async def test_an_object_whose_answer_was_lost_is_its_own_and_another_is_there(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = store._client._endpoint.http_session
    really, lost = session.send, list[str]()

    def send(request: AWSPreparedRequest) -> object:
        answer = really(request)
        if request.method == "PUT" and request.url not in lost:
            lost.append(request.url)
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    await store.put("a/0", b"another")
    monkeypatch.setattr(session, "send", send)
    for body in (b"anything", b"another!", b"other"):
        lost.clear()
        with pytest.raises(ObjectThere):
            await store.put("a/0", body)
    await store.put("a/1", b"mine")
    assert await read(store, "a/1", 0, 10) == b"mine"
    # And who doesn't have to ask again hears what is there, though it is the same.
    with pytest.raises(ObjectThere):
        await store.put("a/1", b"mine")


# --- what only the directory can get wrong --------------------------------------------------------


class Replacing(LocalStore):
    async def put(self, key: str, body: bytes) -> None:
        await self.delete([key])
        await super().put(key, body)


class Damaging(LocalStore):
    async def put(self, key: str, body: bytes) -> None:
        await super().put(key, body[:-1] + bytes([body[-1] ^ 1]))


class Whole(LocalStore):
    async def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        async for piece in super().get(key, 0, end):
            yield piece


class Silent(LocalStore):
    async def held(self, prefix: str) -> AsyncIterator[local.Held]:
        for one in ():
            yield one


class Keeping(LocalStore):
    async def delete(self, keys: object) -> list[local.Failed]:
        return []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Replacing, "replaces what it holds"),
        (Damaging, "other bytes"),
        (Whole, "other bytes"),
        (Silent, "doesn't list"),
        (Keeping, "doesn't delete"),
    ],
)
async def test_a_store_that_does_not_is_told(
    tmp_path: Path, kind: type[LocalStore], told: str
) -> None:
    with pytest.raises(StoreTrouble, match=told):
        await try_out(kind(tmp_path / "objects"), os.urandom)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_full_disk_is_told_and_nothing_is_left_of_what_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "objects")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "planted")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreTrouble, match="no room left"):
        await store.put("a/0", b"x")
    assert files_below(tmp_path) == []


async def test_what_a_killed_writer_left_is_removed_and_what_is_coming_is_not(
    tmp_path: Path,
) -> None:
    LocalStore(tmp_path)
    old, new = tmp_path / ".coming" / "old", tmp_path / ".coming" / "new"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    LocalStore(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


async def test_what_cannot_be_deleted_is_told(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    await store.put("a/b/0", b"x")
    assert [one.key for one in await store.delete(["a/b", "a/b/0"])] == ["a/b"]
    assert await keys(store, "a/") == []


async def test_a_folder_goes_with_its_last_object_also_while_another_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    really = os.link
    went = []

    def link(coming: Path, path: Path) -> None:
        if not went:
            went.append(path.parent)
            path.parent.rmdir()
        really(coming, path)

    monkeypatch.setattr(os, "link", link)
    await store.put("a/b/0", b"x")
    assert went
    assert await read(store, "a/b/0", 0, 1) == b"x"
    assert await store.delete(["a/b/0"]) == []
    assert os.listdir(tmp_path) == [".coming"]  # noqa: PTH208 - a Path would block as well


async def test_a_folder_that_another_has_just_made_is_on_the_disk_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(local, "sync_directory", synced.append)
    root = tmp_path / "for" / "objects"
    store = LocalStore(root)
    assert {tmp_path, root.parent} <= set(synced)
    (root / "a" / "b").mkdir(parents=True)
    synced.clear()
    await store.put("a/b/0", b"x")
    assert set(synced) == {root, root / "a", root / "a" / "b"}


def test_too_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    store.require_room()
    monkeypatch.setattr(local, "FREE_BYTES", 2**60)
    with pytest.raises(StoreTrouble, match="MiB are free"):
        store.require_room()


def test_files_and_folders_are_their_owners(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects")
    asyncio.run(store.put("a/b/0", b"x"))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "objects").rglob("*")}
    assert modes == {0o700, 0o600}


async def test_a_folder_that_cannot_be_listed_is_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    await store.put("a/b/0", b"x")

    def stale(_folder: object) -> None:
        raise OSError(errno.ESTALE, "planted")

    monkeypatch.setattr(os, "scandir", stale)
    with pytest.raises(StoreTrouble, match="can't be kept"):
        await keys(store, "a/")


async def test_a_disk_that_hangs_is_told_and_holds_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, hangs = LocalStore(tmp_path), threading.Event()
    monkeypatch.setattr(local, "_SECONDS", 0.05)
    monkeypatch.setattr(store, "_length", lambda _path: hangs.wait())
    asked = [asyncio.ensure_future(store.length("a/0")) for _ in range(64)]
    # The threads that everything else has are free.
    assert await asyncio.to_thread(lambda: "free") == "free"
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in told} == {StoreUnreached}
    hangs.set()
    await store.close()
