"""Messages and the log: docs/conversations.md, sections 5 and 6.1."""

from typing import Any

from account_maker import Person, gcm, sha
from conversation_content_cases import content, make_contents
from conversation_maker import (
    Record,
    entry_of,
    log_first,
    log_next,
    message_key,
    record_hash,
    u64,
)
from conversation_people import (
    A1,
    A2,
    B1,
    BY_ANNA,
    C1,
    CONVERSATION,
    E1,
    EVERYBODY,
    FIRST,
    OTHER,
    SEED,
)
from maker import Vectors, drawn, flipped

ID = drawn("conversations/message/id", 16)
NONCE = drawn("conversations/message/nonce", 12)
OTHER_SEED = drawn("conversations/other seed", 32)
PADDED = [256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 49_408]
TEXT = content("text", 5, {"text": "What only members read", "mentions": []})
#: Bert writes at place 9, when he has read 7; the record of then is at place 4.
PLACE, SEEN, S = 4, 7, 9
HASHES = {at: drawn(f"conversations/hash/{at}", 32) for at in range(3, 9)}
RIGHT: Record = {
    "suite": 1, "conversation": CONVERSATION, "record": record_hash(FIRST), "device": B1.id,
    "id": ID, "seen": SEEN, "log": HASHES[SEEN],
}  # fmt: skip


def make() -> Vectors:
    v = Vectors("conversations_messages", "Messages and the log: docs/conversations.md, 5 and 6")
    clear = {"conversation": "hex", "record": "hex", "device": "hex", "id": "hex"}
    clear |= {"seen": "integer", "log": "hex"}
    v.operation(
        "seal_entry",
        {"seed": "hex", **clear, "nonce": "hex", "signing": "hex", "content": "hex"},
        {"entry": "hex"},
    )
    v.operation("read_ad", {"entry": "hex"}, clear)
    v.operation(
        "open_entry",
        {
            "seed": "hex", "record": "hex", "place": "integer", "lines": "json", "entry": "hex",
            "s": "integer", "device": "hex", "hashes": "json",
        },
        {"kind": "text", "at": "integer", "body": "json", "raw": "hex", "signature": "hex"},
    )  # fmt: skip
    v.operation("log_hashes", {"conversation": "hex", "entries": "json"}, {"hashes": "json"})
    v.operation(
        "write_content", {"kind": "text", "at": "integer", "body": "json"}, {"bytes": "hex"}
    )
    v.operation(
        "read_message_content", {"bytes": "hex"}, {"kind": "text", "at": "integer", "body": "json"}
    )
    sealing(v)
    clear_parts(v)
    opening(v)
    padding(v)
    order(v)
    logs(v)
    make_contents(v)
    return v


def ad_of(version: int = 1, **lies: Any) -> bytes:
    told = RIGHT | lies
    head = bytes([version, told["suite"]])
    ids = told["conversation"] + told["record"] + told["device"] + told["id"]
    return head + ids + u64(told["seen"]) + told["log"]


def padded(said: bytes) -> bytes:
    size = next(one for one in PADDED if one >= 4 + len(said))
    return (len(said).to_bytes(4, "big") + said).ljust(size, b"\0")


def entry(
    said: bytes = TEXT,
    *,
    signer: Person = B1,
    seed: bytes = SEED,
    label: str = "content",
    signed: bytes | None = None,
    padding: bytes | None = None,
    signed_ad: bytes | None = None,
    **lies: Any,
) -> bytes:
    ad = ad_of(**lies)
    about = ad if signed_ad is None else signed_ad
    signature = signer.sign(label, about + sha(said)) if signed is None else signed
    told = RIGHT | lies
    key = message_key(seed, told["record"], told["device"])
    body = padded(said) if padding is None else padding
    return ad + gcm(key, NONCE, signature + body, ad)


def opened(made: bytes, **others: Any) -> Record:
    return {
        "seed": SEED,
        "record": entry_of(FIRST, A1),
        "place": PLACE,
        "lines": [one.known() for one in EVERYBODY],
        "entry": made,
        "s": S,
        "device": B1.id,
        "hashes": {str(at): one.hex() for at, one in HASHES.items()},
    } | others


def sealing(v: Vectors) -> None:
    given = {key: value for key, value in RIGHT.items() if key != "suite"}
    given |= {"seed": SEED, "nonce": NONCE, "signing": B1.seed}
    why = "Signed, filled up to the least size that fits, and sealed."
    v.success("seal_entry", "seal", why, given | {"content": TEXT}, {"entry": entry()})
    around = len(content("text", 5, {"text": "", "mentions": []}))
    for size in PADDED[:4]:
        for over in (0, 1):
            text = "x" * (size - 4 - around + over)
            said = content("text", 5, {"text": text, "mentions": []})
            why = f"{len(said)} bytes."
            out = {"entry": entry(said)}
            v.success("seal_entry", f"seal_{size}_{over}", why, given | {"content": said}, out)


def clear_parts(v: Vectors) -> None:
    clear = {key: value for key, value in RIGHT.items() if key != "suite"}
    v.success("read_ad", "ad", "What stands in the clear.", {"entry": entry()}, clear)
    for size in PADDED:
        made = ad_of() + bytes(12 + 64 + size + 16)
        why = f"With {size} bytes of padded content."
        v.success("read_ad", f"ad_{size}", why, {"entry": made}, clear)
    for name, made, code, why in (
        ("empty", b"", "length", "No bytes."),
        ("short", entry()[:-1], "length", "A byte is missing."),
        ("long", entry() + b"\0", "length", "A byte too much."),
        ("between", entry() + bytes(100), "length", "Between two sizes."),
        ("beyond", ad_of() + bytes(12 + 64 + 65_536 + 16), "length", "Larger than the largest."),
        ("version", entry(version=2), "version", "A later version."),
        ("version_zero", entry(version=0), "version", "There is no such version."),
        ("suite", entry(suite=2), "version", "Another suite."),
        ("length_first", entry(version=2)[:-1], "length", "The length is looked at first."),
    ):
        v.refusal("read_ad", f"ad_{name}", why, {"entry": made}, f"message_{code}")


def opening(v: Vectors) -> None:
    out = {
        "kind": "text", "at": 5, "body": {"text": "What only members read", "mentions": []},
        "raw": TEXT, "signature": B1.sign("content", ad_of() + sha(TEXT)),
    }  # fmt: skip
    v.success("open_entry", "open", "By who signed it.", opened(entry()), out)
    for name, lies, others, why in (
        (
            "at_record",
            {"seen": PLACE, "log": HASHES[PLACE]},
            {},
            "Nothing but the record was read.",
        ),
        ("just_before", {"seen": S - 1, "log": HASHES[S - 1]}, {}, "All before it was read."),
        ("later_record", {}, {"place": SEEN}, "The record was the last that was read."),
    ):
        signature = B1.sign("content", ad_of(**lies) + sha(TEXT))
        given = opened(entry(**lies), **others)
        v.success("open_entry", f"open_{name}", why, given, out | {"signature": signature})
    newer = content("poll", 5, {"question": "?"})
    out = {"kind": "unknown", "at": 5, "body": {}, "raw": newer,
           "signature": B1.sign("content", ad_of() + sha(newer))}  # fmt: skip
    v.success("open_entry", "open_newer_kind", "A line, and no fault.", opened(entry(newer)), out)
    next_record = entry_of(BY_ANNA, A2)
    by_e = {"device": E1.id}
    for name, made, others, code, why in (
        ("length", entry()[:-1], {}, "length", "A byte is missing."),
        ("version", entry(version=2), {}, "version", "A later version."),
        ("suite", entry(suite=2), {}, "version", "Another suite."),
        ("conversation", entry(conversation=OTHER[:16]), {}, "conversation", "Of another one."),
        ("record", entry(record=OTHER), {}, "record", "Of a record that nobody has."),
        ("record_before", entry(), {"record": next_record}, "record", "Of the epoch before."),
        ("device_other", entry(), {"device": A1.id}, "device", "Another than the log names."),
        (
            "device_log", entry(device=A1.id, signer=A1), {}, "device",
            "The log names another of the same conversation.",
        ),
        ("device_unlisted", entry(**by_e, signer=E1), by_e, "device", "Who isn't in it."),
        ("seen_before", entry(seen=3, log=HASHES[3]), {}, "seen", "From before its record."),
        ("seen_itself", entry(seen=S, log=OTHER), {}, "seen", "It can't have read itself."),
        ("seen_later", entry(seen=2**53 - 1), {}, "seen", "Nor what comes later."),
        ("fork", entry(log=OTHER), {}, "fork", "It has read another log."),
        ("fork_place", entry(log=HASHES[6]), {}, "fork", "The hash of another place."),
        ("fork_unknown", entry(), {"hashes": {}}, "fork", "A place of which the reader has none."),
        ("seed", entry(seed=OTHER_SEED), {}, "broken", "Under another seed."),
        ("others_key", entry(), {"seed": OTHER_SEED}, "broken", "With another seed."),
        ("bit", flipped(entry(), 140), {}, "broken", "A bit of the ciphertext."),
        ("tag", flipped(entry(), -1), {}, "broken", "A bit of the tag."),
        ("nonce", flipped(entry(), 123), {}, "broken", "A bit of the nonce."),
        ("id", flipped(entry(), 70), {}, "broken", "A bit of the id, which is bound to it."),
        ("signer", entry(signer=C1), {}, "signature", "By another member, who has the seed."),
        ("own_other", entry(signer=A2), {}, "signature", "By yet another."),
        ("as_epoch", entry(label="epoch"), {}, "signature", "Signed for another use."),
        ("unsigned", entry(signed=bytes(64)), {}, "signature", "Nobody signed it."),
        (
            "moved", entry(signed_ad=ad_of(id=OTHER[:16])), {}, "signature",
            "Another message's signature, of the same content.",
        ),
        ("other_content", entry(signed=B1.sign("content", ad_of() + sha(b"{}"))), {}, "signature",
         "A signature of another content."),
        ("no_content", entry(b""), {}, "content", "It says nothing."),
        ("no_json", entry(b"hello"), {}, "content", "No JSON."),
        ("no_fields", entry(b"{}"), {}, "content", "None of the keys."),
    ):  # fmt: skip
        given = opened(made, **others)
        v.refusal("open_entry", f"open_{name}", why, given, code_of(code))


def code_of(word: str) -> str:
    return {"fork": "log_fork", "content": "content_form"}.get(word, f"message_{word}")


def padding(v: Vectors) -> None:
    length = len(TEXT).to_bytes(4, "big")
    for name, made, why in (
        ("larger", (length + TEXT).ljust(512, b"\0"), "Not the least size that fits."),
        ("filled", (length + TEXT).ljust(256, b" "), "Something is hidden behind it."),
        ("filled_last", (length + TEXT).ljust(255, b"\0") + b"\1", "One byte of it."),
        ("length_beyond", (b"\0\0\1\0" + TEXT).ljust(256, b"\0"), "Longer than there is."),
        ("length_large", (b"\xff" * 4 + TEXT).ljust(256, b"\0"), "Much longer."),
        ("length_short", (bytes(4) + TEXT).ljust(256, b"\0"), "Shorter than it is."),
        (
            "length_most", (49_153).to_bytes(4, "big").ljust(49_408, b"\0"),
            "A content of more than 49,152 bytes.",
        ),
    ):  # fmt: skip
        v.refusal(
            "open_entry", f"padding_{name}", why, opened(entry(padding=made)), "message_padding"
        )
    made = entry(signed=bytes(64), padding=(length + TEXT).ljust(256, b" "))
    why = "Before the signature."
    v.refusal("open_entry", "padding_unsigned", why, opened(made), "message_padding")


def order(v: Vectors) -> None:
    """Each is wrong in two ways, one after the other in the order of 6.1."""
    bad_padding = (len(TEXT).to_bytes(4, "big") + TEXT).ljust(256, b" ")
    for code, made, others in (
        ("length", entry(version=2)[:-1], {}),
        ("version", entry(version=2, conversation=OTHER[:16]), {}),
        ("conversation", entry(conversation=OTHER[:16], record=OTHER), {}),
        ("record", entry(record=OTHER), {"device": A1.id}),
        ("device", entry(seen=S), {"device": A1.id}),
        ("seen", entry(seen=S, log=OTHER), {}),
        ("fork", entry(log=OTHER, seed=OTHER_SEED), {}),
        ("broken", entry(seed=OTHER_SEED, padding=bad_padding), {}),
        ("padding", entry(padding=bad_padding, signer=C1), {}),
        ("signature", entry(b"{}", signer=C1), {}),
    ):
        why = "What comes first in the document is told."
        v.refusal("open_entry", f"order_{code}", why, opened(made, **others), code_of(code))


def logs(v: Vectors) -> None:
    at = log_first(CONVERSATION)
    entries: list[Record] = []
    hashes = [at.hex()]
    why = "Before anything was said."
    given: Record = {"conversation": CONVERSATION, "entries": []}
    v.success("log_hashes", "log_first", why, given, {"hashes": [at.hex()]})
    for s, (kind, who) in enumerate(((1, A1), (2, B1), (2, B1), (1, B1), (2, A2)), 1):
        digest = drawn(f"conversations/digest/{s}", 32)
        at = log_next(at, s, kind, who.id, digest)
        entries.append({"kind": kind, "device": who.id.hex(), "digest": digest.hex()})
        hashes.append(at.hex())
    given = {"conversation": CONVERSATION, "entries": entries}
    why = "Each names all before it."
    v.success("log_hashes", "log", why, given, {"hashes": hashes})
