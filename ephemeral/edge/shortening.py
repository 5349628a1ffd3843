"""What of a script's text is sent otherwise than it was written, without meaning anything else."""

import base64
import re

from tree_sitter import Node

__all__ = ["breaks", "bytewise", "needless", "space"]

# Signs that become another one, or a comment, when they stand side by side.
_SIGNS = b"+-<>!/."
_LINE_END = re.compile("[\n\r\u2028\u2029]")
# Statements that a closing brace ends as well.
_ENDED = frozenset(
    {
        "break_statement",
        "continue_statement",
        "expression_statement",
        "lexical_declaration",
        "return_statement",
        "throw_statement",
    }
)
_BASE64 = re.compile(r'"[A-Za-z0-9+/]+={0,2}"')
_LONG = 1000


def space(gap: str, before: bytes, after: bytes) -> str:
    """What of the space between two tokens is needed, by the signs that it keeps apart."""
    if not gap:
        return ""
    if breaks(gap):
        # A statement may end at the end of a line, but not here.
        return "" if before in b"{([,;" or after in b"})]" else "\n"
    word = _is_word(after) and (_is_word(before) or before == b"/")
    signs = before in _SIGNS and after in _SIGNS
    number = after == b"." and (_is_word(before) or before == b"?")
    return " " if word or signs or number else ""


def _is_word(sign: bytes) -> bool:
    return sign.isalnum() or sign in b"_$#\\" or sign >= b"\x80"


def breaks(gap: str) -> bool:
    """Whether a line ends in it."""
    return _LINE_END.search(gap) is not None


def needless(node: Node, kind: str) -> bool:
    """Whether this token is a comma after the last item, or ends the last statement of a block.

    `kind` is the node's type: to ask a node for it again costs more than the whole answer.
    """
    if kind == ",":
        before, after = _beside(node, "prev_sibling"), _beside(node, "next_sibling")
        # Between two commas, or after an opening bracket, is an item that isn't there.
        return (
            before is not None and before.is_named
            and after is not None and after.type in {")", "]", "}"}
        )  # fmt: skip
    if kind == ";" and node.parent is not None and node.parent.type in _ENDED:
        after = _beside(node.parent, "next_sibling")
        return after is not None and after.type == "}"
    return False


def _beside(node: Node, way: str) -> Node | None:
    """The next node on this side that is no comment."""
    found: Node | None = getattr(node, way)
    while found is not None and found.type == "comment":
        found = getattr(found, way)
    return found


def bytewise(text: str, node: Node) -> str:
    """A long string in base64 as an expression that gives the same from hexadecimal digits.

    Brotli finds the likeness of bytes in these, which base64 spreads over four letters in three.
    """
    if len(text) < _LONG or _BASE64.fullmatch(text) is None or not _is_value(node):
        return text
    encoded = text[1:-1]
    if len(encoded) % 4:
        return text
    decoded = base64.b64decode(encoded)
    if base64.b64encode(decoded).decode() != encoded:
        return text
    digits = decoded.hex()
    return f'btoa("{digits}".replace(/../g,(digits)=>String.fromCharCode(parseInt(digits,16))))'


def _is_value(node: Node) -> bool:
    """Whether any expression could stand here instead."""
    around = node.parent
    return around is not None and (
        around.type == "pair" and around.child_by_field_name("value") == node
    )
