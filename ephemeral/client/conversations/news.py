"""What reading a conversation brings: lines for a person, in the order of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ephemeral.protocol import encoding
from ephemeral.protocol.conversations import contents
from ephemeral.protocol.conversations.contents import UNKNOWN, Content
from ephemeral.protocol.encoding import b64decode, b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Json, read_integer, read_object, read_text

__all__ = ["DESTROYED", "GAP", "MESSAGE", "NOTE", "RECORD", "REFUSED", "News", "extend"]

#: Kinds of lines.
MESSAGE, RECORD, REFUSED = "message", "record", "refused"
GAP, DESTROYED, NOTE = "gap", "destroyed", "note"


@dataclass(frozen=True, slots=True)
class News:
    """A line of a conversation.

    `number` counts up on this device; 0 for what was only looked up. `s` is the place in the log
    (0: none), `at` the server's time there in milliseconds. `chain` and `device` are who wrote it,
    `id` is a message's. By kind:

    "message": `content`, with `details["ad"]` and `["signature"]`, which prove to others who said
    it; `details["counts"]` is False where an edit, a delete or a card isn't its
    sender's to make (6.3), `same` is True where a card says nothing new. "record": another epoch;
    `details` has `epoch`, and what it changed: `added`, `removed`, `left`, `closed`, `devices` (of
    whom others are listed), all chains in base64url; `roles`, `timer`. "refused": `code` says why
    it isn't shown. "gap", "destroyed": places `from` and `to` that can't be read.
    "note": something to know, by `code`.
    """

    number: int
    conversation: bytes
    kind: str
    s: int
    at: int
    chain: bytes | None = None
    device: bytes | None = None
    id: bytes | None = None
    content: Content | None = field(default=None, repr=False)
    code: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """As JSON, without number and conversation."""
        content = self.content
        return dump_json(
            {
                "kind": self.kind,
                "s": self.s,
                "at": self.at,
                "chain": _text(self.chain),
                "device": _text(self.device),
                "id": _text(self.id),
                "content": None
                if content is None
                else {"kind": content.kind, "at": content.at, "body": dict(content.body)},
                "code": self.code,
                "details": dict(self.details),
            }
        )

    @classmethod
    def decode(cls, number: int, conversation: bytes, data: bytes) -> "News":
        """What `encode` gave; `malformed` for anything else."""
        obj = parse_json(data)
        if not isinstance(obj, dict):
            raise Refusal("malformed")
        return cls(
            number,
            conversation,
            read_text(obj, "kind"),
            read_integer(obj, "s"),
            read_integer(obj, "at"),
            _bytes(obj, "chain"),
            _bytes(obj, "device"),
            _bytes(obj, "id"),
            _content(obj),
            None if obj["code"] is None else read_text(obj, "code"),
            read_object(obj, "details"),
        )


def _text(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value)


def _bytes(obj: Json, name: str) -> bytes | None:
    return None if obj[name] is None else b64decode(obj[name])


def _content(obj: Json) -> Content | None:
    if obj["content"] is None:
        return None
    value = read_object(obj, "content")
    kind, at = read_text(value, "kind"), encoding.read_integer(value["at"])
    if kind == UNKNOWN:
        return Content(UNKNOWN, at, {})
    body = read_object(value, "body")
    return contents.decode(contents.encode(kind, at, body))


def extend(found: list[News], conversation: bytes, kind: str, s: int, at: int) -> None:
    """One more place of a kind that is told as a stretch."""
    if found and found[-1].kind == kind and found[-1].details["to"] == s - 1:
        last = found.pop()
        details = {"from": last.details["from"], "to": s}
        found.append(News(0, conversation, kind, s, at, details=details))
    else:
        found.append(News(0, conversation, kind, s, at, details={"from": s, "to": s}))
