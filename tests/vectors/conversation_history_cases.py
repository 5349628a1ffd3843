"""History for a new device: docs/conversations.md, section 15."""

from typing import Any

from account_maker import canonical, gcm, labelled, padded
from conversation_people import A1, A2, ANNA, B1, BERT, CONVERSATION
from maker import Vectors, b64, drawn, flipped

Chunk = dict[str, Any]

KEY = drawn("conversations/history/key", 32)
OTHER_KEY = drawn("conversations/history/other", 32)
NONCE = drawn("conversations/history/nonce", 12)
ID = drawn("conversations/history/id", 16)

SAID: Chunk = {"v": 1, "kind": "text", "at": 5, "body": {"text": "Hello.", "mentions": []}}
LINE: Chunk = {
    "conversation": b64(CONVERSATION), "place": 7, "at": 1_790_000_000_000,
    "chain": b64(BERT.chain), "device": b64(B1.id), "id": b64(ID), "content": SAID, "edits": 0,
    "reactions": {}, "timer": 0, "until": None,
}  # fmt: skip
CARD: Chunk = {"kind": "card", "body": {"name": "A", "picture": None}}
NAME: Chunk = {"conversation": b64(CONVERSATION), "chain": b64(BERT.chain), "name": "Bert"}


def make() -> Vectors:
    v = Vectors(
        "conversations_history", "History for a new device: docs/conversations.md, section 15"
    )
    place = {"key": "hex", "device": "hex", "number": "integer"}
    told = {"lines": "json", "names": "json", "last": "json"}
    v.operation("seal_chunk", {**place, "random": "hex", **told}, {"sealed": "hex"})
    v.operation("open_chunk", {**place, "sealed": "hex"}, told)
    chunks(v)
    boxes(v)
    forms(v)
    return v


def sealed(
    plaintext: bytes, number: int = 0, *, last: int = 0, device: bytes = A2.id, key: bytes = KEY
) -> bytes:
    head = bytes([last])
    bound = labelled("history", device + number.to_bytes(4, "big") + head)
    return head + gcm(key, NONCE, plaintext, bound)


def content(lines: list[Chunk], names: list[Chunk]) -> Chunk:
    return {"v": 1, "lines": lines, "names": names}


def text_of(length: int) -> Chunk:
    return LINE | {"content": SAID | {"body": {"text": "x" * length, "mentions": []}}}


def chunks(v: Vectors) -> None:
    edited = LINE | {
        "edits": 2,
        "reactions": {b64(ANNA.chain): "👍", b64(BERT.chain): "é" * 32},
        "timer": 60,
        "until": 1_790_000_060_000,
    }
    reply = LINE | {
        "content": {
            "v": 1, "kind": "reply", "at": 6,
            "body": {
                "text": "Yes.", "mentions": [b64(ANNA.chain)], "quote": "Hel",
                "of": {"device": b64(A1.id), "id": b64(ID)},
            },
        }
    }  # fmt: skip
    for name, number, last, lines, names, why in (
        ("one", 0, False, [LINE], [NAME], "A message, and who wrote it."),
        ("nothing", 0, True, [], [], "Nothing was said."),
        ("last", 1023, True, [LINE, reply], [NAME | {"chain": None}],
         "The last of all, and what the conversation is called."),
        ("edited", 3, False, [edited], [], "Changed, with reactions, read and to be forgotten."),
        ("deleted", 3, False, [LINE | {"content": None}], [], "Deleted for everybody."),
        ("long", 3, False, [text_of(2_000)], [], "More than one block."),
    ):  # fmt: skip
        made = sealed(padded(canonical(content(lines, names))), number, last=int(last))
        place = {"key": KEY, "device": A2.id, "number": number}
        told = {"lines": lines, "names": names, "last": last}
        v.success("seal_chunk", f"seal_{name}", why, place | {"random": NONCE} | told,
                  {"sealed": made})  # fmt: skip
        v.success("open_chunk", f"open_{name}", why, place | {"sealed": made}, told)
    later = LINE | {"content": {"v": 1, "kind": "later", "at": 5, "body": [1]}}
    place = {"key": KEY, "device": A2.id, "number": 0}
    out = {
        "lines": [LINE | {"content": {"v": 1, "kind": "unknown", "at": 5, "body": {}}}],
        "names": [], "last": False,
    }  # fmt: skip
    v.success(
        "open_chunk", "open_later", "What a newer client says is a neutral line.",
        place | {"sealed": sealed(padded(canonical(content([later], []))))}, out,
    )  # fmt: skip
    for name, lines, why in (
        ("too_long", [text_of(32_768), text_of(32_700)], "More than goes into a chunk."),
        ("card", [LINE | {"content": SAID | CARD}], "A card is no line."),
    ):  # fmt: skip
        given = place | {"random": NONCE, "lines": lines, "names": [], "last": False}
        v.refusal("seal_chunk", f"seal_{name}", why, given, "history_form")


def boxes(v: Vectors) -> None:
    text = padded(canonical(content([LINE], [NAME])))
    right = sealed(text, 4)
    for name, made, others, code, why in (
        ("other_key", right, {"key": OTHER_KEY}, "history_broken", "Of another history."),
        ("other_device", right, {"device": A1.id}, "history_broken", "For another device."),
        ("other_number", right, {"number": 5}, "history_broken", "Another place."),
        ("as_last", b"\1" + right[1:], {}, "history_broken", "It isn't the last."),
        ("not_last", b"\0" + sealed(text, 4, last=1)[1:], {}, "history_broken",
         "More would be waited for."),
        ("bit", flipped(right, 40), {}, "history_broken", "A bit of it."),
        ("nonce", flipped(right, 3), {}, "history_broken", "A bit of the nonce."),
        ("cut", right[:-1], {}, "history_broken", "A byte is missing."),
        ("unbound", b"\0" + gcm(KEY, NONCE, text, b""), {}, "history_broken", "Bound to nothing."),
        ("empty", b"", {}, "history_length", "No bytes."),
        ("head", right[:29], {}, "history_length", "Nothing in it."),
        ("mark", sealed(text, 4, last=2), {}, "history_length", "Neither the last nor not."),
        ("long", bytes(65_537), {}, "history_length", "More than 65,536 bytes."),
    ):  # fmt: skip
        given = {"key": KEY, "device": A2.id, "number": 4, "sealed": made} | others
        v.refusal("open_chunk", f"box_{name}", why, given, code)


def forms(v: Vectors) -> None:
    told = content([LINE], [NAME])
    text = canonical(told)

    def line(**lies: Any) -> bytes:
        return padded(canonical(content([LINE | lies], [])))

    def name(**lies: Any) -> bytes:
        return padded(canonical(content([], [NAME | lies])))

    def said(kind: str, **body: Any) -> bytes:
        return line(content=SAID | {"kind": kind, "body": body})

    of = {"device": b64(B1.id), "id": b64(ID)}
    for case, plaintext, why in (
        ("empty", bytes(1024), "No object."),
        ("unpadded", len(text).to_bytes(4, "big") + text, "Not padded."),
        ("fill", padded(text)[:-1] + b"\1", "Something is hidden behind it."),
        ("spaced", padded(text.replace(b",", b", ", 1)), "Not in canonical form."),
        ("version", padded(canonical(told | {"v": 2})), "A later version."),
        ("more", padded(canonical(told | {"more": 1})), "A key too much."),
        ("lines", padded(canonical(told | {"lines": {}})), "No list."),
        ("names", padded(canonical(told | {"names": None})), "No list."),
        ("line", padded(canonical(told | {"lines": [1]})), "No line."),
        ("line_more", line(more=1), "A key too much."),
        ("conversation", line(conversation=b64(ID[:15])), "15 bytes."),
        ("place_zero", line(place=0), "Logs begin with 1."),
        ("place_text", line(place="7"), "No number."),
        ("at", line(at=-1), "Before all time."),
        ("chain", line(chain=None), "Somebody wrote it."),
        ("device", line(device=b64(BERT.chain)), "32 bytes."),
        ("id", line(id="x"), "No id."),
        ("content", line(content=[]), "No content."),
        ("content_version", line(content=SAID | {"v": 2}), "A later version."),
        ("content_body", said("text", text=""), "Not in the form of its kind."),
        ("edit", said("edit", of=of, text="x", mentions=[]), "An edit is no line."),
        ("delete", said("delete", of=of), "Nor is a deletion."),
        ("reaction", said("reaction", of=of, reaction="x"), "Nor a reaction."),
        ("read", said("read", place=1), "Nor how far somebody has read."),
        ("profile", said("profile", name="A", picture=None), "Nor a name."),
        ("sync", said("sync", register="alias", key="a", value=1), "Nor a register."),
        ("digest", said("digest", of=of, file=b64(ID), digest=b64(BERT.chain)), "Nor a digest."),
        ("edits", line(edits=True), "No number."),
        ("reactions", line(reactions=[]), "No object."),
        ("reaction_chain", line(reactions={"x": "y"}), "Nobody's."),
        ("reaction_empty", line(reactions={b64(ANNA.chain): ""}), "Nothing."),
        ("reaction_long", line(reactions={b64(ANNA.chain): "é" * 33}), "66 bytes."),
        ("timer", line(timer=31_536_001), "More than a year."),
        ("timer_null", line(timer=None), "0 for none."),
        ("until", line(until=-1), "Before all time."),
        ("name_more", name(more=1), "A key too much."),
        ("name_name", name(name=" Bert"), "No name."),
        ("name_chain", name(chain="x"), "Nobody's."),
        ("name_conversation", name(conversation=None), "Of no conversation."),
        *(
            (f"without_{key}",
             padded(canonical(content([{k: LINE[k] for k in LINE if k != key}], []))),
             "A key is missing.")
            for key in LINE
        ),
    ):  # fmt: skip
        given = {"key": KEY, "device": A2.id, "number": 0, "sealed": sealed(plaintext)}
        v.refusal("open_chunk", f"form_{case}", why, given, "history_form")
