"""The page's modules as few files, in the order of evaluation.

A browser asks for a module only when it has read the one that imports it, and compresses nothing
across files. So what the page imports at once is served as one file, what it imports later as a
second, and what a worker runs as one of its own (docs/decisions, 15). In a file the modules stand
one after the other; what is declared at their tops has names that are told apart, and an import is
the name of what it imports. That keeps the meaning as long as no module imports itself by a detour
and no exported name changes its value; what is anything else is refused when the program starts.
"""

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ephemeral.edge.modules import Import, Loaded, Module, Unlinkable, Worker, read_module
from ephemeral.edge.renaming import IMPORTING, short_names
from ephemeral.edge.writing import written

__all__ = ["Linked", "attempts", "link"]

APP = "app.js"
ROOM = "room.js"
# Under so many addresses the second file is asked for until it comes: browsers keep failures in
# mind. The page names the integrity of each of them.
_TRIES = 8

# Something at the top of a module: the module, and the name that it has there; `*` stands for an
# object of all that the module exports.
Top = tuple[str, str]
# What loads the second file, what it has loaded, and what it adds to the address.
_LOAD: Top = ("", IMPORTING)
_LOADED: Top = ("", "loaded")
_AGAIN: Top = ("", "again")


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked file: its address, and its text."""

    address: str
    text: str


def link(
    sources: Mapping[str, str], entry: str, address: Callable[[str, str], str]
) -> dict[str, Linked]:
    """Link what `entry` needs.

    `sources` are texts by their paths below one root. `address` makes, of a file's name and its
    finished text, a name by which the other files find it beside them. Gives `app.js`; `room.js`,
    if something is imported while the program runs; and for each worker its file, named like its
    module without a `-worker` at the end. Raises Unlinkable.
    """
    return _Linker(sources, entry, address).link()


def attempts(address: str) -> list[str]:
    """The addresses under which what is loaded later is asked for, one after the other."""
    return [address + tries * "?" for tries in range(_TRIES)]


class _Linker:
    def __init__(
        self, sources: Mapping[str, str], entry: str, address: Callable[[str, str], str]
    ) -> None:
        self._sources = sources
        self._entry = entry
        self._address = address
        self._read: dict[str, Module] = {}
        self._linked: dict[str, Linked] = {}

    def link(self) -> dict[str, Linked]:
        app = self._closure([self._entry])
        later = [one.module for one in self._read[self._entry].loaded]
        everything = self._closure([self._entry, *later])
        for module in everything:
            self._refuse_loading_elsewhere(self._read[module])
        self._workers(everything)
        # Several names for one module, or the same one twice, are one thing to load.
        targets = list(dict.fromkeys(later))
        if not targets:
            self._finish(APP, self._modules(app, self._names(app)))
            return self._linked
        shared = self._room(everything[len(app) :], targets)
        self._app(app, targets, shared)
        return self._linked

    # The graph

    def _module(self, name: str, importer: str, line: int) -> Module:
        if name not in self._read:
            if name not in self._sources:
                raise Unlinkable(f"{importer}, line {line}: {name} is no file.")
            self._read[name] = read_module(name, self._sources[name])
        return self._read[name]

    def _closure(self, entries: Iterable[str]) -> list[str]:
        """Everything that these import, directly or not, in the order of evaluation."""
        ordered: list[str] = []
        for entry in entries:
            self._visit(Import(entry, (), 1), entry, ordered, [])
        return ordered

    def _visit(self, wanted: Import, importer: str, ordered: list[str], above: list[str]) -> None:
        name = wanted.module
        if name in above:
            circle = " imports ".join([*above[above.index(name) :], name])
            raise Unlinkable(f"{importer}, line {wanted.line}: a circle of imports: {circle}.")
        if name in ordered:
            return
        module = self._module(name, importer, wanted.line)
        for one in module.imports:
            self._visit(one, name, ordered, [*above, name])
            self._refuse_missing(one, self._read[one.module], name)
        ordered.append(name)

    @staticmethod
    def _refuse_missing(wanted: Import, exporter: Module, importer: str) -> None:
        for exported, _ in wanted.bindings:
            if exported not in {"*", *exporter.exports}:
                raise Unlinkable(
                    f"{importer}, line {wanted.line}: {exporter.name} exports no {exported}."
                )

    def _refuse_loading_elsewhere(self, module: Module) -> None:
        if module.loaded and module.name != self._entry:
            raise Unlinkable(
                f"{module.name}, line {module.loaded[0].line}: import() has its place in "
                f"{self._entry} only."
            )

    # Files

    def _finish(self, name: str, text: str) -> None:
        self._linked[name] = Linked(self._address(name, text), text)

    def _workers(self, modules: Iterable[str]) -> None:
        """Link each worker that these start as a program of its own."""
        for name in modules:
            for worker in self._read[name].workers:
                self._module(worker.module, name, worker.line)
                closure = self._closure([worker.module])
                for one in closure:
                    self._refuse_more_files(self._read[one])
                self._finish(_file_of(worker), self._modules(closure, self._names(closure)))

    @staticmethod
    def _refuse_more_files(module: Module) -> None:
        lines = [one.line for one in module.loaded] + [one.line for one in module.workers]
        if lines:
            raise Unlinkable(
                f"{module.name}, line {lines[0]}: a worker loads nothing while it runs."
            )

    def _room(self, modules: list[str], targets: list[str]) -> list[Top]:
        """Link the second file: a function of what it shares with the first. Gives what that is."""
        whole = [(module, "*") for module in targets]
        names = self._names(modules, whole)
        shared = [top for top in names if top[0] not in modules]
        given = ",".join(names[top] for top in shared)
        found = ",".join(names[top] for top in whole)
        text = self._modules(modules, names)
        self._finish(ROOM, f"export const link=({given})=>{{\n{text}return[{found}]}};\n")
        return shared

    def _app(self, modules: list[str], targets: list[str], shared: list[Top]) -> None:
        names = self._names(modules, [_LOAD, _LOADED, _AGAIN, *shared])
        load, loaded, again = names[_LOAD], names[_LOADED], names[_AGAIN]
        here = ",".join(names[top] for top in shared)
        # As with modules, what has arrived once is there for good. What has not may be asked for
        # again, under another address.
        loader = (
            f'let {loaded},{again}="";\n'
            f'const {load}=(index)=>({loaded}??=import("./{self._linked[ROOM].address}"+{again})'
            f".then((room)=>room.link({here}))"
            f".catch((error)=>{{{loaded}=undefined;"
            f'{again}={again}.length<{_TRIES - 1}?{again}+"?":"";throw error}}))'
            ".then((every)=>every[index]);\n"
        )
        loading = {module: f"{load}({number})" for number, module in enumerate(targets)}
        before = self._modules(modules[:-1], names)
        self._finish(APP, before + loader + self._modules(modules[-1:], names, loading))

    # Names

    def _names(self, modules: list[str], more: Iterable[Top] = ()) -> dict[Top, str]:
        """A name for everything at the tops of these modules, for what they import, and for more.

        What is used most has the shortest.
        """
        uses: Counter[Top] = Counter(dict.fromkeys(more, 0))
        taken: set[str] = set()
        for name in modules:
            module = self._read[name]
            taken |= module.names.others
            own = _imported(module)
            for top, count in module.names.top.items():
                uses[own.get(top, (name, top))] += count
            uses.update({(name, exported): 1 for exported in module.exports})
        ordered = sorted(uses, key=lambda top: -uses[top])
        return dict(zip(ordered, short_names(taken), strict=False))

    # Texts

    def _modules(
        self,
        modules: Iterable[str],
        names: Mapping[Top, str],
        loading: Mapping[str, str] | None = None,
    ) -> str:
        return "".join(self._text(self._read[module], names, loading or {}) for module in modules)

    def _text(self, module: Module, names: Mapping[Top, str], loading: Mapping[str, str]) -> str:
        imported = _imported(module)
        top = {name: names[imported.get(name, (module.name, name))] for name in module.names.top}
        text = "".join(
            loading[piece.module]
            if isinstance(piece, Loaded)
            else f'"./{self._linked[_file_of(piece)].address}"'
            if isinstance(piece, Worker)
            else piece
            for piece in written(module, top)
        )
        exports = {name: names[module.name, name] for name in module.exports}
        if not module.names.plain:
            given = {own: names[at] for own, at in imported.items() if own in top}
            given.pop(IMPORTING, None)
            text = _enclosed(text, given, exports)
        whole = names.get((module.name, "*"))
        if whole is not None:
            text += f"\n;const {whole}=Object.freeze({{__proto__:null,{_pairs(exports)}}})"
        return f"{text}\n;"


def _imported(module: Module) -> dict[str, Top]:
    """What its own names for imports stand for, that of `import()` among them."""
    found = {
        own: (one.module, exported) for one in module.imports for exported, own in one.bindings
    }
    return found | {IMPORTING: _LOAD}


def _enclosed(text: str, imports: Mapping[str, str], exports: Mapping[str, str]) -> str:
    """A module that keeps its names, in a function that gives what it exports."""
    given = "".join(f"const {own}={name};" for own, name in imports.items())
    own_names = _pairs({name: name for name in exports})
    return f"const{{{_pairs(exports)}}}=(()=>{{{given}{text}\n;return{{{own_names}}}}})()"


def _pairs(names: Mapping[str, str]) -> str:
    """As in an object, and in the pattern that takes one apart."""
    return ",".join(key if key == names[key] else f"{key}:{names[key]}" for key in sorted(names))


def _file_of(worker: Worker) -> str:
    return posixpath.basename(worker.module).replace("-worker.js", ".js")
