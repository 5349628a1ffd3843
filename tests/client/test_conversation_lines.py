"""News of conversations as a person and a program are told them, of every kind there is."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ephemeral.client.accounts.kept_people import People, Person
from ephemeral.client.conversations.engine import Known
from ephemeral.client.conversations.news import News
from ephemeral.client.talking.here import Here
from ephemeral.client.talking.lines import fields_of, lines_of
from ephemeral.client.talking.reasons import NOTES, REASONS
from ephemeral.protocol.conversations.contents import Content
from ephemeral.protocol.conversations.records import Person as Member
from ephemeral.protocol.encoding import b64encode

ME, BO, CY = (bytes([n]) * 32 for n in range(3))
TRIP, DEVICE, MESSAGE = (bytes([n]) * 16 for n in range(3))
OF = {"device": b64encode(DEVICE), "id": b64encode(MESSAGE)}


def member(chain: bytes) -> Member:
    return Member(chain, "member", 1, 0, bytes(32))


@pytest.fixture
def here() -> Here:
    """Somebody who knows Bo, and not Cy."""
    people = People([Person(BO, name="Bo", compared=True)])
    kept = SimpleNamespace(people=people, pin=SimpleNamespace(chain=ME))
    account = SimpleNamespace(kept=kept, context=None)
    return Here(cast("Any", account), cast("Any", None))


GROUP = Known(TRIP, "following", "", "member", 1, (member(ME), member(BO)), "Trip", None)


def news(kind: str, chain: bytes | None = BO, **more: Any) -> News:
    return News(1, TRIP, kind, 7, 0, chain, DEVICE, MESSAGE, **more)


def content(kind: str, chain: bytes = BO, counts: object = None, **body: object) -> News:
    details = {} if counts is None else {"counts": counts}
    return news("message", chain, content=Content(kind, 0, body), details=details)


def chains(*those: bytes) -> list[str]:
    return [b64encode(one) for one in those]


TOLD = {
    "text": (content("text", text="a\nb", mentions=[]), ["‹Trip› ‹Bo›", "| a", "| b"]),
    "stranger": (
        content("text", CY, text="a", mentions=[]),
        ["‹Trip› somebody (AgICAg) (not compared)", "| a"],
    ),
    "own": (content("text", ME, text="a", mentions=[]), ["‹Trip› you", "| a"]),
    "reply": (
        content("reply", text="a", mentions=[], of=OF, quote="q\x1b"),
        ["‹Trip› ‹Bo›", "| > q␛", "| a"],
    ),
    "edit": (
        content("edit", counts=True, text="a", mentions=[], of=OF),
        ["‹Trip› ‹Bo›: writes instead of an earlier message", "| a"],
    ),
    "forged edit": (
        content("edit", counts=False, text="a", mentions=[], of=OF),
        ["‹Trip› ‹Bo›: tried to change what isn't theirs to change, or too late"],
    ),
    "delete": (
        content("delete", counts=True, of=OF),
        ["‹Trip› ‹Bo›: deleted a message for everybody"],
    ),
    "reaction": (content("reaction", of=OF, reaction="\x1b!"), ["‹Trip› ‹Bo›: reacts: ␛!"]),
    "no reaction": (
        content("reaction", of=OF, reaction=None),
        ["‹Trip› ‹Bo›: takes a reaction back"],
    ),
    "card": (
        content("card", counts=True, name="Sea", picture=None),
        ["‹Trip› ‹Bo›: calls this conversation ‹Sea›"],
    ),
    "forged card": (
        content("card", counts=False, name="Sea", picture=None),
        ["‹Trip› ‹Bo›: tried to change what isn't theirs to change, or too late"],
    ),
    "card again": (
        news(
            "message",
            content=Content("card", 0, {"name": "Trip", "picture": None}),
            details={"counts": True, "same": True},
        ),
        [],
    ),
    "newer": (
        content("unknown"),
        ["‹Trip› ‹Bo›: sent something of a kind that this program is too old to show"],
    ),
    "read": (content("read", place=3), []),
    "profile": (content("profile", name="Bo", picture=None), []),
    "nothing": (news("record", details={"epoch": 2}), []),
    "added": (
        news("record", details={"added": chains(CY), "removed": chains(ME)}),
        ["‹Trip› ‹Bo›: added somebody (AgICAg); removed you"],
    ),
    "left": (
        news("record", details={"left": chains(BO), "roles": {b64encode(ME): "admin"}}),
        ["‹Trip› ‹Bo›: notes that ‹Bo› left; made you an admin"],
    ),
    "devices": (
        news("record", details={"devices": chains(BO)}),
        ["‹Trip› ‹Bo›: lists other devices of ‹Bo›"],
    ),
    "timer": (
        news("record", details={"timer": 60}),
        ["‹Trip› ‹Bo›: lets messages disappear 1 minute after they were read"],
    ),
    "gap": (
        news("gap", None, details={"from": 3, "to": 5}),
        ["‹Trip›: 3 messages are no longer there for this device (place 3 to 5)"],
    ),
    "destroyed": (
        news("destroyed", None, details={"from": 3, "to": 3}),
        ["‹Trip›: a message is destroyed (place 3 to 3)"],
    ),
    "refused": (
        news("refused", code="message_broken"),
        ["‹Trip›: something from ‹Bo› (place 7) isn't shown: it can't be decrypted"],
    ),
    "note": (
        news("note", code="changes_not_seen", details={"days": 35}),
        ["‹Trip›: 35 days of changes were not seen here: look who is in it"],
    ),
}


@pytest.mark.parametrize(("one", "lines"), TOLD.values(), ids=TOLD)
def test_each_kind_has_its_line(here: Here, one: News, lines: list[str]):
    assert lines_of(here, GROUP, one) == lines


@pytest.mark.parametrize("one", [one for one, _ in TOLD.values()], ids=TOLD)
def test_no_part_of_news_takes_the_place_of_what_the_program_says_of_it(here: Here, one: News):
    told = fields_of(here, GROUP, one)
    assert told["conversation"] == b64encode(TRIP)
    assert (told["place"], told["title"]) == (7, "‹Trip›")
    assert told["name"] == (None if one.chain in {None, ME, CY} else "Bo")


@pytest.mark.parametrize("code", [*REASONS, *NOTES, "record_role", "something_new"])
def test_every_reason_is_a_sentence_and_an_unknown_one_names_its_code(here: Here, code: str):
    for kind in ("refused", "note"):
        (line,) = lines_of(here, GROUP, news(kind, code=code))
        assert "{" not in line
        assert code in line or code in REASONS or code in NOTES


def test_every_refusal_of_a_reader_has_a_sentence_of_its_own():
    # docs/conversations.md, 6.1.
    named = {
        "message_length", "message_version", "message_conversation", "message_record",
        "message_device", "message_seen", "log_fork", "message_broken", "message_padding",
        "message_signature", "content_form", "message_again", "update_needed", "box_broken",
    }  # fmt: skip
    assert named <= REASONS.keys()
    assert {"not_member", "server_back", "not_compared", "changes_not_seen"} <= NOTES.keys()
