"""One JavaScript module, read: what it imports and exports, and its text, shortened.

Only the forms of which the linker knows that it keeps their meaning are let through. What else a
module holds is copied token by token, without comments and needless space, with shorter names for
its own variables, and with strings, templates and regular expressions as they are.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from ephemeral.edge.renaming import FUNCTIONS, Renaming, renamed
from ephemeral.edge.shortening import breaks, bytewise, space

__all__ = ["Import", "Module", "Unlinkable", "read_module", "without_comments"]

_LANGUAGE = Language(tree_sitter_javascript.language())
# What a declaration must be for its name to keep its value for ever, by the node's type.
_CONSTANT = {"class_declaration", "function_declaration", "generator_function_declaration"}


class Unlinkable(Exception):
    """A source that can't be linked; the message is one sentence that names file and line."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: the module's name; exported name and own name of each binding.

    `*` as the exported name stands for all of them in one object. Own names are the shorter ones.
    """

    module: str
    bindings: tuple[tuple[str, str], ...]
    line: int


@dataclass(slots=True)
class Module:
    """A module's meaning. Names of modules are paths below the root of all sources.

    `exports` are the exported names, each with the one that it has in the text. `pieces` is the
    text, in order: strings to copy, and references to be filled in.
    """

    name: str
    imports: list[Import] = field(default_factory=list)
    exports: dict[str, str] = field(default_factory=dict)
    pieces: "list[str | Loaded | Worker]" = field(default_factory=list)
    identifiers: set[str] = field(default_factory=set)

    @property
    def loaded(self) -> "list[Loaded]":
        """What it imports while it runs."""
        return [piece for piece in self.pieces if isinstance(piece, Loaded)]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Stands for `import("...")`."""

    module: str
    line: int


@dataclass(frozen=True, slots=True)
class Worker:
    """Stands for the address in `new URL("...", import.meta.url)`."""

    module: str
    line: int


def read_module(name: str, source: str) -> Module:
    """Read a module; raises Unlinkable."""
    return _Reader(name, source).read()


def without_comments(name: str, source: str) -> str:
    """The text of a script that stands alone; raises Unlinkable."""
    return "".join(piece for piece in read_module(name, source).pieces if isinstance(piece, str))


class _Reader:
    def __init__(self, name: str, source: str) -> None:
        self._module = Module(name)
        self._source = source.encode()
        self._edits: dict[int, tuple[int, str | Loaded | Worker]] = {}
        self._constant: set[str] = set()
        self._assigned: list[tuple[str, Node]] = []
        self._renaming = Renaming()

    def read(self) -> Module:
        root = Parser(_LANGUAGE).parse(self._source).root_node
        if root.has_error:
            raise self._refused(
                _first_error(root), "this is no JavaScript that the linker can read"
            )
        self._renaming = renamed(root, self._source)
        for statement in root.named_children:
            if statement.type == "import_statement":
                self._import(statement)
            elif statement.type == "export_statement":
                self._export(statement)
        self._look(root, inside=False)
        for identifier, node in self._assigned:
            if identifier in self._constant:
                raise self._refused(node, f"{identifier} is exported and must keep its value")
        self._module.pieces = list(self._text(root))
        return self._module

    def _refused(self, node: Node, reason: str) -> Unlinkable:
        return Unlinkable(f"{self._module.name}, line {node.start_point.row + 1}: {reason}.")

    def _words(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte].decode()

    def _target(self, node: Node | None, at: Node) -> str:
        """The module that a string names."""
        if node is None or node.type != "string":
            raise self._refused(at, "what is imported must be named by a string as it stands")
        specifier = self._words(node)[1:-1]
        if not specifier.startswith(("./", "../")) or "\\" in specifier:
            raise self._refused(node, f"{specifier!r} is no relative path")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self._module.name), specifier))

    # Statements

    def _import(self, statement: Node) -> None:
        bindings: list[tuple[str, str]] = []
        for child in statement.named_children:
            if child.type == "import_clause":
                for part in child.named_children:
                    bindings += self._bindings(part)
            elif child.type not in {"string", "comment"}:
                raise self._refused(child, "an import has no attributes here")
        self._module.imports.append(
            Import(
                self._target(statement.child_by_field_name("source"), statement),
                tuple(bindings),
                statement.start_point.row + 1,
            )
        )
        self._edits[statement.start_byte] = (statement.end_byte, "")

    def _bindings(self, part: Node) -> Iterator[tuple[str, str]]:
        if part.type == "namespace_import":
            yield "*", self._own(part.named_children[-1])
        elif part.type == "named_imports":
            for one in part.named_children:
                if one.type == "comment":
                    continue
                exported = one.child_by_field_name("name")
                own = one.child_by_field_name("alias") or exported
                assert exported is not None
                assert own is not None
                if self._words(exported) == "default":
                    raise self._refused(one, "there are no default exports here")
                if exported.type != "identifier":
                    raise self._refused(one, "a name that is imported must be an identifier")
                yield self._words(exported), self._own(own)
        elif part.type != "comment":
            raise self._refused(part, "there are no default exports here")

    def _own(self, node: Node) -> str:
        """The name in the text of what is declared at the top of the module."""
        name = self._words(node)
        return self._renaming.top.get(name, name)

    def _export(self, statement: Node) -> None:
        declaration = statement.child_by_field_name("declaration")
        if declaration is not None and not any(c.type == "default" for c in statement.children):
            self._declared(declaration)
            # The keyword alone goes, and what stands between it and the declaration.
            self._edits[statement.start_byte] = (declaration.start_byte, "")
            return
        kinds = [child.type for child in statement.named_children]
        if kinds == ["export_clause"] and not statement.named_children[0].named_children:
            self._edits[statement.start_byte] = (statement.end_byte, "")
            return
        raise self._refused(
            statement, "only declarations of const, function and class can be exported"
        )

    def _declared(self, declaration: Node) -> None:
        if declaration.type in _CONSTANT:
            name = declaration.child_by_field_name("name")
            assert name is not None
            self._module.exports[self._words(name)] = self._own(name)
            self._constant.add(self._words(name))
            return
        kind = declaration.child_by_field_name("kind")
        if kind is None or kind.type != "const":
            raise self._refused(
                declaration, "only declarations of const, function and class can be exported"
            )
        for one in declaration.named_children:
            if one.type != "comment":
                for name in self._names(one):
                    self._module.exports[self._words(name)] = self._own(name)

    def _names(self, declarator: Node) -> Iterator[Node]:
        name = declarator.child_by_field_name("name")
        assert name is not None
        if name.type == "identifier":
            yield name
            return
        for part in name.named_children:
            if part.type != "shorthand_property_identifier_pattern":
                raise self._refused(name, "an exported const is a name, or a flat { pattern }")
            yield part

    # Everything below statements

    def _look(self, node: Node, *, inside: bool) -> None:
        """Find what is replaced and what is refused. `inside` a function, awaiting is allowed."""
        match node.type:
            case "identifier" | "shorthand_property_identifier" | "statement_identifier":
                self._module.identifiers.add(self._words(node))
            case "shorthand_property_identifier_pattern":
                self._module.identifiers.add(self._words(node))
            case "await" | "await_expression" if not inside:
                raise self._refused(node, "awaiting at the top of a module is not linked")
            case "hash_bang_line" | "html_comment" | "jsx_element" | "jsx_self_closing_element":
                raise self._refused(node, "this is no plain JavaScript module")
            case "call_expression":
                self._call(node)
            case "new_expression":
                self._new(node)
            case "meta_property" if self._words(node).startswith("import"):
                if node.parent is None or node.parent.start_byte not in self._edits:
                    raise self._refused(
                        node, 'import.meta has its place in new URL("./x.js", import.meta.url) only'
                    )
            case "assignment_expression" | "augmented_assignment_expression" | "for_in_statement":
                self._assigns(node.child_by_field_name("left"))
            case "update_expression":
                self._assigns(node.child_by_field_name("argument"))
        inside = inside or node.type in FUNCTIONS
        for child in node.children:
            self._look(child, inside=inside)

    def _call(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None or function.type != "import":
            return
        given = node.child_by_field_name("arguments")
        parts = (
            [] if given is None else [one for one in given.named_children if one.type != "comment"]
        )
        target = self._target(parts[0] if len(parts) == 1 else None, node)
        line = node.start_point.row + 1
        self._edits[node.start_byte] = (node.end_byte, Loaded(target, line))

    def _new(self, node: Node) -> None:
        made = node.child_by_field_name("constructor")
        given = node.child_by_field_name("arguments")
        if made is None or given is None or self._words(made) != "URL":
            return
        parts = [one for one in given.named_children if one.type != "comment"]
        if len(parts) == 2 and self._words(parts[1]) == "import.meta.url":
            worker = Worker(self._target(parts[0], node), node.start_point.row + 1)
            self._edits[parts[0].start_byte] = (parts[0].end_byte, worker)
            self._edits[parts[1].start_byte] = (parts[1].end_byte, "import.meta.url")

    def _assigns(self, node: Node | None) -> None:
        if node is None:
            return
        if node.type in {"identifier", "shorthand_property_identifier_pattern"}:
            self._assigned.append((self._words(node), node))
        elif node.type.endswith(("_pattern", "parenthesized_expression")):
            for child in node.named_children:
                self._assigns(child)

    # The text

    def _text(self, root: Node) -> Iterator[str | Loaded | Worker]:
        """The pieces, without comments and needless space."""
        copied: list[str] = []
        end, last, gap = 0, -1, ""
        for start, stop, piece in self._tokens(root):
            gap += self._between(end, start)
            end = stop
            if piece is None:
                gap += "\n" if breaks(self._source[start:stop].decode()) else " "
                continue
            if piece == "":
                continue
            if last >= 0:
                copied.append(
                    space(gap, self._source[last : last + 1], self._source[start : start + 1])
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
        gap = self._source[start:end].decode()
        if gap.strip().strip("\ufeff"):
            raise Unlinkable(f"{self._module.name}: the linker overlooked {gap.strip()!r}.")
        return gap

    def _tokens(self, node: Node) -> Iterator[tuple[int, int, str | Loaded | Worker | None]]:
        """Where each token starts and ends, and what is written for it; None for a comment."""
        if node.start_byte in self._edits and node.type != "program":
            end, piece = self._edits[node.start_byte]
            if node.end_byte == end:
                yield node.start_byte, end, piece
                return
            if node.type == "export_statement":
                yield node.start_byte, end, piece
                for child in node.named_children:
                    if child.start_byte >= end:
                        yield from self._tokens(child)
                return
        if node.type == "comment":
            kept = self._source[node.start_byte : node.start_byte + 3] == b"/*!"
            yield node.start_byte, node.end_byte, self._words(node) if kept else None
        elif node.type == "template_string":
            yield from self._template(node)
        elif node.child_count == 0 or node.type in {"string", "regex"}:
            yield node.start_byte, node.end_byte, self._renamed(node)
        else:
            for child in node.children:
                yield from self._tokens(child)

    def _renamed(self, node: Node) -> str:
        name = self._words(node)
        if node.type == "string":
            return bytewise(name, node)
        new = self._renaming.uses.get(node.start_byte, name)
        # In `{name}` the name is the property's as well, and that one stays.
        return f"{name}:{new}" if node.type.startswith("shorthand_") and new != name else new

    def _template(self, node: Node) -> Iterator[tuple[int, int, str | Loaded | Worker | None]]:
        """Its text as it stands; what is inside `${}` as any code."""
        at = node.start_byte
        for child in node.children:
            if child.type == "template_substitution":
                yield at, child.start_byte, self._source[at : child.start_byte].decode()
                yield from self._tokens(child)
                at = child.end_byte
        yield at, node.end_byte, self._source[at : node.end_byte].decode()


def _first_error(node: Node) -> Node:
    """The innermost node at which the text stops making sense."""
    for child in node.children:
        if child.has_error or child.is_missing:
            return _first_error(child)
    return node
