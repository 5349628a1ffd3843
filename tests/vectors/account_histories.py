"""Histories of a chain, and how the vectors tell what becomes of them."""

from typing import Any

from account_maker import ADD, CLOSE, GENESIS, REMOVE, History, Person
from maker import Vectors, drawn

WORDS = Person("chain/words")
LAPTOP = Person("chain/laptop")
PHONE = Person("chain/phone")
TABLET = Person("chain/tablet")
SEAL = drawn("accounts/chain/seal", 32)
NEXT_WORDS = Person("chain/next words")
NEXT_SEAL = drawn("accounts/chain/next seal", 32)
NEXT = {"recovery": NEXT_WORDS.key, "recovery_seal": NEXT_SEAL}

NEW = History(recovery=WORDS, seal=SEAL)
FIRST = NEW.after(NEW.next(GENESIS, LAPTOP, LAPTOP))
TWO = FIRST.after(FIRST.next(ADD, LAPTOP, PHONE))
LEFT = TWO.after(TWO.next(REMOVE, PHONE, LAPTOP))
CLOSED = TWO.after(TWO.next(CLOSE, LAPTOP))

STATE = {
    "chain": "hex",
    "sequence": "integer",
    "head": "hex",
    "devices": "json",
    "removed": "json",
    "recovery": "hex",
    "recovery_seal": "hex",
    "closed_by": "json",
}


def device(person: Person, since: int) -> list[Any]:
    return [person.id.hex(), person.key.hex(), since]


def read(
    v: Vectors,
    name: str,
    why: str,
    history: History,
    active: list[list[Any]],
    removed: list[list[Any]],
    *,
    closed_by: str | None = None,
    words: tuple[bytes, bytes] = (WORDS.key, SEAL),
    pin: dict[str, Any] | None = None,
) -> None:
    given: dict[str, Any] = {"statements": [one.hex() for one in history.said]}
    if pin is not None:
        given["pin"] = pin
    out = {
        **history.state(),
        "devices": active,
        "removed": removed,
        "recovery": words[0],
        "recovery_seal": words[1],
        "closed_by": closed_by,
    }
    v.success("read_chain", name, why, given, out)


def refused(
    v: Vectors, name: str, why: str, history: History, last: bytes | None, code: str, **more: Any
) -> None:
    said = history.said if last is None else [*history.said, last]
    given = {"statements": [one.hex() for one in said], **more}
    v.refusal("read_chain", name, why, given, code)
