"""People at the command line, against one server.

A command runs in a thread of the test's process: it has streams, an environment and signals of its
own, and to whoever started it looks like a process. Started `apart` it is one: for what only a
process shows, such as its death, its /proc, its terminal. That derives its keys in earnest, so a
room for it is made with `derive=derived_once`.
"""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from support.machines.server import program
from support.people.threaded import Threaded

from ephemeral.client.entry import Derive
from ephemeral.protocol.charter import decode_charter
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.envelope import seal_message, viewing_hash
from ephemeral.protocol.keys import RoomKeys, derive_root, member_id

PATIENCE = 30
# The true derivation, once for each code.
derived_once = cache(derive_root)


def derived_cheaply(code: str, suite: int, salt: bytes) -> bytes:
    """A root for each code and server, as the true one is, in no time."""
    return hashlib.sha256(salt + bytes([suite]) + code.encode()).digest()


class Cli:
    """The command line, against one server, in a folder of its own."""

    def __init__(self, url: str, folder: Path, derive: Derive = derived_cheaply) -> None:
        self.url = url
        self.folder = folder
        self.code = ""
        self._derive = derive
        self._started: list[subprocess.Popen[str]] = []
        # Threads have one folder, that of their process.
        self._folder_before = Path.cwd()
        os.chdir(folder)

    def close(self) -> None:
        """End what still runs."""
        os.chdir(self._folder_before)
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()

    def environment(self, code: str | None = None, **more: str) -> dict[str, str]:
        """What a command finds; a code of None is the present room's."""
        code = self.code if code is None else code
        given = {"EPHEMERAL_SERVER": self.url} | ({"EPHEMERAL_CODE": code} if code else {})
        return given | {"TERM": "xterm"} | more

    def start(
        self, *arguments: str, code: str | None = None, apart: bool = False, **options: Any
    ) -> subprocess.Popen[str]:
        """A command that runs; `apart`: in a process of its own.

        Among the options may be those of `Popen`, and without `apart` fields of its `Context`.
        """
        standard = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        environment = self.environment(code, **options.pop("environment", {}))
        options = standard | options
        if apart:
            process = program(*arguments, environment=environment, folder=self.folder, **options)
        else:
            process = Threaded(arguments, environment, derive=self._derive, **options)
        self._started.append(process)
        return process

    def run(
        self, *arguments: str, text: str = "", code: str | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """A command to its end; it printed no traceback, whatever happened."""
        process = self.start(*arguments, code=code, **options)
        output, errors = process.communicate(text, timeout=PATIENCE)
        assert "Traceback" not in (errors or ""), errors
        return subprocess.CompletedProcess(
            process.args, process.returncode, output or "", errors or ""
        )

    def done(self, *arguments: str, **options: Any) -> str:
        """What a command that must succeed prints."""
        result = self.run(*arguments, **options)
        assert result.returncode == 0, result
        return result.stdout

    def json(self, *arguments: str, **options: Any) -> Any:
        """The last line of a command that must succeed, as JSON."""
        return json.loads(self.done(*arguments, "--json", **options).splitlines()[-1])

    def watch(self) -> None:
        """Take the seat from which `until` looks."""
        self.done("unlock", "--seat", "watch")

    def until(self, told: Callable[[dict[str, Any]], bool]) -> None:
        """Return when `status` tells it."""
        deadline = time.monotonic() + PATIENCE
        while not told(self.json("status", "--seat", "watch")):
            assert time.monotonic() < deadline

    def until_waiting(self, count: int) -> None:
        """Return when so many messages wait."""
        self.until(lambda room: room["waiting"] == count)

    def write(self, *arguments: str, text: str, apart: bool = False) -> subprocess.Popen[str]:
        """`send` that runs, with its whole text."""
        process = self.start("send", *arguments, apart=apart)
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None
        return process

    def keys(self, config: dict[str, Any]) -> RoomKeys:
        """Those of the present room; `config` is what the server says of itself."""
        root = self._derive(self.code, config["kdf"]["suite"], b64decode(config["salt"]))
        return RoomKeys(root)

    def says(self, content: dict[str, object], chunk: bytes | None = None) -> None:
        """A message of any content, from another client, whose member then leaves. `chunk`: all
        that is attached to it, as `content` names it."""
        with httpx.Client(base_url=self.url, trust_env=False) as http:
            config = http.get("/config").raise_for_status().json()
            keys = self.keys(config)
            token, message, viewing = (os.urandom(size) for size in (32, 16, 32))
            http.headers["Authorization"] = f"Bearer {b64encode(keys.locator)}"
            charter = b64decode(http.get("/room").raise_for_status().json()["charter"])
            room = keys.content(decode_charter(charter, suite=None).nonce)
            sealed = seal_message(
                room, member_id(token), message, viewing, 1, content, os.urandom(12)
            )
            http.headers["Ephemeral-Member"] = b64encode(token)
            http.post("/room/members", json={}).raise_for_status()
            body = {
                "id": b64encode(message),
                "envelope": b64encode(sealed),
                "viewing_hash": b64encode(viewing_hash(viewing)),
            }
            if chunk is not None:
                body["attachment"] = str(content["attachment"])
                size = {"id": body["attachment"], "chunks": 1, "padded": len(chunk) - 16}
                http.post("/room/attachments", json=size).raise_for_status()
                http.put(
                    f"/room/attachments/{body['attachment']}/0",
                    content=chunk,
                    headers={"Content-Type": "application/octet-stream"},
                ).raise_for_status()
            http.post("/room/messages", json=body).raise_for_status()
            http.delete("/room/members").raise_for_status()

    def new_room(self, *arguments: str) -> str:
        """A new room, which becomes the present one; its code."""
        self.code = self.done("new", *arguments, code="").strip()
        return self.code


def signalled(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """The exit code after a signal."""
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    return process.returncode
