"""Who asks something of an account, and by what it is known (docs/accounts.md).

An access token says whose session asks. One that belongs to a device is believed for more if the
device has signed this very request (`Ephemeral-Proof`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.api.actions import ACCOUNT
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.proofs import Proof
from ephemeral.edge.credentials import Asked, Caller, Credential, Subjects
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.accounts.service.proofs import Proofs
    from ephemeral.accounts.service.suspensions import Suspensions
    from ephemeral.accounts.service.tokens import Tokens

__all__ = ["AccountCallers", "Asker"]

_LONGEST = 4096


def _text(text: str) -> str:
    if len(text) > _LONGEST:
        raise Refusal("unauthorized")
    return text


_ACCESS = Credential(
    "access",
    b"authorization",
    "An access token, which signing in and refreshing give: a JSON Web Token, good for 15 minutes.",
    _text,
)
_MAYBE_ACCESS = Credential("access", b"authorization", _ACCESS.description, _text, optional=True)
_PROOF = Credential(
    "proof",
    b"ephemeral-proof",
    "The device's signature over this request: `<time>.<signature>`.",
    _text,
    optional=True,
)


class Asker(NamedTuple):
    """Whose session asks."""

    session: Session

    @property
    def account(self) -> bytes:
        """The account."""
        return self.session.account

    @property
    def proved(self) -> Session:
        """The session of a device that has proved this request; refuses `device_required`."""
        if self.session.device is None:
            raise Refusal("device_required")
        return self.session


def _of_account(texts: Mapping[str, str]) -> Subjects:
    """Whoever shows the same token is the same; what it says isn't known yet."""
    return {ACCOUNT: texts["access"].encode()}


class Owners(NamedTuple):
    """The kinds of caller who have a session; handlers get an Asker of each.

    `session`: any session. `linked`: a device's session. `proven`: a device's, which has signed the
    request. `either`: any, which has signed the request if it is a device's.
    """

    session: Caller
    linked: Caller
    proven: Caller
    either: Caller


@dataclass(frozen=True, slots=True)
class AccountCallers:
    """All kinds of caller: owners, whom `suspended` is refused to if their account is.

    `even_suspended`: likewise, whether it is or not. `perhaps`: a session, even of a suspended
    account, or nobody.
    """

    session: Caller
    linked: Caller
    proven: Caller
    either: Caller
    even_suspended: Owners
    perhaps: Caller

    @classmethod
    def of(cls, tokens: Tokens, proofs: Proofs, suspensions: Suspensions) -> AccountCallers:
        """As these services know them."""

        async def known(token: str) -> Asker:
            return Asker(await tokens.read(token))

        async def unsuspended(token: str) -> Asker:
            asker = await known(token)
            await suspensions.check(asker.account)
            return asker

        async def perhaps(token: str | None) -> Asker | None:
            return None if token is None else await known(token)

        return cls(
            *_owners(unsuspended, proofs),
            even_suspended=_owners(known, proofs),
            perhaps=Caller("session, perhaps", (_MAYBE_ACCESS,), perhaps, _of_account),
        )


def _owners(session: Callable[[str], Awaitable[Asker]], proofs: Proofs) -> Owners:
    """Whom `session` lets in, by an access token."""

    async def linked(token: str) -> Asker:
        asker = await session(token)
        _ = asker.proved
        return asker

    async def either(asked: Asked, token: str, proof: str | None) -> Asker:
        asker = await session(token)
        if asker.session.device is not None:
            shown = None if proof is None else Proof(proof, asked.method, asked.path, token)
            await proofs.check_session(asker.session, shown)
        return asker

    async def proven(asked: Asked, token: str, proof: str | None) -> Asker:
        asker = await either(asked, token, proof)
        _ = asker.proved
        return asker

    with_proof = (_ACCESS, _PROOF)
    return Owners(
        session=Caller("session", (_ACCESS,), session, _of_account),
        linked=Caller("device's session", (_ACCESS,), linked, _of_account),
        proven=Caller("device with proof", with_proof, proven, _of_account, each=True),
        either=Caller("session or device", with_proof, either, _of_account, each=True),
    )
