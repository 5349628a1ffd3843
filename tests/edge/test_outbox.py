"""What gathers in a turn of the loop goes out as one message, and nobody is held up by another."""

import asyncio
from typing import Any

from ephemeral.edge.outbox import FRAMES_MAX, Flusher, Outbox


class Peer:
    """A wire that keeps what is written, or can't be written to."""

    def __init__(self, *, broken: bool = False) -> None:
        self.blocked = False
        self.written: list[bytes] = []
        self.broken = broken

    def write(self, text: bytes) -> None:
        if self.broken:
            raise RuntimeError("no more")
        self.written.append(text)


def outbox(peer: Peer, together: Flusher) -> tuple[Outbox, list[str]]:
    said: list[str] = []
    made = Outbox(peer, together, lambda: said.append("flushed"), lambda: said.append("overflow"))
    return made, said


async def test_all_of_a_turn_goes_out_as_one_message_for_each():
    together = Flusher()
    peers = [Peer() for _ in range(3)]
    boxes = [outbox(peer, together)[0] for peer in peers]
    for number in range(2):
        for box in boxes:
            box.put(b"%d" % number)
    assert [peer.written for peer in peers] == [[], [], []]
    await asyncio.sleep(0)
    assert [peer.written for peer in peers] == [[b"[0,1]"]] * 3
    boxes[1].put(b"2")
    await asyncio.sleep(0)
    assert [peer.written for peer in peers] == [[b"[0,1]"], [b"[0,1]", b"[2]"], [b"[0,1]"]]


async def test_one_that_can_not_be_written_to_holds_up_nobody_and_is_told_to_the_loop():
    loop, together, told = asyncio.get_running_loop(), Flusher(), []
    before = loop.get_exception_handler()

    def tell(_: object, context: dict[str, Any]) -> None:
        told.append(context["exception"])

    loop.set_exception_handler(tell)
    try:
        peers = [Peer(), Peer(broken=True), Peer()]
        for peer in peers:
            outbox(peer, together)[0].put(b"1")
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(before)
    assert [peer.written for peer in peers] == [[b"[1]"], [], [b"[1]"]]
    assert [str(error) for error in told] == ["no more"]


async def test_what_a_peer_does_not_take_waits_up_to_a_bound():
    together, peer = Flusher(), Peer()
    box, said = outbox(peer, together)
    box.put(b"1")
    peer.blocked = True
    await asyncio.sleep(0)
    assert (peer.written, said) == ([], [])
    for _ in range(FRAMES_MAX - 1):
        box.put(b"1")
    assert said == []
    box.put(b"1")
    assert said == ["overflow"]
    peer.blocked = False
    box.flush()
    assert peer.written == []
