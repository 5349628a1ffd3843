"""Conversations in the tabs of a browser: one has the socket, all of them talk."""

import re
from typing import Any

import pytest
from bare_account import LIVE, REGISTER, opened
from playwright.sync_api import Page, WebSocketRoute
from support.machines.chromium import Visit, Watched

PASSWORD = "correct horse battery canary"
SENT = "([id, text]) => talk.of(id).text(text)"
HEARS = "([id, text]) => hears(id, text)"
TEXTS = "(id) => texts(id)"
TYPED = "() => events.filter(([type]) => type === 'typing').length"
IS_HERE = "(chain) => talk.presence.isHere(chain)"
IS_LIVE = "() => live.isLive"


def somebody(visit: Visit, server: str, name: str) -> Watched:
    """A page of a browser that is the one device of a new account, with its conversations."""
    watched = visit("about:blank")
    watched.origin = server
    opened(watched.page, server)
    told = watched.page.evaluate(REGISTER, [name, PASSWORD])
    watched.page.evaluate("(words) => { window.words = words; }", told["words"])
    watched.page.evaluate(LIVE)
    # Until it founds it, an account has no conversation of its devices with each other; and where
    # two write at once, one of them is told that the other was faster.
    watched.forgive("404|409")
    return watched


def another_tab(visit: Visit, server: str, beside: Watched) -> Watched:
    watched = visit("about:blank", beside=beside)
    watched.origin = server
    assert opened(watched.page, server)["phase"] == "ready"
    watched.page.evaluate(LIVE)
    watched.forgive("404|409")
    return watched


def founded(one: Page, other: Page) -> str:
    """A conversation of two people, who have met by an invitation."""
    fragment = one.evaluate("async () => (await talk.invite()).fragment()")
    redeem = """async (fragment) => {
      const { readInvitation } = await from("protocol/conversations/invitations");
      await talk.redeem(readInvitation(fragment));
      return client.state.account;
    }"""
    account = other.evaluate(redeem, fragment)
    one.evaluate("() => talk.redeemed()")
    found = "async (account) => (await talk.found({ accounts: [account] })).id"
    return str(one.evaluate(found, account))


@pytest.fixture
def ada(visit: Visit, server: str) -> Watched:
    return somebody(visit, server, "ada")


@pytest.fixture
def bo(visit: Visit, server: str) -> Watched:
    return somebody(visit, server, "boris")


def test_one_tab_has_the_socket_all_talk_and_the_next_takes_over(
    visit: Visit, server: str, ada: Watched, bo: Watched
) -> None:
    for watched in (ada, bo):
        watched.page.wait_for_function(IS_LIVE)
    second = another_tab(visit, server, ada)
    talk = founded(ada.page, bo.page)
    # Bo's socket tells of the conversation, and of what is said in it.
    ada.page.evaluate(SENT, [talk, "from the first tab"])
    bo.page.evaluate(HEARS, [talk, "from the first tab"])
    # What is not there yet comes to both, though the one alone has read it.
    waits = "async ([id, text]) => { window.heard = hears(id, text); await texts(id); }"
    for watched in (ada, second):
        watched.page.evaluate(waits, [talk, "from Boris"])
    bo.page.evaluate(SENT, [talk, "from Boris"])
    for watched in (ada, second):
        watched.page.evaluate("() => window.heard")
    # The second tab has no socket, and sends all the same.
    assert second.page.evaluate("() => [live.isLeading, live.isLive]") == [False, False]
    assert second.frames == []
    second.page.evaluate(SENT, [talk, "from the second tab"])
    for watched in (ada, bo):
        watched.page.evaluate(HEARS, [talk, "from the second tab"])
    second.page.evaluate("(id) => live.typing(id)", talk)
    bo.page.wait_for_function("() => events.some(([type]) => type === 'typing')")
    # What is heard is told from tab to tab once.
    bo.page.evaluate("(id) => live.typing(id)", talk)
    for watched in (ada, second):
        watched.page.wait_for_function(TYPED)
    # Both at once: nothing is said twice, and nothing is lost.
    for watched, name in ((ada, "first"), (second, "second")):
        watched.page.evaluate(
            """([id, name]) => {
              window.sent = Promise.all([1, 2, 3].map((at) => talk.of(id).text(`${name} ${at}`)));
            }""",
            [talk, name],
        )
    for watched in (ada, second):
        watched.page.evaluate("() => window.sent")
    for watched in (ada, second):
        assert watched.page.evaluate(TYPED) == 1
    ada.page.close()
    # Its lock is free, and the other one has it.
    second.page.wait_for_function(IS_LIVE)
    bo.page.evaluate(SENT, [talk, "to whoever is left"])
    second.page.evaluate(HEARS, [talk, "to whoever is left"])
    said = second.page.evaluate(TEXTS, talk)
    assert said == bo.page.evaluate(TEXTS, talk)
    assert sorted(said[3:-1]) == [
        f"{name} {at}" for name in ("first", "second") for at in (1, 2, 3)
    ]


def test_who_is_here_is_known_in_every_tab_as_long_as_one_of_them_has_the_socket(
    visit: Visit, server: str, ada: Watched, bo: Watched
) -> None:
    second = another_tab(visit, server, ada)
    founded(ada.page, bo.page)
    chain = bo.page.evaluate("() => talk.me")
    # From a tab without a socket; it is off at first, and then nobody knows anything.
    bo.page.evaluate("() => talk.presence.set(true)")
    bo.page.wait_for_function("() => talk.presence.isKnown")
    assert not ada.page.evaluate("() => talk.presence.isKnown")
    second.page.evaluate("() => talk.presence.set(true)")
    third = another_tab(visit, server, ada)
    for watched in (ada, second, third):
        watched.page.wait_for_function(IS_HERE, arg=chain)
    # The tab with the socket goes: the next one has it, and asks anew.
    ada.page.close()
    for watched in (second, third):
        watched.page.wait_for_function(IS_HERE, arg=chain)
    me = second.page.evaluate("() => talk.me")
    bo.page.wait_for_function(IS_HERE, arg=me)
    third.page.evaluate("() => talk.presence.set(false)")
    bo.page.wait_for_function(f"(chain) => !({IS_HERE})(chain)", arg=me)
    for watched in (second, third):
        watched.page.wait_for_function("() => !talk.presence.isKnown")


def test_where_no_socket_comes_through_it_is_read_by_requests(
    visit: Visit, server: str, bo: Watched
) -> None:
    closed: list[str] = []

    def close(line: WebSocketRoute) -> None:
        closed.append(line.url)
        line.close()

    ada = visit("about:blank")
    ada.origin = server
    ada.page.route_web_socket(re.compile("account/socket"), close)
    opened(ada.page, server)
    ada.page.evaluate(REGISTER, ["ada", PASSWORD])
    ada.page.evaluate(LIVE)
    ada.forgive("404|409|WebSocket")
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp()", talk)
    bo.page.evaluate(SENT, [talk, "over the wire"])
    ada.page.evaluate(HEARS, [talk, "over the wire"])
    assert closed != []
    assert ada.page.evaluate(IS_LIVE) is False


# The page dies before the writing of this number, of those that saying something makes.
DIE = """([id, number]) => {
  window.stopped = null;
  return client.beside(async ({ storage }) => {
    const { write } = storage;
    let left = number;
    storage.write = (work) => {
      if (left === 0) {
        window.stopped = "stopped";
        return new Promise(() => undefined);
      }
      left -= 1;
      return write(work);
    };
    talk.of(id).text(`said once, ${number}`).then(() => { window.stopped ??= "done"; });
  });
}"""


def test_what_was_said_in_a_page_that_dies_is_sent_once_by_the_next(
    visit: Visit, server: str, ada: Watched, bo: Watched
) -> None:
    talk = founded(ada.page, bo.page)
    ada.page.evaluate(SENT, [talk, "first"])
    expected = ["first"]
    ended: Any = None
    for number in range(9):
        ada.page.evaluate(DIE, [talk, number])
        ended = ada.page.wait_for_function("() => window.stopped").json_value()
        # Before the first writing nothing was said.
        if number > 0:
            expected.append(f"said once, {number}")
        before, ada = ada, another_tab(visit, server, ada)
        before.page.close()
        ada.page.evaluate("() => talk.sync()")
        ada.page.evaluate(HEARS, [talk, expected[-1]])
        if ended == "done":
            break
    assert ended == "done"
    assert number >= 3
    bo.page.evaluate(HEARS, [talk, expected[-1]])
    assert ada.page.evaluate(TEXTS, talk) == bo.page.evaluate(TEXTS, talk) == expected


def test_what_has_a_timer_goes_when_it_is_due_and_before_anything_is_shown(
    visit: Visit, server: str, ada: Watched, bo: Watched
) -> None:
    second = another_tab(visit, server, ada)
    talk = founded(ada.page, bo.page)
    ada.page.evaluate("(id) => talk.of(id).timer(1)", talk)
    look = """async ([id, text]) => {
      await hears(id, text);
      const [{ place }] = await talk.of(id).lines({ limit: 1 });
      await talk.of(id).seen(place);
    }"""
    gone = """(id) => new Promise((resolve) => {
      const look = async () => { if ((await texts(id)).length === 0) resolve(true); };
      talk.subscribe(look);
      look();
    })"""
    bo.page.evaluate(SENT, [talk, "brief"])
    ada.page.evaluate(look, [talk, "brief"])
    for watched in (ada, second):
        assert watched.page.evaluate(gone, talk)
    bo.page.evaluate(SENT, [talk, "brief as well"])
    ada.page.evaluate(HEARS, [talk, "brief as well"])
    for watched in (ada, second):
        watched.page.evaluate("() => live.close()")
    ada.page.evaluate(look, [talk, "brief as well"])
    ada.page.wait_for_timeout(1100)
    # The control: nobody has looked, so it is still there.
    assert ada.page.evaluate(TEXTS, talk) == ["brief as well"]
    assert opened(second.page, server)["phase"] == "ready"
    first = LIVE.replace("Object.assign(", f"window.first = await texts('{talk}'); Object.assign(")
    second.page.evaluate(first)
    assert second.page.evaluate("() => window.first") == []


@pytest.mark.release
def test_firefox_keeps_reads_and_turns_its_keys_as_well(
    visit_firefox: Visit, server: str, bo: Watched
) -> None:
    ada = somebody(visit_firefox, server, "ada")
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp()", talk)
    ada.page.wait_for_function(IS_LIVE)
    bo.page.evaluate(SENT, [talk, "over two engines"])
    ada.page.evaluate(HEARS, [talk, "over two engines"])
    ada.page.evaluate("async () => { await (await partsOf()).rows.rotate(async () => null); }")
    ada.page.evaluate(SENT, [talk, "under another key"])
    bo.page.evaluate(HEARS, [talk, "under another key"])
    assert ada.page.evaluate(TEXTS, talk) == ["over two engines", "under another key"]


# The page is frozen before the writing of this number, of those that saying something makes.
FREEZE = """([id, number]) => {
  client.beside(async ({ storage }) => {
    const { write } = storage;
    let left = number;
    storage.write = (work) => {
      left -= 1;
      if (left === -1) {
        storage.write = write;
        debugger;
      }
      return write(work);
    };
    setTimeout(() => { window.sent = talk.of(id).text(`amid ${number}`); });
  });
}"""


@pytest.mark.release
def test_a_tab_that_is_frozen_amid_saying_something_loses_the_socket_and_nothing_is_said_twice(
    visit: Visit, server: str, ada: Watched, bo: Watched
) -> None:
    """Twenty seconds of waiting: it is asked every five whether it is there."""
    ada.page.wait_for_function(IS_LIVE)
    second = another_tab(visit, server, ada)
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp()", talk)
    expected = []
    # Before its attempt is written down, which the other one makes as well; and after it was sent.
    for number, frozen, awake in ((1, ada, second), (2, second, ada)):
        frozen.page.wait_for_function(IS_LIVE)
        paused: list[object] = []
        line = frozen.page.context.new_cdp_session(frozen.page)
        line.on("Debugger.paused", lambda told: paused.append(told))  # noqa: PLW0108, B023
        line.send("Debugger.enable")
        frozen.page.evaluate(FREEZE, [talk, number])
        while not paused:
            bo.page.wait_for_timeout(20)
        # Whoever looks at the other tab has it work, and send what waits there.
        awake.page.wait_for_function(IS_LIVE)
        bo.page.evaluate(HEARS, [talk, f"amid {number}"])
        bo.page.evaluate(SENT, [talk, f"to whoever is awake {number}"])
        awake.page.evaluate(HEARS, [talk, f"to whoever is awake {number}"])
        line.send("Debugger.resume")
        frozen.page.wait_for_function("() => !live.isLeading")
        frozen.page.evaluate("() => window.sent")
        bo.page.evaluate(SENT, [talk, f"to both {number}"])
        expected += [f"amid {number}", f"to whoever is awake {number}", f"to both {number}"]
        for watched in (ada, second, bo):
            watched.page.evaluate(HEARS, [talk, expected[-1]])
            assert watched.page.evaluate(TEXTS, talk) == expected
        assert awake.page.evaluate(IS_LIVE) is True
