"""What a client believes of other people, whatever a server says of them."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ephemeral.client.accounts.kept import Kept
from ephemeral.client.accounts.kept_people import Invited, People, Person
from ephemeral.client.contacts.chains import check_contact, read_person
from ephemeral.client.contacts.listing import read_listing
from ephemeral.client.exits import ClientError
from ephemeral.protocol.accounts.chain import Chain, Pin, genesis, remove
from ephemeral.protocol.accounts.chain import add as add_device
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed, consent
from ephemeral.protocol.conversations.invitations import Invitation, Inviting, seal_redemption
from ephemeral.protocol.encoding import b64encode

NOW = 1_800_000_000_000
BO = bytes(16)


class Served:
    """An account whose server answers as a test says."""

    def __init__(self, **answers: object) -> None:
        self.kept = Kept("https://chat.example", "ada.12345", bytes(32))
        self.now = NOW
        self.answers = answers
        self.asked: list[str] = []
        self.said: list[str] = []
        self.context = SimpleNamespace(say=self.said.append)

    async def ask(self, method: str, path: str, _body: object = None) -> Any:
        self.asked.append(f"{method} {path}")
        return self.answers.get(path.split("/")[1], {})

    def save(self) -> None:
        """Nothing is lost here."""


class Somebody:
    """A person with one device."""

    def __init__(self) -> None:
        self.key = SigningKey.from_seed(os.urandom(32))
        words = SigningKey.from_seed(os.urandom(32)).public
        first = genesis(self.key, words, os.urandom(32))
        self.statements: list[Signed] = [first]
        self.chain = Chain.empty().extend(first)

    def links(self) -> SigningKey:
        """One device more."""
        key = SigningKey.from_seed(os.urandom(32))
        agreed = consent(key, self.chain.id)
        self._take(add_device(self.chain, self.key, key.public, agreed))
        return key

    def removes(self, device: bytes) -> None:
        """One device less."""
        self._take(remove(self.chain, self.key, device))

    def _take(self, signed: Signed) -> None:
        self.statements.append(signed)
        self.chain = self.chain.extend(signed)

    def served(self, most: int | None = None) -> dict[str, object]:
        """Its chain as a server serves it, to some statement."""
        return {"statements": [b64encode(one.encode()) for one in self.statements[:most]]}


@pytest.fixture
def bo() -> Somebody:
    """Somebody with two devices."""
    one = Somebody()
    one.links()
    return one


def listing(chain: bytes, **redeemed: object) -> dict[str, object]:
    contact = {"account": b64encode(BO), "state": "accepted", "day": 1, "chain": b64encode(chain)}
    return {
        "contacts": [contact],
        "asked": [],
        "requests": [],
        "more": False,
        "redemptions": [redeemed] if redeemed else [],
        "findable": False,
    }


def redeem(invitation: Invitation, said: bytes, chain: bytes) -> tuple[Served, Person | None]:
    """What an inviter makes of a redemption that says `said`, of a contact whose chain is served
    as `chain`."""
    sealed = seal_redemption(invitation, Inviting(Pin(said, 0, said), "Bo"), os.urandom)
    made = Invitation(invitation.id, bytes(32))
    served = Served(
        contacts=listing(
            chain,
            invitation=b64encode(invitation.id),
            account=b64encode(BO),
            sealed=b64encode(sealed),
            at=NOW,
        )
    )
    served.kept.people.invited = [Invited(made.id, made.secret, NOW + 1)]
    asyncio.run(read_listing(cast("Any", served)))
    return served, served.kept.people.by_chain(chain)


def test_whoever_redeems_is_known_by_what_they_sealed():
    chain = bytes([1]) * 32
    served, person = redeem(Invitation(bytes(16), bytes(32)), chain, chain)
    assert person is not None
    assert (person.said, person.pin, served.said) == ("Bo", Pin(chain, 0, chain), [])


@pytest.mark.parametrize(
    ("secret", "chain"),
    [(bytes(32), bytes([2]) * 32), (bytes([1]) * 32, bytes([1]) * 32)],
    ids=["another person than the one who had the link", "somebody without the link"],
)
def test_whoever_a_server_puts_in_their_place_gets_no_name(secret: bytes, chain: bytes):
    served, person = redeem(Invitation(bytes(16), secret), bytes([1]) * 32, chain)
    assert person is not None
    assert (person.called, person.pin) == (None, None)
    assert "Compare numbers" in served.said[0]


def test_a_contact_that_is_another_than_was_meant_is_refused(bo: Somebody):
    other = Somebody()
    served = Served(contacts=listing(other.chain.id), chains=bo.served())
    with pytest.raises(ClientError) as refused:
        asyncio.run(check_contact(cast("Any", served), Person(bo.chain.id, BO)))
    assert refused.value.code == "chain_fork"


@pytest.mark.parametrize("how", ["older", "another", "forked"])
def test_another_chain_than_was_read_before_is_not_believed(bo: Somebody, how: str):
    person = Person(bo.chain.id, BO, pin=bo.chain.pin)
    answer = {"older": bo.served(1), "another": Somebody().served()}.get(how)
    if answer is None:
        # The same person signs another second statement: two readers would see two lists.
        bo.statements, bo.chain = bo.statements[:1], Chain.empty().extend(bo.statements[0])
        bo.links()
        answer = bo.served()
    with pytest.raises(ClientError) as refused:
        asyncio.run(read_person(cast("Any", Served(chains=answer)), person))
    assert refused.value.code == ("chain_back" if how == "older" else "chain_fork")


def test_a_chain_that_goes_on_is_read_on(bo: Somebody):
    person = Person(bo.chain.id, BO, pin=bo.chain.pin)
    bo.removes(bo.chain.devices[1].id)
    asyncio.run(read_person(cast("Any", Served(chains=bo.served())), person))
    assert person.pin == bo.chain.pin


# --- what other devices of the account tell -------------------------------------------------------

CHAIN = b64encode(bytes([1]) * 32)


def test_what_another_device_calls_somebody_is_taken_unless_it_was_changed_here_since():
    people = People()
    assert people.adopt({"alias": {CHAIN: "Bo"}, "verified": {CHAIN: True}})
    (person,) = people.persons
    assert person.known_as == person.shared == ("Bo", True)
    person.name = "Bobby"
    # The same again is no news: what was changed here goes to the others.
    assert not people.adopt({"alias": {CHAIN: "Bo"}, "verified": {CHAIN: True}})
    assert person.called == "Bobby"
    assert people.adopt({"alias": {CHAIN: "Robert"}, "verified": {CHAIN: False}})
    assert person.known_as == ("Robert", False)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"alias": None},
        {"alias": ["x"]},
        {"alias": {CHAIN: 1, "short": "Bo"}},
        {"alias": {CHAIN: "two\nlines"}},
        {"alias": {CHAIN: "x" * 65}},
    ],
)
def test_what_is_no_name_is_passed_over(told: dict[str, object]):
    people = People()
    people.adopt(told)
    assert [one.called for one in people.persons] in ([], [None])


def test_what_is_handed_on_is_bounded():
    people = People([Person(bytes([n]) * 32, name="x" * 60) for n in range(200)])
    handed = people.registers(4_000)["alias"]
    assert isinstance(handed, dict)
    assert 10 < len(handed) < 40
    other = People()
    other.adopt(people.registers(4_000))
    assert [one.name for one in other.persons] == ["x" * 60] * len(handed)
