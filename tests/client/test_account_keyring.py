"""An account whose file is sealed by a key in the system's keyring."""

import json
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError
from support.people.account_holders import Machine
from support.people.command_line import Cli

from ephemeral.client.exits import Exit

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


class Ring(KeyringBackend):
    """A keyring that lasts as long as a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, own = keyring.get_keyring(), Ring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


@pytest.fixture
def machine(cli: Cli, ring: Ring) -> Machine:
    made = Machine(cli, "laptop")
    first, _ = made.lines("register", "ada", "--keyring")
    made.address = first["address"]
    return made


def test_the_file_holds_nothing_that_opens_anything(machine: Machine, ring: Ring):
    assert set(machine.kept()) == {"version", "server", "address", "sealed"}
    assert machine.json("whoami")["device"] is not None
    assert len(ring.held) == 1


def test_without_the_key_the_file_opens_nothing(machine: Machine, ring: Ring):
    ring.held.clear()
    result = machine.run("whoami")
    assert (result.returncode, result.stdout) == (Exit.USAGE, "")
    assert "keyring" in result.stderr


def test_a_file_of_another_account_is_not_taken_for_this_one(machine: Machine):
    kept = machine.kept()
    machine.file.write_text(json.dumps({**kept, "address": "bob.12345"}))
    assert machine.run("whoami", "--address", machine.address).returncode == Exit.USAGE


def test_whoever_forgets_leaves_no_key_behind(machine: Machine, ring: Ring):
    machine.json("logout", "--forget")
    assert ring.held == {}
    assert not list(machine.state.rglob("*json*"))
