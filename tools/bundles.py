"""Writes web/bundles/ anew from web/static/, by esbuild (docs/decisions, 27).

Each bundle is named here and stands under that name, so that what changed is seen. Where one
loads another it does so under the address that the server will give that one: a digest of the
content is part of it, so they are written the loaded before the loading. The server then serves
these bytes as they are; `tests/page/test_bundles.py` holds the folder to the sources.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ephemeral.edge.headers import integrity  # noqa: E402
from ephemeral.page.files import fingerprinted  # noqa: E402

STATIC = ROOT / "web" / "static"
BUNDLES = ROOT / "web" / "bundles"
# Where tools/page_tools.sh puts them.
TOOLS = Path(sys.prefix) / "page-tools" / "bin"

# Each program: the bundle that its document runs at once, and then those that this one imports. The
# document names their addresses (web/templates). What the first has in common with the others they
# import from it: it is there already, and one file compresses better than two. What only the others
# have in common is in each of them: a file for it would be one more to wait for, and one that a
# browser which failed once to load it would never ask for again. Two programs share no file: the
# page of rooms loads nothing of accounts.
Program = dict[str, str]
# What is imported while the first screen is read, when somebody is inside, and when somebody
# sends or opens a file.
ROOMS: Program = {
    "home.js": "js/pages/main.js",
    "room.js": "js/pages/room.js",
    "later.js": "js/pages/later.js",
    "attachments.js": "js/pages/attachments.js",
}
# What is imported while the first screen is read, or at once where this browser is a device; what
# is imported when it is needed; of that what speaks of another service, where there is one, and of
# notifications; what talks, where this browser is a device; of that what files need, which it loads
# by itself; and what seals to a device's key.
ACCOUNTS: Program = {
    "account.js": "js/pages/account.js",
    "account-inside.js": "js/account/inside.js",
    "account-later.js": "js/pages/account-later.js",
    "account-identity.js": "js/pages/account-identity.js",
    "account-push.js": "js/pages/account-push.js",
    "account-conversations.js": "js/pages/account-conversations.js",
    "account-files.js": "js/pages/account-files.js",
    "hpke.js": "js/device/hpke.js",
}
# Of these there may be only one, or their state would be two: they are in a program's first too.
ONE = {"js/device/worker-address.js"}
# The second comes with later.js, the fourth with account-conversations.js; the fifth is loaded by
# account-files.js where something is played.
STYLES = {
    "page.css": "css/page.css",
    "late.css": "css/late.css",
    "account.css": "css/account.css",
    "conversations.css": "css/conversations.css",
    "media.css": "css/media.css",
    "operators.css": "css/operators.css",
}
# Which sentences only what is loaded later may say: the document of rooms leaves them out.
LATE = "late.json"
LATER = {"later.js", "attachments.js"}
# Which sentences the document of accounts holds: those that its first bundle may say.
SPOKEN = "account.json"
# These too, though earlier parts name them: they are seldom said, and not for want of a network.
# Whoever meets one before all sentences are there sees dots for a moment (js/ui/i18n.js), and the
# screen drawn twice: none of these is said where a room was just made, whose words one is at.
SELDOM = re.compile(
    r"refusal\.(?!other|unreachable|not_ours|unavailable|too_many|content_size|not_sent)"
    r"|notice\.(?!connecting|reconnecting|offline|unsent|away|all_away|not_loaded|not_done)"
    r"|sent\.(?:fades|again|remove|back_failed|acknowledged|viewed_(?!by)|unconfirmed|expired|withdrawn|room_|false_|refused|back_leased|waits_because)"
    r"|message\.show_|composer\.unquote|card\.(?:unknown_type|empty|broken|unshowable|gap|repeated|returned|taken|failed|extended|held|goes_on|last_seconds)"
    r"|(?:trace|fates|hidden|interrupted|telling|unsent)\."
    r"|destroy\.(?:title|text|yes|no|nothing)$|people\.(?:hidden|more|has_left)$|ash\."
    r"|progress\.(?:asking|slow)|share\.(?:qr|sheet_failed)|copy\.failed|menu\.code_forgotten"
    r"|account\.|files\.|room\.(?:crowd|before|typing_many|away_since|new$)|invited\.words|composer\.limited|arriving\.seat_gone"
)
# Only account-identity.js and account-push.js make them known, which come with all sentences.
OF_SERVICE = ("account.refusal.identity_", "account.refusal.id_token_", "account.refusal.push_")
# A sentence by its key, and by the beginning of a key that is composed.
_KEY = re.compile(r'"([a-z_]+(?:\.[a-z_0-9]+)+)"')
_COMPOSED = re.compile(r"`([a-z_]+\.(?:[a-z_0-9]+[._])*)\$\{")
# A classic script in the JavaScript of 2009, which shares nothing.
SMALL = ("old.js", "js/pages/old.js")
# Runs by itself, beside all pages: a classic script, as every browser takes one for this.
SERVICE_WORKER = ("account-sw.js", "js/pages/account-sw.js")

# No settings but these: whatever lies around the sources means nothing.
_ESBUILD = ("--log-level=warning", "--charset=utf8", "--tsconfig-raw={}")
# The oldest browsers that have what js/device/able.js asks for: whatever the bundler shortens, or a
# source has that is newer, is written so that they can read it.
_MODULE = ("--bundle", "--minify", "--format=esm", "--target=chrome103,firefox100,safari16")
# As minifiers write a string: in a string of another kind nobody would find it.
_REFERENCE = re.compile(r'"\./([^"/]+\.(?:js|css))"')
# Of a style sheet that a bundle loads: what a browser is to compare.
_INTEGRITY = re.compile(r'"sha256-([a-z-]+\.css)"')


class BundleError(Exception):
    """Sources of which no bundles can be made; the sentence is for the person who runs this."""


def bundled(static: Path) -> dict[str, bytes]:
    """Every bundle of these sources by its name. Raises BundleError."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # Each alone: no import map holds in a worker, so nothing names the integrity of what it
        # imports.
        for worker in sorted((static / "js").rglob("*-worker.js")):
            path = worker.relative_to(static).as_posix()
            _esbuild(static, *_MODULE, path, f"--outfile={folder / worker.name}")
        _modules(static, folder)
        for name, path in STYLES.items():
            # Space alone: a rule is what it was, for whoever looks at the page with a browser's
            # tools.
            _esbuild(static, "--bundle", "--minify-whitespace", path, f"--outfile={folder / name}")
        name, path = SMALL
        _esbuild(static, "--minify", "--target=es5", path, f"--outfile={folder / name}")
        name, path = SERVICE_WORKER
        _esbuild(static, *_MODULE, "--format=iife", path, f"--outfile={folder / name}")
        made = {each.name: each.read_text("utf-8") for each in sorted(folder.iterdir())}
    return _with_addresses(made)


def _modules(static: Path, folder: Path) -> None:
    """Write the entries of each program, and which sentences their documents hold."""
    rooms = _program(static, folder, ROOMS)
    (folder / LATE).write_text(json.dumps(_late(static, rooms), indent=0) + "\n")
    accounts = _program(static, folder, ACCOUNTS)
    (folder / SPOKEN).write_text(json.dumps(_spoken(static, accounts), indent=0) + "\n")


def _program(static: Path, folder: Path, entries: Program) -> dict[str, set[str]]:
    """Write a program's entries and what they share; gives what each is made of."""
    home = next(iter(entries))
    with tempfile.TemporaryDirectory() as scratch:
        space = Path(scratch)
        read = {name: _sources(static, path, space) for name, path in entries.items()}
        others = set().union(*(those for name, those in read.items() if name != home))
        shared = sorted((read[home] | ONE) & others)
        # Whoever needs some of it is said to need all of it: esbuild makes a file for each set of
        # entries that have something in common.
        for name, path in entries.items():
            lines = [f"import {json.dumps(str(static / each))};\n" for each in shared]
            lines.append(f"export * from {json.dumps(str(static / path))};\n")
            (space / name).write_text("".join(lines))
        parts = space / "parts"
        _esbuild(
            static, *_MODULE, "--splitting", "--entry-names=[name]", "--chunk-names=[hash]",
            *(str(space / name) for name in entries), f"--outdir={parts}",
        )  # fmt: skip
        first = (parts / home).rename(parts / "first.js")
        imported = set(_REFERENCE.findall(first.read_text("utf-8"))) - entries.keys()
        whole = parts / "whole.js"
        lines = ['import "./first.js";\n']
        for common in (name for name in imported if (parts / name).exists()):
            for part in {*parts.iterdir()} - {first}:
                text = part.read_text("utf-8").replace(f'"./{common}"', f'"./{home}"')
                part.write_text(text, "utf-8")
            # The first, as a bundle that runs and exports what the others share with it.
            lines.insert(0, f'export * from "./{common}";\n')
        whole.write_text("".join(lines))
        for name in entries:
            source = whole.name if name == home else name
            _esbuild(parts, *_MODULE, f"--external:./{home}", source, f"--outfile={folder / name}")
    return read


def _late(static: Path, read: dict[str, set[str]]) -> list[str]:
    """The keys of sentences that only modules name of which nothing but LATER is made."""
    earlier = set().union(*(those for name, those in read.items() if name not in LATER))
    later = set().union(*(read[name] for name in LATER))
    before, after = _text(static, earlier), _text(static, later - earlier)
    composed = tuple(_COMPOSED.findall(before))
    late = set(_KEY.findall(after)) - set(_KEY.findall(before))
    return sorted(
        key
        for key in _catalogue()
        if SELDOM.match(key) or (key in late and not key.startswith(composed))
    )


def _spoken(static: Path, read: dict[str, set[str]]) -> list[str]:
    """The keys of sentences that a program's first bundle names, but for refusals seldom said."""
    text = _text(static, next(iter(read.values())))
    named, composed = set(_KEY.findall(text)), tuple(_COMPOSED.findall(text))
    return sorted(
        key
        for key in _catalogue()
        if key in named
        or (
            key.startswith(composed)
            and not key.startswith(OF_SERVICE)
            and (key.startswith("account.") or not SELDOM.match(key))
        )
    )


def _text(static: Path, paths: set[str]) -> str:
    return "".join((static / path).read_text("utf-8") for path in sorted(paths))


def _catalogue() -> list[str]:
    return list(json.loads((ROOT / "web" / "catalogue" / "en.json").read_text("utf-8")))


def _sources(static: Path, entry: str, scratch: Path) -> set[str]:
    """What a module and all that it imports are made of, by their paths."""
    told = scratch / "told.json"
    _esbuild(static, *_MODULE, entry, f"--outfile={scratch / 'read.js'}", f"--metafile={told}")
    inputs = json.loads(told.read_text("utf-8"))["inputs"]
    for path, source in inputs.items():
        if any(each["kind"] == "dynamic-import" for each in source["imports"]):
            raise BundleError(f"{path} loads a module by import(), which would be one file more.")
    return set(inputs)


def _esbuild(static: Path, *arguments: str) -> None:
    done = subprocess.run(
        [TOOLS / "esbuild", *_ESBUILD, *arguments],
        cwd=static,
        env={"PATH": str(TOOLS)},
        check=False,
        capture_output=True,
        text=True,
    )
    # A warning is a defect that has not happened yet.
    if done.returncode or done.stderr:
        raise BundleError(done.stderr.strip())


def _with_addresses(made: dict[str, str]) -> dict[str, bytes]:
    """The bundles, with the addresses of those that they load."""
    workers = {name for name in made if name.endswith("-worker.js")}
    ready: dict[str, bytes] = {}
    loaded: set[str] = set()

    def address(name: str, above: tuple[str, ...]) -> str:
        if name not in made or name in above:
            raise BundleError(f"{above[-1]} loads {name}, which is no bundle that it could load.")
        if name not in ready:
            text = _REFERENCE.sub(
                lambda found: f'"./{address(found[1], (*above, name))}"', made[name]
            )
            text = _INTEGRITY.sub(lambda found: f'"{integrity(ready[found[1]])}"', text)
            ready[name] = text.encode()
        if above:
            loaded.add(name)
        return fingerprinted(name, ready[name])

    for name in made:
        address(name, ())
    forgotten = workers - loaded
    if forgotten:
        raise BundleError(f"No bundle loads {min(forgotten)}.")
    return ready


def main() -> int:
    """Write them; gives the exit code."""
    try:
        ready = bundled(STATIC)
    except (BundleError, OSError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return 1
    BUNDLES.mkdir(exist_ok=True)
    for stale in {path.name for path in BUNDLES.iterdir()} - set(ready):
        (BUNDLES / stale).unlink()
    for name, content in ready.items():
        (BUNDLES / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
