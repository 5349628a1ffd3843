"""Firefox runs the protocols of accounts and conversations: its Ed25519 is another than Chromium's."""

from playwright.sync_api import Browser
from support.machines.chromium import open_bare
from test_vectors_in_chromium import RUN, modules, serve_runner, vectors


def test_every_vector_of_accounts_and_conversations_holds_in_firefox(
    firefox: Browser, server: str
) -> None:
    page = firefox.new_page()
    open_bare(page, server)
    files = [one for one in vectors() if one[0].startswith(("accounts_", "conversations_"))]
    argument = {"runner": serve_runner(page, server), "base": modules(server), "files": files}
    result = page.evaluate(RUN, argument)
    page.close()
    assert result["failures"] == []
    assert result["ran"] > 500
