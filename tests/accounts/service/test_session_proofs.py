"""Whether a request comes from the device of its session, by a database that has conflicts."""

import asyncpg
import pytest
from support.machines.account_services import AccountDesk

from ephemeral.accounts.rows import session_rows
from ephemeral.accounts.service.proofs import Proofs
from ephemeral.protocol.errors import Refusal


async def test_after_a_conflict_the_session_is_asked_for_again(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
):
    person = await accounts.person()
    prover, asked = session_rows.prover, list[bytes]()

    async def conflicting(connection, sid):
        asked.append(sid)
        if len(asked) < 3:
            raise asyncpg.SerializationError
        return await prover(connection, sid)

    monkeypatch.setattr(session_rows, "prover", conflicting)
    with pytest.raises(Refusal, check=lambda error: error.code == "proof_wrong"):
        await Proofs(accounts.pool, "").check_session(person.machines[0].asker, None)
    assert len(asked) == 3
