"""What a device believes of its account, whatever a server or a thief has done."""

import json
import time
from typing import Any

import pytest
from support.people.account_holders import Machine
from support.people.command_line import Cli

from ephemeral.client.transport import Server
from ephemeral.protocol.accounts.hpke import PrivateKey
from ephemeral.protocol.encoding import b64encode

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


@pytest.fixture
def laptop(cli: Cli) -> Machine:
    """A machine with an account, and a second one that is linked to it."""
    machine = Machine(cli, "laptop")
    machine.register()
    return machine


def rewrite(machine: Machine, change: Any) -> None:
    """Another thing than what happened is kept."""
    kept = machine.kept()
    change(kept)
    machine.file.write_text(json.dumps(kept))


def test_a_server_that_shows_less_than_was_read_is_not_believed(laptop: Machine, cli: Cli):
    """As if a statement had been read that the server says was never there."""

    def believe_more(kept: dict[str, Any]) -> None:
        kept["pin"]["sequence"] += 1

    rewrite(laptop, believe_more)
    assert laptop.refused("devices") == "chain_back"


def test_a_server_that_shows_another_list_is_not_believed(laptop: Machine):
    def believe_other(kept: dict[str, Any]) -> None:
        kept["pin"]["head"] = b64encode(bytes(32))

    rewrite(laptop, believe_other)
    assert laptop.refused("devices") == "chain_fork"
    assert laptop.refused("revoke", "--device", "laptop") == "chain_fork"


def test_a_device_whose_copy_wrote_in_its_name_says_so(laptop: Machine, cli: Cli):
    phone = Machine(cli, "phone")
    phone.linked_by(laptop)
    copied = laptop.kept()
    laptop.json("revoke", "--device", "phone")
    # The laptop's own statement, to a copy that was taken before it.
    laptop.file.write_text(json.dumps(copied))
    assert laptop.refused("devices") == "device_copied"


def test_a_device_whose_copy_published_a_key_says_so(laptop: Machine):
    def lose_the_newest(kept: dict[str, Any]) -> None:
        kept["sealing"][0]["number"] = 0

    rewrite(laptop, lose_the_newest)
    assert laptop.refused("devices") == "device_copied"


def test_new_and_removed_devices_are_told_once(laptop: Machine, cli: Cli):
    phone, desktop = Machine(cli, "phone"), Machine(cli, "desktop")
    phone.linked_by(laptop)
    told = desktop.linked_by(laptop)["device"]
    assert f"A device was added: {told}" in phone.run("devices").stderr
    assert "added" not in phone.run("devices").stderr
    laptop.json("revoke", "--device", "desktop")
    assert f"A device was removed: {told}" in phone.run("devices").stderr


def test_a_clock_that_is_wrong_by_a_day_matters_to_nobody(laptop: Machine, cli: Cli):
    for wrong in (-86_400.0, 86_400.0):
        result = laptop.run("devices", wall=lambda wrong=wrong: time.time() + wrong)
        assert result.returncode == 0, result


def test_sealing_keys_follow_each_other_daily_and_old_ones_are_destroyed(laptop: Machine):
    """By a day that the file believes in: the server's own has only one."""

    def a_day_ago(kept: dict[str, Any]) -> None:
        kept["sealing"][-1]["day"] -= 1

    rewrite(laptop, a_day_ago)
    laptop.json("whoami")
    first, second = laptop.kept()["sealing"]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["replaced_at"] > 0
    assert second["published_at"] > 0

    def long_ago(kept: dict[str, Any]) -> None:
        kept["sealing"][0]["replaced_at"] -= 2 * 86_400_000 + 1

    rewrite(laptop, long_ago)
    laptop.json("whoami")
    assert [one["number"] for one in laptop.kept()["sealing"]] == [2]


def test_a_server_that_was_set_back_is_given_what_it_lost(
    laptop: Machine, cli: Cli, monkeypatch: pytest.MonkeyPatch
):
    """It shows one statement less, until it is told of it."""
    Machine(cli, "phone").linked_by(laptop)
    laptop.json("devices")
    asked, lost = Server.ask_with, True

    async def set_back(self: Server, method: str, path: str, *given: Any, **more: Any) -> Any:
        nonlocal lost
        answer = await asked(self, method, path, *given, **more)
        if path.startswith("/chains/") and method == "POST":
            lost = False
        if lost and (method, path) == ("GET", "/devices"):
            return {**answer, "statements": answer["statements"][:-1]}
        return answer

    monkeypatch.setattr(Server, "ask_with", set_back)
    result = laptop.run("devices")
    assert result.returncode == 0, result
    assert "It was given what it had lost." in result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert not lost


def test_a_recovery_key_that_is_not_the_accounts_is_not_sealed_to(laptop: Machine, cli: Cli):
    """By a device that a thief has, and that links another."""

    def another(kept: dict[str, Any]) -> None:
        kept["recovery_seal"] = b64encode(PrivateKey(bytes(32)).public)

    rewrite(laptop, another)
    phone = Machine(cli, "phone")
    phone.sign_in(laptop)
    process, code = phone.ask_for_link()
    laptop.json("accept", environment={"EPHEMERAL_WORDS": code})
    output, _ = process.communicate()
    assert json.loads(output.splitlines()[-1])["error"]["code"] == "linking_form"
    assert phone.kept()["recovery_seal"] is None


EVIL = "\x1b]0;owned\x07"


@pytest.mark.parametrize(
    ("command", "path", "change"),
    [
        ("sessions", "/auth/sessions", lambda told: told["sessions"][0].update(sid=EVIL)),
        ("sessions", "/auth/sessions", lambda told: told["sessions"][0].update(device=EVIL)),
        ("whoami", "/auth/me", lambda told: told.update(pending={"kind": EVIL, "due": 1})),
        ("proof", "/auth/refresh", lambda told: told.update(access_token=EVIL)),
    ],
    ids=["a session", "its device", "what waits", "a token"],
)
def test_a_terminal_obeys_nothing_that_the_server_says(
    laptop: Machine, monkeypatch: pytest.MonkeyPatch, command: str, path: str, change: Any
):
    rewrite(laptop, lambda kept: kept["session"].update(until=0))
    asked = Server.ask_with

    async def lying(self: Server, method: str, asks: str, *given: Any, **more: Any) -> Any:
        answer = await asked(self, method, asks, *given, **more)
        if asks == path:
            change(answer)
        return answer

    monkeypatch.setattr(Server, "ask_with", lying)
    result = laptop.run(command, *(["GET", "/devices"] if command == "proof" else []))
    assert "\x1b" not in result.stdout + result.stderr
