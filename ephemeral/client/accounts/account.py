"""An account at its server: requests with a session's tokens and a device's proofs.

Whatever the server answers is kept before the next request. A refresh token is used until its
successor is on the disk: a server gives the same successor to whoever lost the first answer.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ephemeral.client.accounts.account_file import AccountFile
from ephemeral.client.accounts.kept import Kept, Session
from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.transport import ANSWER_SECONDS, Server
from ephemeral.protocol.accounts.proofs import audience, proof
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.objects import Json, read_bytes, read_id, read_integer, read_text

__all__ = ["Account"]

_AGAIN_SECONDS = 1.0
_PASSING = {"unavailable", "too_many"}
# What a session ends with, whatever was asked.
_ENDS = {"session_ended", "device_revoked"}
# A token is not used to its last moment: the way to the server takes a while.
_SPARE_MILLISECONDS = 30_000
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,4096}")
# A clock that is so near needs no correction.
_NEAR_MILLISECONDS = 2_000


class Account:
    """One account, while its file is locked. `kept` is written by `save`."""

    def __init__(self, context: Context, server: Server, file: AccountFile, kept: Kept) -> None:
        self.context = context
        self.server = server
        self.kept = kept
        #: Whether the server has said that it has no sealing key of this device.
        self.sealing_lost = False
        self._file = file
        self._audience = audience(kept.salt)
        self._base = urlsplit(server.address).path

    def save(self) -> None:
        """Have what is kept on the disk."""
        self._file.save(self.kept)

    def remove_conversations(self) -> None:
        """Nothing of conversations is kept here any more."""
        self._file.remove_conversations()

    def remove(self) -> None:
        """Nothing of the account is kept here any more."""
        self._file.remove()

    @property
    def storage(self) -> Path:
        """Where what conversations keep is stored."""
        return self._file.path.with_suffix(".conversations")

    @property
    def now(self) -> int:
        """The server's time, as far as it is known."""
        return int(self.context.wall() * 1000) + self.kept.ahead

    @property
    def session(self) -> Session:
        """The session; whoever has none is told what to do."""
        if self.kept.session is None:
            raise ClientError(
                Exit.REFUSED,
                "session_ended",
                "You are not signed in here. Sign in by `ephemeral account login ADDRESS`.",
            )
        return self.kept.session

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        wait: int = 0,
    ) -> Json:
        """The answer to a request of this session, with a device's proof where there is one."""
        if self.session.until <= self.now:
            await self.refresh()
        try:
            return await self._as_session(method, path, body, headers, wait)
        except Refusal as refusal:
            if refusal.code != "unauthorized":
                raise
            # It ended before its time: the server has other keys, or another clock.
            await self.refresh()
            return await self._as_session(method, path, body, headers, wait)

    async def _as_session(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
        wait: int,
    ) -> Json:
        token = self.session.access_token

        def credentials() -> dict[str, str]:
            return {"Authorization": f"Bearer {token}"} | self.proof_header(method, path, token)

        try:
            return await self.ask_with(
                method, path, lambda: credentials() | dict(headers or {}), body, wait=wait
            )
        except Refusal as refusal:
            self._ended_by(refusal)
            raise

    def proof_header(self, method: str, path: str, token: str) -> dict[str, str]:
        """This device's proof of a request, good for a minute.

        There is one as soon as there is a key: a session becomes the device's while a link waits.
        """
        key = self.kept.key
        if key is None:
            return {}
        made = proof(key, self._audience, method, self.path(path), token, self.now)
        return {"Ephemeral-Proof": made}

    def path(self, path: str) -> str:
        """A path as it is signed: whole, and without what stands behind it."""
        return self._base + path.partition("?")[0]

    async def ask_with(
        self,
        method: str,
        path: str,
        headers: Callable[[], Mapping[str, str]] = dict,
        body: Mapping[str, object] | Callable[[], Mapping[str, object]] | None = None,
        *,
        wait: int = 0,
        seconds: float = ANSWER_SECONDS,
    ) -> Json:
        """The answer to a request; headers and a signed body are made anew for each attempt."""
        until = time.monotonic() + self.context.args.timeout
        corrected = False
        while True:
            sent = body() if callable(body) else body
            try:
                answer = await self.server.ask_with(
                    method, path, headers(), sent, wait=wait, seconds=seconds
                )
            except (Refusal, ClientError) as error:
                if isinstance(error, Refusal):
                    if error.code == "proof_wrong" and error.now is not None and not corrected:
                        corrected = self._hear_time(error.now)
                        if corrected:
                            continue
                    if error.code not in _PASSING:
                        raise
                pause = _AGAIN_SECONDS
                if isinstance(error, Refusal) and error.retry_after is not None:
                    pause = max(pause, float(error.retry_after))
                if time.monotonic() + pause > until:
                    raise
                await asyncio.sleep(pause)
            else:
                if "now" in answer:
                    self._hear_time(read_integer(answer, "now"))
                return answer

    def _hear_time(self, now: int) -> bool:
        """Whether this machine's clock was wrong by more than the way to the server takes."""
        if abs(now - self.now) <= _NEAR_MILLISECONDS:
            return False
        self.kept.ahead += now - self.now
        return True

    async def refresh(self) -> None:
        """Another access token, and the refresh token that follows."""
        token = self.session.refresh_token
        try:
            answer = await self.ask_with(
                "POST",
                "/auth/refresh",
                lambda: self.proof_header("POST", "/auth/refresh", token),
                {"refresh_token": token},
            )
        except Refusal as refusal:
            self._ended_by(refusal)
            raise
        self.take_tokens(answer)

    def take_tokens(self, answer: Json) -> None:
        """Keep what a session consists of; it is on the disk when this returns."""
        account = read_bytes(answer, "account", ID_SIZE)
        if self.kept.account not in {None, account}:
            raise Refusal("malformed", "The server answers for another account.")
        device = None if answer.get("device") is None else read_text(answer, "device")
        own = self.kept.device
        self.kept.account = account
        self.kept.session = Session(
            sid=b64encode(read_id(answer, "sid")),
            access_token=_token(answer, "access_token"),
            refresh_token=_token(answer, "refresh_token"),
            until=self.now + 1000 * read_integer(answer, "expires_in") - _SPARE_MILLISECONDS,
            device=own is not None and device == b64encode(own),
        )
        self.save()

    def _ended_by(self, refusal: Refusal) -> None:
        """Keep nothing of a session that the server has ended; say what is to be done."""
        if refusal.code in _ENDS:
            self.kept.session = None
            self.save()
        if refusal.code in _ENDED:
            raise ClientError(Exit.REFUSED, refusal.code, _ENDED[refusal.code]) from None


def _token(answer: Json, name: str) -> str:
    """What goes into a header, and to a terminal that is to obey nothing."""
    text = read_text(answer, name)
    if _TOKEN.fullmatch(text) is None:
        raise Refusal("malformed")
    return text


_ENDED = {
    "suspended": (
        "This account is suspended by those who run the server. Sign in again by `ephemeral "
        "account login`, to look at it by `whoami` or to `delete` it."
    ),
    "session_ended": "This session has ended. Sign in again by `ephemeral account login`.",
    "device_revoked": (
        "This device was removed from the account, the server says. If you didn't do that, "
        "look at the account on another device, or recover it with its ten words."
    ),
}
