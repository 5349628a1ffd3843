"""Reports: what proves itself is kept, sealed, until an operator has decided; nothing else is."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.machines.account_house import House
from support.machines.account_house import house as opened
from support.people.account_client import AccountClient, text
from support.people.conversers import Conversation, befriend, refusal

from ephemeral.operators.rows import audit_rows
from ephemeral.operators.rules import reports as rules
from ephemeral.operators.rules.reports import shown
from ephemeral.protocol.accounts.chain import close, remove
from ephemeral.protocol.conversations.contents import encode
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

WORDS = "canary: what was said"
SAID = encode("text", 1_700_000_000_000, {"text": WORDS, "mentions": []})


class Pair:
    """Somebody who was insulted, and the one who did it, in a conversation of theirs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.reporter, self.accused = house.somebody(), house.somebody()
        self.talk = Conversation()

    @classmethod
    async def of(cls, house: House) -> "Pair":
        made = cls(house)
        await made.reporter.linked()
        await made.accused.linked()
        await befriend(made.accused, made.reporter)
        assert (await made.talk.found(made.accused, [made.reporter])).status_code == 201
        return made

    def body(self, *messages: Any, **other: Any) -> dict[str, Any]:
        shows = list(messages) or [self.talk.shown(self.accused, SAID)]
        return {"id": text(16), "reason": "threat", "text": "", "messages": shows, **other}

    async def report(self, *messages: Any, **other: Any) -> httpx.Response:
        return await self.send(self.body(*messages, **other))

    async def send(self, body: dict[str, Any] | bytes) -> httpx.Response:
        """As the one who reports, with the proof of their device."""
        one = self.reporter
        proof = await one.proof("POST", "/report", one.tokens["access_token"])
        headers = {**one.bearer, **proof, "content-type": "application/json"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await one.api.post("/report", content=content, headers=headers)


@pytest.fixture
async def pair(house: House) -> Pair:
    return await Pair.of(house)


async def from_room(house: House, words: str = WORDS, **other: Any) -> httpx.Response:
    body = {"id": text(16), "reason": "spam", "text": words, **other}
    return await house.api.post("/report/room", json=body)


async def kept(pool: "Pool") -> list[Any]:
    return await pool.fetch("SELECT * FROM accounts.reports ORDER BY day, report")


async def payloads(pool: "Pool") -> int:
    """How many payloads reports have left, of which each must be one's."""
    count = await pool.fetchval(
        "SELECT count(*) FROM payloads WHERE id = ANY(SELECT payload FROM accounts.reports)"
    )
    return int(count)


async def everything(pool: "Pool") -> int:
    return int(await pool.fetchval("SELECT count(*) FROM payloads"))


# --- what is taken --------------------------------------------------------------------------------


async def test_what_a_device_has_signed_is_shown_to_operators_as_it_was_said(pair: Pair):
    answer = await pair.report(text="canary: he has said this", reason="harassment")
    assert (answer.status_code, set(answer.json())) == (202, {"now"})
    [row] = await kept(pair.house.pool)
    assert b64encode(row["accused"]) == pair.accused.tokens["account"]
    assert b64encode(row["account"]) == pair.reporter.tokens["account"]
    seen, evidence = await pair.house.reports.read(row["report"])
    assert (seen.reason, seen.messages, seen.decision) == ("harassment", 1, None)
    assert evidence is not None
    assert (evidence.text, evidence.contents) == ("canary: he has said this", (SAID,))
    assert shown(SAID) == ("text", 1_700_000_000_000, WORDS)
    # Sealed: nothing of it stands in a table.
    for table in ("accounts.reports", "payloads"):
        for found in await pair.house.pool.fetch(f"SELECT t::text FROM {table} t"):
            assert b"canary".hex() not in found[0]
            assert "canary" not in found[0]


async def test_from_a_room_it_is_the_word_of_who_reports_alone(house: House):
    answer = await from_room(house)
    assert (answer.status_code, set(answer.json())) == (202, {"now"})
    [row] = await kept(house.pool)
    assert (row["accused"], row["account"], row["messages"]) == (None, None, 0)
    _, evidence = await house.reports.read(row["report"])
    assert evidence == rules.Evidence(WORDS, ())


async def test_of_a_removed_device_to_whoever_has_left_what_was_signed_still_counts(pair: Pair):
    other = await pair.accused.another()
    assert (await pair.talk.renew(pair.accused)).status_code == 201
    said = pair.talk.shown(other, SAID)
    signed = pair.accused.chain

    gone = remove(signed, pair.accused.key, b64decode(other.device, 16))
    body = {"statement": b64encode(gone.encode()), "auth_key": pair.accused.auth_key}
    path = f"/devices/{other.device}/revoke"
    assert (await pair.accused.call("POST", path, json=body)).status_code == 200
    path = f"{pair.talk.path}/members/me"
    left = await pair.reporter.call("DELETE", path, json=pair.talk.leave(pair.reporter))
    assert left.status_code == 204, left.text
    assert (await pair.report(said)).status_code == 202
    assert len(await kept(pair.house.pool)) == 1


# --- what isn't -----------------------------------------------------------------------------------


def forged(pair: Pair) -> Any:
    """Other words under a signature that is right."""
    said = pair.talk.shown(pair.accused, SAID)
    return [said | {"content": b64encode(SAID.replace(b"said", b"done"))}]


def others_signature(pair: Pair) -> Any:
    """Written by who reports, in the name of the other's device."""
    device = b64decode(pair.accused.device, 16)
    return [pair.talk.shown(pair.reporter, SAID, device=device)]


def own(pair: Pair) -> Any:
    return [pair.talk.shown(pair.reporter, SAID)]


def of_no_record(pair: Pair) -> Any:
    return [pair.talk.shown(pair.accused, SAID, record=os.urandom(32))]


def of_no_conversation(pair: Pair) -> Any:
    return [pair.talk.shown(pair.accused, SAID, conversation=os.urandom(16))]


def of_another_suite(pair: Pair) -> Any:
    return [pair.talk.shown(pair.accused, SAID, suite=2)]


def of_nobodys_device(pair: Pair) -> Any:
    return [pair.talk.shown(pair.accused, SAID, device=os.urandom(16))]


def one_of_two(pair: Pair) -> Any:
    """One that is right before one that isn't."""
    return [pair.talk.shown(pair.accused, SAID), *forged(pair)]


UNPROVEN = (
    forged, others_signature, own, of_no_record, of_no_conversation, of_another_suite,
    of_nobodys_device, one_of_two,
)  # fmt: skip


async def test_what_is_not_proved_is_refused_alike_and_kept_nowhere(pair: Pair):
    before = await everything(pair.house.pool)
    for show in UNPROVEN:
        answer = await pair.report(*show(pair))
        assert answer.status_code == 400, show
        assert refusal(answer) == {
            "code": "report_unproven",
            "message": "Who wrote these messages can't be proved here, or no more.",
            "retry_after": None,
        }, show
    assert await kept(pair.house.pool) == []
    assert await everything(pair.house.pool) == before


async def test_nobody_reports_from_a_conversation_that_they_were_not_in(pair: Pair):
    stranger = await pair.house.somebody().linked()
    await befriend(stranger, pair.accused)
    body = pair.body()
    answer = await stranger.call("POST", "/report", json=body)
    assert refusal(answer)["code"] == "report_unproven"
    # Nor one who came later, with a record from before.
    said = pair.talk.shown(pair.accused, SAID)
    chain = {stranger.chain.id: "member"}
    assert (await pair.talk.renew(pair.accused, Change(add=chain), [stranger])).status_code == 201
    late = await stranger.call("POST", "/report", json=pair.body(said))
    assert refusal(late)["code"] == "report_unproven"
    again = await stranger.call("POST", "/report", json=pair.body())
    assert again.status_code == 202, "but of what was said since"
    assert len(await kept(pair.house.pool)) == 1


async def test_a_report_is_about_one_person(pair: Pair):
    third = await pair.house.somebody().linked()
    await befriend(pair.accused, third)
    chain = {third.chain.id: "member"}
    assert (await pair.talk.renew(pair.accused, Change(add=chain), [third])).status_code == 201
    both = [pair.talk.shown(one, SAID) for one in (pair.accused, third)]
    assert refusal(await pair.report(*both))["code"] == "report_unproven"
    for one in both:
        assert (await pair.report(one)).status_code == 202


WRONG: dict[str, dict[str, Any]] = {
    "no messages": {"messages": []},
    "eleven": {"messages": [{"ad": text(122), "content": text(9), "signature": text(64)}] * 11},
    "an unknown reason": {"reason": "boring"},
    "no reason": {"reason": None},
    "a long text": {"text": "x" * 4_001},
    "a long text in bytes": {"text": "é" * 2_001},
    "a lone surrogate": {"text": "\ud800"},
    "another field": {"accused": text(16)},
    "a short id": {"id": text(15)},
    "an id that is none": {"id": "x" * 22},
    "a short head": {"messages": [{"ad": text(121), "content": "AA", "signature": text(64)}]},
    "no content": {"messages": [{"ad": text(122), "content": "", "signature": text(64)}]},
    "a long content": {
        "messages": [{"ad": text(122), "content": text(49_153), "signature": text(64)}]
    },
    "a short signature": {"messages": [{"ad": text(122), "content": "AA", "signature": text(63)}]},
}


async def test_what_has_not_the_form_is_malformed_and_kept_nowhere(pair: Pair):
    said = pair.talk.shown(pair.accused, SAID)
    wrong = {**WRONG, "a message twice": {"messages": [said, said]}}
    for name, other in wrong.items():
        # As a program would write it that lets a lone surrogate through.
        answer = await pair.send(json.dumps({**pair.body(said), **other}).encode())
        assert (answer.status_code, refusal(answer)["code"]) == (400, "malformed"), name
    for words in ("", "  \n", "x" * 4_001):
        assert refusal(await from_room(pair.house, words))["code"] == "malformed"
    assert refusal(await from_room(pair.house, messages=[said]))["code"] == "malformed"
    assert await kept(pair.house.pool) == []


async def test_more_than_the_largest_report_is_read_of_nobody(pair: Pair):
    size = 49_152
    words = encode("text", 0, {"text": "x" * 32_768, "mentions": []})
    assert len(words) < size
    filled = [pair.talk.shown(pair.accused, os.urandom(size)) for _ in range(10)]
    assert (await pair.report(*filled, text="x" * 4_000)).status_code == 202
    [row] = await kept(pair.house.pool)
    assert row["size"] == 10 * size + 4_000
    more = pair.body(*filled, text="x" * 4_000) | {"more": "x" * 60_000}
    assert refusal(await pair.send(more))["code"] == "too_large"
    # Of whoever isn't known a frame is read at most.
    assert refusal(await from_room(pair.house, "x" * 100_000))["code"] == "too_large"


# --- again, and too often -------------------------------------------------------------------------


async def test_the_same_again_changes_nothing_before_and_after_the_decision(pair: Pair):
    body = pair.body()
    house = pair.house
    answers = await asyncio.gather(*(pair.send(body) for _ in range(5)))
    assert {one.status_code for one in answers} == {202}
    [row] = await kept(house.pool)
    # The first counts, whatever is said under its id later.
    other = body | {"reason": "spam", "text": "something else"}
    assert (await pair.send(other)).status_code == 202
    assert await kept(house.pool) == [row]
    await house.reports.decide("ada", row["report"], "dismissed")
    assert (await pair.send(body)).status_code == 202
    [after] = await kept(house.pool)
    assert (after["decision"], after["payload"]) == ("dismissed", None)
    # Nobody else's report is taken for it.
    assert (await from_room(house, id=body["id"])).status_code == 202
    assert len(await kept(house.pool)) == 2


async def test_of_one_account_so_many_wait_and_no_more(pair: Pair):
    for _ in range(rules.REPORTER_MAX):
        assert (await pair.report()).status_code == 202
    refused = await pair.report()
    assert (refused.status_code, refusal(refused)["code"]) == (429, "too_many")
    assert refusal(refused)["retry_after"] == 3600
    # Others still report, and so does who had too many, once something was decided.
    assert (await from_room(pair.house)).status_code == 202
    row = next(one for one in await kept(pair.house.pool) if one["accused"])
    await pair.house.reports.decide("ada", row["report"], "dismissed")
    assert (await pair.report()).status_code == 202


async def test_reports_from_rooms_keep_no_account_from_reporting(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rules, "NOBODYS_MAX", 3)
    for _ in range(3):
        assert (await from_room(pair.house)).status_code == 202
    assert refusal(await from_room(pair.house))["code"] == "too_many"
    assert (await pair.report()).status_code == 202


async def test_what_waits_is_bounded_in_bytes(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "WAITING_BYTES", len(SAID) + 1)
    assert (await pair.report()).status_code == 202
    refused = await pair.report()
    assert (refused.status_code, refusal(refused)["code"]) == (503, "storage_full")


async def test_whoever_comes_reports_seldom_and_is_refused_before_anything_is_looked_at(
    database_url: str, tmp_path: Path
):
    async with opened(database_url, tmp_path) as house:
        codes = [(await from_room(house)).status_code for _ in range(6)]
        assert codes == [202] * 5 + [429]
        wrong = await house.api.post("/report/room", content=b"x" * 90_000)
        assert wrong.status_code == 429
        # Without a token twenty times an hour, whatever it is that they send.
        tries = [(await house.api.post("/report", json={})).status_code for _ in range(21)]
        assert tries == [401] * 20 + [429]


# --- the decision ---------------------------------------------------------------------------------


async def test_a_decision_destroys_what_was_shown_and_is_written_down(pair: Pair):
    house = pair.house
    before = await everything(house.pool)
    for decision in ("dismissed", "suspended"):
        assert (await pair.report()).status_code == 202
        row = next(one for one in await kept(house.pool) if one["decision"] is None)
        assert await everything(house.pool) == before + 1
        await house.reports.decide("ada", row["report"], decision)
        assert await everything(house.pool) == before
        seen, evidence = await house.reports.read(row["report"])
        assert (seen.decision, seen.decided_by, evidence) == (decision, "ada", None)
    acts = await house.pool.fetch("SELECT operator, act FROM operators.audit ORDER BY entry")
    assert [tuple(one) for one in acts] == [("ada", "dismissed"), ("ada", "suspended")]


async def test_of_two_operators_one_decides(pair: Pair):
    house = pair.house
    await pair.report()
    [row] = await kept(house.pool)
    both = await asyncio.gather(
        house.reports.decide("ada", row["report"], "suspended"),
        house.reports.decide("bob", row["report"], "dismissed"),
        return_exceptions=True,
    )
    refused = [one for one in both if isinstance(one, Refusal)]
    assert [one.code for one in refused] == ["conflict"]
    [decided] = await kept(house.pool)
    winner = {"suspended": "ada", "dismissed": "bob"}[decided["decision"]]
    assert decided["decided_by"] == winner
    # Who came too late has done nothing of it.
    day = await house.pool.fetchval(
        "SELECT suspended_day FROM accounts.accounts WHERE account = $1", row["accused"]
    )
    assert (day is not None) == (winner == "ada")
    for decision in ("dismissed", "suspended"):
        with pytest.raises(Refusal) as again:
            await house.reports.decide("ada", row["report"], decision)  # type: ignore[arg-type]
        assert again.value.code == "conflict"


async def test_a_decision_that_is_not_committed_has_not_happened(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    """Whoever dies at its last statement has neither decided, nor suspended, nor destroyed."""
    house = pair.house
    await pair.report()
    [row] = await kept(house.pool)

    async def dies(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(audit_rows, "note", dies)
        with pytest.raises(ZeroDivisionError):
            await house.reports.decide("ada", row["report"], "suspended")
    assert await kept(house.pool) == [row]
    _, evidence = await house.reports.read(row["report"])
    assert evidence is not None
    assert (await pair.accused.call("GET", "/chatrooms")).status_code == 200
    await house.reports.decide("ada", row["report"], "suspended")
    assert refusal(await pair.accused.call("GET", "/chatrooms"))["code"] == "suspended"


async def test_nobody_is_suspended_on_a_word_alone(house: House):
    await from_room(house)
    [row] = await kept(house.pool)
    with pytest.raises(Refusal) as refused:
        await house.reports.decide("ada", row["report"], "suspended")
    assert refused.value.code == "malformed"
    assert await payloads(house.pool) == 1
    await house.reports.decide("ada", row["report"], "dismissed")


async def test_after_ninety_days_all_of_a_report_goes(pair: Pair):
    house = pair.house
    before = await everything(house.pool)
    await pair.report()
    await from_room(house)
    await house.clock.advance(rules.KEPT_DAYS * 86_400_000)
    await house.reports.sweep()
    assert len(await kept(house.pool)) == 2
    await house.clock.advance(86_400_000)
    await house.reports.sweep()
    assert await kept(house.pool) == []
    assert await everything(house.pool) == before


@pytest.mark.parametrize("who", ["accused", "reporter"])
async def test_an_account_that_is_deleted_is_in_no_report(pair: Pair, who: str):

    house, gone = pair.house, getattr(pair, who)
    assert isinstance(gone, AccountClient)
    said = pair.body()
    await pair.send(said)
    signed = close(gone.chain, gone.recovery)
    body = {"auth_key": gone.auth_key, "statement": b64encode(signed.encode())}
    deleted = await gone.call("DELETE", "/auth/me", json=body)
    assert deleted.json()["deleted"], deleted.text
    rows = await kept(house.pool)
    if who == "accused":
        # It can't be suspended any more; whoever reports it is told what they would be told else.
        assert rows == []
        assert (await pair.report()).status_code == 202
        assert await kept(house.pool) == []
    else:
        assert [(one["account"], one["messages"]) for one in rows] == [(None, 1)]
    assert await payloads(house.pool) == len(rows)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"[]", b"7", b"{", b"[" * 40_000, b'{"kind": 7, "at": "x", "body": []}',
        b'{"kind": "text", "at": -1, "body": {"text": 7}}', b'{"kind":"text","at":1e400}',
    ],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_whatever_was_signed_is_shown_as_text(content: bytes):
    found = shown(content)
    assert found.at is None
    assert found.text == content.decode("utf-8", "replace")
