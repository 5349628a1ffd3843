"""Whether this is the database that was served last, at a state that follows, by a right clock.

A restored backup looks well: its rows are whole, and as long as their epoch keys are there they
open. Only what it lacks tells, and that stands outside of it (``mark``). What was destroyed since
can't be known, so whoever accepts such a database lets everything in it end.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.sealing import epoch_rows, history_rows
from ephemeral.sealing.history_rows import MarkRow
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.mark import MARK, Machine, Mark, SetBack, read_mark, write_mark
from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.store.counted import counted

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "FAR_MS",
    "UNKNOWN_MS",
    "Reference",
    "accept_clock",
    "doubted_clock",
    "first_reference",
    "follows",
    "later_epochs",
    "look",
    "wrong_clock",
]

#: A clock that is off by more than this is doubted.
FAR_MS = 600_000

#: Where nothing tells how long nobody served, because the machine was started meanwhile, so long a
#: pause is taken for one: a night.
UNKNOWN_MS = 12 * 3_600_000

_ATTEMPTS = 10


# --- set back -------------------------------------------------------------------------------------


async def look(
    connection: "Connection", directory: KeyringDirectory
) -> tuple[Mark | None, MarkRow | None]:
    """The mark beside the keys and, not older than that, the database's.

    Raises KeyringUnusable when the file can't be read.
    """
    beside = await asyncio.to_thread(read_mark, directory.path)
    row = await history_rows.read(connection)
    if beside is None and row is not None and row.number:
        # Another host's first start may have written it between the two.
        beside = await asyncio.to_thread(read_mark, directory.path)
    return beside, row


def follows(
    directory: KeyringDirectory, beside: Mark | None, row: MarkRow | None, later: tuple[int, ...]
) -> None:
    """Raise SetBack unless the database has everything that it is known to have had.

    `later`: epochs that have a key file, though the database hasn't come to make them.
    """
    cure = (
        "Put the right one in place, or accept this one by `ephemeral restore-accept`, which ends "
        "every room in it."
    )
    if row is None:
        raise SetBack(f"The database is new, and not the one that was served before. {cure}")
    if beside is None and row.number:
        raise SetBack(
            f"{MARK} is missing from {directory.path}, so nobody can tell whether the database "
            "was set back. If the directory was only moved or not mounted, put it in its place, "
            "never a copy of it, which is older; otherwise run `ephemeral restore-accept`, which "
            "ends every room."
        )
    if beside is not None and row.number < beside.number:
        raise SetBack(
            "The database was set back to an earlier state, or is a copy of the right one: it has "
            f"come to mark {row.number}, and {beside.number} was reached{_when(beside, row)}. What "
            f"was destroyed since would be there again. {cure}"
        )
    if later:
        names = ", ".join(directory.name(epoch) for epoch in later)
        raise SetBack(
            f"{directory.path} holds keys ({names}) which this database has not made: it was set "
            f"back to an earlier state, or the directory belongs to another one. {cure}"
        )


async def later_epochs(connection: "Connection", directory: KeyringDirectory) -> tuple[int, ...]:
    """Epochs with a key file which this database has not come to make."""
    last = await epoch_rows.last_epoch_id(connection)
    return tuple(epoch for epoch in directory.epochs() if epoch > last)


def _when(beside: Mark, row: MarkRow) -> str:
    return "" if row.at is None else f" {_duration(abs(beside.at - row.at))} later"


# --- a wrong clock --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reference:
    """The database's clock was `at` when the machine's was `elapsed`, both in ms.

    `gap`: so much more may have passed.
    """

    at: int
    elapsed: int
    gap: int = 0

    def expected(self, elapsed: int) -> int:
        """What the database's clock should be."""
        return self.at + elapsed - self.elapsed

    def off(self, now: int, elapsed: int) -> int:
        """By how much the database's clock is ahead, or behind if negative; 0 if that is little."""
        ahead = now - self.expected(elapsed)
        # Clocks drift: a thousandth is more than any does.
        far = FAR_MS + (elapsed - self.elapsed) // 1000
        return ahead if ahead < -far or ahead > far + self.gap else 0


def first_reference(beside: Mark | None, row: MarkRow, machine: Machine) -> Reference:
    """By what the clock is judged by a process that has not seen it go."""
    elapsed = machine.elapsed()
    if row.at is None:
        return Reference(row.now, elapsed)
    if beside is not None and any(machine.boot) and beside.boot == machine.boot:
        return Reference(beside.at, beside.elapsed)
    return Reference(row.at, elapsed, UNKNOWN_MS)


async def wrong_clock(
    connection: "Connection", reference: Reference, now: int, elapsed: int
) -> str | None:
    """Why the database's clock isn't to be believed, in a sentence for the operator; None if it is.

    One that is off is believed all the same where nothing depends on it: nothing would end by a
    clock that is ahead, no message waits under one that is behind.
    """
    off = reference.off(now, elapsed)
    if off == 0:
        return None
    cure = "Set it right, or accept it by `ephemeral check --accept-clock`."
    if off < 0:
        messages, _ = await history_rows.count_all(connection)
        if not messages:
            return None
        return (
            f"The database's clock is {_duration(-off)} behind what it has been, and "
            f"{counted(messages, 'message')} would wait so much longer. {cure}"
        )
    expected = reference.expected(elapsed)
    messages, rooms, files = await history_rows.count_due(connection, expected, now)
    if not messages and not rooms and not files:
        return None
    what = f"{counted(messages, 'message')} and {counted(rooms, 'room')}"
    if files:
        what = (
            f"{counted(messages, 'message')}, {counted(rooms, 'room')} and {counted(files, 'file')}"
        )
    ending = f"{what} would end by it. {cure}"
    if reference.gap:
        return (
            f"By the database's clock nobody has served for {_duration(off)}, and nothing else "
            f"tells that: {ending}"
        )
    return f"The database's clock is {_duration(off)} ahead: {ending}"


async def doubted_clock(
    connection: "Connection", directory: KeyringDirectory, machine: Machine
) -> str | None:
    """What a server that starts now would say of the clock; None if it would believe it."""
    beside, row = await look(connection, directory)
    if row is None:
        return None
    reference = first_reference(beside, row, machine)
    return await wrong_clock(connection, reference, row.now, machine.elapsed())


async def accept_clock(
    connection: "Connection", directory: KeyringDirectory, machine: Machine
) -> None:
    """Take the database's clock for right, whatever it was before. Servers may be running.

    Raises KeyringUnusable if the database was set back: its clock is the least of it.
    """
    for _ in range(_ATTEMPTS):
        beside, row = await look(connection, directory)
        if row is None or (row.number == 0 and beside is None):
            # Never served: there is nothing that it could contradict.
            return
        follows(directory, beside, row, ())
        if await history_rows.raise_mark(connection, row.number, row.now):
            mark = Mark(row.number + 1, row.now, machine.boot, machine.elapsed())
            await asyncio.to_thread(write_mark, directory.path, mark)
            return
    raise KeyringUnusable("The mark in the database was raised by others all the time: try again.")


def _duration(milliseconds: int) -> str:
    """In the largest unit of which there are two."""
    seconds = milliseconds // 1000
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return counted(seconds, "second") if seconds else "less than a second"
