"""A register with hundreds of everything: the contents of `read_world`, copied row by row under other ids.

The authorities and schemes of the world stay whose they are; hundreds more stand beside them, with a mandate each.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core_world import LABOUR, LICENCE, CoreWorld, found
from read_world import ReadWorld
from sqlalchemy import Select, Table, insert, select

from registry.tables import METADATA

COPIES = 500
NAMED = {  # tables whose keys are renamed, and where they are
    "organisations": "id", "accreditations": "number", "events": "event_id", "proposals": "id", "assessments": "id",
    "self_assessments": "id", "surveillance": "id", "signals": "id", "relations": "id", "persons": "id",
}  # fmt: skip
FOLLOWING = (
    "decisions",
    "assessment_findings",
    "signal_changes",
    "accreditation_corridors",
    "organisation_identifiers",
)
QUOTED = re.compile(rb'"([^"]*)"')


def fill(url: str) -> None:
    """Make the register every test begins with a copy of."""
    found(url)
    with TemporaryDirectory() as folder:
        asyncio.run(_fill(Path(folder), url))


async def _fill(folder: Path, url: str) -> None:
    register = CoreWorld(folder, url)
    await ReadWorld(register).fill()
    await _copy(register.database)
    await _authorities(register.database)
    await register.close()


async def _copy(database: Any) -> None:
    tables = [table for table in METADATA.sorted_tables if table.name in (*NAMED, *FOLLOWING)]
    async with database.write() as tx:
        rows = {table: [dict(row._mapping) for row in await tx.execute(_oldest_first(table))] for table in tables}
        names = [row[NAMED[table.name]] for table, some in rows.items() if table.name in NAMED for row in some]
        numbers = {row["number"]: place for place, row in enumerate(rows[METADATA.tables["accreditations"]])}
        renaming = [{name: _copy_of(name, at, numbers) for name in names} for at in range(COPIES)]
        for table, some in rows.items():
            mine = [row for row in some if table.name != "events" or row["number"] or row["about"]]
            made = [_as_copy(table.name, row, names, at) for at, names in enumerate(renaming) for row in mine]
            for start in range(0, len(made), 1000):
                await tx.execute(insert(table), made[start : start + 1000])


def _copy_of(name: str, at: int, numbers: Mapping[str, int]) -> str:
    """The id under which a copy of something is; copied numbers come before those they are copies of."""
    return f"TEST-000{numbers[name]}{at:04}-00" if name in numbers else f"{name[:-9]}{at:09x}"


def _oldest_first(table: Table) -> Select[Any]:
    return select(table).order_by(table.c.created_at if "created_at" in table.c else next(iter(table.primary_key)))


def _as_copy(table: str, row: dict[str, Any], names: dict[str, str], at: int) -> dict[str, Any]:
    made = {key: _renamed(value, names) for key, value in row.items()}
    made.pop("seq", None)
    if table == "events" and made["log_index"] is not None:
        made["log_index"] += 1_000 * (at + 1)
    return made


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if isinstance(value, dict):
        return {key: _renamed(one, names) for key, one in value.items()}
    if isinstance(value, bytes) and value.startswith(b"{"):
        return QUOTED.sub(lambda found: f'"{_renamed(found[1].decode(), names)}"'.encode(), value)
    return value


async def _authorities(database: Any) -> None:
    """As many authorities that own a scheme each and have a mandate under it."""
    table = METADATA.tables
    async with database.write() as tx:

        async def row(name: str, key: str, value: str) -> dict[str, Any]:
            there = table[name].c[key] == value
            return dict((await tx.execute(select(table[name]).where(there))).first()._mapping)  # type: ignore[union-attr]

        authority, scheme = await row("authorities", "id", LABOUR), await row("schemes", "id", LICENCE)
        mandate = await row("mandates", "authority_id", LABOUR)
        places = range(COPIES)
        await tx.execute(insert(table["authorities"]), [authority | {"id": f"aut_{at}"} for at in places])
        await tx.execute(
            insert(table["schemes"]), [scheme | {"id": f"sch_{at}", "owner_id": f"aut_{at}"} for at in places]
        )
        await tx.execute(insert(table["mandates"]), [
            mandate | {"id": f"man_{at}", "authority_id": f"aut_{at}", "scheme_id": f"sch_{at}"} for at in places
        ])  # fmt: skip
