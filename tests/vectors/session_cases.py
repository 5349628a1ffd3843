"""A member's session on its socket: docs/protocol.md, 7.7, 8.5 to 8.11 and section 11.

What a server says and what a person does go in; what the client sends, and what it then believes,
come out. `ref` of an answer is the type of the frame that it answers: the latest of that type.
"""

import hashlib
from typing import Any

from maker import (
    Vectors,
    b64,
    charter_of,
    compact,
    drawn,
    hkdf,
    mac_of,
    message_ad,
    plaintext_of,
    sealed,
)
from seat_cases import expanded

Frame = dict[str, Any]

ROOT = drawn("session/root", 32)
ROOM_NONCE = drawn("session/nonce", 32)
CHARTER = charter_of(nonce=ROOM_NONCE, seats=3)
MAC = mac_of(hkdf(ROOT, b"", "ephemeral/v1/charter"), CHARTER)
SECRET = drawn("session/seat", 16)
TOKEN = hkdf(SECRET, ROOM_NONCE, "ephemeral/v1/seat-token")
ME = hkdf(TOKEN, b"", "ephemeral/v1/member")[:16]
ANNA, BO = drawn("session/anna", 16), drawn("session/bo", 16)
MESSAGE_KEY = hkdf(hkdf(ROOT, b"", "ephemeral/v1/room-secret"), ROOM_NONCE, "ephemeral/v1/message")
OWN = expanded(SECRET, ROOM_NONCE, "ephemeral/v1/seat-messages", 4800)
FIRST, PROOF = OWN[:16], OWN[16:48]
SECOND = OWN[48:64]
A, B = drawn("session/message a", 16), drawn("session/message b", 16)
VIEWING = drawn("session/viewing", 32)
NOW = 1_790_000_000_000
LATER = NOW + 86_400_000

ROOM = {
    "now": NOW, "charter": b64(CHARTER), "mac": b64(MAC), "locked": False, "joins": 3,
    "seats_taken": 3, "created_at": NOW, "expires_at": LATER,
}  # fmt: skip
MEMBERS = [
    {"member": b64(one), "profile": None, "joined_at": NOW, "seen_at": NOW, "present": True}
    for one in (ME, ANNA, BO)
]
CONNECT: Frame = {"do": "connect"}
LOSE: Frame = {"do": "lose"}
WRITE: Frame = {"do": "write", "text": "hello"}


def hear(*frames: Frame) -> Frame:
    return {"hear": list(frames)}


def do(what: str, message: bytes) -> Frame:
    return {"do": what, "id": b64(message)}


def ok(frame: str, **fields: Any) -> Frame:
    return hear({"type": "ok", "ref": frame, **fields})


def no(frame: str, code: str, **fields: Any) -> Frame:
    error = {"code": code, "message": "No.", "retry_after": None, **fields}
    return hear({"type": "error", "ref": frame, "error": error})


def notice(message: bytes, author: bytes = ANNA, **changes: Any) -> Frame:
    return {
        "id": b64(message), "sequence": 1, "author": b64(author), "size": 512, "posted_at": NOW,
        "expires_at": LATER, "state": "stored", "holder": None, "lease_until": None,
        "audience": None, "opened": 0, "returns": 0, **changes,
    }  # fmt: skip


def receipt(message: bytes, state: str, **changes: Any) -> Frame:
    return {
        "id": b64(message), "state": state, "sequence": 1, "posted_at": NOW, "expires_at": LATER,
        "viewing": None, "opened": 0, "returns": 0, "audience": None, "reader": None,
        "ended_at": None, **changes,
    }  # fmt: skip


def event(kind: str, message: bytes, **fields: Any) -> Frame:
    return hear({"type": kind, "id": b64(message), **fields})


def destroyed(message: bytes, state: str, viewing: bytes | None, member: bytes | None) -> Frame:
    return event(
        "destroyed", message, state=state, viewing=None if viewing is None else b64(viewing),
        member=None if member is None else b64(member), opened=1, ended_at=NOW,
    )  # fmt: skip


def state(*notices: Frame) -> Frame:
    return {"now": NOW, "room": ROOM, "members": MEMBERS, "notices": list(notices)}


def welcome(*notices: Frame) -> Frame:
    return hear({"type": "welcome", "ref": "hello", "member": b64(ME), **state(*notices)})


def opened(message: bytes, author: bytes = ANNA) -> Frame:
    plaintext = plaintext_of(compact({"type": "text", "text": "hi"}), viewing=VIEWING)
    ad = message_ad(ROOM_NONCE, ANNA, message)
    return ok(
        "open", id=b64(message), author=b64(author), sequence=1, posted_at=NOW, expires_at=LATER,
        envelope=b64(sealed(MESSAGE_KEY, drawn("session/gcm", 12), plaintext, ad)),
        lease_until=NOW + 120_000, now=NOW,
    )  # fmt: skip


def hello(generation: int = 1) -> Frame:
    return {"type": "hello", "generation": generation}


def about(kind: str, message: bytes, **fields: Any) -> Frame:
    return {"type": kind, "id": b64(message), **fields}


POST = about("post", FIRST, viewing_hash=b64(hashlib.sha256(PROOF).digest()))
ACK = about("ack", A, viewing=b64(VIEWING))
STORED = ok("post", **receipt(FIRST, "stored"))


def make() -> Vectors:
    v = Vectors("session", "A member's session: docs/protocol.md, 7.7, 8.5 to 8.11, section 11")
    v.operation(
        "session",
        {
            "root": "hex", "charter": "hex", "mac": "hex", "seat_secret": "hex",
            "generation": "integer", "steps": "json",
        },
        {"sends": "json", "own": "json", "waiting": "json", "ended": "json"},
        side="client",
    )  # fmt: skip

    def case(
        name: str,
        why: str,
        *steps: tuple[Frame, list[Frame]],
        own: dict[bytes, str] | None = None,
        waiting: tuple[bytes, ...] = (),
        ended: str | None = None,
        generation: int = 0,
    ) -> None:
        given = {
            "root": ROOT, "charter": CHARTER, "mac": MAC, "seat_secret": SECRET,
            "generation": generation, "steps": [step for step, _ in steps],
        }  # fmt: skip
        out = {
            "sends": [sends for _, sends in steps],
            "own": {b64(one): what for one, what in (own or {}).items()},
            "waiting": [b64(one) for one in waiting],
            "ended": ended,
        }
        v.success("session", name, why, given, out)

    here = ((CONNECT, [hello()]), (welcome(), []))
    one_waits = ((CONNECT, [hello()]), (welcome(notice(A)), []))
    wrote = (*here, (WRITE, [POST]))
    stored = (*wrote, (STORED, []))
    reads = (*one_waits, (do("open", A), [about("open", A)]), (opened(A), []))

    case("hello", "One more than the highest generation.", (CONNECT, [hello(8)]), generation=7)
    case("hello_again", "Each connection is one more.", *here, (LOSE, []), (CONNECT, [hello(2)]))
    for code, reason in (
        ("room_unknown", "room_unknown"),
        ("seat_unknown", "seat_lost"),
        ("replaced", "replaced"),
    ):
        why = "There is nothing to come back to."
        case(f"hello_{code}", why, (CONNECT, [hello()]), (no("hello", code), []), ended=reason)
    case("hello_unavailable", "It is tried again.", (CONNECT, [hello()]),
         (no("hello", "unavailable"), []))  # fmt: skip
    case("post", "Its id is the seat's first; the answer is enough.", *stored,
         own={FIRST: "stored"})  # fmt: skip
    case("post_before_welcome", "It waits for the welcome.", (WRITE, []), (CONNECT, [hello()]),
         (welcome(), [POST]), own={FIRST: "sending"})  # fmt: skip
    case("post_again", "Without an answer the same is asked on the next connection.", *wrote,
         (LOSE, []), (CONNECT, [hello(2)]), (welcome(), [POST]),
         own={FIRST: "sending"})  # fmt: skip
    case("post_conflict", "It is refused for good.", *wrote, (no("post", "message_conflict"), []),
         own={FIRST: "refused"})  # fmt: skip
    case("post_crowded", "What the room had no place for is posted when another is gone.", *wrote,
         (no("post", "room_crowded"), []), (destroyed(A, "expired", None, None), [POST]),
         own={FIRST: "sending"})  # fmt: skip
    case("lease_of_ones_own", "Somebody reads it.", *stored,
         (event("opened", FIRST, member=b64(ANNA), lease_until=NOW + 120_000), []),
         own={FIRST: "opened"})  # fmt: skip
    case("lease_ended", "It waits again.", *stored,
         (event("opened", FIRST, member=b64(ANNA), lease_until=NOW + 120_000), []),
         (event("stored", FIRST, member=b64(ANNA), returns=1), []),
         own={FIRST: "stored"})  # fmt: skip
    case("viewed", "With the bytes whose hash was posted.", *stored,
         (destroyed(FIRST, "viewed", PROOF, ANNA), []), own={FIRST: "viewed"})  # fmt: skip
    case("viewed_falsely", "With other bytes it is not believed.", *stored,
         (destroyed(FIRST, "viewed", VIEWING, ANNA), []), own={FIRST: "false"})  # fmt: skip
    case("viewed_after_all", "A true proof after a false one counts.", *stored,
         (destroyed(FIRST, "viewed", VIEWING, ANNA), []),
         (destroyed(FIRST, "viewed", PROOF, ANNA), []), own={FIRST: "viewed"})  # fmt: skip
    for fate in ("unconfirmed", "expired", "withdrawn"):
        case(f"fate_{fate}", "It needs no proof.", *stored,
             (destroyed(FIRST, fate, None, None), []), own={FIRST: fate})  # fmt: skip
    case("fate_asked_for", "What is on no list any more is asked about.", *stored, (LOSE, []),
         (CONNECT, [hello(2)]), (welcome(), [{"type": "status", "ids": [b64(FIRST)]}]),
         (ok("status", now=NOW, receipts=[receipt(FIRST, "viewed", viewing=b64(PROOF))]), []),
         own={FIRST: "viewed"})  # fmt: skip
    case("waits", "The author's own doesn't, another's does.", (CONNECT, [hello()]),
         (welcome(notice(A), notice(B, ME)), []), waiting=(A,))  # fmt: skip
    case("waits_for_others", "Nor does one for others.", (CONNECT, [hello()]),
         (welcome(notice(A, audience=[b64(BO)]), notice(B, audience=[b64(ME)])), []),
         waiting=(B,))  # fmt: skip
    case("read", "The proof is sent once it was shown, and the answer is enough.", *reads,
         (do("show", A), [ACK]), (ok("ack", id=b64(A), state="viewed"), []))  # fmt: skip
    case("open_again", "A lost answer is asked for again.", *one_waits,
         (do("open", A), [about("open", A)]), (LOSE, []), (CONNECT, [hello(2)]),
         (welcome(notice(A, state="opened", holder=b64(ME), lease_until=NOW + 120_000)),
          [about("open", A)]), waiting=(A,))  # fmt: skip
    case("ack_again", "So is an acknowledgement.", *reads, (do("show", A), [ACK]), (LOSE, []),
         (CONNECT, [hello(2)]), (welcome(), [ACK]))  # fmt: skip
    case("release", "Given back unread, it waits again.", *reads,
         (do("release", A), [about("release", A)]),
         (ok("release", id=b64(A), state="stored", returns=1), []), waiting=(A,))  # fmt: skip
    case("other_author", "The answer names another author than the notice: given back, no proof.",
         *one_waits, (do("open", A), [about("open", A)]), (opened(A, BO), [about("release", A)]),
         waiting=(A,))  # fmt: skip
    case("taken", "Another member reads it.", *one_waits,
         (event("opened", A, member=b64(BO), lease_until=NOW + 120_000), []))  # fmt: skip
    case("taken_and_given_back", "And does so no longer.", *one_waits,
         (event("opened", A, member=b64(BO), lease_until=NOW + 120_000), []),
         (event("stored", A, member=b64(BO), returns=1), []), waiting=(A,))  # fmt: skip
    case(
        "gone", "It is destroyed elsewhere.", *one_waits, (destroyed(A, "viewed", VIEWING, BO), [])
    )
    case("gone_at_opening", "The answer says so.", *one_waits, (do("open", A), [about("open", A)]),
         (no("open", "message_gone", state="viewed"), []))  # fmt: skip
    case("done_at_opening", "It lives for others alone.", (CONNECT, [hello()]),
         (welcome(notice(A, audience=[b64(ME), b64(BO)])), []),
         (do("open", A), [about("open", A)]),
         (no("open", "message_done", state="unconfirmed"), []))  # fmt: skip
    case("complete_state", "It replaces what was known.", *one_waits,
         (hear({"type": "backlog", **state(notice(B))}), []), waiting=(B,))  # fmt: skip
    for reason, member in (("destroyed", b64(ANNA)), ("expired", None)):
        case(f"closed_{reason}", "The room is no more.", *here,
             (hear({"type": "closed", "reason": reason, "member": member}), []),
             ended=reason)  # fmt: skip
    case("unknown_event", "A later version's means nothing.", *one_waits,
         (hear({"type": "sang", "id": b64(A)}), []), waiting=(A,))  # fmt: skip
    return v
