"""Somebody between a browser and the server, who changes what is served."""

import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from playwright.sync_api import Page, expect

# What browsers say of what they refuse.
REFUSALS = "integrity|Integrity|digest|Content Security Policy|Trusted|trusted"


@dataclass
class Answer:
    """What is passed on; a test changes it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def change_a_byte(self) -> None:
        """The last one, which nothing that reads it could miss."""
        self.body = self.body[:-1] + bytes([self.body[-1] ^ 1])

    def says(self, name: str, value: str | None) -> None:
        """Instead of what it said in this header."""
        self.headers = [one for one in self.headers if one[0].lower() != name]
        if value is not None:
            self.headers.append((name, value))


@dataclass
class Tamperer:
    """Passes everything on as it is, but for what `change` does to it by its path."""

    port: int
    url: str = ""
    change: Callable[[str, Answer], None] = lambda path, answer: None
    asked: list[str] = field(default_factory=list)


@contextmanager
def tampering(port: int) -> Iterator[Tamperer]:
    """A way to the server at this port."""
    tamperer = Tamperer(port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            tamperer.asked.append(self.path)
            upstream = http.client.HTTPConnection("127.0.0.1", tamperer.port, timeout=60)
            # Not packed, so that it can be changed.
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in {"accept-encoding", "connection"}
            }
            upstream.request("GET", self.path, headers=headers)
            given = upstream.getresponse()
            answer = Answer(given.status, given.getheaders(), given.read())
            upstream.close()
            tamperer.change(self.path, answer)
            answer.says("content-length", str(len(answer.body)))
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        tamperer.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, name="tamperer")
        thread.start()
        try:
            yield tamperer
        finally:
            server.shutdown()
            thread.join()


def tampered(stem: str, asked: str, answer: Answer) -> None:
    """A byte of a script or a style sheet becomes another which changes nothing that it does."""
    if re.match(rf"/static/{stem}\.[0-9a-f]{{16}}\.", asked):
        answer.body = answer.body.removesuffix(b"\n") + b" "


def started(page: Page) -> None:
    expect(page.get_by_role("button", name="Open a private room")).to_be_enabled()
    expect(page.locator("#meantime")).to_have_count(0)
