"""Who follows, who reads along, and when the next snapshot is made.

1. The process that gets the folder's lock follows the feed and writes down what it verifies; the others read that.
   When it ends, the next one to ask gets the lock, reads to the end and goes on from there.
2. A snapshot or delta that is refused is removed by whoever holds the lock, and what it held comes from the feed again.
3. When what lies behind the snapshot has grown, another one is made by a process of its own. The feed waits when that
   takes so long that twice as much would be in memory.
4. A newer snapshot takes the place of the one in use, and what it holds is dropped from memory. Then the lock's holder
   removes the files that are superfluous.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.verification.copy import Copy
from gateway.verification.delta import DeltaDamaged
from gateway.verification.folder import Folder
from gateway.verification.sections import Base
from gateway.verification.snapshot import Snapshot, SnapshotRefused
from goodstanding.clock import Clock
from goodstanding.errors import LogError
from goodstanding.mirror import Fetch, follow_once
from goodstanding.trust import TrustedLog

Compact = Callable[[int, int], Awaitable[None]]
"""(base, upto) -> the snapshot of size `upto` is there. SnapshotRefused where it can only be built from the feed."""

_log = structlog.get_logger("gateway.verification")


@dataclass(frozen=True, slots=True)
class Bounds:
    """When another snapshot is due: `entries` behind the last one, or a `share` of what it holds, if that is more.

    An erasure makes it due after `erasure`: until then files hold what was erased.
    """

    entries: int = 50_000
    share: int = 10
    erasure: timedelta = timedelta(minutes=1)

    def due(self, copy: Copy) -> bool:
        """True when much lies behind the snapshot."""
        return copy.behind >= self._most(copy)

    def full(self, copy: Copy) -> bool:
        """True when no more should come to lie there."""
        return copy.behind >= 2 * self._most(copy)

    def _most(self, copy: Copy) -> int:
        return max(self.entries, copy.base.size // self.share)


BOUNDS: Final = Bounds()

PAUSE: Final = 10.0
"""Seconds before a snapshot that could not be made or loaded is tried again."""


class Keeper:
    """Keeps one process's copy true."""

    def __init__(
        self, folder: Folder, log: TrustedLog, compact: Compact, clock: Clock, bounds: Bounds = BOUNDS
    ) -> None:
        self.copy = Copy(folder, log)  # nothing yet
        self.loaded = False
        self.caught_up = False  # True once the feed, or what another process took of it, was read to its end
        self._folder = folder
        self._log = log
        self._compact = compact
        self._clock = clock
        self._bounds = bounds
        self._coming: asyncio.Task[Base] | None = None  # the next snapshot
        self._not_before = 0.0  # by the event loop's clock: when to try again what failed
        self._erased_since: datetime | None = None

    @property
    def follows(self) -> bool:
        """True when this process is the one that follows the feed."""
        return self._folder.locked

    async def step(self, fetch: Fetch) -> bool:
        """Take a page of the feed, or what another process took of it; True when there may be more at once."""
        if not self._folder.locked and self._folder.lock():
            await self._take_over()
        if not self.loaded:
            return await self._join()
        await self._exchange()
        if self.follows:
            more = not self._waits() and await follow_once(self.copy.mirror, fetch)
            self.copy.share()
        else:
            more = self.copy.read()
            if not more and self.copy.orphaned:
                await self._reload()
        self.caught_up = self.caught_up or not more
        self._prepare()
        return more

    def observe(self, note: bytes) -> None:
        """Take a checkpoint seen beside the feed, if this process follows; raises as `Mirror.observe`."""
        if self.follows and self.loaded:
            self.copy.mirror.observe(note)
            self.copy.share()

    async def close(self) -> None:
        """End what is under way, and let another process follow."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
            self._coming = None
        self.copy.close()
        self._folder.unlock()

    # ---- beginning -----------------------------------------------------------------------------------------------

    async def _take_over(self) -> None:
        """Rules 1 and 2: read to the end of what is there, and write on behind it."""
        try:
            copy = self.copy
            if self.loaded and copy.journal is None:
                _read_to_end(copy)
            if not self.loaded or copy.orphaned or copy.journal:  # orphaned: whoever followed before had begun anew
                copy = await asyncio.to_thread(self._restored)
            self._drop_unread(copy)
            copy.begin_journal()
        except BaseException:
            self.loaded = False  # whoever holds the lock next: this process reads everything anew
            self._folder.unlock()
            raise
        self._use(copy)
        _log.info("following the feed", size=copy.size, snapshot=copy.base.size)

    def _restored(self) -> Copy:
        """A copy from what is in the folder; from nothing where that is refused."""
        self._folder.forget_partial()
        while True:
            try:
                copy = Copy.newest(self._folder, self._log)
                _read_to_end(copy)
            except SnapshotRefused as error:
                size = self._folder.snapshots()[-1]
                _log.warning("snapshot refused", size=size, why=str(error))
                self._folder.snapshot(size).unlink(missing_ok=True)
            except LogError as error:
                _log.warning("what was kept is refused", why=str(error))
                self._folder.forget_all()
            else:
                return copy

    def _drop_unread(self, copy: Copy) -> None:
        """Remove deltas that nothing leads to, for example behind a snapshot that was refused."""
        for size in self._folder.deltas():
            if size not in copy.read_deltas:
                self._folder.delta(size).unlink(missing_ok=True)

    async def _join(self) -> bool:
        """Read along with whoever follows; False while there is nothing to read yet."""
        if not self._folder.snapshots() and not self._folder.deltas():
            return False
        self._use(await asyncio.to_thread(self._loaded))
        return True

    def _loaded(self) -> Copy:
        copy = Copy.newest(self._folder, self._log)
        copy.read_all()
        return copy

    def _use(self, copy: Copy) -> None:
        if copy is not self.copy:
            self.copy.close()
        self.copy, self.loaded = copy, True

    # ---- the next snapshot ---------------------------------------------------------------------------------------

    def _waits(self) -> bool:
        """Rule 3."""
        return self._coming is not None and self._bounds.full(self.copy)

    def _prepare(self) -> None:
        """Begin with the next snapshot when it is time."""
        if self._coming is not None or self._pausing():
            return
        newest, base = next(reversed(self._folder.snapshots()), 0), self.copy.base.size
        if base < newest <= self.copy.size:
            self._coming = asyncio.ensure_future(asyncio.to_thread(self._opened, newest))
        elif self.follows and (self._bounds.due(self.copy) or self._erasure_due()):
            self._coming = asyncio.ensure_future(self._compacted(base, self.copy.rotate()))

    async def _compacted(self, base: int, upto: int) -> Base:
        await self._compact(base, upto)
        return await asyncio.to_thread(self._opened, upto)

    def _opened(self, size: int) -> Base:
        return Base.of(Snapshot.open(self._folder.snapshot(size)), self._log)

    def _pausing(self) -> bool:
        return asyncio.get_running_loop().time() < self._not_before

    def _erasure_due(self) -> bool:
        if not self.copy.projection.erasures or not self.copy.behind:
            self._erased_since = None
            return False
        self._erased_since = self._erased_since or self._clock()
        return self._clock() - self._erased_since >= self._bounds.erasure

    async def _exchange(self) -> None:
        """Rule 4; raises what went wrong with the next snapshot, which is tried again later."""
        if self._coming is None or not self._coming.done():
            return
        coming, self._coming = self._coming, None
        self._not_before = asyncio.get_running_loop().time() + PAUSE
        try:
            base = await coming
        except FileNotFoundError:
            self._not_before = 0.0  # the lock's holder has made yet another one
            return
        except SnapshotRefused as error:
            if self.follows:
                self._start_over(error)
            raise
        if not self.copy.rebase(base):
            await self._reload()
            return
        self._not_before = 0.0
        if self.follows:
            self._folder.forget_before(base.size)
        _log.info("snapshot in use", size=base.size, bytes=base.length)

    async def _reload(self) -> None:
        """Read everything anew from the files: what this process has does not go with them."""
        if self.follows:
            await self._take_over()
        elif not self._pausing():
            self._not_before = asyncio.get_running_loop().time() + PAUSE
            copy = await asyncio.to_thread(self._loaded)
            if copy.size >= self.copy.size:
                self._use(copy)
            else:
                copy.close()  # the lock's holder has begun anew and is not as far yet

    def _start_over(self, error: SnapshotRefused) -> None:
        _log.warning("what was kept is damaged; building it from the feed", why=str(error))
        self._folder.forget_all()
        copy = Copy(self._folder, self._log)
        copy.begin_journal()
        self._use(copy)
        self.caught_up, self._not_before = False, 0.0


def _read_to_end(copy: Copy) -> None:
    """Read all that can be read: what is damaged or cut off is written anew from there."""
    try:
        copy.read_all()
    except DeltaDamaged as error:
        _log.warning("a delta ends early", size=copy.size, why=str(error))
