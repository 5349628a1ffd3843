"""What only a browser can tell of what it keeps of conversations: its disk, its deaths, its tabs.

The rules of that storage are told without a browser by tests/js/conversation_store.test.mjs.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bare_account import LIVE, REGISTER, ROTATE, holds, opened, profile
from playwright.sync_api import Page, Playwright
from support.machines.chromium import Visit, Watched

PASSWORD = "correct horse battery canary"
GONE = "what the canary said and took back"
STAYS = "what the canary said and stands by"
WAITS = "what the canary wants to say"
TIMED = "what the canary said for a second"
# As the engine keeps them.
SAID = """async (id) => (await store.shown(id, { limit: 9 }))
  .flatMap(({ value }) => value.content?.body.text ?? [])"""
STORE = """async () => {
  const parts = await partsOf();
  await parts.rows.open();
  const { BrowserStore } = await from("conversations/browser-store");
  const store = new BrowserStore(parts.rows, parts.storage, parts.random);
  const here = "AAAAAAAAAAAAAAAAAAAAAA";
  const texts = async () =>
    (await store.shown(here, { limit: 999 })).map(({ value }) => value.text);
  const say = (place, text) => store.change((within) => within.show(here, place, { text }));
  Object.assign(window, { parts, store, here, texts, say });
}"""
TEXTS = "() => texts()"


def stored(page: Page, server: str) -> None:
    """The store of a page whose browser is a device."""
    assert opened(page, server)["phase"] == "ready"
    page.evaluate(STORE)


@pytest.fixture
def device(visit: Visit, server: str) -> Watched:
    """A page of a browser that is the one device of a new account, with its store."""
    watched = visit("about:blank")
    watched.origin = server
    opened(watched.page, server)
    watched.page.evaluate(REGISTER, ["ada", PASSWORD])
    watched.page.evaluate(STORE)
    return watched


# The disk


@contextmanager
def device_on(
    playwright: Playwright, disk: Path, server: str, address: object = None
) -> Iterator[Page]:
    """A page of a browser with this disk, signed in where its copy has used up the session."""
    with profile(playwright, disk) as context:
        page = context.pages[0]
        if opened(page, server)["phase"] == "ended":
            typed = {"address": address, "password": PASSWORD}
            page.evaluate("(typed) => client.signIn(typed)", typed)
        yield page


@pytest.mark.whole_chromium
def test_what_was_deleted_is_not_opened_from_an_old_copy_of_the_disk_once_the_keys_have_turned(
    playwright: Playwright, server: str, tmp_path: Path
) -> None:
    disk, before, control = (tmp_path / name for name in ("disk", "before", "control"))
    with device_on(playwright, disk, server) as page:
        address = page.evaluate(REGISTER, ["canary", PASSWORD])["address"]
        page.evaluate(LIVE)
        talk = page.evaluate("async () => (await talk.found({ accounts: [] })).id")
        for text in (GONE, STAYS):
            page.evaluate("([id, text]) => talk.of(id).text(text)", [talk, text])
        timed = """async ([id, text]) => {
          await talk.of(id).timer(1);
          live.close();
          await talk.of(id).text(text);
          await talk.of(id).seen((await talk.of(id).lines({ limit: 1 }))[0].place);
        }"""
        page.evaluate(timed, [talk, TIMED])
        # It lies in the outbox.
        waits = "([id, text]) => talk.of(id).say('text', { text, mentions: [] })"
        page.evaluate(waits, [talk, WAITS])
    assert [holds(disk, text) for text in (GONE, STAYS, WAITS, TIMED)] == [[]] * 4
    for copy in (before, control):
        shutil.copytree(disk, copy, symlinks=True)
    # The control: with today's share the copy opens.
    with device_on(playwright, control, server, address) as page:
        page.evaluate(STORE)
        assert page.evaluate(SAID, talk) == [TIMED, STAYS, GONE]
        waiting = "async () => (await store.read((await store.keys('outbox/'))[0])).body.text"
        assert page.evaluate(waiting) == WAITS

    with device_on(playwright, disk, server, address) as page:
        page.evaluate(STORE)
        hide = """async (id) => {
          const gone = (await store.shown(id, { limit: 9 })).filter(({ value }) => value.content);
          await store.change((within) => within.hide(id, gone[2].place));
          await store.expire(Date.now());
        }"""
        page.evaluate(hide, talk)
        assert page.evaluate(ROTATE) == 2
        assert page.evaluate(SAID, talk) == [STAYS]
    assert [holds(disk, text) for text in (GONE, STAYS, WAITS, TIMED)] == [[]] * 4

    # With the same device's session, and so today's share.
    with device_on(playwright, before, server, address) as page:
        assert page.evaluate("() => client.state.phase") == "locked"
        thief = """async () => {
          const parts = await partsOf();
          const { BrowserStore } = await from("conversations/browser-store");
          const shares = await parts.api.shares();
          const store = new BrowserStore(parts.rows, parts.storage, parts.random);
          const keys = await store.keys("");
          const read = keys.map((key) => store.read(key).then(() => "opened", ({ code }) => code));
          return [shares.map(({ n }) => n), keys.length > 8, [...new Set(await Promise.all(read))]];
        }"""
        assert page.evaluate(thief) == [[2], True, ["locked"]]


EARLIER = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("ephemeral-account", 1);
  opening.onupgradeneeded = () => {
    for (const place of ["keys", "facts", "rows", "escrow"]) {
      opening.result.createObjectStore(place).put("kept", "of the first version");
    }
  };
  opening.onerror = () => reject(opening.error);
  // It stays open, as in a tab that has the program of yesterday.
  opening.onsuccess = () => {
    opening.result.onversionchange = () => opening.result.close();
    resolve();
  };
})"""
LATER = """async () => {
  const path = "static/js/account/storage.js";
  const { PLACES, openStorage } = await import(new URL(path, document.baseURI).href);
  const storage = await openStorage(indexedDB);
  const kept = await storage.read(({ all }) => Promise.all(PLACES.map((place) => all(place))));
  return Object.fromEntries(PLACES.map((place, at) => [place, kept[at].length]));
}"""


def test_what_was_kept_before_there_were_conversations_is_still_there(bare: Watched) -> None:
    bare.page.evaluate(EARLIER)
    assert bare.page.evaluate(LATER) == {
        "keys": 1,
        "facts": 1,
        "rows": 1,
        "escrow": 1,
        "shown": 0,
        "deadlines": 0,
    }


# Deaths

# A change of rows, texts and deadlines, in a page that dies at this step of it.
DIE = """(step) => {
  const { write } = parts.storage;
  parts.storage.write = async (work) => {
    if (step === "before") {
      window.stopped = true;
      await new Promise(() => undefined);
    }
    const value = await write((within) => {
      if (step !== "amid") return work(within);
      // Its requests come one after the other, and the transaction lives as long as there are some.
      let left = 2;
      const { put } = within;
      within.put = async (...given) => {
        await put(...given);
        left -= 1;
        if (left > 0) return;
        window.stopped = true;
        for (;;) await within.get("facts", "n");
      };
      return work(within);
    });
    window.stopped = true;
    return value;
  };
  void change();
}"""
CHANGE = """(id) => {
  window.change = () => store.change(async (within) => {
    within.put(`conversation/${id}/cursor`, 2);
    await within.hide(id, 1);
    await within.show(id, 2, { text: "after", until: 1000 });
  });
}"""


def test_a_page_that_dies_amid_a_change_leaves_all_of_it_or_nothing(
    device: Watched, server: str
) -> None:
    page = device.page
    for step in ("before", "amid", "after"):
        # A conversation of its own.
        talk = step.ljust(22, "A")
        page.evaluate("(id) => store.change((within) => within.show(id, 1, 'before'))", talk)
        page.evaluate(CHANGE, talk)
        page.evaluate(DIE, step)
        page.wait_for_function("() => window.stopped")
        other = page.context.new_page()
        page.close()
        page = other
        stored(page, server)
        kept = """async (id) => [
          (await store.shown(id, { limit: 9 })).map(({ value }) => value.text ?? value),
          await store.read(`conversation/${id}/cursor`) ?? null, await store.nextDeadline(),
        ]"""
        done = [["after"], 2, 1000]
        found = page.evaluate(kept, talk)
        assert found == (done if step == "after" else [["before"], None, None])
        # Done again, it is as if it had been done once.
        page.evaluate(CHANGE, talk)
        page.evaluate("() => change()")
        assert page.evaluate(kept, talk) == done
        assert page.evaluate("() => store.expire(1000)") == [{"conversation": talk, "place": 2}]


# Tabs


def test_two_tabs_that_write_at_once_lose_nothing_of_each_other(
    device: Watched, server: str
) -> None:
    first = device.page
    other = first.context.new_page()
    stored(other, server)
    # In both hands the same row of keys, and one number.
    begin = """(odd) => {
      window.done = (async () => {
        for (let place = odd; place < 40; place += 2) {
          await store.change(async (within) => {
            const count = await within.read("conversation/x/count");
            within.put("conversation/x/count", (count ?? 0) + 1);
            await within.show(here, place, { text: `${place}` });
          });
        }
      })();
    }"""
    turn = "async () => { await parts.rows.rotate(async () => null); }"
    for page, odd in ((first, 0), (other, 1)):
        page.evaluate(begin, odd)
    # A third one turns the keys under them.
    third = first.context.new_page()
    stored(third, server)
    third.evaluate(turn)
    for page in (first, other):
        page.evaluate("() => window.done")
    for page in (first, other, third):
        assert page.evaluate(TEXTS) == [f"{place}" for place in reversed(range(40))]
        assert page.evaluate("() => store.read('conversation/x/count')") == 40
    other.close()
    third.close()


LEAD = """async () => {
  const { Leadership, Tabs } = await from("account/tabs");
  window.leads = 0;
  window.tabs = new Tabs(new BroadcastChannel("test"));
  // As `parts.locks`, but for the name, which the client of this page holds already.
  const locks = { request: (name, ...rest) => navigator.locks.request(`${name}/test`, ...rest) };
  window.leadership = new Leadership({
    locks, tabs, isSeen: () => true,
    lead: (signal) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
  });
  leadership.join((signal) => new Promise((resolve) => {
    leads += 1;
    signal.addEventListener("abort", () => { leads -= 1; resolve(undefined); });
  }));
  leadership.begin();
}"""


def test_a_frozen_tab_is_robbed_of_the_work_and_stops_when_it_thaws(
    device: Watched, server: str
) -> None:
    first = device.page
    other = first.context.new_page()
    opened(other, server)
    first.evaluate(LEAD)
    first.wait_for_function("() => leads === 1")
    other.evaluate(LEAD)
    asks = "() => { leadership.look(); return tabs.tell({ kind: 'anybody' }); }"
    # One that answers keeps it.
    for _ in range(3):
        other.evaluate(asks)
        other.wait_for_timeout(50)
    assert other.evaluate("() => leads") == 0
    line = first.context.new_cdp_session(first)
    # As a frozen page it runs nothing, and keeps its locks.
    line.send("Debugger.enable")
    line.send("Debugger.pause")
    for _ in range(2):
        other.evaluate("() => leadership.look()")
    other.wait_for_function("() => leads === 1")
    line.send("Debugger.resume")
    first.wait_for_function("() => leads === 0")
    assert other.evaluate("() => leads") == 1
    # It waits for its turn, and has it when the other one goes.
    other.close()
    first.wait_for_function("() => leads === 1")


# The worker

WORKER = """async () => {
  const [{ WorkerHpke }, hpke] = await Promise.all(["device/worker-hpke", "device/hpke"].map(from));
  const worker = new WorkerHpke();
  const order = [];
  const note = (name) => (value) => { order.push(name); return value; };
  const [info, text] = [new Uint8Array(3), new Uint8Array(32)];
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const { publicBytes } = await worker.at("open").fromSeed(seed);
  // Until it has nothing to do.
  await new Promise((resolve) => setTimeout(resolve));
  const seal = (priority) =>
    worker.at(priority).seal(publicBytes, info, text).then(note(priority));
  const history = Array.from({ length: 12 }, () => seal("history"));
  const others = Array.from({ length: 3 }, () => seal("other"));
  const sent = seal("send");
  const looked = seal("open");
  const sealed = await sent;
  await Promise.all([...history, ...others, looked]);
  const other = await hpke.seal(publicBytes, info, text);
  const result = {
    order,
    opened: (await hpke.open(seed, info, sealed)).length,
    back: (await worker.at("send").open(seed, info, other)).length,
    broken: await worker.at("send").open(seed, info, sealed.slice(1)).catch(({ code }) => code),
    key: await worker.at("send").seal(new Uint8Array(9), info, text).catch(({ code }) => code),
  };
  worker.close();
  return { ...result, closed: await worker.at("send").fromSeed(seed).catch(({ code }) => code) };
}"""


def test_a_worker_seals_what_is_sent_before_what_was_asked_for_earlier(device: Watched) -> None:
    found = device.page.evaluate(WORKER)
    order = found.pop("order")
    # One had begun.
    assert order == ["history", "send", "open", *["other"] * 3, *["history"] * 11]
    assert found == {
        "opened": 32,
        "back": 32,
        "broken": "box_broken",
        "key": "box_key",
        "closed": "ended",
    }
