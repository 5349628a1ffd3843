"""What must be so when everybody has read everything: one log, one line of records, one set of
texts; nothing shown twice, nothing lost but what the tail destroyed, and always a way forward."""

from collections import Counter
from dataclasses import dataclass, field

from support.people.gossip import NONE, Actor, Gossip, Said
from support.people.village import DAY

from ephemeral.client.conversations.engine import Conversations, Known
from ephemeral.client.conversations.news import News
from ephemeral.protocol.conversations.records import Record, SignedRecord

ROUNDS = 8
#: Lines with a code that say no more than what people did.
_USUAL = {"not_member", "renewal_failed", "changes_not_seen"}
#: And once the server was set back: its senders send again what others have read of them before.
_SET_BACK = {"server_back", "box_broken", "message_again"}


@dataclass
class Standing:
    """How all stands on a device."""

    known: dict[bytes, Known] = field(default_factory=dict)
    #: Of what is followed: place and hash of the log, and the newest record.
    heads: dict[bytes, tuple[int, bytes, bytes]] = field(default_factory=dict)
    #: Records by conversation: (place, record).
    records: dict[bytes, list[tuple[int, Record]]] = field(default_factory=dict)
    listed: set[bytes] = field(default_factory=set)
    waiting: set[bytes] = field(default_factory=set)
    settings: dict[str, object] = field(default_factory=dict)

    def lists(self, conversation: bytes, actor: Actor) -> bool:
        newest = self.records[conversation][-1][1]
        return actor.device.id in {one.device for one in newest.devices}


def alive(gossip: Gossip) -> list[Actor]:
    return [one for one in gossip.actors if not one.revoked]


async def read(gossip: Gossip, actor: Actor) -> Standing:
    """A device reads everything, and nothing befalls it any more; how all stands there then."""
    found = Standing()

    async def work(talk: Conversations) -> None:
        await talk.sync()
        gossip.look(actor, talk)
        await talk.taken(talk.news())
        found.known = {one.id: one for one in talk.known()}
        listed = await talk.service.listed()
        found.listed = {one.conversation for one in listed} - {talk._up.self_id}
        found.heads = {
            row[0]: row[1:]
            for row in talk._store.all(
                "SELECT conversation, s, hash, record FROM conversations WHERE state = 'following'"
            )
        }
        for conversation, s, entry in talk._store.all(
            "SELECT conversation, s, entry FROM records ORDER BY epoch"
        ):
            record = SignedRecord.read(entry).record
            found.records.setdefault(conversation, []).append((s, record))
        found.waiting = set(talk._sending.waits_in())
        found.settings = talk.register("settings")

    ended, _ = await gossip.act(actor, NONE, "reads all", work)
    assert ended == "", ended
    return found


async def settled(gossip: Gossip) -> dict[str, Standing]:
    """Everybody reads, until nobody has anything that others don't have."""
    for _ in range(ROUNDS):
        stands = {one.name: await read(gossip, one) for one in alive(gossip)}
        heads = {each for one in stands.values() for each in one.heads.items()}
        if len(heads) == len({conversation for conversation, _ in heads}):
            return stands
    raise AssertionError("they never come to an end")


async def proved(gossip: Gossip) -> None:
    """All that must be so, and then that everybody can say something that everybody hears."""
    stands = await settled(gossip)
    if await repaired(gossip, stands):
        stands = await settled(gossip)
    for conversation in list(gossip.conversations):
        follow = []
        for one in alive(gossip):
            mine = stands[one.name]
            if conversation in mine.heads:
                follow.append((one, mine.lists(conversation, one)))
        if not any(listed for _, listed in follow):
            gossip.dead.add(conversation)
            continue
        # Whose device isn't listed waits for somebody whose is.
        for one, listed in sorted(follow, key=lambda each: not each[1]):
            if not listed:
                await gossip.hear(one)
            await gossip.say(one, NONE, conversation)
            assert gossip.said[-1].stored, "there is always a way forward"
    check(gossip, await settled(gossip))


async def repaired(gossip: Gossip, stands: dict[str, Standing]) -> bool:
    """What can't be followed since the server was set back goes on as another conversation."""
    before = len(gossip.conversations)
    for conversation in list(gossip.conversations):
        for one in alive(gossip):
            known = stands[one.name].known.get(conversation)
            if known is None or known.state != "refused" or known.role != "admin":
                continue
            await gossip.repair(one, conversation)
            break
    return len(gossip.conversations) > before


def check(gossip: Gossip, stands: dict[str, Standing]) -> None:
    for conversation in gossip.conversations:
        followers = _followers(gossip, stands, conversation)
        _one_log(followers, stands, conversation)
        line = _one_line(gossip, followers, stands, conversation)
        _one_truth(gossip, followers, conversation, line)
    for one in alive(gossip):
        mine = stands[one.name]
        # What a server forgot is known to whoever had read it.
        for other in gossip.others_of(one) if gossip.era == 0 else []:
            # Nobody tells a newcomer what was noted before.
            if one.late or other.late:
                continue
            assert mine.settings == stands[other.name].settings, "devices of one person know alike"
        _usual(gossip, one)
    for one in gossip.actors:
        _once(one)
    for said in gossip.said:
        _said(gossip, stands, said)


def _followers(gossip: Gossip, stands: dict[str, Standing], conversation: bytes) -> list[Actor]:
    found = []
    for one in alive(gossip):
        mine = stands[one.name]
        known = mine.known.get(conversation)
        if conversation in mine.listed:
            assert known is not None, f"{one.name} knows nothing of it"
            if gossip.era and (known.state, known.why) == ("refused", "server_back"):
                continue
            assert known.state == "following", (one.name, known.state, known.why)
            found.append(one)
        else:
            assert known is None or known.state in {"gone", "left"}, (one.name, known)
    return found


def _one_log(followers: list[Actor], stands: dict[str, Standing], conversation: bytes) -> None:
    heads = {stands[one.name].heads[conversation] for one in followers}
    assert len(heads) <= 1, "one log"


def _one_line(
    gossip: Gossip, followers: list[Actor], stands: dict[str, Standing], conversation: bytes
) -> dict[int, Record]:
    """The records that are known, by their places. Whoever was removed from a log that the server
    has lost may still have a record of it, from before they were met anew."""
    line: dict[int, Record] = {}
    for one in followers:
        records = stands[one.name].records[conversation]
        known = stands[one.name].known[conversation]
        newest = next(each for _, each in records if each.epoch == known.epoch)
        me = newest.person(one.device.chain)
        since = me.since if me is not None and gossip.era else 0
        for s, record in records:
            if not since <= record.epoch <= known.epoch:
                continue
            assert line.setdefault(s, record) == record, "one line of records"
    return line


def _body(line: News) -> str | None:
    if line.kind != "message" or line.content is None:
        return None
    body = line.content.body
    found = body.get("text") or body.get("reaction")
    return None if found is None else str(found)


def _one_truth(
    gossip: Gossip, followers: list[Actor], conversation: bytes, line: dict[int, Record]
) -> None:
    """The same at each place on all devices; nothing to who isn't listed, all to who is."""
    places: dict[int, tuple[str, bytes | None, bytes | None]] = {}
    for one in gossip.actors:
        last = 0
        for number in sorted(one.seen):
            shown, era = one.seen[number]
            body = _body(shown)
            if shown.conversation != conversation or era != gossip.era or body is None:
                continue
            assert shown.s > last, (one.name, shown.s, last, body, "in the log's order")
            last = shown.s
            told = (body, shown.device, shown.id)
            assert places.setdefault(shown.s, told) == told, "one text at a place"
            force = _in_force(line, shown.s)
            if force:
                listed = {each.device for each in force[0].devices}
                assert one.device.id in listed, f"{one.name} isn't to read this"
    deleted = {one.text for one in gossip.said if one.deleted}
    late = {one.text for one in gossip.said if one.era != gossip.era}
    for one in followers:
        mine = [each.line for each in one.seen.values() if each.line.conversation == conversation]
        seen = {_body(each) for each in mine}
        gone = [each.details for each in mine if each.kind in {"gap", "destroyed"}]
        # Where the server was set back to an epoch that is over here, its secret is gone.
        unreadable = {each.s for each in mine if gossip.era and each.code == "box_broken"}
        for s, (text, _, _) in places.items():
            force = _in_force(line, s)
            if not force or text in deleted or text in late:
                continue
            if all(one.device.id in {each.device for each in rec.devices} for rec in force):
                covered = _destroys(gossip) and any(
                    each["from"] <= s <= each["to"] for each in gone
                )
                covered |= s in unreadable
                assert covered or text in seen, f"{one.name} lacks {text!r} at {s}"


def _destroys(gossip: Gossip) -> bool:
    """Whether the tail may have destroyed what somebody hadn't read: after the timer and a day."""
    return gossip.timed and gossip.passed > DAY


def _in_force(line: dict[int, Record], s: int) -> list[Record]:
    """The record in force at a place, and all after it; none where some of them aren't known to
    anybody who is there in the end."""
    before = [place for place in line if place < s]
    if not before:
        return []
    found = [line[place] for place in sorted(line) if place >= max(before)]
    whole = range(found[0].epoch, found[0].epoch + len(found))
    return found if [each.epoch for each in found] == list(whole) else []


def _usual(gossip: Gossip, actor: Actor) -> None:
    usual = _USUAL | (_SET_BACK if gossip.era else set())
    codes = {each.line.code for each in actor.seen.values() if each.line.code is not None} - usual
    assert codes == set(), (actor.name, codes)


def _once(actor: Actor) -> None:
    texts = Counter(text for each in actor.seen.values() if (text := _body(each.line)) is not None)
    twice = [text for text, count in texts.items() if count > 1]
    assert twice == [], f"{actor.name} was shown something twice"


def _said(gossip: Gossip, stands: dict[str, Standing], said: Said) -> None:
    """What was accepted is said, unless whoever said it is out of it; what was refused, never."""
    shown = [
        one.name
        for one in gossip.actors
        if any(_body(each.line) == said.text for each in one.seen.values())
    ]
    if said.refused:
        assert shown == [], f"{said.text!r} was refused"
    by = said.by
    if by.revoked or said.conversation in by.broken | gossip.dead or said.era != gossip.era:
        return
    known = stands[by.name].known.get(said.conversation)
    if said.accepted and known is not None and known.state == "following":
        # Who was removed and added again meanwhile may not be shown it.
        assert shown or _destroys(gossip), f"{said.text!r} was lost"
        assert said.conversation not in stands[by.name].waiting, "nothing waits for ever"
