"""Requests made from the contract by schemathesis, right and wrong: answers keep the contract.

Whatever is sent, no status of 500 or more is answered, and every refusal has the one shape.
"""

import functools
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.any_input import connected
from support.machines.server import Program
from support.operations import OPERATIONS
from support.people.raw_client import charter, text

from ephemeral.protocol.errors import STATUS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDINGS = {"destroyRoom", "leave"}
# Operations at the same address are one of the contract's, under the name of the last.
NAMED = {(one.path, one.method): one for one in OPERATIONS}.values()
# Where there is something in a request that can be wrong.
FILLED = [one.name for one in NAMED if one.body is not None]
CASES = [(one.name, "positive") for one in NAMED] + [(name, "negative") for name in FILLED]


class Visitor:
    """Somebody with a seat in a room of three, which is made anew when it has ended."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seat: dict[str, str] | None = None

    def headers(self, known: int) -> dict[str, str]:
        """Credentials: 0 none, 1 of nobody, 2 of a room, 3 of a member."""
        if self._seat is None:
            self._seat = self._take()
        seat = {
            1: {"Authorization": f"Bearer {text(32)}", "Ephemeral-Member": text(32)},
            3: self._seat,
        }
        return {2: {"Authorization": self._seat["Authorization"]}, **seat}.get(known, {})

    def forget(self) -> None:
        self._seat = None

    def _take(self) -> dict[str, str]:
        with httpx.Client(base_url=self._url, trust_env=False) as api:
            headers = {"Authorization": f"Bearer {text(32)}", "Ephemeral-Member": text(32)}
            body = {"charter": charter(seats=3), "mac": text(32)}
            assert api.post("/rooms", headers=headers, json=body).status_code == 201
            joined = api.post("/room/members", headers=headers, json={})
            assert joined.status_code == 201
            return headers


@functools.cache
def contract(url: str) -> Any:
    return schemathesis.openapi.from_dict(httpx.get(f"{url}/openapi.json").json())


def check_shape(status: int, content: bytes, body: Any) -> None:
    if status >= 400:
        assert body.keys() == {"error"}
        assert body["error"].keys() >= {"code", "message", "retry_after"}
        assert STATUS[body["error"]["code"]][0] == status
    elif status == 204:
        assert content == b""


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_any_request_is_answered_as_the_contract_says(
    shared_server: Program, operation: str, mode: str
):
    found = contract(shared_server.url).find_operation_by_id(operation)
    generation = schemathesis.GenerationMode(mode)
    visitor = Visitor(shared_server.url)

    @connected
    @given(found.as_strategy(generation_mode=generation), st.integers(0, 3))
    def asked(case: schemathesis.Case, known: int) -> None:
        # What was made up for credentials stays only where there are no others.
        case.headers = {**dict(case.headers or {}), **visitor.headers(known)}
        response = case.call(base_url=shared_server.url)
        case.validate_response(response, checks=CHECKS)
        check_shape(
            response.status_code,
            response.content,
            response.json() if response.content else None,
        )
        if operation in ENDINGS and response.status_code < 300:
            visitor.forget()

    asked()
