"""`/admin/`: documents with forms, made here, in which no program runs.

In English alone, as the command line, the log and the documents for operators are. Without an
operator there is nothing at any of these addresses, as at any other where nothing is.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ephemeral import __version__
from ephemeral.edge.limiter import ADDRESS, Action
from ephemeral.edge.wing import Standing
from ephemeral.operators.api import cookies
from ephemeral.operators.api.documents import Documents
from ephemeral.operators.api.forms import came_from_here, read_form
from ephemeral.operators.api.health import health
from ephemeral.operators.api.picture import outline
from ephemeral.operators.api.report_pages import ReportPages
from ephemeral.operators.rules.sign_in import is_name, provisioning, typed_secret
from ephemeral.operators.service.operators import Enrolment, Operators
from ephemeral.operators.service.reports import Reports
from ephemeral.operators.service.takedowns import Takedowns
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
    "dismissed": "dismissed a report",
    "suspended": "suspended an account",
    "lifted": "lifted the suspension of an account",
    "took_down": "took down a file",
}

_Endpoint = Callable[[Request], Awaitable[Response]]


class AdminPages:
    """Serves what is below `/admin`."""

    def __init__(
        self,
        operators: Operators,
        reports: Reports,
        takedowns: Takedowns,
        standing: Standing,
    ) -> None:
        self._operators = operators
        self._standing = standing
        self._documents = Documents(standing)
        self._reports = ReportPages(reports, takedowns, self._documents)
        self._endpoints: Mapping[str, Mapping[str, _Endpoint]] = {
            "": {"GET": self._to_root},
            "/": {"GET": self._overview},
            "/sign-in": {"GET": self._sign_in_form, "POST": self._sign_in},
            "/enrol": {"GET": self._ticket_form, "POST": self._ticket},
            "/enrol/finish": {"POST": self._enrol},
            "/sign-out": {"POST": self._sign_out},
            "/reports": {"GET": self._listed_reports},
            "/reports/*": {"GET": self._report, "POST": self._decide},
            "/suspended/*": {"POST": self._lift},
            "/files": {"POST": self._take_down},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        visitor = self._standing.limiter.visitor(scope)
        async with visitor.counted(_LOOKS):
            refuse(not await self._operators.exist(), "not_found")
        path = scope["path"].removeprefix(self._documents.root)
        # Two of them are for things that have names.
        folder, _, name = path.rpartition("/")
        methods = self._endpoints.get(path) or (name and self._endpoints.get(f"{folder}/*"))
        if not methods:
            raise Refusal("not_found")
        endpoint = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if endpoint is None:
            raise Refusal("method_not_allowed")
        if scope["method"] not in {"GET", "HEAD"} and not came_from_here(scope):
            raise Refusal("malformed", _FOREIGN)
        await (await endpoint(request))(scope, receive, send)

    # --- signing in and out ---------------------------------------------------------------------

    async def _to_root(self, _request: Request) -> Response:
        return self._documents.to("/", status=308)

    async def _sign_in_form(self, request: Request) -> Response:
        if await self._signed_in(request) is not None:
            return self._documents.to("/")
        return self._documents.document("sign-in")

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
            return self._documents.document("sign-in", refusal=refusal)
        return self._documents.to("/", cookies.given(self._standing.base_path, token))

    async def _sign_out(self, request: Request) -> Response:
        fields = await read_form(request)
        token = cookies.brought(request.scope)
        name = await self._operators.signed_in(token)
        if name is not None:
            await self._operators.sign_out(name, token, everywhere="everywhere" in fields)
        return self._documents.to("/sign-in", cookies.cleared(self._standing.base_path))

    # --- a ticket -------------------------------------------------------------------------------

    async def _ticket_form(self, _request: Request) -> Response:
        return self._documents.document("ticket")

    async def _ticket(self, request: Request) -> Response:
        fields = await read_form(request)
        ticket = fields.get("ticket", "").strip()
        try:
            async with self._standing.limiter.visitor(request.scope).counted(_TRIES):
                enrolment = await self._operators.invited(ticket)
        except Refusal as refusal:
            return self._documents.document("ticket", refusal=refusal)
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
            return self._documents.document("ticket", refusal=refusal)
        return self._documents.to("/", cookies.given(self._standing.base_path, token))

    def _enrolment(
        self, enrolment: Enrolment, ticket: str, refusal: Refusal | None = None
    ) -> Response:
        address = provisioning(enrolment.secret, enrolment.name, "Ephemeral")
        secret = typed_secret(enrolment.secret)
        return self._documents.document(
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
        name = await self._signed_in(request)
        if name is None:
            return self._documents.to("/sign-in")
        seen = await self._operators.overview(name)
        return self._documents.document(
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

    # --- reports --------------------------------------------------------------------------------

    async def _listed_reports(self, request: Request) -> Response:
        if await self._signed_in(request) is None:
            return self._documents.to("/sign-in")
        return await self._reports.listed()

    async def _report(self, request: Request) -> Response:
        if await self._signed_in(request) is None:
            return self._documents.to("/sign-in")
        return await self._reports.one(_named(request))

    async def _decide(self, request: Request) -> Response:
        name = await self._signed_in(request)
        if name is None:
            return self._documents.to("/sign-in")
        return await self._reports.decide(request, name, _named(request))

    async def _lift(self, request: Request) -> Response:
        name = await self._signed_in(request)
        if name is None:
            return self._documents.to("/sign-in")
        return await self._reports.lift(request, name, _named(request))

    async def _take_down(self, request: Request) -> Response:
        name = await self._signed_in(request)
        if name is None:
            return self._documents.to("/sign-in")
        return await self._reports.take_down(request, name)

    async def _signed_in(self, request: Request) -> str | None:
        return await self._operators.signed_in(cookies.brought(request.scope))


def _named(request: Request) -> str:
    """What a path ends with."""
    return str(request.scope["path"].rpartition("/")[2])


def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def _minute(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%d %H:%M")
