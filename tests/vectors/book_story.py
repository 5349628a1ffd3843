"""How a room's story is told in the vectors: who asks what and when, and what then must follow.

A story decides nothing: each step is written with its answer, its refusal, and the events that come
before or with it. What it fills in is what follows from the step by itself: times, what was posted,
and who is told (docs/protocol.md, 11.6). Ids and viewing bytes are words in base64url, so that the
file can be read as it stands.
"""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any

from maker import Vectors, b64

Frame = dict[str, Any]

LEASE, DAY = 120_000, 86_400_000
#: The first step, unless it says when. All members have their seats since 0.
START = 1_000
#: When a lease ends that began with it.
ENDS = START + LEASE

FIRST_VIEW, EVERYONE = 1, 2


def word(text: str, length: int) -> bytes:
    """Bytes that are shown as this word, filled with A."""
    shown = f"{text}-{'A' * 43}"[: -(-length * 4 // 3)]
    return urlsafe_b64decode(shown + "=" * (-len(shown) % 4))


def who(name: str | None) -> str | None:
    return None if name is None else b64(word(name, 16))


def people(names: str) -> list[str]:
    """Members by name, in the order of their bytes."""
    return [b64(one) for one in sorted(word(name, 16) for name in names.split())]


def message(name: str) -> str:
    return b64(word(f"message-{name}", 16))


def attachment(name: str) -> str:
    return b64(word(f"attached-{name}", 16))


def proof(name: str) -> bytes:
    return word(f"viewing-{name}", 32)


# What is refused, beside the code alone


def leased(seconds: int) -> Frame:
    return {"code": "message_leased", "retry_after": seconds}


def gone(state: str) -> Frame:
    return {"code": "message_gone", "state": state}


def done(state: str) -> Frame:
    return {"code": "message_done", "state": state}


# Events


def stored(name: str, member: str, returns: int = 0) -> Frame:
    return {"type": "stored", "id": message(name), "member": who(member), "returns": returns}


def audience(name: str, members: str) -> Frame:
    return {"type": "audience", "id": message(name), "audience": people(members)}


def destroyed(name: str, state: str, opened: int, reader: str | None = None) -> Frame:
    """`reader`: who viewed it last; its proof is told. `ended_at` is the step's time."""
    return {
        "type": "destroyed", "id": message(name), "state": state,
        "viewing": reader and b64(proof(name)), "member": who(reader), "opened": opened,
    }  # fmt: skip


class Story:
    """A room of `members`, who all hold their seats with a socket, and its steps so far."""

    def __init__(
        self, policy: int, members: str, seats: int | None, limits: Frame | None = None
    ) -> None:
        self.members = members.split()
        self.given: Frame = {
            "policy": policy, "seats": seats or len(self.members),
            "members": [who(one) for one in self.members], "begin": 0, "steps": [],
        }  # fmt: skip
        if limits is not None:
            self.given["limits"] = limits
        self.results: list[Frame] = []
        self.now = START
        self._here = set(self.members)
        self._posted: dict[str, Frame] = {}
        self._padded: dict[str, int] = {}
        self._sequence = 0
        self._begins: list[bool] = []

    def at(self, time: int) -> "Story":
        assert time >= self.now
        self.now = time
        return self

    def told(self) -> tuple[Frame, Frame]:
        """The case's `in` and `out`: nothing is told of how it begins, which other cases tell."""
        begin = 0
        while begin < len(self.results) - 1 and self._begins[begin]:
            begin += 1
        return self.given | {"begin": begin}, {"results": self.results[begin:]}

    # --- what is asked about messages -------------------------------------------------------------
    #
    # `no`: refused so. `over`: "http", or else the asker's socket. `first`: what time did before.

    def post(
        self, by: str, name: str = "m", audience: str | None = None, *, size: int = 512,
        fill: int = 0, proves: str | None = None, no: Any = None, again: Frame | None = None,
        attached: str | None = None, **more: Any,
    ) -> "Story":  # fmt: skip
        """`again`: the receipt's fields, of what was posted before. `attached`: what it has."""
        fields = {
            "id": message(name), "size": size,
            "viewing_hash": b64(hashlib.sha256(proof(proves or name)).digest()),
        }  # fmt: skip
        if fill:
            fields["fill"] = fill
        if attached is not None:
            fields["attachment"] = attachment(attached)
        if no is not None:
            return self._step("post", by, fields, no=no, **more)
        if again is not None:
            return self._step("post", by, fields, self.receipt(name, **again), **more)
        self._sequence += 1
        self._posted[name] = {
            "id": message(name), "sequence": self._sequence, "author": who(by), "size": size,
            "posted_at": self.now, "expires_at": self.now + DAY,
            "audience": None if audience is None else people(audience),
            "attachment": None if attached is None else self._padded[attached],
        }  # fmt: skip
        return self._step("post", by, fields, self.receipt(name), [self.notice(name)], **more)

    def open(
        self, by: str, name: str = "m", *, until: int | None = None, no: Any = None,
        shows: bool = False, **more: Any,
    ) -> "Story":  # fmt: skip
        """`until`: the end of a lease that ran already. `shows`: an attachment can be shown."""
        if shows:
            more["attachment"] = True
        if no is not None:
            return self._about("open", by, name, no=no, **more)
        ends = until or self.now + LEASE
        was = self._posted[name]
        answer = {key: was[key] for key in ("id", "author", "sequence", "posted_at", "expires_at")}
        answer |= {"lease_until": ends, "now": self.now}
        event = {"type": "opened", "id": was["id"], "member": who(by), "lease_until": ends}
        return self._about("open", by, name, answer, [] if until else [event], **more)

    def ack(
        self, by: str, name: str = "m", state: str = "viewed", *, opened: int = 1,
        proves: str | None = None, again: bool = False, no: Any = None, **more: Any,
    ) -> "Story":  # fmt: skip
        """`opened`: leases that it has had when it ends. `again`: nothing new is told."""
        more |= {"viewing": b64(proof(proves or name))}
        if no is not None:
            return self._about("ack", by, name, no=no, **more)
        event = {"type": state, "id": message(name), "member": who(by)}
        if state == "viewed":
            event = destroyed(name, state, opened, by)
        answer = {"id": message(name), "state": state}
        return self._about("ack", by, name, answer, [] if again else [event], **more)

    def release(self, by: str, name: str = "m", returns: int = 1, **more: Any) -> "Story":
        if more.get("no") is not None:
            return self._about("release", by, name, **more)
        answer = {"id": message(name), "state": "stored", "returns": returns}
        return self._about("release", by, name, answer, [stored(name, by, returns)], **more)

    def withdraw(
        self, by: str, name: str = "m", opened: int = 0, *, reader: str | None = None,
        again: bool = False, **more: Any,
    ) -> "Story":  # fmt: skip
        if more.get("no") is not None:
            return self._about("withdraw", by, name, **more)
        answer = {"id": message(name), "state": "withdrawn", "opened": opened}
        event = destroyed(name, "withdrawn", opened, reader)
        return self._about("withdraw", by, name, answer, [] if again else [event], **more)

    def status(self, by: str, name: str = "m", **receipt: Any) -> "Story":
        return self._about("status", by, name, self.receipt(name, **receipt))

    def notices(self, by: str, *names_and_changes: tuple[str, Frame]) -> "Story":
        listed = []
        for name, changes in names_and_changes:
            listed.append(self.notice(name) | changes)
            del listed[-1]["type"]
        return self._step("notices", by, {}, {"notices": listed})

    # --- attachments ------------------------------------------------------------------------------

    def attach(self, by: str, name: str = "m", padded: int = 65_536, lacks: int = 0) -> "Story":
        """`by` has reserved and sent one, but for so many chunks."""
        self._padded[name] = padded
        fields = {"attachment": attachment(name), "padded": padded, "lacks": lacks}
        return self._step("attach", by, fields)

    def fetch(self, by: str, name: str = "m", until: int | None = None, **more: Any) -> "Story":
        """`until`: when the lease ends that is prolonged by this."""
        fields = {"attachment": attachment(name)}
        if more.get("no") is not None:
            return self._step("fetch", by, fields, **more)
        event = {"type": "opened", "id": message(name), "member": who(by), "lease_until": until}
        # Asked over HTTP: its own socket is told as well.
        return self._step("fetch", by, fields, {}, [] if until is None else [event], over="http")

    def lose(self, by: str, name: str = "m", opened: int = 1) -> "Story":
        """A chunk that `by` fetches is not where it should be."""
        ended = destroyed(name, "unconfirmed", opened)
        fields = {"attachment": attachment(name)}
        return self._step("lose", by, fields, no=gone("unconfirmed"), first=[ended])

    # --- who is there, and time -------------------------------------------------------------------

    def leave(self, by: str, *before: Frame, **more: Any) -> "Story":
        if more.get("no") is not None:
            return self._step("leave", by, {}, **more)
        return self._gone(by)._befalls("leave", by, {}, {}, [*before, self._left(by, False)])

    def evict(self, by: str, member: str, *before: Frame) -> "Story":
        """`by` comes, and takes the seat of `member`."""
        self._gone(member)
        self._befalls(
            "evict", by, {"member": who(member)}, None, [*before, self._left(member, True)]
        )
        return self._came(by)

    def join(self, by: str) -> "Story":
        return self._step("join", by, {})._came(by)

    def away(self, by: str) -> "Story":
        self._here.discard(by)
        return self._step("away", by, {})

    def back(self, by: str) -> "Story":
        self._here.add(by)
        return self._step("back", by, {})

    def time(self, at: int, *events: Frame) -> "Story":
        return self.at(at)._step("time", None, {}, first=events)

    def destroy(self, by: str) -> "Story":
        closed = {"type": "closed", "reason": "destroyed", "member": who(by)}
        return self._step("destroy", by, {}, {}, [closed])

    # --- the insides ------------------------------------------------------------------------------

    def receipt(self, name: str, state: str = "stored", **changes: Any) -> Frame:
        """Of a message that waits with its first audience; of another `changes` says what it is."""
        plain = {
            "id": message(name), "state": state, "sequence": None, "posted_at": None,
            "expires_at": None, "viewing": None, "opened": None, "returns": None,
            "audience": None, "reader": None, "ended_at": None,
        }  # fmt: skip
        if state in {"stored", "opened"}:
            was = self._posted[name]
            plain |= {key: was[key] for key in ("sequence", "posted_at", "expires_at", "audience")}
            plain |= {"opened": 0, "returns": 0}
        if changes.get("reader"):
            changes |= {"viewing": b64(proof(name)), "reader": who(changes["reader"])}
        if "audience" in changes:
            changes |= {"audience": people(changes["audience"])}
        return plain | changes

    def notice(self, name: str) -> Frame:
        was = dict(self._posted[name])
        members, has = was.pop("audience"), was.pop("attachment")
        return {"type": "notice"} | was | {
            "state": "stored", "holder": None, "lease_until": None, "audience": members,
            "opened": 0, "returns": 0, "attachment": has,
        }  # fmt: skip

    def _left(self, member: str, evicted: bool) -> Frame:
        return {"type": "left", "member": who(member), "evicted": evicted}

    def _gone(self, member: str) -> "Story":
        self.members.remove(member)
        self._here.discard(member)
        return self

    def _came(self, member: str) -> "Story":
        """It has a socket from now on."""
        self.members.append(member)
        self._here.add(member)
        return self

    def _about(self, do: str, by: str, name: str, *rest: Any, **more: Any) -> "Story":
        fields: Frame = {"id": message(name)}
        for each in ("viewing", "attachment"):
            if each in more:
                fields[each] = more.pop(each)
        return self._step(do, by, fields, *rest, **more)

    def _befalls(self, do: str, by: str, fields: Frame, answer: Any, told: list[Frame]) -> "Story":
        """A step whose events no answer tells."""
        return self._step(do, by, fields, answer, first=told)

    def _step(
        self, do: str, by: str | None, fields: Frame, answer: Frame | None = None,
        own: Sequence[Frame] = (), *, no: Any = None, first: Sequence[Frame] = (),
        over: str | None = None,
    ) -> "Story":  # fmt: skip
        """`own`: events of what the answer tells already, to the socket on which it was asked."""
        step: Frame = {"at": self.now, "do": do}
        if by is not None:
            step["by"] = who(by)
        if over is not None:
            step["over"] = over
        self.given["steps"].append(step | fields)
        others = self._here - {by} if over is None else self._here
        result: Frame = {}
        if no is not None:
            error = {"code": no} if isinstance(no, str) else no
            result["error"] = {"retry_after": None} | error
        elif answer is not None:
            result["ok"] = answer
        result["events"] = [
            *(self._told_to(self._here, event) for event in first),
            *(self._told_to(others, event) for event in own),
        ]
        self.results.append(result)
        self._begins.append(do in {"post", "open"} and bool(own))
        return self

    def _told_to(self, members: set[str], event: Frame) -> Frame:
        if event["type"] == "destroyed":
            event = event | {"ended_at": self.now}
        return {"to": people(" ".join(members))} | event


def waits(name: str = "m", **changes: Any) -> tuple[str, Frame]:
    """A notice in a list, with what differs from the first one."""
    return name, changes


class Cases:
    """The file. `first` and `everyone` begin a case's story; what it has become is kept at last."""

    def __init__(self) -> None:
        self.file = Vectors(
            "book",
            "What requests do to a room's messages: docs/protocol.md, 8.5 to 8.13, 11.6 and 15",
            terse=True,
        )
        takes = {
            "policy": "integer", "seats": "integer", "members": "json", "limits": "json?",
            "begin": "integer", "steps": "json",
        }  # fmt: skip
        self.file.operation("book", takes, {"results": "json"}, side="server")
        self._stories: list[tuple[str, str, Story]] = []

    def first(self, name: str, why: str, members: str = "anna bo", **more: Any) -> Story:
        return self._begin(name, why, Story(FIRST_VIEW, members, more.pop("seats", None), **more))

    def everyone(self, name: str, why: str, members: str = "anna bo carl", **more: Any) -> Story:
        return self._begin(name, why, Story(EVERYONE, members, more.pop("seats", None), **more))

    def to_all(self, name: str, why: str, **more: Any) -> Story:
        """Under *everyone*: anna has written to bo and carl."""
        return self.everyone(name, why, **more).post("anna", audience="bo carl")

    def _begin(self, name: str, why: str, story: Story) -> Story:
        self._stories.append((name, why, story))
        return story

    def written(self) -> Vectors:
        for name, why, story in self._stories:
            self.file.success("book", name, why, *story.told())
        return self.file
