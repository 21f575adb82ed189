"""The log's two signatures: its own over a checkpoint (0x01) and its time cosigner's (0x04), each with its own key.

The time cosigner only says when: it is the same operator, so it protects nobody against a split view.
"""

from collections.abc import Sequence
from datetime import datetime

from goodstanding.canonical import unb64u
from goodstanding.checkpoint import Checkpoint, VerifiedCheckpoint, verify_checkpoint
from goodstanding.keys import Signer
from goodstanding.note import Note, Signature, VerifierKey, cosign, sign_note


class CheckpointSigner:
    """Signs as the log named `origin` and as its time cosigner, named `origin` + `/time`.

    Both signers hold Ed25519 keys. Raises LogError for an origin that cannot be a key's name.
    """

    def __init__(self, origin: str, log: Signer, time: Signer) -> None:
        self.origin = origin
        self.log_key = VerifierKey.ed25519(origin, _public_bytes(log))
        self.time_key = VerifierKey.cosigner(f"{origin}/time", _public_bytes(time))
        self._log = log
        self._time = time

    def sign(self, checkpoint: Checkpoint, now: datetime) -> bytes:
        """Return the checkpoint as a note that carries both signatures."""
        text = checkpoint.text()
        return Note(text, (sign_note(text, self.log_key, self._log.sign), self._cosign(text, now))).encode()

    def cosign_again(self, note: bytes, now: datetime) -> bytes:
        """Return the note with a new time; every other signature stays as it is."""
        old = Note.parse(note)
        own = (self.time_key.name, self.time_key.key_id)
        others = (line for line in old.signatures if (line.name, line.key_id) != own)
        return Note(old.text, (*others, self._cosign(old.text, now))).encode()

    def with_lines(self, note: bytes, lines: Sequence[Signature]) -> bytes:
        """Return the note with these verified lines; a key's new line takes the place of its old one."""
        old = Note.parse(note)
        new = {(line.name, line.key_id): line for line in (*old.signatures, *lines)}
        return Note(old.text, tuple(new.values())).encode()

    def verify(self, note: bytes, witnesses: Sequence[VerifierKey] = ()) -> VerifiedCheckpoint:
        """Check a note of this log against both keys, and those of witnesses; raises LogError."""
        return verify_checkpoint(note, log=self.log_key, time_cosigner=self.time_key, witnesses=witnesses)

    def _cosign(self, text: bytes, now: datetime) -> Signature:
        return cosign(text, self.time_key, self._time.sign, int(now.timestamp()))


def _public_bytes(signer: Signer) -> bytes:
    return unb64u(signer.public_jwk["x"])
