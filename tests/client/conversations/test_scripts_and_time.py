"""The browser's engine where a server goes back, and where somebody was away for weeks."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.machines.database import Server as Postgres
from support.people.scripted import Scripted, scripted
from support.people.village import DAY, free_port, served, village_at


@pytest.fixture
def copied(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Makes a copy of a database that nobody uses at that moment."""
    made = []

    def copy(url: str) -> str:
        name = urlsplit(url).path.removeprefix("/")
        made.append(postgres._submit(postgres._create(name)).result())
        return postgres.dsn(made[-1])

    yield copy
    for name in made:
        postgres._submit(postgres._drop(name)).result()


async def test_what_a_server_has_lost_is_not_lost_to_who_has_read_it(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    port = free_port()
    async with scripted(f"http://127.0.0.1:{port}") as script:
        ada, bob = Scripted(script, "ada"), Scripted(script, "bob")
        async with village_at(database_url, tmp_path) as village, served(village, port):
            await ada.register()
            await bob.register()
            await ada.does("befriends", whom="bob")
            id_ = await ada.does("founds", accounts=[bob.account])
            await ada.does("says", id=id_, text="before")
            await bob.does("syncs")
        backup = copied(database_url)
        shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
        async with village_at(database_url, tmp_path) as village, served(village, port):
            await ada.does("says", id=id_, text="lost by the server")
            await ada.does("times", id=id_, timer=3600)
            await ada.does("says", id=id_, text="as well")
            await bob.does("syncs")
        async with village_at(backup, tmp_path / "older") as village, served(village, port):
            await bob.does("says", id=id_, text="after")
            await ada.does("syncs")
            await ada.does("says", id=id_, text="indeed")
            await bob.does("syncs")
            for one in (ada, bob):
                view = await one.does("views", id=id_)
                assert (view["standing"], view["copied"], view["waiting"]) == (
                    "following", False, []
                )  # fmt: skip
                lines = [line["value"] for line in await one.does("lines", id=id_)]
                every = [each for line in lines for each in (*line.get("displaced", []), line)]
                said = [one["content"]["body"]["text"] for one in every if one.get("content")]
                assert sorted(said) == [
                    "after",
                    "as well",
                    "before",
                    "indeed",
                    "lost by the server",
                ]


async def test_a_log_that_went_another_way_is_read_in_its_own_order_and_nobody_is_blamed(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    """At the same place as here, and behind a record that was written since."""
    port = free_port()
    async with scripted(f"http://127.0.0.1:{port}") as script:
        ada, bob, eve = [Scripted(script, name) for name in ("ada", "bob", "eve")]
        async with village_at(database_url, tmp_path) as village, served(village, port):
            for one in (ada, bob, eve):
                await one.register()
            await ada.does("befriends", whom="bob")
            await ada.does("befriends", whom="eve")
            id_ = await ada.does("founds", accounts=[bob.account, eve.account])
            for one in (bob, eve):
                await one.does("syncs")
        backup = copied(database_url)
        shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
        async with village_at(database_url, tmp_path) as village, served(village, port):
            await bob.does("says", id=id_, text="lost by the server")
            await eve.does("syncs")
        async with village_at(backup, tmp_path / "older") as village, served(village, port):
            await ada.does("says", id=id_, text="one")
            assert await bob.does("syncs") == []
            assert await bob.does("texts", id=id_) == ["(record)", "one"]
            await ada.does("times", id=id_, timer=3600)
            await ada.does("says", id=id_, text="two")
            for one in (eve, bob):
                assert await one.does("syncs") == []
                assert await one.does("texts", id=id_) == ["(record)", "one", "(record)", "two"]


async def test_nothing_that_is_kept_is_skipped_where_what_was_before_it_is_not(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    """It had been read there, and isn't kept any more behind the record to which one goes back."""
    port = free_port()
    async with scripted(f"http://127.0.0.1:{port}") as script:
        ada, bob = Scripted(script, "ada"), Scripted(script, "bob")
        async with village_at(database_url, tmp_path) as village, served(village, port):
            await ada.register()
            await bob.register()
            await ada.does("befriends", whom="bob")
            id_ = await ada.does("founds", accounts=[bob.account])
            await ada.does("says", id=id_, text="one")
            for one in (bob, ada):
                await one.does("syncs")
        backup = copied(database_url)
        shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
        async with village_at(database_url, tmp_path) as village, served(village, port):
            await ada.does("says", id=id_, text="lost by the server")
            await bob.does("syncs")
        async with village_at(backup, tmp_path / "older") as village, served(village, port):
            await ada.does("says", id=id_, text="two")
            await ada.does("times", id=id_, timer=3600)
            await ada.does("says", id=id_, text="three")
            await ada.does("syncs")
            assert await bob.does("syncs") == []
            texts = await bob.does("texts", id=id_)
            assert texts == ["(record)", "one", "two", "(record)", "three"]


@pytest.mark.release
async def test_who_was_away_for_weeks_goes_on_with_what_is_left(database_url: str, tmp_path: Path):
    port = free_port()
    async with (
        scripted(f"http://127.0.0.1:{port}") as script,
        village_at(database_url, tmp_path) as village,
        served(village, port),
    ):
        ada, bob = Scripted(script, "ada"), Scripted(script, "bob")
        await ada.register()
        await bob.register()
        await ada.does("befriends", whom="bob")
        id_ = await ada.does("founds", accounts=[bob.account])
        await ada.does("says", id=id_, text="see you")
        await bob.does("syncs")
        for day in range(37):
            await village.passes(DAY)
            if day % 4 == 0 or day > 34:
                await ada.does("says", id=id_, text=f"day {day}")
        assert await bob.does("syncs") == []
        texts = await bob.does("texts", id=id_)
        assert texts[:3] == ["(record)", "see you", "(gap)"]
        assert texts[-1] == "day 36"
        await bob.does("says", id=id_, text="here again")
        await ada.does("syncs")
        assert (await ada.does("texts", id=id_))[-1] == "here again"
