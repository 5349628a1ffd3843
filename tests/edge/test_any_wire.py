"""Bytes on connections: whatever comes is answered by HTTP or by WebSocket, or not at all.

Each example is a connection of its own to a real server, which must not report a fault: the fixture
sees to it.
"""

import base64
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import connected
from support.machines.server import ROOT, Program
from support.people.raw_client import text

from ephemeral.protocol.limits import FRAME_MAX

PATIENCE = 30
STATIC = ROOT / "web" / "static"
SAID = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
# Documented ones, those of RFC 6455, and an end without any.
CLOSES = {1000, 1002, 1005, 1007, 1009, 4400, 4401, 4404, 4408, 4429}


def said_to(program: Program, data: bytes) -> bytes:
    """Everything that is answered to these bytes, when nothing more comes."""
    with socket.create_connection(("127.0.0.1", program.port), PATIENCE) as connection:
        heard = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                heard += more
        except (ConnectionResetError, BrokenPipeError):
            # Closed with something unread: what was on its way may be lost.
            pass
        return heard


def request(method: str, path: bytes, *lines: bytes) -> bytes:
    head = b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % (method.encode(), path)
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


pieces = st.sampled_from(
    [b"GET ", b"POST ", b"/", b"/config", b"/room", b" HTTP/1.1\r\n", b"\r\n", b"Host: x\r\n",
     b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n",
     b"Content-Encoding: gzip\r\n", b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b": ", b"\0",
     b"Authorization: Bearer x\r\n", b"Expect: 100-continue\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n"]
)  # fmt: skip


@connected
@given(st.lists(pieces | st.binary(max_size=20), max_size=12).map(b"".join))
def test_any_bytes_are_http_or_refused(shared_server: Program, data: bytes):
    heard = said_to(shared_server, data)
    assert heard == b"" or SAID.match(heard), heard[:100]
    assert all(status < b"500" for status in SAID.findall(heard)), heard[:1000]


values = st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\0"))


@connected
@given(
    st.sampled_from([b"/room", b"/", b"/config", b"/static/js/pages/main.js", b"/room/messages"]),
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"Accept", b"Accept-Encoding", b"Accept-Language", b"Authorization", b"Cookie",
                 b"Ephemeral-Member", b"Ephemeral-Resume", b"If-None-Match", b"Range", b"Host",
                 b"Content-Type", b"X-Forwarded-For", b"Forwarded", b"Origin", b"Upgrade"]
            ),
            values,
        ),
        max_size=5,
    ),
)  # fmt: skip
def test_any_headers_are_read_or_refused(
    shared_server: Program, path: bytes, headers: list[tuple[bytes, bytes]]
):
    lines = [name + b": " + value for name, value in headers]
    heard = said_to(shared_server, request("GET", path, *lines))
    assert heard == b"" or SAID.match(heard), heard[:100]
    assert all(status < b"500" for status in SAID.findall(heard)), heard[:1000]


steps = st.sampled_from(
    ["..", ".", "", "%2e%2e", "%2e", "%2f", "%5c", "\\", "%00", "%c0%ae%c0%ae", "%252e%252e", "~",
     "static", "js", "pages", "main.js", "app.py", "etc", "passwd", ".env", "icons", "icon.svg",
     "vendor", "%2e%2e%2f%2e%2e%2fapp.py", "C:", "file:", "proc", "self", "environ"]
)  # fmt: skip


@connected
@given(st.lists(steps | st.text("abc.%/~", max_size=5), max_size=6).map("/".join))
def test_any_path_below_the_files_is_a_file_of_the_page_or_none(shared_server: Program, path: str):
    heard = said_to(shared_server, request("GET", f"/static/{path}".encode()))
    head, _, body = heard.partition(b"\r\n\r\n")
    matched = SAID.match(head)
    assert heard == b"" or matched, heard[:100]
    assert matched is None or matched[1] in {b"200", b"400", b"404"}, heard[:200]
    if matched is not None and matched[1] == b"200":
        # Its own name leads there, and no other.
        assert body == (STATIC / path).read_bytes()
        assert Path(path).as_posix() == path.rstrip("/")


def frame(opcode: int, data: bytes, *, fin: bool, masked: bool) -> bytes:
    """A frame, allowed or not (RFC 6455, 5.2); masked by zeros."""
    size = len(data)
    mask = 0x80 if masked else 0
    head = bytes([fin << 7 | opcode, mask | (size if size < 126 else 127)])
    return head + (size.to_bytes(8, "big") if size >= 126 else b"") + bytes(4) * masked + data


def close_code(heard: bytes) -> int | None:
    """With which code a run of a server's frames closes; None without."""
    at = 0
    while at + 2 <= len(heard):
        size, head = heard[at + 1], 2
        assert size < 128, "a server doesn't mask"
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(heard[at + 2 : at + head], "big")
        if heard[at] == 0x88:
            return int.from_bytes(heard[at + 2 : at + 4], "big") if size else 1005
        assert heard[at] in {0x81, 0x8A}, "whole texts and pongs"
        at += head + size
    return None


frames = st.builds(
    frame,
    st.integers(0, 15) | st.sampled_from([0x1, 0x2, 0x8, 0x9]),
    st.binary(max_size=130)
    | st.sampled_from(
        [
            b'[{"type":"ping","ref":1}]',
            b"{}",
            b"[]",
            b"\x03\xe8",
            b"\xff\xff",
            b"x" * (FRAME_MAX + 1),
        ]
    )
    | st.integers(0, 3).map(
        lambda generation: (
            b'[{"type":"hello","ref":1,"locator":"%b","token":"%b","generation":%d}]'
            % (text(32).encode(), text(32).encode(), generation)
        )
    ),
    fin=st.booleans(),
    masked=st.sampled_from([True, True, True, False]),
)


@pytest.mark.parametrize("compressed", [b"", b"permessage-deflate; client_max_window_bits"])
@connected
@given(st.lists(frames | st.binary(max_size=20), max_size=5).map(b"".join))
def test_any_bytes_on_a_socket_are_frames_or_end_it_by_a_documented_code(
    shared_server: Program, compressed: bytes, data: bytes
):
    key = base64.b64encode(bytes(16))
    offered = [b"Sec-WebSocket-Extensions: " + compressed] if compressed else []
    hello = request(
        "GET",
        b"/room/socket",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Protocol: ephemeral.v1",
        b"Sec-WebSocket-Key: " + key,
        *offered,
    ).replace(b"Connection: close", b"Connection: Upgrade")
    heard = said_to(shared_server, hello + data)
    head, _, rest = heard.partition(b"\r\n\r\n")
    assert heard == b"" or SAID.match(head)[1] in {b"101", b"400"}, heard[:200]
    assert b"sec-websocket-extensions" not in head.lower()
    if b" 101 " in head.partition(b"\r\n")[0]:
        assert close_code(rest) in CLOSES | {None}
