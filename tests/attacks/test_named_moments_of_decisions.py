"""An operator's decision about a report: killed at a named moment, and made again after that."""

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from support.people.operators import Person
from test_named_moments import AFTER, AMONG, BEFORE, Doomed, doomed, loaded, settings  # noqa: F401

from ephemeral.protocol.encoding import b64decode, b64encode

DISMISSED = {"decision": "dismissed"}


async def standing(database_url: str, report: str) -> tuple[bool, int, int]:
    """Whether it was decided, how much of what it showed is left, and how often it was noted."""
    database = await asyncpg.connect(database_url)
    row: Any = await database.fetchrow(
        """
        SELECT r.decision IS NOT NULL,
               (SELECT count(*) FROM payloads p JOIN accounts.reports o ON o.payload = p.id),
               (SELECT count(*) FROM operators.audit WHERE act = 'dismissed')
        FROM accounts.reports r WHERE report = $1
        """,
        b64decode(report),
    )
    await database.close()
    return row[0], row[1], row[2]


@pytest.mark.timeout(120)
async def test_a_decision_whose_server_is_killed_was_made_once_or_not_at_all(
    doomed: Doomed,  # noqa: F811
    database_url: str,
    tmp_path: Path,
) -> None:
    environment = settings(database_url, tmp_path)
    doomed.serve(environment)
    operator = Person(
        SimpleNamespace(url=doomed.url, environment=environment, folder=tmp_path), "ada"
    )  # type: ignore[arg-type]
    assert operator.enrol().status_code == 303
    doomed.kill()
    for moment, again in ((AMONG, 303), (BEFORE, 303), (AFTER, 409)):
        doomed.serve(environment, ("decide", moment, "itself"))
        operator.url = doomed.url
        body = {"id": b64encode(os.urandom(16)), "reason": "spam", "text": "canary"}
        assert operator.send("POST", "/report/room", json=body).status_code == 202
        [report] = await waiting(database_url)
        with pytest.raises(httpx.TransportError):
            operator.post(f"/admin/reports/{report}", DISMISSED)
        assert doomed.ended() == -signal.SIGKILL
        done = moment == AFTER
        assert await standing(database_url, report) == (done, not done, int(done))
        doomed.serve(environment)
        operator.url = doomed.url
        assert operator.post(f"/admin/reports/{report}", DISMISSED).status_code == again
        assert operator.post(f"/admin/reports/{report}", DISMISSED).status_code == 409
        assert await standing(database_url, report) == (True, 0, 1)
        doomed.kill()


async def waiting(database_url: str) -> list[str]:
    """The reports that are to be decided, as if nothing had been decided before."""
    database = await asyncpg.connect(database_url)
    # The same act in the same minute is noted once.
    await database.execute("DELETE FROM operators.audit WHERE act = 'dismissed'")
    rows = await database.fetch("SELECT report FROM accounts.reports WHERE decision IS NULL")
    await database.close()
    return [b64encode(row[0]) for row in rows]
