"""Ten people in one room, of whom one floods it and another opens whatever comes."""

import re

from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.crowd import crowd
from support.people.people import PATIENCE_MS, person

QUIET = ("Cy", "Di", "Ed", "Fay", "Hal", "Ivy")


def test_ten_people_a_flooder_and_a_greedy_reader(visit: Visit, server: str) -> None:
    # As high as phones are: at ten in the evening times take more room than at nine.
    ada = person(visit, server, width=1280, height=900)
    ada.choose(name="Ada", everyone=False, seats="10")
    ada.generate()
    ada.is_inside()
    bo = person(visit, server, width=390, height=844)
    bo.choose(name="Bo")
    bo.enter(ada.code)
    bo.is_inside()
    with crowd(server, ada.code, "Flo", "Gus", *QUIET) as others:
        expect(ada.page.get_by_role("button", name="10 people")).to_be_visible()
        # All seats are taken, so nobody needs the words any more.
        expect(ada.page.locator(".code-words")).to_have_count(0)
        for at, name in enumerate(QUIET):
            others.tell("Flo", "says", f"Look at this, {at}", 6)
            others.tell(name, "says", f"{name} would like tea.")

        # What one floods is one, and what the others say is found between.
        for someone in (ada, bo):
            flood = someone.page.locator(".stack")
            expect(flood).to_contain_text("36 messages wait", timeout=PATIENCE_MS)
            expect(someone.page.locator(".card.received")).to_have_count(7)
            for name in QUIET:
                expect(someone.sealed_by(name)).to_be_in_viewport()

        # One line tells of what the greedy reader takes, and the flood says how much he holds.
        others.tell("Gus", "reads", 20)
        others.tell("Gus", "holds", 3)
        for someone in (ada, bo):
            flood = someone.page.locator(".stack")
            ash = someone.page.locator(".ash")
            expect(ash).to_have_text("20 messages, read by others and gone")
            expect(flood).to_contain_text("Gus is reading")

        # Whoever doesn't want to see it hides it, and reads the others.
        ada.page.get_by_role("button", name="10 people").click()
        people = ada.page.get_by_role("dialog", name="People in this room")
        people.get_by_role("button", name=re.compile("^Hide .Flo.$")).click()
        ada.page.keyboard.press("Escape")
        expect(ada.page.locator(".stack")).to_have_count(0)
        expect(ada.page.locator(".hidden-messages")).to_contain_text("Flo")
        ivy = ada.sealed_by("Ivy")
        ivy.click()
        expect(ada.texts).to_have_text("Ivy would like tea.")
        expect(bo.sealed_by("Ivy")).to_have_count(0)

        # Who has read it is told by name; what is unread can be taken back.
        ada.says("Tea for everybody?")
        ada.says("Bring your own cups.")
        expect(ada.receipts).to_have_text([re.compile("^Stored"), re.compile("^Stored")])
        ada.page.get_by_role("button", name="Take back").last.click()
        expect(ada.receipts.last).to_have_text(
            "Taken back. The server says that nobody had opened it"
        )
        bo.sealed_by("Ada").click()
        expect(bo.texts).to_have_text("Tea for everybody?")
        expect(ada.receipts.first).to_have_text(re.compile("^Opened by Bo, .+ · gone$"))
