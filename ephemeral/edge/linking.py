"""The page's modules as few files: each module a function, in the order of evaluation.

A browser asks for a module only when it has read the one that imports it, and compresses nothing
across files. So what the page imports at once is served as one file, what it imports later as a
second, and what a worker runs as one of its own (docs/decisions, 15). A module becomes a function
that is called once and returns what it exports, and its imports are constants at its top. That
keeps the meaning as long as no module imports itself by a detour and no exported name changes its
value; what is anything else is refused when the program starts.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ephemeral.edge.modules import Import, Loaded, Module, Unlinkable, Worker, read_module
from ephemeral.edge.renaming import short_names

__all__ = ["Linked", "link"]

APP = "app.js"
ROOM = "room.js"
# Stands among the names of modules for what loads the second file.
_LOAD = ""


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
        room = everything[len(app) :]
        for module in everything:
            self._refuse_loading_elsewhere(self._read[module])
        self._workers(everything)
        names = _names(self._read[one] for one in everything)
        # Several names for one module, or the same one twice, are one thing to load.
        targets = list(dict.fromkeys(later))
        shared = sorted(
            {one.module for module in room for one in self._read[module].imports}.union(targets)
            & set(app),
            key=app.index,
        )
        if targets:
            self._finish(ROOM, self._room(room, targets, shared, names))
        self._finish(APP, self._app(app, targets, shared, names))
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

    # Texts

    def _finish(self, name: str, text: str) -> None:
        self._linked[name] = Linked(self._address(name, text), text)

    def _workers(self, modules: Iterable[str]) -> None:
        """Link each worker that these name as a program of its own."""
        for name in modules:
            for piece in self._read[name].pieces:
                if not isinstance(piece, Worker) or _file_of(piece) in self._linked:
                    continue
                self._module(piece.module, name, piece.line)
                closure = self._closure([piece.module])
                for one in closure:
                    self._refuse_more_files(self._read[one])
                names = _names(self._read[one] for one in closure)
                text = self._functions(closure, names, self._whole(closure), {})
                self._finish(_file_of(piece), text)

    @staticmethod
    def _refuse_more_files(module: Module) -> None:
        for piece in module.pieces:
            if not isinstance(piece, str):
                raise Unlinkable(
                    f"{module.name}, line {piece.line}: a worker loads nothing while it runs."
                )

    def _whole(self, modules: Iterable[str]) -> set[str]:
        """Those of which somebody wants everything in one object."""
        return {
            one.module
            for module in modules
            for one in self._read[module].imports
            if any(exported == "*" for exported, _ in one.bindings)
        }

    def _app(
        self, modules: list[str], targets: list[str], shared: list[str], names: Mapping[str, str]
    ) -> str:
        whole = self._whole(self._read) | set(targets)
        if not targets:
            return self._functions(modules, names, whole, {})
        load = names[_LOAD]
        here = ",".join(names[module] for module in shared)
        # As with modules, what has arrived once is there for good, and what has not may be asked
        # for again.
        loader = (
            f"let {load}ed;\n"
            f'const {load}=(n)=>({load}ed??=import("./{self._linked[ROOM].address}")'
            f".then((room)=>room.link({here}))"
            f".catch((error)=>{{{load}ed=undefined;throw error;}})).then((all)=>all[n]);\n"
        )
        loading = {module: f"{load}({number})" for number, module in enumerate(targets)}
        functions = self._functions(modules[:-1], names, whole, loading)
        return functions + loader + self._functions(modules[-1:], names, whole, loading)

    def _room(
        self, modules: list[str], targets: list[str], shared: list[str], names: Mapping[str, str]
    ) -> str:
        whole = self._whole(self._read) | set(targets)
        given = ",".join(names[module] for module in shared)
        found = ",".join(names[module] for module in targets)
        return (
            f"export const link=({given})=>{{\n"
            f"{self._functions(modules, names, whole, {})}return[{found}];\n}};\n"
        )

    def _functions(
        self,
        modules: Iterable[str],
        names: Mapping[str, str],
        whole: set[str],
        loading: Mapping[str, str],
    ) -> str:
        return "".join(
            f"const {names[module]}=(()=>{{{self._body(self._read[module], names, whole, loading)}"
            f"\n;return{_exported(self._read[module], module in whole)}}})();\n"
            for module in modules
        )

    def _body(
        self,
        module: Module,
        names: Mapping[str, str],
        whole: set[str],
        loading: Mapping[str, str],
    ) -> str:
        imports = [
            _bound(one, self._read[one.module], names[one.module], one.module in whole)
            for one in module.imports
        ]
        written = []
        for piece in module.pieces:
            if isinstance(piece, Loaded):
                written.append(loading[piece.module])
            elif isinstance(piece, Worker):
                written.append(f'"./{self._linked[_file_of(piece)].address}"')
            else:
                written.append(piece)
        return "".join([*imports, *written])


def _names(modules: Iterable[Module]) -> dict[str, str]:
    """A constant for each module and for the loader, none of which occurs in the modules."""
    listed = list(modules)
    taken = {name for module in listed for name in module.identifiers}
    prefix = "$"
    while any(name.startswith(prefix) for name in taken):
        prefix += "$"
    numbered = {module.name: f"{prefix}{number}" for number, module in enumerate(listed)}
    return numbered | {_LOAD: f"{prefix}load"}


def _file_of(worker: Worker) -> str:
    return posixpath.basename(worker.module).replace("-worker.js", ".js")


def _bound(wanted: Import, exporter: Module, source: str, whole: bool) -> str:
    """The import as a declaration of constants."""
    keys = _keys(exporter, whole)
    everything = [f"const {own}={source};" for name, own in wanted.bindings if name == "*"]
    some = [_pair(keys[name], own) for name, own in wanted.bindings if name != "*"]
    return "".join([*everything, f"const{{{','.join(some)}}}={source};" if some else ""])


def _exported(module: Module, whole: bool) -> str:
    """What the function returns: an object, and where somebody has hold of it, like a module's."""
    keys = _keys(module, whole)
    pairs = ",".join(_pair(keys[name], module.exports[name]) for name in sorted(module.exports))
    return f" Object.freeze({{__proto__:null,{pairs}}})" if whole else f"{{{pairs}}}"


def _keys(module: Module, whole: bool) -> dict[str, str]:
    """Under what its exports are handed over: their names, if anything but the linker sees them."""
    names = sorted(module.exports)
    return dict(zip(names, names if whole else short_names(()), strict=False))


def _pair(key: str, name: str) -> str:
    return key if key == name else f"{key}:{name}"
