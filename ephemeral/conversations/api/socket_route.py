"""The account's socket, as a route: who may speak there, and what may be asked by frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ephemeral.accounts.doors import Asker, Doors
from ephemeral.conversations.api.actions import ConversationActions
from ephemeral.conversations.api.bodies import ConversationBody, PresenceBody, SignalBody
from ephemeral.conversations.api.socket_session import AtSocket, Crowd, SocketSession
from ephemeral.conversations.service.hub import Hub
from ephemeral.conversations.service.presence import Presence
from ephemeral.edge.credentials import Asked, Caller, Credential
from ephemeral.edge.operations import NOTHING, Operation
from ephemeral.edge.session import SocketRoute
from ephemeral.protocol.errors import Refusal

__all__ = ["PROTOCOL", "SOCKET_PATH", "socket_route"]

SOCKET_PATH, PROTOCOL = "/account/socket", "ephemeral.account.v1"
#: Beside those of any socket (docs/conversations.md, 12.6).
CLOSE_CODES: Mapping[str, int] = {
    "proof_wrong": 4401,
    "session_ended": 4401,
    "device_required": 4401,
    "device_revoked": 4403,
    "suspended": 4403,
}
#: Paths of what may be asked for by frames, and the types of these.
FRAMES: Mapping[str, str] = {
    "/chatrooms/{conversation}/message": "post",
    "/chatrooms/{conversation}/ack": "ack",
}

_LONGEST = 4096


def _text(text: str) -> str:
    if len(text) > _LONGEST:
        raise Refusal("unauthorized")
    return text


# There are no headers to these: they are fields of `hello`.
_ACCESS = Credential("access", b"", "An access token of a device's session.", _text, "token")
_PROOF = Credential("proof", b"", "The device's signature over the handshake.", _text, "proof")


def socket_route(
    operations: Sequence[Operation],
    hub: Hub,
    presence: Presence,
    doors: Doors,
    actions: ConversationActions,
    base_path: str,
) -> SocketRoute:
    """The route; `operations` are those of conversations, as they are asked for over HTTP."""
    asked = Asked("GET", f"{base_path}{SOCKET_PATH}")
    proven = doors.callers.proven

    async def identify(token: str, proof: str) -> Asker:
        asker: Asker = await proven.identify(asked, token, proof)
        return asker

    caller = Caller("device at its socket", (_ACCESS, _PROOF), identify, proven.subjects)

    async def presence_of(asker: AtSocket, here: bool) -> bytes:
        asker.at.show(here=here)
        return NOTHING

    async def typing(asker: AtSocket, conversation: bytes) -> bytes:
        device = asker.proved.device
        assert device is not None, "a device has said hello"
        hub.type(device, conversation)
        return NOTHING

    async def signal(asker: AtSocket, said: tuple[bytes, bytes]) -> bytes:
        device = asker.proved.device
        assert device is not None, "a device has said hello"
        hub.signal(device, *said)
        return NOTHING

    return SocketRoute(
        name="listenToAccount",
        path=SOCKET_PATH,
        protocol=PROTOCOL,
        document="docs/conversations.md, section 12",
        caller=caller,
        operations=[
            *(
                replace(one, caller=caller, frame=FRAMES[one.path])
                for one in operations
                if one.path in FRAMES
            ),
            Operation(
                method="GET",
                path=SOCKET_PATH,
                name="typeInConversation",
                summary="Tell the others that one is writing; by a frame alone",
                handler=typing,
                caller=caller,
                body=ConversationBody,
                answers={200: None},
                action=actions.typing,
                frame="typing",
                ref_optional=True,
            ),
            Operation(
                method="GET",
                path=SOCKET_PATH,
                name="signalConversation",
                summary="Tell the others that listen something that is kept nowhere; by a frame",
                handler=signal,
                caller=caller,
                body=SignalBody,
                answers={200: None},
                action=actions.signal,
                frame="signal",
                ref_optional=True,
            ),
            Operation(
                method="GET",
                path=SOCKET_PATH,
                name="showPresence",
                summary="Be seen, and see, who of one's contacts is here; by a frame alone",
                handler=presence_of,
                caller=caller,
                body=PresenceBody,
                answers={200: None},
                action=actions.presence,
                frame="presence",
                ref_optional=True,
            ),
        ],
        session=partial(SocketSession, hub, presence, doors, caller, Crowd()),
        close_codes=CLOSE_CODES,
    )
