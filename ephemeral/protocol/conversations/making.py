"""The next record, made from a wish. docs/conversations.md, 2 to 4.

Whatever is due is done along with the wish: who closed their account or left goes, devices follow
their chains. What comes out is judged good, or refused before it is sealed to anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.statements import NO_HASH
from ephemeral.protocol.conversations.epochs import commitment
from ephemeral.protocol.conversations.judge import Bad, Lines, judge_unsigned
from ephemeral.protocol.conversations.leaves import verify_leave
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.records import (
    ADMIN,
    Continues,
    Leave,
    MemberDevice,
    Person,
    Record,
    key_of,
    most_devices,
    record_hash,
)
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["KEEP", "Change", "Keys", "founding", "renewal", "sealing_keys"]

#: The newest sealing key of each device that has one, by device; or by chain and device, joined,
#: which tells apart the keys of a device that two people have.
Keys = Mapping[bytes, SealingKey]


class _Keep:
    """That something stays as it is."""


KEEP = _Keep()


@dataclass(frozen=True, slots=True)
class Change:
    """A wish: chains to add (with their roles) and to remove, roles to change, a timer, a link that
    opens the conversation. Who is no admin may only have leaves acted on."""

    add: Mapping[bytes, str] = field(default_factory=dict)
    remove: frozenset[bytes] = frozenset()
    roles: Mapping[bytes, str] = field(default_factory=dict)
    timer: int | None = None
    joining: bytes | _Keep | None = KEEP
    leaves: tuple[Leave, ...] = ()

    @property
    def by_admin(self) -> bool:
        """Whether only an admin may wish for it."""
        kept = isinstance(self.joining, _Keep) and self.timer is None
        return bool(self.add or self.remove or self.roles) or not kept


def founding(
    conversation: bytes,
    people: Mapping[bytes, str],
    lines: Lines,
    keys: Keys,
    by: bytes,
    seed: bytes,
    *,
    timer: int = 0,
    joining: bytes | None = None,
    continues: Continues | None = None,
) -> Record:
    """The record of epoch 1. `people`: the role of each chain, the author's being admin; `by` is
    the author's device, `seed` 32 random bytes. Refuses with the code of the rule that it breaks.
    """
    at = Log.first(conversation)
    record = Record(
        conversation=conversation,
        epoch=1,
        previous=NO_HASH,
        by=by,
        commitment=commitment(conversation, 1, NO_HASH, by, seed),
        seen=at.place,
        log=at.hash,
        timer=timer,
        joining=joining,
        people=_ordered(_at_newest(chain, role, 1, lines) for chain, role in people.items()),
        devices=(),
        continues=continues,
    )
    return _judged(None, _with_devices(record, {}, lines, keys), lines)


def renewal(
    before: Record,
    lines: Lines,
    keys: Keys,
    seen: int,
    log: bytes,
    by: bytes,
    seed: bytes,
    change: Change = Change(),
) -> Record:
    """The record that follows on `before`. `lines` and `keys` are the newest that the server has,
    `(seen, log)` how far the author has read, `by` its device, `seed` 32 random bytes.

    Leaves that nobody signed are left out. Refuses `record_author` where this device isn't listed
    any more, `not_admin`, and the code of a rule that the wish breaks.
    """
    author = next((one for one in before.people if _holds(by, one.chain, lines)), None)
    if author is None:
        raise Refusal("record_author")
    by_admin = author.role == ADMIN
    refuse(change.by_admin and not by_admin, "not_admin")
    leaves = _usable(before, change.leaves, lines)
    gone = {one.chain for one in leaves} | {
        one.chain for one in before.people if lines[one.chain].last.closed
    }
    refuse(author.chain in gone, "record_author")
    roles = {
        one.chain: change.roles.get(one.chain, one.role)
        for one in before.people
        if one.chain not in gone | change.remove
    }
    since = {one.chain: one.since for one in before.people}
    epoch = before.epoch + 1
    people = _ordered(
        [_at_newest(chain, role, since[chain], lines) for chain, role in roles.items()]
        + [
            _at_newest(chain, role, epoch, lines)
            for chain, role in change.add.items()
            if chain not in since and not lines[chain].last.closed
        ]
    )
    if not by_admin and not before.admins & roles.keys():
        people = (people[0]._replace(role=ADMIN), *people[1:])
    record = Record(
        suite=before.suite,
        conversation=before.conversation,
        epoch=epoch,
        previous=before.hash,
        by=by,
        commitment=commitment(before.conversation, epoch, before.hash, by, seed),
        seen=seen,
        log=log,
        timer=before.timer if change.timer is None else change.timer,
        joining=before.joining if isinstance(change.joining, _Keep) else change.joining,
        people=people,
        devices=(),
        leaves=leaves,
    )
    known = {one.device: one for one in before.devices}
    return _judged(before, _with_devices(record, known, lines, keys), lines)


def sealing_keys(record: Record, keys: Keys) -> list[bytes | None]:
    """What the boxes of a record made here are sealed to: None where no key is named."""
    public = {record_hash(one.public): one.public for one in keys.values()}
    return [public[one.sealing] if one.number else None for one in record.devices]


def _holds(device: bytes, chain: bytes, lines: Lines) -> bool:
    return lines[chain].last.key_of(device) is not None


def _at_newest(chain: bytes, role: str, since: int, lines: Lines) -> Person:
    last = lines[chain].last
    return Person(chain, role, since, last.sequence, last.head)


def _ordered(people: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(sorted(people, key=lambda one: (one.since, one.chain)))


def _usable(before: Record, leaves: Iterable[Leave], lines: Lines) -> tuple[Leave, ...]:
    """One leave of each person of the record before who gave one, in its order."""
    found: dict[bytes, Leave] = {}
    people = {one.chain: one for one in before.people}
    for leave in leaves:
        person = people.get(leave.chain)
        if person is None or person.since != leave.since:
            continue
        key = key_of(person, leave.device, lines)
        if key is not None and verify_leave(before.conversation, leave, key):
            found.setdefault(leave.chain, leave)
    return tuple(found[chain] for chain in people if chain in found)


def _with_devices(
    record: Record, known: Mapping[bytes, MemberDevice], lines: Lines, keys: Keys
) -> Record:
    refuse(not record.people, "record_people")
    most = most_devices(len(record.people))
    devices: dict[bytes, MemberDevice] = {}
    for person in record.people:
        for one in lines[person.chain].last.devices[:most]:
            key = keys.get(person.chain + one.id) or keys.get(one.id)
            devices.setdefault(one.id, _device(one.id, key, known.get(one.id)))
    return replace(record, devices=tuple(devices.values()))


def _device(device: bytes, key: SealingKey | None, was: MemberDevice | None) -> MemberDevice:
    """What is sealed to. A key that contradicts what the record before names counts as none: its
    device begins the next epoch itself, and nobody is held up by it."""
    if key is None:
        return MemberDevice(device, 0, NO_HASH)
    sealing = record_hash(key.public)
    if was is not None and was.number:
        other = was.number == key.number and was.sealing != sealing
        if other or key.number < was.number:
            return MemberDevice(device, 0, NO_HASH)
    return MemberDevice(device, key.number, sealing)


def _judged(before: Record | None, record: Record, lines: Lines) -> Record:
    verdict = judge_unsigned(before, record, lines, complete=True)
    if isinstance(verdict, Bad):
        raise Refusal(verdict.code)
    # A timer that is too long, say: what the judge takes for granted.
    Record.decode(record.encode())
    return record
