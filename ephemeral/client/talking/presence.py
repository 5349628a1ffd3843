"""`chat presence`: whether one shows that one is here, for all devices, and who else is."""

import asyncio

from ephemeral.client.accounts.account import Account
from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import Conversations
from ephemeral.client.conversations.listening import Ear
from ephemeral.client.exits import Exit, unreachable
from ephemeral.client.talking.here import Here, here
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.objects import Json

__all__ = ["WhoIsHere", "presence", "shows"]

# A server tells at once who is at it, and soon who is at others.
_LISTEN_SECONDS = 1.5


class WhoIsHere:
    """Accounts, as the account's socket tells of them; nobody where there is none."""

    def __init__(self) -> None:
        self.accounts = set[str]()

    def hear(self, event: Json) -> bool:
        """Whether anything of it has changed."""
        before = set(self.accounts)
        if event.get("type") == "presence":
            self.accounts |= _texts(event.get("come"))
            self.accounts -= _texts(event.get("gone")) - _texts(event.get("come"))
        elif event.get("type") == "away":
            self.accounts.clear()
        return self.accounts != before


def _texts(value: object) -> set[str]:
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()


def shows(engine: Conversations) -> bool:
    """Whether the account shows that it is here (docs/conversations.md, 9.2)."""
    settings = engine.register("settings").get("")
    return isinstance(settings, dict) and settings.get("presence") is True


async def presence(context: Context) -> Exit:
    """Switch it on or off; or say whether it is on, and who is here."""
    wish = context.args.given
    async with here(context) as place:
        await place.sync()
        if wish is not None:
            await _set(place, on=wish == "on")
        is_on = shows(place.engine)
        found = await _who(place.account) if is_on and wish is None else None
        people = {
            b64encode(one.account): place.who(one.chain)
            for one in place.persons
            if one.account is not None and not one.blocked
        }
    seen = None if found is None else sorted(found & people.keys())
    if context.wants_json:
        fields = {"presence": is_on}
        await context.put_json(fields if seen is None else {**fields, "here": seen})
        return Exit.OK
    context.reassure(_ON if is_on else _OFF)
    for one in seen or []:
        await context.put(f"{people[one]} is here")
    return Exit.OK


_ON = (
    "Presence is on: contacts who have it on as well see when you are connected in a browser, or "
    "talk by `chat`, and you see them."
)
_OFF = "Presence is off: nobody sees when you are here, and you see nobody."


async def _set(place: Here, *, on: bool) -> None:
    settings = place.engine.register("settings").get("")
    before = settings if isinstance(settings, dict) else {}
    others = {key: value for key, value in before.items() if key != "presence"}
    wished = {**others, "presence": True} if on else others
    await place.engine.set_register("settings", "", wished or None)


async def _who(account: Account) -> set[str]:
    """Who is here, by being here for a moment."""
    who = WhoIsHere()

    def told(event: Json) -> None:
        who.hear(event)

    loop = asyncio.get_running_loop()
    async with Ear(account, told, here=True) as ear:
        await ear.heard(0)
        if not ear.is_connected:
            raise unreachable("No socket can be had, so nobody knows who is here.")
        until = loop.time() + _LISTEN_SECONDS
        while (left := until - loop.time()) > 0:
            await ear.heard(left)
        return set(who.accounts)
