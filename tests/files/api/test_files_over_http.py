"""Files as they are asked for over HTTP: every answer is held against the contract by the house."""

from pathlib import Path
from typing import Any

from support.machines.account_house import House
from support.machines.account_house import house as opened
from support.people.account_client import AccountClient, text
from support.people.conversers import Conversation, befriend, refusal

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.files.layout import Layout

MIB = 2**20
PADDED = 2 * MIB


def wanted(talk: Conversation, **other: Any) -> dict[str, Any]:
    """The body that makes a file."""
    info = b64encode(b"\1" + b64decode(text(1023)))
    body = {"id": text(16), "padded": PADDED, "info": info, "conversation": talk.name}
    return {**body, "ttl": 604_800, **other}


async def two(house: House) -> tuple[AccountClient, AccountClient, Conversation]:
    """Two who are in a conversation."""
    one, other = await house.somebody().linked(), await house.somebody().linked()
    await befriend(one, other)
    talk = Conversation()
    assert (await talk.found(one, [other])).status_code == 201
    return one, other, talk


async def test_from_reserved_to_gone(house: House):
    one, other, talk = await two(house)
    said = (await one.api.get("/config")).json()["files"]
    assert (said["size"], said["url_seconds"], said["store"]) == (4 * 2**30, 900, None)
    body = wanted(talk)
    made = await one.call("POST", "/files/upload", json=body)
    assert made.status_code == 201, made.text
    file = made.json()["file"]
    assert {**file, "created_at": 0, "expires_at": 0} == {
        "id": body["id"], "conversation": talk.name, "own": True, "padded": PADDED,
        "info": body["info"], "bitmap": "AA", "complete": False, "broken": False,
        "created_at": 0, "expires_at": 0,
    }  # fmt: skip
    again = await one.call("POST", "/files/upload", json=body)
    assert (again.status_code, again.json()["file"]) == (200, file)
    [first, second] = made.json()["urls"]
    assert [each["segment"] for each in (first, second)] == [0, 1]
    assert first["headers"] == {"content-type": "application/octet-stream", "if-none-match": "*"}
    objects = house.ground.objects
    length = Layout(PADDED).segment(0).sealed_length
    right = objects.addresses.read(first["url"].removeprefix("/objects/"))
    assert (right.method, right.length) == ("PUT", length)
    await objects.store.put(right.key, bytes(length))
    path = f"/files/{body['id']}"
    landed = await one.call("POST", f"{path}/landed", json={"segments": [1, 0]})
    assert (landed.json()["bitmap"], landed.json()["complete"]) == ("AQ", False)
    early = await one.call("POST", f"{path}/landed", json={"segments": [1]})
    assert (early.status_code, refusal(early)["code"]) == (429, "too_many")
    seen = await other.api.get(path, headers=other.bearer)
    assert seen.json()["file"] == {
        **file, "own": False, "bitmap": "AQ", "expires_at": landed.json()["expires_at"],
    }  # fmt: skip
    listed = (await other.api.get("/files", headers=other.bearer)).json()
    assert (listed["files"], listed["more"]) == ([seen.json()["file"]], False)
    behind = await other.api.get(f"/files?after={body['id']}", headers=other.bearer)
    assert behind.json()["files"] == []
    ask = {"purpose": "get", "segments": [1, 0]}
    given = (await other.call("POST", f"{path}/urls", json=ask)).json()
    assert ([each["segment"] for each in given["urls"]], given["bitmap"]) == ([0], "AQ")
    assert given["urls"][0]["headers"] == {}
    assert objects.addresses.read(given["urls"][0]["url"].removeprefix("/objects/")).method == "GET"
    put = await other.call("POST", f"{path}/urls", json={"purpose": "put", "segments": [1]})
    assert (put.status_code, refusal(put)["code"]) == (404, "file_unknown")
    assert (await one.call("DELETE", path)).status_code == 204
    for who in (one, other):
        answer = await who.api.get(path, headers=who.bearer)
        assert (answer.status_code, refusal(answer)["code"]) == (404, "file_unknown")


async def test_what_has_another_form_or_size_is_refused(house: House):
    one, _other, talk = await two(house)
    body = wanted(talk)
    assert (await one.call("POST", "/files/upload", json=body)).status_code == 201
    path = f"/files/{body['id']}"
    short, other_version = b64encode(b"\1" * 1023), b64encode(b"\2" * 1024)
    cases: list[tuple[str, str, dict[str, Any] | None, int, str]] = [
        ("POST", "/files/upload", wanted(talk, info=short), 400, "malformed"),
        ("POST", "/files/upload", wanted(talk, info=other_version), 400, "malformed"),
        ("POST", "/files/upload", wanted(talk, ttl=3_599), 400, "malformed"),
        ("POST", "/files/upload", wanted(talk, ttl=2_592_001), 400, "malformed"),
        ("POST", "/files/upload", wanted(talk, padded=4095), 400, "malformed"),
        ("POST", "/files/upload", wanted(talk, padded=2**34 + 1), 400, "malformed"),
        ("POST", "/files/upload", wanted(talk, padded=PADDED + 1), 400, "file_layout"),
        ("POST", "/files/upload", wanted(talk, padded=2**33), 400, "file_size"),
        ("POST", "/files/upload", wanted(talk, name="x"), 400, "malformed"),
        ("POST", "/files/upload", {**body, "info": wanted(talk)["info"]}, 409, "file_conflict"),
        ("POST", "/files/upload", wanted(Conversation()), 404, "not_found"),
        ("POST", f"{path}/urls", {"purpose": "put", "segments": []}, 400, "malformed"),
        ("POST", f"{path}/urls", {"purpose": "put", "segments": [0, 0]}, 400, "malformed"),
        ("POST", f"{path}/urls", {"purpose": "put", "segments": [*range(65)]}, 400, "malformed"),
        ("POST", f"{path}/urls", {"purpose": "see", "segments": [0]}, 400, "malformed"),
        ("POST", f"{path}/urls", {"purpose": "get", "segments": [2]}, 400, "file_layout"),
        ("POST", f"{path}/landed", {"segments": [-1]}, 400, "malformed"),
        ("POST", f"{path}/landed", {"segments": [2]}, 400, "file_layout"),
        ("DELETE", "/files/x", None, 400, "malformed"),
        ("GET", "/files?after=x", None, 400, "malformed"),
    ]
    found = []
    for method, asked, json, _, _ in cases:
        answer = await one.call(method, asked, json=json)
        found.append((method, asked, json, answer.status_code, refusal(answer)["code"]))
    for got, expected in zip(found, cases, strict=True):
        assert got[3:] == expected[3:], expected[:3]


async def test_who_is_no_reader_is_answered_as_where_there_is_nothing(house: House):
    one, _other, talk = await two(house)
    stranger = await house.somebody().linked()
    body = wanted(talk)
    await one.call("POST", "/files/upload", json=body)
    answers = []
    for id_ in (body["id"], text(16)):
        for method, end, json in (
            ("GET", "", None),
            ("DELETE", "", None),
            ("POST", "/urls", {"purpose": "get", "segments": [99]}),
            ("POST", "/urls", {"purpose": "put", "segments": [0]}),
            ("POST", "/landed", {"segments": [99]}),
        ):
            answer = await stranger.call(method, f"/files/{id_}{end}", json=json)
            heads = [name for name in answer.headers if name != "date"]
            answers.append((answer.status_code, answer.text, heads))
    assert answers[:5] == answers[5:]
    assert {status for status, *_ in answers} == {404}


async def test_switched_off_nothing_is_taken_or_given_and_what_there_is_ends(
    database_url: str, tmp_path: Path
):
    async with opened(database_url, tmp_path) as house:
        one, _, talk = await two(house)
        body = wanted(talk)
        assert (await one.call("POST", "/files/upload", json=body)).status_code == 201
    async with opened(database_url, tmp_path, FILES="false") as house:
        one.api = house.api
        assert "files" not in (await one.api.get("/config")).json()
        for path in ("/files", f"/files/{body['id']}"):
            answer = await one.api.get(path, headers=one.bearer)
            assert (answer.status_code, refusal(answer)["code"]) == (404, "not_found")
        assert (await one.call("DELETE", talk.path)).status_code == 204
        row = await house.pool.fetchrow("SELECT state, payload, conversation FROM accounts.files")
        assert tuple(row) == (3, None, None)
