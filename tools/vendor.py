"""Fetches the browser's third-party modules and writes web/static/vendor/ anew.

Each package is pinned by version and by the registry's integrity value (SHA-512 of the packed
archive), which is checked here again. A published UMD file becomes an ES module by being wrapped,
not rewritten: its bytes stand unchanged between the first and the last line of ours. The manifest
lists every file with its SHA-256; `tests/test_vendor.py` holds the folder to it.

Needs npm, and nothing else of Node's world.
"""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "web" / "static" / "vendor"


@dataclass(frozen=True)
class Module:
    """One file to publish: `target` in the package's folder, wrapped from the UMD file `source`."""

    source: str
    target: str
    exports: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    integrity: str
    licence: str
    licence_file: str
    modules: tuple[Module, ...]


PACKAGES = (
    Package(
        name="hash-wasm",
        version="4.13.0",
        integrity="sha512-"
        "GrWl7wsV46fKIXQZB5ebskLZLAmKL6d9RS0fspCxDeQyjoNu1AfTJTMLPOJyfzaQm0ldFiwFN21/w+sE/kgEFQ==",
        licence="MIT",
        licence_file="LICENSE",
        modules=(Module("dist/argon2.umd.min.js", "argon2.js", ("argon2id",)),),
    ),
)


class VendorError(Exception):
    """A package that is not what was pinned; the sentence is for the person who runs this."""


def check_integrity(package: Package, archive: bytes) -> None:
    """Raises VendorError unless the archive has the pinned SHA-512."""
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if package.integrity != f"sha512-{digest}":
        raise VendorError(f"{package.name} {package.version}: the archive is not the pinned one.")


def as_module(package: Package, module: Module, umd: str) -> str:
    """An ES module around a UMD file, which finds the `exports` of a CommonJS loader and fills it.

    Arrow function: `this` stays undefined, as in any module, and nothing lands on globalThis.
    """
    names = ", ".join(module.exports)
    return (
        f"// {package.name} {package.version}, {package.licence} (LICENSE beside this file): "
        f"{module.source}, wrapped as a module by tools/vendor.py.\n"
        "const api = {};\n"
        "((exports, module) => {\n"
        f"{umd.strip()}\n"
        "})(api, {});\n"
        f"export const {{ {names} }} = api;\n"
    )


def fetch(package: Package) -> bytes:
    """The packed archive, as the registry has it."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
            cwd=scratch,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(scratch).glob("*.tgz")
        return archive.read_bytes()


def unpack(package: Package, archive: bytes) -> dict[str, bytes]:
    """Path below the vendor folder -> content, for everything of this package that is published."""
    check_integrity(package, archive)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:

        def member(path: str) -> bytes:
            found = tar.extractfile(f"package/{path}")
            if found is None:
                raise VendorError(f"{package.name} {package.version} has no file {path}.")
            return found.read()

        files = {f"{package.name}/LICENSE": member(package.licence_file)}
        for module in package.modules:
            text = as_module(package, module, member(module.source).decode())
            files[f"{package.name}/{module.target}"] = text.encode()
    return files


def manifest_entry(package: Package, files: dict[str, bytes]) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "integrity": package.integrity,
        "files": {path: hashlib.sha256(body).hexdigest() for path, body in sorted(files.items())},
    }


def main() -> int:
    try:
        fetched = [(package, unpack(package, fetch(package))) for package in PACKAGES]
    except (VendorError, OSError, subprocess.CalledProcessError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return 1
    # Only now, with everything at hand and proved, is the old state given up.
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for _, files in fetched:
        for path, body in files.items():
            (VENDOR / path).parent.mkdir(parents=True, exist_ok=True)
            (VENDOR / path).write_bytes(body)
    manifest = [manifest_entry(package, files) for package, files in fetched]
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
