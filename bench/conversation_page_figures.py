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
<<<<<<< HEAD
=======
# Into no more conversations is somebody brought who says nothing.
AT_ONCE = 20
UNLIMITED = {"ACCOUNT_REQUESTS_PER_ACCOUNT": "off", "ACCOUNT_REQUESTS_PER_ADDRESS": "off"}

OPEN = """async () => {
  const from = (name) => import(new URL(`static/js/${name}.js`, document.baseURI).href);
  const [{ AccountClient }, { HttpClient }, { readConfig }] = await Promise.all(
    ["account/account-client", "net/http-client", "protocol/config"].map(from));
  const base = new URL("./", document.baseURI).href;
  const config = readConfig(await new HttpClient(base).ask("GET", "config"));
  const parts = { hpke: () => from("device/hpke"), inside: () => from("account/inside") };
  const client = await AccountClient.open({ config, base, ...parts });
  Object.assign(window, { client, from });
}"""
LIVE = """async () => {
  const { LiveConversations } = await from("conversations/live");
  window.live = await client.beside((parts, work) => LiveConversations.open(parts, work));
}"""
REGISTER = """async (name) => {
  const address = client.proposeAddress(name);
  await client.register({ address, password: "correct horse battery staple" });
  await client.confirmWords();
}"""
REDEEM = """async (fragment) => {
  const { readInvitation } = await from("protocol/conversations/invitations");
  await live.talk.redeem(readInvitation(fragment));
  return client.state.account;
}"""
FOUND = """async ([account, count]) => {
  await live.talk.redeemed();
  const ids = [];
  for (let number = 0; number < count; number += 1) {
    ids.push((await live.talk.found({ accounts: [account] })).id);
  }
  return ids;
}"""
ANSWER = """async (ids) => {
  await live.talk.sync();
  for (const id of ids) await live.talk.of(id).text("I am here");
}"""
READ = """async () => {
  // What its own devices are to know of them is said by the first, and read by the second.
  await live.talk.sync();
  await live.talk.sync();
}"""
>>>>>>> next
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
<<<<<<< HEAD
    one, other, account = friends(browser, address)
    talking(one, other, account, count)
=======
    one, other = opened(browser, address), opened(browser, address)
    for page, name in ((one, "one"), (other, "other")):
        page.evaluate(REGISTER, name)
        page.evaluate(LIVE)
    fragment = one.evaluate("async () => (await live.talk.invite()).fragment()")
    account = other.evaluate(REDEEM, fragment)
    for first in range(0, count, AT_ONCE):
        ids = one.evaluate(FOUND, [account, min(AT_ONCE, count - first)])
        other.evaluate(ANSWER, ids)
    one.evaluate(READ)
>>>>>>> next
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
