"""What PostgreSQL does for the four questions whose speed is measured: EXPLAIN of the statements they ask, as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from registry_world import RegisterWorld

from goodstanding_standalone.sample.authorities import ETHICAL, MAIN
from registry.accreditations import events
from registry.accreditations import repository as accreditations
from registry.database import Database
from registry.engines import driver_of
from registry.issuance import ledger
from registry.organisations import repository as organisations
from registry.relations import repository as relations
from registry.schemes import repository as schemes
from registry.statements import Prepared

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


async def explain(url: str, world: RegisterWorld) -> str:
    """The plans, with the times and pages of one execution each."""
    database = Database(url)
    numbers, ids = sorted(world.numbers)[5_000:5_050], world.organisations[5_000:5_050]
    one: Mapping[str, list[tuple[str, Prepared, dict[str, Any]]]] = {
        "one accreditation": [
            ("the accreditation", accreditations._BY_NUMBERS, {"numbers": numbers[:1]}),
            ("its organisation", organisations._BY_IDS, {"ids": ids[:1]}),
            ("its authority", schemes._AUTHORITIES_BY_IDS, {"ids": [MAIN]}),
            ("its scheme", schemes._NAMES_BY_IDS, {"ids": [ETHICAL]}),
        ],
        "a past date": [
            ("the accreditation", accreditations._BY_NUMBERS, {"numbers": numbers[:1]}),
            ("the log at that time", events._NEWEST_AT, {"at": AT}),
            ("its decisions", ledger._OF_NUMBERS, {"numbers": numbers[:1]}),
        ],
        "a page of 50": [
            ("the page", accreditations._PAGE, {"staff_of": [], "after": numbers[0], "limit": 51}),
            ("the organisations", organisations._BY_IDS, {"ids": ids}),
        ],
        "a chain of depth 3": [
            ("the organisation", organisations._BY_IDS, {"ids": ids[:1]}),
            ("a step", relations._ONWARD, {"up": ids[:1], "down": ids[:1], "now": AT}),
            ("their accreditations", relations._PUBLIC, {"organisations": ids[:4]}),
        ],
    }
    found = []
    try:
        async with database.read() as tx:
            for question, statements in one.items():
                found.append(f"== {question}")
                for what, prepared, values in statements:
                    compiled = prepared.compiled(tx.dialect)
                    plan = await driver_of(tx).fetch(
                        f"EXPLAIN (ANALYZE, BUFFERS) {compiled.sql}", *compiled.given(values)
                    )
                    found += [f"-- {what}", *(row[0] for row in plan), ""]
    finally:
        await database.close()
    return "\n".join(found)
