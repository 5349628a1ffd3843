"""Accounts at the command line, against the real server and its database."""

import json
import stat
from pathlib import Path

import httpx
import pytest
from support.people.account_holders import PASSWORD, Machine
from support.people.command_line import Cli

from ephemeral.client.exits import Exit

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


@pytest.fixture
def laptop(cli: Cli) -> Machine:
    """A machine with an account."""
    machine = Machine(cli, "laptop")
    machine.register()
    return machine


@pytest.fixture
def desktop(cli: Cli) -> Machine:
    """A machine without one."""
    return Machine(cli, "desktop")


def names(machine: Machine) -> list[str]:
    return [one["name"] for one in machine.lines("devices")]


def test_whoever_registers_gets_an_address_ten_words_and_a_first_device(cli: Cli):
    machine = Machine(cli, "laptop")
    told = machine.register("ada")
    assert machine.address.startswith("ada.")
    assert len(machine.words.split("-")) == 10
    (device,) = machine.lines("devices")
    assert (device["id"], device["name"], device["here"]) == (told["device"], "laptop", True)


def test_what_is_kept_only_its_owner_may_read(laptop: Machine):
    assert stat.S_IMODE(laptop.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(laptop.file.parent.stat().st_mode) == 0o700
    kept = laptop.file.read_text()
    assert not [one for one in (PASSWORD, laptop.words) if one in kept]
    laptop.file.chmod(0o644)
    assert laptop.run("whoami").returncode == Exit.USAGE


def test_a_second_machine_is_linked_by_seven_words(laptop: Machine, desktop: Machine):
    told = desktop.linked_by(laptop)
    assert told["device"] is not None
    assert names(laptop) == names(desktop) == ["laptop", "desktop"]
    # And links a third one.
    phone = Machine(laptop.cli, "phone")
    phone.linked_by(desktop)
    assert names(laptop) == names(phone) == ["laptop", "desktop", "phone"]


def test_a_machine_that_is_signed_in_without_being_a_device_is_told_what_to_do(
    laptop: Machine, desktop: Machine
):
    assert desktop.sign_in(laptop)["device"] is None
    assert desktop.refused("devices") == "device_required"
    assert "account link" in desktop.run("devices").stderr


def test_wrong_words_are_told_by_place_before_anybody_is_asked(laptop: Machine):
    words = "abacus-zzyzx-abacus-abacus-abacus-abacus-abacus"
    result = laptop.run("accept", environment={"EPHEMERAL_WORDS": words})
    assert result.returncode == Exit.USAGE
    assert "Word 2" in result.stderr


def test_words_that_no_device_waits_with_are_refused(laptop: Machine):
    words = "-".join(["abacus"] * 7)
    assert laptop.refused("accept", environment={"EPHEMERAL_WORDS": words}) == "link_unknown"


def test_the_words_alone_add_nothing(laptop: Machine, desktop: Machine):
    desktop.sign_in(laptop)
    process, code = desktop.ask_for_link()
    wrong = {"EPHEMERAL_WORDS": code, "EPHEMERAL_PASSWORD": "another password"}
    assert laptop.refused("accept", environment=wrong) == "password_wrong"
    assert names(laptop) == ["laptop"]
    laptop.json("accept", environment={"EPHEMERAL_WORDS": code})
    process.communicate()
    assert process.returncode == Exit.OK


def test_a_removed_device_can_do_nothing_and_is_told_so(laptop: Machine, desktop: Machine):
    desktop.linked_by(laptop)
    laptop.json("revoke", "--device", "desktop")
    assert names(laptop) == ["laptop"]
    assert desktop.refused("devices") in {"device_revoked", "session_ended"}
    # Whoever has the password is signed in again, and is no device.
    told = desktop.json("login", laptop.address)
    assert told["device"] is None
    assert desktop.kept()["seed"] is None


def test_a_device_is_renamed_for_all_of_them(laptop: Machine, desktop: Machine):
    desktop.linked_by(laptop)
    laptop.json("rename", "--device", "desktop", "--name", "the old one")
    desktop.json("rename", "--name", "the new one")
    assert names(laptop) == ["laptop", "the new one"]


def test_a_changed_password_is_the_only_one(laptop: Machine, desktop: Machine):
    laptop.json("password", environment={"EPHEMERAL_NEW_PASSWORD": "a wholly new one"})
    assert desktop.refused("login", laptop.address) == "login_wrong"
    laptop.password = "a wholly new one"
    desktop.sign_in(laptop)
    assert names(laptop) == ["laptop"]


def test_ten_words_take_the_account_back(laptop: Machine, desktop: Machine, cli: Cli):
    desktop.linked_by(laptop)
    phone = Machine(cli, "phone", "a wholly new one")
    told = phone.json(
        "recover",
        laptop.address,
        "--name=phone",
        environment={"EPHEMERAL_WORDS": laptop.words, "EPHEMERAL_NEW_PASSWORD": phone.password},
    )
    assert told["device"] is not None
    assert names(phone) == ["phone"]
    assert laptop.refused("devices") in {"device_revoked", "session_ended"}
    assert desktop.refused("login", laptop.address) == "login_wrong"


def test_new_words_take_the_place_of_the_old_ones(laptop: Machine, cli: Cli):
    phone = Machine(cli, "phone", "a wholly new one")
    given = {"EPHEMERAL_WORDS": laptop.words, "EPHEMERAL_NEW_PASSWORD": phone.password}
    first, _ = phone.lines("recover", laptop.address, "--new-words", environment=given)
    assert laptop.refused("recover", laptop.address, environment=given) == "not_found"
    given["EPHEMERAL_WORDS"] = first["recovery_words"]
    assert laptop.json("recover", laptop.address, environment=given)["device"] is not None


def test_a_machine_that_signed_out_is_still_a_device(laptop: Machine):
    device = laptop.json("whoami")["device"]
    laptop.json("logout")
    assert laptop.refused("whoami") == "session_ended"
    assert laptop.json("login", laptop.address)["device"] == device


def test_whoever_forgets_keeps_nothing(laptop: Machine):
    laptop.json("logout", "--forget")
    assert not list(laptop.state.rglob("*.json*"))


def test_sessions_are_listed_and_ended(laptop: Machine, desktop: Machine):
    desktop.sign_in(laptop)
    (other,) = [one for one in laptop.lines("sessions") if not one["here"]]
    assert other["device"] is None
    laptop.json("sessions", "--end", other["sid"])
    assert desktop.refused("whoami") == "session_ended"
    assert len(laptop.lines("sessions")) == 1


def test_a_deletion_waits_and_any_device_refuses_it(laptop: Machine, desktop: Machine):
    desktop.linked_by(laptop)
    told = laptop.json("delete", "--yes")
    assert not told["deleted"]
    assert desktop.json("whoami")["pending"] == {"kind": "close", "due": told["due"]}
    desktop.json("refuse")
    assert laptop.json("whoami")["pending"] is None


def test_with_the_words_an_account_is_deleted_at_once(laptop: Machine, desktop: Machine):
    wrong = {"EPHEMERAL_WORDS": "-".join(["abacus"] * 10)}
    assert laptop.refused("delete", "--yes", "--with-words", environment=wrong) == "words_wrong"
    right = {"EPHEMERAL_WORDS": laptop.words}
    assert laptop.json("delete", "--yes", "--with-words", environment=right)["deleted"]
    assert desktop.refused("login", laptop.address) == "login_wrong"
    assert not list(laptop.state.rglob("*.json*"))


def test_a_new_beginning_waits_where_there_are_devices(laptop: Machine, desktop: Machine):
    desktop.sign_in(laptop)
    told = desktop.lines("start-over")[-1]
    assert told["device"] is None
    assert told["pending"]["kind"] == "genesis"
    assert desktop.json("whoami")["pending"] == told["pending"]
    laptop.json("refuse")
    # Refused is refused: it isn't asked for anew but by whoever says so again.
    assert (desktop.json("whoami")["device"], desktop.json("whoami")["pending"]) == (None, None)
    assert desktop.json("login", laptop.address)["pending"] is None
    assert laptop.json("whoami")["pending"] is None
    assert desktop.lines("start-over")[-1]["pending"]["kind"] == "genesis"


def test_the_record_tells_what_the_server_holds_and_nothing_that_was_typed(laptop: Machine):
    told = laptop.run("record", "--json").stdout
    assert json.loads(told)
    assert not [one for one in (laptop.address, laptop.words, PASSWORD, "laptop") if one in told]


def test_several_accounts_are_told_apart_by_their_addresses(laptop: Machine):
    first = laptop.address
    second = laptop.lines("register", "bob")[0]["address"]
    assert laptop.run("whoami").returncode == Exit.USAGE
    for one in (first, second):
        assert laptop.json("whoami", "--address", one)["address"] == one


def test_the_server_is_that_of_the_only_account(laptop: Machine):
    elsewhere = laptop.run("whoami", environment={"EPHEMERAL_SERVER": ""})
    assert elsewhere.returncode == Exit.OK


def test_curl_speaks_for_the_device_with_a_proof(laptop: Machine):
    headers = laptop.json("proof", "GET", "/devices/me/share")
    url = f"{laptop.cli.url}/devices/me/share"
    with httpx.Client(trust_env=False) as http:
        assert http.get(url, headers=headers).status_code == 200
        del headers["Ephemeral-Proof"]
        assert http.get(url, headers=headers).status_code == 401


def test_curl_signs_in_with_the_auth_key(laptop: Machine):
    key = laptop.json("key", laptop.address)["auth_key"]
    body = {"address": laptop.address, "auth_key": key}
    answer = httpx.post(f"{laptop.cli.url}/auth/login", json=body, trust_env=False)
    assert answer.status_code == 200


def test_a_password_comes_from_a_descriptor(laptop: Machine, tmp_path: Path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    with path.open() as file:
        given = {"EPHEMERAL_PASSWORD": ""}
        arguments = ("key", laptop.address, "--password-fd", str(file.fileno()))
        assert laptop.json(*arguments, environment=given)["auth_key"]


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_a_password_that_is_none_is_refused_before_anything_is_made(cli: Cli, password: str):
    machine = Machine(cli, "laptop", password)
    assert machine.refused("register", "ada") == "password_length"
    assert not list(machine.state.rglob("*.json"))


def test_an_id_that_begins_with_a_hyphen_is_no_option(laptop: Machine):
    result = laptop.run("revoke", "--device", "-4TJkzwpxupNqOEuN0ykrw")
    assert "There is no such device" in result.stderr
    result = laptop.run("sessions", "--end", "-4TJkzwpxupNqOEuN0ykrw")
    assert "usage:" not in result.stderr


def test_a_session_is_ended_by_the_beginning_of_its_id(laptop: Machine, desktop: Machine):
    desktop.sign_in(laptop)
    (other,) = [one["sid"] for one in laptop.lines("sessions") if not one["here"]]
    assert laptop.refused("sessions", "--end", "") == "usage"
    assert laptop.refused("sessions", "--end", "nobody") == "usage"
    assert laptop.json("sessions", "--end", other[:8]) == {"ended": other}
    assert desktop.refused("sessions") == "session_ended"


def test_a_token_that_was_used_twice_is_told_until_the_password_is_changed(laptop: Machine):
    assert laptop.json("whoami")["token_reused_at"] is None
    assert "Beware" not in laptop.run("whoami").stdout
    # Somebody goes on with a copy that is older by three refreshes.
    copied = laptop.file.read_text()
    for _ in range(3):
        kept = laptop.kept()
        kept["session"]["until"] = 0
        laptop.file.write_text(json.dumps(kept))
        laptop.json("whoami")
    old = json.loads(copied)
    old["session"]["until"] = 0
    laptop.file.write_text(json.dumps(old))
    laptop.file.chmod(0o600)
    assert laptop.refused("whoami") == "session_ended"
    laptop.json("login", laptop.address)
    assert laptop.json("whoami")["token_reused_at"] > 0
    assert "used twice" in laptop.run("whoami").stdout
    laptop.json("password", environment={"EPHEMERAL_NEW_PASSWORD": "a wholly new one"})
    assert laptop.json("whoami")["token_reused_at"] is None
