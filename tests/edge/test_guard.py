"""The outermost layer alone, around applications that misbehave."""

import asyncio
import json
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from ephemeral.edge.guard import Guard, Verdict
from ephemeral.protocol.errors import STATUS, Refusal
from ephemeral.protocol.limits import FRAME_MAX
from ephemeral.sealing.seals import KeyringUnusable


class Told:
    """Collects what a guard sends, and the faults of which it tells."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.faults: list[BaseException] = []

    async def send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        [start] = [one for one in self.messages if one["type"].endswith("response.start")]
        return start["status"]

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self.messages)


async def ask(
    app: Any,
    *chunks: bytes,
    kind: str = "http",
    method: str = "GET",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Told:
    """One request, its body in `chunks`, through a guard to `app`."""
    told = Told()
    html = (b"content-type", b"text/html; charset=utf-8")
    guard = Guard(
        app,
        "",
        Verdict(told.faults.append, passing=(KeyringUnusable,)),
        lambda _, status: ([html], b"<p>%d</p>" % status),
        lambda _: [],
    )
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    scope = {
        "type": kind,
        "method": method,
        "path": "/",
        "headers": headers or [],
        "extensions": {"websocket.http.response": {}},
    }
    await guard(scope, receive, told.send)
    return told


def raising(error: Exception) -> Any:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise error

    return app


async def test_an_unexpected_exception_is_answered_opaquely_and_told_to_the_operator():
    error = ValueError("canary")
    told = await ask(raising(error))
    assert told.status == 500
    assert b'"code":"internal"' in told.body
    assert b"canary" not in told.body
    assert b"ValueError" not in told.body
    assert told.faults == [error]


async def test_an_exception_after_the_answer_began_is_told_and_nothing_more_is_sent():
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("canary")

    told = await ask(app)
    assert [one["type"] for one in told.messages] == ["http.response.start"]
    assert len(told.faults) == 1


@pytest.mark.parametrize("code", sorted(STATUS))
async def test_every_refusal_has_its_status_and_is_no_fault(code: str):
    told = await ask(raising(Refusal(code, retry_after=7)))
    assert told.status == STATUS[code][0]
    assert told.headers[b"retry-after"] == b"7"
    assert f'"code":"{code}"'.encode() in told.body
    assert told.faults == []


async def test_a_key_that_can_t_be_had_is_a_fault_and_the_service_is_unavailable():
    told = await ask(raising(KeyringUnusable("epoch-1.key is missing")))
    assert told.status == 503
    assert b"epoch" not in told.body
    assert len(told.faults) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (405, "method_not_allowed"), (400, "malformed")]
)
async def test_what_the_framework_refuses_gets_our_shape(status: int, code: str):
    told = await ask(raising(HTTPException(status, headers={"X-Kept": "yes"})))
    assert told.status == status
    assert f'"code":"{code}"'.encode() in told.body
    assert told.headers[b"x-kept"] == b"yes"


async def reading(_scope: Any, receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % size})


async def test_a_body_is_counted_as_it_comes():
    half = FRAME_MAX // 2
    assert (await ask(reading, b"x" * half, b"x" * half)).body == b"%d" % FRAME_MAX
    told = await ask(reading, b"x" * half, b"x" * half, b"x")
    assert told.status == 413
    assert told.headers[b"connection"] == b"close"


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (b"%d" % FRAME_MAX, 200),
        (b"%d" % (FRAME_MAX + 1), 413),
        (b"9" * 5000, 413),
        (b"-1", 400),
        (b"1e3", 400),
        (b"", 400),
        ("²".encode("latin-1"), 400),
    ],
)
async def test_an_announced_length_is_believed_only_to_refuse(length: bytes, status: int):
    assert (await ask(reading, headers=[(b"content-length", length)])).status == status


async def test_a_handshake_that_fails_is_answered_like_a_request():
    error = ValueError("canary")
    told = await ask(raising(error), kind="websocket")
    assert (told.messages[0]["type"], told.status) == ("websocket.http.response.start", 500)
    assert told.faults == [error]
    assert told.headers[b"cache-control"] == b"no-store"


async def test_a_person_who_was_led_here_sees_a_page_and_a_program_the_one_shape():
    browser = [(b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")]
    for method, headers, shown in (
        ("GET", browser, True),
        ("HEAD", browser, True),
        ("POST", browser, False),
        ("GET", [(b"accept", b"*/*")], False),
        ("GET", [(b"accept", b"application/json, text/html")], False),
        ("GET", [], False),
    ):
        told = await ask(raising(Refusal("not_found")), method=method, headers=headers)
        assert told.status == 404
        media = b"text/html; charset=utf-8" if shown else b"application/json"
        assert told.headers[b"content-type"] == media
        assert (told.body == b"<p>404</p>") is shown
        assert b"content-security-policy" in told.headers


async def test_a_request_that_the_stopping_server_cancels_is_told_so_and_is_no_fault():
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    told = await ask(app)
    assert (told.status, told.headers[b"retry-after"], told.faults) == (503, b"1", [])
    assert json.loads(told.body)["error"]["code"] == "unavailable"
    told = await ask(app, kind="websocket")
    assert (told.messages, told.faults) == ([], [])

    async def begun(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    told = await ask(begun)
    assert [one["type"] for one in told.messages] == ["http.response.start"]
    assert told.faults == []
