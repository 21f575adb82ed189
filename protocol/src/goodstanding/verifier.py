"""The offline verifier: a record, its inclusion proof and a status list against a trust file give a verdict.

Steps; each gives a value or a `Reason`, and a reason from 1–3 ends in CANNOT_CONCLUDE
1. Record: a trusted issuer's key, usable now, signed it; it agrees with the decision it carries; its number is sound
   [UNKNOWN_ISSUER, BAD_SIGNATURE, BAD_RECORD, BAD_NUMBER]; BAD_BUNDLE where not even a record was found.
2. Proof: the leaf rebuilt from the record is in the one log its number prefix belongs to, under a checkpoint that log
   signed and timed [UNKNOWN_LOG, NO_PROOF, BAD_PROOF].
3. Status: the list the record names, signed by a trusted key, valid now, long enough
   [UNKNOWN_STATUS_KEY, NO_STATUS, BAD_STATUS, STATUS_EXPIRED].
4. The worse of the status code and the clock decides: 0 good · 2 SUSPENDED · 1 REVOKED_OR_SUPERSEDED, LAPSED after
   `valid_until` · 3 NOTHING_ASSERTED; before `valid_from` NOT_YET_VALID.
5. What would be good is narrowed: a record past its own `exp` or before its `nbf`, and a checkpoint older than the
   bound, end in CANNOT_CONCLUDE [RECORD_EXPIRED, RECORD_NOT_YET_VALID, STALE]; then the scope asked about decides
   [OUT_OF_SCOPE, SCOPE_UNKNOWN].
6. A `TEST` number gets no further than CANNOT_CONCLUDE unless the trust file says `samples`.

Always beside the rest, once the record is read: SAMPLE, TRANSCRIBED, UNWITNESSED. A verdict is fresh until the least
of list `exp`, checkpoint time plus bound, and record `exp`. All is judged at `now`: pass the past to ask what held then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from goodstanding.checkpoint import TlogProof, VerifiedCheckpoint
from goodstanding.clock import Clock, system_clock
from goodstanding.errors import ActNotAllowed, EvidenceError, LogError, NumberError, TokenError
from goodstanding.evidence import Bundle
from goodstanding.keys import usable
from goodstanding.merkle import verify_inclusion
from goodstanding.number import SAMPLE_PREFIX, check_number, prefix_of
from goodstanding.record import Record, parse_record
from goodstanding.seen import Seen
from goodstanding.standing import Decision, Generation, Scope, worse
from goodstanding.transitions import Basis, Standing, transition
from goodstanding.trust import Trust, TrustedIssuer
from goodstanding.verdict import Reason, Verdict, VerdictKind, last_day, local_day, reason, scope_problem

DEFAULT_BOUND: Final = timedelta(hours=24)
DEFAULT_LEEWAY: Final = 60

REASONS: Final[Mapping[str, str]] = {
    "UNKNOWN_ISSUER": "The trust file does not name the issuer of this record; add the issuer if you trust it.",
    "BAD_NUMBER": "The number in the record is not an accreditation number.",
    "UNKNOWN_LOG": "The trust file gives numbers of this prefix to no log, or to another one than the record names.",
    "NO_PROOF": "Nothing shows that the decision is in the public log; fetch the record's tlog-proof.",
    "NO_STATUS": "Without a current status list a suspension would go unseen; fetch the list that the record names.",
    "UNKNOWN_STATUS_KEY": "The trust file names no key for the status list that the record points to.",
    "STATUS_EXPIRED": "The status list has expired; fetch the current one.",
    "RECORD_EXPIRED": "The record has expired; fetch the current one.",
    "RECORD_NOT_YET_VALID": "The record is for later: its time has not come.",
    "NOTHING_ASSERTED": "The register asserts nothing now: unlisted, unrecognised, erased, or its issuer in doubt.",
}
"""The reasons this module adds to those of `verdict.py`; the other BAD_… carry the sentence of their error."""

_SIGNATURE = frozenset(
    {
        "WRONG_ALG",
        "NO_KID",
        "UNKNOWN_KEY",
        "KEY_REFUSED",
        "KEY_MISMATCH",
        "SIGNATURE_LENGTH",
        "SIGNATURE_RANGE",
        "HIGH_S",
        "BAD_SIGNATURE",
    }
)
_ENDED, _SUSPENDED, _UNKNOWN = 1, 2, 3  # status codes, of the verdict table; 0 is good
_CANNOT, _NOT_IN = VerdictKind.CANNOT_CONCLUDE, VerdictKind.NOT_IN_GOOD_STANDING


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What steps 1–3 established; None for what they did not."""

    record: Record
    opened: Generation
    basis: Basis
    issuer: TrustedIssuer
    proof: VerifiedCheckpoint | None
    witnessed: bool
    code: int | None
    list_exp: datetime | None


class Verifier:
    """Answers from a trust file and what it is shown; it fetches nothing.

    `checkpoint_bound`: how old the signed time of the proof's checkpoint may be. `leeway`: seconds by which signers'
    clocks may run ahead of this one; it never stretches an expiry.
    """

    def __init__(
        self,
        trust: Trust,
        clock: Clock = system_clock,
        *,
        checkpoint_bound: timedelta = DEFAULT_BOUND,
        leeway: int = DEFAULT_LEEWAY,
    ) -> None:
        self.trust = trust
        self.clock = clock
        self._bound = checkpoint_bound
        self._leeway = leeway
        self._seen = Seen(trust)

    def verify_bundle(self, bundle: Bundle, now: datetime | None = None, *, scope: Scope | None = None) -> Verdict:
        """`verify` for the parts of a bundle; its `issuer_keys` are not used."""
        return self.verify(
            bundle.record, tlog_proof=bundle.tlog_proof, status_list=bundle.status_list, now=now, scope=scope
        )

    def verify_many(
        self, items: Iterable[Bundle | bytes], now: datetime | None = None, *, scope: Scope | None = None
    ) -> list[Verdict]:
        """The verdict on each item, in their order and all at one time; a bundle may be given as its bytes.

        What cannot be read is answered with BAD_BUNDLE and keeps nothing from the others. Checkpoints and status lists
        that items share are verified once.
        """
        now = now or self.clock()
        return [self._one_of_many(item, now, scope) for item in items]

    def _one_of_many(self, item: Bundle | bytes, now: datetime, scope: Scope | None) -> Verdict:
        try:
            return self.verify_bundle(Bundle.parse(item) if isinstance(item, bytes) else item, now, scope=scope)
        except EvidenceError as error:
            return nothing_read(Reason("BAD_BUNDLE", f"The evidence is refused: {error}."), now)

    def verify(
        self,
        record: str,
        *,
        tlog_proof: str | bytes | None = None,
        status_list: str | None = None,
        now: datetime | None = None,
        scope: Scope | None = None,
    ) -> Verdict:
        """Judge a record at `now` (aware; default: the clock's) for the scope asked about. Raises for no input."""
        now = now or self.clock()
        read = self._record(record, now)
        if isinstance(read, Reason):
            return nothing_read(read, now)
        proof = self._proof(read, tlog_proof, now)
        status = self._status(read, status_list, now)
        problems = [part for part in (proof, status) if isinstance(part, Reason)]
        sample = prefix_of(read.number) == SAMPLE_PREFIX
        found = self._found(read, proof, status)
        if problems or (sample and not self.trust.samples):
            return self._verdict(found, _CANNOT, problems, now)
        return self._judge(found, now, scope)

    def _found(
        self, record: Record, proof: VerifiedCheckpoint | Reason, status: tuple[int, datetime] | Reason
    ) -> _Evidence:
        decision = Decision.from_body(record.body, record.log_index)
        if decision.generation is None:
            raise TypeError("a verified record always opens a generation")
        code, list_exp = (None, None) if isinstance(status, Reason) else status
        return _Evidence(
            record=record,
            opened=decision.generation,
            basis=decision.basis,
            issuer=self.trust.issuers[record.claims.iss],
            proof=None if isinstance(proof, Reason) else proof,
            witnessed=not isinstance(proof, Reason) and self.trust.logs[prefix_of(record.number)].witnessed(proof),
            code=code,
            list_exp=list_exp,
        )

    def _record(self, token: str, now: datetime) -> Record | Reason:
        """Step 1."""
        try:
            read = parse_record(token)
            issuer = self.trust.issuers.get(read.iss)
            if issuer is None:
                return _reason("UNKNOWN_ISSUER")
            record = read.verify(usable(issuer.keys, now))
            return record if check_number(record.number) == record.number else _reason("BAD_NUMBER")
        except NumberError:
            return _reason("BAD_NUMBER")
        except TokenError as error:
            code = "BAD_SIGNATURE" if error.reason in _SIGNATURE else "BAD_RECORD"
            return Reason(code, f"The record is refused: {error}.")

    def _proof(self, record: Record, text: str | bytes | None, now: datetime) -> VerifiedCheckpoint | Reason:
        """Step 2."""
        log = self.trust.logs.get(prefix_of(record.number))
        if log is None or log.origin != record.log_origin:
            return _reason("UNKNOWN_LOG")
        if text is None:
            return _reason("NO_PROOF")
        try:
            proof = TlogProof.parse(text.encode() if isinstance(text, str) else text)
            if proof.index != record.log_index:
                return _bad_proof(f"it is for entry {proof.index} of the log, the record is entry {record.log_index}")
            verified = self._seen.checkpoint(log.prefix, proof.checkpoint)
            tree = verified.checkpoint
            verify_inclusion(record.leaf_hash, proof.index, tree.size, proof.hashes, tree.root)
        except (LogError, UnicodeEncodeError) as error:
            return _bad_proof(str(error))
        if verified.time is None or verified.time > now + timedelta(seconds=self._leeway):
            return _bad_proof("its checkpoint was signed after the time asked about")
        return verified

    def _status(self, record: Record, token: str | None, now: datetime) -> tuple[int, datetime] | Reason:
        """Step 3: the status code, and until when it may be relied on."""
        keys = self.trust.status_keys(record.status_uri)
        if keys is None:
            return _reason("UNKNOWN_STATUS_KEY")
        if token is None:
            return _reason("NO_STATUS")
        try:
            found = self._seen.status_list(record.status_uri, token)
            if found.kid not in usable(keys, now):
                return Reason("BAD_STATUS", "The status list is signed by a key that has ended; fetch the current one.")
            found.check(now, self._leeway)
            return found.list.get(record.status_idx), found.exp
        except TokenError as error:
            if error.reason == "EXPIRED":
                return _reason("STATUS_EXPIRED")
            return Reason("BAD_STATUS", f"The status list is refused: {error}.")

    def _judge(self, found: _Evidence, now: datetime, scope: Scope | None) -> Verdict:
        """Step 4, for complete evidence."""
        opened = found.opened
        lapsed = opened.valid_until is not None and now >= opened.valid_until
        code = worse(found.code or 0, _ENDED if lapsed else 0)
        if code == _ENDED:
            void = found.code == _ENDED
            reasons = [reason("LAPSED")] * lapsed + [reason("REVOKED_OR_SUPERSEDED")] * void
            return self._verdict(found, _NOT_IN, reasons, now, None if void else Standing.LAPSED)
        if code == _SUSPENDED:
            return self._verdict(found, _NOT_IN, [reason("SUSPENDED")], now, Standing.SUSPENDED)
        if code == _UNKNOWN:
            return self._verdict(found, _CANNOT, [_reason("NOTHING_ASSERTED")], now)
        if opened.valid_from is not None and now < opened.valid_from:
            return self._verdict(found, _NOT_IN, [reason("NOT_YET_VALID")], now)
        return self._narrow(found, now, scope)

    def _narrow(self, found: _Evidence, now: datetime, scope: Scope | None) -> Verdict:
        """Step 5, for what would be good."""
        claims, standing = found.record.claims, _standing(found.record)
        reasons = [reason(standing.value)] if standing else []
        soon = now + timedelta(seconds=self._leeway)
        if now >= claims.exp:
            return self._verdict(found, _CANNOT, [_reason("RECORD_EXPIRED")], now)
        if soon < max(claims.nbf, claims.iat):
            return self._verdict(found, _CANNOT, [_reason("RECORD_NOT_YET_VALID")], now)
        if now >= self._fresh_until(found, now):
            return self._verdict(found, _CANNOT, [reason("STALE")], now)
        problem = scope_problem(found.opened.scope, scope, found.basis) if scope else None
        kind, more = (problem[0], [problem[1]]) if problem else (VerdictKind.IN_GOOD_STANDING, [])
        return self._verdict(found, kind, reasons + more, now, standing)

    def _fresh_until(self, found: _Evidence, now: datetime) -> datetime:
        """The least of list exp, checkpoint bound, and those of record exp and start of validity still to come."""
        if found.list_exp is None or found.proof is None or found.proof.time is None:
            return now
        to_come = [at for at in (found.record.claims.exp, found.opened.valid_from) if at and now < at]
        return min(found.list_exp, found.proof.time + self._bound, *to_come)

    def _verdict(
        self,
        found: _Evidence,
        kind: VerdictKind,
        reasons: list[Reason],
        now: datetime,
        standing: Standing | None = None,
    ) -> Verdict:
        record, proof, zone = found.record, found.proof, found.issuer.time_zone
        return Verdict(
            verdict=kind,
            reasons=(*reasons, *_always(found)),
            as_of=now,
            known_at=proof.time if proof and proof.time else now,
            tree_size=proof.checkpoint.size if proof else 0,
            fresh_until=self._fresh_until(found, now),
            number=record.number,
            standing=standing,
            organisation_name=_name(record.body["accreditation"]["organisation"]["names"]),
            authority=found.issuer.name,
            scheme=record.body["scheme"],
            valid_from=local_day(found.opened.valid_from, zone),
            valid_until=last_day(found.opened.valid_until, zone),
        )


def nothing_read(why: Reason, now: datetime) -> Verdict:
    """CANNOT_CONCLUDE at a time, when there is no record that could be believed in anything."""
    return Verdict(_CANNOT, (why,), as_of=now, known_at=now, tree_size=0, fresh_until=now)


def _always(found: _Evidence) -> list[Reason]:
    codes = ["TRANSCRIBED"] if found.basis is Basis.TRANSCRIBED else []
    codes += [] if found.witnessed else ["UNWITNESSED"]
    codes += ["SAMPLE"] if prefix_of(found.record.number) == SAMPLE_PREFIX else []
    return [reason(code) for code in codes]


def _standing(record: Record) -> Standing | None:
    """What the opening act made of it; None for a listed one, whose word the scheme maps, not the record."""
    try:
        return transition(record.body["act"]).target
    except ActNotAllowed:  # an act of a later version of the table: the status code still decides
        return None


def _name(names: list[Mapping[str, Any]]) -> str:
    """The name to print: a legal one still in use before any other."""
    ranked = sorted(names, key=lambda name: (name["kind"] != "legal", "valid_until" in name))
    return str(ranked[0]["text"])


def _reason(code: str) -> Reason:
    return Reason(code, REASONS[code])


def _bad_proof(why: str) -> Reason:
    return Reason("BAD_PROOF", f"The proof is refused: {why}.")
