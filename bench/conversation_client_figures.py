"""`python -m bench.conversation_client_figures`: what conversations cost a client in Python.

Without a server: what a device itself spends on beginning an epoch (the record, its boxes, its
signature, and having it on the disk), on coming to 500 conversations in which nothing is new, and
on reading 1,000 messages. Medians; the disk is that of the temporary folder.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.kept import Kept, SealingSecret
from ephemeral.client.conversations import following
from ephemeral.client.conversations.beginning import Beginning
from ephemeral.client.conversations.epochs import RENEW, Epochs
from ephemeral.client.conversations.keeping_up import KeepingUp
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.reading import Reading
from ephemeral.client.conversations.registers import Registers
from ephemeral.client.conversations.served import Item, LogPage, Summary
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.accounts.chain import Signed, add, genesis
from ephemeral.protocol.accounts.hpke import PrivateKey
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import consent, device_id
from ephemeral.protocol.conversations import contents, making
from ephemeral.protocol.conversations.epochs import box_info, message_key, seal_boxes, sign_record
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.log import MESSAGE, RECORD, Log, digest
from ephemeral.protocol.conversations.messages import seal_message
from ephemeral.protocol.conversations.records import ADMIN, MEMBER, SignedRecord

DEVICES = {2: (2, 1), 20: (10, 2), 100: (10, 10)}
TARGETS = {2: 50, 20: 150, 100: 600}
CONVERSATIONS, MESSAGES, PAGE = 500, 1_000, 100


class Crowd:
    """People with devices of whom nobody keeps anything but this process; the first is `self`."""

    def __init__(self, people: int, devices: int) -> None:
        self.lines: dict[bytes, Line] = {}
        self.keys: dict[bytes, SealingKey] = {}
        self.signing: list[SigningKey] = []
        self.statements: list[list[Signed]] = []
        self.secret = PrivateKey.generate(os.urandom)
        for _ in range(people):
            self._person(devices)
        self.me = next(iter(self.lines))
        self.device = device_id(self.signing[0].public)

    def _person(self, devices: int) -> None:
        first = SigningKey.generate(os.urandom)
        statements = [genesis(first, SigningKey.generate(os.urandom).public, bytes(32))]
        line = Line.of(statements)
        self._device(first)
        for _ in range(devices - 1):
            key = SigningKey.generate(os.urandom)
            statements.append(add(line.last, first, key.public, consent(key, line.id)))
            line = line.extend(statements[-1])
            self._device(key)
        self.lines[line.id] = line
        self.statements.append(statements)

    def _device(self, key: SigningKey) -> None:
        self.signing.append(key)
        self.keys[device_id(key.public)] = SealingKey(1, 0, self.secret.public)

    def kept(self) -> Kept:
        """What the first device keeps of its account."""
        kept = Kept("http://127.0.0.1:3000", "figure.00000", bytes(32))
        kept.seed = self.signing[0].seed
        kept.sealing = [SealingSecret(1, 0, self.secret.seed)]
        kept.pin = self.lines[self.me].last.pin
        kept.statements = [one.encode() for one in self.statements[0]]
        return kept


class Place:
    """A device's file, and the parts that use it."""

    def __init__(self, crowd: Crowd, folder: Path) -> None:
        self.crowd = crowd
        context = SimpleNamespace(random=os.urandom)
        self.account = cast(
            "Account",
            SimpleNamespace(kept=crowd.kept(), context=context, now=0, save=lambda: None),
        )
        self.path = folder / "figure.conversations"
        self.service = cast("Any", SimpleNamespace())
        self.open()

    def open(self) -> None:
        """As a command opens it."""
        self.store = Store(self.path, self.crowd.device, bytes(32), os.urandom)
        parts = (self.account, self.store, cast("Service", self.service))
        self.people = People(*parts)
        registers, beginning = Registers(self.store), Beginning(*parts, self.people)
        self.reading = Reading(*parts, self.people, beginning, registers.take)
        self.up = KeepingUp(*parts, self.people, beginning, self.reading, registers)
        ways = (self.up.read_on, self.up.look_again)
        self.epochs = Epochs(*parts, self.people, *ways)

    def know(self) -> None:
        """All chains were read."""
        with self.store.writing("chains"):
            self.store.do_many(
                "INSERT OR IGNORE INTO statements VALUES (?, ?, ?)",
                [
                    (chain, one.statement.sequence, one.encode())
                    for chain, statements in zip(
                        self.crowd.lines, self.crowd.statements, strict=True
                    )
                    for one in statements
                ],
            )

    def founded(self) -> following.Following:
        """A conversation of all, of which this device has read the first record."""
        crowd, seed, conversation = self.crowd, os.urandom(32), os.urandom(16)
        roles = {one: ADMIN if one == crowd.me else MEMBER for one in crowd.lines}
        record = making.founding(conversation, roles, crowd.lines, crowd.keys, crowd.device, seed)
        # Boxes that nobody opens here.
        signed = sign_record(crowd.signing[0], record.encode(), [bytes(1168)] * len(record.devices))
        log = Log.first(conversation).next(RECORD, crowd.device, digest(signed.entry()))
        one = following.Following(
            conversation, following.FOLLOWING, "contact", signed, 1, log, 1, 1
        )
        one.reach(log)
        with self.store.writing("founded"):
            following.keep_record(self.store, signed, 1, 0, seed)
            following.save(self.store, one)
        return one


@contextmanager
def place(people: int, devices: int) -> Iterator[Place]:
    """A device among so many people with so many devices each."""
    with tempfile.TemporaryDirectory() as folder:
        made = Place(Crowd(people, devices), Path(folder))
        made.know()
        yield made
        made.store.close()


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The median of so many runs."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return 1000 * statistics.median(spent)


def beginning(count: int) -> float:
    """An epoch with so many devices, until it can be posted."""
    with place(*DEVICES[count]) as here:
        one, crowd = here.founded(), here.crowd

        def begin() -> None:
            seed = os.urandom(32)
            record = making.renewal(
                one.record, here.people, crowd.keys, one.log.place, one.log.hash, crowd.device, seed
            )
            here.epochs.drafted(record, crowd.keys, seed, RENEW)

        return milliseconds(begin, 9)


def coming() -> float:
    """Opening the file with 500 conversations of four people, and finding nothing new."""
    with place(4, 2) as here:
        made = [here.founded() for _ in range(CONVERSATIONS)]
        summaries = [
            Summary(one.conversation, 1, one.signed.hash, 1, one.log.hash, 1, 1) for one in made
        ]

        async def listed() -> list[Summary]:
            return summaries

        here.service.listed = listed
        here.store.close()

        def come() -> None:
            here.open()
            asyncio.run(here.up.all())
            here.store.close()

        spent = milliseconds(come, 5)
        here.open()
        return spent


def reading() -> float:
    """A thousand messages of somebody else's, each read, judged and written down; of all."""
    with place(2, 1) as here:
        one = here.founded()
        entries = written(here, one)

        async def log(_conversation: bytes, after: int) -> LogPage:
            items, last = entries[after - 1 : after - 1 + PAGE], entries[-1]
            return LogPage(items, last.s, hashes[last.s], 1, one.signed.hash, items[-1] != last)

        hashes = {1: one.log.hash}
        at = one.log
        for item in entries:
            at = at.next(MESSAGE, item.device, item.digest)
            hashes[at.place] = at.hash
        here.service.log = log
        begun = time.perf_counter()
        asyncio.run(here.reading.read_on(one))
        spent = 1000 * (time.perf_counter() - begun)
        (shown,) = here.store.all("SELECT count(*) FROM news")
        assert shown == (MESSAGES,), shown
        return spent


def written(here: Place, one: following.Following) -> list[Item]:
    """What the other person has written."""
    signing, signed = here.crowd.signing[1], one.signed
    device = device_id(signing.public)
    seed = following.seed_of(here.store, one.conversation, 1)
    assert seed is not None
    key = message_key(seed, signed.hash, device)
    found = []
    for number in range(MESSAGES):
        content = contents.encode("text", 0, {"text": f"text {number}", "mentions": []})
        name = os.urandom(16)
        entry = seal_message(
            key, 1, one.conversation, signed.hash, device, name, one.log.place, one.log.hash,
            os.urandom(12), signing, content,
        )  # fmt: skip
        found.append(Item(number + 2, MESSAGE, device, 0, digest(entry), name, entry))
    return found


def opening() -> float:
    """A box, until its seed is known."""
    with place(2, 1) as here:
        one, crowd = here.founded(), here.crowd
        seed = os.urandom(32)
        data = making.renewal(
            one.record, crowd.lines, crowd.keys, 1, one.log.hash, crowd.device, seed
        ).encode()
        named = [crowd.device]
        (box,) = seal_boxes(SignedRecord(data, b"", ()).hash, [crowd.secret.public], named, seed)
        return milliseconds(lambda: _open(crowd, data, box), 50)


def _open(crowd: Crowd, data: bytes, box: bytes) -> None:
    info = box_info(SignedRecord(data, b"", ()).hash, crowd.device)
    PrivateKey(crowd.secret.seed).unseal(info, box)


def main() -> None:
    """Print all of it."""
    for count, target in TARGETS.items():
        print(f"begin an epoch, {count:3} devices   {beginning(count):7.1f} ms  (target {target})")
    print(f"open a box                     {opening():7.1f} ms")
    print(f"{CONVERSATIONS} idle conversations         {coming():7.1f} ms  (target 3000)")
    print(f"read {MESSAGES} messages             {reading():7.1f} ms")


if __name__ == "__main__":
    main()
