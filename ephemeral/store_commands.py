"""Where large objects lie, as an operator looks at it."""

import secrets

from app import migrated_pool
from ephemeral.settings import Settings
from ephemeral.store.objects.deployed import adopt_store
from ephemeral.store.objects.opening import require_store

__all__ = ["check_store"]


async def check_store(settings: Settings, origin: str | None, *, adopt: bool) -> int:
    """Try the place that the settings name; with `adopt` it is the deployment's from now on."""
    where = await require_store(settings, secrets.token_bytes, origin)
    if not adopt:
        print(f"All is well: objects can be kept in {where}.")
        return 0
    async with migrated_pool(settings, join_running=True) as pool:
        await adopt_store(settings, pool, secrets.token_bytes)
    print(f"From now on the objects of this deployment lie in {where}.")
    return 0
