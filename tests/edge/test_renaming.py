"""What is shortened means what it meant: spaces, bytes, names, and the whole of the protocol."""

import json
import shutil
import tempfile
from base64 import b64encode
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.programs.linked import both, node, plain

from ephemeral.edge.linking import link

TESTS = Path(__file__).resolve().parents[1]
WEB = TESTS.parent / "web" / "static"
PROGRAMS = Path(__file__).resolve().parent / "linking"


def test_space_is_kept_where_signs_would_become_others(tmp_path: Path) -> None:
    said = both(tmp_path, {"main": (PROGRAMS / "spaces.js").read_text("utf-8")})
    assert said[0] == [7, 7, 8, 3, 7, 4, 3, 5, 5]


def test_bytes_in_base64_are_the_same_bytes_in_a_form_that_packs_better(tmp_path: Path) -> None:
    random = Random(3)
    for length in (900, 901, 902):
        text = b64encode(random.randbytes(length)).decode()
        main = f"""
          const it = {{ key: "{text}", "{text}": "{text[:-4]}AAAA", none: "{text[:-3]}" }};
          say([it, "{text}", `{text}`, '{text}', "{text}!", "{text}=", it["{text}"]]);
        """
        assert both(tmp_path, {"main": main})
        assert (
            text.rstrip("=")
            not in link({"m.js": f'f({{ key: "{text}" }})'}, "m.js", plain)["app.js"].text
        )


def test_variables_mean_what_they_meant_under_their_new_names(tmp_path: Path) -> None:
    """Every way of declaring and using one, where a wrong new name would be another variable."""
    names = "export const a = 'imported a', b = () => a; export function c() { return b(); }"
    main = (PROGRAMS / "variables.js").read_text("utf-8")
    [said] = both(tmp_path, {"main": main, "names.js": names})
    assert isinstance(said, list)
    assert len(said) > 50


def programs() -> st.SearchStrategy[str]:
    """Functions in functions that declare, shadow, assign and call, with few names."""
    name = st.sampled_from("abcdef")

    def block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.lists(inner, min_size=1, max_size=4).map(" ".join)

    simple = st.one_of(
        name.map(lambda n: f"see(() => {n});"),
        st.tuples(name, name).map(lambda n: f"see(() => ({{ {n[0]}, k: {n[1]} }}));"),
        st.tuples(name, name).map(lambda n: f"try {{ {n[0]} = more({n[1]}); }} catch {{}}"),
        st.tuples(name, name).map(
            lambda n: f"try {{ ({{ {n[0]}: {n[1]} }} = {{ a: 4 }}); }} catch {{}}"
        ),
    )

    def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        body = block(inner)
        return st.one_of(
            st.tuples(name, body).map(lambda n: f"{{ let {n[0]} = next(); {n[1]} }}"),
            st.tuples(name, name, body).map(
                lambda n: f"{{ const {{ {n[0]}, z: {n[1]}_ = 3 }} = {{ {n[0]}: next() }}; {n[2]} }}"
            ),
            st.tuples(name, name, body).map(
                lambda n: f"(({n[0]}, {{ {n[1]}: y = next() }}) => {{ {n[2]} }})(next(), {{}});"
            ),
            st.tuples(name, name, body).map(
                lambda n: f"(function {n[0]}({n[1]} = next()) {{ {n[2]} }})();"
            ),
            st.tuples(name, body).map(lambda n: f"for (const {n[0]} of [next()]) {{ {n[1]} }}"),
            st.tuples(name, body).map(
                lambda n: f"try {{ throw next(); }} catch ({n[0]}) {{ {n[1]} }}"
            ),
            st.tuples(name, body).map(
                lambda n: f"{{ class {n[0]} {{ #a = 1; static m() {{ {n[1]} }} }} {n[0]}.m(); }}"
            ),
        )

    return block(st.recursive(simple, nested, max_leaves=12))


@given(st.lists(programs(), min_size=20, max_size=20))
@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
def test_no_program_sees_other_values_under_new_names(texts: list[str]) -> None:
    # Whatever is free in them is global, and is there to be taken by mistake.
    globals_ = "".join(f"globalThis.{name} = 'global {name}';" for name in "abcdef")
    modules = {
        f"{number}.js": f"""
          let number = 0; const next = () => ++number;
          // The text of a function is the one thing that does change.
          const more = (value) => (typeof value === "function" ? 0 : value + 1);
          const see = (look) => {{
            try {{ log.push(look()); }} catch (error) {{ log.push(error.name); }}
          }};
          export const log = []; {text}
        """
        for number, text in enumerate(texts)
    }
    imports = "".join(f"import {{ log as l{n} }} from '../{n}.js';" for n in range(len(texts)))
    logs = ",".join(f"l{n}" for n in range(len(texts)))
    main = f"import '../globals.js'; {imports} say([{logs}]);"
    with tempfile.TemporaryDirectory() as folder:
        both(Path(folder), {"main": main, "globals.js": globals_, **modules})


# The protocol

SUITES = sorted(path.name for path in (TESTS / "js").glob("*.test.mjs"))


@pytest.fixture(scope="module")
def shortened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this tree in which each module of the client is what its linked form exports."""
    root = tmp_path_factory.mktemp("shortened")
    sources = {
        path.relative_to(WEB).as_posix(): path.read_text("utf-8") for path in WEB.rglob("*.js")
    }
    folders = ("js/protocol/", "js/device/", "js/net/", "vendor/")
    tested = [
        name for name in sources if name.startswith(folders) and not name.endswith("-worker.js")
    ]
    imports = "".join(f"modules[{json.dumps(name)}] = import('../../{name}');" for name in tested)
    entry = f"globalThis.modules = {{}}; {imports}"
    linked = link({**sources, "js/pages/main.js": entry}, "js/pages/main.js", plain)
    static = root / "web" / "static"
    static.mkdir(parents=True)
    for one in linked.values():
        (static / one.address).write_text(one.text, "utf-8")
    exports = json.loads(
        node(
            "--input-type=module",
            "--eval",
            f"await import({json.dumps((static / 'app.js').as_uri())});"
            "const found = {};"
            "for (const name in modules) found[name] = Object.keys(await modules[name]);"
            "console.log(JSON.stringify(found));",
        )
    )
    for name, exported in exports.items():
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        up = "../" * name.count("/")
        (static / name).write_text(
            f'import "./{up}app.js"; const one = await modules[{json.dumps(name)}];'
            f"export const {{ {', '.join(exported)} }} = one;"
        )
    (root / "web" / "package.json").write_text('{"type": "module"}')
    shutil.copytree(TESTS / "js", root / "tests" / "js")
    shutil.copytree(TESTS / "vectors", root / "tests" / "vectors")
    return root


@pytest.mark.parametrize("suite", SUITES)
def test_the_client_keeps_its_tests_when_it_is_linked(shortened: Path, suite: str) -> None:
    report = node("--test", "--test-reporter=tap", str(shortened / "tests" / "js" / suite))
    assert "\n# fail 0\n" in report
    assert "\n# pass 0\n" not in report
