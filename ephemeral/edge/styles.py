"""The page's style sheets as one: comments and needless space left out."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from ephemeral.edge.modules import Unlinkable

__all__ = ["link_styles"]

# In this order: what looks like a comment inside a text is text.
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\[^\n]|[^"\\\n])*"|'(?:\\[^\n]|[^'\\\n])*')"""
    r"""|(?P<comment>/\*.*?\*/)"""
    r"""|(?P<refused>/\*|["']|@import\b|@charset\b|\burl\((?!["']data:))""",
    re.DOTALL,
)
# Beside these signs space means nothing; nor after a colon, unless nothing else follows.
_NEEDLESS = re.compile(r"(?<![:\s])\s*([{};,])\s*|(?<=:)\s+(?![;}])")
_SPACE = re.compile(r"\s+")
_IMPORTS = re.compile(r'(?:\s|/\*(?:.*?)\*/|@import "(?P<path>[^"\\\n]+)";)', re.DOTALL)
# Beside one of these a comment parts nothing.
_PARTING = "\n\t {};:,"


def link_styles(sources: Mapping[str, str], entry: str) -> str:
    """The sheets that `entry` imports, in their order; paths are below one root.

    Raises Unlinkable if `entry` holds anything but imports and comments, and for what can't be
    moved out of the others: further imports, addresses of files, texts and comments without end.
    """
    return "".join(_linked(sources[name], name) for name in _imported(sources, entry))


def _imported(sources: Mapping[str, str], entry: str) -> Iterator[str]:
    source, at = sources[entry], 0
    while at < len(source):
        found = _IMPORTS.match(source, at)
        if found is None:
            raise _refused(entry, source, at, 'only @import "..."; has its place here')
        if found["path"] is not None:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(entry), found["path"]))
            if name not in sources:
                raise _refused(entry, source, at, f"{name} is no file")
            yield name
        at = found.end()


def _linked(source: str, name: str) -> str:
    written = [""]
    end = 0
    for found in _TOKEN.finditer(source):
        written[-1] += source[end : found.start()]
        end = found.end()
        if found["refused"] is not None:
            raise _refused(name, source, found.start(), f"{found[0]} can't be moved")
        if found["text"] is not None:
            # At every second place.
            written += [found[0], ""]
        elif not _apart(written[-1][-1:], source[end : end + 1]):
            written[-1] += "/**/"
    written[-1] += source[end:]
    written[::2] = [_NEEDLESS.sub(r"\1", _SPACE.sub(" ", text)) for text in written[::2]]
    return "".join(written).strip() + "\n"


def _apart(before: str, after: str) -> bool:
    """Whether what stands around a comment is apart without it."""
    return before in _PARTING or after in _PARTING


def _refused(name: str, source: str, at: int, reason: str) -> Unlinkable:
    line = source.count("\n", 0, at) + 1
    return Unlinkable(f"{name}, line {line}: {reason}.")
