"""A server that lies: each lie is refused before anything secret leaves, or anything is shown."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from support.machines.certificates import certificate
from support.people.command_line import Cli
from support.people.liar import SOCKET, Liar, Page

from ephemeral.client.exits import Exit
from ephemeral.protocol.encoding import b64decode, b64encode


@pytest.fixture
def liar(room: Cli) -> Iterator[Liar]:
    """A liar before the real server, to which the command line is sent."""
    with closing(Liar(room.url)) as lying:
        room.url = lying.url
        yield lying


def about(path: str, change: Callable[[dict], object]):
    """A lie about the answer of one path."""

    def lie(asked: str, status: int, answer: dict) -> Page:
        return status, change(answer) if asked == path else answer, {}

    return lie


def refusal_of(cli: Cli, *arguments: str) -> str:
    result = cli.run(*arguments, "--json", text="secret")
    assert result.returncode in {Exit.REFUSED, Exit.NETWORK}, result
    assert "secret" not in result.stdout + result.stderr
    return json.loads(result.stdout)["error"]["code"]


def test_the_truth_is_taken(room: Cli, liar: Liar):
    assert room.json("status")["seats"] == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kdf": {"passes": 1}}, "config_kdf"),
        ({"kdf": {"memory_kib": 1024}}, "config_kdf"),
        ({"kdf": {"lanes": True}}, "config_kdf"),
        ({"kdf": {"extra": 1}}, "config_kdf"),
        ({"salt": "AAAA"}, "config_salt"),
        ({"protocol": "ephemeral.v2"}, "config_protocol"),
    ],
    ids=["passes", "memory", "true for one", "another parameter", "salt", "protocol"],
)
def test_a_weaker_or_unknown_derivation_is_refused_before_the_room_is_asked_for(
    room: Cli, liar: Liar, change, code
):
    def changed(config: dict) -> dict:
        for key, value in change.items():
            config[key] = config[key] | value if isinstance(value, dict) else value
        return config

    liar.page = about("/config", changed)
    assert refusal_of(room, "send") == code
    assert liar.paths == ["/config"]


@pytest.mark.parametrize("place", [0, 1, 2, 20, 34, 36, 40, 44])
def test_a_charter_that_the_server_changed_is_refused_before_a_seat_is_taken(
    room: Cli, liar: Liar, place
):
    def changed(answer: dict) -> dict:
        charter = bytearray(b64decode(answer["charter"]))
        charter[place] ^= 1
        return answer | {"charter": b64encode(bytes(charter))}

    liar.page = about("/room", changed)
    assert refusal_of(room, "send") == "charter_mac"
    assert refusal_of(room, "status") == "charter_mac"
    assert set(liar.paths) == {"/config", "/room"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_credentials_follow_no_redirect(room: Cli, liar: Liar, status):
    with closing(Liar(liar.url)) as other:
        liar.page = lambda *_: (status, {}, {"Location": f"{other.url}/room"})
        assert refusal_of(room, "status") == "unreachable"
        assert other.paths == []


def test_a_socket_follows_no_redirect_either(room: Cli, liar: Liar):
    with closing(Liar(liar.url)) as other:

        def lie(path: str, status: int, answer: dict) -> Page:
            if path == SOCKET:
                return 302, {}, {"Location": f"ws{other.url.removeprefix('http')}{SOCKET}"}
            return status, answer, {}

        liar.page = lie
        # Requests to the server that was named take its place.
        room.done("send", "--timeout=0s", text="x")
        assert liar.paths.count(SOCKET) == 2
        assert other.paths == []


def test_a_certificate_must_be_vouched_for(room: Cli):
    with closing(Liar(room.url, certificate(room.folder))) as impostor:
        result = room.run("status", "--server", impostor.url)
        assert result.returncode == Exit.NETWORK
        assert "certificate is not to be trusted" in result.stderr
        assert impostor.paths == []
        room.done("status", "--server", impostor.url, "--cafile", "own.pem")
        assert impostor.paths == ["/config", "/room"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b"<html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b"\xff"),
        (200, b"[" * 5000),
        (204, b""),
        (400, {"error": 1}),
        (418, b"<html>"),
        (500, {"error": {"code": "\x1b[2J", "message": ""}}),
        (502, b"<html>"),
    ],
)
def test_an_answer_of_something_else_is_a_sentence(room: Cli, liar: Liar, status, answer):
    liar.page = lambda *_: (status, answer, {})
    assert refusal_of(room, "status") in {"unreachable", "config_protocol", "unavailable"}


@pytest.mark.parametrize(
    ("status", "answer", "found"),
    [
        (404, b"<html>", "answers 404, which is: nothing is there. Does its address have a path"),
        (301, b"", "answers 301, a redirect, which is not followed"),
        (200, b"<html>\x1b[2J", "answers 200, but not as the protocol says"),
        (404, {"error": {"code": "not_found", "message": "\x1b[2Jowned"}}, "answers 404"),
    ],
)
def test_what_was_tried_and_found_is_named_and_nothing_of_the_answer(
    room: Cli, liar: Liar, status, answer, found
):
    liar.page = lambda *_: (status, answer, {"Location": "http://owned.example/"})
    result = room.run("status")
    assert result.returncode == Exit.NETWORK
    assert f"{liar.url}/config {found}" in result.stderr
    assert "owned" not in result.stderr
    assert "\x1b" not in result.stderr
    assert set(liar.paths) == {"/config"}


def test_a_server_above_a_wrong_path_gets_no_credential_before_it_is_named(room: Cli, liar: Liar):
    result = room.run("status", "--server", f"{liar.url}/chat/x/y/z/")
    assert result.returncode == Exit.NETWORK
    assert f"There is one at {liar.url}" in result.stderr
    paths = ["/chat/x/y/z", "/chat/x/y", "/chat/x", "/chat", ""]
    assert liar.paths == [f"{path}/config" for path in paths]


def test_an_answer_without_end_is_not_read_to_its_end(room: Cli, liar: Liar):
    liar.page = lambda *_: (200, b'{"x":"' + b"a" * 9_000_000 + b'"}', {})
    assert refusal_of(room, "status") == "unreachable"


def test_the_sentence_of_a_hostile_error_is_not_shown(room: Cli, liar: Liar):
    error = {"error": {"code": "room_full", "message": "\x1b[2Jcall 555", "retry_after": None}}
    liar.page = lambda *_: (409, error, {})
    result = room.run("status")
    assert result.returncode == Exit.REFUSED
    assert "call 555" not in result.stderr


def test_a_link_of_another_server_is_refused(room: Cli, liar: Liar):
    link = f"{liar.url}/#1.00000000.{room.code}"
    result = room.run("status", "--json", code=link)
    assert result.returncode == Exit.USAGE
    assert json.loads(result.stdout)["error"]["code"] == "link_salt"
    assert liar.paths == ["/config"]
