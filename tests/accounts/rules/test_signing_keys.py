"""Which key signs access tokens, when the next is made, and when the last is forgotten."""

from typing import NamedTuple

from ephemeral.accounts.rules.signing_keys import is_due, past, signing

HOUR, DAY = 3_600_000, 86_400_000
MONTH = 30 * DAY


class Key(NamedTuple):
    created_at: int


def test_the_only_key_signs_from_the_first_moment():
    assert signing([], 0) is None
    assert signing([Key(5)], 5) == Key(5)


def test_a_successor_is_published_for_an_hour_before_it_signs():
    keys = [Key(0), Key(MONTH)]
    assert signing(keys, MONTH + HOUR - 1) == keys[0]
    assert signing(keys, MONTH + HOUR) == keys[1]


def test_another_is_made_after_thirty_days():
    assert is_due([], 0)
    assert not is_due([Key(0)], MONTH - 1)
    assert is_due([Key(0)], MONTH)
    assert not is_due([Key(0), Key(MONTH)], MONTH)


def test_a_key_is_forgotten_a_day_after_its_successor_took_over():
    keys = [Key(0), Key(MONTH)]
    assert past(keys, MONTH + HOUR + DAY - 1) == []
    assert past(keys, MONTH + HOUR + DAY) == keys[:1]
    assert past(keys[:1], 10 * MONTH) == [], "without a successor it stays"
