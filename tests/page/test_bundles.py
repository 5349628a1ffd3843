"""What the page loads is what the bundler makes of its sources, and nothing else."""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from ephemeral.page.files import StaticFiles

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"

_spec = importlib.util.spec_from_file_location("bundles", ROOT / "tools" / "bundles.py")
assert _spec is not None
assert _spec.loader is not None
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)

pytestmark = pytest.mark.skipif(
    not (tool.TOOLS / "esbuild").exists(),
    reason="NO BUNDLER (sh tools/page_tools.sh .venv): the bundles are NOT held to their sources",
)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The page's sources alone, in a folder of another name, for changing them."""
    return Path(shutil.copytree(WEB / "static", tmp_path / "somewhere else"))


# The one names the content of the other in its address.
ROOMS = {"room.js", "later.js", "attachments.js"}
ACCOUNTS = {
    "account.js", "account-inside.js", "account-later.js", "account-identity.js",
    "account-push.js", "account-conversations.js", "account-files.js", "hpke.js",
}  # fmt: skip


def styled(bundle: str) -> set[str]:
    """The classes that a style sheet of the page speaks of."""
    return set(re.findall(r"\.([a-z][\w-]+)", (WEB / "bundles" / bundle).read_text()))


def test_no_screen_of_accounts_waits_for_a_style_that_only_rooms_load():
    """Nothing of late.css ever comes to /account/."""
    there = styled("page.css") | styled("account.css") | styled("conversations.css")
    drawn = {
        name
        for wing in ("account", "conversations")
        for path in (WEB / "static" / "js" / wing / "views").glob("*.js")
        for classes in re.findall(r'class: "([^"]*)"', path.read_text())
        for name in classes.split()
    }
    assert "button" in drawn
    assert drawn & styled("late.css") - there == set()


def committed() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (WEB / "bundles").iterdir()}


def test_the_bundles_are_what_make_page_makes_of_the_sources(sources: Path):
    made = tool.bundled(sources)
    assert sorted(made) == sorted(committed())
    stale = [name for name, content in committed().items() if made[name] != content]
    assert stale == [], "run `make page`, and commit what it writes"


def test_every_bundle_loads_others_by_the_addresses_at_which_they_are_served():
    served = StaticFiles(WEB, {}).addresses()
    texts = {name: content.decode() for name, content in committed().items()}
    found = {
        name: set(re.findall(r"[a-z-]+\.[0-9a-f]{16}\.js", text)) for name, text in texts.items()
    }
    stems = {name: {one.split(".")[0] for one in those} for name, those in found.items() if those}
    assert stems == {
        "home.js": {"derive-worker", "slow-derive-worker"},
        "room.js": {"home"},
        "later.js": {"home"},
        "attachments.js": {"home"},
        "account.js": {"derive-worker", "slow-derive-worker"},
        "account-inside.js": {"account"},
        "account-later.js": {"account"},
        "account-identity.js": {"account"},
        "account-push.js": {"account"},
        "account-conversations.js": {"account", "account-files", "hpke-worker"},
        "account-files.js": {"account", "save-worker", "seal-worker"},
        "hpke.js": {"account"},
    }
    assert set().union(*found.values()) <= set(served)


def test_what_may_stand_in_one_bundle_only_does():
    texts = {name: content.decode() for name, content in committed().items()}
    policy = [name for name, text in sorted(texts.items()) if ".createPolicy(" in text]
    words = [name for name, text in sorted(texts.items()) if "0abacus" in text]
    curve = [name for name, text in sorted(texts.items()) if "isTorsionFree" in text]
    # Not in the first of the page of accounts: its first screen judges no key, and reads no words.
    # What talks comes by itself, and judges keys too.
    assert curve == ["account-conversations.js", "account-inside.js"]
    # Two programs share no file, and each has its own.
    assert (policy, words) == (
        ["account-files.js", "account-push.js", "account.js", "home.js"],
        ["account-inside.js", "room.js"],
    )


def test_the_page_of_rooms_carries_no_code_of_accounts(tmp_path: Path):
    read = {
        path
        for entry in tool.ROOMS.values()
        for path in tool._sources(WEB / "static", entry, tmp_path)
    }
    assert "js/pages/room.js" in read
    strange = ("account", "conversation", "hpke")
    assert [path for path in sorted(read) if any(word in path for word in strange)] == []


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        ("js/room/views/arriving-screen.js", {"home.js", *ROOMS}),
        (
            "js/device/random.js",
            {"room.js", "later.js", "attachments.js", "seal-worker.js", *ACCOUNTS},
        ),
        ("js/protocol/words.js", {"room.js", "account-inside.js"}),
        ("js/account/views/welcome-screen.js", ACCOUNTS),
        ("js/account/views/link-panel.js", {"account-later.js"}),
        ("js/conversations/views/chat-view.js", {"account-conversations.js"}),
        ("js/device/hpke-worker.js", {"hpke-worker.js", "account-conversations.js"}),
        ("css/said.css", {"conversations.css"}),
        ("css/account-forms.css", {"account.css"}),
        (
            "js/device/derive-worker.js",
            {"derive-worker.js", "home.js", *ROOMS, *ACCOUNTS},
        ),
        ("js/room/views/record-tables.js", {"later.js"}),
        ("css/tokens.css", {"page.css"}),
        ("css/menu.css", {"late.css"}),
        ("css/code.css", {"late.css", "account.css"}),
        ("js/pages/old.js", {"old.js"}),
        ("js/account/views/push-view.js", {"account-push.js"}),
        ("js/account/push-words.js", {"account-push.js", "account-sw.js"}),
    ],
)
def test_a_changed_source_changes_what_depends_on_it_and_no_other(
    sources: Path, changed: str, affected: set[str]
):
    with (sources / changed).open("a") as file:
        file.write(".more { top: 0 }" if changed.endswith(".css") else "String(1);")
    made = tool.bundled(sources)
    assert {name for name, content in committed().items() if made[name] != content} == affected


@pytest.mark.parametrize(
    ("changed", "text", "reason"),
    [
        ("js/ui/qr.js", 'import "./missing.js";', "Could not resolve"),
        ("js/ui/qr.js", 'import { none } from "./el.js"; none();', "No matching export"),
        ("js/ui/qr.js", "const = 1;", "Expected identifier but found"),
        ("js/ui/qr.js", 'import("./times.js");', "by import"),
        ("js/ui/qr.js", 'new URL("./other.js", import.meta.url);', "loads other.js, which is no"),
        ("js/ui/other-worker.js", "1;", "No bundle loads other-worker.js"),
        ("css/tokens.css", "a { b: url(missing.png) }", "Could not resolve"),
    ],
)
def test_what_would_not_reach_the_page_as_it_is_meant_is_refused(
    sources: Path, changed: str, text: str, reason: str
):
    with (sources / changed).open("a") as file:
        file.write(text)
    with pytest.raises(tool.BundleError, match=reason):
        tool.bundled(sources)
