"""What is kept of reports, how much, and how it is shown: as text, whatever was written."""

from typing import Any, Literal, NamedTuple

import msgspec

from ephemeral.protocol.reports import Reason

__all__ = [
    "KEPT_DAYS",
    "NOBODYS_MAX",
    "REPORTER_MAX",
    "WAITING_BYTES",
    "WAITING_MAX",
    "Decision",
    "Evidence",
    "Report",
    "Shown",
    "decode_evidence",
    "encode_evidence",
    "shown",
]

Decision = Literal["dismissed", "suspended"]

#: All of a report goes after so many days, decided or not.
KEPT_DAYS = 90
#: So many of one account may wait, of rooms, and of all; and so many bytes.
REPORTER_MAX, NOBODYS_MAX, WAITING_MAX, WAITING_BYTES = 20, 1_000, 10_000, 128 * 1024 * 1024

_VERSION = 1


class Report(NamedTuple):
    """A report. `accused` wrote the messages, `account` reports; both may be unknown.

    `payload` is gone once it was decided.
    """

    report: bytes
    accused: bytes | None
    account: bytes | None
    reason: Reason
    messages: int
    size: int
    day: int
    payload: bytes | None = None
    decision: Decision | None = None
    decided_by: str | None = None
    decided_day: int | None = None


class Evidence(NamedTuple):
    """What was written by the one who reports, and the contents of messages that were shown."""

    text: str
    contents: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.text.encode()) + sum(map(len, self.contents))

    def __repr__(self) -> str:
        return f"Evidence({len(self.contents)} messages)"  # no text in a traceback


class Shown(NamedTuple):
    """A message as an operator reads it: of which kind, when by its sender's clock, in ms, and what
    it says; all of them claims of the sender."""

    kind: str
    at: int | None
    text: str


def encode_evidence(evidence: Evidence) -> bytes:
    """As it is sealed."""
    return msgspec.msgpack.encode((_VERSION, evidence.text, evidence.contents))


def decode_evidence(data: bytes) -> Evidence:
    """What was encoded so."""
    version, text, contents = msgspec.msgpack.decode(data, type=tuple[int, str, tuple[bytes, ...]])
    if version != _VERSION:
        raise ValueError("evidence of another version")
    return Evidence(text, contents)


def shown(content: bytes) -> Shown:
    """A content in words. Its signer may have written anything: all of it is taken for text."""
    plain = content.decode("utf-8", "replace")
    try:
        said: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return Shown("", None, plain)
    if not isinstance(said, dict):
        return Shown("", None, plain)
    kind, at, body = said.get("kind"), said.get("at"), said.get("body")
    known = body if isinstance(body, dict) else {}
    words = [
        known[name] for name in ("text", "reaction", "name") if isinstance(known.get(name), str)
    ]
    return Shown(
        kind if isinstance(kind, str) else "",
        at if type(at) is int and 0 <= at < 2**53 else None,
        words[0] if words else plain,
    )
