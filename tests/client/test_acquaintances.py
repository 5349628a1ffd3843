"""Who was asked and who is blocked, between devices of one account: `request` and `block`."""

import pytest

from ephemeral.client.accounts.kept_people import People, Person
from ephemeral.client.talking.acquaintances import REQUEST as REQUEST_NAME
from ephemeral.client.talking.acquaintances import adopt, told, untold
from ephemeral.protocol.encoding import b64encode

REQUEST, ACCOUNT, OTHER = (bytes([n]) * 16 for n in (1, 2, 3))
CHAIN = bytes([4]) * 32
#: As the page writes them.
ASKED = {b64encode(REQUEST): {"address": "bo_ek.12345"}}
KNOWN = {b64encode(CHAIN): {"account": b64encode(ACCOUNT), "address": "cleo.54321", "founded": 3}}
BLOCKED = {b64encode(CHAIN): True}


def shared(one: People, requests: dict[str, object], blocks: dict[str, object]) -> None:
    """What one tells stands in the registers."""
    for register, key, value in untold(one, requests):
        into = requests if register == "request" else blocks
        if value is None:
            into.pop(key)
        else:
            into[key] = value
        told(one, register, key, value)


def test_what_the_page_has_told_is_taken_and_not_told_back():
    people = People()
    assert adopt(people, ASKED | KNOWN, BLOCKED, {REQUEST})
    assert people.asked == {REQUEST: "bo_ek.12345"}
    (cleo,) = people.persons
    assert (cleo.chain, cleo.account, cleo.address) == (CHAIN, ACCOUNT, "cleo.54321")
    assert cleo.blocked
    assert untold(people, ASKED | KNOWN) == []
    assert not adopt(people, ASKED | KNOWN, BLOCKED, {REQUEST})
    # What the server has forgotten is asked no more, and a block ends where it was lifted.
    assert not adopt(People(), ASKED, {}, {OTHER})
    cleo.account = None
    adopt(people, {}, {}, ())
    assert not cleo.blocked


def test_what_was_done_here_is_told_once_and_keeps_what_others_have_told():
    here, there = People(), People()
    here.asked[REQUEST] = "bo_ek.12345"
    here.persons.append(Person(CHAIN, ACCOUNT, address="cleo.54321", blocked=True))
    requests: dict[str, object] = {b64encode(CHAIN): {"founded": 3}}
    blocks: dict[str, object] = {}
    shared(here, requests, blocks)
    assert requests == ASKED | KNOWN
    assert blocks == BLOCKED
    assert untold(here, requests) == []
    adopt(there, requests, blocks, {REQUEST})
    assert there.asked == here.asked
    assert there.persons[0].blocked
    # It is lifted by whichever device.
    here.persons[0].blocked = False
    shared(here, requests, blocks)
    assert blocks == {}
    assert untold(here, requests) == []


def test_whom_the_server_alone_has_put_in_a_contacts_place_no_device_is_told():
    # The page would take it that somebody has agreed to that chain.
    other = bytes([5]) * 32
    here = People()
    here.persons.append(Person(other, ACCOUNT, address="cleo.54321"))
    assert untold(here, KNOWN) == [(REQUEST_NAME, b64encode(other), {"address": "cleo.54321"})]
    here.persons[0].blocked = True
    assert (REQUEST_NAME, b64encode(other), {"address": "cleo.54321"}) in untold(here, KNOWN)
    # Whoever has compared its number has agreed to it.
    here.persons[0].compared = True
    told_of = {"address": "cleo.54321", "account": b64encode(ACCOUNT)}
    assert (REQUEST_NAME, b64encode(other), told_of) in untold(here, KNOWN)
    here.persons[0].compared = False
    assert (REQUEST_NAME, b64encode(other), told_of) in untold(here, {})


@pytest.mark.parametrize(
    "value", [None, True, [], {"address": 1}, {"address": "no address"}, {"account": "AA"}]
)
def test_what_has_another_form_is_passed_over(value: object):
    people = People()
    for key in (b64encode(REQUEST), b64encode(CHAIN), "x", "AA"):
        assert not adopt(people, {key: value}, {"AA": value}, {REQUEST})
    assert people == People()
