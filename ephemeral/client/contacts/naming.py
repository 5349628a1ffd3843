"""What people are called here, and who is meant by what was typed."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ephemeral.client.accounts.kept_people import People, Person
from ephemeral.client.contacts.listing import Listing
from ephemeral.client.exits import usage
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.names import name_key, numbers

__all__ = ["NOBODY", "Row", "between", "chosen", "is_address_of", "rows", "shown_names"]

#: Who has no name here.
NOBODY = "somebody"


class Row(NamedTuple):
    """Somebody with whom the account has to do. `state`: as the server has it, or `asks` (this
    account), or `asked` (by this account; then who that is isn't known). `shown`: what they are
    called here, numbered among their equals, or None."""

    account: bytes | None
    state: str
    day: int
    chain: bytes | None
    shown: str | None
    address: str | None
    compared: bool

    @property
    def id(self) -> str | None:
        """The account, as it is listed."""
        return None if self.account is None else b64encode(self.account)


def shown_names(persons: Iterable[Person]) -> dict[bytes, str]:
    """Names by chain, as they are shown; the second of one name has a number behind it."""
    named = [(one.chain, one.called) for one in persons]
    counted = zip(named, numbers(name for _, name in named), strict=True)
    return {
        chain: name if number < 2 else f"{name} · {number}"
        for (chain, name), number in counted
        if name is not None
    }


def is_address_of(address: str | None, typed: str) -> bool:
    """Whether an address is meant: the whole, or what stands before its number."""
    return address is not None and typed.strip() in {address, address.partition(".")[0]}


def between(name: str | None) -> str:
    """A name between the signs that no name has; who has none is somebody."""
    return NOBODY if name is None else f"‹{name}›"


def rows(listing: Listing, people: People) -> list[Row]:
    """All with whom the account has to do: contacts, who asks, who was asked."""
    names = shown_names(people.persons)
    found = []
    for one in listing.contacts:
        person = people.by_chain(one.chain)
        if person is None:
            # Who is blocked has no chain any more that would count.
            person = next((known for known in people.persons if known.account == one.account), None)
        found.append(
            Row(
                one.account,
                one.state,
                one.day,
                one.chain,
                None if person is None else names.get(person.chain),
                None if person is None else person.address,
                person is not None and person.compared,
            )
        )
    found += [
        Row(one.account, "asks", one.day, one.chain, one.address, one.address, compared=False)
        for one in listing.asking
    ]
    for request in listing.requests:
        address = people.asked.get(request.request)
        found.append(Row(None, "asked", request.day, None, address, address, compared=False))
    return found


def chosen(found: Sequence[Row], states: set[str], typed: str) -> Row:
    """The one who is meant by a name, an address, an id, or the beginning of one."""
    fitting = [one for one in found if one.state in states]
    key = name_key(typed.strip().removeprefix("‹").removesuffix("›"))
    means = (
        lambda one: one.shown is not None and name_key(one.shown) == key,
        lambda one: is_address_of(one.address, typed),
        lambda one: one.id is not None and one.id.startswith(typed.strip()),
    )
    for meant in means:
        several = [one for one in fitting if meant(one)]
        if len(several) == 1 and typed.strip():
            return several[0]
        if several:
            raise usage("Several are meant by that: say the id, as `ephemeral contacts` lists it.")
    raise usage(f"{_NONE.get(frozenset(states), _NOBODY)} `ephemeral contacts` lists who there is.")


_NOBODY = "There is nobody of that name, address or id."
_NONE = {frozenset({"asks"}): "Nobody of that address or id asks to be a contact."}
