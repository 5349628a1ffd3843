"""What others wrote and we serve: the word list and the vendored browser modules."""

import hashlib
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import async_playwright, expect

from tools import vendor, words

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "web" / "static" / "vendor"
WORD_LIST_SHA256 = "6d557f0693958fb5e650b68b5bee585eb82cf4da32965505c789e924743bc522"


def node(script: str, *options: str) -> str:
    """What a module of this text prints, run by the node of Playwright's wheel in the checkout."""
    binary, _ = compute_driver_executable()
    done = subprocess.run(
        [binary, *options, "--input-type=module", "--eval", script],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def manifest() -> list[dict[str, object]]:
    return json.loads((VENDOR / "manifest.json").read_text())


# The word list


def test_the_word_list_is_the_pinned_one():
    body = words.SOURCE.read_bytes()
    assert hashlib.sha256(body).hexdigest() == WORD_LIST_SHA256
    lines = body.decode("ascii").splitlines()
    assert len(lines) == len(set(lines)) == 6**5
    assert lines == sorted(lines)


def test_the_browsers_word_list_is_the_servers():
    seen = json.loads(
        node(
            "import { WORDS } from './web/static/js/protocol/words.js';"
            "console.log(JSON.stringify([Object.isFrozen(WORDS), WORDS]));"
        )
    )
    assert seen == [True, words.SOURCE.read_text().splitlines()]


def test_the_browsers_word_list_is_what_the_tool_writes():
    assert words.TWIN.read_text() == words.twin(words.SOURCE.read_text().splitlines())


# The manifest


def test_the_manifest_lists_every_vendored_file_with_its_hash():
    listed = {path: digest for entry in manifest() for path, digest in entry["files"].items()}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path != VENDOR / "manifest.json"
    }
    assert found == listed


def test_the_manifest_names_the_packages_that_the_tool_pins():
    pinned = [(p.name, p.version, p.integrity, p.licence) for p in vendor.PACKAGES]
    listed = [(e["name"], e["version"], e["integrity"], e["licence"]) for e in manifest()]
    assert listed == pinned


def test_every_vendored_package_brings_its_licence():
    for entry in manifest():
        assert f"{entry['name']}/LICENSE" in entry["files"]


def test_an_archive_with_other_bytes_is_refused():
    with pytest.raises(vendor.VendorError, match=r"hash-wasm 4\.13\.0: .* not the pinned"):
        vendor.unpack(vendor.PACKAGES[0], b"another archive")


LEAN_QR = next(package for package in vendor.PACKAGES if package.name == "lean-qr")


def test_a_module_is_wrapped_with_its_bytes_unchanged():
    (module,) = LEAN_QR.modules
    body = 'const a=1,b="export{x}";'
    wrapped = vendor.as_module(LEAN_QR, module, f"{body}export{{a as correction,b as generate}};\n")
    assert wrapped.split("\n")[1:] == [
        "// @ts-nocheck",
        "const api = (() => {",
        body,
        "return { correction: a, generate: b };",
        "})();",
        "export const correction = api.correction;",
        "export const generate = api.generate;",
        "",
    ]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("const a=1;", "ends in no exports"),
        ("const a=1;export{a}", r"doesn't export \['correction'"),
    ],
)
def test_a_module_that_exports_something_else_is_refused(source: str, complaint: str):
    (module,) = LEAN_QR.modules
    with pytest.raises(vendor.VendorError, match=complaint):
        vendor.as_module(LEAN_QR, module, source)


@pytest.mark.parametrize("module", vendor.JOINED, ids=lambda module: module.target)
def test_a_module_of_several_packages_imports_nothing_and_exports_what_was_asked_for(
    module: vendor.Joined,
):
    text = (VENDOR / module.packages[0] / module.target).read_text()
    assert re.findall(r"\bimport\s*[({\"'*]", text) == []
    [names] = re.findall(r"^export \{([^}]*)\};", text, re.MULTILINE)
    wanted = {name for names in module.exports.values() for name in names}
    assert {name.strip() for name in names.split(",")} == wanted


# Argon2id

PASSWORD, SALT = b"abacus-zoom", bytes(range(32))
ARGON2ID = (
    "argon2id({ password: new TextEncoder().encode('abacus-zoom'),"
    " salt: Uint8Array.from({ length: 32 }, (_, i) => i),"
    " memorySize: 65536, iterations: 3, parallelism: 1, hashLength: 32, outputType: 'hex' })"
)


@pytest.fixture(scope="module")
def expected_hash() -> str:
    return hash_secret_raw(
        PASSWORD, SALT, time_cost=3, memory_cost=65536, parallelism=1, hash_len=32, type=Type.ID
    ).hex()


def test_argon2id_in_javascript_gives_pythons_bytes(expected_hash: str):
    printed = node(
        "import { argon2id } from './web/static/vendor/hash-wasm/argon2.js';"
        f"console.log(await {ARGON2ID});"
    )
    assert printed.strip() == expected_hash


WITHOUT_WEBASSEMBLY = """
import { argon2id } from './web/static/vendor/@noble/hashes/argon2.js';
const root = argon2id(new TextEncoder().encode("abacus-zoom"),
  Uint8Array.from({ length: 32 }, (_, i) => i), { m: MEMORY, t: 3, p: 1, dkLen: 32 });
console.log(typeof WebAssembly, Buffer.from(root).toString("hex"));
"""


def test_argon2id_without_webassembly_gives_the_same_bytes(expected_hash: str):
    script = WITHOUT_WEBASSEMBLY.replace("MEMORY", "65536")
    assert node(script).split()[1] == expected_hash


def test_argon2id_runs_where_neither_webassembly_nor_a_compiler_is_allowed():
    """With little memory: what is allowed there takes forty times as long."""
    few = hash_secret_raw(
        PASSWORD, SALT, time_cost=3, memory_cost=256, parallelism=1, hash_len=32, type=Type.ID
    ).hex()
    script = WITHOUT_WEBASSEMBLY.replace("MEMORY", "256")
    assert node(script, "--jitless").split() == ["undefined", few]


def test_a_module_that_imports_what_is_not_here_is_refused():
    noble = next(package for package in vendor.PACKAGES if package.name == "@noble/hashes")
    module = noble.modules[0]
    with pytest.raises(vendor.VendorError, match=r"needs \['./hmac.js'\]"):
        vendor.as_module(noble, module, 'import { hmac } from "./hmac.js";\n')
    source = '/** import { x } from "@noble/hashes" */\nimport { a } from "./utils.js";\n'
    assert vendor.as_module(noble, module, source).partition("\n")[2] == source


CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types one"
)
PAGES = {
    "/": ("text/html", "<!doctype html><script type=module src=/page.js></script>"),
    "/page.js": (
        "text/javascript",
        (
            "const policy = trustedTypes.createPolicy('one', { createScriptURL: (url) => url });"
            "const worker = new Worker(policy.createScriptURL('/worker.js'), { type: 'module' });"
            "worker.onmessage = (event) => { document.title = event.data; };"
            "worker.onerror = (event) => { document.title = 'failed: ' + event.message; };"
        ),
    ),
    "/worker.js": (
        "text/javascript",
        (
            "import { argon2id } from '/argon2.js';"
            "let evaluated = true; try { eval('1'); } catch { evaluated = false; }"
            "if (evaluated) postMessage('failed: the policy lets eval through');"
            f"else {ARGON2ID}.then(postMessage, (error) => postMessage('failed: ' + error));"
        ),
    ),
    "/argon2.js": ("text/javascript", (VENDOR / "hash-wasm" / "argon2.js").read_text()),
}


class StrictPage(http.server.BaseHTTPRequestHandler):
    """Serves PAGES under the strictest policy that the derivation worker may need."""

    def do_GET(self) -> None:
        kind, body = PAGES.get(self.path, ("text/plain", ""))
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", CSP)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def strict_origin() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), StrictPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(
    shutil.which("chromium") is None,
    reason="NO CHROMIUM: the content security policy of the derivation worker is NOT proved",
)
async def test_argon2id_runs_in_a_module_worker_without_eval_under_trusted_types(
    strict_origin: str, expected_hash: str
):
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-quic"]
        )
        page = await browser.new_page()
        violations: list[str] = []
        page.on("console", lambda message: violations.append(message.text))
        await page.goto(strict_origin)
        await expect(page).not_to_have_title("", timeout=60_000)
        title = await page.title()
        await browser.close()
    assert title == expected_hash
    assert violations == []
