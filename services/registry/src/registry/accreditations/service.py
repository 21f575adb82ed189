"""Decisions about accreditations: applying, proposing, approving, rejecting. One transaction per act.

What every act does, in this order; the numbers are those of the issuance cycle
1. Who asks is known, and the idempotency key is claimed: an earlier result under it is the answer.
2. The case is loaded under lock; role, mandate, two persons, digest, expiry and the transition table are asked.
3. Event, outbox row, restricted half, status index and projections are stored, all or none. Then the relay is woken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from goodstanding.canonical import format_time, parse_time
from goodstanding.clock import Clock
from goodstanding.events import new_event_id, new_subject
from goodstanding.standing import Decision, fold, shown
from goodstanding.transitions import Actor as Bringing
from goodstanding.transitions import Standing, Transition, transition
from registry.access.idempotency import Request, claim, plain
from registry.access.model import Actor, Role
from registry.access.service import need_role
from registry.accreditations import deciding, events, repository
from registry.accreditations.claims import Opening
from registry.accreditations.deciding import Case
from registry.accreditations.drafts import DecisionDraft, ScopeDraft, content_of, long_text, scope_of
from registry.accreditations.model import ENDED_FOR_GOOD, Proposal, ProposalState, digest_of
from registry.accreditations.numbers import fresh_number
from registry.accreditations.projection import set_corridors
from registry.accreditations.proposals import need_digest, open_proposal
from registry.accreditations.tables import AccreditationRow
from registry.assessments.citing import cited, citing, need_assessed
from registry.assessments.model import Assessment
from registry.checks import number
from registry.clock import moment, not_before
from registry.database import Database, WriteTx
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.ids import Node, fresh_id
from registry.issuance import ledger, publication, status
from registry.issuance.ledger import Entry, Stream
from registry.issuance.status import Allotment
from registry.organisations import repository as organisations
from registry.schemes import repository as schemes
from registry.schemes.model import require_mandate
from registry.settings import Settings

APPLICANTS = (Role.REGISTRAR, Role.PROPOSER)  # who may file an application
MAX_REJECTION = 1_000  # characters


@dataclass(frozen=True, slots=True)
class ApplicationDraft:
    """An application as a client states it; one on file since before this register began says so, and on what basis."""

    organisation: str
    authority: str
    scheme: str
    scope: ScopeDraft = field(default_factory=ScopeDraft)
    effective_from: datetime | None = None
    legal_basis: str | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The members that its decision body takes over."""
        made = {} if self.effective_from is None else {"effective_from": format_time(self.effective_from)}
        return made | ({} if self.legal_basis is None else {"legal_basis": self.legal_basis})


@dataclass(frozen=True, slots=True)
class Persons:
    """Who stands behind a decision; restricted."""

    proposer: str
    approver: str | None = None
    restricted_text: str | None = None
    evidence: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, content: Mapping[str, Any], proposer: str, approver: str | None = None) -> "Persons":
        """Those behind what a proposal's content says."""
        return cls(proposer, approver, content.get("restricted_text"), tuple(content.get("evidence", ())))


class Accreditations:
    """The acts on accreditations; `wake` tells the workers that an event is waiting."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._wake = wake

    async def apply(self, actor: Actor, draft: ApplicationDraft, *, key: str) -> str:
        """File an application under a fresh number; returns the id of its event.

        Raises Invalid, NotFound, Forbidden, Conflict (also when the organisation has an open accreditation there).
        """
        actor.need_identity()
        scope = scope_of(draft.scope)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            event_id = new_event_id(now)
            request = Request(actor, "applyForAccreditation", key, plain(draft))
            if earlier := await claim(tx, request, result_id=event_id, now=now):
                return earlier
            await _need_known(tx, draft)
            await need_role(tx, actor, draft.authority, *APPLICANTS)
            case = await self._open(tx, draft, scope, now)
            _need_mandate(case, "apply", now)
            body = deciding.application_body(case, draft.content, event_id=event_id, now=now)
            await _decide(tx, case, body, deciding.check(case, body), Persons(actor.sub), now)
        self._wake()
        return event_id

    async def propose(self, actor: Actor, draft: DecisionDraft, *, key: str) -> str:
        """Propose a decision for another person to approve; returns the proposal's id.

        Raises Invalid, NotFound, Forbidden, NotAllowed, Conflict.
        """
        actor.need_identity()
        wanted = number(draft.number)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            proposal_id = fresh_id("prp", now)
            request = Request(actor, "proposeDecision", key, _stated(draft))
            if earlier := await claim(tx, request, result_id=proposal_id, now=now):
                return earlier
            case = await _case(tx, wanted)
            now = not_before(case.history, now)
            row = deciding.proposable(case, draft.act, now)
            await need_role(tx, actor, case.authority.id, *_proposers(row, draft))
            content, _ = await _checked(tx, actor, case, row, replace(draft, number=wanted), now)
            await repository.insert_proposal(tx, self._proposal(case, content, proposal_id, actor, now))
        return proposal_id

    async def record(self, actor: Actor, draft: DecisionDraft, *, key: str) -> str:
        """Take a decision that needs no second person; returns the id of its event.

        Raises Invalid, NotFound, Forbidden (also for an act under four eyes), NotAllowed, Conflict.
        """
        actor.need_identity()
        wanted = number(draft.number)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            event_id = new_event_id(now)
            request = Request(actor, "recordDecision", key, _stated(draft))
            if earlier := await claim(tx, request, result_id=event_id, now=now):
                return earlier
            case = await _case(tx, wanted)
            now = not_before(case.history, now)
            row = deciding.proposable(case, draft.act, now)
            if row.four_eyes:
                raise Forbidden(f"{row.act} takes two persons: propose it.", code="FOUR_EYES")
            await need_role(tx, actor, case.authority.id, *APPLICANTS)
            content, opening = await _checked(tx, actor, case, row, replace(draft, number=wanted), now)
            body = deciding.decision_body(case, content, opening, event_id=event_id, decided_at=now)
            await _decide(tx, case, body, deciding.check(case, body), Persons.of(content, actor.sub), now)
        self._wake()
        return event_id

    async def approve(self, actor: Actor, proposal_id: str, digest: str, *, key: str) -> str:
        """Approve exactly the proposal with this digest, as another person; returns the id of the decision's event.

        Raises NotFound, Forbidden, Conflict, NotAllowed, Invalid.
        """
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            event_id = new_event_id(now)
            request = Request(actor, "approveProposal", key, {"proposal": proposal_id, "digest": digest})
            if earlier := await claim(tx, request, result_id=event_id, now=now):
                return earlier
            proposal = await open_proposal(tx, actor, proposal_id, now, what="approve a decision")
            if proposal.number is None:
                raise Invalid("This is about the register itself: use approveAdministration.", field="proposal")
            need_digest(proposal, digest)
            case = await _case(tx, proposal.number)
            _need_same_authority(case, proposal)
            await self._approve(tx, case, proposal, actor, event_id, not_before(case.history, now))
        self._wake()
        return event_id

    async def reject(self, actor: Actor, proposal_id: str, reason: str, *, key: str) -> str:
        """Reject a proposal, as another person; returns the proposal's id. The reason is kept, restricted."""
        actor.need_identity()
        why = long_text("reason", reason, MAX_REJECTION)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "rejectProposal", key, {"proposal": proposal_id, "reason": reason})
            if earlier := await claim(tx, request, result_id=proposal_id, now=now):
                return earlier
            proposal = await open_proposal(tx, actor, proposal_id, now, what="reject a decision")
            changes = {"state": ProposalState.REJECTED, "decided_by": actor.sub, "decided_at": now, "rejection": why}
            await repository.close_proposal(tx, proposal.id, changes)
        return proposal_id

    async def _open(self, tx: WriteTx, draft: ApplicationDraft, scope: Mapping[str, Any], now: datetime) -> Case:
        """Give the application its number and row, and load the case it makes."""
        fresh = await fresh_number(tx, self._settings.prefix)
        row = {
            "number": fresh,
            "authority_id": draft.authority,
            "organisation_id": draft.organisation,
            "scheme_id": draft.scheme,
            "subject": new_subject(),
            "open": True,
            "standing": str(Standing.APPLIED),
            "scope": dict(scope),
            "created_at": now,
            "changed_at": now,
        }
        if not await repository.insert_accreditation(tx, row):
            known = await repository.open_accreditation(
                tx, authority_id=draft.authority, organisation_id=draft.organisation, scheme_id=draft.scheme
            )
            raise Conflict(
                f"{draft.organisation} already has {known} under {draft.scheme} at {draft.authority}; go on with that.",
                blocked_by=known,
                code="ALREADY_OPEN",
            )
        await set_corridors(tx, {fresh: scope})
        return await _case(tx, fresh)

    async def _approve(
        self, tx: WriteTx, case: Case, proposal: Proposal, actor: Actor, event_id: str, now: datetime
    ) -> None:
        content, row = proposal.content, transition(proposal.act)
        _need_mandate(case, proposal.act, now)
        effect = deciding.effect_of(content, now)
        await _cited(tx, actor, case, row, content.get("assessment"), effect)
        opening, given = await _opening(tx, case, row, content.get("corrects", ()), effect), list[Allotment]()
        if opening.opens:
            given = await status.allot(tx, case.authority.id, 1, origin=self._settings.origin)
            opening = replace(opening, status=(given[0].uri, given[0].idx))
        body = deciding.decision_body(case, content, opening, event_id=event_id, decided_at=now)
        decision = deciding.check(case, body)
        await _need_place(tx, case, decision, now)
        await status.assign(tx, [(one, case.accreditation.number, event_id) for one in given])
        await _decide(tx, case, body, decision, Persons.of(content, proposal.proposer, actor.sub), now)
        changes = {"state": ProposalState.APPROVED, "decided_by": actor.sub, "decided_at": now, "event_id": event_id}
        await repository.close_proposal(tx, proposal.id, changes)

    def _proposal(
        self, case: Case, content: Mapping[str, Any], proposal_id: str, actor: Actor, now: datetime
    ) -> dict[str, Any]:
        stated = content.get("effective_from")
        return {
            "id": proposal_id,
            "authority_id": case.authority.id,
            "number": case.accreditation.number,
            "act": content["act"],
            "reason": content["reason"],
            "content": dict(content),
            "digest": digest_of(content),
            "proposer": actor.sub,
            "state": ProposalState.OPEN,
            "effective_from": None if stated is None else parse_time(stated),
            "expires_at": now + self._settings.proposal_lifetime,
            "created_at": now,
        }


async def _decide(
    tx: WriteTx, case: Case, body: Mapping[str, Any], decision: Decision, persons: Persons, now: datetime
) -> None:
    """Store a decision that has passed every check (step 3)."""
    held = case.accreditation
    stream = Stream(AccreditationRow, held.number, held.subject, held.head)
    await ledger.append(tx, [Entry(body, stream)], now=now)
    await repository.insert_decision(
        tx,
        {
            "event_id": decision.event_id,
            "number": decision.number,
            "act": decision.act,
            "four_eyes": transition(decision.act).four_eyes,
            "proposer": persons.proposer,
            "approver": persons.approver,
            "restricted_text": persons.restricted_text,
            "evidence": list(persons.evidence),
            "decided_at": now,
        },
    )
    await repository.touch(tx, held.number, now)
    await publication.project(tx, {held.number: [*case.history, decision]}, now=now)


async def _case(tx: WriteTx, wanted: str) -> Case:
    """Load and lock the case of a number; NotFound."""
    held = await repository.lock_accreditation(tx, wanted)
    if held is None:
        raise NotFound(f"There is no accreditation {wanted}.", code="UNKNOWN_NUMBER")
    return Case(
        accreditation=held,
        organisation=(await organisations.by_ids(tx, [held.organisation_id]))[held.organisation_id],
        authority=(await schemes.authorities(tx, [held.authority_id]))[held.authority_id],
        scheme=(await schemes.schemes(tx, [held.scheme_id]))[held.scheme_id],
        mandates=await schemes.mandates(tx, held.authority_id, held.scheme_id),
        history=(await ledger.history(tx, [wanted]))[wanted],
    )


async def _checked(
    tx: WriteTx, actor: Actor, case: Case, row: Transition, draft: DecisionDraft, now: datetime
) -> tuple[dict[str, Any], Opening]:
    """The content of a draft that could be decided now, and what it would open."""
    _need_mandate(case, row.act, now)
    effect = now if draft.effective_from is None else draft.effective_from
    opening = await _opening(tx, case, row, tuple(draft.corrects or ()), effect)
    kept = opening.claims["scope"] if opening.claims else case.accreditation.scope
    found = await _cited(tx, actor, case, row, draft.assessment, effect)
    content = citing(content_of(draft, row, scope=kept if opening.opens else None), found)
    if "redirect" in content and content["redirect"] not in await repository.by_numbers(tx, [content["redirect"]]):
        raise NotFound(f"There is no accreditation {content['redirect']}.", code="UNKNOWN_NUMBER")
    body = deciding.decision_body(case, content, opening, event_id=new_event_id(now), decided_at=now)
    deciding.check(case, body)
    return content, opening


async def _cited(
    tx: WriteTx, actor: Actor, case: Case, row: Transition, assessment_id: str | None, effect: datetime
) -> Assessment | None:
    """The assessment a decision cites, if it may, and if this actor may take part; none where none is needed."""
    found = await cited(tx, actor, case.accreditation.number, assessment_id)
    need_assessed(case.scheme, row.act, shown(fold(case.history, effect), effect), found)
    return found


async def _opening(tx: WriteTx, case: Case, row: Transition, corrects: Sequence[str], effect: datetime) -> Opening:
    """Whether a decision opens a generation, and the claims of the one it follows."""
    opening = deciding.opening_of(case, row, corrects, effect)
    if not opening.opens or opening.event_id is None:
        return opening
    before = (await events.by_ids(tx, [opening.event_id]))[opening.event_id]
    return replace(opening, claims=before.body["accreditation"])


async def _need_place(tx: WriteTx, case: Case, decision: Decision, now: datetime) -> None:
    """Conflict when this would open an accreditation again beside another one that was applied for meanwhile."""
    after = shown(fold([*case.history, decision], now), now)
    if after is None or after in ENDED_FOR_GOOD:
        return
    held = case.accreditation
    other = await repository.open_accreditation(
        tx, authority_id=held.authority_id, organisation_id=held.organisation_id, scheme_id=held.scheme_id
    )
    if other not in (None, held.number):
        raise Conflict(
            f"{held.organisation_id} has {other} under {held.scheme_id} at {held.authority_id} meanwhile; end that first.",
            blocked_by=other,
            code="ALREADY_OPEN",
        )


def _stated(draft: DecisionDraft) -> dict[str, Any]:
    """A draft, to compare repeated requests; what cites nothing compares equal to one made before it could."""
    made = plain(draft)
    return made if draft.assessment is not None else {name: made[name] for name in made if name != "assessment"}


def _proposers(row: Transition, draft: DecisionDraft) -> tuple[Role, ...]:
    """Who may propose: what a tribunal has ruled is recorded by an adjudication registrar."""
    ruled = draft.ruling_hash is not None or row.actors == {Bringing.TRIBUNAL}
    return (Role.ADJUDICATION_REGISTRAR,) if ruled else (Role.PROPOSER,)


async def _need_known(tx: WriteTx, draft: ApplicationDraft) -> None:
    known = {
        "organisation": Node.ORGANISATION.fits(draft.organisation)
        and await organisations.by_ids(tx, [draft.organisation]),
        "authority": Node.AUTHORITY.fits(draft.authority) and await schemes.authorities(tx, [draft.authority]),
        "scheme": Node.SCHEME.fits(draft.scheme) and await schemes.schemes(tx, [draft.scheme]),
    }
    for what, found in known.items():
        if not found:
            raise NotFound(f"There is no {what} {getattr(draft, what)[:60]!r}.")


def _need_same_authority(case: Case, proposal: Proposal) -> None:
    """Conflict where another authority has taken over since: its own persons decide now."""
    if case.authority.id != proposal.authority_id:
        raise Conflict(
            f"{case.authority.id} has taken over {proposal.number} from {proposal.authority_id} since this was proposed; "
            "have it proposed there.",
            code="TAKEN_OVER",
        )


def _need_mandate(case: Case, act: str, now: datetime) -> None:
    require_mandate(case.mandates, authority_id=case.authority.id, scheme_id=case.scheme.id, act=act, at=now)
