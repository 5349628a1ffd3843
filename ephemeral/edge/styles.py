"""The page's style sheets as one: comments and indentation left out."""

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
_INDENTATION = re.compile(r"[ \t]*\n\s*")
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
    written = []
    end = 0
    for found in _TOKEN.finditer(source):
        written.append(_INDENTATION.sub("\n", source[end : found.start()]))
        end = found.end()
        if found["refused"] is not None:
            raise _refused(name, source, found.start(), f"{found[0]} can't be moved")
        if found["text"] is not None:
            written.append(found[0])
        elif source[found.start() - 1 : found.start()] not in _PARTING and (
            source[end : end + 1] not in _PARTING
        ):
            written.append("/**/")
    written.append(_INDENTATION.sub("\n", source[end:]))
    return "\n".join(line for line in "".join(written).split("\n") if line) + "\n"


def _refused(name: str, source: str, at: int, reason: str) -> Unlinkable:
    line = source.count("\n", 0, at) + 1
    return Unlinkable(f"{name}, line {line}: {reason}.")
