"""Identities of others as they are asked for: call the service, answer."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ephemeral import metrics
from ephemeral.accounts.api.callers import Asker
from ephemeral.accounts.api.identity_bodies import (
    BINDING_COOKIE,
    IdentityLoginRequest,
    IdentityRegisterRequest,
    NonceBody,
)
from ephemeral.accounts.api.sign_in_handlers import TokenAnswers
from ephemeral.accounts.rules.nonces import NONCE_MS
from ephemeral.accounts.service.identities import Identities, Shown
from ephemeral.accounts.service.logins import AsDevice
from ephemeral.accounts.service.proofs import Proof
from ephemeral.edge.operations import NOTHING, Answer
from ephemeral.protocol.encoding import b64encode

__all__ = ["IdentitiesAnswer", "IdentityHandlers", "NonceAnswer"]

_encode = msgspec.json.Encoder().encode

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]


class NonceAnswer(Struct, gc=False):
    """What to ask the other service for. The binding is absent where it is in the cookie."""

    nonce: Annotated[str, Meta(description="For the parameter `nonce` of the request there")]
    expires_at: Time
    now: Time
    binding: str | UnsetType = UNSET
    sign_in_address: Annotated[
        str | UnsetType,
        Meta(
            description="Where people sign in there (`authorization_endpoint`); absent while the "
            "other service can't be asked"
        ),
    ] = UNSET


class IdentityObject(Struct, gc=False):
    """An identity that opens the account."""

    id: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url")]
    linked_day: Annotated[int, Meta(ge=0, description="Days since 1970-01-01 UTC")]


class IdentitiesAnswer(Struct, gc=False):
    """What opens the account beside its password."""

    identities: list[IdentityObject]
    password: Annotated[bool, Meta(description="Whether it has a password")]
    now: Time


class IdentityHandlers:
    """`base_path` is the deployment's."""

    def __init__(self, identities: Identities, answers: TokenAnswers, base_path: str) -> None:
        self._identities = identities
        self._answers = answers
        self._path = f"{base_path}/auth/oidc"
        self._cookie = f"Path={base_path}/auth; HttpOnly; Secure; SameSite=Strict"

    async def begin(self, _caller: None, asked: NonceBody) -> Answer:
        """Make a nonce."""
        begun = await self._identities.begin()
        answer = NonceAnswer(begun.nonce, begun.expires_at, begun.now)
        if begun.sign_in_address is not None:
            answer.sign_in_address = begun.sign_in_address
        binding, headers = b64encode(begun.binding), {}
        if asked.cookie:
            age = f"Max-Age={NONCE_MS // 1000}"
            headers["Set-Cookie"] = f"{BINDING_COOKIE}={binding}; {age}; {self._cookie}"
        else:
            answer.binding = binding
        return Answer(_encode(answer), 201, headers)

    async def sign_in(self, _caller: None, asked: IdentityLoginRequest) -> Answer:
        """Sign in by an identity."""
        device = None
        if asked.device is not None:
            text = asked.proof
            proof = None if text is None else Proof(text, "POST", self._path, "")
            device = AsDevice(asked.device, proof)
        opened = await self._identities.sign_in(asked.shown, device)
        metrics.signed("signed_in")
        return await self._answers.of(opened, in_cookie=asked.cookie)

    async def register(self, _caller: None, asked: IdentityRegisterRequest) -> Answer:
        """Make an account that an identity opens."""
        opened = await self._identities.register(asked.shown, asked.address, asked.invitation)
        metrics.signed("registered")
        return await self._answers.of(opened, in_cookie=asked.cookie, status=201)

    async def link(self, asker: Asker, asked: tuple[bytes, Shown]) -> bytes:
        """Let an identity open the account."""
        await self._identities.link(asker.session, *asked)
        return NOTHING

    async def listed(self, asker: Asker, _body: None) -> bytes:
        """Tell what opens the account."""
        found = await self._identities.listed(asker.session)
        objects = [IdentityObject(b64encode(one.id), one.linked_day) for one in found.identities]
        return _encode(IdentitiesAnswer(objects, found.has_password, found.now))

    async def unlink(self, asker: Asker, asked: tuple[bytes, bytes]) -> bytes:
        """Let an identity open the account no more."""
        await self._identities.unlink(asker.session, *asked)
        return NOTHING

    async def set_password(self, asker: Asker, asked: tuple[bytes, Shown | None]) -> bytes:
        """Take a first password, or another after signing in elsewhere just now."""
        await self._identities.set_password(asker.session, *asked)
        return NOTHING
