"""The program at its start and end: every fault one clear sentence, every stop clean."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import httpx
import pytest
from support.machines.passage import DatabasePassage
from support.machines.server import PYTHONPATH, Program, program
from support.machines.users import GROUP, NOBODYS_UID, as_nobodys, folder_for_all
from support.people.raw_client import Client, Message

import app
from ephemeral import __main__ as entry
from ephemeral.settings import Settings

Serve = Callable[..., Program]
KEY = "ab" * 32
UNREACHABLE = "postgresql://someone:hidden-word@127.0.0.1:1/nowhere"


def run(
    folder: Path, *arguments: str, just_started: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """One command of the program, to its end; `just_started` as of `program`."""
    started = program(
        *arguments,
        environment={"DATABASE_WAIT_SECONDS": "0", "DATA_DIR": str(folder), **environment},
        folder=folder,
        just_started=just_started,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = started.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, started.returncode, output, errors)


def assert_refused(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """One sentence on standard error, exit code 1, nothing else, nothing secret."""
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.rstrip().endswith("."), ended.stderr
    for word in words:
        assert word in ended.stderr, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hidden-word" not in ended.stderr
    assert KEY not in ended.stderr


@pytest.mark.parametrize(
    ("platform", "version", "words"),
    [
        ("linux", (3, 10), "needs Python 3.11 or newer, and this is 3.10: "),
        ("win32", (3, 12), "doesn't run on Windows itself: use WSL, or the container image."),
        ("linux", (3, 11), None),
        ("darwin", (3, 15), None),
    ],
)
def test_where_it_can_not_run_it_says_so_before_anything_else(
    platform: str,
    version: tuple[int, int],
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    said = entry._unfit(platform, version)
    assert (said is None) == (words is None)
    if said is not None and words is not None:
        assert words in said
        monkeypatch.setattr(entry, "_unfit", lambda *_: said)
        assert entry.main(["serve"]) == 1
        assert capsys.readouterr() == ("", f"{said}\n")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


# What can be wrong at the start


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PORT", "many"),
        ("PORT", "70000"),
        ("LEASE_SECONDS", "-1"),
        ("LEASE_SECONDS", "99999999999999999999"),
        ("KDF", "md5"),
        ("WORKERS", "2"),
        ("BASE_PATH", "chat"),
        ("TRUSTED_PROXIES", "everybody"),
        ("DATABASE_URL", "mysql://somewhere"),
        ("ENCRYPTION_KEY", "short"),
        ("ENCRYPTION_KEY", "xy" * 32),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, setting: str, value: str):
    # One in a Python of its own, which prints whatever one that is starting would.
    ended = run(tmp_path, "serve", just_started=value == "many", **{setting: value})
    assert_refused(ended, setting)
    assert list(tmp_path.iterdir()) == []


def test_a_start_tells_of_sentences_that_are_not_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    web = tmp_path / "web"
    shutil.copytree(app.WEB, web)
    monkeypatch.setattr(app, "WEB", web)
    settings = Settings.parse({"DATA_DIR": str(tmp_path)})
    app.Site(settings)
    assert caplog.messages == []
    german = web / "catalogue" / "de.json"
    sentences = json.loads(german.read_text("utf-8"))
    german.write_text(json.dumps(dict(list(sentences.items())[:-3])), "utf-8")
    app.Site(settings)
    (told,) = caplog.messages
    assert f"de (Deutsch) lacks 3 of {len(sentences)} sentences" in told


def test_a_database_that_can_t_be_reached_is_told(tmp_path: Path):
    ended = run(tmp_path, "serve", PORT="0", DATABASE_URL=UNREACHABLE, ENCRYPTION_KEY=KEY)
    assert_refused(ended, "database")


@pytest.mark.parametrize(
    ("raising", "sentence"),
    [
        ("RAISE SQLSTATE '53100'", "The database's disk is full"),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "The database has closed"),
    ],
)
async def test_a_database_that_fails_in_the_middle_of_a_start_is_told(
    raising: str, sentence: str, tmp_path: Path, database_url: str
):
    operator = await asyncpg.connect(database_url)
    await operator.execute(
        f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {doubled(raising)}; "
        "RETURN NULL; END'; CREATE TRIGGER fail BEFORE INSERT ON epochs EXECUTE FUNCTION fail()"
    )
    await operator.close()
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEY": KEY, "PORT": "0"}
    ended = await asyncio.to_thread(run, tmp_path, "serve", **settings)
    assert_refused(ended, sentence)


def doubled(statement: str) -> str:
    """As it stands within quotes."""
    return statement.replace("'", "''")


def test_a_missing_key_is_asked_for_before_the_database_is(tmp_path: Path):
    ended = run(tmp_path, "serve", PORT="0", DATABASE_URL=UNREACHABLE)
    assert_refused(ended, "ENCRYPTION_KEY")


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, database_url: str):
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(0o644)
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEY_FILE": str(path), "PORT": "0"}
    assert_refused(run(tmp_path, "serve", **settings), str(path))


def test_a_port_that_is_taken_is_told_before_anything_is_started(tmp_path: Path, taken_port: int):
    ended = run(tmp_path, "serve", PORT=str(taken_port))
    assert_refused(ended, str(taken_port), "PORT")
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_another_machine_is_refused(tmp_path: Path):
    assert_refused(run(tmp_path, "serve", PORT="0", HOST="192.0.2.1"), "192.0.2.1")
    assert_refused(run(tmp_path, "serve", PORT="0", HOST="no such host"), "HOST")


def test_a_data_directory_that_can_t_be_written_is_told(tmp_path: Path):
    blocked = tmp_path / "file" / "data"
    (tmp_path / "file").write_text("in the way")
    ended = run(tmp_path, "serve", PORT="0", DATA_DIR=str(blocked))
    assert_refused(ended, "DATA_DIR", str(blocked))


def test_a_keyring_directory_that_others_can_enter_is_refused(tmp_path: Path, database_url: str):
    keyring = tmp_path / "keyring"
    keyring.mkdir(mode=0o755)
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEY": KEY, "PORT": "0"}
    ended = run(tmp_path, "serve", KEYRING_DIR=str(keyring), **settings)
    assert_refused(ended, str(keyring))


@pytest.fixture
async def passage(database_url: str) -> AsyncIterator[DatabasePassage]:
    """A way to the database for users who may not enter the directory of its socket."""
    made = DatabasePassage(database_url)
    await made.mend()
    yield made
    await made.cut()


async def test_a_user_id_without_an_account_and_a_home_is_as_good_as_another(
    passage: DatabasePassage,
):
    """As OpenShift gives one. Of its own it has a directory, and a key by its group."""
    with folder_for_all() as folder:
        key = folder / "key"
        key.write_text(f"{KEY}\n")
        key.chmod(0o440)
        os.chown(key, 0, GROUP)
        (folder / "data").mkdir(mode=0o700)
        os.chown(folder / "data", NOBODYS_UID, NOBODYS_UID)
        started = await asyncio.create_subprocess_exec(
            *as_nobodys(), sys.executable, "-m", "ephemeral", "check",
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={
                "PATH": "/usr/bin", "PYTHONPATH": PYTHONPATH, "DATA_DIR": str(folder / "data"),
                "DATABASE_URL": passage.dsn, "ENCRYPTION_KEY_FILE": str(key),
            },
        )  # fmt: skip
        said, _ = await started.communicate()
        assert (started.returncode, b"All is well" in said) == (0, True), said
        assert (folder / "data/keyring/keyring.lock").stat().st_uid == NOBODYS_UID


def test_a_data_directory_in_use_is_refused_and_its_user_goes_on(serve: Serve, tmp_path: Path):
    running = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    ended = run(tmp_path, "serve", PORT="0", DATA_DIR=running.environment["DATA_DIR"])
    assert_refused(ended, "in use")
    assert httpx.get(f"{running.url}/readyz", trust_env=False).status_code == 200


async def test_another_key_than_the_stored_epochs_need_is_refused(serve: Serve, tmp_path: Path):
    running = serve()
    async with Client(running.url, running.ws_url) as client:
        room = await client.room()
        await (await room.member()).post(Message())
    running.stop()
    environment = {**running.environment, "ENCRYPTION_KEY": secrets.token_hex(32), "PORT": "0"}
    assert_refused(run(tmp_path, "serve", **environment), "ENCRYPTION_KEY")
    running.start()


async def test_stored_payloads_without_their_key_are_counted_and_can_be_let_go(
    serve: Serve, tmp_path: Path
):
    running = serve()
    async with Client(running.url, running.ws_url) as client:
        room = await client.room()
        member = await room.member()
        for _ in range(3):
            await member.post(Message())
        running.stop()
        [epoch] = (running.folder / "keyring").glob("epoch-*.key")
        epoch.unlink()
        environment = {**running.environment, "PORT": "0"}
        assert_refused(run(tmp_path, "serve", **environment), "3", "--accept-loss")
        checked = run(tmp_path, "check", **environment)
        assert_refused(checked, "3", "--accept-loss")
        accepted = run(tmp_path, "check", "--accept-loss", **environment)
        assert (accepted.returncode, accepted.stderr) == (0, "")
        assert "3" in accepted.stdout
        assert run(tmp_path, "check", **environment).returncode == 0
        running.start()
        waiting = await member.http("GET", "/room/messages")
        assert waiting.json()["notices"] == []


async def test_a_differing_kdf_is_refused_while_a_room_lives(serve: Serve, tmp_path: Path):
    running = serve()
    async with Client(running.url, running.ws_url) as client:
        room = await client.room()
        member = await room.member()
        running.stop()
        environment = {**running.environment, "PORT": "0", "KDF": "pbkdf2"}
        assert_refused(run(tmp_path, "serve", **environment), "KDF")
        running.start()
        assert (await member.http("DELETE", "/room")).status_code == 204
        salt = (await client.api.get("/config")).json()["salt"]
        running.stop()
        running.environment["KDF"] = "pbkdf2"
        running.start()
        config = (await client.api.get("/config")).json()
        assert (config["kdf"]["name"], config["salt"]) == ("pbkdf2", salt)


# How it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_with_its_embedded_database(serve: Serve, number: signal.Signals):
    # One of them makes its database, the other finds it.
    first_start = number == signal.SIGTERM
    running = serve(DATABASE_URL="", ENCRYPTION_KEY="", first_start=first_start)
    data = Path(running.environment["DATA_DIR"])
    postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    running.signal(number)
    assert running.wait() == 0
    assert not (data / "postgres" / "postmaster.pid").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)
    assert running.output().splitlines()[-1] == "Ephemeral has stopped."


async def test_what_was_stored_is_there_after_a_kill_of_everything(serve: Serve):
    running = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    async with Client(running.url, running.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        assert (await author.post(message)).status_code == 201
        running.kill()
        running.start()
        assert (await reader.open(message)).json()["envelope"] == message.envelope


def test_it_says_where_it_is_open_and_nothing_else(server: Program):
    [line] = server.output().splitlines()
    assert f"http://127.0.0.1:{server.port}/" in line


# Beside serving


def test_health_is_asked_of_the_server_that_runs(serve: Serve, tmp_path: Path):
    running = serve(BASE_PATH="/chat")
    asked = run(tmp_path, "check", "--health", **running.environment)
    assert (asked.returncode, asked.stderr) == (0, "")
    running.stop()
    asked = run(tmp_path, "check", "--health", **running.environment)
    assert asked.returncode == 1
    assert asked.stdout == ""


def test_migrating_checking_and_backing_up_work_beside_a_running_server_and_without_one(
    serve: Serve, tmp_path: Path
):
    running = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    for time in ("beside", "without"):
        file = tmp_path / time
        for command in (["migrate"], ["check"], ["backup", str(file)]):
            ended = run(tmp_path, *command, **running.environment)
            assert (ended.returncode, ended.stderr) == (0, ""), command
        assert file.stat().st_mode & 0o777 == 0o600
        running.stop()
    running.start()


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ("", "TRUSTED_PROXIES is empty: limits go by the address of each connection."),
        ("10.0.0.0/8,unix", "limits go by the addresses that 10.0.0.0/8, unix tell."),
    ],
)
def test_checking_tells_by_which_addresses_is_counted(
    tmp_path: Path, database_url: str, proxies: str, told: str
):
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEY": KEY, "TRUSTED_PROXIES": proxies}
    ended = run(tmp_path, "check", **settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert told in ended.stdout


@pytest.mark.parametrize("command", ["check", "restore-accept"])
async def test_a_database_that_was_restored_in_part_is_not_taken_for_a_whole_one(
    tmp_path: Path, database_url: str, command: str
):
    operator = await asyncpg.connect(database_url)
    await operator.execute("DROP INDEX epochs_one_current")
    await operator.close()
    ended = run(tmp_path, command, DATABASE_URL=database_url, ENCRYPTION_KEY=KEY)
    assert_refused(ended, "The database lacks the key epochs_one_current: restore it whole.")


async def test_keys_are_rotated_while_the_server_runs(serve: Serve, tmp_path: Path):
    running = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    async with Client(running.url, running.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        before, after = Message(), Message()
        await author.post(before)
        key = Path(running.environment["DATA_DIR"]) / "encryption.key"
        old = key.read_text()
        rotated = run(tmp_path, "rotate-keys", **running.environment)
        assert (rotated.returncode, rotated.stderr) == (0, "")
        assert key.read_text() != old
        await author.post(after)
        running.restart()
        for message in (before, after):
            assert (await reader.open(message)).json()["envelope"] == message.envelope


def test_an_unknown_command_is_refused_and_not_repeated_because_it_may_be_a_code(tmp_path: Path):
    ended = run(tmp_path, "conjure", just_started=True)
    assert ended.returncode == 2
    assert "there is no command of that name" in ended.stderr
    assert "conjure" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", [["read", "--id"], ["seal", "--room", "none", "--member"]])
def test_an_id_that_begins_with_a_hyphen_is_an_id(tmp_path: Path, command: list[str]):
    ended = run(tmp_path, *command, "-0wDITv2eX-NWUu1Vr-74w")
    assert ended.returncode != 0
    assert "expected one argument" not in ended.stderr
    assert "no option" not in ended.stderr
