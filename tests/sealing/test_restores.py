"""Whatever is restored under the present keys, nothing that was destroyed is served again."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.machines.database import Server
from support.machines.services import ENCRYPTION_KEY, Attachment, Desk, Message

from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.encryption_key import GivenKeys
from ephemeral.sealing.history import accept_clock
from ephemeral.sealing.history_rows import ENDING
from ephemeral.sealing.keyring import Keyring, accept_loss, find_loss
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.mark import MARK, Machine, Mark, SetBack, read_mark, write_mark
from ephemeral.sealing.restores import Ended, accept_restore
from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.sealing.watch import CLOCK, SET_BACK, Watch
from ephemeral.store.embedded.backups import dump, load
from ephemeral.store.embedded.installation import choose
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

SOURCE = GivenKeys(ENCRYPTION_KEY)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ALL = (
    "rooms", "seats", "messages", "attachments", "payloads", "payload_keys", "audience",
    "tombstones",
)  # fmt: skip


class Clocked:
    """A machine whose clock goes with the database's, unless that alone is changed."""

    def __init__(self, desk: Desk, boot: int = 1) -> None:
        self.passed = 1_000_000
        self.machine = Machine(bytes([boot]) * 16, lambda: self.passed)
        self._desk = desk

    async def wait(self, milliseconds: int) -> None:
        self.passed += milliseconds
        await self._desk.clock.advance(milliseconds)


class Served:
    """A desk with its watch, on a database that can be saved and restored."""

    def __init__(self, desk: Desk, url: str, folder: Path) -> None:
        self.desk = desk
        self.time = Clocked(desk)
        self.watch = Watch(desk.pool, desk.keyring, self.time.machine)
        self.directory: KeyringDirectory = desk.keyring.directory
        self._url = url
        self.file = folder / "backup"

    async def save(self) -> None:
        await dump(self._url, choose(None), self.file)

    async def restore(self) -> None:
        await load(self._url, choose(None), self.file)
        # What a session has prepared and its tables' ids belong to what was there.
        await self.desk.pool.expire_connections()

    async def start(self) -> Keyring:
        async with self.desk.pool.acquire() as one:
            return await Keyring.open(one, self.directory, SOURCE, os.urandom)

    async def accept(self, alive_seconds: float = 0) -> Ended | None:
        async with self.desk.pool.acquire() as one:
            return await accept_restore(
                one, self.directory, SOURCE, self.time.machine, alive_seconds
            )

    async def beat(self, times: int = 1) -> None:
        for _ in range(times):
            await self.watch.look()


@pytest.fixture
async def served(desk: Desk, database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(desk, database_url, tmp_path)
    await made.watch.start()
    yield made
    await made.watch.stop()


@pytest.mark.parametrize("age", [MINUTE, HOUR, DAY], ids=["a minute", "an hour", "a day"])
async def test_a_backup_brings_nothing_back(served: Served, age: int):
    desk = served.desk
    _, author, reader = await desk.pair(message_ttl=604_800, room_ttl=604_800)
    gone, left = Message(), Message(attachment=Attachment())
    await desk.post(author, gone)
    await desk.send(author, left.attachment)
    await desk.post(author, left)
    await served.save()
    # A backup of the very last moment is none that is set back.
    await served.restore()
    await served.start()
    await desk.open_message(reader, gone)
    await desk.acknowledge(reader, gone)
    for _ in range(3):
        await served.time.wait(age // 3)
        await desk.keep_epochs()
        await served.beat()

    await served.restore()

    # Under a server that runs.
    await served.beat()
    assert served.watch.alarm == SET_BACK
    for asked in (desk.open_message(reader, gone), desk.post(author, Message()), desk.sweep()):
        with pytest.raises(Refusal, match="unavailable"):
            await asked
    await served.watch.stop()
    # At a start, and for whoever asks; the keys of the other database aren't touched.
    keys = served.directory.epochs()
    with pytest.raises(SetBack, match="restore-accept"):
        await served.start()
    async with desk.pool.acquire() as one:
        for ask in (find_loss, accept_loss):
            with pytest.raises(SetBack, match="restore-accept"):
                await ask(one, served.directory, SOURCE)
    assert served.directory.epochs() == keys

    assert await served.accept() == Ended(1, 2, len(keys))

    keyring = await served.start()
    assert served.directory.epochs() == [keyring.current.id]
    assert keyring.current.id not in keys
    assert await desk.rows(*ALL) == dict.fromkeys(ALL, 0)
    assert await desk.lying() == 0
    # The same backup once more is as old as it was.
    await served.restore()
    with pytest.raises(SetBack):
        await served.start()
    await served.accept()


async def test_what_a_restored_database_holds_is_given_to_nobody_before_the_watch_looks(
    served: Served,
):
    desk = served.desk
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await served.save()
    await served.beat()
    await desk.open_message(reader, message)
    await desk.acknowledge(reader, message)
    await served.restore()
    with pytest.raises(Refusal, match="unavailable"):
        await desk.open_message(reader, message)
    assert served.watch.alarm is None


async def test_nothing_is_ended_in_a_database_that_was_not_set_back(served: Served):
    _, author, _ = await served.desk.pair()
    await served.desk.post(author, Message())
    assert await served.accept() is None
    assert (await served.desk.rows("messages"))["messages"] == 1


async def test_a_restore_is_not_accepted_while_a_server_runs_with_these_keys(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    """As with a copy of the database that somebody looks at beside the right one."""
    await served.save()
    await served.beat()
    await served.restore()

    async def meanwhile(_: float) -> None:
        mark = read_mark(served.directory.path)
        assert mark is not None
        write_mark(served.directory.path, Mark(mark.number + 1, 1, bytes(16), 1))

    monkeypatch.setattr("asyncio.sleep", meanwhile)
    with pytest.raises(KeyringUnusable, match="A server is running with the keys in"):
        await served.accept()
    monkeypatch.undo()
    assert await served.accept()


async def test_a_watched_database_that_comes_back_is_served_again(served: Served):
    """Somebody restored the wrong backup, and then the right one."""
    _, author, _ = await served.desk.pair()
    await served.save()
    await served.beat()
    right = served.file.with_name("right")
    served.file, old = right, served.file
    await served.save()
    served.file = old
    await served.restore()
    await served.beat()
    assert served.watch.alarm == SET_BACK
    served.file = right
    await served.restore()
    await served.beat(2)
    assert served.watch.alarm is None
    await served.desk.post(author, Message())


@pytest.mark.parametrize(
    "change",
    [
        "TRUNCATE keyring",
        "UPDATE keyring SET index_fingerprint = '8bytes!!'",
        "ALTER TABLE keyring RENAME TO gone",
        "ALTER TABLE keyring DROP COLUMN mark",
    ],
    ids=["new", "another's", "empty", "of a version before"],
)
async def test_another_database_under_a_server_is_noticed(served: Served, change: str):
    await served.desk.pool.execute(change)
    await served.beat()
    assert served.watch.alarm == SET_BACK


@pytest.mark.parametrize("ruined", [b"", b"ephemark", None], ids=["empty", "cut", "absent"])
async def test_a_mark_that_is_lost_hides_nothing(served: Served, ruined: bytes | None):
    path = served.directory.path / MARK
    path.unlink() if ruined is None else path.write_bytes(ruined)
    # Whoever has a copy is not led to it: it is older than what was destroyed since.
    with pytest.raises(SetBack, match=r"[Nn](ever a|o) copy .*`ephemeral restore-accept`"):
        await served.start()
    assert await served.accept() == Ended(0, 0, 1)
    await served.start()


async def test_keys_of_before_there_were_marks_are_taken_up(served: Served):
    (served.directory.path / MARK).unlink()
    await served.desk.pool.execute("UPDATE keyring SET mark = 0, marked_at = NULL")
    keyring = await served.start()
    await Watch(served.desk.pool, keyring, served.time.machine).start()
    assert read_mark(served.directory.path) is not None


async def test_hosts_share_a_mark_and_none_accuses_another(served: Served):
    """However they take turns, and whoever is a beat behind."""
    other = Watch(served.desk.pool, served.desk.keyring, Clocked(served.desk, 2).machine)
    await other.start()
    for turn in (served.watch, other, other, served.watch, served.watch, other):
        await served.time.wait(1000)
        await turn.look()
        assert turn.alarm is None
    # One that was killed between the commit and the file.
    await served.desk.pool.execute("UPDATE keyring SET mark = mark + 1")
    for turn in (other, served.watch):
        await turn.look()
        assert turn.alarm is None
    await served.start()


async def test_one_host_raises_the_mark_for_all(served: Served):
    watches = [Watch(served.desk.pool, served.desk.keyring, served.time.machine) for _ in range(4)]
    for watch in watches:
        await watch.start()
    before = await served.desk.pool.fetchval("SELECT mark FROM keyring")
    for _ in range(5):
        for watch in watches:
            await watch.look()
    assert await served.desk.pool.fetchval("SELECT mark FROM keyring") - before <= 6


async def test_everything_but_the_deployment_ends(served: Served):
    """A table that is added later is thought of, too."""
    tables = await served.desk.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    kept = {"deployment", "keyring", "object_store", "purges", "schema_migrations"}
    assert {row["relname"] for row in tables} == kept | set(ENDING)


async def test_a_new_database_is_refused_the_keys_of_another(
    served: Served, connection_to_new: "Connection"
):
    """`check --accept-loss` destroyed them all."""
    keys = served.directory.stored()
    for ask in (
        find_loss(connection_to_new, served.directory, SOURCE),
        accept_loss(connection_to_new, served.directory, SOURCE),
        accept_restore(connection_to_new, served.directory, SOURCE, served.time.machine, 0),
        Keyring.open(connection_to_new, served.directory, SOURCE, os.urandom),
    ):
        with pytest.raises(KeyringUnusable, match=r"The database is new, and .* another one: set"):
            await ask
    assert served.directory.stored() == keys
    await served.start()


@pytest.fixture
async def connection_to_new(postgres: Server) -> "AsyncIterator[Connection]":
    with postgres.database() as url:
        made = await asyncpg.connect(url)
        yield made
        await made.close()


async def test_what_is_no_backup_changes_nothing(served: Served):
    _, author, _ = await served.desk.pair()
    served.file.write_bytes(b"no backup")
    with pytest.raises(StartError, match="pg_restore failed: that is no backup"):
        await served.restore()
    await served.desk.post(author, Message())
    with pytest.raises(StartError, match="is there already"):
        await served.save()
    assert served.file.read_bytes() == b"no backup"


@given(st.binary(max_size=80) | st.binary(min_size=48, max_size=48).map(b"ephemark\x01".__add__))
def test_any_file_is_a_mark_or_refused(content: bytes):
    with pytest.raises(ValueError, match="no mark"):
        Mark.decode(content)


@given(st.tuples(*[st.integers(0, 2**63 - 1)] * 3), st.binary(min_size=16, max_size=16))
def test_a_mark_is_read_as_it_was_written(numbers: tuple[int, int, int], boot: bytes):
    mark = Mark(numbers[0], numbers[1], boot, numbers[2])
    assert Mark.decode(mark.encode()) == mark
    assert len(mark.encode()) == 57


# The clock


async def waiting(served: Served, ttl: int = 3600) -> Message:
    _, author, _ = await served.desk.pair(message_ttl=ttl, room_ttl=604_800)
    message = Message()
    await served.desk.post(author, message)
    return message


@pytest.mark.parametrize("jump", [DAY, -DAY, HOUR, -HOUR])
async def test_a_clock_that_jumps_while_a_server_runs_is_not_believed(served: Served, jump: int):
    await waiting(served)
    await served.desk.clock.advance(jump)
    await served.beat()
    assert served.watch.alarm == CLOCK
    with pytest.raises(Refusal, match="unavailable"):
        await served.desk.sweep()
    mark = await served.desk.pool.fetchval("SELECT mark FROM keyring")
    await served.beat(3)
    assert await served.desk.pool.fetchval("SELECT mark FROM keyring") == mark
    # It is set right.
    await served.desk.clock.advance(-jump)
    await served.beat()
    assert served.watch.alarm is None
    # It jumps again, and that is right.
    await served.desk.clock.advance(jump)
    await served.beat()
    assert served.watch.alarm == CLOCK
    async with served.desk.pool.acquire() as one:
        await accept_clock(one, served.directory, served.time.machine)
    await served.beat()
    assert served.watch.alarm is None


async def test_time_that_passes_is_no_jump(served: Served):
    await waiting(served)
    for passed in (MINUTE, DAY, 7 * DAY):
        await served.time.wait(passed)
        await served.beat()
        assert served.watch.alarm is None


async def start_again(served: Served, *, rebooted: bool) -> Watch:
    clocked = Clocked(served.desk, 2 if rebooted else 1)
    clocked.passed = 5000 if rebooted else served.time.passed
    again = Watch(served.desk.pool, served.desk.keyring, clocked.machine)
    await again.start()
    return again


@pytest.mark.parametrize("rebooted", [False, True])
async def test_a_clock_a_day_ahead_at_the_start_ends_nothing(served: Served, rebooted: bool):
    await waiting(served)
    await served.watch.stop()
    await served.desk.clock.advance(DAY)
    again = await start_again(served, rebooted=rebooted)
    assert again.alarm == CLOCK
    with pytest.raises(Refusal, match="unavailable"):
        await served.desk.sweep()
    assert (await served.desk.rows("messages"))["messages"] == 1
    await served.desk.clock.advance(-DAY)
    await again.look()
    assert again.alarm is None


async def test_a_clock_that_is_behind_at_the_start_is_not_believed(served: Served):
    """As on a machine without a battery, until it has asked for the time."""
    await waiting(served)
    await served.watch.stop()
    await served.desk.clock.advance(-HOUR)
    again = await start_again(served, rebooted=True)
    assert again.alarm == CLOCK
    await served.desk.clock.advance(HOUR)
    await again.look()
    assert again.alarm is None


@pytest.mark.parametrize(
    ("pause", "rebooted"), [(7 * DAY, False), (11 * HOUR, True)], ids=["stopped", "a night off"]
)
async def test_a_pause_is_no_wrong_clock(served: Served, pause: int, rebooted: bool):
    """A server stopped for a week on a machine that ran; a machine that was off for a night."""
    await waiting(served)
    await served.watch.stop()
    await served.time.wait(pause)
    again = await start_again(served, rebooted=rebooted)
    assert again.alarm is None


async def test_a_long_pause_that_would_end_nothing_is_not_asked_about(served: Served):
    await waiting(served, ttl=604_800)
    await served.watch.stop()
    await served.desk.clock.advance(2 * DAY)
    assert (await start_again(served, rebooted=True)).alarm is None


async def test_what_is_told_has_numbers_for_the_operator_alone(
    served: Served, caplog: pytest.LogCaptureFixture
):
    await waiting(served)
    await served.desk.clock.advance(3 * DAY)
    await served.beat(2)
    [line] = caplog.messages
    assert "3 days ahead: 1 message and 0 rooms would end by it" in line
    assert "`ephemeral check --accept-clock`" in line
    assert served.watch.alarm is not None
    assert not any(character.isdigit() for character in served.watch.alarm)
    await served.desk.clock.advance(-3 * DAY)
    await served.beat()
    assert caplog.messages[1:] == ["The database and its clock are right again."]
