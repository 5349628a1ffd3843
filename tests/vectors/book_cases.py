"""The server's book: what each request does to a room's messages (docs/protocol.md, section 8).

Requests go in; answers, refusals, and events with those who are told come out. `book_story.py` says
how a story is written.
"""

from typing import Any

from book_attachment_cases import tell_of_attachments
from book_audience_cases import tell_of_audiences
from book_story import (
    DAY,
    ENDS,
    LEASE,
    START,
    Cases,
    Frame,
    Story,
    destroyed,
    gone,
    leased,
    stored,
    waits,
    who,
)
from maker import Vectors

# One story, one line or a few: a step to a line would hide how they differ.
# fmt: off


def make() -> Vectors:
    cases = Cases()
    _posting(cases)
    _posting_again(cases)
    _crowds(cases)
    _exclusive_leases(cases)
    _leases_ended_by_time(cases)
    _releasing(cases)
    _returns(cases)
    _acknowledging(cases)
    tell_of_audiences(cases)
    _taking_back(cases)
    _expiry(cases)
    _tombstones(cases)
    _seats_and_ends(cases)
    tell_of_attachments(cases)
    return cases.written()


def _bytes(waiting: int) -> Frame:
    return {"waiting_messages": 500, "waiting_bytes": waiting}


def _posting(cases: Cases) -> None:
    cases.first("post", "It waits, and the others are told.", "anna bo carl").post("anna")
    (cases.first("post_elsewhere", "Asked over HTTP, its author's socket is told as well.")
     .post("anna", over="http"))
    (cases.first("post_in_order", "One sequence counts the messages of all authors.")
     .post("anna").post("bo", "n"))
    (cases.everyone("post_everyone", "Whoever else holds a seat is to view it.")
     .post("anna", audience="bo carl"))
    (cases.everyone("post_everyone_elsewhere", "The author is told of its audience.")
     .post("anna", audience="bo carl", over="http"))


def _posting_again(cases: Cases) -> None:
    (cases.first("again", "The same bytes get the first answer, and nothing is told.")
     .post("anna").at(5_000).post("anna", again={}))
    (cases.first("again_opened", "The answer is of the present.")
     .post("anna").open("bo").post("anna", again={"state": "opened", "opened": 1}))
    (cases.first("again_given_back", "A return is told to the author.")
     .post("anna").open("bo").release("bo").post("anna", again={"opened": 1, "returns": 1}))
    conflict = {"no": "message_conflict"}
    for name, why, by, other in (
        ("bytes", "An id stands for one envelope.", "anna", {"fill": 1}),
        ("hash", "An id stands for one viewing hash.", "anna", {"proves": "n"}),
        ("author", "An id is one author's, whatever the bytes.", "bo", {}),
    ):
        cases.first(f"again_other_{name}", why).post("anna").post(by, **other, **conflict)
    (cases.first("again_viewed", "Its author gets the fate, with the proof.")
     .post("anna").open("bo").at(9_000).ack("bo")
     .post("anna", again={"state": "viewed", "opened": 1, "reader": "bo", "ended_at": 9_000}))
    (cases.first("again_viewed_other_bytes", "The server knows its bytes no more.")
     .post("anna").ack("bo", opened=0)
     .post("anna", fill=1,
           again={"state": "viewed", "opened": 0, "reader": "bo", "ended_at": START}))
    (cases.first("again_viewed_by_another", "A fate is its author's alone.")
     .post("anna").ack("bo", opened=0).post("bo", **conflict))
    (cases.first("again_withdrawn", "What was taken back stays so.")
     .post("anna").withdraw("anna")
     .post("anna", again={"state": "withdrawn", "opened": 0, "ended_at": START}))
    (cases.first("again_expired", "No retry brings it back.")
     .post("anna").time(START + DAY, destroyed("m", "expired", 0))
     .post("anna", again={"state": "expired", "opened": 0, "ended_at": START + DAY}))
    story = cases.first("again_unconfirmed", "What ended unconfirmed isn't brought back either.")
    (_three_leases(story, "bo", "bo", "bo")
     .post("anna", again={"state": "unconfirmed", "opened": 3, "ended_at": START + 3 * LEASE}))
    (cases.first("again_after_tombstone", "Without a tombstone it is new.")
     .post("anna").ack("bo", opened=0).at(START + DAY).post("anna"))


def _crowds(cases: Cases) -> None:
    two = {"waiting_messages": 2, "waiting_bytes": 65_536}
    no = {"no": "room_crowded"}
    (cases.first("crowded", "As many messages wait as may.", limits=two)
     .post("anna").post("anna", "n").post("bo", "o", **no))
    (cases.first("crowded_by_bytes", "More bytes would wait than may.", limits=_bytes(1_535))
     .post("anna", size=1_024).post("bo", "n", **no))
    (cases.first("crowded_exactly", "As many bytes as may wait are no crowd.",
                 limits=_bytes(1_536))
     .post("anna", size=1_024).post("bo", "n"))
    (cases.first("crowded_again", "What waits already may be posted again.", limits=two)
     .post("anna").post("anna", "n").post("anna", again={}))
    (cases.first("crowded_no_more", "What is viewed makes room.", limits=two)
     .post("anna").post("anna", "n").ack("bo", opened=0).post("anna", "o"))
    four = {"waiting_messages": 4, "waiting_bytes": 65_536}
    (cases.first("share", "Beyond two seats half of the room is one author's.", seats=3,
                 limits=four)
     .post("anna").post("anna", "n").post("anna", "o", **no).post("bo", "p"))
    (cases.first("share_of_bytes", "Half of the bytes, too, is as much as one author may have.",
                 seats=3, limits=_bytes(4_096))
     .post("anna", size=2_048).post("anna", "n", **no))
    (cases.first("share_free_again", "What is taken back counts no more.", seats=3, limits=four)
     .post("anna").post("anna", "n").withdraw("anna").post("anna", "o"))
    (cases.first("share_of_one", "One message may always wait, however large.", seats=3,
                 limits=_bytes(4_096))
     .post("anna", size=4_096))
    (cases.first("share_of_two_seats", "In a room of two seats one author may fill it.", limits=two)
     .post("anna").post("anna", "n"))


def _exclusive_leases(cases: Cases) -> None:
    cases.first("open", "All others are told.", "anna bo carl").post("anna").at(5_000).open("bo")
    cases.first("open_elsewhere", "Its own socket is told.").post("anna").open("bo", over="http")
    (cases.first("open_again", "That prolongs nothing, and isn't told.")
     .post("anna").open("bo").at(9_000).open("bo", until=ENDS))
    (cases.first("open_ones_own", "Nobody opens what it wrote.")
     .post("anna").open("anna", no="message_author"))
    (cases.first("open_leased", "One reads it at a time; seconds are rounded up.", "anna bo carl")
     .post("anna").open("bo").at(START + 500).open("carl", no=leased(120)).at(ENDS - 1)
     .open("carl", no=leased(1)))
    (cases.first("unknown", "Of what was never posted nothing is known.")
     .open("bo", no="message_unknown").ack("bo", no="message_unknown")
     .release("bo", no="message_unknown").withdraw("anna", no="message_unknown")
     .status("anna", state="unknown"))
    (cases.first("lease_shown", "Members are told who reads it, and until when.")
     .post("anna").open("bo")
     .notices("anna", waits(state="opened", holder=who("bo"), lease_until=ENDS, opened=1))
     .status("anna", state="opened", opened=1))


def _three_leases(story: Story, *readers: str) -> Story:
    """Under first view: leases that end by time, one after another; the third destroys."""
    story.post("anna")
    for number, reader in enumerate(readers, 1):
        story.open(reader)
        last = destroyed("m", "unconfirmed", 3) if number == 3 else stored("m", reader)
        story.time(story.now + LEASE, last)
    return story


def _leases_ended_by_time(cases: Cases) -> None:
    (cases.first("lease_end", "When its lease has ended, it waits again.")
     .post("anna").open("bo").time(ENDS - 1).time(ENDS, stored("m", "bo"))
     .status("anna", opened=1))
    (cases.first("lease_end_noticed", "A request does not wait for it.", "anna bo carl")
     .post("anna").open("bo").at(ENDS).open("carl", first=[stored("m", "bo")]))
    (_three_leases(cases.first("lease_end_twice", "After the second it waits still."), "bo", "bo")
     .status("anna", opened=2))
    (_three_leases(cases.first("lease_end_thrice", "The third destroys it."), "bo", "bo", "bo")
     .open("bo", no=gone("unconfirmed")).ack("bo", no=gone("unconfirmed")))
    story = cases.first("lease_end_thrice_of_many", "The three count together, whoever held them.",
                        "anna bo carl dora")
    (_three_leases(story, "bo", "carl", "dora")
     .status("anna", state="unconfirmed", opened=3, ended_at=START + 3 * LEASE))
    story = cases.first("lease_end_and_returns", "Returns are not among the three.")
    (_three_leases(story, "bo", "bo")
     .open("bo").release("bo").open("bo")
     .time(START + 3 * LEASE, destroyed("m", "unconfirmed", 4)))
    (cases.first("ack_after_lease_end", "A slow reader has still read it.")
     .post("anna").open("bo").time(ENDS, stored("m", "bo")).ack("bo"))


def _releasing(cases: Cases) -> None:
    lost = {"no": "lease_lost"}
    (cases.first("release", "It waits again, and the return is counted and told.")
     .post("anna").open("bo").release("bo").status("anna", opened=1, returns=1)
     .notices("bo", waits(opened=1, returns=1)))
    (cases.first("release_elsewhere", "Its own socket is told.")
     .post("anna").open("bo").release("bo", over="http"))
    (cases.first("release_without_lease", "There is nothing to give back.")
     .post("anna").release("bo", **lost))
    (cases.first("release_of_anothers", "Another's lease is not one's own to give back.",
                 "anna bo carl")
     .post("anna").open("bo").release("carl", **lost))
    (cases.first("release_twice", "The second gives nothing back.")
     .post("anna").open("bo").release("bo").release("bo", **lost))
    (cases.first("release_after_lease_end", "A lease that has ended by time can't be given back.")
     .post("anna").open("bo").time(ENDS, stored("m", "bo")).release("bo", **lost))


def _returns(cases: Cases) -> None:
    def returned(name: str, why: str, members: str = "anna bo carl", **more: Any) -> Story:
        return cases.first(name, why, members, **more).post("anna").open("bo").release("bo")

    (returned("return_waits", "Another may lease it: the returner waits.")
     .open("bo", no=leased(120)).at(START + 30_500).open("bo", no=leased(90)))
    returned("return_for_others", "The others may lease it.").open("carl")
    (returned("return_over", "The returner waits as long as a lease lasts.")
     .at(ENDS - 1).open("bo", no=leased(1)).at(ENDS).open("bo"))
    (returned("return_in_a_room_of_two", "Nobody else may lease it, so nobody waits.", "anna bo")
     .open("bo"))
    (cases.first("return_others_away", "Who isn't there is not waited for.", "anna bo carl")
     .away("carl").post("anna").open("bo").release("bo").open("bo"))
    (cases.first("return_others_back", "Who comes back is waited for.", "anna bo carl")
     .away("carl").post("anna").open("bo").release("bo").back("carl").open("bo", no=leased(120)))
    (returned("return_taken_by_a_newcomer", "Who came since the return waits as well.", seats=4)
     .at(5_000).join("dora").open("dora", no=leased(116)))
    (returned("return_newcomer_alone", "Where nobody else may lease it, who came since may.",
              "anna bo", seats=3)
     .at(5_000).join("carl").open("carl"))
    (cases.first("return_after_a_newcomer", "Who came before the return may lease it.", seats=3)
     .post("anna").open("bo").at(5_000).join("carl").at(6_000).release("bo").open("carl"))
    (returned("return_of_two", "Both wait for the third.", "anna bo carl dora")
     .open("carl").release("carl", returns=2).open("bo", no=leased(120))
     .open("carl", no=leased(120)).open("dora"))
    (returned("return_of_all", "Where all have given it back, all may lease it.")
     .open("carl").release("carl", returns=2).open("bo"))
    (returned("return_again", "It waits from its latest return on.", "anna bo carl")
     .at(61_000).away("carl").open("bo").release("bo", returns=2).back("carl")
     .open("bo", no=leased(120)).at(ENDS).open("bo", no=leased(60)))
    (cases.first("return_by_leaving", "Leaving gives it back, and who comes again waits.",
                 "anna bo carl")
     .post("anna").open("bo").at(5_000).leave("bo", stored("m", "bo", 1)).join("bo")
     .open("bo", no=leased(120)).status("anna", opened=1, returns=1))
    (cases.first("return_by_eviction", "Eviction gives it back, and who took the seat waits.",
                 "anna bo carl")
     .post("anna").open("bo").away("bo").at(90_000).evict("dora", "bo", stored("m", "bo", 1))
     .open("dora", no=leased(120)).open("carl"))
    returned("return_and_ack", "Who waits may have read it, and acknowledge.").ack("bo")


def _acknowledging(cases: Cases) -> None:
    wrong = {"no": "viewing_wrong", "proves": "n"}
    (cases.first("ack", "It is destroyed, and the proof is told.", "anna bo carl")
     .post("anna").open("bo").at(9_000).ack("bo")
     .status("anna", state="viewed", opened=1, reader="bo", ended_at=9_000))
    (cases.first("ack_elsewhere", "Its own socket is told.")
     .post("anna").open("bo").ack("bo", over="http"))
    (cases.first("ack_without_lease", "It needs no lease, even while another holds one.",
                 "anna bo carl")
     .post("anna").open("bo").ack("carl"))
    (cases.first("ack_wrong", "Nothing is destroyed.")
     .post("anna").open("bo").ack("bo", **wrong).status("anna", state="opened", opened=1))
    (cases.first("ack_ones_own", "An author has not viewed it.")
     .post("anna").ack("anna", no="message_author"))
    (cases.first("ack_again", "The first answer, and nothing is told.")
     .post("anna").ack("bo", opened=0).ack("bo", again=True))
    (cases.first("ack_again_by_another", "After its end the right bytes are all that counts.",
                 "anna bo carl")
     .post("anna").ack("bo", opened=0).ack("carl", again=True))
    (cases.first("ack_again_wrong", "After its end wrong bytes are refused as before.")
     .post("anna").ack("bo", opened=0).ack("bo", **wrong))
    (cases.first("viewed_is_gone", "Whatever else is asked, the answer is its fate.",
                 "anna bo carl")
     .post("anna").ack("bo", opened=0).open("carl", no=gone("viewed"))
     .release("bo", no=gone("viewed")).withdraw("anna", no=gone("viewed")))


def _taking_back(cases: Cases) -> None:
    (cases.first("withdraw", "It is destroyed; nobody had opened it.")
     .post("anna").at(9_000).withdraw("anna")
     .status("anna", state="withdrawn", opened=0, ended_at=9_000))
    (cases.first("withdraw_elsewhere", "Its own socket is told.")
     .post("anna").withdraw("anna", over="http"))
    (cases.first("withdraw_opened", "Its author is told that somebody has had it.")
     .post("anna").open("bo").release("bo").withdraw("anna", opened=1))
    (cases.first("withdraw_leased", "Not while somebody reads it.")
     .post("anna").open("bo").at(START + 30_500).withdraw("anna", no=leased(90)))
    (cases.first("withdraw_after_lease_end", "When the lease has ended it may be taken back.")
     .post("anna").open("bo").at(ENDS).withdraw("anna", opened=1, first=[stored("m", "bo")]))
    (cases.first("withdraw_anothers", "Its author alone takes it back.")
     .post("anna").withdraw("bo", no="author_only"))
    (cases.first("withdraw_again", "The first answer, and nothing is told.")
     .post("anna").withdraw("anna").withdraw("anna", again=True))
    (cases.first("withdrawn_is_gone", "For its readers it is gone.")
     .post("anna").withdraw("anna").open("bo", no=gone("withdrawn"))
     .ack("bo", no=gone("withdrawn")).release("bo", no=gone("withdrawn")))
    (cases.to_all("all_withdraw_leased", "For everyone it may be taken back while it is read.")
     .open("bo").withdraw("anna", opened=1).ack("bo", no=gone("withdrawn")))
    (cases.to_all("all_withdraw_viewed", "What was viewed keeps its proof.")
     .ack("bo", state="acknowledged").at(9_000).withdraw("anna", reader="bo")
     .status("anna", state="withdrawn", opened=0, reader="bo", ended_at=9_000))


def _expiry(cases: Cases) -> None:
    end = START + DAY
    (cases.first("expiry", "It is destroyed when its time is over.")
     .post("anna").time(end - 1).time(end, destroyed("m", "expired", 0))
     .status("anna", state="expired", opened=0, ended_at=end))
    (cases.first("expiry_while_read", "That is so in the middle of a lease.")
     .post("anna").at(end - 60_000).open("bo").time(end, destroyed("m", "expired", 1))
     .ack("bo", no=gone("expired")))
    (cases.first("expiry_noticed", "Nobody is served it meanwhile; who asks is told too.")
     .post("anna").at(end).open("bo", no=gone("expired"), first=[destroyed("m", "expired", 0)]))
    (cases.first("expired_is_gone", "It can't be taken back any more.")
     .post("anna").time(end, destroyed("m", "expired", 0)).withdraw("anna", no=gone("expired")))
    (cases.to_all("all_expiry", "A view before has no proof after.")
     .ack("bo", state="acknowledged").time(end, destroyed("m", "expired", 0))
     .ack("bo", no=gone("expired")).status("anna", state="expired", opened=0, ended_at=end))
    limits = {"waiting_messages": 1, "waiting_bytes": 65_536}
    (cases.first("expiry_makes_room", "What has expired waits no more.", limits=limits)
     .post("anna").time(end, destroyed("m", "expired", 0)).post("anna", "n"))


def _tombstones(cases: Cases) -> None:
    (cases.first("tombstone_ends", "When its tombstone is gone, nothing is known of it.")
     .post("anna").ack("bo", opened=0).at(START + DAY - 1).open("bo", no=gone("viewed"))
     .at(START + DAY).open("bo", no="message_unknown").ack("bo", no="message_unknown")
     .status("anna", state="unknown"))
    (cases.first("status_of_anothers", "A receipt is its author's.")
     .post("anna").status("bo", state="unknown").ack("bo", opened=0).status("bo", state="unknown"))


def _seats_and_ends(cases: Cases) -> None:
    (cases.first("left", "Who has left has no seat.", "anna bo carl")
     .post("anna").leave("bo").open("bo", no="seat_unknown").ack("bo", no="seat_unknown")
     .leave("bo", no="seat_unknown"))
    (cases.first("evicted", "Who was evicted has no seat.")
     .post("anna").away("bo").at(90_000).evict("carl", "bo").open("bo", no="seat_unknown")
     .open("carl"))
    (cases.first("author_back", "With its token it is the author again.")
     .post("anna").leave("anna").join("anna").open("anna", no="message_author").withdraw("anna"))
    story = cases.first("room_ended", "Nothing is left of it, no tombstone either.").post("anna")
    (story.post("anna", "n").withdraw("anna", "n").destroy("bo")
     .open("bo", no="room_unknown").post("anna", "n", no="room_unknown"))
    (cases.to_all("all_room_ended", "Nothing is left of a message for everyone either.")
     .destroy("bo").open("bo", no="room_unknown").post("anna", no="room_unknown"))
