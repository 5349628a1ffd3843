"""History for a new device: what an older device of the same account hands to it, in chunks.

docs/conversations.md, 15. Each chunk is sealed under a key that was told in the account's own
conversation, and bound to the device, to its number, and to whether it is the last.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.accounts.derivation import labelled
from ephemeral.protocol.accounts.padding import padded_json, unpadded_json
from ephemeral.protocol.accounts.statements import DEVICE_SIZE, HASH_SIZE
from ephemeral.protocol.conversations import contents
from ephemeral.protocol.conversations.contents import REACTION_MAX, Content
from ephemeral.protocol.conversations.records import CONVERSATION_SIZE, TIMER_MAX
from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import ID_SIZE, INTEGER_MAX, NONCE_SIZE
from ephemeral.protocol.names import is_name

__all__ = [
    "CHUNKS_MAX",
    "CHUNK_MAX",
    "NO_LINES",
    "PLAINTEXT_MAX",
    "ROOM",
    "Chunk",
    "Line",
    "Name",
    "open_chunk",
    "seal_chunk",
    "size_of",
]

VERSION = 1
#: Bytes of a chunk, and how many a history has at most.
CHUNK_MAX, CHUNKS_MAX = 65_536, 1_024
#: Bytes of what is sealed in one: whole blocks of 1,024.
PLAINTEXT_MAX = 64_512
#: Bytes of lines that go into one, each with a comma behind it.
ROOM = PLAINTEXT_MAX - 40

_HEAD = 1 + NONCE_SIZE
_TAG = 16
_NUMBER = 4
_LINE = {
    "conversation", "place", "at", "chain", "device", "id", "content", "edits", "reactions",
    "timer", "until",
}  # fmt: skip
#: What changes other messages or says something else than a message: no line of its own.
NO_LINES = {"edit", "delete", "reaction", "read", "profile", "card", "sync", "digest"}

_LENGTH = "This chunk of history does not have an allowed length."
_BROKEN = "This chunk of history is another device's, or has been changed on its way."
_FORM = "This chunk of history is not in the form that the protocol asks for."


class Line(NamedTuple):
    """A message as it is shown. `content`: None where it was deleted for everybody; `edits`: how
    often it was changed; `reactions` by chain. `timer`: seconds from reading on, 0 for none;
    `until`: when it is forgotten, in milliseconds of the server's clock, once it was read."""

    conversation: bytes
    place: int
    at: int
    chain: bytes
    device: bytes
    id: bytes
    content: Content | None
    edits: int = 0
    reactions: Mapping[bytes, str] = {}
    timer: int = 0
    until: int | None = None


class Name(NamedTuple):
    """What somebody calls themselves in a conversation, by their chain; None: its own name."""

    conversation: bytes
    chain: bytes | None
    name: str


class Chunk(NamedTuple):
    """What one chunk tells; whether it is the last."""

    lines: Sequence[Line]
    names: Sequence[Name]
    last: bool


def size_of(line: Line) -> int:
    """Bytes that a line takes in a chunk; together they may have `ROOM`."""
    return len(canonical_json.encode(_line_object(line))) + 1


def seal_chunk(
    key: bytes, device: bytes, number: int, chunk: Chunk, random: Callable[[int], bytes]
) -> bytes:
    """A chunk for a device; refuses `history_form` for what a reader would refuse."""
    plaintext = padded_json(_object(chunk.lines, chunk.names))
    refuse(len(plaintext) > PLAINTEXT_MAX, "history_form", _FORM)
    _read(plaintext)
    head = bytes([chunk.last]) + random(NONCE_SIZE)
    bound = _bound(device, number, head[:1])
    return head + AESGCM(key).encrypt(head[1:], plaintext, bound)


def open_chunk(key: bytes, device: bytes, number: int, sealed: bytes) -> Chunk:
    """What a chunk tells; refuses `history_length`, `history_broken`, `history_form`."""
    fits = _HEAD + _TAG < len(sealed) <= CHUNK_MAX
    refuse(not fits or sealed[0] not in {0, 1}, "history_length", _LENGTH)
    try:
        plaintext = AESGCM(key).decrypt(
            sealed[1:_HEAD], sealed[_HEAD:], _bound(device, number, sealed[:1])
        )
    except InvalidTag:
        raise Refusal("history_broken", _BROKEN) from None
    lines, names = _read(plaintext)
    return Chunk(lines, names, sealed[0] == 1)


def _bound(device: bytes, number: int, last: bytes) -> bytes:
    return labelled("history", device, number.to_bytes(_NUMBER, "big"), last)


def _object(lines: Sequence[Line], names: Sequence[Name]) -> dict[str, object]:
    return {
        "v": VERSION,
        "lines": [_line_object(one) for one in lines],
        "names": [
            {
                "conversation": b64encode(one.conversation),
                "chain": None if one.chain is None else b64encode(one.chain),
                "name": one.name,
            }
            for one in names
        ],
    }


def _line_object(one: Line) -> dict[str, object]:
    content = one.content
    return {
        "conversation": b64encode(one.conversation),
        "place": one.place,
        "at": one.at,
        "chain": b64encode(one.chain),
        "device": b64encode(one.device),
        "id": b64encode(one.id),
        "content": None
        if content is None
        else {"v": VERSION, "kind": content.kind, "at": content.at, "body": dict(content.body)},
        "edits": one.edits,
        "reactions": {b64encode(chain): said for chain, said in one.reactions.items()},
        "timer": one.timer,
        "until": one.until,
    }


def _read(plaintext: bytes) -> tuple[list[Line], list[Name]]:
    content = unpadded_json(plaintext, "history_form")
    try:
        refuse(set(content) != {"v", "lines", "names"}, "history_form")
        read_integer(content["v"], VERSION, VERSION)
        lines = [_read_line(one) for one in _list(content["lines"])]
        names = [_read_name(one) for one in _list(content["names"])]
    except Refusal:
        raise Refusal("history_form", _FORM) from None
    return lines, names


def _read_line(value: object) -> Line:
    if not isinstance(value, dict) or value.keys() != _LINE:
        raise Refusal("history_form")
    said, until = value["content"], value["until"]
    return Line(
        b64decode(value["conversation"], CONVERSATION_SIZE),
        read_integer(value["place"], 1),
        read_integer(value["at"]),
        b64decode(value["chain"], HASH_SIZE),
        b64decode(value["device"], DEVICE_SIZE),
        b64decode(value["id"], ID_SIZE),
        None if said is None else _read_content(said),
        read_integer(value["edits"]),
        _read_reactions(value["reactions"]),
        read_integer(value["timer"], 0, TIMER_MAX),
        None if until is None else read_integer(until, 0, INTEGER_MAX),
    )


def _read_content(value: object) -> Content:
    refuse(isinstance(value, dict) and value.get("kind") in NO_LINES, "history_form")
    return contents.decode(canonical_json.encode(value))


def _read_reactions(value: object) -> dict[bytes, str]:
    if not isinstance(value, dict):
        raise Refusal("history_form")
    found: dict[bytes, str] = {}
    for chain, said in value.items():
        if not isinstance(said, str) or not 1 <= len(said.encode()) <= REACTION_MAX:
            raise Refusal("history_form")
        found[b64decode(chain, HASH_SIZE)] = said
    return found


def _read_name(value: object) -> Name:
    if not isinstance(value, dict) or value.keys() != {"conversation", "chain", "name"}:
        raise Refusal("history_form")
    chain, name = value["chain"], value["name"]
    if not isinstance(name, str) or not is_name(name):
        raise Refusal("history_form")
    return Name(
        b64decode(value["conversation"], CONVERSATION_SIZE),
        None if chain is None else b64decode(chain, HASH_SIZE),
        name,
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Refusal("history_form")
    return value
