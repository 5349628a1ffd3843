"""`python -m bench.conversation_page_figures`: how soon a browser has its conversations at hand.

Chromium, with the page's modules and without the page, at the real server: somebody is in many
conversations in which nothing is new, and loads the page again. Measured are the opening of the
store with all of them listed, the socket, and one more reading of all.
"""

import argparse
import os
import statistics

from playwright.sync_api import Browser

from bench.account_browsers import UNLIMITED, chromium, friends, reopened, talking
from bench.page_figures import served, table

# The goal.
MOST_MS = 3_000
MEASURE = """async (count) => {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const { LiveConversations } = await from("conversations/live");
  const live = await client.beside((parts, work) => LiveConversations.open(parts, work));
  const views = await live.talk.views();
  const listed = since();
  if (views.length < count) throw new Error(`only ${views.length}`);
  while (!live.isLive) await new Promise((done) => setTimeout(done, 5));
  const connected = since();
  const trouble = await live.talk.sync();
  if (trouble.length > 0) throw trouble[0].refusal;
  return [listed, connected, since()];
}"""


def measured(browser: Browser, address: str, count: int, loads: int) -> list[list[float]]:
    """Milliseconds until all are listed, the socket is there, and all is known to be read."""
    one, other, account = friends(browser, address)
    talking(one, other, account, count)
    found = []
    for _ in range(loads):
        reopened(one)
        found.append([float(each) for each in one.evaluate(MEASURE, count)])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.conversation_page_figures")
    parser.add_argument("--conversations", type=int, default=499, help="beside its devices' own")
    parser.add_argument("--loads", type=int, default=5, help="medians are printed")
    asked = parser.parse_args()
    with served(**UNLIMITED) as address, chromium() as browser:
        took = measured(browser, address, asked.conversations, asked.loads)
    print(f"Medians of {asked.loads} loads; {os.cpu_count()} cores.\n")
    names = ("all are listed", "the socket is there", "all is known to be read")
    table(
        [
            (f"{asked.conversations} idle conversations, until", "ours", "goal"),
            *(
                (name, f"{statistics.median(each):.0f} ms", f"{MOST_MS} ms")
                for name, each in zip(names, zip(*took, strict=True), strict=True)
            ),
        ]
    )


if __name__ == "__main__":
    main()
