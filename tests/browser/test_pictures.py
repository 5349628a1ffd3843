"""Pictures of people: made small in the page, of what can be seen alone, and shown with care."""

import io
from typing import Any

import pytest
from PIL import Image
from plays import played
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit

from ephemeral.protocol.encoding import b64decode, b64encode

CANARY = b"canary of a place and a time"


def jpeg(width: int, height: int) -> bytes:
    """A picture as a camera makes it, with what it was told besides."""
    image, exif = Image.effect_noise((width, height), 60).convert("RGB"), Image.Exif()
    exif[0x010E] = CANARY.decode()
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif, quality=30)
    assert CANARY in written.getvalue()
    return written.getvalue()


@pytest.fixture
def page(visit: Visit, stage: str) -> Page:
    return played(visit, stage, "messenger:people", width=390).page


def chosen(page: Page, name: str, content: bytes) -> None:
    file: Any = {"name": name, "mimeType": "image/jpeg", "buffer": content}
    page.locator(".own-picture input").set_input_files(file)


def test_a_picture_is_made_small_and_nothing_else_of_its_file_goes_along(page: Page) -> None:
    chosen(page, "camera.jpg", jpeg(900, 600))
    found = page.wait_for_function(
        "() => window.gallery.client.talk.calls.find(([name, of]) => of === 'profile')"
    ).json_value()
    assert found[3]["name"] == "Ada"
    made = b64decode(found[3]["picture"])
    assert len(made) <= 5_600
    assert CANARY not in made
    image = Image.open(io.BytesIO(made))
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (128, 128), {})


def test_what_is_no_picture_is_refused(page: Page) -> None:
    chosen(page, "picture.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    expect(page.locator(".own-picture .notice")).to_contain_text("That is no picture")


def test_only_small_pictures_of_others_are_drawn(page: Page) -> None:
    small, large = jpeg(300, 200), jpeg(3_000, 20)
    asked = """async (all) => {
      const { addressOf } = await import("/static/js/conversations/views/pictures.js");
      return all.map(addressOf);
    }"""
    given = [b64encode(small), b64encode(large), b64encode(b"<svg/>"), "", "javascript:", None]
    shown = page.evaluate(asked, given)
    assert [one and one[:23] for one in shown] == ["data:image/jpeg;base64,", *[None] * 5]
