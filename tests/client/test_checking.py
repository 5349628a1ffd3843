"""`check URL`: what works is seen to work, what doesn't is named, and nothing is left behind."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machines.certificates import certificate
from support.machines.forward_proxies import forward_proxy
from support.machines.server import Program
from support.machines.tunnel import Tunnel, tunnel_to
from support.people.command_line import Cli

from ephemeral.client.exits import Exit

STEPS = ["reach", "make", "join", "send", "read", "destroy"]


class Ear:
    """Remembers what is asked for in a tunnel. `without`: bytes that are not passed on."""

    def __init__(self, without: bytes = b"") -> None:
        self.asked: list[str] = []
        self._without = without

    def __call__(self, data: bytes) -> bytes:
        head, is_head, _ = data.partition(b" HTTP/1.1\r\n")
        if is_head:
            self.asked.append(head.decode())
        return data.replace(self._without, b"")


@pytest.fixture
def front(shared_server: Program, tmp_path: Path) -> Iterator[Tunnel]:
    """A TLS front that is known as rooms.example."""
    with tunnel_to(shared_server.port, certificate(tmp_path, "rooms.example")) as front:
        yield front


def test_a_deployment_that_works_is_seen_to_work_and_the_room_is_gone(cli: Cli, front: Tunnel):
    front.change = ear = Ear()
    address = f"https://127.0.0.1:{front.port}"
    told = cli.done("check", address, "--cafile=own.pem").splitlines()
    assert [line.rpartition(": ")[2].split()[1:] for line in told[:-1]] == [["ms"]] * len(STEPS)
    assert told[-1] == f"All is well at {address}."
    assert ear.asked.count("GET /room/socket") == 2
    assert ear.asked[-2:] == ["DELETE /room", "GET /room"]
    lines = map(json.loads, cli.done("check", address, "--cafile=own.pem", "--json").splitlines())
    assert [line["step"] for line in lines] == STEPS


def test_what_is_about_the_server_here_is_said_without_a_url(cli: Cli):
    for option in ("--health", "--accept-loss", "--accept-clock"):
        ended = cli.run("check", "https://rooms.example", option)
        assert (ended.returncode, option in ended.stderr) == (Exit.USAGE, True)


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_deployment_is_tried_through_a_proxy(cli: Cli, front: Tunnel, kind: str):
    with forward_proxy(front.port) as proxy:
        way = ["--proxy", f"{kind}://127.0.0.1:{proxy.port}", "--cafile=own.pem"]
        cli.done("check", "https://rooms.example", *way)
        # One for the requests, and a socket for each member.
        assert [one[1:] for one in proxy.asked] == [("rooms.example", 443)] * 3


def test_a_front_that_passes_no_upgrades_is_named_and_the_room_is_not_left(cli: Cli, front: Tunnel):
    front.change = ear = Ear(without=b"Upgrade: websocket\r\n")
    result = cli.run("check", f"https://127.0.0.1:{front.port}", "--cafile=own.pem", "--json")
    *done, error = map(json.loads, result.stdout.splitlines())
    assert result.returncode == Exit.NETWORK
    assert [line["step"] for line in done] == ["reach", "make"]
    assert error["error"]["code"] == "unreachable"
    assert "Join it twice, over sockets: " in result.stderr
    assert "pass WebSocket upgrades on?" in result.stderr
    assert ear.asked[-1] == "DELETE /room"


def test_what_is_not_there_is_a_sentence_and_an_exit_code(cli: Cli):
    """By the program itself, which takes nothing from the settings of a server here."""
    (cli.folder / ".env").write_text("PORT=none")
    result = cli.run("check", "http://127.0.0.1:1", "--json", apart=True)
    assert result.returncode == Exit.NETWORK
    assert "Ask over HTTP what the server is: http://127.0.0.1:1 can't be reached" in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "unreachable"


def test_a_deployment_that_is_named_wrongly_is_an_error_in_the_arguments(cli: Cli):
    for arguments in (
        ["http://rooms.example"],
        [f"{cli.url}/#1.AAAAAAAA.secret-words"],
        ["secret-words"],
        [cli.url, "--health"],
        [cli.url, "--accept-loss"],
        ["--proxy", "none"],
        ["--timeout=9s"],
    ):
        result = cli.run("check", *arguments)
        assert (result.returncode, result.stdout) == (Exit.USAGE, ""), arguments
        assert "secret" not in result.stderr
