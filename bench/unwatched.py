"""A page of Chromium of which nobody hears what it asks for.

Whatever drives browsers for tests is told of every request with all that it sends. Of a large file
that is a copy of each part, in the page, in the browser and in a process beside it: it would be a
tenth as fast, and no figure would be the page's own.
"""

import base64
import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--remote-debugging-port=0",
    # What was fulfilled came from nowhere, and would have to ask before it may reach this machine.
    "--disable-features=LocalNetworkAccessChecks",
    # A tab that nobody looks at is no slower.
    "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
)  # fmt: skip

# The modules are those of the page as they are written, without what the page allows them.
_BARE = base64.b64encode(
    b"<!doctype html><title>bare</title><input type=file>"
    b"<script>Object.defineProperty(window, 'trustedTypes', { value: undefined })</script>"
).decode()


class Line:
    """What a browser or a page of it is told, one thing after the other."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    def send(self, method: str, **given: Any) -> Any:
        """The answer to one command."""
        return self._answer(self._begin(method, given))

    def until_paused(self, method: str, **given: Any) -> str:
        """Begin with something, which makes a request that is held; its id."""
        self._begin(method, given)
        while True:
            heard = json.loads(self._connection.recv(PATIENCE))
            if heard.get("method") == "Fetch.requestPaused":
                return str(heard["params"]["requestId"])

    def _begin(self, method: str, given: dict[str, Any]) -> int:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": given}))
        return number

    def _answer(self, number: int) -> Any:
        while True:
            heard = json.loads(self._connection.recv(3600))
            if heard.get("id") == number:
                if "error" in heard:
                    raise RuntimeError(f"{heard['error']}")
                return heard["result"]


class Unwatched:
    """Its one page."""

    def __init__(self, browser: Line, page: Line) -> None:
        self._browser = browser
        self._page = page

    def goto(self, address: str) -> None:
        """Load a page; `until` says when it is there."""
        self._page.send("Page.navigate", url=address)

    def bare(self, address: str) -> None:
        """Load a page of this server's that has no program."""
        self._page.send("Fetch.enable", patterns=[{"urlPattern": f"{address}bare"}])
        held = self._page.until_paused("Page.navigate", url=f"{address}bare")
        self._page.send(
            "Fetch.fulfillRequest", requestId=held, responseCode=200, body=_BARE,
            responseHeaders=[{"name": "content-type", "value": "text/html"}],
        )  # fmt: skip
        self._page.send("Fetch.disable")
        self.until("() => document.title === 'bare' && document.readyState === 'complete'")

    def evaluate(self, function: str, given: object = None) -> Any:
        """What a function of the page gives."""
        answer = self._page.send(
            "Runtime.evaluate", expression=f"({function})({json.dumps(given)})",
            awaitPromise=True, returnByValue=True, userGesture=True,
        )  # fmt: skip
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def until(self, function: str, given: object = None, seconds: float = PATIENCE) -> Any:
        """What it gives once that is anything."""
        end = time.monotonic() + seconds
        while True:
            try:
                found = self.evaluate(function, given)
            except RuntimeError:
                # The document was another a moment ago.
                found = None
            if found:
                return found
            if time.monotonic() > end:
                raise TimeoutError(f"{function}: {self.evaluate('() => document.body.innerText')}")
            time.sleep(0.05)

    def pick(self, selector: str, path: Path) -> None:
        """Give an input of files this one."""
        found = self._page.send(
            "Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})"
        )
        self._page.send(
            "DOM.setFileInputFiles", files=[str(path)], objectId=found["result"]["objectId"]
        )

    def renderers(self) -> list[int]:
        """Processes of pages."""
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return [one["id"] for one in processes if one["type"] == "renderer"]

    def holds(self) -> int:
        """Bytes of memory that the page's process has for itself."""
        # The largest is the one of this page: others are as good as empty.
        return max(private(one) for one in self.renderers())


def private(process: int) -> int:
    """Bytes that are a process's own."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private"))


@contextmanager
def unwatched(program: str, profile: Path) -> Iterator[Unwatched]:
    """A browser with this profile, which another may have made before."""
    told = profile / "DevToolsActivePort"
    told.unlink(missing_ok=True)
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [program, *ARGUMENTS, f"--user-data-dir={profile}", "about:blank"],
            stdout=said, stderr=said,
        ) as process,
    ):  # fmt: skip
        try:
            base = f"http://127.0.0.1:{_port(told, process)}/json"
            version = httpx.get(f"{base}/version", trust_env=False).json()
            pages = httpx.get(f"{base}/list", trust_env=False).json()
            page = next(one for one in pages if one["type"] == "page")
            with (
                connect(version["webSocketDebuggerUrl"], max_size=None, proxy=None) as browser,
                connect(page["webSocketDebuggerUrl"], max_size=None, proxy=None) as of_page,
            ):
                yield Unwatched(Line(browser), Line(of_page))
                Line(browser).send("Browser.close")
            process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                process.terminate()


def _port(told: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        if told.exists() and (lines := told.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.05)
    raise SystemExit("Chromium did not start.")
