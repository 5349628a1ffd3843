"""A new device that waits for its answer: at once, or when an old device has given it."""

import asyncio
from contextlib import ExitStack

from ephemeral.accounts.api import device_objects as objects
from ephemeral.accounts.api.actions import ACCOUNT
from ephemeral.accounts.api.callers import Asker
from ephemeral.accounts.api.device_bodies import LinkQuery
from ephemeral.accounts.service.links import Link, Links
from ephemeral.accounts.service.watches import Watches
from ephemeral.edge.limiter import Concurrency, crowded
from ephemeral.edge.operations import Answer, HoldOn

__all__ = ["LinkWatch"]

# Of a page that asks anew before the end of its last request was seen.
_WAITS_PER_TOKEN = 8


class LinkWatch:
    """Requests that may wait for the answer of a link."""

    def __init__(self, links: Links, watches: Watches) -> None:
        self._links = links
        self._watches = watches
        self._waiting = Concurrency(_WAITS_PER_TOKEN)

    async def __call__(self, asker: Asker, query: LinkQuery, hold: HoldOn) -> Answer:
        """What stands there; who waits for an answer may wait until it is given."""
        found = await self._links.look(asker.session, query.locator)
        if query.wait and found.request is None and found.answer is None:
            found = await self._wait(asker, query, hold)
        return Answer(objects.link(found), 200, {})

    async def _wait(self, asker: Asker, query: LinkQuery, hold: HoldOn) -> Link:
        clock = asyncio.get_running_loop().time
        until = clock() + query.wait
        with hold() as held, ExitStack() as places:
            name = held.visitor.subject(ACCOUNT)
            if name is not None:
                places.callback(self._waiting.remove, name)
                if not self._waiting.add(name, 1):
                    raise crowded("sockets_account")
            places.enter_context(self._watches.waiting(asker.account, held.wake))
            while True:
                # What happens while this reads ends the sleep.
                held.listen()
                found = await self._links.look(asker.session, query.locator)
                if found.answer is not None or held.over or clock() >= until:
                    return found
                await held.sleep(until - clock())
