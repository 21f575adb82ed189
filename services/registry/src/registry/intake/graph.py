"""Uploaded lists in the public schema: what one holds, for the staff of its authority, and its release."""

from datetime import datetime
from typing import Annotated

import strawberry

from registry.access.model import Actor
from registry.accreditations.mutations import KEY
from registry.context import Info
from registry.documented import documented, documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Forbidden, Invalid, NotAllowed, NotFound, failure
from registry.intake import repository
from registry.intake import snapshots as model
from registry.relay import UNSET, said


@strawberry.type(description="An uploaded list: staged by one person, released by another one.")
class Snapshot:
    """A snapshot."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    state: str = strawberry.field(description="STAGED, RELEASING, RELEASED or REJECTED.")
    file_name: str = strawberry.field(description="What the file was called.")
    file_hash: str = strawberry.field(description="SHA-256 of the file, base64url: names exactly what is released.")
    rows: int = strawberry.field(description="Rows of the file: accepted, held and rejected ones.")
    accepted: int = strawberry.field(description="Rows that are or will be listed.")
    held: int = strawberry.field(description="Rows that wait for a person.")
    rejected: int = strawberry.field(description="Rows that cannot be read as a listing.")
    listings: int = strawberry.field(description="New accreditations that the accepted rows amount to.")
    released_listings: int = strawberry.field(description="How many of them have been released.")
    absent: int = strawberry.field(description="Accreditations listed before that the file does not name.")
    held_because: str | None = strawberry.field(
        description="Why it is held as a whole; null where it is not, or whoever releases it said how many it removes."
    )
    uploaded_at: datetime = strawberry.field(description="When it was uploaded.")
    released_at: datetime | None = strawberry.field(description="When its release was complete.")


@strawberry.input(description="Release of exactly one file.")
class ReleaseSnapshotInput:
    """A release."""

    idempotency_key: strawberry.ID = strawberry.field(description=f"{KEY} Asked again, a release goes on.")
    snapshot: strawberry.ID = strawberry.field(description="The snapshot.")
    file_hash: str = strawberry.field(description="The hash of the file that was looked at and is released.")
    removes: int | None = strawberry.field(
        default=UNSET,
        description="How many accreditations the list no longer names (Snapshot.absent); a list that misses many is "
        "released with exactly this number only, and so is one that goes on being released.",
    )


@strawberry.type(description="The release has begun, or is complete: the snapshot's state says which.")
class ReleaseSnapshotDone:
    """Done."""

    snapshot: Snapshot = strawberry.field(description="The snapshot. While it is RELEASING, ask again to go on.")


ReleaseSnapshotResult = Annotated[
    ReleaseSnapshotDone | NotAllowed | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("ReleaseSnapshotResult", description="What became of a release."),
]


@strawberry.input(description="Rejection of an uploaded list.")
class RejectSnapshotInput:
    """A rejection."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    snapshot: strawberry.ID = strawberry.field(description="The snapshot.")
    reason: str = strawberry.field(description="Why not; kept in the authority's files.")


@strawberry.type(description="Nothing of the list will be released.")
class RejectSnapshotDone:
    """Done."""

    snapshot: Snapshot = strawberry.field(description="The snapshot.")


RejectSnapshotResult = Annotated[
    RejectSnapshotDone | NotAllowed | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("RejectSnapshotResult", description="What became of a rejection."),
]


@strawberry.type
class IntakeQueries:
    """Queries on uploaded lists."""

    @documented
    async def snapshot(self, info: Info, id: strawberry.ID) -> Snapshot | None:
        """One uploaded list of an authority the caller works for; null otherwise."""
        async with info.context.reader.use() as tx:
            found = await repository.snapshot(tx, str(id)) if model.is_id(str(id)) else None
        return None if found is None or not _sees(info.context.actor, found) else _snapshot(found)


@strawberry.type
class IntakeMutations:
    """The acts on uploaded lists."""

    @documented_mutation
    async def release_snapshot(self, info: Info, input: ReleaseSnapshotInput) -> ReleaseSnapshotResult:
        """Release a list that another person uploaded, as far as it gets in a few seconds.

        Takes a person with the role approver at its authority.
        """
        intake, key = info.context.services.intake, str(input.idempotency_key)
        try:
            found = await intake.release_read(
                info.context.actor, str(input.snapshot), input.file_hash, key=key, removes=said(input.removes)
            )
        except DomainError as error:
            return failure(error)
        await info.context.renew()
        return ReleaseSnapshotDone(snapshot=_snapshot(found))

    @documented_mutation
    async def reject_snapshot(self, info: Info, input: RejectSnapshotInput) -> RejectSnapshotResult:
        """Reject a list that another person uploaded and whose release has not begun.

        Takes a person with the role approver at its authority.
        """
        intake, key = info.context.services.intake, str(input.idempotency_key)
        try:
            found = await intake.reject(info.context.actor, str(input.snapshot), input.reason, key=key)
        except DomainError as error:
            return failure(error)
        await info.context.renew()
        return RejectSnapshotDone(snapshot=_snapshot(found))


def _sees(actor: Actor, found: model.Snapshot) -> bool:
    return actor.works_for(found.authority_id)


def _snapshot(found: model.Snapshot) -> Snapshot:
    return Snapshot(
        id=strawberry.ID(found.id),
        state=found.state,
        file_name=found.file_name,
        file_hash=found.file_hash,
        rows=found.rows,
        accepted=found.accepted,
        held=found.held,
        rejected=found.rejected,
        listings=found.listings,
        released_listings=found.released_listings,
        absent=found.absent,
        held_because=found.held_because,
        uploaded_at=found.uploaded_at,
        released_at=found.released_at,
    )
