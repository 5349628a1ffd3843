"""Every state of the page, whoever looks at it and on whatever: nothing is wrong in any of them.

All states are inspected once, in English and in Arabic (inspection.py: more than a second each,
since there are a hundred of them); each test here is one thing that was looked for. The forms in
which something rarely is wrong that is right in the others are left to a release.
"""

import pytest
from inspection import (
    FORMS,
    HURRIED,
    MIRRORED_FORMS,
    RELEASE_FORMS,
    RELEASE_LONG_FORMS,
    RELEASE_MIRRORED_FORMS,
    Form,
    Found,
    inspect,
)
from plays import played
from playwright.sync_api import Browser
from support.machines.chromium import visits

# The first test of each language waits for the whole inspection.
pytestmark = pytest.mark.timeout(600)


def inspected(browser: Browser, stage: str, language: str, forms: tuple[Form, ...]) -> Found:
    with visits(browser) as visit:
        still = {"init": HURRIED, "reduced_motion": "reduce"}
        page = played(visit, stage, "screen:arriving", language=language, **still).page
        return inspect(page, forms)


@pytest.fixture(scope="module")
def found(browser: Browser, stage: str) -> Found:
    return inspected(browser, stage, "en", FORMS)


@pytest.fixture(scope="module")
def mirrored(browser: Browser, stage: str) -> Found:
    return inspected(browser, stage, "ar", MIRRORED_FORMS)


def nothing(faults: list[str]) -> None:
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def test_every_state_says_what_its_row_of_the_tables_says(found: Found) -> None:
    nothing(found["unsaid"])


def test_every_message_of_every_state_can_be_shown(found: Found) -> None:
    nothing(found["unshowable"])


def test_axe_finds_nothing_by_day_and_by_night(found: Found) -> None:
    nothing(found["axe"])


def test_every_state_fits_every_width(found: Found) -> None:
    nothing(found["overflowing"])


def test_no_control_is_cut_off_where_there_is_little_space(found: Found) -> None:
    nothing(found["clipped"])


def test_every_control_is_large_enough_to_be_hit(found: Found) -> None:
    nothing(found["small"])


def test_night_and_forced_colours_leave_everything_to_be_read(found: Found) -> None:
    nothing(found["faint"])


def test_nothing_moves_for_those_who_want_less_motion(found: Found) -> None:
    nothing(found["moving"])


def looked_for(found: Found, forms: tuple[Form, ...]) -> list[str]:
    looks = {look for form in forms for look in form.looks} | {"axe"}
    return [fault for look in sorted(looks) for fault in found[look]]


def test_nothing_is_wrong_from_right_to_left(mirrored: Found) -> None:
    nothing(looked_for(mirrored, MIRRORED_FORMS))


@pytest.mark.release
@pytest.mark.parametrize(
    ("language", "forms"),
    [("en", RELEASE_FORMS), ("ar", RELEASE_MIRRORED_FORMS), ("fr", RELEASE_LONG_FORMS)],
)
def test_nothing_is_wrong_in_the_other_forms(
    browser: Browser, stage: str, language: str, forms: tuple[Form, ...]
) -> None:
    nothing(looked_for(inspected(browser, stage, language, forms), forms))
