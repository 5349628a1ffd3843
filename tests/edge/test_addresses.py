"""Whose address a request comes from: only those who are trusted are believed."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.edge.addresses import client_address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PROXY = "10.0.0.1"


def asked(
    peer: str | None, *headers: tuple[str, str], trusted: tuple[object, ...] = TRUSTED
) -> str | None:
    found = client_address(
        {
            "client": None if peer is None else (peer, 4711),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        },
        trusted,
    )
    return None if found is None else str(found)


def through(value: str, *more: tuple[str, str]) -> str | None:
    return asked(PROXY, ("x-forwarded-for", value), *more)


def test_without_trust_nothing_that_is_sent_counts():
    for name in ("x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip", "client-ip"):
        value = "for=192.0.2.1" if name == "forwarded" else "192.0.2.1"
        assert asked("203.0.113.9", (name, value), trusted=()) == "203.0.113.9"
        assert asked("203.0.113.9", (name, value)) == "203.0.113.9"


def test_a_trusted_proxy_is_believed():
    assert through("192.0.2.1") == "192.0.2.1"
    assert asked(PROXY, ("forwarded", "for=192.0.2.1")) == "192.0.2.1"
    assert asked("fd00::1", ("x-forwarded-for", "2001:db8::1")) == "2001:db8::1"
    assert asked(PROXY) == PROXY


def test_what_a_client_puts_in_front_of_the_proxys_word_is_not_read():
    assert through("198.51.100.1, 192.0.2.1") == "192.0.2.1"
    assert asked(PROXY, ("forwarded", "for=198.51.100.1, for=192.0.2.1")) == "192.0.2.1"
    # A trusted address that a client claims is not trusted, for the client has written it.
    assert through("198.51.100.1, 10.9.9.9, 192.0.2.1") == "192.0.2.1"


def test_a_chain_is_followed_as_far_as_it_is_trusted_and_no_further():
    assert through("198.51.100.1, 192.0.2.1, 10.2.2.2, fd00::5") == "192.0.2.1"
    assert through("10.3.3.3, 10.2.2.2") == "10.3.3.3"
    assert through(", ".join(["192.0.2.1"] + ["10.2.2.2"] * 15)) == "192.0.2.1"
    assert through(", ".join(["192.0.2.1"] + ["10.2.2.2"] * 10_000)) == "10.2.2.2"


def test_several_lines_of_one_header_are_one_list():
    more = ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.2.2.2")
    assert through("198.51.100.1", *more) == "192.0.2.1"


@pytest.mark.parametrize(
    "value",
    [
        "unknown", "", ",", "_hidden", "unix:", "192.0.2.1:", "192.0.2.1:x", "[2001:db8::1", "[]",
        "[2001:db8::1]x", "192.0.2.300", "192.0.2", "192.000.002.001", "1" * 60_000, ":" * 60_000,
        "192.0.2.1 192.0.2.2", "'192.0.2.1'", "\xb2", "%", "192.0.2.1;", "for=192.0.2.1",
    ],
)  # fmt: skip
def test_what_can_t_be_understood_is_the_proxys_own(value: str):
    assert through(value) == PROXY
    assert through(f"192.0.2.1, {value}") == PROXY


@pytest.mark.parametrize(
    "value",
    [
        "", "for", "for=", "for=unknown", "for=_SEVKISEK", 'for="', "by=192.0.2.1", "for=a;for=b",
        "for=192.0.2.1;for=192.0.2.2", 'for="[2001:db8::1', "192.0.2.1", ";;;", "=", "for==",
    ],
)  # fmt: skip
def test_a_node_that_can_t_be_understood_is_the_proxys_own(value: str):
    assert asked(PROXY, ("forwarded", value)) == PROXY
    assert asked(PROXY, ("forwarded", f"for=192.0.2.1, {value}")) == PROXY


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=192.0.2.1:4711", "192.0.2.1"),
        ('FOR="192.0.2.1:4711"', "192.0.2.1"),
        ('for="[2001:db8::1]"', "2001:db8::1"),
        ('for="[2001:DB8::1]:4711"', "2001:db8::1"),
        ("proto=https;for=192.0.2.1;by=10.0.0.1", "192.0.2.1"),
        ("host=example.org ; for = 192.0.2.1 ", "192.0.2.1"),
    ],
)
def test_nodes_are_read_in_every_form_of_the_standard(value: str, address: str):
    assert asked(PROXY, ("forwarded", value)) == address


def test_a_quote_that_a_client_leaves_open_does_not_swallow_the_proxys_word():
    assert asked(PROXY, ("forwarded", 'for="198.51.100.1, for=192.0.2.1')) == "192.0.2.1"


def test_an_address_with_a_port_a_zone_or_in_another_spelling_is_the_same():
    assert through("192.0.2.1:4711") == "192.0.2.1"
    assert through("[2001:db8::1]:4711") == "2001:db8::1"
    assert through("2001:0DB8:0::0:1") == "2001:db8::1"
    assert through("fe80::1%eth0") == "fe80::1"
    assert through("::ffff:192.0.2.1") == "192.0.2.1"
    assert asked("::ffff:10.0.0.1", ("x-forwarded-for", "192.0.2.1")) == "192.0.2.1"


def test_where_two_headers_differ_somebody_lies_and_the_proxys_own_counts():
    assert through("192.0.2.1", ("forwarded", "for=198.51.100.1")) == PROXY
    assert through("192.0.2.1", ("forwarded", "junk")) == PROXY
    assert through("192.0.2.1", ("forwarded", "for=192.0.2.1")) == "192.0.2.1"


def test_a_unix_socket_has_no_address_and_is_trusted_only_by_name():
    header = ("x-forwarded-for", "192.0.2.1")
    assert asked(None) is None
    assert asked(None, header, trusted=()) is None
    assert asked(None, header) is None
    assert asked(None, header, trusted=("unix",)) == "192.0.2.1"
    assert asked("203.0.113.9", header, trusted=("unix",)) == "203.0.113.9"


def test_a_peer_that_has_no_address_is_nobody():
    for peer in ("", "testclient", "/run/ephemeral.sock"):
        assert asked(peer, ("x-forwarded-for", "192.0.2.1")) is None


@given(st.lists(st.tuples(st.sampled_from(["x-forwarded-for", "forwarded"]), st.binary())))
def test_nothing_that_is_sent_raises(headers: list[tuple[str, bytes]]):
    scope = {"client": (PROXY, 1), "headers": [(name.encode(), value) for name, value in headers]}
    assert client_address(scope, TRUSTED) is not None
    assert client_address({**scope, "client": ("203.0.113.9", 1)}, TRUSTED) == ip_address(
        "203.0.113.9"
    )


@given(st.text(alphabet='for=192.:[]",; \t%_', max_size=80))
def test_nothing_that_looks_like_an_address_raises(value: str):
    through(value)
    asked(PROXY, ("forwarded", value))
