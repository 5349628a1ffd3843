"""Ed25519 with labels, and the verdicts on which libraries differ: docs/accounts.md, section 2."""

from account_maker import Person, labelled, public_of, signed_by
from ed25519_points import (
    BASE,
    IDENTITY,
    L,
    P,
    Point,
    add,
    challenge,
    encoded,
    secret_of,
    small_order,
    times,
    with_y,
)
from maker import Vectors, drawn, flipped

SIGNER = Person("signatures/signer")
DATA = drawn("accounts/signatures/data", 48)
MESSAGE = labelled("chain", DATA)
WRONG = "chain_signature"


def make() -> Vectors:
    v = Vectors("accounts_signatures", "Signatures and their keys: docs/accounts.md, section 2")
    v.operation(
        "sign",
        {"seed": "hex", "label": "text", "data": "hex"},
        {"public": "hex", "signature": "hex"},
    )
    v.operation("check_key", {"public": "hex"}, {})
    v.operation(
        "check_signature",
        {"public": "hex", "label": "text", "data": "hex", "signature": "hex"},
        {},
    )
    made(v)
    keys(v)
    changed(v)
    adversarial(v)
    return v


def made(v: Vectors) -> None:
    labels = "chain consent epoch content leave sealing pins proof call-signal"
    for label in labels.split():
        given = {"label": label, "data": DATA}
        signature = signed_by(SIGNER.seed, label, DATA)
        why = "Each use has a label of its own."
        out = {"public": SIGNER.key, "signature": signature}
        v.success("sign", f"sign_{label}", why, {"seed": SIGNER.seed, **given}, out)
        v.success(
            "check_signature",
            f"right_{label}",
            why,
            {"public": SIGNER.key, **given, "signature": signature},
            {},
        )
    empty = {"label": "proof", "data": b""}
    signature = signed_by(SIGNER.seed, "proof", b"")
    why = "Nothing but the label is signed."
    v.success(
        "check_signature",
        "right_empty",
        why,
        {"public": SIGNER.key, **empty, "signature": signature},
        {},
    )


def keys(v: Vectors) -> None:
    why = "A point of prime order in its one form."
    for i in range(3):
        v.success(
            "check_key", f"key_{i}", why, {"public": public_of(drawn(f"accounts/key/{i}", 32))}, {}
        )
    why = "The base point itself is of prime order."
    v.success("check_key", "key_base", why, {"public": encoded(BASE)}, {})
    torsion = small_order()
    seen = set()
    for i, point in enumerate(torsion):
        order = 8 if i % 2 else 4 if i % 4 else 2 if i else 1
        for form, data in forms(point):
            if data not in seen:
                seen.add(data)
                name = f"key_order_{order}_{i}_{form}"
                why = f"A point of order {order}, {form.replace('_', ' ')}."
                v.refusal("check_key", name, why, {"public": data}, "chain_key")
    honest = times(secret_of(SIGNER.seed), BASE)
    for i in (1, 2, 4):
        mixed = encoded(add(honest, torsion[i]))
        why = "An honest key and a point of small order: its order is not prime."
        v.refusal("check_key", f"key_mixed_{i}", why, {"public": mixed}, "chain_key")
    high = [y for y in range(2, 19) if with_y(y) is not None]
    for y in high[:4]:
        why = "A y that is not below 2^255 - 19."
        v.refusal(
            "check_key",
            f"key_y_{y}_again",
            why,
            {"public": (y + P).to_bytes(32, "little")},
            "chain_key",
        )
    off = next(y for y in range(2, 99) if with_y(y) is None)
    for name, data, why in (
        ("off_the_curve", off.to_bytes(32, "little"), "No point has this y."),
        (
            "off_the_curve_high",
            (off + P).to_bytes(32, "little") if off < 19 else b"\xff" * 32,
            "No point, and not below 2^255 - 19.",
        ),
        ("all_ones", b"\xff" * 32, "Not below 2^255 - 19."),
        ("short", SIGNER.key[:31], "31 bytes."),
        ("long", SIGNER.key + b"\0", "33 bytes."),
        ("empty", b"", "No bytes."),
    ):
        v.refusal("check_key", f"key_{name}", why, {"public": data}, "chain_key")


def forms(point: Point) -> list[tuple[str, bytes]]:
    """Every encoding that a lenient reader takes for this point."""
    found = [("in_its_form", encoded(point))]
    if point.x == 0:
        found.append(("with_the_sign_of_no_x", (point.y | 1 << 255).to_bytes(32, "little")))
    if point.y + P < 2**255:
        y = point.y + P | (point.x & 1) << 255
        found.append(("with_y_too_large", y.to_bytes(32, "little")))
        if point.x == 0:
            both = point.y + P | 1 << 255
            found.append(("with_y_too_large_and_a_sign", both.to_bytes(32, "little")))
    return found


def wrong(
    v: Vectors, name: str, why: str, public: bytes, signature: bytes, data: bytes = DATA
) -> None:
    given = {"public": public, "label": "chain", "data": data, "signature": signature}
    v.refusal("check_signature", name, why, given, WRONG)


def changed(v: Vectors) -> None:
    right = signed_by(SIGNER.seed, "chain", DATA)
    other = Person("signatures/other")
    wrong(v, "wrong_r", "One bit of R.", SIGNER.key, flipped(right, 0))
    wrong(v, "wrong_s", "One bit of S.", SIGNER.key, flipped(right, 32))
    wrong(v, "wrong_data", "One bit of what is signed.", SIGNER.key, right, flipped(DATA, 0))
    wrong(v, "wrong_shorter", "Less than what was signed.", SIGNER.key, right, DATA[:-1])
    wrong(v, "wrong_key", "Another's key.", other.key, right)
    wrong(
        v,
        "wrong_label",
        "Signed for another use.",
        SIGNER.key,
        signed_by(SIGNER.seed, "consent", DATA),
    )
    wrong(v, "wrong_size_0", "No signature.", SIGNER.key, b"")
    wrong(v, "wrong_size_63", "A byte is missing.", SIGNER.key, right[:-1])
    wrong(v, "wrong_size_65", "A byte is too much.", SIGNER.key, right + b"\0")
    wrong(v, "wrong_zeros", "Zeros.", SIGNER.key, bytes(64))
    bare = by_hand(SIGNER.seed, DATA)
    wrong(v, "wrong_bare", "Signed without a label.", SIGNER.key, bare)
    unended = by_hand(SIGNER.seed, b"ephemeral/v1/chain" + DATA)
    wrong(v, "wrong_unended", "The label without its zero.", SIGNER.key, unended)


def by_hand(seed: bytes, message: bytes, nonce: int = 5_000_001, twist: Point = IDENTITY) -> bytes:
    """A signature whose R has `twist` added, S being right for R without it."""
    public = public_of(seed)
    r = encoded(add(times(nonce, BASE), twist))
    s = (nonce + challenge(r, public, message) * secret_of(seed)) % L
    return r + s.to_bytes(32, "little")


def adversarial(v: Vectors) -> None:
    torsion = small_order()
    right = by_hand(SIGNER.seed, MESSAGE)
    given = {"public": SIGNER.key, "label": "chain", "data": DATA, "signature": right}
    why = "A nonce that nobody draws, and all the same right."
    v.success("check_signature", "right_by_hand", why, given, {})
    s = int.from_bytes(right[32:], "little")
    for name, larger, why in (
        ("s_plus_order", s + L, "S is not below the order of the group; the equation holds."),
        ("s_plus_eight_orders", s + 8 * L, "The same, further up."),
        ("s_high_bit", s | 1 << 255, "The highest bit of S."),
    ):
        wrong(v, name, why, SIGNER.key, right[:32] + (larger % 2**256).to_bytes(32, "little"))
    for i in (1, 2, 4):
        why = "R has a part of small order: right with the cofactor, wrong without."
        wrong(v, f"r_mixed_{i}", why, SIGNER.key, by_hand(SIGNER.seed, MESSAGE, twist=torsion[i]))
    identity = by_hand(SIGNER.seed, MESSAGE, nonce=0)
    why = "R is the identity: the equation holds, but Web Crypto takes no R of small order."
    wrong(v, "r_identity", why, SIGNER.key, identity)
    why = "R is of small order, where the equation gives the identity."
    wrong(
        v,
        "r_small_order",
        why,
        SIGNER.key,
        by_hand(SIGNER.seed, MESSAGE, nonce=0, twist=torsion[1]),
    )
    r = (1 + P).to_bytes(32, "little")
    s = challenge(r, SIGNER.key, MESSAGE) * secret_of(SIGNER.seed) % L
    why = "R is the identity in another form."
    wrong(v, "r_not_canonical", why, SIGNER.key, r + s.to_bytes(32, "little"))
    for i in (1, 2, 4):
        lenient_key(v, i, torsion[i])
    forged = encoded(times(77, BASE)) + (77).to_bytes(32, "little")
    why = "With the identity for a key everything is signed."
    wrong(v, "wrong_key_identity", why, encoded(IDENTITY), forged)
    why = "The identity in another form, likewise."
    wrong(v, "wrong_key_identity_not_canonical", why, (1 + P).to_bytes(32, "little"), forged)


def lenient_key(v: Vectors, i: int, twist: Point) -> None:
    """Keys with a part of small order, and data for which the equation holds all the same."""
    for kind, secret in (("small", 0), ("mixed", secret_of(SIGNER.seed))):
        key = encoded(add(times(secret, BASE), twist))
        r = encoded(times(99, BASE))
        found = next(
            data
            for data in (drawn(f"accounts/lenient/{n}", 16) for n in range(999))
            if challenge(r, key, labelled("chain", data)) % 8 == 0
        )
        s = (99 + challenge(r, key, labelled("chain", found)) * secret) % L
        why = f"A key of {kind} order, where the equation holds without the cofactor."
        wrong(v, f"wrong_key_{kind}_{i}", why, key, r + s.to_bytes(32, "little"), found)
