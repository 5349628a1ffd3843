"""What section 12 of docs/conversations.md says of frames, and what the code has."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from msgspec import Struct

from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.conversations.api import socket_session
from ephemeral.conversations.api.actions import ConversationActions
from ephemeral.conversations.api.handlers import ConversationHandlers
from ephemeral.conversations.api.operations import conversation_operations
from ephemeral.conversations.api.socket_events import EVENTS, StandsObject, WelcomeAnswer
from ephemeral.conversations.api.socket_route import (
    CLOSE_CODES,
    PROTOCOL,
    SOCKET_PATH,
    socket_route,
)
from ephemeral.edge.session import SocketRoute
from ephemeral.edge.socket_frames import SocketFrames
from ephemeral.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
SECTION = (ROOT / "docs" / "conversations.md").read_text().partition("\n## 12. ")[2]
SECTION = SECTION.partition("\n## ")[0]


def part(number: int) -> str:
    """What stands under 12.number."""
    return SECTION.partition(f"\n12.{number}. ")[2].partition(f"\n12.{number + 1}. ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a table, but for its head."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return found[2:]


def words(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def fields(kind: type[Struct]) -> list[str]:
    return [one.encode_name for one in msgspec.structs.fields(kind)]


def tags(kinds: Iterable[type[Struct]]) -> dict[str, list[str]]:
    return {str(kind.__struct_config__.tag): fields(kind) for kind in kinds}


def route(base_path: str = "", identify: Any = None) -> SocketRoute:
    settings, nothing = Settings.parse({}), SimpleNamespace()
    doors = SimpleNamespace(
        callers=AccountCallers.of(nothing, nothing, nothing), actions=AccountActions.of(settings)
    )
    if identify is not None:
        proven = replace(doors.callers.proven, identify=identify)
        doors.callers = replace(doors.callers, proven=proven)
    handlers = ConversationHandlers(nothing, nothing, nothing, nothing)
    actions = ConversationActions.of(settings)
    operations = conversation_operations(handlers, doors, actions)
    return socket_route(operations, nothing, nothing, doors, actions, base_path)


def test_the_frames_of_a_client_are_those_of_the_document():
    said = {words(row[0])[0]: sorted(words(row[1])) for row in rows(part(3))}
    taken = {
        tag: sorted(set(names) - {"ref"})
        for tag, names in tags(SocketFrames(route()).operations).items()
    }
    assert said == {**taken, "ping": []}


def test_the_events_of_the_server_are_those_of_the_document():
    said = {words(row[0])[0]: words(row[1].partition(":")[0]) for row in rows(part(4))}
    told = tags(EVENTS)
    assert set(said) == set(told)
    # What stands behind a colon is what a field is made of.
    assert {tag: names[: len(said[tag])] for tag, names in told.items()} == said
    assert told["conversations"] == ["come", "gone"]


def test_the_greeting_and_its_answer_are_those_of_the_document():
    greeting = part(2)
    for one in ("`token`", "`proof`", "`GET`"):
        assert one in greeting
    answer = ", ".join(f'"{name}"' for name in fields(WelcomeAnswer))
    stands = ", ".join(f'"{name}"' for name in fields(StandsObject))
    assert f'{{"type": "welcome", {answer}: [{{{stands}}}]}}' in greeting
    assert f"`{SOCKET_PATH}`, subprotocol `{PROTOCOL}`" in part(1)


async def test_a_greeting_proves_the_path_as_it_is_requested():
    asked = []

    async def identify(*given: Any) -> None:
        asked.append(given)

    await route("/below", identify).caller.read({"access": "token", "proof": "proof"})
    assert asked == [(("GET", f"/below{SOCKET_PATH}"), "token", "proof")]


def test_the_ends_of_a_socket_are_those_of_the_document():
    said = {code: int(row[0]) for row in rows(part(6)) for code in words(row[1])}
    assert {code: close for code, close in said.items() if code in CLOSE_CODES} == CLOSE_CODES
    assert said["unauthorized"] == 4401
    bounds = {4: "Four", 20: "20"}
    said_of_sockets = (
        f"{bounds[socket_session.DEVICE_MAX]} sockets a device and"
        f" {bounds[socket_session.ACCOUNT_MAX]} an account"
    )
    assert said_of_sockets in part(5)
