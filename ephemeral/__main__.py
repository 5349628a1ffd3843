"""The program: `serve`, what operators need beside it, and the client's commands."""

import argparse
import asyncio
import gc
import http.client
import json
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from ephemeral import __version__
from ephemeral.settings import Settings, SettingsError, process_environment

__all__ = ["main"]

_ROOT = Path(__file__).resolve().parent.parent
_EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not listened on
_HEALTH_SECONDS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    _collect_seldom()
    parsed = parsed_command(sys.argv[1:] if arguments is None else arguments)
    if not hasattr(parsed, "run"):
        from ephemeral.client import cli  # noqa: PLC0415

        return cli.run(parsed, process_environment())
    run: Callable[[argparse.Namespace, Settings], int] = parsed.run
    try:
        return run(parsed, Settings.from_environment(Path.cwd()))
    except SettingsError as error:
        return _refused(error)


def parsed_command(given: Sequence[str]) -> argparse.Namespace:
    """A command and its options. Whoever asks for what isn't there is told, and the program ends.

    Those of operators have a `run`; those of the client are run by `ephemeral.client.cli`.
    """
    parser = argparse.ArgumentParser(
        prog="ephemeral",
        description="Anonymous, ephemeral, end-to-end encrypted rooms.",
    )
    parser.add_argument("--version", action="version", version=f"ephemeral {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_operator_commands(commands)
    if not given or given[0] not in commands.choices:
        # The client's libraries take a moment to load: the server starts without them. And so the
        # client does without the server's: each function below loads what it needs.
        from ephemeral.client import cli  # noqa: PLC0415

        cli.add_commands(commands)
        if given and not given[0].startswith("-") and given[0] not in commands.choices:
            # Not quoted: it may be a code.
            parser.error("there is no command of that name. `ephemeral --help` lists them.")
    return _parsed(parser, commands, given)


def _collect_seldom() -> None:
    """What a message leaves goes by its count of references; looking for circles finds nothing.

    Looking through all that is alive every few hundred objects was a sixteenth of the work, and a
    tenth of a start, which makes many objects that stay.
    """
    gc.set_threshold(20_000, 20, 20)


def _parsed(
    parser: argparse.ArgumentParser, commands: Any, given: Sequence[str]
) -> argparse.Namespace:
    """Like `parse_args`, but what is too much is not quoted: it may be a code."""
    parsed, surplus = parser.parse_known_args(_with_ids_tied(given))
    if surplus:
        # The usage that helps is the command's own.
        parser = commands.choices[parsed.command]
        options = [argument.partition("=")[0] for argument in surplus if argument.startswith("-")]
        if options:
            parser.error(f"there is no option {options[0]} here")
        parser.error(
            "this command takes nothing but options. A code is never an argument, where "
            "others could read it: it is asked for, or comes from EPHEMERAL_CODE or --code-fd."
        )
    return parsed


def _with_ids_tied(given: Sequence[str]) -> list[str]:
    """`--id -x` as `--id=-x`: one id in 64 begins with a hyphen and is no option."""
    tied: list[str] = []
    for argument in given:
        if tied and tied[-1] in {"--id", "--member"}:
            tied[-1] = f"{tied[-1]}={argument}"
        else:
            tied.append(argument)
    return tied


def _add_operator_commands(commands: Any) -> None:
    serve = commands.add_parser("serve", help="start the server")
    serve.set_defaults(run=_serve)
    # Started by `serve` and by nobody else, so it stands in no help.
    worker = commands.add_parser("worker")
    worker.add_argument("--listener", type=int, required=True)
    worker.set_defaults(run=_work)
    migrate = commands.add_parser("migrate", help="bring the database up to date, and end")
    migrate.set_defaults(run=_migrate)
    rotate = commands.add_parser(
        "rotate-keys", help="wrap all keys anew by the present encryption key; servers may run"
    )
    rotate.set_defaults(run=_rotate_keys)
    check = commands.add_parser(
        "check", help="see that a server can start here, making what it would (tables, keys)"
    )
    check.add_argument(
        "--accept-loss",
        action="store_true",
        help="destroy what nobody can open because its key is gone",
    )
    check.add_argument(
        "--health",
        action="store_true",
        help="ask the running server (HOST, PORT) whether it is ready",
    )
    check.set_defaults(run=_check)


def _refused(error: Exception) -> int:
    print(error, file=sys.stderr, flush=True)
    return 1


def _until_done(work: Coroutine[Any, Any, int], settings: Settings) -> int:
    """Run to the end; what an operator can mend is one sentence."""
    import uvloop  # noqa: PLC0415

    from ephemeral import faults  # noqa: PLC0415
    from ephemeral.edge.server import ListenRefused  # noqa: PLC0415
    from ephemeral.rooms.service.deployment import DeploymentRefused  # noqa: PLC0415
    from ephemeral.sealing.seals import KeyringUnusable  # noqa: PLC0415
    from ephemeral.store.start_error import StartError  # noqa: PLC0415

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        faults.install(settings.log_level, runner.get_loop(), settings.log_format)
        try:
            return runner.run(work)
        except (StartError, KeyringUnusable, DeploymentRefused, ListenRefused) as error:
            return _refused(error)
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130


# --- serve ----------------------------------------------------------------------------------------


def _serve(_arguments: argparse.Namespace, settings: Settings) -> int:
    from ephemeral.edge.server import ListenRefused, listen, many_files  # noqa: PLC0415

    try:
        listener = listen(settings.host, settings.port)
    except ListenRefused as error:
        return _refused(error)
    with listener:
        many_files()
        if settings.workers > 1:
            return _until_done(_minding(settings, listener), settings)
        return _until_done(_serving(settings, listener), settings)


def _work(arguments: argparse.Namespace, settings: Settings) -> int:
    with socket.socket(fileno=arguments.listener) as listener:
        return _until_done(_serving(settings, listener, minded=True), settings)


async def _minding(settings: Settings, listener: socket.socket) -> int:
    """Serve by several processes. The database is started and migrated here, once for all."""
    from app import key_source, migrated_pool  # noqa: PLC0415
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
        async with migrated_pool(settings):
            started = True
            code = await workers.run()
    except asyncio.CancelledError:
        if not started:
            return 0
        raise
    if code == 0:
        _tell(settings, "stopped", "Ephemeral has stopped.")
    return code


async def _serving(settings: Settings, listener: socket.socket, *, minded: bool = False) -> int:
    """Serve by this process. `minded`: it is one of several, and another speaks for them."""
    from app import create_app  # noqa: PLC0415
    from ephemeral.edge.metrics_api import metrics_port  # noqa: PLC0415
    from ephemeral.edge.server import Server  # noqa: PLC0415
    from ephemeral.edge.workers import READY, when_stdin_ends  # noqa: PLC0415

    app = create_app(settings, join_running=minded)

    def ready() -> None:
        if minded:
            print(READY, flush=True)
        else:
            _say_open(settings, listener)

    server = Server(
        app,
        ready,
        app.state.drain,
        request_seconds=settings.request_seconds,
        ping_seconds=settings.ping_seconds,
        drain_seconds=settings.drain_seconds,
        stop_seconds=settings.stop_seconds,
    )
    starting = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if server.started:
            server.stop()
        elif starting is not None:
            starting.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    watching = asyncio.create_task(when_stdin_ends(stop)) if minded else None
    try:
        with ExitStack() as stack:
            if settings.metrics_port is not None:
                # Each of several processes takes the next one that is free.
                ports = range(settings.metrics_port, settings.metrics_port + settings.workers)
                port = stack.enter_context(metrics_port(settings.host, ports))
                if not minded:
                    told = f"Metrics are served at port {port}."
                    _tell(settings, "metrics", told, port=str(port))
            async with app.router.lifespan_context(app):
                gc.collect()
                gc.freeze()
                await server.run_on(listener)
    except asyncio.CancelledError:
        if not server.started:
            return 0
        raise
    finally:
        if watching is not None:
            watching.cancel()
    if not minded:
        _tell(settings, "stopped", "Ephemeral has stopped.")
    return 0


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


def _migrate(_arguments: argparse.Namespace, settings: Settings) -> int:
    async def work() -> int:
        from app import migrated_pool  # noqa: PLC0415

        async with migrated_pool(settings, join_running=True):
            print("The database is up to date.")
        return 0

    return _until_done(work(), settings)


def _rotate_keys(_arguments: argparse.Namespace, settings: Settings) -> int:
    async def work() -> int:
        from app import key_source  # noqa: PLC0415
        from ephemeral.sealing.key_rotation import rotate_encryption_key  # noqa: PLC0415
        from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415

        directory = KeyringDirectory(settings.keyring_dir)
        done = rotate_encryption_key(directory, key_source(settings), secrets.token_bytes)
        print(
            f"{done.files} keys open by the present encryption key; "
            f"{done.rewrapped} of them were wrapped anew."
        )
        for name in done.damaged:
            print(f"{name} is damaged and opens by no key.", file=sys.stderr)
        return 1 if done.damaged else 0

    return _until_done(work(), settings)


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.health:
        return _health(settings)

    async def work() -> int:
        from app import key_source, migrated_pool  # noqa: PLC0415
        from ephemeral.sealing.keyring import accept_loss, find_loss  # noqa: PLC0415
        from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415
        from ephemeral.store.postgres import connection  # noqa: PLC0415

        source = key_source(settings)
        directory = KeyringDirectory(settings.keyring_dir)
        async with migrated_pool(settings, join_running=True) as pool, connection(pool) as one:
            if arguments.accept_loss:
                loss = await accept_loss(one, directory, source)
                print(f"{loss.payloads} payloads that nobody could open were destroyed.")
                if loss.later:
                    print(f"{len(loss.later)} keys of a later database were destroyed.")
                return 0
            loss = await find_loss(one, directory, source)
        if loss.epochs:
            print(
                f"{loss.payloads} stored payloads can't be opened: their keys are gone. Put the "
                "key files back, or run `ephemeral check --accept-loss` to destroy them.",
                file=sys.stderr,
            )
        if loss.later:
            print(
                f"There are {len(loss.later)} keys which this database has not made: it was set "
                "back. Set the right one, or run `ephemeral check --accept-loss` to destroy them.",
                file=sys.stderr,
            )
        if loss.epochs or loss.later:
            return 1
        print("All is well: the database can be reached, and every stored payload has its key.")
        print(_whose_addresses(settings))
        return 0

    return _until_done(work(), settings)


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


if __name__ == "__main__":
    sys.exit(main())
