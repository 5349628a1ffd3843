"""Writes the manifest of this checkout's version, and signs it (docs/verifying.md).

    python tools/release.py manifest FOLDER [--key FILE]
    python tools/release.py new-key FILE

Whatever a browser is given is asked of the program itself, in this process, without a database. Of
the same checkout the manifest is always the same, so whoever has the sources can make it again.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from starlette.responses import Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app import WEB, Site  # noqa: E402
from ephemeral import __version__  # noqa: E402
from ephemeral.page.files import StaticFiles  # noqa: E402
from ephemeral.page.languages import read_catalogues  # noqa: E402
from ephemeral.protocol.encoding import b64encode  # noqa: E402
from ephemeral.protocol.release import COMPARED, Item, Release, encode_release, item  # noqa: E402
from ephemeral.settings import Settings  # noqa: E402

# The page, that of accounts, the page of what is not there, and that of every other refusal.
DOCUMENTS = (("", 200), ("account/", 200), ("no-such-page", 404), ("rooms", 405))
# Of these documents there is another form where accounts are switched off.
WITHOUT_ACCOUNTS = (("", 200), ("account/", 404))
# An instance's path that no document holds by itself.
_PATH = "/ephemeral-release-marker"
# An address that answers to another method alone: what is said there is no matter here.
_OTHERS = [Route("/rooms", lambda _: Response(), methods=["POST"])]


async def release() -> Release:
    """The release that this checkout is."""
    catalogues = read_catalogues(WEB / "catalogue")
    off = {"ACCOUNTS": "false"}
    async with (
        _visitor("") as visitor,
        _visitor(_PATH) as below,
        _visitor("", off) as visitor_off,
        _visitor(_PATH, off) as below_off,
    ):
        items = [
            await _document(visitor, below, path, language, status)
            for path, status in DOCUMENTS
            for language in sorted(catalogues)
        ]
        items += [
            await _document(visitor_off, below_off, path, language, status)
            for path, status in WITHOUT_ACCOUNTS
            for language in sorted(catalogues)
        ]
        # The service worker is there where accounts are.
        items += [await _file(one, "account/sw.js") for one in (visitor, visitor_off)]
        for address in StaticFiles(WEB, catalogues).addresses():
            items.append(await _file(visitor, f"static/{address}"))
    return Release(__version__, tuple(items))


def _visitor(base_path: str, more: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    app = Site(Settings.parse({"BASE_PATH": base_path, **(more or {})})).application(_OTHERS)
    headers = {"Accept": "text/html", "Accept-Encoding": "identity"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"http://release{base_path}", headers=headers
    )


async def _document(
    visitor: httpx.AsyncClient, below: httpx.AsyncClient, path: str, language: str, status: int
) -> Item:
    asked = {"Accept-Language": language}
    answer = await visitor.get(f"/{path}", headers=asked)
    pieces = (await below.get(f"/{path}", headers=asked)).content.split(_PATH.encode())
    assert answer.status_code == status
    assert b"".join(pieces) == answer.content
    sizes = [len(piece) for piece in pieces[:-1]]
    places = tuple(sum(sizes[: count + 1]) for count in range(len(sizes)))
    return _item(path, language, answer, places)


async def _file(visitor: httpx.AsyncClient, path: str) -> Item:
    return _item(path, None, await visitor.get(f"/{path}", headers={"Accept": "*/*"}), ())


def _item(path: str, language: str | None, answer: httpx.Response, places: tuple[int, ...]) -> Item:
    said = {name: answer.headers[name] for name in COMPARED if name in answer.headers}
    return item(path, language, answer.status_code, answer.content, places, said)


def write_manifest(folder: Path, key: Path | None) -> Path:
    """Write the manifest, and its signature if there is a key; gives where it is."""
    data = encode_release(asyncio.run(release()))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ephemeral-{__version__}.json"
    path.write_bytes(data)
    signature = path.with_name(f"{path.name}.sig")
    signature.unlink(missing_ok=True)
    if key is not None:
        secret = load_pem_private_key(key.read_bytes(), password=None)
        if not isinstance(secret, Ed25519PrivateKey):
            raise SystemExit(f"{key} holds no Ed25519 key.")
        signature.write_text(f"{b64encode(secret.sign(data))}\n")
    return path


def write_key(path: Path) -> str:
    """Make a release key, whose file only its owner may read; gives the public one."""
    secret = Ed25519PrivateKey.generate()
    text = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    return b64encode(secret.public_key().public_bytes_raw())


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    manifest = commands.add_parser("manifest")
    manifest.add_argument("folder", type=Path)
    manifest.add_argument("--key", type=Path, metavar="FILE")
    new_key = commands.add_parser("new-key")
    new_key.add_argument("file", type=Path)
    args = parser.parse_args()
    if args.command == "new-key":
        print(write_key(args.file))
    else:
        print(write_manifest(args.folder, args.key))
    return 0


if __name__ == "__main__":
    sys.exit(main())
