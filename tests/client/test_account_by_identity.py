"""Signing in by another service at the command line: a real issuer, a real server."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.issuer import CLIENT, RealIssuer
from support.machines.server import Program, Serve
from support.people.account_holders import Machine
from support.people.command_line import Cli

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


@pytest.fixture(scope="module")
def issuer() -> Iterator[RealIssuer]:
    with RealIssuer() as opened:
        yield opened


@pytest.fixture(scope="module")
def believing(
    postgres: Postgres, issuer: RealIssuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    starting = Serve(postgres, tmp_path_factory.mktemp("believing"))
    yield starting(OIDC_ISSUER=issuer.name, OIDC_CLIENT_ID=CLIENT)
    starting.close()


@pytest.fixture
def laptop(believing: Program, issuer: RealIssuer, tmp_path: Path) -> Iterator[Machine]:
    """A machine with an account."""
    issuer.subject = str(tmp_path)
    with closing(Cli(believing.url, tmp_path)) as line:
        machine = Machine(line, "laptop")
        machine.register()
        yield machine


class Going:
    """A command that has shown where to sign in, and a browser that goes there."""

    def __init__(self, machine: Machine, *arguments: str, **environment: str) -> None:
        self.process: subprocess.Popen[str] = machine.start(
            *arguments, "--json", environment=environment
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        self.open = json.loads(line)["open"]
        back = httpx.get(self.open, trust_env=False).headers["location"]
        self.page, _, self.said = back.partition("#")

    def post(self, said: str, **headers: str) -> int:
        """The answer to what the page there hands over."""
        origin = {"Origin": self.page.rstrip("/")}
        return httpx.post(
            self.page, content=said, headers=origin | headers, trust_env=False
        ).status_code

    def back(self) -> Any:
        """Comes back; the last line that the command says."""
        assert self.post(self.said) == 204
        output, errors = self.process.communicate()
        assert self.process.returncode in {0, 1}, errors
        return json.loads(output.splitlines()[-1]) if output else None


def linked(machine: Machine) -> None:
    assert Going(machine, "identities", "--link").back()["linked"]


def test_an_identity_is_linked_opens_the_account_elsewhere_and_is_unlinked(laptop: Machine):
    linked(laptop)
    desktop = Machine(laptop.cli, "desktop")
    told = Going(desktop, "login", laptop.address, "--identity").back()
    assert told["account"] == laptop.json("whoami")["account"]
    assert told["device"] is None
    (one,) = laptop.lines("identities")
    laptop.lines("identities", "--unlink", one["id"][:6])
    assert laptop.lines("identities") == []
    gone = Going(desktop, "login", laptop.address, "--identity").back()
    assert gone["error"]["code"] == "identity_unknown"


def test_a_device_signs_in_as_such(laptop: Machine):
    linked(laptop)
    device = laptop.json("whoami")["device"]
    laptop.json("logout")
    assert Going(laptop, "login", laptop.address, "--identity").back()["device"] == device


def test_another_password_for_whoever_signs_in_there_anew(laptop: Machine):
    linked(laptop)
    going = Going(laptop, "password", "--identity", EPHEMERAL_NEW_PASSWORD="a wholly new one")
    assert parse_qs(going.open)["max_age"] == ["0"]
    assert going.back() == {"changed": True}
    laptop.password = "a wholly new one"
    assert laptop.json("login", laptop.address)["device"] is not None


def test_whoever_gives_up_there_is_told(laptop: Machine, issuer: RealIssuer):
    issuer.subject = None
    told = Going(laptop, "identities", "--link").back()
    assert told["error"]["code"] == "identity_given_up"


def test_what_others_bring_is_not_taken_and_the_right_answer_is_still_awaited(laptop: Machine):
    going = Going(laptop, "identities", "--link")
    state = parse_qs(going.said)["state"][0]
    assert going.post(f"state={state}x&id_token=e.y.J") == 400
    assert going.post("id_token=e.y.J") == 400
    assert going.post("") == 400
    assert going.post(going.said, Origin="https://elsewhere.example") == 404
    assert going.post(going.said, Host="elsewhere.example") == 404
    assert going.post(going.said + "&x=" + "x" * 20_000) == 413
    assert httpx.get(going.page + "other", trust_env=False).status_code == 404
    assert going.back()["linked"]


def test_while_the_other_service_is_away_it_is_said(
    postgres: Postgres, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
):
    with RealIssuer() as gone:
        pass
    with closing(Serve(postgres, tmp_path_factory.mktemp("away"))) as starting:
        program = starting(OIDC_ISSUER=gone.name, OIDC_CLIENT_ID=CLIENT)
        with closing(Cli(program.url, tmp_path)) as line:
            machine = Machine(line, "laptop")
            machine.register()
            assert machine.refused("identities", "--link") == "identity_away"


def test_a_server_that_believes_nobody_else_says_so(cli: Cli):
    machine = Machine(cli, "laptop")
    machine.register()
    assert machine.refused("login", machine.address, "--identity") == "not_found"
