"""The background work of issuance: relay, due times, release, and what erasures name. One loop, one lease, nothing raised to callers.

Rules
1. Work is done only under the lease; an idle registry takes none and writes nothing.
2. While the log is away it is asked again after 0.1 s, then twice as long each time up to 5 s; due times and releases
   go on meanwhile.
3. When the log lied, the relay halts until a person has looked and the process is started again: nothing is released
   on its word.
4. While the log's witnesses are missing, what raises trust waits for them (`relay.py`, rule 4).
5. `status` shows all of this.
"""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from goodstanding.clock import Clock
from registry.clock import moment
from registry.database import Database
from registry.erasure.dropping import Dropping
from registry.errors import Unavailable
from registry.issuance.due import Due
from registry.issuance.errors import LogLied, LogUnavailable, LostLease
from registry.issuance.faults import Fault, no_fault
from registry.issuance.keys import KeyStore
from registry.issuance.leases import TERM, Lease, give_up, take
from registry.issuance.ledger import PROVE, RELEASE, SUBMIT
from registry.issuance.log_client import LogClient
from registry.issuance.policy import Policy
from registry.issuance.relay import Relay
from registry.issuance.release import Release
from registry.issuance.tables import DueRow, OutboxRow
from registry.settings import Settings
from registry.tracing import Spans, no_spans

LEASE = "issuance"
IDLE = 0.2  # most seconds between looks at the clock and the outbox: another process's commit wakes nobody here
FIRST_DELAY, LAST_DELAY = 0.1, 5.0  # seconds: back-off
FIRST_LOOK = 0.02  # seconds until the next look after something was done; twice as many each time nothing is
LAST_POLL = 1.0  # most seconds between questions for proofs that are not published yet
LONGEST_WAIT = 60.0  # seconds without progress after which `drain` gives up
PATIENCE = 8  # failures in a row after which `drain` gives up

_log = structlog.get_logger("registry.workers")


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """How issuance fares."""

    waiting: dict[str, int] = field(default_factory=dict)  # outbox stage -> rows; ASIDE: refused by the log for good
    trouble: str | None = None  # why the log, or the work itself, is being retried
    halted: str | None = None  # why the relay has stopped for good


class Workers:
    """Runs relay, due times and release for this process."""

    def __init__(
        self,
        database: Database,
        log_client: LogClient,
        keys: KeyStore,
        clock: Clock,
        settings: Settings,
        fault: Fault = no_fault,
        span: Spans = no_spans,
    ) -> None:
        policy = Policy.of(settings)
        self._database = database
        self._span = span
        self._clock = clock
        self._relay = Relay(database, log_client, policy, clock, fault)
        self._release = Release(database, keys, clock, fault)
        self._due = Due(database, policy, clock, fault)
        self._dropping = Dropping(database, log_client, clock, fault)
        self._holder = secrets.token_hex(8)
        self._round = asyncio.Lock()
        self._woken = asyncio.Event()
        self._lease: Lease | None = None
        self._failures = 0
        self._log_failures = 0
        self._ask_log_at = 0.0  # the loop's time, not the clock's: a bound on hammering, not a fact about the world
        self._look = FIRST_LOOK
        self._trouble: str | None = None
        self._halted: str | None = None

    @property
    def halted(self) -> str | None:
        """Why the relay has stopped for good; None while it has not."""
        return self._halted

    @property
    def trouble(self) -> str | None:
        """Why the log, or the work itself, is being tried again; None while all is well."""
        return self._trouble

    def wake(self) -> None:
        """Tell the worker that there may be something to do; to be called after a commit."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                delay = await self.round()
                if delay > 0:
                    await self._rest(delay, stopping)
        finally:
            stopping.cancel()
            await self._resign()

    async def drain(self) -> None:
        """Work until the outbox is empty and no due time has passed.

        LogLied when the relay has halted; LogUnavailable after 8 failures in a row, or 60 s without progress.
        """
        loop = asyncio.get_running_loop()
        progress_at, seen = loop.time(), dict[str, int]()
        while await self._work_to_do():
            delay = await self.round()
            waiting = (await self.status()).waiting if delay else {}  # another process may be at it
            if not delay or waiting != seen:
                progress_at, seen = loop.time(), waiting
            if self._halted:
                raise LogLied(self._halted)
            if max(self._failures, self._log_failures) >= PATIENCE or loop.time() - progress_at > LONGEST_WAIT:
                raise LogUnavailable(f"giving up: {self._trouble or 'the log publishes nothing'}")
            await asyncio.sleep(delay)

    async def status(self) -> WorkerStatus:
        """What waits, and what stands in the way."""
        statement = select(col(OutboxRow.stage), func.count()).group_by(col(OutboxRow.stage))
        async with self._database.read() as tx:
            waiting = {row[0]: row[1] for row in await tx.execute(statement)}
        return WorkerStatus(waiting, self._trouble, self._halted)

    async def round(self) -> float:
        """Do each kind of work once; return how many seconds the next round may wait."""
        async with self._round:
            try:
                delay = await self._work()
            except LostLease as error:
                self._lease = None
                _log.warning("lost the lease", why=str(error))
                return TERM.total_seconds()
            except Exception as error:  # noqa: BLE001 - the loop must outlive whatever it meets
                return self._failed(error)
            self._failures = 0
            if not self._log_failures:
                self._trouble = self._relay.held
            return delay

    async def _work(self) -> float:
        if not await self._work_to_do():
            return self._pause(IDLE)
        lease = await self._hold()
        if lease is None:
            return self._pause(IDLE)
        done = await self._log_work(lease) + await self._due.act(lease) + await self._release.sign(lease)
        if done:
            self._look = FIRST_LOOK
            return 0.0
        return self._pause(LAST_POLL)

    def _pause(self, longest: float) -> float:
        """How long to rest when there was nothing to do: work that has just been done is seldom the last."""
        pause = min(self._look, longest)
        self._look = 2 * pause
        return pause

    async def _hold(self) -> Lease | None:
        """Rule 1; every effect checks the lease again, so it need not be renewed at each round."""
        now = moment(self._clock)
        if self._lease is None or now >= self._lease.renew_at:
            async with self._database.write() as tx:
                self._lease = await take(tx, LEASE, self._holder, now)
        return self._lease

    async def _log_work(self, lease: Lease) -> int:
        """Submit and prove, unless the relay has halted or the log is to be left alone for a while (rules 2 and 3)."""
        loop = asyncio.get_running_loop()
        if self._halted or loop.time() < self._ask_log_at:
            return 0
        try:
            with self._span("relay batch"):
                done = await self._relay.submit(lease) + await self._relay.prove(lease)
                done += await self._dropping.act(lease)
        except LogUnavailable as error:
            self._log_failures += 1
            self._ask_log_at = loop.time() + backoff(self._log_failures)
            self._trouble = str(error)
            _log.warning("the log is away", why=str(error), failures=self._log_failures)
            return 0
        except LogLied as error:
            self._halted = str(error)
            _log.critical("the relay has halted: nothing is released until a person has looked", why=str(error))
            return 0
        self._log_failures = 0
        return done

    async def _work_to_do(self) -> bool:
        """Whether an event is on its way, a due time has come, or an erasure is to be done."""
        moving = select(col(OutboxRow.seq)).where(col(OutboxRow.stage).in_((SUBMIT, PROVE, RELEASE))).limit(1)
        due = select(col(DueRow.number)).where(col(DueRow.at) <= moment(self._clock)).limit(1)
        async with self._database.read() as tx:
            if (await tx.scalar(moving)) is not None or (await tx.scalar(due)) is not None:
                return True
        return await self._dropping.waiting()

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        # A database quotes what was written in its words, and that may be somebody's data.
        self._trouble = type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
        _log.error("issuance failed and will be retried", kind=type(error).__name__, failures=self._failures)
        return backoff(self._failures)

    async def _rest(self, seconds: float, stopping: "asyncio.Task[Any]") -> None:
        woken: asyncio.Task[Any] = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({woken, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _resign(self) -> None:
        """Give the lease up, so that a successor need not wait; if that fails, it waits."""
        if (lease := self._lease) is not None:
            self._lease = None
            with contextlib.suppress(SQLAlchemyError, Unavailable):
                async with self._database.write() as tx:
                    await give_up(tx, lease, moment(self._clock))


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return float(min(FIRST_DELAY * 2 ** (min(failures, 16) - 1), LAST_DELAY))
