"""Through proxies: requests and sockets alike, names too, and never past them."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.machines.certificates import certificate
from support.machines.forward_proxies import ForwardProxy, forward_proxy
from support.people.command_line import Cli
from support.people.liar import SOCKET, Liar

from ephemeral.client.addresses import checked_address, chosen_proxy
from ephemeral.client.exits import ClientError, Exit

NAME = "rooms.example"
PASSWORD = "p@ss:w%rd"


@pytest.fixture
def front(room: Cli) -> Iterator[Liar]:
    """What speaks TLS before the real server, under a name that only a proxy can find."""
    with closing(Liar(room.url, certificate(room.folder, NAME))) as front:
        port = front.url.rpartition(":")[2]
        room.url = f"https://{NAME}:{port}"
        yield front


@pytest.fixture
def proxy(front: Liar) -> Iterator[ForwardProxy]:
    with forward_proxy(int(front.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """Where commands have connected to. No name of beyond this machine may be looked up."""
    went: set[tuple[str, int]] = set()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connecting(own: socket.socket, address: tuple[str, int]) -> None:
        if threading.current_thread().name.startswith("ephemeral"):
            went.add(address[:2])
        connect(own, address)

    def looking_up(host: str, *more: object, **named: object) -> object:
        assert host in {"127.0.0.1", "localhost"}, "a name was looked up here"
        return look_up(host, *more, **named)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", looking_up)
    return went


def through(cli: Cli, *arguments: str, environment: dict[str, str], **options: str):
    return cli.run(*arguments, "--cafile=own.pem", environment=environment, **options)


@pytest.mark.parametrize(
    ("variable", "kind", "asked"),
    [
        ("HTTPS_PROXY", "http", "http"),
        ("https_proxy", "socks5", "socks5 by name"),
        ("ALL_PROXY", "socks5h", "socks5 by name"),
        ("all_proxy", "http", "http"),
        ("--proxy", "socks5", "socks5 by name"),
    ],
)
def test_everything_goes_through_the_proxy_and_it_alone_learns_the_name(
    room: Cli, front: Liar, proxy: ForwardProxy, went: set, variable: str, kind: str, asked: str
):
    address = f"{kind}://127.0.0.1:{proxy.port}"
    option, environment = [], {variable: address}
    if variable == "--proxy":
        # It goes before everything that the environment says.
        option, environment = ["--proxy", address], {"HTTPS_PROXY": "socks5://x:1", "NO_PROXY": "*"}
    sent = through(room, "send", *option, text="far", environment=environment)
    assert sent.returncode == Exit.OK, sent
    read = through(room, "read", *option, environment=environment)
    assert (read.returncode, read.stdout) == (Exit.OK, "far")
    assert front.paths.count(SOCKET) == 2
    assert went == {("127.0.0.1", proxy.port)}
    assert set(proxy.asked) == {(asked, NAME, int(room.url.rpartition(":")[2]))}


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_is_told_the_name_and_password_that_it_asks_for(
    room: Cli, proxy: ForwardProxy, went: set, kind: str
):
    proxy.asks = ("Ada", PASSWORD)
    right = f"{kind}://Ada:p%40ss%3Aw%25rd@127.0.0.1:{proxy.port}"
    sent = through(room, "send", text="x", environment={"ALL_PROXY": right})
    assert sent.returncode == Exit.OK, sent
    wrong = through(room, "status", environment={"ALL_PROXY": right.replace("Ada", "Eve")})
    assert wrong.returncode == Exit.NETWORK
    assert f"through the proxy {kind}" in wrong.stderr
    assert not [told for told in ("Eve", "p@ss", "p%40") if told in wrong.stderr]
    assert went == {("127.0.0.1", proxy.port)}


@pytest.mark.parametrize(
    ("kind", "refuses", "told"),
    [
        ("http", 403, "the proxy refuses with status 403"),
        ("http", 407, "asks for a name and a password"),
        ("socks5", 5, "the proxy refuses"),
        ("socks5", 99, "the proxy refuses"),
    ],
)
def test_what_a_proxy_refuses_is_a_sentence_and_goes_no_other_way(
    room: Cli, proxy: ForwardProxy, went: set, kind: str, refuses: int, told: str
):
    proxy.refuses = refuses
    environment = {"HTTPS_PROXY": f"{kind}://127.0.0.1:{proxy.port}"}
    result = through(room, "status", "--json", environment=environment)
    assert result.returncode == Exit.NETWORK
    assert told in result.stderr
    assert "\x1b" not in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "unreachable"
    assert went == {("127.0.0.1", proxy.port)}


def test_a_proxy_that_refuses_sockets_alone_is_told_as_well(
    room: Cli, front: Liar, proxy: ForwardProxy, went: set
):
    for kind in ("http", "socks5"):

        def refusing(path: str, status: int, answer: object, kind: str = kind):
            # From the last request of HTTP on: the socket is a connection of its own.
            proxy.refuses = (403 if kind == "http" else 2) if path == "/room" else None
            return status, answer, {}

        front.page = refusing
        proxy.refuses = None
        environment = {"ALL_PROXY": f"{kind}://127.0.0.1:{proxy.port}"}
        result = through(room, "send", "--timeout=0s", text="x", environment=environment)
        assert result.returncode == Exit.NETWORK
        assert "the proxy refuses" in result.stderr
    assert front.paths.count(SOCKET) == 0
    assert went == {("127.0.0.1", proxy.port)}


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_name_that_cant_be_told_to_a_proxy_is_a_sentence(
    room: Cli, proxy: ForwardProxy, went: set, kind: str
):
    proxy.refuses = 502 if kind == "http" else 4
    server = ("--server", f"https://{'a' * 64}.example")
    result = room.run("status", *server, "--proxy", f"{kind}://127.0.0.1:{proxy.port}")
    assert result.returncode == Exit.NETWORK, result
    assert went == {("127.0.0.1", proxy.port)}


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_is_not_there_is_a_sentence(room: Cli, front: Liar, went: set, kind: str):
    result = through(room, "status", environment={"ALL_PROXY": f"{kind}://127.0.0.1:1"})
    assert result.returncode == Exit.NETWORK
    assert "the proxy doesn't listen" in result.stderr
    assert went == {("127.0.0.1", 1)}


@pytest.mark.parametrize(
    "address", ["socks4://127.0.0.1:9", "socks4a://p.example", "https://p.example", "ftp://x",
                "http://", "http://[::1", "http://p.example/path", "http://p.example:x",
                "socks5://p.example:99999", "http://ü.example", "socks5://u%00:x@p.example"],
)  # fmt: skip
def test_a_proxy_that_cant_be_used_is_an_error_in_the_arguments(room: Cli, went: set, address: str):
    for arguments, environment in (
        (["--proxy", address], {}),
        ([], {"HTTPS_PROXY": address}),
    ):
        server = ("--server", f"https://{NAME}")
        result = room.run("status", *server, *arguments, environment=environment)
        assert result.returncode == Exit.USAGE, result
        assert (arguments or ["HTTPS_PROXY"])[0] in result.stderr
        assert address not in result.stderr
    assert went == set()


# Which proxy is chosen


def chosen(address: str, option: str | None = None, **environment: str) -> str:
    return str(chosen_proxy(address, option, environment))


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, "None"),
        ({"HTTP_PROXY": "http://a"}, "None"),
        ({"HTTPS_PROXY": "a"}, "http://a:80"),
        ({"HTTPS_PROXY": "http://a:8080", "ALL_PROXY": "socks5://b"}, "http://a:8080"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "socks5://b"}, "socks5h://b:1080"),
        ({"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}, "http://b:80"),
        ({"ALL_PROXY": "socks5://u:p@[2001:db8::1]:9050/"}, "socks5h://[2001:db8::1]:9050"),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(environment: dict, proxy: str):
    assert chosen("https://rooms.example", **environment) == proxy


@pytest.mark.parametrize(
    ("address", "listed", "direct"),
    [
        ("https://rooms.example", "rooms.example", True),
        ("https://rooms.example", "other.example, EXAMPLE", True),
        ("https://rooms.example", ".rooms.example", True),
        ("https://a.rooms.example", "*.rooms.example", True),
        ("https://rooms.example", "*", True),
        ("https://rooms.example:8443", "rooms.example:8443", True),
        ("https://rooms.example", "rooms.example:443", True),
        ("https://192.0.2.7", "10.0.0.0/8 192.0.2.0/24", True),
        ("https://[2001:db8::7]:8443", "[2001:db8::7]:8443", True),
        ("https://[2001:db8::7]", "2001:db8::/32", True),
        ("https://rooms.example", "", False),
        ("https://rooms.example", ",", False),
        ("https://rooms.example", "ooms.example", False),
        ("https://rooms.example", "a.rooms.example", False),
        ("https://rooms.example:8443", "rooms.example:443", False),
        ("https://192.0.2.7", "192.0.2", False),
        ("https://192.0.2.7", "2001:db8::/32", False),
    ],
)
def test_what_no_proxy_names_is_reached_directly(address: str, listed: str, direct: bool):
    assert (chosen(address, ALL_PROXY="socks5://p", NO_PROXY=listed) == "None") is direct
    # Whoever asks for a proxy gets it.
    assert chosen(address, "socks5://p", NO_PROXY=listed) == "socks5h://p:1080"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:3000", "rooms.localhost", "[::1]:3000"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_this_machine_is_reached_directly_always(scheme: str, host: str):
    assert chosen(f"{scheme}://{host}", "socks5://p", HTTPS_PROXY="http://q") == "None"


def test_over_plain_http_no_proxy_is_used_and_nothing_goes_past_it():
    for option, environment in (("socks5://p", {}), (None, {"ALL_PROXY": "socks5://p"})):
        with pytest.raises(ClientError, match="could take the room's credential") as refused:
            chosen("http://rooms.example", option, **environment)
        assert refused.value.status == Exit.USAGE
        assert chosen("http://rooms.example", "none", **environment) == "None"


ONION = "http://" + "a" * 56 + ".onion"
TOR = "socks5://127.0.0.1:9050"


def test_an_onion_service_is_asked_over_http_by_tor_on_this_machine():
    assert checked_address(ONION, allow_http=False) == ONION
    assert str(chosen_proxy(ONION, None, {"ALL_PROXY": TOR})) == "socks5h://127.0.0.1:9050"


@pytest.mark.parametrize(
    ("option", "environment"),
    [
        (None, {}),
        ("none", {"ALL_PROXY": TOR}),
        (None, {"ALL_PROXY": TOR, "NO_PROXY": "onion"}),
        ("socks5://10.0.0.1:9050", {}),
        ("http://127.0.0.1:8118", {}),
    ],
)
def test_an_onion_service_is_reached_in_no_other_way(option: str | None, environment: dict):
    """Its name would be looked up, or the room's credential seen on the way to the proxy."""
    with pytest.raises(ClientError) as refused:
        chosen_proxy(ONION, option, environment)
    assert refused.value.status == Exit.USAGE
