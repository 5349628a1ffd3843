"""What a worker that stops says of its members."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from support.machines.services import Desk

from ephemeral.rooms.rules.room import PresenceEvent
from ephemeral.rooms.service.sweeper import RETURN_MS

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


async def test_who_comes_back_to_another_worker_in_time_never_goes_and_the_others_do(
    pool: "Pool", tmp_path: Path
):
    old, new = await Desk.open(pool, tmp_path), await Desk.open(pool, tmp_path)
    locator = await old.room()
    tokens = [os.urandom(32), os.urandom(32)]
    seats = [(await old.join(locator, token=token)).seat for token in tokens]
    moves, goes = [one.member for one in seats]
    for token in tokens:
        await old.connect(locator, token, os.urandom(16))
    old.hints.clear()
    await old.sweeper.stop()
    await new.sweep()
    # Neither has come back yet, and both are there for all that anybody can tell.
    snapshot = await new.rooms.snapshot(seats[0])
    assert [one.present for one in snapshot.members] == [True, True]
    await new.clock.advance(RETURN_MS - 1000)
    await new.connect(locator, tokens[0], os.urandom(16))
    await new.sweep()
    assert [event for _, event in [*old.hints, *new.hints] if not event.present] == []
    await new.clock.advance(1000)
    await new.sweep()
    told = [event for _, event in [*old.hints, *new.hints]]
    assert [event for event in told if not event.present] == [PresenceEvent(goes, False)]
    rows = await pool.fetch("SELECT member, worker FROM seats")
    assert {row["member"]: row["worker"] for row in rows} == {moves: new.worker, goes: None}
