"""The vectors are the protocol's law: this runs every case against the Python implementation."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from account_operations import ACCOUNTS
from attachment_operations import ATTACHMENTS
from book_steps import book
from cleaning_operations import CLEANING
from conversation_operations import CONVERSATIONS
from file_operations import FILES as FILE_OPERATIONS
from lower_operations import LOWER

from ephemeral.protocol import (
    charter,
    cleaning,
    codes,
    config,
    encoding,
    envelope,
    keys,
    links,
    names,
    profile,
    suggestions,
)
from ephemeral.protocol import name_characters as name_table
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import CharterLimits
from ephemeral.protocol.session import Session

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
FILES = sorted(VECTORS.glob("*.json"))


# Reading the files


def expand(value):
    """Replace every {"pieces": [[text, times], ...]} by the string it stands for."""
    if isinstance(value, dict):
        if set(value) == {"pieces"}:
            return "".join(text * times for text, times in value["pieces"])
        return {key: expand(each) for key, each in value.items()}
    if isinstance(value, list):
        return [expand(each) for each in value]
    return value


def from_file(value, kind):
    match kind:
        case "hex":
            return bytes.fromhex(value)
        case "text":
            assert type(value) is str
        case "integer":
            assert type(value) is int
        case _:
            assert kind == "json", f"unknown type {kind}"
    return value


def read_part(part, types, name):
    """A case's `in`, `out` or `details` by the types that its operation declares."""
    assert set(part) <= set(types), f"{name}: unknown {set(part) - set(types)}"
    required = {key for key, kind in types.items() if not kind.endswith("?")}
    assert required <= set(part), f"{name}: missing {required - set(part)}"
    return {key: from_file(value, types[key].rstrip("?")) for key, value in part.items()}


def read_file(path):
    """Every case of a file: name, operation, inputs, outputs or None, refusal, details."""
    file = json.loads(path.read_text(encoding="utf-8"))
    assert set(file) == {"protocol", "layout", "about", "operations", "cases"}
    assert file["protocol"] == "ephemeral.v1"
    assert file["layout"] == 1
    for operation in file["operations"].values():
        assert {"side", "in", "out"} <= set(operation) <= {"side", "in", "out", "details"}
        assert operation["side"] in {"both", "client", "server"}
    for case in file["cases"]:
        name = case["name"]
        common = {"name", "why", "op", "in", "expect"}
        signature = file["operations"][case["op"]]
        given = read_part(expand(case["in"]), signature["in"], name)
        if case["expect"] == "success":
            assert set(case) == {*common, "out"}, name
            out = read_part(case["out"], signature["out"], name)
            yield name, case["op"], given, out, None, None
        else:
            assert case["expect"] == "refusal"
            assert {*common, "refusal"} <= set(case) <= {*common, "refusal", "details"}, name
            details = None
            if "details" in case:
                details = read_part(case["details"], signature["details"], name)
            yield name, case["op"], given, None, case["refusal"], details


# The operations: inputs by name, outputs as a dictionary


def utf8_or_bytes(text=None, **given):
    return given["bytes"] if text is None else text.encode("utf-8")


def b64encode(**given):
    return {"text": encoding.b64encode(given["bytes"])}


def b64decode(text, length=None):
    return {"bytes": encoding.b64decode(text, length)}


def parse_json(**given):
    return {"value": encoding.parse_json(utf8_or_bytes(**given))}


def read_integer(text, **ends):
    return {"value": encoding.read_integer(encoding.parse_json(text), **ends)}


def word_list():
    lines = "".join(f"{word}\n" for word in codes.WORDS)
    return {"count": len(codes.WORDS), "sha256": hashlib.sha256(lines.encode()).digest()}


def read_code(text):
    return {"code": codes.read_code(text)}


def pieces(text):
    found = cleaning.pieces(cleaning.clean(text))
    return {"pieces": [[piece.word, piece.start, piece.end] for piece in found]}


def suggested(typed):
    return {"words": suggestions.suggestions(typed)}


def neighbours(word):
    return {"words": suggestions.neighbours(word)}


def is_link(text):
    return {"link": links.is_link(text)}


def make_link(**given):
    return {"link": links.make_link(**given)}


def make_return_link(**given):
    return {"link": links.make_return_link(**given)}


def read_return_link(**given):
    code, seat_secret = links.read_return_link(**given)
    return {"code": code, "seat_secret": seat_secret}


def read_link(**given):
    return {"code": links.read_link(**given)}


def derive_root(**given):
    return {"root": keys.derive_root(**given)}


def room_keys(root):
    room = keys.RoomKeys(root)
    return {name: getattr(room, name) for name in ("locator", "charter_key", "room_secret")}


def member_id(token):
    return {"member": keys.member_id(token)}


def seat_keys(seat_secret, room_nonce):
    token = keys.SeatKeys.derived(seat_secret, room_nonce).token
    return {"token": token, "member": keys.member_id(token)}


def seat_message(seat_secret, room_nonce, counter):
    drawn = keys.SeatKeys.derived(seat_secret, room_nonce).message(counter)
    return dict(zip(("id", "viewing"), drawn, strict=True))


def later_message(seat_secret, room_nonce, counter):
    return {"random": keys.SeatKeys.derived(seat_secret, room_nonce).message(counter) is None}


def content_keys(root, room_nonce):
    content = keys.RoomKeys(root).content(room_nonce)
    assert content.room_nonce == room_nonce
    return {"message_key": content.message, "profile_key": content.profile}


def kdf_object(suite):
    return {"kdf": config.kdf_object(suite)}


def read_config(**given):
    read = config.read_config(given["config"])
    limits = asdict(read.limits)
    ranges = {key: list(ends) for key, ends in limits.pop("charter")._asdict().items()}
    return {
        "suite": read.suite,
        "salt": read.salt,
        "limits": limits | ranges,
        "defaults": asdict(read.defaults),
    }


def encode_charter(charter_key, policy, **fields):
    made = charter.Charter(policy=charter.Policy(policy), **fields)
    return {"charter": made.encode(), "mac": made.mac(charter_key)}


def decode_charter(limits, suite, **given):
    ranges = CharterLimits(**{key: tuple(ends) for key, ends in limits.items()})
    return asdict(charter.decode_charter(given["charter"], suite=suite, limits=ranges))


def verify_charter(mac, charter_key, suite, **given):
    return asdict(charter.verify_charter(given["charter"], mac, charter_key, suite))


def seal_profile(profile_key, room_nonce, **given):
    content = keys.ContentKeys(b"", profile_key, room_nonce)
    return {"profile": profile.seal_profile(content, **given)}


def open_profile(profile_key, room_nonce, member, **given):
    content = keys.ContentKeys(b"", profile_key, room_nonce)
    return profile.open_profile(content, member, given["profile"])._asdict()


def name_characters():
    runs = re.findall(r"([.+^])([0-9a-z]+)", name_table.TABLE)
    classes = "".join(kind * int(length, 36) for kind, length in runs).ljust(0x110000, ".")
    return {"sha256": hashlib.sha256(classes.encode()).digest()}


def check_name(name):
    refuse(not names.is_name(name), "profile_json")
    return {}


def numbers(**given):
    return {"numbers": names.numbers(**given)}


def tidy_name(typed):
    return {"name": names.tidy_name(typed)}


def viewing_hash(viewing):
    return {"viewing_hash": envelope.viewing_hash(viewing)}


def seal_message(message_key, room_nonce, author, **given):
    content = keys.ContentKeys(message_key, b"", room_nonce)
    message_id = given.pop("id")
    sealed = envelope.seal_message(content, author, message_id, **given)
    try:
        opened = envelope.open_message(content, author, message_id, sealed)
    except Refusal as refusal:
        pytest.fail(f"sealed, but refused to open: {refusal}")
    assert opened == (given["viewing"], given["counter"], given["content"])
    return {"size": len(sealed), "sha256": hashlib.sha256(sealed).digest()}


def open_message(message_key, room_nonce, author, **given):
    content = keys.ContentKeys(message_key, b"", room_nonce)
    return envelope.open_message(content, author, given["id"], given["envelope"])._asdict()


def read_content(**given):
    return {"content": envelope.read_content(utf8_or_bytes(**given))}


class _Steps:
    """A session that is told what a vector says."""

    def __init__(self, root, charter, mac, seat_secret, generation):
        room = keys.RoomKeys(root)
        nonce = charter[2:34]
        seat = keys.SeatKeys.derived(seat_secret, nonce)
        self.session = Session(
            room, suite=1, charter=charter, mac=mac, seat=seat, random=os.urandom,
            generation=generation,
        )  # fmt: skip
        self.session.seat.taken = True
        self._refs = {}

    def take(self, step):
        if "hear" in step:
            frames = [dict(one) for one in step["hear"]]
            for frame in frames:
                if "ref" in frame:
                    frame["ref"] = self._refs[frame["ref"]]
            self.session.received(json.dumps(frames), 1_790_000_000_000)
        elif step["do"] == "connect":
            self.session.connected()
        elif step["do"] == "lose":
            self.session.disconnected(1006)
        elif step["do"] == "write":
            self.session.post({"type": "text", "text": step["text"]}, 1_790_000_000_000)
        else:
            call = {"open": "open", "show": "acknowledge", "release": "release"}[step["do"]]
            getattr(self.session, call)(encoding.b64decode(step["id"]), 1_790_000_000_000)
        return [
            self._sent(one) for text in self.session.take_messages() for one in json.loads(text)
        ]

    def _sent(self, frame):
        self._refs[frame["type"]] = frame["ref"]
        hidden = {"ref", "envelope", "locator", "token"}
        return {key: value for key, value in frame.items() if key not in hidden}


def session(steps, **given):
    told = _Steps(**given)
    sends = [told.take(step) for step in steps]
    ended, me = told.session.ended, told.session.member
    return {
        "sends": sends,
        "own": {encoding.b64encode(one.id): one.state for one in told.session.outbox},
        "waiting": [encoding.b64encode(one.id) for one in told.session.state.waiting(me)],
        "ended": ended and {"taken_over": "replaced"}.get(ended.reason, ended.reason),
    }


OPERATIONS = (
    LOWER
    | ACCOUNTS
    | ATTACHMENTS
    | CLEANING
    | CONVERSATIONS
    | FILE_OPERATIONS
    | {"suggestions": suggested}
    | {
        function.__name__: function
        for function in (
            b64encode,
            b64decode,
            parse_json,
            read_integer,
            word_list,
            read_code,
            pieces,
            neighbours,
            make_link,
            is_link,
            read_link,
            make_return_link,
            read_return_link,
            derive_root,
            room_keys,
            content_keys,
            member_id,
            seat_keys,
            seat_message,
            later_message,
            kdf_object,
            read_config,
            encode_charter,
            decode_charter,
            verify_charter,
            seal_profile,
            open_profile,
            name_characters,
            check_name,
            numbers,
            tidy_name,
            viewing_hash,
            seal_message,
            open_message,
            read_content,
            session,
            book,
        )
    }
)

CASES = [(path.stem, *case) for path in FILES for case in read_file(path)]


def typed(value):
    """A value with its types, because True == 1 == 1.0; an IntEnum counts as the int it is."""
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [typed(each) for each in value]
    return (int if isinstance(value, charter.Policy) else type(value), value)


def plain(value):
    """The named tuples of a refusal's details as a file has them."""
    return [one._asdict() for one in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("op", "given", "out", "refusal", "details"),
    [pytest.param(*case[2:], id=f"{case[0]}-{case[1]}") for case in CASES],
)
def test_vector(op, given, out, refusal, details):
    if refusal is None:
        assert typed(OPERATIONS[op](**given)) == typed(out)
        return
    with pytest.raises(Refusal) as raised:
        OPERATIONS[op](**given)
    assert raised.value.code == refusal
    if details is not None:
        assert {key: plain(getattr(raised.value, key)) for key in details} == details


# The vectors themselves


def test_every_operation_is_exercised():
    assert {case[2] for case in CASES} == set(OPERATIONS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_names_are_unique_in_a_file(path):
    names = [case[0] for case in read_file(path)]
    assert len(names) == len(set(names))


def test_most_vectors_are_refusals():
    refusals = sum(case[5] is not None for case in CASES)
    assert refusals > len(CASES) / 2


def test_writing_the_vectors_again_changes_nothing(tmp_path):
    command = [sys.executable, "-B", str(VECTORS / "generate.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in FILES}


def test_the_generator_knows_nothing_of_the_package():
    for path in VECTORS.glob("*.py"):
        assert "import ephemeral" not in path.read_text(encoding="utf-8")
        assert "from ephemeral" not in path.read_text(encoding="utf-8")
