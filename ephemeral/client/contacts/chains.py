"""Other people's lists of devices, as the server serves them: judged, and held against what was
read of them before."""

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.kept_people import Person
from ephemeral.client.contacts.listing import read_listing
from ephemeral.client.exits import ClientError, Exit
from ephemeral.protocol.accounts.chain import Chain, read_chain
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import read_list

__all__ = ["check_contact", "read_person"]


async def read_person(account: Account, person: Person) -> Chain:
    """The chain of somebody who is a contact; how far it goes is kept.

    Refuses `not_found`, and what a server shows that isn't the chain that was read before.
    """
    answer = await account.ask("GET", f"/chains/{b64encode(person.chain)}")
    try:
        statements = [b64decode(one) for one in read_list(answer, "statements")]
        chain = read_chain(statements, person.pin)
        if chain.id != person.chain:
            raise Refusal("chain_fork")
    except Refusal as refusal:
        sentence = _DISTRUSTED.get(refusal.code, _BROKEN)
        raise ClientError(Exit.REFUSED, refusal.code, sentence) from None
    if person.pin != chain.pin:
        person.pin = chain.pin
        account.save()
    return chain


async def check_contact(account: Account, person: Person) -> None:
    """Refuse it if the server made a contact of somebody else than was meant, `chain_fork`."""
    contacts = (await read_listing(account)).contacts
    if (person.account, person.chain) not in {(one.account, one.chain) for one in contacts}:
        raise ClientError(
            Exit.REFUSED,
            "chain_fork",
            "The server made a contact of somebody else than was meant. Don't trust it: "
            "`ephemeral contacts` shows who it is, `ephemeral contacts remove` ends it.",
        )
    await read_person(account, person)


_BROKEN = "The server shows a list of their devices that breaks its own rules. It is not believed."
_DISTRUSTED = {
    "chain_back": (
        "The server went back: it shows an older list of their devices than before. "
        "It is not believed."
    ),
    "chain_fork": (
        "The server shows another list of devices than theirs. It is not believed: "
        "somebody may be in their place."
    ),
}
