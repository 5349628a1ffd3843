"""Whatever stands in DATABASE_URL is an address or one sentence, and no password is told."""

from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_text, steady, told

from ephemeral.store.address import understood
from ephemeral.store.reaching import each_host
from ephemeral.store.start_error import StartError

CANARY = "vq7x0canary0k2wz"
pieces = st.text("abc019@:/?#[]%&=, +", max_size=12) | any_text
names = st.sampled_from(["sslmode", "ssl", "schema", "options", "host", "port", "pgbouncer", "x"])


@steady
@given(pieces, pieces, pieces, pieces, st.lists(st.tuples(names, pieces), max_size=3))
def test_any_address_is_understood_or_one_sentence(before, after, host, database, parameters):
    query = "&".join(f"{name}={value}" for name, value in parameters)
    dsn = f"postgresql://u:{before}{CANARY}{after}@{host}/{database}?{query}"
    address, said = told(StartError, understood, dsn)
    if address is None:
        assert CANARY not in said
        assert said.endswith(".")
    else:
        assert CANARY not in repr(address)
        assert each_host(address.dsn)
