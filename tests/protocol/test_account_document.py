"""docs/accounts.md says what the code does: its refusals, labels and numbers."""

import re
from pathlib import Path

import pytest

from ephemeral.accounts.api import contact_bodies
from ephemeral.accounts.service.contacts import CONTACTS_MAX
from ephemeral.protocol.accounts import (
    addresses,
    chain,
    device_names,
    hpke,
    linking,
    passwords,
    pins,
    signing,
    statements,
)
from ephemeral.protocol.errors import ACCOUNT_STATUS, STATUS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:`[a-z_]+` ?)+)\| (\d{3}) \|", re.MULTILINE)


def test_every_refusal_of_accounts_is_told_with_its_status():
    told = {
        code: int(status)
        for codes, status in ROW.findall(TEXT)
        for code in re.findall(r"[a-z_]+", codes)
    }
    assert told == {code: status for code, (status, _) in ACCOUNT_STATUS.items()}


def test_no_refusal_is_of_rooms_and_of_accounts():
    assert not set(STATUS) & set(ACCOUNT_STATUS)


def test_every_label_that_is_signed_is_named():
    section = TEXT.partition("2.1. ")[2].partition("2.2. ")[0]
    assert set(re.findall(r"`([a-z-]+)`", section)) == set(signing.LABELS)


@pytest.mark.parametrize(
    "said",
    [
        f"has {statements.STATEMENT_SIZE} bytes",
        f"no {chain.DEVICES_MAX + 1}th active device",
        f"not the {chain.ADDS_MAX + 1}th",
        f"less than {passwords.PASSWORD_LENGTH[0]} or more than {passwords.PASSWORD_LENGTH[1]}",
        f"{passwords.PASSWORD_BYTES:,} bytes of UTF-8",
        f"More than {addresses.TEXT_MAX} bytes",
        f"a public one has {hpke.PUBLIC_SIZE:,}",
        f"*Request*, at most {linking.REQUEST_MAX:,} bytes",
        f"*Answer*, at most {linking.ANSWER_MAX:,} bytes",
        f"{device_names.NAME_SIZE} bytes",
        f"at most {pins.PINS_MAX:,} bytes",
        f"at most {CONTACTS_MAX} contacts",
        f"(at most {contact_bodies.SEALED_MAX:,} bytes; conversations.md 11)",
    ],
)
def test_the_numbers_are_those_of_the_code(said):
    assert said in TEXT
