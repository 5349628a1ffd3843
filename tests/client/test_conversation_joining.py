"""Who is let into a conversation and under which name, and what is said of what nobody answers."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ephemeral.client.accounts.kept_people import Invited, People, Person
from ephemeral.client.conversations.news import News
from ephemeral.client.exits import ClientError, unreachable, usage
from ephemeral.client.talking import links
from ephemeral.client.talking.inbox import learn
from ephemeral.client.talking.joining import let_in
from ephemeral.client.talking.saying import send
from ephemeral.protocol.accounts.chain import Pin
from ephemeral.protocol.conversations.contents import Content
from ephemeral.protocol.conversations.invitations import Invitation, Inviting, seal_redemption
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

TRIP, ID, SECRET = bytes(16), bytes([1]) * 16, bytes([2]) * 32
CAROL, MALLORY = bytes([3]) * 32, bytes([4]) * 32


class Place:
    """A device that made an invitation into a conversation, and the one who waits there."""

    def __init__(self, chain: bytes, secret: bytes, said: bytes, *, admin: bool = True) -> None:
        self.people = People(invited=[Invited(ID, SECRET, conversation=TRIP, epoch=7)])
        sealed = seal_redemption(
            Invitation(ID, secret), Inviting(Pin(said, 0, said), "Carol"), os.urandom
        )
        waits = SimpleNamespace(invitation=ID, sealed=sealed, person=SimpleNamespace(chain=chain))
        self.waiting = [waits]
        self.admin = admin
        self.added: list[bytes] = []
        # Who was in the conversation since the invitation was made.
        self.been: list[bytes] = []
        self.knows = True
        self.said: list[str] = []
        self.own = None
        self.engine = self
        self.context = SimpleNamespace(say=self.said.append)
        self.account = SimpleNamespace(
            kept=SimpleNamespace(people=self.people), save=lambda: None, ask=self.ask
        )

    def known(self, conversation: bytes | None = None) -> Any:
        one = SimpleNamespace(id=TRIP, state="following", name="Trip")
        return [one] if conversation is None else one

    def is_direct(self, _known: object) -> bool:
        return True

    async def send(self, _conversation: bytes, kind: str, body: dict[str, object]) -> None:
        assert (kind, body["name"]) == ("card", "Trip")

    def name(self, _chain: bytes) -> str:
        return "known"

    def renamed(self) -> None:
        """Nothing is remembered here."""

    def who(self, _chain: bytes) -> str:
        return "somebody"

    async def read(self, conversation: bytes) -> None:
        assert conversation == TRIP

    async def was_in(self, _conversation: bytes, chain: bytes, epoch: int) -> bool | None:
        assert epoch == 7
        return chain in self.been if self.knows else None

    async def joins(self, _conversation: bytes) -> list[Any]:
        return self.waiting

    async def add(self, _conversation: bytes, chains: list[bytes]) -> None:
        if not self.admin:
            raise Refusal("not_admin")
        self.added += chains

    async def ask(self, _method: str, _path: str) -> dict[str, object]:
        return {}


def test_whoever_had_the_link_is_let_in_once():
    place = Place(CAROL, SECRET, CAROL)
    for _ in range(2):
        asyncio.run(let_in(cast("Any", place), set()))
    assert place.added == [CAROL]
    (person,) = place.people.persons
    assert (person.said, person.pin) == ("Carol", Pin(CAROL, 0, CAROL))


def test_who_was_there_since_it_was_made_comes_back_by_no_invitation():
    # Others have added and removed them meanwhile, or this device died before it was withdrawn.
    place = Place(CAROL, SECRET, CAROL)
    place.been = [CAROL]
    asyncio.run(let_in(cast("Any", place), set()))
    assert (place.added, place.people.invited) == ([], [])


def test_where_this_device_can_not_tell_who_was_there_it_leaves_it_to_another_one():
    place = Place(CAROL, SECRET, CAROL)
    place.knows = False
    asyncio.run(let_in(cast("Any", place), set()))
    assert (place.added, len(place.people.invited)) == ([], 1)


@pytest.mark.parametrize(("secret", "said"), [(bytes(32), MALLORY), (SECRET, CAROL)])
def test_nobody_is_let_in_who_had_not_the_link(secret: bytes, said: bytes):
    # Without its secret; or with what somebody else had sealed.
    place = Place(MALLORY, secret, said)
    asyncio.run(let_in(cast("Any", place), set()))
    assert (place.added, place.people.persons) == ([], [])
    assert len(place.people.invited) == 1


def test_who_cannot_be_let_in_hinders_nothing_and_is_told_once():
    place = Place(CAROL, SECRET, CAROL, admin=False)
    told = set[bytes]()
    for _ in range(2):
        asyncio.run(let_in(cast("Any", place), told))
    (sentence,) = place.said
    assert "Only an admin" in sentence
    assert len(place.people.invited) == 1


def test_a_name_that_is_known_is_not_taken_by_a_profile():
    place = Place(CAROL, SECRET, CAROL)
    place.people.persons = [Person(CAROL, name="Carol"), Person(MALLORY, address="mal.12345")]
    for chain, name in ((MALLORY, "Carol"), (CAROL, "Mallory"), (TRIP * 2, "Dave")):
        content = Content("profile", 0, {"name": name, "picture": None})
        said = News(1, TRIP, "message", 1, 0, chain, ID, ID, content)
        asyncio.run(learn(cast("Any", place), [said]))
    assert [one.called for one in place.people.persons] == ["Carol", "mal.12345", "Dave"]


# --- what nobody has answered ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (unreachable("Nobody is there."), True),
        (Refusal("unavailable"), True),
        (Refusal("storage_full"), True),
        (Refusal("too_many", retry_after=3), False),
        (Refusal("not_found"), False),
        (usage("No."), False),
    ],
    ids=lambda one: getattr(one, "code", None),
)
def test_who_must_not_say_it_again_is_told_so_and_nobody_else(error: Exception, kept: bool):
    async def fail(*_: object) -> None:
        raise error

    place = SimpleNamespace(engine=SimpleNamespace(send=fail))
    with pytest.raises((ClientError, Refusal)) as raised:
        asyncio.run(send(cast("Any", place), TRIP, "text", {}))
    assert ("kept here" in str(raised.value.message)) == kept


# --- own devices ----------------------------------------------------------------------------------


def test_an_invitation_is_known_to_all_own_devices_until_one_of_them_has_done_with_it():
    register: dict[str, object] = {"hrmpf": 1, b64encode(TRIP): {"secret": "short"}}
    one = People(invited=[Invited(ID, SECRET, 9, "for Carol", TRIP, epoch=7)])
    other = People()
    tell(one, register)
    assert links.adopt(other, register)
    assert other.invited == one.invited
    for people in (one, other):
        assert not links.adopt(people, register)
        assert links.untold(people, register) == []
    # It lets somebody in: what is used isn't taken back from where it was told, nor kept there.
    other.invited.clear()
    assert not links.adopt(other, register)
    tell(other, register)
    assert b64encode(ID) not in register
    assert links.adopt(one, register)
    assert one.invited == one.links == other.links == []


def tell(people: People, register: dict[str, object]) -> None:
    for name, value in links.untold(people, register):
        register[b64encode(name)] = value
        if value is None:
            del register[b64encode(name)]
        links.told(people, name, value)
