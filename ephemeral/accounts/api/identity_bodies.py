"""What is asked with an ID token of another service: strict, bounded, decoded once."""

import re
from typing import Annotated, NamedTuple

from msgspec import Meta

from ephemeral.accounts.api.sign_in_bodies import (
    Address,
    AuthKey,
    HeaderText,
    Id,
    InvitationText,
    Keep,
    invitation,
    wire_address,
)
from ephemeral.accounts.rules.nonces import BINDING_BYTES
from ephemeral.accounts.service.identities import Shown
from ephemeral.edge.bodies import Strict
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal

__all__ = [
    "BINDING_COOKIE",
    "FirstPasswordBody",
    "IdentityLinkBody",
    "IdentityLoginBody",
    "IdentityLoginRequest",
    "IdentityRegisterBody",
    "IdentityRegisterRequest",
    "NonceBody",
    "UnlinkBody",
]

#: Browsers take a name with this beginning only where a connection is as good as TLS.
BINDING_COOKIE = "__Secure-ephemeral-oidc"
_PAIR = re.compile(rf"(?:^|;)\s*{re.escape(BINDING_COOKIE)}=([A-Za-z0-9_-]{{1,64}})\s*(?=;|$)")

Token = Annotated[str, Meta(max_length=8192, description="An ID token (OpenID Connect)")]
BindingText = Annotated[
    str, Meta(max_length=64, description="What was answered with the nonce, if not in a cookie")
]


class IdentityLoginRequest(NamedTuple):
    """Somebody who signs in by an identity, perhaps as a device."""

    shown: Shown
    device: bytes | None
    proof: str | None
    cookie: bool


class IdentityRegisterRequest(NamedTuple):
    """An account that is to be made, and opened by an identity."""

    shown: Shown
    address: str
    invitation: bytes | None
    cookie: bool


class NonceBody(Strict, kw_only=True):
    """Body of `POST /auth/oidc/nonce`."""

    cookie: Annotated[bool, Meta(description="Put the binding into a cookie")] = False


class _Shown(Strict, kw_only=True):
    """What is asked with a token. No other page has the binding, wherever it stands."""

    id_token: Token
    binding: BindingText | None = None
    sent_cookie: HeaderText = ""

    @property
    def shown(self) -> Shown:
        """The token and its binding; refuses `id_token_wrong` without one."""
        return _shown(self.id_token, self.binding, self.sent_cookie)


class IdentityLoginBody(_Shown, kw_only=True):
    """Body of `POST /auth/oidc`."""

    device: Id | None = None
    cookie: Keep = False
    proof: HeaderText | None = None

    def unpack(self) -> IdentityLoginRequest:
        """What it says; `id_token_wrong`, `malformed`."""
        device = None if self.device is None else b64decode(self.device, 16)
        return IdentityLoginRequest(self.shown, device, self.proof, self.cookie)


class IdentityRegisterBody(_Shown, kw_only=True):
    """Body of `POST /auth/oidc/register`."""

    address: Address
    invitation: InvitationText | None = None
    cookie: Keep = False

    def unpack(self) -> IdentityRegisterRequest:
        """What it says; `address_form`, `invitation_unknown`, `id_token_wrong`."""
        address, invited = wire_address(self.address), invitation(self.invitation)
        return IdentityRegisterRequest(self.shown, address, invited, self.cookie)


class IdentityLinkBody(_Shown, kw_only=True):
    """Body of `POST /auth/identities`."""

    auth_key: AuthKey

    def unpack(self) -> tuple[bytes, Shown]:
        """What it says; `id_token_wrong`, `malformed`."""
        return b64decode(self.auth_key, 32), self.shown


class UnlinkBody(Strict, kw_only=True):
    """Body of `DELETE /auth/identities/{id}`."""

    id: Id
    auth_key: AuthKey

    def unpack(self) -> tuple[bytes, bytes]:
        """What it says; `malformed`."""
        return b64decode(self.auth_key, 32), b64decode(self.id, 16)


class FirstPasswordBody(Strict, kw_only=True):
    """Body of `POST /auth/oidc/password`."""

    auth_key: AuthKey
    id_token: Token | None = None
    binding: BindingText | None = None
    sent_cookie: HeaderText = ""

    def unpack(self) -> tuple[bytes, Shown | None]:
        """What it says; `id_token_wrong`, `malformed`."""
        shown = None
        if self.id_token is not None:
            shown = _shown(self.id_token, self.binding, self.sent_cookie)
        return b64decode(self.auth_key, 32), shown


def _shown(token: str, binding: str | None, cookie: str) -> Shown:
    found = _PAIR.findall(cookie) if binding is None else [binding]
    try:
        return Shown(token, b64decode(found[0] if len(found) == 1 else "", BINDING_BYTES))
    except Refusal:
        raise Refusal("id_token_wrong") from None
