"""`/admin/`: four documents with forms, made here, in which no program runs.

In English alone, as the command line, the log and the documents for operators are. Without an
operator there is nothing at any of these addresses, as at any other where nothing is.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ephemeral import __version__
from ephemeral.edge.headers import FORMS, Header
from ephemeral.edge.limiter import ADDRESS, Action
from ephemeral.edge.wing import Standing
from ephemeral.operators.api import cookies
from ephemeral.operators.api.forms import came_from_here, read_form
from ephemeral.operators.api.health import health
from ephemeral.operators.api.picture import outline
from ephemeral.operators.rules.sign_in import is_name, provisioning, typed_secret
from ephemeral.operators.service.operators import Enrolment, Operators
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["AdminPages"]

#: Any of these pages.
_LOOKS = Action("operator_page", {ADDRESS: (300, 60)}, asks=False)
#: Tries at a password, a code or a ticket; by the name that was given, whether it is one or not.
_TRIES = Action(
    "operator_sign_in", {ADDRESS: (10, 600), "operator": (20, 1200)}, asks=False, together=True
)
_FOREIGN = "This form was not sent by a page of this server. Load the page anew."
_ACTS = {
    "added": "was added on the command line",
    "renewed": "was given a new ticket on the command line",
    "enrolled": "set a password and an app",
    "signed_in": "signed in",
    "refused": "was refused: wrong password or code",
    "signed_out": "signed out",
    "signed_out_everywhere": "signed out everywhere",
    "removed": "was removed on the command line",
}

_Endpoint = Callable[[Request], Awaitable[Response]]


class AdminPages:
    """Serves what is below `/admin`."""

    def __init__(self, operators: Operators, standing: Standing) -> None:
        self._operators = operators
        self._standing = standing
        self._root = f"{standing.base_path}/admin"
        self._endpoints: Mapping[str, Mapping[str, _Endpoint]] = {
            "": {"GET": self._to_root},
            "/": {"GET": self._overview},
            "/sign-in": {"GET": self._sign_in_form, "POST": self._sign_in},
            "/enrol": {"GET": self._ticket_form, "POST": self._ticket},
            "/enrol/finish": {"POST": self._enrol},
            "/sign-out": {"POST": self._sign_out},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        visitor = self._standing.limiter.visitor(scope)
        async with visitor.counted(_LOOKS):
            refuse(not await self._operators.exist(), "not_found")
        methods = self._endpoints.get(scope["path"].removeprefix(self._root))
        if methods is None:
            raise Refusal("not_found")
        endpoint = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if endpoint is None:
            raise Refusal("method_not_allowed")
        if scope["method"] not in {"GET", "HEAD"} and not came_from_here(scope):
            raise Refusal("malformed", _FOREIGN)
        await (await endpoint(request))(scope, receive, send)

    # --- signing in and out ---------------------------------------------------------------------

    async def _to_root(self, _request: Request) -> Response:
        return self._to("/", status=308)

    async def _sign_in_form(self, request: Request) -> Response:
        if await self._operators.signed_in(cookies.brought(request.scope)) is not None:
            return self._to("/")
        return self._document("sign-in")

    async def _sign_in(self, request: Request) -> Response:
        fields = await read_form(request)
        name = fields.get("name", "").strip().lower()
        visitor = self._standing.limiter.visitor(request.scope)
        try:
            # What can't be a name isn't kept either, not even its hash.
            subjects = {"operator": name.encode()} if is_name(name) else {}
            async with visitor.at(subjects).counted(_TRIES):
                token = await self._operators.sign_in(
                    name, fields.get("password", ""), fields.get("code", "")
                )
        except Refusal as refusal:
            return self._document("sign-in", refusal=refusal)
        return self._to("/", cookies.given(self._standing.base_path, token))

    async def _sign_out(self, request: Request) -> Response:
        fields = await read_form(request)
        token = cookies.brought(request.scope)
        name = await self._operators.signed_in(token)
        if name is not None:
            await self._operators.sign_out(name, token, everywhere="everywhere" in fields)
        return self._to("/sign-in", cookies.cleared(self._standing.base_path))

    # --- a ticket -------------------------------------------------------------------------------

    async def _ticket_form(self, _request: Request) -> Response:
        return self._document("ticket")

    async def _ticket(self, request: Request) -> Response:
        fields = await read_form(request)
        ticket = fields.get("ticket", "").strip()
        try:
            async with self._standing.limiter.visitor(request.scope).counted(_TRIES):
                enrolment = await self._operators.invited(ticket)
        except Refusal as refusal:
            return self._document("ticket", refusal=refusal)
        return self._enrolment(enrolment, ticket)

    async def _enrol(self, request: Request) -> Response:
        fields = await read_form(request)
        ticket, password = fields.get("ticket", ""), fields.get("password", "")
        try:
            async with self._standing.limiter.visitor(request.scope).counted(_TRIES):
                enrolment = await self._operators.invited(ticket)
                try:
                    repeated = fields.get("again", "") == password
                    refuse(not repeated, "malformed", "The two passwords differ.")
                    token = await self._operators.enrol(ticket, password, fields.get("code", ""))
                except Refusal as refusal:
                    if refusal.code != "malformed":
                        raise
                    return self._enrolment(enrolment, ticket, refusal)
        except Refusal as refusal:
            return self._document("ticket", refusal=refusal)
        return self._to("/", cookies.given(self._standing.base_path, token))

    def _enrolment(
        self, enrolment: Enrolment, ticket: str, refusal: Refusal | None = None
    ) -> Response:
        address = provisioning(enrolment.secret, enrolment.name, "Ephemeral")
        secret = typed_secret(enrolment.secret)
        return self._document(
            "enrol",
            refusal=refusal,
            name=enrolment.name,
            ticket=ticket,
            address=address,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            picture=outline(address),
        )

    # --- what there is to see -------------------------------------------------------------------

    async def _overview(self, request: Request) -> Response:
        name = await self._operators.signed_in(cookies.brought(request.scope))
        if name is None:
            return self._to("/sign-in")
        seen = await self._operators.overview(name)
        return self._document(
            "overview",
            name=name,
            health=await health(self._standing),
            figures=await self._standing.figures(),
            sessions=seen.sessions,
            operators=[
                (one.name, one.state(seen.now), _day(one.added_day)) for one in seen.operators
            ],
            trail=[
                (_minute(one.minute), one.operator or "Somebody unknown", _ACTS[one.act])
                for one in seen.trail
            ],
            now=_minute(seen.now // 60_000),
            release=__version__,
        )

    # --- answers --------------------------------------------------------------------------------

    def _document(
        self, template: str, *, refusal: Refusal | None = None, **context: object
    ) -> Response:
        told = None if refusal is None else refusal.message
        if refusal is not None and refusal.retry_after is not None:
            told = f"{refusal.message} Try again in {refusal.retry_after} seconds."
        html = self._standing.render(
            f"operators/{template}.html", {"told": told, "root": self._root, **context}
        )
        response = Response(html, 200 if refusal is None else refusal.status)
        response.raw_headers.extend([(b"content-type", b"text/html; charset=utf-8"), *FORMS])
        if refusal is not None and refusal.retry_after is not None:
            response.raw_headers.append((b"retry-after", b"%d" % refusal.retry_after))
        if refusal is not None and refusal.status == 401:
            response.raw_headers.append((b"www-authenticate", b'Form realm="operators"'))
        return response

    def _to(self, path: str, *headers: Header, status: int = 303) -> Response:
        """Elsewhere; what was sent is not sent again there."""
        response = Response(status_code=status)
        response.raw_headers.append((b"location", f"{self._root}{path}".encode()))
        response.raw_headers.extend(headers)
        return response


def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def _minute(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%d %H:%M")
