"""Step 6a of the issuance cycle: nothing the log answers is believed before it verifies. Pure.

1. The checkpoint is signed by the configured log key and by the configured time cosigner.
2. No line of a witness that the policy names fails to verify; where its quorum has not cosigned, `witnessed` is False.
3. Each leaf, as it was stored here, is included in that checkpoint's tree at the index given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from goodstanding.checkpoint import TlogProof, verify_checkpoint, verify_tlog_proof
from goodstanding.errors import LogError
from goodstanding.merkle import leaf_hash, verify_inclusion
from goodstanding.note import VerifierKey
from goodstanding.policy import satisfied
from registry.issuance.errors import LogLied
from registry.issuance.log_client import Proofs
from registry.issuance.policy import Policy


@dataclass(frozen=True, slots=True)
class Logged:
    """What has been proved: these events stand at these indices of the tree of `size` leaves, signed at `time`; `witnessed` unless a policy asks for more cosignatures."""

    size: int
    time: datetime
    indices: Mapping[str, int]
    witnessed: bool = True


def check(answer: Proofs, leaves: Mapping[str, bytes], policy: Policy) -> Logged:
    """Verify an answer for the events asked about (event id -> stored leaf); LogLied says what does not hold."""
    try:
        verified = verify_checkpoint(
            answer.checkpoint, log=policy.log, time_cosigner=policy.time, witnesses=_witnesses(policy)
        )
    except LogError as error:
        raise LogLied(f"the log's checkpoint is refused: {error}") from error
    tree, indices = verified.checkpoint, {}
    for event_id, leaf in leaves.items():
        if (proof := answer.inclusions.get(event_id)) is None:
            continue
        try:
            verify_inclusion(leaf_hash(leaf), proof.index, tree.size, proof.hashes, tree.root)
        except LogError as error:
            raise LogLied(f"the log's proof for event {event_id} is refused: {error}") from error
        indices[event_id] = proof.index
    assert verified.time is not None  # a time cosigner was asked for
    witnessed = policy.quorum is None or satisfied(policy.quorum, verified.outside)
    return Logged(tree.size, verified.time, indices, witnessed)


def _witnesses(policy: Policy) -> tuple[VerifierKey, ...]:
    return () if policy.quorum is None else policy.quorum.keys


def check_single(proof: bytes, leaf: bytes, index: int, policy: Policy) -> None:
    """Verify a `.tlog-proof` for a stored leaf at a known index; LogLied says what does not hold."""
    try:
        parsed = TlogProof.parse(proof)
        if parsed.index != index:
            raise LogLied(f"the log proved entry {parsed.index} where entry {index} was asked for")
        verify_tlog_proof(parsed, leaf_hash(leaf), log=policy.log, time_cosigner=policy.time)
    except LogError as error:
        raise LogLied(f"the log's proof for entry {index} is refused: {error}") from error
