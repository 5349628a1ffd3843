"""What only a browser can tell the client: that the network has gone, and what a tab keeps."""

import pytest
from support.machines.chromium import Watched

# The page's own modules without the page: what is asked here is the client, not the page.
CREATE = """async () => {
  const from = (name) => import(new URL(`static/js/${name}.js`, document.baseURI).href);
  const [{ RoomClient }, { makeCode }, { randomBelow }] = await Promise.all(
    ["room/room-client", "protocol/codes", "device/random"].map(from));
  const policy = { policy: 1, seats: 2, messageTtl: 3600, roomTtl: 86400 };
  const base = new URL("./", document.baseURI).href;
  const client = await RoomClient.create({ base, code: makeCode(randomBelow), policy });
  const sees = async (look) => {
    while (!look(client.state)) {
      await new Promise((resolve) => client.addEventListener("change", resolve, { once: true }));
    }
  };
  Object.assign(window, { client, sees });
  await sees(({ phase }) => phase === "live");
}"""
SENT = "(id) => sees(({ sent }) => sent.some((one) => one.id === id && one.state === 'stored'))"


@pytest.fixture
def inside(bare: Watched) -> Watched:
    """A page with a client in a room of its own."""
    bare.page.evaluate(CREATE)
    return bare


def test_a_network_that_goes_and_comes_is_noticed_at_once(inside: Watched) -> None:
    page = inside.page
    page.context.set_offline(True)
    page.evaluate("() => sees(({ phase }) => phase === 'offline')")
    message = page.evaluate("() => client.send('written without a network')")
    page.context.set_offline(False)
    page.evaluate("() => sees(({ phase }) => phase === 'live')")
    page.evaluate(SENT, message)
    inside.forgive("WebSocket|ERR_INTERNET_DISCONNECTED")


def test_a_tab_keeps_one_sealed_entry_and_nothing_after_leaving(inside: Watched) -> None:
    page = inside.page
    page.evaluate(SENT, page.evaluate("() => client.send('not to be kept')"))
    kept = "() => Object.entries(sessionStorage).map(([k, v]) => [k, Object.keys(JSON.parse(v))])"
    assert page.evaluate(kept) == [["ephemeral.resume", ["token", "seat", "progress", "lasts"]]]
    page.evaluate("() => client.leave()")
    nothing = "() => [sessionStorage.length, localStorage.length, document.cookie]"
    assert page.evaluate(nothing) == [0, 0, ""]
