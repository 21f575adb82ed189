"""The published checkpoint: the one file that changes, and the only thing that makes entries visible.

1. A size never shrinks, and a time never goes back.
2. From signing to publishing the process holds `lock`: otherwise the time cosigner could date an older size later
   than a newer one.
3. Once it is halted, nothing is signed any more: a person must look.
4. The file is replaced only while it is what was read before: another process is noticed, not overwritten.
5. A new size is signed and published only on top of the checkpoint that its sequencer has found or published last: a
   larger size of another database would fork the log.
"""

import asyncio
from collections.abc import Sequence

from audit.errors import ClockWentBackwards, LogStopped, Superseded
from audit.signing import CheckpointSigner
from audit.store import Store
from goodstanding.checkpoint import Checkpoint, VerifiedCheckpoint
from goodstanding.clock import Clock
from goodstanding.errors import LogError
from goodstanding.merkle import EMPTY_ROOT
from goodstanding.note import Note, Signature

CHECKPOINT = "checkpoint"
"""Path of the published checkpoint (C2SP tlog-tiles)."""

_ATTEMPTS = 3


class Publication:
    """Signs checkpoints and publishes them; `lock` is held by whoever does one of the two."""

    def __init__(self, store: Store, signer: CheckpointSigner, clock: Clock) -> None:
        self.lock = asyncio.Lock()
        self._store = store
        self._signer = signer
        self._clock = clock
        self._halted: str | None = None

    def halt(self, why: str) -> None:
        """Sign nothing from now on, and say why to whoever tries (rule 3)."""
        self._halted = why

    def require_going_on(self) -> None:
        """Raise LogStopped once the publication was halted."""
        if self._halted is not None:
            raise LogStopped(self._halted)

    def current(self) -> VerifiedCheckpoint | None:
        """Return what is published, None for nothing yet; LogStopped when it is not this log's."""
        note = self._store.read(CHECKPOINT)
        if note is None:
            return None
        try:
            return self._signer.verify(note)
        except LogError as error:
            raise LogStopped(
                f"the published checkpoint is not one of this log with these keys: {error}. Restore the file "
                "checkpoint, or the log's keys and origin, to what they were"
            ) from error

    def current_or_empty(self) -> bytes:
        """Return the published note; before the first one, the signed empty tree, which says nothing new."""
        current = self.current()
        if current is not None:
            return current.note
        return self.sign(Checkpoint(self._signer.origin, 0, EMPTY_ROOT))[0]

    def with_lines(self, note: bytes, lines: Sequence[Signature]) -> bytes:
        """Return a note with lines of witnesses that have been verified."""
        return self._signer.with_lines(note, lines)

    def add(self, text: bytes, lines: Sequence[Signature]) -> bool:
        """Add such lines to the published checkpoint; False when it is no longer the one with this text."""
        current = self.current()
        if current is None or Note.parse(current.note).text != text:
            return False
        return self._store.swap(CHECKPOINT, current.note, self._signer.with_lines(current.note, lines))

    def sign_after(self, before: Checkpoint, checkpoint: Checkpoint) -> tuple[bytes, int]:
        """Sign a checkpoint that extends the published one, as `sign` does; Superseded when that is another (rule 5)."""
        current = self.current()
        if current is not None and current.checkpoint != before:
            raise _superseded(checkpoint.size)
        return self._sign(checkpoint, _signed_at(current))

    def sign(self, checkpoint: Checkpoint, signed_before: int = 0) -> tuple[bytes, int]:
        """Sign a checkpoint now; return the note and the time in it, in seconds since 1970.

        `signed_before` is the newest time known to have been signed, for who knows more than the published
        checkpoint says. Raises ClockWentBackwards, and LogStopped as `current` does.
        """
        return self._sign(checkpoint, max(signed_before, _signed_at(self.current())))

    def _sign(self, checkpoint: Checkpoint, signed_before: int) -> tuple[bytes, int]:
        self.require_going_on()
        now = self._clock()
        forbid_going_back(int(now.timestamp()), signed_before)
        return self._signer.sign(checkpoint, now), int(now.timestamp())

    def publish(self, note: bytes, before: Checkpoint) -> None:
        """Replace the published checkpoint durably, which must be `before` or the same tree; Superseded when it cannot."""
        checkpoint = self._signer.verify(note).checkpoint
        for _ in range(_ATTEMPTS):
            current = self.current()
            if current is not None and current.checkpoint not in (before, checkpoint):
                break
            if self._store.swap(CHECKPOINT, None if current is None else current.note, note):
                return
        raise _superseded(checkpoint.size)

    def renew_time(self) -> bool:
        """Sign the published checkpoint anew with the time now and replace it.

        False when nothing is published, when it already carries this second, or when another process was
        faster. Raises ClockWentBackwards, and LogStopped once halted.
        """
        self.require_going_on()
        current = self.current()
        if current is None:
            return False
        now = self._clock()
        seconds, signed = int(now.timestamp()), _signed_at(current)
        forbid_going_back(seconds, signed)
        if seconds == signed:
            return False
        return self._store.swap(CHECKPOINT, current.note, self._signer.cosign_again(current.note, now))


def _superseded(size: int) -> Superseded:
    return Superseded(
        f"another process publishes checkpoints of this log, size {size} was not published. Run one sequencer "
        "per log, with one database and one folder; stop the other one, then start this one again"
    )


def forbid_going_back(now: int, signed: int) -> None:
    """Raise ClockWentBackwards when `signed`, the newest time signed, is after `now`; both in seconds since 1970."""
    if now < signed:
        raise ClockWentBackwards(
            f"the clock is {signed - now} s behind the newest signature of the log; nothing is signed until it has "
            "caught up. Set the clock right"
        )


def _signed_at(published: VerifiedCheckpoint | None) -> int:
    return 0 if published is None or published.time is None else int(published.time.timestamp())
