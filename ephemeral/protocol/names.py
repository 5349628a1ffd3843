"""Names of members: what one may be made of, and which are told apart by a number.

docs/protocol.md, 7.5.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from ephemeral.protocol.cleaning import INVISIBLE, SPACES
from ephemeral.protocol.limits import PROFILE_NAME_MAX
from ephemeral.protocol.name_characters import TABLE

__all__ = ["character_class", "is_name", "name_key", "numbers", "tidy_name"]

#: Marks that may follow each other on one character.
_MARKS_MAX = 4
_JOINERS = "\u200c\u200d"
# The middle dot and what looks like it or has it.
_DOTS = frozenset(
    "\u00b7\u013f\u0140\u0387\u1427\u16eb\u2022\u2027\u2218\u2219\u22c5\u25e6\u2981\u2e31\u2e33"
    "\u30fb\u318d\ua78f\uff65\U00010101"
)
# Below are Latin letters and the signs of all scripts; nothing there has a use for a joiner.
_JOINED_FROM = "\u0300"

_RUNS = [(kind, int(length, 36)) for kind, length in re.findall(r"([.+^])([0-9a-z]+)", TABLE)]
_CLASSES = "".join(kind for kind, _ in _RUNS) + "."
_ENDS = list(accumulate(length for _, length in _RUNS))


def character_class(character: str) -> str:
    """`.` not in a name, `+` in a name, `^` in a name and a mark."""
    return _CLASSES[bisect_right(_ENDS, ord(character))]


def is_name(name: str) -> bool:
    """Whether a name may be sealed, and shown when it comes from somebody else."""
    if len(name.encode("utf-8", "surrogatepass")) > PROFILE_NAME_MAX:
        return False
    marks = _MARKS_MAX
    for before, character, after in zip(f" {name}", name, f"{name[1:]} ", strict=False):
        if character == " " or character in _JOINERS:
            if not _parts(before, character, after):
                return False
            marks = _MARKS_MAX if character == " " else marks
            continue
        kind = character_class(character)
        marks = marks + 1 if kind == "^" else 0
        if kind == "." or marks > _MARKS_MAX:
            return False
        if character in _DOTS and {before, after} & set(" 0123456789"):
            return False
    return bool(name)


def _parts(before: str, character: str, after: str) -> bool:
    """Whether a space or a joiner may stand here. The ends of a name count as spaces."""
    if character == " ":
        return " " not in {before, after}
    return all(one >= _JOINED_FROM and one not in _JOINERS for one in (before, after))


def tidy_name(typed: str) -> str:
    """What was typed, composed and without what nobody sees of it; it may still be no name."""
    kept = "".join(" " if c in SPACES else c for c in typed if c in _JOINERS or c not in INVISIBLE)
    name = unicodedata.normalize("NFC", re.sub(" +", " ", kept).strip(" "))
    around = zip(f" {name}", name, f"{name[1:]} ", strict=False)
    return "".join(c for b, c, a in around if c not in _JOINERS or _parts(b, c, a))


def name_key(name: str) -> str:
    """What two names have in common that count as equal."""
    joined = unicodedata.normalize("NFKC", "".join(c for c in name if c not in _JOINERS))
    return unicodedata.normalize("NFKC", joined.upper().lower())


def numbers(names: Iterable[str | None], taken: Iterable[str] = ()) -> list[int]:
    """The number of each name among its equals, in the order of joining; 1 is not shown.

    `taken` are words of the interface: they come first. 0 where there is no name.
    """
    counts: dict[str, int] = {name_key(one): 1 for one in taken}
    found = []
    for name in names:
        key = None if name is None else name_key(name)
        if key is not None:
            counts[key] = counts.get(key, 0) + 1
        found.append(0 if key is None else counts[key])
    return found
