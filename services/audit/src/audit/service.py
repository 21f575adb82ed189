"""The log put together: everything `app.py`, standalone and tests need, from a database, a folder and two keys."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.bucket import Bucket
from audit.cosigner import TimeCosigner
from audit.cosigning import WAIT_SECONDS, Cosigning
from audit.database import LIMITS, Database
from audit.engines import Limits
from audit.entries import Entries
from audit.entry import Submission
from audit.erasures import Erasures
from audit.faults import Fault, no_fault
from audit.feed import Feed
from audit.object_store import ObjectStore
from audit.publication import Publication
from audit.reader import Reader
from audit.sequencer import Observe, Sequencer, nobody
from audit.signing import CheckpointSigner
from audit.store import FileStore, Store
from audit.tail import Tail
from goodstanding.clock import Clock, system_clock
from goodstanding.keys import Signer
from goodstanding.policy import Policy, fitting


@dataclass(frozen=True, slots=True)
class Log:
    """One transparency log: its writing end, its three background tasks, its readers."""

    signer: CheckpointSigner
    database: Database
    store: Store
    entries: Entries
    sequencer: Sequencer
    cosigner: TimeCosigner
    cosigning: Cosigning
    reader: Reader
    feed: Feed
    tail: Tail
    erasures: Erasures

    @property
    def origin(self) -> str:
        """The log's name, the first line of its checkpoints."""
        return self.signer.origin

    @property
    def vkeys(self) -> tuple[str, str]:
        """Verifier keys of the log and of its time cosigner."""
        return self.signer.log_key.encode(), self.signer.time_key.encode()

    async def append(self, submissions: Sequence[Submission]) -> int:
        """Store a batch of entries; see `Entries.append`."""
        return await self.entries.append(submissions)

    async def start(self) -> None:
        """Make good what a crash left and publish the first checkpoint, so that readers find one.

        The sequencer does so by itself; this is for who wants to wait for it, or to hear LogStopped at once.
        """
        await self.sequencer.step()

    async def run_sequencer(self, stop: asyncio.Event) -> None:
        """Take entries into the log until `stop` is set or a person must look (`sequencer.stopped`)."""
        await self.sequencer.run(stop)

    async def run_time_cosigner(self, stop: asyncio.Event) -> None:
        """Sign the published checkpoint anew every 5 s until `stop` is set."""
        await self.cosigner.run(stop)

    async def run_cosigning(self, stop: asyncio.Event) -> None:
        """Collect the cosignatures that came late until `stop` is set; returns at once without witnesses."""
        await self.cosigning.run(stop)

    async def close(self) -> None:
        """Close connections to witnesses and to the database; background tasks must have ended."""
        await self.cosigning.close()
        await self.database.close()


def store_at(folder: Path | Bucket) -> Store:
    """The store of published files in a folder of this machine, or in one of a bucket."""
    return ObjectStore(folder) if isinstance(folder, Bucket) else FileStore(folder)


def open_log(
    *,
    url: str,
    folder: Path | Bucket,
    origin: str,
    log_signer: Signer,
    time_signer: Signer,
    clock: Clock = system_clock,
    fault: Fault = no_fault,
    observe: Observe = nobody,
    limits: Limits = LIMITS,
    policy: Policy | None = None,
    wait: float = WAIT_SECONDS,
) -> Log:
    """Compose a log named `origin` over a migrated database (async SQLAlchemy URL) and a folder of published files.

    The folder is one of this machine, or one in a bucket. The policy names the witnesses, who are waited for `wait`
    seconds at most.

    Nothing is read or written yet. Raises LogError for an origin that cannot be a key's name, and for a policy that is
    not about this log.
    """
    signer = CheckpointSigner(origin, log_signer, time_signer)
    database = Database(url, limits)
    store = store_at(folder)
    publication = Publication(store, signer, clock)
    if policy is not None:
        fitting(policy, signer.log_key, signer.time_key)
    cosigning = Cosigning(policy, database=database, store=store, publication=publication, wait=wait)
    appended = asyncio.Event()
    reader = Reader(database, store)
    feed = Feed(database, reader)
    return Log(
        signer=signer,
        database=database,
        store=store,
        entries=Entries(database, clock, appended),
        sequencer=Sequencer(
            origin=origin,
            database=database,
            store=store,
            publication=publication,
            cosigning=cosigning,
            appended=appended,
            fault=fault,
            observe=observe,
        ),
        cosigner=TimeCosigner(publication),
        cosigning=cosigning,
        reader=reader,
        feed=feed,
        tail=Tail(feed),
        erasures=Erasures(database, reader),
    )
