"""Boxes, and the keys of devices that others seal to: docs/accounts.md, section 6."""

from typing import Any

from account_boxes import box, xwing_public
from account_histories import LAPTOP, PHONE, TWO
from account_maker import signed_by
from ed25519_points import P
from maker import Vectors, drawn, flipped

SEED = drawn("accounts/boxes/seed", 32)
OTHER = drawn("accounts/boxes/other", 32)
INFO = b"ephemeral/v1/pins\0" + drawn("accounts/boxes/info", 32)
TEXT = drawn("accounts/boxes/text", 32)
PUBLIC = xwing_public(SEED)


def make() -> Vectors:
    v = Vectors("accounts_boxes", "Boxes and sealing keys: docs/accounts.md, section 6")
    v.operation("xwing_public", {"seed": "hex"}, {"public": "hex"})
    v.operation("seal_box", {"seed": "hex", "info": "hex", "plaintext": "hex"}, {"size": "integer"})
    v.operation("open_box", {"seed": "hex", "info": "hex", "sealed": "hex"}, {"plaintext": "hex"})
    v.operation("try_sealing", {"public": "hex"}, {})
    named = {
        "chain": "hex",
        "device": "hex",
        "number": "integer",
        "day": "integer",
        "public": "hex",
    }
    v.operation("sign_sealing", {"seed": "hex", **named}, {"signature": "hex"})
    v.operation("check_sealing", {"key": "hex", **named, "signature": "hex"}, {})
    boxes(v)
    keys(v)
    sealing(v)
    return v


def boxes(v: Vectors) -> None:
    for name, seed in (("seed", SEED), ("zeros", bytes(32)), ("ones", b"\xff" * 32)):
        why = "An X-Wing key is its seed."
        v.success(
            "xwing_public", f"public_{name}", why, {"seed": seed}, {"public": xwing_public(seed)}
        )
    for name, plaintext, info in (
        ("empty", b"", b""),
        ("one", b"\0", INFO),
        ("secret", TEXT, INFO),
        ("long", bytes(65_536), INFO),
    ):
        why = "What is sealed is opened again, and is 1,136 bytes longer."
        given = {"seed": SEED, "info": info, "plaintext": plaintext}
        v.success("seal_box", f"seal_{name}", why, given, {"size": len(plaintext) + 1136})
    for by, js in (("python", False), ("javascript", True)):
        for name, plaintext, info in (
            ("empty", b"", b""),
            ("secret", TEXT, INFO),
            ("long", drawn("accounts/boxes/long", 500), INFO),
        ):
            sealed = box(f"{by}_{name}", SEED, info, plaintext, js=js)
            why = f"Sealed by {'JavaScript' if js else 'Python'}'s library."
            given = {"seed": SEED, "info": info, "sealed": sealed}
            v.success("open_box", f"open_{by}_{name}", why, given, {"plaintext": plaintext})
        sealed = box(f"{by}_secret", SEED, INFO, TEXT, js=js)
        for name, seed, info, changed, why in (
            ("other_key", OTHER, INFO, sealed, "Sealed to another."),
            ("other_info", SEED, flipped(INFO, -1), sealed, "Sealed for another use."),
            ("no_info", SEED, b"", sealed, "Sealed for some use."),
            ("mlkem_bit", SEED, INFO, flipped(sealed, 0), "A bit of what ML-KEM encapsulates."),
            ("x25519_bit", SEED, INFO, flipped(sealed, 1088), "A bit of the X25519 key."),
            ("ciphertext_bit", SEED, INFO, flipped(sealed, 1120), "A bit of the ciphertext."),
            ("tag_bit", SEED, INFO, flipped(sealed, -1), "A bit of the tag."),
            ("cut", SEED, INFO, sealed[:-1], "A byte is missing."),
            ("more", SEED, INFO, sealed + b"\0", "A byte is too much."),
            ("key_alone", SEED, INFO, sealed[:1120], "No ciphertext."),
            ("short", SEED, INFO, sealed[:1000], "Not even a key."),
            ("nothing", SEED, INFO, b"", "No bytes."),
            (
                "x25519_zero",
                SEED,
                INFO,
                sealed[:1088] + bytes(32) + sealed[1120:],
                "An X25519 key of small order.",
            ),
        ):
            given = {"seed": seed, "info": info, "sealed": changed}
            v.refusal("open_box", f"open_{by}_{name}", why, given, "box_broken")


def keys(v: Vectors) -> None:
    v.success("try_sealing", "key", "Something can be sealed to it.", {"public": PUBLIC}, {})
    # Of two coefficients of 12 bits in three bytes the first becomes q, and 4095.
    q = bytes([3329 & 255, PUBLIC[1] & 0xF0 | 3329 >> 8]) + PUBLIC[2:]
    low = [0, 1, P - 1, P, P + 1]
    order_8 = 325606250916557431795983626356110631294008115727848805560023387167927233504
    other_8 = 39382357235489614581723060781553021112529911719440698176882885853963445705823
    for name, public, why in (
        ("empty", b"", "No bytes."),
        ("short", PUBLIC[:-1], "A byte is missing."),
        ("long", PUBLIC + b"\0", "A byte is too much."),
        ("mlkem_alone", PUBLIC[:1184], "No X25519 key."),
        ("mlkem_q", q, "A coefficient that is q."),
        ("mlkem_4095", b"\xff\xff" + PUBLIC[2:], "A coefficient beyond q."),
        ("all_ones", b"\xff" * 1216, "No coefficient is below q."),
        *(
            (f"x25519_low_{i}", PUBLIC[:1184] + y.to_bytes(32, "little"), "Of small order.")
            for i, y in enumerate([*low, order_8, other_8])
        ),
    ):
        v.refusal("try_sealing", f"key_{name}", why, {"public": public}, "box_key")


def sealing(v: Vectors) -> None:
    given = {"chain": TWO.id, "device": PHONE.id, "number": 3, "day": 20_000, "public": PUBLIC}

    def signed(label: str = "sealing", **lies: Any) -> bytes:
        told: dict[str, Any] = given | lies
        number, day = (told[one].to_bytes(4, "big") for one in ("number", "day"))
        parts = [told["chain"], told["device"], number, day, told["public"]]
        return signed_by(PHONE.seed, label, b"".join(parts))

    why = "The device says that this is its key."
    v.success(
        "sign_sealing", "sign_sealing", why, {"seed": PHONE.seed, **given}, {"signature": signed()}
    )
    right = {"key": PHONE.key, **given, "signature": signed()}
    v.success("check_sealing", "sealing", why, right, {})
    most = {"number": 2**32 - 1, "day": 2**32 - 1}
    why = "As far as the numbers go."
    v.success(
        "check_sealing", "sealing_most", why, right | most | {"signature": signed(**most)}, {}
    )
    for name, lies, why in (
        ("other_device_key", {"key": LAPTOP.key}, "Another device's."),
        ("other_chain", {"chain": OTHER}, "Of another chain."),
        ("other_device", {"device": LAPTOP.id}, "For another device."),
        ("other_number", {"number": 4}, "An old key under a new number."),
        ("other_day", {"day": 20_001}, "An old key for a new day."),
        ("other_public", {"public": xwing_public(OTHER)}, "The server's own key."),
        ("bit", {"signature": flipped(signed(), 40)}, "One bit of the signature."),
        ("no_signature", {"signature": b""}, "Unsigned."),
        ("as_chain", {"signature": signed("chain")}, "Signed for another use."),
        ("number_0", {"number": 0, "signature": signed(number=0)}, "Numbers begin with 1."),
        ("short", {"public": PUBLIC[:-1], "signature": signed(public=PUBLIC[:-1])}, "1,215 bytes."),
        (
            "long",
            {"public": PUBLIC + b"\0", "signature": signed(public=PUBLIC + b"\0")},
            "1,217 bytes.",
        ),
        (
            "identity_key",
            {"key": (1).to_bytes(32, "little"), "signature": b"\x01" + bytes(63)},
            "A key for which anybody signs.",
        ),
    ):
        v.refusal("check_sealing", f"sealing_{name}", why, right | lies, "sealing_key")
