"""Sign-in as it is asked: call the service, answer. Each gets `(caller, body)` as its operation
says."""

from ephemeral import metrics
from ephemeral.accounts.api import sign_in_objects as objects
from ephemeral.accounts.api.callers import Asker
from ephemeral.accounts.api.cookies import Cookies
from ephemeral.accounts.api.sign_in_bodies import LoginRequest, RefreshRequest, RegisterRequest
from ephemeral.accounts.service.deletion import Deletion
from ephemeral.accounts.service.logins import AsDevice, Logins
from ephemeral.accounts.service.profiles import Profiles
from ephemeral.accounts.service.proofs import Proof
from ephemeral.accounts.service.registration import Registration
from ephemeral.accounts.service.sessions import Opened, Sessions
from ephemeral.accounts.service.signing_keys import SigningKeys
from ephemeral.accounts.service.tokens import Tokens
from ephemeral.edge.operations import NOTHING, Answer
from ephemeral.protocol.accounts.chain import Signed
from ephemeral.protocol.errors import Refusal

__all__ = ["SignInHandlers", "TokenAnswers"]


class TokenAnswers:
    """What is answered to whoever has signed in, in whichever way. `path`: that of sign-in."""

    def __init__(self, tokens: Tokens, cookies: Cookies) -> None:
        self._tokens = tokens
        self._cookies = cookies

    async def of(self, opened: Opened, *, in_cookie: bool, status: int = 200) -> Answer:
        """Tokens, the refresh token in the body or in the cookie."""
        headers = {}
        if in_cookie:
            linked = opened.session.device is not None
            headers["Set-Cookie"] = self._cookies.keep(opened.refresh_token, linked=linked)
        await self._tokens.ready()
        access_token = self._tokens.issue(opened.session)
        return Answer(objects.tokens(opened, access_token, in_cookie=in_cookie), status, headers)

    def cleared(self) -> Answer:
        """Nothing, and no cookie any more."""
        return Answer(b"", 204, {"Set-Cookie": self._cookies.clear()})


class SignInHandlers:
    """The handlers of sign-in and of sessions. `base_path` is the deployment's."""

    def __init__(
        self,
        registration: Registration,
        logins: Logins,
        sessions: Sessions,
        profiles: Profiles,
        deletion: Deletion,
        keys: SigningKeys,
        answers: TokenAnswers,
        base_path: str,
    ) -> None:
        self._registration = registration
        self._logins = logins
        self._sessions = sessions
        self._profiles = profiles
        self._deletion = deletion
        self._keys = keys
        self._answers = answers
        self._login_path = f"{base_path}/auth/login"
        self._refresh_path = f"{base_path}/auth/refresh"

    async def register(self, _caller: None, asked: RegisterRequest) -> Answer:
        """Make an account, and sign in."""
        opened = await self._registration.register(asked.address, asked.auth_key, asked.invitation)
        metrics.signed("registered")
        return await self._answers.of(opened, in_cookie=asked.cookie, status=201)

    async def log_in(self, _caller: None, asked: LoginRequest) -> Answer:
        """Sign in by password."""
        device = None
        if asked.device is not None:
            proof = self._proof(asked.proof, self._login_path, "")
            device = AsDevice(asked.device, proof)
        try:
            opened = await self._logins.log_in(asked.address, asked.auth_key, device)
        except Refusal as refusal:
            if refusal.code == "login_wrong":
                metrics.signed("refused")
            raise
        metrics.signed("signed_in")
        return await self._answers.of(opened, in_cookie=asked.cookie)

    async def refresh(self, _caller: None, asked: RefreshRequest) -> Answer:
        """Give the next tokens of a session."""
        if asked.token is None:
            return Answer(b"", 204, {})
        # No script of the page can read what stands in the cookie.
        shown = "" if asked.in_cookie else asked.token
        proof = self._proof(asked.proof, self._refresh_path, shown)
        opened = await self._sessions.refresh(asked.token, proof)
        metrics.signed("refreshed")
        return await self._answers.of(opened, in_cookie=asked.in_cookie)

    async def log_out(self, asker: Asker | None, token: str | None) -> Answer:
        """End a session, of an access token or of a refresh token."""
        if asker is not None or token is not None:
            await self._sessions.log_out(None if asker is None else asker.session, token)
            metrics.signed("signed_out")
        return self._answers.cleared()

    async def change_password(self, asker: Asker, asked: tuple[bytes, bytes]) -> bytes:
        """Take another password."""
        await self._logins.change_password(asker.session, *asked)
        return NOTHING

    async def me(self, asker: Asker, _body: None) -> bytes:
        """Tell who asks."""
        return objects.me(asker.session, await self._profiles.of(asker.account))

    async def delete(self, asker: Asker, asked: tuple[bytes, Signed | None]) -> bytes:
        """Delete the account, or let its CLOSE wait."""
        said = await self._deletion.ask(asker.session, *asked)
        if said.due is None:
            metrics.signed("deleted")
        return objects.deleted(said)

    async def list_sessions(self, asker: Asker, _body: None) -> bytes:
        """Tell who is signed in."""
        return objects.sessions(asker.session, *await self._sessions.listed(asker.session))

    async def end_session(self, asker: Asker, sid: bytes) -> bytes:
        """Sign somebody out."""
        await self._sessions.end(asker.session, sid)
        return NOTHING

    async def key_set(self, _caller: None, _body: None) -> bytes:
        """Publish the keys that sign access tokens."""
        return objects.key_set(self._keys.published())

    def _proof(self, text: str | None, path: str, token: str) -> Proof | None:
        return None if text is None else Proof(text, "POST", path, token)
