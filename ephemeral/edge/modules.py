"""One JavaScript module, read: what it imports, exports and declares.

Only the forms of which the linker knows that it keeps their meaning are let through.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from ephemeral.edge.renaming import FUNCTIONS, Names

__all__ = ["Import", "Loaded", "Module", "Piece", "Unlinkable", "Worker", "read_module"]

_LANGUAGE = Language(tree_sitter_javascript.language())
# What a declaration must be for its name to keep its value for ever, by the node's type.
_CONSTANT = {"class_declaration", "function_declaration", "generator_function_declaration"}


class Unlinkable(Exception):
    """A source that can't be linked; the message is one sentence that names file and line."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: the module's name; exported name and own name of each binding.

    `*` as the exported name stands for all of them in one object.
    """

    module: str
    bindings: tuple[tuple[str, str], ...]
    line: int


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


Piece = str | Loaded | Worker


@dataclass(slots=True)
class Module:
    """A module's meaning. Names of modules are paths below the root of all sources.

    `edits` says what is written instead of the nodes that begin at these bytes and end at those.
    """

    name: str
    source: bytes
    root: Node
    names: Names
    imports: list[Import] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    edits: dict[int, tuple[int, Piece]] = field(default_factory=dict)

    @property
    def loaded(self) -> list[Loaded]:
        """What it imports while it runs."""
        return [piece for _, piece in self.edits.values() if isinstance(piece, Loaded)]

    @property
    def workers(self) -> list[Worker]:
        """What it starts."""
        return [piece for _, piece in self.edits.values() if isinstance(piece, Worker)]


def read_module(name: str, source: str) -> Module:
    """Read a module; raises Unlinkable."""
    return _Reader(name, source.encode()).read()


class _Reader:
    def __init__(self, name: str, source: bytes) -> None:
        root = Parser(_LANGUAGE).parse(source).root_node
        self._module = Module(name, source, root, Names(source))
        self._source = source
        self._edits = self._module.edits
        self._constant: set[str] = set()
        self._assigned: list[tuple[str, Node]] = []

    def read(self) -> Module:
        root = self._module.root
        if root.has_error:
            raise self._refused(
                _first_error(root), "this is no JavaScript that the linker can read"
            )
        for statement in root.named_children:
            if statement.type == "import_statement":
                self._import(statement)
            elif statement.type == "export_statement":
                self._export(statement)
        self._look(root, inside=False)
        for identifier, node in self._assigned:
            if identifier in self._constant:
                raise self._refused(node, f"{identifier} is exported and must keep its value")
        self._module.names.visit(root)
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
            yield "*", self._words(part.named_children[-1])
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
                yield self._words(exported), self._words(own)
        elif part.type != "comment":
            raise self._refused(part, "there are no default exports here")

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
            self._module.exports.append(self._words(name))
            self._constant.add(self._words(name))
            return
        kind = declaration.child_by_field_name("kind")
        if kind is None or kind.type != "const":
            raise self._refused(
                declaration, "only declarations of const, function and class can be exported"
            )
        for one in declaration.named_children:
            if one.type != "comment":
                self._module.exports += self._names(one)

    def _names(self, declarator: Node) -> Iterator[str]:
        name = declarator.child_by_field_name("name")
        assert name is not None
        if name.type == "identifier":
            yield self._words(name)
            return
        for part in name.named_children:
            if part.type != "shorthand_property_identifier_pattern":
                raise self._refused(name, "an exported const is a name, or a flat { pattern }")
            yield self._words(part)

    # Everything below statements

    def _look(self, node: Node, *, inside: bool) -> None:
        """Find what is replaced and what is refused. `inside` a function, awaiting is allowed."""
        match node.type:
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


def _first_error(node: Node) -> Node:
    """The innermost node at which the text stops making sense."""
    for child in node.children:
        if child.has_error or child.is_missing:
            return _first_error(child)
    return node
