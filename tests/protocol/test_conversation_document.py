"""docs/conversations.md says what the code does: its refusals and numbers, and its judge."""

import json
import re
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from conversation_operations import read_lines
from msgspec import Struct
from support.people.plain_judge import PlainJudge, sha

from ephemeral.conversations.api import bodies, objects
from ephemeral.conversations.api.operations import conversation_operations
from ephemeral.conversations.rules import limits
from ephemeral.protocol.conversations import contents, messages, records
from ephemeral.protocol.conversations.registers import REGISTERS
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import ACCOUNT_STATUS, CONVERSATION_STATUS, STATUS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "conversations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:`[a-z_]+` ?)+)\| (\d{3}) \|", re.MULTILINE)
VECTORS = json.loads((ROOT / "tests/vectors/conversations_judge.json").read_text("utf-8"))


def test_every_refusal_of_conversations_is_told_with_its_status():
    told = {
        code: int(status)
        for codes, status in ROW.findall(TEXT)
        for code in re.findall(r"[a-z_]+", codes)
    }
    assert told == {code: status for code, (status, _) in CONVERSATION_STATUS.items()}


def test_no_refusal_is_of_conversations_and_of_others():
    assert not set(CONVERSATION_STATUS) & (set(STATUS) | set(ACCOUNT_STATUS))


def test_every_kind_and_register_is_told():
    section = TEXT.partition("6.2. ")[2].partition("6.3. ")[0]
    kinds = re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE)
    assert kinds == list(contents._BODIES)
    named = TEXT.partition("Registers: ")[2].partition("key at most")[0]
    assert set(re.findall(r"`([a-z]+)`", named)) == REGISTERS


def test_every_operation_and_every_field_of_its_body_and_answer_is_told():
    section = TEXT.partition("## 13. ")[2].partition("## 14. ")[0]
    told = set(re.findall(r"[a-z_]+", section))
    structs = [
        one for module in (bodies, objects) for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Struct) and one.__module__ == module.__name__
    ]  # fmt: skip
    fields = {name for one in structs for name in one.__struct_fields__}
    # These stand in paths, which the document writes shorter.
    assert fields - told - {"conversation", "message"} == set()
    paths = {
        f"`{one.method} {one.path.replace('{conversation}', '{c}').replace('{message}', '{id}')}`"
        for one in conversation_operations(MagicMock(), MagicMock(), MagicMock())
    }
    assert len(paths) > 10
    assert {one for one in paths if one not in section} == set()


@pytest.mark.parametrize(
    "said",
    [
        f"at most {records.RECORD_MAX:,} bytes",
        f"1 to {records.PEOPLE_MAX} people, 1 to {records.DEVICES_MAX} devices",
        f"at most {records.TIMER_MAX:,}",
        f"{records.BOX_SIZE:,} bytes, or empty",
        f"{messages.AD_SIZE} bytes",
        f"or {messages.PADDED_SIZES[-1]:,} bytes: the least that fits",
        f"canonical JSON, at most {contents.CONTENT_MAX:,} bytes",
        f"1 to {contents.TEXT_MAX:,} bytes of UTF-8",
        f"null or up to {contents.PICTURE_MAX:,} bytes",
        f"up to {contents.VALUE_MAX:,} bytes",
        f"ends at {limits.EPOCH_MESSAGES:,} messages or 24 hours",
        f"one part in people of {limits.REPAIRS_PER_DAY} a day, but always two",
        f"into more than {limits.UNANSWERED_MAX} conversations",
        f"left within {limits.DEPARTED_MS // limits.DAY_MS} days",
        f"From 20 hours or {limits.ADVISED_MESSAGES:,} messages on",
        f"of every {limits.ADVISE_EVERY}th",
        f"up to {limits.TOLD_MS:,} if another device was told",
        f"at most {limits.WAITING_MESSAGES:,} waiting messages and 16 MiB",
        f"in {limits.CONVERSATIONS_MAX} conversations",
        f"`entries`: 1 to {bodies.ENTRIES_MAX} |",
        f"`limit=` 1 to {bodies.PAGE_MAX} |",
        f"up to {bodies.SEALED_MAX:,} bytes",
        f"7 days, {limits.JOINS_MAX} of them",
    ],
)
def test_the_numbers_are_those_of_the_code(said):
    assert said in TEXT


def test_a_judge_that_follows_the_pseudo_code_keeps_every_vector():
    """10.2: written from the document alone."""
    cases = [one for one in VECTORS["cases"] if one["op"] == "judge_record"]
    for case in cases:
        given = case["in"]
        lines = {b64encode(chain): one for chain, one in read_lines(given["lines"]).items()}
        before = None
        if "before" in given:
            data = bytes.fromhex(given["before"])
            before = json.loads(data) | {"R": b64encode(sha(data))}
        judge = PlainJudge(before, bytes.fromhex(given["entry"]), lines)
        outcome, chains = judge.judge(complete=given.get("complete", False))
        expected = case["out"]["outcome"] if case["expect"] == "success" else case["refusal"]
        assert outcome == expected, case["name"]
        if outcome == "waiting":
            assert chains == [b64encode(bytes.fromhex(one)) for one in case["out"]["waiting"]], (
                case["name"]
            )
    assert len(cases) > 100
