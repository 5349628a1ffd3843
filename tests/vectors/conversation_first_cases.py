"""First records, why they are followed, and when a next one is due. docs/conversations.md, 3."""

from typing import Any

from account_maker import ADD, CLOSE, RECOVER, REMOVE, ZERO, Person
from conversation_maker import (
    ADMIN,
    MEMBER,
    Record,
    labelled,
    member,
    record_bytes,
    record_hash,
    sha,
)
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
    E1,
    EMIL,
    EVERYBODY,
    FIRST,
    LEAVE,
    OTHER,
    asked,
    first,
    next_of,
    sealed_to,
    with_people,
    with_person,
)
from maker import Vectors

A3 = Person("anna/2")
LATER = next_of(BY_ANNA, B1)
CONTINUES = {"conversation": OTHER[:16], "record": OTHER}
GROWN = ANNA.says(ADD, A1, A3)


def make_firsts(v: Vectors) -> None:
    for name, record, why in (
        ("founding", FIRST, "The first of all."),
        ("alone", first((ANNA, ADMIN), by=A1), "Of one person."),
        ("continues", FIRST | {"continues": CONTINUES}, "It goes on from another conversation."),
        ("later", LATER, "The first that this reader was given."),
        ("later_by_member", next_of(FIRST, C1), "Whoever wrote it."),
        (
            "later_leaves",
            LATER | {"leaves": [LEAVE | {"signature": bytes(64)}]},
            "Of whom it speaks, this reader doesn't know.",
        ),
    ):
        out = {"outcome": "good", "waiting": []}
        v.success("judge_record", f"first_{name}", why, asked(record, None), out)
    later = with_person(LATER, CARL, since=3)
    later = with_people(later, later["people"], *EVERYBODY)
    v.success(
        "judge_record", "first_later_just_come", "Who comes with it.", asked(later, None),
        {"outcome": "good", "waiting": []},
    )  # fmt: skip
    one, two, three = FIRST["people"]
    turned, twice = [two, one, three], [one, two, two, three]
    for name, record, code, why in (
        (
            "people_turned",
            with_people(FIRST, turned, *EVERYBODY, sort=False),
            "people",
            "Chains are in order.",
        ),
        (
            "people_twice",
            with_people(FIRST, twice, *EVERYBODY, sort=False),
            "people",
            "Nobody is there twice.",
        ),
        ("since", with_person(FIRST, CARL, since=2), "people", "All enter with the founding."),
        ("later_since", with_person(LATER, CARL, since=4), "people", "In an epoch to come."),
        ("previous", FIRST | {"previous": OTHER}, "previous", "There is nothing before."),
        ("later_previous", LATER | {"previous": ZERO}, "previous", "There is something before."),
        ("seen", FIRST | {"seen": 1}, "seen", "Nothing can have been read."),
        ("log", FIRST | {"log": OTHER}, "seen", "Of another log."),
        ("head", with_person(FIRST, BERT, head=OTHER), "point", "Another branch."),
        ("later_head", with_person(LATER, BERT, head=OTHER), "point", "Another branch."),
        ("devices", FIRST | {"devices": FIRST["devices"][1:]}, "devices", "One is left out."),
        (
            "later_devices",
            LATER | {"devices": [*LATER["devices"], member(E1)]},
            "devices",
            "One is nobody's.",
        ),
        ("sealing", sealed_to(FIRST, 0, number=0), "sealing", "No key has no hash."),
        ("author", FIRST | {"by": E1.id}, "author", "A device that isn't listed."),
        ("later_author", LATER | {"by": E1.id}, "author", "A device that isn't listed."),
        ("leaves", FIRST | {"leaves": [LEAVE]}, "leave", "Nobody was there who could leave."),
        ("admin", FIRST | {"by": B1.id}, "admin", "Who founds it is an admin."),
        ("later_admin", with_person(LATER, ANNA, role=MEMBER), "admin", "There is none."),
        ("later_continues", LATER | {"continues": CONTINUES}, "continues", "Only epoch 1 does."),
    ):
        v.refusal("judge_record", f"first_bad_{name}", why, asked(record, None), f"record_{code}")
    why = "By somebody else."
    given = asked(FIRST, None, signer=B1)
    v.refusal("judge_record", "first_bad_signature", why, given, "record_signature")
    over = CARL.says(CLOSE, C1)
    closed = with_person(FIRST, CARL, **over.point())
    given = asked(closed, None, (ANNA, BERT, over))
    why = "An account that is over."
    v.refusal("judge_record", "first_bad_closed", why, given, "record_point")
    lines = [one.known() for one in EVERYBODY[:2]]
    out = {"outcome": "waiting", "waiting": [CARL.chain.hex()]}
    why = "Carl's chain wasn't read."
    v.success("judge_record", "first_waiting", why, asked(FIRST, None, lines=lines), out)
    given = asked(FIRST, None, lines=lines, complete=True)
    v.refusal("judge_record", "first_complete", why, given, "record_point")
    why = "The first rule that is broken says what it is called."
    for name, record, code in (
        ("people", with_person(FIRST, CARL, since=2) | {"previous": OTHER}, "people"),
        ("previous", FIRST | {"previous": OTHER, "seen": 4}, "previous"),
        ("seen", with_person(FIRST, BERT, head=OTHER) | {"seen": 4}, "seen"),
        ("author", FIRST | {"by": E1.id, "leaves": [LEAVE]}, "author"),
        ("leave", FIRST | {"by": B1.id, "leaves": [LEAVE]}, "leave"),
    ):
        given = asked(record, None, signer=C1)
        v.refusal("judge_record", f"first_order_{name}", why, given, f"record_{code}")


def make_reasons(v: Vectors) -> None:
    """Emil is asked whether he follows."""
    added = next_of(FIRST, A1)
    told = [*added["people"], EMIL.person(since=2)]
    added = with_people(added, told, *EVERYBODY, EMIL)
    by_bert = added | {"by": B1.id}
    older = with_people(added, [*FIRST["people"], EMIL.person(since=1)], *EVERYBODY, EMIL)
    before = LATER | {"conversation": OTHER[:16]}
    named = {"conversation": OTHER[:16], "record": record_hash(before)}
    repaired = first(
        (ANNA, ADMIN), (BERT, MEMBER), (CARL, MEMBER), (EMIL, MEMBER), by=A1, continues=named
    )
    other_admin = with_person(with_person(before, BERT, role=ADMIN), ANNA, role=MEMBER)
    lines = [one.known() for one in (*EVERYBODY, EMIL)]
    contacts = {"contacts": [ANNA.chain.hex()]}
    inviters = {"inviters": [ANNA.chain.hex()]}
    pinned = {"pinned": [OTHER.hex(), record_hash(older).hex()]}

    def given(record: Record, **more: Any) -> Record:
        about: Record = {"chain": EMIL.chain, "founding": EMIL.line.head}
        return {"record": record_bytes(record), "lines": lines} | about | more

    for reason, name, record, more, why in (
        ("contact", "contact", added, contacts, "By an accepted contact, who is admin."),
        ("invitation", "invitation", added, inviters, "By whom an invitation named."),
        ("pinned", "pinned", older, pinned, "An own device had followed it."),
        (
            "continues",
            "continues",
            repaired,
            {"continued": record_bytes(before)},
            "It goes on from one that was followed, by an admin of it.",
        ),
        ("agreed", "agreed", older, {"agreed": True}, "A recovered device's person said yes."),
        ("contact", "contact_first", added, contacts | inviters, "The first reason is told."),
    ):
        v.success("first_reason", f"reason_{name}", why, given(record, **more), {"reason": reason})
    for name, record, more, why in (
        ("nothing", added, {}, "A stranger's."),
        (
            "contact_of_member",
            by_bert,
            {"contacts": [BERT.chain.hex()]},
            "A contact, but no admin.",
        ),
        ("inviter_of_member", by_bert, {"inviters": [BERT.chain.hex()]}, "Likewise."),
        ("contact_older", older, contacts, "It is said that Emil was there before."),
        ("inviter_older", older, inviters, "Likewise."),
        ("other_pin", added, pinned, "Another record was pinned."),
        ("continues_other", repaired, {"continued": record_bytes(LATER)}, "Another was followed."),
        (
            "continues_by_member",
            repaired | {"continues": named | {"record": record_hash(other_admin)}},
            {"continued": record_bytes(other_admin)},
            "Who continues it was no admin there.",
        ),
        ("continues_nothing", repaired, {}, "What it goes on from isn't known."),
        ("without_me", FIRST, contacts | {"agreed": True}, "Emil isn't in it."),
    ):
        v.refusal(
            "first_reason", f"uninvited_{name}", why, given(record, **more), "record_uninvited"
        )
    own_conversations(v)


def own_conversations(v: Vectors) -> None:
    founding = ANNA.line.said[0][:198]
    me: Record = {"chain": ANNA.chain, "founding": sha(founding)}
    own = sha(labelled("self", ANNA.chain + sha(founding)))[:16]
    alone = first((ANNA, ADMIN), by=A1, conversation=own)
    both = first((ANNA, ADMIN), (BERT, MEMBER), by=A1, conversation=own)
    lines = [one.known() for one in EVERYBODY]
    for name, record, reason, why in (
        ("self", alone, "self", "The own devices' conversation."),
        ("own", FIRST, "contact", "The own other device has founded it."),
    ):
        given = {"record": record_bytes(record), "lines": lines} | me
        v.success("first_reason", f"reason_{name}", why, given, {"reason": reason})
    given = {"record": record_bytes(both), "lines": lines, "agreed": True} | me
    why = "Nobody else is in it."
    v.refusal("first_reason", "uninvited_self_with_others", why, given, "record_uninvited")
    given = {"record": record_bytes(alone), "lines": lines} | me | {"founding": OTHER}
    why = "After a recovery it is an ordinary one: by an own device all the same."
    v.success("first_reason", "reason_self_before", why, given, {"reason": "contact"})


def make_due(v: Vectors) -> None:
    over = CARL.says(CLOSE, C1)
    back = over.says(RECOVER, CARL.words, Person("carl/1"))
    swapped = ANNA.says(REMOVE, A1, A2).says(ADD, A1, A3)
    for name, known, why in (
        ("nothing", EVERYBODY, None),
        ("closed", (ANNA, BERT, over), "people"),
        ("closed_and_back", (ANNA, BERT, back), "people"),
        ("added", (GROWN, BERT, CARL), "devices"),
        ("removed", (ANNA.says(REMOVE, A1, A2), BERT, CARL), "devices"),
        ("swapped", (swapped, BERT, CARL), "devices"),
        ("recovered", (ANNA, BERT, CARL.says(RECOVER, CARL.words, Person("carl/1"))), "devices"),
        ("closed_and_added", (GROWN, BERT, over), "people"),
    ):
        given = {"record": record_bytes(BY_BERT), "lines": [one.known() for one in known]}
        v.success("due_epoch", f"due_{name}", f"What is due: {why}.", given, {"due": why})
    named = with_people(
        BY_BERT, [GROWN.person(ADMIN), BERT.person(), CARL.person()], GROWN, BERT, CARL
    )
    given = {
        "record": record_bytes(named), "lines": [one.known() for one in (GROWN, BERT, CARL)],
    }  # fmt: skip
    v.success("due_epoch", "due_done", "It is in the record.", given, {"due": None})
