"""What `make scaling` reckons: arithmetic, held against cases that can be done by hand."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from bench.constants import MEASURED, Constants, number, table
from bench.measure.__main__ import PARTS, pasted
from bench.measure.load import line_through
from bench.queueing import MOST, REQUESTS, Batch, batch_of, most, simulate
from bench.scaling import Budget, Load, commits, document, most_workers, need, tables

ROOT = Path(__file__).resolve().parent.parent

# Round numbers: a message costs 100 us, a commit 1 ms of the server, 2 ms of waiting in all.
ROUND = Constants(**{one.name: 1.0 for one in fields(Constants)})
ROUND = replace(
    ROUND, message_us=100.0, commit_us=1000.0, message_pg_us=30.0, commit_pg_us=500.0, commit_ms=2.0
)
QUIET = Batch(server=0.0001, server_each=0.0, database=0.0099, database_each=0.0)
LAVISH = Budget(
    **{one.name: 1e12 for one in fields(Budget)} | {"worker_share": 0.5, "bloat": 1, "pool": 8}
)


# Batches


def test_a_lone_message_takes_three_batches_and_two_trips():
    found = simulate(QUIET, rate=0.1, messages=200)
    assert found.p50_ms == pytest.approx(30.6, abs=0.001)
    assert found.p99_ms == pytest.approx(30.6, abs=0.001)
    assert found.size == 1


def test_the_busier_a_server_is_the_larger_its_batches_and_the_longer_a_message_takes():
    batch = batch_of(ROUND)
    found = [simulate(batch, rate, messages=4000) for rate in (50, 1000, 4000)]
    assert [one.size for one in found] == sorted(one.size for one in found)
    assert [one.p99_ms for one in found] == sorted(one.p99_ms for one in found)
    assert all(one.busy <= 1 for one in found)


def test_requests_commit_alone_when_little_happens_and_together_when_much_does():
    assert commits(ROUND, 1) == pytest.approx(3, rel=0.1)
    busy = 0.9 * most(ROUND)
    assert REQUESTS * busy / MOST < commits(ROUND, busy) < 0.5 * REQUESTS * busy


def test_the_most_that_a_worker_does_is_with_full_batches():
    full = replace(ROUND, message_us=100.0 - 3 * 1000 / MOST)
    assert most(full) == pytest.approx(10_000)


def test_what_a_commit_waits_for_is_what_was_measured_less_its_cpu():
    batch = batch_of(ROUND)
    assert batch.seconds(1) == pytest.approx(0.002)
    # A commit that took less than PostgreSQL's part of it was measured badly.
    assert batch_of(replace(ROUND, commit_ms=0.1)).database == pytest.approx(0.0005)


def test_messages_that_come_evenly_wait_less_than_those_that_come_at_random():
    even, mixed = (simulate(batch_of(ROUND), 200, messages=2000, even=one) for one in (True, False))
    assert even.p99_ms < mixed.p99_ms


def test_the_simulation_says_the_same_every_time():
    assert simulate(QUIET, 100, messages=500) == simulate(QUIET, 100, messages=500)


# Needs


def test_a_load_is_counted_in_its_busiest_minute():
    load = Load(rooms=3600, members=2, active=0.5, hourly=10, peak=3)
    assert load.messages == pytest.approx(15)
    assert load.sockets == 3600


def test_the_more_a_frame_costs_the_fewer_workers_share_a_bus():
    dear, cheap = (replace(ROUND, hear_us=us, skip_us=0.0) for us in (100.0, 10.0))
    few, many = (most_workers(one, Budget()) - 1 for one in (dear, cheap))
    assert many == pytest.approx(10 * few)


def test_a_small_deployment_is_one_worker_on_one_shard_without_a_bus():
    found = need(ROUND, Load(rooms=100), Budget())
    assert (found.workers, found.shards, found.hosts) == (1, 1, 1)
    assert found.bus_in == found.bus_out == 0


def test_tables_are_rooms_seats_payloads_what_waits_and_tombstones():
    load = Load(rooms=1000, members=2, active=0.1, hourly=10, hours=8, waiting=3)
    found = need(ROUND, load, LAVISH)
    rooms, seats, profiles, resumes = 1000, 2000, 2000, 200
    waiting, tombstones = 3000, 1000 * 0.1 * 10 * 8
    assert found.tables == pytest.approx(rooms + seats + profiles + resumes + waiting + tombstones)


def test_what_grows_with_the_rooms_grows_in_proportion():
    one, ten = (need(ROUND, Load(rooms=rooms), LAVISH) for rooms in (10**6, 10**7))
    assert ten.tables == pytest.approx(10 * one.tables)
    assert ten.log == pytest.approx(10 * one.log)


def test_more_shards_are_taken_until_no_limit_is_passed():
    budget = replace(LAVISH, disk=10**9)
    found = need(replace(ROUND, room_bytes=10_000.0), Load(rooms=10**6), budget)
    assert found.shards > 1
    assert found.first == "tables"
    assert all(used <= most for used, most in found.used.values())


def test_each_limit_can_be_the_first():
    names = need(ROUND, Load(), LAVISH).used
    for name in names:
        used = dict.fromkeys(names, (1.0, 2.0)) | {name: (2.0, 3.0)}
        assert replace(need(ROUND, Load(), LAVISH), used=used).first == name


def test_sockets_alone_need_workers():
    found = need(ROUND, Load(rooms=10**6, hourly=0), replace(LAVISH, worker_sockets=20_000))
    assert found.workers >= 10


# Measuring


def test_a_line_goes_through_points_and_has_no_part_below_nothing():
    assert line_through([(0, 5), (1, 7), (2, 9)]) == pytest.approx((5, 2))
    assert line_through([(1, 4), (1, 4)]) == pytest.approx((4, 0))
    assert line_through([(0, 9), (1, 7)])[1] == 0
    assert line_through([(1, 1), (2, 9)])[0] == 0


def test_what_is_pasted_are_the_constants():
    found = eval(pasted(ROUND).removeprefix("MEASURED = "))
    assert found == ROUND


def test_every_constant_says_its_unit_its_meaning_and_a_part_that_measures_it():
    for one in fields(Constants):
        assert one.metadata["how"] in PARTS
        assert one.metadata["what"]
        assert f"`{one.name}`" in table(MEASURED)


def test_numbers_have_no_more_digits_than_were_measured():
    assert [number(value) for value in (1234.5, 12.345, 0.00123)] == ["1,234", "12.3", "0.00123"]


# The document


def test_tables_go_between_their_marks_and_nothing_else_changes():
    text = "a\n<!-- scaling: one -->\nold\n<!-- end -->\nb\n"
    assert document(text, {"one": "new"}) == text.replace("old", "new")


def test_the_document_has_the_tables_of_the_constants_as_they_are():
    text = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    made = tables(Budget())
    assert [name for name in made if f"<!-- scaling: {name} -->" not in text] == []
    assert document(text, made) == text, "make scaling ARGS='--document docs/scaling.md'"
