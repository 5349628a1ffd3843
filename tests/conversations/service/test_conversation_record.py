"""What the server knows of conversations: shown to who is in them, and to nobody else."""

import os
from typing import Any

from support.machines.account_services import Person
from support.machines.conversation_desk import ConversationDesk

from ephemeral.edge.record_objects import record_answer
from ephemeral.protocol.encoding import b64encode, parse_json

#: Tables of which everybody in a conversation sees all rows of it.
SHARED = ("conversations", "records", "log_places", "entries", "segments")
#: Tables in which each row is about one person, who alone sees it.
OWN = ("conversation_people", "conversation_devices", "conversation_chains", "boxes")


async def record(talks: ConversationDesk, person: Person) -> tuple[dict[str, int], str]:
    """How many rows of each table of conversations are shown, and all that is."""
    shown = record_answer(await talks.accounts.services.records.of(person.account)).decode()
    answer: Any = parse_json(shown.encode())
    wanted = {f"accounts.{name}": name for name in (*SHARED, *OWN, "leaves")}
    tables = {wanted[one["name"]]: one for one in answer["tables"] if one["name"] in wanted}
    assert all(not one["apart"] for one in tables.values())
    return {name: len(one["rows"]) for name, one in tables.items()}, shown


async def test_who_is_in_a_conversation_sees_all_of_it_but_what_is_anothers(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.friends(2, 1, 1)
    talk, beside = await talks.talk(one, other), await talks.talk(one, third)
    await talk.send(one, count=2)
    await talk.send(other)
    await beside.send(third)
    held = await talks.rows(*SHARED)
    seen, shown = await record(talks, other)
    assert {name: seen[name] for name in SHARED} == {
        "conversations": 1, "records": 1, "log_places": 4, "entries": 3, "segments": 1,
    }  # fmt: skip
    assert {name: seen[name] for name in OWN} == dict.fromkeys(OWN, 1)
    both, _ = await record(talks, one)
    assert {name: both[name] for name in SHARED} == held
    assert {name: both[name] for name in OWN} == {
        "conversation_people": 2, "conversation_devices": 4, "conversation_chains": 2, "boxes": 4,
    }  # fmt: skip
    assert b64encode(talk.id) in shown
    stored = await talks.pool.fetch(
        """
        SELECT sealed FROM accounts.entries UNION SELECT sealed FROM accounts.boxes
        UNION SELECT body FROM payloads UNION SELECT wrapped FROM payload_keys
        """
    )
    for (secret,) in [*stored, (beside.id,), (third.account,), (third.chain.id,)]:
        assert b64encode(secret) not in shown
        assert secret.hex() not in shown


async def test_who_has_left_or_was_never_there_sees_nothing_of_it(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    stranger = await talks.person()
    talk = await talks.talk(one, other)
    await talk.send(one, talk.entry(one.machines[0], id_=os.urandom(16)))
    await talk.leave(other)
    seen, _ = await record(talks, other)
    assert {name for name, count in seen.items() if count} == {"conversation_chains", "leaves"}
    seen, shown = await record(talks, stranger)
    assert set(seen.values()) == {0}
    assert b64encode(talk.id) not in shown
