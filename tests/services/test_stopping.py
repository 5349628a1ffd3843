"""What a worker that stops says of its members."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from support.services import Desk

from ephemeral.domain.room import PresenceEvent

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


async def test_who_came_back_to_another_worker_is_not_said_to_have_gone_and_the_others_are(
    pool: "Pool", tmp_path: Path
):
    old, new = await Desk.open(pool, tmp_path), await Desk.open(pool, tmp_path)
    locator = await old.room()
    tokens = [os.urandom(32), os.urandom(32)]
    moves, goes = [(await old.join(locator, token=token)).seat.member for token in tokens]
    for token in tokens:
        await old.rooms.connect(locator, token, os.urandom(16))
    await new.rooms.connect(locator, tokens[0], os.urandom(16))
    old.hints.clear()
    await old.sweeper.stop()
    assert [event for _, event in old.hints] == [PresenceEvent(goes, False)]
    assert moves != goes
    seats = await pool.fetch("SELECT member, worker FROM seats")
    assert {row["member"]: row["worker"] for row in seats} == {moves: new.worker, goes: None}
