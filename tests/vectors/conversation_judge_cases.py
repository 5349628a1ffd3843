"""The judge: every rule kept and broken. docs/conversations.md, section 3."""

from account_maker import ADD, ZERO, Person, sha
from conversation_first_cases import make_due, make_firsts, make_reasons
from conversation_maker import (
    ADMIN,
    MEMBER,
    Record,
    Someone,
    entry_of,
    member,
    record_bytes,
    record_hash,
)
from conversation_people import (
    A1,
    A2,
    A3,
    ANNA,
    B1,
    BERT,
    BY_ANNA,
    BY_BERT,
    C1,
    CARL,
    CLOSED,
    E1,
    EMIL,
    EVERYBODY,
    FIRST,
    GROWN,
    JOINING,
    LEAVE,
    LEFT,
    NEW,
    OTHER,
    RECOVERED,
    RETURNED,
    SHRUNK,
    WITH_EMIL,
    added,
    asked,
    first,
    next_of,
    sealed_to,
    with_people,
    with_person,
    without,
)
from conversation_rights_cases import is_bad, is_good, make_rights
from maker import Vectors, flipped


def make() -> Vectors:
    v = Vectors("conversations_judge", "The judge of records: docs/conversations.md, section 3")
    lines = {"lines": "json"}
    v.operation(
        "judge_record",
        {"before": "hex?", "entry": "hex", **lines, "complete": "json?"},
        {"outcome": "text", "waiting": "json"},
    )
    v.operation("due_epoch", {"record": "hex", **lines}, {"due": "json"})
    v.operation(
        "first_reason",
        {
            "record": "hex", **lines, "chain": "hex", "founding": "hex", "contacts": "json?",
            "inviters": "json?", "pinned": "json?", "continued": "hex?", "agreed": "json?",
        },
        {"reason": "text"},
    )  # fmt: skip
    good(v)
    waiting(v)
    places(v)
    people(v)
    points(v)
    devices(v)
    keys(v)
    authors(v)
    make_rights(v)
    signatures(v)
    order(v)
    make_firsts(v)
    make_reasons(v)
    make_due(v)
    return v


def good(v: Vectors) -> None:
    shrunk = next_of(FIRST, A1, devices=[])
    shrunk = with_people(
        shrunk, [SHRUNK.person(ADMIN), BERT.person(), CARL.person()], SHRUNK, BERT, CARL
    )
    grown = with_people(
        BY_BERT, [GROWN.person(ADMIN), BERT.person(), CARL.person()], GROWN, BERT, CARL
    )
    for name, record, known, why in (
        ("by_admin", BY_ANNA, EVERYBODY, "Nothing changes but the secret."),
        ("by_member", BY_BERT, EVERYBODY, "Anybody renews."),
        ("adds", added(BY_ANNA, NEW), WITH_EMIL, "An admin adds somebody."),
        ("adds_admin", added(BY_ANNA, EMIL.person(ADMIN, 2)), WITH_EMIL, "As an admin, too."),
        ("removes", without(BY_ANNA, CARL), EVERYBODY, "An admin needs no leave."),
        ("sets_timer", BY_ANNA | {"timer": 0}, EVERYBODY, "And sets the timer."),
        ("sets_joining", BY_ANNA | {"joining": JOINING}, EVERYBODY, "And opens it by a link."),
        ("promotes", with_person(BY_ANNA, BERT, role=ADMIN), EVERYBODY, "And names another."),
        (
            "hands_over",
            with_person(with_person(BY_ANNA, BERT, role=ADMIN), ANNA, role=MEMBER),
            EVERYBODY,
            "An admin may step back for another.",
        ),
        ("leave", LEFT, EVERYBODY, "A member acts on a leave."),
        ("grown", grown, (GROWN, BERT, CARL), "A device has come: anybody seals to it."),
        ("shrunk", shrunk, (SHRUNK, BERT, CARL), "A device has gone."),
        ("no_key", sealed_to(BY_BERT, 0, number=0, sealing=ZERO), EVERYBODY, "No key was known."),
        ("newer_key", sealed_to(BY_BERT, 0, number=9, sealing=OTHER), EVERYBODY, "A newer key."),
        ("same_place", BY_BERT | {"seen": 0}, EVERYBODY, "Nothing more was read."),
    ):
        is_good(v, f"good_{name}", why, asked(record, people=known))
    closed = without(BY_BERT, CARL)
    why = "Whoever has closed their account may be taken out by anybody."
    is_good(v, "good_closed", why, asked(closed, people=(ANNA, BERT, CLOSED)))
    why = "Also when they are back: it is another's wish to add them."
    is_good(v, "good_closed_and_back", why, asked(closed, people=(ANNA, BERT, RETURNED)))
    why = "All devices are others after a recovery."
    back = with_people(
        BY_BERT, [ANNA.person(ADMIN), BERT.person(), RECOVERED.person()], ANNA, BERT, RECOVERED
    )
    is_good(v, "good_recovered", why, asked(back, people=(ANNA, BERT, RECOVERED)))
    why = "Who is back after CLOSE may be kept: the point is not an end."
    kept = with_people(
        BY_BERT, [ANNA.person(ADMIN), BERT.person(), RETURNED.person()], ANNA, BERT, RETURNED
    )
    is_good(v, "good_kept_after_close", why, asked(kept, people=(ANNA, BERT, RETURNED)))


def waiting(v: Vectors) -> None:
    grown = with_people(
        BY_BERT, [GROWN.person(ADMIN), BERT.person(), CARL.person()], GROWN, BERT, CARL
    )
    lines = [one.known() for one in EVERYBODY]
    for name, record, lack, chain, code, why in (
        ("point", grown, lines, ANNA, "record_point", "The newest statement wasn't read."),
        (
            "stranger", added(BY_ANNA, NEW), lines, EMIL, "record_point", "Emil is unknown.",
        ),
        (
            "closed", without(BY_BERT, CARL), lines, CARL, "record_role",
            "Carl's CLOSE wasn't read, if there is one.",
        ),
        (
            "leaver", LEFT, lines[:2], CARL, "record_leave",
            "Whose leave it is can't be told without the leaver's chain.",
        ),
    ):  # fmt: skip
        out = {"outcome": "waiting", "waiting": [chain.chain.hex()]}
        v.success("judge_record", f"waiting_{name}", why, asked(record, lines=lack), out)
        given = asked(record, lines=lack, complete=True)
        is_bad(v, f"complete_{name}", "It was asked for, and isn't there.", given, code)
    two = with_people(BY_ANNA, [GROWN.person(ADMIN), BERT.person(), NEW], GROWN, BERT, EMIL)
    chains = [one["chain"].hex() for one in two["people"] if one["chain"] != BERT.chain]
    why = "All that are missing are named, in the order of people."
    out = {"outcome": "waiting", "waiting": chains}
    v.success("judge_record", "waiting_two", why, asked(two, lines=lines), out)
    why = "What is wrong of one person isn't put off for another's chain."
    wrong = with_person(two, BERT, head=OTHER)
    is_bad(v, "not_waiting_for_another", why, asked(wrong, lines=lines), "record_point")
    why = "Nothing is missing: `complete` changes nothing."
    is_good(v, "complete_good", why, asked(BY_BERT, complete=True))


def places(v: Vectors) -> None:
    for name, record, code, why in (
        ("conversation", BY_ANNA | {"conversation": OTHER[:16]}, "conversation", "Another's."),
        ("epoch_same", BY_ANNA | {"epoch": 1}, "epoch", "The same number again."),
        ("epoch_skipped", BY_ANNA | {"epoch": 3}, "epoch", "One is left out."),
        ("previous", BY_ANNA | {"previous": OTHER}, "previous", "Of another branch."),
        ("previous_zero", BY_ANNA | {"previous": ZERO}, "previous", "As if it were the first."),
    ):
        is_bad(v, f"bad_{name}", why, asked(record), f"record_{code}")
    before = next_of(FIRST, A1, seen=7)
    why = "Its author has read less than the record before says."
    given = asked(next_of(before, B1, seen=6), before=before)
    is_bad(v, "bad_seen", why, given, "record_seen")


def people(v: Vectors) -> None:
    one, two, three = FIRST["people"]
    for name, told, why in (
        ("turned", [two, one, three], "Chains are in order."),
        ("twice", [one, two, two, three], "Nobody is there twice."),
        ("twice_later", [one, two, three, one | {"since": 2}], "Not by another entry either."),
        ("since_later", [one, two, three | {"since": 2}], "Who was there entered then."),
        ("since_earlier", [one, two, three, EMIL.person(since=1)], "Who is new enters now."),
        ("since_to_come", [one, two, three, EMIL.person(since=3)], "And not later."),
        ("new_first", [EMIL.person(since=2), one, two, three], "Who is new comes last."),
    ):
        record = with_people(BY_ANNA, told, *WITH_EMIL, sort=name.startswith("since_"))
        is_bad(v, f"bad_people_{name}", why, asked(record, people=WITH_EMIL), "record_people")


def points(v: Vectors) -> None:
    before = with_people(
        BY_BERT, [GROWN.person(ADMIN), BERT.person(), CARL.person()], GROWN, BERT, CARL
    )
    grown = (GROWN, BERT, CARL)
    back = with_people(next_of(before, B1), FIRST["people"], *EVERYBODY)
    why = "A removed device would be back, or a new one gone."
    is_bad(v, "bad_point_back", why, asked(back, before, grown), "record_point")
    for name, record, known, why in (
        ("head", with_person(BY_ANNA, BERT, head=OTHER), EVERYBODY, "Another branch."),
        (
            "fork", with_person(BY_ANNA, ANNA, **GROWN.point()), (SHRUNK, BERT, CARL),
            "Another branch than the one that was read.",
        ),
        (
            "closed", with_person(BY_ANNA, CARL, **CLOSED.point()), (ANNA, BERT, CLOSED),
            "Nobody is in a conversation at the end of their account.",
        ),
    ):  # fmt: skip
        is_bad(v, f"bad_point_{name}", why, asked(record, people=known), "record_point")


def devices(v: Vectors) -> None:
    listed = BY_ANNA["devices"]
    ghost = member(Person("nobody"))
    shrunk = with_person(BY_BERT, ANNA, **SHRUNK.point())
    grown = with_person(BY_BERT, ANNA, **GROWN.point())
    late = BY_BERT | {"devices": [*listed, member(A3)]}
    for name, record, known, why in (
        (
            "missing",
            BY_ANNA | {"devices": listed[:-1]},
            EVERYBODY,
            "Somebody's device is left out.",
        ),
        ("ghost", BY_ANNA | {"devices": [*listed, ghost]}, EVERYBODY, "A device that nobody has."),
        ("twice", BY_ANNA | {"devices": [*listed, listed[-1]]}, EVERYBODY, "One is there twice."),
        ("turned", BY_ANNA | {"devices": listed[::-1]}, EVERYBODY, "In another order."),
        ("removed", shrunk, (SHRUNK, BERT, CARL), "One that was removed is kept."),
        ("not_yet", grown, (GROWN, BERT, CARL), "One that was added is left out."),
        ("before", late, (GROWN, BERT, CARL), "The point that it names is before its coming."),
    ):
        is_bad(v, f"bad_listed{name}", why, asked(record, people=known), "record_devices")


def keys(v: Vectors) -> None:
    before = sealed_to(BY_BERT, 1, number=5)
    sealing = before["devices"][1]["sealing"]
    for name, at, changes, why in (
        ("zero_named", 0, {"number": 0}, "No key has no hash."),
        ("fallen", 1, {"number": 4}, "An older key, which a thief may have."),
        ("other", 1, {"number": 5, "sealing": OTHER}, "Two keys of one number."),
    ):
        record = sealed_to(next_of(before, B1), at, **changes)
        is_bad(v, f"bad_sealing_{name}", why, asked(record, before), "record_sealing")
    for name, changes, why in (
        ("same", {"number": 5, "sealing": sealing}, "The same key again."),
        ("none", {"number": 0, "sealing": ZERO}, "None any more: its device is listed still."),
    ):
        record = sealed_to(next_of(before, B1), 1, **changes)
        is_good(v, f"good_sealing_{name}", why, asked(record, before))


def authors(v: Vectors) -> None:
    for name, record, signer, why in (
        ("stranger", BY_ANNA | {"by": E1.id}, E1, "A device that isn't listed."),
        ("gone", without(BY_ANNA, ANNA), A2, "An author that is gone."),
        ("new", added(BY_ANNA, NEW) | {"by": E1.id}, E1, "Nobody lets themselves in."),
        (
            "new_admin", added(BY_ANNA, EMIL.person(ADMIN, 2)) | {"by": E1.id}, E1,
            "Not as an admin either.",
        ),
    ):  # fmt: skip
        given = asked(record, people=WITH_EMIL, signer=signer)
        is_bad(v, f"bad_author_{name}", why, given, "record_author")
    removed = with_people(
        BY_ANNA, [SHRUNK.person(ADMIN), BERT.person(), CARL.person()], SHRUNK, BERT, CARL
    )
    why = "A device that was removed."
    is_bad(
        v, "bad_author_removed", why, asked(removed, people=(SHRUNK, BERT, CARL)), "record_author"
    )
    why = "A device that came after the record before, of somebody who was there."
    grown = with_people(
        next_of(FIRST, A3), [GROWN.person(ADMIN), BERT.person(), CARL.person()], GROWN, BERT, CARL
    )
    given = asked(grown, people=(GROWN, BERT, CARL), signer=A3)
    is_good(v, "good_author_new_device", why, given)
    shared(v)


def shared(v: Vectors) -> None:
    """A device in two chains, which only who has both can bring about."""
    keeper = Someone("keeper", 10)
    tenth = keeper.devices[9]
    twin = Someone("double")
    twin = twin.says(ADD, twin.devices[0], tenth)
    assert keeper.chain < twin.chain, "a reader that looks at chains alone would err"
    many = [Someone(f"many/{at}") for at in range(9)]
    known = (keeper, twin, *many)
    roles = [(keeper, ADMIN), (twin, MEMBER), *((one, MEMBER) for one in many)]
    before = first(*roles, by=keeper.devices[0])
    listed = before["devices"]
    at = listed.index(member(tenth))
    before |= {"devices": listed[:at] + listed[at + 1 :]}
    twins = next_of(before, tenth, timer=5)
    two, one = Someone("twofold", 2), Someone("single")
    one = one.says(ADD, one.devices[0], two.devices[1])
    pair = (two, one) if two.chain < one.chain else (one, two)
    both = first((two, ADMIN), (one, MEMBER), by=two.devices[0], devices=[])
    twice = [member(each) for someone in pair for each in someone.devices]
    once = list({each["device"]: each for each in twice}.values())
    why = "A device that two people have is listed once."
    right = both | {"devices": once}
    is_good(v, "first_shared", why, asked(right, None, pair, signer=two.devices[0]))
    wrong = both | {"devices": twice}
    given = asked(wrong, None, pair, signer=two.devices[0])
    is_bad(v, "first_bad_shared_twice", "Not of both.", given, "record_devices")
    wrong = both | {"devices": once[::-1]}
    given = asked(wrong, None, pair, signer=two.devices[0])
    is_bad(v, "first_bad_shared_order", "In their order.", given, "record_devices")
    why = "Of two people whose device the author is, the one under whom it is listed counts."
    given = asked(twins, before, known, signer=tenth)
    is_bad(v, "bad_role_of_the_other", why, given, "record_role")
    given = asked(next_of(before, tenth), before, known, signer=tenth)
    is_good(v, "good_author_listed_under_one", why, given)


def signatures(v: Vectors) -> None:
    why = "Only the first record continues another."
    again = BY_ANNA | {"continues": {"conversation": OTHER[:16], "record": OTHER}}
    is_bad(v, "bad_continues", why, asked(again), "record_continues")
    entry = entry_of(BY_ANNA, A2)
    end = len(record_bytes(BY_ANNA))
    for name, broken, why in (
        ("other_device", entry_of(BY_ANNA, A1), "By another device of the same person."),
        ("other_person", entry_of(BY_ANNA, B1), "By somebody else."),
        ("as_content", entry_of(BY_ANNA, A2, label="content"), "Signed for another use."),
        ("bit", flipped(entry, end + 5), "A bit of the signature."),
        ("box", flipped(entry, -1), "A box was exchanged."),
        ("box_first", flipped(entry, end + 64), "The first one."),
        (
            "boxes_turned", entry[: end + 64] + entry[end + 96 : end + 128]
            + entry[end + 64 : end + 96] + entry[end + 128 :], "Two boxes were exchanged.",
        ),
    ):  # fmt: skip
        is_bad(v, f"bad_signature_{name}", why, asked(BY_ANNA, entry=broken), "record_signature")
    hashes = b"".join(sha(b"") for _ in BY_ANNA["devices"])
    empty = record_bytes(BY_ANNA) + A2.sign("epoch", record_hash(BY_ANNA) + sha(hashes)) + hashes
    is_good(
        v, "good_empty_boxes", "Whether boxes open is no matter here.", asked(BY_ANNA, entry=empty)
    )


def order(v: Vectors) -> None:
    """The first rule broken gives the code."""
    leave = [LEAVE | {"signature": bytes(64)}]
    twice = {"people": [*BY_BERT["people"], BY_BERT["people"][-1]]}
    worst: Record = BY_BERT | {"conversation": OTHER[:16], "epoch": 9, "previous": OTHER}
    before = next_of(FIRST, A1, seen=7)
    last = next_of(before, B1)
    for name, record, earlier, code in (
        ("conversation", worst, FIRST, "conversation"),
        ("epoch", BY_BERT | {"epoch": 9, "previous": OTHER}, FIRST, "epoch"),
        ("previous", last | {"previous": OTHER, "seen": 0}, before, "previous"),
        ("seen", last | twice | {"seen": 0}, before, "seen"),
        ("people", with_person(BY_BERT | twice, ANNA, head=OTHER), FIRST, "people"),
        ("point", with_person(BY_BERT, ANNA, head=OTHER) | {"devices": BY_BERT["devices"][:1]},
         FIRST, "point"),
        ("devices", sealed_to(BY_BERT, 0, number=0) | {"devices": [
            member(A1) | {"number": 0}]}, FIRST, "devices"),
        ("sealing", sealed_to(BY_BERT | {"by": E1.id}, 0, number=0), FIRST, "sealing"),
        ("author", BY_BERT | {"by": E1.id, "leaves": leave}, FIRST, "author"),
        ("leave", BY_BERT | {"leaves": leave, "timer": 5}, FIRST, "leave"),
        ("role", without(BY_BERT, ANNA) | {"timer": 5}, FIRST, "role"),
        ("admin", with_person(BY_ANNA, ANNA, role=MEMBER)
         | {"continues": {"conversation": OTHER[:16], "record": OTHER}}, FIRST, "admin"),
        ("continues", BY_ANNA | {"continues": {"conversation": OTHER[:16], "record": OTHER}},
         FIRST, "continues"),
    ):  # fmt: skip
        why = "The first rule that is broken says what it is called."
        given = asked(record, earlier, signer=C1, complete=True)
        is_bad(v, f"order_{name}", why, given, f"record_{code}")
