"""Waiting between the rounds of a command, without holding the account."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations.listening import Ear
from ephemeral.protocol.objects import Json

__all__ = ["Waiting"]

# However much is hinted at: as long as nothing of it is new, nobody is asked more often.
_LEAST_SECONDS = 0.25


class Waiting:
    """Between two rounds in which the account is held. There is an ear once it was `met`.

    `told`: as of an Ear.
    """

    def __init__(self, told: Callable[[Json], None] | None = None) -> None:
        self._told = told
        self._ear: Ear | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ear is not None:
            await self._ear.__aexit__(kind, error, trace)

    async def meet(self, account: Account, *, here: bool = False) -> None:
        """The account as it is in this round; `here`: it shows that it is here."""
        if self._ear is not None:
            self._ear.use(account)
            await self._ear.be_here(here=here)
            return
        ear = Ear(account, self._told, here=here)
        await ear.__aenter__()
        self._ear = ear

    async def until_new(self, seconds: float, *, was_new: bool) -> None:
        """Return when something may be new, or the time is over."""
        if not was_new:
            await asyncio.sleep(_LEAST_SECONDS)
        if self._ear is None:
            await asyncio.sleep(_LEAST_SECONDS)
        else:
            await self._ear.heard(max(0.0, seconds))
