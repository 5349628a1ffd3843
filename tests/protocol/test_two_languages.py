"""Conversations are the same in Python and in the browser: asked the same, both say the same.

Vectors say what is right, case by case; here are records that nobody thought of, and what either has
sealed is opened by the other.
"""

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conversation_operations import CONVERSATIONS
from playwright._impl._driver import compute_driver_executable
from support.people.members import Member, drawn, lines_of, named_keys, sealing_key, signed_by

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.conversations import epochs, leaves, making
from ephemeral.protocol.conversations.records import Leave, Record, SignedRecord
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests/js/conversation-vectors.mjs"
MODULES = ROOT / "web/static/js"
ASK = f"""
import {{ text }} from "node:stream/consumers";
import {{ conversationOperations }} from {json.dumps(RUNNER.as_uri())};
const operations = await conversationOperations({json.dumps(MODULES.as_uri() + "/")});
const read = (one) => (typeof one?.hex === "string" ? new Uint8Array(Buffer.from(one.hex, "hex")) : one);
const written = (one) => (one instanceof Uint8Array ? Buffer.from(one).toString("hex") : one);
const each = (object, by) => Object.fromEntries(Object.entries(object).map(([key, one]) => [key, by(one)]));
const answers = [];
for (const [op, given] of JSON.parse(await text(process.stdin))) {{
  try {{
    answers.push(each(await operations[op](each(given, read)), written));
  }} catch (error) {{
    if (error.name !== "Refusal") throw error;
    answers.push({{ refusal: error.code }});
  }}
}}
console.log(JSON.stringify(answers));
"""

Asked = tuple[str, dict[str, object]]
Answer = dict[str, object]


def written(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def browser(asked: list[Asked]) -> list[Answer]:
    node, _ = compute_driver_executable()
    sent = [
        (op, {k: {"hex": v.hex()} if isinstance(v, bytes) else v for k, v in given.items()})
        for op, given in asked
    ]
    said = subprocess.run(
        [node, "--input-type=module", "--eval", ASK],
        input=json.dumps(sent), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    answers = json.loads(said.stdout)
    assert isinstance(answers, list)
    return answers


def python(asked: list[Asked]) -> list[Answer]:
    return [answer(op, given) for op, given in asked]


def answer(op: str, given: dict[str, object]) -> Answer:
    try:
        found = OPERATIONS[op](**given)
    except Refusal as refusal:
        return {"refusal": refusal.code}
    return {key: written(one) for key, one in found.items()}


# What only this test asks


def found_conversation(conversation, people, keys, by, seed, **given):  # noqa: ANN
    named = {bytes.fromhex(chain): role for chain, role in people}
    lines = given["lines"]
    record = making.founding(conversation, named, read_lines(lines), read_keys(keys), by, seed)
    return {"record": record.encode()}


def renew_epoch(before, keys, seen, log, by, seed, change, **given):  # noqa: ANN
    wish = making.Change(
        add={bytes.fromhex(chain): role for chain, role in change.get("add", [])},
        remove=frozenset(map(bytes.fromhex, change.get("remove", []))),
        roles={bytes.fromhex(chain): role for chain, role in change.get("roles", [])},
        timer=change.get("timer"),
        joining=joining_of(change),
        leaves=tuple(map(read_leave, change.get("leaves", []))),
    )
    record = making.renewal(
        Record.decode(before), read_lines(given["lines"]), read_keys(keys), seen, log, by, seed, wish
    )
    return {"record": record.encode()}


def joining_of(change):  # noqa: ANN
    if "joining" not in change:
        return making.KEEP
    return change["joining"] and bytes.fromhex(change["joining"])


def read_leave(given):  # noqa: ANN
    chain, device, signature = (bytes.fromhex(given[k]) for k in ("chain", "device", "signature"))
    return Leave(chain, given["since"], device, signature)


def read_keys(keys):  # noqa: ANN
    return {
        bytes.fromhex(device): SealingKey(number, 0, bytes.fromhex(key))
        for device, (number, key) in keys.items()
    }


OPERATIONS: dict[str, Callable[..., dict[str, object]]] = {
    **CONVERSATIONS, "found_conversation": found_conversation, "renew_epoch": renew_epoch,
}  # fmt: skip
