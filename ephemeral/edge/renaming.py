"""Shorter names for what a JavaScript module declares: nobody outside it sees them.

A variable is a name and the part of the text in which a declaration gives it its meaning. Every use
belongs to the innermost such part around it; a use without one is of a global, whose name stays.
A new name is taken by no variable and no global that is used in the same part, so that every use
goes on meaning what it meant. Modules with `var`, whose declarations reach further than they look,
with `eval`, which can name anything, and with names that are written by escapes, keep their names.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import count

from tree_sitter import Node

__all__ = ["FUNCTIONS", "IMPORTING", "Names", "short_names"]

FUNCTIONS = frozenset(
    {
        "arrow_function",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)
_BLOCKS = frozenset(
    {"for_in_statement", "for_statement", "program", "statement_block", "switch_body"}
)
_NAMES = frozenset(
    {"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"}
)
_DECLARING = frozenset(
    {"class_declaration", "function_declaration", "generator_function_declaration"}
)
# Whoever has a name of its own may use it inside itself.
_NAMING_THEMSELVES = frozenset({"class", "function_expression", "generator_function"})

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_SIGNS = f"{_LETTERS}0123456789"
_RESERVED = frozenset([
    "arguments", "as", "async", "await", "break", "case", "catch", "class", "const", "continue",
    "debugger", "default", "delete", "do", "else", "enum", "eval", "export", "extends", "false",
    "finally", "for", "from", "function", "get", "if", "implements", "import", "in", "instanceof",
    "interface", "let", "meta", "new", "null", "of", "package", "private", "protected", "public",
    "return", "set", "static", "super", "switch", "target", "this", "throw", "true", "try",
    "typeof", "undefined", "using", "var", "void", "while", "with", "yield",
])  # fmt: skip

# Counts as the name of whatever imports while the module runs; no variable can have it.
IMPORTING = "import"

# Where the text of the part begins and ends, in bytes.
Part = tuple[int, int]
Variable = tuple[str, Part]
_EVERYWHERE: Part = (0, 2**62)


def short_names(taken: Container[str]) -> Iterator[str]:
    """Ever more names, the shortest first, without those that are taken or reserved."""
    for length in count(1):
        for number in range(len(_LETTERS) * len(_SIGNS) ** (length - 1)):
            name, rest = "", number
            for _ in range(length - 1):
                rest, sign = divmod(rest, len(_SIGNS))
                name = _SIGNS[sign] + name
            name = _LETTERS[rest] + name
            if name not in _RESERVED and name not in taken:
                yield name


class Names:
    """The variables of a module, once its tree was visited.

    `plain` says whether they can have other names; `top` are those at its top, each with the number
    of its uses, imports among them; `others` are all names that must keep their meaning, because
    they are global or because the module isn't plain.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        # In the order of their first declaration, since equal beginnings compress well.
        self._declared: dict[Variable, None] = {}
        self._uses: list[tuple[int, str]] = []
        self._private: dict[str, list[int]] = {}
        self.plain = True

    # Reading

    def visit(self, node: Node) -> None:
        """Note what is declared and used in this node."""
        kind = node.type
        if kind == "import_statement":
            self._imported(node)
            return
        if kind in _NAMES:
            name = self._words(node)
            self.plain = self.plain and name != "eval" and "\\" not in name
            self._uses.append((node.start_byte, name))
        elif kind == "import" and node.parent is not None and node.parent.type == "call_expression":
            # Of `import(...)`, for which something at the top will stand.
            self._declared.setdefault((IMPORTING, _EVERYWHERE))
            self._uses.append((node.start_byte, IMPORTING))
        elif kind == "private_property_identifier":
            self._private.setdefault(self._words(node), []).append(node.start_byte)
        elif kind == "variable_declaration":
            self.plain = False
        elif kind == "variable_declarator":
            self._declare(node.child_by_field_name("name"), _block(node))
        elif kind in _DECLARING:
            assert node.parent is not None
            self._declare(node.child_by_field_name("name"), _block(node.parent))
        elif kind in _NAMING_THEMSELVES:
            self._declare(node.child_by_field_name("name"), (node.start_byte, node.end_byte))
        elif kind == "catch_clause":
            self._declare(node.child_by_field_name("parameter"), _part(node))
        elif kind == "for_in_statement" and node.child_by_field_name("kind") is not None:
            self._declare(node.child_by_field_name("left"), _part(node))
        if kind in FUNCTIONS:
            self._declare(_parameters(node), _part(node))
        for child in node.children:
            self.visit(child)

    def _words(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte].decode()

    def _imported(self, statement: Node) -> None:
        for clause in statement.named_children:
            for part in clause.named_children:
                if part.type == "namespace_import":
                    self._declare(part.named_children[-1], _EVERYWHERE)
                for one in part.named_children if part.type == "named_imports" else ():
                    own = one.child_by_field_name("alias") or one.child_by_field_name("name")
                    self._declare(own, _EVERYWHERE)

    def _declare(self, pattern: Node | None, part: Part) -> None:
        """Everything that a pattern gives a name to."""
        if pattern is None:
            return
        match pattern.type:
            case "identifier" | "shorthand_property_identifier_pattern":
                self._declared.setdefault((self._words(pattern), part))
            case "pair_pattern":
                self._declare(pattern.child_by_field_name("value"), part)
            case "assignment_pattern" | "object_assignment_pattern":
                self._declare(pattern.child_by_field_name("left"), part)
            case "array_pattern" | "formal_parameters" | "object_pattern" | "rest_pattern":
                for child in pattern.named_children:
                    self._declare(child, part)

    # Naming

    @property
    def top(self) -> Counter[str]:
        """What is declared at the top, by its uses."""
        counts = Counter({name: 0 for name, part in self._declared if part == _EVERYWHERE})
        for variable in self._meant:
            if variable is not None and variable[1] == _EVERYWHERE:
                counts[variable[0]] += 1
        return counts

    @property
    def others(self) -> set[str]:
        """Names that nothing else may have where this module is."""
        return {
            name
            for (_, name), variable in zip(self._uses, self._meant, strict=True)
            if variable is None or not self.plain
        }

    def renamed(self, top: Mapping[str, str]) -> dict[int, str]:
        """The name at each place of the text, for variables at the top those that are given."""
        if not self.plain:
            return {}
        meant = self._meant
        places = [at for at, _ in self._uses]
        given: dict[Variable, str] = {(name, _EVERYWHERE): new for name, new in top.items()}
        by_part: dict[Part, list[Variable]] = {}
        for variable in self._declared:
            if variable not in given:
                by_part.setdefault(variable[1], []).append(variable)
        # From the outside in: whoever chooses later sees what is used from further out.
        for part in sorted(by_part, key=lambda part: (part[0], -part[1])):
            inside = slice(bisect_left(places, part[0]), bisect_left(places, part[1]))
            taken = {
                name if variable is None else given.get(variable, "")
                for (_, name), variable in zip(self._uses[inside], meant[inside], strict=True)
            }
            given.update(zip(by_part[part], short_names(taken), strict=False))
        found = {
            at: given[variable]
            for at, variable in zip(places, meant, strict=True)
            if variable is not None
        }
        # The private names of all classes together are one set: each keeps apart from the others.
        for places_of_one, new in zip(self._private.values(), short_names(()), strict=False):
            found.update(dict.fromkeys(places_of_one, f"#{new}"))
        return found

    @cached_property
    def _meant(self) -> list[Variable | None]:
        """The variable of each use; None for a global."""
        parts: dict[str, list[Part]] = {}
        for name, part in self._declared:
            parts.setdefault(name, []).append(part)
        return [_meant(at, name, parts.get(name, ())) for at, name in self._uses]


def _meant(at: int, name: str, parts: Iterable[Part]) -> Variable | None:
    """The variable that is used here; None for a global."""
    around = [part for part in parts if part[0] <= at < part[1]]
    return (name, max(around, key=lambda part: (part[0], -part[1]))) if around else None


def _parameters(function: Node) -> Node | None:
    named = function.child_by_field_name("parameters")
    return function.child_by_field_name("parameter") if named is None else named


def _part(node: Node) -> Part:
    """The part in which the names of a node have their meaning."""
    if node.type == "program":
        return _EVERYWHERE
    first = _parameters(node) if node.type in FUNCTIONS else node
    assert first is not None
    return (first.start_byte, node.end_byte)


def _block(node: Node) -> Part:
    """The part of a declaration by const, let, function or class."""
    while node.type not in _BLOCKS:
        assert node.parent is not None
        node = node.parent
    around = node.parent
    # Parameters and the body share their names.
    if (
        node.type == "statement_block"
        and around is not None
        and (around.type in FUNCTIONS or around.type == "catch_clause")
    ):
        node = around
    return _part(node)
