"""The browser's modules under node: its vectors, its session, and what it shares with Python."""

import json
import re
import subprocess
from pathlib import Path

import playwright
import pytest

from ephemeral.protocol import codes, limits, links
from ephemeral.protocol.errors import ACCOUNT_STATUS, CONVERSATION_STATUS, FILE_STATUS, STATUS

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "web" / "static" / "js"
# Playwright's wheel carries a node, so that a machine needs none of its own.
NODE = Path(playwright.__file__).parent / "driver" / "node"
SUITES = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))
LIVE_SUITES = sorted((ROOT / "tests" / "js").glob("*.live.mjs"))


def node(*arguments: str, timeout: int = 110, **environment: str) -> str:
    run = subprocess.run(
        [NODE, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout


def exports(module: str, expression: str) -> object:
    """What an expression over the names that a module exports gives."""
    url = (MODULES / module).as_uri()
    script = f"import * as m from {json.dumps(url)}; console.log(JSON.stringify({expression}));"
    return json.loads(node("--input-type=module", "--eval", script))


def test_there_are_suites():
    assert {suite.name for suite in SUITES} >= {"vectors.test.mjs", "session.test.mjs"}
    assert {suite.name for suite in LIVE_SUITES} == {
        "accounts.live.mjs",
        "conversations.live.mjs",
        "handing_over.live.mjs",
        "messenger.live.mjs",
        "own_devices.live.mjs",
        "people.live.mjs",
        "rooms.live.mjs",
        "wires.live.mjs",
    }


def run_suite(suite: Path, *, timeout: int = 110, **environment: str) -> None:
    # A test that hangs is named, instead of taking the whole suite with it. One suite needs no
    # process besides its own.
    options = ("--test", "--test-isolation=none", "--test-timeout=30000", "--test-reporter=tap")
    report = node(*options, str(suite), timeout=timeout, **environment)
    found = re.findall(r"^# (pass|fail|skipped|todo) (\d+)$", report, re.MULTILINE)
    counts = {key: int(number) for key, number in found}
    assert counts.pop("pass") > 0
    assert counts == {"fail": 0, "skipped": 0, "todo": 0}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_node_runs(suite):
    run_suite(suite)


@pytest.mark.release
def test_node_runs_three_times_as_many_frames():
    run_suite(ROOT / "tests" / "js" / "any_frame.test.mjs", ROUNDS="300")


@pytest.mark.parametrize("suite", LIVE_SUITES, ids=lambda suite: suite.name)
@pytest.mark.timeout(300)
def test_node_runs_with_the_real_server(suite, shared_server):
    # Each test in it has its own limit; all of them together wait for much where others work.
    run_suite(suite, timeout=280, EPHEMERAL_URL=shared_server.url)


def test_the_limits_are_those_of_python():
    assert exports("protocol/limits.js", "m") == {
        "JSON_BYTES": limits.FRAME_MAX,
        "JSON_DEPTH": limits.JSON_DEPTH,
        "ID_BYTES": limits.ID_SIZE,
        "SECRET_BYTES": limits.KEY_SIZE,
        "NONCE_BYTES": limits.NONCE_SIZE,
        "TAG_BYTES": limits.ENVELOPE_OVERHEAD - limits.NONCE_SIZE - 1,
        "CODE_WORDS": 7,
        "TYPED_BYTES": codes.TEXT_MAX,
        "LINK_TEXT_BYTES": links.LINK_TEXT_MAX,
        "CHARTER_BYTES": limits.CHARTER_SIZE,
        "SEATS": list(limits.SEATS),
        "MESSAGE_TTL": list(limits.MESSAGE_TTL),
        "ROOM_TTL": list(limits.ROOM_TTL),
        "PROFILE_BYTES": limits.PROFILE_SIZE,
        "NAME_BYTES": limits.PROFILE_NAME_MAX,
        "COLOURS": limits.PROFILE_COLOURS,
        "ENVELOPE_SIZES": list(limits.ENVELOPE_SIZES),
        "WAITING_MESSAGES": limits.WAITING_MESSAGES,
        "WAITING_BYTES": limits.WAITING_BYTES,
        "VIEW_SECONDS": list(limits.TEXT_VIEW_SECONDS),
        "QUOTE_POINTS": limits.QUOTE_MAX,
        "STATUS_IDS": limits.STATUS_IDS_MAX,
        "MESSAGE_FRAMES": limits.FRAMES_MAX,
        "RETURN_MESSAGES": limits.RETURN_MESSAGES,
        "SEAT_SECRET_BYTES": limits.SEAT_SECRET_SIZE,
        "VIEW_LIMIT_SECONDS": list(limits.VIEW_LIMIT_SECONDS),
        "RETRY_SECONDS": limits.RETRY_SECONDS,
        "TYPING_SECONDS": limits.TYPING_SECONDS,
        "TYPING_REPEAT_SECONDS": limits.TYPING_REPEAT_SECONDS,
        "RECONNECT_FIRST_SECONDS": 0.5,
        "RECONNECT_LONGEST_SECONDS": 30,
    }


def codes_raised() -> set[str]:
    """What the browser's modules refuse with, by their texts."""
    raised = set()
    for path in sorted(MODULES.rglob("*.js")):
        text = path.read_text(encoding="utf-8")
        raised |= set(re.findall(r'new Refusal\((?:[^;()]*[ (])?"([a-z_]+)"', text))
        raised |= set(re.findall(r'\brefuse\([^;]*?, "([a-z_]+)"\)', text))
        for either in re.findall(r"refusal: \w+ \? (.+)", text):
            raised |= set(re.findall(r'"([a-z_]+)"', either))
    return raised


def codes_known() -> set[str]:
    """The codes of the documents and of the server, and those that are the browser's alone."""
    names = ("protocol.md", "accounts.md", "conversations.md", "files.md")
    documents = (ROOT / "docs" / name for name in names)
    law = "".join(path.read_text(encoding="utf-8") for path in documents)
    own = (MODULES / "protocol" / "errors.js").read_text(encoding="utf-8").split("*/")[0]
    return (
        set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", law + own))
        | set(ACCOUNT_STATUS)
        | set(CONVERSATION_STATUS)
        | set(FILE_STATUS)
    )


def test_every_code_that_the_browser_raises_is_one_of_the_document_or_its_own():
    raised = codes_raised()
    assert {"code_word", "envelope_open", "charter_mac", "derivation_memory", "ended"} <= raised
    assert raised <= codes_known()


def test_every_refusal_in_the_catalogue_is_one_that_can_happen():
    catalogue = json.loads((ROOT / "web" / "catalogue" / "en.json").read_text(encoding="utf-8"))
    named = {key.removeprefix("refusal.") for key in catalogue if key.startswith("refusal.")}
    assert named - {"other"} <= set(STATUS) | (codes_raised() & codes_known())


def test_one_length_serves_all_secrets():
    length = exports("protocol/limits.js", "m.SECRET_BYTES")
    secrets = limits.SALT_SIZE, limits.TOKEN_SIZE, limits.VIEWING_SIZE, limits.ROOM_NONCE_SIZE
    assert set(secrets) == {length}
