"""What operators see of reports and decide on them; whatever was written is shown as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

from ephemeral.operators.api.forms import read_form
from ephemeral.operators.rules.reports import KEPT_DAYS, Decision, Report, shown
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.reports import Reason

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ephemeral.operators.api.documents import Documents
    from ephemeral.operators.service.reports import Reports
    from ephemeral.operators.service.takedowns import Takedowns

__all__ = ["ReportPages"]

_ID_BYTES = 16
_REASONS: Mapping[Reason, str] = {
    "spam": "Spam",
    "harassment": "Harassment",
    "threat": "A threat",
    "children": "Harm to children",
    "illegal": "Something else that is illegal",
    "other": "Something else",
}
_DECISIONS: Mapping[Decision, str] = {
    "dismissed": "dismissed",
    "suspended": "the account was suspended",
}


class ReportPages:
    """Gets requests of operators who are signed in, with their names."""

    def __init__(self, reports: Reports, takedowns: Takedowns, documents: Documents) -> None:
        self._reports = reports
        self._takedowns = takedowns
        self._documents = documents

    async def listed(self, refusal: Refusal | None = None) -> Response:
        """All reports, and suspended accounts."""
        seen = await self._reports.overview()
        return self._documents.document(
            "reports",
            refusal=refusal,
            waiting=[_line(one) for one in seen.reports if one.decision is None],
            decided=[_line(one) for one in seen.reports if one.decision is not None],
            suspended=[(b64encode(account), _day(day)) for account, day in seen.suspended],
            has_files=self._takedowns.has_files,
        )

    async def one(self, name: str, refusal: Refusal | None = None) -> Response:
        """One report, with what it shows as long as it waits."""
        try:
            row, evidence = await self._reports.read(_id(name))
        except Refusal as gone:
            if gone.code not in {"not_found", "malformed"}:
                raise
            return await self.listed(refusal or gone)
        messages = [shown(one) for one in evidence.contents] if evidence else []
        return self._documents.document(
            "report",
            refusal=refusal,
            report=_line(row),
            until=_day(row.day + KEPT_DAYS),
            accused=None if row.accused is None else b64encode(row.accused),
            lost=row.payload is not None and evidence is None,
            text=evidence.text if evidence else "",
            messages=[(one.kind, _moment(one.at), one.text) for one in messages],
        )

    async def decide(self, request: Request, operator: str, name: str) -> Response:
        """Decide, and go on to the next."""
        fields = await read_form(request)
        decision = fields.get("decision")
        try:
            if decision not in get_args(Decision):
                raise Refusal("malformed")
            await self._reports.decide(operator, _id(name), decision)  # type: ignore[arg-type]
        except Refusal as refusal:
            if refusal.code not in {"not_found", "conflict", "malformed"}:
                raise
            return await self.one(name, refusal)
        return self._documents.to("/reports")

    async def lift(self, request: Request, operator: str, name: str) -> Response:
        """An account is suspended no more."""
        await read_form(request)
        try:
            await self._reports.lift(operator, _id(name))
        except Refusal as refusal:
            if refusal.code not in {"not_found", "malformed"}:
                raise
            return await self.listed(refusal)
        return self._documents.to("/reports")

    async def take_down(self, request: Request, operator: str) -> Response:
        """A file goes, for everybody."""
        fields = await read_form(request)
        try:
            try:
                file = b64decode(fields.get("file", "").strip(), _ID_BYTES)
            except Refusal:
                raise Refusal("file_unknown") from None
            await self._takedowns.take_down(operator, file)
        except Refusal as refusal:
            if refusal.code != "file_unknown":
                raise
            return await self.listed(refusal)
        return self._documents.to("/reports")


def _line(row: Report) -> dict[str, object]:
    """A report as it stands in a list."""
    decided = row.decision
    return {
        "name": b64encode(row.report),
        "reason": _REASONS[row.reason],
        "day": _day(row.day),
        "messages": row.messages,
        "decision": None if decided is None else _DECISIONS[decided],
        "decided_by": row.decided_by,
        "decided_day": None if row.decided_day is None else _day(row.decided_day),
    }


def _id(text: str) -> bytes:
    try:
        return b64decode(text, _ID_BYTES)
    except Refusal:
        raise Refusal("not_found") from None


def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def _moment(milliseconds: int | None) -> str | None:
    """What a sender's clock has said, if it is a time at all."""
    try:
        seconds = None if milliseconds is None else milliseconds // 1000
        return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return None
