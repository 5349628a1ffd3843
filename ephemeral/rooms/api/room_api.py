"""Anonymous rooms over HTTP (docs/protocol.md, section 9): decode, call, answer.

Order of refusals: credentials, media type, body.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ephemeral.edge.guard import header_values
from ephemeral.protocol import frames
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.api import answers
from ephemeral.rooms.rules.room import Receipt, Seat
from ephemeral.rooms.service.entries import Outcome, Reply
from ephemeral.rooms.service.record import Record
from ephemeral.rooms.service.rooms import Rooms

__all__ = [
    "acknowledge",
    "create",
    "describe",
    "destroy",
    "join",
    "leave",
    "lock",
    "no_socket",
    "notices",
    "open_message",
    "post",
    "record",
    "release",
    "status",
    "typing",
]

Body = TypeVar("Body", bound=msgspec.Struct)


# --- reading a request ----------------------------------------------------------------------------


def _rooms(request: Request) -> Rooms:
    rooms: Rooms = request.app.state.rooms
    return rooms


def _header(request: Request, name: bytes) -> bytes | None:
    """The one value of a credential's header. Two of them could be read as either: refused."""
    values = header_values(request.scope, name)
    refuse(len(values) > 1, "unauthorized")
    return values[0] if values else None


def _secret(value: bytes | None) -> bytes:
    refuse(value is None, "unauthorized")
    return frames.credential((value or b"").decode("latin-1"))


def _locator(request: Request) -> bytes:
    scheme, _, value = (_header(request, b"authorization") or b"").partition(b" ")
    refuse(scheme.lower() != b"bearer", "unauthorized")
    return _secret(value)


def _token(request: Request) -> bytes:
    return _secret(_header(request, b"ephemeral-member"))


async def _seat(request: Request) -> Seat:
    return await _rooms(request).authenticate(_locator(request), _token(request))


async def _body(request: Request, kind: type[Body]) -> Body:
    media = header_values(request.scope, b"content-type")
    essence = media[0].partition(b";")[0].strip().lower() if len(media) == 1 else b""
    refuse(essence != b"application/json", "unsupported_media")
    return frames.decode_body(await request.body(), kind)


async def _no_body(request: Request) -> None:
    refuse(await request.body() != b"", "malformed")


def _message(request: Request) -> bytes:
    return frames.identifier(request.path_params["id"])


# --- answering ------------------------------------------------------------------------------------


def _answer(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")


def _nothing() -> Response:
    return Response(status_code=204)


async def _settled(submit: Callable[[Reply], None]) -> answers.Outcome:
    """Wait for the answer to something that is committed together with others."""
    settled: asyncio.Future[answers.Outcome] = asyncio.get_running_loop().create_future()

    def reply(result: Outcome) -> None:
        # Whoever asked may be gone.
        if settled.done():
            return
        if isinstance(result, Refusal):
            settled.set_exception(result)
        elif result is not None:
            settled.set_result(result)

    submit(reply)
    return await settled


# --- handlers -------------------------------------------------------------------------------------


async def create(request: Request) -> Response:
    """`POST /rooms`."""
    locator = _locator(request)
    charter, mac = (await _body(request, frames.CreateBody)).unpack()
    view, fresh = await _rooms(request).create(locator, charter, mac)
    return _answer(answers.room(view), 201 if fresh else 200)


async def describe(request: Request) -> Response:
    """`GET /room`."""
    locator = _locator(request)
    await _no_body(request)
    rooms = _rooms(request)
    if _header(request, b"ephemeral-member") is None:
        return _answer(answers.room(await rooms.describe(locator)))
    view, members = await rooms.members(await rooms.authenticate(locator, _token(request)))
    return _answer(answers.room_with_members(view, members))


async def lock(request: Request) -> Response:
    """`PATCH /room`."""
    seat = await _seat(request)
    body = await _body(request, frames.LockBody)
    return _answer(answers.room(await _rooms(request).lock(seat, body.locked)))


async def destroy(request: Request) -> Response:
    """`DELETE /room`."""
    seat = await _seat(request)
    await _no_body(request)
    await _rooms(request).destroy(seat)
    return _nothing()


async def join(request: Request) -> Response:
    """`POST /room/members`."""
    resume = _header(request, b"ephemeral-resume")
    if resume is not None:
        return await _resume(request, _secret(resume))
    locator, token = _locator(request), _token(request)
    member, profile, pair = (await _body(request, frames.JoinBody)).unpack()
    joined = await _rooms(request).join(locator, token, member, profile, pair)
    return _answer(answers.joined(joined.snapshot), 201 if joined.fresh else 200)


async def _resume(request: Request, token: bytes) -> Response:
    others = header_values(request.scope, b"authorization") + header_values(
        request.scope, b"ephemeral-member"
    )
    refuse(others != [], "malformed")
    await _no_body(request)
    return _answer(answers.key(await _rooms(request).resume(token)))


async def leave(request: Request) -> Response:
    """`DELETE /room/members`."""
    seat = await _seat(request)
    await _no_body(request)
    await _rooms(request).leave(seat)
    return _nothing()


async def notices(request: Request) -> Response:
    """`GET /room/messages`."""
    seat = await _seat(request)
    await _no_body(request)
    return _answer(answers.notices(*await _rooms(request).notices(seat)))


async def record(request: Request) -> Response:
    """`GET /room/record`."""
    seat = await _seat(request)
    await _no_body(request)
    held: Record = request.app.state.record
    return _answer(answers.record(await held.of(seat)))


async def post(request: Request) -> Response:
    """`POST /room/messages`."""
    seat = await _seat(request)
    message, envelope, viewing_hash = (await _body(request, frames.PostBody)).unpack()
    rooms = _rooms(request)
    receipt = await _settled(lambda reply: rooms.post(seat, message, envelope, viewing_hash, reply))
    fresh = isinstance(receipt, Receipt) and receipt.fresh
    return _answer(answers.outcome(receipt), 201 if fresh else 200)


async def open_message(request: Request) -> Response:
    """`POST /room/messages/{id}/open`."""
    seat, message = await _seat(request), _message(request)
    await _no_body(request)
    rooms = _rooms(request)
    return _answer(answers.outcome(await _settled(lambda reply: rooms.open(seat, message, reply))))


async def acknowledge(request: Request) -> Response:
    """`POST /room/messages/{id}/ack`."""
    seat, message = await _seat(request), _message(request)
    viewing = (await _body(request, frames.AckBody)).revealed()
    rooms = _rooms(request)
    state = await _settled(lambda reply: rooms.acknowledge(seat, message, viewing, reply))
    return _answer(answers.outcome(state))


async def release(request: Request) -> Response:
    """`POST /room/messages/{id}/release`."""
    seat, message = await _seat(request), _message(request)
    await _no_body(request)
    rooms = _rooms(request)
    state = await _settled(lambda reply: rooms.release(seat, message, reply))
    return _answer(answers.outcome(state))


async def status(request: Request) -> Response:
    """`POST /room/messages/status`."""
    seat = await _seat(request)
    ids = (await _body(request, frames.StatusBody)).unpack()
    return _answer(answers.receipts(*await _rooms(request).status(seat, ids)))


async def typing(request: Request) -> Response:
    """`POST /room/typing`."""
    seat = await _seat(request)
    body = await _body(request, frames.TypingBody)
    await _rooms(request).typing(seat, body.typing)
    return _nothing()


async def no_socket(_request: Request) -> Response:
    """`GET /room/socket` by anything but a WebSocket handshake."""
    raise Refusal("malformed", "Speak WebSocket here, with the subprotocol ephemeral.v1.")
