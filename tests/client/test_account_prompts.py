"""Accounts at a terminal: what is asked, what is shown, and what isn't."""

import re

import pytest
from support.people.account_holders import PASSWORD, Machine
from support.people.command_line import Cli
from support.people.typist import Typist
from test_terminal_qr import read_on_screen

from ephemeral.client.exits import Exit

WORDS = re.compile(r"[a-z]+(?:-[a-z]+){9}")


@pytest.fixture
def machine(cli: Cli) -> Machine:
    return Machine(cli, "laptop")


def at(machine: Machine, *arguments: str, **given: str) -> Typist:
    """A command at a terminal that finds no password anywhere."""
    asked = machine.environment(EPHEMERAL_PASSWORD="", **given)
    return Typist(
        machine.cli,
        "account",
        *arguments,
        code="",
        environment=asked,
        columns=120,
        rows=48,
        apart=True,
    )


def test_somebody_registers_and_types_two_words_back(machine: Machine):
    with at(machine, "register", "ada") as person:
        answers(person, "New password", 1, "short")
        person.sees("A password has 10 to 256 characters. Once more")
        answers(person, "New password", 2, PASSWORD)
        answers(person, "The same again", 1, "another password")
        person.sees("two different ones")
        answers(person, "New password", 3, PASSWORD)
        answers(person, "The same again", 2, PASSWORD)
        person.sees("Write them")
        words = asked_back(person)
        assert person.end() == Exit.OK
        assert person.terminal_is_as_before()
        assert PASSWORD not in person.raw
        assert "Device" in person.screen.screen()
    assert len(words) == 10
    assert len(machine.lines("devices")) == 1


def answers(person: Typist, prompt: str, time: int, typed: str) -> None:
    """Types what a prompt asks for, once it has come for the so manieth time."""
    person.wait(lambda _: person.raw.count(prompt) >= time, prompt)
    person.enter(typed)


def asked_back(person: Typist) -> list[str]:
    """Types the two words that are asked for, the first one wrong at first; all ten."""
    for number in range(1, 4):
        person.wait(lambda _, number=number: len(places(person)) >= number, "a word to be asked")
        (words,) = {one.group() for one in WORDS.finditer(person.raw)}
        each = words.split("-")
        person.enter("nonsense" if number == 1 else each[places(person)[-1] - 1])
    assert "That isn't it." in person.raw
    return each


def places(person: Typist) -> list[int]:
    return [int(one) for one in re.findall(r"Word (\d+) of them:", person.raw)]


def test_ctrl_c_at_a_prompt_ends_the_command_and_mends_the_terminal(machine: Machine):
    with at(machine, "register", "ada") as person:
        person.sees("New password")
        person.interrupt()
        assert person.end() == Exit.INTERRUPTED
        assert person.terminal_is_as_before()
    assert not list(machine.state.rglob("*.json"))


def test_a_wrong_word_is_told_by_its_place_and_typed_again(machine: Machine):
    machine.register()
    with at(machine, "accept") as person:
        person.sees("The seven words")
        person.enter("abacus abacus zzyzx abacus abacus abacus abacus")
        person.sees("Word 3 is not in the list. Once more")
        # What is typed before the next prompt stands there is not what it asks for.
        person.wait(lambda screen: screen.screen().count("The seven words") == 2, "asked again")
        person.enter(" ".join(["abacus"] * 7))
        person.sees("No device of this account waits with these words")
        assert person.end() == Exit.REFUSED
        assert "zzyzx" not in person.raw


def test_a_terminal_shows_the_words_of_a_link_as_a_picture_too(machine: Machine, cli: Cli):
    machine.register()
    desktop = Machine(cli, "desktop")
    desktop.sign_in(machine)
    with at(desktop, "link") as person:
        person.sees("Until ")
        shown = person.screen.screen()
        code = re.search(r"[a-z]+(?:-[a-z]+){6}", shown)
        assert code is not None
        assert read_on_screen(shown) == f"{cli.url}/account/#link={code.group()}"
        machine.json("accept", environment={"EPHEMERAL_WORDS": code.group()})
        assert person.end() == Exit.OK


def test_a_deletion_wants_the_address_typed(machine: Machine):
    machine.register()
    with at(machine, "delete") as person:
        person.sees(f"Type {machine.address}")
        person.enter("yes")
        assert person.end() == Exit.USAGE
    machine.json("devices")


def test_without_a_terminal_nothing_is_begun_that_must_be_confirmed(machine: Machine):
    result = machine.run("register", "ada", apart=True, start_new_session=True)
    assert result.returncode == Exit.USAGE
    assert "--yes" in result.stderr
    assert not list(machine.state.rglob("*.json"))
