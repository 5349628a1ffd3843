"""The page, its files, and what machines ask of any site.

Files are read once, when the program starts: only a name that was there then is found, so no
path, however it is written, reaches anything else.
"""

import gzip
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from ephemeral.edge.guard import header_values
from ephemeral.protocol.errors import Refusal

__all__ = ["Health", "Pages", "StaticFiles"]

LANGUAGE = "en"

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
_PACKED_ALREADY = {".png", ".webp", ".woff2"}
# Below this size compression saves no packet.
_PACK_FROM = 1024


@dataclass(slots=True)
class _File:
    content: bytes
    media_type: str
    etag: str
    packable: bool
    packed: bytes | None = None


class StaticFiles:
    """The files below one directory, in memory."""

    def __init__(self, directory: Path) -> None:
        self._files: dict[str, _File] = {}
        for path in sorted(directory.rglob("*")):
            relative = path.relative_to(directory)
            hidden = any(part.startswith(".") for part in relative.parts)
            if hidden or path.suffix not in _TYPES or not path.is_file():
                continue
            content = path.read_bytes()
            self._files[relative.as_posix()] = _File(
                content,
                _TYPES[path.suffix],
                f'"{hashlib.sha256(content).hexdigest()[:32]}"',
                path.suffix not in _PACKED_ALREADY and len(content) >= _PACK_FROM,
            )

    async def serve(self, request: Request) -> Response:
        """One file, or `not_found`."""
        return self.file(request, request.path_params["path"])

    def file(self, request: Request, name: str) -> Response:
        """The file of this name, or `not_found`."""
        found = self._files.get(name)
        if found is None:
            raise Refusal("not_found")
        # Asked again at every load: a new version is seen at once, an old one costs no bytes.
        headers = {"etag": found.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
        if found.etag in _etags(request):
            return Response(status_code=304, headers=headers)
        content = found.content
        if found.packable and _accepts_gzip(request):
            if found.packed is None:
                found.packed = gzip.compress(found.content, 6, mtime=0)
            content = found.packed
            headers["content-encoding"] = "gzip"
        headers["content-type"] = found.media_type
        return Response(content, headers=headers)


class Pages:
    """The page and the few files that stand at the root of a site."""

    def __init__(self, web: Path, base_path: str, version: str, files: StaticFiles) -> None:
        self._base_path = base_path
        self._version = version
        self._files = files
        self._say = json.loads((web / "catalogue" / f"{LANGUAGE}.json").read_text("utf-8"))
        self._templates = Environment(
            loader=FileSystemLoader(web / "templates"), autoescape=True, undefined=StrictUndefined
        )

    async def home(self, _request: Request) -> Response:
        """The page; everything in it happens in the browser."""
        return Response(self._render("index.html"), media_type="text/html")

    async def robots(self, _request: Request) -> Response:
        """Nothing here is for search engines."""
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    async def favicon(self, request: Request) -> Response:
        """What browsers ask for without being told."""
        return self._files.file(request, "icons/icon.svg")

    def error(self, status: int) -> bytes:
        """The page that says what a status means."""
        return self._render("error.html", status=status)

    def _render(self, template: str, **context: object) -> bytes:
        text: str = self._templates.get_template(template).render(
            base_path=self._base_path,
            static=lambda path: f"{self._base_path}/static/{path}",
            version=self._version,
            lang=LANGUAGE,
            say=self._say,
            **context,
        )
        return text.encode()


class Health:
    """For probes. `ready` raises what keeps this process from serving."""

    def __init__(self, ready: Callable[[], Awaitable[None]]) -> None:
        self._ready = ready

    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return _json({"status": "alive"})

    async def ready(self, _request: Request) -> Response:
        """The process can serve; `unavailable` otherwise."""
        await self._ready()
        return _json({"status": "ready"})


def _json(value: Mapping[str, str]) -> Response:
    return Response(json.dumps(value), media_type="application/json")


def _etags(request: Request) -> set[str]:
    given = b",".join(header_values(request.scope, b"if-none-match")).decode("latin-1")
    return {one.strip().removeprefix("W/") for one in given.split(",")}


def _accepts_gzip(request: Request) -> bool:
    given = b",".join(header_values(request.scope, b"accept-encoding")).decode("latin-1")
    for one in given.split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
