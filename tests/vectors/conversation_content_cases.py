"""What messages say: docs/conversations.md, 6.2."""

from typing import Any

from account_maker import canonical
from conversation_people import ANNA, B1, BERT
from maker import Vectors, b64, drawn

OF = {"device": b64(B1.id), "id": b64(drawn("conversations/message/id", 16))}
WHO = [b64(ANNA.chain), b64(BERT.chain)]
PICTURE = b64(drawn("conversations/picture", 100))
FILE = {
    "file": b64(drawn("conversations/file", 16)),
    "key": b64(drawn("conversations/file/key", 32)),
    "padded": 4096,
    "info": b64(drawn("conversations/file/info", 32)),
}


def content(kind: str, at: int, body: dict[str, Any], v: int = 1) -> bytes:
    return canonical({"v": v, "kind": kind, "at": at, "body": body})


RIGHT: dict[str, dict[str, Any]] = {
    "text": {"text": "Grüße, 你好", "mentions": WHO},
    "reply": {"text": "Yes", "mentions": [], "of": OF, "quote": "Shall we?"},
    "edit": {"of": OF, "text": "Otherwise", "mentions": []},
    "delete": {"of": OF},
    "reaction": {"of": OF, "reaction": "👍"},
    "read": {"place": 17},
    "profile": {"name": "Bert", "picture": None},
    "card": {"name": "Friends", "picture": PICTURE},
    "sync": {"register": "alias", "key": WHO[0], "value": "A."},
    # Their bodies are docs/files.md, 9.
    "file": {"files": [FILE]},
    "digest": {"of": OF, "file": FILE["file"], "digest": FILE["info"]},
}


def make_contents(v: Vectors) -> None:
    rights(v)
    for name, kind, body, why in wrong_bodies():
        data = content(kind, 5, body)
        v.refusal("read_message_content", f"read_{name}", why, {"bytes": data}, "content_form")
        given = {"kind": kind, "at": 5, "body": body}
        v.refusal("write_content", f"write_{name}", why, given, "content_form")
    forms(v)


def rights(v: Vectors) -> None:
    cases = [(kind, kind, body, "Each kind has its keys.") for kind, body in RIGHT.items()]
    cases += [
        ("reaction_back", "reaction", {"of": OF, "reaction": None}, "It is taken back."),
        ("quote_empty", "reply", RIGHT["reply"] | {"quote": ""}, "Of a picture, say."),
        ("sync_removes", "sync", RIGHT["sync"] | {"value": None}, "Null removes."),
        ("sync_object", "sync", RIGHT["sync"] | {"value": {"a": [1, None]}}, "Any JSON."),
        ("sync_key_empty", "sync", RIGHT["sync"] | {"key": ""}, "A register of one value."),
        ("sync_other", "sync", RIGHT["sync"] | {"register": "later"}, "A newer device's."),
        ("mentions_most", "text", {"text": "x", "mentions": WHO[:1] * 50}, "50 of them."),
    ]
    for name, kind, body, why in cases:
        data = content(kind, 5, body)
        told = {"kind": kind, "at": 5, "body": body}
        v.success("write_content", f"write_{name}", why, told, {"bytes": data})
        v.success("read_message_content", f"read_{name}", why, {"bytes": data}, told)
    for kind in ("poll", "call", ""):
        data = content(kind, 5, {"whatever": 1})
        out: dict[str, Any] = {"kind": "unknown", "at": 5, "body": {}}
        why = "A kind that isn't known is a neutral line."
        v.success("read_message_content", f"read_unknown_{kind}", why, {"bytes": data}, out)
    given: dict[str, Any] = {"kind": "poll", "at": 5, "body": {}}
    why = "Nobody writes what they don't know."
    v.refusal("write_content", "write_unknown", why, given, "content_form")


def wrong_bodies() -> list[tuple[str, str, dict[str, Any], str]]:
    wrong = [
        (f"{kind}_more", kind, body | {"more": 1}, "A key too much.")
        for kind, body in RIGHT.items()
    ]
    wrong += [
        (f"{kind}_less_{key}", kind, {k: one for k, one in body.items() if k != key},
         "A key is missing.")
        for kind, body in RIGHT.items()
        for key in body
    ]  # fmt: skip
    changes: list[tuple[str, str, dict[str, Any], str]] = [
        ("empty", "text", {"text": ""}, "Nothing is said."),
        ("long", "text", {"text": "x" * 32_769}, "A byte too much."),
        ("long_bytes", "text", {"text": "ü" * 16_385}, "Bytes are counted, not characters."),
        ("number", "text", {"text": 1}, "No text."),
        ("mentions_many", "text", {"mentions": WHO[:1] * 51}, "51 of them."),
        ("mentions_short", "text", {"mentions": [WHO[0][:-1]]}, "No chain."),
        ("mentions_null", "text", {"mentions": None}, "No list."),
        ("quote_long", "reply", {"quote": "x" * 513}, "A byte too much."),
        ("of_null", "reply", {"of": None}, "Of nothing."),
        ("of_more", "edit", {"of": OF | {"conversation": "x"}}, "Of this conversation always."),
        ("of_short", "delete", {"of": OF | {"id": OF["id"][:-2]}}, "No id."),
        ("reaction_empty", "reaction", {"reaction": ""}, "Null takes it back."),
        ("reaction_long", "reaction", {"reaction": "x" * 65}, "A byte too much."),
        ("read_negative", "read", {"place": -1}, "No place."),
        ("read_text", "read", {"place": "17"}, "No number."),
        ("profile_no_name", "profile", {"name": ""}, "No name."),
        ("profile_name", "profile", {"name": " Bert"}, "No name in the sense of 7.5."),
        ("profile_picture_empty", "profile", {"picture": ""}, "Null, or a picture."),
        ("card_picture_long", "card", {"picture": b64(bytes(24_577))}, "A byte too much."),
        ("card_picture_form", "card", {"picture": "A"}, "Not base64url."),
        ("file_twice", "file", {"files": [FILE, FILE]}, "One file twice."),
        ("file_none", "file", {"files": []}, "No file."),
        ("digest_short", "digest", {"digest": FILE["info"][:-2]}, "31 bytes."),
        ("sync_no_register", "sync", {"register": ""}, "None."),
        ("sync_register_long", "sync", {"register": "x" * 33}, "A byte too much."),
        ("sync_key_long", "sync", {"key": "x" * 257}, "A byte too much."),
        ("sync_value_long", "sync", {"value": "x" * 8_191}, "With its quotes a byte too much."),
    ]
    return wrong + [
        (f"{kind}_{name}", kind, RIGHT[kind] | change, why) for name, kind, change, why in changes
    ]


def forms(v: Vectors) -> None:
    right = content("delete", 5, {"of": OF})
    for name, data, why in (
        ("nothing", b"", "No bytes."),
        ("list", b"[]", "No object."),
        ("spaced", right.replace(b",", b", ", 1), "Not in canonical form."),
        ("turned", b'{"v":1,' + right[1:-7] + b"}", "Keys in another order."),
        ("surrogate", content("text", 5, {"text": "x", "mentions": []}).replace(
            b'"x"', b'"\\ud800"'), "Half a character."),
        ("version", content("delete", 5, {"of": OF}, v=2), "A later version."),
        ("more", right[:-1] + b',"w":1}', "A key too much."),
        ("kind_number", canonical({"v": 1, "kind": 1, "at": 5, "body": {}}), "No text."),
        ("at_negative", content("delete", -1, {"of": OF}), "Before all time."),
        ("at_text", canonical({"v": 1, "kind": "poll", "at": "5", "body": {}}), "No number."),
        ("body_list", canonical({"v": 1, "kind": "delete", "at": 5, "body": []}), "No object."),
        ("without_at", canonical({"v": 1, "kind": "poll", "body": {}}), "A key is missing."),
        ("long", content("poll", 5, {"x": "x" * 49_152}), "More than 49,152 bytes."),
    ):  # fmt: skip
        why_not = {"bytes": data}
        v.refusal("read_message_content", f"form_{name}", why, why_not, "content_form")
