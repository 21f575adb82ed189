"""From a question to a verdict: pure, from what the followers have verified.

The steps, in this order; the first that cannot be taken answers CANNOT_CONCLUDE with its reason.

1. The node has seen the tree size the asker has seen [BEHIND], and the log existed at knownAt [NOTHING_YET].
2. The number is one [BAD_NUMBER] and is known [UNKNOWN_NUMBER]; an identifier or domain leads to one accreditation
   [UNKNOWN_IDENTIFIER, AMBIGUOUS]. A node that is behind does not say "unknown" but [STALE].
3. Nothing it rests on was erased [ERASED].
4. The fold and the verdict table answer (`goodstanding.standing`, `goodstanding.verdict`), within the freshness
   bound by signed time [STALE]; a signed time far ahead of this node's clock is not fresh either.
5. "In good standing" is no answer while the authority's mandate is in doubt [ISSUER_SUSPECT] (`goodstanding.mandates`).
6. Nor is it while the list it rests on is older than its cadence [SOURCE_STALE] (`goodstanding.cadence`).
7. "In good standing" about now needs a current status list that does not say worse [STALE, PENDING_LOG].
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.verification.keys import domain_key, identifier_key
from gateway.verification.lists import Listed, StatusLists
from gateway.verification.projection import Accreditation, Projection
from gateway.verification.question import Question, ScopeQuestion
from gateway.verification.records import RecordStore
from goodstanding.cadence import source_turn
from goodstanding.errors import ActNotAllowed, NumberError
from goodstanding.mandates import suspicion
from goodstanding.mirror import Mirror, signed_time
from goodstanding.number import SAMPLE_PREFIX, check_number, prefix_of
from goodstanding.standing import State, fold, shown, status_code
from goodstanding.verdict import Knowledge, Reason, Verdict, VerdictKind, cannot_conclude, conclude, reason

MAX_CANDIDATES = 100
"""Most candidates named in an ambiguous answer."""

MAX_SKEW: Final = timedelta(seconds=60)
"""How far ahead of this node's clock a signed time may lie; beyond it one of the two clocks is wrong, and which of them
cannot be known here: then nothing counts as fresh."""

UNKNOWN_ACT = Reason("UNKNOWN_ACT", "A decision of a kind that this node does not know has been logged.")


class NotReady(Exception):
    """Nothing is verified yet: the node has not seen a checkpoint it trusts."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the followers keep up to date."""

    mirror: Mirror
    projection: Projection
    lists: StatusLists
    records: RecordStore
    bound: timedelta  # freshness: how long a signed time counts


@dataclass(frozen=True, slots=True)
class _Moment:
    """The node's knowledge for one question."""

    knowledge: Knowledge
    size: int | None  # None: all that is applied

    @property
    def now(self) -> datetime:
        return self.knowledge.now

    @property
    def stale(self) -> bool:
        return not self.knowledge.historical and self.now > self.knowledge.fresh_until


def answer(question: Question, sources: Sources, now: datetime) -> Verdict:
    """Answer one question; NotReady before the first verified checkpoint."""
    moment = _moment(question, sources, now)
    as_of, knowledge = question.as_of, moment.knowledge
    if question.min_tree_size is not None and question.min_tree_size > sources.mirror.size:
        return cannot_conclude("BEHIND", knowledge, as_of=as_of)
    if moment.size == 0:
        return cannot_conclude("NOTHING_YET", knowledge, as_of=as_of)
    found = _find(question, moment, sources)
    if isinstance(found, Verdict):
        return found
    return _about(found, question, moment, sources)


def _moment(question: Question, sources: Sources, now: datetime) -> _Moment:
    """Which size answers: the newest, or the greatest first cosigned by a knownAt that lies behind the newest time."""
    newest, sizes = sources.mirror.newest, sources.mirror.sizes
    if newest is None:
        raise NotReady("no checkpoint of the log has been verified yet")
    signed, asked = signed_time(newest), question.known_at
    historical = asked is not None and asked < signed
    size, first = (sizes.known_at(asked) if historical and asked else sizes.newest()) or (0, asked or signed)
    knowledge = Knowledge(
        now=now,
        known_at=first,
        tree_size=size,
        fresh_until=signed + sources.bound if signed <= now + MAX_SKEW else now - MAX_SKEW,
        witnessed=sources.mirror.log.witnessed(newest),
        historical=historical,
    )
    return _Moment(knowledge, size if historical else None)


def _find(question: Question, moment: _Moment, sources: Sources) -> Accreditation | Verdict:
    if question.number is not None:
        return _by_number(question.number, question, moment, sources.projection)
    key = identifier_key(*question.identifier) if question.identifier else domain_key(question.domain or "")
    found = _narrowed(sources.projection.by_key(key), question, moment, sources.projection)
    if len(found) == 1:
        return found[0]
    candidates = [known.number for known in found[:MAX_CANDIDATES]]
    code = "AMBIGUOUS" if found else "STALE" if moment.stale else "UNKNOWN_IDENTIFIER"
    return cannot_conclude(code, moment.knowledge, as_of=question.as_of, candidates=candidates)


def _by_number(text: str, question: Question, moment: _Moment, projection: Projection) -> Accreditation | Verdict:
    try:
        number = check_number(text)
    except NumberError:
        return cannot_conclude("BAD_NUMBER", moment.knowledge, as_of=question.as_of)
    known = projection.by_number(number)
    if known is None:
        code = "STALE" if moment.stale else "UNKNOWN_NUMBER"
    elif not _belongs(known, question.scope, moment, projection):
        code = "OUT_OF_SCOPE"
    else:
        return known
    return _sampled(cannot_conclude(code, moment.knowledge, as_of=question.as_of, number=number))


def _sampled(verdict: Verdict) -> Verdict:
    if verdict.number is None or prefix_of(verdict.number) != SAMPLE_PREFIX:
        return verdict
    return replace(verdict, reasons=(*verdict.reasons, reason("SAMPLE")))


def _belongs(known: Accreditation, scope: ScopeQuestion | None, moment: _Moment, projection: Projection) -> bool:
    """Whether it is of the scheme asked for, and of the authority: whoever opened it, or has taken it over since."""
    if scope is None or scope.scheme not in (None, known.scheme):
        return scope is None
    return scope.authority in (None, known.authority) or scope.authority in projection.line(known, moment.size)


def _narrowed(
    found: Sequence[Accreditation], question: Question, moment: _Moment, projection: Projection
) -> Sequence[Accreditation]:
    """Those of the authority and scheme asked for; where several are left, the one that covers what is asked."""
    scope = question.scope
    kept = [known for known in found if _belongs(known, scope, moment, projection)]
    if scope is None or len(kept) < 2 or not scope.asks_cover:
        return kept
    covering = [known for known in kept if _covers(known, scope, question, moment, projection)]
    return covering if len(covering) == 1 else kept


def _covers(
    known: Accreditation, scope: ScopeQuestion, question: Question, moment: _Moment, projection: Projection
) -> bool:
    try:
        state = fold(projection.decisions(known), question.as_of or moment.now, moment.size)
    except ActNotAllowed:
        return False
    if state is None or state.generation is None:
        return False
    asked = scope.against(state.generation.scope)
    return asked is not None and all(
        not theirs or theirs <= mine
        for theirs, mine in (
            (asked.activities, state.generation.scope.activities),
            (asked.sectors, state.generation.scope.sectors),
            (asked.corridors, state.generation.scope.corridors),
        )
    )


def _about(known: Accreditation, question: Question, moment: _Moment, sources: Sources) -> Verdict:
    as_of, at, knowledge = question.as_of, question.as_of or moment.now, moment.knowledge
    if known.erased:
        return _sampled(cannot_conclude("ERASED", knowledge, as_of=as_of, number=known.number))
    try:
        decisions = sources.projection.decisions(known)
        state = fold(decisions, at, moment.size)
    except ActNotAllowed:
        blank = cannot_conclude("UNRECOGNISED", knowledge, as_of=as_of, number=known.number)
        return _sampled(replace(blank, reasons=(UNKNOWN_ACT,)))
    if mandates := sources.projection.mandates(known, moment.size):
        since = suspicion(mandates, decisions, at, moment.size, first_logged=sources.mirror.sizes.first_logged)
        knowledge = replace(knowledge, suspect=since is not None)
    live = moment.size is None and at >= moment.now
    if (turn := source_turn(state, sources.projection.lists_of(known), at, moment.size)) is not None:
        fresh = min(knowledge.fresh_until, turn) if live and turn > at else knowledge.fresh_until
        knowledge = replace(knowledge, source_stale=turn <= at, fresh_until=fresh)
    listed = _listed(state, sources.lists, moment.now) if live else None
    if listed is not None:
        fresh = min(knowledge.fresh_until, listed.until)
        knowledge = replace(knowledge, listed_code=listed.code, fresh_until=fresh)
    asked = question.scope.against(state.generation.scope) if question.scope and state and state.generation else None
    labels = sources.projection.called(known, state.generation.authority if state and state.generation else None)
    verdict = conclude(known.number, state, knowledge, labels, as_of=as_of, asked=asked)
    if live and listed is None and verdict.verdict is VerdictKind.IN_GOOD_STANDING:
        verdict = _unlisted(verdict)
    return replace(verdict, record=_record(state, at, sources.records)) if live else verdict


def _listed(state: State | None, lists: StatusLists, now: datetime) -> Listed | None:
    if state is None or state.generation is None:
        return None
    return lists.code(state.generation.status_uri, state.generation.status_idx, now)


def _unlisted(verdict: Verdict) -> Verdict:
    """No current status list says that nothing worse was decided meanwhile (step 7)."""
    standing, *others = verdict.reasons
    return replace(verdict, verdict=VerdictKind.CANNOT_CONCLUDE, reasons=(standing, reason("STALE"), *others))


def _record(state: State | None, at: datetime, records: RecordStore) -> str | None:
    """The released record of the generation in force, unless what it says has ended."""
    if state is None or state.generation is None or status_code(shown(state, at)) == 1:
        return None
    return records.get(state.generation.event_id)
