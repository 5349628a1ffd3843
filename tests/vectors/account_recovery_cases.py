"""Recovery words and what follows from them; storage keys; pins; the number to compare.

docs/accounts.md, sections 7 and 10 to 12.
"""

import hashlib
from typing import Any

from account_boxes import box, xwing_public
from account_histories import FIRST, LAPTOP, LEFT, NEW, PHONE, TABLET, TWO
from account_maker import (
    ADD,
    GENESIS,
    History,
    Person,
    canonical,
    content_of,
    derived,
    labelled,
    padded,
    public_of,
    sha,
    stretched,
)
from code_words import PIECES, WRONG, wrong
from code_words import WORDS as LIST
from maker import Vectors, drawn, flipped

SALT = drawn("accounts/salt", 32)
TEN = [*PIECES, "drop-down", "zoom", "abacus"]
WORDS = "-".join(TEN)
SEED = drawn("accounts/pins/seed", 32)


def make() -> Vectors:
    about = "Recovery, storage, pins, numbers to compare: docs/accounts.md, 7 and 10 to 12"
    v = Vectors("accounts_recovery", about)
    v.operation("read_recovery_words", {"text": "text"}, {"words": "text"}, refused=WRONG)
    v.operation("new_recovery_words", {"random": "hex"}, {"words": "text"})
    v.operation("recovery_root", {"words": "text", "deployment_salt": "hex"}, {"root": "hex"})
    v.operation(
        "recovery_keys", {"root": "hex"}, {"signing": "hex", "seal_seed": "hex", "seal_hash": "hex"}
    )
    v.operation("storage_key", {"local": "hex", "share": "hex"}, {"key": "hex"})
    v.operation("safety_number", {"one": "hex", "other": "hex"}, {"number": "text"})
    v.operation(
        "seal_pins",
        {"seed": "hex", "words_seed": "hex", "statements": "json", "contacts": "json",
         "registers": "json"},
        {"size": "integer"},
    )  # fmt: skip
    v.operation(
        "open_pins",
        {"seed": "hex", "statements": "json", "device": "hex", "sealed": "hex", "signature": "hex"},
        {"sequence": "integer", "contacts": "json", "registers": "json"},
    )
    words(v)
    keys(v)
    numbers(v)
    pins(v)
    return v


def words(v: Vectors) -> None:
    for name, text, why in (
        ("canonical", WORDS, "As they are drawn."),
        ("spaces", " ".join(TEN), "As they are written down."),
        ("lines", "\n".join(f"{i}. {word}" for i, word in enumerate(TEN, 1)), "Numbered lines."),
        ("capitals", WORDS.upper(), "As codes are cleaned."),
        ("quoted", f"“{WORDS}”", "With signs around."),
        ("in_a_sentence", f"Meine Worte: {WORDS}", "What is no word stands around them."),
        ("after_a_number_sign", f"#{' '.join(TEN)}", "Here it only parts words."),
    ):
        v.success("read_recovery_words", f"words_{name}", why, {"text": text}, {"words": WORDS})
    for name, text, why in (
        ("seven", " ".join(PIECES), "A code's number."),
        ("nine", " ".join(TEN[:9]), "One is missing."),
        ("eleven", f"{WORDS}-kiwi", "One too many."),
        ("none", "", "Nothing."),
        ("long", WORDS + " " * 256, "More than 256 bytes."),
    ):
        v.refusal("read_recovery_words", f"words_{name}", why, {"text": text}, "code_length")
    typed = WORDS.replace("silver", "silfer")
    told = wrong(typed, "silfer", (4, "silfer"))
    why = "A word misspelt."
    v.refusal("read_recovery_words", "words_misspelt", why, {"text": typed}, "code_word", told)
    two = WORDS.replace("silver", "silfer").replace("finch", "fihcn")
    told = wrong(two, "silfer", (4, "silfer"), (6, "fihcn"))
    v.refusal("read_recovery_words", "words_misspelt_twice", why, {"text": two}, "code_word", told)
    drawn_bytes = b"".join(
        n.to_bytes(2, "big") for n in (0, 7775, 7776, 62_207, 62_208, 65_535, *range(1, 7))
    )
    drawn_words = picked(0, 7775, 0, 7775, *range(1, 7))
    why = "Two bytes from 62,208 on are drawn again."
    v.success(
        "new_recovery_words", "new_words", why, {"random": drawn_bytes}, {"words": drawn_words}
    )


def picked(*numbers: int) -> str:

    return "-".join(LIST[number] for number in numbers)


def keys(v: Vectors) -> None:
    for name, salt in (("", SALT), ("_other_salt", drawn("accounts/other salt", 32))):
        root = stretched(WORDS.encode(), sha(labelled("recovery", salt)))
        given = {"words": WORDS, "deployment_salt": salt}
        v.success("recovery_root", f"root{name}", "Argon2id.", given, {"root": root})
    root = drawn("accounts/recovery/root", 32)
    seed = derived(root, "seal")
    out = {
        "signing": public_of(derived(root, "sign")),
        "seal_seed": seed,
        "seal_hash": sha(xwing_public(seed)),
    }
    v.success(
        "recovery_keys", "keys", "A key that signs, and one that is sealed to.", {"root": root}, out
    )
    local, share = drawn("accounts/local", 32), drawn("accounts/share", 32)
    for name, one, other in (
        ("", local, share),
        ("_turned", share, local),
        ("_zeros", bytes(32), bytes(32)),
    ):
        given = {"local": one, "share": other}
        why = "Of both halves, in their order."
        v.success(
            "storage_key",
            f"storage_key{name}",
            why,
            given,
            {"key": derived(one + other, "storage")},
        )


def numbers(v: Vectors) -> None:
    for name, one, other in (
        ("drawn", FIRST.id, drawn("accounts/number", 32)),
        ("turned", drawn("accounts/number", 32), FIRST.id),
        ("other", FIRST.id, drawn("accounts/number 2", 32)),
        ("extremes", bytes(32), b"\xff" * 32),
    ):
        named = labelled("safety", min(one, other), max(one, other))
        digest = hashlib.sha512(named).digest()
        for _ in range(5_199):
            digest = hashlib.sha512(digest + named).digest()
        blocks = [int.from_bytes(digest[at : at + 5], "big") for at in range(0, 60, 5)]
        number = " ".join(str(block % 100_000).zfill(5) for block in blocks)
        why = "The same for both, and for no other two."
        v.success(
            "safety_number", f"number_{name}", why, {"one": one, "other": other}, {"number": number}
        )


def said(history: History) -> list[str]:
    return [one.hex() for one in history.said]


def pins(v: Vectors) -> None:
    registers = {"names_key": drawn("accounts/names key", 32)}
    contact = {
        "chain": drawn("accounts/contact", 32),
        "sequence": 4,
        "head": drawn("accounts/head", 32),
    }
    content: dict[str, Any] = {
        "v": 1, "chain": TWO.id, "sequence": 1, "head": TWO.head, "contacts": [],
        "registers": registers,
    }  # fmt: skip
    written = content_of(registers)
    given = {"seed": LAPTOP.seed, "words_seed": SEED, "statements": said(TWO)}
    for name, contacts, blocks in (("", [], 1), ("_contacts", [content_of(contact)] * 20, 3)):
        more = {"contacts": contacts, "registers": written}
        size = len(padded(canonical(content_of(content) | {"contacts": contacts})))
        assert size == 1024 * blocks, size
        why = "Padded to a multiple of 1,024 bytes, and sealed."
        v.success("seal_pins", f"seal_pins{name}", why, given | more, {"size": size + 1136})
    many = {"contacts": [{"x": "y" * 66_000}], "registers": written}
    v.refusal("seal_pins", "seal_pins_large", "More than 65,536 bytes.", given | many, "pins_form")

    def file(
        name: str,
        plaintext: bytes | None = None,
        *,
        signer: Person = LAPTOP,
        info: bytes = labelled("pins", TWO.id),
        js: bool = False,
        seed: bytes = SEED,
        label: str = "pins",
        **lies: Any,
    ) -> dict[str, Any]:
        plain = padded(canonical(content_of(content | lies))) if plaintext is None else plaintext
        sealed = box(f"pins_{name}", seed, info, plain, js=js)
        return {
            "seed": SEED,
            "statements": said(TWO),
            "device": signer.id,
            "sealed": sealed,
            "signature": signer.sign(label, sealed),
        }

    right = file("right")
    out = {"sequence": 1, "contacts": [], "registers": written}
    v.success("open_pins", "pins", "By a device of this chain.", right, out)
    v.success(
        "open_pins", "pins_javascript", "Sealed by the page.", file("javascript", js=True), out
    )
    v.success("open_pins", "pins_by_phone", "By another.", file("right", signer=PHONE), out)
    later = right | {"statements": said(LEFT)}
    v.success("open_pins", "pins_by_removed", "By a device that was removed later.", later, out)
    some = file("contacts", contacts=[content_of(contact)])
    v.success(
        "open_pins",
        "pins_contacts",
        "With a contact.",
        some,
        out | {"contacts": [content_of(contact)]},
    )
    stranger = Person("pins/stranger")
    plain = canonical(content_of(content))
    zeros = padded(plain)[:-1] + b"\x01"
    fork = FIRST.after(FIRST.next(ADD, LAPTOP, TABLET))
    other = History(recovery=NEW.recovery, seal=drawn("accounts/pins/other", 32))
    other = other.after(other.next(GENESIS, LAPTOP, LAPTOP))
    for name, case, code, why in (
        ("by_stranger", file("right", signer=stranger), "pins_signature", "Never in this chain."),
        (
            "in_anothers_name",
            right | {"device": PHONE.id},
            "pins_signature",
            "Signed by another device.",
        ),
        ("as_chain", file("right", label="chain"), "pins_signature", "Signed for another use."),
        (
            "bit",
            right | {"sealed": flipped(right["sealed"], 1200)},
            "pins_signature",
            "Changed on its way.",
        ),
        ("unsigned", right | {"signature": b""}, "pins_signature", "Unsigned."),
        (
            "by_one_to_come",
            file("right", signer=PHONE) | {"statements": said(FIRST)},
            "pins_signature",
            "Not yet in the chain that is served.",
        ),
        ("other_words", right | {"seed": bytes(32)}, "box_broken", "Other words."),
        (
            "other_chain_sealed",
            file("other_info", info=labelled("pins", other.id)),
            "box_broken",
            "Sealed for another chain.",
        ),
        ("version", file("version", v=2), "pins_form", "A later version."),
        ("key_more", file("more", more=1), "pins_form", "An unknown key."),
        (
            "no_registers",
            file(
                "less",
                padded(
                    canonical(
                        {k: one for k, one in content_of(content).items() if k != "registers"}
                    )
                ),
            ),
            "pins_form",
            "A key is missing.",
        ),
        ("contacts_object", file("contacts_object", contacts={}), "pins_form", "No list."),
        ("contact_text", file("contact_text", contacts=["x"]), "pins_form", "No object."),
        ("registers_list", file("registers_list", registers=[]), "pins_form", "No object."),
        ("sequence_negative", file("sequence_negative", sequence=-1), "pins_form", "No sequence."),
        ("short_head", file("short_head", head=b"\0" * 31), "pins_form", "31 bytes."),
        ("not_padded", file("not_padded", padded(plain, block=1)), "pins_form", "Not padded."),
        ("not_zeros", file("not_zeros", zeros), "pins_form", "Something behind it."),
        (
            "length",
            file("length", padded(plain, length=len(plain) + 1)),
            "pins_form",
            "A zero too much.",
        ),
        (
            "endless",
            file("endless", padded(plain, length=2**32 - 1)),
            "pins_form",
            "Longer than it is.",
        ),
        ("empty", file("empty", b""), "pins_form", "Nothing."),
        ("list", file("list", padded(b"[]")), "pins_form", "No object."),
        (
            "not_canonical",
            file("not_canonical", padded(plain.replace(b'"v":1', b'"v": 1'))),
            "pins_form",
            "White space.",
        ),
        (
            "fork",
            file("right") | {"statements": said(fork)},
            "chain_fork",
            "Another branch is served.",
        ),
        ("back", right | {"statements": said(FIRST)}, "chain_back", "The chain went back."),
        (
            "pin_of_other_chain",
            file("pin_of_other", chain=other.id),
            "chain_fork",
            "It pins another chain.",
        ),
    ):
        v.refusal("open_pins", f"pins_{name}", why, case, code)
