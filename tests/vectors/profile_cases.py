"""Profiles: docs/protocol.md, 7.5."""

from maker import Vectors, compact, drawn, flipped, padded_profile, profile_ad, sealed

KEY = drawn("profile/key", 32)
ROOM = drawn("profile/room", 32)
MEMBER = drawn("profile/member", 16)
NONCE = drawn("profile/nonce", 12)
AD = profile_ad(ROOM, MEMBER)
OURS = {"profile_key": KEY, "room_nonce": ROOM, "member": MEMBER}
ADA = {"name": "Ada", "colour": 3}


def box(data: bytes, *, key: bytes = KEY, ad: bytes = AD, version: int = 1) -> bytes:
    """A profile whose tag is right, whatever it holds."""
    return sealed(key, NONCE, padded_profile(data), ad, version)


def make() -> Vectors:
    v = Vectors("profile", "The sealed name and colour of a member: docs/protocol.md, 7.5")
    takes = {"profile_key": "hex", "room_nonce": "hex", "member": "hex"}
    v.operation("open_profile", {**takes, "profile": "hex"}, {"name": "text", "colour": "integer"})
    v.operation(
        "seal_profile",
        {**takes, "name": "text", "colour": "integer", "nonce": "hex"},
        {"profile": "hex"},
    )
    good(v)
    sealed_wrongly(v)
    padded_wrongly(v)
    wrong_json(v)
    return v


def good(v: Vectors) -> None:
    for name, values, why in (
        ("plain", ADA, "A name and a colour."),
        ("shortest", {"name": "A", "colour": 0}, "One byte is enough."),
        ("name_of_64_bytes", {"name": "x" * 64, "colour": 11}, "The longest name."),
        ("name_of_16_emoji", {"name": "\U0001f600" * 16, "colour": 1}, "64 bytes in UTF-8."),
        ("name_of_64_quotes", {"name": '"' * 64, "colour": 11}, "The longest JSON."),
        ("space_inside", {"name": "Ada L", "colour": 3}, "Only the ends matter."),
        ("not_normalised", {"name": "e\u0301", "colour": 3}, "No normalisation takes place."),
    ):
        data = box(compact(values))
        v.success("open_profile", f"open_{name}", why, {**OURS, "profile": data}, values)
        given = {**OURS, **values, "nonce": NONCE}
        v.success("seal_profile", f"seal_{name}", why, given, {"profile": data})
    for name, text, values, why in (
        ("unknown_key", '{"name":"Ada","colour":3,"x":[]}', ADA, "Unknown keys are ignored."),
        ("key_twice", '{"name":"Eve","colour":3,"name":"Ada"}', ADA, "The last one counts."),
        ("white_space", '{ "name": "Ada",\n"colour": 3 }', ADA, "JSON may be spaced."),
        ("colour_with_fraction", '{"name":"Ada","colour":3.0}', ADA, "3.0 is 3."),
        ("escaped_name", '{"name":"\\u0041da","colour":3}', ADA, "The name counts, not its JSON."),
    ):
        given = {**OURS, "profile": box(text.encode())}
        v.success("open_profile", f"open_{name}", why, given, values)
    filled = b'{"name":"Ada","colour":3}'
    full = filled + b" " * (225 - len(filled))
    given = {**OURS, "profile": box(full)}
    v.success("open_profile", "open_without_padding", "JSON fills it exactly.", given, ADA)
    for name, text, colour, why in (
        ("empty", "", 3, "One byte at least."),
        ("65_bytes", "x" * 65, 3, "64 bytes at most."),
        ("17_emoji", "\U0001f600" * 17, 3, "68 bytes, though 34 UTF-16 units."),
        ("leading_space", " Ada", 3, "Nothing is trimmed silently."),
        ("trailing_space", "Ada ", 3, "Nothing is trimmed silently."),
        ("newline", "A\nB", 3, "A control character."),
        ("zero_width_space", "A\u200bda", 3, "Names could look alike."),
        ("lone_surrogate", "A\ud800", 3, "Half a character."),
        ("colour_12", "Ada", 12, "Eleven is the last colour."),
        ("colour_negative", "Ada", -1, "Zero is the first colour."),
    ):
        given = {**OURS, "name": text, "colour": colour, "nonce": NONCE}
        v.refusal("seal_profile", f"seal_{name}", why, given, "profile_json")


def sealed_wrongly(v: Vectors) -> None:
    right = box(compact(ADA))
    other_room = profile_ad(drawn("profile/other room", 32), MEMBER)
    message_label = b"ephemeral/v1/message" + ROOM + MEMBER

    def refused(name: str, why: str, data: bytes, refusal: str, **change: bytes) -> None:
        given = {**OURS, **change, "profile": data}
        v.refusal("open_profile", f"open_{name}", why, given, refusal)

    for name, data, why in (
        ("nothing", b"", "256 bytes."),
        ("255_bytes", right[:-1], "256 bytes."),
        ("257_bytes", right + b"\0", "Nothing is cut off."),
        ("512_bytes", right + bytes(256), "The size of an envelope, not of a profile."),
    ):
        refused(name, why, data, "profile_length")
    short = bytes([2]) + right[1:-1]
    refused("255_bytes_of_version_2", "The length comes first.", short, "profile_length")
    refused("version_0", "Its tag is right.", box(compact(ADA), version=0), "profile_version")
    refused("version_2", "Its tag is right.", box(compact(ADA), version=2), "profile_version")
    both = flipped(box(compact(ADA), version=2), -1)
    refused("version_2_without_tag", "The version comes first.", both, "profile_version")
    for name, data, why in (
        ("tag_last_bit", flipped(right, -1), "Every bit counts."),
        ("tag_first_bit", flipped(right, -16, 7), "Every bit counts."),
        ("ciphertext_bit", flipped(right, 40), "Every bit counts."),
        ("nonce_bit", flipped(right, 1), "Every bit counts."),
        ("zeros", b"\x01" + bytes(255), "Nobody has sealed it."),
        ("ad_of_another_room", box(compact(ADA), ad=other_room), "The room is bound."),
        ("ad_of_a_message", box(compact(ADA), ad=message_label), "The label is bound."),
        ("ad_without_label", box(compact(ADA), ad=ROOM + MEMBER), "The label is bound."),
        ("ad_without_member", box(compact(ADA), ad=AD[:-16]), "The member is bound."),
        ("ad_empty", box(compact(ADA), ad=b""), "Everything is bound."),
    ):
        refused(name, why, data, "profile_open")
    other = drawn("profile/other", 32)
    refused("by_another_key", "Another code.", box(compact(ADA), key=other), "profile_open")
    moved = drawn("profile/other member", 16)
    refused("moved_to_another_member", "The server swaps two names.", right, "profile_open",
            member=moved)  # fmt: skip
    refused("moved_to_another_room", "A profile of an earlier room.", right, "profile_open",
            room_nonce=drawn("profile/other room", 32))  # fmt: skip
    refused("member_of_17_bytes", "A member id has 16 bytes, even with a right tag.",
            box(compact(ADA), ad=AD + b"\0"), "malformed", member=MEMBER + b"\0")  # fmt: skip


def padded_wrongly(v: Vectors) -> None:
    data = compact(ADA)
    for name, padded, why in (
        ("padding_first_byte", padded_profile(data, fill=b"\1"), "Zero bytes."),
        ("padding_space", padded_profile(data, fill=b" "), "Zero bytes, though JSON ignores it."),
        ("padding_last_byte", padded_profile(data)[:-1] + b"\1", "To the very end."),
        ("padding_80", padded_profile(data, fill=b"\x80"), "Another padding scheme."),
        ("length_one_short", padded_profile(data, length=len(data) - 1), "The rest isn't zero."),
        ("length_zero", padded_profile(data, length=0), "The rest isn't zero."),
        ("length_226", padded_profile(data, length=226), "Past the end by one."),
        ("length_65535", padded_profile(data, length=65_535), "Past the end."),
        ("length_little_endian", padded_profile(data, length=len(data) << 8), "Big-endian."),
        ("padding_and_json", padded_profile(b"{", fill=b"\1"), "Padding is checked before JSON."),
    ):
        profile = sealed(KEY, NONCE, padded, AD)
        given = {**OURS, "profile": profile}
        v.refusal("open_profile", f"open_{name}", why, given, "profile_padding")


def wrong_json(v: Vectors) -> None:
    for name, text, why in (
        ("json_empty", "", "Nothing."),
        ("json_cut_short", '{"name":"Ada","colour":3', "Not JSON."),
        ("json_with_mark", '\ufeff{"name":"Ada","colour":3}', "No byte order mark."),
        ("json_nan", '{"name":"Ada","colour":3,"x":NaN}', "Strict even in unknown keys."),
        ("json_lone_surrogate", '{"name":"\\ud800","colour":3}', "Half a character."),
        ("json_array", '["Ada",3]', "An object."),
        ("json_string", '"Ada"', "An object."),
        ("json_null", "null", "An object."),
        ("name_missing", '{"colour":3}', "A profile has a name."),
        ("name_null", '{"name":null,"colour":3}', "A string."),
        ("name_number", '{"name":7,"colour":3}', "A string."),
        ("name_array", '{"name":["Ada"],"colour":3}', "A string."),
        ("name_empty", '{"name":"","colour":3}', "One byte at least."),
        ("name_of_65_bytes", f'{{"name":"{"x" * 65}","colour":3}}', "64 bytes at most."),
        ("name_of_33_letters_of_two_bytes", f'{{"name":"{"é" * 33}","colour":3}}', "66 bytes."),
        ("name_of_17_emoji", f'{{"name":"{chr(0x1F600) * 17}","colour":3}}', "68 bytes."),
        ("name_with_zero", '{"name":"A\\u0000","colour":3}', "A control character."),
        ("name_with_newline", '{"name":"A\\nB","colour":3}', "A control character."),
        ("name_with_escape", '{"name":"A\\u001b[31m","colour":3}', "It would steer a terminal."),
        ("name_with_unit_separator", '{"name":"A\\u001fB","colour":3}', "The last below space."),
        ("name_with_delete", '{"name":"A\x7fB","colour":3}', "A control character."),
        ("name_with_next_line", '{"name":"A\u0085B","colour":3}', "A control character."),
        ("name_with_last_control", '{"name":"A\u009fB","colour":3}', "A control character."),
        ("name_leading_space", '{"name":" Ada","colour":3}', "Names could look alike."),
        ("name_trailing_space", '{"name":"Ada ","colour":3}', "Names could look alike."),
        ("name_no_break_space", '{"name":"Ada\u00a0","colour":3}', "Names could look alike."),
        ("name_zero_width_space", '{"name":"A\\u200bda","colour":3}', "Names could look alike."),
        ("name_only_space", '{"name":" ","colour":3}', "Names could look alike."),
        ("name_twice_last_bad", '{"name":"Ada","colour":3,"name":""}', "The last one counts."),
        ("colour_missing", '{"name":"Ada"}', "A profile has a colour."),
        ("colour_null", '{"name":"Ada","colour":null}', "An integer."),
        ("colour_true", '{"name":"Ada","colour":true}', "True is not 1."),
        ("colour_string", '{"name":"Ada","colour":"3"}', "An integer."),
        ("colour_12", '{"name":"Ada","colour":12}', "Eleven is the last."),
        ("colour_negative", '{"name":"Ada","colour":-1}', "Zero is the first."),
        ("colour_fraction", '{"name":"Ada","colour":3.5}', "An integer."),
    ):
        given = {**OURS, "profile": box(text.encode())}
        v.refusal("open_profile", f"open_{name}", why, given, "profile_json")
    given = {**OURS, "profile": box(b'{"name":"\xe9","colour":3}')}
    v.refusal("open_profile", "open_json_latin_1", "Not UTF-8.", given, "profile_json")
