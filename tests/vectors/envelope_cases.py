"""Messages, sealed and opened: docs/protocol.md, 8.1 to 8.5."""

import hashlib
from typing import Any

from maker import Vectors, compact, drawn, flipped, message_ad, plaintext_of, sealed

KEY = drawn("envelope/key", 32)
ROOM = drawn("envelope/room", 32)
AUTHOR = drawn("envelope/author", 16)
ID = drawn("envelope/id", 16)
NONCE = drawn("envelope/nonce", 12)
VIEWING = drawn("envelope/viewing", 32)
AD = message_ad(ROOM, AUTHOR, ID)
OURS = {"message_key": KEY, "room_nonce": ROOM, "author": AUTHOR, "id": ID}
HELLO = {"type": "text", "text": "hello"}
MOST = 65_536 - 29 - 45


def box(plaintext: bytes, *, key: bytes = KEY, ad: bytes = AD, version: int = 1) -> bytes:
    """An envelope whose tag is right, whatever it holds."""
    return sealed(key, NONCE, plaintext, ad, version)


def plain(content: bytes = compact(HELLO), **change: Any) -> bytes:
    return plaintext_of(content, viewing=VIEWING, **change)


def of_size(size: int) -> dict[str, str]:
    """A text whose JSON has exactly `size` bytes."""
    return {"type": "text", "text": "a" * (size - len(compact({"type": "text", "text": ""})))}


def make() -> Vectors:
    v = Vectors("envelope", "Messages, sealed and opened: docs/protocol.md, 8.1 to 8.5")
    takes = {"message_key": "hex", "room_nonce": "hex", "author": "hex", "id": "hex"}
    v.operation("viewing_hash", {"viewing": "hex"}, {"viewing_hash": "hex"})
    v.operation(
        "seal_message",
        {**takes, "viewing": "hex", "counter": "integer", "content": "json", "nonce": "hex"},
        {"size": "integer", "sha256": "hex"},
    )
    v.operation(
        "open_message",
        {**takes, "envelope": "hex"},
        {"viewing": "hex", "counter": "integer", "content": "json"},
    )
    # The content of a plaintext, by itself. Exactly one is given; `text` stands for its UTF-8.
    v.operation("read_content", {"text": "text?", "bytes": "hex?"}, {"content": "json"})
    for name, viewing in (("drawn", VIEWING), ("zeros", bytes(32))):
        out = {"viewing_hash": hashlib.sha256(viewing).digest()}
        why = "SHA-256, and nothing with it."
        v.success("viewing_hash", f"viewing_hash_{name}", why, {"viewing": viewing}, out)
    sealing(v)
    opening(v)
    not_ours(v)
    wrong_inside(v)
    contents(v)
    return v


def sealing(v: Vectors) -> None:
    def given(content: Any, counter: int = 1) -> dict[str, Any]:
        return {**OURS, "viewing": VIEWING, "counter": counter, "content": content, "nonce": NONCE}

    def sealed_as(name: str, why: str, content: Any, size: int, counter: int = 1) -> None:
        envelope = box(plain(compact(content), counter=counter))
        assert len(envelope) == size
        out = {"size": size, "sha256": hashlib.sha256(envelope).digest()}
        v.success("seal_message", f"seal_{name}", why, given(content, counter), out)

    sealed_as("text", "The usual message.", HELLO, 512)
    sealed_as("view", "With a wish.", HELLO | {"view": 30}, 512)
    sealed_as("unicode", "UTF-8, not escapes.", {"type": "text", "text": "\u00e9\U0001f600"}, 512)
    sealed_as("unknown_type", "Other types may come.", {"type": "x-wave", "to": [1, 2]}, 512)
    sealed_as("late_counter", "Eight bytes, big-endian.", HELLO, 512, 2**53 - 1)
    sealed_as("counter_beyond_32_bits", "Eight bytes, big-endian.", HELLO, 512, 2**32 + 1)
    for i in range(8):
        size = 512 << i
        room = size - 29 - 45
        sealed_as(f"fills_{size}", "Not one byte of padding.", of_size(room), size)
        if i < 7:
            sealed_as(f"just_beyond_{size}", "One byte more: the next class.", of_size(room + 1),
                      2 * size)  # fmt: skip
    for name, content, counter, refusal, why in (
        ("one_byte_too_much", of_size(MOST + 1), 1, "content_size", "65,462 bytes at most."),
        ("far_too_much", of_size(200_000), 1, "content_size", "65,462 bytes at most."),
        ("too_much_in_bytes_only", {"type": "text", "text": "\u20ac" * 30_000}, 1, "content_size",
         "Bytes count, not characters."),
        ("counter_zero", HELLO, 0, "plaintext_counter", "Counters begin with 1."),
        ("counter_2_to_53", HELLO, 2**53, "plaintext_counter", "The last one has been used."),
        ("no_object", ["text", "hello"], 1, "content_json", "No reader would accept it."),
        ("no_type", {"text": "hello"}, 1, "content_json", "No reader would accept it."),
        ("empty_text", {"type": "text", "text": ""}, 1, "content_field", "Nothing to say."),
        ("view_4", HELLO | {"view": 4}, 1, "content_field", "No reader would accept it."),
    ):  # fmt: skip
        v.refusal("seal_message", f"seal_{name}", why, given(content, counter), refusal)


def opening(v: Vectors) -> None:
    def opened(name: str, why: str, content: Any, plaintext: bytes, counter: int = 1) -> None:
        given = {**OURS, "envelope": box(plaintext)}
        out = {"viewing": VIEWING, "counter": counter, "content": content}
        v.success("open_message", f"open_{name}", why, given, out)

    opened("text", "The usual message.", HELLO, plain())
    opened("view", "With a wish.", HELLO | {"view": 30}, plain(compact(HELLO | {"view": 30})))
    opened("late_counter", "The largest.", HELLO, plain(counter=2**53 - 1), 2**53 - 1)
    opened("counter_beyond_32_bits", "More than a u32.", HELLO, plain(counter=2**32), 2**32)
    opened("fills_512", "Not one byte of padding.", of_size(438), plain(compact(of_size(438))))
    opened("just_beyond_512", "The next class.", of_size(439), plain(compact(of_size(439))))
    opened("fills_1024", "Not one byte of padding.", of_size(950), plain(compact(of_size(950))))
    opened("unknown_type", "Opened and acknowledged.", {"type": "x"}, plain(b'{"type":"x"}'))

    def refused(name: str, why: str, envelope: bytes, refusal: str) -> None:
        given = {**OURS, "envelope": envelope}
        v.refusal("open_message", f"open_{name}", why, given, refusal)

    right = box(plain())
    for name, envelope, why in (
        ("nothing", b"", "No class."),
        ("one_byte", b"\x01", "No class."),
        ("nonce_only", right[:13], "No class."),
        ("256_bytes", right[:256], "A power of two, but no class."),
        ("511_bytes", right[:511], "One byte short of a class."),
        ("513_bytes", right + b"\0", "Nothing is cut off."),
        ("768_bytes", right + bytes(256), "Between two classes."),
        ("65535_bytes", b"\x01" + bytes(65_534), "One byte short of the largest class."),
        ("65537_bytes", b"\x01" + bytes(65_536), "One byte more than the largest class."),
        ("131072_bytes", b"\x01" + bytes(131_071), "There is no ninth class."),
    ):
        refused(name, why, envelope, "envelope_size")
    refused("size_before_version", "The size comes first.", b"\x02" + right[1:-1], "envelope_size")
    for version in (0, 2, 255):
        envelope = box(plain(), version=version)
        refused(f"version_{version}", "Though its tag is right.", envelope, "envelope_version")
    both = flipped(box(plain(), version=2), -1)
    refused("version_before_tag", "The version comes first.", both, "envelope_version")


def not_ours(v: Vectors) -> None:
    right = box(plain())

    def refused(name: str, why: str, envelope: bytes, code: str = "envelope_open",
                **change: bytes) -> None:  # fmt: skip
        given = {**OURS, **change, "envelope": envelope}
        v.refusal("open_message", f"open_{name}", why, given, code)

    for name, envelope, why in (
        ("tag_last_bit", flipped(right, -1), "Every bit counts."),
        ("tag_first_bit", flipped(right, -16, 7), "Every bit counts."),
        ("nonce_first_bit", flipped(right, 1, 7), "Every bit counts."),
        ("nonce_last_bit", flipped(right, 12), "Every bit counts."),
        ("ciphertext_first_bit", flipped(right, 13, 7), "Every bit counts."),
        ("padding_bit", flipped(right, 490), "Padding is under the tag too."),
        ("tag_of_zeros", right[:-16] + bytes(16), "Nobody has sealed it."),
        ("all_zeros", b"\x01" + bytes(511), "Nobody has sealed it."),
        ("all_zeros_largest", b"\x01" + bytes(65_535), "Nobody has sealed it."),
        ("cut_to_a_smaller_class", box(plain(compact(of_size(900))))[:512], "No tag at its end."),
        ("by_another_key", box(plain(), key=drawn("envelope/other", 32)), "Another code."),
    ):
        refused(name, why, envelope)
    other = {name: drawn(f"envelope/other {name}", n) for name, n in
             (("room", 32), ("author", 16), ("id", 16))}  # fmt: skip
    refused("in_another_room", "An old envelope under a new room nonce, were the keys the same.",
            right, room_nonce=other["room"])  # fmt: skip
    refused("with_the_keys_of_another_room", "An old envelope in a room made again.", right,
            message_key=drawn("envelope/new key", 32), room_nonce=other["room"])  # fmt: skip
    refused("from_another_author", "The server names another author.", right,
            author=other["author"])  # fmt: skip
    refused("under_another_id", "The server delivers it a second time.", right, id=other["id"])
    refused("author_and_id_swapped", "Each has its place.", right, author=ID, id=AUTHOR)
    for name, ad, why in (
        ("ad_empty", b"", "Everything is bound."),
        ("ad_without_label", AD[20:], "The label is bound."),
        ("ad_of_a_profile", b"ephemeral/v1/profile" + AD[20:], "The label is bound."),
        ("ad_of_version_2", AD.replace(b"v1", b"v2"), "The label carries the version."),
        ("ad_without_room", AD[:20] + AUTHOR + ID, "The room is bound."),
        ("ad_without_author", AD[:52] + ID, "The author is bound."),
        ("ad_without_id", AD[:-16], "The id is bound."),
        ("ad_in_hexadecimal", b"ephemeral/v1/message" + AD[20:].hex().encode(), "Raw bytes."),
        ("ad_with_terminating_zero", b"ephemeral/v1/message\0" + AD[20:], "A label ends as is."),
    ):
        refused(name, why, box(plain(), ad=ad))
    why = "A byte has moved from one id into the other, under a right tag."
    refused("ids_of_15_and_17_bytes", why, right, "malformed",
            author=AUTHOR[:15], id=AUTHOR[15:] + ID)  # fmt: skip
    refused("ids_of_17_and_15_bytes", why, right, "malformed",
            author=AUTHOR + ID[:1], id=ID[1:])  # fmt: skip


def wrong_inside(v: Vectors) -> None:
    def refused(name: str, why: str, plaintext: bytes, refusal: str) -> None:
        given = {**OURS, "envelope": box(plaintext)}
        v.refusal("open_message", f"open_{name}", why, given, refusal)

    hello = compact(HELLO)
    n = len(hello)
    for name, plaintext, why in (
        ("plaintext_version_0", plain(version=0), "No such version."),
        ("plaintext_version_2", plain(version=2), "Not known yet."),
        ("plaintext_version_before_counter", plain(version=2, counter=0), "It comes first."),
    ):
        refused(name, why, plaintext, "plaintext_version")
    for name, plaintext, why in (
        ("counter_0", plain(counter=0), "Counters begin with 1."),
        ("counter_2_to_53", plain(counter=2**53), "JavaScript can't count on from here."),
        ("counter_most", plain(counter=2**64 - 1), "Not minus one either."),
        ("counter_before_length", plain(counter=0, length=10_000), "It comes first."),
    ):
        refused(name, why, plaintext, "plaintext_counter")
    for name, plaintext, why in (
        ("length_one_past_the_end", plain(length=439), "A byte of the tag."),
        ("length_beyond_signed", plain(length=2**31), "Unsigned, and far past the end."),
        ("length_most", plain(length=2**32 - 1), "Far past the end."),
        ("length_little_endian", plain(length=n << 24), "Big-endian."),
        ("class_too_large", plain(size=1024), "512 would have done."),
        ("class_much_too_large", plain(size=4096), "512 would have done."),
        ("class_too_large_by_a_byte", plain(compact(of_size(438)), size=1024), "512 just does."),
        ("class_too_large_padded_with_space", plain(hello, length=n, fill=b" " * 500),
         "What is written as padding makes no content."),
        ("length_before_padding", plain(length=439, fill=b"\1"), "The length comes first."),
    ):  # fmt: skip
        refused(name, why, plaintext, "plaintext_length")
    for name, plaintext, why in (
        ("padding_first_byte", plain(fill=b"\1"), "Zero bytes."),
        ("padding_last_byte", plain()[:-1] + b"\1", "To the very end."),
        ("padding_of_spaces", plain(fill=b" " * (438 - n)), "Zero bytes, though JSON ignores it."),
        ("padding_80", plain(fill=b"\x80"), "Another padding scheme."),
        ("length_one_short", plain(length=n - 1), "The rest isn't zero."),
        ("length_zero", plain(length=0), "The rest isn't zero."),
        ("padding_before_content", plain(b"{", fill=b"\1"), "Padding is checked before JSON."),
    ):
        refused(name, why, plaintext, "plaintext_padding")
    refused("no_content", "Nothing is not JSON.", plain(b""), "content_json")
    refused("content_with_a_zero", "Padding is not content.", plain(hello, length=n + 1),
            "content_json")  # fmt: skip
    refused("content_without_type", "An object with a type.", plain(b"{}"), "content_json")
    empty = compact({"type": "text", "text": ""})
    refused("content_of_empty_text", "Nothing to show.", plain(empty), "content_field")


def contents(v: Vectors) -> None:
    def text(value: str, **more: Any) -> dict[str, Any]:
        return {"type": "text", "text": value, **more}

    for name, source, content, why in (
        ("text", '{"type":"text","text":"a"}', text("a"), "One byte is enough."),
        ("other_order", '{"text":"a","type":"text"}', text("a"), "Objects have no order."),
        ("lines", '{"type":"text","text":"a\\n\\tb\\n"}', text("a\n\tb\n"), "Not trimmed."),
        ("only_space", '{"type":"text","text":" "}', text(" "), "Not trimmed."),
        ("controls", '{"type":"text","text":"\\u0000\\u001b[1m\\u0085"}', text("\0\x1b[1m\x85"),
         "Who shows a text makes it harmless."),
        ("mark_in_text", '{"type":"text","text":"\ufeffa"}', text("\ufeffa"), "Not stripped."),
        ("key_twice", '{"type":"text","text":"a","text":"b"}', text("b"), "The last one counts."),
        ("type_twice", '{"type":7,"text":"a","type":"text"}', text("a"), "The last one counts."),
        ("unknown_key", '{"type":"text","text":"a","x":{"y":null}}', text("a", x={"y": None}),
         "Unknown keys are ignored, and kept."),
        ("view_0", '{"type":"text","text":"a","view":0}', text("a", view=0), "Until closed."),
        ("view_5", '{"type":"text","text":"a","view":5}', text("a", view=5), "The shortest."),
        ("view_300", '{"type":"text","text":"a","view":300}', text("a", view=300), "The longest."),
        ("view_limit_5", '{"type":"text","text":"a","view_limit":5}', text("a", view_limit=5),
         "The shortest."),
        ("view_limit_600", '{"type":"text","text":"a","view":300,"view_limit":600}',
         text("a", view=300, view_limit=600), "The longest, beside a wish."),
        ("view_limit_below_view", '{"type":"text","text":"a","view":60,"view_limit":5}',
         text("a", view=60, view_limit=5), "A reader shows it for as long as its own rule says."),
        ("view_fraction", '{"type":"text","text":"a","view":30.0}', text("a", view=30), "30."),
        ("unknown_type", '{"type":"wave","text":7,"view":1}',
         {"type": "wave", "text": 7, "view": 1}, "The rules of text are those of text."),
        ("type_in_capitals", '{"type":"Text"}', {"type": "Text"}, "Another type."),
        ("type_empty", '{"type":""}', {"type": ""}, "A string, and no type that is known."),
        ("type_with_space", '{"type":"text "}', {"type": "text "}, "Another type."),
    ):  # fmt: skip
        v.success("read_content", f"content_{name}", why, {"text": source}, {"content": content})
    for name, source, why in (
        ("empty", "", "Nothing."),
        ("cut_short", '{"type":"text","text":"a"', "Not JSON."),
        ("something_after", '{"type":"text","text":"a"}x', "Not JSON."),
        ("with_mark", '\ufeff{"type":"text","text":"a"}', "No byte order mark."),
        ("nan", '{"type":"text","text":"a","x":NaN}', "Strict even in unknown keys."),
        ("too_deep", '{"type":"x","x":' + "[" * 16 + "]" * 16 + "}", "Strict in any type."),
        ("lone_surrogate", '{"type":"text","text":"\\ud800"}', "Half a character."),
        ("raw_newline", '{"type":"text","text":"a\nb"}', "Control characters are escaped."),
        ("array", '[{"type":"text","text":"a"}]', "An object."),
        ("string", '"text"', "An object."),
        ("number", "7", "An object."),
        ("null", "null", "An object."),
        ("no_type", '{"text":"a"}', "An object with a type."),
        ("type_null", '{"type":null,"text":"a"}', "A string."),
        ("type_number", '{"type":1,"text":"a"}', "A string."),
        ("type_array", '{"type":["text"],"text":"a"}', "A string."),
        ("type_twice_last_bad", '{"type":"text","text":"a","type":1}', "The last one counts."),
    ):
        v.refusal("read_content", f"content_{name}", why, {"text": source}, "content_json")
    latin = b'{"type":"text","text":"\xe9"}'
    v.refusal("read_content", "content_latin_1", "Not UTF-8.", {"bytes": latin}, "content_json")
    for name, source, why in (
        ("text_missing", '{"type":"text"}', "A text has a text."),
        ("text_null", '{"type":"text","text":null}', "A string."),
        ("text_number", '{"type":"text","text":7}', "A string."),
        ("text_array", '{"type":"text","text":["a"]}', "A string."),
        ("text_empty", '{"type":"text","text":""}', "One byte at least."),
        ("text_twice_last_empty", '{"type":"text","text":"a","text":""}', "The last one counts."),
        ("view_1", '{"type":"text","text":"a","view":1}', "Five at least."),
        ("view_4", '{"type":"text","text":"a","view":4}', "Five at least."),
        ("view_301", '{"type":"text","text":"a","view":301}', "300 at most."),
        ("view_limit_0", '{"type":"text","text":"a","view_limit":0}', "Five at least."),
        ("view_limit_4", '{"type":"text","text":"a","view_limit":4}', "Five at least."),
        ("view_limit_601", '{"type":"text","text":"a","view_limit":601}', "600 at most."),
        (
            "view_limit_null",
            '{"type":"text","text":"a","view_limit":null}',
            "Absent or an integer.",
        ),
        ("view_limit_true", '{"type":"text","text":"a","view_limit":true}', "An integer."),
        ("view_limit_string", '{"type":"text","text":"a","view_limit":"9"}', "An integer."),
        ("view_negative", '{"type":"text","text":"a","view":-5}', "No sign."),
        ("view_fraction_of_one", '{"type":"text","text":"a","view":30.5}', "An integer."),
        ("view_true", '{"type":"text","text":"a","view":true}', "An integer."),
        ("view_false", '{"type":"text","text":"a","view":false}', "Not zero."),
        ("view_null", '{"type":"text","text":"a","view":null}', "Absent or an integer."),
        ("view_string", '{"type":"text","text":"a","view":"30"}', "An integer."),
    ):
        v.refusal("read_content", f"content_{name}", why, {"text": source}, "content_field")
