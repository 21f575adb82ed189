"""Intake of lists: one person stages a file, another releases it.

    stage:    read the whole file (no transaction) → compare with what is listed → one transaction stores the snapshot
    release:  one transaction opens it → one per batch of 250 listings → the last of them closes it

A file that is refused, and a stage that is killed, leave the database as it was. A release that is killed goes on
where it stopped, by the same approver or another one; nothing is released twice. Batches come one after another, also
those of different lists: what two lists say about one organisation must not make two of it. A batch that met an
application of the same moment is done again, and finds it.
"""

import asyncio
import math
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from goodstanding.clock import Clock
from registry.access.idempotency import Request, claim
from registry.access.model import Actor, Role
from registry.access.service import need_person_with, need_role
from registry.accreditations.drafts import long_text
from registry.clock import moment
from registry.database import Database, ReadTx, WriteTx, alone
from registry.errors import Conflict, Invalid, NotFound
from registry.ids import fresh_id
from registry.intake import repository, staging
from registry.intake.acts import Release
from registry.intake.assertions import asserted_by, layout_named
from registry.intake.comparing import compare, schemes_of
from registry.intake.founding import need_mandates, need_schemes, prepare
from registry.intake.layouts import Layout
from registry.intake.release import release_batch
from registry.intake.releasing import check_age, check_order, check_reject, check_release
from registry.intake.repository import BATCH
from registry.intake.snapshots import REJECTED, RELEASED, RELEASING, UPLOADERS, Snapshot, is_id
from registry.intake.staging import Progress, Staged, no_progress
from registry.outages import LOST_RACE
from registry.schemes.service import list_released
from registry.settings import Settings

MAX_FILE_NAME = 200
MAX_REJECTION = 1_000  # characters
ANSWER_WITHIN = 5.0  # seconds; how long a caller who waits for an answer is kept
RELEASE_BATCH = 250  # listings of one transaction, about a tenth of a second
ATTEMPTS = 3  # at one batch
COURTESY = 0.25  # of the time a batch took: left to other writers, who on SQLite could not get in between otherwise


class Intake:
    """Stages and releases lists; `wake` is called after every commit that left something for the workers.

    ``batch`` is how many listings one transaction of a release takes, at most 500.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        wake: Callable[[], None] = lambda: None,
        batch: int = RELEASE_BATCH,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._wake = wake
        self._batch = min(batch, BATCH)

    async def stage(
        self,
        actor: Actor,
        upload: Path | BinaryIO,
        layout: str,
        *,
        transcribed_from: str | None = None,
        authority: str | None = None,
        file_name: str | None = None,
        progress: Progress = no_progress,
    ) -> Snapshot:
        """Read a list and store what becomes of its rows; the same file by the same person is stored once.

        ``transcribed_from`` is the address a copied list was published at; without it the list is the uploader's own
        authority's, ``authority`` saying which where there are several. ``progress`` gets rows and bytes read, from
        another thread. Raises Forbidden, Invalid (FileRefused for the file), Conflict.
        """
        plan, assertion = layout_named(layout), asserted_by(actor, transcribed_from, authority)
        async with self._database.read(actor.sub) as tx:
            await need_role(tx, actor, assertion.authority_id, *UPLOADERS)
            await need_schemes(tx, plan)
        name = _file_name(file_name or (upload.name if isinstance(upload, Path) else ""))
        read = await asyncio.to_thread(_read, upload, plan, progress)
        now = moment(self._clock)
        async with self._database.read(actor.sub) as tx:
            staged = await compare(tx, read, plan, assertion, now=now)
        snapshot = staged.snapshot(
            fresh_id("snp", now), plan, assertion, file_name=name, uploaded_by=actor.sub, now=now
        )
        async with self._database.write(actor.sub) as tx:
            await need_role(tx, actor, assertion.authority_id, *UPLOADERS)
            return await _store(tx, staged, snapshot, now - self._settings.proposal_lifetime)

    async def release(
        self,
        actor: Actor,
        snapshot_id: str | None = None,
        *,
        removes: int | None = None,
        progress: Progress = no_progress,
    ) -> Snapshot:
        """Release a snapshot, or the only one that waits; ``progress`` gets listings done and to do.

        ``removes`` says how many accreditations the list no longer names; one that misses many is held without it.
        Raises NotFound, Forbidden (also for the uploader and for API keys), Conflict.
        """
        release = await self._begin(actor, snapshot_id or await self._only_one(actor), removes)
        return await self._go_on(release, progress=progress)

    async def release_read(
        self,
        actor: Actor,
        snapshot_id: str,
        file_hash: str,
        *,
        key: str,
        removes: int | None = None,
        seconds: float = ANSWER_WITHIN,
    ) -> Snapshot:
        """Release exactly the file with this hash, as far as it gets in so many seconds; asked again, it goes on.

        Raises Invalid, NotFound, Forbidden, Conflict (also for another hash, or what is released already).
        """
        if not is_id(snapshot_id):
            raise NotFound(f"There is no snapshot {snapshot_id[:60]!r} of an authority you work for.")
        wanted: dict[str, object] = {"snapshot": snapshot_id, "fileHash": file_hash}
        wanted |= {} if removes is None else {"removes": removes}
        async with self._database.write(actor.sub) as tx:
            snapshot = await _visible(tx, actor, snapshot_id, lock=True)
            request = Request(actor, "releaseSnapshot", key, wanted)
            again = await claim(tx, request, result_id=snapshot_id, now=moment(self._clock))
            if again and snapshot.state == RELEASED:
                return snapshot
            if file_hash != snapshot.file_hash:
                raise Conflict(
                    "The file hash is not that of this snapshot. Read it again and release what it holds.",
                    code="STALE_DIGEST",
                )
            release = await self._opened(tx, actor, snapshot, removes)
        return await self._go_on(release, seconds=seconds)

    async def reject(self, actor: Actor, snapshot_id: str, reason: str, *, key: str) -> Snapshot:
        """Reject a list that another person staged: nothing of it is released. The reason is kept, restricted.

        Raises Invalid, NotFound, Forbidden, Conflict (also once its release has begun).
        """
        why = long_text("reason", reason, MAX_REJECTION)
        if not is_id(snapshot_id):
            raise NotFound(f"There is no snapshot {snapshot_id[:60]!r} of an authority you work for.")
        async with self._database.write(actor.sub) as tx:
            snapshot = await _visible(tx, actor, snapshot_id, lock=True)
            request = Request(actor, "rejectSnapshot", key, {"snapshot": snapshot_id, "reason": reason})
            if await claim(tx, request, result_id=snapshot_id, now=moment(self._clock)):
                return snapshot
            check_reject(snapshot, actor)
            await need_person_with(tx, actor, snapshot.authority_id, Role.APPROVER, what=f"reject {snapshot_id}")
            changes = {"state": REJECTED, "rejected_by": actor.sub, "rejection": why}
            await repository.change(tx, snapshot_id, changes)
        return replace(snapshot, state=REJECTED)

    async def _go_on(
        self, release: Release, *, progress: Progress = no_progress, seconds: float = math.inf
    ) -> Snapshot:
        """Release batch after batch, the first one however long it takes."""
        snapshot, loop = release.snapshot, asyncio.get_running_loop()
        ends = loop.time() + seconds
        while snapshot.state != RELEASED:
            began = loop.time()
            snapshot = await self._try_batch(release)
            self._wake()
            progress(snapshot.released, snapshot.to_release)
            if loop.time() >= ends:
                break
            await asyncio.sleep((loop.time() - began) * COURTESY)
        return snapshot

    async def prepare(self, layout: str) -> list[str]:
        """Found the known schemes of a layout, with owner and mandate, where they are missing; the ids of what is new.

        For operators: it checks no role. Doing it again founds nothing.
        """
        plan, now = layout_named(layout), moment(self._clock)
        async with self._database.as_registry().write() as tx:
            await alone(tx, "founding for lists")
            founded = await prepare(tx, plan, origin=self._settings.origin, now=now)
        self._wake()
        return founded

    async def snapshots(self, actor: Actor, *, waiting: bool = False) -> list[Snapshot]:
        """The newest snapshots of the actor's authorities, at most a page; ``waiting``: those not released yet."""
        actor.need_identity()
        async with self._database.read(actor.sub) as tx:
            return await repository.snapshots(tx, actor.authorities, waiting=waiting)

    async def show(self, actor: Actor, snapshot_id: str) -> Snapshot:
        """One snapshot of an authority the actor works for; NotFound otherwise."""
        async with self._database.read(actor.sub) as tx:
            return await _visible(tx, actor, snapshot_id)

    async def refused_rows(
        self, actor: Actor, snapshot_id: str, *, after: int = 0, most: int = 100
    ) -> list[tuple[int, str, str]]:
        """(row, HELD or REJECTED, reason) of the rows after ``after`` that were not accepted, at most ``most``."""
        async with self._database.read(actor.sub) as tx:
            await _visible(tx, actor, snapshot_id)
            return await repository.refused_rows(tx, snapshot_id, after=after, most=min(most, 1_000))

    async def held_gone(self, actor: Actor, snapshot_id: str, *, most: int = 100) -> list[tuple[str, str]]:
        """(name, reason) of what the file does not name and what is not unlisted all the same, at most ``most``."""
        async with self._database.read(actor.sub) as tx:
            await _visible(tx, actor, snapshot_id)
            return await repository.held_gone(tx, snapshot_id, min(most, 1_000))

    async def _begin(self, actor: Actor, snapshot_id: str, removes: int | None) -> Release:
        async with self._database.write(actor.sub) as tx:
            return await self._opened(tx, actor, await _visible(tx, actor, snapshot_id, lock=True), removes)

    async def _opened(self, tx: WriteTx, actor: Actor, snapshot: Snapshot, removes: int | None) -> Release:
        """Check who releases what, and mark the snapshot as theirs."""
        check_release(snapshot, actor, removes)
        check_order(snapshot, await repository.newer_released(tx, snapshot))
        await need_person_with(tx, actor, snapshot.authority_id, Role.APPROVER, what=f"release {snapshot.id}")
        decided_at = moment(self._clock)
        check_age(snapshot, self._settings.proposal_lifetime, decided_at)
        acts = await repository.staged_acts(tx, snapshot.id)
        await need_mandates(tx, snapshot.authority_id, acts, decided_at)
        begun = {"state": RELEASING, "released_by": actor.sub, "removals_confirmed": removes}
        await repository.change(tx, snapshot.id, begun)
        schemes = sorted({scheme for scheme, _ in acts})
        vocabularies = await repository.vocabularies(tx, schemes)
        under = await schemes_of(tx, layout_named(snapshot.layout), snapshot.authority_id, schemes)
        return Release(
            snapshot=replace(snapshot, state=RELEASING, released_by=actor.sub, removals_confirmed=removes),
            approver=actor.sub,
            decided_at=decided_at,
            origin=self._settings.origin,
            prefix=self._settings.prefix,
            vocabularies=vocabularies,
            under=under,
        )

    async def _only_one(self, actor: Actor) -> str:
        waiting = await self.snapshots(actor, waiting=True)
        if not waiting:
            raise NotFound("No list of your authorities waits for release.")
        if len(waiting) > 1:
            ids = ", ".join(snapshot.id for snapshot in waiting[:10])
            raise Invalid(f"{len(waiting)} lists wait for release; name one of {ids}.", field="snapshot")
        return waiting[0].id

    async def _try_batch(self, release: Release) -> Snapshot:
        """Release the next batch, again if somebody got in its way at the same moment."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._next_batch(release)
            except Conflict as error:
                if error.code != LOST_RACE:
                    raise
        return await self._next_batch(release)

    async def _next_batch(self, release: Release) -> Snapshot:
        """Release the next batch; the snapshot as it stands after it. Conflict when somebody else took over."""
        async with self._database.write(release.approver) as tx:
            snapshot = await repository.snapshot(tx, release.snapshot.id, lock=True)
            if snapshot is None or snapshot.released_by != release.approver:
                raise Conflict(f"Somebody else took over the release of {release.snapshot.id}.")
            if snapshot.state == RELEASED:
                return snapshot
            await alone(tx, "release of lists")
            batch = await repository.pending(tx, snapshot.id, self._batch)
            now, last = moment(self._clock), len(batch) < self._batch
            if last:  # first: administration, too, holds a scheme before anything under it
                await _announce(tx, snapshot, {staged.claim.scheme_id for staged in batch}, now)
            changes = snapshot.after(await release_batch(tx, release, batch, now))
            if last:
                changes |= {"state": RELEASED, "released_at": now}
            await repository.change(tx, snapshot.id, changes)
        return replace(snapshot, **changes)


def _read(upload: Path | BinaryIO, layout: Layout, progress: Progress) -> staging.Read:
    if not isinstance(upload, Path):
        return staging.read_list(upload, layout, progress)
    try:
        with upload.open("rb") as stream:
            return staging.read_list(stream, layout, progress)
    except OSError as error:
        raise Invalid(f"The file {upload.name} cannot be read: {error.strerror}.", field="file") from error


def _file_name(given: str) -> str:
    """A name to tell files apart by; whatever a client calls its file, it fits and can be printed."""
    return "".join(letter for letter in Path(given).name if letter.isprintable())[:MAX_FILE_NAME] or "upload"


async def _store(tx: WriteTx, staged: Staged, snapshot: Snapshot, since: datetime) -> Snapshot:
    await alone(tx, f"upload of {snapshot.file_hash} by {snapshot.uploaded_by}")
    if (same := await repository.same_upload(tx, snapshot, since)) is not None:
        return same
    await repository.store(tx, snapshot, staged.read.gathering.refused(), staged.listings())
    return snapshot


async def _announce(tx: WriteTx, snapshot: Snapshot, named: Collection[str], now: datetime) -> None:
    """Log that this list is out, also where it changes nobody: of the day on which it was uploaded."""
    under = {*layout_named(snapshot.layout).schemes, *await repository.listed_under(tx, snapshot.series), *named}
    await list_released(
        tx, snapshot.authority_id, under, snapshot=snapshot.id, source=snapshot.source, at=snapshot.uploaded_at, now=now
    )


async def _visible(tx: ReadTx | WriteTx, actor: Actor, snapshot_id: str, *, lock: bool = False) -> Snapshot:
    """A snapshot is shown to the staff of its authority; for others it does not exist."""
    actor.need_identity()
    snapshot = await repository.snapshot(tx, snapshot_id, lock=lock)
    if snapshot is None or not actor.works_for(snapshot.authority_id):
        raise NotFound(f"There is no snapshot {snapshot_id[:60]!r} of an authority you work for.")
    return snapshot
