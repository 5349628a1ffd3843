"""The operations of those who report: of an account with what it was told, or of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ephemeral.edge.limiter import ADDRESS, Action
from ephemeral.edge.operations import Answer, Operation
from ephemeral.operators.api.report_bodies import (
    REPORT_BODY_MAX,
    ReportBody,
    ReportTakenAnswer,
    RoomReportBody,
)

if TYPE_CHECKING:
    from ephemeral.accounts.doors import Asker, Doors
    from ephemeral.operators.service.reports import AccountReport, Reports, RoomReport
    from ephemeral.settings import Settings

__all__ = ["report_operations"]

#: From one address: so many at once, as many again in so many seconds. Nobody is known in a room.
_OF_ROOMS, _OF_ACCOUNTS = (5, 3600), (20, 3600)


def report_operations(
    reports: Reports, settings: Settings, doors: Doors | None
) -> tuple[Operation, ...]:
    """The operations; that of an account only where there are accounts."""
    handlers = _Handlers(reports)
    anybody = Operation(
        method="POST",
        path="/report/room",
        name="reportRoom",
        summary="Tell the operators of something in a room; the same again changes nothing",
        handler=handlers.of_room,
        body=RoomReportBody,
        answers={202: ReportTakenAnswer},
        refusals=("storage_full",),
        action=Action(
            "report_room",
            {ADDRESS: settings.joins_per_address and _OF_ROOMS},
            asks=False,
            together=True,
        ),
    )
    if doors is None:
        return (anybody,)
    owner = Operation(
        method="POST",
        path="/report",
        name="report",
        summary="Show the operators messages of somebody in a conversation; the same again changes "
        "nothing",
        handler=handlers.of_account,
        caller=doors.callers.proven,
        body=ReportBody,
        body_max=REPORT_BODY_MAX,
        answers={202: ReportTakenAnswer},
        refusals=(
            "unauthorized",
            "session_ended",
            "device_revoked",
            "suspended",
            "device_required",
            "proof_wrong",
            "report_unproven",
            "storage_full",
        ),
        action=Action(
            "report",
            {ADDRESS: settings.account_requests_per_address and _OF_ACCOUNTS},
            asks=False,
            together=True,
        ),
    )
    return owner, anybody


class _Handlers:
    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def of_room(self, _caller: None, report: RoomReport) -> Answer:
        """Take a report from a room."""
        return _taken(await self._reports.of_room(report))

    async def of_account(self, asker: Asker, report: AccountReport) -> Answer:
        """Take a report of an account."""
        return _taken(await self._reports.of_account(asker.account, report))


def _taken(now: int) -> Answer:
    return Answer(msgspec.json.encode(ReportTakenAnswer(now)), 202, {})
