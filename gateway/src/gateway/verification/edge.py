"""The edge: what is followed, how it is fetched, and the one question it answers.

Followed, each on its own (the numbers of the issuance cycle's step 7):

- the feed, every 0.2 s: entries and bodies up to a verified checkpoint;
- the checkpoint, every 2 s: the signed time that freshness is measured by;
- the status lists, every second: what was decided and is not yet in the log;
- the released records, every second.
"""

import asyncio
from datetime import timedelta
from typing import Final

import httpx

from gateway.followers import Follower
from gateway.upstream import UpstreamError, Upstreams, read
from gateway.verification import records
from gateway.verification.answer import Sources, answer
from gateway.verification.lists import MAX_AGGREGATION, MAX_TOKEN, StatusLists, path_of, read_aggregation
from gateway.verification.projection import Projection
from gateway.verification.question import Question
from gateway.verification.records import RecordStore
from goodstanding.clock import Clock
from goodstanding.errors import GoodstandingError, LogError
from goodstanding.mirror import MAX_PAGE, Mirror, follow_once
from goodstanding.note import MAX_NOTE_SIZE
from goodstanding.trust import Trust, TrustedLog
from goodstanding.verdict import Verdict

MAX_SKEW: Final = timedelta(seconds=60)
"""How far ahead of this node's clock a signed time may lie; beyond it one of the two clocks is wrong."""

PAGE_TIMEOUT: Final = 30.0
_PARALLEL = 8
_FRESH = {"Cache-Control": "no-cache"}


class Edge:
    """A verified copy of one log and its register's status lists and records."""

    def __init__(self, trust: Trust, log: TrustedLog, upstreams: Upstreams, clock: Clock, bound: timedelta) -> None:
        projection = Projection()
        self._clock = clock
        self._upstreams = upstreams
        self._etags: dict[str, str] = {}  # URI -> ETag of what `lists` holds under it
        self.caught_up = False  # True once the feed was read to its end
        self.sources = Sources(
            mirror=Mirror(log, projection.apply),
            projection=projection,
            lists=StatusLists(trust),
            records=RecordStore(),
            bound=bound,
        )

    def answer(self, question: Question) -> Verdict:
        """Answer now; NotReady before the first verified checkpoint."""
        return answer(question, self.sources, self._clock())

    def followers(self) -> tuple[Follower, ...]:
        """The background work that keeps this edge true."""
        return (
            Follower("feed", self.read_feed, 0.2),
            Follower("checkpoint", self.read_checkpoint, 2.0),
            Follower("status-lists", self.read_lists, 1.0),
            Follower("records", self.read_records, 1.0),
        )

    def close(self) -> None:
        """Give back what the edge holds open."""
        self.sources.records.close()

    async def read_feed(self) -> bool:
        """Take one page of the feed; True when it held something."""
        more = await follow_once(self.sources.mirror, self._page)
        self.caught_up = self.caught_up or not more
        return more

    async def read_checkpoint(self) -> bool:
        """Take the log's current checkpoint for its time."""
        note = await _get(self._upstreams.audit, "/log/checkpoint", MAX_NOTE_SIZE)
        seen = self.sources.mirror.verified(note)
        if seen.time is not None and seen.time > self._clock() + MAX_SKEW:
            raise LogError(f"the checkpoint is timed {seen.time:%Y-%m-%dT%H:%M:%SZ}, ahead of this node's clock")
        self.sources.mirror.observe(note)
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
        """Take one page of released records; True when it held something."""
        store = self.sources.records
        page = await _get(self._upstreams.registry, f"/feed/records?after={store.after}", records.MAX_PAGE)
        return store.take_page(page) > 0

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
        self.sources.lists.take(uri, answered.body.decode("ascii", "replace"), self._clock())
        self._etags[uri] = answered.headers.get("etag", "")


async def _get(client: httpx.AsyncClient, path: str, limit: int) -> bytes:
    answered = await read(client, path, limit=limit, headers=_FRESH, timeout=PAGE_TIMEOUT)
    if answered.status != httpx.codes.OK:
        raise UpstreamError(f"{path.partition('?')[0]} answered {answered.status}")
    return answered.body
