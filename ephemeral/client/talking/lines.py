"""News of conversations as lines for a person, and as objects for programs.

Each line of what somebody wrote begins with `| `, so that none can pass for a line of this
program's.
"""

from collections.abc import Iterable, Mapping

from ephemeral.client.conversations import news as kinds
from ephemeral.client.conversations.engine import Known
from ephemeral.client.conversations.news import News
from ephemeral.client.durations import format_duration, local_time
from ephemeral.client.safe_text import neutralise, neutralise_line
from ephemeral.client.talking.here import Here
from ephemeral.client.talking.reasons import BROKEN_RECORD, NOTES, REASONS, UNKNOWN_REASON
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import FILE, read_files

__all__ = ["fields_of", "lines_of", "reference"]

_TEXTS = {"text", "reply", "edit"}
# What says nothing to a person, or has said it elsewhere.
_QUIET = {"read", "profile", "sync", "digest"}
# What a content says may not take the place of what this program says of the message.
_RENAMED = {"name": "named", "place": "up_to"}
_CHANGES = (
    ("added", "added {whom}"),
    ("removed", "removed {whom}"),
    ("left", "notes that {whom} left"),
    ("closed", "notes that {whom} closed the account"),
    ("devices", "lists other devices of {whom}"),
)


def reference(one: News) -> str | None:
    """A message as `say` takes it: its device and its id."""
    if one.device is None or one.id is None:
        return None
    return f"{b64encode(one.device)}.{b64encode(one.id)}"


# --- for programs ---------------------------------------------------------------------------------


def fields_of(here: Here, known: Known | None, one: News) -> dict[str, object]:
    """News as a JSON object; what doesn't belong to its kind is left out."""
    told: dict[str, object] = {
        "event": "change" if one.kind == kinds.RECORD else one.kind,
        "conversation": b64encode(one.conversation),
        "title": None if known is None else here.title(known),
        "direct": known is not None and here.is_direct(known),
        "place": one.s,
        "at": one.at,
        "from": None if one.chain is None else b64encode(one.chain),
        "name": here.name(one.chain),
        "own": one.chain is not None and one.chain == here.own,
        "compared": here.is_compared(one.chain),
    }
    if one.id is not None:
        told["message"] = reference(one)
    if one.content is not None:
        told |= {"kind": one.content.kind, "sent_at": one.content.at, **_body(one.content.body)}
        if "counts" in one.details:
            told["counts"] = one.details["counts"]
    elif one.kind == kinds.MESSAGE:
        told["kind"] = "unknown"
    else:
        told |= {key: value for key, value in one.details.items() if key not in told}
    if one.code is not None:
        told |= {"code": one.code, "reason": _reason(one)}
    return told


def _body(body: Mapping[str, object]) -> dict[str, object]:
    """A content's body, with the message that it is about as `say` takes it."""
    found = {_RENAMED.get(key, key): value for key, value in body.items()}
    of = body.get("of")
    if isinstance(of, dict):
        found["of"] = f"{of['device']}.{of['id']}"
    if "files" in body:
        # Without the keys: those are kept here, for `files get`.
        found["files"] = [b64encode(one.file.id) for one in read_files(body)]
    return found


# --- for people -----------------------------------------------------------------------------------


def lines_of(here: Here, known: Known | None, one: News) -> list[str]:
    """News as lines; none where nothing is to be told."""
    if one.kind == kinds.MESSAGE:
        return _message(here, known, one)
    if one.kind == kinds.RECORD:
        changes = _changes(here, one)
        return [_line(here, known, one, "; ".join(changes))] if changes else []
    if one.kind in {kinds.GAP, kinds.DESTROYED}:
        return [_line(here, known, one, _missing(one), by_nobody=True)]
    if one.kind == kinds.REFUSED:
        what = f"something from {here.who(one.chain)} (place {one.s}) isn't shown"
        return [_line(here, known, one, f"{what}: {_reason(one)}", by_nobody=True)]
    return [_line(here, known, one, _reason(one), by_nobody=True)]


def _message(here: Here, known: Known | None, one: News) -> list[str]:
    content = one.content
    # What a conversation is called is sent again for devices that are new.
    if content is None or content.kind in _QUIET or one.details.get("same"):
        return []
    body = content.body
    if content.kind in {"edit", "delete", "card"} and one.details.get("counts") is False:
        return [_line(here, known, one, "tried to change what isn't theirs to change, or too late")]
    if content.kind in _TEXTS:
        what = {"edit": "writes instead of an earlier message"}.get(content.kind, "")
        quoted = _marked("> ", str(body["quote"])) if body.get("quote") else []
        text = _marked("", str(body["text"]))
        return [_line(here, known, one, what), *quoted, *text]
    if content.kind == "delete":
        return [_line(here, known, one, "deleted a message for everybody")]
    if content.kind == "reaction":
        reaction = body["reaction"]
        said = "takes a reaction back" if reaction is None else f"reacts: {reaction}"
        return [_line(here, known, one, said)]
    if content.kind == FILE:
        names = ", ".join(b64encode(one.file.id) for one in read_files(body))
        return [_line(here, known, one, f"sent a file; `ephemeral files get` saves it: {names}")]
    if content.kind == "card":
        return [_line(here, known, one, f"calls this conversation ‹{body['name']}›")]
    return [
        _line(here, known, one, "sent something of a kind that this program is too old to show")
    ]


def _marked(mark: str, text: str) -> list[str]:
    return [f"| {mark}{line}" for line in neutralise(text).split("\n")]


def _line(here: Here, known: Known | None, one: News, what: str, *, by_nobody: bool = False) -> str:
    """`‹Trip› ‹Bo› 2026-12-01 18:42 (not compared): what`."""
    moment = local_time(one.at, "%Y-%m-%d %H:%M") if one.at else ""
    title = "" if known is None else here.title(known)
    who = "" if by_nobody else here.who(one.chain)
    if known is not None and here.is_direct(known) and who == title:
        title = ""
    marks = "" if by_nobody or here.is_compared(one.chain) else " (not compared)"
    begin = " ".join(part for part in (title, who, moment) if part)
    return neutralise_line(f"{begin}{marks}{f': {what}' if what else ''}")


def _changes(here: Here, one: News) -> list[str]:
    """What a record changed."""
    found = []
    for key, sentence in _CHANGES:
        whom = _chains(one.details.get(key))
        if whom:
            found.append(sentence.format(whom=here.all_of(whom)))
    roles = one.details.get("roles")
    if isinstance(roles, Mapping):
        for chain, role in roles.items():
            does = "an admin" if role == "admin" else "no admin any more"
            found.append(f"made {here.all_of(_chains([chain]))} {does}")
    timer = one.details.get("timer")
    if isinstance(timer, int):
        found.append(
            f"lets messages disappear {format_duration(timer)} after they were read"
            if timer
            else "lets messages stay"
        )
    return found


def _chains(value: object) -> list[bytes]:
    if not isinstance(value, Iterable) or isinstance(value, str):
        return []
    found = []
    for one in value:
        try:
            found.append(b64decode(one))
        except Refusal:
            continue
    return found


def _missing(one: News) -> str:
    first, last = one.details.get("from"), one.details.get("to")
    if not isinstance(first, int) or not isinstance(last, int):
        return "something is missing here"
    count = last - first + 1
    many = "a message is" if count == 1 else f"{count} messages are"
    if one.kind == kinds.DESTROYED:
        return f"{many} destroyed (place {first} to {last})"
    return f"{many} no longer there for this device (place {first} to {last})"


def _reason(one: News) -> str:
    code = one.code or ""
    first, second = (NOTES, REASONS) if one.kind == kinds.NOTE else (REASONS, NOTES)
    sentence = first.get(code) or second.get(code)
    if sentence is None:
        sentence = BROKEN_RECORD if code.startswith("record_") else UNKNOWN_REASON
    days = one.details.get("days")
    return sentence.format(code=code, days=days if isinstance(days, int) else "some")
