"""Under *everyone*: who is to view a message, and what becomes of it (docs/protocol.md, 8.6)."""

from book_story import (
    ENDS,
    LEASE,
    START,
    Cases,
    Story,
    audience,
    destroyed,
    done,
    gone,
    leased,
    stored,
    waits,
    who,
)

# One story, one line or a few: a step to a line would hide how they differ.
# fmt: off


def tell_of_audiences(cases: Cases) -> None:
    _audiences(cases)
    _audiences_ended_by_time(cases)
    _audiences_that_go(cases)
    _no_audience(cases)


def _audiences(cases: Cases) -> None:
    (cases.to_all("all_open", "Each has a lease of its own.")
     .open("bo").at(5_000).open("carl").notices("anna", waits(opened=2))
     .status("anna", state="opened", opened=2))
    (cases.to_all("all_open_again", "Opening again prolongs nothing.")
     .open("bo").at(5_000).open("bo", until=ENDS))
    (cases.to_all("all_one_viewed", "Others are still to.")
     .open("bo").ack("bo", state="acknowledged").status("anna", opened=1, audience="carl"))
    (cases.to_all("all_one_viewed_elsewhere", "Its own socket is told.")
     .ack("bo", state="acknowledged", over="http"))
    (cases.to_all("all_viewed", "The last view destroys it.")
     .ack("carl", state="acknowledged").at(9_000).ack("bo", opened=0)
     .status("anna", state="viewed", opened=0, reader="bo", ended_at=9_000))
    (cases.to_all("all_ack_again", "The first answer again, while others are to view it.")
     .ack("bo", state="acknowledged").ack("bo", state="acknowledged", again=True))
    (cases.to_all("all_ack_again_viewed", "When all have viewed it, the answer says so.")
     .ack("bo", state="acknowledged").ack("carl", opened=0).ack("bo", again=True))
    (cases.to_all("all_ack_wrong", "Nothing is noted.")
     .ack("bo", no="viewing_wrong", proves="n").status("anna", audience="bo carl"))
    (cases.to_all("all_done", "Who has viewed it is done, while it lives for others.")
     .ack("bo", state="acknowledged").open("bo", no=done("acknowledged")))
    (cases.to_all("all_late", "Who came later is not of its audience.", seats=4)
     .join("dora").open("dora", no="audience_only").ack("dora", no="audience_only"))
    (cases.everyone("all_absent", "Who held no seat is not of its audience.")
     .away("carl").post("anna", audience="bo").back("carl").open("carl", no="audience_only"))
    (cases.to_all("all_release", "It is a return, but each has a lease of its own: nobody waits.")
     .open("bo").release("bo").open("bo").status("anna", state="opened", opened=2, returns=1))
    (cases.to_all("all_release_without_lease", "There is nothing to give back.")
     .open("bo").release("carl", no="lease_lost"))


def _late_for_bo(story: Story) -> Story:
    """Three of its leases have ended by time."""
    for number in range(1, 4):
        ends = story.open("bo").now + LEASE
        more = [audience("m", "carl")] if number == 3 else []
        story.time(ends, stored("m", "bo"), *more)
    return story


def _audiences_ended_by_time(cases: Cases) -> None:
    (cases.to_all("all_lease_end", "It waits again for the one whose lease has ended.")
     .open("bo").time(ENDS, stored("m", "bo")).open("bo"))
    (_late_for_bo(cases.to_all("all_lease_end_thrice", "After three this member is done."))
     .open("bo", no=done("unconfirmed")).status("anna", opened=3, audience="carl"))
    (_late_for_bo(cases.to_all("all_late_ack", "Who is done without a view may still acknowledge."))
     .ack("bo", state="acknowledged").open("bo", no=done("acknowledged")).ack("carl", opened=3))
    (_late_for_bo(cases.to_all("all_done_and_the_rest_viewed", "One view is enough then."))
     .ack("carl", opened=3))
    story = cases.to_all("all_lease_ends", "Everybody is done, and none has viewed it.")
    for number in range(1, 4):
        story.open("bo").at(story.now + 1_000).open("carl")
        left = [audience("m", "carl")] if number == 3 else []
        last = [destroyed("m", "unconfirmed", 6)] if number == 3 else []
        story.time(story.now + LEASE - 1_000, stored("m", "bo"), *left)
        story.time(story.now + 1_000, stored("m", "carl"), *last)
    story = (cases.to_all("all_lease_ends_but_one", "Everybody is done, and one has viewed it.")
             .ack("carl", state="acknowledged"))
    for number in range(1, 4):
        last = [destroyed("m", "viewed", 3, "carl")] if number == 3 else []
        story.open("bo").time(story.now + LEASE, stored("m", "bo"), *last)
    story.status("anna", state="viewed", opened=3, reader="carl", ended_at=START + 3 * LEASE)


def _audiences_that_go(cases: Cases) -> None:
    (cases.to_all("all_left", "It waits for those who are left.")
     .leave("bo", audience("m", "carl")))
    (cases.to_all("all_left_reading", "First its lease, then the audience.")
     .open("bo").leave("bo", stored("m", "bo", 1), audience("m", "carl"))
     .status("anna", opened=1, returns=1, audience="carl"))
    (cases.to_all("all_emptied_by_leaving", "Nobody is left to view it.")
     .leave("bo", audience("m", "carl")).leave("carl", destroyed("m", "unconfirmed", 0)))
    (cases.to_all("all_emptied_by_eviction", "Who comes opens nothing older.")
     .leave("bo", audience("m", "carl")).join("dora").away("carl").at(90_000)
     .evict("eve", "carl", destroyed("m", "unconfirmed", 0)).open("eve", no=gone("unconfirmed")))
    (cases.to_all("all_evicted", "Eviction is as leaving, and who comes is not of the audience.")
     .open("bo").away("bo").at(90_000)
     .evict("dora", "bo", stored("m", "bo", 1), audience("m", "carl"))
     .open("dora", no="audience_only"))
    (cases.to_all("all_last_leaves", "When who is left has viewed it, that ends it.")
     .ack("bo", state="acknowledged").at(9_000).leave("carl", destroyed("m", "viewed", 0, "bo"))
     .status("anna", state="viewed", opened=0, reader="bo", ended_at=9_000))
    (cases.to_all("all_viewer_leaves", "Who has viewed it and left has viewed it.")
     .ack("bo", state="acknowledged").leave("bo").leave("carl", destroyed("m", "viewed", 0, "bo")))
    (cases.to_all("all_author_leaves", "It waits on without its author.")
     .leave("anna").ack("bo", state="acknowledged").ack("carl", opened=0))
    (cases.to_all("all_left_and_back", "It is out of the audience.")
     .leave("bo", audience("m", "carl")).join("bo").open("bo", no="audience_only")
     .ack("bo", no="audience_only"))
    (_late_for_bo(cases.to_all("all_done_left_and_back", "So is one that was done without a view."))
     .leave("bo").join("bo").ack("bo", no="audience_only"))
    (cases.to_all("all_viewer_left_and_back", "Its view stands when it comes back.")
     .ack("bo", state="acknowledged").leave("bo").join("bo")
     .ack("bo", state="acknowledged", again=True))


def _no_audience(cases: Cases) -> None:
    def alone(name: str, why: str, seats: int = 3) -> Story:
        return cases.everyone(name, why, "anna", seats=seats).post("anna")

    (alone("none_there", "Whoever opens it first is the only one.")
     .join("bo").join("carl").open("bo").open("carl", no=leased(120))
     .notices("carl", waits(state="opened", holder=who("bo"), lease_until=ENDS, opened=1))
     .ack("bo"))
    (cases.everyone("none_there_all_away", "Nobody else held a seat.")
     .away("bo").away("carl").post("anna").back("carl").open("carl"))
    (alone("none_there_returned", "Returns are as under first view.")
     .join("bo").join("carl").at(5_000).open("bo").at(6_000).release("bo")
     .open("bo", no=leased(120)).open("carl"))
    story = alone("none_there_lease_ends", "The third lease that ends destroys it.").join("bo")
    for number in range(1, 4):
        last = destroyed("m", "unconfirmed", 3) if number == 3 else stored("m", "bo")
        story.open("bo").time(story.now + LEASE, last)
    (alone("none_there_taken_back", "It is not taken back while its lease runs.")
     .join("bo").open("bo").withdraw("anna", no=leased(120)))
