"""The burglar of test_remains, at the real program: what was reported, once it was decided on."""

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from remains import Remains
from support.machines.server import Program
from support.people.operators import enrolled

from ephemeral.operators.rules.reports import Evidence, encode_evidence
from ephemeral.protocol.encoding import b64encode
from ephemeral.sealing.keyring_files import KeyringDirectory

LONG = 86_400
TOKEN = "a-token-of-the-operators"


@pytest.mark.parametrize("epoch_seconds", [1, LONG])
async def test_what_was_reported_is_gone_from_a_stolen_disk_two_epochs_after_the_decision(
    serve: Callable[..., Program], epoch_seconds: int
) -> None:
    """And while the epoch lasts it is not, or this test would prove nothing. What still waits is
    there in both, whatever keys have come and gone."""
    key = secrets.token_hex(32)
    server = await asyncio.to_thread(
        serve, DATABASE_URL="", ENCRYPTION_KEY=key, EPOCH_SECONDS=epoch_seconds,
        METRICS_TOKEN=TOKEN, LOG_LEVEL="debug",
    )  # fmt: skip
    data = Path(server.environment["DATA_DIR"])
    keyring = KeyringDirectory(data / "keyring")
    operator = await asyncio.to_thread(enrolled, server)
    gone, kept = "canary of what was decided", "canary of what still waits"
    for text, reason in ((gone, "threat"), (kept, "spam")):
        body = {"id": b64encode(os.urandom(16)), "reason": reason, "text": text}
        assert operator.send("POST", "/report/room", json=body).status_code == 202
    listed = operator.get("/admin/reports").text
    path = listed.partition(">A threat<")[0].rpartition('href="')[2].partition('"')[0]
    assert gone in operator.get(path).text
    assert operator.post(path, {"decision": "dismissed"}).status_code == 303
    last = max(keyring.epochs())
    while epoch_seconds < LONG and min(keyring.epochs()) < last + 2:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert gone not in operator.get(path).text
    told = operator.send("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert told.status_code == 200
    assert "canary" not in told.text
    assert await asyncio.to_thread(server.stop) == 0
    remains = Remains()
    remains.add_database(data / "postgres")
    remains.add_keys(data / "keyring", bytes.fromhex(key))
    read = remains.plaintexts()
    decided, waits = (encode_evidence(Evidence(text, ())) for text in (gone, kept))
    assert waits in read
    assert (decided in read) == (epoch_seconds == LONG)
    # Nor in the clear, in any file; what the program printed stands beside them.
    files = [one for one in server.folder.rglob("*") if one.is_file()]
    for text in (gone, kept):
        assert [one.name for one in files if text.encode() in one.read_bytes()] == []
