"""Write tests/vectors/chain/*.json: a record, what it is made of, and what becomes of it when something is wrong.

Run from anywhere: python tests/vectors/make_chain_vectors.py. The same bytes come out every time (only zlib's may
differ between its implementations). Each file holds the evidence, the time of the question, and the verdict to be
reached with trust.json beside it, whose members `trust_changes` replaces. `chain` shows every step from body to root
in a form other languages can follow: texts are UTF-8, hashes hexadecimal.
"""

import copy
import json
import sys
from datetime import timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "simulators"))

from register_simulator import (  # noqa: E402  # the path comes first
    HOME,
    NOW,
    Log,
    Register,
    accreditation,
    decision,
    seeded,
    signer,
)

from goodstanding.canonical import b64u, canonical_bytes, format_time  # noqa: E402
from goodstanding.record import sign_record  # noqa: E402

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WITNESS = "witness.example"
GOOD, BAD, OPEN = "IN_GOOD_STANDING", "NOT_IN_GOOD_STANDING", "CANNOT_CONCLUDE"
MARKS = ("UNWITNESSED", "SAMPLE")


def vectors():
    """Every vector by the name of its file."""
    return {**_standings(), **_times(), **_scopes(), **_tampered(), **_untrusted(), **_missing()}


def trust():
    """The reader's trust file."""
    return Register().trust(witnesses=(WITNESS,))


def _case(comment, bundle, verdict, *reasons, now=NOW, **more):
    expected = {"verdict": verdict, "reasons": list(reasons)}
    return {"comment": comment, "now": format_time(now), **bundle.to_json(), **more, "expected": expected}


def _granted(**changes):
    register = Register()
    return register, register.record_entry(decision(**changes))


def _chain(register, entry):
    return {
        "body": canonical_bytes(entry.body).decode(),
        "salt": entry.salt.hex(),
        "commitment": entry.leaf.commitment.hex(),
        "leaf": entry.leaf.encode().decode(),
        "leaf_hash": entry.leaf.hash().hex(),
        "index": entry.index,
        "size": len(register.log.leaves),
        "inclusion_proof": [item.hex() for item in register.log.hashes(entry.index)],
        "root": register.log.root().hex(),
    }


def _standings():
    register, entry = _granted()
    seen = register.log.proof(entry.index, witnesses=(WITNESS,))
    found = {
        "granted": _case(
            "a grant in effect", register.bundle(entry), GOOD, "ACTIVE", *MARKS, chain=_chain(register, entry)
        ),
        "witnessed": _case(
            "cosigned by an outside witness", register.bundle(entry, tlog_proof=seen), GOOD, "ACTIVE", "SAMPLE"
        ),
    }
    for code, name, verdict, reason in (
        (2, "suspended", BAD, "SUSPENDED"),
        (1, "void", BAD, "REVOKED_OR_SUPERSEDED"),
        (3, "nothing_asserted", OPEN, "NOTHING_ASSERTED"),
    ):
        register.codes.set(7, code)
        found[name] = _case(f"status code {code}", register.bundle(entry), verdict, reason, *MARKS)
    register, entry = _granted(
        act="list", basis="transcribed", asserted_by="The ministry", local_word="Licensed", mapping_version="1",
        snapshot="snp_1", accreditation=accreditation(valid_from=None, valid_until=None, scope={}),
    )  # fmt: skip
    found["transcribed"] = _case(
        "a row of a list somebody else published", register.bundle(entry), GOOD, "TRANSCRIBED", *MARKS
    )
    return found


def _times():
    register, entry = _granted()
    late, old = NOW + 40 * DAY, NOW + 2 * DAY
    found = {
        "record_expired": _case(
            "all is current but the record", register.bundle(entry, late), OPEN, "RECORD_EXPIRED", *MARKS, now=late
        ),
        "status_expired": _case(
            "the list is an hour old", register.bundle(entry), OPEN, "STATUS_EXPIRED", *MARKS, now=NOW + HOUR
        ),
        "checkpoint_stale": _case(
            "the checkpoint is older than a day",
            register.bundle(entry, status_list=register.status_list(old)),
            OPEN, "STALE", *MARKS, now=old,
        ),
        "asked_before": _case(
            "asked about a time before anything was signed", register.bundle(entry),
            OPEN, "BAD_PROOF", "BAD_STATUS", *MARKS, now=NOW - DAY,
        ),
    }  # fmt: skip
    end, start = NOW + HOUR, NOW + HOUR
    register, entry = _granted(accreditation=accreditation(valid_until=format_time(end)))
    found["lapsed"] = _case("valid_until has passed", register.bundle(entry, end), BAD, "LAPSED", *MARKS, now=end)
    register, entry = _granted(accreditation=accreditation(valid_from=format_time(start)))
    found["not_yet_valid"] = _case("valid_from is to come", register.bundle(entry), BAD, "NOT_YET_VALID", *MARKS)
    return found


def _scopes():
    register, entry = _granted()
    inside = {"corridors": [["NP", "JP"]], "sectors": ["care"]}
    outside = {"corridors": [["NP", "QA"]]}
    return {
        "in_scope": _case("a corridor covered", register.bundle(entry), GOOD, "ACTIVE", *MARKS, scope=inside),
        "out_of_scope": _case(
            "a corridor not covered", register.bundle(entry), BAD, "ACTIVE", "OUT_OF_SCOPE", *MARKS, scope=outside
        ),
    }


def _tampered():
    """One thing changed, first under the old signature, then signed again by the authority itself."""
    register, entry = _granted()
    unsigned = register.record(entry)
    claims = b64u(canonical_bytes(_changed(register.payload(entry), "accreditation.valid_until", later())))
    header, _, signature = unsigned.split(".")
    altered = register.bundle(entry, record=f"{header}.{claims}.{signature}")
    found = {"tampered_claim": _case("a claim altered on its way", altered, OPEN, "BAD_SIGNATURE")}
    for name, path, value, reasons in (
        ("resigned_claim", "accreditation.valid_until", later(), ("BAD_PROOF", *MARKS)),
        ("other_salt", "log.salt", b64u(seeded("another salt")), ("BAD_PROOF", *MARKS)),
        ("wrong_prev", "log.prev", b64u(seeded("some leaf")), ("BAD_PROOF", *MARKS)),
        ("wrong_index", "log.index", 2, ("BAD_PROOF", *MARKS)),
        ("wrong_subject", "log.subject", b64u(seeded("x")[:16]), ("BAD_PROOF", *MARKS)),
        ("other_log", "log.origin", "elsewhere.example/log", ("UNKNOWN_LOG", *MARKS)),
        ("other_status_index", "status.status_list.idx", 8, ("BAD_PROOF", *MARKS)),
        ("short_salt", "log.salt", b64u(seeded("another salt")[:31]), ("BAD_RECORD",)),
        ("loose_bits_in_salt", "log.salt", "A" * 42 + "B", ("BAD_RECORD",)),
        ("loose_time", "log.recorded_at", "2026-05-04T08:00:00Z", ("BAD_RECORD",)),
        ("unknown_log_member", "log.leaf_hash", entry.leaf.hash().hex(), ("BAD_RECORD",)),
        ("unknown_decision_member", "decision.note", "trust me", ("BAD_RECORD",)),
        ("unsorted_set", "accreditation.scope.sectors", ["construction", "care"], ("BAD_RECORD",)),
        ("issuer_of_another", "iss", f"{HOME}/authorities/aut_other", ("BAD_SIGNATURE",)),
        ("subject_of_another", "sub", f"{HOME}/organisations/org_other", ("BAD_RECORD",)),
        ("type_of_another", "vct", f"{HOME}/vct/transcribed-accreditation", ("BAD_RECORD",)),
        ("too_long_lived", "exp", int((NOW + 91 * DAY).timestamp()), ("BAD_RECORD",)),
        ("before_effect", "nbf", int((NOW - DAY).timestamp()), ("BAD_RECORD",)),
    ):
        token = sign_record(_changed(register.payload(entry), path, value), signer("aut_labour"))
        bundle = register.bundle(entry, record=token)
        found[name] = _case(f"signed again after {path} was changed", bundle, OPEN, *reasons)
    foreign = _changed(register.payload(entry), "iss", f"{HOME}/authorities/aut_other")
    bundle = register.bundle(entry, record=sign_record(foreign, signer("aut_other")))
    found["decided_by_another"] = _case("a trusted issuer signs another's decision", bundle, OPEN, "BAD_RECORD")
    return found


def later():
    return format_time(NOW + timedelta(days=700))


def _changed(payload, path, value):
    changed = copy.deepcopy(payload)
    *way, last = path.split(".")
    place = changed
    for step in way:
        place = place[step]
    place[last] = value
    return changed


def _untrusted():
    register, entry = _granted()
    bundle = register.bundle(entry)
    other = Register(Log())
    for _ in range(3):
        other.record_entry(decision(reason="another-tree"))
    foreign = Register(Log("elsewhere.example/log"))
    foreign_entry = foreign.record_entry(decision())
    untimed = register.log.proof(entry.index, timed=False)
    return {
        "unknown_issuer": _case(
            "the trust file names no issuers", bundle, OPEN, "UNKNOWN_ISSUER", trust_changes={"issuers": {}}
        ),
        "unknown_status_key": _case(
            "the trust file names no status keys", bundle, OPEN, "UNKNOWN_STATUS_KEY", *MARKS,
            trust_changes={"status": []},
        ),
        "unknown_log": _case(
            "the trust file gives TEST to no log", bundle, OPEN, "UNKNOWN_LOG", *MARKS, trust_changes={"logs": []}
        ),
        "samples_refused": _case(
            "the trust file does not admit samples", bundle, OPEN, *MARKS, trust_changes={"samples": False}
        ),
        "proof_of_another_tree": _case(
            "the same entry number in another tree of the same log",
            register.bundle(entry, tlog_proof=other.log.proof(entry.index)), OPEN, "BAD_PROOF", *MARKS,
        ),
        "proof_of_another_log": _case(
            "a proof of a log nobody trusts",
            register.bundle(entry, tlog_proof=foreign.log.proof(foreign_entry.index)), OPEN, "BAD_PROOF", *MARKS,
        ),
        "untimed_checkpoint": _case(
            "a checkpoint that the log's time cosigner did not sign",
            register.bundle(entry, tlog_proof=untimed), OPEN, "BAD_PROOF", *MARKS,
        ),
        "another_list": _case(
            "the status list of another URI",
            register.bundle(entry, status_list=register.status_list(uri=f"{HOME}/status-lists/2")),
            OPEN, "BAD_STATUS", *MARKS,
        ),
        "list_by_an_authority": _case(
            "a status list signed by a key trusted for records only",
            register.bundle(entry, status_list=register.status_list(key="aut_labour")), OPEN, "BAD_STATUS", *MARKS,
        ),
    }  # fmt: skip


def _missing():
    register, entry = _granted()
    none = {"tlog_proof": None, "status_list": None}
    return {
        "no_proof": _case("a record without proof", register.bundle(entry, tlog_proof=None), OPEN, "NO_PROOF", *MARKS),
        "no_status": _case(
            "a record without status list", register.bundle(entry, status_list=None), OPEN, "NO_STATUS", *MARKS
        ),
        "record_alone": _case("a record alone", register.bundle(entry, **none), OPEN, "NO_PROOF", "NO_STATUS", *MARKS),
        "not_a_record": _case("no record at all", register.bundle(entry, record="~"), OPEN, "BAD_RECORD"),
    }


def main():
    """Write every file anew."""
    folder = HERE / "chain"
    folder.mkdir(exist_ok=True)
    for name, value in {**vectors(), "trust": trust()}.items():
        text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
