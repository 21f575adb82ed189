"""Controls that must fail: a part is made wrong on purpose, and the invariant that is meant for it must say so."""

from random import Random

import pytest
import sabotage
from breaker import Breaker
from fault_house import opened
from fault_runs import judge, lose_later, strike
from house_templates import register
from invariants import GOOD, Rule
from kill_plan import SEED, Shot
from launcher import Mine
from siege import Siege, besiege
from sqlalchemy.exc import IntegrityError
from town import Town
from working_day import WorkingDay
from write_hooks import install
from write_points import WRITE_POINTS, Given, Meets, Outcome, WritePoint

from audit.errors import Superseded
from audit.service import open_log
from goodstanding.keys import PemSigner

pytestmark = pytest.mark.timeout(120)

SUSPENDED = "code 2"
FILES = [point for point in WRITE_POINTS if point.name.startswith("file ") and "time" not in point.name]
SENDING = WritePoint("commit _HastyRelay.submit", "4", Meets.WORKERS)


@pytest.mark.parametrize(
    ("part", "rules"),
    [(sabotage.bytes_unsynced, [Rule.COMPLETE]), (sabotage.names_unsynced, [Rule.COMPLETE, Rule.PREFIX])],
    ids=["bytes", "names"],
)
async def test_files_that_were_not_synced_are_missed(houses, tmp_path, table, part, rules):
    found = []
    for position, point in enumerate(FILES):
        with pytest.MonkeyPatch.context() as patch:
            part(patch.setattr)
            run = await lose_later(houses, tmp_path / str(position), patch.setattr, point)
        found += [violation.rule for violation in run.violations]
    for rule in rules:
        table.control(f"fsync off: {part.__name__}", rule, runs=len(FILES), reported=found.count(rule))
    assert set(rules) <= set(found)


async def test_an_event_that_was_noted_before_it_was_sent_is_missed(houses, tmp_path, monkeypatch, table):
    sabotage.sent_before_sending(monkeypatch.setattr)
    run = await strike(houses, tmp_path / "house", monkeypatch.setattr, SENDING, Outcome.LOST)
    found = [violation for violation in run.violations if violation.rule is Rule.ALL_LOGGED]
    table.control("outbox marked done before sending", Rule.ALL_LOGGED, runs=1, reported=len(found))
    assert run.struck == 1
    assert any("decision" in violation.what for violation in found)


async def test_the_same_is_missed_when_it_is_a_process_that_is_killed(tmp_path, table):
    town, siege = Town(tmp_path, "standalone", patience=10, sabotage=sabotage.sent_before_sending.__name__), Siege()
    shots = [Shot("standalone", delay=0.1), Shot("standalone", delay=0.1, mine=Mine(SENDING.name, after=True))]
    await town.found()
    try:
        await besiege(town, shots, Random(SEED), siege)
    finally:
        await town.close()
    found = [violation for violation in siege.violations if violation.rule is Rule.ALL_LOGGED]
    table.control("the same, in a process killed with -9", Rule.ALL_LOGGED, runs=siege.kills, reported=len(found))
    assert siege.at_points == 1
    assert found


async def test_a_suspension_that_waits_for_the_log_is_noticed(houses, tmp_path, monkeypatch, table):
    sabotage.protection_waits(monkeypatch.setattr)
    nowhere = WritePoint("nowhere", "3", Meets.CLIENT)
    run = await strike(houses, tmp_path / "house", monkeypatch.setattr, nowhere, Outcome.FAILED)
    found = [violation for violation in run.violations if violation.rule is Rule.NOT_MISLED]
    table.control("protective change left to the log", Rule.NOT_MISLED, runs=1, reported=len(found))
    assert found


@pytest.fixture
async def two_sequencers(houses, tmp_path):
    """A house, and a second sequencer on its log that stands where the first one has not gone on from yet."""
    async with houses.copy(Given.GROWN, tmp_path / "house") as (settings, clock), opened(settings, clock) as house:
        other = open_log(
            url=settings.audit_url, folder=house.settings.log_folder, origin=settings.log_origin, clock=clock,
            log_signer=PemSigner.load(settings.keys / "log.pem"),
            time_signer=PemSigner.load(settings.keys / "log-time.pem"),
        )  # fmt: skip
        await other.sequencer.step()
        await register(house, 1)
        assert await house.settle()
        await register(house, 2)
        await house.parts.app.state.workers.round()  # two events wait in the log; the first sequencer is not asked yet
        yield house, other.sequencer
        await other.close()


async def test_a_second_sequencer_does_no_harm(two_sequencers):
    house, other = two_sequencers
    with pytest.raises(Superseded):
        await other.step()
    assert await house.settle()
    assert await judge(house, WorkingDay(house, "none")) == []


async def test_without_the_compare_and_swap_the_database_still_says_no(two_sequencers, monkeypatch, table):
    house, other = two_sequencers
    sabotage.no_compare(monkeypatch.setattr)
    with pytest.raises(IntegrityError, match="log_index"):
        await other.step()
    assert await house.settle()
    violations = await judge(house, WorkingDay(house, "none"))
    table.control("CAS off (stopped by the unique index)", None, runs=1, reported=len(violations))
    assert violations == []


async def test_without_the_unique_index_too_what_is_published_is_not_published_over(two_sequencers, monkeypatch, table):
    house, other = two_sequencers
    sabotage.no_compare(monkeypatch.setattr)
    sabotage.index_not_unique(house.settings.audit_db.removeprefix("sqlite+aiosqlite:///"))
    with pytest.raises(Superseded):
        await other.step()
    assert await house.settle()
    violations = await judge(house, WorkingDay(house, "none"))
    table.control("CAS and unique index off (stopped by what is published)", None, runs=1, reported=len(violations))
    assert violations == []


async def test_a_fork_is_noticed(two_sequencers, monkeypatch, table):
    house, other = two_sequencers
    sabotage.no_compare(monkeypatch.setattr)
    sabotage.published_over(monkeypatch.setattr)
    sabotage.index_not_unique(house.settings.audit_db.removeprefix("sqlite+aiosqlite:///"))
    await other.step()
    house.look()
    found = [violation.rule for violation in await judge(house, WorkingDay(house, "none"))]
    for rule in (Rule.PREFIX, Rule.LOGGED_ONCE):
        table.control(
            "CAS, unique index and the look at what is published off", rule, runs=1, reported=found.count(rule)
        )
    assert {Rule.PREFIX, Rule.LOGGED_ONCE} <= set(found)


async def test_a_healthy_day_breaks_no_rule(houses, tmp_path, monkeypatch):
    breaker = Breaker()
    install(breaker, monkeypatch.setattr)
    for given in Given:
        async with (
            houses.copy(given, tmp_path / given.name) as (settings, clock),
            opened(settings, clock, breaker) as house,
        ):
            day = WorkingDay(house, "day")
            await day.run()
            await day.ask_again()
            assert day.settled
            assert not house.met
            assert [probe.verdict for probe in day.reader.probes] == [GOOD, SUSPENDED, SUSPENDED]
            assert await judge(house, day) == []
    written = {point for point in breaker.reached if point.startswith(("commit ", "file ", "send ", "discard "))}
    named = {point.name for point in WRITE_POINTS}
    assert written <= named, "a write point is missing in the table"
    assert named <= breaker.reached.keys(), "the table names a write point that a day does not reach"
