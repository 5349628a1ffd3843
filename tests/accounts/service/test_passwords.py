"""What is kept of passwords, what it costs to check one, and when it is made anew."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from support.machines.account_services import AccountDesk

from ephemeral.accounts.rows import account_rows
from ephemeral.accounts.rules.names import address_hash
from ephemeral.accounts.service.id_tokens import Claimed
from ephemeral.accounts.service.identities import Identities, Shown
from ephemeral.accounts.service.logins import Logins
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.proofs import Proofs
from ephemeral.accounts.service.registration import Registration
from ephemeral.protocol.errors import Refusal


class Counted:
    """A hasher that notes what it is asked to check, and against what parameters."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self.checked: list[str] = []

    def verify(self, kept: str, auth_key: bytes) -> bool:
        self.checked.append(kept.rpartition("$")[0].rpartition("$")[0])
        return self._hasher.verify(kept, auth_key)


class Believed:
    """An issuer whose tokens are nothing but the nonce, all of one subject."""

    issuer = "https://issuer.example"

    async def read(self, token: str) -> Claimed:
        return Claimed("thief", token, None)

    async def sign_in_address(self) -> str:
        return "https://issuer.example/authorize"


def identities_of(accounts: AccountDesk) -> Identities:
    proofs = Proofs(accounts.pool, "")
    registration = Registration(
        accounts.pool, accounts.passwords, accounts.sessions, accounts.index_key, os.urandom,
        invited=False,
    )  # fmt: skip
    return Identities(
        accounts.pool, Believed(), registration, accounts.passwords, accounts.sessions, proofs,  # type: ignore[arg-type]
        accounts.index_key, os.urandom,
    )  # fmt: skip


def logins(accounts: AccountDesk) -> Logins:
    proofs = Proofs(accounts.pool, "")
    return Logins(accounts.pool, accounts.passwords, accounts.sessions, proofs, accounts.index_key)


@pytest.fixture
def in_earnest(accounts: AccountDesk) -> Iterator[None]:
    """At the price that it has everywhere."""
    accounts.passwords = Passwords(accounts.pool, os.urandom)
    yield
    accounts.passwords.close()


@pytest.mark.usefixtures("in_earnest")
async def test_an_address_that_is_nobodys_costs_the_same_work(accounts: AccountDesk):
    person = await accounts.person(machines=0)
    counted = Counted(accounts.passwords._hasher)
    accounts.passwords._hasher = counted
    for address in (person.address, "nobody.12345"):
        with pytest.raises(Refusal, match="login_wrong"):
            await logins(accounts).log_in(address, os.urandom(32), None)
    known, unknown = counted.checked
    assert known == unknown == "$argon2id$v=19$m=19456,t=2,p=1"


async def test_an_account_that_an_identity_opens_has_no_password_to_guess(accounts: AccountDesk):
    async with accounts.pool.acquire() as connection:
        name = address_hash(accounts.index_key, "anna.12345")
        await account_rows.insert(connection, os.urandom(16), name, None)
    with pytest.raises(Refusal, match="login_wrong"):
        await logins(accounts).log_in("anna.12345", os.urandom(32), None)


@pytest.mark.usefixtures("in_earnest")
async def test_older_parameters_are_replaced_when_somebody_signs_in(accounts: AccountDesk):
    person = await accounts.person(machines=0)
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(person.auth_key)
    read = "SELECT password FROM accounts.accounts"
    await accounts.pool.execute("UPDATE accounts.accounts SET password = $1", old)
    with pytest.raises(Refusal, match="login_wrong"):
        await logins(accounts).log_in(person.address, os.urandom(32), None)
    assert await accounts.pool.fetchval(read) == old
    await logins(accounts).log_in(person.address, person.auth_key, None)
    assert (await accounts.pool.fetchval(read)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    await logins(accounts).log_in(person.address, person.auth_key, None)


async def test_a_password_that_is_changed_meanwhile_opens_nothing(accounts: AccountDesk):
    person = await accounts.person(machines=0)
    real = accounts.passwords.is_right

    async def slowly(kept: str | None, auth_key: bytes) -> bool:
        right = await real(kept, auth_key)
        other = await accounts.passwords.hashed(os.urandom(32))
        await accounts.pool.execute("UPDATE accounts.accounts SET password = $1", other)
        return right

    accounts.passwords.is_right = slowly
    with pytest.raises(Refusal, match="login_wrong"):
        await logins(accounts).log_in(person.address, person.auth_key, None)


async def test_who_was_put_out_while_the_password_was_checked_changes_nothing(
    accounts: AccountDesk,
):
    person = await accounts.person(machines=1)
    stolen = person.machines[0].asker
    real = accounts.passwords.check

    async def slowly(auth_key: bytes, account: bytes) -> None:
        await real(auth_key, account)
        await person.recover()

    accounts.passwords.check = slowly
    thiefs = os.urandom(32)
    with pytest.raises(Refusal, match="session_ended"):
        await logins(accounts).change_password(stolen, person.auth_key, thiefs)
    await real(person.auth_key, person.account)


async def test_who_was_put_out_while_the_password_was_checked_links_no_identity(
    accounts: AccountDesk,
):
    person = await accounts.person(machines=1)
    stolen = person.machines[0].asker
    identities = identities_of(accounts)
    asked = await identities.begin()
    real = accounts.passwords.check

    async def slowly(auth_key: bytes, account: bytes) -> None:
        await real(auth_key, account)
        await person.recover()

    accounts.passwords.check = slowly
    with pytest.raises(Refusal, match="session_ended"):
        await identities.link(stolen, person.auth_key, Shown(asked.nonce, asked.binding))
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.identities") == 0


async def test_when_too_many_wait_the_next_is_sent_away(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(accounts.passwords, "_most", 3)
    tries = [accounts.passwords.is_right(None, b"x") for _ in range(5)]
    told = await asyncio.gather(*tries, return_exceptions=True)
    away = [one for one in told if isinstance(one, Refusal)]
    assert [one.code for one in away] == ["unavailable"] * 2
    assert told.count(False) == 3
    assert await accounts.passwords.is_right(None, b"x") is False, "and then there is room"
