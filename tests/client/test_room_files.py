"""Files in rooms, by the command line against the real server."""

import json
import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from support.any_input import any_text, steady
from support.people.command_line import PATIENCE, Cli

from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.saving import place_draft, safe_name
from ephemeral.protocol.encoding import b64encode

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "cleaning.json"
CASES = {one["name"]: one for one in json.loads(VECTORS.read_text("utf-8"))["cases"]}
PHOTO = bytes.fromhex(CASES["jpeg_iphone"]["in"]["data"])
CLEAN = bytes.fromhex(CASES["jpeg_iphone"]["out"]["data"])


@pytest.fixture
def folder(cli: Cli) -> Path:
    """Where files are saved."""
    path = cli.folder / "saved"
    path.mkdir()
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_a_photograph_arrives_without_its_place_and_is_gone(room: Cli, folder: Path):
    (room.folder / "Strand.jpg").write_bytes(PHOTO)
    room.done("pipe", "--file", "Strand.jpg", "--file", "Strand.jpg", text="and a word\n")
    # Who says nothing of files reads the words, and destroys no file unseen.
    said = room.run("read", "--all")
    assert said.stdout == "and a word\n"
    waiting = room.run("read")
    assert (waiting.returncode, waiting.stdout) == (Exit.NOTHING, "")
    assert "--save" in waiting.stderr
    room.done("read", "--save", str(folder), "--all")
    assert files(folder) == {"Strand.jpg": CLEAN, "Strand (2).jpg": CLEAN}
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir()} == {0o600}
    assert room.run("read", "--save", str(folder)).returncode == Exit.NOTHING


def test_what_cant_be_cleaned_goes_only_if_its_sender_says_so(room: Cli, folder: Path):
    paper = bytes.fromhex(CASES["other_pdf"]["in"]["data"])
    (room.folder / "a.pdf").write_bytes(paper)
    refused = room.run("pipe", "--file", "a.pdf", "--json", text="never sent\n")
    assert refused.returncode == Exit.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "not_cleaned"
    assert "--keep-metadata" in refused.stderr
    assert room.run("read").returncode == Exit.NOTHING
    [told] = [
        json.loads(line)
        for line in room.done("pipe", "--file", "a.pdf", "--keep-metadata", "--json").splitlines()
        if json.loads(line)["event"] == "file"
    ]
    assert (told["size"], told["cleaned"]) == (len(paper), False)
    read = room.json("read", "--save", str(folder))
    assert read["id"] == told["id"]
    assert read["content"] == {
        "type": "file", "name": "a.pdf", "mime": "application/pdf", "size": len(paper),
    }  # fmt: skip
    assert Path(read["saved"]).read_bytes() == paper


def test_a_file_that_cant_be_saved_is_given_back(room: Cli, folder: Path):
    (room.folder / "notes.txt").write_text("plain\n")
    room.done("pipe", "--file", "notes.txt")
    asked = room.run("read", "--save", "nowhere")
    assert asked.returncode == Exit.USAGE
    # A folder in which nobody can make files.
    failed = room.run("read", "--save", "/proc/self/fd")
    assert failed.returncode == Exit.OUTPUT
    room.done("read", "--save", str(folder))
    assert files(folder) == {"notes.txt": b"plain\n"}


def test_what_isnt_the_file_that_was_sealed_is_neither_saved_nor_acknowledged(
    room: Cli, folder: Path
):
    content = {"type": "file", "name": "a.txt", "mime": "text/plain", "size": 5}
    sealed = {"attachment": b64encode(bytes(16)), "key": b64encode(bytes(32))}
    room.says(content | sealed, chunk=os.urandom(65_552))
    result = room.run("read", "--save", str(folder), "--json")
    assert result.returncode == Exit.REFUSED
    assert json.loads(result.stdout.splitlines()[-1])["error"]["code"] == "attachment_open"
    assert files(folder) == {}
    room.watch()
    room.until_waiting(1)


class Breaking:
    """A way to the server that breaks once on either way, in the middle of a chunk."""

    def __init__(self, url: str) -> None:
        self._far = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self.left = {"up": 1, "down": 1}
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for one in self._sockets:
            one.close()

    def _start(self, run: Callable[..., None], *given: object) -> None:
        self._threads.append(threading.Thread(target=run, args=given))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                there = socket.create_connection((self._far.hostname, self._far.port))
                self._sockets += (near, there)
                self._start(self._carry, near, there, "up")
                self._start(self._carry, there, near, "down")

    def _carry(self, source: socket.socket, target: socket.socket, way: str) -> None:
        carried = 0
        with suppress(OSError):
            while data := source.recv(65_536):
                carried += len(data)
                if carried > 300_000 and self.left[way]:
                    self.left[way] -= 1
                    break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def test_a_line_that_breaks_between_costs_no_file(room: Cli, folder: Path):
    """What is sent again are the same bytes: others would be refused."""
    data = os.urandom(700_000)
    (room.folder / "large.bin").write_bytes(data)
    with closing(Breaking(room.url)) as way, closing(Cli(way.url, room.folder)) as line:
        line.code = room.code
        line.done("pipe", "--file", "large.bin", "--keep-metadata")
        line.done("read", "--save", str(folder))
        assert way.left == {"up": 0, "down": 0}
    assert files(folder) == {"large.bin": data}


def test_where_a_file_has_one_name_only_it_is_placed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As on FAT, and on many file systems of networks."""

    def refused(*_given: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    draft, path = tmp_path / ".draft.part", tmp_path / "film.mp4"
    draft.write_bytes(b"film")
    assert place_draft(draft, tmp_path, "film.mp4", exactly=True) == path
    draft.write_bytes(b"another")
    with pytest.raises(ClientError, match="could not be saved"):
        place_draft(draft, tmp_path, "film.mp4", exactly=True)
    assert files(tmp_path) == {"film.mp4": b"film", ".draft.part": b"another"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_._etc_passwd"),
        ("/root/.ssh/id", "_root_.ssh_id"),
        (".bashrc", "bashrc"),
        ("-rf", "_rf"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("a\x1b[2J\nb.txt", "a_[2J_b.txt"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("..", "file"),
        ("C:\\x|y?.png", "C__x_y_.png"),
        ("\u00fcber Stra\u00dfe.png", "\u00fcber Stra\u00dfe.png"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("a." + "b" * 300, "a." + "b" * 118),
    ],
)
def test_names_of_others_do_no_harm(name, safe):
    assert safe_name(name) == safe


@steady
@given(any_text)
@example("\ud800")
def test_any_name_is_one_of_a_file_here(name):
    safe = safe_name(name)
    assert 1 <= len(safe.encode()) <= 120
    assert safe.isprintable()
    assert not set(safe) & set('/\\:*?"<>|\0')
    assert not safe.startswith((".", "-", " "))
    assert not safe.endswith((".", " "))
