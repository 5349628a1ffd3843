"""The house in wings: imports go down, and a wing knows another only by a named arrow.

The rules are those of the tables below; `breaches` finds what breaks them in any tree, and the
planted trees at the end show that each rule can be broken.
"""

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What all stand on. `ephemeral` is the package's own module: the version.
FOUNDATION = {"ephemeral", "protocol", "settings", "metrics", "faults", "private_memory"}
# The common ground, from the lowest upwards: each may import those before it.
GROUND = ("store", "sealing", "live", "edge", "page")
# The wings, and the only other wings that each may import.
WINGS = {
    "rooms": set[str](),
    "accounts": set[str](),
    "conversations": {"accounts"},
    # A file is an account's, and for who is in a conversation.
    "files": {"accounts", "conversations"},
    "calls": {"conversations", "accounts"},
    "operators": {"accounts", "files"},
}
# The floors inside a wing, and what each may import besides itself: of its wing, of the ground.
FLOORS = {
    "rules": (set[str](), set[str]()),
    "rows": ({"rules"}, {"store", "sealing"}),
    "service": ({"rules", "rows"}, {"store", "sealing", "live"}),
    "api": ({"rules", "service"}, {"live", "edge"}),
    # What a wing opens to those that may import it.
    "doors": ({"rules", "service", "api"}, set(GROUND)),
    "wing": ({"rules", "rows", "service", "api", "doors"}, set(GROUND)),
}
# Which floors may import which of a wing that theirs may.
THROUGH = {
    "service": {"service", "wing"},
    "doors": {"service", "api", "wing"},
}
MAY_IMPORT = {
    "ephemeral": set[str](),
    "protocol": set[str](),
    # What only accounts have of the protocol stands apart from rooms, and what only conversations,
    # or files, have of it apart from accounts.
    "protocol.accounts": {"protocol"},
    "protocol.conversations": {"protocol", "protocol.accounts", "protocol.files"},
    "protocol.files": {"protocol", "protocol.accounts"},
    "settings": {"protocol"},
    "metrics": {"protocol"},
    "faults": {"metrics"},
    "private_memory": set[str](),
    **{one: FOUNDATION | set(GROUND[:floor]) for floor, one in enumerate(GROUND)},
    "routes": FOUNDATION | {"edge", "page"},
    "client": {
        "ephemeral",
        "protocol",
        "protocol.accounts",
        "protocol.conversations",
        "protocol.files",
    },
}
# What of the protocol a wing has besides that of rooms.
PROTOCOL_OF = {
    "accounts": {"protocol.accounts"},
    "conversations": {"protocol.accounts", "protocol.conversations"},
    "files": {"protocol.accounts", "protocol.files"},
    "calls": {"protocol.accounts", "protocol.conversations"},
}
# The composition root and the command line stand on everything.
TOP = {
    "app", "wings", "__main__", "commands", "backups", "moderating_command", "operator_commands",
    "store_commands",
}  # fmt: skip

# protocol/ and the rules of a wing have no clock, no randomness, and reach nothing outside the
# process.
IMPURE_MODULES = {
    "asyncio", "asyncpg", "http", "httpx", "logging", "os", "random", "secrets", "socket",
    "starlette", "subprocess", "tempfile", "threading", "time", "urllib", "uuid", "uvicorn",
    "websockets",
}  # fmt: skip
# Modules of the ground that the rules of a wing may import, being as pure as they are.
PURE_GROUND = ("ephemeral.sealing.fingerprints",)
# Libraries that one wing loads, or one unit of the ground, and nobody else: so only where it is
# enabled.
HEAVY = {"aiortc": "calls", "boto3": "store", "botocore": "store", "webauthn": "accounts"}

# The folders of web/static/js, in the same manner; vendored modules are the unit `vendor`. `ui` is
# the kit, which knows no capability. A capability's client runs without a page; its views are a
# floor of their own. What only accounts have of the protocol stands apart from rooms, and what only
# conversations have of it apart from accounts; of vendored modules it needs the one that knows
# points of a curve.
SCRIPTS_MAY_IMPORT = {
    "protocol": set[str](),
    "protocol.accounts": {"protocol", "vendor"},
    # A message may name files.
    "protocol.conversations": {"protocol", "protocol.accounts", "protocol.files"},
    "protocol.files": {"protocol", "protocol.accounts"},
    # Workers stand here, where the one policy lets their addresses through.
    "device": {"protocol", "protocol.accounts", "protocol.files", "vendor"},
    "net": {"protocol", "device", "vendor"},
    "ui": {"vendor"},
    # What is removed from pictures and films, for whoever sends them.
    "cleaning": {"protocol"},
    "room": {"protocol", "cleaning", "device", "net", "vendor"},
    "room.views": {"protocol", "cleaning", "room", "ui"},
    "account": {"protocol", "protocol.accounts", "device", "net", "vendor"},
    "account.views": {"protocol", "protocol.accounts", "account", "ui"},
    # Conversations are an account's.
    "conversations": {
        "protocol",
        "protocol.accounts",
        "protocol.conversations",
        "device",
        "net",
        "account",
        "vendor",
    },
    # Its screens are screens of an account.
    "conversations.views": {
        "protocol",
        "protocol.accounts",
        "protocol.conversations",
        "account",
        "account.views",
        "cleaning",
        "conversations",
        "ui",
    },
    # Files of conversations: sent, fetched and played, with or without a page.
    "media": {
        "protocol",
        "protocol.accounts",
        "protocol.conversations",
        "protocol.files",
        "cleaning",
        "device",
        "net",
        "account",
        "conversations",
        "vendor",
    },
    "media.views": {
        "protocol",
        "protocol.accounts",
        "protocol.conversations",
        "protocol.files",
        "device",
        "account",
        "account.views",
        "conversations",
        "conversations.views",
        "media",
        "ui",
    },
    "pages": {
        "protocol",
        "cleaning",
        "protocol.accounts",
        "protocol.conversations",
        "protocol.files",
        "media",
        "media.views",
        "device",
        "net",
        "ui",
        "room",
        "room.views",
        "account",
        "account.views",
        "conversations",
        "conversations.views",
        "vendor",
    },
}
SCRIPT_IMPORT = re.compile(
    r"""(?:^|[;}])\s*import\b(?:[^;"'`()=]*\bfrom)?\s*["']([^"']+)["']"""
    r"""|(?:^|[;}])\s*export\b[^;"'`()=]*\bfrom\s*["']([^"']+)["']"""
    r"""|\bimport\s*\(\s*["'`]([^"'`]+)["'`]"""
    r"""|\bnew\s+URL\(\s*["']([^"']+)["']\s*,\s*import\.meta""",
    re.MULTILINE,
)
IMPURE_SCRIPT = re.compile(
    r"\b(?:document|window|localStorage|sessionStorage|indexedDB|fetch|XMLHttpRequest|WebSocket)\b"
    r"(?=\.\w|\(|\[)|\bMath\.random\b|\bDate\.now\b|\bnew Date\b"
)
UNSAFE_IN_WEB = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|srcdoc"
    r"|document\.write|\beval\s*\(|\bFunction\s*\(|javascript:|\bMath\.random\b"
    r"|set(?:Timeout|Interval)\(\s*[\"'`]"
)
UNSAFE_IN_TEMPLATES = re.compile(
    r"\son[a-z]+\s*=|\sstyle\s*=|<style\b|<script\b(?![^>]*\ssrc=|\stype=[\"']importmap[\"']>)"
    r"|\|\s*safe\b|autoescape\s+false"
)

LINE_LIMIT = 400
# Longer modules, each with its reason.
LONG_MODULES = {
    "ephemeral/settings.py": "the one table of every variable, with what reads it",
}


def python_files(root: Path) -> Iterator[Path]:
    yield from sorted((root / "ephemeral").rglob("*.py"))
    if (root / "app.py").exists():
        yield root / "app.py"


def own_files(root: Path, *suffixes: str) -> Iterator[Path]:
    """What we wrote below web/, by suffix; neither what others wrote nor what is made of it."""
    others = {root / "web" / "static" / "vendor", root / "web" / "bundles"}
    for path in sorted((root / "web").rglob("*")):
        if path.suffix in suffixes and others.isdisjoint(path.parents):
            yield path


def name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def place_of(parts: tuple[str, ...]) -> str | None:
    """Where a module of ours stands: a unit, or a floor of a wing as "wing.floor"; None outside.

    A small wing has no folders inside: its modules are named after the floors that they are.
    """
    if parts[0] != "ephemeral":
        return parts[0] if parts[0] in TOP else None
    if len(parts) == 1 or parts[1:] == ("__init__",):
        return "ephemeral"
    if parts[1] in WINGS and len(parts) > 2 and parts[2] != "__init__":
        return f"{parts[1]}.{parts[2]}"
    if ".".join(parts[1:3]) in MAY_IMPORT:
        return ".".join(parts[1:3])
    return parts[1]


def allowed(place: str, target: str) -> bool:
    """Whether what stands at `place` may import what stands at `target`."""
    if target == place:
        return True
    wing, _, floor = place.partition(".")
    if wing not in WINGS:
        return target in MAY_IMPORT[place]
    other, _, other_floor = target.partition(".")
    own, ground = FLOORS[floor] if floor else (set[str](), set[str]())
    if other == wing:
        return other_floor in own
    if other in WINGS:
        return other in WINGS[wing] and floor in THROUGH.get(other_floor, ())
    return target in FOUNDATION | PROTOCOL_OF.get(wing, set()) | ground


def imported_modules(root: Path, path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it (in functions and for types too), dotted.

    `from x import y` counts as `x.y`, since y may be a module.
    """
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported_place(module: str) -> str | None:
    """Where what a dotted name reaches stands, or None for what others wrote."""
    parts = tuple(module.split("."))
    if parts[0] == "ephemeral" and len(parts) > 1 and parts[1] not in KNOWN_UNITS:
        return "ephemeral"
    return place_of(parts)


KNOWN_UNITS = {*MAY_IMPORT, *WINGS, *TOP}


def breaches_of_floors(root: Path) -> Iterator[str]:
    for path in python_files(root):
        place = place_of(path.relative_to(root).with_suffix("").parts)
        assert place is not None
        wing, _, floor = place.partition(".")
        if wing in TOP:
            continue
        floorless = floor and floor not in FLOORS and place not in MAY_IMPORT
        if wing not in KNOWN_UNITS or floorless:
            yield f"{name(root, path)}: {place} has no floor"
            continue
        for module in imported_modules(root, path):
            target = imported_place(module)
            pure = is_pure(place) and module.startswith(PURE_GROUND)
            if target is not None and not pure and not allowed(place, target):
                yield f"{name(root, path)}: {place} imports {target}"
            first = module.split(".")[0]
            if (is_pure(place) or is_pure_ground(root, path)) and first in IMPURE_MODULES:
                yield f"{name(root, path)}: {place} imports {first}"
            if HEAVY.get(first, wing) != wing:
                yield f"{name(root, path)}: {place} imports {first}"


def is_pure_ground(root: Path, path: Path) -> bool:
    return name(root, path).removesuffix(".py").replace("/", ".") in PURE_GROUND


def is_pure(place: str) -> bool:
    return place.startswith("protocol") or place.endswith(".rules")


def breaches_of_purity(root: Path) -> Iterator[str]:
    """Clocks that are read through a type which may well be an argument."""
    for path in python_files(root):
        if not is_pure(place_of(path.relative_to(root).with_suffix("").parts) or ""):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=("now" | "utcnow" | "today"))):
                    yield f"{name(root, path)}:{node.lineno}: reads the clock"


def breaches_of_environment(root: Path) -> Iterator[str]:
    for path in python_files(root):
        if name(root, path) == "ephemeral/settings.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(attr=("environ" | "environb" | "getenv" | "putenv")):
                    yield f"{name(root, path)}:{node.lineno}: reads the environment"
                case ast.ImportFrom(module="os") if any(
                    alias.name in {"environ", "environb", "getenv"} for alias in node.names
                ):
                    yield f"{name(root, path)}:{node.lineno}: reads the environment"


def breaches_of_length(root: Path) -> Iterator[str]:
    long = {
        name(root, path)
        for path in (*python_files(root), *own_files(root, ".js"))
        if len(path.read_text(encoding="utf-8").splitlines()) >= LINE_LIMIT
    }
    yield from (f"{path}: {LINE_LIMIT} lines or more" for path in sorted(long - set(LONG_MODULES)))


def script_place(path: str) -> str:
    """Where a module below web/static stands: its folder, and if it is a view or of a wing."""
    folder, *below = path.removeprefix("js/").split("/")
    floors = {"views", "accounts", "conversations", "files"}
    return f"{folder}.{below[0]}" if below and below[0] in floors else folder


def breaches_of_script_floors(root: Path) -> Iterator[str]:
    scripts = root / "web" / "static" / "js"
    for path in own_files(root, ".js"):
        here = name(root, path)
        if scripts not in path.parents:
            yield f"{here}: a script outside web/static/js"
            continue
        unit = script_place(path.relative_to(scripts).as_posix())
        if unit not in SCRIPTS_MAY_IMPORT:
            yield f"{here}: {unit} has no floor"
            continue
        text = path.read_text(encoding="utf-8")
        for specifier in map("".join, SCRIPT_IMPORT.findall(text)):
            if not specifier.startswith("."):
                yield f"{here}: imports {specifier}, which is no relative path"
                continue
            # A bundle loads a style sheet that lies beside it where both are served.
            if specifier.endswith(".css"):
                if not (root / "web/static/css" / specifier.removeprefix("./")).is_file():
                    yield f"{here}: loads {specifier}, which is no style sheet"
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(here), specifier))
            if not (root / target).is_file():
                yield f"{here}: imports {specifier}, which is no file"
                continue
            place = script_place(target.removeprefix("web/static/"))
            if place not in SCRIPTS_MAY_IMPORT[unit] | {unit}:
                yield f"{here}: {unit} imports {place}"
        if unit.startswith("protocol"):
            for found in sorted(set(IMPURE_SCRIPT.findall(text))):
                yield f"{here}: protocol uses {found}"


def breaches_of_web_safety(root: Path) -> Iterator[str]:
    for path in own_files(root, ".js", ".html", ".jinja", ".j2", ".svg"):
        unsafe = [UNSAFE_IN_WEB] if path.suffix == ".js" else [UNSAFE_IN_WEB, UNSAFE_IN_TEMPLATES]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for pattern in unsafe:
                for found in pattern.findall(line):
                    yield f"{name(root, path)}:{number}: {found.strip()}"


RULES = (
    breaches_of_floors,
    breaches_of_purity,
    breaches_of_environment,
    breaches_of_length,
    breaches_of_script_floors,
    breaches_of_web_safety,
)


def breaches(root: Path) -> list[str]:
    return [breach for rule in RULES for breach in rule(root)]


# The house as it stands


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule):
    assert list(rule(ROOT)) == []


def test_every_long_module_on_the_list_is_still_there_and_long():
    for path in LONG_MODULES:
        assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) >= LINE_LIMIT


# Planted trees: (path, text, the breach that must be found)

PLANTED = [
    # The ground knows no wing, and no higher ground.
    ("ephemeral/store/x.py", "import ephemeral.live.bus", "store imports live"),
    ("ephemeral/live/bus.py", "from ephemeral import edge", "live imports edge"),
    ("ephemeral/sealing/x.py", "from ephemeral.edge import guard", "sealing imports edge"),
    ("ephemeral/edge/guard.py", "from ephemeral.page import files", "edge imports page"),
    ("ephemeral/live/bus.py", "from ..rooms.rules import room", "live imports rooms.rules"),
    ("ephemeral/edge/x.py", "from ephemeral.rooms.api import y", "edge imports rooms.api"),
    ("ephemeral/page/x.py", "from ephemeral import rooms", "page imports rooms"),
    ("ephemeral/edge/x.py", "from ephemeral.client import cli", "edge imports client"),
    ("ephemeral/routes.py", "from ephemeral.rooms.api import y", "routes imports rooms.api"),
    ("ephemeral/metrics.py", "from . import settings", "metrics imports settings"),
    # Inside a wing imports go down, and the api never touches rows.
    ("ephemeral/rooms/rules/room.py", "from ephemeral.rooms.rows import x", "imports rooms.rows"),
    ("ephemeral/rooms/rules/room.py", "from ...live import bus", "rooms.rules imports live"),
    ("ephemeral/rooms/rules/room.py", "from time import monotonic", "rooms.rules imports time"),
    ("ephemeral/rooms/rules/room.py", "from ephemeral.sealing import vault", "imports sealing"),
    ("ephemeral/sealing/fingerprints.py", "import os", "sealing imports os"),
    (
        "ephemeral/rooms/rules/room.py",
        "import datetime as d\nd.datetime.now()",
        "2: reads the clock",
    ),
    ("ephemeral/rooms/rows/x.py", "from ..service.rooms import Rooms", "imports rooms.service"),
    ("ephemeral/rooms/service/x.py", "from ephemeral.edge import guard", "imports edge"),
    ("ephemeral/rooms/service/x.py", "from ephemeral.rooms.api import y", "imports rooms.api"),
    ("ephemeral/rooms/service/x.py", "from app import build", "rooms.service imports app"),
    ("ephemeral/rooms/service/x.py", "from ... import __main__", "imports __main__"),
    ("ephemeral/rooms/api/x.py", "from ephemeral.rooms.rows import y", "imports rooms.rows"),
    ("ephemeral/rooms/api/x.py", "def f():\n    import ephemeral.store.postgres", "imports store"),
    ("ephemeral/rooms/shelf/x.py", "", "rooms.shelf has no floor"),
    # Rooms know nothing of accounts, and accounts nothing of conversations, on paper neither.
    (
        "ephemeral/protocol/session.py",
        "from ephemeral.protocol.accounts import chain",
        "protocol imports protocol.accounts",
    ),
    (
        "ephemeral/protocol/accounts/chain.py",
        "from ephemeral.protocol.conversations.judge import judge",
        "protocol.accounts imports protocol.conversations",
    ),
    (
        "ephemeral/rooms/rules/x.py",
        "from ephemeral.protocol.conversations import log",
        "rooms.rules imports protocol.conversations",
    ),
    (
        "ephemeral/accounts/service/x.py",
        "from ephemeral.protocol.conversations import log",
        "accounts.service imports protocol.conversations",
    ),
    (
        "ephemeral/protocol/conversations/log.py",
        "import secrets",
        "protocol.conversations imports secrets",
    ),
    # Wings know each other by the named arrows alone, and of each other the service.
    (
        "ephemeral/rooms/service/x.py",
        "from ephemeral.accounts.service import y",
        "imports accounts",
    ),
    ("ephemeral/rooms/wing.py", "from ephemeral import accounts", "rooms.wing imports accounts"),
    ("ephemeral/files/service.py", "from ephemeral.operators import service", "imports operators"),
    ("ephemeral/accounts/service/x.py", "from ephemeral.rooms.rules import y", "imports rooms"),
    (
        "ephemeral/calls/service.py",
        "from ephemeral.accounts.rows import y",
        "imports accounts.rows",
    ),
    ("ephemeral/calls/api.py", "from ephemeral.accounts.service import y", "imports accounts"),
    ("ephemeral/rooms/api/x.py", "from ephemeral.accounts.doors import y", "imports accounts"),
    (
        "ephemeral/conversations/rows/x.py",
        "from ephemeral.accounts.doors import y",
        "imports accounts.doors",
    ),
    (
        "ephemeral/conversations/api/x.py",
        "from ephemeral.accounts.api.callers import y",
        "imports accounts.api",
    ),
    (
        "ephemeral/accounts/doors.py",
        "from ephemeral.accounts.rows import y",
        "imports accounts.rows",
    ),
    ("ephemeral/accounts/api/x.py", "from ephemeral.accounts.doors import y", "accounts.doors"),
    # A heavy library is one wing's.
    ("ephemeral/rooms/service/x.py", "import boto3", "rooms.service imports boto3"),
    ("ephemeral/edge/x.py", "from aiortc import y", "edge imports aiortc"),
    ("ephemeral/client/cli.py", "from ephemeral.settings import Settings", "imports settings"),
    ("ephemeral/client/cli.py", "from ephemeral.rooms.rules import room", "client imports rooms"),
    ("ephemeral/protocol/codes.py", "from ephemeral.rooms.rules import x", "imports rooms.rules"),
    ("ephemeral/protocol/codes.py", "import secrets", "protocol imports secrets"),
    ("ephemeral/protocol/codes.py", "from os import urandom", "protocol imports os"),
    ("ephemeral/utils.py", "", "utils has no floor"),
    ("ephemeral/helpers/strings.py", "", "helpers has no floor"),
    ("ephemeral/edge/guard.py", "import os\nos.environ['A']", "2: reads the environment"),
    ("ephemeral/edge/guard.py", "import os as o\no.getenv('A')", "2: reads the environment"),
    ("app.py", "from os import environ as e", "1: reads the environment"),
    ("ephemeral/edge/guard.py", "x = 1\n" * 400, "400 lines or more"),
    ("web/static/js/ui/cards.js", "//\n" * 400, "400 lines or more"),
    ("web/static/js/protocol/a.js", "import '../net/b.js'", "protocol imports net"),
    ("web/static/js/protocol/a.js", "import x from '../../vendor/v.js'", "imports vendor"),
    ("web/static/js/protocol/a.js", "export { x } from\n  '../ui/b.js'", "protocol imports ui"),
    ("web/static/js/net/a.js", "await import('../ui/b.js')", "net imports ui"),
    ("web/static/js/net/a.js", "new URL('../pages/b.js', import.meta.url)", "net imports pages"),
    ("web/static/js/device/a.js", "import{x}from'../net/b.js'", "device imports net"),
    ("web/static/js/ui/a.js", "import { x } from '../pages/b.js'", "ui imports pages"),
    ("web/static/js/ui/a.js", "import { x } from '../room/b.js'", "ui imports room"),
    ("web/static/js/net/a.js", "import { x } from '../room/b.js'", "net imports room"),
    ("web/static/js/room/a.js", "import { x } from '../ui/b.js'", "room imports ui"),
    ("web/static/js/room/a.js", "import './views/b.js'", "room imports room.views"),
    ("web/static/js/room/views/a.js", "import '../../pages/b.js'", "room.views imports pages"),
    ("web/static/js/room/a.js", "import '../account/b.js'", "room imports account"),
    ("web/static/js/room/views/a.js", "import '../../account/b.js'", "room.views imports account"),
    ("web/static/js/account/a.js", "import '../room/b.js'", "account imports room"),
    ("web/static/js/account/views/a.js", "import '../../room/b.js'", "account.views imports room"),
    ("web/static/js/protocol/accounts/a.js", "import '../../net/b.js'", "accounts imports net"),
    ("web/static/js/protocol/accounts/a.js", "await fetch('/x')", "protocol uses fetch"),
    ("web/static/js/protocol/a.js", "import './accounts/b.js'", "imports protocol.accounts"),
    ("web/static/js/protocol/a.js", "import './conversations/b.js'", "protocol.conversations"),
    ("web/static/js/protocol/accounts/a.js", "import '../conversations/b.js'", "conversations"),
    ("web/static/js/account/a.js", "import '../protocol/conversations/b.js'", "conversations"),
    ("web/static/js/room/a.js", "import '../protocol/conversations/b.js'", "conversations"),
    ("web/static/js/protocol/conversations/a.js", "Date.now()", "protocol uses Date.now"),
    ("web/static/js/room/a.js", "import '../protocol/accounts/b.js'", "imports protocol.accounts"),
    ("web/static/js/ui/a.js", "import { x } from './missing.js'", "which is no file"),
    ("web/static/js/ui/a.js", "import x from 'https://cdn.example/x.js'", "no relative path"),
    ("web/static/js/misc/a.js", "", "misc has no floor"),
    ("web/static/loose.js", "", "outside web/static/js"),
    ("web/static/js/protocol/a.js", "document.title", "protocol uses document"),
    ("web/static/js/protocol/a.js", "await fetch('/x')", "protocol uses fetch"),
    ("web/static/js/protocol/a.js", "Date.now()", "protocol uses Date.now"),
    ("web/static/js/ui/a.js", "node.innerHTML = text", "1: innerHTML"),
    ("web/static/js/ui/a.js", "node['outerHTML'] = text", "1: outerHTML"),
    ("web/static/js/ui/a.js", "n.insertAdjacentHTML('x', y)", "1: insertAdjacentHTML"),
    ("web/static/js/ui/a.js", "document.write(x)", "1: document.write"),
    ("web/static/js/ui/a.js", "eval (x)", "1: eval"),
    ("web/static/js/ui/a.js", "new Function('x')", "1: Function("),
    ("web/static/js/ui/a.js", "setTimeout('x()', 1)", "setTimeout("),
    ("web/templates/a.html", "<p onclick='x()'>", "1: onclick="),
    ("web/templates/a.html", "\n<script>x()</script>", "2: <script"),
    ("web/templates/a.html", '<script type="importmap" x>x()</script>', "1: <script"),
    ("web/templates/a.html", "{{ text | safe }}", "| safe"),
    ("web/templates/a.html", "<b style='x'>", "style="),
]

ALLOWED = {
    "app.py": "from ephemeral.store import x\nfrom ephemeral.rooms import wing",
    "ephemeral/__init__.py": "__version__ = '1'",
    "ephemeral/__main__.py": "import app\nfrom ephemeral.client import cli",
    "ephemeral/settings.py": "import os\nos.environ['A']\nfrom ephemeral.protocol import codes",
    "ephemeral/protocol/codes.py": "import hashlib\nfrom . import errors",
    "ephemeral/store/embedded/x.py": "import asyncpg\nfrom ephemeral.store import y",
    "ephemeral/live/bus.py": "import asyncio\nfrom ephemeral import metrics",
    "ephemeral/edge/operations.py": "from ephemeral.live import x\nfrom ephemeral import z",
    "ephemeral/page/pages.py": "from ephemeral.edge import guard",
    "ephemeral/routes.py": "from ephemeral.edge import x\nfrom ephemeral.page import y",
    "ephemeral/rooms/__init__.py": "",
    "ephemeral/rooms/rules/room.py": "import datetime\nfrom ephemeral.protocol.codes import x\n"
    "from ephemeral.sealing.fingerprints import keyed",
    "ephemeral/rooms/rows/x.py": "import asyncpg\nfrom ephemeral.rooms.rules import room",
    "ephemeral/rooms/service/x.py": "from ..rows import y\nfrom ...live import bus\n"
    "from ephemeral.sealing import vault",
    "ephemeral/rooms/api/x.py": "from ephemeral.rooms.service import y\nimport ephemeral.edge.x",
    "ephemeral/rooms/wing.py": "from ephemeral.edge import x\nfrom .api import y",
    "ephemeral/accounts/service/x.py": "import webauthn",
    "ephemeral/accounts/doors.py": "from .api import x\nfrom .service import y",
    "ephemeral/conversations/api/x.py": "from ephemeral.accounts.doors import y",
    "ephemeral/calls/service.py": "import aiortc\nfrom ephemeral.accounts.service import y",
    "ephemeral/operators/service.py": "from ephemeral.files import service",
    "ephemeral/client/cli.py": "from ephemeral.protocol import codes\nfrom .x import y",
    "web/static/js/protocol/a.js": "import './b.js'; const fetched = 1; x.from('net');"
    "\nexport const text = [' from ', x, ' from '];",
    "web/static/js/protocol/b.js": "export const b = 1;",
    "web/static/js/net/b.js": "import { b } from '../protocol/b.js';\nimport '../../vendor/v.js';",
    "web/static/js/ui/b.js": "new URL('/x', location.href);",
    "web/static/js/room/b.js": "import '../net/b.js';",
    "web/static/js/room/views/b.js": "import '../b.js'; import '../../ui/b.js';",
    "web/static/js/protocol/accounts/b.js": "import '../b.js';",
    "web/static/js/protocol/conversations/b.js": "import '../b.js'; import '../accounts/b.js';",
    "web/static/js/account/b.js": "import '../protocol/accounts/b.js'; import '../net/b.js';",
    "web/static/js/account/views/b.js": "import '../b.js'; import '../../ui/b.js';",
    "web/static/js/pages/b.js": "import '../room/views/b.js';\nimport '../protocol/b.js';",
    "web/static/vendor/v.js": "node.innerHTML = eval('others wrote this');",
    "web/bundles/b.js": "node.innerHTML = eval('made of what others wrote');",
    "web/templates/b.html": "<script type='module' src='/x.js'></script><p class='on'>ok</p>"
    '<script type="importmap">{{ map }}</script>',
}


def plant(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_a_house_that_keeps_the_rules_has_no_breach(tmp_path: Path):
    assert breaches(plant(tmp_path, ALLOWED)) == []


@pytest.mark.parametrize(("path", "text", "breach"), PLANTED)
def test_a_planted_breach_is_found(tmp_path: Path, path: str, text: str, breach: str):
    found = breaches(plant(tmp_path, ALLOWED | {path: text}))
    assert len(found) >= 1
    assert any(each.startswith(path) and breach in each for each in found), found
