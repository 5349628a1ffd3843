"""Operators' services over a real database: what time ends, what is kept, what a copy tells."""

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP
from support.machines.services import ENCRYPTION_KEY, Clock

from ephemeral.operators.api.picture import outline
from ephemeral.operators.rules.sign_in import (
    AUDIT_MINUTES,
    IDLE_MS,
    SESSION_MS,
    TICKET_MS,
    step_of,
    typed_secret,
)
from ephemeral.operators.service.operators import Operators
from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.encryption_key import GivenKeys
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.vault import Vault

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

PASSWORD = "canary password of an operator"
MINUTE = 60_000


@pytest.fixture
async def operators(pool: "Pool", tmp_path: Path) -> Operators:
    async with pool.acquire() as connection:
        keyring = await Keyring.open(
            connection, KeyringDirectory(tmp_path / "keyring"), GivenKeys(ENCRYPTION_KEY),
            os.urandom,
        )  # fmt: skip
    return Operators(pool, Vault(keyring, os.urandom), os.urandom)


@pytest.fixture
def clock(pool: "Pool") -> Clock:
    return Clock(pool)


class Ada:
    """An operator with an app, whose clock is the database's."""

    def __init__(self, operators: Operators, clock: Clock, secret: bytes) -> None:
        self.operators = operators
        self.clock = clock
        self.codes = TOTP(typed_secret(secret))

    def code(self) -> str:
        return self.codes.at(int(time.time() + self.clock.ahead / 1000))

    async def sign_in(self, code: str | None = None) -> str:
        return await self.operators.sign_in("ada", PASSWORD, code or self.code())


async def enrolled(operators: Operators, clock: Clock) -> tuple[Ada, str]:
    ticket = await operators.add("ada")
    ada = Ada(operators, clock, (await operators.invited(ticket)).secret)
    token = await operators.enrol(ticket, PASSWORD, ada.code())
    await clock.advance(MINUTE)
    return ada, token


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: error.code == code)


async def test_a_ticket_lasts_a_day(operators: Operators, clock: Clock):
    ticket = await operators.add("ada")
    await clock.advance(TICKET_MS - MINUTE)
    assert (await operators.invited(ticket)).name == "ada"
    await clock.advance(MINUTE)
    with refused("unauthorized"):
        await operators.invited(ticket)
    with refused("unauthorized"):
        await operators.enrol(ticket, PASSWORD, "000000")


async def test_a_session_ends_when_it_is_not_used(operators: Operators, clock: Clock):
    _, token = await enrolled(operators, clock)
    for _ in range(3):
        assert await operators.signed_in(token) == "ada"
        await clock.advance(IDLE_MS - 2 * MINUTE)
    await clock.advance(2 * MINUTE)
    assert await operators.signed_in(token) is None


async def test_a_session_ends_after_twelve_hours_however_it_is_used(
    operators: Operators, clock: Clock
):
    _, token = await enrolled(operators, clock)
    while clock.ahead < SESSION_MS - 20 * MINUTE:
        await clock.advance(20 * MINUTE)
        assert await operators.signed_in(token) == "ada"
    await clock.advance(20 * MINUTE)
    assert await operators.signed_in(token) is None


async def test_of_two_who_bring_one_code_at_once_one_is_let_in(operators: Operators, clock: Clock):
    ada, _ = await enrolled(operators, clock)
    code = ada.code()
    found = await asyncio.gather(*(ada.sign_in(code) for _ in range(5)), return_exceptions=True)
    assert [isinstance(one, str) for one in found].count(True) == 1


async def test_the_sweep_forgets_what_is_over_and_nothing_else(
    operators: Operators, clock: Clock, pool: "Pool"
):
    ada, _ = await enrolled(operators, clock)
    await clock.advance(AUDIT_MINUTES * MINUTE)
    token = await ada.sign_in()
    await operators.sweep()
    assert await pool.fetchval("SELECT count(*) FROM operators.operator_sessions") == 1
    assert [one.act for one in (await operators.overview("ada")).trail] == ["signed_in"]
    assert await operators.signed_in(token) == "ada"


async def test_the_trail_says_who_did_what_in_which_minute_and_no_more(
    operators: Operators, clock: Clock, pool: "Pool"
):
    _, token = await enrolled(operators, clock)
    for name in ("ada", "ada", "canary_typed_by_somebody"):
        with refused("unauthorized"):
            await operators.sign_in(name, "wrong", "000000")
    await operators.sign_out("ada", token)
    await operators.remove("ada")
    await operators.add("bob")
    trail = (await operators.overview("bob")).trail
    assert [(one.operator, one.act) for one in reversed(trail)] == [
        ("ada", "added"), ("ada", "enrolled"), ("ada", "refused"), (None, "refused"),
        ("ada", "signed_out"), ("ada", "removed"), ("bob", "added"),
    ]  # fmt: skip
    columns = await pool.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'audit'"
    )
    assert {row[0] for row in columns} == {"entry", "operator", "act", "minute"}


async def test_a_copy_of_the_database_can_not_be_guessed_at(
    operators: Operators, clock: Clock, pool: "Pool"
):
    """Neither password nor its hash, secret, ticket or cookie stands in any table."""
    ticket = await operators.add("ada")
    secret = (await operators.invited(ticket)).secret
    ada = Ada(operators, clock, secret)
    token = await operators.enrol(ticket, PASSWORD, ada.code())
    tables = await pool.fetch(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('public', 'operators', 'accounts')"
    )
    held = ""
    for (table,) in tables:
        held += str(await pool.fetchval(f"SELECT string_agg(t::text, '') FROM {table} t"))
    assert "ada" in held
    for canary in (PASSWORD, "argon2", secret.hex(), typed_secret(secret), ticket, token):
        assert canary not in held


async def test_after_an_accepted_restore_a_new_ticket_is_the_way_on(
    operators: Operators, clock: Clock, pool: "Pool"
):
    """Whatever lay sealed is gone then (`ephemeral restore-accept`)."""
    ada, _ = await enrolled(operators, clock)
    await pool.execute("TRUNCATE payloads, payload_keys")
    with refused("unauthorized"):
        await ada.sign_in()
    ticket = await operators.add("ada", again=True)
    again = Ada(operators, clock, (await operators.invited(ticket)).secret)
    assert await operators.enrol(ticket, PASSWORD, again.code())


async def test_whoever_goes_leaves_no_payload(operators: Operators, clock: Clock, pool: "Pool"):
    await enrolled(operators, clock)
    await operators.add("ada", again=True)
    await operators.add("bob")
    assert await pool.fetchval("SELECT count(*) FROM payloads") == 2
    await operators.remove("ada")
    await operators.remove("bob")
    assert await pool.fetchval("SELECT count(*) FROM payloads") == 0
    assert not await operators.exist()


@given(st.binary(min_size=20, max_size=20), st.integers(3, 2**31), st.integers(-3, 3))
def test_a_code_counts_one_step_before_and_after_and_not_again(
    secret: bytes, present: int, off: int
):
    now = present * 30_000 + 12_345
    code = TOTP(typed_secret(secret)).generate_otp(present + off)
    found = step_of(secret, f" {code[:3]} {code[3:]} ", now, 0)
    # Two steps may have one code, once in a million.
    assert (
        found == present + off
        if abs(off) <= 1
        else found in {None, present - 1, present, present + 1}
    )
    if found is not None:
        assert step_of(secret, code, now, found) in {None, *range(found + 1, present + 2)}


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345"])
def test_what_is_no_code_is_none(typed: str):
    assert step_of(bytes(20), typed, 10**12, 0) is None


def test_the_picture_is_the_text_as_a_code_with_a_quiet_zone():
    import segno

    picture = outline("otpauth://totp/x")
    dark = set()
    for run in picture.path.removesuffix("z").split("z"):
        place, rest = run.removeprefix("M").split("h", 1)
        x, y = map(int, place.split())
        dark |= {(x + step, y) for step in range(int(rest.split("v")[0]))}
    expected = {
        (x + 4, y + 4)
        for y, row in enumerate(segno.make("otpauth://totp/x", error="m", micro=False).matrix)
        for x, module in enumerate(row)
        if module
    }
    assert dark == expected
    assert picture.size == max(x for x, _ in dark) + 5
