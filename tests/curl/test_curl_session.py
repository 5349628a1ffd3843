"""The session of docs/api.md, run as it stands, with curl, against the real server."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from support.machines.server import Program
from support.operations import OPERATIONS

from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.accounts.api.contact_operations import contact_operations
from ephemeral.accounts.api.sign_in_operations import sign_in_operations
from ephemeral.conversations.api.bodies import POST_BODY_MAX, RECORD_BODY_MAX
from ephemeral.conversations.api.operations import conversation_operations
from ephemeral.files.api.operations import file_operations
from ephemeral.operators.api.report_bodies import REPORT_BODY_MAX
from ephemeral.operators.api.report_operations import report_operations
from ephemeral.protocol.errors import STATUS
from ephemeral.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh session|json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "--- end of a block ---"
DRAWN = re.compile(r"[A-Za-z0-9_-]{22,}")


def session() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every block of commands with what is shown after it, as (kind, text)."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    start = DOCUMENT.index("## A whole session")
    for kind, content in BLOCK.findall(DOCUMENT, start):
        if kind == "sh session":
            found.append((content, []))
        else:
            found[-1][1].append((kind, content))
    return found


@pytest.fixture
def curl() -> str:
    if shutil.which("curl") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "--yes", "curl"], check=True)
    path = shutil.which("curl")
    if path is None:
        pytest.fail("curl is needed for the session of docs/api.md: install it.")
    return path


def run_session(server: Program, folder: Path) -> list[str]:
    """What each block of the session printed."""
    script = "set -eu\n" + "".join(
        f"{commands}printf '%s\\n' '{MARK}'\n" for commands, _ in session()
    )
    venv = Path(sys.executable).parent
    environment = {
        "PATH": f"{venv}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "SERVER": server.url,
        "WORDS": str(ROOT / "ephemeral" / "protocol" / "words.txt"),
    }
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert ended.stderr == ""
    return ended.stdout.split(f"{MARK}\n")[:-1]


def values(text: str) -> list[Any]:
    """The JSON values that stand one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def assert_like(real: Any, shown: Any) -> None:
    """Equal but for what is drawn or measured anew each time."""
    assert type(real) is type(shown), (real, shown)
    if isinstance(shown, dict):
        assert list(real) == list(shown)
        for key in shown:
            if key == "day" or key.endswith("_day"):
                assert real[key] >= 20_000
            else:
                assert_like(real[key], shown[key])
    elif isinstance(shown, list):
        assert len(real) == len(shown)
        for one, other in zip(real, shown, strict=True):
            assert_like(one, other)
    elif isinstance(shown, str) and "…" in shown:
        assert len(real) > len(shown)
    elif isinstance(shown, str) and DRAWN.fullmatch(shown):
        assert len(real) == len(shown), (real, shown)
        assert DRAWN.fullmatch(real)
    elif isinstance(shown, int) and shown >= 10**12:
        assert real >= 10**12
    else:
        assert real == shown


def assert_printed(printed: str, shown: list[tuple[str, str]]) -> None:
    """Everything shown is what was printed, piece after piece; nothing else was."""
    left = printed
    for kind, text in shown:
        if kind == "text":
            assert left.startswith(text), (left, text)
            left = left.removeprefix(text)
            continue
        for expected in values(text):
            real, end = json.JSONDecoder().raw_decode(left.lstrip())
            assert_like(real, expected)
            left = left.lstrip()[end:].lstrip("\n")
    assert left.strip() == ""


def test_the_session_of_the_documentation_happens_as_it_is_shown(
    server: Program, tmp_path: Path, curl: str
):
    blocks = session()
    printed = run_session(server, tmp_path)
    assert len(printed) == len(blocks) > 15
    for real, (_, shown) in zip(printed, blocks, strict=True):
        assert_printed(real, shown)
    code = re.search(r"Bearer (\S+)", (tmp_path / "room.headers").read_text())[1]
    server.forbid(
        code, "Knock twice", "correct horse battery", "curl_user", "curl_anna", "curl_bert"
    )


def test_every_operation_stands_in_the_session_and_in_the_table():
    commands = " ".join(commands for commands, _ in session()).replace("\\\n", " ")
    called = {
        (match[1] or "GET", match[2].replace("$ID", "{id}").replace("$I", "{i}"))
        for match in re.finditer(r'curl -sS (?:-X ([A-Z]+) )?"\$SERVER([^"]*)"', commands)
    }
    table = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", DOCUMENT, re.MULTILINE))
    for operation in OPERATIONS:
        place = (operation.method, operation.path)
        assert place in table
        assert place in called or place == ("GET", "/room/socket")


def test_every_operation_of_other_wings_stands_in_the_table():
    callers, actions = (
        AccountCallers.of(Mock(), Mock(), Mock()),
        AccountActions.of(Settings.parse({})),
    )
    operations = (
        *sign_in_operations(Mock(), callers, actions),
        *contact_operations(Mock(), callers, actions),
        *conversation_operations(Mock(), Mock(), Mock()),
        *file_operations(Mock(), Mock(), Mock()),
        *report_operations(Mock(), Mock(), Mock()),
    )
    table = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", DOCUMENT, re.MULTILINE))
    assert {(one.method, one.path) for one in operations} <= table


def test_how_large_a_body_may_be_is_told():
    sizes = [f"{size // 1024:,} KiB" for size in (RECORD_BODY_MAX, POST_BODY_MAX)]
    assert f"`…/epochs` {sizes[0]}, of `…/message` {sizes[1]}." in DOCUMENT
    assert f"A report has {REPORT_BODY_MAX // 1024} KiB at most." in DOCUMENT


def test_every_error_code_stands_in_the_table_with_its_status():
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| (\d{3}) \|", DOCUMENT, re.MULTILINE)
    told = {code: int(status) for codes, status in rows for code in re.findall(r"[a-z_]+", codes)}
    assert told == {code: status for code, (status, _) in STATUS.items()}
