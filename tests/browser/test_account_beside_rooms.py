"""A browser that is signed in and in a room: the room tells nothing of the account, nor do files.

One scene for all tests: a real server with its own PostgreSQL, and a way to it on which every byte
is kept. Somebody makes an account, names its device, links another one, goes into a room with
somebody who has no account, and leaves it; somebody else does the same in a room, without any.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from support.machines.chromium import Watched, visits
from support.machines.database import Server as Postgres
from support.machines.overheard import Head, Wire, overheard
from support.machines.server import Program, Serve
from support.people.people import Person
from support.people.witness import Witness, raw
from test_account_stories import (
    PASSWORD,
    PATIENT,
    at_account,
    button,
    let_in,
    patience,  # noqa: F401
    registered,
    signed_in,
)

from ephemeral.protocol.encoding import parse_json

pytestmark = [pytest.mark.whole_chromium, pytest.mark.timeout(240)]

NAME = "zanzibarish"
DEVICE, OTHER_DEVICE = "Pangolin by the window", "Wombat on the sofa"
TEXT = "the tide turns at nine"

# Whoever opens a database of this browser, or reads a cookie, is noted.
SPY = """
  window.touched = [];
  for (const name of ["open", "deleteDatabase", "databases"]) {
    const real = IDBFactory.prototype[name];
    IDBFactory.prototype[name] = function (...given) {
      window.touched.push(name);
      return real.apply(this, given);
    };
  }
  const { get } = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  Object.defineProperty(Document.prototype, "cookie", {
    get() { window.touched.push("cookie"); return get.call(this); },
  });
  for (const name of ["request", "query"]) {
    const real = LockManager.prototype[name];
    LockManager.prototype[name] = function (...given) {
      window.touched.push(`lock ${given[0] ?? ""}`);
      return real.apply(this, given);
    };
  }
  window.BroadcastChannel = class extends BroadcastChannel {
    constructor(name) { super(name); window.touched.push(`channel ${name}`); }
  };
"""


@dataclass
class InRoom:
    """What somebody was seen to do in a room, from the first page to its end."""

    wire: list[Head]
    addresses: list[str]
    said: str
    touched: list[str]
    keeps: dict[str, object]
    record: dict[str, Any]


@dataclass
class Scene:
    """What was done, heard and said."""

    program: Program
    wire: Wire
    witness: Witness
    address: str = ""
    words: list[str] = field(default_factory=list)
    code: str = ""
    auth_key: str = ""
    tokens: list[dict[str, Any]] = field(default_factory=list)
    me: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    #: Whoever is signed in, and whoever has no account.
    owner: InRoom | None = None
    stranger: InRoom | None = None

    def in_room(self) -> tuple[InRoom, InRoom]:
        assert self.owner is not None
        assert self.stranger is not None
        return self.owner, self.stranger


def named(page: Page, name: str, number: int) -> None:
    row = page.locator(".account-row[data-device]").nth(number)
    row.get_by_role("button", name=re.compile("^Rename")).click()
    page.get_by_label("Name of the device").fill(name)
    button(page, "Save")
    expect(row.locator(".row-name")).to_contain_text(name, timeout=PATIENT)


def talks(scene: Scene, watched: Watched, guest: Watched, since: list[int]) -> InRoom:
    """Makes a room, is answered by a guest, and leaves."""
    host, other = Person(watched), Person(guest)
    host.generate()
    host.is_inside()
    other.enter(host.code)
    other.is_inside()
    host.says(TEXT)
    other.cards.click()
    expect(other.texts).to_have_text(TEXT)
    host.sees_receipt("^Opened by .* · gone$")
    named_by = next(one.headers for one in watched.requests if "ephemeral-member" in one.headers)
    proved = {name: named_by[name] for name in ("authorization", "ephemeral-member")}
    record = httpx.get(f"{scene.program.url}/room/record", headers=proved, trust_env=False).json()
    keeps, touched = host.keeps(), watched.page.evaluate("window.touched")
    host.menu("Leave")
    host.answers("Leave")
    host.sees_end("left")
    other.menu("Leave")
    other.answers("Leave")
    other.sees_end("left")
    said = [f"{one.url} {one.all_headers()} {one.post_data}" for one in watched.requests]
    addresses = [one.url for one in watched.requests]
    heads = scene.wire.requests(since)
    return InRoom(heads, addresses, "\n".join([*said, *watched.frames]), touched, keeps, record)


def play(scene: Scene, browser: Browser) -> None:
    url = scene.wire.url
    with visits(browser) as visit:
        account = visit(f"{url}/account/")
        account.forgive("404|409")
        scene.address, scene.words = registered(account.page, NAME)
        named(account.page, DEVICE, 0)

        second = visit(f"{url}/account/")
        second.forgive("404|409")
        signed_in(second.page, scene.address)
        button(second.page, "Show the words")
        expect(second.page.locator(".code-words span")).to_have_count(7, timeout=PATIENT)
        scene.code = second.page.locator(".code-words").inner_text()
        let_in(account.page, scene.code)
        at_account(second.page)
        expect(account.page.locator(".account-row[data-device]")).to_have_count(2)
        named(account.page, OTHER_DEVICE, 1)
        scene.said += [account.said(), second.said()]
        of_account = [*account.requests, *second.requests]

        # The account stays open in another tab, and another one comes from it into a room.
        guest = visit(f"{url}/")
        owner = visit(f"{url}/account/", beside=account, init=SPY)
        at_account(owner.page)
        owner.requests.clear()
        since = scene.wire.moment()
        owner.page.get_by_role("link", name="To the rooms").click()
        expect(owner.page.get_by_role("button", name="Open a private room")).to_be_visible()
        owner.page.evaluate("window.touched.length = 0")
        scene.owner = talks(scene, owner, guest, since)
        scene.said += [owner.said(), guest.said()]

        other_guest = visit(f"{url}/")
        since = scene.wire.moment()
        stranger = visit(f"{url}/", init=SPY)
        expect(stranger.page.get_by_role("button", name="Open a private room")).to_be_visible()
        stranger.page.evaluate("window.touched.length = 0")
        scene.stranger = talks(scene, stranger, other_guest, since)

        for one in of_account:
            path = one.url.removeprefix(url)
            if path == "/auth/register":
                scene.auth_key = str(parse_json((one.post_data or "").encode())["auth_key"])
            if path.startswith("/auth/") and (answer := one.response()) is not None:
                told = answer.json() if answer.status in {200, 201} else {}
                scene.tokens += [told] if "access_token" in told else []
            if path == "/auth/me" and (answer := one.response()) is not None:
                scene.me = answer.json()


@pytest.fixture(scope="module")
def scene(
    postgres: Postgres, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    serve = Serve(postgres, tmp_path_factory.mktemp("beside"))
    program = serve(DATABASE_URL="", ENCRYPTION_KEY="", KDF="pbkdf2", LOG_LEVEL="debug")
    with overheard(program.url) as wire:
        played = Scene(program, wire, Witness(program))
        play(played, browser)
        yield played
    serve.close()


def test_what_a_room_asks_for_is_the_same_with_an_account_and_without(scene: Scene) -> None:
    """Each kind of request, with the names of its headers."""

    def asked(one: InRoom) -> set[tuple[str, ...]]:
        # Files lie in the browser already where an earlier page has loaded them. How often a room
        # asks hangs on who is quicker.
        rooms = [head for head in one.wire if re.match(r"[A-Z]+ /(room|config)", head.line)]
        return {(re.sub(r"/[\w-]{22}", "/:id", head.line), *sorted(head.headers)) for head in rooms}

    owner, stranger = scene.in_room()
    assert asked(owner) == asked(stranger)
    assert len(asked(owner)) > 4


def test_no_request_but_to_sign_in_carries_a_cookie_and_none_tells_where_it_comes_from(
    scene: Scene,
) -> None:
    with_cookie = {head.line for head in scene.wire.requests() if "cookie" in head.headers}
    assert with_cookie
    assert {line.split("/")[1] for line in with_cookie} == {"auth"}
    assert [head.line for head in scene.wire.requests() if "referer" in head.headers] == []
    given = [
        head.headers["set-cookie"] for head in scene.wire.answers() if "set-cookie" in head.headers
    ]
    assert given
    assert [one for one in given if "Path=/auth;" not in f"{one};"] == []


def test_nothing_that_names_the_account_or_opens_it_leaves_a_room(scene: Scene) -> None:
    owner, _ = scene.in_room()
    names = [scene.address, NAME, scene.auth_key, scene.me["account"], scene.me["sid"]]
    names += [scene.me["device"], scene.me["chain"], DEVICE]
    names += [one["access_token"] for one in scene.tokens]
    assert len(owner.said) > 5_000
    assert [name for name in names if name in owner.said] == []
    asked = "/(auth|account|devices|chains)"
    assert [one for one in owner.addresses if re.search(asked, one)] == []


def test_a_room_neither_reads_nor_leaves_anything_where_the_account_is_kept(scene: Scene) -> None:
    owner, stranger = scene.in_room()
    assert [one for one in owner.touched if "account" in one] == []
    assert sorted(set(owner.touched)) == sorted(set(stranger.touched))
    # Of the whole origin: the account's own database, and nothing else of it.
    assert (owner.keeps.pop("databases"), stranger.keeps.pop("databases")) == (1, 0)
    assert owner.keeps == stranger.keeps
    assert owner.keeps["cookie"] == ""


def test_what_the_server_knows_of_a_room_is_the_same(scene: Scene) -> None:
    def shape(record: dict[str, Any]) -> list[tuple[object, ...]]:
        return [
            (table["name"], table.get("apart"), len(table["rows"]),
             tuple((one["name"], one.get("hidden")) for one in table["columns"]))
            for table in record["tables"]
        ]  # fmt: skip

    owner, stranger = scene.in_room()
    assert shape(owner.record) == shape(stranger.record)
    assert any(table["rows"] for table in owner.record["tables"])
    told = str(owner.record)
    assert [
        one for one in (scene.me["account"], scene.me["device"], scene.me["sid"]) if one in told
    ] == []


def test_what_is_known_to_browsers_alone_never_goes_over_the_wire(scene: Scene) -> None:
    said = scene.wire.said() + "\n".join(scene.said).encode()
    spoken = [DEVICE, OTHER_DEVICE, PASSWORD, TEXT]
    for words in (scene.words, scene.code.split()):
        spoken += [" ".join(words), "-".join(words), "-".join(words[:3])]
    assert [one for one in spoken if one.encode() in said] == []
    # It was heard all the same.
    assert scene.address.encode() in said
    assert scene.auth_key.encode() in said


def test_nothing_that_a_client_names_is_in_a_file_or_was_printed(scene: Scene) -> None:
    assert scene.program.stop() == 0
    witness = scene.witness
    witness.plant(
        address=scene.address,
        name=NAME,
        auth_key=raw(scene.auth_key),
        password=PASSWORD,
        words=" ".join(scene.words),
        hyphens="-".join(scene.words),
        code="-".join(scene.code.split()),
        device=DEVICE,
        other_device=OTHER_DEVICE,
    )
    for number, tokens in enumerate(scene.tokens):
        # A token's signature alone would do.
        witness.plant(**{f"token {number}": tokens["access_token"].rpartition(".")[2]})
    witness.search()
    # The search is not blind.
    assert witness.finds(raw(scene.me["account"]))
    assert not witness.finds(secrets.token_bytes(16))
    printed = scene.program.output()
    told = [scene.me[name] for name in ("account", "sid", "device", "chain")]
    assert [one for one in told if one in printed] == []
