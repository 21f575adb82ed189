"""One run: a house is copied, a day is worked in it while one write goes wrong, and the invariants are asked."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from breaker import Breaker, Patch
from disk_simulator import Lose, SimulatedDisk, everything
from evidence_read import RegistryReader, read_log
from fault_house import House, opened
from house_templates import Houses
from invariants import Rule, Violation
from judging import judge_answers, judge_end, judge_log, judge_rows
from working_day import WorkingDay
from write_hooks import install, kind_of
from write_points import Given, Meets, Outcome, WritePoint


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run."""

    struck: int
    deaths: int
    met: Counter[Meets]
    violations: list[Violation]

    @property
    def broken(self) -> set[Rule]:
        return {violation.rule for violation in self.violations}


async def strike(houses: Houses, folder: Path, patch: Patch, point: WritePoint, outcome: Outcome) -> Run:
    """The write goes wrong the first time it is made; the day goes on around it."""
    breaker = Breaker()
    install(breaker, patch)
    breaker.arm(point.name, outcome, point.after)
    return await _day(houses, folder, patch, point.given, breaker)


async def lose_later(houses: Houses, folder: Path, patch: Patch, point: WritePoint) -> Run:
    """Everything goes well; at the day's end comes a crash, and what this write left unsynced is gone, alone."""
    breaker = Breaker()
    install(breaker, patch)
    lose = (lambda path: _written_at(point, path)) if point.name.startswith("file ") else everything
    return await _day(houses, folder, patch, point.given, breaker, lose)


def _written_at(point: WritePoint, path: str) -> bool:
    return path.startswith("log/") and not path.startswith("log/.") and point.name.startswith(kind_of(path[4:]))


async def _day(
    houses: Houses, folder: Path, patch: Patch, given: Given, breaker: Breaker, lose: Lose | None = None
) -> Run:
    async with houses.copy(given, folder) as (settings, clock):
        disk = SimulatedDisk(settings.var)
        patch(os, "fsync", disk.fsync)
        try:
            async with opened(settings, clock, breaker, disk) as house:
                day = WorkingDay(house, "day")
                await day.run()
                if lose is not None:
                    await house.crash(lose)
                await day.ask_again()
                return Run(breaker.struck, house.deaths, house.met, await judge(house, day))
        finally:
            disk.close()


async def judge(house: House, day: WorkingDay) -> list[Violation]:
    """Every invariant, over what is there now and over what was there right after each crash."""
    found = [Violation(Rule.COMPLETE, f"the checkpoint cannot be read: {why}") for why in house.unreadable]
    for seen, wreck in house.wrecks:
        found += judge_log(seen, wreck)
    log = read_log(house.settings.log_folder, house.log_keys)
    reader = RegistryReader(house.settings.registry_url)
    try:
        rows = await reader.rows()
    finally:
        await reader.close()
    if house.stopped or not day.settled:
        found.append(Violation(Rule.GOES_ON, house.stopped or "the work did not come to rest"))
    return [
        *found,
        *judge_log(house.seen, log),
        *judge_rows(day.heard, rows, log, day.numbers),
        *judge_end(rows, log),
        *judge_answers(day.reader.probes, day.suspended, (), (), bound=0),
    ]
