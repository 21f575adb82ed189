"""Bringing the sample about, through the services only. Cut short, it goes on; finished, it is left alone."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from goodstanding.transitions import Standing
from goodstanding_standalone.bootstrap import found_sample
from goodstanding_standalone.progress import Report
from goodstanding_standalone.register import Register
from goodstanding_standalone.sample.authorities import MAIN
from goodstanding_standalone.sample.generator import SEED, generate
from goodstanding_standalone.sample.model import FULL, Sample, Size
from goodstanding_standalone.sample.officials import Officials, Pair
from goodstanding_standalone.sample.state import SampleState, Seeded


async def seed(register: Register, var: Path, report: Report, *, size: Size = FULL) -> Seeded:
    """Make the sample in the folder, or what is missing of it; `size` counts for a folder that has none yet."""
    state = SampleState.load(var)
    if state is None:
        state = SampleState(SEED, register.clock().date(), size)
        state.store(var)
    if state.made is not None:
        return state.made
    made = await _make(register, generate(state.day, state.size, state.seed), report)
    replace(state, made=made).store(var)
    return made


async def _make(register: Register, sample: Sample, report: Report) -> Seeded:
    await found_sample(register.database, sample, origin=register.settings.origin, clock=register.clock)
    officials = Officials(register, await _pairs(register, sample))
    ids: dict[str, str] = {}
    for organisation in sample.organisations:
        ids[organisation.key] = await officials.enter(MAIN, organisation)
        report("organisations registered", len(ids), len(sample.organisations))
    numbers: dict[str, str] = {}
    for done, case in enumerate(sample.cases, start=1):
        number = await officials.decide(case, ids[case.organisation.key])
        if case.authority == MAIN:
            numbers.setdefault(str(case.standing), number)
        report("applications decided", done, len(sample.cases))
    listed = 0
    for done, each in enumerate(sample.lists, start=1):
        listed += await officials.list(each)
        report("lists released", done, len(sample.lists))
    numbers[str(Standing.UNRECOGNISED)] = await officials.number_with(MAIN, Standing.UNRECOGNISED)
    return Seeded(len(ids), len(sample.cases), listed, numbers)


async def _pairs(register: Register, sample: Sample) -> dict[str, Pair]:
    """By authority: who proposes and who approves there. Makes its record key too, for trust files to name."""
    zones = {authority.id: authority.time_zone for authority in sample.authorities}
    pairs = {}
    for authority in dict.fromkeys(mandate.authority for mandate in sample.mandates):
        await register.keys.record_signer(authority)
        first, second = (
            next(member.id for member in sample.members if (authority, role) in member.roles and not member.client)
            for role in ("proposer", "approver")
        )
        pairs[authority] = Pair(await register.member(first), await register.member(second), ZoneInfo(zones[authority]))
    return pairs
