"""`record`: what a member is shown of the server's knowledge, and what is in it by no means."""

import json
import re
from typing import Any

import pytest
from support.people.command_line import Cli

from ephemeral.client.exits import Exit
from ephemeral.client.record_lines import record_lines
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.record import read_record

TEXT, NICKNAME = "the canary sings at noon", "Canary Wharf"


def inhabited(cli: Cli) -> str:
    """A new room in which a named member has a seat and a message waits; its code."""
    code = cli.new_room()
    cli.done("send", "--seat", f"seat-{code[:9]}", "--name", NICKNAME, text=TEXT)
    return code


def test_a_member_sees_every_table_and_no_word_of_anybody(cli: Cli):
    codes = [inhabited(cli), inhabited(cli)]
    others, printed = (cli.done("record", code=code) for code in codes)
    for table in ("rooms", "seats", "messages", "payloads", "tombstones", "deployment"):
        assert f"Table {table}: " in printed
    assert "token_hash (bytea): HMAC-SHA-256 of the member's token under index.key." in printed
    assert "32 bytes are held, not shown" in printed
    assert "memory, sockets (0): " in printed
    for canary in (TEXT, NICKNAME, *codes, *(code.replace("-", " ") for code in codes)):
        assert canary not in printed
    # Some words of the list stand in the descriptions of the columns, in every room's alike.
    words = set(re.findall(r"[a-z]+", printed)) - set(re.findall(r"[a-z]+", others))
    assert words.isdisjoint(codes[1].split("-"))


def test_programs_get_the_answer_of_the_server_and_none_of_another_room(cli: Cli):
    def ids(record: dict[str, Any]) -> set[str]:
        """Everything of sixteen bytes in the rows."""
        return {
            cell["value"]
            for table in record["tables"]
            if table["name"] != "workers"
            for row in table["rows"]
            for cell in row
            if cell.get("bytes") == 16
        }

    first = inhabited(cli)
    record = cli.json("record", "--seat", f"seat-{first[:9]}")
    assert set(record) == {"now", "tables", "elsewhere"}
    rows = {table["name"]: len(table["rows"]) for table in record["tables"]}
    assert (rows["rooms"], rows["seats"], rows["messages"]) == (1, 1, 1)
    inhabited(cli)
    other = ids(cli.json("record"))
    assert len(ids(record)) > 3
    assert len(other) > 3
    assert ids(record).isdisjoint(other)


def test_who_is_not_in_the_room_is_shown_nothing(room: Cli):
    room.done("unlock", "--seat", "mine")
    room.done("lock", "--seat", "mine")
    result = room.run("record", "--json")
    assert result.returncode == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["code"] == "room_locked"


def record_of(**changes: object) -> dict[str, object]:
    """A record with one table of one column and one row."""
    table = {
        "name": "t", "explained": "\x1b[2J\nRow 9", "rest": 3, "apart": None,
        "columns": [{"name": "c", "type": "text", "explained": None, "hidden": None}],
        "rows": [[{"value": "\x1b]0;owned\x07"}]],
    }  # fmt: skip
    elsewhere = {"place": "memory", "name": "x", "count": None, "explained": "\u202e\r"}
    return {"now": 1, "tables": [table | changes], "elsewhere": [elsewhere]}


def test_a_server_that_wants_to_drive_the_terminal_only_writes_on_it():
    lines = list(record_lines(read_record(record_of())))
    assert lines == [
        "Table t: \u241b[2J\u240aRow 9",
        "  c (text): not explained.",
        "  Row 1",
        "    c  \u241b]0;owned\u2407",
        "  And 3 more.",
        "",
        "Outside the tables",
        "  memory, x: \ufffd\u240d",
    ]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ({"value": None}, "nothing"),
        ({"value": True}, "yes"),
        ({"value": 0}, "0"),
        ({"value": 5, "time": "1970-01-01T00:00:00.005Z"}, "1970-01-01T00:00:00.005Z (5)"),
        ({"value": "AAA", "bytes": 2}, "AAA (2 bytes)"),
        ({"bytes": 32}, "32 bytes are held, not shown"),
        ({"bytes": 600, "sha256": "0" * 16}, f"600 bytes, SHA-256 begins with {'0' * 16}"),
    ],
)
def test_each_form_of_a_value_has_its_words(cell: dict[str, object], shown: str):
    lines = list(record_lines(read_record(record_of(rows=[[cell]]))))
    assert lines[3] == f"    c  {shown}"


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": [[]]},
        {"rows": [[{"value": 1}, {"value": 2}]]},
        {"rows": [{"value": 1}]},
        {"rows": [[{}]]},
        {"rows": [[{"value": 1.5}]]},
        {"rows": [[{"value": []}]]},
        {"rows": [["x"]]},
        {"rest": -1},
        {"columns": [{"name": "c"}]},
        {"name": 7},
    ],
)
def test_what_has_not_the_form_of_a_record_is_refused(changes: dict[str, object]):
    with pytest.raises(Refusal, match=r"^malformed$"):
        read_record(record_of(**changes))
