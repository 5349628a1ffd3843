"""What an instance serves beside what a release has: each difference in words."""

import hashlib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import NamedTuple

from ephemeral.protocol.release import COMPARED, REFUSED, Item, Release, without_base_path

__all__ = ["Difference", "Served", "differences"]

# What an element loads or runs, by attribute, whichever element it is.
_LOADING = ("src", "srcset", "data", "action", "formaction", "background", "poster", "ping")
# What runs, or changes where addresses lead, however harmless it looks.
_ACTIVE = {"base", "embed", "frame", "iframe", "object", "portal"}


class Served(NamedTuple):
    """An answer: status, every value of every header by its name in lower case, and the body as it
    was before it was packed; None if that could not be had."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes | None


class Difference(NamedTuple):
    """`kind` is `missing`, `changed`, `header` or `extra`; `where` an address of the instance."""

    kind: str
    where: str
    sentence: str


def differences(
    release: Release, wanted: Item, where: str, base_path: str, found: Served
) -> Iterator[Difference]:
    """What is other than the release has it, in what was `found` at the address `where`."""
    if found.status != wanted.status or found.body is None:
        yield Difference("missing", where, f"it answers {found.status}, not {wanted.status}")
        return
    body = without_base_path(found.body, base_path.encode(), wanted.base_path_at)
    if body is None or hashlib.sha256(body).hexdigest() != wanted.sha256:
        yield Difference("changed", where, _changed(wanted, body))
        if wanted.language is not None:
            yield from _extras(release, where, base_path, found.body)
    yield from _headers(wanted, where, found.headers)


def _changed(wanted: Item, body: bytes | None) -> str:
    if body is None:
        return "it has other bytes where it names its own address"
    if len(body) == wanted.size:
        return f"it has {wanted.size} bytes as it should, but others"
    return f"it has {len(body)} bytes instead of {wanted.size}"


def _headers(wanted: Item, where: str, found: Mapping[str, list[str]]) -> Iterator[Difference]:
    for name in COMPARED:
        due, given = wanted.headers.get(name), found.get(name, [])
        if given == ([] if due is None else [due]):
            continue
        said = " and ".join(f'"{one}"' for one in given) or "nothing"
        instead = "nothing" if due is None else f'"{due}"'
        yield Difference("header", where, f"{name} says {said} instead of {instead}")
    for name in REFUSED:
        for value in found.get(name, []):
            yield Difference("header", where, f'{name} says "{value}" instead of nothing')


# --- what a changed document loads ----------------------------------------------------------------


def _extras(release: Release, where: str, base_path: str, body: bytes) -> Iterator[Difference]:
    reader = _Reader()
    reader.feed(body.decode("utf-8", "replace"))
    reader.close()
    if reader.version not in {None, release.version}:
        yield Difference("changed", where, f"it calls itself version {reader.version}")
    known = {f"{base_path}/{one.path}" for one in release.items}
    for address in dict.fromkeys(reader.loaded):
        if address not in known:
            yield Difference("extra", where, f"it loads {address}, which the release doesn't have")
    for sentence in reader.active:
        yield Difference("extra", where, sentence)


class _Reader(HTMLParser):
    """Collects what a document loads, and what in it could run."""

    def __init__(self) -> None:
        super().__init__()
        self.version: str | None = None
        self.loaded: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        given = dict(attrs)
        if tag == "html":
            self.version = given.get("data-version")
        if tag == "link":
            self.loaded.append(given.get("href") or "")
        self.loaded += [given[name] or "" for name in _LOADING if name in given]
        if tag == "script" and "src" not in given and given.get("type") != "importmap":
            self.active.append("it has a script of its own")
        if tag in _ACTIVE or (tag == "meta" and "http-equiv" in given):
            self.active.append(f"it has an element {tag}")
        self.active += [f"{tag} has {name}" for name in given if name.startswith("on")]
