"""The embedded PostgreSQL: wherever DATA_DIR is, alone in it, silent, and never gone for long."""

import asyncio
import itertools
import os
import pwd
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import uvloop
from support.machines.database import DEBIAN_15
from support.machines.processes import is_running, of_process, program_of, status, wait_until_gone

from ephemeral.store.embedded import installation as installation_module
from ephemeral.store.embedded.cluster import Cluster, give_away
from ephemeral.store.embedded.installation import Installation, choose
from ephemeral.store.embedded.processes import User, spawn
from ephemeral.store.embedded.server import EmbeddedPostgres, running_dsn
from ephemeral.store.postgres import StoreUnavailable, connection, open_pool
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can change users")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR in which an instance has run, to be copied."""
    data_dir = tmp_path_factory.mktemp("made") / "data"

    async def make() -> None:
        async with EmbeddedPostgres(data_dir):
            pass

    asyncio.run(make())
    return data_dir


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    """A DATA_DIR of its own, with a database in it."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", made, copy], check=True)
    return copy


@pytest.fixture
async def running(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(data_dir) as database:
        yield database


def made_owner(data_dir: Path) -> tuple[int, int]:
    state = (data_dir / "postgres").stat()
    return state.st_uid, state.st_gid


def postmaster_of(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def socket_directory(data_dir: Path) -> Path:
    return (data_dir / "postgres.socket").readlink()


async def ask(dsn: str, question: str) -> object:
    opened = await asyncpg.connect(dsn)
    try:
        return await opened.fetchval(question)
    finally:
        await opened.close()


@asynccontextmanager
async def pooled(dsn: str) -> "AsyncIterator[Pool]":
    """A pool, made as soon as the server takes connections."""
    pool = await open_pool(dsn, size=4, wait_seconds=60)
    try:
        yield pool
    finally:
        await pool.close()


async def refusal(database: EmbeddedPostgres) -> str:
    """The sentence of a start that must fail."""
    with pytest.raises(StartError) as refused:
        await database.start()
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# Any path


STRANGE = [
    "with space", "it's", 'a "quote"', "dollar $HOME `id` ; %s {} \\", "größe-秘密", "two\nlines",
    "comma,equals=&host",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        # All that is strange at once; what one could hide from the other is tried before a release.
        pytest.param(" ".join(STRANGE), id="everything"),
        pytest.param("-D", id="an option"),
        pytest.param("/".join(["long" * 60] * 12), id="long"),
        *(pytest.param(name, marks=pytest.mark.release) for name in STRANGE),
    ],
)
async def test_any_path_will_do(name: str, tmp_path: Path):
    data_dir = tmp_path / name
    async with EmbeddedPostgres(data_dir) as database:
        assert await ask(database.dsn, "SELECT 6 * 7") == 42
    assert (data_dir / "postgres" / "PG_VERSION").read_text().strip() == "18"


async def test_a_relative_path_stays_where_it_was_though_the_program_moves(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(data_dir.parent)
    database = EmbeddedPostgres(Path(data_dir.name))
    monkeypatch.chdir("/")
    async with database:
        assert running_dsn(data_dir) == database.dsn


async def test_what_is_made_is_private_and_has_a_password_of_its_own(made: Path, tmp_path: Path):
    data_dir = tmp_path / "parent" / "data"
    async with EmbeddedPostgres(data_dir):
        runtime = socket_directory(data_dir)
        modes = {
            path: stat.S_IMODE(path.stat().st_mode)
            for path in (data_dir, data_dir / "postgres", runtime)
        }
        assert set(modes.values()) == {0o700}
        for name in ("lock", "postgres.log", "postgres/ephemeral.password"):
            assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600
        assert stat.S_IMODE((runtime / ".s.PGSQL.5432").stat().st_mode) == 0o700
    one, other = (
        (path / "postgres" / "ephemeral.password").read_text() for path in (made, data_dir)
    )
    assert one != other
    assert len(one) >= 43


# Whose it is


@linux
async def test_the_server_is_unprivileged_and_inherits_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ENCRYPTION_KEY", "planted-canary")
    async with EmbeddedPostgres(data_dir):
        pid = postmaster_of(data_dir)
        told = status(pid)
        assert "0" not in told["Uid"].split()
        assert "0" not in told["Gid"].split()
        assert int(told["CapEff"], 16) == 0
        assert told["NoNewPrivs"] == "1"
        if os.geteuid() == 0:
            assert told["Groups"] == ""
        assert "canary" not in of_process(pid, "environ")
        assert os.getsid(pid) != os.getsid(0)
        assert re.search(r"Max core file size +0 +0 ", of_process(pid, "limits"))


@as_root
async def test_run_by_root_a_new_database_belongs_to_an_id_that_no_account_has(made: Path):
    uids = {path.lstat().st_uid for path in (made / "postgres").rglob("*")}
    assert len(uids) == 1
    (uid,) = uids
    assert 60000 < uid < 65536
    with pytest.raises(KeyError):
        pwd.getpwuid(uid)


@as_root
async def test_run_by_root_a_database_keeps_the_owner_it_has(data_dir: Path):
    give_away(data_dir / "postgres", User(1234, 1234))
    async with EmbeddedPostgres(data_dir):
        assert status(postmaster_of(data_dir))["Uid"].split()[0] == "1234"
    assert made_owner(data_dir) == (1234, 1234)


@as_root
async def test_a_database_that_root_restored_from_a_backup_is_given_away_again(data_dir: Path):
    owner = made_owner(data_dir)
    give_away(data_dir / "postgres", User(0, 0))
    async with EmbeddedPostgres(data_dir) as database:
        assert await ask(database.dsn, "SELECT 1") == 1
    assert made_owner(data_dir) == owner


@as_root
async def test_programs_in_a_place_that_others_cannot_enter_are_brought_to_the_server(
    data_dir: Path, tmp_path: Path
):
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    installation = choose(None).copied_into(hidden)
    for path in [hidden, *hidden.rglob("*")]:
        if path.is_dir():
            path.chmod(0o700)
    async with EmbeddedPostgres(data_dir, installation=installation) as database:
        assert await ask(database.dsn, "SELECT 1") == 1
        runtime = socket_directory(data_dir).parent
        assert runtime in program_of(postmaster_of(data_dir)).parents
    assert not runtime.exists()


# Nobody else's


async def test_the_program_is_no_superuser_and_the_superuser_cannot_log_in(
    running: EmbeddedPostgres,
):
    assert await ask(running.dsn, "SELECT current_setting('is_superuser')") == "off"
    assert await ask(running.dsn, "SELECT current_database() = current_user") is True
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(running.dsn, user="postgres")


async def test_a_wrong_password_and_another_way_in_are_refused(
    running: EmbeddedPostgres, data_dir: Path
):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(running.dsn, password="wrong")
    assert await ask(running.dsn, "SHOW listen_addresses") == ""
    hba = "SELECT count(*) FROM unnest(ARRAY['host', 'trust', 'peer']) word WHERE strpos($$"
    rules = (data_dir / "postgres" / "pg_hba.conf").read_text()
    assert await ask(running.dsn, f"{hba}{rules}$$, word) > 0") == 0


async def test_a_second_instance_on_the_same_directory_is_refused_and_harms_nothing(
    running: EmbeddedPostgres, data_dir: Path
):
    before = postmaster_of(data_dir)
    assert await refusal(EmbeddedPostgres(data_dir)) == (
        f"DATA_DIR {data_dir} is in use by another running instance."
    )
    assert postmaster_of(data_dir) == before
    assert running_dsn(data_dir) == running.dsn
    assert await ask(running.dsn, "SELECT 1") == 1


async def test_another_command_finds_the_running_database_and_only_that(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    # A variable that is for another database, as somebody's shell may have it.
    monkeypatch.setenv("PGPORT", "5433")
    assert running_dsn(data_dir) is None
    async with EmbeddedPostgres(data_dir) as database:
        assert running_dsn(data_dir) == database.dsn
        assert await ask(database.dsn, "SELECT 1") == 1
    assert running_dsn(data_dir) is None
    assert running_dsn(data_dir.parent / "nothing") is None


# Silence


async def test_no_value_reaches_the_log_whatever_goes_wrong(
    running: EmbeddedPostgres, data_dir: Path
):
    opened = await asyncpg.connect(running.dsn)
    await opened.execute("CREATE TABLE t (v text PRIMARY KEY, n int CHECK (n > 0))")
    await opened.execute("INSERT INTO t VALUES ($1, 1)", "canary")
    for statement, arguments in [
        ("INSERT INTO t VALUES ($1, 1)", ["canary"]),
        ("INSERT INTO t VALUES ($1, 0)", ["canary too"]),
        ("SELECT 'canary'::int", []),
        ("SELECT * FROM canary", []),
        ("SELECT ' canary", []),
        ("SELECT $1::text::uuid", ["canary"]),
    ]:
        with pytest.raises(asyncpg.PostgresError):
            await opened.execute(statement, *arguments)
    await opened.execute("DO $$BEGIN RAISE WARNING 'canary'; END$$")
    await opened.close()
    log = (data_dir / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "canary" not in log


@linux
async def test_a_crashed_backend_is_logged_without_its_statement(
    running: EmbeddedPostgres, data_dir: Path
):
    opened = await asyncpg.connect(running.dsn)
    os.kill(opened.get_server_pid(), signal.SIGKILL)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await opened.fetchval("SELECT count(*), 'canary' FROM generate_series(1, 1000000000)")
    opened.terminate()
    async with pooled(running.dsn):
        pass
    log = (data_dir / "postgres.log").read_text()
    assert "was terminated by signal 9" in log
    assert "canary" not in log


async def test_the_settings_that_protect_can_not_be_weakened_by_the_configuration_file(
    data_dir: Path,
):
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("log_statement = all\nlisten_addresses = '*'\nfsync = off\nwork_mem = 5MB\n")
    async with EmbeddedPostgres(data_dir) as database:
        for name, value in {
            "log_statement": "none", "log_min_error_statement": "panic",
            "log_min_duration_statement": "-1", "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0", "log_error_verbosity": "terse",
            "log_min_messages": "log", "log_duration": "off", "listen_addresses": "",
            "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off",
            "data_checksums": "on", "work_mem": "5MB", "server_encoding": "UTF8",
        }.items():  # fmt: skip
            assert await ask(database.dsn, f"SHOW {name}") == value, name


async def test_a_long_log_is_begun_anew(data_dir: Path):
    log = data_dir / "postgres.log"
    log.write_bytes(b"old\n" * (1 << 19))
    async with EmbeddedPostgres(data_dir):
        pass
    assert log.stat().st_size < 1 << 16


# Ends and beginnings


async def test_stopping_is_clean_and_leaves_nothing_behind(data_dir: Path):
    async with EmbeddedPostgres(data_dir) as database:
        pid = postmaster_of(data_dir)
        runtime = socket_directory(data_dir).parent
        await ask(database.dsn, "CREATE TABLE t ()")
    assert not is_running(pid)
    assert not runtime.exists()
    assert not (data_dir / "postgres.socket").is_symlink()
    assert cluster_state(data_dir) == "shut down"


async def test_stopping_twice_or_without_a_start_is_harmless(data_dir: Path):
    database = EmbeddedPostgres(data_dir)
    await database.stop()
    await database.start()
    await database.stop()
    await database.stop()


async def test_a_start_that_was_cancelled_leaves_no_server_and_no_lock(data_dir: Path):
    starting = asyncio.create_task(EmbeddedPostgres(data_dir).start())
    while not (data_dir / "postgres" / "postmaster.pid").exists():  # noqa: ASYNC110 - no event
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    async with EmbeddedPostgres(data_dir) as database:
        assert await ask(database.dsn, "SELECT 1") == 1


async def test_kill_9_of_the_postmaster_loses_no_committed_row_and_the_pool_recovers(
    running: EmbeddedPostgres, data_dir: Path
):
    dsn = running.dsn
    async with pooled(dsn) as pool:
        await pool.execute("CREATE TABLE kept (n int PRIMARY KEY)")
        committed = 0
        for _ in range(2):
            pid = postmaster_of(data_dir)
            committed += await insert_until_killed(pool, committed, pid)
            found = await insist(pool, "SELECT n FROM kept")
            assert found >= set(range(committed))
            # The last one may have been committed though its answer was lost.
            assert found <= set(range(committed + 1))
            committed = len(found)
            assert postmaster_of(data_dir) != pid
    assert running.dsn == dsn


async def insert_until_killed(pool: "Pool", begin: int, pid: int) -> int:
    """Commit row after row, kill the server meanwhile, and tell how many commits were answered."""
    for number in itertools.count():
        try:
            async with connection(pool) as each:
                await each.execute("INSERT INTO kept VALUES ($1)", begin + number)
        except StoreUnavailable:
            return number
        if number == 50:
            os.kill(pid, signal.SIGKILL)
    raise AssertionError


async def insist(pool: "Pool", question: str) -> set[object]:
    """Ask until the database is there again."""
    while True:
        try:
            async with connection(pool) as each:
                return {row[0] for row in await each.fetch(question)}
        except StoreUnavailable:
            # Another task starts the server.
            await asyncio.sleep(0)


async def test_a_server_that_was_stopped_from_outside_is_started_again(
    running: EmbeddedPostgres, data_dir: Path
):
    pid = postmaster_of(data_dir)
    os.kill(pid, signal.SIGINT)
    wait_until_gone(pid)
    async with pooled(running.dsn) as pool:
        assert await pool.fetchval("SELECT 1") == 1


async def test_while_the_server_cannot_start_again_every_sentence_is_logged_and_then_it_can(
    running: EmbeddedPostgres, data_dir: Path, caplog: pytest.LogCaptureFixture
):
    control = data_dir / "postgres" / "global" / "pg_control"
    hidden = control.with_name("hidden")
    control.rename(hidden)
    os.kill(postmaster_of(data_dir), signal.SIGKILL)
    while "doesn't start" not in caplog.text:  # noqa: ASYNC110 - a record is no event
        await asyncio.sleep(0)
    hidden.rename(control)
    async with pooled(running.dsn):
        pass
    assert "runs again" in caplog.text


async def test_a_server_that_outlived_its_program_is_taken_over_without_loss(data_dir: Path):
    with tempfile.TemporaryDirectory(prefix="orphan", dir="/tmp") as sockets:
        orphan = await orphaned(Cluster(data_dir / "postgres"), Path(sockets))
        async with EmbeddedPostgres(data_dir) as database:
            assert orphan.returncode == 0
            assert await ask(database.dsn, "SELECT count(*) FROM kept") == 1


async def orphaned(cluster: Cluster, sockets: Path) -> asyncio.subprocess.Process:
    """A server that nobody watches, with a committed row."""
    user = cluster.user()
    os.chown(sockets, user.uid, user.gid)
    arguments = cluster.server_arguments(sockets)
    program = choose(18).postgres
    process = await spawn(
        user, cluster.path, program, *arguments, output=asyncio.subprocess.DEVNULL
    )
    address = f"postgresql://ephemeral:{cluster.password()}@/ephemeral?host={sockets}"
    async with pooled(address) as pool:
        await pool.execute("CREATE TABLE kept AS SELECT 1 AS n")
    return process


async def test_a_process_id_that_now_belongs_to_another_program_is_no_obstacle(data_dir: Path):
    uid, gid = made_owner(data_dir)
    stranger = await spawn(User(uid, gid), Path("/"), Path("/bin/sleep"), "1000")
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n/proc/self/fd/3\n1\n5432\n/tmp/x\n\n 1 1\nready   \n")
    os.chown(pid_file, uid, gid)
    try:
        async with EmbeddedPostgres(data_dir) as database:
            assert await ask(database.dsn, "SELECT 1") == 1
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_what_a_killed_instance_left_outside_is_removed_and_nothing_of_others(
    data_dir: Path, tmp_path: Path
):
    theirs = tmp_path / "ephemeral-theirs"
    left = Path("/tmp") / f"ephemeral-left-{os.getpid()}"
    for directory in (theirs, left):
        (directory / "s").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(theirs, 4321, 4321)
    link = data_dir / "postgres.socket"
    link.symlink_to(left / "s")
    async with EmbeddedPostgres(data_dir):
        assert not left.exists()
    if os.geteuid() == 0:
        link.symlink_to(theirs / "s")
        async with EmbeddedPostgres(data_dir):
            assert theirs.exists()


async def test_a_half_made_database_is_made_again(tmp_path: Path):
    left = tmp_path / "data" / "postgres.new"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(tmp_path / "data") as database:
        assert await ask(database.dsn, "SELECT 1") == 1
    assert not left.exists()


def test_it_runs_on_uvloop_too(data_dir: Path):
    async def run() -> None:
        async with EmbeddedPostgres(data_dir) as database:
            assert await ask(database.dsn, "SELECT 1") == 1
            os.kill(postmaster_of(data_dir), signal.SIGKILL)
            async with pooled(database.dsn):
                pass

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


# Sentences


def remove_version(postgres: Path) -> None:
    (postgres / "PG_VERSION").unlink()


def remove_control(postgres: Path) -> None:
    (postgres / "global" / "pg_control").unlink()


def damage_control(postgres: Path) -> None:
    (postgres / "global" / "pg_control").write_bytes(bytes(8192))


def remove_password(postgres: Path) -> None:
    (postgres / "ephemeral.password").unlink()


def be_ancient(postgres: Path) -> None:
    (postgres / "PG_VERSION").write_text("12\n")


def misconfigure(postgres: Path) -> None:
    with (postgres / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = many\n")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (remove_version, r"postgres is damaged, or no directory of PostgreSQL's\.$"),
        (remove_control, r"postgres doesn't start: .*pg_control"),
        (damage_control, r"postgres doesn't start: "),
        (remove_password, r"postgres is damaged: ephemeral\.password can't be read\.$"),
        (be_ancient, r"made by PostgreSQL 12, and this program brings .*18.*: dump it"),
        (misconfigure, r"postgres doesn't start: .*configuration"),
    ],
)
async def test_a_damaged_directory_is_one_sentence_and_is_not_touched(
    damage: Callable[[Path], None], sentence: str, data_dir: Path
):
    damage(data_dir / "postgres")
    names = sorted(path.name for path in (data_dir / "postgres").iterdir())
    assert re.search(sentence, await refusal(EmbeddedPostgres(data_dir)))
    assert sorted(path.name for path in (data_dir / "postgres").iterdir()) == names


async def test_a_start_that_failed_can_be_tried_again(data_dir: Path):
    password = data_dir / "postgres" / "ephemeral.password"
    kept = password.read_bytes()
    password.unlink()
    database = EmbeddedPostgres(data_dir)
    await refusal(database)
    password.write_bytes(kept)
    async with database:
        assert await ask(database.dsn, "SELECT 1") == 1


async def test_a_data_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for data_dir in (tmp_path / "file", tmp_path / "file" / "data", tmp_path / ("x" * 300)):
        sentence = await refusal(EmbeddedPostgres(data_dir))
        assert sentence.startswith(f"DATA_DIR {data_dir} can't be used: ")


def mounted(directory: Path, options: str) -> bool:
    """Whether a small file system of memory could be put at a directory; needs root's rights."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(directory: Path) -> None:
    subprocess.run(["umount", directory], check=True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [("size=4m", r"is full\.$"), ("ro", r"can't be used: Read-only file system\.$")],
)
async def test_a_full_and_a_read_only_data_directory_are_one_sentence(
    options: str, sentence: str, tmp_path: Path
):
    place = tmp_path / "small"
    if not mounted(place, options):
        pytest.skip("NOT TESTED: this process may not mount a small file system")
    try:
        assert re.search(sentence, await refusal(EmbeddedPostgres(place / "data")))
    finally:
        unmount(place)


async def test_an_installation_of_another_version_is_refused(data_dir: Path):
    other = Installation(choose(18).root, 17)
    assert await refusal(EmbeddedPostgres(data_dir, installation=other)) == (
        f"The database in DATA_DIR was made by PostgreSQL 18, and {other.root} is 17."
    )


def test_an_installation_that_does_not_run_is_one_sentence(tmp_path: Path):
    with pytest.raises(StartError, match="doesn't run on this machine"):
        Installation.at(tmp_path)


def test_where_there_is_no_wheel_the_way_without_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installation_module, "find_spec", lambda _: None)
    with pytest.raises(StartError, match="Set DATABASE_URL to a PostgreSQL of yours, or use the"):
        choose(None)


# Debian's


@pytest.mark.skipif(
    not (DEBIAN_15 / "bin/initdb").exists(), reason="NOT TESTED: Debian's PostgreSQL 15 is absent"
)
async def test_the_oldest_supported_version_runs_with_the_same_launcher(tmp_path: Path):
    debian = Installation.at(DEBIAN_15)
    assert debian.major == 15
    data_dir = tmp_path / "with 'quote'"
    for _ in range(2):
        async with EmbeddedPostgres(data_dir, installation=debian) as database:
            assert str(await ask(database.dsn, "SHOW server_version")).startswith("15.")
            os.kill(postmaster_of(data_dir), signal.SIGKILL)
            async with pooled(database.dsn):
                pass
    assert "FATAL:  database files" not in (data_dir / "postgres.log").read_text()


def cluster_state(data_dir: Path) -> str:
    """What the database's control file says of how it was left."""
    control = choose(18).root / "bin" / "pg_controldata"
    answer = subprocess.run(
        [control, "-D", data_dir / "postgres"], capture_output=True, text=True, check=True
    )
    found = re.search(r"Database cluster state: +(.*)", answer.stdout)
    assert found is not None
    return found[1]
