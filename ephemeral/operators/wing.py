"""The wing of operators: always there, and at `/admin/` there is nothing until one was added."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute, Route

from ephemeral.edge.wing import Ground, Standing, Wing
from ephemeral.operators.api.pages import AdminPages
from ephemeral.operators.service.operators import Operators
from ephemeral.sealing.vault import Vault
from ephemeral.store.repeating import repeat

__all__ = ["operators_wing"]

_SWEEP_SECONDS = 60


@asynccontextmanager
async def operators_wing(ground: Ground) -> AsyncIterator[Wing]:
    """Open what operators have."""
    operators = Operators(ground.pool, Vault(ground.keyring, ground.random), ground.random)

    def documents(standing: Standing) -> Sequence[BaseRoute]:
        pages = AdminPages(operators, standing)
        return [Route("/admin", pages), Route("/admin/{path:path}", pages)]

    async def sweep() -> None:
        await repeat(lambda _: operators.sweep(), _SWEEP_SECONDS, ground.fault)

    yield Wing(background={"operators": sweep}, documents=documents)
