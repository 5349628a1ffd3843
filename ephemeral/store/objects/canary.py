"""Whether a store does what is asked of it, tried with an object of its own."""

from collections.abc import Callable
from contextlib import suppress

from ephemeral.store.objects.interface import ObjectStore, ObjectThere, StoreTrouble

__all__ = ["PREFIX", "try_out"]

#: Under which nothing but these objects lies, for a moment.
PREFIX = "canary"
_SIZE = 4_096


async def try_out(store: ObjectStore, random: Callable[[int], bytes]) -> None:
    """Keep an object, read, list and delete it; raises StoreTrouble where that isn't right."""
    prefix = f"{PREFIX}/{random(16).hex()}/"
    key, body = f"{prefix}0", random(_SIZE)
    try:
        await store.put(key, body)
        await _require_kept(store, key, body)
        if [(one.key, one.length) async for one in store.held(prefix)] != [(key, _SIZE)]:
            raise StoreTrouble("The object store doesn't list what it holds.")
    except BaseException:
        with suppress(StoreTrouble):
            await store.delete([key])
        raise
    failed = await store.delete([key])
    left = [one.key async for one in store.held(prefix)]
    if failed or left:
        raise StoreTrouble("The object store doesn't delete what it is told to delete.")


async def _require_kept(store: ObjectStore, key: str, body: bytes) -> None:
    with suppress(ObjectThere):
        await store.put(key, bytes(len(body)))
        raise StoreTrouble(
            "The object store replaces what it holds: it doesn't know `If-None-Match` when "
            "something is stored, and can't be used."
        )
    for start, end in ((0, len(body)), (100, 200)):
        if b"".join([piece async for piece in store.get(key, start, end)]) != body[start:end]:
            raise StoreTrouble("The object store gives other bytes than it was given.")
