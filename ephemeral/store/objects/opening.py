"""The store that the settings name, and whether it is good."""

from collections.abc import Callable
from pathlib import Path

from ephemeral.settings import Settings
from ephemeral.store.objects.canary import try_out
from ephemeral.store.objects.interface import StoreTrouble
from ephemeral.store.objects.local import LocalStore
from ephemeral.store.start_error import StartError

__all__ = ["require_store"]

_KEY_MOST = 1_000


async def require_store(
    settings: Settings, random: Callable[[int], bytes], origin: str | None
) -> str:
    """Where objects would be kept; raises StartError unless that is as it has to be. `origin`: of
    pages that are to use a bucket, if that is to be looked at too."""
    try:
        if settings.s3_bucket is None:
            return await _require_local(settings.data_dir / "objects", random)
        return await _require_s3(settings, random, origin)
    except StoreTrouble as trouble:
        raise StartError(str(trouble)) from None


async def _require_local(root: Path, random: Callable[[int], bytes]) -> str:
    store = LocalStore(root)
    store.require_room()
    await try_out(store, random)
    await store.close()
    return str(root)


async def _require_s3(
    settings: Settings, random: Callable[[int], bytes], origin: str | None
) -> str:
    # Its library takes a third of a second to load, and much memory.
    from ephemeral.store.objects.s3 import Bucket, S3Store  # noqa: PLC0415
    from ephemeral.store.objects.s3_probe import probe  # noqa: PLC0415

    assert settings.s3_bucket is not None
    assert settings.s3_endpoint is not None
    store = S3Store(
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
    try:
        await probe(store, random, origin)
        await try_out(store, random)
    finally:
        await store.close()
    return f"{settings.s3_bucket} at {settings.s3_endpoint}"


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
