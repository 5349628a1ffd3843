"""Linked modules mean what they meant apart, and what can't be linked is refused by its line."""

import json
from pathlib import Path

import pytest
from support.programs.linked import ENTRY, both, fingerprinted, plain, run

from ephemeral.edge.linking import link
from ephemeral.edge.modules import Unlinkable
from ephemeral.edge.writing import without_comments

WEB = Path(__file__).resolve().parents[2] / "web" / "static"


def refusal(**files: str) -> str:
    """The sentence of the refusal. Names are those of modules beside the entry, without `.js`."""
    sources = {f"pages/{name}.js": text for name, text in files.items()}
    with pytest.raises(Unlinkable) as refused:
        link(sources, ENTRY, plain)
    return str(refused.value)


# What it means


def test_modules_with_the_same_names_at_their_top_stay_apart(tmp_path: Path) -> None:
    assert both(
        tmp_path,
        {
            "main": """
              import { next, name } from "../a.js";
              import { next as other, name as otherName } from "../b.js";
              const count = 100;
              say([next(), next(), other(), name, otherName, count, typeof $0, typeof $load]);
            """,
            "a.js": "let count = 1; export const name = 'a';"
            "export function next() { return count++; }",
            "b.js": "let count = 7; export const name = 'b'; export const next = () => count--;",
        },
    ) == [[1, 2, 7, "a", "b", 100, "undefined", "undefined"]]


def test_modules_are_evaluated_once_and_in_their_order(tmp_path: Path) -> None:
    assert both(
        tmp_path,
        {
            "main": """
              say("main");
              import { d } from "../d.js";
              import "../c.js";
              import { a } from "../a.js";
              say([a, d, globalThis.order]);
            """,
            "order.js": "globalThis.order ??= [];",
            "a.js": 'import "./order.js"; import { c } from "./c.js"; order.push("a");'
            "export const a = c;",
            "b.js": 'import "./order.js"; order.push("b"); export const b = 1;',
            "c.js": 'import { b } from "./b.js"; order.push("c"); export const c = b + 1;',
            "d.js": 'import { b } from "./b.js"; order.push("d"); export const d = b;',
        },
    ) == ["main", [2, 1, ["b", "d", "c", "a"]]]


def test_what_looks_like_a_comment_or_an_import_inside_a_text_is_text(tmp_path: Path) -> None:
    said = both(
        tmp_path,
        {
            "main": r"""
              import { it } from "../it.js"; // a comment
              /* import { no } from "../no.js"; */
              say("// no comment /* none */");
              say('import { x } from "./x.js"; \
                 export const y = 1;');
              say(`  first // line
                  second   /* line */  ${ /* this is one */ it( "//" ) } \x20

                  ${`inner ${1 /* two */ + 1} // here`}
              `);
              say("a//b /* c */".replace(/\/\/[^/*]+\/\*/g, "!"));
              say(8 / 2 /* / */ / 2);
              say(/[/*]/.test("/") && "/*".length / 1 > 1 /* */);
              /*! kept */ say(`import("../no.js") new URL("./x.js", import.meta.url)`);
            """,
            "it.js": "export const it = (text) => /* the text */ text + `//` // end\n",
        },
    )
    assert said[0] == "// no comment /* none */"
    assert said[2].startswith("  first // line\n                  second   /* line */  ////  \n\n")
    assert said[4] == 2


def test_comments_and_needless_space_are_left_out_and_legal_comments_kept() -> None:
    text = without_comments(
        "a.js",
        "/*! MIT */\n\n// one\n  /** two */\n  const a = 1; // three\n\n\n    /* four */ f( a )\n",
    )
    assert text == "/*! MIT */\nconst a=1;f(a)"


def test_lines_that_end_without_a_semicolon_still_end(tmp_path: Path) -> None:
    assert both(
        tmp_path,
        {
            "main": """
              import { f } from "../f.js"
              let a = 1 /* a comment */
              let b = 2
              const g = () => {
                return /* nothing
                */ 5
              }
              a // comment
              ++b
              say([a, b, g(), f])
            """,
            "f.js": "export const f = 3",
        },
    ) == [[1, 3, None, 3]]


def test_namespaces_classes_generators_and_patterns_are_exported(tmp_path: Path) -> None:
    assert both(
        tmp_path,
        {
            "main": """
              import * as everything from "../everything.js";
              import { Counter, Counter as Again, digits, later, one, two } from "../everything.js";
              const counter = new Again();
              counter.add(); counter.add();
              say([counter.total, Counter.made, Counter === Again]);
              say([Counter.is(counter), Counter.is({})]);
              say([one, two, [...digits()], Object.keys(everything), everything.one]);
              say([Object.isSealed(everything), "toString" in everything]);
              later().then(say);
              try { everything.one = 2; } catch (error) { say(error.name); }
              try { one = 2; } catch (error) { say(error.name); }
            """,
            "everything.js": """
              export class Counter {
                static made = 0;
                static #secret = 40;
                #count = 0;
                static { Counter.made = Counter.#secret + 2; }
                add() { this.#count += 1; }
                get total() { return this.#count; }
                static is(thing) { return #count in thing; }
              }
              export function* digits() { yield 1; yield 2; }
              export async function later() { return (await two) + 1; }
              export const one = 1, { two } = { two: 2 };
              export {};
            """,
        },
    ) == [
        [2, 42, True],
        [True, False],
        [1, 2, [1, 2], ["Counter", "digits", "later", "one", "two"], 1],
        [True, False],
        "TypeError",
        "TypeError",
        3,
    ]


def test_the_top_of_a_module_is_strict_and_has_no_this(tmp_path: Path) -> None:
    assert both(
        tmp_path,
        {
            "main": """
              import { self } from "../a.js";
              try { undeclared = 1; } catch (error) { say(error.name); }
              say([self === undefined, this === undefined, (function () { return this; })()]);
            """,
            "a.js": "export const self = this;",
        },
    ) == ["ReferenceError", [True, True, None]]


LATER = {
    "main": """
      import { shared, seen } from "../shared.js";
      const load = () => Promise.all([
        import("../one.js"), import("../two.js"), import("../shared.js"),
      ]).then((modules) => Object.assign({}, ...modules));
      say(seen);
      const first = await_(load());
      function await_(promise) {
        promise.then(async ({ one, two, shared: same }) => {
          say([one(), two, same === shared, seen]);
          const again = await import("../one.js");
          say([again.one === one, again === await import("../one.js"), seen]);
          say(Object.keys(again));
        });
      }
    """,
    "shared.js": "export const seen = []; export class shared {} seen.push('shared');",
    "common.js": "import { seen } from './shared.js'; seen.push('common'); export const two = 2;",
    "one.js": """
      import { seen } from "./shared.js"; import * as common from "./common.js";
      seen.push("one"); export function one() { return common.two - 1; }
    """,
    "two.js": """
      import { two as deux } from "./common.js"; import { seen } from "./shared.js";
      seen.push("two"); export const two = deux;
    """,
}


def test_what_is_imported_later_arrives_once_and_knows_what_is_there(tmp_path: Path) -> None:
    assert both(tmp_path, LATER) == [
        ["shared"],
        [1, 2, True, ["shared", "common", "one", "two"]],
        [True, True, ["shared", "common", "one", "two"]],
        ["one"],
    ]
    sources = {ENTRY if name == "main" else name: text for name, text in LATER.items()}
    linked = link(sources, ENTRY, plain)
    assert sorted(linked) == ["app.js", "room.js"]
    assert "seen.push('shared')" not in linked["room.js"].text
    assert 'push("two")' not in linked["app.js"].text


def test_a_second_file_that_did_not_arrive_is_asked_for_again(tmp_path: Path) -> None:
    sources = {
        ENTRY: """
          const load = () => import("../later.js");
          load().catch(() => console.log('"not yet"')).then(() => globalThis.arrive(load))
            .then(({ value }) => console.log(value));
        """,
        "later.js": "export const value = 5;",
    }
    linked = {one: two.text for one, two in link(sources, ENTRY, plain).items()}
    late = json.dumps(linked.pop("room.js"))
    files = {
        "app.js": linked["app.js"],
        "start.js": f"""
          import {{ writeFileSync }} from "node:fs";
          globalThis.arrive = (load) => {{
            writeFileSync(new URL("./room.js", import.meta.url), {late});
            return load();
          }};
          await import("./app.js");
        """,
    }
    assert run(tmp_path, files, "start.js") == ["not yet", 5]


def test_modules_that_keep_their_names_stand_beside_those_that_do_not(tmp_path: Path) -> None:
    assert both(
        tmp_path,
        {
            "main": """
              import { f, g as h, a } from "../old.js";
              import * as old from "../old.js";
              var b = 1, c = 2, d = 3, e = 4;
              say([f(), h(1), a, Object.keys(old), b, c, d, e, typeof i]);
              import("../later.js").then(({ x, y }) => say([x, y, b, c, d, e]));
            """,
            "old.js": """
              import { one, one as a1 } from "./new.js"; import * as b from "./new.js";
              var c = one, d; if (d === undefined) { var e = 5; }
              function n() { return arguments[0] }
              export function f() {
                for (var i = 0; i < 2; i++) var j = i;
                return [c, e, i, j, a1, b.one];
              }
              export const g = n, a = typeof eval;
            """,
            "new.js": "const b = 6; export const one = b;",
            "later.js": "import { f } from './old.js'; var a = f();"
            "export const x = a, y = typeof b;",
        },
    ) == [
        [[6, 5, 2, 1, 6, 6], 1, "function", ["a", "f", "g"], 1, 2, 3, 4, "undefined"],
        [[6, 5, 2, 1, 6, 6], "undefined", 1, 2, 3, 4],
    ]


WORKER = {
    ENTRY: """
      import { url } from "../derive.js"; console.log(JSON.stringify(url.split("/").at(-1)));
    """,
    "derive.js": 'export const url = new URL("./derive-worker.js", import.meta.url).href;',
    "derive-worker.js": 'import { work } from "./work.js"; console.log(JSON.stringify(work));',
    "work.js": "export const work = 'done';",
}


def test_a_worker_is_a_file_of_its_own_under_its_own_address(tmp_path: Path) -> None:
    linked = link(WORKER, ENTRY, fingerprinted)
    assert sorted(linked) == ["app.js", "derive.js"]
    worker = linked["derive.js"].address
    files = {one.address: one.text for one in linked.values()}
    assert run(tmp_path, files, linked["app.js"].address) == [worker]
    assert run(tmp_path, files, worker) == ["done"]


def test_a_change_changes_the_addresses_of_what_depends_on_it_and_no_other() -> None:
    sources = {
        **WORKER,
        ENTRY: 'import { a } from "../a.js"; import("../derive.js");',
        "a.js": "export const a = 1;",
    }

    def addresses(**changed: str) -> dict[str, str]:
        given = sources | {f"{name}.js": text for name, text in changed.items()}
        return {name: one.address for name, one in link(given, ENTRY, fingerprinted).items()}

    before = addresses()
    assert addresses(a="// Only a comment.\nexport const a = 1;") == before
    by_work = addresses(work="export const work = 'other';")
    assert all(by_work[name] != before[name] for name in ("app.js", "room.js", "derive.js"))
    by_app = addresses(a="export const a = 2;")
    assert by_app.pop("app.js") != before["app.js"]
    assert by_app.items() <= before.items()


# What is refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("export let a = 1;", "only declarations of const, function and class can be exported"),
        ("export var a = 1;", "only declarations of const"),
        ("export default 1;", "only declarations of const"),
        ("export default function a() {}", "only declarations of const"),
        ("const a = 1;\nexport { a };", "only declarations of const"),
        ('export { a } from "./b.js";', "only declarations of const"),
        ('export * from "./b.js";', "only declarations of const"),
        ("export const { a: b } = {};", "is a name, or a flat { pattern }"),
        ("export const [a] = [];", "is a name, or a flat { pattern }"),
        ('import a from "./b.js";', "there are no default exports here"),
        ('import { default as a } from "./b.js";', "there are no default exports here"),
        ('import { "a b" as a } from "./b.js";', "must be an identifier"),
        ('import { a } from "./b.json" with { type: "json" };', "no attributes"),
        ('import { a } from "lib";', "'lib' is no relative path"),
        ('import { a } from "/b.js";', "'/b.js' is no relative path"),
        ('import { a } from "https://example.com/b.js";', "is no relative path"),
        ('import { a } from "./missing.js";', "pages/missing.js is no file"),
        ('import { c } from "./b.js";', "pages/b.js exports no c"),
        ("await 1;", "awaiting at the top"),
        ("for await (const x of []) f(x);", "awaiting at the top"),
        ("if (x) { await f(); }", "awaiting at the top"),
        ("export function f() {}\nf = 1;", "f is exported and must keep its value"),
        ("export function f() { f = 1; }", "f is exported and must keep its value"),
        ("export class C {}\nC ??= 1;", "C is exported and must keep its value"),
        ("export function f() {}\n[f] = [1];", "f is exported and must keep its value"),
        ("export function f() {}\n({ a: f } = {});", "f is exported and must keep its value"),
        ("export function f() {}\nfor (f of []);", "f is exported and must keep its value"),
        ("export function f() {}\nf++;", "f is exported and must keep its value"),
        ("f(import.meta.url);", "import.meta has its place in"),
        ('new URL("./b.js", import.meta.resolve("x"));', "import.meta has its place in"),
        ("new URL(name, import.meta.url);", "must be named by a string"),
        ("import(name);", "must be named by a string"),
        ("import(`./b.js`);", "must be named by a string"),
        ('import("./b.js", {});', "must be named by a string"),
        ("const = 1;", "no JavaScript that the linker can read"),
        ("f(`unfinished", "no JavaScript that the linker can read"),
    ],
)
def test_what_the_linker_does_not_know_is_refused_by_its_line(text: str, reason: str) -> None:
    said = refusal(
        main="import './a.js';",
        a=f"// One line.\nconst before = 1;\n{text}",
        b="export const a = 1;",
    )
    assert reason in said
    line = 2 + len(text.splitlines())
    assert said.startswith(f"pages/a.js, line {line}: ")


def test_a_circle_is_refused_with_its_way() -> None:
    said = refusal(
        main="import './a.js';",
        a="import './b.js';",
        b="\nimport { c } from './c.js';",
        c="import './a.js';\nexport const c = 1;",
    )
    assert said == (
        "pages/c.js, line 1: a circle of imports: "
        "pages/a.js imports pages/b.js imports pages/c.js imports pages/a.js."
    )


def test_only_the_entry_imports_while_it_runs() -> None:
    said = refusal(
        main="import './a.js';", a="\nconst f = () => import('./b.js');", b="export const b = 1;"
    )
    assert said == "pages/a.js, line 2: import() has its place in pages/main.js only."
    said = refusal(main="import('./a.js');", a="\n\nimport('./b.js');", b="")
    assert said == "pages/a.js, line 3: import() has its place in pages/main.js only."


def test_a_worker_loads_nothing_more() -> None:
    for more in ("import('./b.js')", "new URL('./b.js', import.meta.url)"):
        said = refusal(main="new URL('./w.js', import.meta.url);", w=f"\n{more};", b="")
        assert said == "pages/w.js, line 2: a worker loads nothing while it runs."


# The page's own modules


def test_the_page_links() -> None:
    sources = {
        path.relative_to(WEB).as_posix(): path.read_text("utf-8") for path in WEB.rglob("*.js")
    }
    linked = link(sources, "js/pages/main.js", fingerprinted)
    assert sorted(linked) == ["app.js", "derive.js", "room.js"]
    for name in ("room.js", "derive.js"):
        assert sum(one.text.count(linked[name].address) for one in linked.values()) == 1
    words = (WEB / "js/protocol/words.js").read_text("utf-8").split("`")
    assert max(words, key=len) in linked["room.js"].text
