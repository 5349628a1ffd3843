"""What an operator starts: the server, its workers, and what is needed beside them."""

import argparse
import asyncio
import gc
import http.client
import json
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from ephemeral.settings import Settings

if TYPE_CHECKING:
    from app import Application
    from ephemeral.edge.server import Server

__all__ = [
    "backup",
    "check",
    "invite",
    "migrate",
    "refused",
    "restore",
    "restore_accept",
    "rotate_keys",
    "serve",
    "until_done",
    "work_for_supervisor",
]

_EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not listened on
_HEALTH_SECONDS = 4
# What a server opens beside connections and its pool: files of keys, Redis, a certificate, names
# that are looked up, those who ask for metrics.
_DESCRIPTORS = 32


def refused(error: Exception) -> int:
    print(error, file=sys.stderr, flush=True)
    return 1


def until_done(work: Coroutine[Any, Any, int], settings: Settings) -> int:
    """Run to the end; what an operator can mend is one sentence."""
    import uvloop  # noqa: PLC0415

    from ephemeral import faults  # noqa: PLC0415
    from ephemeral.edge.server import ListenRefused  # noqa: PLC0415
    from ephemeral.sealing.seals import KeyringUnusable  # noqa: PLC0415
    from ephemeral.store.postgres import CLOSED, StoreUnavailable  # noqa: PLC0415
    from ephemeral.store.start_error import StartError  # noqa: PLC0415

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        faults.install(settings.log_level, runner.get_loop(), settings.log_format)
        try:
            return runner.run(work)
        except (StartError, KeyringUnusable, ListenRefused) as error:
            return refused(error)
        except StoreUnavailable as error:
            # A trouble of the database has been told by the log.
            return refused(StartError(CLOSED)) if error.trouble is None else 1
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130


# --- serve ----------------------------------------------------------------------------------------


def serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from ephemeral.edge.connections import many_files  # noqa: PLC0415
    from ephemeral.edge.server import ListenRefused, listen  # noqa: PLC0415

    try:
        listener = listen(settings.host, settings.port)
    except ListenRefused as error:
        return refused(error)
    with listener:
        many_files()
        if settings.workers > 1:
            work = _minding(settings, listener, arguments.accept_clock)
        else:
            work = _serving(settings, listener, accept_clock=arguments.accept_clock)
        return until_done(work, settings)


def work_for_supervisor(arguments: argparse.Namespace, settings: Settings) -> int:
    with socket.socket(fileno=arguments.listener) as listener:
        return until_done(_serving(settings, listener, minded=True), settings)


async def _minding(settings: Settings, listener: socket.socket, accept_clock: bool) -> int:
    """Serve by several processes. The database is started and migrated here, once for all."""
    from app import key_source, migrated_pool, trust_clock  # noqa: PLC0415
    from ephemeral.edge.workers import Workers  # noqa: PLC0415

    workers = Workers(settings.workers, listener, lambda: _say_open(settings, listener))
    starting = asyncio.current_task()
    loop = asyncio.get_running_loop()
    started = False

    def stop() -> None:
        if started:
            workers.stop()
        elif starting is not None:
            starting.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        key_source(settings)
        async with migrated_pool(settings) as pool:
            if accept_clock:
                await trust_clock(settings, pool)
            started = True
            code = await workers.run()
    except asyncio.CancelledError:
        if not started:
            return 0
        raise
    if code == 0:
        _tell(settings, "stopped", "Ephemeral has stopped.")
    return code


async def _serving(
    settings: Settings,
    listener: socket.socket,
    *,
    minded: bool = False,
    accept_clock: bool = False,
) -> int:
    """Serve by this process. `minded`: it is a worker, and its supervisor prints for all."""
    from app import serving  # noqa: PLC0415
    from ephemeral.edge.metrics_api import metrics_port  # noqa: PLC0415
    from ephemeral.edge.workers import READY, when_stdin_ends  # noqa: PLC0415

    def ready() -> None:
        if minded:
            print(READY, flush=True)
        else:
            _say_open(settings, listener)

    starting = asyncio.current_task()
    loop = asyncio.get_running_loop()

    server: Server | None = None

    def stop() -> None:
        if server is not None and server.started:
            server.stop()
        elif starting is not None:
            starting.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)

    def end() -> None:
        stop()
        if server is not None:
            # Drained are those who are to come back elsewhere. There is nobody any more.
            stop()

    def orphaned() -> None:
        loop.call_soon_threadsafe(end)

    if minded:
        when_stdin_ends(orphaned)
    try:
        with ExitStack() as stack:
            if settings.metrics_port is not None:
                # Each of several processes takes the next one that is free.
                ports = range(settings.metrics_port, settings.metrics_port + settings.workers)
                port = stack.enter_context(metrics_port(settings.host, ports))
                if not minded:
                    told = f"Metrics are served at port {port}."
                    _tell(settings, "metrics", told, port=str(port))
            joined = serving(settings, join_running=minded, accept_clock=accept_clock)
            async with joined as app:
                server = _server(settings, app, ready)
                gc.collect()
                gc.freeze()
                await server.run_on(listener)
    except asyncio.CancelledError:
        if server is None or not server.started:
            return 0
        raise
    if not minded:
        _tell(settings, "stopped", "Ephemeral has stopped.")
    return 0


def _server(settings: Settings, app: "Application", ready: Callable[[], None]) -> "Server":
    from ephemeral.edge.server import Server  # noqa: PLC0415

    return Server(
        app,
        ready,
        app.drain,
        reserved=settings.database_pool_size + _DESCRIPTORS,
        request_seconds=settings.request_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        ping_seconds=settings.ping_seconds,
        drain_seconds=settings.drain_seconds,
        stop_seconds=settings.stop_seconds,
    )


def _say_open(settings: Settings, listener: socket.socket) -> None:
    address = _address(settings, listener)
    told = f"Ephemeral is open at {address} (codes stay in the browser, they never come here)"
    _tell(settings, "started", told, address=address)


def _tell(settings: Settings, event: str, sentence: str, **fields: str) -> None:
    from ephemeral import faults  # noqa: PLC0415

    print(faults.line(settings.log_format, "info", event, sentence, **fields), flush=True)


def _address(settings: Settings, listener: socket.socket) -> str:
    host = "localhost" if settings.host in _EVERYWHERE else settings.host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}{settings.base_path}/"


# --- what operators need beside it ----------------------------------------------------------------


def migrate(_arguments: argparse.Namespace, settings: Settings) -> int:
    async def work() -> int:
        from app import migrated_pool  # noqa: PLC0415

        async with migrated_pool(settings, join_running=True):
            print("The database is up to date.")
        return 0

    return until_done(work(), settings)


def rotate_keys(_arguments: argparse.Namespace, settings: Settings) -> int:
    async def work() -> int:
        from app import key_source  # noqa: PLC0415
        from ephemeral.sealing.key_rotation import rotate_encryption_key  # noqa: PLC0415
        from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415
        from ephemeral.store.counted import counted  # noqa: PLC0415

        directory = KeyringDirectory(settings.keyring_dir)
        done = rotate_encryption_key(directory, key_source(settings), secrets.token_bytes)
        print(
            f"{counted(done.files, 'key')} can be opened by the present encryption key; "
            f"{done.rewrapped} of them were wrapped anew."
        )
        for name in done.damaged:
            print(f"{name} is damaged and opens by no key.", file=sys.stderr)
        return 1 if done.damaged else 0

    return until_done(work(), settings)


def backup(arguments: argparse.Namespace, settings: Settings) -> int:
    from ephemeral import backups  # noqa: PLC0415

    return until_done(backups.backup(settings, arguments.file), settings)


def restore(arguments: argparse.Namespace, settings: Settings) -> int:
    from ephemeral import backups  # noqa: PLC0415

    return until_done(backups.restore(settings, arguments.file), settings)


def restore_accept(_arguments: argparse.Namespace, settings: Settings) -> int:
    from ephemeral import backups  # noqa: PLC0415

    return until_done(backups.accept(settings), settings)


def invite(_arguments: argparse.Namespace, settings: Settings) -> int:
    if settings.accounts == "false":
        return refused(ValueError("ACCOUNTS is false: there is nothing to invite anybody to."))

    async def work() -> int:
        from app import key_source, migrated_pool  # noqa: PLC0415
        from ephemeral.accounts.service.invitations import invite  # noqa: PLC0415
        from ephemeral.sealing.keyring import Keyring  # noqa: PLC0415
        from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415
        from ephemeral.store.postgres import connection  # noqa: PLC0415

        source, directory = key_source(settings), KeyringDirectory(settings.keyring_dir)
        async with migrated_pool(settings, join_running=True) as pool:
            async with connection(pool) as one:
                keyring = await Keyring.open(one, directory, source, secrets.token_bytes)
            made = await invite(pool, keyring.index_key, secrets.token_bytes)
        print(made.text)
        print("One account can be made with it, within 7 days.", file=sys.stderr)
        return 0

    return until_done(work(), settings)


def check(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.health:
        return _health(settings)
    if arguments.store or arguments.public is not None:
        from ephemeral.store_commands import check_objects  # noqa: PLC0415

        return until_done(check_objects(settings, arguments), settings)

    async def work() -> int:
        from app import key_source, migrated_pool  # noqa: PLC0415
        from ephemeral.sealing.history import accept_clock, doubted_clock  # noqa: PLC0415
        from ephemeral.sealing.keyring import accept_loss, find_loss  # noqa: PLC0415
        from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415
        from ephemeral.sealing.mark import this_machine  # noqa: PLC0415
        from ephemeral.store.counted import counted  # noqa: PLC0415
        from ephemeral.store.postgres import connection  # noqa: PLC0415
        from ephemeral.store.readiness import Needs  # noqa: PLC0415

        source = key_source(settings)
        directory = KeyringDirectory(settings.keyring_dir)
        async with migrated_pool(settings, join_running=True) as pool, connection(pool) as one:
            await Needs().require(pool)
            if arguments.accept_clock:
                await accept_clock(one, directory, this_machine())
                print("The database's clock is taken for right.")
                return 0
            if arguments.accept_loss:
                loss = await accept_loss(one, directory, source)
                print(f"Destroyed: {counted(loss.payloads, 'payload')} that nobody could open.")
                return 0
            loss = await find_loss(one, directory, source)
            wrong = await doubted_clock(one, directory, this_machine())
        if loss.epochs:
            print(
                f"{counted(loss.payloads, 'stored payload')} can't be opened: keys are gone. Put "
                "the key files back, or run `ephemeral check --accept-loss` to destroy them.",
                file=sys.stderr,
            )
        if wrong is not None:
            print(wrong, file=sys.stderr)
        if loss.epochs or wrong is not None:
            return 1
        print("All is well: the database can be reached, and every stored payload has its key.")
        print(_whose_addresses(settings))
        return 0

    return until_done(work(), settings)


def _whose_addresses(settings: Settings) -> str:
    """By which addresses is counted. Only the operator knows whether that is right."""
    if not settings.trusted_proxies:
        return (
            "TRUSTED_PROXIES is empty: limits go by the address of each connection. Behind a proxy "
            "that is the proxy's, and everybody shares what is meant for one."
        )
    named = ", ".join(map(str, settings.trusted_proxies))
    return f"TRUSTED_PROXIES: limits go by the addresses that {named} tell."


def _health(settings: Settings) -> int:
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    status, why = 0, f"No server answers at port {settings.port} of {host}."
    with suppress(OSError, http.client.HTTPException):
        asked = http.client.HTTPConnection(host, settings.port, timeout=_HEALTH_SECONDS)
        asked.request("GET", f"{settings.base_path}/readyz")
        answer = asked.getresponse()
        status, why = answer.status, f"The server is not ready.{_reason(answer.read())}"
        asked.close()
    if status == 200:
        print("The server is ready.")
        return 0
    print(why, file=sys.stderr)
    return 1


def _reason(body: bytes) -> str:
    """What the server says about it, after a space, if that is fit for a terminal."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f" {message}" if isinstance(message, str) and message.isprintable() else ""
