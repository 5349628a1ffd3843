"""What people are called, and who was compared, is the same on all devices of the account.

The account's own conversation carries it (docs/conversations.md, 9.2): registers `alias`, a name by
chain, `verified`, true or false by chain, `request` and `block`, who was asked, is known and is
blocked, and `links`, the account's invitations: any device lets in who redeemed one. What was
changed here since it was last the same goes to the others; all else is taken from them.
"""

from contextlib import suppress

from ephemeral.client.talking import acquaintances, links
from ephemeral.client.talking.acquaintances import BLOCK, REQUEST
from ephemeral.client.talking.here import Here
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.names import is_name

__all__ = ["adopt", "share"]

# In one round so much is told: with a hundred people it takes two.
_MOST = 50


def adopt(place: Here) -> None:
    """Take what other devices of the account told."""
    account = place.account
    told = {name: place.engine.register(name) for name in ("alias", "verified")}
    if account.kept.people.adopt(told):
        account.save()
        place.renamed()
    if links.adopt(account.kept.people, place.engine.register("links")):
        account.save()
    requests, blocks = place.engine.register(REQUEST), place.engine.register(BLOCK)
    if acquaintances.adopt(account.kept.people, requests, blocks, place.requests):
        account.save()
        place.renamed()


async def share(place: Here) -> None:
    """Tell other devices of the account what is new here. What is refused now is tried again."""
    people = place.account.kept.people
    devices = sorted(one.id for one in place.engine.people.own.last.devices)
    if len(devices) < 2:
        return
    if not set(devices) <= set(people.devices):
        # Who is new has read nothing of what was told before.
        for one in people.persons:
            one.shared = (None, False)
    people.devices = devices
    try:
        with suppress(Refusal):
            await _tell(place)
    finally:
        place.account.save()


async def _tell(place: Here) -> None:
    count = 0
    people = place.account.kept.people
    for invitation, link in links.untold(people, place.engine.register("links"))[:_MOST]:
        await place.engine.set_register("links", b64encode(invitation), link)
        links.told(people, invitation, link)
    for register, key, value in acquaintances.untold(people, place.engine.register(REQUEST))[
        :_MOST
    ]:
        await place.engine.set_register(register, key, value)
        acquaintances.told(people, register, key, value)
    for one in place.persons:
        name, compared = one.known_as
        key = b64encode(one.chain)
        if name != one.shared[0] and name is not None and is_name(name):
            await place.engine.set_register("alias", key, name)
            one.shared = (name, one.shared[1])
            count += 1
        if compared != one.shared[1]:
            await place.engine.set_register("verified", key, compared)
            one.shared = (one.shared[0], compared)
            count += 1
        if count >= _MOST:
            return
