"""Records as bytes, their boxes, and what follows from a seed: docs/conversations.md, 2 and 6.4."""

import hashlib
from typing import Any

from account_boxes import box
from account_maker import ADD, Person, canonical, labelled, sha
from conversation_maker import (
    ADMIN,
    MEMBER,
    Record,
    Someone,
    box_info,
    commitment,
    entry_of,
    expanded,
    record_bytes,
    record_hash,
    signed_entry,
    written,
)
from conversation_people import (
    A1,
    A2,
    ANNA,
    B1,
    BERT,
    BY_ANNA,
    CARL,
    FIRST,
    JOINING,
    LEFT,
    OTHER,
    SEED,
    first,
)
from maker import Vectors, drawn, flipped

SEALING = drawn("conversations/sealing", 32)
OTHER_SEALING = drawn("conversations/other sealing", 32)
OTHER_SEED = drawn("conversations/other seed", 32)
CONTINUES = {"conversation": OTHER[:16], "record": OTHER}


def make() -> Vectors:
    v = Vectors(
        "conversations_records",
        "Records, boxes and secrets of epochs: docs/conversations.md, sections 2 and 6.4",
    )
    v.operation("read_record", {"bytes": "hex"}, {"hash": "hex", "record": "json"})
    v.operation(
        "read_record_entry",
        {"entry": "hex"},
        {"hash": "hex", "signature": "hex", "box_hashes": "json"},
    )
    v.operation("list_devices", {"people": "json", "lines": "json"}, {"devices": "json"})
    v.operation(
        "commit_seed",
        {
            "conversation": "hex", "epoch": "integer", "previous": "hex", "by": "hex",
            "seed": "hex",
        },
        {"commitment": "hex"},
    )  # fmt: skip
    v.operation("sign_record", {"seed": "hex", "record": "hex", "boxes": "json"}, {"entry": "hex"})
    v.operation(
        "seal_epoch_boxes", {"record": "hex", "keys": "json", "seed": "hex"}, {"sizes": "json"}
    )
    v.operation(
        "open_epoch_box",
        {"sealing": "hex", "entry": "hex", "device": "hex", "box": "hex"},
        {"seed": "hex"},
    )
    v.operation(
        "export_secret",
        {"seed": "hex", "record": "hex", "label": "text", "context": "hex"},
        {"secret": "hex"},
    )
    v.operation(
        "authenticator",
        {"seed": "hex", "record": "hex"},
        {"authenticator": "hex", "number": "text"},
    )
    forms(v)
    versions(v)
    entries(v)
    listed(v)
    makers(v)
    boxes(v)
    secrets(v)
    return v


def is_wrong(v: Vectors, name: str, why: str, value: Any, code: str = "record_form") -> None:
    data = value if isinstance(value, bytes) else canonical(value)
    v.refusal("read_record", name, why, {"bytes": data}, code)


def forms(v: Vectors) -> None:
    for name, record, why in (
        ("first", FIRST, "The founding."),
        ("next", BY_ANNA, "The next epoch."),
        ("leave", LEFT, "With a leave."),
        ("joining", BY_ANNA | {"joining": JOINING}, "With a link."),
        ("continues", FIRST | {"continues": CONTINUES}, "One that goes on from another."),
        ("most", FIRST | {"timer": 31_536_000, "seen": 2**53 - 1}, "As far as the numbers go."),
        ("turned", FIRST | {"people": FIRST["people"][::-1]}, "Its order is judged, not read."),
    ):
        out = {"hash": record_hash(record), "record": written(record)}
        v.success("read_record", f"read_{name}", why, {"bytes": record_bytes(record)}, out)
    right = written(FIRST)
    text = record_bytes(FIRST)
    for name, data, why in (
        ("no_bytes", b"", "No bytes."),
        ("no_object", b"[]", "No object."),
        ("no_json", text[:-1], "Cut."),
        ("more", text + b" ", "A space too much."),
        ("spaced", text.replace(b",", b", ", 1), "Not in canonical form."),
        ("key_twice", text[:-1] + b',"v":1}', "A key twice."),
    ):
        is_wrong(v, f"form_{name}", why, data)
    for key in right:
        less = {name: one for name, one in right.items() if name != key}
        is_wrong(v, f"without_{key}", "A key is missing.", less)
    person, device = right["people"][0], right["devices"][0]
    leave = written(LEFT)["leaves"][0]
    several: list[tuple[str, dict[str, Any], str]] = [
        ("key", {"more": 1}, "A key too much."),
        ("text_number", {"epoch": "1"}, "A number is no text."),
        ("bool", {"epoch": True}, "Nor true."),
        ("epoch_zero", {"epoch": 0}, "Epochs begin with 1."),
        ("epoch_large", {"epoch": 2**53}, "Beyond all numbers."),
        ("seen_negative", {"seen": -1}, "Places begin with 0."),
        ("timer_negative", {"timer": -1}, "Less than none."),
        ("timer_large", {"timer": 31_536_001}, "More than a year."),
        ("id_short", {"conversation": written(bytes(15))}, "15 bytes."),
        ("id_long", {"by": written(bytes(17))}, "17 bytes."),
        ("hash_short", {"previous": written(bytes(31))}, "31 bytes."),
        ("commitment_null", {"commitment": None}, "No commitment."),
        ("log_form", {"log": right["log"][:-1] + "B"}, "Not canonical base64url."),
        ("joining_empty", {"joining": ""}, "Null, or 32 bytes."),
        ("nobody", {"people": []}, "Nobody is in it."),
        ("too_many", {"people": [person] * 51}, "51 people."),
        ("no_device", {"devices": []}, "No device is listed."),
        ("too_many_devices", {"devices": [device] * 101}, "101 devices."),
        ("too_many_leaves", {"leaves": [leave] * 51}, "51 leaves."),
        ("leaves_null", {"leaves": None}, "There are none, or some."),
        ("role", {"people": [person | {"role": "owner"}]}, "No such role."),
        ("since", {"people": [person | {"since": 0}]}, "Epochs begin with 1."),
        ("sequence", {"people": [person | {"sequence": 2**32}]}, "Chains aren't so long."),
        ("head", {"people": [person | {"head": None}]}, "No head."),
        ("person_key", {"people": [person | {"name": "Anna"}]}, "Nobody's name is in a record."),
        ("number", {"devices": [device | {"number": -1}]}, "Less than none."),
        ("number_large", {"devices": [device | {"number": 2**32}]}, "Numbers have 32 bits."),
        ("sealing", {"devices": [device | {"sealing": ""}]}, "32 bytes, zero or not."),
        ("leave", {"leaves": [leave | {"signature": written(bytes(63))}]}, "63 bytes."),
        ("leave_key", {"leaves": [{"chain": leave["chain"]}]}, "Keys are missing."),
        ("continues_null", {"continues": None}, "It is absent, not null."),
        ("continues_key", {"continues": {"conversation": right["conversation"]}}, "No record."),
    ]
    for name, change, why in several:
        is_wrong(v, f"form_{name}", why, right | change)


def versions(v: Vectors) -> None:
    right = written(FIRST)
    for name, value, why in (
        ("version", right | {"v": 2}, "A later version."),
        ("version_alone", {"v": 2, "whatever": []}, "Of which nothing is known."),
        ("suite", right | {"suite": 2}, "Another suite."),
        ("suite_alone", {"v": 1, "suite": 7}, "Of which nothing is known either."),
        ("version_before_form", right | {"v": 2, "epoch": 0}, "The version is read first."),
    ):
        is_wrong(v, name, why, value, "record_version")
    for name, value, why in (
        ("version_zero", right | {"v": 0}, "There is no such version."),
        ("version_text", right | {"v": "2"}, "No number."),
        ("suite_zero", right | {"suite": 0}, "There is no such suite."),
        ("suite_null", right | {"suite": None}, "No number."),
    ):
        is_wrong(v, f"form_{name}", why, value)


def entries(v: Vectors) -> None:
    entry = entry_of(BY_ANNA, A2)
    data = record_bytes(BY_ANNA)
    rest = entry[len(data) :]
    hashes = [rest[at : at + 32] for at in range(64, len(rest), 32)]
    out = {"hash": sha(data), "signature": rest[:64], "box_hashes": [one.hex() for one in hashes]}
    why = "Record, signature, and a hash for each device."
    v.success("read_record_entry", "entry", why, {"entry": entry}, out)
    for name, broken, why in (
        ("empty", b"", "No bytes."),
        ("no_object", b"x" + entry, "No object at first."),
        ("record_alone", data, "No signature."),
        ("without_boxes", entry[: len(data) + 64], "No hashes."),
        ("one_box_less", entry[:-32], "A hash is missing."),
        ("one_box_more", entry + bytes(32), "A hash too much."),
        ("byte_less", entry[:-1], "A byte is missing."),
        ("byte_more", entry + b"\0", "A byte too much."),
        ("open", entry[: len(data) - 1], "The object doesn't end."),
        ("brackets", b"[" + data + b"]" + rest, "A list."),
    ):
        v.refusal("read_record_entry", f"entry_{name}", why, {"entry": broken}, "record_form")
    later = canonical(written(BY_ANNA) | {"v": 2}) + b"}whatever"
    why = "What stands behind a later record isn't known."
    v.refusal("read_record_entry", "entry_version", why, {"entry": later}, "record_version")


def listed(v: Vectors) -> None:
    ten = Someone("ten", 10)
    two = Someone("two", 2)
    grown = two.says(ADD, two.devices[0], Person("two/2"))
    devices = [one.id.hex() for one in ten.devices]
    lines = [ten.known(), grown.known()]

    def named(someone: Someone, at: int) -> Record:
        return {"chain": someone.chain.hex(), "sequence": at}

    for people, most in ((1, 10), (10, 10), (11, 9), (33, 3), (34, 2), (50, 2)):
        others = [Someone(f"many/{at}") for at in range(people - 1)]
        given = {
            "people": [named(ten, 9), *(named(one, 0) for one in others)],
            "lines": [one.known() for one in (ten, *others)],
        }
        why = f"Of {people} people each has {most} devices listed at most."
        out = devices[:most] + [one.devices[0].id.hex() for one in others]
        v.success("list_devices", f"list_{people}", why, given, {"devices": out})
    twin = Someone("double")
    twin = twin.says(ADD, twin.devices[0], two.devices[1])
    pair = [one.id.hex() for one in two.devices]
    for name, order, out in (
        ("first", (two, twin), [*pair, twin.devices[0].id.hex()]),
        ("second", (twin, two), [twin.devices[0].id.hex(), pair[1], pair[0]]),
    ):
        given = {
            "people": [named(one, 1) for one in order], "lines": [two.known(), twin.known()],
        }  # fmt: skip
        why = "A device that two people have is listed once, of the first of them."
        v.success("list_devices", f"list_shared_{name}", why, given, {"devices": out})
    given = {"people": [named(two, 1), named(ten, 4)], "lines": lines}
    why = "As many as there are at the points named."
    out = {"devices": [one.id.hex() for one in two.devices] + devices[:5]}
    v.success("list_devices", "list_points", why, given, out)


def makers(v: Vectors) -> None:
    for name, record in (("first", FIRST), ("next", BY_ANNA)):
        given = {key: record[key] for key in ("conversation", "epoch", "previous", "by")}
        out = {"commitment": commitment(record, SEED)}
        why = "Bound to conversation, epoch, record before, and author."
        v.success("commit_seed", f"commit_{name}", why, given | {"seed": SEED}, out)
    made = [drawn("conversations/some box", 1168), b"", drawn("conversations/box/2", 1168)]
    data = record_bytes(BY_ANNA)
    boxes = [*made, b""][: len(BY_ANNA["devices"])]
    given = {"seed": A2.seed, "record": data, "boxes": [one.hex() for one in boxes]}
    out = {"entry": signed_entry(data, A2, [sha(one) for one in boxes])}
    v.success("sign_record", "sign", "The signature covers all boxes.", given, out)


def boxes(v: Vectors) -> None:
    alone = first((ANNA, ADMIN), (BERT, MEMBER), by=A1)
    data, name = record_bytes(alone), record_hash(alone)
    keys = [SEALING.hex(), None, OTHER_SEALING.hex()]
    given = {"record": data, "keys": keys, "seed": SEED}
    why = "One for each device in order; empty where no key is known."
    v.success("seal_epoch_boxes", "seal", why, given, {"sizes": [1168, 0, 1168]})
    at = next(i for i, one in enumerate(alone["devices"]) if one["device"] == B1.id)

    def entry(of_bert: bytes) -> bytes:
        made = [bytes(1168) for _ in alone["devices"]]
        made[at] = of_bert
        return entry_of(alone, A1, made)

    info = box_info(name, B1.id)
    for by, js in (("python", False), ("javascript", True)):
        kept = f"conversation_{by}"
        right = box(f"{kept}_seed", SEALING, info, SEED, js=js)
        given = {"sealing": SEALING, "entry": entry(right), "device": B1.id, "box": right}
        sealer = "JavaScript" if js else "Python"
        why = f"Sealed by {sealer}'s library."
        v.success("open_epoch_box", f"open_{by}", why, given, {"seed": SEED})
        cases: list[tuple[str, Record, str, str]] = [
            ("bit", {"box": flipped(right, 1130)}, "box_hash", "The server has changed it."),
            ("empty", {"box": b""}, "box_hash", "The server has left it out."),
            ("others", {"device": A1.id}, "box_hash", "Given to another device."),
            ("unlisted", {"device": CARL.devices[0].id}, "box_hash", "No device of this record."),
            ("other_key", {"sealing": OTHER_SEALING}, "box_broken", "Sealed to another key."),
        ]
        broken = flipped(right, -1)
        cases.append(
            ("broken", {"entry": entry(broken), "box": broken}, "box_broken",
             "The author has named a box that doesn't open."),
        )  # fmt: skip
        for which, sealed, code, why in (
            ("other_seed", (info, OTHER_SEED), "seed_commitment", "Another than was named."),
            ("short_seed", (info, SEED[:31]), "seed_commitment", "31 bytes."),
            ("no_seed", (info, b""), "seed_commitment", "Nothing."),
            ("other_record", (box_info(OTHER, B1.id), SEED), "box_broken", "Of another record."),
            ("other_device", (box_info(name, A1.id), SEED), "box_broken", "For another device."),
            ("other_label", (labelled("pins", name + B1.id), SEED), "box_broken", "Another use."),
        ):
            made = box(f"{kept}_{which}", SEALING, *sealed, js=js)
            cases.append((which, {"entry": entry(made), "box": made}, code, why))
        for which, change, code, why in cases:
            v.refusal("open_epoch_box", f"open_{by}_{which}", why, given | change, code)
    given = {"sealing": SEALING, "entry": entry(b""), "device": B1.id, "box": b""}
    why = "No key was known to the author."
    v.refusal("open_epoch_box", "open_nothing", why, given, "box_broken")


def secrets(v: Vectors) -> None:
    name = record_hash(FIRST)
    for case, label, context in (
        ("plain", "call", b""),
        ("context", "call", OTHER),
        ("empty", "", b""),
        ("parted", "a", b"\0b"),
    ):
        info = labelled("export", label.encode() + b"\0" + context)
        given = {"seed": SEED, "record": name, "label": label, "context": context}
        why = "A secret of its own for each use."
        out = {"secret": expanded(SEED, name, info)}
        v.success("export_secret", f"export_{case}", why, given, out)
    secret = expanded(SEED, name, labelled("authenticator"))
    digest = hashlib.sha512(secret).digest()
    groups = (int.from_bytes(digest[at : at + 5], "big") % 100_000 for at in range(0, 60, 5))
    out = {"authenticator": secret, "number": " ".join(f"{one:05}" for one in groups)}
    why = "What all who see the same epoch have in common."
    given = {"seed": SEED, "record": name}
    v.success("authenticator", "authenticator", why, given, out)
