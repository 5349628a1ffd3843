"""The chain: who may sign what, recovery, the end, and what was read before. docs/accounts.md."""

from account_histories import (
    CLOSED,
    FIRST,
    LAPTOP,
    LEFT,
    NEW,
    NEXT,
    NEXT_SEAL,
    NEXT_WORDS,
    PHONE,
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
    History,
    Person,
    signed_by,
)
from maker import Vectors, flipped


def signers(v: Vectors) -> None:
    for name, history, kind, who, lies, code, why in (
        (
            "add_signed_by_another",
            FIRST,
            ADD,
            PHONE,
            {"signing": TABLET},
            "chain_signature",
            "A stranger signs in the name of a device.",
        ),
        (
            "add_by_stranger",
            FIRST,
            ADD,
            PHONE,
            {"signer": TABLET.id, "signing": TABLET},
            "chain_signer",
            "A stranger adds.",
        ),
        (
            "add_by_itself",
            FIRST,
            ADD,
            PHONE,
            {"signer": PHONE.id, "signing": PHONE},
            "chain_signer",
            "The new device adds itself.",
        ),
        ("add_by_nobody", FIRST, ADD, PHONE, {"signer": NONE}, "chain_signer", "Nobody adds."),
        (
            "add_by_words",
            FIRST,
            ADD,
            PHONE,
            {"signer": NONE, "signing": WORDS},
            "chain_signer",
            "The words only recover and close.",
        ),
        (
            "add_by_removed",
            LEFT,
            ADD,
            TABLET,
            {"signer": LAPTOP.id},
            "chain_signer",
            "A removed device adds.",
        ),
        (
            "remove_by_removed",
            LEFT,
            REMOVE,
            PHONE,
            {"signer": LAPTOP.id},
            "chain_signer",
            "A removed device removes.",
        ),
        (
            "remove_by_words",
            TWO,
            REMOVE,
            PHONE,
            {"signer": NONE, "signing": WORDS},
            "chain_signer",
            "The words don't remove one.",
        ),
        (
            "genesis_by_another",
            NEW,
            GENESIS,
            LAPTOP,
            {"signer": PHONE.id, "signing": PHONE},
            "chain_signer",
            "The first device signs.",
        ),
        (
            "genesis_by_nobody",
            NEW,
            GENESIS,
            LAPTOP,
            {"signer": NONE},
            "chain_signer",
            "The first device signs.",
        ),
        (
            "genesis_signed_by_another",
            NEW,
            GENESIS,
            LAPTOP,
            {"signing": PHONE},
            "chain_signature",
            "Another's signature.",
        ),
        (
            "add_consent_of_another",
            FIRST,
            ADD,
            PHONE,
            {"consenting": TABLET},
            "chain_consent",
            "The new device never agreed.",
        ),
        (
            "add_consent_of_signer",
            FIRST,
            ADD,
            PHONE,
            {"consenting": LAPTOP},
            "chain_consent",
            "The old device agrees in its place.",
        ),
        (
            "add_consent_elsewhere",
            FIRST,
            ADD,
            PHONE,
            {"consented": NEXT_SEAL + PHONE.id},
            "chain_consent",
            "Consent to another chain.",
        ),
        (
            "add_consent_for_another",
            FIRST,
            ADD,
            PHONE,
            {"consented": FIRST.id + TABLET.id},
            "chain_consent",
            "Consent for another device.",
        ),
    ):
        signer = {PHONE: LAPTOP, TABLET: LAPTOP, LAPTOP: LAPTOP}[who]
        refused(v, name, why, history, history.next(kind, signer, who, **lies), code)
    good = FIRST.next(ADD, LAPTOP, PHONE)
    refused(
        v,
        "signature_bit",
        "One bit of the signature.",
        FIRST,
        flipped(good, 200),
        "chain_signature",
    )
    refused(v, "consent_bit", "One bit of the consent.", FIRST, flipped(good, 270), "chain_consent")
    swapped = good[:198] + good[262:] + good[198:262]
    refused(v, "signatures_swapped", "Consent before signature.", FIRST, swapped, "chain_signature")
    proof = good[:198] + LAPTOP.sign("proof", good[:198]) + good[262:]
    refused(v, "signed_as_proof", "Signed for another use.", FIRST, proof, "chain_signature")
    agreed = signed_by(PHONE.seed, "chain", FIRST.id + PHONE.id)
    refused(
        v,
        "consent_as_chain",
        "Agreed under another label.",
        FIRST,
        good[:262] + agreed,
        "chain_consent",
    )


def recoveries(v: Vectors) -> None:
    laptop, phone = device(LAPTOP, 0), device(PHONE, 1)
    back = TWO.after(TWO.next(RECOVER, WORDS, TABLET))
    read(v, "recover", "All others are removed.", back, [device(TABLET, 2)], [laptop, phone])
    late = LEFT.after(LEFT.next(RECOVER, WORDS, TABLET, **NEXT))
    why = "With other words from now on."
    words = (NEXT_WORDS.key, NEXT_SEAL)
    read(
        v, "recover_with_other_words", why, late, [device(TABLET, 3)], [laptop, phone], words=words
    )
    again = History(*late.said, recovery=NEXT_WORDS, seal=NEXT_SEAL)
    desk = Person("chain/desk")
    twice = again.after(again.next(RECOVER, NEXT_WORDS, desk))
    why = "By the words in force."
    removed = [laptop, phone, device(TABLET, 3)]
    read(v, "recover_twice", why, twice, [device(desk, 4)], removed, words=words)
    old = again.next(RECOVER, NEXT_WORDS, desk, signing=WORDS)
    refused(
        v,
        "recover_by_old_words",
        "Words that are no longer in force.",
        again,
        old,
        "chain_signature",
    )
    own = TWO.next(RECOVER, WORDS, TABLET, signing=NEXT_WORDS, **NEXT)
    refused(v, "recover_by_the_words_it_names", "By those it sets.", TWO, own, "chain_signature")
    for name, who, lies, code, why in (
        (
            "by_device",
            TABLET,
            {"signer": LAPTOP.id, "signing": LAPTOP},
            "chain_signer",
            "A device can't recover.",
        ),
        (
            "by_device_unnamed",
            TABLET,
            {"signing": LAPTOP},
            "chain_signature",
            "Nor without its name.",
        ),
        ("active", PHONE, {}, "chain_device", "A device that is there already."),
        ("other_id", TABLET, {"device": PHONE.id}, "chain_device", "The id is another key's."),
        (
            "no_consent",
            TABLET,
            {"consenting": PHONE},
            "chain_consent",
            "The new device never agreed.",
        ),
    ):
        refused(v, f"recover_{name}", why, TWO, TWO.next(RECOVER, WORDS, who, **lies), code)
    why = "A removed device never returns, not even so."
    refused(v, "recover_removed", why, LEFT, LEFT.next(RECOVER, WORDS, LAPTOP), "chain_device")
    why = "Emptied by a recovery, it never returns."
    refused(v, "add_recovered_away", why, back, back.next(ADD, TABLET, PHONE), "chain_device")
    why = "Emptied by a recovery, it signs nothing."
    refused(
        v, "remove_by_recovered_away", why, back, back.next(REMOVE, LAPTOP, TABLET), "chain_signer"
    )


def closings(v: Vectors) -> None:
    gone = [device(LAPTOP, 0), device(PHONE, 1)]
    read(v, "close", "By a device.", CLOSED, [], gone, closed_by="device")
    words = TWO.after(TWO.next(CLOSE, WORDS))
    read(v, "close_by_words", "By the recovery key.", words, [], gone, closed_by="recovery")
    for name, history in (("", CLOSED), ("_by_words", words)):
        back = history.after(history.next(RECOVER, WORDS, TABLET))
        why = "The words open a closed chain."
        read(v, f"recover_closed{name}", why, back, [device(TABLET, 3)], gone)
    last = FIRST.after(FIRST.next(CLOSE, LAPTOP))
    read(v, "close_last", "The last device may.", last, [], [device(LAPTOP, 0)], closed_by="device")
    for name, kind, signer, who in (
        ("add", ADD, LAPTOP, TABLET),
        ("remove", REMOVE, LAPTOP, PHONE),
        ("close", CLOSE, LAPTOP, None),
        ("close_by_words", CLOSE, WORDS, None),
    ):
        why = "Only RECOVER may follow."
        refused(v, f"closed_{name}", why, CLOSED, CLOSED.next(kind, signer, who), "chain_closed")
    for name, lies, code, why in (
        (
            "stranger",
            {"signer": TABLET.id, "signing": TABLET},
            "chain_signer",
            "A stranger closes.",
        ),
        ("signed_by_another", {"signing": PHONE}, "chain_signature", "In another's name."),
        ("unnamed", {"signer": NONE}, "chain_signature", "Zero is the recovery key."),
        ("other_words", {"signer": NONE, "signing": NEXT_WORDS}, "chain_signature", "Other words."),
        ("device", {"device": PHONE.id}, "chain_device", "CLOSE names no device."),
        ("key", {"key": PHONE.key}, "chain_key", "CLOSE names no key."),
        ("recovery", NEXT, "chain_recovery", "CLOSE sets no words."),
    ):
        refused(v, f"close_{name}", why, TWO, TWO.next(CLOSE, LAPTOP, **lies), code)
    voided = TWO.next(CLOSE, LAPTOP)
    why = "Any statement meanwhile voids a CLOSE that waits."
    refused(v, "close_voided", why, LEFT, voided, "chain_sequence")


def pins(v: Vectors) -> None:
    laptop, phone = device(LAPTOP, 0), device(PHONE, 1)
    for name, seen in (("first", FIRST), ("before", TWO), ("same", LEFT)):
        why = "What is served extends what was read."
        read(v, f"pin_{name}", why, LEFT, [phone], [laptop], pin=seen.pin())
    why = "The server went back."
    refused(v, "pin_back", why, TWO, None, "chain_back", pin=LEFT.pin())
    fork = FIRST.after(FIRST.next(ADD, LAPTOP, TABLET))
    why = "Another statement stands where the pin is."
    refused(v, "pin_fork", why, fork, None, "chain_fork", pin=TWO.pin())
    longer = fork.after(fork.next(REMOVE, LAPTOP, TABLET))
    refused(v, "pin_fork_longer", why, longer, None, "chain_fork", pin=TWO.pin())
    other = History(recovery=WORDS, seal=NEXT_SEAL)
    other = other.after(other.next(GENESIS, LAPTOP, LAPTOP))
    why = "The chain of somebody else, or begun anew."
    refused(v, "pin_other_chain", why, other, None, "chain_fork", pin=FIRST.pin())
    far = FIRST.pin() | {"sequence": 2**32 - 1}
    refused(v, "pin_far", "A pin far beyond.", TWO, None, "chain_back", pin=far)
