"""Quotes inside the content of a text: docs/protocol.md, 8.2."""

import hashlib
from typing import Any

from maker import Vectors, b64, compact, drawn, message_ad, plaintext_of, sealed

KEY = drawn("quote/key", 32)
ROOM = drawn("quote/room", 32)
AUTHOR = drawn("quote/author", 16)
ID = drawn("quote/id", 16)
NONCE = drawn("quote/nonce", 12)
VIEWING = drawn("quote/viewing", 32)
OURS = {"message_key": KEY, "room_nonce": ROOM, "author": AUTHOR, "id": ID}
ANNA = b64(drawn("quote/anna", 16))
QUOTE = {"text": "noon", "author": ANNA}


def answer(quote: Any) -> dict[str, Any]:
    return {"type": "text", "text": "yes", "quote": quote}


def said(text: str) -> dict[str, Any]:
    return {"text": text, "author": ANNA}


def make() -> Vectors:
    v = Vectors("quotes", "Quotes inside the content of a text: docs/protocol.md, 8.2")
    takes = {"message_key": "hex", "room_nonce": "hex", "author": "hex", "id": "hex"}
    v.operation("read_content", {"text": "text?", "bytes": "hex?"}, {"content": "json"})
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
    reading(v)
    refusing(v)
    in_an_envelope(v)
    return v


def reading(v: Vectors) -> None:
    for name, content, why in (
        ("plain", answer(QUOTE), "What somebody is said to have said, and who."),
        ("author_null", answer({"text": "noon", "author": None}), "It isn't known whose it was."),
        ("author_zeros", answer({"text": "noon", "author": "A" * 22}), "Sixteen bytes, any."),
        ("with_view", answer(QUOTE) | {"view": 30}, "Beside a wish."),
        ("one_point", answer(said("a")), "One is enough."),
        ("280_points", answer(said("a" * 280)), "The longest."),
        ("280_points_of_two_bytes", answer(said("\u00e9" * 280)), "Code points, not bytes."),
        ("280_points_beyond_16_bits", answer(said("\U0001f600" * 280)),
         "Code points, not halves of them: 560 in UTF-16, 1,120 bytes in UTF-8."),
        ("only_space", answer(said(" ")), "Not trimmed."),
        ("lines", answer(said("a\n\tb\n")), "Not trimmed."),
        ("controls", answer(said("\0\x1b[1m\x85")), "Who shows a quote makes it harmless."),
        ("mark_in_text", answer(said("\ufeffa")), "Not stripped."),
        ("of_itself", answer(said("yes")), "Nobody checks what it repeats."),
        ("absent", {"type": "text", "text": "yes"}, "A message need not quote."),
    ):  # fmt: skip
        given = {"text": compact(content).decode()}
        v.success("read_content", f"quote_{name}", why, given, {"content": content})
    for name, source, content, why in (
        ("before_text", '{"quote":{"author":null,"text":"b"},"text":"a","type":"text"}',
         {"type": "text", "text": "a", "quote": {"text": "b", "author": None}},
         "Objects have no order."),
        ("twice", '{"type":"text","text":"yes","quote":7,"quote":{"text":"b","author":null}}',
         answer({"text": "b", "author": None}), "The last one counts."),
        ("text_twice", '{"type":"text","text":"yes","quote":{"text":"","author":null,"text":"b"}}',
         answer({"text": "b", "author": None}), "The last one counts."),
        ("of_another_type", '{"type":"wave","quote":7}', {"type": "wave", "quote": 7},
         "The rules of text are those of text."),
    ):  # fmt: skip
        v.success("read_content", f"quote_{name}", why, {"text": source}, {"content": content})


def refusing(v: Vectors) -> None:
    def refused(name: str, why: str, quote: Any, code: str = "content_field") -> None:
        given = {"text": compact(answer(quote)).decode()}
        v.refusal("read_content", f"quote_{name}", why, given, code)

    for name, quote, why in (
        ("null", None, "Absent or an object."),
        ("false", False, "Absent or an object."),
        ("number", 7, "An object."),
        ("string", "noon", "An object."),
        ("array", ["noon", ANNA], "An object."),
        ("array_of_one", [QUOTE], "One quote."),
        ("empty_object", {}, "Two fields."),
        ("text_missing", {"author": ANNA}, "A quote has a text."),
        ("text_null", {"text": None, "author": ANNA}, "A string."),
        ("text_number", {"text": 7, "author": ANNA}, "A string."),
        ("text_array", {"text": ["noon"], "author": ANNA}, "A string, though it has a length."),
        ("text_empty", said(""), "One code point at least."),
        ("281_points", said("a" * 281), "280 at most."),
        ("281_points_beyond_16_bits", said("\U0001f600" * 281), "280 at most."),
        ("far_too_long", said("a" * 60_000), "280 at most."),
        ("combining_marks_count", said("a" + "\u0301" * 280), "Code points, not what one sees."),
        ("author_missing", {"text": "noon"}, "Null where it isn't known."),
        ("author_empty", {"text": "noon", "author": ""}, "Sixteen bytes."),
        ("author_false", {"text": "noon", "author": False}, "A string or null."),
        ("author_number", {"text": "noon", "author": 7}, "A string or null."),
        ("author_array", {"text": "noon", "author": [ANNA]}, "A string or null."),
        ("author_15_bytes", {"text": "noon", "author": b64(bytes(15))}, "Sixteen bytes."),
        ("author_17_bytes", {"text": "noon", "author": b64(bytes(17))}, "Sixteen bytes."),
        ("author_in_hexadecimal", {"text": "noon", "author": "00" * 16}, "Base64url."),
        ("author_padded", {"text": "noon", "author": ANNA + "=="}, "Without padding."),
        ("author_of_another_alphabet", {"text": "noon", "author": "+" * 21 + "A"}, "Base64url."),
        ("author_not_canonical", {"text": "noon", "author": "A" * 21 + "B"},
         "Unused trailing bits are zero."),
        ("author_with_space", {"text": "noon", "author": ANNA[:-1] + " "}, "Not trimmed."),
        ("another_key", QUOTE | {"time": 1}, "These two fields and no other."),
        ("quote_in_quote", QUOTE | {"quote": QUOTE}, "These two fields and no other."),
        ("prototype", QUOTE | {"__proto__": None}, "A key like any other, in any language."),
    ):  # fmt: skip
        refused(name, why, quote)
    lone = '{"type":"text","text":"yes","quote":{"text":"\\ud83d","author":null}}'
    why = "Half a character, as when a text is cut between two halves."
    v.refusal("read_content", "quote_lone_surrogate", why, {"text": lone}, "content_json")
    given = {"text": compact({"type": "text", "quote": QUOTE}).decode()}
    why = "A quote is no text of one's own."
    v.refusal("read_content", "quote_without_text", why, given, "content_field")


def in_an_envelope(v: Vectors) -> None:
    ad = message_ad(ROOM, AUTHOR, ID)

    def box(content: Any) -> bytes:
        return sealed(KEY, NONCE, plaintext_of(compact(content), viewing=VIEWING), ad)

    def given(content: Any) -> dict[str, Any]:
        return {**OURS, "viewing": VIEWING, "counter": 1, "content": content, "nonce": NONCE}

    for name, content, size in (
        ("seal_quote", answer(QUOTE), 512),
        ("seal_quote_of_nobody", answer({"text": "\u00e9", "author": None}), 512),
        ("seal_longest_quote", answer(said("\U0001f600" * 280)), 2048),
    ):
        envelope = box(content)
        assert len(envelope) == size
        out = {"size": size, "sha256": hashlib.sha256(envelope).digest()}
        v.success("seal_message", name, "As any other field.", given(content), out)
    v.refusal("seal_message", "seal_quote_too_long", "No reader would accept it.",
              given(answer(said("a" * 281))), "content_field")  # fmt: skip
    v.refusal("seal_message", "seal_quote_null", "No reader would accept it.",
              given(answer(None)), "content_field")  # fmt: skip
    out = {"viewing": VIEWING, "counter": 1, "content": answer(QUOTE)}
    v.success("open_message", "open_quote", "As it was sealed.",
              {**OURS, "envelope": box(answer(QUOTE))}, out)  # fmt: skip
    v.refusal("open_message", "open_quote_too_long", "Right under its tag, and refused.",
              {**OURS, "envelope": box(answer(said("a" * 281)))}, "content_field")  # fmt: skip
