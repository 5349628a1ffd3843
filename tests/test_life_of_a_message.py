"""One message from key press to destruction, watched at every hop: rows, hints, and silence.

Three times: with curl alone, with the command line and a browser, and with two browsers. The server
is the real one with its embedded PostgreSQL, so that its very files can be searched for what must
not be there.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from support.machines.chromium import (  # noqa: F401
    Visit,
    chromium_of_test,
    playwright,
    visit,
    whole_chromium,
)
from support.machines.server import Program
from support.machines.server import program as command
from support.people.people import Person, person
from support.people.witness import Listener, Witness, raw

from ephemeral.protocol.codes import new_code
from ephemeral.protocol.config import read_config
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.keys import RoomKeys, derive_root

pytestmark = pytest.mark.whole_chromium

TEXT = "the tide turns at nine under the iron bridge"
NICKNAME = "Wilhelmina of the Ferry"
#: Another address of this machine than the server's own, which it may print.
CURLS_ADDRESS = "127.0.0.77"


@pytest.fixture
def program(serve: Callable[..., Program]) -> Program:
    return serve(DATABASE_URL="", ENCRYPTION_KEY="")


@pytest.fixture
def witness(program: Program) -> Witness:
    return Witness(program)


@pytest.fixture
def listen(program: Program) -> Iterator[Callable[..., Listener]]:
    """Makes a further member who only listens."""
    listeners: list[Listener] = []

    def start(locator: str) -> Listener:
        token = os.urandom(32)
        response = httpx.post(
            f"{program.url}/room/members",
            headers={
                "Authorization": f"Bearer {locator}",
                "Ephemeral-Member": b64encode(token),
            },
            json={},
        )
        assert response.status_code == 201, response.text
        listeners.append(Listener(program, locator, b64encode(token)))
        return listeners[-1]

    yield start
    for one in listeners:
        one.close()


def ephemeral(
    program: Program, *arguments: str, code: str | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command line, as a person would call it."""
    environment = {"EPHEMERAL_SERVER": program.url}
    if code is not None:
        environment["EPHEMERAL_CODE"] = code
    called = command(
        *arguments,
        environment=environment,
        folder=program.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = called.communicate(stdin, timeout=60)
    return subprocess.CompletedProcess(arguments, called.returncode, output, errors)


def plant(program: Program, witness: Witness, code: str) -> RoomKeys:
    """Everything that follows from the code must be found nowhere."""
    config = read_config(httpx.get(f"{program.url}/config").json())
    root = derive_root(code, config.suite, config.salt)
    keys = RoomKeys(root)
    witness.plant(
        code=code,
        spoken_code=code.replace("-", " "),
        text=TEXT,
        nickname=NICKNAME,
        root=root,
        locator=keys.locator,
        locator_on_the_wire=b64encode(keys.locator),
        charter_key=keys.charter_key,
        curls_address=CURLS_ADDRESS,
        browser="HeadlessChrome",
    )
    program.forbid(code, TEXT, NICKNAME, b64encode(keys.locator), CURLS_ADDRESS)
    program.forbid("HeadlessChrome", "Chrome/", "curl/", "python-httpx")
    return keys


def check_stored(witness: Witness, envelope: bytes | None) -> dict[str, Any]:
    """After posting: one row in each table, sealed twice."""
    rows = witness.rows()
    assert (rows["messages"], rows.get("tombstones", 0)) == (1, 0)
    message = witness.row("messages")
    assert message["lease_holder"] is None
    if envelope is not None:
        assert message["size"] == len(envelope)
        assert message["digest"] == hashlib.sha256(envelope).digest()
    witness.search()
    assert witness.finds(message["viewing_hash"])
    assert witness.finds(message["id"])
    return message


def check_gone(witness: Witness, before: dict[str, int], viewing_hash: bytes) -> None:
    """After the acknowledgement: nothing but the fate, with its proof."""
    rows = witness.rows()
    assert "messages" not in rows
    assert rows["tombstones"] == 1
    assert rows.get("payloads", 0) == rows.get("payload_keys", 0) == before["payloads"] - 1
    tombstone = witness.row("tombstones")
    assert tombstone["fate"] == 1
    assert hashlib.sha256(tombstone["viewing"]).digest() == viewing_hash
    witness.search()


def check_end(witness: Witness) -> None:
    """After the room is destroyed: no row is left."""
    assert witness.rows() == {}
    assert witness.program.stop() == 0
    witness.search()


def curl(
    program: Program, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> tuple[int, dict[str, Any]]:
    """One request by the real curl; the body goes by stdin, the headers by a config file."""
    lines = [f'header = "{name}: {value}"' for name, value in headers.items()]
    if body is not None:
        lines += ['header = "Content-Type: application/json"']
        lines += [f"data-binary = {json.dumps(body)}"]
    lines += [f'url = "{program.url}{path}"', f'request = "{method}"']
    lines += [f'interface = "{CURLS_ADDRESS}"']
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", "--config", "-"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(answer) if answer else {}


def test_life_of_a_message_with_curl_alone(
    program: Program,
    witness: Witness,
    listen: Callable[..., Listener],
    tmp_path: Path,
) -> None:
    code = new_code(os.urandom)
    plant(program, witness, code)
    locator = ephemeral(program, "locator", code=code).stdout.strip()
    bearer = {"Authorization": f"Bearer {locator}"}

    body = ephemeral(program, "charter", "--seats", "3", code=code).stdout
    status, room = curl(program, "POST", "/rooms", bearer, body)
    assert status == 201
    room_file = tmp_path / "room.json"
    room_file.write_text(json.dumps(room))
    listener = listen(locator)

    people = []
    for _ in range(2):
        member = json.loads(ephemeral(program, "member").stdout)
        headers = {**bearer, "Ephemeral-Member": member["token"]}
        assert curl(program, "POST", "/room/members", headers, "{}")[0] == 201
        people.append((member["member"], headers))
    (author, as_author), (reader, as_reader) = people

    sealed = ephemeral(
        program, "seal", "--room", str(room_file), "--member", author, code=code, stdin=TEXT
    )
    assert sealed.returncode == 0, sealed.stderr
    post = json.loads(sealed.stdout)
    assert TEXT not in sealed.stdout
    status, receipt = curl(program, "POST", "/room/messages", as_author, sealed.stdout)
    assert (status, receipt["state"]) == (201, "stored")
    notice = listener.heard("notice")
    assert (notice["id"], notice["author"]) == (post["id"], author)
    assert set(notice) - {"type"} == {
        "id", "sequence", "author", "size", "posted_at", "expires_at", "state", "holder",
        "lease_until", "audience", "opened", "returns", "attachment",
    }  # fmt: skip
    check_stored(witness, raw(post["envelope"]))
    before = witness.rows()

    path = f"/room/messages/{post['id']}"
    status, opened = curl(program, "POST", f"{path}/open", as_reader)
    assert (status, opened["envelope"]) == (200, post["envelope"])
    assert listener.heard("opened")["member"] == reader
    assert b64encode(witness.row("messages")["lease_holder"]) == reader
    assert witness.rows() == before

    acknowledgement = tmp_path / "ack.json"
    shown = ephemeral(
        program, "open", "--room", str(room_file), "--ack", str(acknowledgement),
        code=code, stdin=json.dumps(opened),
    )  # fmt: skip
    assert shown.stdout.rstrip("\n") == TEXT
    assert witness.rows() == before, "reading alone destroys nothing"

    wrong = json.dumps({"viewing": b64encode(os.urandom(32))})
    status, refusal = curl(program, "POST", f"{path}/ack", as_reader, wrong)
    assert (status, refusal["error"]["code"]) == (403, "viewing_wrong")
    assert witness.rows() == before

    status, answer = curl(program, "POST", f"{path}/ack", as_reader, acknowledgement.read_text())
    assert (status, answer["state"]) == (200, "viewed")
    destroyed = listener.heard("destroyed")
    assert (destroyed["id"], destroyed["state"]) == (post["id"], "viewed")
    check_gone(witness, before, raw(post["viewing_hash"]))

    status, again = curl(program, "POST", "/room/messages", as_author, sealed.stdout)
    assert (status, again["state"], again["viewing"]) == (200, "viewed", destroyed["viewing"])
    asking = json.dumps({"ids": [post["id"]]})
    _, asked = curl(program, "POST", "/room/messages/status", as_author, asking)
    assert asked["receipts"][0]["state"] == "viewed"
    assert listener.left_over() == []

    assert curl(program, "DELETE", "/room", as_author)[0] == 204
    assert listener.heard("closed")["reason"] == "destroyed"
    check_end(witness)


def opens_a_room(visit: Visit, program: Program) -> tuple[Person, str]:  # noqa: F811
    """Somebody makes a room with three seats in the browser; returns the code, too."""
    somebody = person(visit, program.url)
    somebody.choose(name=NICKNAME, seats=3, everyone=False)
    somebody.generate()
    somebody.open_room()
    return somebody, somebody.code.strip().replace(" ", "-")


def test_life_of_a_message_with_two_browsers(
    program: Program,
    witness: Witness,
    listen: Callable[..., Listener],
    visit: Visit,  # noqa: F811
) -> None:
    author, code = opens_a_room(visit, program)
    keys = plant(program, witness, code)
    reader = person(visit, program.url)
    reader.enter(author.code)
    reader.is_inside()
    listener = listen(b64encode(keys.locator))

    author.text.press_sequentially(TEXT)
    assert witness.rows().get("messages", 0) == 0
    author.text.press("Enter")
    author.sees_receipt("^Stored until")
    notice = listener.heard("notice")
    message = check_stored(witness, None)
    assert raw(notice["id"]) == message["id"]
    before = witness.rows()
    expect(reader.cards).to_have_count(1)
    assert TEXT not in reader.page.content()

    reader.cards.click()
    expect(reader.texts).to_have_text(TEXT)
    opened = listener.heard("opened")
    assert opened["id"] == notice["id"]
    destroyed = listener.heard("destroyed")
    assert (destroyed["state"], destroyed["member"]) == ("viewed", opened["member"])
    author.sees_receipt("^Opened by .* · gone$")
    check_gone(witness, before, message["viewing_hash"])
    assert listener.left_over() == []

    author.menu("Destroy the room")
    author.answers("Destroy")
    author.sees_end("destroyed_by_you")
    reader.sees_end("destroyed")
    assert TEXT not in reader.page.content()
    check_end(witness)


def test_life_of_messages_between_the_command_line_and_a_browser(
    program: Program,
    witness: Witness,
    listen: Callable[..., Listener],
    visit: Visit,  # noqa: F811
) -> None:
    somebody, code = opens_a_room(visit, program)
    keys = plant(program, witness, code)
    listener = listen(b64encode(keys.locator))

    sent = ephemeral(program, "send", code=code, stdin=TEXT)
    assert sent.returncode == 0, sent.stderr
    notice = listener.heard("notice")
    message = check_stored(witness, None)
    before = witness.rows()
    assert raw(notice["id"]) == message["id"]
    expect(somebody.cards).to_have_count(1)
    somebody.cards.click()
    expect(somebody.texts).to_have_text(TEXT)
    assert listener.heard("opened")["id"] == notice["id"]
    assert listener.heard("destroyed")["state"] == "viewed"
    check_gone(witness, before, message["viewing_hash"])

    somebody.says(f"{TEXT}, she answered")
    somebody.sees_receipt("^Stored until")
    assert listener.heard("notice")["id"] != notice["id"]
    read = ephemeral(program, "read", code=code)
    assert (read.returncode, read.stdout.rstrip("\n")) == (0, f"{TEXT}, she answered")
    assert listener.heard("destroyed")["state"] == "viewed"
    somebody.sees_receipt("^Opened by .* · gone$")
    rows = witness.rows()
    assert (rows.get("messages", 0), rows["tombstones"]) == (0, 2)
    witness.search()

    destroyed = ephemeral(program, "destroy", code=code)
    assert destroyed.returncode == 0, destroyed.stderr
    somebody.sees_end("destroyed")
    check_end(witness)
