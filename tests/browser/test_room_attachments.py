"""Files in a room: dropped, cleaned, read once and gone; saved; and never anything but bytes."""

import base64
import re
import struct

from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.people import NOTHING, PATIENCE_MS, Person, person

# What shows and sends files is loaded when it is first needed.
SHOWS = "**/attachments.*"
PLACE = b"48.2082N 16.3738E"
# A picture of two colours, as its browser writes it.
DRAW = """async (type) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 200 });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "rgb(200, 30, 30)";
  brush.fillRect(0, 0, 160, 200);
  brush.fillStyle = "rgb(30, 30, 200)";
  brush.fillRect(160, 0, 160, 200);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
# As a person drops files onto the room.
DROP = """([files]) => {
  const brought = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    brought.items.add(new File([bytes], name, { type }));
  }
  const room = document.querySelector(".room");
  for (const kind of ["dragover", "drop"]) {
    const about = { dataTransfer: brought, bubbles: true, cancelable: true };
    room.dispatchEvent(new DragEvent(kind, about));
  }
}"""
# The colours of what is shown, left and right.
COLOURS = """(canvas) => {
  const line = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1).data;
  return [80, 240].map((at) => [...line.slice(4 * at, 4 * at + 3)]);
}"""


def with_place(jpeg: bytes) -> bytes:
    """The same picture, as a telephone would have taken it: it says where."""
    text = b"Exif\0\0MM\0*\0\0\0\x08\0\0" + PLACE
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def tone() -> bytes:
    """A tenth of a second of nothing, as a recorder writes it."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    data = b"data" + struct.pack("<I", 800) + b"\x80" * 800
    return b"RIFF" + struct.pack("<I", 4 + len(form) + len(data)) + b"WAVE" + form + data


def two(visit: Visit, server: str) -> tuple[Person, Person]:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    bo.enter(ada.code)
    bo.is_inside()
    for someone in (ada, bo):
        expect(someone.page.get_by_role("button", name="Attach a file")).to_be_visible()
    return ada, bo


def picks(someone: Person, *files: tuple[str, str, bytes]) -> None:
    given = [{"name": name, "mimeType": mime, "buffer": content} for name, mime, content in files]
    someone.page.locator("input[type=file]").set_input_files(given)  # type: ignore[arg-type]


def sends(someone: Person) -> None:
    button = someone.page.locator("dialog.attach-panel").get_by_role("button", name="Send")
    expect(button).to_be_enabled()
    button.click()


def test_a_picture_is_dropped_cleaned_read_once_and_gone(visit: Visit, server: str) -> None:
    ada, bo = two(visit, server)
    picture = with_place(base64.b64decode(ada.page.evaluate(DRAW, "image/jpeg")))
    assert PLACE in picture
    text = base64.b64encode(picture).decode()
    ada.page.evaluate(DROP, [[["holiday.jpg", "image/jpeg", text]]])
    panel = ada.page.locator("dialog.attach-panel")
    expect(panel.get_by_text("Hidden details were taken out")).to_be_visible()
    expect(panel.locator("canvas")).to_be_visible()
    sends(ada)
    ada.sees_receipt("^Stored until")
    expect(ada.page.locator(".sent-file .enclosed-stem")).to_have_text("holiday")
    expect(ada.page.locator(".enclosed-way")).to_be_hidden()

    card = bo.page.get_by_role("button", name=re.compile("A file, up to"))
    card.click()
    canvas = bo.page.locator(".opened canvas")
    expect(canvas).to_be_visible(timeout=PATIENCE_MS)
    left, right = canvas.evaluate(COLOURS)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]
    ada.sees_receipt("^Opened by .* · gone$")
    with bo.page.expect_download() as saved:
        bo.page.get_by_role("button", name="Save a copy").click()
    assert saved.value.suggested_filename == "holiday.jpg"
    content = saved.value.path().read_bytes()
    assert content[:2] == b"\xff\xd8"
    assert PLACE not in content

    bo.page.get_by_role("button", name="Enlarge").click()
    expect(bo.page.locator("dialog canvas")).to_be_visible()
    bo.page.keyboard.press("Escape")
    expect(bo.page.locator("dialog")).to_have_count(0)
    kept = canvas.element_handle()
    bo.page.get_by_role("button", name="Close now").click()
    expect(canvas).to_have_count(0)
    assert kept.evaluate("(canvas) => [canvas.width, canvas.height]") == [0, 0]
    expect(bo.page.locator(".ash")).to_have_text("1 message, gone")

    # Sound is played from memory, which the policy of this document alone lets it.
    picks(ada, ("voice.wav", "audio/wav", tone()))
    sends(ada)
    bo.page.get_by_role("button", name=re.compile("A file, up to")).click()
    expect(bo.page.get_by_label("Sound voice.wav")).to_be_visible(timeout=PATIENCE_MS)
    ada.sees_receipt("^Opened by .* · gone$")
    # It is burned already: no clock cuts off what somebody hasn't heard yet.
    expect(bo.page.get_by_role("timer")).to_have_text("until you close it")
    bo.page.get_by_role("button", name="Close now").click()
    expect(bo.page.locator("audio")).to_have_count(0)
    for someone in (ada, bo):
        someone.menu("Leave")
        someone.answers("Leave")
        someone.sees_end("left")
        assert someone.keeps() == NOTHING


# What a browser would make of it if it were given it as what it says that it is; under names that
# look like others.
SCRIPT = b"<script>window.ran = true</script>"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="window.ran = true">'
    b"<script>window.ran = true</script></svg>"
)
HOSTILE = [
    ("drawing.svg", "image/svg+xml", SVG),
    ("photo.png", "image/png", SVG),
    ("page.html", "text/html", b"<!doctype html>" + SCRIPT),
    ("page.png", "image/jpeg", b"<!doctype html>" + SCRIPT),
    # Begins as a picture and goes on as a page.
    ("both.gif", "text/html", b"GIF89a/*" + SCRIPT + b"*/=1;"),
    ("x\u202egnp.exe", "image/png", b"MZ" + SCRIPT),
    ("../../<img src=x onerror=window.ran=1>.html", "text/plain\u00a0x", b"MZ\0" + SCRIPT),
    ("notes.txt", "text/plain", SCRIPT),
]


def test_whatever_a_file_is_it_stays_bytes_and_leaves_nothing(visit: Visit, server: str) -> None:
    ada, bo = two(visit, server)
    picks(ada, *HOSTILE)
    sends(ada)
    # Opening is the one chance to see it: where what shows it can't be had, nothing is opened.
    bo.page.route(SHOWS, lambda route: route.abort())
    waits = bo.page.get_by_role("button", name=re.compile("A file, up to"))
    waits.first.click()
    told = bo.page.locator(".notice", has_text="This part of the page could not be loaded")
    expect(told).to_be_visible()
    expect(waits.first).to_have_attribute("aria-disabled", "false")
    bo.page.unroute(SHOWS)
    bo.watched.forgive("ERR_FAILED")
    # One after the other: of no member more than two wait unposted.
    for at, (name, _, content) in enumerate(HOSTILE):
        bo.page.get_by_role("button", name=re.compile("A file, up to")).first.click()
        opened = bo.page.locator(".opened")
        expect(opened.get_by_role("button", name="Save a copy")).to_be_visible(timeout=PATIENCE_MS)
        if name == "notes.txt":
            expect(opened.locator("pre")).to_have_text(SCRIPT.decode())
        else:
            expect(opened.get_by_text("This page doesn’t show such a file.")).to_be_visible()
        if name.endswith((".exe", ".html", ".svg")):
            expect(opened.get_by_text("This file can run")).to_be_visible()
        with bo.page.expect_download() as saved:
            opened.get_by_role("button", name="Save a copy").click()
        told = saved.value.suggested_filename
        assert not re.search("[\u202e/\\\\<>]", told)
        assert saved.value.path().read_bytes() == content
        if name != "notes.txt":
            expect(opened.get_by_text("The copy is yours now")).to_be_visible()
            opened.get_by_role("button", name="Burn it").click()
        else:
            opened.get_by_role("button", name="Close now").click()
        expect(opened).to_have_count(0)
        expect(bo.page.locator(".ash")).to_contain_text(f"{at + 1} message")
    for someone in (ada, bo):
        assert someone.page.evaluate("window.ran") is None
        assert someone.page.locator("main script, main svg script, iframe, object").count() == 0
        kept = someone.keeps()
        assert kept == {**NOTHING, "session": ["ephemeral.resume"]}
        assert "notes.txt" not in someone.page.evaluate("JSON.stringify({...sessionStorage})")
    # What was shown as a text is in no string of the page any more.
    assert "window.ran = true" not in bo.memory()
