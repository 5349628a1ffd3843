"""The store that the settings name, and whether it is good."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ephemeral.settings import Settings
from ephemeral.store.objects.canary import try_out
from ephemeral.store.objects.interface import ObjectStore, StoreTrouble
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.objects.s3 import S3Store

__all__ = ["bucket_forgets", "open_bucket", "open_local", "open_store", "place", "require_store"]

_KEY_MOST = 1_000


async def require_store(
    settings: Settings, random: Callable[[int], bytes], origin: str | None
) -> str:
    """Where objects would be kept; raises StartError unless that is as it has to be. `origin`: of
    pages that are to use a bucket, if that is to be looked at too."""
    try:
        if settings.s3_bucket is None:
            return await _require_local(settings, random)
        return await _require_s3(settings, random, origin)
    except StoreTrouble as trouble:
        raise StartError(str(trouble)) from None


async def _require_local(settings: Settings, random: Callable[[int], bytes]) -> str:
    store = open_local(settings)
    store.require_room()
    await try_out(store, random)
    await store.close()
    return place(settings)


async def _require_s3(
    settings: Settings, random: Callable[[int], bytes], origin: str | None
) -> str:
    from ephemeral.store.objects.s3_probe import probe  # noqa: PLC0415

    store = open_bucket(settings)
    try:
        await probe(store, random, origin)
        await try_out(store, random)
    finally:
        await store.close()
    return place(settings)


def place(settings: Settings) -> str:
    """Where objects lie, in words for the operator."""
    if settings.s3_bucket is None:
        return str(_root(settings))
    return f"{settings.s3_bucket} at {settings.s3_endpoint}"


def open_local(settings: Settings) -> LocalStore:
    """The directory; raises StoreTrouble."""
    return LocalStore(_root(settings))


def open_bucket(settings: Settings) -> "S3Store":
    """The bucket that is named; nobody has asked it yet. Raises StoreTrouble."""
    # Its library takes a third of a second to load, and much memory.
    from ephemeral.store.objects.s3 import Bucket, S3Store  # noqa: PLC0415

    assert settings.s3_bucket is not None
    assert settings.s3_endpoint is not None
    return S3Store(
        Bucket(
            endpoint=settings.s3_endpoint,
            public_endpoint=settings.s3_public_endpoint or settings.s3_endpoint,
            name=settings.s3_bucket,
            region=settings.s3_region,
            access_key=_read("S3_ACCESS_KEY_FILE", settings.s3_access_key_file),
            secret_key=_read("S3_SECRET_KEY_FILE", settings.s3_secret_key_file),
            seconds=settings.s3_url_seconds,
        )
    )


async def bucket_forgets(store: "S3Store", random: Callable[[int], bytes]) -> None:
    """Raises StoreUnfit for a bucket in which what is deleted stays."""
    from ephemeral.store.objects.s3_probe import require_forgetting  # noqa: PLC0415

    await require_forgetting(store, random)


def open_store(settings: Settings) -> ObjectStore:
    """Whichever the settings name; raises StoreTrouble."""
    return open_local(settings) if settings.s3_bucket is None else open_bucket(settings)


def _root(settings: Settings) -> Path:
    return settings.data_dir / "objects"


def _read(name: str, path: Path | None) -> str:
    assert path is not None
    try:
        text = path.read_text("ascii").strip()
    except OSError as error:
        raise StoreTrouble(f"{name}: {path} can't be read ({error.strerror}).") from None
    except UnicodeError:
        text = ""
    if not 1 <= len(text) <= _KEY_MOST or not text.isprintable() or " " in text:
        raise StoreTrouble(f"{name}: {path} doesn't hold a key in one line.")
    return text
