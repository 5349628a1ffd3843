"""Showing the operators what somebody has said: docs/reports.md.

What proves it comes with each line that is read, and is gone with the line.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple, Self

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations.news import MESSAGE, News
from ephemeral.protocol.accounts.signing import SIGNATURE_SIZE
from ephemeral.protocol.conversations import contents
from ephemeral.protocol.conversations.contents import UNKNOWN
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import DIGEST, FILE
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.objects import Json, read_bytes
from ephemeral.protocol.reports import AD_BYTES, Reason

__all__ = ["Evidence", "report"]


# What no server takes as a proof: with it a file's key would be shown.
_UNPROVEN = {UNKNOWN, FILE, DIGEST}


class Evidence(NamedTuple):
    """What a device has signed: what stood before the message, what it says, the signature."""

    ad: bytes
    content: bytes
    signature: bytes

    @classmethod
    def of(cls, news: News) -> Self | None:
        """That of a line; None of what proves nothing, or isn't known here."""
        content, ad, signature = news.content, news.details.get("ad"), news.details.get("signature")
        if news.kind != MESSAGE or content is None or content.kind in _UNPROVEN:
            return None
        if not isinstance(ad, str) or not isinstance(signature, str):
            return None
        said = contents.encode(content.kind, content.at, content.body)
        return cls(b64decode(ad, AD_BYTES), said, b64decode(signature, SIGNATURE_SIZE))

    @classmethod
    def read(cls, obj: Json) -> Self:
        """What `fields` gave; `malformed`."""
        if set(obj) != set(cls._fields):
            raise Refusal("malformed")
        return cls(
            read_bytes(obj, "ad", AD_BYTES),
            read_bytes(obj, "content"),
            read_bytes(obj, "signature", SIGNATURE_SIZE),
        )

    def fields(self) -> dict[str, str]:
        """As an object for programs, and for the server."""
        return {name: b64encode(value) for name, value in self._asdict().items()}

    def __repr__(self) -> str:
        return "Evidence()"  # no text in a traceback


async def report(
    account: Account, messages: Sequence[Evidence], reason: Reason, text: str = ""
) -> None:
    """Show these, all of one person, to the operators; refuses `report_unproven`, `too_many`.

    The id is made of what is shown: the same again changes nothing, also after a lost answer.
    """
    names = b"".join(one.signature for one in messages)
    body = {
        "id": b64encode(sha256(names).digest()[:ID_SIZE]),
        "reason": reason,
        "text": text,
        "messages": [one.fields() for one in messages],
    }
    await account.ask("POST", "/report", body)
