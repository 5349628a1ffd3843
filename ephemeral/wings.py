"""Which wings there are, and which of them stand on which others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from ephemeral.edge.wing import Ground, Wing
from ephemeral.operators.wing import operators_wing
from ephemeral.rooms.wing import rooms_wing

if TYPE_CHECKING:
    from ephemeral.settings import Settings

__all__ = ["OpenWing", "wings_of"]

#: Wings that stand on one another are opened together.
OpenWing = Callable[[Ground], AbstractAsyncContextManager[Wing | tuple[Wing, ...]]]


def wings_of(settings: Settings) -> Sequence[OpenWing]:
    """The wings that are enabled, in the order in which they are opened.

    Rooms are always there, and operators, who may be added while this runs.

    What is switched off isn't loaded.
    """
    if settings.accounts == "false":
        return [rooms_wing, operators_wing]
    return [rooms_wing, _accounts_and_what_stands_on_them()]


def _accounts_and_what_stands_on_them() -> OpenWing:
    """Accounts, and what goes through the doors that they open: conversations, files, operators."""
    from ephemeral.accounts.wing import accounts_wing  # noqa: PLC0415
    from ephemeral.conversations.wing import conversations_wing  # noqa: PLC0415
    from ephemeral.files.wing import files_wing  # noqa: PLC0415

    @asynccontextmanager
    async def opened(ground: Ground) -> AsyncIterator[tuple[Wing, ...]]:
        async with (
            accounts_wing(ground) as (accounts, doors),
            conversations_wing(ground, doors) as (conversations, talks),
            files_wing(ground, doors, talks) as (files, taken_down),
            operators_wing(ground, doors, taken_down) as operators,
        ):
            yield operators, accounts, conversations, files

    return opened
