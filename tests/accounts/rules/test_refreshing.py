"""What becomes of a session that shows a refresh token: by number, by time, by proof."""

import os

import pytest

from ephemeral.accounts.rules.sessions import (
    Outcome,
    read_refresh_token,
    refresh_token,
    refreshed,
)
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("shown", "since", "proved", "outcome"),
    [
        (7, HOUR, False, Outcome.ADVANCE),
        (7, HOUR, True, Outcome.ADVANCE),
        # The answer was lost, or another tab was first.
        (6, 30_000, False, Outcome.REPEAT),
        (6, 30_001, False, Outcome.END),
        # A phone that slept between its refresh and the answer.
        (6, 24 * HOUR, True, Outcome.REPEAT),
        # Somebody has a copy.
        (5, 0, False, Outcome.END),
        (5, 0, True, Outcome.END),
        # A number that was never given out: the database was set back.
        (8, 0, False, Outcome.END),
        (8, 0, True, Outcome.END),
    ],
)
def test_a_refresh_token_does_what_its_number_says(
    shown: int, since: int, proved: bool, outcome: Outcome
):
    assert refreshed(7, shown, since, proved) is outcome


def test_a_token_can_be_made_again_and_by_nobody_else():
    sid, secret = os.urandom(16), os.urandom(32)
    one = refresh_token(sid, secret, 3)
    assert one == refresh_token(sid, secret, 3)
    assert len({one, refresh_token(sid, secret, 4), refresh_token(os.urandom(16), secret, 3)}) == 3
    read = read_refresh_token(one)
    assert (read.sid, read.counter, read.is_of(secret)) == (sid, 3, True)
    assert not read.is_of(os.urandom(32))
    assert not read._replace(counter=4).is_of(secret)


@pytest.mark.parametrize("text", ["", "x", "=" * 70, b64encode(bytes(51)), b64encode(bytes(53))])
def test_what_is_no_token_is_a_session_that_has_ended(text: str):
    with pytest.raises(Refusal, match="session_ended"):
        read_refresh_token(text)
