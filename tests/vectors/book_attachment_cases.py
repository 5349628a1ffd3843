"""Messages with attachments: how they are posted, opened and fetched (docs/protocol.md, 15)."""

from book_story import DAY, ENDS, LEASE, START, Cases, destroyed, gone, leased, stored

# One story, one line or a few: a step to a line would hide how they differ.
# fmt: off

_MINUTE = 60_000
_MOST = START + 15 * _MINUTE


def tell_of_attachments(cases: Cases) -> None:
    _posting(cases)
    _opening(cases)
    _fetching(cases)


def _posting(cases: Cases) -> None:
    (cases.first("attached", "Its notice tells how long it is.", "anna bo carl")
     .attach("anna", padded=10_485_760).post("anna", attached="m"))
    (cases.first("attached_incomplete", "All of it has landed before it is posted.")
     .attach("anna", padded=327_680, lacks=1)
     .post("anna", attached="m", no="attachment_incomplete").post("anna"))
    (cases.first("attached_unknown", "What wasn't reserved can't be posted.")
     .post("anna", attached="m", no="attachment_incomplete"))
    (cases.first("attached_anothers", "Nor what another has sent.")
     .attach("bo").post("anna", attached="m", no="attachment_incomplete"))
    (cases.first("attached_twice", "It belongs to one message.")
     .attach("anna").post("anna", attached="m")
     .post("anna", "n", attached="m", no="attachment_incomplete"))
    (cases.first("attached_late", "It ends a quarter of an hour after its last chunk.")
     .attach("anna").at(_MOST - 1).post("anna", attached="m"))
    (cases.first("attached_too_late", "Then it can't be posted any more.")
     .attach("anna").at(_MOST).post("anna", attached="m", no="attachment_incomplete"))
    (cases.first("attached_again", "The same again gets the first answer, another message none.")
     .attach("anna").attach("anna", "n").post("anna", attached="m")
     .post("anna", attached="m", again={}).post("anna", no="message_conflict")
    .post("anna", attached="n", no="message_conflict"))
    (cases.first("attached_again_gone", "Also when it has been destroyed with its message.")
     .attach("anna").post("anna", attached="m").ack("bo", opened=0)
     .post("anna", attached="m",
           again={"state": "viewed", "opened": 0, "reader": "bo", "ended_at": START}))


def _opening(cases: Cases) -> None:
    (cases.first("attached_client", "Who can't show it gets no lease.")
     .attach("anna").post("anna", attached="m")
     .open("bo", no="attachment_client").open("bo", shows=True)
     .open("bo", no="attachment_client").open("bo", until=ENDS, shows=True))
    (cases.first("attached_author", "That it isn't the author's comes first.")
     .attach("anna").post("anna", attached="m").open("anna", no="message_author"))
    (cases.first("attached_none", "Who can show one opens what has none.")
     .post("anna").open("bo", shows=True))


def _fetching(cases: Cases) -> None:
    def lent(name: str, why: str, members: str = "anna bo") -> object:
        story = cases.first(name, why, members)
        return story.attach("anna").post("anna", attached="m").open("bo", shows=True)

    half = START + LEASE // 2
    lent("fetch", "At half of a lease nothing happens yet.").at(half).fetch("bo")
    (lent("fetch_prolongs", "Later it is a whole one again.", "anna bo carl")
     .at(half + 1).fetch("bo", until=half + 1 + LEASE).fetch("bo")
     .at(ENDS).open("carl", shows=True, no=leased(61)))
    story = lent("fetch_most", "It lasts no longer than a quarter of an hour in all.")
    for number in range(1, 12):
        story.at(START + number * 70_000).fetch("bo", until=START + number * 70_000 + LEASE)
    (story.at(START + 12 * 70_000).fetch("bo", until=_MOST).at(_MOST - 1).fetch("bo")
     .at(_MOST).fetch("bo", no="lease_lost", first=[stored("m", "bo")])
     .status("anna", opened=1))
    (lent("fetch_ended", "A lease that has ended is over.")
     .at(ENDS).fetch("bo", no="lease_lost", first=[stored("m", "bo")]))
    (lent("fetch_anew", "Another lease begins anew.")
     .at(ENDS).open("bo", shows=True, first=[stored("m", "bo")])
     .at(ENDS + LEASE - 1).fetch("bo", until=ENDS + 2 * LEASE - 1))
    (lent("fetch_given_back", "Nothing is fetched of what was given back.")
     .release("bo").fetch("bo", no="lease_lost"))
    (lent("fetch_by_another", "Nor by who doesn't hold the lease.", "anna bo carl")
     .fetch("carl", no="lease_lost").fetch("anna", no="lease_lost"))
    (lent("fetch_viewed", "Nor of what is no more.").ack("bo").fetch("bo", no="lease_lost"))
    (cases.first("fetch_unposted", "Nor of what isn't posted yet, by nobody.")
     .attach("anna").fetch("anna", no="lease_lost").fetch("bo", no="lease_lost"))
    (cases.first("fetch_unknown", "Nor of what isn't there.")
     .post("anna").open("bo").fetch("bo", no="lease_lost"))
    (lent("fetch_expired", "No lease outlasts its message.").at(START + DAY)
     .fetch("bo", no="lease_lost", first=[destroyed("m", "expired", 1)]))
    story = cases.everyone("all_fetch", "For everyone each has a lease of their own.")
    (story.attach("anna").post("anna", audience="bo carl", attached="m").open("bo", shows=True)
     .at(half).open("carl", shows=True).fetch("carl")
     .at(half + 1).fetch("bo", until=half + 1 + LEASE)
     .ack("bo", state="acknowledged").fetch("bo", no="lease_lost").fetch("carl"))
    (lent("fetch_lost", "What has lost a chunk ends unconfirmed.", "anna bo carl")
     .lose("bo").open("carl", shows=True, no=gone("unconfirmed"))
     .status("anna", state="unconfirmed", opened=1, ended_at=START))
