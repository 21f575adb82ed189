"""From a standing to an answer: in good standing, not in good standing, or cannot conclude, with reasons.

`CANNOT_CONCLUDE` is an answer. Whatever is unknown, stale, ambiguous or out of reach ends there and is never rounded
to valid. Reason codes are for programs; the sentences beside them are for people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from goodstanding.number import SAMPLE_PREFIX, prefix_of
from goodstanding.standing import Scope, State, overlays, shown, status_code, worse
from goodstanding.transitions import Basis, Standing


class VerdictKind(StrEnum):
    """The three answers."""

    IN_GOOD_STANDING = "IN_GOOD_STANDING"
    NOT_IN_GOOD_STANDING = "NOT_IN_GOOD_STANDING"
    CANNOT_CONCLUDE = "CANNOT_CONCLUDE"


REASONS: dict[str, str] = {
    "PROVISIONAL": "Accredited provisionally.",
    "ACTIVE": "Accredited.",
    "CONDITIONAL": "Accredited under conditions.",
    "SUSPENDED": "The accreditation is suspended.",
    "REVOKED": "The accreditation was revoked.",
    "BARRED": "The organisation is barred.",
    "SURRENDERED": "The holder gave the accreditation up.",
    "LAPSED": "The accreditation's validity has ended.",
    "TERMINATED": "The accreditation was terminated.",
    "REFUSED": "The application was refused.",
    "NOT_ACCREDITED": "There is an application but no accreditation.",
    "NOT_ASSERTED": "The list this comes from no longer names the organisation, without saying why.",
    "UNRECOGNISED": "The list this comes from uses a word for its status that nobody has mapped yet.",
    "NOTHING_YET": "Nothing had been decided at the time asked about.",
    "NOT_YET_VALID": "The accreditation's validity had not begun at the time asked about.",
    "REVOKED_OR_SUPERSEDED": "This record is void: the accreditation ended or a newer record replaced it.",
    "OUT_OF_SCOPE": "The accreditation does not cover what was asked about.",
    "SCOPE_UNKNOWN": "The source does not say whether what was asked about is covered.",
    "STAY": "A tribunal has stayed the revocation: the accreditation counts meanwhile.",
    "APPEAL": "An appeal is open.",
    "REVOCATION_NOTICE": "The authority has given notice that it intends to revoke.",
    "PENDING_RENEWAL": "Renewal was asked for in time and is not decided yet.",
    "PENDING_LOG": "A decision that lowers trust has been taken and is not yet in the public log.",
    "TRANSCRIBED": "Copied from a list that somebody else published.",
    "SAMPLE": "A sample. It says nothing about any real organisation.",
    "UNWITNESSED": "Too few outside witnesses have cosigned the log, so only its operator vouches for its order.",
    "STALE": "What is known here is older than the freshness bound.",
    "UNKNOWN_NUMBER": "No accreditation has this number.",
    "BAD_NUMBER": "This is not an accreditation number, or it was mistyped.",
    "UNKNOWN_IDENTIFIER": "No accreditation was found for this identifier or domain.",
    "AMBIGUOUS": "Several accreditations match; ask again by number.",
    "BEHIND": "This node has not yet seen the tree size asked for.",
    "ERASED": "What this rests on has been erased from the register.",
    "ISSUER_SUSPECT": "The authority's mandate or key is in doubt.",
    "SOURCE_STALE": "The list this comes from should have come out again since; what it says may have changed.",
}
"""Code and sentence of every reason the fold can give; the offline verifier adds its own."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the verdict is what it is."""

    code: str
    message: str


def reason(code: str) -> Reason:
    """The reason with this code and its standard sentence."""
    return Reason(code, REASONS[code])


@dataclass(frozen=True, slots=True)
class Labels:
    """The names that go with an accreditation in an answer."""

    organisation_name: str | None = None
    authority: str | None = None
    scheme: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the answering node knew: the checkpoint it answers from and how far it may be trusted."""

    now: datetime
    known_at: datetime  # first time cosignature of the size answered from
    tree_size: int
    fresh_until: datetime  # signed time plus the freshness bound
    witnessed: bool = False
    historical: bool = False  # the question named its own knownAt
    suspect: bool = False  # the authority's mandate is in doubt (`goodstanding.mandates`)
    source_stale: bool = False  # the list it rests on is older than its cadence (`goodstanding.cadence`)
    listed_code: int | None = None  # the accreditation's code in the newest status list


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, its reasons, and how fresh it is."""

    verdict: VerdictKind
    reasons: tuple[Reason, ...]
    as_of: datetime
    known_at: datetime
    tree_size: int
    fresh_until: datetime
    number: str | None = None
    standing: Standing | None = None
    organisation_name: str | None = None
    authority: str | None = None
    scheme: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None  # last valid day in the authority's time zone
    projected: bool = False
    record: str | None = None
    receipt: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The reason codes alone."""
        return tuple(entry.code for entry in self.reasons)


def cannot_conclude(
    code: str, knowledge: Knowledge, *, as_of: datetime | None = None, number: str | None = None,
    candidates: Sequence[str] = (),
) -> Verdict:  # fmt: skip
    """The answer when nothing can be said, with the one reason why."""
    return Verdict(
        VerdictKind.CANNOT_CONCLUDE, (reason(code),), as_of or knowledge.now, knowledge.known_at,
        knowledge.tree_size, knowledge.fresh_until, number=number, candidates=tuple(candidates),
    )  # fmt: skip


def conclude(
    number: str, state: State | None, knowledge: Knowledge, labels: Labels, *,
    as_of: datetime | None = None, asked: Scope | None = None,
) -> Verdict:  # fmt: skip
    """Answer for one accreditation.

    ``state`` is the fold at ``as_of`` (the time of answering when None). The newest status list code counts only for
    questions about now or later; where it is worse than the fold's it wins, with reason ``PENDING_LOG``. A suspect
    issuer turns what would be good, and nothing else, into ``CANNOT_CONCLUDE``; so does a stale list, which is also said
    beside any other answer that rests on it.
    """
    at = as_of or knowledge.now
    standing = shown(state, at)
    kind, reasons, standing = _kind(standing, _listed(knowledge) if at >= knowledge.now else None)
    if kind is VerdictKind.IN_GOOD_STANDING:
        kind, reasons = _narrow(kind, reasons, state, at, asked)
    if knowledge.suspect and kind is VerdictKind.IN_GOOD_STANDING:
        kind, reasons = VerdictKind.CANNOT_CONCLUDE, [*reasons, reason("ISSUER_SUSPECT")]
    if knowledge.source_stale:
        kind = VerdictKind.CANNOT_CONCLUDE if kind is VerdictKind.IN_GOOD_STANDING else kind
        reasons = [*reasons, reason("SOURCE_STALE")]
    if not knowledge.historical and knowledge.now > knowledge.fresh_until:
        kind, reasons = VerdictKind.CANNOT_CONCLUDE, [*reasons, reason("STALE")]
    generation = state.generation if state else None
    return Verdict(
        verdict=kind,
        reasons=(*reasons, *_always(number, state, knowledge, at)),
        as_of=at,
        known_at=knowledge.known_at,
        tree_size=knowledge.tree_size,
        fresh_until=knowledge.fresh_until,
        number=number,
        standing=standing,
        organisation_name=labels.organisation_name,
        authority=labels.authority,
        scheme=labels.scheme,
        valid_from=local_day(generation.valid_from if generation else None, labels.time_zone),
        valid_until=last_day(generation.valid_until if generation else None, labels.time_zone),
        projected=as_of is not None and as_of > knowledge.now,
    )


def _listed(knowledge: Knowledge) -> int | None:
    """The listed code, where it says more than that the issuer is suspect or the list stale, which is known already."""
    doubted = knowledge.suspect or knowledge.source_stale
    return None if doubted and knowledge.listed_code == ISSUER_SUSPECT else knowledge.listed_code


def _kind(standing: Standing | None, listed: int | None) -> tuple[VerdictKind, list[Reason], Standing | None]:
    code = status_code(standing)
    if listed is not None and code is not None and worse(listed, code) != code:
        reasons = [reason(_LISTED_REASON[listed]), reason("PENDING_LOG")]
        return _BY_CODE[listed], reasons, Standing.SUSPENDED if listed == 2 else None
    if standing is None:
        return VerdictKind.CANNOT_CONCLUDE, [reason("NOTHING_YET")], None
    if code is None:
        return VerdictKind.NOT_IN_GOOD_STANDING, [reason("NOT_ACCREDITED")], standing
    return _BY_CODE[code], [reason(standing.value)], standing


_BY_CODE = {
    0: VerdictKind.IN_GOOD_STANDING,
    1: VerdictKind.NOT_IN_GOOD_STANDING,
    2: VerdictKind.NOT_IN_GOOD_STANDING,
    3: VerdictKind.CANNOT_CONCLUDE,
}
ISSUER_SUSPECT = 3
"""Status code of what cannot be concluded: also what a suspect issuer or a stale list makes of a 0."""

_LISTED_REASON = {1: "REVOKED_OR_SUPERSEDED", 2: "SUSPENDED", 3: "ISSUER_SUSPECT"}


def _narrow(
    kind: VerdictKind, reasons: list[Reason], state: State | None, at: datetime, asked: Scope | None
) -> tuple[VerdictKind, list[Reason]]:
    generation = state.generation if state else None
    if generation and generation.valid_from and at < generation.valid_from:
        return VerdictKind.NOT_IN_GOOD_STANDING, [*reasons, reason("NOT_YET_VALID")]
    if asked is None or generation is None or state is None:
        return kind, reasons
    problem = scope_problem(generation.scope, asked, state.basis)
    return (problem[0], [*reasons, problem[1]]) if problem else (kind, reasons)


def scope_problem(scope: Scope, asked: Scope, basis: Basis) -> tuple[VerdictKind, Reason] | None:
    """What a good verdict turns into for the scope asked about, and why; None when it is covered."""
    if not scope.covers(_known_dimensions(asked, scope)):
        return VerdictKind.NOT_IN_GOOD_STANDING, reason("OUT_OF_SCOPE")
    if basis is not Basis.DECIDED and not _speaks_of(scope, asked):
        return VerdictKind.CANNOT_CONCLUDE, reason("SCOPE_UNKNOWN")
    return None


def _known_dimensions(asked: Scope, scope: Scope) -> Scope:
    """What was asked, with dimensions nobody asked about filled in so that they cannot fail."""
    return Scope(
        asked.activities or scope.activities,
        asked.sectors or scope.sectors,
        asked.corridors or scope.corridors,
        asked.branches or scope.branches,
    )


def _speaks_of(scope: Scope, asked: Scope) -> bool:
    pairs = ((asked.activities, scope.activities), (asked.sectors, scope.sectors), (asked.corridors, scope.corridors))
    return all(mine for theirs, mine in pairs if theirs)


def _always(number: str, state: State | None, knowledge: Knowledge, at: datetime) -> list[Reason]:
    codes = [overlay.code for overlay in overlays(state, at) if overlay.code in REASONS]
    if state and state.basis is Basis.TRANSCRIBED:
        codes.append("TRANSCRIBED")
    if not knowledge.witnessed:
        codes.append("UNWITNESSED")
    if prefix_of(number) == SAMPLE_PREFIX:
        codes.append("SAMPLE")
    return [reason(code) for code in codes]


def local_day(instant: datetime | None, time_zone: str) -> date | None:
    """The calendar day of an instant in a time zone."""
    return None if instant is None else instant.astimezone(ZoneInfo(time_zone)).date()


def last_day(end: datetime | None, time_zone: str) -> date | None:
    """The last day before an exclusive end, in a time zone: the printed 'valid until'."""
    return None if end is None else local_day(end - timedelta(milliseconds=1), time_zone)


def day_end(day: date, time_zone: str) -> datetime:
    """The first instant after a local day: the next midnight in the time zone."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(time_zone))


def day_start(day: date, time_zone: str) -> datetime:
    """The first instant of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone))
