"""A client's side of one seat in one room, over any number of sockets: frames and calls in, frames
and events out. No input or output, no clock and no randomness of its own.

    session = Session(keys, suite=1, charter=..., mac=..., seat=..., random=...)
    session.joined(answer)                    the seat was taken (session.seat.body) over HTTP
    session.connected()                       a socket is open
    session.received(text, now)               a message came over it
    session.disconnected(code)                it is gone
    session.take_messages() -> list[str]      what to send now over the socket
    session.take_events() -> list[Event]      what has happened (session_events)

`post`, `open`, `acknowledge`, `release`, `lock`, `destroy` and `leave` may be called at any time.
What had no answer when a socket went is sent again over the next one, with the same ids (11.8).
`now` is the client's clock in milliseconds (1.6). docs/protocol.md, 5.4, 7, 8 and 11, is the law.
"""

from collections.abc import Callable, Mapping

from ephemeral.protocol import objects
from ephemeral.protocol.charter import Charter, verify_charter
from ephemeral.protocol.counters import Counters
from ephemeral.protocol.encoding import b64encode, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import RoomKeys, SeatKeys, member_id
from ephemeral.protocol.limits import NONCE_SIZE, PROFILE_COLOURS
from ephemeral.protocol.objects import Json
from ephemeral.protocol.outbox import Outbox, Written
from ephemeral.protocol.own_typing import OwnTyping
from ephemeral.protocol.profile import seal_profile
from ephemeral.protocol.reading import Reading
from ephemeral.protocol.requests import Request, Requests
from ephemeral.protocol.room_events import RoomEvents
from ephemeral.protocol.room_state import RoomState
from ephemeral.protocol.seating import Seating
from ephemeral.protocol.session_events import (
    FINAL_CLOSES,
    Acknowledged,
    Ended,
    Event,
    Refused,
    Released,
    Settled,
    Typing,
    Unreadable,
    Welcome,
)

__all__ = ["Session"]

# Refusals that pass by themselves: the same request may succeed in a while.
_PASSING = {"too_many", "unavailable", "internal", "storage_full"}
_RETRY_MS = 2000
_CROWDED_RETRY_MS = 15_000


class Session:
    """One seat. See the module's head for how it is driven.

    `charter` and `mac` are what the server shows; they are verified here, before anything else is
    derived or sent (5.3). `counter` is that of the last message which this member wrote, `counters`
    the highest read of each author, and `generation` the highest of its sockets, where an earlier
    process had this seat.
    """

    def __init__(
        self,
        keys: RoomKeys,
        *,
        suite: int,
        charter: bytes,
        mac: bytes,
        seat: SeatKeys,
        random: Callable[[int], bytes],
        name: str | None = None,
        counter: int = 0,
        counters: Mapping[bytes, int] | None = None,
        generation: int = 0,
    ) -> None:
        self.charter: Charter = verify_charter(charter, mac, keys.charter_key, suite)
        self.counters = Counters(counters)
        #: True between a welcome and the end of its socket.
        self.live = False
        self.ended: Ended | None = None
        #: Server's clock minus the client's, in milliseconds.
        self.skew = 0
        #: Seconds for which the server asked before the next socket, if it did.
        self.retry_after: int | None = None
        #: True when the present socket leads nowhere: close it, and try another later.
        self.hopeless = False
        self._shown = (charter, mac)
        content_keys = keys.content(self.charter.nonce)
        member, profile = member_id(seat.token), None
        if name is not None:
            colour = random(1)[0] % PROFILE_COLOURS
            profile = seal_profile(content_keys, member, name, colour, random(NONCE_SIZE))
        self.seat = Seating(keys, seat, profile, generation)
        self.member = member
        self.state = RoomState(content_keys)
        self.outbox = Outbox(content_keys, member, seat, counter, random)
        self._reading = Reading(member, content_keys, self.state, self.counters)
        self._room_events = RoomEvents(member, self.state, self.outbox, self.counters)
        self._requests = Requests()
        self._events: list[Event] = []
        self._welcomed = False
        self._why: Refusal | None = None
        self._typing = OwnTyping()

    # --- what the driver of a socket calls --------------------------------------------------------

    def take_messages(self) -> list[str]:
        """What is to be sent over the present socket, one message each."""
        return self._requests.take_messages()

    def take_events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    def joined(self, answer: Json) -> None:
        """The seat is taken. Another charter than the verified one ends the session."""
        try:
            self._check_room(answer.get("room"))
            if self.ended is None:
                self.seat.take(answer)
        except Refusal as refusal:
            self._end("malformed", refusal)

    def join_refused(self, refusal: Refusal) -> None:
        """The seat can't be had; the session ends unless the same may work in a while."""
        if refusal.code == "room_unknown":
            self._end("room_unknown", refusal)
        elif refusal.code not in _PASSING:
            self._end("refused", refusal)

    def connected(self) -> None:
        """A new socket is open."""
        self._socket_lost()
        self.retry_after = None
        self._requests.ask(self.seat.hello())

    def disconnected(self, code: int) -> None:
        """The socket is gone; `code` is its close code, 1006 where there was none."""
        why, reason = self._why, FINAL_CLOSES.get(code)
        self._socket_lost()
        if code == 1000 and self._requests.wants("leave"):
            reason = "left"
        if reason is not None:
            self._end(reason, why)
        elif why is not None and why.retry_after is not None:
            self.retry_after = why.retry_after

    def received(self, text: str | bytes, now: int) -> None:
        """A message came over the socket: an array of frames. A malformed one ends the session."""
        try:
            frames = parse_json(text)
            if not isinstance(frames, list):
                raise Refusal("malformed")
            for frame in frames:
                if not isinstance(frame, dict):
                    raise Refusal("malformed")
                self._frame(frame, now)
        except Refusal as refusal:
            self._end("malformed", refusal)

    def tick(self, now: int) -> None:
        """Time has passed: others' typing ends by itself, what was postponed is sent."""
        for member, until in list(self.state.typing.items()):
            if until <= now:
                del self.state.typing[member]
                self._events.append(Typing(member, typing=False))
        self._send_wanted(now)

    def next_tick(self) -> int | None:
        """When `tick` has something to do, on the client's clock; None if it never has."""
        times = [*self.state.typing.values()]
        postponed = self._requests.next_due()
        if self.live and postponed is not None:
            times.append(postponed)
        return min(times, default=None)

    # --- what its user calls ----------------------------------------------------------------------

    def post(self, content: dict[str, object], now: int) -> Written:
        """Write a message. Refuses what `seal_message` refuses; then nothing is sent."""
        return self.post_written(self.outbox.write(content, now), now)

    def post_written(self, written: Written, now: int) -> Written:
        """Send what was sealed before, perhaps by an earlier process with this seat."""
        self.outbox.add(written)
        self._want(Request("post", written.fields(), written.id), now)
        return written

    def open(self, message: bytes, now: int, *, attachment: bool = False) -> None:
        """Take the lease of a message, with its file: a Card, Unreadable or Refused follows."""
        files = {"attachment": True} if attachment else {}
        self._want(Request("open", {"id": b64encode(message), **files}, message), now)

    def acknowledge(self, message: bytes, now: int) -> None:
        """Say, after a Card was shown, that it was: Acknowledged or Refused follows."""
        viewing = b64encode(self._reading.proof(message))
        self._want(Request("ack", {"id": b64encode(message), "viewing": viewing}, message), now)

    def release(self, message: bytes, now: int) -> None:
        """Give the lease back unread: Released or Refused follows."""
        self._reading.forget(message, returned=True)
        self._want(Request("release", {"id": b64encode(message)}, message), now)

    def lock(self, locked: bool, now: int) -> None:
        """Lock or unlock the room."""
        self._want(Request("lock", {"locked": locked}), now)

    def destroy(self, now: int) -> None:
        """Destroy the room for everyone: Ended follows."""
        self._want(Request("destroy", {}), now)

    def leave(self, now: int) -> None:
        """Give the seat up: Ended follows."""
        self._want(Request("leave", {}), now)

    def type(self, typing: bool, now: int) -> None:
        """One's own typing, told as often as a key is pressed; what is sent is coalesced (11.5)."""
        if self.live and self._typing.is_news(now, typing=typing):
            self._requests.say("typing", {"typing": typing})

    # --- requests and their answers ---------------------------------------------------------------

    def _want(self, request: Request, now: int) -> None:
        if self.ended is None:
            self._requests.want(request)
            self._send_wanted(now)

    def _send_wanted(self, now: int) -> None:
        if not self.live:
            return
        for request in self._requests.unsent(now):
            if request.action == "post" and self.outbox[request.id].is_too_old(now):
                self._requests.done(request)
                self._settled(request.id, self.outbox.end(request.id, "given_up"))
            else:
                self._requests.ask(request)

    def _socket_lost(self) -> None:
        self._requests.socket_lost()
        self._why = None
        self._typing.forget()
        self.live = self.hopeless = False

    def _end(self, reason: str, refusal: Refusal | None = None) -> None:
        if self.ended is not None:
            return
        self._socket_lost()
        if reason in {"destroyed", "expired", "room_unknown"}:
            for written in self.outbox:
                self._settled(written.id, self.outbox.end(written.id, "room_ended"))
        self.ended = Ended(reason, refusal)
        self._events.append(self.ended)

    def _frame(self, frame: Json, now: int) -> None:
        if self.ended is not None:
            return
        kind = objects.read_text(frame, "type")
        if kind in {"ok", "welcome"}:
            request = self._requests.answered(frame.get("ref"))
            if request is not None:
                self._requests.done(request)
                self._answer(request, frame, now)
        elif kind == "error":
            refusal = objects.read_refusal(frame.get("error"))
            request = self._requests.answered(frame.get("ref"))
            if request is None:
                self._why = refusal
            else:
                self._refusal(request, refusal, now)
        elif kind == "closed":
            self._end(
                "destroyed" if objects.read_text(frame, "reason") == "destroyed" else "expired"
            )
        elif kind == "backlog" and self.live:
            self._complete_state(frame, now)
        elif self.live:
            self._events += self._room_events.apply(kind, frame, now)
            if kind == "destroyed":
                self._space_again(now)

    def _space_again(self, now: int) -> None:
        """What the room had no place for may be posted again."""
        self._requests.hurry("post")
        self._send_wanted(now)

    def _refusal(self, request: Request, refusal: Refusal, now: int) -> None:
        match request.action, refusal.code:
            case "hello", code if code in _PASSING:
                self._why = refusal
                self.hopeless = True
            case "hello", "room_unknown":
                self._end("room_unknown", refusal)
            case "hello", "seat_unknown":
                self._end("seat_lost", refusal)
            case "hello", "replaced":
                self._end("taken_over", refusal)
            case "hello", _:
                self._end("refused", refusal)
            case "leave", "seat_unknown":
                self._end("left")
            case "destroy", "room_unknown":
                self._end("destroyed")
            case "post", "room_crowded":
                request.due = now + _CROWDED_RETRY_MS
                self._events.append(Refused("post", request.id, refusal, kept=True))
            case "post" | "ack", code if code in _PASSING:
                request.due = now + max(_RETRY_MS, 1000 * (refusal.retry_after or 0))
                self._events.append(Refused(request.action, request.id, refusal, kept=True))
            case action, _:
                self._requests.done(request)
                if action == "post":
                    self.outbox.end(request.id, "refused")
                elif refusal.code in {"message_gone", "message_unknown", "message_done"}:
                    self.state.notices.pop(request.id, None)
                self._events.append(Refused(action, request.id, refusal))

    def _answer(self, request: Request, frame: Json, now: int) -> None:
        message = request.id
        match request.action:
            case "hello":
                if objects.read_id(frame, "member") != self.member:
                    raise Refusal("malformed", "The server took this member for another.")
                self.live = True
                self._complete_state(frame, now)
            case "post":
                self._receipt(frame)
            case "status":
                for receipt in objects.read_list(frame, "receipts"):
                    self._receipt(receipt)
            case "open":
                self._opened(message, frame, now)
            case "ack":
                self._reading.forget(message)
                state = objects.read_text(frame, "state")
                self._events.append(Acknowledged(message, state))
                self._room_events.acknowledged(message, everyone=state == "viewed")
                self._space_again(now)
            case "release":
                self._events.append(Released(message))
                self._events += self._room_events.lease_ended(message)
            case "lock":
                self._check_room(frame)
                if self.ended is None:
                    self._events += self._room_events.locked(objects.read_boolean(frame, "locked"))
            case "destroy":
                self._end("destroyed")
            case "leave":
                self._end("left")

    # --- the room ---------------------------------------------------------------------------------

    def _check_room(self, value: object) -> None:
        """A client that is shown another charter or mac leaves (5.4)."""
        room = objects.read_room(value)
        if (room.charter, room.mac) != self._shown:
            live = self.live
            self._end("charter_changed", Refusal("charter_mac", "The room's rules have changed."))
            if live:
                self._requests.ask(Request("leave", {}))

    def _complete_state(self, frame: Json, now: int) -> None:
        self._check_room(frame.get("room"))
        if self.ended is not None:
            return
        room = objects.read_room(frame.get("room"))
        members = [objects.read_member(one) for one in objects.read_list(frame, "members")]
        notices = [objects.read_notice(one) for one in objects.read_list(frame, "notices")]
        self._room_events.complete(room, members, notices, again=self._welcomed)
        self.skew = room.now - now
        self._events.append(Welcome(again=self._welcomed))
        self._welcomed = True
        news, lost = self.outbox.compare(self.state.notices)
        self._events += [Settled(*one) for one in news]
        self._requests.ask_status(lost)
        self._send_wanted(now)

    def _settled(self, message: bytes, state: str | None) -> None:
        if state is not None:
            self._events.append(Settled(message, state))

    def _receipt(self, value: object) -> None:
        receipt = objects.read_receipt(value)
        state = self.outbox.settle(receipt.id, receipt.state, receipt.viewing)
        self.outbox.note_audience(receipt.id, receipt.audience)
        self._settled(receipt.id, state)

    def _opened(self, message: bytes, frame: Json, now: int) -> None:
        opened = objects.read_opened(frame)
        if opened.id != message:
            raise Refusal("malformed", "The server opened another message than the one asked for.")
        self._room_events.leased(message, self.member, opened.lease_until)
        event = self._reading.opened(opened)
        if isinstance(event, Unreadable):
            self.release(opened.id, now)
        self._events.append(event)
