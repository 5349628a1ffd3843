"""Leaves, registers and invitations: docs/conversations.md, sections 8, 9 and 11."""

from typing import Any

from account_maker import canonical, content_of, derived, gcm, labelled, padded, sha
from conversation_maker import Record, leave_of, u64
from conversation_people import ANNA, B1, BERT, C1, CARL, CONVERSATION, OTHER
from maker import Vectors, b64, drawn, flipped

ID = drawn("conversations/invitation/id", 16)
SECRET = drawn("conversations/invitation/secret", 32)
NONCE = drawn("conversations/invitation/nonce", 12)
WORDS = {"out": ("invitation-out", b"\x01"), "in": ("invitation-in", b"\x02")}
WHO: dict[str, Any] = {
    "v": 1, "chain": ANNA.chain, "sequence": 1, "head": ANNA.line.head, "name": "Anna",
    "conversation": CONVERSATION,
}  # fmt: skip
FRAGMENT = f"invite={b64(ID)}.{b64(SECRET)}"


def make() -> Vectors:
    v = Vectors(
        "conversations_invitations",
        "Leaves, registers and invitations: docs/conversations.md, sections 8, 9 and 11",
    )
    stay = {"conversation": "hex", "chain": "hex", "since": "integer"}
    v.operation("sign_leave", {"seed": "hex", **stay}, {"device": "hex", "signature": "hex"})
    v.operation("check_leave", {"key": "hex", **stay, "signature": "hex"}, {})
    v.operation("self_conversation", {"chain": "hex", "founding": "hex"}, {"conversation": "hex"})
    v.operation("fold_registers", {"contents": "json"}, {"registers": "json"})
    v.operation(
        "invitation_link", {"id": "hex", "secret": "hex"}, {"fragment": "text", "joining": "hex"}
    )
    v.operation("read_invitation", {"text": "text"}, {"id": "hex", "secret": "hex"})
    link = {"id": "hex", "secret": "hex", "direction": "text"}
    who = {
        "chain": "hex", "sequence": "integer", "head": "hex", "name": "json",
        "conversation": "json",
    }  # fmt: skip
    v.operation("seal_introduction", {**link, "random": "hex", **who}, {"sealed": "hex"})
    v.operation("open_introduction", {**link, "sealed": "hex"}, who)
    leaves(v)
    registers(v)
    links(v)
    introductions(v)
    return v


def leaves(v: Vectors) -> None:
    stay: Record = {"conversation": CONVERSATION, "chain": CARL.chain, "since": 3}
    leave = leave_of(C1, CONVERSATION, CARL.chain, 3)
    out = {"device": C1.id, "signature": leave["signature"]}
    why = "A person's own word."
    v.success("sign_leave", "sign_leave", why, {"seed": C1.seed} | stay, out)
    right = {"key": C1.key, **stay, "signature": leave["signature"]}
    v.success("check_leave", "leave", why, right, {})
    said = CONVERSATION + CARL.chain + u64(3)
    for name, lies, why in (
        ("conversation", {"conversation": OTHER[:16]}, "Of another conversation."),
        ("chain", {"chain": BERT.chain}, "Another person's."),
        ("since", {"since": 4}, "Of another stay."),
        ("key", {"key": B1.key}, "By another device."),
        ("bit", {"signature": flipped(leave["signature"], 9)}, "A bit of it."),
        ("short", {"signature": leave["signature"][:63]}, "63 bytes."),
        ("as_epoch", {"signature": C1.sign("epoch", said)}, "Signed for another use."),
    ):
        v.refusal("check_leave", f"leave_{name}", why, right | lies, "record_leave")


def registers(v: Vectors) -> None:
    for name, founding in (("genesis", sha(ANNA.line.said[0][:198])), ("recover", OTHER)):
        out = {"conversation": sha(labelled("self", ANNA.chain + founding))[:16]}
        given = {"chain": ANNA.chain, "founding": founding}
        why = "Another one after each recovery."
        v.success("self_conversation", f"self_{name}", why, given, out)

    def sync(register: str, key: str, value: Any) -> Record:
        return {"register": register, "key": key, "value": value}

    one, two = sync("alias", "a", "A."), sync("alias", "b", "B.")
    for name, said, state, why in (
        ("none", [], {}, "Nothing was said."),
        ("two", [one, two], {"alias": {"a": "A.", "b": "B."}}, "Keys are apart."),
        ("newest", [one, sync("alias", "a", "C.")], {"alias": {"a": "C."}}, "The newest wins."),
        ("removed", [one, two, sync("alias", "a", None)], {"alias": {"b": "B."}}, "Null removes."),
        ("empty", [one, sync("alias", "a", None)], {}, "A register without keys is none."),
        ("never", [sync("alias", "x", None)], {}, "What wasn't there is removed."),
        ("apart", [one, sync("block", "a", True)], {"alias": {"a": "A."}, "block": {"a": True}},
         "Registers are apart."),
        ("other", [sync("later", "", [1, {}])], {"later": {"": [1, {}]}}, "Newer devices' stay."),
        ("falsy", [sync("read", "a", 0), sync("read", "b", False)],
         {"read": {"a": 0, "b": False}}, "Null alone removes."),
    ):  # fmt: skip
        v.success("fold_registers", f"fold_{name}", why, {"contents": said}, {"registers": state})
    for name, wrong, why in (
        ("no_value", {"register": "alias", "key": "a"}, "No value."),
        ("no_register", sync("", "a", 1), "No register."),
    ):
        given = {"contents": [wrong]}
        v.refusal("fold_registers", f"fold_{name}", why, given, "content_form")


def links(v: Vectors) -> None:
    out = {"fragment": FRAGMENT, "joining": derived(SECRET, "joining")}
    why = "What stands behind the hash, and what a record names."
    v.success("invitation_link", "link", why, {"id": ID, "secret": SECRET}, out)
    read = {"id": ID, "secret": SECRET}
    for name, text, why in (
        ("page", f"https://rooms.example/account/#{FRAGMENT}", "A link."),
        ("other_page", f"https://evil.example/#{FRAGMENT}", "The page isn't looked at."),
        ("fragment", FRAGMENT, "Without a page."),
        ("in_a_text", f"Come! #{FRAGMENT} (until Friday)", "In a text."),
        ("sentence", f"#{FRAGMENT}.", "At the end of a sentence."),
        ("last", f"#invite=x #{FRAGMENT}", "The last one counts."),
    ):
        v.success("read_invitation", f"link_{name}", why, {"text": text}, read)
    for name, text, why in (
        ("empty", "", "Nothing."),
        ("none", "https://rooms.example/account/", "No invitation."),
        ("room", "https://rooms.example/#a-b-c-d-e-f-g", "A room's."),
        ("short", FRAGMENT[:-1], "A letter is missing."),
        ("long", f"{FRAGMENT}A", "A letter too much."),
        ("no_secret", f"invite={b64(ID)}", "No secret."),
        ("turned", f"invite={b64(SECRET)}.{b64(ID)}", "Secret and id are exchanged."),
        ("id_form", f"invite={b64(ID)[:-1]}B.{b64(SECRET)}", "Not canonical base64url."),
        ("secret_form", f"invite={b64(ID)}.{b64(SECRET)[:-1]}B", "Nor this."),
        ("upper", FRAGMENT.replace("invite", "INVITE"), "Another word."),
        ("last_is_none", f"#{FRAGMENT} #invite=x", "The last one counts."),
    ):
        v.refusal("read_invitation", f"link_{name}", why, {"text": text}, "invitation_form")


def sealed_as(direction: str, plaintext: bytes, **others: bytes) -> bytes:
    word, mark = WORDS[direction]
    ad = labelled("invitation", others.get("id", ID) + mark)
    return gcm(derived(others.get("secret", SECRET), word), NONCE, plaintext, ad)


def introductions(v: Vectors) -> None:
    link: Record = {"id": ID, "secret": SECRET}
    for name, change in (
        ("whole", {}),
        ("no_name", {"name": None}),
        ("no_conversation", {"conversation": None}),
        ("nothing", {"name": None, "conversation": None, "sequence": 2**32 - 1}),
    ):
        told = WHO | change
        into = told["conversation"]
        who = {key: told[key] for key in ("chain", "sequence", "head", "name")}
        who |= {"conversation": into and into.hex()}
        for direction in WORDS:
            made = sealed_as(direction, padded(canonical(content_of(told))))
            given = link | {"direction": direction}
            why = f"Who it is, {direction}."
            seal = given | {"random": NONCE} | who
            v.success("seal_introduction", f"seal_{name}_{direction}", why, seal, {"sealed": made})
            v.success(
                "open_introduction", f"open_{name}_{direction}", why, given | {"sealed": made}, who
            )
    given = link | {"direction": "out", "random": NONCE}
    for name, said, why in (
        ("name", "\u202eanna", "No name."),
        ("empty_name", "", "Null, or a name."),
    ):
        who = {"chain": ANNA.chain, "sequence": 1, "head": OTHER, "name": said}
        who |= {"conversation": None}
        v.refusal("seal_introduction", f"seal_{name}", why, given | who, "invitation_form")
    boxes(v, link)
    forms(v, link)


def boxes(v: Vectors, link: Record) -> None:
    right = {way: sealed_as(way, padded(canonical(content_of(WHO)))) for way in WORDS}
    key = derived(SECRET, "invitation-out")
    text = padded(canonical(content_of(WHO)))
    for name, direction, made, others, why in (
        ("answer_as_out", "out", right["in"], {}, "The answer is no invitation."),
        ("out_as_answer", "in", right["out"], {}, "An invitation is no answer to itself."),
        ("other_secret", "out", right["out"], {"secret": OTHER}, "With another secret."),
        ("other_id", "out", right["out"], {"id": OTHER[:16]}, "Under another id."),
        ("bit", "out", flipped(right["out"], 30), {}, "A bit of it."),
        ("nonce", "out", flipped(right["out"], 3), {}, "A bit of the nonce."),
        ("cut", "out", right["out"][:-1], {}, "A byte is missing."),
        ("nothing", "out", b"", {}, "No bytes."),
        ("nonce_alone", "out", right["out"][:12], {}, "A nonce alone."),
        ("unbound", "out", gcm(key, NONCE, text, b""), {}, "Bound to nothing."),
        ("long", "out", sealed_as("out", padded(canonical(content_of(WHO)), block=4096)), {},
         "More than 4,096 bytes, though it opens."),
    ):  # fmt: skip
        given = link | {"direction": direction, "sealed": made} | others
        v.refusal("open_introduction", f"box_{name}", why, given, "invitation_box")


def forms(v: Vectors, link: Record) -> None:
    content = content_of(WHO)
    text = canonical(content)
    for name, plaintext, why in (
        ("empty", b"", "Nothing."),
        ("unpadded", len(text).to_bytes(4, "big") + text, "Not padded."),
        ("block", padded(text, block=512), "Padded to another size."),
        ("long", padded(text) + bytes(1024), "A block too much."),
        ("fill", padded(text)[:-1] + b"\1", "Something is hidden behind it."),
        ("length", padded(text, length=len(text) + 1), "Another length."),
        ("list", padded(b"[]"), "No object."),
        ("spaced", padded(text.replace(b",", b", ", 1)), "Not in canonical form."),
        ("version", padded(canonical(content | {"v": 2})), "A later version."),
        ("more", padded(canonical(content | {"more": 1})), "A key too much."),
        ("chain", padded(canonical(content | {"chain": b64(OTHER[:31])})), "31 bytes."),
        ("sequence", padded(canonical(content | {"sequence": 2**32})), "Chains aren't so long."),
        ("name", padded(canonical(content | {"name": " Anna"})), "No name."),
        ("conversation", padded(canonical(content | {"conversation": ""})), "Null, or 16 bytes."),
        *(
            (f"without_{key}", padded(canonical({k: content[k] for k in content if k != key})),
             "A key is missing.")
            for key in content
        ),
    ):  # fmt: skip
        given = link | {"direction": "out", "sealed": sealed_as("out", plaintext)}
        v.refusal("open_introduction", f"form_{name}", why, given, "invitation_form")
