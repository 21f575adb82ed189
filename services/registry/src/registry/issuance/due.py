"""What changes by itself: at each due time the accreditation is projected anew and, where needed, a record queued."""

from sqlalchemy import delete, select
from sqlmodel import col

from goodstanding.clock import Clock
from registry.clock import moment
from registry.database import Database
from registry.issuance import ledger, publication, records, reissue
from registry.issuance.faults import Fault, no_fault
from registry.issuance.leases import Lease, hold
from registry.issuance.policy import Policy
from registry.issuance.tables import DueRow

MAX_BATCH = 500  # due times acted on in one transaction


class Due:
    """Acts on due times that have come."""

    def __init__(self, database: Database, policy: Policy, clock: Clock, fault: Fault = no_fault) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._fault = fault

    async def act(self, lease: Lease) -> int:
        """Do what the oldest due times ask for, in one transaction; return how many numbers it was about. LostLease."""
        now = moment(self._clock)
        come = select(col(DueRow.number)).where(col(DueRow.at) <= now).order_by(col(DueRow.at)).limit(MAX_BATCH)
        async with self._database.read() as tx:
            numbers = list(dict.fromkeys(await tx.scalars(come)))
        if not numbers:
            return 0
        async with self._database.write() as tx:
            await hold(tx, lease, now)
            histories = await ledger.held_history(tx, numbers)
            now = moment(self._clock)
            await tx.execute(delete(DueRow).where(col(DueRow.number).in_(numbers), col(DueRow.at) <= now))
            await publication.project(tx, histories, now=now)
            await records.prepare(tx, histories, self._policy, now=now)
            await reissue.act(tx, histories, self._policy, now=now)
        self._fault("due times acted on")
        return len(numbers)
