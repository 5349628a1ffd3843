"""Linking, and the names of devices: docs/accounts.md, section 8."""

from typing import Any

from account_boxes import xwing_public
from account_histories import FIRST, LAPTOP, LEFT, PHONE, TABLET, TWO
from account_maker import (
    Person,
    canonical,
    content_of,
    derived,
    gcm,
    id_of,
    labelled,
    padded,
    sha,
    signed_by,
    stretched,
)
from code_words import CODE, HYPHENS
from ed25519_points import IDENTITY, encoded
from maker import Vectors, drawn, flipped

SALT = drawn("accounts/salt", 32)
ROOT = drawn("accounts/link/root", 32)
ACCOUNT = drawn("accounts/link/account", 16)
NONCE = drawn("accounts/link/nonce", 12)
LOCATOR, TO_OLD, TO_NEW = (derived(ROOT, word) for word in ("locator-link", "to-old", "to-new"))
SEALING = xwing_public(drawn("accounts/link/sealing", 32))
NAMES_KEY = drawn("accounts/names key", 32)
REGISTERS = {"names_key": NAMES_KEY, "recovery_seal": SEALING}
PARTS = {
    "device": "hex", "key": "hex", "consent": "hex", "number": "integer", "day": "integer",
    "public": "hex", "signature": "hex",
}  # fmt: skip


def make() -> Vectors:
    v = Vectors("accounts_links", "Linking, and names of devices: docs/accounts.md, section 8")
    v.operation("link_root", {"code": "text", "deployment_salt": "hex"}, {"root": "hex"})
    v.operation("link_keys", {"root": "hex"}, {"locator": "hex", "to_old": "hex", "to_new": "hex"})
    v.operation("link_text", {"page": "text", "code": "text"}, {"text": "text"})
    v.operation("read_link_code", {"text": "text"}, {"code": "text"})
    under = {"root": "hex", "account": "hex"}
    v.operation(
        "seal_request", {**under, "random": "hex", **PARTS, "name": "text"}, {"sealed": "hex"}
    )
    v.operation("open_request", {**under, "sealed": "hex"}, {**PARTS, "name": "text"})
    v.operation("check_request", {"statements": "json", **PARTS}, {})
    answer = {
        "chain": "hex",
        "sequence": "integer",
        "head": "hex",
        "pins": "json",
        "registers": "json",
    }
    v.operation("seal_answer", {**under, "random": "hex", **answer}, {"sealed": "hex"})
    v.operation("open_answer", {**under, "sealed": "hex"}, answer)
    named = {"names_key": "hex", "device": "hex"}
    v.operation("seal_device_name", {**named, "name": "text", "random": "hex"}, {"sealed": "hex"})
    v.operation("open_device_name", {**named, "sealed": "hex"}, {"name": "text"})
    roots(v)
    texts(v)
    requests(v)
    checks(v)
    answers(v)
    names(v)
    return v


def roots(v: Vectors) -> None:
    root = stretched(CODE.encode(), sha(labelled("link", SALT)))
    why = "With another salt than any room's."
    v.success("link_root", "root", why, {"code": CODE, "deployment_salt": SALT}, {"root": root})
    out = {"locator": LOCATOR, "to_old": TO_OLD, "to_new": TO_NEW}
    v.success("link_keys", "keys", "Labels that no room has.", {"root": ROOT}, out)


def texts(v: Vectors) -> None:
    page = "https://rooms.example/account/"
    for name, code in (("", CODE), ("_hyphens", HYPHENS)):
        text = f"{page}#link={code}"
        v.success(
            "link_text",
            f"text{name}",
            "What the QR code says.",
            {"page": page, "code": code},
            {"text": text},
        )
        v.success("read_link_code", f"read{name}", "Scanned.", {"text": text}, {"code": code})
    for name, text, why in (
        ("typed", CODE.replace("-", " "), "Typed."),
        ("capitals", f"{page}#link={CODE}".upper(), "As a QR code may hold it."),
        ("other_page", f"http://other.example/#link={CODE}", "The page is not looked at."),
        ("fragment", f"#link={CODE}", "The end alone."),
        ("escaped", f"{page}%23link%3D{CODE}", "By software that builds addresses."),
        ("last", f"#link=kiwi #link={CODE}", "The last one counts."),
    ):
        v.success("read_link_code", f"read_{name}", why, {"text": text}, {"code": CODE})
    for name, text, code, why in (
        ("room", f"https://rooms.example/#1.00000000.{CODE}", "link_form", "A room's link."),
        ("page_alone", page, "link_form", "An address without words."),
        ("room_within", f"#link=#1.00000000.{CODE}", "link_form", "A room's link behind it."),
        ("six", f"#link={CODE.rpartition('-')[0]}", "code_length", "A word is missing."),
        ("nothing", "#link=", "code_length", "No words."),
        ("misspelt", f"#link={CODE.replace('silver', 'silfer')}", "code_word", "A word misspelt."),
        ("long", f"#link={CODE}{'-' * 300}", "code_length", "More than 256 bytes."),
    ):
        v.refusal("read_link_code", f"read_{name}", why, {"text": text}, code)


def parts(**lies: Any) -> dict[str, Any]:
    """A request of the tablet, to be added to the chain of laptop and phone."""
    made = {
        "device": TABLET.id,
        "key": TABLET.key,
        "number": 1,
        "day": 20_000,
        "public": SEALING,
    } | lies
    data = (
        TWO.id + made["device"] + made["number"].to_bytes(4, "big") + made["day"].to_bytes(4, "big")
    )
    agreed = TABLET.sign("consent", TWO.id + made["device"])
    signature = TABLET.sign("sealing", data + made["public"])
    return {"consent": agreed, "signature": signature} | made | lies


def content(name: Any = "Anna’s tablet", **lies: Any) -> dict[str, Any]:
    of = parts()
    sealing = {
        "number": of["number"],
        "day": of["day"],
        "key": of["public"],
        "signature": of["signature"],
    }
    whole = {
        "v": 1,
        "device": of["device"],
        "key": of["key"],
        "consent": of["consent"],
        "sealing": sealing,
        "name": name,
    }
    return content_of({key: one for key, one in (whole | lies).items() if one is not ...})


def to_old(
    plaintext: bytes,
    *,
    key: bytes = TO_OLD,
    account: bytes = ACCOUNT,
    locator: bytes = LOCATOR,
    way: bytes = b"\x01",
) -> bytes:
    return gcm(key, NONCE, plaintext, labelled("link", account, locator, way))


def requests(v: Vectors) -> None:
    under = {"root": ROOT, "account": ACCOUNT}
    plain = padded(canonical(content()))
    sealed = to_old(plain)
    told = {**parts(), "name": "Anna’s tablet"}
    given = {**under, "random": NONCE, **told}
    v.success(
        "seal_request", "seal_request", "All that the old device needs.", given, {"sealed": sealed}
    )
    v.success("open_request", "request", "With the same words.", {**under, "sealed": sealed}, told)
    other = drawn("accounts/link/other", 32)
    for name, lies, why in (
        ("other_words", {"root": other}, "Other words."),
        ("other_account", {"account": other[:16]}, "Another account."),
        ("other_locator", {"sealed": to_old(plain, locator=other)}, "From another locator."),
        ("other_way", {"sealed": to_old(plain, way=b"\x02")}, "Made for the other direction."),
        ("other_key", {"sealed": to_old(plain, key=TO_NEW)}, "With the other direction's key."),
        ("answer", {"sealed": to_old(plain, key=TO_NEW, way=b"\x02")}, "An answer in its place."),
        ("unbound", {"sealed": gcm(TO_OLD, NONCE, plain, b"")}, "Bound to nothing."),
        ("nonce_bit", {"sealed": flipped(sealed, 0)}, "One bit of the nonce."),
        ("bit", {"sealed": flipped(sealed, 40)}, "One bit."),
        ("tag_bit", {"sealed": flipped(sealed, -1)}, "One bit of the tag."),
        ("cut", {"sealed": sealed[:-1]}, "A byte is missing."),
        ("nonce_alone", {"sealed": NONCE}, "No ciphertext."),
        ("nothing", {"sealed": b""}, "No bytes."),
        (
            "large",
            {"sealed": to_old(padded(canonical(content()), block=4096))},
            "More than 4,096 bytes.",
        ),
    ):
        v.refusal(
            "open_request",
            f"request_{name}",
            why,
            {**under, "sealed": sealed} | lies,
            "linking_box",
        )
    plainly = canonical(content())
    sealing = content()["sealing"]
    for name, plaintext, why in (
        ("version", content(v=2), "A later version."),
        ("true", content(v=True), "True is no number."),
        ("more", content(more=1), "An unknown key."),
        ("no_name", content(...), "A key is missing."),
        ("name_empty", content(""), "No name."),
        ("name_number", content(1), "No text."),
        ("name_long", content("x" * 65), "More than 64 bytes."),
        ("name_newline", content("a\nb"), "Not what a name has."),
        ("name_bidi", content("a\u202eb"), "Turns what follows around."),
        ("device_short", content(device=b"\0" * 15), "15 bytes."),
        ("key_long", content(key=b"\0" * 33), "33 bytes."),
        ("key_padded", content(key=content()["key"] + "="), "Base64url has one form."),
        ("consent_short", content(consent=b"\0" * 63), "63 bytes."),
        ("sealing_list", content(sealing=[]), "No object."),
        ("sealing_more", content(sealing=sealing | {"x": 1}), "An unknown key."),
        ("sealing_number_0", content(sealing=sealing | {"number": 0}), "Numbers begin with 1."),
        ("sealing_number_large", content(sealing=sealing | {"number": 2**32}), "Beyond 32 bits."),
        ("sealing_day_negative", content(sealing=sealing | {"day": -1}), "No day."),
        ("sealing_key_short", content(sealing=sealing | {"key": "AAAA"}), "3 bytes."),
        ("list", b"[]", "No object."),
        ("white_space", plainly.replace(b'"v":1', b'"v": 1'), "JSON in another form."),
        ("twice", plainly[:-1] + b',"v":1}', "A key twice."),
        ("no_json", b"hello", "No JSON."),
    ):
        data = plaintext if isinstance(plaintext, bytes) else canonical(plaintext)
        case = {**under, "sealed": to_old(padded(data))}
        v.refusal("open_request", f"request_{name}", why, case, "linking_form")
    for name, plaintext, why in (
        ("not_padded", padded(plainly, block=1), "Its length tells."),
        ("padded_twice", padded(plainly) + bytes(1024), "A block too much."),
        ("not_zeros", padded(plainly)[:-1] + b"\x01", "Something behind it."),
        ("length_less", padded(plainly, length=len(plainly) - 1), "Cut."),
        ("length_more", padded(plainly, length=2**32 - 1), "Longer than it is."),
        ("empty", b"", "Not even a length."),
    ):
        case = {**under, "sealed": to_old(plaintext)}
        v.refusal("open_request", f"request_{name}", why, case, "linking_form")
    long = {**under, "random": NONCE, **told, "name": "x" * 64, "public": SEALING}
    sealed = to_old(padded(canonical(content("x" * 64))))
    assert len(sealed) <= 4096
    v.success(
        "seal_request", "seal_request_long_name", "The longest name fits.", long, {"sealed": sealed}
    )


def checks(v: Vectors) -> None:
    said = [one.hex() for one in TWO.said]
    right = {"statements": said, **parts()}
    v.success("check_request", "check", "It may be shown, and added.", right, {})
    weak = encoded(IDENTITY)
    stranger = Person("links/stranger")
    for name, lies, code, why in (
        (
            "other_id",
            {"device": drawn("accounts/link/id", 16)},
            "linking_device",
            "The id isn't the key's.",
        ),
        ("other_key", {"key": stranger.key}, "linking_device", "The key isn't the id's."),
        (
            "weak_key",
            {"key": weak, "device": id_of(weak)},
            "linking_device",
            "A key for which anybody signs.",
        ),
        ("no_consent", {"consent": bytes(64)}, "linking_consent", "It agrees to nothing."),
        (
            "consent_of_another",
            {"consent": stranger.sign("consent", TWO.id + TABLET.id)},
            "linking_consent",
            "Another agrees.",
        ),
        (
            "consent_elsewhere",
            {"consent": TABLET.sign("consent", LAPTOP.key + TABLET.id)},
            "linking_consent",
            "To another chain.",
        ),
        (
            "consent_as_sealing",
            {"consent": TABLET.sign("sealing", TWO.id + TABLET.id)},
            "linking_consent",
            "Signed for another use.",
        ),
        ("other_number", {"number": 2}, "linking_sealing", "Another number than was signed."),
        ("other_day", {"day": 20_001}, "linking_sealing", "Another day than was signed."),
        (
            "other_public",
            {"public": xwing_public(bytes(32))},
            "linking_sealing",
            "The server's own sealing key.",
        ),
        ("sealing_unsigned", {"signature": bytes(64)}, "linking_sealing", "Unsigned."),
        (
            "sealing_by_another",
            {"signature": signed_by(stranger.seed, "sealing", b"")},
            "linking_sealing",
            "Another's.",
        ),
    ):
        v.refusal("check_request", f"check_{name}", why, right | lies, code)
    for name, device, history in (("active", PHONE, TWO), ("removed", LAPTOP, LEFT)):
        agreed = device.sign("consent", TWO.id + device.id)
        numbers = (1).to_bytes(4, "big") + (20_000).to_bytes(4, "big")
        signature = device.sign("sealing", TWO.id + device.id + numbers + SEALING)
        lies = {"device": device.id, "key": device.key, "consent": agreed, "signature": signature}
        case = right | lies | {"statements": [one.hex() for one in history.said]}
        why = "It was in this chain before."
        v.refusal("check_request", f"check_{name}", why, case, "linking_device")
    elsewhere = right | {"statements": [one.hex() for one in FIRST.said]}
    v.success("check_request", "check_earlier", "The chain as it was before.", elsewhere, {})


def answers(v: Vectors) -> None:
    under = {"root": ROOT, "account": ACCOUNT}
    registers = content_of(REGISTERS)
    whole = {
        "v": 1,
        "chain": TWO.id,
        "sequence": 1,
        "head": TWO.head,
        "pins": None,
        "registers": registers,
    }
    pinned = {"v": 1, "contacts": []}

    def sealed(plaintext: bytes, **lies: Any) -> bytes:
        return to_old(plaintext, **{"key": TO_NEW, "way": b"\x02"} | lies)

    def of(**lies: Any) -> bytes:
        told = content_of({key: one for key, one in (whole | lies).items() if one is not ...})
        return padded(canonical(told))

    out = {key: one for key, one in whole.items() if key != "v"}
    for name, lies in (
        ("", {}),
        ("_pins", {"pins": pinned}),
        ("_more_registers", {"registers": registers | {"a": [1]}}),
    ):
        given = {**under, "random": NONCE, **out, **lies}
        text = sealed(of(**lies))
        v.success(
            "seal_answer",
            f"seal_answer{name}",
            "Sealed for the new device.",
            given,
            {"sealed": text},
        )
        v.success(
            "open_answer",
            f"answer{name}",
            "With the same words.",
            {**under, "sealed": text},
            out | lies,
        )
    large = {**under, "random": NONCE, **out, "pins": {"x": "y" * 60_000}}
    v.refusal("seal_answer", "seal_answer_large", "More than 49,152 bytes.", large, "linking_form")
    right = sealed(of())
    other = drawn("accounts/link/other", 32)
    for name, case, why in (
        ("other_words", {"root": other}, "Other words."),
        ("other_account", {"account": other[:16]}, "Another account."),
        ("other_locator", {"sealed": sealed(of(), locator=other)}, "From another locator."),
        ("other_way", {"sealed": sealed(of(), way=b"\x01")}, "Made for the other direction."),
        ("request", {"sealed": to_old(of())}, "A request in its place."),
        ("bit", {"sealed": flipped(right, 99)}, "One bit."),
        ("cut", {"sealed": right[:-1]}, "A byte is missing."),
        ("nothing", {"sealed": b""}, "No bytes."),
        ("large", {"sealed": bytes(49_153)}, "More than 49,152 bytes."),
    ):
        v.refusal(
            "open_answer", f"answer_{name}", why, {**under, "sealed": right} | case, "linking_box"
        )
    for name, lies, why in (
        ("version", {"v": 2}, "A later version."),
        ("more", {"more": 1}, "An unknown key."),
        ("no_pins", {"pins": ...}, "A key is missing."),
        ("pins_list", {"pins": []}, "Neither null nor an object."),
        ("registers_list", {"registers": []}, "No object."),
        (
            "no_names_key",
            {"registers": {"recovery_seal": registers["recovery_seal"]}},
            "A register is missing.",
        ),
        (
            "no_recovery_seal",
            {"registers": {"names_key": registers["names_key"]}},
            "A register is missing.",
        ),
        ("names_key_short", {"registers": registers | {"names_key": "AAAA"}}, "3 bytes."),
        ("recovery_seal_short", {"registers": registers | {"recovery_seal": "AAAA"}}, "3 bytes."),
        ("chain_short", {"chain": bytes(31)}, "31 bytes."),
        ("head_text", {"head": "head"}, "No bytes."),
        ("sequence_large", {"sequence": 2**32}, "Beyond 32 bits."),
        ("sequence_text", {"sequence": "1"}, "No number."),
    ):
        case = {**under, "sealed": sealed(of(**lies))}
        v.refusal("open_answer", f"answer_{name}", why, case, "linking_form")


def names(v: Vectors) -> None:
    def plain(written: bytes, length: int | None = None, size: int = 81) -> bytes:
        told = len(written) if length is None else length
        return (bytes([told]) + written).ljust(size, b"\0")

    def sealed(plaintext: bytes, key: bytes = NAMES_KEY, device: bytes = TABLET.id) -> bytes:
        return gcm(key, NONCE, plaintext, labelled("account/device-name", device))

    under = {"names_key": NAMES_KEY, "device": TABLET.id}
    for name, text in (
        ("short", "A"),
        ("usual", "Firefox, Linux"),
        ("arabic", "هاتف"),
        ("longest", "x" * 64),
    ):
        box = sealed(plain(text.encode()))
        why = "109 bytes, whatever the name."
        v.success(
            "seal_device_name",
            f"seal_name_{name}",
            why,
            {**under, "name": text, "random": NONCE},
            {"sealed": box},
        )
        v.success(
            "open_device_name",
            f"name_{name}",
            "As it was sealed.",
            {**under, "sealed": box},
            {"name": text},
        )
    for name, text, why in (
        ("empty", "", "No name."),
        ("long", "x" * 65, "More than 64 bytes."),
        ("newline", "a\nb", "Not what a name has."),
        ("spaces", " a", "A space at its end."),
    ):
        v.refusal(
            "seal_device_name",
            f"seal_name_{name}",
            why,
            {**under, "name": text, "random": NONCE},
            "device_name",
        )
        box = sealed(plain(text.encode()))
        v.refusal("open_device_name", f"name_{name}", why, {**under, "sealed": box}, "device_name")
    right = sealed(plain(b"Phone"))
    for name, case, why in (
        ("other_key", {"names_key": bytes(32)}, "Another account's."),
        ("other_device", {"device": PHONE.id}, "Another device's: names exchanged by the server."),
        ("bit", {"sealed": flipped(right, 20)}, "One bit."),
        ("cut", {"sealed": right[:-1]}, "108 bytes."),
        ("larger", {"sealed": sealed(plain(b"Phone", size=82))}, "110 bytes."),
        ("not_zeros", {"sealed": sealed(plain(b"Phone")[:-1] + b"x")}, "Something behind it."),
        ("length", {"sealed": sealed(plain(b"Phone", length=4))}, "Cut by its length."),
        ("length_large", {"sealed": sealed(plain(b"Phone", length=81))}, "Longer than it is."),
        ("not_utf8", {"sealed": sealed(plain(b"\xff\xfe"))}, "No text."),
        ("nothing", {"sealed": b""}, "No bytes."),
    ):
        v.refusal(
            "open_device_name",
            f"name_{name}",
            why,
            {**under, "sealed": right} | case,
            "device_name",
        )
