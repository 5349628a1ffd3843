"""What is asked of `POST /report`: strict, bounded, and decoded once (docs/reports.md)."""

from typing import Annotated

from msgspec import Meta, Struct

from ephemeral.edge.bodies import Strict, at_most, sized
from ephemeral.operators.service.reports import AccountReport, RoomReport, SignedContent
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import refuse
from ephemeral.protocol.reports import (
    AD_BYTES,
    CONTENT_MAX,
    MESSAGES_MAX,
    TEXT_MAX,
    Reason,
)

__all__ = ["REPORT_BODY_MAX", "ReportBody", "ReportTakenAnswer", "RoomReportBody"]

_ID, _SIGNATURE = 16, 64
#: Ten messages of the largest size, in base64url, with the rest.
REPORT_BODY_MAX = 720_896

Id = Annotated[str, sized(_ID, "An id, drawn for this report")]
Text = Annotated[str, Meta(max_length=TEXT_MAX, description=f"At most {TEXT_MAX} bytes of UTF-8")]


class SignedContentObject(Strict):
    """A message: what stands in the clear before it, what it says, and the signature of both."""

    ad: Annotated[str, sized(AD_BYTES, "What stands before it")]
    content: Annotated[str, at_most(CONTENT_MAX, "The content")]
    signature: Annotated[str, sized(_SIGNATURE, "The signature")]

    def unpack(self) -> SignedContent:
        """Its bytes; `malformed`."""
        content = b64decode(self.content)
        refuse(not 1 <= len(content) <= CONTENT_MAX, "malformed")
        return SignedContent(
            b64decode(self.ad, AD_BYTES), content, b64decode(self.signature, _SIGNATURE)
        )


class ReportBody(Strict):
    """Body of `POST /report` by a device of an account."""

    id: Id
    reason: Reason
    text: Text
    messages: Annotated[list[SignedContentObject], Meta(min_length=1, max_length=MESSAGES_MAX)]

    def unpack(self) -> AccountReport:
        """Its parts; `malformed`."""
        messages = [one.unpack() for one in self.messages]
        refuse(len({(one.ad, one.content) for one in messages}) != len(messages), "malformed")
        return AccountReport(b64decode(self.id, _ID), self.reason, _text(self.text), messages)


class RoomReportBody(Strict):
    """Body of `POST /report/room`, by anybody."""

    id: Id
    reason: Reason
    text: Annotated[Text, Meta(min_length=1)]

    def unpack(self) -> RoomReport:
        """Its parts; `malformed`."""
        text = _text(self.text)
        refuse(not text.strip(), "malformed")
        return RoomReport(b64decode(self.id, _ID), self.reason, text)


class ReportTakenAnswer(Struct):
    """It was taken, now or before."""

    now: Annotated[int, Meta(description="The server's time, in milliseconds")]


def _text(text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = TEXT_MAX + 1
    refuse(size > TEXT_MAX, "malformed")
    return text
