"""The vectors' operation `book`: the rules of a room's messages, and what the wire says of them."""

import json
from hashlib import sha256

from support.machines.books import LIMITS, ROOM, Desk, seat, tombstone_name

from ephemeral.protocol.attachments import chunks_of
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.api import answers
from ephemeral.rooms.rules.attachments import Attachment
from ephemeral.rooms.rules.book import Book
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import ClosedEvent, Opened, Receipt
from ephemeral.rooms.rules.views import fate_of, notice_of, receipt_of

__all__ = ["book"]

# Names the socket of whoever asks: each member has one.
SOCKET = b"socket".ljust(16)


class _Steps(Desk):
    """A room in which everybody has a socket but those who are away."""

    def __init__(self, policy, seats, members, limits):
        limits = limits or {"waiting_messages": 500, "waiting_bytes": 16 * 1024 * 1024}
        super().__init__(policy, seats, Limits(**limits))
        self.members = {b64decode(one): 0 for one in members}
        self.ended = False

    def book(self):
        if self.ended:
            self.last = Book(self.now, LIMITS, tombstone_name, {})
            return self.last
        return super().book()

    def take(self, step):
        """What is answered and told."""
        self.now = step["at"]
        by = b64decode(step["by"]) if "by" in step else None
        told = {one for one in self.members if one not in self.away}
        socket = SOCKET if "over" not in step else b""
        opened = self.book()
        result = {}
        try:
            answer = getattr(self, f"do_{step['do']}")(opened, by, step, socket)
            if answer is not None:
                result["ok"] = answer
        except Refusal as no:
            result["error"] = {"code": no.code, "retry_after": no.retry_after}
            if no.state is not None:
                result["error"]["state"] = no.state
        told &= set(self.members)
        result["events"] = [self._told(event, told, by) for event in self.keep()]
        return result

    def _told(self, event, members, by):
        if getattr(event, "by", b"") == SOCKET:
            members = members - {by}
        to = [b64encode(one) for one in sorted(members)]
        return {"to": to} | json.loads(answers.event(event))

    # Requests about messages

    def do_post(self, opened, by, step, socket):
        envelope = b"\x01" + bytes([step.get("fill", 0)]) * (step["size"] - 1)
        attachment = b64decode(step["attachment"]) if "attachment" in step else None
        receipt = opened.post(
            seat(by), b64decode(step["id"]), len(envelope), b64decode(step["viewing_hash"]),
            sha256(envelope + (attachment or b"")).digest(), b64decode(step["id"]), socket,
            attachment,
        )  # fmt: skip
        return json.loads(answers.outcome(receipt))

    def do_open(self, opened, by, step, socket):
        shows = step.get("attachment", False)
        one, until = opened.open(seat(by), b64decode(step["id"]), socket, shows)
        answer = Opened(
            one.id, b"", one.author, one.sequence, one.posted_at, one.expires_at, until, self.now
        )
        said = json.loads(answers.outcome(answer))
        del said["envelope"]
        return said

    def do_ack(self, opened, by, step, socket):
        viewing = b64decode(step["viewing"])
        answer = opened.acknowledge(seat(by), b64decode(step["id"]), viewing, socket)
        return json.loads(answers.outcome(answer))

    def do_release(self, opened, by, step, socket):
        return json.loads(answers.outcome(opened.release(seat(by), b64decode(step["id"]), socket)))

    def do_withdraw(self, opened, by, step, socket):
        return json.loads(answers.outcome(opened.withdraw(seat(by), b64decode(step["id"]), socket)))

    def do_status(self, _opened, by, step, _socket):
        name = b64decode(step["id"])
        receipt = Receipt(name, "unknown")
        message = self.messages.get(name)
        tombstone = self.tombstones.get(tombstone_name(ROOM, name))
        if message is not None and message.author == by:
            receipt = receipt_of(message, self.now)
        elif tombstone is not None and (tombstone.author, tombstone.until > self.now) == (by, True):
            receipt = fate_of(name, tombstone)
        return json.loads(answers.receipts(self.now, [receipt]))["receipts"][0]

    def do_notices(self, _opened, _by, _step, _socket):
        waiting = [notice_of(one, self.now) for one in self.messages.values()]
        return {"notices": json.loads(answers.notice_list(waiting))}

    # Attachments

    def do_attach(self, _opened, by, step, _socket):
        name, padded = b64decode(step["attachment"]), step["padded"]
        chunks = chunks_of(padded)
        landed = (1 << chunks - step["lacks"]) - 1
        self.attachments[name] = Attachment(
            ROOM, name, by, name, name, padded, chunks, landed, None, self.now + 900_000
        )

    def do_fetch(self, opened, by, step, _socket):
        found = self.attachments.get(b64decode(step["attachment"]))
        refuse(found is None or found.message is None, "lease_lost")
        opened.fetch(seat(by), found.message)
        return {}

    def do_lose(self, opened, by, step, _socket):
        opened.lose(seat(by), self.attachments[b64decode(step["attachment"])].message)

    # Members, and time

    def do_leave(self, opened, by, _step, _socket):
        refuse(by not in self.members, "seat_unknown")
        return self._vacate(opened, by, evicted=False)

    def do_evict(self, opened, by, step, _socket):
        self._vacate(opened, b64decode(step["member"]), evicted=True)
        self.join(by)

    def _vacate(self, opened, member, *, evicted):
        opened.leave(ROOM, member, evicted=evicted)
        del self.members[member]
        self.away.discard(member)
        return {}

    def do_join(self, _opened, by, _step, _socket):
        self.join(by)

    def do_away(self, _opened, by, _step, _socket):
        self.away.add(by)

    def do_back(self, _opened, by, _step, _socket):
        self.away.remove(by)

    def do_time(self, opened, _by, _step, _socket):
        opened.end_leases(ROOM)

    def do_destroy(self, opened, by, _step, socket):
        opened.events.append((ROOM, ClosedEvent("destroyed", by, socket)))
        self.ended = True
        return {}


def book(policy, seats, members, begin, steps, limits=None):
    room = _Steps(policy, seats, members, limits)
    results = [room.take(step) for step in steps]
    assert all("ok" in one for one in results[:begin])
    return {"results": results[begin:]}
