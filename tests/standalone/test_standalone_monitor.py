"""The monitor beside a register at work, and an operator who goes behind its back into the log's own database."""

import asyncio
import sqlite3
from contextlib import closing, contextmanager

import pytest

from goodstanding.monitoring import Bounds, FindingKind, MonitorState, PublishedLog, look

BOUNDS = Bounds(removal_least=50)  # in a sample of twenty, one of each standing is a large share already

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def looked(world, state=None):
    """One look through the register's public door, from the start unless a state is given."""
    loop, trust = asyncio.get_running_loop(), await world.house.register.trust()

    def fetch(path, _limit):
        answer = asyncio.run_coroutine_threadsafe(world.client.get(f"/{path}"), loop).result(30)
        return answer.content if answer.status_code == 200 else None

    given = state or MonitorState(), trust.logs["TEST"], PublishedLog(fetch), BOUNDS
    return await asyncio.to_thread(look, *given)


def kinds(report):
    return [finding.kind for finding in report.findings]


@contextmanager
def tampered(world, statement):
    """Change the newest logged decision in the log's database; afterwards it is what it was."""
    with closing(sqlite3.connect(world.settings.var / "audit.db", timeout=30)) as database:
        columns = "seq, leaf, body, salt, erased_by"
        decided = 'log_index IS NOT NULL AND body IS NOT NULL AND CAST(leaf AS TEXT) LIKE \'%"kind":"decision"%\''
        newest = database.execute(f"SELECT {columns} FROM entries WHERE {decided} ORDER BY seq DESC LIMIT 1")
        seq, *before = newest.fetchone()
        database.execute(f"UPDATE entries SET {statement} WHERE seq = ?", (seq,))
        database.commit()
        try:
            yield
        finally:
            database.execute("UPDATE entries SET leaf=?, body=?, salt=?, erased_by=? WHERE seq=?", (*before, seq))
            database.commit()


async def test_nothing_is_found_in_the_log_of_an_honest_register(world):
    report = await looked(world)
    assert kinds(report) == []
    assert report.state.size > 40
    again = await looked(world, report.state)
    assert (kinds(again), again.entries >= 0) == ([], True)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("body = NULL, salt = NULL, erased_by = event_id", FindingKind.MISSING_BODY),
        ("body = CAST(replace(CAST(body AS TEXT), '\"kind\"', '\"kinD\"') AS BLOB)", FindingKind.DAMAGED),
        ("leaf = CAST(replace(CAST(leaf AS TEXT), '\"v\":1', '\"v\":2') AS BLOB)", FindingKind.DAMAGED),
        ("salt = zeroblob(32)", FindingKind.DAMAGED),
    ],
)
async def test_what_an_operator_changes_in_the_database_is_found(world, statement, found):
    with tampered(world, statement):
        assert kinds(await looked(world)) == [found]
    assert kinds(await looked(world)) == []
