"""Files of account holders at the command line, against the real server."""

import json
import os
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.account_holders import Machine
from support.people.command_line import Cli

from ephemeral.client.conversations.engine import Conversations
from ephemeral.client.conversations.service import Service
from ephemeral.client.exits import Exit, unreachable
from ephemeral.client.files import downloading
from ephemeral.client.files.objects import Objects
from ephemeral.client.files.service import FileService
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import FILE
from ephemeral.protocol.limits import ID_SIZE

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "cleaning.json"
CASES = {one["name"]: one for one in json.loads(VECTORS.read_text("utf-8"))["cases"]}
FILM = bytes.fromhex(CASES["film_android"]["in"]["data"])
CLEAN = bytes.fromhex(CASES["film_android"]["out"]["data"])
# Three segments.
LARGE = 2 * 2**20 + 5


@pytest.fixture
def ada(cli: Cli) -> Machine:
    """Somebody."""
    machine = Machine(cli, "ada")
    machine.register("ada")
    return machine


@pytest.fixture
def bob(cli: Cli, ada: Machine) -> Machine:
    """A contact of hers."""
    machine = Machine(cli, "bob")
    machine.register("bob")
    link = ada.json("invite")["link"]
    machine.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})
    return machine


def looking_like_an_option(size: int) -> bytes:
    """Random bytes, of which those that are ids begin with a hyphen where they are written."""
    return (b"\xf8" if size == ID_SIZE else b"") + os.urandom(size - (size == ID_SIZE))


class Line:
    """The line on which objects travel: counted, and broken where it is said.

    `loses`: the answer to the next message that names a file is lost.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.carried: list[tuple[str, int]] = []
        self.left = 1_000
        for name in ("put", "get"):
            monkeypatch.setattr(Objects, name, self._counted(name, getattr(Objects, name)))
        self.loses, self._named = False, False
        said, posted = Conversations.send, Service.post

        async def say(talk, conversation, kind, *given):
            self._named = kind == FILE
            return await said(talk, conversation, kind, *given)

        async def post(service, *given):
            answer = await posted(service, *given)
            if self.loses and self._named:
                self.loses = False
                raise unreachable("The line is broken.")
            return answer

        monkeypatch.setattr(Conversations, "send", say)
        monkeypatch.setattr(Service, "post", post)

    def _counted(self, name, whole):
        async def carried(objects, address, *given):
            if self.left == 0:
                raise unreachable("The line is broken.")
            self.left -= 1
            self.carried.append((name, address.segment))
            return await whole(objects, address, *given)

        return carried


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def test_a_film_arrives_without_its_place_and_ends_for_everybody(
    cli: Cli, ada: Machine, bob: Machine
):
    film = cli.folder / "Strand.mp4"
    film.write_bytes(FILM)
    sent = ada.json("files", "send", str(film), "bob", random=looking_like_an_option)
    assert sent["file"].startswith("-")
    assert sent["made_by"] == "clean-1"
    [told] = [one for one in bob.lines("inbox") if one.get("kind") == "file"]
    # Keys are no business of those who read what is printed.
    assert told["files"] == [sent["file"]]
    assert "key" not in json.dumps(told)
    [listed] = bob.lines("files")
    assert (listed["name"], listed["state"], listed["own"]) == ("Strand.mp4", "complete", False)
    # Of an earlier run, and longer than it may be: nobody has verified the tail.
    draft = cli.folder / f".{sent['file']}.part"
    draft.touch(0o600)
    draft.write_bytes(CLEAN + b"tail")
    saved = [Path(bob.json("files", "get", sent["file"])["saved"]) for _ in range(2)]
    assert [one.name for one in saved] == ["Strand (2).mp4", "Strand (3).mp4"]
    assert {one.read_bytes() for one in saved} == {CLEAN}
    assert {one.stat().st_mode & 0o777 for one in saved} == {0o600}
    ada.run("files", "forget", sent["file"])
    assert bob.refused("files", "get", sent["file"]) == "file_unknown"
    assert ada.run("files").returncode == Exit.NOTHING
    assert not list(cli.folder.glob(".*.part"))


def test_what_was_begun_goes_on_where_it_was(
    cli: Cli, ada: Machine, bob: Machine, line: Line, monkeypatch: pytest.MonkeyPatch
):
    large, data = cli.folder / "large.bin", os.urandom(LARGE)
    large.write_bytes(data)
    given = ("files", "send", str(large), "bob", "--keep-metadata")
    line.loses = True
    assert ada.refused(*given) == "unreachable"
    line.left = 1
    assert ada.refused(*given) == "unreachable"
    # It was named once, by what had waited to be sent.
    [told] = [one for one in bob.lines("inbox") if one.get("kind") == "file"]
    [file] = told["files"]
    # Nobody saves what its sender hasn't confirmed.
    line.left = 1_000
    early = bob.run("files", "get", file, "--json")
    assert early.returncode == Exit.NOTHING
    assert json.loads(early.stdout)["error"]["code"] == "file_unconfirmed"
    # Other content of the same length is another file.
    large.write_bytes(os.urandom(LARGE))
    assert ada.refused(*given) == "usage"
    large.write_bytes(data)
    assert ada.json(*given)["file"] == file
    # The first was stored, and looked for by nobody: it is put again, and stands there.
    puts = [segment for name, segment in line.carried if name == "put"]
    assert sorted(set(puts)) == [0, 1, 2]
    assert len(puts) <= 4
    # One message, and one word that all is there.
    assert bob.run("inbox", "--json").returncode == Exit.NOTHING
    line.carried, line.left = [], 2
    synced, sync = [], os.fsync
    monkeypatch.setattr(downloading, "AT_ONCE", 1)

    def watched(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    target = cli.folder / "got.bin"
    assert bob.refused("files", "get", file, "-o", str(target)) == "unreachable"
    assert not target.exists()
    # What the next run believes is on the disk, whatever ended this one.
    assert 2 * 2**20 in synced
    line.left = 1_000
    bob.json("files", "get", file, "-o", str(target))
    assert target.read_bytes() == data
    assert [segment for _, segment in line.carried] == [0, 1, 2]
    assert bob.refused("files", "get", file, "-o", str(target)) == "usage"


def test_a_key_that_is_forgotten_stays_so_though_its_message_waits(
    cli: Cli, ada: Machine, bob: Machine
):
    (cli.folder / "notes.txt").write_bytes(b"notes")
    file = ada.json("files", "send", str(cli.folder / "notes.txt"), "bob")["file"]
    assert bob.lines("files")[0]["name"] == "notes.txt"
    bob.run("files", "forget", file)
    assert "name" not in bob.lines("files")[0]
    bob.lines("inbox")
    assert bob.refused("files", "get", file) == "file_unknown"


def test_what_was_begun_in_vain_stands_in_nobodys_way(
    cli: Cli, ada: Machine, bob: Machine, line: Line, monkeypatch: pytest.MonkeyPatch
):
    notes = cli.folder / "notes.txt"
    given = ("files", "send", str(notes), "bob")
    notes.write_bytes(b"much too much")
    with monkeypatch.context() as patched:

        async def full(*_given):
            raise Refusal("quota_full")

        patched.setattr(FileService, "make", full)
        assert ada.refused(*given) == "quota_full"
    notes.write_bytes(b"less")
    line.left = 0
    assert ada.refused(*given) == "unreachable"
    # Its message names other content: it is given up by the id that is told.
    notes.write_bytes(b"something else")
    refused = ada.run(*given)
    assert refused.returncode == Exit.USAGE
    [begun] = re.findall("files forget ([^`]+)`", refused.stderr)
    assert ada.run("files", "forget", begun).returncode == Exit.OK
    line.left = 1_000
    sent = ada.json(*given)["file"]
    bob.lines("inbox")
    assert Path(bob.json("files", "get", sent)["saved"]).read_bytes() == b"something else"


def test_parts_that_come_too_fast_are_sent_and_fetched_a_little_later(
    serve: Callable[..., Program], tmp_path: Path
):
    """Takes the second or two that the server asks to wait for."""
    # A part of a MiB counts as 24.
    with closing(Cli(serve(OBJECT_REQUESTS_PER_ADDRESS="40/1").url, tmp_path)) as cli:
        ada, bob = Machine(cli, "ada"), Machine(cli, "bob")
        for one in (ada, bob):
            one.register(one.name)
        bob.json(
            "invite", "--redeem", environment={"EPHEMERAL_INVITATION": ada.json("invite")["link"]}
        )
        large, data = cli.folder / "large.bin", os.urandom(LARGE)
        large.write_bytes(data)
        file = ada.json("files", "send", str(large), "bob", "--keep-metadata")["file"]
        saved = bob.json("files", "get", file)["saved"]
        assert Path(saved).read_bytes() == data
