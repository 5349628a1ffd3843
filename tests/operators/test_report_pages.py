"""Reports from end to end at the real program: sent, looked at, decided, and what follows."""

import os
import re
from contextlib import closing
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.machines.server import Program
from support.people.account_people import AccountHolder, Refused
from support.people.command_line import Cli
from support.people.operators import Browser, Person, enrolled
from support.people.talkers import Talk, befriend, listening

from ephemeral.client.exits import Exit
from ephemeral.protocol.codes import new_code
from ephemeral.protocol.conversations.contents import encode
from ephemeral.protocol.conversations.messages import Ad
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.links import make_link

HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x">\u202eevil https://x.example'


@pytest.fixture
def operator(server: Program) -> Person:
    return enrolled(server)


def shown(talk: Talk, by: AccountHolder, words: str) -> dict[str, str]:
    """A message as whoever has read it shows it to others."""
    machine = by.machines[0]
    assert talk.record is not None
    content = encode("text", 1_700_000_000_000, {"text": words, "mentions": []})
    ad = Ad(
        1, talk.id, talk.record.hash, machine.id, os.urandom(16), talk.log.place, talk.log.hash
    ).encode()
    signature = machine.key.sign("content", ad + sha256(content).digest())
    parts = {"ad": ad, "content": content, "signature": signature}
    return {name: b64encode(part) for name, part in parts.items()}


def forms(answer: httpx.Response) -> list[str]:
    return re.findall(r'<form[^>]* action="([^"]+)"', answer.text)


def first_report(operator: Browser) -> str:
    seen = operator.get("/admin/reports")
    assert seen.status_code == 200
    path = re.search(r'href="(/admin/reports/[\w-]{22})"', seen.text)
    assert path is not None, seen.text
    return path[1]


async def test_a_file_is_taken_down_for_everybody_and_they_are_told(
    server: Program, operator: Person
):
    async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
        for each in (one, two):
            await each.found()
        await befriend(one, two)
        talk = await Talk.found(one, two)
        file = b64encode(os.urandom(16))
        info = b64encode(b"\1" + os.urandom(1023))
        body = {"id": file, "padded": 4096, "info": info, "conversation": talk.name, "ttl": 3600}
        made = await one.ask(one.machines[0], "POST", "/files/upload", body)
        [put] = made["urls"]
        stored = await one.http.put(put["url"], content=os.urandom(4128), headers=put["headers"])
        assert stored.is_success, stored.text
        async with listening(two, two.machines[0]) as (line, _):
            await one.ask(one.machines[0], "POST", f"/files/{file}/landed", {"segments": [0]})
            landed = await line.event("file")
            assert landed.pop("expires_at") > made["now"]
            assert landed == {
                "type": "file", "conversation": talk.name, "file": file, "bitmap": "AQ",
            }  # fmt: skip
            counts = operator.get("/admin/").text
            assert "<dt>Bytes reserved for files</dt><dd>4,096</dd>" in counts
            assert "<dt>Large objects that could not be deleted yet</dt><dd>0</dd>" in counts
            assert operator.post("/admin/files", {"file": b64encode(bytes(16))}).status_code == 404
            assert operator.post("/admin/files", {"file": file}).status_code == 303
            gone = await line.event("file")
            assert (gone["file"], gone["bitmap"], gone["expires_at"]) == (file, None, None)
        with pytest.raises(Refused, match="file_unknown"):
            await two.ask(two.machines[0], "GET", f"/files/{file}")
        seen = unescape(operator.get("/admin/").text)
        assert "took down a file" in seen
        assert file not in seen


async def test_what_was_said_reaches_an_operator_who_suspends_and_lifts_it(
    server: Program, operator: Person
):
    async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
        for each in (one, two):
            await each.found()
        await befriend(one, two)
        talk = await Talk.found(one, two)
        body: dict[str, Any] = {
            "id": b64encode(os.urandom(16)), "reason": "threat", "text": "canary text of mine",
            "messages": [shown(talk, one, HOSTILE)],
        }  # fmt: skip
        assert operator.get("/admin/reports").text.count("No report waits.") == 1
        assert set(await two.ask(two.machines[0], "POST", "/report", body)) == {"now"}
        path = first_report(operator)
        assert "1 message shown" in operator.get("/admin/reports").text
        assert "<dt>Reports that wait</dt><dd>1</dd>" in operator.get("/admin/").text
        seen = operator.get(path)
        # All of it is text.
        assert "<script" not in seen.text
        assert "<img" not in seen.text
        assert not re.search(r'(?:href|src)="https?:', seen.text)
        assert HOSTILE in unescape(seen.text)
        assert "canary text of mine" in seen.text
        # From elsewhere, without a cookie, or without a decision nothing is decided.
        decision = {"decision": "suspended"}
        assert operator.post(path, decision, {"Sec-Fetch-Site": "cross-site"}).status_code == 400
        assert Browser(server).post(path, decision).headers["location"] == "/admin/sign-in"
        for fields in ({"x": "1"}, {"decision": "warned"}):
            assert operator.post(path, fields).status_code == 400
        # The one it is about is closed out at once.
        async with listening(one, one.machines[0]) as (line, _), \
                listening(two, two.machines[0]) as (other, _):  # fmt: skip
            assert operator.post(path, decision).status_code == 303
            assert (await line.end())[0] == 4403
            assert (await other.ask("ping"))["type"] == "ok"
        with pytest.raises(Refused) as refused:
            await one.ask(one.machines[0], "GET", "/chatrooms")
        assert refused.value.code == "suspended"
        me = await one.ask(one.machines[0], "GET", "/auth/me")
        assert "suspended_day" in me
        # Who comes second is told.
        again = operator.post(path, {"decision": "dismissed"})
        assert again.status_code == 409
        assert "was decided on already" in again.text
        assert HOSTILE not in unescape(operator.get(path).text)
        account = me["account"]
        listed = operator.get("/admin/reports")
        assert forms(listed) == [f"/admin/suspended/{account}", "/admin/files"]
        assert operator.post(forms(listed)[0], {"lift": "1"}).status_code == 303
        assert operator.post(forms(listed)[0], {"lift": "1"}).status_code == 404
        assert (await one.ask(one.machines[0], "GET", "/chatrooms"))["conversations"]
        trail = operator.get("/admin/").text
        assert "suspended an account" in trail
        assert "lifted the suspension of an account" in trail


def test_a_report_from_a_room_goes_without_its_code_and_can_be_dismissed_alone(
    server: Program, operator: Person, tmp_path: Path
):
    browser = Browser(server)
    code = new_code(os.urandom)
    with closing(Cli(server.url, tmp_path)) as cli:
        for text in (" \n", "x" * 4_001, code, f"in {make_link(server.url, 1, bytes(16), code)}"):
            refused = cli.run("report", "--reason", "spam", text=text)
            assert refused.returncode == Exit.USAGE, (text, refused)
        assert cli.json("report", "--reason", "spam", text="canary of a room\n") == {
            "reported": True
        }
    assert "<dt>Reports that wait</dt><dd>1</dd>" in operator.get("/admin/").text
    path = first_report(operator)
    seen = operator.get(path).text
    assert "the word of whoever made it alone" in seen
    assert "canary of a room" in seen
    assert 'value="suspended"' not in seen
    assert operator.post(path, {"decision": "suspended"}).status_code == 400
    assert operator.post(path, {"decision": "dismissed"}).status_code == 303
    assert "No report waits." in operator.get("/admin/reports").text
    assert "dismissed a report" in operator.get("/admin/").text
    for gone in (f"{path}x", "/admin/reports/AAAAAAAAAAAAAAAAAAAAAA", "/admin/reports/ä"):
        assert operator.get(gone).status_code == 404
    for page in ("/admin/reports", path):
        assert browser.get(page).headers["location"] == "/admin/sign-in"
