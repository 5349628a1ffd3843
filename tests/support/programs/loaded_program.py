"""The program, loaded, waiting to be started: python loaded_program.py DESCRIPTOR

What takes long at every start, loading the modules, packing the page's files and compiling its
templates, is done once. Then each message of the socket at DESCRIPTOR, a JSON object with
`arguments`, `environment`, `folder`, `session` and `terminal`, is the program once: in a process of
its own, which goes on as one that was just started and has come so far. With the message come the
three standard streams, and a socket on which is told the process's number and, when it has ended,
how; the process is remembered by the system until that socket is closed.
"""

import atexit
import fcntl
import gc
import json
import os
import signal
import socket
import sys
import termios
import threading
from contextlib import suppress
from types import CodeType
from typing import Any, NoReturn

import argon2  # noqa: F401 - as uvloop
import pyotp  # noqa: F401 - as uvloop
import uvloop  # noqa: F401 - loaded for the server
from jinja2 import Environment
from uvicorn.lifespan import off  # noqa: F401 - as uvloop

import app
from ephemeral.__main__ import main
from ephemeral.accounts import wing  # noqa: F401 - as uvloop
from ephemeral.accounts.service import id_tokens, issuer, passwords  # noqa: F401 - as uvloop
from ephemeral.client import cli  # noqa: F401 - loaded for every command
from ephemeral.client.accounts import commands  # noqa: F401 - as cli
from ephemeral.edge import metrics_api, server, workers  # noqa: F401 - as uvloop
from ephemeral.live import redis_bus, redis_counts, redis_link  # noqa: F401 - as uvloop
from ephemeral.settings import Settings


def load() -> None:
    """Pack the page's files. They never change, so every server may have the same."""
    files = app.StaticFiles(app.WEB, app.read_catalogues(app.WEB / "catalogue"))
    for body in files.bodies():
        body.pack()
    app.StaticFiles = lambda *_: files
    compile_templates()
    # Nobody guesses a password here; what is kept of one is tests/accounts/service/test_passwords.
    passwords.MEMORY_KIB, passwords.PASSES = 8, 1
    gc.collect()
    gc.freeze()


def compile_templates() -> None:
    """Likewise the page's templates; what is made of one is of the server that makes it."""
    compiled: dict[object, CodeType] = {}
    compiling = Environment.compile

    def compile_once(templates: Environment, *what: Any) -> CodeType:
        if what not in compiled:
            compiled[what] = compiling(templates, *what)
        return compiled[what]

    Environment.compile = compile_once  # type: ignore[method-assign]
    app.Site(Settings.parse({}))


def next_program(wishes: socket.socket) -> list[str]:
    """Returns in the process of each program that was wished for, with its arguments."""
    while True:
        wish, descriptors, _, _ = socket.recv_fds(wishes, 1 << 20, 4)
        if not wish:
            sys.exit()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork():
            for descriptor in descriptors:
                os.close(descriptor)
            continue
        wishes.close()
        *streams, telling = descriptors
        process = os.fork()
        if not process:
            os.close(telling)
            return become(json.loads(wish), streams)
        for descriptor in streams:
            os.close(descriptor)
        tell_of(process, socket.socket(fileno=telling))


def tell_of(process: int, telling: socket.socket) -> None:
    """Its number, and its end."""
    with suppress(OSError):
        telling.sendall(process.to_bytes(4))
    ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    exited = ended.si_code == os.CLD_EXITED
    with suppress(OSError):
        # As `waitpid` tells it.
        telling.sendall((ended.si_status << 8 if exited else ended.si_status).to_bytes(4))
        telling.recv(1)
    os._exit(0)


def become(wish: dict[str, Any], streams: list[int]) -> list[str]:
    """All that a process is given when it is started."""
    if wish["session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if wish["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(wish["folder"])
    os.environ.clear()
    os.environ.update(wish["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = anew(0, sys.stdin)
    sys.stdout = anew(1, sys.stdout)
    sys.stderr = anew(2, sys.stderr)
    sys.argv[1:] = wish["arguments"]
    return sys.argv[1:]


def anew(number: int, stream: Any) -> Any:
    """A standard stream, as it would be had the process been started with it."""
    lines = number == 2 or os.isatty(number)
    return open(
        number, stream.mode, encoding=stream.encoding, errors=stream.errors, closefd=False,
        buffering=1 if lines and number else -1,
    )  # fmt: skip


def leave(code: int) -> NoReturn:
    """End as the interpreter does, but for its taking to pieces what the system frees at once.

    That takes as long as a command, since every page of a loaded program would be copied first.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    # What nobody has waited for or closed is told of, as it is at every end.
    gc.collect()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        # The interpreter says so, and ends otherwise.
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    load()
    leave(main(next_program(socket.socket(fileno=int(sys.argv[1])))))
