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
