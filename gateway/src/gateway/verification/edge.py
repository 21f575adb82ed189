"""The edge: what is followed, how it is fetched, and the one question it answers.

Followed, each on its own (the numbers of the issuance cycle's step 7):

- the feed, every 0.1 s: entries and bodies up to a verified checkpoint. One process of a machine does it; the others
  read along every 0.05 s (`keeper.py`);
- the checkpoint, every 2 s, by the same process: the signed time that freshness is measured by;
- the released records, every second, by the same process;
- the status lists, every second, every quarter of one while they cannot be read, and at once when the feed names a new
  one: what was decided and is not yet in the log. A suspension may be waiting in a registry that is back for a moment.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from gateway.followers import Follower
from gateway.upstream import UpstreamError, Upstreams, read
from gateway.verification import records
from gateway.verification.answer import MAX_SKEW, Sources, answer
from gateway.verification.compactor import Compactor
from gateway.verification.folder import Folder
from gateway.verification.keeper import BOUNDS, Bounds, Compact, Keeper
from gateway.verification.layout import id_text
from gateway.verification.lists import MAX_AGGREGATION, MAX_TOKEN, StatusLists, path_of, read_aggregation
from gateway.verification.question import Question
from gateway.verification.records import RecordStore
from goodstanding.clock import Clock
from goodstanding.errors import GoodstandingError, LogError
from goodstanding.feed import MAX_PAGE
from goodstanding.mirror import signed_time
from goodstanding.note import MAX_NOTE_SIZE
from goodstanding.trust import Trust, TrustedLog
from goodstanding.verdict import Verdict

PAGE_TIMEOUT: Final = 30.0
FOLLOW_EVERY: Final = 0.1
READ_EVERY: Final = 0.05
_PARALLEL = 8
_FRESH = {"Cache-Control": "no-cache"}


class Edge:
    """A verified copy of one log, shared by the processes of a machine, and its register's status lists and records."""

    def __init__(
        self,
        trust: Trust,
        log: TrustedLog,
        upstreams: Upstreams,
        clock: Clock,
        bound: timedelta,
        path: Path,
        *,
        compact: Compact | None = None,
        bounds: Bounds = BOUNDS,
    ) -> None:
        """`path` is the folder shared with other processes; it is made when the feed is first read."""
        folder = Folder(path)
        self._clock = clock
        self._upstreams = upstreams
        self._bound = bound
        self._etags: dict[str, str] = {}  # URI -> ETag of what `lists` holds under it
        self._lists = StatusLists(trust)
        self._named: set[str] = set()  # URIs of lists the feed has named
        self._records = RecordStore(path / "records.db", log.origin)
        self._keeper = Keeper(folder, log, compact or Compactor(folder, log), clock, bounds)
        self._feed = Follower("feed", self.read_feed, READ_EVERY)
        self._status = Follower("status-lists", self.read_lists, 1.0, longest=0.25)
        self.on_load: Callable[[], None] = lambda: None
        """Called whenever another snapshot has been loaded."""

    @property
    def sources(self) -> Sources:
        """What answers are made from now."""
        copy = self._keeper.copy
        return Sources(copy.mirror, copy.projection, self._lists, self._records, self._bound)

    @property
    def caught_up(self) -> bool:
        """True once the feed was read to its end; for a process that reads along, while what it reads is fresh, too."""
        newest = self._keeper.copy.mirror.newest
        if newest is None or not self._keeper.caught_up:
            return False
        return self._keeper.follows or signed_time(newest) + self._bound >= self._clock()

    @property
    def follows(self) -> bool:
        """True when this is the process that follows the feed for its machine."""
        return self._keeper.follows

    def trust(self, trust: Trust) -> None:
        """Believe the keys of this configuration from now on; lists signed by others are asked for anew."""
        for uri in self._lists.trust(trust, self._clock()):
            self._etags.pop(uri, None)
            self._status.woken.set()

    def answer(self, question: Question) -> Verdict:
        """Answer now; NotReady before the first verified checkpoint."""
        return answer(question, self.sources, self._clock())

    def followers(self) -> tuple[Follower, ...]:
        """The background work that keeps this edge true."""
        return (
            self._feed,
            Follower("checkpoint", self.read_checkpoint, 2.0),
            self._status,
            Follower("records", self.read_records, 1.0),
        )

    async def close(self) -> None:
        """Give back what the edge holds open, and let another process follow."""
        await self._keeper.close()
        self._records.close()

    async def read_feed(self) -> bool:
        """Take one page of the feed, or what another process took of it; True when there may be more."""
        before = self._keeper.copy.base
        more = await self._keeper.step(self._page)
        self._feed.every = FOLLOW_EVERY if self._keeper.follows else READ_EVERY
        if self._keeper.copy.base is not before:
            self.on_load()
        named = self._keeper.copy.projection.lists
        if not named <= self._named:  # each of them once: one that cannot be had is asked for at the usual pace
            self._named = set(named)
            self._status.woken.set()
        return more

    async def read_checkpoint(self) -> bool:
        """Take the log's current checkpoint for its time."""
        if not self._keeper.follows:
            return False
        note = await _get(self._upstreams.audit, "/log/checkpoint", MAX_NOTE_SIZE)
        seen = self._keeper.copy.mirror.verified(note)
        if seen.time is not None and seen.time > self._clock() + MAX_SKEW:
            raise LogError(f"the checkpoint is timed {seen.time:%Y-%m-%dT%H:%M:%SZ}, ahead of this node's clock")
        self._keeper.observe(note)
        return False

    async def read_lists(self) -> bool:
        """Take every status list that changed; the lists that cannot be read do not hold up the others."""
        data = await _get(self._upstreams.registry, "/status-lists", MAX_AGGREGATION)
        gate = asyncio.Semaphore(_PARALLEL)

        async def one(uri: str) -> None:
            async with gate:
                await self._read_list(uri)

        outcomes = await asyncio.gather(*map(one, read_aggregation(data)), return_exceptions=True)
        failed = [outcome for outcome in outcomes if outcome is not None]
        if failed:
            why = (
                str(failed[0])
                if isinstance(failed[0], (UpstreamError, GoodstandingError))
                else type(failed[0]).__name__
            )
            raise UpstreamError(f"{len(failed)} status lists could not be followed; the first: {why}")
        return False

    async def read_records(self) -> bool:
        """Take one page of released records, and forget those that were erased; True when the page held something."""
        if not self._keeper.follows:
            return False
        store, erased = self._records, self._keeper.copy.projection.erasures
        if erased:
            await asyncio.to_thread(store.forget, [id_text(event_id) for event_id in erased])
        page = await _get(self._upstreams.registry, f"/feed/records?after={store.after}", records.MAX_PAGE)
        return bool(page) and await asyncio.to_thread(store.take_page, page) > 0

    async def _page(self, after: int) -> bytes:
        return await _get(self._upstreams.audit, f"/feed?after={after}", MAX_PAGE)

    async def _read_list(self, uri: str) -> None:
        path = path_of(uri)
        headers = {**_FRESH, "Accept": "application/statuslist+jwt"}
        if etag := self._etags.get(uri):
            headers["If-None-Match"] = etag
        answered = await read(self._upstreams.registry, path, limit=MAX_TOKEN, headers=headers)
        if answered.status == httpx.codes.NOT_MODIFIED:
            return
        if answered.status != httpx.codes.OK:
            raise UpstreamError(f"{path} answered {answered.status}")
        self._lists.take(uri, answered.body.decode("ascii", "replace"), self._clock())
        self._etags[uri] = answered.headers.get("etag", "")


async def _get(client: httpx.AsyncClient, path: str, limit: int) -> bytes:
    answered = await read(client, path, limit=limit, headers=_FRESH, timeout=PAGE_TIMEOUT)
    if answered.status != httpx.codes.OK:
        raise UpstreamError(f"{path.partition('?')[0]} answered {answered.status}")
    return answered.body
