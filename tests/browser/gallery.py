"""Screenshots of every state of the page, for a person to look through.

python tests/browser/gallery.py gallery [name ...]
"""

import re
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from stage import running

sys.path.append(str(Path(__file__).resolve().parent.parent))
from support.chromium import CHROMIUM_ARGUMENTS, chromium

SIZES = {"phone": (390, 780), "desktop": (1280, 800)}


def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with running() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        for theme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                context: dict[str, Any] = {
                    "color_scheme": theme,
                    "viewport": {"width": width, "height": height},
                }
                page = browser.new_page(**context)
                page.on("pageerror", lambda error: print("page error:", error))
                page.on("console", lambda message: print("console:", message.text))
                page.goto(f"{address}/")
                page.wait_for_selector("html[data-played]")
                names = wanted or page.evaluate("window.gallery.names")
                for name in names:
                    page.goto(f"{address}/?state={name}")
                    page.wait_for_selector("html[data-played]")
                    page.wait_for_timeout(350)
                    file = f"{re.sub('[^a-z_]', '-', name)}-{size}-{theme}.png"
                    page.screenshot(path=folder / file)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
