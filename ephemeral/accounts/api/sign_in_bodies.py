"""What sign-in is asked with: strict, bounded, and decoded once (docs/accounts.md).

A refresh token may stand in the cookie instead of the body: then the headers say whether it counts.
"""

from typing import Annotated, NamedTuple

from msgspec import Meta

from ephemeral.accounts.api.cookies import Sent
from ephemeral.accounts.api.device_bodies import Statement, statement
from ephemeral.accounts.rules.names import INVITATION_BYTES
from ephemeral.edge.bodies import Strict, sized
from ephemeral.protocol.accounts.addresses import is_address
from ephemeral.protocol.accounts.chain import Signed
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal, refuse

__all__ = [
    "COOKIE_HEADERS",
    "PROOF_HEADERS",
    "DeleteBody",
    "EndBody",
    "LoginBody",
    "LoginRequest",
    "LogoutBody",
    "PasswordBody",
    "RefreshBody",
    "RefreshRequest",
    "RegisterBody",
    "RegisterRequest",
]

_KEY, _ID = 32, 16

#: Where a proof that is no credential of a session's stands.
PROOF_HEADERS = {"proof": "Ephemeral-Proof"}
#: What tells whether a cookie counts.
COOKIE_HEADERS = {
    "sent_cookie": "Cookie",
    "site": "Sec-Fetch-Site",
    "origin": "Origin",
    "host": "Host",
    "forwarded_host": "X-Forwarded-Host",
}


Address = Annotated[
    str, Meta(max_length=64, description="`name.digits`: 3 to 20 of a-z, 0-9, _, and five digits")
]
AuthKey = Annotated[str, sized(_KEY, "What a client derives from the password")]
Id = Annotated[str, sized(_ID, "A device or a session")]
InvitationText = Annotated[str, sized(INVITATION_BYTES, "An invitation")]
RefreshText = Annotated[str, Meta(max_length=256, description="A refresh token")]
Keep = Annotated[
    bool, Meta(description="Put the refresh token into a cookie that scripts can't read")
]
HeaderText = Annotated[str, Meta(max_length=8192)]


def invitation(text: str | None) -> bytes | None:
    """An invitation, if there is one; people type these, or cut them off: `invitation_unknown`."""
    try:
        return None if text is None else b64decode(text, INVITATION_BYTES)
    except Refusal:
        raise Refusal("invitation_unknown") from None


def wire_address(text: str) -> str:
    """An address as clients send it; what people type, clients read."""
    refuse(not is_address(text), "address_form")
    return text


class RegisterRequest(NamedTuple):
    """An account that is to be made."""

    address: str
    auth_key: bytes
    invitation: bytes | None
    cookie: bool


class LoginRequest(NamedTuple):
    """Somebody who signs in, perhaps as a device."""

    address: str
    auth_key: bytes
    device: bytes | None
    proof: str | None
    cookie: bool


class RefreshRequest(NamedTuple):
    """A refresh token, and whether it came in the cookie. Without one nobody asks for anything."""

    token: str | None
    in_cookie: bool
    proof: str | None


class RegisterBody(Strict):
    """Body of `POST /auth/register`."""

    address: Address
    auth_key: AuthKey
    invitation: InvitationText | None = None
    cookie: Keep = False

    def unpack(self) -> RegisterRequest:
        """What it says; `address_form`, `invitation_unknown`, `malformed`."""
        auth_key, invited = b64decode(self.auth_key, _KEY), invitation(self.invitation)
        return RegisterRequest(wire_address(self.address), auth_key, invited, self.cookie)


class LoginBody(Strict):
    """Body of `POST /auth/login`."""

    address: Address
    auth_key: AuthKey
    device: Id | None = None
    cookie: Keep = False
    proof: HeaderText | None = None

    def unpack(self) -> LoginRequest:
        """What it says; `address_form`, `malformed`."""
        device = None if self.device is None else b64decode(self.device, _ID)
        auth_key = b64decode(self.auth_key, _KEY)
        return LoginRequest(wire_address(self.address), auth_key, device, self.proof, self.cookie)


class _TokenBody(Strict):
    """What is asked with a refresh token, in the body or in the cookie."""

    refresh_token: RefreshText | None = None
    sent_cookie: HeaderText = ""
    site: HeaderText = ""
    origin: HeaderText = ""
    host: HeaderText = ""
    forwarded_host: HeaderText = ""

    @property
    def in_cookie(self) -> str | None:
        """The token in the cookie, if it counts."""
        hosts = (self.host, self.forwarded_host)
        return Sent(self.sent_cookie, self.site, self.origin, hosts).token


class RefreshBody(_TokenBody):
    """Body of `POST /auth/refresh`."""

    proof: HeaderText | None = None

    def unpack(self) -> RefreshRequest:
        """The token; what stands in the body goes before what is in the cookie."""
        if self.refresh_token is not None:
            return RefreshRequest(self.refresh_token, False, self.proof)
        return RefreshRequest(self.in_cookie, True, self.proof)


class LogoutBody(_TokenBody):
    """Body of `POST /auth/logout`."""

    def unpack(self) -> str | None:
        """The token."""
        return self.in_cookie if self.refresh_token is None else self.refresh_token


class PasswordBody(Strict):
    """Body of `POST /auth/password`."""

    auth_key: AuthKey
    old_auth_key: AuthKey

    def unpack(self) -> tuple[bytes, bytes]:
        """The key before, and the next; `malformed`."""
        return b64decode(self.old_auth_key, _KEY), b64decode(self.auth_key, _KEY)


class DeleteBody(Strict):
    """Body of `DELETE /auth/me`."""

    auth_key: AuthKey
    statement: Statement | None = None

    def unpack(self) -> tuple[bytes, Signed | None]:
        """The key, and the CLOSE where there are devices; refuses what its reader does."""
        auth_key = b64decode(self.auth_key, _KEY)
        return auth_key, None if self.statement is None else statement(self.statement)


class EndBody(Strict):
    """Of `DELETE /auth/sessions/{sid}`: all of it stands in the path."""

    sid: Id

    def unpack(self) -> bytes:
        """The session; `malformed`."""
        return b64decode(self.sid, _ID)
