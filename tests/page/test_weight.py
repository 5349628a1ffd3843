"""What the page weighs until the first message, compressed as the server sends it.

`make page-figures` measures the same in a browser, with headers and answers.
"""

from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest

from ephemeral.page.files import StaticFiles
from ephemeral.page.languages import read_catalogues
from ephemeral.page.pages import Operator, Pages

WEB = Path(__file__).resolve().parents[2] / "web"
# What is loaded on the way to a room and a message in it. Neither what is loaded when somebody has
# been inside for a while, nor what only few browsers need.
FILES = (
    ("bundles", "page.css"),
    ("bundles", "home.js"),
    ("bundles", "old.js"),
    ("bundles", "room.js"),
    ("bundles", "derive-worker.js"),
    ("static", "icons/icon.svg"),
)
# Of the page of accounts: until its first screen; beside that, until whoever is signed in has used
# all of it; and what seals to keys.
ACCOUNT_FIRST = (
    ("bundles", "page.css"),
    ("bundles", "account.css"),
    ("bundles", "account.js"),
    ("bundles", "old.js"),
    ("static", "icons/icon.svg"),
)
ACCOUNT_INSIDE = (
    ("bundles", "account-inside.js"),
    ("bundles", "derive-worker.js"),
    ("bundles", "account-later.js"),
)
HPKE = (("bundles", "hpke.js"),)
# What talks, and its worker: for devices of an account.
TALKING = (
    ("bundles", "account-conversations.js"),
    ("bundles", "conversations.css"),
    ("bundles", "hpke-worker.js"),
)
FIRST_MOST, WITHOUT_HPKE_MOST, WHOLE_MOST, TALKING_MOST = 43_700, 92_900, 108_200, 200_000
MOST_BYTES = {"en": 83_300, "de": 84_000, "ar": 84_000, "fr": 84_100}


def weighs(content: bytes) -> int:
    return len(brotli.compress(content))


@pytest.fixture(scope="module")
def documents() -> dict[tuple[str, str], bytes]:
    """Each page that runs a program, by its first bundle and its language."""
    catalogues = read_catalogues(WEB / "catalogue")
    pages = Pages(WEB, "", "0", StaticFiles(WEB, catalogues), catalogues, Operator())
    found = [body.plain for body in pages.bodies() if b'id="catalogue"' in body.plain]
    return {
        (first, code): one
        for first in ("home", "account")
        for code in catalogues
        for one in found
        if f'lang="{code}"'.encode() in one[:60] and f"/static/{first}.".encode() in one
    }


def weights_of(files: tuple[tuple[str, str], ...], document: bytes) -> dict[str, int]:
    weights = {name: weighs((WEB / folder / name).read_bytes()) for folder, name in files}
    return weights | {"the document": weighs(document)}


@pytest.mark.parametrize(("language", "most"), MOST_BYTES.items())
def test_the_files_until_the_first_message_stay_light(
    documents: dict[tuple[str, str], bytes], language: str, most: int
):
    weights = weights_of(FILES, documents["home", language])
    assert sum(weights.values()) <= most, weights


@pytest.mark.parametrize("language", MOST_BYTES)
@pytest.mark.parametrize(
    ("files", "most"),
    [
        (ACCOUNT_FIRST, FIRST_MOST),
        (ACCOUNT_FIRST + ACCOUNT_INSIDE, WITHOUT_HPKE_MOST),
        (ACCOUNT_FIRST + ACCOUNT_INSIDE + HPKE, WHOLE_MOST),
        (ACCOUNT_FIRST + ACCOUNT_INSIDE + HPKE + TALKING, TALKING_MOST),
    ],
    ids=["first screen", "without HPKE", "without conversations", "all"],
)
def test_the_page_of_accounts_stays_light(
    documents: dict[tuple[str, str], bytes],
    language: str,
    files: tuple[tuple[str, str], ...],
    most: int,
):
    weights = weights_of(files, documents["account", language])
    assert sum(weights.values()) <= most, (sum(weights.values()), weights)
