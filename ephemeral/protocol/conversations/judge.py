"""The judge: whether a record may follow on another. docs/conversations.md, section 3.

One pure function for server and clients. It reads nothing but the record before, the record, and
the chains as its reader has read them; two readers with the same chains come to the same verdict,
and one whose chains end earlier waits instead of guessing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.statements import NO_HASH
from ephemeral.protocol.conversations.epochs import verify_record
from ephemeral.protocol.conversations.leaves import verify_leave
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.log import first_hash
from ephemeral.protocol.conversations.records import (
    ADMIN,
    DEVICES_MAX,
    PEOPLE_MAX,
    MemberDevice,
    Person,
    Record,
    SignedRecord,
    key_of,
    most_devices,
)
from ephemeral.protocol.conversations.registers import self_conversation
from ephemeral.protocol.errors import Refusal, refuse

__all__ = [
    "GOOD",
    "Bad",
    "Good",
    "Lines",
    "Reader",
    "Verdict",
    "Waiting",
    "due",
    "first_reason",
    "judge",
    "judge_unsigned",
    "listed_devices",
    "listed_of",
]

#: Chains by their ids.
Lines = Mapping[bytes, Line]


class Good(NamedTuple):
    """It may be followed."""


class Bad(NamedTuple):
    """It breaks a rule: the first one's code."""

    code: str


class Waiting(NamedTuple):
    """Statements of these chains are missing: fetch them and ask again. Until then nothing that
    comes after is shown, and nothing sent."""

    chains: tuple[bytes, ...]


Verdict = Good | Bad | Waiting
GOOD = Good()


def judge(
    before: Record | None, after: SignedRecord, lines: Lines, complete: bool = False
) -> Verdict:
    """Whether `after` may follow on `before`, or, without one, be the first that a reader accepts.

    `complete` says that what is missing was fetched and isn't there: what would wait is bad then.
    """
    try:
        record = after.record
    except Refusal as refusal:
        return Bad(refusal.code)
    if len(after.box_hashes) != len(record.devices):
        return Bad("record_form")
    verdict = judge_unsigned(before, record, lines, complete)
    if verdict is not GOOD:
        return verdict
    key = _author_key(record, lines)
    return GOOD if key is not None and verify_record(after, key) else Bad("record_signature")


def judge_unsigned(
    before: Record | None, record: Record, lines: Lines, complete: bool = False
) -> Verdict:
    """All rules but the last: what an author asks before it signs."""
    rules = _first(record, lines) if before is None else _next(before, record, lines)
    for code, verdict in rules:
        if verdict is True:
            continue
        if verdict is False or complete:
            return Bad(code)
        return Waiting(verdict)
    return GOOD


# What a rule finds: it holds, it is broken, or these chains are missing.
_Finding = bool | tuple[bytes, ...]


def _next(before: Record, record: Record, lines: Lines) -> Iterator[tuple[str, _Finding]]:
    """The rules in their order, each looked at only when those before hold."""
    yield "record_conversation", record.conversation == before.conversation
    yield "record_epoch", record.epoch == before.epoch + 1
    yield "record_previous", record.previous == before.hash
    yield "record_suite", record.suite >= before.suite
    yield "record_seen", record.seen >= before.seen
    yield "record_people", _people_stay(before, record)
    yield "record_point", _points(before, record, lines)
    yield "record_devices", _devices(record, lines)
    yield "record_sealing", _sealing(before.devices, record)
    author = record.person_of(record.by, lines)
    was = author and before.person(author.chain)
    yield "record_author", was is not None
    yield "record_leave", _leaves(before, record, lines)
    by_admin = was is not None and was.role == ADMIN
    yield "record_role", by_admin or _as_before(before, record, lines)
    yield "record_admin", _admins_stay(before, record, by_admin)
    yield "record_continues", record.continues is None


def _first(record: Record, lines: Lines) -> Iterator[tuple[str, _Finding]]:
    founding = record.epoch == 1
    yield "record_people", _people_begin(record)
    yield "record_previous", founding == (record.previous == NO_HASH)
    if founding:
        begun = (record.seen, record.log) == (0, first_hash(record.conversation))
        yield "record_seen", begun
    yield "record_point", _points(None, record, lines)
    yield "record_devices", _devices(record, lines)
    yield "record_sealing", _sealing((), record)
    author = record.person_of(record.by, lines)
    yield "record_author", author is not None
    yield "record_leave", not (founding and record.leaves)
    admin = author is not None and author.role == ADMIN
    yield "record_admin", admin if founding else bool(record.admins)
    yield "record_continues", founding or record.continues is None


def _in_order(people: Sequence[Person]) -> bool:
    """By (since, chain), no chain twice, 1 to 50."""
    order = [(one.since, one.chain) for one in people]
    chains = {one.chain for one in people}
    return 1 <= len(people) <= PEOPLE_MAX and len(chains) == len(people) and order == sorted(order)


def _people_stay(before: Record, record: Record) -> bool:
    since = {one.chain: one.since for one in before.people}
    same = all(one.since == since.get(one.chain, record.epoch) for one in record.people)
    return _in_order(record.people) and same


def _people_begin(record: Record) -> bool:
    if record.epoch == 1:
        right = all(one.since == 1 for one in record.people)
    else:
        right = all(one.since <= record.epoch for one in record.people)
    return _in_order(record.people) and right


def _points(before: Record | None, record: Record, lines: Lines) -> _Finding:
    """Every point is on the reader's line, not behind the one before, and no end of an account."""
    reached = {one.chain: one.sequence for one in before.people} if before else {}
    missing = []
    for one in record.people:
        if one.sequence < reached.get(one.chain, 0):
            return False
        chain = _at(lines, one.chain, one.sequence)
        if chain is None:
            missing.append(one.chain)
        elif chain.head != one.head or chain.closed:
            return False
    return tuple(missing) or True


def _at(lines: Lines, chain: bytes, sequence: int) -> Chain | None:
    line = lines.get(chain)
    return None if line is None else line.at(sequence)


def listed_of(people: Sequence[Person], lines: Lines) -> dict[bytes, Person]:
    """The devices that a record with these people lists (2.6), in order, at the points that they
    name, with whose they are.

    `lines` reach these points. A device that two people have is listed once, of the first: else
    somebody with two accounts could see to it that no record is right.
    """
    most = most_devices(len(people))
    found: dict[bytes, Person] = {}
    for one in people:
        for device in lines[one.chain].states[one.sequence].devices[:most]:
            found.setdefault(device.id, one)
    return found


def listed_devices(people: Sequence[Person], lines: Lines) -> tuple[bytes, ...]:
    """These devices alone."""
    return tuple(listed_of(people, lines))


def _devices(record: Record, lines: Lines) -> bool:
    listed = listed_devices(record.people, lines)
    once = len(set(listed)) == len(listed) <= DEVICES_MAX
    return once and listed == tuple(one.device for one in record.devices)


def _sealing(before: Sequence[MemberDevice], record: Record) -> bool:
    """Numbers of keys never fall, and one number is one key."""
    known = {one.device: one for one in before}
    for one in record.devices:
        if one.number == 0:
            if one.sealing != NO_HASH:
                return False
            continue
        was = known.get(one.device)
        if was is None:
            continue
        if one.number < was.number or (one.number == was.number and one.sealing != was.sealing):
            return False
    return True


def _leaves(before: Record, record: Record, lines: Lines) -> _Finding:
    """Each is of a person who isn't there any more, and is signed by a device of theirs."""
    places = {one.chain: at for at, one in enumerate(before.people)}
    stay = {one.chain for one in record.people}
    missing = []
    last = -1
    for leave in record.leaves:
        at = places.get(leave.chain, -1)
        if at <= last or leave.chain in stay or before.people[at].since != leave.since:
            return False
        last = at
        if _at(lines, leave.chain, before.people[at].sequence) is None:
            missing.append(leave.chain)
            continue
        key = key_of(before.people[at], leave.device, lines)
        if key is None or not verify_leave(record.conversation, leave, key):
            return False
    return tuple(missing) or True


def _as_before(before: Record, record: Record, lines: Lines) -> _Finding:
    """What who is no admin may do: take out who left or closed their account, and nothing else."""
    roles = {one.chain: one.role for one in before.people}
    if any(one.chain not in roles for one in record.people):
        return False
    if (record.timer, record.joining) != (before.timer, before.joining):
        return False
    # If no admin is left, who becomes one is the next rule's.
    if _keeps_admin(before, record) and any(one.role != roles[one.chain] for one in record.people):
        return False
    there = {one.chain for one in record.people} | {one.chain for one in record.leaves}
    gone = [one for one in before.people if one.chain not in there]
    open_still = [
        one.chain
        for one in gone
        if (line := lines.get(one.chain)) is None or not line.closed_after(one.sequence)
    ]
    return tuple(open_still) or True


def _keeps_admin(before: Record, record: Record) -> bool:
    return any(one.chain in before.admins for one in record.people)


def _admins_stay(before: Record, record: Record, by_admin: bool) -> bool:
    if by_admin or _keeps_admin(before, record):
        return bool(record.admins)
    # Nobody who was admin is left: the first of all becomes one, and only they.
    return record.admins == {record.people[0].chain}


def _author_key(record: Record, lines: Lines) -> bytes | None:
    author = record.person_of(record.by, lines)
    return author and key_of(author, record.by, lines)


def due(record: Record, lines: Lines) -> str | None:
    """Why the next epoch must begin before anybody sends, as far as chains tell (3.3).

    "people": a person's account was closed since; "devices": other devices would be listed at the
    newest statements. `lines` reach the points that the record names.
    """
    if any(lines[one.chain].closed_after(one.sequence) for one in record.people):
        return "people"
    newest = [one._replace(sequence=lines[one.chain].last.sequence) for one in record.people]
    listed = tuple(one.device for one in record.devices)
    return "devices" if listed_devices(newest, lines) != listed else None


@dataclass(frozen=True, slots=True)
class Reader:
    """What decides whether somebody follows a conversation that they didn't know (3.2).

    `chain` is the reader's own, `founding` the hash of its last GENESIS or RECOVER. `contacts` are
    accepted, `inviters` are the chains that invitations and join links named. `pinned` are the R
    that own devices have pinned. `continued` is the record that the new one names, if it was good
    on this reader's line. `agreed`: a recovered device has no pins, and the person said yes.
    """

    chain: bytes
    founding: bytes
    contacts: frozenset[bytes] = frozenset()
    inviters: frozenset[bytes] = frozenset()
    pinned: frozenset[bytes] = frozenset()
    continued: Record | None = None
    agreed: bool = False


def first_reason(record: Record, lines: Lines, reader: Reader) -> str:
    """Why a first record that was judged good is followed: "contact", "invitation", "pinned",
    "self", "continues", or "agreed" (then it is marked as not compared).

    Refuses `record_uninvited`: it isn't followed, and shown at most as a request.
    """
    me = record.person(reader.chain)
    author = record.person_of(record.by, lines)
    if me is None or author is None:
        raise Refusal("record_uninvited")
    own = record.conversation == self_conversation(reader.chain, reader.founding)
    if own:
        refuse(len(record.people) != 1, "record_uninvited")
        return "self"
    by_admin = me.since == record.epoch and author.role == ADMIN
    if by_admin and author.chain in reader.contacts | {reader.chain}:
        return "contact"
    if by_admin and author.chain in reader.inviters:
        return "invitation"
    if record.hash in reader.pinned:
        return "pinned"
    if by_admin and _continues(record, author.chain, reader.continued):
        return "continues"
    refuse(not reader.agreed, "record_uninvited")
    return "agreed"


def _continues(record: Record, author: bytes, continued: Record | None) -> bool:
    named = record.continues
    return (
        named is not None
        and continued is not None
        and named == (continued.conversation, continued.hash)
        and author in continued.admins
    )
