"""Which language a page is in: the visitor's wish (RFC 9110, 12.5.4) by lookup (RFC 4647, 3.4)."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ephemeral.page.preferences import weighted

__all__ = [
    "DEFAULT",
    "Catalogue",
    "Sentence",
    "negotiate",
    "of_accounts",
    "of_rooms",
    "read_catalogues",
    "untranslated",
]

DEFAULT = "en"

# What only the page of accounts says, and what of the others it says too.
_ACCOUNTS = ("account.", "conversations.")
_SHARED = (
    "copy.", "dialog.", "language.", "menu.close", "name", "progress.label", "refusal.",
    "barrier.insecure", "barrier.unreachable", "message.c", "share.copy_code", "share.qr",
    "share.show_qr", "menu.telling", "telling.",
)  # fmt: skip

Sentence = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every sentence in one language; those with a number have a form for each plural category.

    `missing` of them are not translated yet, and stand there in the default language.
    """

    code: str
    sentences: Mapping[str, Sentence]
    missing: int = 0

    @property
    def name(self) -> str:
        """What those who speak the language call it."""
        return str(self.sentences["language.name"])

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.sentences["language.direction"])


def read_catalogues(directory: Path) -> dict[str, Catalogue]:
    """All catalogues of a directory by the codes of their languages, the default one first.

    A sentence that a catalogue lacks, as while it is being translated, is the default one's.
    """
    codes = sorted(path.stem for path in directory.glob("*.json"))
    codes.sort(key=lambda code: code != DEFAULT)
    read = {code: json.loads((directory / f"{code}.json").read_text("utf-8")) for code in codes}
    default = read[DEFAULT]
    return {
        code: Catalogue(code, {**default, **read[code]}, len(default.keys() - read[code].keys()))
        for code in codes
    }


def of_rooms(catalogue: Catalogue) -> dict[str, Sentence]:
    """Every sentence but those of accounts, which the rooms' page never says."""
    return {key: said for key, said in catalogue.sentences.items() if not key.startswith(_ACCOUNTS)}


def of_accounts(catalogue: Catalogue) -> dict[str, Sentence]:
    """Every sentence that the page of accounts may say."""
    wanted = (*_ACCOUNTS, *_SHARED)
    return {key: said for key, said in catalogue.sentences.items() if key.startswith(wanted)}


def untranslated(catalogues: Mapping[str, Catalogue]) -> list[str]:
    """For each catalogue that lacks sentences: which it is, and how many of how many."""
    return [
        f"The catalogue {one.code} ({one.name}) lacks {one.missing} of {len(one.sentences)}"
        " sentences; the page says these in English."
        for one in catalogues.values()
        if one.missing
    ]


def negotiate(accepted: Iterable[bytes], asked: str | None, available: Collection[str]) -> str:
    """One of the languages `available`, of which the first is for whoever wants none of them.

    `accepted` are the values of Accept-Language; `asked` is what the address says, which wins if
    it is one of them.
    """
    if asked is not None and asked in available:
        return asked
    wishes = weighted(accepted)
    refused = {item for item, weight in wishes if weight == 0}
    offered = {code.lower(): code for code in available if code.lower() not in refused}
    for item, _ in sorted((one for one in wishes if one[1] > 0), key=lambda one: -one[1]):
        if item == "*" and offered:
            return next(iter(offered.values()))
        for shorter in _truncated(item):
            if shorter in offered:
                return offered[shorter]
    return next(iter(available))


def _truncated(wish: str) -> Iterator[str]:
    """The wish and what is left of it when its last parts are taken off, one after the other."""
    parts = wish.split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
