"""What this device keeps of other people: whom it knows, whom it asked, whom it invited.

A person is a list of devices, a chain: who begins another is another person, with another number to
compare, and inherits no name here.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ephemeral.protocol.accounts.chain import Pin
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE
from ephemeral.protocol.names import is_name
from ephemeral.protocol.objects import (
    Json,
    read_bytes,
    read_integer,
    read_list,
    read_object,
    read_text,
)

__all__ = ["Invited", "People", "Person", "pin_fields", "read_pin"]


@dataclass(slots=True)
class Person:
    """Somebody by their chain. `account`: who the server says has it, of a contact. `name`: what
    they are called here; `said`: what they call themselves; `address`: by which they asked or were
    asked. `pin`: how far their chain was read, or how far it was when they invited; `compared`:
    whether its number was compared. `blocked`: nothing is to be heard from them. `shared`: the
    name, and whether compared, as all devices of the account have them."""

    chain: bytes
    account: bytes | None = None
    name: str | None = None
    said: str | None = None
    address: str | None = None
    pin: Pin | None = None
    compared: bool = False
    blocked: bool = False
    shared: tuple[str | None, bool] = (None, False)

    @property
    def called(self) -> str | None:
        """What they are called here: as this account wished, else as they call themselves, else by
        their address."""
        return self.name or self.said or self.address

    @property
    def known_as(self) -> tuple[str | None, bool]:
        """What all devices of the account are to know of them."""
        return self.called, self.compared


@dataclass(slots=True)
class Invited:
    """An invitation of this account's. `label`: whom it is for, in one's own words; `settled`: who
    redeemed it is known; `epoch`: of the conversation when it was made."""

    id: bytes
    secret: bytes = field(repr=False)
    expires_at: int = 0
    label: str | None = None
    conversation: bytes | None = None
    settled: bool = False
    epoch: int = 0


@dataclass(slots=True)
class People:
    """All of it. `asked`: addresses by the request's id. `expected`: by conversations into which
    one was invited, whose chain the invitation named. `told`: by conversations, up to which epoch
    its newcomers know what this account calls itself. `devices`: those of the account with which
    `shared` is shared; `links`: ids of invitations that they know, `blocks`: chains of whom they
    know that they are blocked."""

    persons: list[Person] = field(default_factory=list)
    invited: list[Invited] = field(default_factory=list)
    asked: dict[bytes, str] = field(default_factory=dict)
    expected: dict[bytes, bytes] = field(default_factory=dict)
    told: dict[bytes, int] = field(default_factory=dict)
    devices: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)

    def by_chain(self, chain: bytes | None) -> Person | None:
        """The person with this chain."""
        return next((one for one in self.persons if one.chain == chain), None)

    def met(self, chain: bytes, account: bytes | None = None) -> Person:
        """The person with this chain, who is known from now on."""
        person = self.by_chain(chain)
        if person is None:
            person = Person(chain)
            self.persons.append(person)
        person.account = account or person.account
        return person

    def registers(self, most: int) -> dict[str, object]:
        """What a device that is linked, or the owner of the ten words, is told of people: as the
        registers of that name (docs/conversations.md, 9.2), in about so many bytes at most."""
        alias: dict[str, object] = {}
        verified: dict[str, object] = {}
        for one in self.persons:
            chain = b64encode(one.chain)
            name, compared = one.known_as
            most -= 2 * len(chain) + len((name or "").encode()) + 20
            if most < 0:
                break
            alias |= {chain: name} if name else {}
            verified |= {chain: True} if compared else {}
        return {"alias": alias, "verified": verified} if alias or verified else {}

    def adopt(self, registers: Mapping[str, object]) -> bool:
        """Take names, and who was compared, from what another device of the account told; whether
        that was news. What has another form is passed over."""
        before = self.fields()
        for chain, name in _told(registers.get("alias")):
            person = self.by_chain(chain)
            known = None if person is None else person.shared[0]
            if isinstance(name, str) and is_name(name) and name != known:
                person = self.met(chain)
                person.name, person.shared = name, (name, person.shared[1])
        for chain, compared in _told(registers.get("verified")):
            person = self.met(chain)
            if isinstance(compared, bool) and compared != person.shared[1]:
                person.compared, person.shared = compared, (person.shared[0], compared)
        return before != self.fields()

    def fields(self) -> dict[str, object]:
        """As JSON."""
        return {
            "persons": [_person_fields(one) for one in self.persons],
            "invited": [_invited_fields(one) for one in self.invited],
            "asked": {b64encode(request): one for request, one in self.asked.items()},
            "expected": {b64encode(of): b64encode(one) for of, one in self.expected.items()},
            "told": {b64encode(of): epoch for of, epoch in self.told.items()},
            "devices": [b64encode(one) for one in self.devices],
            "links": [b64encode(one) for one in self.links],
            "blocks": [b64encode(one) for one in self.blocks],
        }

    @classmethod
    def read(cls, obj: Json) -> "People":
        """What `fields` gave; refuses anything else as malformed."""
        asked, expected, told = (read_object(obj, one) for one in ("asked", "expected", "told"))
        return cls(
            [_read_person(one) for one in read_list(obj, "persons")],
            [_read_invited(one) for one in read_list(obj, "invited")],
            {b64decode(request): read_text(asked, request) for request in asked},
            {b64decode(of, ID_SIZE): read_bytes(expected, of, KEY_SIZE) for of in expected},
            {b64decode(of, ID_SIZE): read_integer(told, of) for of in told},
            [b64decode(one, ID_SIZE) for one in read_list(obj, "devices")],
            [b64decode(one, ID_SIZE) for one in read_list(obj, "links")] if "links" in obj else [],
            [b64decode(one, KEY_SIZE) for one in read_list(obj, "blocks")]
            if "blocks" in obj
            else [],
        )


def _told(register: object) -> list[tuple[bytes, object]]:
    found: list[tuple[bytes, object]] = []
    if isinstance(register, Mapping):
        for key, value in register.items():
            with suppress(Refusal):
                found.append((b64decode(key, KEY_SIZE), value))
    return found


def pin_fields(pin: Pin) -> dict[str, object]:
    """A pin as JSON."""
    return {
        "chain": b64encode(pin.chain),
        "sequence": pin.sequence,
        "head": b64encode(pin.head),
    }


def read_pin(obj: Json) -> Pin:
    """What `pin_fields` gave."""
    chain, head = (read_bytes(obj, key, KEY_SIZE) for key in ("chain", "head"))
    return Pin(chain, read_integer(obj, "sequence"), head)


def _person_fields(one: Person) -> dict[str, object]:
    return {
        "chain": b64encode(one.chain),
        "account": None if one.account is None else b64encode(one.account),
        "name": one.name,
        "said": one.said,
        "address": one.address,
        "pin": one.pin and pin_fields(one.pin),
        "compared": int(one.compared),
        "blocked": int(one.blocked),
        "shared_name": one.shared[0],
        "shared_compared": int(one.shared[1]),
    }


def _read_person(value: object) -> Person:
    obj = _object(value)
    return Person(
        read_bytes(obj, "chain", KEY_SIZE),
        None if obj.get("account") is None else read_bytes(obj, "account", ID_SIZE),
        _text_or_null(obj, "name"),
        _text_or_null(obj, "said"),
        _text_or_null(obj, "address"),
        None if obj.get("pin") is None else read_pin(read_object(obj, "pin")),
        bool(read_integer(obj, "compared")),
        bool(read_integer(obj, "blocked")),
        (_text_or_null(obj, "shared_name"), bool(read_integer(obj, "shared_compared"))),
    )


def _invited_fields(one: Invited) -> dict[str, object]:
    return {
        "id": b64encode(one.id),
        "secret": b64encode(one.secret),
        "expires_at": one.expires_at,
        "label": one.label,
        "conversation": None if one.conversation is None else b64encode(one.conversation),
        "settled": int(one.settled),
        "epoch": one.epoch,
    }


def _read_invited(value: object) -> Invited:
    obj = _object(value)
    of = obj.get("conversation")
    return Invited(
        read_bytes(obj, "id", ID_SIZE),
        read_bytes(obj, "secret", KEY_SIZE),
        read_integer(obj, "expires_at"),
        _text_or_null(obj, "label"),
        None if of is None else read_bytes(obj, "conversation", ID_SIZE),
        bool(read_integer(obj, "settled")),
        read_integer(obj, "epoch") if "epoch" in obj else 0,
    )


def _object(value: object) -> Json:
    if not isinstance(value, Mapping):
        raise Refusal("malformed")
    return value


def _text_or_null(obj: Json, key: str) -> str | None:
    return None if obj.get(key) is None else read_text(obj, key)
