"""What every command works with: its arguments, the environment, the descriptors, the server."""

import argparse
import asyncio
import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property

from ephemeral.client.addresses import Proxy, checked_address, chosen_proxy
from ephemeral.client.entry import Derive, Entry, accepted, address_in_link, enter
from ephemeral.client.output import Output
from ephemeral.client.seat_file import Seat, SeatFile, new_seat
from ephemeral.client.secret_input import typed_code
from ephemeral.client.text_input import read_all, read_text
from ephemeral.client.transport import Server
from ephemeral.protocol.config import Config
from ephemeral.protocol.keys import derive_root
from ephemeral.protocol.session import Session

__all__ = ["DEFAULT_SERVER", "SERVER_VARIABLE", "Context", "Keeping"]

SERVER_VARIABLE = "EPHEMERAL_SERVER"
DEFAULT_SERVER = "http://127.0.0.1:3000"


@dataclass(frozen=True, slots=True)
class Keeping:
    """A seat during a command. `file`: where it is kept afterwards; None: it is given up."""

    seat: Seat
    file: SeatFile | None

    def save(self, session: Session | None = None) -> None:
        """Keep what changed, in `session` too, if it is to be kept."""
        if session is not None:
            self.seat.counter = session.outbox.counter
            self.seat.counters = session.counters.highest()
            self.seat.generation = session.seat.generation
        if self.file is not None:
            self.file.save(self.seat)


def of_this_process(number: signal.Signals, call: Callable[[], object]) -> None:
    """Have a signal that this process gets call a function, in the loop that runs."""
    asyncio.get_running_loop().add_signal_handler(number, call)


@dataclass
class Context:
    """One run of one command. `heed` has a signal call a function of the command's. `tell` takes
    sentences where standard error would be drawn over."""

    args: argparse.Namespace
    environment: Mapping[str, str]
    stdin: int = 0
    output: Output = field(default_factory=lambda: Output(1))
    errors: Output = field(default_factory=lambda: Output(2))
    random: Callable[[int], bytes] = secrets.token_bytes
    derive: Derive = derive_root
    heed: Callable[[signal.Signals, Callable[[], object]], None] = of_this_process
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    tell: Callable[[str], object] | None = None

    def say(self, sentence: str) -> None:
        """A sentence for the person, on standard error."""
        if self.tell is not None:
            self.tell(sentence)
            return
        with suppress(OSError):
            os.write(self.errors.descriptor, f"ephemeral: {sentence}\n".encode())

    def reassure(self, sentence: str) -> None:
        """Like `say`, if a person looks: programs go by the exit code."""
        if self.errors.is_terminal() and not self.wants_json:
            self.say(sentence)

    def chance(self) -> float:
        """A random number from 0 to 1."""
        return int.from_bytes(self.random(4), "big") / 2**32

    @property
    def wants_json(self) -> bool:
        """Whether output is for programs."""
        return bool(getattr(self.args, "json", False))

    async def put(self, text: str) -> None:
        """A line on standard output."""
        await self.output.write(f"{text}\n".encode())

    async def put_json(self, value: Mapping[str, object]) -> None:
        """A JSON object on a line of standard output."""
        await self.put(self.json_line(value))

    @staticmethod
    def json_line(value: Mapping[str, object]) -> str:
        """A JSON object on a line, in ASCII: a terminal obeys none of it."""
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
        return text.replace("\x7f", "\\u007f")

    def prepare(self, needs: Collection[str]) -> None:
        """Ask for what a command needs, before its loop starts: a prompt must not stop the loop."""
        if "code" in needs:
            _ = self.typed
        if "text" in needs:
            _ = self.text
        if "input" in needs:
            _ = self.input

    @cached_property
    def typed(self) -> str:
        """The code or link as it was typed; asked for once."""
        return typed_code(self.args.code_fd, self.environment)

    @cached_property
    def text(self) -> str:
        """The text of a message, from --text-file or standard input; read once."""
        return read_text(self.args.text_file, self.stdin)

    @cached_property
    def input(self) -> bytes:
        """Everything on standard input; read once."""
        return read_all(self.stdin)

    def server(self, *, patience: float = 0, with_code: bool = True) -> Server:
        """The server: as the command line, the environment, the link, or the default says."""
        address = self.args.server or self.environment.get(SERVER_VARIABLE)
        if not address and with_code:
            address = address_in_link(self.typed)
        address, proxy = self.way(address or DEFAULT_SERVER)
        return Server(address, patience=patience, authorities=self.args.cafile, proxy=proxy)

    def way(self, address: str) -> tuple[str, Proxy | None]:
        """An address, checked, and the proxy through which one gets there."""
        address = checked_address(address, allow_http=self.args.allow_http)
        return address, chosen_proxy(address, self.args.proxy, self.environment)

    async def config(self, server: Server) -> Config:
        """What the server says of itself, unless nobody accepts its derivation."""
        return accepted(await server.config(), allow_pbkdf2=self.args.allow_pbkdf2)

    @asynccontextmanager
    async def entry(self, *, patience: float = 0) -> AsyncIterator[Entry]:
        """The room of the code, found and verified."""
        async with self.server(patience=patience) as server:
            yield await enter(
                server, self.typed, derive=self.derive, allow_pbkdf2=self.args.allow_pbkdf2
            )

    @contextmanager
    def keeping(self, entry: Entry) -> Iterator[Keeping]:
        """The seat of `--seat FILE`, locked; without that a new one."""
        if self.args.seat is None:
            yield Keeping(new_seat(self.random, entry.charter.nonce), None)
            return
        with SeatFile(self.args.seat, self.random) as file:
            yield Keeping(file.load(entry.charter.nonce), file)
