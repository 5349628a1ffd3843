"""Addresses and passwords, and the proofs of a device: docs/accounts.md, sections 3, 4 and 9."""

from typing import Any

from account_maker import Person, derived, labelled, sha, signed_by, stretched
from maker import Vectors, b64, drawn, flipped

SALT = drawn("accounts/salt", 32)
OTHER_SALT = drawn("accounts/other salt", 32)
ADDRESS = "anna_9.00417"


def make() -> Vectors:
    v = Vectors("accounts_sign_in", "Addresses, passwords, proofs: docs/accounts.md, 3, 4 and 9")
    v.operation("read_address", {"text": "text"}, {"address": "text"})
    v.operation("is_address", {"text": "text"}, {"address": "json"})
    v.operation("new_address", {"name": "text", "random": "hex"}, {"address": "text"})
    v.operation("account_salt", {"deployment_salt": "hex", "address": "text"}, {"salt": "hex"})
    v.operation("normalized", {"password": "text"}, {"bytes": "hex"})
    v.operation(
        "derive_auth_key",
        {"password": "text", "deployment_salt": "hex", "address": "text"},
        {"master": "hex", "auth_key": "hex"},
    )
    v.operation("audience", {"deployment_salt": "hex"}, {"audience": "text"})
    asked = {"audience": "text", "method": "text", "path": "text", "token": "text"}
    v.operation("make_proof", {"seed": "hex", **asked, "time": "integer"}, {"header": "text"})
    v.operation("check_proof", {"public": "hex", **asked, "header": "text"}, {"time": "integer"})
    addresses(v)
    new_addresses(v)
    passwords(v)
    proofs(v)
    return v


def addresses(v: Vectors) -> None:
    for name, text, why in (
        ("plain", ADDRESS, "As it goes over the wire."),
        ("short", "abc.00000", "A name of three."),
        ("twenty", "abcdefghij_123456789.99999", "A name of twenty."),
        ("digits", "123.45678", "A name of digits."),
        ("underscores", "___.12345", "A name of nothing else."),
    ):
        v.success("read_address", f"address_{name}", why, {"text": text}, {"address": text})
        v.success("is_address", f"is_address_{name}", why, {"text": text}, {"address": True})
    for name, text, why in (
        ("capitals", "Anna_9.00417", "A keyboard's first capital."),
        ("spaces", "  anna_9.00417 \t\n", "Copied with what stood around it."),
        ("no_break_space", "\u00a0anna_9.00417", "White space of another kind."),
        ("full_width", "\uff41nna_9\uff0e00417", "Full width."),
        ("zero_width", "anna_9\u200b.00417", "Seen by nobody."),
        ("soft_hyphen", "an\u00adna_9.00417", "Seen by nobody."),
        ("byte_order_mark", "\ufeffanna_9.00417", "Copied from a file."),
        ("escaped", "anna%5F9%2E00417", "By software that builds addresses."),
    ):
        v.success("read_address", f"address_{name}", why, {"text": text}, {"address": ADDRESS})
        v.success(
            "is_address",
            f"is_address_{name}",
            "Not over the wire.",
            {"text": text},
            {"address": False},
        )
    for name, text, why in (
        ("empty", "", "Nothing."),
        ("name_alone", "anna_9", "No digits."),
        ("digits_alone", ".00417", "No name."),
        ("name_of_2", "an.00417", "Too short."),
        ("name_of_21", "abcdefghij_1234567890.00417", "Too long."),
        ("four_digits", "anna_9.0417", "Too few."),
        ("six_digits", "anna_9.000417", "Too many."),
        ("letter_in_digits", "anna_9.0041a", "Digits are digits."),
        ("arabic_digits", "anna_9.\u0660\u0660\u0664\u0661\u0667", "Other digits."),
        ("hyphen", "anna-9.00417", "A sign that no name has."),
        ("umlaut", "\u00e4nna.00417", "A letter that no name has."),
        ("kelvin", "anna\u212a.00417", "No letter but a to z has a capital here."),
        ("dotless_i", "ann\u0131.00417", "No letter of a to z."),
        ("two_dots", "anna.9.00417", "A second dot."),
        ("space_within", "anna 9.00417", "Spaces stand around only."),
        ("line_within", "anna_9.00417\nx", "Something behind it."),
        ("mail", "anna_9.00417@example.org", "No mail."),
        ("at", "@anna_9.00417", "As elsewhere."),
        ("long", " " * 250 + ADDRESS, "More than 256 bytes."),
        ("surrogate", "anna\ud800.00417", "Half a character."),
    ):
        v.refusal("read_address", f"address_{name}", why, {"text": text}, "address_form")
    for other in ("anna_9.00417\n", "ANNA_9.00417", " anna_9.00417", ""):
        name = f"is_no_address_{len(other)}_{other[:1].strip() or 'space'}"
        v.success("is_address", name, "Not in its one form.", {"text": other}, {"address": False})
    salt = sha(labelled("account", SALT, ADDRESS.encode()))[:16]
    given = {"deployment_salt": SALT, "address": ADDRESS}
    v.success("account_salt", "salt", "Of deployment and address.", given, {"salt": salt})


def new_addresses(v: Vectors) -> None:
    for name, drawn_bytes, digits, why in (
        ("zero", bytes(3), "00000", "Leading zeros stay."),
        ("one", b"\x00\x00\x01", "00001", "The lowest byte is the last."),
        ("low", b"\x01\x86\x9f", "99999", "99,999."),
        ("again", b"\x01\x86\xa0", "00000", "100,000 begins anew."),
        ("last", (16_699_999).to_bytes(3, "big"), "99999", "The last that counts."),
        (
            "drawn_again",
            (16_700_000).to_bytes(3, "big") + b"\x00\x00\x07",
            "00007",
            "The first that would favour low numbers.",
        ),
        ("drawn_thrice", b"\xff" * 6 + b"\x00\x30\x39", "12345", "As often as it takes."),
    ):
        given = {"name": "anna", "random": drawn_bytes}
        v.success("new_address", f"new_{name}", why, given, {"address": f"anna.{digits}"})
    given = {"name": " Anna\u00a0", "random": b"\x00\x30\x39"}
    v.success(
        "new_address", "new_cleaned", "Read as an address is.", given, {"address": "anna.12345"}
    )
    for name, text, why in (
        ("short", "an", "Too short."),
        ("long", "a" * 21, "Too long."),
        ("dot", "an.na", "No dot."),
        ("address", ADDRESS, "Only the name is chosen."),
        ("empty", "", "Nothing."),
        ("umlaut", "\u00e4nna", "A letter that no name has."),
        ("endless", "a" * 300, "More than 256 bytes."),
    ):
        given = {"name": text, "random": b""}
        v.refusal("new_address", f"new_{name}", why, given, "address_form")


def passwords(v: Vectors) -> None:
    composed = "pa\u00dfw\u00f6rter \u1e69"
    for name, text, out, why in (
        ("plain", "correct horse", "correct horse", "As it is."),
        ("ten", "0123456789", "0123456789", "The fewest."),
        ("most", "x" * 256, "x" * 256, "The most."),
        ("spaces", "          ", "          ", "Nothing is trimmed."),
        ("composed", "pa\u00dfwo\u0308rter s\u0307\u0323", composed, "NFC."),
        ("composed_before", composed, composed, "The same from another keyboard."),
        ("angstrom", "\u212b" * 10, "\u00c5" * 10, "One sign that has two."),
        ("compatible", "\ufb01" * 10, "\ufb01" * 10, "What only looks alike stays."),
        ("emoji", "\U0001f600" * 256, "\U0001f600" * 256, "256 code points, 1,024 bytes."),
        ("hangul", "\u1112\u1161\u11ab" * 10, "\ud55c" * 10, "Ten when composed."),
        ("excluded", "\u0958" * 10, "\u0915\u093c" * 10, "What NFC takes apart."),
        ("composed_to_256", "a\u0308" * 256, "\u00e4" * 256, "512 before."),
        ("zero", "\0" * 10, "\0" * 10, "Zeros are characters."),
    ):
        v.success(
            "normalized", f"password_{name}", why, {"password": text}, {"bytes": out.encode()}
        )
    for name, text, code, why in (
        ("empty", "", "password_length", "Nothing."),
        ("nine", "012345678", "password_length", "Too short."),
        ("nine_composed", "o\u0308" * 9, "password_length", "18 before NFC, nine after."),
        ("too_many", "x" * 257, "password_length", "Too long."),
        ("excluded_too_many", "\u0958" * 129, "password_length", "129 before NFC, 258 after."),
        ("bytes", "\U0001f600" * 255 + "\u1e69" * 2, "password_length", "257 code points."),
        ("three_bytes", "\u20ac" * 342, "password_length", "More than 1,024 bytes, and 256."),
        ("surrogate", "0123456789\ud800", "malformed", "Half a character."),
        ("surrogates_turned", "0123456789\udc00\ud800", "malformed", "In the wrong order."),
    ):
        v.refusal("normalized", f"password_{name}", why, {"password": text}, code)
    for name, password, salt, address, why in (
        ("plain", "correct horse", SALT, ADDRESS, "Argon2id, then HKDF."),
        ("other_address", "correct horse", SALT, "anna_9.00418", "Another account."),
        ("other_deployment", "correct horse", OTHER_SALT, ADDRESS, "Another server."),
        ("unicode", "pa\u00dfwo\u0308rter s\u0307\u0323", SALT, ADDRESS, "NFC first."),
    ):
        written = composed if name == "unicode" else password
        its = sha(labelled("account", salt, address.encode()))[:16]
        master = stretched(written.encode(), its)
        given = {"password": password, "deployment_salt": salt, "address": address}
        out = {"master": master, "auth_key": derived(master, "auth")}
        v.success("derive_auth_key", f"auth_key_{name}", why, given, out)
    given = {"password": "012345678", "deployment_salt": SALT, "address": ADDRESS}
    why = "Refused before anything is derived."
    v.refusal("derive_auth_key", "auth_key_short", why, given, "password_length")


def proofs(v: Vectors) -> None:
    device, other = Person("proofs/device"), Person("proofs/other")
    names = {}
    for name, salt in (("audience", SALT), ("audience_other", OTHER_SALT)):
        names[name] = b64(sha(labelled("audience", salt))[:16])
        why = "What a deployment is called."
        v.success("audience", name, why, {"deployment_salt": salt}, {"audience": names[name]})
    asked = {
        "audience": names["audience"],
        "method": "POST",
        "path": "/base/devices/me/share",
        "token": "an.access.token",
    }
    time = 1_790_000_000_000

    def header(seed: bytes = device.seed, label: str = "proof", at: int = time, **lies: str) -> str:
        told = asked | lies
        named = "\0".join((told["audience"], told["method"], told["path"], "")).encode()
        data = named + sha(told["token"].encode()) + at.to_bytes(8, "big")
        return f"{at}.{b64(signed_by(seed, label, data))}"

    for name, lies, why in (
        ("plain", {}, "One request."),
        ("no_token", {"token": ""}, "A login has none."),
        ("address", {"path": "/auth/recover/begin", "token": ADDRESS}, "Of recovery, the address."),
        ("escaped", {"path": "/a%2Fb/%C3%A4"}, "The path as it was requested."),
    ):
        given: dict[str, Any] = asked | lies
        out = {"header": header(**lies)}
        v.success(
            "make_proof", f"make_{name}", why, {"seed": device.seed, **given, "time": time}, out
        )
        v.success(
            "check_proof",
            f"check_{name}",
            why,
            {"public": device.key, **given, **out},
            {"time": time},
        )
    for name, at in (("zero", 0), ("most", 2**53 - 1)):
        given = {"public": device.key, **asked, "header": header(at=at)}
        v.success(
            "check_proof",
            f"check_time_{name}",
            "The clock is looked at later.",
            given,
            {"time": at},
        )
    right = header()
    signature = right.partition(".")[2]
    last = signature[:-1] + (
        "B"
        if signature[-1] == "A"
        else "h"
        if signature[-1] == "g"
        else "x"
        if signature[-1] == "w"
        else "R"
    )
    for name, text, why in (
        ("other_audience", header(audience=names["audience_other"]), "For another server."),
        ("other_method", header(method="GET"), "For another method."),
        ("other_path", header(path="/base/devices/me/pins"), "For another path."),
        ("other_base", header(path="/devices/me/share"), "Without the base path."),
        ("with_query", header(path=asked["path"] + "?a=1"), "The query isn't signed."),
        ("other_token", header(token="another.access.token"), "For another token."),
        ("no_token", header(token=""), "For no token."),
        ("other_time", f"{time + 1}.{signature}", "Another time than was signed."),
        ("other_device", header(seed=other.seed), "By another device."),
        ("as_chain", header(label="chain"), "Signed for another use."),
        ("moved", header(method="POST\0/base", path="/devices/me/share"), "Parts moved."),
        ("bit", f"{time}.{b64(flipped(signed_by(device.seed, 'proof', b''), 3))}", "Anything."),
        ("empty", "", "Nothing."),
        ("no_time", f".{signature}", "No time."),
        ("no_signature", f"{time}.", "No signature."),
        ("no_dot", f"{time}{signature}", "No dot."),
        ("leading_zero", f"0{right}", "A number in one form only."),
        ("sign", f"+{right}", "No sign."),
        ("negative", f"-{right}", "No sign."),
        ("space", f" {right}", "No space."),
        ("space_behind", f"{right} ", "No space."),
        ("line_behind", f"{right}\n", "No line."),
        ("padded", f"{right}==", "No padding."),
        ("unused_bits", f"{time}.{last}", "Base64url has one form."),
        ("large", f"9007199254740992.{signature}", "Beyond 2^53 - 1."),
        ("seventeen_digits", f"17900000000000000.{signature}", "Beyond 2^53 - 1."),
        ("arabic_digits", f"\u0661.{signature}", "Other digits."),
        ("fraction", f"1.5.{signature}", "No fraction."),
    ):
        given = {"public": device.key, **asked, "header": text}
        v.refusal("check_proof", f"wrong_{name}", why, given, "proof_wrong")
    anything = b64(b"\x01" + bytes(63))
    given = {"public": (1).to_bytes(32, "little"), **asked, "header": f"{time}.{anything}"}
    v.refusal(
        "check_proof", "check_identity", "A key for which anybody signs.", given, "proof_wrong"
    )
