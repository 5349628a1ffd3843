"""The wing of operators: always there, and at `/admin/` there is nothing until one was added.

Reports are taken all the same: somebody may be added who reads them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from ephemeral.edge.wing import Figure, Ground, Standing, Wing
from ephemeral.operators.api.pages import AdminPages
from ephemeral.operators.api.report_operations import report_operations
from ephemeral.operators.service.operators import Operators
from ephemeral.operators.service.reports import Reports
from ephemeral.operators.service.takedowns import Takedowns
from ephemeral.sealing.vault import Vault
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.accounts.doors import Doors
    from ephemeral.files.doors import FileDoors

__all__ = ["operators_wing"]

_SWEEP_SECONDS = 60


@asynccontextmanager
async def operators_wing(
    ground: Ground, doors: Doors | None = None, files: FileDoors | None = None
) -> AsyncIterator[Wing]:
    """Open what operators have; `doors` are those of accounts, where there are any, `files` those
    of files."""
    vault = Vault(ground.keyring, ground.random)
    operators = Operators(ground.pool, vault, ground.random)
    reports = Reports(ground.pool, vault, ground.keyring.index_key, doors)

    def documents(standing: Standing) -> Sequence[BaseRoute]:
        pages = AdminPages(operators, reports, Takedowns(doors, files), standing)
        return [Route("/admin", pages), Route("/admin/{path:path}", pages)]

    async def sweep() -> None:
        async def both(_: float) -> None:
            await operators.sweep()
            await reports.sweep()

        await repeat(both, _SWEEP_SECONDS, ground.fault)

    async def figures() -> list[Figure]:
        return [Figure("Reports that wait", await reports.waiting())]

    yield Wing(
        operations=report_operations(reports, ground.settings, doors),
        background={"operators": sweep},
        documents=documents,
        figures=figures,
    )
