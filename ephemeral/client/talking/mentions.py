"""Who is named in a text: `@` and a name (docs/conversations.md, 6.2)."""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from ephemeral.client.conversations.engine import Known
from ephemeral.client.talking.here import Here
from ephemeral.protocol.conversations.contents import MENTIONS_MAX
from ephemeral.protocol.encoding import b64encode

__all__ = ["Nameable", "mentioning", "named_in"]


class Nameable(NamedTuple):
    """Somebody who may be named by `name`; others read `said`, as they call themselves."""

    chain: bytes
    name: str
    said: str


def mentioning(place: Here, known: Known, text: str) -> dict[str, object]:
    """A text with whom it names of a conversation's people, as a body has both."""
    people = list[Nameable]()
    for one in known.people:
        person = None if one.chain == place.own else place.person(one.chain)
        if person is not None:
            address = None if person.address is None else person.address.partition(".")[0]
            for name in (person.said, person.name, address):
                if name:
                    # What one calls somebody here is nobody else's.
                    people.append(Nameable(person.chain, name, person.said or name))
    text, chains = named_in(text, people)
    return {"text": text, "mentions": list(map(b64encode, chains[:MENTIONS_MAX]))}


def named_in(text: str, people: Iterable[Nameable]) -> tuple[str, list[bytes]]:
    """The text with people as they call themselves, and who they are, each once, in its order.

    Of several who are called alike it is the first.
    """
    longest_first = sorted(people, key=lambda one: -len(one.name))
    written, chains, done = list[str](), list[bytes](), 0
    start = text.find("@")
    while start != -1:
        named = None
        if start == 0 or not _is_inside(text[start - 1]):
            named = next((one for one in longest_first if _stands(text, start + 1, one.name)), None)
        if named is not None:
            written += [text[done : start + 1], named.said]
            done = start + 1 + len(named.name)
            if named.chain not in chains:
                chains.append(named.chain)
        start = text.find("@", max(done, start + 1))
    return "".join([*written, text[done:]]), chains


def _stands(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    behind = text[end : end + 1]
    return _folded(text[at:end]) == _folded(name) and not (behind and _is_inside(behind))


def _is_inside(character: str) -> bool:
    """Whether it would go on with a name, or with what stands before an `@`, as in an address."""
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
