"""Conversations at the command line, against the real server."""

import json
import os
import signal
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.account_holders import Machine
from support.people.command_line import Cli, signalled

from ephemeral.client.exits import Exit
from ephemeral.protocol.encoding import b64decode

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


def somebody(cli: Cli, name: str) -> Machine:
    machine = Machine(cli, name)
    machine.register(name)
    return machine


def befriend(one: Machine, other: Machine) -> None:
    link = one.json("invite")["link"]
    other.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})


@pytest.fixture
def ada(cli: Cli) -> Machine:
    """Somebody."""
    return somebody(cli, "ada")


@pytest.fixture
def bob(cli: Cli, ada: Machine) -> Machine:
    """A contact of hers."""
    machine = somebody(cli, "bob")
    befriend(ada, machine)
    return machine


@pytest.fixture
def carol(cli: Cli, ada: Machine) -> Machine:
    """Another one, who doesn't know the first."""
    machine = somebody(cli, "carol")
    befriend(ada, machine)
    return machine


def says(machine: Machine, where: str, text: str, *arguments: str) -> dict[str, object]:
    return machine.json("say", where, *arguments, text=text)


def texts(machine: Machine, *arguments: str) -> list[tuple[str, str]]:
    """Who says what, of all that is new."""
    result = machine.run("inbox", "--json", *arguments)
    assert result.returncode in {Exit.OK, Exit.NOTHING}, result
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [(one["name"], one["text"]) for one in found if "text" in one]


def test_what_is_said_to_a_contact_is_read_once(ada: Machine, bob: Machine):
    says(ada, "bob", "Lunch?\nAt noon?")
    shown = bob.run("inbox")
    first, *text = shown.stdout.splitlines()
    assert first.startswith("‹ada› 20")
    assert first.endswith(" (not compared)")
    assert text == ["| Lunch?", "| At noon?"]
    assert bob.run("inbox").returncode == Exit.NOTHING
    # And back, in the same conversation.
    says(bob, "ada", "Yes")
    (answer,) = ada.lines("inbox")
    assert (answer["text"], answer["name"], answer["direct"]) == ("Yes", "bob", True)
    assert len(ada.lines("chat")) == len(bob.lines("chat")) == 1


def test_whoever_is_blocked_is_not_heard(ada: Machine, bob: Machine):
    says(ada, "bob", "before")
    assert texts(bob) == [("ada", "before")]
    bob.json("contacts", "block", "ada")
    says(ada, "bob", "after")
    assert bob.run("inbox").returncode == Exit.NOTHING
    bob.json("contacts", "remove", "ada")
    says(ada, "bob", "later")
    assert texts(bob) == [("ada", "later")]


def test_who_was_compared_is_not_marked(ada: Machine, bob: Machine):
    bob.json("contacts", "compare", "ada", "--yes")
    says(ada, "bob", "It is me")
    assert "not compared" not in bob.run("inbox").stdout


def test_a_text_drives_no_terminal_and_passes_for_no_line_of_the_program(
    ada: Machine, bob: Machine
):
    says(ada, "bob", "one\n‹ada› two\x1b[2J\rthree")
    lines = bob.run("inbox").stdout.splitlines()[1:]
    assert lines == ["| one", "| ‹ada› two␛[2J␍three"]


def test_what_could_not_be_printed_is_new_once_more(ada: Machine, bob: Machine, tmp_path: Path):
    says(ada, "bob", "once")
    read_only = tmp_path / "read_only"
    read_only.touch()
    descriptor = os.open(read_only, os.O_RDONLY)
    try:
        result = bob.run("inbox", stdout=descriptor)
    finally:
        os.close(descriptor)
    assert result.returncode == Exit.OUTPUT
    assert texts(bob) == [("ada", "once")]


def test_a_conversation_of_several_has_a_name_and_people_who_see_each_others(
    ada: Machine, bob: Machine, carol: Machine
):
    ada.json("chat", "new", "--name", "Trip", "bob", "carol")
    says(ada, "Trip", "Where to?")
    assert texts(bob) == [("ada", "Where to?")]
    says(bob, "trip", "To the sea")
    # Bob is none of her contacts: he is called what he calls himself, and is marked.
    shown = carol.run("inbox").stdout
    assert "‹Trip› ‹bob›" in shown
    assert shown.count("(not compared)") == shown.count("\n‹Trip›") + 1
    people = {one["name"]: one["role"] for one in carol.lines("chat", "people", "Trip")}
    assert people == {"ada": "admin", "bob": "member", None: "member"}
    ada.json("chat", "rename", "Trip", "--name", "Journey")
    texts(carol)
    (known,) = carol.lines("chat")
    assert (known["name"], known["role"], len(known["people"])) == ("Journey", "member", 3)


def test_whoever_is_removed_reads_no_more_and_is_told(ada: Machine, bob: Machine, carol: Machine):
    ada.json("chat", "new", "--name", "Trip", "bob", "carol")
    says(ada, "Trip", "all")
    texts(bob)
    ada.json("chat", "remove", "Trip", "bob")
    says(ada, "Trip", "not for Bob")
    assert "in this conversation no more" in bob.run("inbox").stdout
    assert bob.refused("say", "Trip", text="x") == "gone"
    assert texts(carol) == [("ada", "all"), ("ada", "not for Bob")]
    ada.json("chat", "add", "Trip", "bob")
    says(ada, "Trip", "welcome back")
    assert texts(bob) == [("ada", "welcome back")]


def test_only_an_admin_changes_a_conversation_and_anybody_leaves(
    ada: Machine, bob: Machine, carol: Machine
):
    ada.json("chat", "new", "--name", "Trip", "bob", "carol")
    for command in (("remove", "Trip", "ada"), ("timer", "Trip", "1d")):
        assert bob.refused("chat", *command) == "not_admin"
    assert bob.refused("chat", "rename", "Trip", "--name", "Mine") == "not_admin"
    ada.json("chat", "admin", "Trip", "bob")
    bob.json("chat", "timer", "Trip", "1d")
    ada.json("chat", "leave", "Trip")
    says(bob, "Trip", "She is gone")
    shown = carol.run("inbox").stdout
    assert "made ‹bob› an admin" in shown
    assert "1 day" in shown
    assert "‹ada› left" in shown
    bob.json("chat", "end", "Trip", "--yes")
    assert carol.refused("say", "Trip", text="x") == "gone"


def test_whoever_redeems_an_invitation_into_a_conversation_is_let_in(
    ada: Machine, bob: Machine, cli: Cli
):
    ada.json("chat", "new", "--name", "Trip", "bob")
    link = ada.json("invite", "--to", "Trip")["link"]
    dave = somebody(cli, "dave")
    told = dave.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})
    assert told["conversation"] is not None
    assert "‹dave› was let in" in ada.run("inbox").stderr
    says(ada, "Trip", "Hello all")
    assert texts(dave) == [("ada", "Hello all")]
    assert [one["conversation"] for one in ada.lines("invite", "--list")] == [None]


def test_an_invitation_brings_nobody_back_who_was_removed(ada: Machine, bob: Machine, cli: Cli):
    """Whoever was added otherwise, or by a command that died thereafter, still has it."""
    ada.json("chat", "new", "--name", "Trip", "bob")
    link = ada.json("invite", "--to", "Trip")["link"]
    dave = somebody(cli, "dave")
    dave.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})
    ada.json("chat", "add", "Trip", "dave")
    ada.json("chat", "remove", "Trip", "dave")
    dave.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})
    assert "was let in" not in ada.run("inbox").stderr
    assert len(ada.lines("chat", "people", "Trip")) == 2
    # It leads nowhere any more.
    environment = {"EPHEMERAL_INVITATION": link}
    assert dave.refused("invite", "--redeem", environment=environment) == "invitation_unknown"


def test_messages_are_answered_changed_and_taken_back(ada: Machine, bob: Machine):
    first = str(says(ada, "bob", "frist")["message"])
    second = str(says(ada, "bob", "second")["message"])
    says(ada, "bob", "first", "--edit", first)
    says(bob, "ada", "well", "--reply", second)
    says(bob, "ada", "👍", "--react", first)
    told = [(one["kind"], one.get("of")) for one in bob.lines("inbox")]
    assert told == [("text", None), ("text", None), ("edit", first)]
    told = [(one["kind"], one.get("quote")) for one in ada.lines("inbox")]
    assert told == [("reply", "second"), ("reaction", None)]
    # Not hers to change.
    says(bob, "ada", "forged", "--edit", first)
    assert "isn't theirs to change" in ada.run("inbox").stdout
    third = str(says(ada, "bob", "secret")["message"])
    ada.json("say", "bob", "--delete", third)
    shown = bob.run("inbox").stdout
    assert "secret" not in shown
    assert "deleted a message" in shown


def test_a_conversation_is_talked_in_by_lines(ada: Machine, bob: Machine):
    result = ada.run("chat", "with", "bob", text="one\n\ntwo\n/quit\nthree\n")
    assert result.returncode == Exit.OK, result
    assert [text for _, text in texts(bob)] == ["one", "two"]
    says(bob, "ada", "three")
    process = ada.start("chat", "with", "bob")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("‹bob›")
    assert process.stdout.readline() == "| three\n"
    process.communicate("four\n")
    assert [text for _, text in texts(bob)] == ["four"]


def test_of_two_conversations_with_one_person_both_are_read_and_one_is_written_to(
    ada: Machine, bob: Machine
):
    # As if each had begun one before it knew of the other's.
    first = says(ada, "bob", "one")["conversation"]
    second = ada.json("chat", "again", "bob")["conversation"]
    texts(bob)
    talk = bob.start("chat", "with", "ada")
    assert talk.stdin is not None
    assert talk.stdout is not None
    for where, line in ((first, "two"), (second, "three")):
        ada.json("say", str(where), text=line)
        assert talk.stdout.readline().startswith("‹ada›")
        assert talk.stdout.readline() == f"| {line}\n"
    talk.communicate("four\n")
    assert talk.returncode == Exit.OK
    (heard,) = ada.lines("inbox")
    assert (heard["text"], heard["conversation"]) == ("four", min(first, second, key=b64decode))


def test_whoever_is_named_in_a_text_is_told_and_read_by_their_own_name(
    ada: Machine, bob: Machine, carol: Machine
):
    ada.json("chat", "new", "--name", "Trip", "bob", "carol")
    ada.json("contacts", "rename", "bob", "--name", "Old Grump")
    says(ada, "Trip", "(@old grump), ask @Carol. Not a@bob or @bobby")
    (heard,) = [one for one in bob.lines("inbox") if "text" in one]
    assert heard["text"] == "(@bob), ask @carol. Not a@bob or @bobby"
    chains = {one["name"]: one["chain"] for one in ada.lines("contacts")}
    assert heard["mentions"] == [chains["Old Grump"], chains["carol"]]


def test_who_is_here_is_told_those_who_show_themselves_while_they_talk(ada: Machine, bob: Machine):
    says(ada, "bob", "hello")
    texts(bob)
    assert ada.json("chat", "presence") == {"presence": False}
    for one in (ada, bob):
        assert one.json("chat", "presence", "on") == {"presence": True}
    (contact,) = ada.lines("contacts")
    # Somebody who only listens isn't here.
    following = bob.start("inbox", "--follow", "--json", "--timeout", "0")
    assert following.stdout is not None
    says(ada, "bob", "heard")
    assert json.loads(following.stdout.readline())["text"] == "heard"
    assert ada.json("chat", "presence") == {"presence": True, "here": []}
    assert signalled(following, signal.SIGTERM) == Exit.TERMINATED
    talk = bob.start("chat", "with", "ada")
    for _ in range(10):
        told = ada.json("chat", "presence")
        if told["here"]:
            break
    assert told == {"presence": True, "here": [contact["id"]]}
    talk.communicate("")
    ada.json("chat", "presence", "off")
    assert ada.run("chat", "presence").stdout == ""
    assert ada.json("chat", "presence") == {"presence": False}


def test_nobody_and_nothing_is_said_to_whom_one_does_not_know(ada: Machine, bob: Machine):
    assert ada.refused("say", "zoe", text="x") == "usage"
    assert ada.refused("say", "bob", text="") == "usage"
    assert ada.refused("chat", "new", "--name", "Trip", "bob", "zoe") == "usage"
    assert ada.refused("chat", "people", "bob") == "usage"
    assert ada.lines("chat") == []
    bob.json("contacts", "remove", "ada")
    assert ada.refused("say", "bob", text="x") == "contact_needed"


def test_a_linked_device_gets_what_was_not_shown_yet(ada: Machine, bob: Machine, cli: Cli):
    says(ada, "bob", "before")
    tablet = Machine(cli, "tablet")
    tablet.linked_by(bob)
    # It is handed over before it is shown, and then shown on both.
    assert texts(bob) == texts(tablet) == [("ada", "before")]
    assert texts(tablet) == []


def test_a_linked_device_reads_what_is_said_from_then_on(ada: Machine, bob: Machine, cli: Cli):
    says(ada, "bob", "before")
    tablet = Machine(cli, "tablet")
    tablet.linked_by(bob, "--history", "none")
    bob.json("inbox")
    says(ada, "bob", "after")
    assert [text for _, text in texts(tablet)] == ["after"]
    assert [text for _, text in texts(bob)] == ["after"]
    # What is written on one is told on the other.
    says(bob, "ada", "mine")
    assert [(one["text"], one["own"]) for one in tablet.lines("inbox")] == [("mine", True)]


def test_what_people_are_called_is_the_same_on_all_devices_of_an_account(
    ada: Machine, bob: Machine, cli: Cli
):
    bob.json("contacts", "rename", "ada", "--name", "Boss")
    tablet = Machine(cli, "tablet")
    tablet.linked_by(bob)
    known = [(one["name"], one["compared"]) for one in tablet.lines("contacts")]
    assert known == [("Boss", False)]
    # Later changes go both ways, by the account's own conversation.
    bob.run("inbox")
    tablet.run("inbox")
    bob.json("contacts", "compare", "Boss", "--yes")
    bob.run("inbox")
    tablet.run("inbox")
    tablet.json("contacts", "rename", "boss", "--name", "Chief")
    tablet.run("inbox")
    bob.run("inbox")
    for machine in (bob, tablet):
        known = [(one["name"], one["compared"]) for one in machine.lines("contacts")]
        assert known == [("Chief", True)]


def test_a_conversation_is_looked_through_again_and_begun_anew(ada: Machine, bob: Machine):
    says(ada, "bob", "first")
    assert [one["text"] for one in bob.lines("inbox")] == ["first"]
    says(bob, "ada", "second")
    told = [one["text"] for one in bob.lines("chat", "history", "ada") if "text" in one]
    assert "second" in told
    anew = ada.json("chat", "again", "bob")["conversation"]
    ada.json("say", anew, text="third")
    assert ("ada", "third") in texts(bob)


def test_nothing_is_shown_of_a_conversation_with_strangers_until_one_agrees(
    ada: Machine, bob: Machine, carol: Machine
):
    # Bob has left her before he learns of it; to her it was a contact's to make.
    ada.json("chat", "new", "--name", "Trip", "bob", "carol")
    says(ada, "Trip", "Hello")
    bob.json("contacts", "remove", "ada")
    assert texts(bob) == []
    (known,) = bob.lines("chat")
    assert known["state"] == "request"
    assert bob.refused("say", known["conversation"], text="x") == "request"
    bob.json("chat", "agree", known["conversation"])
    assert texts(bob) == [("ada", "Hello")]
    # Of who is blocked not even that is told.
    carol.json("contacts", "block", "ada")
    assert carol.lines("chat") == []
    assert carol.run("inbox").returncode == Exit.NOTHING


def test_whoever_follows_outlives_the_server(own_cli: Cli, server: Program):
    ada, bob = (somebody(own_cli, name) for name in ("ada", "bob"))
    befriend(ada, bob)
    following = bob.start("inbox", "--follow", "--json", "--timeout", "0")
    assert following.stdout is not None
    for text in ("before", "after"):
        says(ada, "bob", text)
        assert json.loads(following.stdout.readline())["text"] == text
        server.stop()
        server.start()
    assert signalled(following, signal.SIGTERM) == Exit.TERMINATED
