"""A stage for the page alone: the real templates, styles and modules, served without rooms.

The gallery plays every state of the page on it, from `gallery/states.js` instead of from a server;
`?lang=` chooses the language, and with it the direction.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ephemeral.page.languages import DEFAULT, read_catalogues
from ephemeral.page.pages import Operator

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ROOT / "web"
GALLERY = Path(__file__).resolve().parent / "gallery"
# What is played here are the sources of what the page loads.
SOURCES = {
    "account-conversations.js": "js/pages/account-conversations.js",
    "account-identity.js": "js/pages/account-identity.js",
    "account-push.js": "js/pages/account-push.js",
    "account-inside.js": "js/account/inside.js",
    "account-later.js": "js/pages/account-later.js",
    "account.css": "css/account.css",
    "account.js": "js/pages/account.js",
    "conversations.css": "css/conversations.css",
    "home.js": "js/pages/main.js",
    "late.css": "css/late.css",
    "media.css": "css/media.css",
    "old.js": "js/pages/old.js",
    "page.css": "css/page.css",
}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src blob:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types ephemeral"
)


class Lasting(StaticFiles):
    """Files that a browser asks for once: none of them changes while the stage stands."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "max-age=86400, immutable"
        return response


def templates() -> Environment:
    return Environment(
        loader=FileSystemLoader([GALLERY, WEB / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
    )


def application() -> Starlette:
    environment = templates()

    def page(request: Request, name: str, **context: object) -> Response:
        catalogues = read_catalogues(WEB / "catalogue")
        language = catalogues[request.query_params.get("lang", DEFAULT)]
        html = environment.get_template(name).render(
            base_path="",
            static=lambda path: f"/static/{SOURCES.get(path, path)}",
            integrity=lambda path: "",
            imported={},
            import_map="",
            version="0",
            lang=language.code,
            dir=language.direction,
            say=language.sentences,
            spoken=language.sentences,
            languages={
                code: {"name": one.name, "catalogue": f"/catalogue/{code}.json"}
                for code, one in catalogues.items()
            },
            **context,
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})

    def gallery(request: Request) -> Response:
        return page(request, "gallery.html", accounts=True)

    def home(request: Request) -> Response:
        return page(request, "index.html", accounts=True)

    def account(request: Request) -> Response:
        return page(request, "account.html")

    def error(request: Request) -> Response:
        return page(request, "error.html", missing=True)

    def about(request: Request) -> Response:
        return page(
            request,
            "about.html",
            operator=Operator("Ada & Bo", "https://ada.example/"),
            accounts=True,
        )

    return Starlette(
        routes=[
            Route("/", gallery),
            Route("/home", home),
            Route("/account", account),
            Route("/error", error),
            Route("/about", about),
            Mount("/static", Lasting(directory=WEB / "static")),
            Mount("/catalogue", Lasting(directory=WEB / "catalogue")),
            Mount("/gallery", Lasting(directory=GALLERY)),
        ]
    )


@contextmanager
def running() -> Iterator[str]:
    """The stage on a free port of this machine; gives its address without a slash at the end."""
    config = uvicorn.Config(application(), port=0, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="stage")
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("The stage did not start.")
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
