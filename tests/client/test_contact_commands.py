"""Contacts and invitations at the command line, against the real server."""

import json

import pytest
from support.people.account_holders import Machine
from support.people.command_line import Cli

from ephemeral.__main__ import parsed_command
from ephemeral.client.accounts.kept_people import Person
from ephemeral.client.contacts.naming import shown_names
from ephemeral.client.exits import Exit

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


@pytest.fixture
def ada(cli: Cli) -> Machine:
    """Somebody with an account."""
    machine = Machine(cli, "ada")
    machine.register("ada")
    return machine


@pytest.fixture
def bob(cli: Cli) -> Machine:
    """Somebody else with one."""
    machine = Machine(cli, "bob")
    machine.register("bob")
    return machine


def redeem(machine: Machine, link: str, *arguments: str) -> dict[str, object]:
    given = {"EPHEMERAL_INVITATION": link}
    return machine.json("invite", "--redeem", *arguments, environment=given)


def states(machine: Machine) -> dict[str, str]:
    return {one["name"]: one["state"] for one in machine.lines("contacts")}


def test_whoever_is_findable_is_asked_and_agrees(ada: Machine, bob: Machine):
    bob.json("contacts", "findable", "on")
    ada.json("contacts", "request", bob.address)
    (waiting,) = ada.lines("contacts")
    assert (waiting["state"], waiting["address"], waiting["id"]) == ("asked", bob.address, None)
    assert states(bob) == {ada.address: "asks"}
    bob.json("contacts", "accept", ada.address, "--name", "Ada L")
    assert states(bob) == {"Ada L": "accepted"}
    (contact,) = ada.lines("contacts")
    assert (contact["state"], contact["name"]) == ("accepted", bob.address)
    assert not contact["compared"]


def test_nobody_tells_whether_an_address_exists_or_may_be_asked(ada: Machine, bob: Machine):
    told = [ada.json("contacts", "request", one) for one in (bob.address, "nobody.00000")]
    assert [set(one) for one in told] == [{"asked"}] * 2
    assert bob.lines("contacts") == []
    assert ada.refused("contacts", "request", ada.address) == "usage"
    assert ada.refused("contacts", "request", "no address") == "address_form"


def test_who_says_no_is_quiet_unless_they_wish_otherwise(ada: Machine, bob: Machine):
    bob.json("contacts", "findable", "on")
    ada.json("contacts", "request", bob.address)
    bob.json("contacts", "deny", ada.address)
    assert bob.lines("contacts") == []
    assert [one["state"] for one in ada.lines("contacts")] == ["asked"]
    carol = Machine(ada.cli, "carol")
    carol.register("carol")
    carol.json("contacts", "request", bob.address)
    bob.json("contacts", "deny", carol.address, "--tell")
    assert [one["state"] for one in carol.lines("contacts")] == ["denied"]


def test_an_invitation_makes_contacts_and_pins_whom_it_came_from(ada: Machine, bob: Machine):
    made = ada.json("invite", "--name", "Ada", "--label", "Bobby")
    assert made["link"].startswith(f"{ada.cli.url}/account/#invite=")
    told = redeem(bob, made["link"])
    assert (told["name"], told["conversation"]) == ("Ada", None)
    # Each has the other's name, and what the other had read of its own chain.
    assert states(ada) == {"Bobby": "accepted"}
    assert states(bob) == {"Ada": "accepted"}
    (known,) = ada.kept()["people"]["persons"]
    assert known["pin"]["chain"] == bob.kept()["pin"]["chain"]
    # It works once; the same again for who lost the answer.
    assert redeem(bob, made["link"])["id"] == told["id"]
    carol = Machine(ada.cli, "carol")
    carol.register("carol")
    given = {"EPHEMERAL_INVITATION": made["link"]}
    assert carol.refused("invite", "--redeem", environment=given) == "invitation_unknown"


def test_an_invitation_that_is_none_is_refused_before_anybody_is_asked(ada: Machine):
    for link in ("https://example.org/", "https://example.org/#invite=a.b"):
        given = {"EPHEMERAL_INVITATION": link}
        assert ada.refused("invite", "--redeem", environment=given) == "invitation_form"


def test_a_withdrawn_invitation_leads_nowhere(ada: Machine, bob: Machine):
    made = ada.json("invite")
    assert [one["id"] for one in ada.lines("invite", "--list")] == [made["id"]]
    ada.json("invite", "--withdraw", made["id"])
    assert ada.run("invite", "--list", "--json").stdout == ""
    given = {"EPHEMERAL_INVITATION": made["link"]}
    assert bob.refused("invite", "--redeem", environment=given) == "invitation_unknown"


def test_the_secret_of_an_invitation_is_not_told_to_the_server(ada: Machine):
    link = ada.json("invite")["link"]
    secret = link.rpartition(".")[2]
    assert secret in ada.file.read_text()
    assert secret not in ada.run("record", "--json").stdout


def test_two_people_compare_one_number(ada: Machine, bob: Machine):
    redeem(bob, ada.json("invite")["link"])
    numbers = [
        one.json("contacts", "compare", other)["number"]
        for one, other in ((ada, "bob"), (bob, "ada"))
    ]
    assert numbers[0] == numbers[1]
    assert [one["compared"] for one in ada.lines("contacts")] == [False]
    assert "not compared" in ada.run("contacts").stdout
    ada.json("contacts", "compare", "bob", "--yes")
    assert [one["compared"] for one in ada.lines("contacts")] == [True]
    assert "not compared" not in ada.run("contacts").stdout


def test_whoever_is_blocked_sees_that_they_were_left_and_can_ask_in_vain(
    ada: Machine, bob: Machine
):
    redeem(bob, ada.json("invite")["link"])
    ada.json("contacts", "findable", "on")
    ada.json("contacts", "block", "bob")
    assert states(ada) == {"bob": "blocked"}
    assert bob.lines("contacts") == []
    bob.json("contacts", "request", ada.address)
    assert states(ada) == {"bob": "blocked"}
    ada.json("contacts", "remove", "bob")
    assert list(states(ada).values()) in ([], ["asks"])


def test_a_name_of_ones_own_and_an_id_say_who_is_meant(ada: Machine, bob: Machine):
    redeem(bob, ada.json("invite")["link"])
    (contact,) = bob.lines("contacts")
    bob.json("contacts", "rename", contact["id"], "--name", "My friend")
    assert states(bob) == {"My friend": "accepted"}
    assert bob.refused("contacts", "rename", "ada", "--name", "x") == "usage"
    bob.json("contacts", "remove", "my friend")
    assert bob.lines("contacts") == ada.lines("contacts") == []


@pytest.mark.parametrize("command", [["say"], ["chat"], ["chat", "people"], ["contacts", "block"]])
def test_an_id_that_begins_with_a_hyphen_says_who_is_meant(command: list[str]):
    for one in ("-4TJkzwpxupNqOEuN0ykrw", "--TJkzwpxupNqOEuN0ykrw"):
        parsed = parsed_command([*command, one, "--json"])
        assert getattr(parsed, "who" if "contacts" in command else "where").strip() == one
        assert parsed.json


def test_two_of_one_name_are_told_apart_by_a_number():
    persons = [Person(bytes([n]) * 32, name="Bo") for n in (1, 2)]
    assert list(shown_names(persons).values()) == ["Bo", "Bo · 2"]


def test_options_stand_before_or_behind_the_command(ada: Machine):
    for arguments in (("contacts", "--json", "findable", "on"), ("contacts", "findable", "on")):
        result = ada.run(*arguments)
        assert result.returncode == Exit.OK, result
        assert bool(result.stdout) == ("--json" in arguments)


def test_a_machine_that_is_no_device_is_told_what_to_do(ada: Machine, cli: Cli):
    other = Machine(cli, "other")
    other.sign_in(ada)
    for command in (("contacts",), ("invite",)):
        assert other.refused(*command) == "device_required"
    assert json.loads(ada.run("contacts", "findable", "on", "--json").stdout)["findable"]
