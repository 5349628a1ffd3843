"""Fetches the browser's third-party modules and writes web/static/vendor/ anew.

Each package is pinned by version and by the registry's integrity value (SHA-512 of the packed
archive), which is checked here again. A published file becomes a module in the form of ours by
being wrapped, not rewritten: its bytes stand unchanged between lines of ours, but for the closing
`export {...}` of what is a module already, and for WebAssembly, which stands in hexadecimal digits
instead of base64. Modules that only import each other stand as they are, below one line of ours.
What several packages are made of together becomes one module by esbuild, which leaves out what is
not needed and shortens nothing, so that it can still be read. The manifest lists every file with
its SHA-256; `tests/test_vendor.py` holds the folder to it.

Needs the npm of tools/page_tools.sh, and nothing else of Node's world.
"""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "web" / "static" / "vendor"
TOOLS = Path(sys.prefix) / "page-tools" / "bin"


@dataclass(frozen=True)
class Module:
    """One file to publish: `target` in the package's folder, wrapped from the package's `source`,
    which is an ES module if its name ends in .mjs, and UMD otherwise. Without exports it isn't
    wrapped: it is one of several modules that import each other by their names."""

    source: str
    target: str
    exports: tuple[str, ...] = ()


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
    Package(
        name="lean-qr",
        version="2.7.4",
        integrity="sha512-"
        "tlMPFfqhAAZN7+j/djRSvl/2+AYT2+7RRuyq8bvcbV8gMiENiscquQ9WTfCSyeEdxsVaEB+tU7e9nFZC63BFnQ==",
        licence="MIT",
        licence_file="LICENSE",
        modules=(Module("nano.mjs", "nano.js", ("correction", "generate")),),
    ),
    Package(
        name="@noble/hashes",
        version="2.4.0",
        integrity="sha512-"
        "X5XaVWZIBCT7HHZGm5I7ZQXDwLG+bGXuSrMQAW+7Zvl87h1kmc1ZB1VSRJcpUfoUrGQp4Fkoxm5kZ+Ms+aW+eA==",
        licence="MIT",
        licence_file="LICENSE",
        modules=tuple(
            Module(f"{name}.js", f"{name}.js")
            for name in ("argon2", "blake2", "_blake", "_md", "_u64", "utils")
        ),
    ),
    *(
        # Of these modules are joined (JOINED).
        Package(name, version, f"sha512-{digest}", "MIT", "LICENSE", ())
        for name, version, digest in (
            (
                "@hpke/core",
                "1.9.0",
                "pFxWl1nNJeQCSUFs7+GAblHvXBCjn9EPN65vdKlYQil2aURaRxfGMO6vBKGqm1YHTKwiAxJQNEI70PbSowMP9Q==",
            ),
            (
                "@hpke/hybridkem-x-wing",
                "0.7.0",
                "95M8gJMperA4iWwHFgsEkmxjKcvAX8M4koheFnT85zXcqLL/vBh4597ucw2wLol6d2dC6gpKp9ZApL4d6hmDzA==",
            ),
            (
                "@hpke/common",
                "1.10.1",
                "moJwhmtLtuxiUzzNp1jpfBfx8yefKoO9D/RCR9dmwrnc7qjJqId1rEtQz+lSlU5cabX8daToMSx/7HayXOiaFw==",
            ),
            (
                "@hpke/dhkem-x25519",
                "1.8.0",
                "S1MWWkAfu+TFxySgv5+2P3O4Mx/jk7BsoplzQaA1s3sfUJVJ2UsZsSzSsMc+FXJumLXncoJFlO6mK6mDGspfmA==",
            ),
            (
                "@noble/curves",
                "2.4.0",
                "P4/62zrgfH33CneE3Dn4WhJVA22YUU0eR51wKIan4NVRvwsA0YnPTwWGpNbpuacSujmSFLvyzpyuR30+fbq2Ew==",
            ),
            (
                "mlkem",
                "2.7.0",
                "I2bcB5d6jtkdan6MLGOxObpUbidqv0ej+PhbCGnXUqmcGYZ6X8F0qBpU6HE4mvYc81NSznBrVDp+Uc808Ba2RA==",
            ),
        )
    ),
)


@dataclass(frozen=True)
class Joined:
    """One module of several packages: `target` in the folder of the first of them, with what it has
    of which published module."""

    packages: tuple[str, ...]
    target: str
    exports: dict[str, tuple[str, ...]]


JOINED = (
    Joined(
        ("@hpke/core", "@hpke/hybridkem-x-wing", "@hpke/common", "@hpke/dhkem-x25519", "mlkem"),
        "hpke.js",
        {
            "@hpke/core": ("Aes256Gcm", "CipherSuite", "HkdfSha256"),
            "@hpke/hybridkem-x-wing": ("XWing",),
        },
    ),
    Joined(
        ("@noble/curves", "@noble/hashes"),
        "edwards.js",
        {"@noble/curves/abstract/edwards.js": ("edwards",)},
    ),
)
# All that these import besides each other: what stands in for Web Crypto in a Node without it.
NODES_CRYPTO = "export const webcrypto = undefined;\n"


class VendorError(Exception):
    """A package that is not what was pinned; the sentence is for the person who runs this."""


def check_integrity(package: Package, archive: bytes) -> None:
    """Raises VendorError unless the archive has the pinned SHA-512."""
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if package.integrity != f"sha512-{digest}":
        raise VendorError(f"{package.name} {package.version}: the archive is not the pinned one.")


# The value of a property, so that any expression could stand there instead. Shorter texts are worth
# no expression.
BASE64 = re.compile(r'(?<=:)"([A-Za-z0-9+/]{1000,}={0,2})"')


def bytewise(source: str) -> str:
    """The source with each long value in base64 as an expression that gives the same from
    hexadecimal digits.

    Brotli finds the likeness of bytes in these, which base64 spreads over four letters in three:
    of Argon2id it takes a seventh away. As one sign for each byte they would be as short, and
    hidden from every reader.
    """
    return BASE64.sub(lambda found: _from_digits(found[1]), source)


def _from_digits(encoded: str) -> str:
    digits = base64.b64decode(encoded, validate=True).hex()
    if base64.b64encode(bytes.fromhex(digits)).decode() != encoded:
        raise VendorError("A text that looked like base64 isn't what its bytes are encoded as.")
    return f'btoa("{digits}".replace(/../g,(digits)=>String.fromCharCode(parseInt(digits,16))))'


IMPORTED = re.compile(r"""\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']""")


def as_it_is(package: Package, source: str) -> str:
    """A module that needs no wrapping. Raises VendorError if it imports what isn't here."""
    here = {f"./{module.target}" for module in package.modules}
    # In comments are examples of how the package is used.
    code = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    if missing := {found[1] or found[2] for found in IMPORTED.finditer(code)} - here:
        raise VendorError(f"{package.name} {package.version} needs {sorted(missing)}.")
    return source


EXPORTS = re.compile(r"\bexport\s*\{([^{}]*)\};?\s*\Z")


def as_module(package: Package, module: Module, source: str) -> str:
    """One of our modules around a published file.

    Arrow function: `this` stays undefined, as in any module, and nothing lands on globalThis. A UMD
    file finds the `exports` of a CommonJS loader in it and fills them.
    """
    origin = f"{package.name} {package.version}, {package.licence} (LICENSE beside this file)"
    if not module.exports:
        said = f"// {origin}: {module.source}, unchanged below (tools/vendor.py).\n"
        return said + as_it_is(package, source)
    source = bytewise(source)
    if module.source.endswith(".mjs"):
        opening, body, closing = "const api = (() => {", *opened(package, module, source)
    else:
        opening, body, closing = (
            "const api = {};\n((exports, module) => {",
            source.strip(),
            "})(api, {});",
        )
    lines = [
        f"// {origin}: {module.source}, wrapped as a module by tools/vendor.py.",
        # It has no types, and what is wrong with it by ours is not ours to mend.
        "// @ts-nocheck",
        opening,
        body,
        closing,
        *(f"export const {name} = api.{name};" for name in module.exports),
    ]
    return "\n".join(lines) + "\n"


def opened(package: Package, module: Module, source: str) -> tuple[str, str]:
    """The text of an ES module before its closing exports, and the end of a function that gives
    what is to be exported."""
    found = EXPORTS.search(source)
    if found is None:
        raise VendorError(f"{package.name} {package.version}: {module.source} ends in no exports.")
    inner = {}
    for pair in found.group(1).split(","):
        name, _, published = pair.strip().partition(" as ")
        inner[published or name] = name
    if missing := set(module.exports) - set(inner):
        raise VendorError(f"{package.name} {package.version} doesn't export {sorted(missing)}.")
    given = ", ".join(f"{name}: {inner[name]}" for name in module.exports)
    return source[: found.start()].strip(), f"return {{ {given} }};\n}})();"


def fetch(package: Package) -> bytes:
    """The packed archive, as the registry has it."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
            cwd=scratch,
            env=os.environ | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"},
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


def joined(module: Joined, archives: dict[str, bytes]) -> bytes:
    """One module of several packages, by all archives, which are the pinned ones."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in module.packages:
            with tarfile.open(fileobj=io.BytesIO(archives[name]), mode="r:gz") as tar:
                tar.extractall(folder / "packed" / name, filter="data")
            (folder / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "packed" / name / "package").rename(folder / "node_modules" / name)
        (folder / "crypto.js").write_text(NODES_CRYPTO)
        (folder / "entry.js").write_text(
            "".join(
                f'export {{ {", ".join(names)} }} from "{name}";\n'
                for name, names in module.exports.items()
            )
        )
        done = subprocess.run(
            [
                TOOLS / "esbuild", "entry.js", "--bundle", "--format=esm", "--charset=utf8",
                "--log-level=warning", "--tsconfig-raw={}", "--legal-comments=inline",
                "--target=chrome103,firefox100,safari16", "--alias:crypto=./crypto.js",
            ],
            cwd=folder, env={"PATH": str(TOOLS)}, check=True, capture_output=True, text=True,
        )  # fmt: skip
    if done.stderr or re.search(r"\bimport\s*[({\"'*]", done.stdout):
        raise VendorError(f"{module.target} imports what isn't here. {done.stderr}")
    who = ", ".join(f"{one.name} {one.version}" for one in PACKAGES if one.name in module.packages)
    said = (
        f"// {who}, MIT (LICENSE of each beside this file's folder), joined by tools/vendor.py.\n"
    )
    return f"{said}// @ts-nocheck\n{done.stdout}".encode()


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
        archives = {package.name: fetch(package) for package in PACKAGES}
        fetched = [(package, unpack(package, archives[package.name])) for package in PACKAGES]
        named = {package.name: files for package, files in fetched}
        for one in JOINED:
            folder = one.packages[0]
            named[folder][f"{folder}/{one.target}"] = joined(one, archives)
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
