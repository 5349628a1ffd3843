"""Commands of accounts that are killed at each of their writes: the next one goes on from there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.machines.server import PYTHONPATH
from support.people.account_holders import Machine
from support.people.command_line import PATIENCE, Cli
from support.programs.loaded import Loaded

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = TESTS / "support" / "programs" / "dying_client.py"
KILLED = -9
pytestmark = pytest.mark.usefixtures("_stretched_cheaply")
# More writes than any command makes.
MANY = 30


def dying(machine: Machine, at: int, when: str, *arguments: str, **given: str) -> Loaded:
    """A command that runs, and dies at a write."""
    return Loaded(
        [sys.executable, "-m", "ephemeral", str(at), when, "account", *arguments],
        program=PROGRAM,
        cwd=machine.cli.folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([PYTHONPATH, str(TESTS)]),
            **machine.cli.environment(code=""),
            **machine.environment(**given),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def dies(machine: Machine, at: int, when: str, *arguments: str, **given: str) -> bool:
    """Run such a command; whether it died. Else it came well to its end."""
    process = dying(machine, at, when, *arguments, **given)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode in {0, KILLED}, output + errors
    return process.returncode == KILLED


def deaths(machine: Machine, when: str, *arguments: str, **given: str) -> Iterator[None]:
    """Once for each write, after a command that died there; it ends when one didn't."""
    for at in range(1, MANY):
        if not dies(machine, at, when, *arguments, **given):
            return
        yield
    pytest.fail("it never came to its end")


# Each takes a good part of a minute: what is left half done, always; the others at a release.
@pytest.fixture(params=["before", pytest.param("after", marks=pytest.mark.release)])
def when(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def kept(machine: Machine) -> list[str]:
    """The addresses of the accounts that are kept there."""
    folder = machine.state / "ephemeral" / "accounts"
    return [json.loads(one.read_text())["address"] for one in folder.glob("*.json")]


def test_an_account_that_was_half_made_gets_its_device(cli: Cli, when: str):
    machines = (Machine(cli, f"laptop{number}") for number in range(MANY))
    ends = 0
    for at, machine in enumerate(machines, 1):
        if not dies(machine, at, when, "register", "ada", "--json"):
            break
        ends += 1
        for address in kept(machine):
            result = machine.run("login", address, "--json")
            told = json.loads(result.stdout.splitlines()[-1])
            # What was never posted is an account that nobody made.
            if told.get("error", {}).get("code") == "login_wrong":
                assert at == 1
            else:
                assert told["device"] is not None
                assert len(machine.lines("devices")) == 1
    assert ends > 3


def test_a_device_that_was_half_linked_is_linked_or_asks_anew(cli: Cli, when: str):
    laptop = Machine(cli, "laptop")
    laptop.register()
    phone = Machine(cli, "phone")
    phone.sign_in(laptop)
    start = phone.file.read_text()
    ends = 0
    for at in range(1, MANY):
        phone.file.write_text(start)
        phone.sign_in(laptop)
        start = phone.file.read_text()
        process = dying(phone, at, when, "link", "--json")
        assert process.stdout is not None
        shown = process.stdout.readline()
        if shown:
            code = json.loads(shown)["code"]
            laptop.json("accept", environment={"EPHEMERAL_WORDS": code})
        process.communicate(timeout=PATIENCE)
        if shown and process.returncode == KILLED:
            # It was added: one command later it is a device, and nobody has to type anything.
            assert phone.json("login", phone.address)["device"] is not None
        if shown:
            laptop.json("revoke", "--device", phone.lines("whoami")[-1]["device"])
        if process.returncode == 0:
            break
        ends += 1
    assert ends > 3
    assert len(laptop.lines("devices")) == 1


def test_a_device_that_died_while_removing_another_goes_on(cli: Cli, when: str):
    laptop = Machine(cli, "laptop")
    laptop.register()
    phone = Machine(cli, "phone")
    for _ in deaths(laptop, when, "rename", "--name", "laptop"):
        laptop.json("whoami")
    phone.linked_by(laptop)
    for _ in deaths(laptop, when, "revoke", "--device", "phone"):
        names = [one["name"] for one in laptop.lines("devices")]
        if names == ["laptop"]:
            phone.json("logout", "--forget")
            phone.linked_by(laptop)
    assert [one["name"] for one in laptop.lines("devices")] == ["laptop"]


def test_an_account_that_was_half_recovered_is_recovered(cli: Cli, when: str):
    laptop = Machine(cli, "laptop")
    laptop.register()
    phone = Machine(cli, "phone", "a wholly new one")
    given = {"EPHEMERAL_WORDS": laptop.words, "EPHEMERAL_NEW_PASSWORD": phone.password}
    for _ in deaths(phone, when, "recover", laptop.address, **given):
        told = phone.json("recover", laptop.address, environment=given)
        assert told["device"] is not None
        assert len(phone.lines("devices")) == 1


def test_a_refresh_whose_answer_was_not_kept_is_asked_for_again(cli: Cli):
    laptop = Machine(cli, "laptop")
    laptop.register()
    old = laptop.kept()
    old["session"]["until"] = 0
    laptop.file.write_text(json.dumps(old))
    assert dies(laptop, 1, "before", "whoami")
    # The same refresh token a second time: the device's proof makes it good.
    assert laptop.kept()["session"]["refresh_token"] == old["session"]["refresh_token"]
    laptop.json("whoami")
    assert laptop.kept()["session"]["refresh_token"] != old["session"]["refresh_token"]
    assert len(laptop.lines("sessions")) == 1


def test_two_commands_at_once_wait_for_each_other(cli: Cli):
    laptop = Machine(cli, "laptop")
    laptop.register()
    old = laptop.kept()
    old["session"]["until"] = 0
    laptop.file.write_text(json.dumps(old))
    with ThreadPoolExecutor(4) as at_once:
        told = list(at_once.map(lambda _: laptop.json("whoami"), range(4)))
    assert len({one["device"] for one in told}) == 1
    assert len(laptop.lines("sessions")) == 1
