"""An account's client in a page of Chromium without a program, and a browser with a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright
from support.machines.chromium import CHROMIUM_ARGUMENTS, chromium, open_bare

# The page's own modules without the page: what is asked here is the client, not the page.
OPEN = """async () => {
  const from = (name) => import(new URL(`static/js/${name}.js`, document.baseURI).href);
  const [{ AccountClient }, { HttpClient }, { readConfig }] = await Promise.all(
    ["account/account-client", "net/http-client", "protocol/config"].map(from));
  const base = new URL("./", document.baseURI).href;
  const config = readConfig(await new HttpClient(base).ask("GET", "config"));
  const parts = { hpke: () => from("device/hpke"), inside: () => from("account/inside") };
  const client = await AccountClient.open({ config, base, ...parts });
  const sees = (look) => new Promise((resolve) => {
    const check = () => { if (look(client.state)) resolve(client.state); };
    client.subscribe(check);
    check();
  });
  const partsOf = async () => {
    const [{ openParts }, { StateHolder }, { readDevice }] = await Promise.all(
      ["account/parts", "account/account-state", "account/this-device"].map(from));
    const hpke = () => from("device/hpke");
    const parts = await openParts(new StateHolder(), { config, base, hpke });
    parts.tokens.proveBy((await readDevice(parts.storage))?.keys ?? null);
    return parts;
  };
  Object.assign(window, { client, sees, from, partsOf });
  return client.state;
}"""
REGISTER = """async ([name, password]) => {
  const address = client.proposeAddress(name);
  const { words } = await client.register({ address, password });
  await client.confirmWords();
  return { address, words, state: client.state };
}"""
# Its conversations, after that.
LIVE = """async () => {
  const { LiveConversations } = await from("conversations/live");
  const live = await client.beside((parts, work) => LiveConversations.open(parts, work));
  const { talk } = live;
  const events = [];
  talk.subscribe((id, event) => { if (event !== null) events.push([event.type, id]); });
  const texts = async (id) => (await talk.of(id).lines({ limit: 99 })).reverse()
    .flatMap(({ value }) => value.kind === "message" ? [value.content.body.text] : []);
  const hears = (id, text) => new Promise((resolve) => {
    const look = async () => { if ((await texts(id)).includes(text)) resolve(true); };
    // A receipt or the like says nothing of what is kept.
    talk.subscribe((_, event) => { if (event === null) look(); });
    look();
  });
  Object.assign(window, { live, talk, events, texts, hears });
}"""
# What a device does once a day, today.
ROTATE = """async () => {
  const parts = await partsOf();
  const { isHalfway } = await parts.rows.open();
  if (isHalfway) throw new Error("two shares are there");
  await parts.rows.rotate(async () => null);
  return (await parts.api.shares())[0].n;
}"""


def opened(page: Page, server: str) -> dict[str, object]:
    """The client of a page, as it stands after its start."""
    if not page.url.endswith("/bare"):
        open_bare(page, server)
    else:
        page.reload()
    return page.evaluate(OPEN)  # type: ignore[no-any-return]


@contextmanager
def profile(playwright: Playwright, folder: Path) -> Iterator[BrowserContext]:
    """A browser with a profile on the disk, which stays when it is closed."""
    context = playwright.chromium.launch_persistent_context(
        folder, executable_path=chromium(whole=True), args=CHROMIUM_ARGUMENTS
    )
    yield context
    context.close()


def holds(folder: Path, canary: str) -> list[str]:
    """The files of a profile in which a text stands, as UTF-8 or as UTF-16."""
    forms = [canary.encode(), canary.encode("utf-16-le")]
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(form in path.read_bytes() for form in forms)
    ]
