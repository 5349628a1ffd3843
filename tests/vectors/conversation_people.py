"""Who is in the conversations of the vectors, and records that they write right."""

from typing import Any

from account_maker import ADD, CLOSE, RECOVER, REMOVE, ZERO, Person
from conversation_maker import (
    ADMIN,
    MEMBER,
    Record,
    Someone,
    commitment,
    entry_of,
    in_order,
    leave_of,
    log_first,
    member,
    record_bytes,
    record_hash,
)
from maker import drawn

#: Anna is admin, and has two devices; Carl and Dora have one each; Emil is outside.
ANNA = Someone("anna", 2)
BERT = Someone("bert")
CARL = Someone("carl")
EMIL = Someone("emil")
A1, A2 = ANNA.devices
(B1,) = BERT.devices
(C1,) = CARL.devices
(E1,) = EMIL.devices
EVERYBODY = (ANNA, BERT, CARL)

#: What may become of them.
A3 = Person("anna/2")
GROWN = ANNA.says(ADD, A1, A3)
SHRUNK = ANNA.says(REMOVE, A1, A2)
CLOSED = CARL.says(CLOSE, C1)
RECOVERED = CARL.says(RECOVER, CARL.words, Person("carl/1"))
RETURNED = CLOSED.says(RECOVER, CARL.words, Person("carl/1"))
WITH_EMIL = (*EVERYBODY, EMIL)
NEW = EMIL.person(since=2)

CONVERSATION = drawn("conversations/id", 16)
SEED = drawn("conversations/seed", 32)
LOG = drawn("conversations/log", 32)
JOINING = drawn("conversations/joining", 32)
OTHER = drawn("conversations/other", 32)


def first(*people: tuple[Someone, str], by: Person, **changes: Any) -> Record:
    """The record of epoch 1, of people with their roles, as their chains end."""
    record: Record = {
        "v": 1,
        "suite": 1,
        "conversation": CONVERSATION,
        "epoch": 1,
        "previous": ZERO,
        "by": by.id,
        "commitment": ZERO,
        "seen": 0,
        "log": ZERO,
        "timer": 0,
        "joining": None,
        "people": in_order([one.person(role) for one, role in people]),
        "devices": [],
        "leaves": [],
    } | changes
    record["log"] = changes.get("log", log_first(record["conversation"]))
    if "devices" not in changes:
        record["devices"] = devices_of(record["people"], *(one for one, _ in people))
    record["commitment"] = commitment(record, SEED)
    return record


def devices_of(people: list[Record], *known: Someone) -> list[Record]:
    """All active devices, in order, each with its first key."""
    by_chain = {one.chain: one for one in known}
    return [member(one) for person in people for one in by_chain[person["chain"]].devices]


def next_of(before: Record, by: Person, **changes: Any) -> Record:
    """The next record, in which nothing else is different."""
    record = before | {
        "epoch": before["epoch"] + 1,
        "previous": record_hash(before),
        "by": by.id,
        "seen": before["seen"] + 3,
        "log": LOG,
        "leaves": [],
    }
    record.pop("continues", None)
    record |= changes
    record["commitment"] = commitment(record, SEED)
    return record


def with_people(
    record: Record, people: list[Record], *known: Someone, sort: bool = True, **more: Any
) -> Record:
    """With these people, and their devices with them."""
    told = in_order(people) if sort else people
    return record | {"people": told, "devices": devices_of(told, *known)} | more


def added(record: Record, person: Record) -> Record:
    """With Emil, as this person."""
    return with_people(record, [*record["people"], person], *WITH_EMIL)


def with_person(record: Record, someone: Someone, **changes: Any) -> Record:
    """With somebody else's particulars, in the order that they then have."""
    people = [one | changes if one["chain"] == someone.chain else one for one in record["people"]]
    return record | {"people": in_order(people)}


def without(record: Record, *gone: Someone) -> Record:
    chains = [one.chain for one in gone]
    people = [one for one in record["people"] if one["chain"] not in chains]
    return with_people(record, people, *EVERYBODY)


def sealed_to(record: Record, at: int, **changes: Any) -> Record:
    devices = list(record["devices"])
    devices[at] = devices[at] | changes
    return record | {"devices": devices}


#: Anna's first record, the next by Anna, and by Bert.
FIRST = first((ANNA, ADMIN), (BERT, MEMBER), (CARL, MEMBER), by=A1, timer=60)
BY_ANNA = next_of(FIRST, A2)
BY_BERT = next_of(FIRST, B1)
LEAVE = leave_of(C1, CONVERSATION, CARL.chain, 1)
LEFT = without(next_of(FIRST, B1, leaves=[LEAVE]), CARL)
SIGNERS = {one.id: one for one in (A1, A2, B1, C1, E1)}


def asked(
    record: Record,
    before: Record | None = FIRST,
    people: tuple[Someone, ...] = EVERYBODY,
    *,
    lines: list[list[str]] | None = None,
    entry: bytes | None = None,
    signer: Person | None = None,
    complete: bool | None = None,
) -> Record:
    """What the judge is asked about a record, which its author has signed."""
    author = SIGNERS.get(record["by"], A1) if signer is None else signer
    given: Record = {
        "entry": entry_of(record, author) if entry is None else entry,
        "lines": [one.known() for one in people] if lines is None else lines,
    }
    if before is not None:
        given["before"] = record_bytes(before)
    if complete is not None:
        given["complete"] = complete
    return given
