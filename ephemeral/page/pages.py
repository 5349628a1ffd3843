"""The page in each language, and what machines ask of any site."""

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from ephemeral.edge.guard import Page, header_values
from ephemeral.edge.headers import Header, permitting, program
from ephemeral.page.bodies import Body
from ephemeral.page.files import StaticFiles
from ephemeral.page.languages import (
    DEFAULT,
    Catalogue,
    Sentence,
    negotiate,
    of_accounts,
    of_rooms,
)
from ephemeral.protocol.errors import Refusal

__all__ = ["TRIES", "Operator", "Pages"]

_HTML: Header = (b"content-type", b"text/html; charset=utf-8")
_VARIES: Header = (b"vary", b"accept-encoding, accept-language")

# What home.js imports while the first screen is read (tools/bundles.py), with what is told of it in
# advance: a browser would learn of it when home.js has run. Of what is imported when somebody is
# inside nothing is told.
_IMPORTED = {"room.js": "low"}
_LATER = ("room.js", "later.js", "attachments.js")
# What the page of accounts imports by and by.
_ACCOUNT_LATER = (
    "account-inside.js", "account-later.js", "account-identity.js", "account-push.js",
    "account-conversations.js", "account-files.js", "hpke.js",
)  # fmt: skip
# Under so many addresses what is imported later is asked for, until it comes: browsers remember
# failures. As in web/static/js/pages/loading.js.
TRIES = 6
# Sentences that stand in documents alone: the program would only carry them.
_DOCUMENTS_SAY = ("about.", "barrier.incomplete", "description", "error.", "meantime.", "noscript.")


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs this instance, and where they and the program's sources are to be read of."""

    name: str = ""
    url: str | None = None
    source: str | None = None


class Pages:
    """The page and the few files that stand at the root of a site, made once."""

    def __init__(
        self,
        web: Path,
        base_path: str,
        version: str,
        files: StaticFiles,
        catalogues: Mapping[str, Catalogue],
        operator: Operator,
        *,
        accounts: bool = True,
        store: str | None = None,
    ) -> None:
        """`accounts`: whether there are any here. `store`: the origin with which their browsers
        exchange files, where that isn't this server."""
        self._files = files
        self._languages = tuple(catalogues)
        templates = Environment(
            loader=FileSystemLoader(web / "templates"), autoescape=True, undefined=StrictUndefined
        )
        # Nothing but what HTML asks for is escaped: Arabic in its own letters is a third as long.
        templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

        def static(name: str) -> str:
            return f"{base_path}/static/{files.address(name)}"

        def choice(prefix: str) -> dict[str, dict[str, str]]:
            """The languages, and where the sentences of a page are in each."""
            by_name = sorted(catalogues.items(), key=lambda pair: pair[1].name.casefold())
            return {
                code: {"name": one.name, "catalogue": static(f"catalogue/{prefix}{code}.json")}
                for code, one in by_name
            }

        def import_map(static_folder: str, names: Iterable[str]) -> Markup:
            # Relative, so that neither this nor the policy that names its hash depends on the path.
            integrities = {
                f"{static_folder}/{files.address(name)}{tries * '?'}": files.integrity(name)
                for name in names
                for tries in range(TRIES)
            }
            # Quotes stay quotes: the text of a script is no place for entities.
            return Markup(_compact({"integrity": integrities}))  # noqa: S704

        languages = choice("")
        rooms_map = import_map("./static", _LATER)
        # Sound and films of a room are played from memory, and from nowhere else.
        self._program = program(rooms_map, media_src="blob:")

        def html(template: str, catalogue: Catalogue, context: Mapping[str, object]) -> bytes:
            text: str = templates.get_template(template).render(
                base_path=base_path,
                static=static,
                integrity=files.integrity,
                imported=_IMPORTED,
                version=version,
                lang=catalogue.code,
                dir=catalogue.direction,
                say=catalogue.sentences,
                **{"import_map": rooms_map, "languages": languages, **context},
            )
            return text.encode()

        def rendered(template: str, catalogue: Catalogue, **context: object) -> Body:
            return Body(html(template, catalogue, context))

        self._html = html
        self._catalogue = catalogues[DEFAULT]

        self._home = {
            code: rendered("index.html", one, spoken=_spoken(one, files.late), accounts=accounts)
            for code, one in catalogues.items()
        }
        # The only document that tells who runs the instance, so that what runs there is the same
        # everywhere and can be compared (docs/verifying.md).
        self._about = {
            code: rendered("about.html", one, operator=operator, accounts=accounts)
            for code, one in catalogues.items()
        }
        account_map = import_map("../static", _ACCOUNT_LATER)
        # It may look through the camera, for the picture on another device's screen, has a service
        # worker (js/account/push.js, js/media/views/showing.js), and plays what that gives it, or
        # where there is none what it holds in memory.
        self._account_program = (
            *program(
                account_map,
                "ephemeral-push",
                "ephemeral-play",
                media_src="'self' blob:",
                connect_src="'self'" if store is None else f"'self' {store}",
            ),
            permitting(
                "autoplay", "camera", "fullscreen", "picture-in-picture", "screen-wake-lock"
            ),
        )
        self._account = {
            code: rendered(
                "account.html",
                one,
                spoken=_spoken_of_accounts(one, files.spoken_of_accounts),
                import_map=account_map,
                languages=choice("account-"),
            )
            for code, one in (catalogues if accounts else {}).items()
        }
        self._errors = {
            (code, missing): rendered("error.html", one, missing=missing)
            for code, one in catalogues.items()
            for missing in (True, False)
        }

    def bodies(self) -> Iterable[Body]:
        """Everything that a visit loads, the page itself first."""
        documents = (
            *self._home.values(),
            *self._account.values(),
            *self._about.values(),
            *self._errors.values(),
        )
        return (*documents, *self._files.bodies())

    def render(self, template: str, context: Mapping[str, object]) -> bytes:
        """A document of a wing, made for one visit, in the default language."""
        return self._html(template, self._catalogue, context)

    async def home(self, request: Request) -> Response:
        """The page; everything in it happens in the browser."""
        headers, content = self._page(request.scope, self._home[self._language(request.scope)])
        response = Response(content)
        response.raw_headers.extend((*headers, *self._program))
        return response

    async def about(self, request: Request) -> Response:
        """What is promised, what is not, and who runs this; nothing runs there."""
        headers, content = self._page(request.scope, self._about[self._language(request.scope)])
        response = Response(content)
        response.raw_headers.extend(headers)
        return response

    async def account(self, request: Request) -> Response:
        """The page of accounts, a document and a program of its own: no room's page loads it."""
        if not self._account:
            raise Refusal("not_found")
        language = self._language(request.scope)
        headers, content = self._page(request.scope, self._account[language])
        response = Response(content)
        response.raw_headers.extend((*headers, *self._account_program))
        return response

    async def service_worker(self, request: Request) -> Response:
        """The service worker of that page, whose folder is its scope."""
        if not self._account:
            raise Refusal("not_found")
        return self._files.service_worker(request)

    async def robots(self, _request: Request) -> Response:
        """Nothing here is for search engines."""
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    async def favicon(self, request: Request) -> Response:
        """What browsers ask for without being told."""
        return self._files.file(request, "icons/icon.svg")

    def error(self, scope: Scope, status: int) -> Page:
        """The page that says what a status means, in the visitor's language."""
        return self._page(scope, self._errors[self._language(scope), status == 404])

    def _language(self, scope: Scope) -> str:
        asked = Request(scope).query_params.get("lang")
        return negotiate(header_values(scope, b"accept-language"), asked, self._languages)

    @staticmethod
    def _page(scope: Scope, body: Body) -> Page:
        coding, content = body.form(header_values(scope, b"accept-encoding"))
        named = [] if coding is None else [(b"content-encoding", coding.encode())]
        return [_HTML, _VARIES, *named], content


def _spoken(catalogue: Catalogue, late: Set[str]) -> dict[str, Sentence]:
    """What the program may have to say, before it asks for all that there is to say."""
    return {
        key: said
        for key, said in of_rooms(catalogue).items()
        if key not in late and not key.startswith(_DOCUMENTS_SAY)
    }


def _spoken_of_accounts(catalogue: Catalogue, spoken: Set[str]) -> dict[str, Sentence]:
    """What the program of accounts may say before it asks for all; names of no part too."""
    return {
        key: said for key, said in of_accounts(catalogue).items() if key in spoken or "." not in key
    }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
