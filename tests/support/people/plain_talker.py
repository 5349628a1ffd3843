"""A client of conversations as docs/conversations.md, section 10, has it, and no more.

Nothing of ephemeral/client is in it. It keeps everything in memory: `store:` of the pseudo-code is
where a line of this file ends.
"""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from support.people.account_people import DAY_MS, AccountHolder, Machine, Refused
from support.people.plain_judge import ZERO, PlainJudge, parted, sha

from ephemeral.protocol.accounts import canonical_json, hpke
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing, verify_sealing
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.conversations import contents, epochs, messages
from ephemeral.protocol.conversations.leaves import sign_leave
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.records import SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal

Json = dict[str, Any]
ATTEMPTS = 12


class Stopped(Exception):
    """It goes no further, and says why."""


class Person(AccountHolder):
    """An account whose devices have sealing keys of their own."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.private: dict[bytes, hpke.PrivateKey] = {}

    def sealing(self, machine: Machine, chain: bytes) -> dict[str, object]:
        """The machine's next sealing key."""
        machine.number += 1
        key = hpke.PrivateKey.generate(os.urandom)
        self.private[sha(key.public)] = key
        day = self.now // DAY_MS
        named = SealingKey(machine.number, day, key.public)
        signature = sign_sealing(machine.key, chain, machine.id, named)
        return {
            "number": machine.number, "day": day, "key": b64encode(key.public),
            "signature": b64encode(signature),
        }  # fmt: skip


@dataclass
class Kept:
    """What 10.1 says is kept of a conversation."""

    state: str = "none"
    record: bytes = b""
    place: int = 0
    first: int | None = None
    seed: dict[str, bytes | None] = field(default_factory=dict)
    s: int = 0
    h: bytes = b""
    hashes: dict[int, bytes] = field(default_factory=dict)
    met: set[tuple[bytes, str]] = field(default_factory=set)
    outbox: list[Json] = field(default_factory=list)
    draft: Json | None = None
    #: What was shown: (place, text or code).
    shown: list[tuple[int, str]] = field(default_factory=list)

    @property
    def r(self) -> Json:
        """The record in force, and its R."""
        return read(self.record)

    def begin_at(self, entry: bytes, s: int, h: bytes) -> None:
        """Read on from a record that isn't reached yet."""
        self.record, self.place, self.s, self.h = entry, 0, s, h
        self.hashes = {s: h}


def read(entry: bytes) -> Json:
    data, _, _ = parted(entry)
    record: Json = dict(canonical_json.decode(data))  # type: ignore[call-overload]
    return record | {"R": b64encode(sha(data))}


def next_hash(h: bytes, item: Json) -> bytes:
    """5.1."""
    head = h + item["s"].to_bytes(8, "big") + bytes([item["kind"]])
    return sha(head + b64decode(item["device"]) + b64decode(item["digest"]))


class PlainTalker:
    """One device of a person. `asked` counts requests by what they are."""

    def __init__(self, person: Person, machine: Machine) -> None:
        self.person = person
        self.machine = machine
        self.device = machine.id
        self.line: dict[str, Line] = {}
        self.kept: dict[str, Kept] = {}
        self.contacts: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A request; what was refused is counted."""
        self.asked[method] += 1
        try:
            return await self.person.ask(self.machine, method, path, body)
        except Refused as refusal:
            self.refused[refusal.code] += 1
            raise

    # --- 10.2 -------------------------------------------------------------------------------------

    async def fetch(self, chains: dict[str, int | None]) -> None:
        for chain, upto in chains.items():
            line = self.line.get(chain)
            if line is not None and upto is not None and line.last.sequence >= upto:
                continue
            after = "" if line is None else f"?after={line.last.sequence}"
            said = (await self.ask("GET", f"/chains/{chain}{after}"))["statements"]
            signed = [Signed.decode(b64decode(one)) for one in said]
            for one in signed if line is not None else []:
                line = line.extend(one)
            self.line[chain] = line or Line.of(signed)

    async def settle(self, before: Json | None, entry: bytes) -> str:
        judge = PlainJudge(before, entry, self.line)
        for _ in range(2):
            outcome, missing = judge.judge(complete=False)
            if outcome != "waiting":
                return outcome
            await self.fetch(dict.fromkeys(missing))
        return judge.judge(complete=True)[0]

    # --- 10.3 -------------------------------------------------------------------------------------

    async def records(self, c: str, after: int) -> list[Json]:
        found: list[Json] = []
        more = True
        while more:
            last = found[-1]["epoch"] if found else after
            page = await self.ask("GET", f"/chatrooms/{c}/epochs?after={last}")
            found, more = found + page["epochs"], page["more"]
        return found

    async def meet(self, c: str) -> Kept:
        k = self.kept[c] = Kept()
        records = await self.records(c, 0)
        entries = [b64decode(one["entry"]) for one in records]
        self.require(k, await self.settle(None, entries[0]))
        if not self.has_reason(read(entries[0])):
            k.state = "request"
            raise Stopped("request")
        i = 0
        while not self.lists(read(entries[i])) and i + 1 < len(entries):
            self.require(k, await self.settle(read(entries[i]), entries[i + 1]))
            i += 1
        record = read(entries[i])
        k.first = records[i]["s"] if self.lists(record) else None
        k.begin_at(entries[i], record["seen"], b64decode(record["log"]))
        k.seed[record["R"]] = self.opened(k, records[i])
        k.state = "following"
        await self.read(c)
        return k

    def require(self, k: Kept, outcome: str) -> None:
        if outcome != "good":
            k.state = f"refused({outcome})"
            raise Stopped(k.state)

    @property
    def me(self) -> str:
        return b64encode(self.person.chain.id)

    def has_reason(self, record: Json) -> bool:
        """3.2, a."""
        me = next((one for one in record["people"] if one["chain"] == self.me), None)
        author = self.owner(record, record["by"])
        known = author["chain"] in self.contacts | {self.me} and author["role"] == "admin"
        return me is not None and (
            (me["since"] == record["epoch"] and known) or author["chain"] == self.me
        )

    def lists(self, record: Json) -> bool:
        return any(b64decode(one["device"]) == self.device for one in record["devices"])

    def owner(self, record: Json, device: str) -> Json:
        """Under whom a device is listed (2.6)."""
        most = max(2, 100 // len(record["people"]))
        for person in record["people"]:
            state = self.line[person["chain"]].at(person["sequence"])
            assert state is not None
            if b64decode(device) in [one.id for one in state.devices[:most]]:
                return dict(person)
        raise Stopped("nobody's device")

    def opened(self, k: Kept, e: Json) -> bytes | None:
        signed = SignedRecord.read(b64decode(e["entry"]))
        at = next(
            (n for n, one in enumerate(signed.record.devices) if one.device == self.device), -1
        )
        if at < 0 or e["box"] is None:
            return None
        key = self.person.private.get(signed.record.devices[at].sealing)
        if key is None:
            return None
        try:
            return epochs.open_box(key, signed, self.device, b64decode(e["box"]))
        except Refusal as refusal:
            k.shown.append((e["s"], refusal.code))
            return None

    # --- 10.4 -------------------------------------------------------------------------------------

    async def read(self, c: str) -> None:
        k = self.kept[c]
        more, again = True, False
        while more and k.state.startswith(("following", "refused")):
            try:
                page = await self.ask("GET", f"/chatrooms/{c}/messages?after={k.s}")
            except Refused as refusal:
                if refusal.code == "not_found":
                    k.state = "gone"
                    return
                if refusal.code != "behind":
                    raise
                await self.skip(c, refusal.args[1]["details"]["first"])
                continue
            if self.is_other(k, page):
                self.require(k, "log_fork" if again else "good")
                again = True
                await self.back(c)
                continue
            for item in page["entries"]:
                entry = b64decode(item["entry"]) if "entry" in item else None
                digest = b64decode(item["digest"])
                if item["s"] != k.s + 1 or (entry is not None and sha(entry) != digest):
                    raise Stopped("a server's fault")
                h = next_hash(k.h, item)
                if item["kind"] == 1:
                    if not await self.a_record(c, k, item):
                        break
                else:
                    self.a_message(k, item, entry)
                k.s, k.h = item["s"], h
                k.hashes[k.s] = h
            more = page["more"] or k.s < page["s"]
        if k.state == "following" and k.first is not None:
            await self.ask("POST", f"/chatrooms/{c}/ack", {"cursor": k.s})

    def is_other(self, k: Kept, page: Json) -> bool:
        """Whether a page goes on from something else than what was read."""
        h = k.h
        for item in page["entries"]:
            h = next_hash(h, item)
        return k.s + len(page["entries"]) == page["s"] and h != b64decode(page["hash"])

    async def a_record(self, c: str, k: Kept, item: Json) -> bool:
        """Whether reading goes on behind it: not where `skip` has gone elsewhere."""
        if b64decode(item["digest"]) == sha(k.record):
            k.place = item["s"]
            return True
        if k.place == 0:
            return True
        before = k.r
        records = (await self.ask("GET", f"/chatrooms/{c}/epochs?after={before['epoch']}"))[
            "epochs"
        ]
        if not records or sha(b64decode(records[0]["entry"])) != b64decode(item["digest"]):
            await self.skip(c, item["s"] + 1)
            return False
        e = records[0]
        entry = b64decode(e["entry"])
        record = read(entry)
        outcome = await self.settle(before, entry)
        if outcome == "good" and item["device"] != record["by"]:
            outcome = "record_author"
        if outcome == "good" and k.hashes.get(record["seen"]) != b64decode(record["log"]):
            outcome = "log_fork"
        if outcome != "good":
            k.state = f"refused({outcome})"
            return True
        if self.me not in [one["chain"] for one in record["people"]]:
            k.state = "gone"
            return True
        mine = k.draft is not None and k.draft["R"] == record["R"]
        seed = k.draft["seed"] if mine and k.draft is not None else self.opened(k, e)
        if self.lists(record) and k.first is None:
            k.first = item["s"]
        k.shown.append((item["s"], f"epoch {record['epoch']}"))
        k.record, k.place, k.draft = entry, item["s"], None
        k.seed = {record["R"]: seed}
        k.hashes = {at: h for at, h in k.hashes.items() if at >= record["seen"]}
        for one in k.outbox:
            one["entry"] = None
        return True

    def a_message(self, k: Kept, item: Json, entry: bytes | None) -> None:
        key = (b64decode(item["device"]), item["id"])
        if key in k.met:
            k.shown.append((item["s"], "message_again"))
            return
        k.met.add(key)
        if entry is None or k.state != "following":
            return
        if key[0] == self.device:
            k.outbox = [one for one in k.outbox if b64encode(one["id"]) != item["id"]]
        seed = k.seed.get(k.r["R"])
        if seed is None:
            k.shown.append((item["s"], "can't be read here"))
            return
        lines = {b64decode(chain): one for chain, one in self.line.items()}
        try:
            opened = messages.open_message(
                seed, SignedRecord.read(k.record), k.place, lines, entry, item["s"], key[0],
                k.hashes.get,
            )  # fmt: skip
        except Refusal as refusal:
            k.shown.append((item["s"], refusal.code))
            return
        k.shown.append((item["s"], str(opened.content.body.get("text", opened.content.kind))))

    async def skip(self, c: str, to: int) -> None:
        k = self.kept[c]
        line = [{"entry": b64encode(k.record), "s": k.place, "box": None}]
        served = await self.records(c, k.r["epoch"])
        goes_on = not served or read(b64decode(served[0]["entry"]))["previous"] == k.r["R"]
        if goes_on:
            for one in served:
                before = read(b64decode(line[-1]["entry"]))
                self.require(k, await self.settle(before, b64decode(one["entry"])))
                line.append(one)
        else:
            newest = b64decode(served[-1]["entry"])
            self.require(k, await self.settle(None, newest))
            people = [one["chain"] for one in k.r["people"]]
            record = read(newest)
            known = self.owner(record, record["by"])["chain"] in people
            there = self.me in [one["chain"] for one in record["people"]]
            self.require(k, "good" if known and there else "record_gone")
            line = [served[-1]]
        n = next(one for one in line if read(b64decode(one["entry"]))["seen"] >= to - 1)
        record = read(b64decode(n["entry"]))
        seed = k.seed.get(record["R"]) or self.opened(k, n)
        k.shown.append((k.s + 1, f"gap to {record['seen']}"))
        k.begin_at(b64decode(n["entry"]), record["seen"], b64decode(record["log"]))
        k.seed = {record["R"]: seed}
        k.first = n["s"] if self.lists(record) else None

    async def back(self, c: str) -> None:
        raise Stopped("the server went back")

    # --- 10.5 -------------------------------------------------------------------------------------

    async def send(self, c: str, text: str) -> None:
        content = contents.encode("text", self.person.now, {"text": text, "mentions": []})
        self.kept[c].outbox.append({"id": os.urandom(16), "content": content, "entry": None})
        await self.flush(c)

    def seal(self, k: Kept, m: Json) -> bytes:
        record, seed = k.r, k.seed[k.r["R"]]
        assert seed is not None
        key = epochs.message_key(seed, b64decode(record["R"]), self.device)
        return messages.seal_message(
            key, 1, b64decode(record["conversation"]), b64decode(record["R"]), self.device, m["id"],
            k.s, k.h, os.urandom(12), self.machine.key, m["content"],
        )  # fmt: skip

    async def flush(self, c: str) -> None:
        k = self.kept[c]
        for _ in range(ATTEMPTS):
            if not k.outbox:
                return
            if k.state != "following":
                raise Stopped(k.state)
            if self.due(k) or k.seed.get(k.r["R"]) is None:
                await self.begin(c)
                continue
            m = k.outbox[0]
            m["entry"] = m["entry"] or self.seal(k, m)
            body = {"entries": [b64encode(m["entry"])]}
            try:
                stored = await self.ask("POST", f"/chatrooms/{c}/message", body)
            except Refused as refusal:
                await self.mend(c, refusal.code, m)
                continue
            await self.read(c)
            if stored["renew"]:
                await self.begin(c)
        raise Stopped("again and again")

    async def mend(self, c: str, code: str, m: Json) -> None:
        k = self.kept[c]
        before = k.r["R"]
        if code == "not_found":
            k.state = "gone"
            return
        if code not in {"stale_epoch", "conflict", "rekey_required", "broken", "message_seen"}:
            raise Stopped(code)
        await self.read(c)
        if code == "rekey_required" and k.r["R"] == before:
            await self.begin(c)
        elif code != "stale_epoch":
            m["entry"] = None

    def due(self, k: Kept) -> bool:
        """3.3."""
        record = k.r
        most = max(2, 100 // len(record["people"]))
        lines = [(one, self.line[one["chain"]]) for one in record["people"]]
        if any(line.closed_after(one["sequence"]) for one, line in lines):
            return True
        every = [b64encode(each.id) for _, line in lines for each in line.last.devices[:most]]
        return list(dict.fromkeys(every)) != [one["device"] for one in record["devices"]]

    # --- 10.6 -------------------------------------------------------------------------------------

    async def begin(self, c: str, **wish: Any) -> None:
        k = self.kept[c]
        await self.read(c)
        first = k.r["R"]
        for _ in range(ATTEMPTS):
            if k.state != "following":
                raise Stopped(k.state)
            if k.r["R"] != first and self.is_done(k, wish):
                return
            if k.draft is None or k.draft["previous"] != k.r["R"]:
                k.draft = await self.made(c, k.r, wish, k.s, k.h)
            try:
                await self.ask("POST", f"/chatrooms/{c}/epochs", k.draft["body"])
            except Refused as refusal:
                k.draft = None
                late = {"conflict", "record_epoch", "record_previous", "record_seen", "broken"}
                if refusal.code not in late:
                    raise Stopped(refusal.code) from None
            await self.read(c)
        raise Stopped("again and again")

    def is_done(self, k: Kept, wish: Json) -> bool:
        there = {one["chain"] for one in k.r["people"]}
        timer = wish.get("timer", k.r["timer"]) == k.r["timer"]
        return wish.get("add", set()) <= there and not wish.get("remove", set()) & there and timer

    async def made(self, c: str, before: Json, wish: Json, s: int, h: bytes) -> Json:
        now = await self.ask("GET", f"/chatrooms/{c}/devices")
        told = {one["chain"]: one for one in now["people"]}
        for chain in wish.get("add", ()):
            told[chain] = await self.contact(chain)
        await self.fetch({chain: one["sequence"] for chain, one in told.items()})
        left = {one["chain"]: one for one in now["leaves"]}
        people = [
            dict(one)
            for one in before["people"]
            if not self.line[one["chain"]].closed_after(one["sequence"])
            and one["chain"] not in left.keys() | wish.get("remove", set())
        ]
        there = {one["chain"] for one in before["people"]}
        since = before["epoch"] + 1
        people += [
            {"chain": chain, "role": "member", "since": since}
            for chain in wish.get("add", ())
            if chain not in there
        ]
        people.sort(key=lambda one: (one["since"], b64decode(one["chain"])))
        me = next(one for one in before["people"] if one["chain"] == self.me)
        if me["role"] != "admin" and all(one["role"] != "admin" for one in people):
            people[0]["role"] = "admin"
        gone = [left[one["chain"]] for one in before["people"] if one["chain"] in left]
        return self.drafted(
            before, {"epoch": since, "previous": before["R"], "seen": s, "log": b64encode(h),
                     "timer": wish.get("timer", before["timer"]), "joining": before["joining"],
                     "conversation": c, "leaves": gone}, people, told,
        )  # fmt: skip

    async def contact(self, chain: str) -> Json:
        for one in (await self.ask("GET", "/contacts"))["contacts"]:
            if one.get("chain") == chain:
                return dict(await self.ask("GET", f"/contacts/{one['account']}/devices"))
        raise Stopped("contact_needed")

    def drafted(self, before: Json | None, rest: Json, people: list[Json], told: Json) -> Json:
        most, keys = max(2, 100 // len(people)), {}
        known = {one["device"]: one for one in before["devices"]} if before else {}
        devices, seed = [], os.urandom(32)
        for person in people:
            state = self.line[person["chain"]].last
            person |= {"sequence": state.sequence, "head": b64encode(state.head)}
            given = {one["device"]: one.get("sealing") for one in told[person["chain"]]["devices"]}
            for device in state.devices[:most]:
                name = b64encode(device.id)
                if name in keys:
                    continue
                key = self.usable(state, device, given.get(name), known.get(name))
                keys[name] = key
                sealing = b64encode(sha(key.public)) if key else ZERO
                number = key.number if key else 0
                devices.append({"device": name, "number": number, "sealing": sealing})
        by = b64encode(self.device)
        named = b64decode(rest["conversation"]), rest["epoch"], b64decode(rest["previous"])
        commitment = epochs.commitment(*named, self.device, seed)
        record = {
            "v": 1, "suite": 1, "by": by, "commitment": b64encode(commitment), "people": people,
            "devices": devices, **rest,
        }  # fmt: skip
        data = canonical_json.encode(record)
        boxes = epochs.seal_boxes(
            sha(data), [keys[one["device"]] and keys[one["device"]].public for one in devices],
            [b64decode(one["device"]) for one in devices], seed,
        )  # fmt: skip
        signed = epochs.sign_record(self.machine.key, data, boxes)
        outcome, _ = PlainJudge(before, signed.entry(), self.line).judge(complete=True)
        if outcome != "good":
            raise Stopped(outcome)
        body = {
            "record": b64encode(data), "signature": b64encode(signed.signature),
            "boxes": [b64encode(one) for one in boxes],
        }  # fmt: skip
        found = {
            "R": b64encode(sha(data)),
            "previous": rest["previous"],
            "seed": seed,
            "body": body,
        }
        return found | {"entry": signed.entry()}

    def usable(self, state: Any, device: Any, given: Json | None, was: Json | None) -> Any:
        """A key that its device has signed, and rule 9 takes; or none."""
        if given is None:
            return None
        key = SealingKey(given["number"], given["day"], b64decode(given["key"]))
        signature = b64decode(given["signature"])
        if not verify_sealing(device.key, state.id, device.id, key, signature):
            return None
        if was is not None and was["number"] > 0:
            other = key.number == was["number"] and b64encode(sha(key.public)) != was["sealing"]
            if other or key.number < was["number"]:
                return None
        return key

    async def found(self, *others: str) -> str:
        """A conversation with these contacts."""
        c = b64encode(os.urandom(16))
        own = await self.ask("GET", "/devices")
        mine = [{"device": one["id"], "sealing": one.get("sealing")} for one in own["devices"]]
        told: Json = {self.me: {"devices": mine}}
        for chain in others:
            told[chain] = await self.contact(chain)
        await self.fetch({chain: one.get("sequence") for chain, one in told.items()})
        people = [
            {"chain": chain, "role": "admin" if chain == self.me else "member", "since": 1}
            for chain in sorted(told, key=b64decode)
        ]
        h = hashlib.sha256(b"ephemeral/v1/log\0" + b64decode(c)).digest()
        rest = {"epoch": 1, "previous": ZERO, "seen": 0, "log": b64encode(h), "timer": 0,
                "joining": None, "conversation": c, "leaves": []}  # fmt: skip
        draft = self.drafted(None, rest, people, told)
        await self.ask("POST", "/chatrooms", draft["body"])
        k = await self.meet(c)
        assert k.seed[k.r["R"]] == draft["seed"]
        return c

    # --- 10.7 -------------------------------------------------------------------------------------

    async def leave(self, c: str) -> None:
        k = self.kept[c]
        since = next(one["since"] for one in k.r["people"] if one["chain"] == self.me)
        made = sign_leave(self.machine.key, b64decode(c), self.person.chain.id, since)
        k.state = "gone"
        leave = {
            "chain": self.me, "since": since, "device": b64encode(made.device),
            "signature": b64encode(made.signature),
        }  # fmt: skip
        await self.ask("DELETE", f"/chatrooms/{c}/members/me", {"leave": leave})
