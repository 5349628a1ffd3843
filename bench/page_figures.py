"""`python -m bench.page_figures`: what the page weighs and how soon it can be used, in Chromium.

Starts the real server on loopback (a secure context: browsers offer Brotli to no other), and loads
the page in fresh profiles, one after the other. What was received is counted in bytes as they came:
headers, bodies, and the payloads of the socket's frames. The page can be used when the button of
the first screen is in the document, somebody listens to its click, and a click in its middle would
meet it. Times begin when the page is asked for.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import httpx
from playwright.sync_api import Browser, CDPSession, Page, Request, sync_playwright

from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.links import make_link

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
SAY: dict[str, Any] = json.loads((WEB / "catalogue" / "en.json").read_text("utf-8"))
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000

# To beat: medians of six comparable pages, measured in one Chromium ; and our own goal.
WEIGHT = ("102 KB", "80 KB")

# Notes when the button with this text can be used.
WATCH = """(label) => {
  const heard = new WeakSet();
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    if (type === "click") heard.add(this);
    return add.call(this, type, ...rest);
  };
  const look = (done) => {
    const button = [...document.querySelectorAll("button")]
      .find((one) => heard.has(one) && one.textContent.trim() === label);
    const { left, top, width, height } = button?.getBoundingClientRect() ?? {};
    const met = button && document.elementFromPoint(left + width / 2, top + height / 2);
    if (met && button.contains(met)) done(performance.now());
    else requestAnimationFrame(() => look(done));
  };
  window.usableAfter = new Promise(look);
}"""


@dataclass(frozen=True)
class Part:
    """One answer, in bytes as they were received."""

    name: str
    coding: str
    headers: int
    body: int


@dataclass
class Received:
    """Everything that one browser received."""

    requests: list[Request] = field(default_factory=list)
    frames: int = 0

    def listen(self, page: Page) -> None:
        """Count from now on; its workers as well."""
        page.context.on("requestfinished", lambda request: self.requests.append(request))  # noqa: PLW0108
        page.on("websocket", lambda socket: socket.on("framereceived", self._frame))

    def _frame(self, payload: str | bytes) -> None:
        self.frames += len(payload)

    def parts(self) -> list[Part]:
        """What was answered until now."""
        return [_part(request) for request in self.requests]

    def bodies(self) -> int:
        """Bodies and frames."""
        return sum(part.body for part in self.parts()) + self.frames

    def everything(self) -> int:
        """Headers as well."""
        return self.bodies() + sum(part.headers for part in self.parts())


def _part(request: Request) -> Part:
    response = request.response()
    assert response is not None
    headers = response.headers
    return Part(
        "/" + request.url.split("/", 3)[3].partition("#")[0],
        headers.get("content-encoding", "-"),
        request.sizes()["responseHeadersSize"],
        # The browser itself counts no body of a worker's script.
        int(headers.get("content-length", "0")),
    )


@dataclass
class Tab:
    """A person's fresh browser."""

    page: Page
    received: Received
    clicks: int = 0

    def click(self, name: str) -> None:
        """One click on the button with this sentence."""
        self.page.get_by_role("button", name=SAY[name], exact=True).click()
        self.clicks += 1

    def sends(self, text: str) -> None:
        """Write and send; the cursor has to be in the composer already."""
        composer = self.page.get_by_label(SAY["composer.label"])
        composer.wait_for(timeout=PATIENCE_MS)
        self.page.keyboard.type(text)
        if composer.input_value() != text:
            composer.click()
            self.clicks += 1
            self.page.keyboard.type(text)
        self.click("composer.send")
        self.page.locator(".receipt-words").first.wait_for(timeout=PATIENCE_MS)


@contextmanager
def served(**settings: str) -> Iterator[str]:
    """The program with its embedded database and these settings; gives its address once everything
    is packed."""
    with running(**settings) as (address, _):
        yield address


@contextmanager
def running(**settings: str) -> Iterator[tuple[str, int]]:
    """As `served`, with its process."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "ephemeral", "serve"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PORT": "0", "DATA_DIR": folder, **settings},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise SystemExit("The server did not start; its words stand above.")
            address = found.group()
            all_packed(address)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(30)


def all_packed(address: str) -> None:
    """Wait until a server has packed its pages; this one is the last."""
    while get(address + "nothing").headers.get("content-encoding") != "br":
        time.sleep(0.05)


def get(address: str) -> httpx.Response:
    """As a browser asks for a page."""
    headers = {"Accept": "text/html", "Accept-Encoding": "br"}
    return httpx.get(address, headers=headers, trust_env=False)


@contextmanager
def tab(
    browser: Browser,
    prepare: Callable[[CDPSession], None] | None = None,
    action: str = "arriving.generate",
) -> Iterator[Tab]:
    """A tab in a profile of its own; `action` names the button that is waited for."""
    with contextlib.closing(browser.new_context(viewport={"width": 390, "height": 780})) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(f"({WATCH})({json.dumps(SAY[action])})")
        received = Received()
        received.listen(page)
        if prepare is not None:
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            prepare(session)
        yield Tab(page, received)


def slow_cpu(session: CDPSession) -> None:
    """A phone of some years ago."""
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})


def slow_line(session: CDPSession) -> None:
    """The same on a slow mobile line."""
    slow_cpu(session)
    bytes_a_second = 1_600_000 // 8
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 150,
            "downloadThroughput": bytes_a_second,
            "uploadThroughput": bytes_a_second // 2,
        },
    )


def usable_after(
    browser: Browser,
    address: str,
    prepare: Callable[[CDPSession], None] | None = None,
    action: str = "arriving.generate",
) -> float:
    """Milliseconds until the main action can be used, in one cold load."""
    with tab(browser, prepare, action) as one:
        one.page.goto(address, wait_until="commit")
        return float(one.page.evaluate("window.usableAfter"))


@dataclass(frozen=True)
class Weight:
    """What somebody had received at a moment, and done for it."""

    requests: int
    bodies: int
    everything: int
    clicks: int
    parts: list[Part]
    frames: int

    @classmethod
    def of(cls, one: Tab) -> "Weight":
        """Until now."""
        received = one.received
        parts = received.parts()
        return cls(
            len(parts),
            received.bodies(),
            received.everything(),
            one.clicks,
            parts,
            received.frames,
        )


def story(browser: Browser, address: str) -> tuple[Weight, Weight, Weight]:
    """Open a room, invite by the link, and let both send.

    Gives the first visit, and the whole way to the first message of her and of him.
    """
    with tab(browser) as ada, tab(browser) as bo:
        ada.page.goto(address, wait_until="networkidle")
        first = Weight.of(ada)
        ada.click("arriving.generate")
        words = ada.page.locator(".code-words")
        words.wait_for()
        code = "-".join(words.inner_text().split())
        config = get(address + "config").json()
        link = make_link(address, config["kdf"]["suite"], b64decode(config["salt"]), code)
        bo.page.goto(link, wait_until="networkidle")
        bo.click("invited.join")
        ada.sends("The first message.")
        bo.page.locator(".seal").first.wait_for()
        bo.sends("An answer.")
        return first, Weight.of(ada), Weight.of(bo)


def packed(name: str) -> int:
    """What a file weighs by itself, without the lines that say what it is."""
    source = (WEB / name).read_text("utf-8")
    return len(brotli.compress(re.sub(r"^//.*\n", "", source, flags=re.MULTILINE).encode()))


def kilo(count: float) -> str:
    """For people."""
    return f"{count / 1000:.1f} KB"


def table(rows: list[tuple[str, ...]]) -> None:
    """Print in columns, the first to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join([row[0].ljust(widths[0]), *cells]))


def weights(name: str, them: list[Weight]) -> list[tuple[str, ...]]:
    """Lines of the table about one way."""

    def median(figure: Callable[[Weight], int]) -> float:
        return statistics.median(figure(one) for one in them)

    return [
        (name, "", "", ""),
        ("  bodies", kilo(median(lambda one: one.bodies)), *WEIGHT),
        ("  with headers", kilo(median(lambda one: one.everything)), *WEIGHT),
        ("  requests", f"{median(lambda one: one.requests):.0f}", "", ""),
        ("  clicks", f"{them[0].clicks}", "", ""),
    ]


def report(stories: list[tuple[Weight, Weight, Weight]], usable: dict[str, float]) -> None:
    """The figures beside those to beat."""
    first, opener, invited = (list(them) for them in zip(*stories, strict=True))
    table(
        [
            ("", "ours", "to beat", "goal"),
            *weights("first visit", first),
            *weights("from it to the first message, opening a room (to beat: 2 clicks)", opener),
            *weights("from it to the first message, invited by a link", invited),
            ("main action usable after", f"{usable['plain']:.0f} ms", "", ""),
            ("  with 4x CPU throttling", f"{usable['cpu']:.0f} ms", "550 ms", "500 ms"),
            ("  and 1.6 Mbit/s, 150 ms", f"{usable['line']:.0f} ms", "1100 ms", "1000 ms"),
        ]
    )
    print()
    table(
        [
            ("received by whoever opens a room", "coding", "headers", "body"),
            *(
                (part.name, part.coding, str(part.headers), str(part.body))
                for part in opener[0].parts
            ),
            ("frames of the socket", "-", "-", str(opener[0].frames)),
        ]
    )
    print()
    table(
        [
            ("of it, each by itself", "Brotli"),
            ("the word list", str(packed("static/js/protocol/words.js"))),
            ("the drawing of QR codes", str(packed("static/vendor/lean-qr/nano.js"))),
            ("Argon2id", str(packed("bundles/derive-worker.js"))),
            ("the catalogue", str(len(brotli.compress(json.dumps(SAY).encode())))),
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.page_figures", description=__doc__)
    parser.add_argument("--loads", type=int, default=5, help="of each kind; medians are printed")
    loads = parser.parse_args().loads
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("There is no Chromium on this machine.")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        # The first load of a browser starts its processes.
        usable_after(browser, address)
        usable = {
            name: statistics.median(usable_after(browser, address, how) for _ in range(loads))
            for name, how in {"plain": None, "cpu": slow_cpu, "line": slow_line}.items()
        }
        stories = [story(browser, address) for _ in range(min(loads, 3))]
        browser.close()
    print(f"Medians of {loads} cold loads; {os.cpu_count()} cores.\n")
    report(stories, usable)


if __name__ == "__main__":
    main()
