"""Where large objects lie, and the way to them, as an operator looks at it."""

import argparse
import secrets
import sys
import time

from app import key_source, migrated_pool
from ephemeral.sealing.fingerprints import object_address_key, objects_name
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.settings import Settings
from ephemeral.store.objects.addresses import Addresses
from ephemeral.store.objects.deployed import adopt_store, own_prefix
from ephemeral.store.objects.interface import StoreTrouble
from ephemeral.store.objects.opening import open_store, require_store
from ephemeral.store.objects.public_way import LARGEST, WayBlocked, try_way
from ephemeral.store.objects.sweeping import PROBES, accept_orphans
from ephemeral.store.start_error import StartError

__all__ = ["check_objects"]

_SECONDS = 600


async def check_objects(settings: Settings, arguments: argparse.Namespace) -> int:
    """Try the place that the settings name, or the way to it through a public address."""
    if arguments.public is not None:
        return await _check_public(settings, arguments.public)
    where = await require_store(settings, secrets.token_bytes, arguments.origin)
    if arguments.accept_orphans:
        await _accept_orphans(settings)
        print("What belongs to nothing is deleted by the next sweep, within ten minutes.")
        return 0
    if not arguments.adopt:
        print(f"All is well: objects can be kept in {where}.")
        return 0
    async with migrated_pool(settings, join_running=True) as pool:
        await adopt_store(settings, pool, secrets.token_bytes)
    print(f"From now on the objects of this deployment lie in {where}.")
    return 0


async def _accept_orphans(settings: Settings) -> None:
    try:
        store = open_store(settings)
        try:
            await accept_orphans(store, own_prefix(objects_name(_index_key(settings))))
        finally:
            await store.close()
    except StoreTrouble as trouble:
        raise StartError(str(trouble)) from None


async def _check_public(settings: Settings, url: str) -> int:
    """Store an object as browsers do, read it, and remove it where it lies."""
    index_key = _index_key(settings)
    addresses = Addresses(object_address_key(index_key), _SECONDS, time.time)
    prefix = f"{own_prefix(objects_name(index_key))}{PROBES}{secrets.token_hex(16)}/"
    try:
        try:
            await try_way(url.rstrip("/"), addresses, prefix, secrets.token_bytes)
        finally:
            await _remove(settings, prefix)
    except WayBlocked as blocked:
        print(blocked, file=sys.stderr)
        return 1
    except StoreTrouble as trouble:
        raise StartError(str(trouble)) from None
    print(f"All is well: {LARGEST} bytes, the largest part of a file, pass through {url}.")
    return 0


async def _remove(settings: Settings, prefix: str) -> None:
    store = open_store(settings)
    try:
        await store.delete([one.key async for one in store.held(prefix)])
    finally:
        await store.close()


def _index_key(settings: Settings) -> bytes:
    return KeyringDirectory(settings.keyring_dir).read(None, key_source(settings))
