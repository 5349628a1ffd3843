"""The account and its conversations during one round of a command, and who is meant in them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import account_here
from ephemeral.client.accounts.device_commands import own_key
from ephemeral.client.accounts.kept_people import Person
from ephemeral.client.contacts.listing import read_listing
from ephemeral.client.contacts.naming import between, is_address_of, shown_names
from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import Conversations, Known, opened
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.names import name_key

__all__ = ["FOLLOWED", "REQUEST", "Here", "here"]

#: How a conversation stands that can be read and written to; and one to which one must agree first.
FOLLOWED, REQUEST = "following", "request"
_NOT_NOW = {
    REQUEST: (
        "Somebody who is none of your contacts added you to this conversation. "
        "`ephemeral chat agree` takes part."
    ),
    "refused": (
        "This conversation is broken: it shows a change that breaks its rules, and nothing after "
        "that is believed. `ephemeral chat again` begins it anew with the same people."
    ),
    "left": "You have left this conversation.",
    "gone": "This conversation is over for you: it was ended, or you were removed.",
}


class Here:
    """Conversations of an account, while this command has its lock. `known` is read anew by each
    use, since each request may change it."""

    def __init__(self, account: Account, engine: Conversations) -> None:
        self.account = account
        self.context = account.context
        self.engine = engine
        pin = account.kept.pin
        self.own = None if pin is None else pin.chain
        self._names: dict[bytes, str] | None = None
        #: Own requests of which the server still tells.
        self.requests: set[bytes] = set()

    async def sync(self) -> dict[bytes, str]:
        """Read on everywhere, and who is a contact; the codes of what couldn't be read now, by
        conversation."""
        failed = await self.engine.sync()
        await self.meet()
        return failed

    def all_known(self) -> list[Known]:
        """All conversations, but for those to which somebody added one who is blocked here."""
        return [one for one in self.engine.known() if not self._is_unheard(one)]

    async def meet(self) -> None:
        """Know who has become a contact, and who is none any more."""
        listing = await read_listing(self.account)
        self.requests = {one.request for one in listing.requests}
        self.requests |= {one.request for one in listing.contacts if one.request is not None}
        self.renamed()
        if listing.asking:
            self.context.reassure("Somebody asks to be a contact: `ephemeral contacts` says who.")

    def is_hidden(self, known: Known | None, chain: bytes | None) -> bool:
        """Whether nothing is to be heard from somebody there: in a group who is blocked is."""
        if known is None:
            return False
        person = None if chain is None else self.person(chain)
        blocked = person is not None and person.blocked
        return self._is_unheard(known) or (blocked and self.is_direct(known))

    def _is_unheard(self, known: Known) -> bool:
        blocked = {one.chain for one in self.persons if one.blocked}
        return known.state == REQUEST and any(one.chain in blocked for one in known.people)

    @property
    def persons(self) -> list[Person]:
        """All that are known."""
        return self.account.kept.people.persons

    def person(self, chain: bytes) -> Person | None:
        """Who has this chain, if they are known."""
        return self.account.kept.people.by_chain(chain)

    # --- what they are called ---------------------------------------------------------------------

    def name(self, chain: bytes | None) -> str | None:
        """What somebody is called here, numbered among their equals."""
        return None if chain is None else self.names().get(chain)

    def names(self) -> dict[bytes, str]:
        """What all are called, by chain. Each line asks for it, so it is made once; who changes
        what somebody is called, or who is known, says `renamed`."""
        if self._names is None:
            self._names = shown_names(self.persons)
        return self._names

    def renamed(self) -> None:
        """Somebody is called otherwise now, or is new."""
        self._names = None

    def who(self, chain: bytes | None) -> str:
        """As they are shown: a name between its signs, or you, or somebody."""
        if chain is None:
            return "somebody"
        if chain == self.own:
            return "you"
        name = self.name(chain)
        return f"somebody ({b64encode(chain)[:6]})" if name is None else between(name)

    def all_of(self, chains: Iterable[bytes]) -> str:
        """Several of them."""
        return ", ".join(self.who(one) for one in chains) or "nobody"

    def is_compared(self, chain: bytes | None) -> bool:
        """Whether somebody's number was compared; one's own needs no comparing."""
        person = None if chain is None else self.person(chain)
        return chain == self.own or (person is not None and person.compared)

    def others(self, known: Known) -> list[bytes]:
        """Who else is in a conversation."""
        return [one.chain for one in known.people if one.chain != self.own]

    def title(self, known: Known) -> str:
        """What a conversation is called here: as its admins named it, else by who is in it."""
        if known.name is not None:
            return between(known.name)
        return self.all_of(self.others(known))

    def is_direct(self, known: Known) -> bool:
        """Whether it is that with one person, rather than a group that has become small."""
        return known.direct is not None and known.name is None

    # --- who is meant -----------------------------------------------------------------------------

    def conversation(self, typed: str) -> Known:
        """A conversation that exists, by its name, who it is with, or its id."""
        found = self._meant(typed)
        if isinstance(found, Known):
            return found
        direct = self.engine.direct(found.chain)
        if direct is None:
            raise usage("There is no conversation with them yet: `ephemeral say` begins one.")
        return self.known(direct)

    async def conversation_with(self, typed: str) -> Known:
        """The same; one with a single contact is begun if it doesn't exist."""
        found = self._meant(typed)
        if isinstance(found, Known):
            return found
        direct = self.engine.direct(found.chain)
        if direct is None:
            direct = await self.engine.found([found.chain])
        return self.known(direct)

    def title_of(self, typed: str) -> str:
        """What a conversation is called that exists or could be begun."""
        found = self._meant(typed)
        return self.title(found) if isinstance(found, Known) else self.who(found.chain)

    def people_of(self, typed: Iterable[str]) -> list[bytes]:
        """Chains of people who are known here."""
        found = []
        for one in typed:
            person = self._person(one)
            if person is None:
                raise usage(
                    "Somebody of these is nobody you know: `ephemeral contacts` lists who there is."
                )
            if person.chain not in found:
                found.append(person.chain)
        return found

    def require_followed(self, known: Known) -> None:
        """Refuse what can't be read or written to."""
        if known.state != FOLLOWED:
            code = known.why if known.state == "refused" and known.why else known.state
            update = "This conversation needs a newer version of this program: update it."
            sentence = update if code == "update_needed" else _NOT_NOW.get(known.state, "Not now.")
            raise ClientError(Exit.REFUSED, code, sentence)

    def known(self, conversation: bytes) -> Known:
        """A conversation by its id, as it stands now."""
        for one in self.engine.known():
            if one.id == conversation:
                return one
        raise ClientError(Exit.REFUSED, "not_found", "The conversation has just ended.")

    def _meant(self, typed: str) -> Known | Person:
        typed = typed.strip()
        if not typed:
            raise usage("Say who or which conversation is meant.")
        key = name_key(typed.removeprefix("‹").removesuffix("›"))
        known = self.engine.known()
        named = [one for one in known if one.name is not None and name_key(one.name) == key]
        person = self._person(typed)
        by_id = [one for one in known if b64encode(one.id).startswith(typed)]
        # A name goes before what only begins like an id.
        found: list[Known | Person] = [*named, *([] if person is None else [person])]
        found = found or [*by_id]
        if len(found) == 1:
            return found[0]
        none = "There is nobody, and no conversation, of that name" if not found else _SEVERAL
        raise usage(f"{none}: `ephemeral chat` and `ephemeral contacts` list them with their ids.")

    def _person(self, typed: str) -> Person | None:
        typed = typed.strip()
        key = name_key(typed.removeprefix("‹").removesuffix("›"))
        names = self.names()
        ways = (
            [one for one in self.persons if key and name_key(names.get(one.chain, "")) == key],
            [one for one in self.persons if is_address_of(one.address, typed)],
            [
                one
                for one in self.persons
                if one.account is not None and b64encode(one.account).startswith(typed)
            ],
        )
        for found in ways:
            if len(found) == 1 and typed:
                return found[0]
        return None


_SEVERAL = "Several are called so"


@asynccontextmanager
async def here(context: Context) -> AsyncIterator[Here]:
    """The account that is kept here with its conversations, locked against other commands."""
    async with account_here(context) as account:
        own_key(account)
        with opened(account) as engine:
            yield Here(account, engine)
