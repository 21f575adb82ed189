"""Erasures in the public schema: for members of the authority that erases."""

from datetime import datetime
from typing import Annotated

import strawberry

from registry.context import Info
from registry.documented import documented, documented_mutation
from registry.erasure import model
from registry.errors import DomainError
from registry.failures import Conflict, Forbidden, Invalid, NotFound, writing_failure
from registry.loaders import known

_KEY = "The same key and input give the same answer; the key with other input is a conflict."


@strawberry.type(description="Events that were or will be erased. Shown to members of the authority only.")
class Erasure:
    """An erasure."""

    id: strawberry.ID = strawberry.field(description="Permanent id.")
    events: list[strawberry.ID] = strawberry.field(description="The events it is about.")
    reason: str = strawberry.field(description="Why; kept in the authority's files.")
    state: str = strawberry.field(
        description="REQUESTED, REJECTED, EXPIRED, APPROVED, DONE, or ASIDE when the log refuses it and a person must look."
    )
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it waits for a second person; null: asked for before there was an end to that."
    )
    event_id: strawberry.ID | None = strawberry.field(description="The erasure event, once approved.")


@strawberry.input(description="Events to erase, for another person to approve.")
class RequestErasureInput:
    """A request."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    events: list[strawberry.ID] = strawberry.field(
        description="Logged decisions, organisations and relations of one authority, at most 100."
    )
    reason: str = strawberry.field(description="Why; kept in the authority's files.")


@strawberry.input(description="Approval of an erasure.")
class ApproveErasureInput:
    """An approval."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    erasure: strawberry.ID = strawberry.field(description="The erasure.")


@strawberry.input(description="Rejection of an erasure.")
class RejectErasureInput:
    """A rejection."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    erasure: strawberry.ID = strawberry.field(description="The erasure.")
    reason: str = strawberry.field(description="Why not; kept in the authority's files.")


@strawberry.type(description="The erasure waits, was rejected, or is on its way.")
class ErasureDone:
    """Done."""

    erasure: Erasure = strawberry.field(description="The erasure.")


ErasureResult = Annotated[
    ErasureDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("ErasureResult", description="What became of an erasure."),
]


@strawberry.type
class ErasureQueries:
    """Queries on erasures."""

    @documented
    async def erasure(self, info: Info, id: strawberry.ID) -> Erasure | None:
        """One erasure by its id; null when there is none at an authority the reader works for."""
        found = await info.context.loaders.erasures.load(str(id)[:40])
        return None if found is None else erasure_type(found, info.context.now)


@strawberry.type
class ErasureMutations:
    """The acts of erasing."""

    @documented_mutation
    async def request_erasure(self, info: Info, input: RequestErasureInput) -> ErasureResult:
        """Ask for logged events to be erased. Takes a person with the role authority-admin.

        An accreditation of which a decision is erased shows nothing any more.
        """
        acts, ids = info.context.services.erasures, [str(event_id) for event_id in input.events]
        try:
            erasure_id = await acts.request(info.context.actor, ids, input.reason, key=str(input.idempotency_key))
        except DomainError as error:
            return writing_failure(error)
        return await _done(info, erasure_id)

    @documented_mutation
    async def approve_erasure(self, info: Info, input: ApproveErasureInput) -> ErasureResult:
        """Approve an erasure. Takes another person, with the role authority-admin. It cannot be taken back.

        An event that names what is erased is logged; then log and register delete what those events said. Whoever
        kept a record or a copy of the feed has it still.
        """
        acts, key = info.context.services.erasures, str(input.idempotency_key)
        try:
            erasure_id = await acts.approve(info.context.actor, str(input.erasure), key=key)
        except DomainError as error:
            return writing_failure(error)
        return await _done(info, erasure_id)

    @documented_mutation
    async def reject_erasure(self, info: Info, input: RejectErasureInput) -> ErasureResult:
        """Reject an erasure that waits. Takes another person, with the role authority-admin."""
        acts, key = info.context.services.erasures, str(input.idempotency_key)
        try:
            erasure_id = await acts.reject(info.context.actor, str(input.erasure), input.reason, key=key)
        except DomainError as error:
            return writing_failure(error)
        return await _done(info, erasure_id)


def erasure_type(found: model.Erasure, now: datetime) -> Erasure:
    """The public type of an erasure."""
    return Erasure(
        id=strawberry.ID(found.id),
        events=[strawberry.ID(event_id) for event_id in found.event_ids],
        reason=found.reason,
        state=str(found.state_at(now)),
        requested_at=found.requested_at,
        expires_at=found.expires_at,
        event_id=None if found.event_id is None else strawberry.ID(found.event_id),
    )


async def _done(info: Info, erasure_id: str) -> ErasureDone:
    await info.context.renew()
    found = await known(info.context.loaders.erasures, erasure_id)
    return ErasureDone(erasure=erasure_type(found, info.context.now))
