"""Where pushes may go: to names at the usual port, by TLS, which stand for no address of a network
behind the internet."""

import pytest

from ephemeral.accounts.rules.push_endpoints import ENDPOINT_MAX, is_public, read_endpoint
from ephemeral.protocol.errors import Refusal

REAL = (
    "https://fcm.googleapis.com/fcm/send/dpH5lCsTSSM:APA91bHqjZxM0VImWWqDRN7U0a3AycjUf4O",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk-_x=",
    "https://web.push.apple.com/QGuQyavXutnMH9Hf4mxHoMUvqg",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAABKz%2b1g%3d%3d",
)
OWN = "https://push.internal:8443"


@pytest.mark.parametrize("text", REAL)
def test_push_services_as_browsers_name_them(text: str):
    found = read_endpoint(text, None)
    assert (found.scheme, found.port, found.inside) == ("https", 443, False)
    assert found.origin + found.path == text
    assert found.origin == f"https://{found.host}"


@pytest.mark.parametrize(
    "text",
    [
        "http://push.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://localhost/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0x7f.1/x",
        "https://127.1/x",
        "https://10.0.0.1.:443/x",
        "https://push.example:6379/x",
        "https://push.example:443/x",
        "https://user@push.example/x",
        "https://push.example@127.0.0.1/x",
        "https://push.example#@127.0.0.1/x",
        "https://push.example?x=/",
        "https://push.example\\@127.0.0.1/x",
        "https://push.example/x y",
        "https://push.example/x\r\nHost: other",
        "https://push.example/\u00e9",
        "https://push\u3002example/x",
        "https://PUSH.example/x",
        "https://-push.example/x",
        "https://push..example/x",
        "https://push.example",
        "ftp://push.example/x",
        "//push.example/x",
        "",
        "https://push.example/" + "x" * ENDPOINT_MAX,
        f"{OWN}.evil.example/x",
        f"{OWN}@evil.example/x",
        f"{OWN}/x y",
        f"{OWN}1/x",
    ],
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(Refusal, check=lambda error: error.code == "push_endpoint"):
        read_endpoint(text, OWN)


@pytest.mark.parametrize(
    ("own", "host", "port"),
    [
        (OWN, "push.internal", 8443),
        ("https://10.1.2.3", "10.1.2.3", 443),
        ("http://127.0.0.1:4000", "127.0.0.1", 4000),
        ("https://[fd00::1]:8443", "[fd00::1]", 8443),
    ],
)
def test_the_operators_own_service_may_be_anywhere(own: str, host: str, port: int):
    found = read_endpoint(f"{own}/to/somebody?x=1", own)
    assert (found.host, found.port, found.path) == (host, port, "/to/somebody?x=1")
    assert found.inside
    with pytest.raises(Refusal):
        read_endpoint(f"{own}/to/somebody", None)


@pytest.mark.parametrize("text", ["1.1.1.1", "142.250.74.10", "2a00:1450:4001:80b::200a"])
def test_addresses_of_the_internet(text: str):
    assert is_public(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        # Wrapped: mapped, by NAT64, 6to4 and Teredo.
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::1",
        "2002:c0a8:101::1",
        "2001:0:7f00:1:0:0:80ff:fffe",
        "no address",
    ],
)
def test_addresses_behind_it(text: str):
    assert not is_public(text)
