"""A module's text, shortened: copied token by token, without comments and needless space.

Variables have the names that they are given; strings, templates and regular expressions stay as
they are.
"""

from collections.abc import Iterator, Mapping

from tree_sitter import Node

from ephemeral.edge.modules import Module, Piece, Unlinkable, read_module
from ephemeral.edge.shortening import breaks, bytewise, needless, space

__all__ = ["without_comments", "written"]

# Where a token starts and ends, and what is written for it; None for a comment.
Token = tuple[int, int, Piece | None]


def written(module: Module, top: Mapping[str, str]) -> list[Piece]:
    """The text, and the references that are to be filled in.

    `top` gives the names of what is declared and imported at the top; for a module whose names
    can't be changed nobody asks it.
    """
    return list(_Writer(module, top).pieces())


def without_comments(name: str, source: str) -> str:
    """The text of a script that stands alone; raises Unlinkable."""
    pieces = written(read_module(name, source), {})
    return "".join(piece for piece in pieces if isinstance(piece, str))


class _Writer:
    def __init__(self, module: Module, top: Mapping[str, str]) -> None:
        self._module = module
        self._renamed_uses = module.names.renamed(top)

    def _words(self, node: Node) -> str:
        return self._module.source[node.start_byte : node.end_byte].decode()

    def pieces(self) -> Iterator[Piece]:
        """The text and the references in it, in their order."""
        copied: list[str] = []
        end, last, gap = 0, -1, ""
        tokens: list[Token] = []
        self._tokens(self._module.root, tokens)
        for start, stop, piece in tokens:
            gap += self._between(end, start)
            end = stop
            if piece is None:
                gap += "\n" if breaks(self._module.source[start:stop].decode()) else " "
                continue
            if piece == "":
                continue
            if last >= 0:
                copied.append(
                    space(
                        gap,
                        self._module.source[last : last + 1],
                        self._module.source[start : start + 1],
                    )
                )
            last, gap = stop - 1, ""
            if isinstance(piece, str):
                copied.append(piece)
            else:
                yield "".join(copied)
                yield piece
                copied = []
        yield "".join(copied)

    def _between(self, start: int, end: int) -> str:
        if start == end:
            return ""
        gap = self._module.source[start:end].decode()
        if gap.strip().strip("\ufeff"):
            raise Unlinkable(f"{self._module.name}: the linker overlooked {gap.strip()!r}.")
        return gap

    def _tokens(self, node: Node, found: list[Token]) -> None:
        """Every token in this node, after those that were found before it.

        In one list: handed from generator to generator each would pass all that is around it.
        """
        if node.start_byte in self._module.edits and node.type != "program":
            end, piece = self._module.edits[node.start_byte]
            if node.end_byte == end:
                found.append((node.start_byte, end, piece))
                return
            if node.type == "export_statement":
                found.append((node.start_byte, end, piece))
                for child in node.named_children:
                    if child.start_byte >= end:
                        self._tokens(child, found)
                return
        kind = node.type
        if kind == "comment":
            kept = self._module.source[node.start_byte : node.start_byte + 3] == b"/*!"
            found.append((node.start_byte, node.end_byte, self._words(node) if kept else None))
        elif kind == "template_string":
            self._template(node, found)
        elif needless(node, kind):
            found.append((node.start_byte, node.end_byte, ""))
        elif kind in {"string", "regex"} or node.child_count == 0:
            found.append((node.start_byte, node.end_byte, self._renamed(node, kind)))
        else:
            for child in node.children:
                self._tokens(child, found)

    def _renamed(self, node: Node, kind: str) -> str:
        name = self._words(node)
        if kind == "string":
            return bytewise(name, node)
        new = self._renamed_uses.get(node.start_byte, name)
        # In `{name}` the name is the property's as well, and that one stays.
        return f"{name}:{new}" if new != name and kind.startswith("shorthand_") else new

    def _template(self, node: Node, found: list[Token]) -> None:
        """Its text as it stands; what is inside `${}` as any code."""
        at = node.start_byte
        for child in node.children:
            if child.type == "template_substitution":
                text = self._module.source[at : child.start_byte].decode()
                found.append((at, child.start_byte, text))
                self._tokens(child, found)
                at = child.end_byte
        found.append((at, node.end_byte, self._module.source[at : node.end_byte].decode()))
