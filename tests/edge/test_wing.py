"""A wing of ten lines: routes, contract, limits and a socket, without a change anywhere else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec import Struct
from openapi_spec_validator import validate
from websockets.asyncio.client import connect

from app import serving
from ephemeral.edge.credentials import Caller, Credential
from ephemeral.edge.limiter import Action
from ephemeral.edge.operations import Operation
from ephemeral.edge.server import Server, listen
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.wing import Ground, Wing
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.wing import rooms_wing
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
    operation = Operation(
        method="POST", path="/echoes/{to}", name="echo", summary="Hear it again", handler=echo,
        caller=guest, body=EchoBody, answers={200: Echo}, refusals=("unauthorized",),
        action=Action("echo", {"guest": (2, 3600)}), frame="echo",
    )  # fmt: skip
    socket = SocketRoute(path="/echoes/socket", protocol="echo.v1", caller=guest, name="hear",
                         operations=[operation], session=partial(Session, guest))  # fmt: skip
    yield Wing(operations=[operation], sockets=[socket], config=EchoConfig(echoes=True))


@pytest.fixture
async def url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The real server with the wing beside the rooms."""
    settings = Settings.parse(
        {
            "DATABASE_URL": database_url,
            "ENCRYPTION_KEY": "5e" * 32,
            "DATA_DIR": str(tmp_path),
            "DRAIN_SECONDS": "0",
        }
    )
    ready = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        async with serving(settings, open_wings=[rooms_wing, echo_wing]) as app:
            server = Server(
                app, ready.set, app.drain, request_seconds=30, ping_seconds=30, drain_seconds=0,
                stop_seconds=5,
            )  # fmt: skip
            running = asyncio.create_task(server.run_on(listener))
            await ready.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.stop()
            await running


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
            await socket.send(json.dumps(frame))
            [answer] = json.loads(await socket.recv())
            return answer

        assert await ask(type="hello", ref=1, name="me") == {"type": "welcome", "ref": 1}
        for ref in (2, 3):
            heard = await ask(type="echo", ref=ref, to="you", text="hello")
            assert heard == {"type": "ok", "ref": ref, "said": "me to you: hello"}
        limited = await ask(type="echo", ref=4, to="you", text="hello")
        assert limited["error"]["code"] == "too_many"
        assert await ask(type="ping", ref=5) == {"type": "ok", "ref": 5}
        await socket.send(json.dumps({"type": "echo", "ref": 6, "to": "you"}))
        await socket.wait_closed()
        assert socket.close_code == 4400


async def test_two_wings_may_not_claim_the_same_word_of_the_configuration(
    database_url: str, tmp_path: Path
):
    @asynccontextmanager
    async def again(ground: Ground) -> AsyncIterator[Wing]:
        async with echo_wing(ground) as wing:
            yield Wing(config=wing.config)

    settings = Settings.parse(
        {"DATABASE_URL": database_url, "ENCRYPTION_KEY": "5e" * 32, "DATA_DIR": str(tmp_path)}
    )
    with pytest.raises(ValueError, match="two wings"):
        async with serving(settings, open_wings=[echo_wing, again]):
            raise Refusal("internal")
