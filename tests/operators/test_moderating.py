"""Files that a report shows are opened on the operator's machine: there alone, and nothing else."""

import os
from base64 import b32encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
from support.machines.server import Program, program
from support.people.account_people import AccountHolder
from support.people.operators import enrolled
from support.people.talkers import Talk, befriend
from test_report_pages import first_report

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.conversations.messages import Ad
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.files.contents import (
    Confirmation,
    Reference,
    confirmation_body,
    files_body,
)
from ephemeral.protocol.files.info import Info, seal_info
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.files.layout import Layout, padded_length
from ephemeral.protocol.files.segments import file_digest, seal_segment

SIZE = 5_000
NAME = "../../\u202eexe.\n<b>\x1b[31m"


def evidence(talk: Talk, by: AccountHolder, kind: str, body: dict[str, object]) -> dict[str, str]:
    """A message as whoever has read it shows it to others."""
    machine = by.machines[0]
    assert talk.record is not None
    said = {"v": 1, "kind": kind, "at": 1_700_000_000_000, "body": body}
    content = canonical_json.encode(said)
    ad = Ad(
        1, talk.id, talk.record.hash, machine.id, os.urandom(16), talk.log.place, talk.log.hash
    ).encode()
    signature = machine.key.sign("content", ad + sha256(content).digest())
    parts = {"ad": ad, "content": content, "signature": signature}
    return {name: b64encode(part) for name, part in parts.items()}


async def sent(one: AccountHolder, talk: Talk, content: bytes) -> tuple[Reference, bytes]:
    """A file at the server, by its own format; gives its digest too."""
    key, padded = FileKey(os.urandom(16), os.urandom(32)), padded_length(SIZE)
    layout, plaintext = Layout(padded), content.ljust(padded, b"\0")
    info = seal_info(key, Info(NAME, "text/html", SIZE), os.urandom)
    body = {
        "id": b64encode(key.id), "padded": padded, "info": b64encode(info),
        "conversation": talk.name, "ttl": 3600,
    }  # fmt: skip
    [put] = (await one.ask(one.machines[0], "POST", "/files/upload", body))["urls"]
    sealed = seal_segment(key, layout, 0, plaintext, os.urandom)
    assert (await one.http.put(put["url"], content=sealed, headers=put["headers"])).is_success
    await one.ask(one.machines[0], "POST", f"/files/{body['id']}/landed", {"segments": [0]})
    digest = file_digest(key.id, layout, SIZE, [sha256(plaintext).digest()])
    return Reference(key, padded, sha256(info).digest()), digest


async def prefix_of(server: Program, file: bytes) -> bytes:
    database = await asyncpg.connect(server.environment["DATABASE_URL"])
    found: bytes = await database.fetchval(
        "SELECT prefix FROM accounts.files WHERE file = $1", file
    )
    await database.close()
    return found


def moderate(server: Program, report: str, folder: Path) -> tuple[int, str, str]:
    run = program(
        "moderate", report, "--out", str(folder), environment=server.environment,
        folder=server.folder, stdout=-1, stderr=-1,
    )  # fmt: skip
    out, told = run.communicate(timeout=60)
    return run.returncode, out, told


async def test_files_of_a_report_are_written_where_an_operator_says_once_they_are_as_signed(
    server: Program, tmp_path: Path
):
    operator = enrolled(server)
    contents = [os.urandom(SIZE) for _ in range(3)]
    async with AccountHolder(server.url) as one, AccountHolder(server.url) as two:
        for each in (one, two):
            await each.found()
        await befriend(one, two)
        talk = await Talk.found(one, two)
        files = [await sent(one, talk, content) for content in contents]
        references = [reference for reference, _ in files]
        # The first is as its sender said, of the second they said something else, of the third
        # nothing.
        of: Sequence[Any] = (one.machines[0].id, os.urandom(16))
        confirmed = [
            Confirmation(*of, references[0].file.id, files[0][1]),
            Confirmation(*of, references[1].file.id, os.urandom(32)),
        ]
        shown = [
            evidence(talk, one, "file", files_body(references)),
            *(evidence(talk, one, "digest", confirmation_body(each)) for each in confirmed),
            evidence(talk, one, "text", {"text": "words", "mentions": []}),
        ]
        body = {"id": b64encode(os.urandom(16)), "reason": "illegal", "text": "", "messages": shown}
        await two.ask(two.machines[0], "POST", "/report", body)
    path = first_report(operator)
    report, folder = path.rpartition("/")[2], tmp_path / "seen"
    code, out, told = moderate(server, report, folder)
    names = [b64encode(each.file.id) for each in references]
    assert code == 1, (out, told)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == {
        names[0]: contents[0],
        names[2]: contents[2],
    }
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    lines = out.splitlines()
    assert [each.partition(":")[0] for each in lines] == [names[0], names[2]]
    assert [each.rpartition("; ")[2] for each in lines] == [
        "its digest is the sender's.",
        "no digest of its sender was shown.",
    ]
    assert out.isascii()
    assert "\x1b" not in out
    assert told.startswith(names[1])
    # What is there is not replaced; what was decided on shows nothing.
    (folder / names[0]).write_bytes(b"mine")
    assert moderate(server, report, folder)[0] == 1
    assert (folder / names[0]).read_bytes() == b"mine"
    # Of what is lost nothing is left behind, and the others are opened.
    for each in folder.iterdir():
        each.unlink()
    place = Path(server.environment["DATA_DIR"]) / "objects"
    prefix = b32encode(await prefix_of(server, references[2].file.id)).decode().rstrip("=").lower()
    [lost] = place.rglob(f"{prefix}/0")
    lost.unlink()
    code, out, told = moderate(server, report, folder)
    assert (code, "Traceback" in told) == (1, False), told
    assert [each.name for each in folder.iterdir()] == [names[0]]
    assert operator.post(path, {"decision": "dismissed"}).status_code == 303
    for wrong in (report, "x"):
        code, out, told = moderate(server, wrong, folder)
        assert (code, out, told.count("no such report")) == (1, "", 1)
