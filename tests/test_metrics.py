"""Metrics: they count what happened, they are shown to their bearer alone, and identify nobody."""

import re
import socket
from collections.abc import Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.machines.server import Program
from support.people.raw_client import Client, Message

from ephemeral import metrics
from ephemeral.edge.metrics_api import metrics_port
from ephemeral.edge.server import ListenRefused
from ephemeral.protocol.errors import (
    ACCOUNT_STATUS,
    CONVERSATION_STATUS,
    FILE_STATUS,
    OBJECT_STATUS,
    STATUS,
)

TOKEN = "a token of 24 chars!".replace(" ", "-")
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FIXED = {
    "step": {*metrics.STEPS, "other"},
    "fate": {*metrics.FATES, "other"},
    "act": {*metrics.SIGN_INS, "other"},
    "outcome": {*metrics.PUSHES, "other"},
    "reason": {"destroyed", "expired", "other"},
    "code": {
        *STATUS,
        *ACCOUNT_STATUS,
        *CONVERSATION_STATUS,
        *FILE_STATUS,
        *OBJECT_STATUS,
        *map(str, metrics.CLOSE_CODES),
        "other",
    },
    "status": {*map(str, metrics.STATUSES), "other"},
    "kind": set(metrics.TROUBLES),
    "limit": {*metrics.LIMITS, "other"},
    "generation": {"0", "1", "2"},
}
# Bounds of histograms are numbers that stand in the module.
BOUND = re.compile(r"\d+\.\d+|\+Inf|1e[-+]\d+")
PORT = re.compile(r"Metrics are served at port (\d+)\.")


def samples(text: str) -> dict[str, float]:
    """Name with labels -> value."""
    return {
        one.name
        + "".join(f" {key}={value}" for key, value in sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def labels_of(text: str) -> set[tuple[str, str]]:
    return {
        pair
        for family in text_string_to_metric_families(text)
        for one in family.samples
        for pair in one.labels.items()
    }


async def test_metrics_count_what_happened_and_no_label_tells_of_whom(
    serve: Callable[..., Program],
):
    server = serve(METRICS_TOKEN=TOKEN, TRUSTED_PROXIES="127.0.0.1")
    canaries = {"name": "canary-of-a-nickname", "address": "203.0.113.77"}
    async with Client(server.url, server.ws_url, canaries["address"]) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        canaries |= {
            "locator": room.locator, "token": reader.token, "member": reader.id,
        }  # fmt: skip
        viewed, waiting = Message(), Message()
        canaries |= {"message": viewed.id, "viewing": viewed.viewing}
        client.api.headers["User-Agent"] = "canary-of-an-agent"
        async with author.line() as line, reader.line() as other:
            for message in (viewed, waiting):
                await line.ask("post", **message.post)
            await other.event("notice")
            await other.ask("open", id=viewed.id)
            assert (await line.ask("open", id=viewed.id))["error"]["code"] == "message_author"
            await other.ask("ack", id=viewed.id, viewing=viewed.viewing)
            await line.event("destroyed")
            await client.api.get("/canary-of-a-path?canary-of-a-query")
            open_now = samples((await client.api.get("/metrics", headers=BEARER)).text)
        assert (await author.http("DELETE", "/room")).status_code == 204
        shown = (await client.api.get("/metrics", headers=BEARER)).text
    found = samples(shown)
    expected = {
        "ephemeral_messages_total step=stored": 2, "ephemeral_messages_total step=opened": 1,
        "ephemeral_messages_total step=acknowledged": 1,
        "ephemeral_messages_destroyed_total fate=viewed": 1,
        "ephemeral_messages_destroyed_total fate=room_destroyed": 1,
        "ephemeral_messages_destroyed_total fate=expired": 0,
        "ephemeral_rooms_ended_total reason=destroyed": 1, "ephemeral_joins_total": 2,
        "ephemeral_refusals_total code=message_author": 1,
        "ephemeral_refusals_total code=not_found": 1, "ephemeral_http_answers_total status=404": 1,
        "ephemeral_sockets_closed_total code=4410": 0,
        "ephemeral_faults_total": 0, "ephemeral_epoch_alarm": 0, "ephemeral_stopping": 0,
        "ephemeral_database_set_back": 0, "ephemeral_clock_doubted": 0,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert open_now["ephemeral_sockets"] == 2
    assert found["ephemeral_batch_size_sum"] == 5
    assert found["ephemeral_batch_seconds_count"] == found["ephemeral_batch_size_count"] >= 3
    assert found["ephemeral_database_connections"] >= 1
    assert found["process_resident_memory_bytes"] > 0
    for name, canary in canaries.items():
        assert canary not in shown, name
    assert "canary" not in shown
    for label, value in labels_of(shown):
        assert BOUND.fullmatch(value) if label == "le" else value in FIXED[label], (label, value)


def test_what_is_in_no_list_counts_as_other():
    def count() -> float:
        return metrics.REGISTRY.get_sample_value("ephemeral_refusals_total", {"code": "other"})

    before = count()
    metrics.refused("canary")
    metrics.answered(599)
    metrics.socket_closed(4999)
    metrics.happened({"canary": 1}, {"canary": 1})
    metrics.room_ended("canary", 0)
    metrics.limited("canary")
    assert count() == before + 1
    assert "canary" not in {value for family in metrics.REGISTRY.collect()
                            for one in family.samples for value in one.labels.values()}  # fmt: skip


async def test_without_a_token_there_is_no_such_address_and_a_wrong_one_finds_none(
    serve: Callable[..., Program],
):
    closed, guarded = serve(), serve(METRICS_TOKEN=TOKEN)
    async with httpx.AsyncClient(trust_env=False) as client:
        for server in (closed, guarded):
            unknown = await client.get(f"{server.url}/there-is-nothing", headers=BEARER)
            for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
                given = {"Authorization": f"Bearer {TOKEN[:-1]}?"} if server is guarded else BEARER
                for headers in (given, {}, {"Authorization": TOKEN}):
                    asked = await client.request(method, f"{server.url}/metrics", headers=headers)
                    assert asked.status_code == unknown.status_code == 404
                    assert method == "HEAD" or asked.content == unknown.content
                    assert {**asked.headers, "date": ""} == {**unknown.headers, "date": ""}
        right = await client.get(f"{guarded.url}/metrics", headers=BEARER)
        assert right.status_code == 200
        assert right.headers["cache-control"] == "no-store"


async def test_a_port_of_their_own_shows_the_metrics_and_the_other_one_does_not(
    serve: Callable[..., Program],
):
    server = serve(METRICS_PORT=0)
    port = PORT.search(server.output())[1]
    async with httpx.AsyncClient(trust_env=False) as client:
        shown = await client.get(f"http://127.0.0.1:{port}/metrics")
        assert samples(shown.text)["ephemeral_sockets"] == 0
        assert (await client.get(f"{server.url}/metrics")).status_code == 404


def test_a_port_of_metrics_that_is_taken_is_refused_in_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenRefused) as refused, metrics_port("127.0.0.1", [port]):
            pytest.fail("it was served all the same")
    assert str(refused.value).startswith(f"METRICS_PORT {port} of 127.0.0.1 can't be had: ")
