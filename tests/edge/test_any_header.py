"""Headers that are lists of wishes or addresses: whatever is sent means something or nothing."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_text, steady

from ephemeral.edge.addresses import client_address
from ephemeral.page.bodies import Body
from ephemeral.page.languages import negotiate
from ephemeral.page.preferences import weighted

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
LANGUAGES = ("en", "de", "ar", "fr")
TEXT = Body(b"a text that is worth being packed " * 50)
TEXT.pack()

header = st.binary(max_size=200) | st.text("abr,;=q01.* -gzipdenr", max_size=60).map(str.encode)
weighed = st.text("q01.; =x", max_size=6).map(lambda weight: f"de;q={weight}".encode())
headers = st.lists(header | weighed, max_size=4)


@steady
@given(headers)
def test_any_list_of_weights_is_read(values):
    for item, weight in weighted(values):
        assert item == item.lower()
        assert 0 <= weight <= 1000


@steady
@given(headers, st.none() | any_text)
def test_any_wish_gets_a_language_that_there_is(values, asked):
    assert negotiate(values, asked, LANGUAGES) in LANGUAGES


@steady
@given(headers)
def test_any_wish_gets_a_form_that_there_is(values):
    coding, content = TEXT.form(values)
    assert coding in {None, "gzip", "br"}
    assert content


@steady
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x-forwarded-for", "forwarded"]),
            header | st.text('for=192.:[]",; \\t%_fd', max_size=80).map(str.encode),
        ),
        max_size=4,
    )
)
def test_any_forwarding_leads_to_an_address_and_of_strangers_to_their_own(fields):
    scope = {"client": ("10.0.0.1", 1), "headers": [(name.encode(), text) for name, text in fields]}
    assert client_address(scope, TRUSTED) is not None
    stranger = {**scope, "client": ("203.0.113.9", 1)}
    assert client_address(stranger, TRUSTED) == ip_address("203.0.113.9")
