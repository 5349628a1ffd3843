"""Charters: what is made is read, and what was changed on the way is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import attempt, changed, refusal_of, steady

from ephemeral.protocol.charter import Charter, Policy, decode_charter, verify_charter
from ephemeral.protocol.limits import CHARTER_LIMITS

KEY = b"k" * 32
ROOM = Charter(1, bytes(32), Policy.EVERYONE, 5, 3600, 7200)
DECODING = {
    "charter_length",
    "charter_version",
    "charter_suite",
    "charter_policy",
    "charter_limits",
}


@steady
@given(
    st.builds(
        Charter,
        suite=st.integers(1, 2),
        nonce=st.binary(min_size=32, max_size=32),
        policy=st.sampled_from(Policy),
        seats=st.integers(*CHARTER_LIMITS.seats),
        message_ttl=st.integers(*CHARTER_LIMITS.message_ttl),
        room_ttl=st.integers(*CHARTER_LIMITS.room_ttl),
    )
)
def test_a_charter_comes_back(charter):
    data, mac = charter.encode(), charter.mac(KEY)
    assert decode_charter(data, suite=charter.suite) == charter
    assert decode_charter(data, suite=None) == charter
    assert verify_charter(data, mac, KEY, charter.suite) == charter


@steady
@given(st.integers(0, 44), st.integers(0, 7))
def test_a_charter_with_any_bit_changed_is_refused_by_joiners(at, bit):
    data = changed(ROOM.encode(), at, bit)
    assert refusal_of(verify_charter, data, ROOM.mac(KEY), KEY, 1) == "charter_mac"


@steady
@given(st.integers(0, 31), st.integers(0, 7))
def test_a_mac_with_any_bit_changed_is_refused(at, bit):
    mac = changed(ROOM.mac(KEY), at, bit)
    assert refusal_of(verify_charter, ROOM.encode(), mac, KEY, 1) == "charter_mac"


@steady
@given(st.binary() | st.binary(min_size=43, max_size=43).map(lambda data: b"\1\1" + data))
def test_any_bytes_are_a_charter_within_the_limits_or_refused(data):
    charter = attempt(DECODING, decode_charter, data, suite=1)
    assert charter is None or charter.encode() == data


@steady
@given(st.binary() | st.binary(min_size=45, max_size=45), st.binary(max_size=40))
def test_any_bytes_with_any_mac_are_refused(data, mac):
    code = refusal_of(verify_charter, data, mac, KEY, 1)
    assert code == ("charter_mac" if len(data) == 45 else "charter_length")


@pytest.mark.parametrize("field", ["seats", "message_ttl", "room_ttl", "suite"])
def test_a_number_that_does_not_fit_is_refused_when_the_charter_is_written(field):
    numbers = {"suite": 1, "seats": 2, "message_ttl": 60, "room_ttl": 300, field: 2**32}
    charter = Charter(nonce=bytes(32), policy=Policy.FIRST_VIEW, **numbers)
    assert refusal_of(charter.encode) == "charter_limits"
