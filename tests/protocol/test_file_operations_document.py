"""docs/files.md says what operations of files do: refusals, fields, events and numbers."""

import re
from pathlib import Path
from unittest.mock import MagicMock

import msgspec
import pytest
from msgspec import Struct

from ephemeral.conversations.api.socket_events import FileEvent
from ephemeral.files.api import bodies, config, objects
from ephemeral.files.api.operations import file_operations
from ephemeral.files.rules import limits
from ephemeral.protocol.errors import ACCOUNT_STATUS, CONVERSATION_STATUS, FILE_STATUS, STATUS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "files.md").read_text(encoding="utf-8").partition("## 11. ")[2]
ROW = re.compile(r"^\| ((?:`[a-z_]+` ?)+)\| (\d{3}) \|", re.MULTILINE)


def test_every_refusal_of_files_is_told_with_its_status_and_is_nobody_elses():
    told = {
        code: int(status)
        for codes, status in ROW.findall(TEXT)
        for code in re.findall(r"[a-z_]+", codes)
    }
    known = {code: status for code, (status, _) in FILE_STATUS.items()}
    assert told == {**known, "store_full": STATUS["store_full"][0]}
    assert not set(FILE_STATUS) & (set(STATUS) | set(ACCOUNT_STATUS) | set(CONVERSATION_STATUS))


def test_every_operation_and_every_field_of_its_body_and_answer_is_told():
    structs = [
        one for module in (bodies, config, objects) for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Struct) and one.__module__ == module.__name__
    ]  # fmt: skip
    assert len(structs) > 10
    fields = {name for one in structs for name in one.__struct_fields__}
    assert fields - set(re.findall(r"[a-z_]+", TEXT)) == set()
    operations = file_operations(MagicMock(), MagicMock(), MagicMock())
    missing = {f"`{one.method} {one.path}`" for one in operations}
    assert {one for one in missing if one not in TEXT} == set()


def test_the_event_is_that_of_the_document():
    event = ", ".join(f'"{one.encode_name}"' for one in msgspec.structs.fields(FileEvent))
    assert event.replace('"file"', '"file": id') in TEXT.partition("12.7. ")[2]


@pytest.mark.parametrize(
    "said",
    [
        f"`segments`: 1 to {limits.SEGMENTS_MAX}, none twice",
        f"{limits.TTL_MIN:,} to {limits.TTL_MAX:,} seconds",
        f"{limits.IDLE_MS // 3_600_000} hours after it was made",
        f"by id, {limits.PAGE} at most",
    ],
)
def test_the_numbers_are_those_of_the_code(said):
    assert said in TEXT
