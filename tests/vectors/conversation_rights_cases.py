"""Who may leave, take out, change and inherit what: docs/conversations.md, 3, rules 11 to 13."""

from account_maker import CLOSE, Person
from conversation_maker import ADMIN, MEMBER, Record, Someone, leave_of
from conversation_people import (
    A1,
    A2,
    ANNA,
    B1,
    BERT,
    BY_ANNA,
    BY_BERT,
    C1,
    CARL,
    CLOSED,
    CONVERSATION,
    E1,
    EMIL,
    FIRST,
    JOINING,
    LEAVE,
    LEFT,
    NEW,
    OTHER,
    RECOVERED,
    SHRUNK,
    WITH_EMIL,
    added,
    asked,
    next_of,
    with_person,
    without,
)
from maker import Vectors, flipped


def make_rights(v: Vectors) -> None:
    leaves(v)
    roles(v)
    admins(v)


def is_good(v: Vectors, name: str, why: str, given: Record) -> None:
    v.success("judge_record", name, why, given, {"outcome": "good", "waiting": []})


def is_bad(v: Vectors, name: str, why: str, given: Record, code: str) -> None:
    v.refusal("judge_record", name, why, given, code)


def leaves(v: Vectors) -> None:
    after = without(next_of(FIRST, B1), CARL)
    forged = LEAVE | {"signature": flipped(LEAVE["signature"], 3)}
    for name, told, why in (
        ("unsigned", [LEAVE | {"signature": bytes(64)}], "Nobody signed it."),
        ("bit", [forged], "A bit of the signature."),
        ("twice", [LEAVE, LEAVE], "The same leave twice."),
        ("since", [LEAVE | {"since": 2}], "Of another stay."),
        ("since_signed", [leave_of(C1, CONVERSATION, CARL.chain, 2)], "Signed for another stay."),
        ("other_conversation", [leave_of(C1, OTHER[:16], CARL.chain, 1)], "Of another one."),
        ("others_device", [leave_of(B1, CONVERSATION, CARL.chain, 1)], "By another's device."),
        ("device_named", [LEAVE | {"device": B1.id}], "Named as somebody else's."),
        ("stranger", [LEAVE, leave_of(E1, CONVERSATION, EMIL.chain, 1)], "Who never was there."),
        ("recovered", [leave_of(Person("carl/1"), CONVERSATION, CARL.chain, 1)],
         "By a device that came after the point."),
    ):  # fmt: skip
        record = after | {"leaves": told}
        known = (ANNA, BERT, RECOVERED, EMIL)
        is_bad(v, f"bad_leave_{name}", why, asked(record, people=known), "record_leave")
    for name, label in (("epoch", "epoch"), ("content", "content")):
        signature = C1.sign(label, CONVERSATION + CARL.chain + (1).to_bytes(8, "big"))
        record = after | {"leaves": [LEAVE | {"signature": signature}]}
        why = "Signed for another use."
        is_bad(v, f"bad_leave_as_{name}", why, asked(record), "record_leave")
    why = "Who is said to have left is still there."
    is_bad(v, "bad_leave_stays", why, asked(BY_BERT | {"leaves": [LEAVE]}), "record_leave")
    why = "By an admin too: a record says nothing that isn't so."
    is_bad(v, "bad_leave_by_admin", why, asked(BY_ANNA | {"leaves": [LEAVE]}), "record_leave")
    a_leaves = leave_of(A2, CONVERSATION, ANNA.chain, 1)
    gone = {ANNA.chain: a_leaves, CARL.chain: LEAVE}
    told = [gone[one["chain"]] for one in FIRST["people"] if one["chain"] in gone]
    alone = without(next_of(FIRST, B1), ANNA, CARL)
    alone = with_person(alone, BERT, role=ADMIN)
    why = "Two leave, in the order of the record before."
    is_good(v, "good_leaves", why, asked(alone | {"leaves": told}))
    why = "Two leave, in another order."
    is_bad(v, "bad_leave_turned", why, asked(alone | {"leaves": told[::-1]}), "record_leave")
    why = "By a device that was removed since: it was active at the point that counts."
    known = (SHRUNK, BERT, CARL)
    left = with_person(without(next_of(FIRST, B1), ANNA), min_of(BERT, CARL), role=ADMIN)
    is_good(v, "good_leave_removed", why, asked(left | {"leaves": [a_leaves]}, people=known))
    why = "An admin who removes somebody may name their leave."
    is_good(v, "good_leave_by_admin", why, asked(without(BY_ANNA, CARL) | {"leaves": [LEAVE]}))


def min_of(*people: Someone) -> Someone:
    return min(people, key=lambda one: one.chain)


def roles(v: Vectors) -> None:
    before = next_of(FIRST, A1, joining=JOINING)
    for name, record, earlier, why in (
        ("adds", added(BY_BERT, NEW), FIRST, "Only an admin adds."),
        ("timer", BY_BERT | {"timer": 0}, FIRST, "Only an admin sets the timer."),
        ("joining", BY_BERT | {"joining": JOINING}, FIRST, "Only an admin opens it by a link."),
        ("joining_ends", next_of(before, B1, joining=None), before, "Or closes it."),
        ("joining_other", next_of(before, B1, joining=OTHER), before, "Or makes another link."),
        ("promotes", with_person(BY_BERT, BERT, role=ADMIN), FIRST, "Nobody promotes themselves."),
        ("promotes_other", with_person(BY_BERT, CARL, role=ADMIN), FIRST, "Nor anybody else."),
        ("demotes", with_person(BY_BERT, ANNA, role=MEMBER), FIRST, "Nor takes it from an admin."),
        ("leave_and_timer", LEFT | {"timer": 5}, FIRST, "A leave gives no other right."),
        (
            "leave_and_role", with_person(LEFT, BERT, role=ADMIN), FIRST,
            "Nor this one, as long as there is an admin.",
        ),
    ):  # fmt: skip
        given = asked(record, earlier, WITH_EMIL, complete=True)
        is_bad(v, f"bad_role_{name}", why, given, "record_role")
    gone = with_person(without(BY_BERT, ANNA), min_of(BERT, CARL), role=ADMIN)
    why = "The only admin can't be put out by others."
    is_bad(v, "bad_role_removes_admin", why, asked(gone, complete=True), "record_role")
    closed = next_of(LEFT, B1)
    why = "A new CLOSE of who isn't there changes nothing."
    is_good(v, "good_closed_elsewhere", why, asked(closed, LEFT, (ANNA, BERT, CLOSED)))


def admins(v: Vectors) -> None:
    why = "An admin leaves nobody to be one."
    demoted = with_person(BY_ANNA, ANNA, role=MEMBER)
    is_bad(v, "bad_admin_none", why, asked(demoted), "record_admin")
    leave = leave_of(A1, CONVERSATION, ANNA.chain, 1)
    left = without(next_of(FIRST, B1, leaves=[leave]), ANNA)
    heir = min_of(BERT, CARL)
    other = CARL if heir is BERT else BERT
    right = with_person(left, heir, role=ADMIN)
    is_good(v, "good_heir", "The last admin leaves: the first of the others is one.", asked(right))
    for name, record, why in (
        ("no_heir", left, "Somebody has to be."),
        ("other_heir", with_person(left, other, role=ADMIN), "Not whom the author likes."),
        ("two_heirs", with_person(right, other, role=ADMIN), "One, and nobody else."),
    ):
        is_bad(v, f"bad_admin_{name}", why, asked(record), "record_admin")
    why = "The last admin has closed their account: likewise."
    over = ANNA.says(CLOSE, A1)
    closed = with_person(without(BY_BERT, ANNA), heir, role=ADMIN)
    is_good(v, "good_heir_of_closed", why, asked(closed, people=(over, BERT, CARL)))
