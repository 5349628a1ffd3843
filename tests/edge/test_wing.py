"""A wing of ten lines: routes, contract, limits and a socket, without a change anywhere else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import pytest
from msgspec import Meta, Struct
from openapi_spec_validator import validate
from websockets.asyncio.client import connect

from app import OpenWing, serving
from ephemeral.edge.credentials import Caller, Credential
from ephemeral.edge.frames import operation_frame
from ephemeral.edge.limiter import Action
from ephemeral.edge.operations import Deferred, Operation, Size, Waiting
from ephemeral.edge.server import Server, listen
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.socket_frames import SocketFrames
from ephemeral.edge.wing import Ground, Wing
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.wing import rooms_wing
from ephemeral.routes import operations_of
from ephemeral.settings import Settings


class EchoBody(Struct, forbid_unknown_fields=True):
    to: str
    text: str


class Echo(Struct):
    said: str


class EchoConfig(Struct):
    echoes: bool


async def guest_of(name: str) -> str:
    refuse(name == "nobody", "unauthorized")
    return name


async def echo(guest: str, body: EchoBody) -> bytes:
    return msgspec.json.encode(Echo(f"{guest} to {body.to}: {body.text}"))


@asynccontextmanager
async def echo_wing(_ground: Ground) -> AsyncIterator[Wing]:
    name = Credential("guest", b"authorization", "Any name.", str, "name")
    guest = Caller("guest", (name,), guest_of, lambda texts: {"guest": texts["guest"].encode()})
    action = Action("echo", {"guest": (2, 3600)})
    operation = Operation(
        method="POST", path="/echoes/{to}", name="echo", summary="Hear it again", handler=echo,
        caller=guest, body=EchoBody, answers={200: Echo}, refusals=("unauthorized",),
        action=action, large=action, frame="echo",
    )  # fmt: skip
    session = partial(Session, guest, Action("greet", {"guest": (3, 3600)}))
    socket = SocketRoute(name="hear", path="/echoes/socket", protocol="echo.v1", caller=guest,
                         operations=[operation], session=session)  # fmt: skip
    yield Wing(operations=[operation], sockets=[socket], config=EchoConfig(echoes=True))


def settings_of(database_url: str, folder: Path) -> Settings:
    given = {"DATABASE_URL": database_url, "ENCRYPTION_KEY": "5e" * 32, "DATA_DIR": str(folder)}
    return Settings.parse({**given, "DRAIN_SECONDS": "0"})


@asynccontextmanager
async def served(settings: Settings, *wings: OpenWing) -> AsyncIterator[str]:
    """The real server, in this process, with these wings."""
    ready = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        async with serving(settings, open_wings=wings) as app:
            server = Server(
                app, ready.set, app.drain, reserved=32, request_seconds=30, keep_alive_seconds=30,
                ping_seconds=30, drain_seconds=0, stop_seconds=5,
            )  # fmt: skip
            running = asyncio.create_task(server.run_on(listener))
            await ready.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.stop()
            await running


@pytest.fixture
async def url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """With the wing beside the rooms."""
    async with served(settings_of(database_url, tmp_path), rooms_wing, echo_wing) as address:
        yield address


def said_by(guest: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {guest}"}


async def test_it_has_a_route_limits_a_contract_and_its_part_of_the_configuration(url: str):
    async with httpx.AsyncClient(base_url=url, trust_env=False) as api:
        heard = await api.post("/echoes/you", headers=said_by("me"), json={"text": "hello"})
        assert (heard.status_code, heard.json()) == (200, {"said": "me to you: hello"})
        for request, code in (
            ({"json": {"text": "hello"}}, "unauthorized"),
            ({"json": {"text": "hello"}, "headers": said_by("nobody")}, "unauthorized"),
            ({"json": {"text": 1}, "headers": said_by("me")}, "malformed"),
            ({"json": {"text": "hello"}, "headers": said_by("me")}, "too_many"),
        ):
            refused = await api.post("/echoes/you", **request)
            assert refused.json()["error"]["code"] == code
        assert (await api.get("/echoes/you")).status_code == 405
        loud = {"headers": said_by("loud"), "json": {"text": "hello" * 14_000}}
        statuses = [(await api.post("/echoes/you", **loud)).status_code for _ in range(2)]
        assert statuses == [200, 429], "an answer of more than 64 KiB counts as two"
        config = (await api.get("/config")).json()
        assert (config["echoes"], config["protocol"]) == (True, "ephemeral.v1")
        contract = (await api.get("/openapi.json")).json()
        validate(contract)
        stated = contract["paths"]["/echoes/{to}"]["post"]
        assert (stated["operationId"], stated["security"]) == ("echo", [{"guest": []}])
        assert contract["components"]["schemas"]["EchoBody"]["required"] == ["text"]
        assert contract["components"]["securitySchemes"]["guest"]["scheme"] == "bearer"
        assert "/echoes/socket" in contract["paths"]
        assert (await api.post("/rooms")).status_code == 401, "the rooms are there as ever"


async def test_it_has_a_socket_whose_frames_are_its_operations(url: str):
    address = f"ws{url.removeprefix('http')}/echoes/socket"
    async with connect(address, subprotocols=["echo.v1"], proxy=None) as socket:

        async def ask(**frame: object) -> dict[str, object]:
            await socket.send(json.dumps([frame]))
            [answer] = json.loads(await socket.recv())
            return answer

        assert await ask(type="hello", ref=1, name="me") == {"type": "welcome", "ref": 1}
        for ref in (2, 3):
            heard = await ask(type="echo", ref=ref, to="you", text="hello")
            assert heard == {"type": "ok", "ref": ref, "said": "me to you: hello"}
        limited = await ask(type="echo", ref=4, to="you", text="hello")
        assert limited["error"]["code"] == "too_many"
        assert await ask(type="ping", ref=5) == {"type": "ok", "ref": 5}
        await socket.send(json.dumps([{"type": "echo", "ref": 6, "to": "you"}]))
        await socket.wait_closed()
        assert socket.close_code == 4400


async def test_whoever_guesses_by_greeting_is_counted(url: str):
    address = f"ws{url.removeprefix('http')}/echoes/socket"
    codes = []
    for _ in range(4):
        async with connect(address, subprotocols=["echo.v1"], proxy=None) as socket:
            await socket.send('[{"type":"hello","ref":1,"name":"nobody"}]')
            await socket.wait_closed()
            codes.append(socket.close_code)
    assert codes == [4401, 4401, 4401, 4429]


# What a wing may say


class NumberBody(Struct, forbid_unknown_fields=True):
    number: Annotated[int, Meta(ge=0, le=9)]


async def half(_caller: None, body: NumberBody) -> bytes:
    return b'{"half":%d}' % (body.number // 2)


async def gone(_caller: str, _body: None) -> bytes:
    raise Refusal("seat_unknown")


async def broken() -> None:
    raise RuntimeError("of no use any more")


@asynccontextmanager
async def odd_wing(_ground: Ground) -> AsyncIterator[Wing]:
    guest = Caller("guest", (), lambda: guest_of("me"))
    number = Operation(method="GET", path="/halves/{number}", name="half", summary="Half of it",
                       handler=half, body=NumberBody, answers={200: Echo})  # fmt: skip
    leave = Operation(method="DELETE", path="/guests", name="go", summary="Go", handler=gone,
                      caller=guest, answers={204: None}, frame="leave",
                      closes=1000)  # fmt: skip
    session = partial(Session, guest, Action("arrive", {}))
    socket = SocketRoute(name="visit", path="/guests/socket", protocol="odd.v1", caller=guest,
                         operations=[leave], session=session,
                         close_codes={"seat_unknown": 4401})  # fmt: skip
    yield Wing(operations=[number, leave], sockets=[socket], background={"odd": broken})


async def test_fields_of_a_path_are_read_as_strictly_as_those_of_a_body(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with served(settings_of(database_url, tmp_path), odd_wing) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as api:
            assert (await api.get("/halves/8")).json() == {"half": 4}
            for wrong in ("10", "-1", "x", "8.5", "8%00"):
                refused = await api.get(f"/halves/{wrong}")
                assert (refused.status_code, refused.json()["error"]["code"]) == (400, "malformed")
            unready = await api.get("/readyz")
            assert unready.status_code == 503, "what runs beside has broken"
            assert caplog.text.count("Fault: RuntimeError") == 1
        address = f"ws{url.removeprefix('http')}/guests/socket"
        async with connect(address, subprotocols=["odd.v1"], proxy=None) as socket:
            await socket.send('[{"type":"hello","ref":1}]')
            await socket.recv()
            # Who has lost the seat in another way while it leaves is not kept for that.
            await socket.send('[{"type":"leave","ref":2}]')
            await socket.wait_closed()
            assert socket.close_code == 4401


def stated(**differing: object) -> Operation:
    said = {"method": "POST", "path": "/x", "name": "x", "summary": "", "handler": half}
    return Operation(**said | {"answers": {200: Echo}, "body": NumberBody} | differing)


class RefBody(Struct):
    ref: str


@pytest.mark.parametrize(
    "differing",
    [
        {"path": "/x/{missing}"},
        {"handler": Deferred(lambda *_: None, bytes), "ref_optional": True},
        {"handler": Deferred(lambda *_: None, bytes), "closes": 1000},
        {"headers": ("number", "missing")},
        {"headers": ("number",), "frame": "x"},
        {"handler": Waiting(half), "frame": "x"},
        {"size": Size(Action("heavy", {}), len), "frame": "x"},
    ],
)
def test_what_can_not_work_is_refused_when_it_is_stated(differing: dict[str, object]):
    with pytest.raises(ValueError, match=r"^x: "):
        stated(**differing)


def test_no_field_of_a_body_can_take_the_place_of_the_frames_own():
    with pytest.raises(ValueError, match="name of one of the frame"):
        operation_frame(stated(body=RefBody, frame="x"))


def test_nobody_asks_by_frames_but_the_sockets_own_caller():
    """Who comes from elsewhere comes over HTTP."""
    mine, theirs = (Caller(name, (), lambda: guest_of("me")) for name in ("mine", "theirs"))
    route = SocketRoute(name="listen", path="/x", protocol="x.v1", caller=mine,
                        operations=[stated(caller=theirs, frame="x")],
                        session=partial(Session, mine, Action("greet", {})))  # fmt: skip
    with pytest.raises(ValueError, match=r"^listen: only the socket's caller"):
        SocketFrames(route)


def test_no_two_operations_have_one_name():
    with pytest.raises(ValueError, match=r"one name: \['x'\]"):
        operations_of([Wing(operations=[stated(), stated(path="/y")])], lambda: 0)


async def test_two_wings_may_not_claim_the_same_word_of_the_configuration(
    database_url: str, tmp_path: Path
):
    @asynccontextmanager
    async def again(ground: Ground) -> AsyncIterator[Wing]:
        async with echo_wing(ground) as wing:
            yield Wing(config=wing.config)

    settings = settings_of(database_url, tmp_path)
    with pytest.raises(ValueError, match="two wings"):
        async with serving(settings, open_wings=[echo_wing, again]):
            raise Refusal("internal")
