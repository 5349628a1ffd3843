"""The chain: its forms, and every rule of place and field broken once. docs/accounts.md, 5."""

from account_histories import (
    FIRST,
    LAPTOP,
    LEFT,
    NEW,
    NEXT,
    NEXT_SEAL,
    NEXT_WORDS,
    PHONE,
    SEAL,
    STATE,
    TABLET,
    TWO,
    WORDS,
    device,
    read,
    refused,
)
from account_maker import (
    ADD,
    CLOSE,
    GENESIS,
    NONE,
    RECOVER,
    REMOVE,
    ZERO,
    History,
    id_of,
    sha,
)
from account_signer_cases import closings, pins, recoveries, signers
from account_thief_cases import make_thieves
from ed25519_points import BASE, IDENTITY, add, encoded, secret_of, small_order, times
from maker import Vectors


def make() -> Vectors:
    v = Vectors("accounts_chain", "The chain of devices: docs/accounts.md, section 5")
    v.operation("device_id", {"key": "hex"}, {"device": "hex"})
    v.operation("consent", {"seed": "hex", "chain": "hex"}, {"consent": "hex"})
    v.operation(
        "make_statement",
        {
            "statements": "json",
            "type": "integer",
            "signer": "hex",
            "device": "hex?",
            "key": "hex?",
            "consent": "hex?",
            "recovery": "hex?",
            "recovery_seal": "hex?",
        },
        {"signed": "hex"},
    )
    v.operation("read_chain", {"statements": "json", "pin": "json?"}, STATE)
    v.operation(
        "grow_chain",
        {"name": "text", "adds": "integer", "then": "json"},
        {"sequence": "integer", "head": "hex", "results": "json"},
    )
    makers(v)
    good(v)
    forms(v)
    places(v)
    fields(v)
    signers(v)
    recoveries(v)
    closings(v)
    pins(v)
    make_thieves(v)
    return v


def makers(v: Vectors) -> None:
    v.success(
        "device_id",
        "device_id",
        "The id follows from the key.",
        {"key": LAPTOP.key},
        {"device": LAPTOP.id},
    )
    agreed = PHONE.sign("consent", FIRST.id + PHONE.id)
    why = "A new device agrees to be in this chain."
    v.success(
        "consent", "consent", why, {"seed": PHONE.seed, "chain": FIRST.id}, {"consent": agreed}
    )
    again = LEFT.next(RECOVER, WORDS, TABLET)[-64:]
    for name, history, kind, signer, given in (
        ("genesis", NEW, GENESIS, LAPTOP, {"recovery": WORDS.key, "recovery_seal": SEAL}),
        ("add", FIRST, ADD, LAPTOP, {"key": PHONE.key, "consent": agreed}),
        ("remove", TWO, REMOVE, PHONE, {"device": LAPTOP.id}),
        ("recover", LEFT, RECOVER, WORDS, {"key": TABLET.key, "consent": again}),
        ("recover_next", LEFT, RECOVER, WORDS, {"key": TABLET.key, "consent": again, **NEXT}),
        ("close", TWO, CLOSE, PHONE, {}),
        ("close_by_words", TWO, CLOSE, WORDS, {}),
    ):
        who = {"genesis": LAPTOP, "add": PHONE, "remove": LAPTOP}.get(name)
        who = TABLET if kind == RECOVER else who
        lies = NEXT if name == "recover_next" else {}
        signed = history.next(kind, signer, who, **lies)
        taken = {
            "statements": [one.hex() for one in history.said],
            "type": kind,
            "signer": signer.seed,
            **given,
        }
        v.success(
            "make_statement",
            f"make_{name}",
            "Signatures have no chance in them.",
            taken,
            {"signed": signed},
        )


def good(v: Vectors) -> None:
    laptop, phone = device(LAPTOP, 0), device(PHONE, 1)
    read(v, "genesis", "One device.", FIRST, [laptop], [])
    read(v, "add", "In the order of their coming.", TWO, [laptop, phone], [])
    read(v, "remove", "By the other device.", LEFT, [phone], [laptop])
    itself = TWO.after(TWO.next(REMOVE, LAPTOP, LAPTOP))
    read(v, "remove_itself", "A device may remove itself.", itself, [phone], [laptop])
    three = LEFT.after(LEFT.next(ADD, PHONE, TABLET))
    read(
        v,
        "add_after_remove",
        "A third in place of the first.",
        three,
        [phone, device(TABLET, 3)],
        [laptop],
    )


def forms(v: Vectors) -> None:
    good = FIRST.next(ADD, LAPTOP, PHONE)
    refused(v, "nothing", "A chain has a first statement.", NEW, None, "chain_back")
    for name, last, code, why in (
        ("empty", b"", "chain_length", "No bytes."),
        ("one_byte", b"\x01", "chain_length", "A version and no type."),
        ("version_0", b"\x00" + good[1:], "chain_version", "There is no version 0."),
        (
            "version_2",
            b"\x02" + good[1:],
            "chain_version",
            "A later version is refused, not guessed.",
        ),
        ("version_2_short", b"\x02\x01", "chain_version", "It may have any length."),
        ("type_0", b"\x01\x00" + good[2:], "chain_type", "There is no type 0."),
        ("type_6", b"\x01\x06" + good[2:], "chain_type", "There is no type 6."),
        ("type_255", b"\x01\xff", "chain_type", "It may have any length."),
        ("no_consent", good[:-64], "chain_length", "ADD has two signatures."),
        ("no_signature", good[:198], "chain_length", "A statement alone."),
        ("short", good[:-1], "chain_length", "A byte is missing."),
        ("long", good + b"\0", "chain_length", "A byte is too much."),
        ("cut", good[:2], "chain_length", "Nothing behind the type."),
    ):
        refused(v, f"form_{name}", why, FIRST, last, code)
    for name, last in (
        ("genesis", NEW.next(GENESIS, LAPTOP, LAPTOP)),
        ("remove", TWO.next(REMOVE, LAPTOP, PHONE)),
        ("close", TWO.next(CLOSE, LAPTOP)),
    ):
        agreed = PHONE.sign("consent", FIRST.id + PHONE.id)
        history = NEW if name == "genesis" else TWO
        refused(
            v,
            f"form_{name}_and_consent",
            "It has one signature.",
            history,
            last + agreed,
            "chain_length",
        )


def places(v: Vectors) -> None:
    for name, kind, signer, who in (
        ("add", ADD, LAPTOP, LAPTOP),
        ("recover", RECOVER, WORDS, LAPTOP),
        ("close", CLOSE, WORDS, None),
    ):
        last = NEW.next(kind, signer, who)
        refused(v, f"first_{name}", "GENESIS comes first.", NEW, last, "chain_type")
    second = FIRST.next(GENESIS, PHONE, PHONE)
    refused(v, "second_genesis", "GENESIS comes once.", FIRST, second, "chain_type")
    other = History(recovery=WORDS, seal=NEXT_SEAL)
    other = other.after(other.next(GENESIS, LAPTOP, LAPTOP))
    for name, history, lies, code, why in (
        (
            "genesis_of_a_chain",
            NEW,
            {"chain": FIRST.id},
            "chain_id",
            "In GENESIS the chain is zero.",
        ),
        ("genesis_sequence", NEW, {"sequence": 1}, "chain_sequence", "Counted from 0."),
        (
            "genesis_previous",
            NEW,
            {"previous": FIRST.head},
            "chain_previous",
            "Nothing was before.",
        ),
    ):
        refused(v, name, why, history, history.next(GENESIS, LAPTOP, LAPTOP, **lies), code)
    for name, lies, code, why in (
        ("other_chain", {"chain": other.id}, "chain_id", "Made for another chain."),
        ("no_chain", {"chain": ZERO}, "chain_id", "Only GENESIS has none."),
        ("same_sequence", {"sequence": 0}, "chain_sequence", "Another came first."),
        ("gap", {"sequence": 2}, "chain_sequence", "One is missing."),
        ("last_sequence", {"sequence": 2**32 - 1}, "chain_sequence", "As far as it goes."),
        ("other_previous", {"previous": other.head}, "chain_previous", "On another statement."),
        ("no_previous", {"previous": ZERO}, "chain_previous", "Only GENESIS has none."),
        (
            "previous_with_signatures",
            {"previous": sha(FIRST.said[0])},
            "chain_previous",
            "The hash is of the statement without its signature.",
        ),
    ):
        refused(v, name, why, FIRST, FIRST.next(ADD, LAPTOP, PHONE, **lies), code)
    skipped = History(FIRST.said[0], LEFT.said[2], recovery=WORDS, seal=SEAL)
    refused(v, "one_left_out", "A server that hides a statement.", skipped, None, "chain_sequence")
    turned = History(TWO.said[1], TWO.said[0], recovery=WORDS, seal=SEAL)
    refused(
        v, "other_order", "A server that turns two statements around.", turned, None, "chain_type"
    )
    twice = TWO.after(TWO.said[1])
    refused(v, "twice", "A server that repeats a statement.", twice, None, "chain_sequence")
    fork = FIRST.next(ADD, LAPTOP, TABLET)
    after = History(FIRST.said[0], fork, LEFT.said[2], recovery=WORDS, seal=SEAL)
    refused(v, "after_a_fork", "On the other branch.", after, None, "chain_previous")


def fields(v: Vectors) -> None:
    torsion = small_order()
    mixed = encoded(add(times(secret_of(PHONE.seed), BASE), torsion[1]))
    for name, key, why in (
        ("zero", ZERO, "Zeros are a point of order 4."),
        ("identity", encoded(IDENTITY), "Anybody could sign for it."),
        ("mixed", mixed, "Not of prime order."),
        ("no_point", b"\xff" * 32, "No point in its form."),
    ):
        lies = {"key": key, "device": id_of(key)}
        refused(
            v, f"add_key_{name}", why, FIRST, FIRST.next(ADD, LAPTOP, PHONE, **lies), "chain_key"
        )
        last = NEW.next(GENESIS, LAPTOP, LAPTOP, **lies, signer=id_of(key))
        refused(v, f"genesis_key_{name}", why, NEW, last, "chain_key")
        last = NEW.next(GENESIS, LAPTOP, LAPTOP, recovery=key)
        refused(v, f"genesis_recovery_{name}", why, NEW, last, "chain_recovery")
        last = LEFT.next(RECOVER, WORDS, TABLET, **lies)
        refused(v, f"recover_key_{name}", why, LEFT, last, "chain_key")
        last = LEFT.next(RECOVER, WORDS, TABLET, recovery=key)
        refused(v, f"recover_recovery_{name}", why, LEFT, last, "chain_recovery")
    for name, lies, code, why in (
        ("add_other_id", {"device": TABLET.id}, "chain_device", "The id is another key's."),
        ("add_no_id", {"device": NONE}, "chain_device", "The id is zero."),
        ("add_other_recovery", {"recovery": NEXT_WORDS.key}, "chain_recovery", "A thief's words."),
        ("add_no_recovery", {"recovery": ZERO}, "chain_recovery", "Nobody's words."),
        (
            "add_other_seal",
            {"recovery_seal": NEXT_SEAL},
            "chain_recovery",
            "A thief's sealing key.",
        ),
    ):
        refused(v, name, why, FIRST, FIRST.next(ADD, LAPTOP, PHONE, **lies), code)
    why = "It is there already."
    refused(v, "add_again", why, TWO, TWO.next(ADD, LAPTOP, PHONE), "chain_device")
    why = "A removed device never returns."
    refused(v, "add_removed", why, LEFT, LEFT.next(ADD, PHONE, LAPTOP), "chain_device")
    for name, lies, code, why in (
        ("remove_with_key", {"key": PHONE.key}, "chain_key", "REMOVE has no key."),
        ("remove_stranger", {"device": TABLET.id}, "chain_device", "It was never there."),
        ("remove_nobody", {"device": NONE}, "chain_device", "Nobody is removed."),
        ("remove_other_seal", {"recovery_seal": ZERO}, "chain_recovery", "Not those in force."),
    ):
        refused(v, name, why, TWO, TWO.next(REMOVE, LAPTOP, PHONE, **lies), code)
    three = LEFT.after(LEFT.next(ADD, PHONE, TABLET))
    why = "It was removed before."
    refused(v, "remove_removed", why, three, three.next(REMOVE, PHONE, LAPTOP), "chain_device")
    why = "The last device can't be removed."
    refused(v, "remove_last", why, FIRST, FIRST.next(REMOVE, LAPTOP, LAPTOP), "chain_last")
    refused(v, "remove_last_of_two", why, LEFT, LEFT.next(REMOVE, PHONE, PHONE), "chain_last")
