"""The page's files, in memory, under two kinds of address.

Files are read once, when the program starts: only a name that was there then is found, so no path,
however it is written, reaches anything else. Every source can be read under its own name, and is
asked for again at each load. What the page itself uses are the bundles that `make page` made of the
sources, and they have addresses that tell their content: such a file never changes, and is never
asked for twice.
"""

import hashlib
import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ephemeral.edge.guard import header_values
from ephemeral.edge.headers import DERIVING_WORKER, FILE, PICTURE, WORKER, Header, integrity
from ephemeral.page.bodies import Body
from ephemeral.page.languages import Catalogue, of_accounts, of_rooms
from ephemeral.protocol.errors import Refusal
from ephemeral.store.start_error import StartError

__all__ = ["StaticFiles", "fingerprinted"]

MANIFEST = "manifest.webmanifest"
LATE = "late.json"
SPOKEN = "account.json"
# Not found by a digest of its content: browsers know it by its address, and ask for it again.
SERVICE_WORKER = "account-sw.js"
# What the page can't do without.
NEEDED = {
    "account-conversations.js", "account-files.js", "account-identity.js", "account-inside.js",
    "account-later.js", "account-push.js", SERVICE_WORKER, "account.css", "account.js",
    "attachments.js", "conversations.css", "derive-worker.js", "home.js", "hpke-worker.js",
    "hpke.js", "late.css", "later.js", "media.css", "old.js", "operators.css", "page.css",
    "room.js", "save-worker.js", "seal-worker.js", "slow-derive-worker.js",
}  # fmt: skip

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_IMMUTABLE = (b"cache-control", b"public, max-age=31536000, immutable")
# Asked again at every load: a new version is seen at once, an old one costs no bytes.
_ASKED = (b"cache-control", b"no-cache")
_VARIES = (b"vary", b"accept-encoding")


@dataclass(frozen=True, slots=True)
class _File:
    body: Body
    headers: tuple[Header, ...]
    etag: str | None = None


class StaticFiles:
    """The sources below `web`, the bundles made of them, and the catalogues."""

    def __init__(self, web: Path, catalogues: Mapping[str, Catalogue]) -> None:
        self._files: dict[str, _File] = {}
        self._addresses: dict[str, str] = {}
        self._immutable: list[Body] = []
        self._service_worker: _File | None = None
        #: Keys of sentences that only what is loaded later may say (tools/bundles.py).
        self.late: frozenset[str] = frozenset()
        #: Keys of sentences that the first bundle of the account's page may say.
        self.spoken_of_accounts: frozenset[str] = frozenset()
        sources = dict(_read(web / "static"))
        for name, content in sources.items():
            self._files[name] = _asked(name, content)
        # Each knows the addresses of those that it loads: they are in what `make page` wrote.
        for name, content in _read(web / "bundles"):
            if name == LATE:
                self.late = frozenset(json.loads(content))
            elif name == SPOKEN:
                self.spoken_of_accounts = frozenset(json.loads(content))
            elif name == SERVICE_WORKER:
                self._service_worker = _asked(name, content)
            else:
                self._add(name, content)
        found = self._addresses.keys() | ({SERVICE_WORKER} if self._service_worker else set())
        if missing := NEEDED - found:
            raise StartError(f"web/bundles lacks {', '.join(sorted(missing))}: run `make page`.")
        for name, content in sources.items():
            if name.startswith("icons/"):
                self._add(name, content)
        self._add(MANIFEST, self._manifest(sources[MANIFEST]))
        for code, catalogue in catalogues.items():
            self._add(f"catalogue/{code}.json", _json(of_rooms(catalogue)))
            self._add(f"catalogue/account-{code}.json", _json(of_accounts(catalogue)))

    def _manifest(self, content: bytes) -> bytes:
        """With the addresses of the icons; all are relative, so that a sub-path changes nothing."""
        said = json.loads(content)
        for icon in said["icons"]:
            icon["src"] = self._addresses[icon["src"]]
        return _json(said)

    def _add(self, name: str, content: bytes) -> None:
        """Serve this for ever."""
        body = Body(content)
        address = fingerprinted(name, content)
        self._addresses[name] = address
        self._files[address] = _File(body, _headers(name, _IMMUTABLE))
        self._immutable.append(body)

    def address(self, name: str) -> str:
        """Where the page finds what is served for this name, below the folder of files."""
        return self._addresses[name]

    def addresses(self) -> list[str]:
        """Where everything is that pages load."""
        return sorted(self._addresses.values())

    def integrity(self, name: str) -> str:
        """By what a browser sees that it was given this file as it is here."""
        return integrity(self._files[self._addresses[name]].body.plain)

    def bodies(self) -> Iterable[Body]:
        """What pages load."""
        return self._immutable

    async def serve(self, request: Request) -> Response:
        """One file, or `not_found`."""
        return self.file(request, request.path_params["path"])

    def file(self, request: Request, name: str) -> Response:
        """The file of this name, or `not_found`."""
        return _answer(request, self._files.get(name))

    def service_worker(self, request: Request) -> Response:
        """The script of the service worker of accounts."""
        return _answer(request, self._service_worker)


def _answer(request: Request, found: _File | None) -> Response:
    if found is None:
        raise Refusal("not_found")
    if found.etag is not None and found.etag.removeprefix("W/") in _etags(request):
        response = Response(status_code=304)
    else:
        coding, content = found.body.form(header_values(request.scope, b"accept-encoding"))
        response = Response(content)
        if coding is not None:
            response.raw_headers.append((b"content-encoding", coding.encode()))
    response.raw_headers.extend(found.headers)
    return response


def _read(directory: Path) -> Iterator[tuple[str, bytes]]:
    root = directory.resolve()
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        hidden = any(part.startswith(".") for part in relative.parts)
        # A link that leads elsewhere is not followed: what is there isn't the page's.
        inside = path.resolve().is_relative_to(root)
        if not hidden and inside and path.suffix in _TYPES and path.is_file():
            yield relative.as_posix(), path.read_bytes()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def fingerprinted(name: str, content: bytes) -> str:
    """The name with a digest of the content before its ending: where pages find it."""
    stem, ending = posixpath.splitext(name)
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}{ending}"


def _asked(name: str, content: bytes) -> _File:
    """What is asked for again at each load."""
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(Body(content), _headers(name, _ASKED, (b"etag", etag.encode())), etag)


def _headers(name: str, *more: Header) -> tuple[Header, ...]:
    ending = posixpath.splitext(name)[1]
    if name == SERVICE_WORKER:
        kind = WORKER
    elif name.endswith("-worker.js"):
        kind = DERIVING_WORKER if name.endswith("derive-worker.js") else WORKER
    else:
        kind = PICTURE if ending == ".svg" else FILE
    media = _TYPES[ending]
    # Pictures and the like are compressed in themselves.
    varies = [] if media.startswith(("image/png", "image/webp", "font/")) else [_VARIES]
    return ((b"content-type", media.encode()), *more, *varies, *kind)


def _etags(request: Request) -> set[str]:
    given = b",".join(header_values(request.scope, b"if-none-match")).decode("latin-1")
    return {one.strip().removeprefix("W/") for one in given.split(",")}
