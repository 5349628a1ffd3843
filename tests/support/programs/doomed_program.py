"""The program, which dies at a named moment of a named request: python doomed_program.py

What takes long, loading everything, is done once. Then each line of standard input, a JSON object
with `arguments`, `environment`, `folder` and `doom`, is the program once: in a process of its own,
which begins as one that was just started and has loaded its modules. Printed are `Started PID`,
what the program prints, and `Ended` with its exit code, or minus the signal that ended it.

`doom` names a request, a moment of `MOMENTS`, and who is killed with SIGKILL: the program
(`itself`), or the database's process that serves it (`backend`), or that one's `postmaster`. A
request `... at once` must be carried out by a statement alone; a fourth word says how many of its
kind come before.
"""

import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from killed_program import after, at, before, die
from loaded_program import compile_templates

import app
from ephemeral.__main__ import main
from ephemeral.accounts.service import watches
from ephemeral.files.rows import file_rows, quota_rows
from ephemeral.files.service.ending import Ending
from ephemeral.files.service.uploads import Uploads
from ephemeral.live.bus import LocalBus
from ephemeral.operators.service.reports import Reports
from ephemeral.rooms.service import attachments, commits, rooms
from ephemeral.rooms.service.attachments import Attachments
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.store import migrations
from ephemeral.store.objects.deployed import Objects
from ephemeral.store.objects.local import LocalStore

_AT_ONCE = " at once"

AMONG = "among its statements"
BEFORE = "before the commit"
AFTER = "after the commit, before the answer"
ANSWERED = "after the answer, before the hint"
MOMENTS = (AMONG, BEFORE, AFTER, ANSWERED)

#: Points of `rotate-keys` and of `migrate`, which are no requests, and of files.
POINTS: dict[str, Callable[[], None]] = {
    "no key is wrapped anew": before(KeyringDirectory, "write"),
    "a key is wrapped anew in a file without its name": at("os.rename", ".epoch-", ".key.tmp"),
    "one of two keys is wrapped anew": before(KeyringDirectory, "write", call=2),
    # Of files: what they are named after has been done, and nothing after it.
    "reserved, uncommitted": after(quota_rows, "fill_stock"),
    "reserved, unanswered": after(Uploads, "make"),
    "allowed, unsigned": before(Objects, "sign_put", call=3),
    "looked at, unwritten": before(file_rows, "update_landed"),
    "landed, uncommitted": after(file_rows, "update_landed"),
    "landed, unanswered": after(Uploads, "landed"),
    "ended, uncommitted": after(file_rows, "mark_deleting"),
    "ended, unanswered": after(Ending, "delete"),
    "ended, undeleted": before(LocalStore, "delete"),
    "deleted, unwritten": after(LocalStore, "delete"),
    "counted no more, uncommitted": after(quota_rows, "give_back"),
}

_STATEMENTS = ("execute", "fetch", "fetchrow", "fetchval")


class Doom:
    """Waits for its request, and kills at its moment."""

    def __init__(self, request: str, moment: str, victim: str, before: str = "0") -> None:
        self._request = request.removesuffix(_AT_ONCE)
        self._at_once = request.endswith(_AT_ONCE)
        self._moment = moment
        self._victim = victim
        self._before = int(before)
        self._come = False
        self._spent = False
        self._statements = 0
        self._last: int | None = None
        self._watched: Any = None

    def arm(self) -> None:
        """Watch the request, its transaction, its statements and its hints."""
        self._watch_request()
        if self._at_once:
            commits.statement = self._doomed_statement(commits.statement)
        transacting = (attachments, commits, rooms, migrations, watches)
        for module in () if self._at_once else transacting:
            module.transaction = self._doomed(module.transaction)
        for name in _STATEMENTS:
            self._count(name)
        if self._moment == ANSWERED:
            self._keep_hints()

    def _watch_request(self) -> None:
        if self._request == "migrate":
            self._come = True
            return
        # What is asked for often is the ledger's as well: there it is batched.
        owners = (Ledger, Rooms, Reports, Attachments)
        owner = next(one for one in owners if hasattr(one, self._request))
        original = getattr(owner, self._request)

        def asked(*arguments: Any, **named: Any) -> Any:
            self._come = not self._spent and self._before == 0
            self._before -= 1
            return original(*arguments, **named)

        setattr(owner, self._request, asked)

    def _doomed(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def transaction(pool: Any, work: Callable[..., Any], **named: Any) -> Any:
            if not self._come or self._moment == ANSWERED or named.get("read_only"):
                return await original(pool, work, **named)
            victim = 0

            async def watched(connection: Any) -> Any:
                nonlocal victim
                victim = connection.get_server_pid()
                if self._moment == AMONG:
                    await self._rehearse(connection, work)
                result = await work(connection)
                if self._moment in {AMONG, BEFORE}:
                    self._kill(victim)
                return result

            result = await original(pool, watched, **named)
            self._kill(victim)
            return result

        return transaction

    def _doomed_statement(
        self, original: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def statement(pool: Any, work: Callable[..., Any]) -> Any:
            if not self._come or self._moment == ANSWERED:
                return await original(pool, work)

            async def undone(connection: Any) -> Any:
                # Carried out, and not committed yet.
                async with connection.transaction():
                    await work(connection)
                    self._kill(0)

            if self._moment == AMONG:
                self._kill(0)
            result = await original(pool, work if self._moment == AFTER else undone)
            assert result is not None, "it was not decided at once"
            self._kill(0)
            return result

        return statement

    async def _rehearse(self, connection: Any, work: Callable[..., Awaitable[Any]]) -> None:
        """Find out how many statements there are; the next time, the last is not reached."""
        attempt = connection.transaction()
        await attempt.start()
        self._statements, self._watched = 0, connection._con
        await work(connection)
        count = self._statements
        await attempt.rollback()
        self._statements, self._last = 0, count

    def _count(self, name: str) -> None:
        original = getattr(asyncpg.Connection, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self._statements += arguments[0] is self._watched
            if self._statements == self._last:
                self._kill(0)
            return original(*arguments, **named)

        setattr(asyncpg.Connection, name, counted)

    def _keep_hints(self) -> None:
        original = LocalBus.publish

        def publish(bus: LocalBus, hints: Any) -> None:
            if not self._come:
                original(bus, hints)

        LocalBus.publish = publish

    def _kill(self, backend: int) -> None:
        """Once: what comes after may live."""
        if self._victim == "itself":
            die()
        if self._spent:
            # A backend whose postmaster is dead may still have committed.
            return
        self._come, self._spent = False, True
        victim = backend if self._victim == "backend" else parent(backend)
        assert victim > 1
        os.kill(victim, signal.SIGKILL)


def parent(process: int) -> int:
    """The process that started this one; of a backend, the postmaster."""
    stat = Path(f"/proc/{process}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def run(order: dict[str, Any]) -> int:
    """The program, in a process that is its own."""
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    doom = order["doom"]
    if doom and doom[0] in POINTS:
        POINTS[doom[0]]()
    elif doom:
        Doom(*doom).arm()
    return main(order["arguments"])


def load() -> None:
    """Read the page's files once; nobody is here who would look at them compressed."""
    files = app.StaticFiles(app.WEB, app.read_catalogues(app.WEB / "catalogue"))
    app.StaticFiles = lambda *_: files
    app.Pages.bodies = lambda _: ()
    compile_templates()


def serve_orders() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        process = os.fork()
        if process == 0:
            code = 70
            try:
                code = run(order)
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(f"Started {process}", flush=True)
        _, status = os.waitpid(process, 0)
        print(f"Ended {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    load()
    serve_orders()
