"""`python -m bench.messenger_figures`: how quick and how heavy the messenger in /account/ is.

Chromium with the real page at the real server, two people in profiles of their own. Times are those
of the page: from the press of Enter until the other page has painted the text; from the beginning
of a load until all conversations are listed and one of them can be written in; from a click until a
long or a short conversation is painted, and from the wish to go up until what is older is. Memory
is that of the tab's process, and what its engine holds once its garbage was collected.
"""

import argparse
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bench.account_browsers import UNLIMITED, chromium, friends, talking
from bench.account_figures import FIRST, LATER, MEANWHILE
from bench.page_figures import PATIENCE_MS, get, kilo, packed, served, table

SHOWN_MS, WHOLE, LISTED_MS = 60, 250_000, 3_000
#: What talks, and what only few ever load.
TALKING = ("account-conversations.js", "conversations.css", "hpke-worker.js")
RARE = ("account-identity.js", "account-push.js", "account-sw.js", "slow-derive-worker.js")

# At the real page, before anything of it runs.
LISTED = """
  window.listed = (count) => new Promise((resolve) => {
    const look = () => {
      const there = document.querySelectorAll(".conversation-row").length >= count;
      if (there) resolve(performance.now());
      else requestAnimationFrame(look);
    };
    look();
  });
"""
OPENED = """(id) => new Promise((resolve) => {
  const begun = performance.now();
  document.querySelector(`[data-conversation="${id}"]`).click();
  const look = () => {
    const isThere = document.querySelector(".chat .log [role=article]") !== null
      && document.activeElement?.tagName === "TEXTAREA";
    if (isThere) requestAnimationFrame(() => resolve(performance.now() - begun));
    else requestAnimationFrame(look);
  };
  look();
})"""
# To what is older, as often as there is something, but no more than so often; each until it stands
# there.
UP = """async (times) => {
  const log = document.querySelector(".chat .log");
  const first = () => document.querySelector(".chat .log [role=article]")?.dataset.message;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const took = [];
  for (let time = 0; time < times; time += 1) {
    const before = first();
    const begun = performance.now();
    log.scrollTop = 0;
    while (first() === before && performance.now() - begun < 3000) await frame();
    if (first() === before) break;
    took.push(performance.now() - begun);
    await frame();
  }
  return took;
}"""
SAYS = """(text) => {
  const field = document.querySelector(".chat textarea");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const at = performance.timeOrigin + performance.now();
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  return at;
}"""
WAITS = """(text) => {
  window.shown = new Promise((resolve) => {
    const look = () => {
      const last = [...document.querySelectorAll(".chat .log [role=article]")].at(-1);
      if (!last?.textContent.includes(text)) return;
      watching.disconnect();
      requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
    };
    const watching = new MutationObserver(look);
    watching.observe(document.querySelector(".chat .log"), { childList: true, subtree: true });
  });
}"""
SAYS_MANY = """async ([id, from, to]) => {
  const one = live.talk.of(id);
  for (let number = from; number < to; number += 1) {
    await one.say("text", { text: `The message number ${number} of many.`, mentions: [] });
  }
  await one.flush();
}"""


def told(words: str) -> None:
    """For whoever waits."""
    print(words, file=sys.stderr, flush=True)


def messenger(page: Page, address: str, count: int) -> float:
    """The real page in this profile; milliseconds from its beginning until so many are listed."""
    page.add_init_script(LISTED)
    page.goto(f"{address}account/", wait_until="commit")
    return float(page.evaluate("(count) => window.listed(count)", count))


def memory(browser: Browser, page: Page) -> tuple[float, float]:
    """MB of the engine's heap after its garbage was collected, and of the process."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    heap = next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    # The largest is the one of this tab: others are as good as empty.
    largest = max(_own_kb(one["id"]) for one in processes if one["type"] == "renderer")
    return heap / 1e6, largest / 1e3


def _own_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def many(one: Page, other: Page, talk: str, count: int) -> None:
    """The other says so much, and it is read as it comes: a server keeps only a part of that."""
    for start in range(0, count, 500):
        other.evaluate(SAYS_MANY, [talk, start, min(count, start + 500)])
        one.evaluate("(id) => live.talk.of(id).catchUp()", talk)


def lasting(one: Page, talks: dict[str, str], times: int) -> list[tuple[str, ...]]:
    """A line for each conversation, by its name."""
    lines: list[tuple[str, ...]] = []
    for name, talk in talks.items():
        opened, up = [], []
        for _ in range(times):
            opened.append(float(one.evaluate(OPENED, talk)))
            up += [float(each) for each in one.evaluate(UP, 8)]
            one.keyboard.press("Escape")
            one.go_back()
            one.wait_for_function("() => document.querySelector('.chat .log') === null")
        older = milli(statistics.median(up)) if up else ""
        lines.append((name, milli(statistics.median(opened)), older))
    return lines


def spoken(one: Page, other: Page, talk: str, count: int) -> list[float]:
    """Milliseconds from the press of Enter until the text is painted elsewhere."""
    for page in (one, other):
        page.evaluate(OPENED, talk)
    took = []
    for number in range(count + 5):
        text = f"said and painted {number}."
        other.evaluate(WAITS, text)
        at = one.evaluate(SAYS, text)
        took.append(float(other.evaluate("() => window.shown")) - float(at))
        one.wait_for_timeout(100)
    # The first of them load what is loaded once.
    return took[5:]


def milli(count: float) -> str:
    """For people."""
    return f"{count:.0f} ms"


def weight(address: str) -> list[tuple[str, ...]]:
    """Of all of it, compressed; and of what only few load."""
    document = int(get(f"{address}account/").headers["content-length"])
    names = (*FIRST, *MEANWHILE, *LATER, *(one for one in TALKING if one not in LATER))
    whole = document + sum(packed(f"bundles/{name}") for name in dict.fromkeys(names))
    rare = sum(packed(f"bundles/{name}") for name in RARE)
    return [("all that a device loads", kilo(whole), kilo(WHOLE)),
            ("what few load besides", kilo(rare), "")]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.messenger_figures")
    parser.add_argument("--conversations", type=int, nargs="*", default=[50, 499],
                        help="500 with that of one's own devices")  # fmt: skip
    parser.add_argument("--messages", type=int, default=10_000, help="of the long conversation")
    parser.add_argument("--loads", type=int, default=5, help="medians are printed")
    parser.add_argument("--said", type=int, default=100, help="messages, one after the other")
    asked: Any = parser.parse_args()
    with served(**UNLIMITED) as address, chromium() as browser:
        sizes = weight(address)
        one, other, account = friends(browser, address)
        there: list[str] = []
        starts: list[tuple[str, ...]] = []
        for count in asked.conversations:
            told(f"preparing {count} conversations")
            there += talking(one, other, account, count - len(there))
            told("measuring")
            page = one.context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            took = [messenger(page, address, count) for _ in range(asked.loads)]
            ready = float(page.evaluate(OPENED, there[0]))
            heap, process = memory(browser, page)
            starts.append(
                (f"{count} conversations", milli(statistics.median(took)), milli(ready),
                 f"{heap:.1f} MB", f"{process:.0f} MB")
            )  # fmt: skip
            page.close()
            told("measured")
        told("preparing the long conversation")
        short, long = there[1], there[2]
        many(one, other, short, 100)
        many(one, other, long, asked.messages)
        told("measuring")
        pages = [each.context.new_page() for each in (one, other)]
        for each in (one, other):
            each.close()
        for page in pages:
            page.set_default_timeout(PATIENCE_MS)
            messenger(page, address, len(there))
        chats = lasting(pages[0], {"100 messages": short, f"{asked.messages}": long}, 3)
        paths = spoken(pages[0], pages[1], there[3], asked.said)
        told("measured")
    print(f"{os.cpu_count()} cores; medians of {asked.loads} loads and {asked.said} messages.\n")
    table([("compressed", "ours", "goal"), *sizes])
    print()
    cuts = statistics.quantiles(paths, n=20)
    table([("from Enter until it is painted elsewhere", "p50", "p95", "goal"),
           ("", milli(statistics.median(paths)), milli(cuts[-1]), milli(SHOWN_MS))])  # fmt: skip
    print()
    table([("from a load's beginning", "all are listed", "one opens", "heap", "process"), *starts,
           ("goal", milli(LISTED_MS), "", "", "")])  # fmt: skip
    print()
    table([("a conversation of", "is open after", "what is older after"), *chats])


if __name__ == "__main__":
    main()
