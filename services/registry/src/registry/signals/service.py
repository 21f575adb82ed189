"""Reporting, reading, and what authorities do with reports: one transaction each. Whoever shows a read notes it.

A report is taken by the registry itself, for whoever it may be: its bounds count what its sender may not see.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from goodstanding.clock import Clock
from registry.access.idempotency import Request, claim, plain
from registry.access.model import Actor
from registry.access.repository import member_is_client
from registry.access.service import authorities_where, roles_of
from registry.accreditations import repository as accreditations
from registry.checks import number
from registry.clock import moment
from registry.database import Database, ReadTx, WriteTx
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.ids import fresh_id
from registry.organisations.service import held_organisation
from registry.settings import Settings
from registry.signals import drafts, reporters, repository
from registry.signals.drafts import ReportDraft
from registry.signals.model import (
    MAX_CHANGES,
    READERS,
    REPORTER_ID,
    SIGNAL_ID,
    UNLOGGED,
    WINDOW,
    Change,
    Counts,
    Member,
    Report,
    Reporter,
    Signal,
    State,
    move,
    need_room,
    need_unguessable,
    public_counts,
)

DAY: Final = timedelta(days=1)


def chance() -> float:
    """A random number below 1 that nobody foresees."""
    return secrets.randbelow(1 << 53) / (1 << 53)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a signal says, and what became of it, for a reader who may see that at these authorities."""

    signal: Signal
    report: Report
    changes: Sequence[Change]
    authorities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who reported a signal, None where nobody is named, for a reader who handles it at these authorities."""

    signal: Signal
    reporter: Reporter | None
    authorities: frozenset[str]


class Signals:
    """The acts on signals, and reading them; `draw` makes the numbers that refusals are drawn by."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, draw: Callable[[], float] = chance
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._draw = draw

    async def report(self, actor: Actor, draft: ReportDraft, *, key: str) -> str:
        """Take a report, from anyone; returns the signal's id. Raises Invalid, NotFound, Conflict."""
        if not actor.sub:
            need_unguessable(key)
        said, named = draft.report(moment(self._clock)), draft.reporter()
        async with self._database.as_registry().write() as tx:
            now = moment(self._clock)
            signal_id = fresh_id("sig", now)
            request = Request(actor, "reportSignal", key, plain(draft))
            if earlier := await claim(tx, request, result_id=signal_id, now=now):
                return earlier
            organisation, about = await _about(tx, actor, draft)
            if not actor.sub:
                await self._need_room(tx, organisation, now)
            made = Signal(signal_id, organisation, about, draft.kind, State.RECEIVED, now)
            await repository.store(tx, made, said, anonymous=not actor.sub)
            if any(named):
                await reporters.store(tx, Reporter(fresh_id("rep", now), signal_id, *named))
        return signal_id

    async def move(self, actor: Actor, signal_id: str, target: State, note: str | None, *, key: str) -> str:
        """Move a signal to another state; returns its id. Raises Invalid, NotFound, Forbidden, Conflict, NotAllowed."""
        content = {"signal": signal_id, "state": str(target), "note": note}
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            if earlier := await claim(
                tx, _request(actor, "moveSignal", key, content), result_id=signal_id[:40], now=now
            ):
                return earlier
            held, member = await _handled(tx, actor, signal_id)
            way, mine = move(held, target), member.handles(held)
            if not way.by_any and held.authority_id not in mine:
                raise Forbidden(
                    f"{held.authority_id} has taken {held.id} up; it moves it on, or refers it.", code="HELD_ELSEWHERE"
                )
            authority = held.authority_id if held.authority_id in mine else min(mine)
            after = replace(held, state=target, authority_id=authority)
            if authority != held.authority_id or target is State.REFERRED:
                after = replace(after, assigned_to=None)
            await _change(tx, actor, held, after, drafts.note(note), now)
        return held.id

    async def assign(self, actor: Actor, signal_id: str, to: str, *, key: str) -> str:
        """Give a signal under review to a member; returns its id. Raises Invalid, NotFound, Forbidden, Conflict."""
        content = {"signal": signal_id, "member": to}
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = _request(actor, "assignSignal", key, content)
            if earlier := await claim(tx, request, result_id=signal_id[:40], now=now):
                return earlier
            held, member = await _handled(tx, actor, signal_id)
            if held.state is not State.UNDER_REVIEW:
                raise Conflict(
                    f"{held.id} is {held.state.lower()}; take it under review first.", code="NOT_UNDER_REVIEW"
                )
            if held.authority_id is None or held.authority_id not in member.handles(held):
                raise Forbidden(f"{held.authority_id} has taken {held.id} up; it gives it out.", code="HELD_ELSEWHERE")
            await _need_colleague(tx, held.authority_id, to)
            await _change(tx, actor, held, replace(held, assigned_to=to), None, now)
        return held.id

    async def erase_reporter(self, actor: Actor, reporter_id: str, *, key: str) -> datetime:
        """Erase who reported; returns when that was done. Raises NotFound, Forbidden, Conflict."""
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = _request(actor, "eraseReporter", key, {"reporter": reporter_id})
            if await claim(tx, request, result_id=reporter_id[:40], now=now):
                return await reporters.erased_at(tx, reporter_id) or now
            signal_id = await reporters.signal_of(tx, reporter_id) if REPORTER_ID.fullmatch(reporter_id) else None
            held, _ = await _handled(tx, actor, signal_id or "", what=f"reporter {reporter_id[:60]!r}")
            if await reporters.erased_at(tx, reporter_id) is not None:
                raise Conflict(f"{reporter_id} was erased already.", code="ALREADY_ERASED")
            await reporters.erase(tx, reporter_id, held.id, now=now)
        return now

    async def counts(self, tx: ReadTx, actor: Actor, organisations: Sequence[str], now: datetime) -> dict[str, Counts]:
        """How many signals about each organisation were found true: exactly for whom they reach, in steps otherwise."""
        found = await repository.substantiated(tx, organisations, now - WINDOW)
        mine = await authorities_where(tx, actor, READERS)
        reached = await repository.reach(tx, organisations) if mine else {}
        step = self._settings.signals_shown_from
        return {
            one: Counts(True, counts) if mine & reached.get(one, set()) else Counts(False, public_counts(counts, step))
            for one, counts in found.items()
        }

    async def _need_room(self, tx: WriteTx, organisation: str, now: datetime) -> None:
        most = self._settings.signals_waiting
        need_room(
            today=await repository.count_anonymous(tx, organisation, now - DAY),
            most_today=self._settings.signals_daily,
            waiting=await repository.count_waiting(tx, most),
            most_waiting=most,
            draw=self._draw(),
        )


async def opened(tx: ReadTx, actor: Actor, ids: Sequence[str]) -> dict[str, Opened]:
    """What these signals say, as far as this person may read it."""
    if not actor.sub or actor.client or await member_is_client(tx, actor.sub) is not False:
        return {}
    members = await _before(tx, actor, await repository.by_ids(tx, ids))
    shown = [(signal, authorities) for signal, member in members if (authorities := member.reads(signal))]
    named = [signal.id for signal, _ in shown]
    said, became = await repository.reports(tx, named), await repository.changes(tx, named)
    return {one.id: Opened(one, said[one.id], became[one.id], authorities) for one, authorities in shown}


async def asked(tx: ReadTx, actor: Actor, signal_id: str) -> Asked:
    """Who reported a signal. Raises NotFound, Forbidden."""
    actor.need_person("ask who reported")
    found = await repository.by_ids(tx, [signal_id]) if SIGNAL_ID.fullmatch(signal_id) else {}
    signal, member = await _need_handler(tx, actor, found, f"signal {signal_id[:60]!r}")
    return Asked(signal, await reporters.of_signal(tx, signal.id), member.handles(signal))


async def visible(tx: ReadTx | WriteTx, actor: Actor, found: dict[str, Signal]) -> dict[str, Signal]:
    """Those of the signals that reach an authority at which the actor has a role."""
    return {signal.id: signal for signal, member in await _before(tx, actor, found) if member.sees()}


async def _before(tx: ReadTx | WriteTx, actor: Actor, found: dict[str, Signal]) -> list[tuple[Signal, Member]]:
    """Each signal with the actor as it stands before that one."""
    roles = actor.roles & await roles_of(tx, actor.sub)
    reached = await repository.reach(tx, {one.organisation_id for one in found.values()})
    return [(one, Member(actor.sub, roles, reached[one.organisation_id])) for one in found.values()]


async def _handled(tx: WriteTx, actor: Actor, signal_id: str, *, what: str | None = None) -> tuple[Signal, Member]:
    """The signal, held, if this person may handle it. NotFound for who does not see it, Forbidden."""
    actor.need_person("handle a signal")
    held = await repository.lock(tx, signal_id) if SIGNAL_ID.fullmatch(signal_id) else None
    found = {held.id: held} if held else {}
    return await _need_handler(tx, actor, found, what or f"signal {signal_id[:60]!r}")


async def _need_handler(
    tx: ReadTx | WriteTx, actor: Actor, found: dict[str, Signal], what: str
) -> tuple[Signal, Member]:
    """The one signal that was found, if this person may handle it. NotFound for who does not see it, Forbidden."""
    before = await _before(tx, actor, found)
    seen = next(((signal, member) for signal, member in before if member.sees()), None)
    if seen is None:
        raise NotFound(f"There is no {what} at an authority you work for.")
    if not seen[1].handles(seen[0]) or await member_is_client(tx, actor.sub) is not False:
        raise Forbidden("To handle this signal takes another role, or to have been given it.", code="ROLE_NEEDED")
    return seen


async def _about(tx: WriteTx, actor: Actor, draft: ReportDraft) -> tuple[str, str | None]:
    """The organisation a report is about, held, and the number it named. NotFound."""
    if draft.number is None:
        held = await held_organisation(tx, draft.organisation or "")
        return held.organisation.id, None
    wanted = number(draft.number)
    found = (await accreditations.by_numbers(tx, [wanted])).get(wanted)
    if found is None or not (found.public or found.authority_id in await authorities_where(tx, actor, UNLOGGED)):
        raise NotFound(f"There is no accreditation {wanted}.", code="UNKNOWN_NUMBER")
    await held_organisation(tx, found.organisation_id)
    return found.organisation_id, wanted


async def _need_colleague(tx: WriteTx, authority: str, to: str) -> None:
    """Invalid unless this is a person with a role at the authority."""
    known = await roles_of(tx, to) if to.isprintable() else frozenset()
    roles = {role for place, role in known if place == authority}
    if not roles & READERS or await member_is_client(tx, to) is not False:
        raise Invalid(f"{to[:60]!r} is no person who works at {authority} or regulates there.", field="member")


async def _change(tx: WriteTx, actor: Actor, before: Signal, after: Signal, note: str | None, now: datetime) -> None:
    if len((await repository.changes(tx, [before.id]))[before.id]) >= MAX_CHANGES:
        raise Conflict(f"{before.id} has moved {MAX_CHANGES} times, and no more is kept.", code="TOO_MANY")
    authority = after.authority_id or ""
    made = Change(before.state, after.state, authority, actor.sub, now, after.assigned_to, note)
    await repository.change(tx, after, made)


def _request(actor: Actor, operation: str, key: str, content: Mapping[str, str | None]) -> Request:
    actor.need_identity()
    return Request(actor, operation, key, content)
