"""Pictures of every state of the page, for a person to look through: `make gallery`.

python tests/browser/gallery.py FOLDER [STATE ...]

Every state at the width of a phone and of a desktop, in light and in dark, and some in Arabic and
French;
FOLDER/index.html shows them side by side.
"""

import asyncio
import html
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright
from stage import running

sys.path.append(str(Path(__file__).resolve().parent.parent))
from support.machines.chromium import CHROMIUM_ARGUMENTS, chromium

SIZES = {"phone": (390, 780), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")
# One for each core.
BROWSERS = 2

#: From right to left, and the one that needs the most room.
OTHER_LANGUAGES = ("ar", "fr")
#: The states that are pictured in these too.
IN_OTHERS = (
    "screen:arriving", "screen:leaving", "left:waits", "screen:options", "screen:misspelt",
    "screen:invited", "progress:opening", "progress:deriving", "ended:left", "notice:joins",
    "receipt:stored", "room:alone", "room:conversation", "room:quotes", "room:right_to_left",
    "room:code", "room:many_people", "room:menu", "room:invite", "room:record", "room:destroy",
    "room:draft_with_quote", "account:signed_out", "account:words", "account:ready",
    "account:link_picture", "messenger:list", "messenger:chat_group", "messenger:conversation_menu",
    "messenger:report", "messenger:history_giving", "messenger:list_here",
    "messenger:chat_mentioning",
)  # fmt: skip

#: What is shown before or instead of the page's modules: path, what is done to the browser before,
#: which files are lost.
SERVED: dict[str, tuple[str, dict[str, bool], str, str]] = {
    "served:without_scripts": ("home", {"java_script_enabled": False}, "", ""),
    "served:too_old": ("home", {}, "delete Object.hasOwn", "**/pages/main*.js"),
    "served:incomplete": ("home", {}, "", "**/pages/main*.js"),
    "served:lost": ("home", {}, "", "**/*.js"),
    "served:account": ("account", {"java_script_enabled": False}, "", ""),
    "served:not_found": ("error", {}, "", ""),
    "served:about": ("about", {}, "", ""),
}

#: What comes by itself after a while is there at once.
LATE = "document.getAnimations().forEach((one) => one.finish())"


@dataclass(frozen=True)
class Picture:
    state: str
    language: str
    size: str
    scheme: str

    @property
    def file(self) -> str:
        state = re.sub("[^a-z0-9]+", "-", self.state)
        return f"{state}-{self.language}-{self.size}-{self.scheme}.png"


async def take(
    page: Page, folder: Path, state: str, language: str, *, drawn: str | None = None
) -> list[Picture]:
    """The state that the page shows, in all sizes and colours; `drawn` is evaluated before each."""
    taken = []
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            if drawn is not None:
                await page.evaluate(drawn)
            picture = Picture(state, language, size, scheme)
            await page.screenshot(path=folder / picture.file, full_page=True)
            taken.append(picture)
    return taken


async def opened(browser: Browser, address: str) -> Page:
    """A page on the stage that is ready to play."""
    # Without motion, so that nothing is caught in between.
    page = await browser.new_page(reduced_motion="reduce")
    page.on("pageerror", lambda error: print("page error:", error))
    page.on("console", lambda message: print("console:", message.text))
    await page.goto(address)
    await page.wait_for_selector("html[data-played]")
    return page


async def play_all(
    browsers: list[Browser], stage: str, folder: Path, wanted: list[str]
) -> list[Picture]:
    """All states of the stage, divided among the browsers."""
    page = await opened(browsers[0], f"{stage}/")
    names: list[str] = wanted or await page.evaluate("window.gallery.names")
    await page.close()
    todo = [("en", name) for name in names]
    todo += [(one, name) for one in OTHER_LANGUAGES for name in names if name in IN_OTHERS]
    taken: list[Picture] = []

    async def work(browser: Browser, mine: list[tuple[str, str]]) -> None:
        for language in dict.fromkeys(language for language, _ in mine):
            page = await opened(browser, f"{stage}/?lang={language}")
            for name in (name for spoken, name in mine if spoken == language):
                await page.evaluate("(name) => window.gallery.play(name)", name)
                pictures = await take(page, folder, name, language, drawn="window.gallery.drawn()")
                taken.extend(pictures)
            # A page that is not the only one of its browser may be drawn no more.
            await page.close()

    await asyncio.gather(*(work(one, todo[at :: len(browsers)]) for at, one in enumerate(browsers)))
    order = {name: at for at, name in enumerate(names)}
    return sorted(taken, key=lambda picture: (order[picture.state], picture.language != "en"))


async def serve_all(browser: Browser, stage: str, folder: Path) -> list[Picture]:
    """What the server's own pages show."""
    taken = []
    for name, (path, options, spoilt, lost) in SERVED.items():
        context = await browser.new_context(reduced_motion="reduce", **options)
        page = await context.new_page()
        if spoilt:
            await page.add_init_script(spoilt)
        if lost:
            await page.route(lost, lambda route: route.abort())
        await page.goto(f"{stage}/{path}")
        taken += await take(page, folder, name, "en", drawn=LATE if lost else None)
        await context.close()
    return taken


def sheet(pictures: list[Picture]) -> Iterator[str]:
    """The page that shows all of them."""
    yield (
        "<!doctype html><meta charset=utf-8><title>Gallery</title><style>"
        "body { font: 14px system-ui; margin: 2rem; background: #999 } h2 { margin: 2rem 0 .5rem }"
        " div { display: flex; gap: 1rem; align-items: start; overflow-x: auto }"
        " img { height: 30rem; box-shadow: 0 1px 8px #0006 } a { flex: none }</style>"
    )
    shown = ""
    for picture in pictures:
        title = picture.state + (f" ({picture.language})" if picture.language != "en" else "")
        if title != shown:
            yield f"{'</div>' if shown else ''}<h2>{html.escape(title)}</h2><div>"
            shown = title
        about = f"{picture.size}, {picture.scheme}"
        yield f'<a href="{picture.file}"><img src="{picture.file}" alt="{about}" loading=lazy></a>'
    yield "</div>"


async def take_all(stage: str, folder: Path, wanted: list[str]) -> list[Picture]:
    async with async_playwright() as playwright:
        browsers = [
            await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
            for _ in range(BROWSERS)
        ]
        pictures = await play_all(browsers, stage, folder, wanted)
        if not wanted:
            pictures += await serve_all(browsers[0], stage, folder)
        for browser in browsers:
            await browser.close()
    return pictures


def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with running() as stage:
        pictures = asyncio.run(take_all(stage, folder, wanted))
    (folder / "index.html").write_text("\n".join(sheet(pictures)), "utf-8")
    print(f"{len(pictures)} pictures: {folder / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
