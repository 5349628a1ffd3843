"""Debian's Firefox for stories that Chromium alone doesn't prove, driven through a bridge.

Fixtures: `firefox`, and `visit_firefox(address)`, which opens a page and fails the test if it
misbehaved. They need `playwright` from support.machines.chromium.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright
from support.machines.chromium import Visit, visits

BRIDGE = Path(__file__).resolve().parent / "firefox_bridge.py"

# A proxy that isn't there: whatever Firefox wants of the world beyond this machine fails at once.
PREFERENCES: dict[str, str | float | bool] = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.failover_direct": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.update.enabled": False,
}


def firefox_program() -> str | None:
    """Where the system's Firefox is."""
    names = ("firefox-esr", "firefox")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def firefox(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The system's Firefox with a new profile and a home of its own."""
    program = firefox_program()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Firefox, and CI must not skip its stories.")
        pytest.skip("NO FIREFOX: install it, or its stories are not told")
    folder = tmp_path_factory.mktemp("firefox")
    starter = folder / "firefox"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{BRIDGE}" "{program}" "$@"\n')
    starter.chmod(0o755)
    launched = playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=starter,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        firefox_user_prefs=PREFERENCES,
    )
    yield launched
    launched.close()


@pytest.fixture
def visit_firefox(firefox: Browser) -> Iterator[Visit]:
    """Opens pages in Firefox."""
    with visits(firefox) as open_page:
        yield open_page
