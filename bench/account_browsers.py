"""People with accounts in Chromium, for measuring: the page's modules without the page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from bench.page_figures import CHROMIUM, PATIENCE_MS

#: What one machine asks for all of them is more than anybody would allow it.
UNLIMITED = {"ACCOUNT_REQUESTS_PER_ACCOUNT": "off", "ACCOUNT_REQUESTS_PER_ADDRESS": "off"}
#: Into so many conversations one brings somebody else who has said nothing in any of them.
SILENT = 20

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
_ANSWER = """async (ids) => {
  for (const id of ids) {
    await live.talk.of(id).catchUp({ again: true });
    await live.talk.of(id).says.text(`Answered in ${id}.`);
  }
}"""
# What its own devices are to know of them is said by the first, and read by the second.
_SYNC = "async () => { await live.talk.sync(); await live.talk.sync(); }"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def bare(context: BrowserContext, address: str) -> Page:
    """A page without a program, with the account of this profile, if there is one."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)

    def fulfil(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><title>bare</title>")

    page.route(f"{address}bare", fulfil)
    # What was fulfilled came from nowhere, and has to ask before it may reach this machine.
    context.grant_permissions(["local-network-access"], origin=address.rstrip("/"))
    page.goto(f"{address}bare")
    page.evaluate(OPEN)
    return page


def reopened(page: Page) -> None:
    """The same after a reload, as far as there is an account."""
    page.reload()
    page.evaluate(OPEN)


def friends(browser: Browser, address: str) -> tuple[Page, Page, str]:
    """Two people who are contacts, each in a profile of its own; and the other's account."""
    one, other = (bare(browser.new_context(), address) for _ in range(2))
    for page, name in ((one, "one"), (other, "other")):
        page.evaluate(REGISTER, name)
        page.evaluate(LIVE)
    fragment = one.evaluate("async () => (await live.talk.invite()).fragment()")
    return one, other, str(other.evaluate(REDEEM, fragment))


def talking(one: Page, other: Page, account: str, count: int) -> list[str]:
    """So many conversations of two; the other has answered in each."""
    ids: list[str] = []
    while len(ids) < count:
        more: list[str] = one.evaluate(FOUND, [account, min(SILENT, count - len(ids))])
        other.evaluate(_ANSWER, more)
        ids += more
    one.evaluate(_SYNC)
    return ids
