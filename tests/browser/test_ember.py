"""The end of a message: it is gone at once, and what burns in its place is empty."""

import pytest
from plays import played
from playwright.sync_api import expect
from support.machines.chromium import Visit

# What can be seen in the moment in which a card goes, before anything is painted.
GOES = """(state) => {
  window.gallery.client.changeCard("b", { state, text: null, holder: null });
  return new Promise((resolve) => { queueMicrotask(() => queueMicrotask(() => {
    const embers = [...document.querySelectorAll(".embers")];
    const moving = document.getAnimations().map(({ effect }) => effect);
    const timed = (inside) => moving.filter((effect) => inside(effect.target))
      .map((effect) => effect.getComputedTiming().endTime);
    resolve({
      words: document.body.textContent.includes("green"),
      embers: embers.length,
      written: embers.map((one) => one.textContent).join(""),
      hidden: embers.every((one) => one.getAttribute("aria-hidden") === "true"),
      burning: timed((node) => node.closest(".embers")),
      closing: timed((node) => node.matches(".log-list > *")),
    });
  })); });
}"""


def test_a_message_that_goes_burns_for_a_moment_without_its_words(visit: Visit, stage: str) -> None:
    page = played(
        visit, stage, "room:conversation", reduced_motion="no-preference", height=844
    ).page
    expect(page.get_by_text("The door is the green one")).to_be_visible()
    seen = page.evaluate(GOES, "shown_gone")
    assert not seen["words"]
    assert (seen["embers"], seen["written"], seen["hidden"]) == (1, "", True)
    # The whole of it, and its neighbours that close in, last as long as a glance.
    assert 250 <= max(seen["burning"]) <= 400
    assert seen["closing"]
    assert 250 <= max(seen["closing"]) <= 400
    expect(page.locator(".embers")).to_have_count(0)


def test_who_wants_less_motion_sees_none(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:conversation", reduced_motion="reduce").page
    seen = page.evaluate(GOES, "shown_gone")
    assert not seen["words"]
    assert (seen["embers"], seen["burning"], seen["closing"]) == (0, [], [])


@pytest.mark.parametrize("state", ["taken", "returned"])
def test_a_card_that_only_closes_again_does_not_burn(visit: Visit, stage: str, state: str) -> None:
    page = played(visit, stage, "room:conversation", reduced_motion="no-preference").page
    seen = page.evaluate(GOES, state)
    assert not seen["words"]
    assert seen["embers"] == 0
    expect(page.locator(".card.received")).to_have_count(2)
