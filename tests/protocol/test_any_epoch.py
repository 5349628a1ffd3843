"""Epochs: whatever happens, the next record can be made, and only what may be is judged good."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import attempt, changed, outcome, refusal_of, steady
from support.people.members import Member, drawn, lines_of, named_keys, signed_by

from ephemeral.protocol.accounts.chain import device_id
from ephemeral.protocol.accounts.statements import NO_HASH
from ephemeral.protocol.conversations.judge import (
    GOOD,
    Bad,
    Reader,
    Waiting,
    due,
    first_reason,
    judge,
)
from ephemeral.protocol.conversations.leaves import sign_leave
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.log import first_hash
from ephemeral.protocol.conversations.making import Change, founding, renewal, sealing_keys
from ephemeral.protocol.conversations.records import (
    Continues,
    Leave,
    MemberDevice,
    Record,
    SignedRecord,
)
from ephemeral.protocol.conversations.registers import founding_hash, self_conversation

CONVERSATION = drawn("conversation")[:16]
SEED = drawn("seed")
LOG = drawn("log")

who = st.integers(0, 4)
wishes = (
    st.just(("nothing", 0, ""))
    | st.tuples(st.sampled_from(["add", "role"]), who, st.sampled_from(["admin", "member"]))
    | st.tuples(st.sampled_from(["remove", "timer", "link"]), who, st.just(""))
)
acts = (
    st.tuples(st.sampled_from(["device", "close", "recover", "leave", "key"]), who, st.none())
    | st.tuples(st.just("lose"), who, st.integers(0, 3))
    | st.tuples(st.just("renew"), who, wishes)
    | st.tuples(st.just("renew"), who, wishes)
)


@dataclass
class World:
    """Five people, of whom some are in a conversation; and the rules on plain numbers."""

    people: list[Member] = field(default_factory=lambda: [Member(f"p{i}") for i in range(5)])
    roles: dict[int, str] = field(default_factory=lambda: {0: "admin", 1: "member", 2: "member"})
    left: dict[int, Leave] = field(default_factory=dict)
    record: Record = field(init=False)

    def __post_init__(self):
        roles = {self.people[i].chain: role for i, role in self.roles.items()}
        by = self.people[0].devices[0]
        self.record = founding(CONVERSATION, roles, self.lines, self.keys, by, SEED)

    @property
    def lines(self):
        return lines_of(*self.people)

    @property
    def keys(self):
        return named_keys(*self.people)

    def closed(self, i):
        return self.people[i].line.last.closed

    def act(self, what, i, more):
        """What becomes of people; True if the next record is to be made."""
        person = self.people[i]
        match what:
            case "close" if not self.closed(i):
                person.close()
            case "recover":
                person.recover()
            case "device" if not self.closed(i) and len(person.devices) < 10:
                person.add()
            case "lose" if len(person.devices) > 1:
                person.remove(person.devices[more % len(person.devices)])
            case "key" if person.devices:
                person.renew_key(person.devices[-1])
            case "leave" if i in self.roles and person.devices:
                entered = self.record.person(person.chain)
                signer = person.signer
                if person.line.at(entered.sequence).key_of(device_id(signer.public)):
                    self.left[i] = sign_leave(signer, CONVERSATION, person.chain, entered.since)
        return what == "renew"

    def change(self, wish, whom, role):
        chain = self.people[whom].chain
        wished = {
            "nothing": {},
            "add": {"add": {chain: role}},
            "role": {"roles": {chain: role}},
            "remove": {"remove": frozenset({chain})},
            "timer": {"timer": 60 * whom},
            "link": {"joining": drawn("link") if whom else None},
        }[wish]
        return Change(**wished, leaves=tuple(self.left.values()))

    def expected(self, i, wish, whom, role):
        """The refusal, or None, and the roles are as they will be."""
        gone = {one for one in self.roles if self.closed(one)} | set(self.left)
        if i not in self.roles or self.closed(i):
            return "record_author"
        admin = self.roles[i] == "admin"
        if wish != "nothing" and not admin:
            return "not_admin"
        if i in gone or (wish == "remove" and whom == i):
            return "record_author"
        roles = {one: self.roles[one] for one in self.roles if one not in gone}
        if wish == "remove":
            roles.pop(whom, None)
        if wish == "role" and whom in roles:
            roles[whom] = role
        if wish == "add" and whom not in self.roles and not self.closed(whom):
            roles[whom] = role
        if not admin and "admin" not in roles.values():
            order = {one.chain: at for at, one in enumerate(self.record.people)}
            first = min(roles, key=lambda one: order[self.people[one].chain])
            roles[first] = "admin"
        if "admin" not in roles.values():
            return "record_admin"
        self.roles = roles
        self.left = {}
        return None

    def renew(self, i, wish, seen=0):
        person = self.people[i]
        by = person.devices[-1] if person.devices else device_id(person.words.public)
        return outcome(
            renewal, self.record, self.lines, self.keys, seen, LOG, by, SEED, self.change(*wish)
        )


@steady
@given(st.lists(acts, max_size=20))
def test_whatever_happens_the_next_record_is_made_and_judged_good(history):
    """3, 4: and nothing is due after it. Who is in it with which role says a plain model."""
    world = World()
    for seen, (what, i, more) in enumerate(history):
        if not world.act(what, i, more):
            continue
        before, lines = world.record, world.lines
        made, refusal = world.renew(i, more, seen)
        assert (refusal and refusal.code) == world.expected(i, *more)
        if made is None:
            continue
        signed = SignedRecord.read(signed_by(made, *world.people).entry())
        assert signed.record == made
        assert judge(before, signed, lines) == GOOD
        assert due(made, lines) is None
        assert {world.people[one].chain: role for one, role in world.roles.items()} == {
            one.chain: one.role for one in made.people
        }
        named = {one for one in sealing_keys(made, world.keys) if one is not None}
        assert named == {world.keys[one.device].public for one in made.devices}
        world.record = made


@steady
@given(st.lists(acts, min_size=4, max_size=12), st.data())
def test_whose_chains_end_earlier_waits_and_never_comes_to_another_verdict(history, data):
    """3: *waiting* if and only if statements are missing, and for these chains."""
    world = World()
    for what, i, more in history:
        world.act(what, i, more)
    authors = [i for i in world.roles if not world.closed(i) and i not in world.left]
    if not authors:
        return
    made, _ = world.renew(data.draw(st.sampled_from(authors)), ("nothing", 0, ""))
    after = signed_by(made, *world.people)
    lines = {}
    for chain, line in world.lines.items():
        known = world.record.person(chain)
        least = known.sequence if known else 0
        end = data.draw(st.integers(least, line.last.sequence))
        person = next(one for one in world.people if one.chain == chain)
        lines[chain] = Line.of(person.statements[: end + 1])
    ahead = [one.chain for one in made.people if lines[one.chain].at(one.sequence) is None]
    author = made.person_of(made.by, world.lines)
    needed = []
    if world.record.person(author.chain).role != "admin":
        left = {one.chain for one in made.leaves}
        needed = [
            one.chain
            for one in world.record.people
            if made.person(one.chain) is None
            and one.chain not in left
            and not lines[one.chain].closed_after(one.sequence)
        ]
    missing = tuple(ahead or needed)
    assert judge(world.record, after, lines) == (Waiting(missing) if missing else GOOD)
    code = "record_point" if ahead else "record_role"
    assert judge(world.record, after, lines, complete=True) == (Bad(code) if missing else GOOD)


# Each rule, broken alone: signed again by the author, so that nothing else is wrong.

A, B, C, D = Member("a", 2), Member("b", 2), Member("c"), Member("d")
EVERYBODY = (A, B, C, D)
LINES, KEYS = lines_of(*EVERYBODY), named_keys(*EVERYBODY)
ROLES = {A.chain: "admin", B.chain: "member", C.chain: "member"}
FIRST = founding(CONVERSATION, ROLES, LINES, KEYS, A.devices[0], SEED, timer=5)
BY_ADMIN = renewal(FIRST, LINES, KEYS, 3, LOG, A.devices[1], SEED)
BY_MEMBER = renewal(FIRST, LINES, KEYS, 3, LOG, B.devices[0], SEED)
LEAVE = sign_leave(C.signer, CONVERSATION, C.chain, 1)
LEFT = renewal(FIRST, LINES, KEYS, 3, LOG, B.devices[0], SEED, Change(leaves=(LEAVE,)))


def with_person(record, chain, **changes):
    people = tuple(one._replace(**changes) if one.chain == chain else one for one in record.people)
    return replace(record, people=tuple(sorted(people, key=lambda one: (one.since, one.chain))))


def with_people(record, people):
    """Other people, and their devices with them."""
    known = {one.device: one for one in record.devices}
    devices = [
        known.get(one, MemberDevice(one, 0, NO_HASH))
        for person in people
        for one in (each.id for each in LINES[person.chain].at(person.sequence).devices)
    ]
    return replace(record, people=tuple(people), devices=tuple(devices))


def without(record, chain):
    return with_people(record, [one for one in record.people if one.chain != chain])


def added(record, member, since):
    new = FIRST.people[0]._replace(
        chain=member.chain, role="member", since=since, head=member.line.last.head,
        sequence=member.line.last.sequence,
    )  # fmt: skip
    people = sorted([*record.people, new], key=lambda one: (one.since, one.chain))
    return with_people(record, people)


def sealed_to(record, at, number, sealing):
    devices = list(record.devices)
    devices[at] = MemberDevice(devices[at].device, number, sealing)
    return replace(record, devices=tuple(devices))


BROKEN = {
    "record_conversation": [replace(BY_ADMIN, conversation=bytes(16))],
    "record_epoch": [replace(BY_ADMIN, epoch=3), replace(BY_ADMIN, epoch=1)],
    "record_previous": [replace(BY_ADMIN, previous=NO_HASH)],
    "record_people": [
        replace(BY_ADMIN, people=BY_ADMIN.people[::-1]),
        replace(BY_ADMIN, people=(*BY_ADMIN.people, BY_ADMIN.people[-1])),
        replace(BY_ADMIN, people=(*BY_ADMIN.people, BY_ADMIN.people[0]._replace(since=2))),
        with_person(BY_ADMIN, C.chain, since=2),
        added(BY_ADMIN, D, 1),
        added(BY_ADMIN, D, 3),
    ],
    "record_point": [
        with_person(BY_ADMIN, B.chain, sequence=0, head=B.line.at(0).head),
        with_person(BY_ADMIN, B.chain, head=C.line.last.head),
    ],
    "record_devices": [
        replace(BY_ADMIN, devices=BY_ADMIN.devices[::-1]),
        replace(BY_ADMIN, devices=BY_ADMIN.devices[:-1]),
        replace(BY_ADMIN, devices=(*BY_ADMIN.devices, BY_ADMIN.devices[-1])),
        replace(BY_ADMIN, devices=(*BY_ADMIN.devices, MemberDevice(D.devices[0], 0, NO_HASH))),
    ],
    "record_sealing": [
        sealed_to(BY_ADMIN, 0, 0, LOG),
        sealed_to(BY_ADMIN, 0, 1, LOG),
    ],
    "record_author": [
        replace(BY_ADMIN, by=D.devices[0]),
        without(BY_ADMIN, A.chain),
        replace(added(BY_ADMIN, D, 2), by=D.devices[0]),
    ],
    "record_leave": [
        replace(BY_MEMBER, leaves=(LEAVE,)),
        replace(LEFT, leaves=(LEAVE, LEAVE)),
        replace(LEFT, leaves=(LEAVE._replace(signature=bytes(64)),)),
        replace(LEFT, leaves=(LEAVE._replace(since=2),)),
        replace(LEFT, leaves=(sign_leave(C.signer, CONVERSATION, C.chain, 2),)),
        replace(LEFT, leaves=(LEAVE._replace(device=D.devices[0]),)),
        replace(LEFT, leaves=(LEAVE, sign_leave(D.signer, CONVERSATION, D.chain, 1))),
        replace(LEFT, leaves=(sign_leave(C.signer, bytes(16), C.chain, 1),)),
    ],
    "record_role": [
        added(BY_MEMBER, D, 2),
        replace(BY_MEMBER, timer=6),
        replace(BY_MEMBER, joining=LOG),
        with_person(BY_MEMBER, B.chain, role="admin"),
        with_person(BY_MEMBER, A.chain, role="member"),
    ],
    "record_admin": [with_person(BY_ADMIN, A.chain, role="member")],
    "record_continues": [replace(BY_ADMIN, continues=Continues(CONVERSATION, FIRST.hash))],
}


@pytest.mark.parametrize("made", [BY_ADMIN, BY_MEMBER, LEFT, added(BY_ADMIN, D, 2)])
def test_what_breaks_no_rule_is_good(made):
    assert judge(FIRST, signed_by(made, *EVERYBODY), LINES) == GOOD


@pytest.mark.parametrize(
    ("code", "made"),
    [
        pytest.param(code, one, id=f"{code}-{n}")
        for code, many in BROKEN.items()
        for n, one in enumerate(many)
    ],
)
def test_what_breaks_a_rule_is_bad_by_its_code(code, made):
    assert judge(FIRST, signed_by(made, *EVERYBODY), LINES, complete=True) == Bad(code)


def test_what_can_not_be_met_by_a_record_that_follows_on_the_first():
    """Suites never fall, places and numbers neither."""
    third = renewal(BY_ADMIN, LINES, KEYS, 7, LOG, A.devices[0], SEED)
    for code, before, after in [
        ("record_suite", replace(BY_ADMIN, suite=2), third),
        ("record_seen", BY_ADMIN, replace(third, seen=2)),
        ("record_sealing", sealed_to(BY_ADMIN, 1, 9, LOG), sealed_to(third, 1, 8, LOG)),
    ]:
        next_ = replace(after, previous=before.hash)
        assert judge(before, signed_by(next_, *EVERYBODY), LINES) == Bad(code)
    known = sealed_to(BY_ADMIN, 1, 9, LOG)
    none = replace(sealed_to(third, 1, 0, NO_HASH), previous=known.hash)
    assert judge(known, signed_by(none, *EVERYBODY), LINES) == GOOD


def test_who_has_closed_their_account_is_not_kept():
    """7: a point at which an account is over could neither be due nor be taken out by a member."""
    over = Member("over")
    over.close()
    lines = {**LINES, over.chain: over.line}
    kept = BY_ADMIN.people[0]._replace(
        chain=over.chain, role="member", since=2, sequence=1, head=over.line.last.head
    )
    made = replace(BY_ADMIN, people=(*BY_ADMIN.people, kept))
    assert judge(FIRST, signed_by(made, *EVERYBODY), lines) == Bad("record_point")


def test_when_the_last_admin_goes_the_first_of_the_others_becomes_one():
    left = sign_leave(A.signer, CONVERSATION, A.chain, 1)
    made = renewal(FIRST, LINES, KEYS, 3, LOG, C.devices[0], SEED, Change(leaves=(left,)))
    heir, other = made.people
    assert made.admins == {heir.chain}
    assert other.role == "member"
    assert judge(FIRST, signed_by(made, *EVERYBODY), LINES) == GOOD
    for wrong in (
        with_person(made, heir.chain, role="member"),
        with_person(made, other.chain, role="admin"),
        with_person(with_person(made, heir.chain, role="member"), other.chain, role="admin"),
    ):
        assert judge(FIRST, signed_by(wrong, *EVERYBODY), LINES) == Bad("record_admin")


# A first record

LATER = renewal(BY_ADMIN, LINES, KEYS, 7, LOG, B.devices[0], SEED)
BROKEN_FIRST = {
    "record_people": [
        (FIRST, replace(FIRST, people=FIRST.people[::-1])),
        (FIRST, with_person(FIRST, B.chain, since=2)),
        (LATER, with_person(LATER, B.chain, since=4)),
    ],
    "record_previous": [
        (FIRST, replace(FIRST, previous=LOG)),
        (LATER, replace(LATER, previous=NO_HASH)),
    ],
    "record_seen": [(FIRST, replace(FIRST, seen=1)), (FIRST, replace(FIRST, log=LOG))],
    "record_point": [(LATER, with_person(LATER, B.chain, head=LOG))],
    "record_devices": [(LATER, replace(LATER, devices=LATER.devices[:-1]))],
    "record_sealing": [(LATER, sealed_to(LATER, 0, 0, LOG))],
    "record_author": [(LATER, replace(LATER, by=D.devices[0]))],
    "record_leave": [(FIRST, replace(FIRST, leaves=(LEAVE,)))],
    "record_admin": [
        (FIRST, replace(FIRST, by=B.devices[0])),
        (LATER, with_person(LATER, A.chain, role="member")),
    ],
    "record_continues": [(LATER, replace(LATER, continues=Continues(CONVERSATION, LOG)))],
}


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [(code, *one) for code in BROKEN_FIRST for one in BROKEN_FIRST[code]],
)
def test_a_first_record_that_breaks_a_rule_is_bad_by_its_code(code, right, wrong):
    assert judge(None, signed_by(right, *EVERYBODY), LINES) == GOOD
    assert judge(None, signed_by(wrong, *EVERYBODY), LINES) == Bad(code)


def test_of_a_later_first_record_leaves_are_not_judged():
    made = replace(LATER, leaves=(LEAVE._replace(signature=bytes(64)),))
    assert judge(None, signed_by(made, *EVERYBODY), LINES) == GOOD


def reader(**given):
    return Reader(D.chain, founding_hash(D.line.last), **given)


def test_a_first_record_is_followed_for_a_reason_or_not_at_all():
    """3.2, (a) to (f)."""
    mine = added(BY_ADMIN, D, 2)
    by_b = replace(with_person(mine, B.chain, role="admin"), by=B.devices[0])
    older = with_people(mine, added(BY_ADMIN, D, 1).people)
    repaired = replace(
        added(FIRST, D, 1), continues=Continues(bytes(16), LATER.hash), by=A.devices[0]
    )
    known = replace(LATER, conversation=bytes(16))
    repaired = replace(repaired, continues=Continues(bytes(16), known.hash))
    for reason, record, given_ in [
        ("contact", mine, {"contacts": {A.chain}}),
        ("invitation", mine, {"inviters": {A.chain}}),
        ("pinned", older, {"pinned": {older.hash}}),
        ("continues", repaired, {"continued": known}),
        ("agreed", older, {"agreed": True}),
        (None, mine, {}),
        (None, older, {"contacts": {A.chain}}),
        (None, older, {"inviters": {A.chain}}),
        (None, mine, {"pinned": {older.hash}}),
        (None, replace(mine, by=B.devices[0]), {"contacts": {A.chain, B.chain}}),
        (None, replace(mine, by=B.devices[0]), {"inviters": {A.chain, B.chain}}),
        ("contact", by_b, {"contacts": {B.chain}}),
        (None, repaired, {"continued": LATER}),
        (None, repaired, {"continued": with_person(known, A.chain, role="member")}),
        (None, FIRST, {"contacts": {A.chain}, "agreed": True}),
    ]:
        sets = {
            name: frozenset(value) if isinstance(value, set) else value
            for name, value in given_.items()
        }
        found, refusal = outcome(first_reason, record, LINES, reader(**sets))
        assert (found, refusal and refusal.code) == (reason, None if reason else "record_uninvited")


def test_the_own_conversation_has_nobody_else_in_it():
    """9.1."""
    own = self_conversation(A.chain, founding_hash(A.line.last))
    alone = founding(own, {A.chain: "admin"}, LINES, KEYS, A.devices[0], SEED)
    together = founding(own, ROLES, LINES, KEYS, A.devices[0], SEED)
    me = Reader(A.chain, founding_hash(A.line.last), agreed=True)
    assert first_reason(alone, LINES, me) == "self"
    assert refusal_of(first_reason, together, LINES, me) == "record_uninvited"
    assert first_reason(FIRST, LINES, me) == "contact"


# Bytes

ENTRY = signed_by(LEFT, *EVERYBODY).entry()
FORMS = {"record_form", "record_version"}


@steady
@given(st.integers(0, 8 * len(ENTRY) - 1))
def test_an_entry_with_any_bit_changed_is_refused_or_judged_bad(at):
    broken = changed(ENTRY, at // 8, at % 8)
    signed = attempt(FORMS, SignedRecord.read, broken)
    if signed is None:
        return
    assert signed.entry() == broken
    verdict = judge(FIRST, signed, LINES, complete=True)
    assert isinstance(verdict, Bad)
    assert verdict.code.startswith("record_")


@steady
@given(st.integers(0, len(ENTRY)), st.binary(max_size=80))
def test_an_entry_of_another_length_is_in_no_form(end, more):
    data = ENTRY[:end] + more
    signed = attempt(FORMS, SignedRecord.read, data)
    assert signed is None or data == ENTRY or len(data) == len(ENTRY)


def test_a_record_of_a_later_version_says_so():
    data = LEFT.encode()
    assert data.endswith(b',"v":1}')
    later = data[:-2] + b"2}"
    assert refusal_of(Record.decode, later) == "record_version"
    assert refusal_of(SignedRecord.read, later + b"whatever") == "record_version"
    suite = data.replace(b'"suite":1', b'"suite":7')
    assert refusal_of(Record.decode, suite) == "record_version"
    assert refusal_of(Record.decode, data.replace(b'"suite":1', b'"suite":0')) == "record_form"
    assert refusal_of(Record.decode, data.replace(b",", b", ", 1)) == "record_form"


def test_boxes_that_are_too_many_or_of_another_size_are_in_no_form():
    signed = signed_by(BY_ADMIN, *EVERYBODY)
    boxes = [bytes(1168) for _ in BY_ADMIN.devices]
    assert SignedRecord.of(signed.record_bytes, signed.signature, boxes) == signed
    for wrong in (boxes[1:], [*boxes[1:], bytes(1167)], [*boxes, b""]):
        args = signed.record_bytes, signed.signature, wrong
        assert refusal_of(SignedRecord.of, *args) == "record_form"
    short = replace(signed, box_hashes=signed.box_hashes[1:])
    assert judge(FIRST, short, LINES) == Bad("record_form")


# As many as there may be


def test_a_hundred_devices_of_fifty_people_and_no_more():
    """2.6: two devices of each, in the order of their coming; a third is listed when there is
    room for it."""
    people = [Member(f"one of many {i}", 3 if i < 2 else 2) for i in range(50)]
    lines, keys = lines_of(*people), named_keys(*people)
    roles = {one.chain: "admin" for one in people}
    full = founding(CONVERSATION, roles, lines, keys, people[0].devices[0], SEED)
    assert len(full.devices) == 100
    assert judge(None, signed_by(full, *people), lines) == GOOD
    assert people[0].devices[2] not in {one.device for one in full.devices}
    assert due(full, lines) is None
    third = people[0].devices[2]
    args = lines, keys, 1, LOG, third, SEED
    assert refusal_of(renewal, full, *args) == "record_author"
    gone = Change(remove=frozenset(one.chain for one in people[30:]))
    fewer = renewal(full, lines, keys, 1, LOG, people[0].devices[0], SEED, gone)
    assert third in {one.device for one in fewer.devices}
    more = Change(add={D.chain: "member"})
    args = {**lines, D.chain: D.line}, keys, 1, LOG, people[0].devices[0], SEED, more
    assert refusal_of(renewal, full, *args) == "record_people"


def test_a_key_that_contradicts_the_record_before_counts_as_none():
    """A server that was set back holds nobody up."""
    device = B.devices[0]
    ahead = sealed_to(FIRST, [one.device for one in FIRST.devices].index(device), 5, LOG)
    made = renewal(ahead, LINES, KEYS, 1, LOG, A.devices[0], SEED)
    assert MemberDevice(device, 0, NO_HASH) in made.devices
    assert judge(ahead, signed_by(made, *EVERYBODY), LINES) == GOOD


def test_the_founding_begins_its_log():
    assert (FIRST.seen, FIRST.log) == (0, first_hash(CONVERSATION))
