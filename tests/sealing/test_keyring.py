"""The running keyring starts only with every key that stored payloads need, and makes each once."""

import asyncio
import secrets
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from ephemeral.sealing.encryption_key import (
    EncryptionKeys,
    GivenKeys,
    KeySource,
    OwnKeyFile,
)
from ephemeral.sealing.epoch_rows import hold_current_epoch, lock_keyring
from ephemeral.sealing.fingerprints import fingerprint
from ephemeral.sealing.keyring import Keyring, Loss, accept_loss, find_loss, make_epoch
from ephemeral.sealing.keyring_files import KeyFileMissing, KeyringDirectory, WrongEncryptionKey
from ephemeral.sealing.mark import SetBack, this_machine
from ephemeral.sealing.payload_rows import SealedRow, insert
from ephemeral.sealing.restores import Ended, accept_restore
from ephemeral.sealing.seals import EpochKey, KeyringUnusable, open_sealed, seal, unwrap, wrap

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

Hold = Callable[["Connection", int], Coroutine[Any, Any, bool]]

KEY = "5a" * 32
OTHER = "a5" * 32
SOURCE = GivenKeys(KEY)
KEYS = EncryptionKeys(bytes.fromhex(KEY))


@pytest.fixture
async def connection(database_url: str) -> "AsyncIterator[Connection]":
    connected = await asyncpg.connect(database_url)
    await connected.execute(
        """
        INSERT INTO deployment (suite, salt, created_at) VALUES (1, $1, clock_ms())
        ON CONFLICT DO NOTHING
        """,
        bytes(32),
    )
    yield connected
    await connected.close()


@pytest.fixture
async def another(database_url: str) -> "AsyncIterator[Connection]":
    connected = await asyncpg.connect(database_url)
    yield connected
    await connected.close()


@pytest.fixture
def directory(tmp_path: Path) -> KeyringDirectory:
    return KeyringDirectory(tmp_path / "keyring")


async def start(
    connection: "Connection", directory: KeyringDirectory, source: KeySource = SOURCE
) -> Keyring:
    return await Keyring.open(connection, directory, source, secrets.token_bytes)


async def store(
    connection: "Connection", key: EpochKey, plaintext: bytes = b"content"
) -> tuple[bytes, bytes]:
    """Store a payload as an insert does; gives its id and its data key."""
    payload = secrets.token_bytes(16)
    sealed = seal(payload, "message", plaintext, secrets.token_bytes)
    await connection.execute(
        "INSERT INTO payloads (id, body) VALUES ($1, $2)", payload, sealed.body
    )
    await connection.execute(
        "INSERT INTO payload_keys (payload, epoch, wrapped) VALUES ($1, $2, $3)",
        payload,
        key.id,
        wrap(key, payload, sealed.data_key, secrets.token_bytes),
    )
    return payload, sealed.data_key


async def load(connection: "Connection", keyring: Keyring, payload: bytes) -> bytes:
    row = await connection.fetchrow(
        """
        SELECT body, epoch, wrapped
        FROM payloads JOIN payload_keys ON payload_keys.payload = payloads.id
        WHERE payloads.id = $1
        """,
        payload,
    )
    assert row is not None
    data_key = unwrap(keyring.key(row["epoch"]), payload, row["wrapped"])
    return open_sealed(row["body"], data_key, payload, "message")


async def retire(connection: "Connection", epoch: int) -> None:
    await connection.execute("UPDATE epochs SET state = 'retiring' WHERE id = $1", epoch)


async def count(connection: "Connection", table: str) -> int:
    value: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return value


async def epochs_in(connection: "Connection") -> list[tuple[int, bytes, str]]:
    rows = await connection.fetch("SELECT id, fingerprint, state FROM epochs ORDER BY id")
    return [(row["id"], row["fingerprint"], row["state"]) for row in rows]


async def until_blocked(
    database_url: str, waiting: "Connection", task: "asyncio.Task[Any]"
) -> None:
    """Return when the connection waits for a lock in the database."""
    observer = await asyncpg.connect(database_url)
    process = waiting.get_server_pid()
    while not await observer.fetchval("SELECT pg_blocking_pids($1) <> '{}'", process):
        assert not task.done()
    await observer.close()


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


# Starting


async def test_the_first_start_makes_an_index_key_and_one_epoch(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    assert directory.read(None, SOURCE) == keyring.index_key
    assert directory.read(keyring.current.id, SOURCE) == keyring.current.key
    assert directory.stored() == [None, keyring.current.id]
    assert await epochs_in(connection) == [
        (keyring.current.id, fingerprint(keyring.current.key), "current")
    ]
    recorded = await connection.fetchval("SELECT index_fingerprint FROM keyring")
    assert recorded == fingerprint(keyring.index_key)


async def test_later_starts_find_the_same_keys(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    first = await start(connection, directory)
    payload, _ = await store(connection, first.current, b"still here")
    before = contents(directory.path)
    second = await start(connection, directory)
    assert second.index_key == first.index_key
    assert second.current == first.current
    assert await load(connection, second, payload) == b"still here"
    assert contents(directory.path) == before


async def test_no_two_deployments_share_a_key(
    connection: "Connection", another: "Connection", tmp_path: Path
) -> None:
    first = await start(connection, KeyringDirectory(tmp_path / "one"))
    await connection.execute("DELETE FROM keyring")
    await connection.execute("DELETE FROM epochs")
    second = await start(another, KeyringDirectory(tmp_path / "two"))
    assert first.index_key != second.index_key
    assert first.current.key != second.current.key


async def test_hosts_that_start_at_once_make_one_epoch(
    connection: "Connection", database_url: str, directory: KeyringDirectory
) -> None:
    async def host() -> Keyring:
        own = await asyncpg.connect(database_url)
        try:
            return await start(own, KeyringDirectory(directory.path))
        finally:
            await own.close()

    keyrings = await asyncio.gather(*(host() for _ in range(8)))
    assert len({keyring.current.key for keyring in keyrings}) == 1
    assert len({keyring.index_key for keyring in keyrings}) == 1
    assert len(await epochs_in(connection)) == 1
    assert directory.stored() == [None, keyrings[0].current.id]


async def test_a_start_waits_for_whoever_writes_in_the_directory(
    connection: "Connection", another: "Connection", directory: KeyringDirectory
) -> None:
    directory.prepare()
    with directory.locked():
        starting = asyncio.create_task(start(another, directory))
        # Time enough to do everything, for a start that would not wait.
        for _ in range(100):
            await connection.fetchval("SELECT 1")
        assert directory.stored() == []
    assert (await starting).current.id


async def test_a_start_that_waits_for_the_lock_can_be_cancelled(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    directory.prepare()
    with directory.locked():
        waiting = asyncio.create_task(start(connection, directory))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (await start(connection, directory)).current.id


async def test_a_start_waits_for_a_maker_whose_lock_on_the_directory_it_cannot_see(
    connection: "Connection", another: "Connection", database_url: str, directory: KeyringDirectory
) -> None:
    async with connection.transaction():
        await lock_keyring(connection)
        starting = asyncio.create_task(start(another, directory))
        await until_blocked(database_url, another, starting)
        assert directory.stored() == []
    assert (await starting).current.id


async def test_a_host_with_a_directory_of_its_own_is_refused(
    connection: "Connection", tmp_path: Path
) -> None:
    await start(connection, KeyringDirectory(tmp_path / "one"))
    with pytest.raises(KeyringUnusable, match=r"index\.key is missing from .*/two"):
        await start(connection, KeyringDirectory(tmp_path / "two"))
    assert KeyringDirectory(tmp_path / "two").stored() == []


async def test_the_keyring_of_another_database_is_refused(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    await start(connection, directory)
    directory.write(None, bytes(32), KEYS, secrets.token_bytes)
    with pytest.raises(KeyringUnusable, match="belongs to another database: set the KEYRING_DIR"):
        await start(connection, directory)


@pytest.mark.parametrize("with_payload", [False, True])
async def test_another_encryption_key_is_refused_and_changes_nothing(
    connection: "Connection", directory: KeyringDirectory, with_payload: bool
) -> None:
    keyring = await start(connection, directory)
    if with_payload:
        await store(connection, keyring.current)
    files, rows = contents(directory.path), await epochs_in(connection)
    with pytest.raises(WrongEncryptionKey, match="wrapped by a different ENCRYPTION_KEY") as wrong:
        await start(connection, directory, GivenKeys(OTHER))
    assert OTHER not in str(wrong.value)
    assert contents(directory.path) == files
    assert await epochs_in(connection) == rows


async def test_an_epoch_under_a_third_encryption_key_is_no_loss_but_refused(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    third = EncryptionKeys(bytes.fromhex(OTHER))
    directory.write(keyring.current.id, keyring.current.key, third, secrets.token_bytes)
    with pytest.raises(WrongEncryptionKey, match=rf"epoch-{keyring.current.id}\.key was wrapped"):
        await start(connection, directory)
    assert len(await epochs_in(connection)) == 1


async def test_a_damaged_index_key_is_refused(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    await start(connection, directory)
    (directory.path / "index.key").write_bytes(b"")
    with pytest.raises(KeyringUnusable, match=r"index\.key is damaged: it has 0 bytes"):
        await start(connection, directory)


# Starts that were interrupted


async def test_an_index_key_whose_row_never_committed_is_taken_up(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    first = await start(connection, directory)
    # As if it had been killed before it committed: what it had made durable is still there.
    await connection.execute("DELETE FROM epochs")
    await connection.execute("DELETE FROM keyring")
    await connection.execute("ALTER SEQUENCE epochs_id_seq RESTART")
    directory.remove(first.current.id)
    assert (await start(connection, directory)).index_key == first.index_key


async def test_a_file_name_that_is_taken_is_never_overwritten(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    first = await start(connection, directory)
    taken = first.current.id + 1
    directory.write(taken, bytes(32), KEYS, secrets.token_bytes)
    with directory.locked():
        replacing = first.current.id
        assert await make_epoch(
            connection, directory, SOURCE, secrets.token_bytes, replacing=replacing
        )
    await first.refresh(connection)
    assert first.current.id == taken + 1
    assert directory.read(taken, SOURCE) == bytes(32)
    assert directory.read(taken + 1, SOURCE) == first.current.key


async def test_a_database_that_was_set_back_to_before_a_key_is_refused(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    """As a backup restored to a keyring of before there were marks."""
    keyring = await start(connection, directory)
    later = keyring.current.id + 40
    directory.write(later, bytes(32), KEYS, secrets.token_bytes)
    with pytest.raises(KeyringUnusable, match=rf"holds keys \(epoch-{later}\.key\) which this"):
        await start(connection, directory)
    for ask in (find_loss, accept_loss):
        with pytest.raises(SetBack, match="`ephemeral restore-accept`"):
            await ask(connection, directory, SOURCE)
    assert directory.holds(later)
    assert await accept_restore(connection, directory, SOURCE, this_machine(), 0) == Ended(0, 0, 2)
    assert not directory.holds(later)
    # No name is used twice: what holds such a key may still be somewhere.
    assert (await start(connection, directory)).current.id > later


async def test_a_new_database_does_not_take_over_the_keys_of_another(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    await start(connection, directory)
    await connection.execute("DELETE FROM epochs")
    await connection.execute("DELETE FROM keyring")
    await connection.execute("ALTER SEQUENCE epochs_id_seq RESTART")
    before = contents(directory.path)
    with pytest.raises(KeyringUnusable, match="holds the keys of another one: set the"):
        await start(connection, directory)
    assert contents(directory.path) == before
    assert await connection.fetchval("SELECT index_fingerprint FROM keyring") is None


async def test_an_interrupted_destruction_is_finished_by_the_next_start(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    first = await start(connection, directory)
    await connection.execute("UPDATE epochs SET state = 'destroyed'")
    second = await start(connection, directory)
    assert directory.stored() == [None, second.current.id]
    assert [row[0] for row in await epochs_in(connection)] == [second.current.id]
    assert second.known == (second.current.id,)
    assert first.current.id != second.current.id


async def test_a_destroyed_epoch_is_no_loss(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    await connection.execute("UPDATE epochs SET state = 'destroyed'")
    directory.remove(keyring.current.id)
    assert await find_loss(connection, directory, SOURCE) == Loss((), 0)
    assert await accept_loss(connection, directory, SOURCE) == Loss((), 0)


async def test_no_epoch_is_made_in_a_directory_whose_volume_has_vanished(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    empty = KeyringDirectory(directory.path.parent / "empty")
    empty.prepare()
    with empty.locked(), pytest.raises(KeyringUnusable, match=r"index\.key is missing from"):
        await make_epoch(
            connection, empty, SOURCE, secrets.token_bytes, replacing=keyring.current.id
        )
    assert empty.stored() == []
    assert len(await epochs_in(connection)) == 1


async def test_what_a_killed_start_left_in_the_directory_is_removed(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    directory.prepare()
    (directory.path / ".epoch-1.key.tmp").write_bytes(b"half")
    await start(connection, directory)
    assert not (directory.path / ".epoch-1.key.tmp").exists()


# The encryption key of our own


async def test_the_first_embedded_start_makes_an_encryption_key(
    connection: "Connection", directory: KeyringDirectory, tmp_path: Path
) -> None:
    source = OwnKeyFile(tmp_path)
    first = await start(connection, directory, source)
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600
    assert (await start(connection, directory, source)).current == first.current


async def test_a_lost_encryption_key_is_not_hidden_by_a_new_one(
    connection: "Connection", directory: KeyringDirectory, tmp_path: Path
) -> None:
    source = OwnKeyFile(tmp_path)
    await start(connection, directory, source)
    source.path.unlink()
    with pytest.raises(KeyringUnusable, match=r"encryption\.key is missing, and the keys in"):
        await start(connection, directory, source)
    assert not source.exists()


async def test_no_encryption_key_is_made_when_the_whole_keyring_is_lost(
    connection: "Connection", directory: KeyringDirectory, tmp_path: Path
) -> None:
    source = OwnKeyFile(tmp_path)
    await start(connection, directory, source)
    source.path.unlink()
    for path in directory.path.iterdir():
        path.unlink()
    with pytest.raises(KeyringUnusable, match=r"index\.key is missing"):
        await start(connection, directory, source)
    assert not source.exists()


# Epochs


async def test_the_epoch_of_another_host_is_read_from_its_file(
    connection: "Connection", another: "Connection", directory: KeyringDirectory
) -> None:
    ours = await start(connection, directory)
    await retire(connection, ours.current.id)
    theirs = await start(another, directory)
    assert theirs.current.id != ours.current.id
    payload, _ = await store(another, theirs.current, b"from there")
    assert await load(connection, ours, payload) == b"from there"
    old, _ = await store(connection, ours.current, b"from before")
    assert await load(another, theirs, old) == b"from before"


async def test_a_process_takes_up_the_epoch_that_has_become_current(
    connection: "Connection", another: "Connection", directory: KeyringDirectory
) -> None:
    ours = await start(connection, directory)
    await ours.refresh(connection)
    await retire(connection, ours.current.id)
    theirs = await start(another, directory)
    assert ours.current != theirs.current
    await ours.refresh(connection)
    assert ours.current == theirs.current


async def test_a_process_without_the_current_key_is_told_so(
    connection: "Connection", another: "Connection", directory: KeyringDirectory
) -> None:
    ours = await start(connection, directory)
    before = ours.current
    await retire(connection, before.id)
    with pytest.raises(KeyringUnusable, match="no current epoch"):
        await ours.refresh(connection)
    theirs = await start(another, directory)
    directory.remove(theirs.current.id)
    with pytest.raises(KeyFileMissing):
        await ours.refresh(connection)
    directory.write(theirs.current.id, bytes(32), KEYS, secrets.token_bytes)
    with pytest.raises(KeyringUnusable, match="isn't the key of this database"):
        await ours.refresh(connection)
    assert ours.current == before


async def test_an_epoch_that_nobody_has_made_has_no_key(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    with pytest.raises(KeyFileMissing):
        keyring.key(keyring.current.id + 1)


async def written(connection: "Connection", epoch: int) -> bool:
    """Whether a payload was written under this epoch, which then is held."""
    row = SealedRow(secrets.token_bytes(16), b"body", epoch, b"wrapped")
    return await insert(connection, epoch, [row])


HOLDING = pytest.mark.parametrize("hold", [hold_current_epoch, written])


@HOLDING
async def test_only_the_current_epoch_can_be_held(
    connection: "Connection", directory: KeyringDirectory, hold: Hold
) -> None:
    keyring = await start(connection, directory)
    assert await hold(connection, keyring.current.id)
    assert not await hold(connection, keyring.current.id + 1)
    await retire(connection, keyring.current.id)
    before = await count(connection, "payloads"), await count(connection, "payload_keys")
    assert not await hold(connection, keyring.current.id)
    assert (await count(connection, "payloads"), await count(connection, "payload_keys")) == before


@HOLDING
async def test_a_held_epoch_cannot_be_retired_and_can_be_held_by_many(
    connection: "Connection", another: "Connection", directory: KeyringDirectory, hold: Hold
) -> None:
    keyring = await start(connection, directory)
    async with connection.transaction():
        assert await hold(connection, keyring.current.id)
        async with another.transaction():
            assert await hold(another, keyring.current.id)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await another.execute("SELECT FROM epochs FOR UPDATE NOWAIT")
    await another.execute("SELECT FROM epochs FOR UPDATE NOWAIT")


@HOLDING
async def test_an_insert_that_waited_for_the_retirement_sees_that_it_is_late(
    connection: "Connection", another: "Connection", database_url: str,
    directory: KeyringDirectory, hold: Hold,
) -> None:  # fmt: skip
    keyring = await start(connection, directory)
    async with connection.transaction():
        await connection.execute("SELECT FROM epochs FOR UPDATE")
        await retire(connection, keyring.current.id)
        held = asyncio.create_task(hold(another, keyring.current.id))
        await until_blocked(database_url, another, held)
    assert not await held
    assert await count(connection, "payload_keys") == 0


# Losses


async def test_payloads_without_their_key_are_counted_and_the_start_refused(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    for _ in range(3):
        await store(connection, keyring.current)
    name = directory.name(keyring.current.id)
    directory.remove(keyring.current.id)
    with pytest.raises(KeyringUnusable, match=rf"^3 stored .*\({name}\).* `check --accept-loss`"):
        await start(connection, directory)
    assert await count(connection, "payloads") == 3
    assert await epochs_in(connection) != []


@pytest.mark.parametrize("content", [b"", b"\0" * 78, None], ids=["cut", "zeroed", "exchanged"])
async def test_a_ruined_key_file_counts_as_missing(
    connection: "Connection", directory: KeyringDirectory, content: bytes | None
) -> None:
    keyring = await start(connection, directory)
    await store(connection, keyring.current)
    if content is None:
        directory.write(keyring.current.id, bytes(32), KEYS, secrets.token_bytes)
    else:
        (directory.path / directory.name(keyring.current.id)).write_bytes(content)
    with pytest.raises(KeyringUnusable, match=r"^1 stored payload can't be opened"):
        await start(connection, directory)
    assert await find_loss(connection, directory, SOURCE) == Loss((keyring.current.id,), 1)


async def test_a_key_that_nothing_depends_on_may_be_missing(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    first = await start(connection, directory)
    directory.remove(first.current.id)
    second = await start(connection, directory)
    assert second.current.id != first.current.id
    assert [row[0] for row in await epochs_in(connection)] == [second.current.id]


async def test_an_insert_under_way_counts_among_what_depends_on_a_missing_key(
    connection: "Connection", another: "Connection", database_url: str, directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    directory.remove(keyring.current.id)
    async with connection.transaction():
        assert await hold_current_epoch(connection, keyring.current.id)
        await store(connection, keyring.current)
        starting = asyncio.create_task(start(another, directory))
        await until_blocked(database_url, another, starting)
    with pytest.raises(KeyringUnusable, match=r"^1 stored payload can't be opened"):
        await starting


async def test_a_file_put_back_ends_the_loss(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    payload, _ = await store(connection, keyring.current, b"saved")
    path = directory.path / directory.name(keyring.current.id)
    copy = path.read_bytes()
    path.unlink()
    with pytest.raises(KeyringUnusable):
        await start(connection, directory)
    path.write_bytes(copy)
    assert await load(connection, await start(connection, directory), payload) == b"saved"


async def fill(connection: "Connection", lost: EpochKey, kept: EpochKey) -> bytes:
    """A room in which everything exists under the lost key and under the kept one."""
    room = secrets.token_bytes(32)
    await connection.execute(
        """
        INSERT INTO rooms (room, charter, charter_mac, policy, seat_limit, message_ttl, room_ttl,
                           created_at, expires_at)
        VALUES ($1, $2, $3, 2, 3, 1, 1, 1, 1)
        """,
        room,
        bytes(45),
        bytes(32),
    )
    for sequence, key in enumerate((lost, kept)):
        message, author = secrets.token_bytes(16), bytes([sequence]) * 16
        payload, _ = await store(connection, key, b"message")
        await connection.execute(
            """
            INSERT INTO messages (room, id, sequence, author, size, viewing_hash, digest, payload,
                                  everyone, posted_at, expires_at)
            VALUES ($1, $2, $3, $4, 1, $5, $5, $6, true, 1, 1)
            """,
            room,
            message,
            sequence,
            author,
            bytes(32),
            payload,
        )
        await connection.execute(
            "INSERT INTO audience (room, message, member) VALUES ($1, $2, $3)",
            room,
            message,
            author,
        )
    for number, (profile, resume) in enumerate(((lost, kept), (kept, lost), (None, None))):
        await connection.execute(
            """
            INSERT INTO seats (room, member, token_hash, profile, resume_hash, resume_key,
                               joined_at, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
            """,
            room,
            bytes([number]) * 16,
            bytes(32),
            (await store(connection, profile))[0] if profile else None,
            secrets.token_bytes(32) if resume else None,
            (await store(connection, resume))[0] if resume else None,
            number,
        )
    return room


async def test_an_accepted_loss_destroys_what_is_lost_and_nothing_else(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    first = await start(connection, directory)
    await retire(connection, first.current.id)
    second = await start(connection, directory)
    await fill(connection, first.current, second.current)
    await fill(connection, first.current, second.current)
    directory.remove(first.current.id)
    assert await find_loss(connection, directory, SOURCE) == Loss((first.current.id,), 6)

    assert await accept_loss(connection, directory, SOURCE) == Loss((first.current.id,), 6)

    assert await find_loss(connection, directory, SOURCE) == Loss((), 0)
    assert await count(connection, "payloads") == 6
    assert await count(connection, "payload_keys") == 6
    assert [row["sequence"] for row in await connection.fetch("SELECT * FROM messages")] == [1, 1]
    assert await count(connection, "audience") == 2
    assert await count(connection, "rooms") == 2
    seats = await connection.fetch("SELECT * FROM seats ORDER BY joined_at")
    assert [
        (seat["profile"] is None, seat["resume_key"] is None, seat["resume_hash"] is None)
        for seat in seats
    ] == [(True, False, False)] * 2 + [(False, True, True)] * 2 + [(True, True, True)] * 2
    again = await start(connection, directory)
    for row in await connection.fetch("SELECT id FROM payloads"):
        assert await load(connection, again, row["id"])


async def test_an_accepted_loss_waits_for_whoever_changes_a_room(
    connection: "Connection", another: "Connection", database_url: str, directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    room = await fill(connection, keyring.current, keyring.current)
    directory.remove(keyring.current.id)
    async with connection.transaction():
        await connection.execute("SELECT FROM rooms WHERE room = $1 FOR UPDATE", room)
        accepting = asyncio.create_task(accept_loss(another, directory, SOURCE))
        await until_blocked(database_url, another, accepting)
    assert (await accepting).payloads == 6


async def test_without_a_loss_nothing_is_destroyed(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    await fill(connection, keyring.current, keyring.current)
    assert await accept_loss(connection, directory, SOURCE) == Loss((), 0)
    assert await count(connection, "payloads") == 6
    assert await count(connection, "messages") == 2


async def test_a_wrong_encryption_key_is_never_accepted_as_a_loss(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    await fill(connection, keyring.current, keyring.current)
    with pytest.raises(WrongEncryptionKey):
        await accept_loss(connection, directory, GivenKeys(OTHER))
    third = EncryptionKeys(bytes.fromhex(OTHER))
    directory.write(keyring.current.id, keyring.current.key, third, secrets.token_bytes)
    with pytest.raises(WrongEncryptionKey):
        await accept_loss(connection, directory, SOURCE)
    assert await count(connection, "messages") == 2


async def test_the_wrong_directory_is_never_accepted_as_a_loss(
    connection: "Connection", directory: KeyringDirectory, tmp_path: Path
) -> None:
    keyring = await start(connection, directory)
    await fill(connection, keyring.current, keyring.current)
    empty = KeyringDirectory(tmp_path / "empty")
    empty.prepare()
    with pytest.raises(KeyringUnusable, match=r"index\.key is missing"):
        await accept_loss(connection, empty, SOURCE)
    assert await count(connection, "messages") == 2
