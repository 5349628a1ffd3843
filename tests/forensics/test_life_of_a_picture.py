"""A picture in a room, from the hand of a nurse to two epochs after a colleague has seen it.

Two browsers, the real program with its embedded PostgreSQL, and a thief who comes last and gets
everything: the database's files, the object directory and each state that it was in, a backup of
the time when the picture waited, the present keys, and even the words of the room.
"""

import base64
import json
import re
import secrets
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from remains import Remains
from support.machines.chromium import (  # noqa: F401
    Visit,
    chromium_of_test,
    playwright,
    visit,
    whole_chromium,
)
from support.machines.server import Program, program
from support.people.canaries import Canaries, Place, files
from support.people.people import NOTHING, PATIENCE_MS, Person, buffers, person, strings

from ephemeral.protocol import attachments
from ephemeral.protocol.charter import decode_charter
from ephemeral.protocol.config import read_config
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.envelope import open_message
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import RoomKeys, derive_root
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.store.embedded.installation import choose

SIZE = (320, 200)
# A picture that no other is like, as a camera writes it.
DRAW = """async ([width, height]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const points = crypto.getRandomValues(new Uint8ClampedArray(65536));
  const picture = new ImageData(width, height);
  picture.data.forEach((_, at) => { picture.data[at] = at % 4 === 3 ? 255 : points[at % 65521]; });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.5));
  return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
}"""
# Addresses that the page has given to what lies in its memory, and not taken back.
ADDRESSES = """
  window.addresses = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (of) => {
    const address = createObjectURL.call(URL, of);
    window.addresses.add(address);
    return address;
  };
  URL.revokeObjectURL = (address) => {
    window.addresses.delete(address);
    revokeObjectURL.call(URL, address);
  };
"""


def taken_at(jpeg: bytes, place: str) -> bytes:
    """The same picture as a telephone has taken it: with degrees, and words for them."""
    words = b"ASCII\0\0\0" + place.encode()
    degrees = struct.pack(">6I", 48, 1, 12, 1, 3060, 100)
    entries = [
        (1, 2, 2, b"N\0\0\0"),
        (2, 5, 3, struct.pack(">I", 68)),
        (0x1B, 7, len(words), struct.pack(">I", 68 + len(degrees))),
    ]
    directory = struct.pack(">H", len(entries))
    directory += b"".join(struct.pack(">HHI", *one[:3]) + one[3] for one in entries)
    head = b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8825, 4, 1, 26, 0)
    text = b"Exif\0\0" + head + directory + bytes(4) + degrees + words
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def told(server: Program, *arguments: str) -> None:
    """One command, as an operator gives it."""
    started = program(*arguments, environment=server.environment, folder=server.folder)
    assert started.wait(60) == 0


def unpacked(backup: Path) -> bytes:
    """What a backup holds, as it would be restored."""
    reader = choose(None).root / "bin" / "pg_restore"
    called = [reader, "--data-only", "--file=-", backup]
    return subprocess.run(called, capture_output=True, check=True, timeout=60).stdout


def copied(source: Path, to: Path) -> None:
    """Every file that is there now; others come and go meanwhile."""
    for path in source.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                kept = to / path.relative_to(source)
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, kept)


def chunks(data: Path) -> list[Path]:
    """Objects of attachments that lie there."""
    return [one for one in (data / "objects").glob("*/a/*/*") if one.is_file()]


class Insider:
    """Who has the words of a room, and noted who said what: what it sees in what was stolen."""

    def __init__(self, server: Program, member: Person) -> None:
        sealed = [one for one in member.watched.requests if one.method == "PUT"]
        headers = {name: sealed[0].headers[name] for name in ("authorization", "ephemeral-member")}
        room = httpx.get(f"{server.url}/room", headers=headers).json()
        config = read_config(httpx.get(f"{server.url}/config").json())
        keys = RoomKeys(derive_root(member.code.replace(" ", "-"), config.suite, config.salt))
        charter = decode_charter(b64decode(room["charter"]), suite=config.suite)
        self._keys = keys.content(charter.nonce)
        self._members = [b64decode(one["member"]) for one in room["members"]]
        frames = [one for frame in member.watched.frames for one in json.loads(frame)]
        self._messages = [b64decode(one["id"]) for one in frames if one["type"] == "post"]

    def pictures(self, read: set[bytes]) -> Iterator[tuple[bytes, set[bytes]]]:
        """Each that can be seen, with what it takes: its message, and what it was sent as."""
        for author, message, envelope in product(self._members, self._messages, read):
            with suppress(Refusal):
                content = open_message(self._keys, author, message, envelope).content
                file = attachments.read_file(content)
                place = attachments.Place(self._keys.room_nonce, author, message)
                opener = attachments.Opener(file, place, attachments.padded_length(file.size))
                for sealed in read:
                    with suppress(Refusal):
                        yield opener.open(0, sealed), {envelope, sealed}


def sends(nurse: Person, *pictures: Path) -> None:
    """From the disk, and by hand: a page keeps what a test's driver gives it or finds in it."""
    driver = nurse.page.context.new_cdp_session(nurse.page)
    field = driver.send("Runtime.evaluate", {"expression": "document.querySelector('[type=file]')"})
    given = {"files": list(map(str, pictures)), "objectId": field["result"]["objectId"]}
    driver.send("DOM.setFileInputFiles", given)
    driver.detach()
    panel = nurse.page.locator("dialog.attach-panel")
    expect(panel.get_by_text("Hidden details were taken out")).to_have_count(len(pictures))
    panel.get_by_role("button", name="Send").click()
    expect(nurse.receipts.filter(has_text="Stored until")).to_have_count(
        len(pictures), timeout=PATIENCE_MS
    )


def looks_for_nothing(someone: Person, sizes: list[int], words: list[str]) -> None:
    """Neither in sight nor behind it: in nothing that the page still has."""
    page = someone.page
    assert page.evaluate("[...window.addresses]") == []
    assert set(someone.held("HTMLCanvasElement", "(all) => all.map((one) => one.width)")) <= {0}
    # Files are of this kind, and so is what all files have in common.
    assert someone.held("Blob", "(all) => all.filter((one) => one !== File.prototype).length") == 0
    assert [someone.held(kind) for kind in ("ImageBitmap", "ImageData")] == [0, 0]
    kept = page.content() + page.evaluate("JSON.stringify({ ...sessionStorage })")
    memory = someone.snapshot()
    assert [buffers(memory, size) for size in sizes] == [0] * len(sizes)
    kept += strings(memory)
    assert [word for word in words if word in kept] == []


@pytest.mark.whole_chromium
def test_a_picture_that_was_seen_once_is_nowhere_two_epochs_later(
    serve: Callable[..., Program],
    visit: Visit,  # noqa: F811
    tmp_path: Path,
) -> None:
    key = secrets.token_hex(32)
    server = serve(
        DATABASE_URL="", ENCRYPTION_KEY=key, EPOCH_SECONDS=1, LOG_LEVEL="debug", KDF="pbkdf2"
    )
    data, stolen = Path(server.environment["DATA_DIR"]), tmp_path / "stolen"
    canaries = Canaries()
    name, other, place = (canaries.text(what) for what in ("name", "another name", "place"))
    seen, waiting = tmp_path / f"{name}.jpg", tmp_path / f"{other}.jpg"
    drawn = visit("about:blank").page
    jpegs = [base64.b64decode(drawn.evaluate(DRAW, SIZE)) for _ in range(2)]
    for path, jpeg in zip((seen, waiting), jpegs, strict=True):
        path.write_bytes(taken_at(jpeg, place))
        canaries.watch(f"content of {path.name}", jpeg[-32:])
    sizes = [len(jpegs[0]), seen.stat().st_size]
    canaries.watch("type", "image/jpeg")

    nurse = person(visit, server.url, init=ADDRESSES)
    canaries.watch("spoken words", nurse.generate())
    canaries.watch("words", nurse.code.replace(" ", "-"))
    nurse.is_inside()
    colleague = person(visit, server.url, init=ADDRESSES)
    colleague.enter(nurse.code)
    colleague.is_inside()
    sends(nurse, seen, waiting)
    insider = Insider(server, nurse)
    keyring = data / "keyring"
    copied(keyring, stolen / "keys")
    told(server, "backup", str(stolen / "backup"))
    copied(data / "objects", stolen / "objects")
    assert len(chunks(data)) == 2

    colleague.page.get_by_role("button", name=re.compile("A file, up to")).first.click()
    canvas = colleague.page.locator(".opened canvas")
    expect(canvas).to_be_visible(timeout=PATIENCE_MS)
    assert canvas.evaluate("(one) => [one.width, one.height]") == list(SIZE)
    memory = colleague.snapshot()
    assert name in strings(memory)
    assert buffers(memory, sizes[0]) > 0
    copied(data / "objects", stolen / "objects later")
    expect(nurse.receipts.first).to_have_text(re.compile("^Opened by .* · gone$"))
    epochs = KeyringDirectory(keyring).epochs
    last = max(epochs())
    colleague.page.get_by_role("button", name="Close now").click()
    expect(canvas).to_have_count(0)
    looks_for_nothing(colleague, sizes, [name, place])
    assert colleague.keeps() == {**NOTHING, "session": ["ephemeral.resume"]}
    # Her own page says for a while yet what it was, unless she goes.
    nurse.menu("Leave")
    nurse.answers("Leave")
    nurse.sees_end("left")
    looks_for_nothing(nurse, sizes, [name, place])
    assert nurse.keeps() == NOTHING

    while min(epochs()) < last + 2:
        time.sleep(0.05)
    copied(data / "objects", stolen / "objects at last")
    assert len(chunks(data)) == 1
    colleague.page.close()
    assert server.stop() == 0
    backup = unpacked(stolen / "backup")
    places = [Place("output", server.output().encode()), Place("backup", backup)]
    assert canaries.found([*places, *files(data, stolen)]) == []

    remains = Remains()
    remains.add_database(data / "postgres")
    remains.add_backup(backup)
    assert remains.by_place["backup"]
    remains.add_objects(data / "objects")
    remains.add_objects(stolen)
    remains.add_keys(keyring, bytes.fromhex(key))
    read = remains.plaintexts()
    # The search is not blind: with keys of then all of it is there.
    remains.add_keys(stolen, bytes.fromhex(key))
    found = {shown[-32:]: parts for shown, parts in insider.pictures(remains.plaintexts())}
    gone, left = (found[jpeg[-32:]] for jpeg in jpegs)
    assert read & gone == set()
    assert read >= left
