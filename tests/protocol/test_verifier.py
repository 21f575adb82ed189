import json
import runpy
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_simulator import HOME, NOW, NUMBER, Log, Register, accreditation, decision, signer

from goodstanding import Bundle, EvidenceError, Scope, Standing, Trust, VerdictKind, Verifier
from goodstanding.canonical import canonical_bytes, format_time, parse_time
from goodstanding.events import commitment, open_event
from goodstanding.merkle import leaf_hash, verify_inclusion
from goodstanding.number import make_number
from goodstanding.record import sign_record, verify_record

REGISTER = Register()
ENTRY = REGISTER.record_entry(decision())
TRUST = Trust.from_json(REGISTER.trust())
HOUR = timedelta(hours=1)


def verifier(trust=TRUST, **options):
    return Verifier(trust, clock=lambda: NOW, **options)


# ---- the committed vectors ---------------------------------------------------------------------------------


def pytest_generate_tests(metafunc):
    if "vector" in metafunc.fixturenames:
        folder = Path(__file__).parents[1] / "vectors" / "chain"
        files = sorted(path for path in folder.glob("*.json") if path.stem != "trust")
        vectors = [json.loads(path.read_text("utf-8")) for path in files]
        metafunc.parametrize("vector", vectors, ids=[path.stem for path in files])


def trust_of(folder, vector):
    return Trust.from_json(json.loads((folder / "trust.json").read_text("utf-8")) | vector.get("trust_changes", {}))


def scope_of(vector):
    asked = vector.get("scope")
    return asked and Scope(
        sectors=frozenset(asked.get("sectors", ())), corridors=frozenset(map(tuple, asked.get("corridors", ())))
    )


def test_a_vector_reaches_its_verdict(vector, vector_folder):
    bundle = Bundle.parse(json.dumps(vector).encode())

    verdict = Verifier(trust_of(vector_folder / "chain", vector)).verify_bundle(
        bundle, now=parse_time(vector["now"]), scope=scope_of(vector)
    )

    assert {"verdict": verdict.verdict, "reasons": list(verdict.codes)} == vector["expected"]
    assert all(entry.message for entry in verdict.reasons)


def test_the_chain_leads_from_record_to_root(vector_folder):
    """Record → body → commitment → leaf → hash → root, each step against the value that is written down."""
    vector = json.loads((vector_folder / "chain" / "granted.json").read_text("utf-8"))
    chain, trust = vector["chain"], trust_of(vector_folder / "chain", vector)
    body, leaf, salt = chain["body"].encode(), chain["leaf"].encode(), bytes.fromhex(chain["salt"])

    record = verify_record(vector["record"], trust.issuers[f"{HOME}/authorities/aut_labour"].keys)

    assert canonical_bytes(record.body) == body
    assert commitment(salt, body).hex() == chain["commitment"]
    assert record.leaf.encode() == leaf
    assert open_event(leaf, body, salt) == (record.leaf, record.body)
    assert record.leaf_hash.hex() == leaf_hash(leaf).hex() == chain["leaf_hash"]
    hashes = [bytes.fromhex(item) for item in chain["inclusion_proof"]]
    verify_inclusion(record.leaf_hash, chain["index"], chain["size"], hashes, bytes.fromhex(chain["root"]))


def test_the_vectors_are_what_their_maker_makes(vector_folder):
    made = runpy.run_path(str(vector_folder / "make_chain_vectors.py"))
    folder = vector_folder / "chain"
    written = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}

    # zlib's output, hence the list's bytes, may differ between implementations of zlib
    same = [
        {name: {**value, "status_list_token": ""} for name, value in vectors.items()}
        for vectors in (written, {**made["vectors"](), "trust": made["trust"]()})
    ]
    assert same[0] == same[1]


# ---- what an answer holds ----------------------------------------------------------------------------------


def test_an_answer_names_what_it_is_about():
    verdict = verifier().verify_bundle(REGISTER.bundle(ENTRY))

    assert verdict.verdict is VerdictKind.IN_GOOD_STANDING
    assert (verdict.number, verdict.standing) == (NUMBER, Standing.ACTIVE)
    assert (verdict.organisation_name, verdict.authority) == ("Himal Placements Pvt", "Ministry of Labour")
    assert verdict.scheme == "sch_fair"
    assert (verdict.valid_from, verdict.valid_until) == (date(2026, 5, 4), date(2027, 5, 4))
    assert (verdict.as_of, verdict.known_at, verdict.tree_size) == (NOW, NOW, 3)


def test_days_are_those_of_the_authority():
    midnight_there = parse_time("2027-05-03T18:15:00.000Z")  # Kathmandu is 5 h 45 min ahead
    register = Register()
    entry = register.record_entry(decision(accreditation=accreditation(valid_until=format_time(midnight_there))))

    assert verifier().verify_bundle(register.bundle(entry)).valid_until == date(2027, 5, 3)


def test_the_name_printed_is_a_legal_one_in_use():
    names = sorted(
        [
            {"text": "Old Name", "script": "Latn", "kind": "legal", "valid_until": format_time(NOW)},
            {"text": "A Trade Name", "script": "Latn", "kind": "trading"},
            {"text": "New Name", "script": "Latn", "kind": "legal"},
        ],
        key=canonical_bytes,
    )
    register = Register()
    organisation = accreditation()["organisation"] | {"names": names}
    entry = register.record_entry(decision(accreditation=accreditation(organisation=organisation)))

    assert verifier().verify_bundle(register.bundle(entry)).organisation_name == "New Name"


@pytest.mark.parametrize(
    ("record_lives", "list_lives", "bound", "least"),
    [
        (timedelta(minutes=10), HOUR, timedelta(days=1), timedelta(minutes=10)),
        (timedelta(days=30), HOUR, timedelta(days=1), HOUR),
        (timedelta(days=30), HOUR, timedelta(minutes=5), timedelta(minutes=5)),
    ],
)
def test_an_answer_is_fresh_until_the_least_of_three(record_lives, list_lives, bound, least):
    bundle = REGISTER.bundle(
        ENTRY,
        record=REGISTER.record(ENTRY, exp=NOW + record_lives),
        status_list=REGISTER.status_list(lives=list_lives),
    )

    assert verifier(checkpoint_bound=bound).verify_bundle(bundle).fresh_until == NOW + least


def test_an_answer_about_what_has_not_begun_is_fresh_until_it_begins():
    register = Register()
    start = NOW + timedelta(minutes=5)
    entry = register.record_entry(decision(accreditation=accreditation(valid_from=format_time(start))))

    verdict = verifier().verify_bundle(register.bundle(entry))

    assert (verdict.codes[0], verdict.fresh_until) == ("NOT_YET_VALID", start)


def test_without_evidence_nothing_is_fresh():
    verdict = verifier().verify(REGISTER.record(ENTRY))

    assert verdict.codes == ("NO_PROOF", "NO_STATUS", "UNWITNESSED", "SAMPLE")
    assert (verdict.fresh_until, verdict.tree_size) == (NOW, 0)
    assert verdict.number == NUMBER


def test_an_unreadable_record_is_answered_without_repeating_what_it_claims():
    verdict = verifier().verify(sign_record(REGISTER.payload(ENTRY), signer("eve")))

    assert verdict.codes == ("BAD_SIGNATURE",)
    assert verdict.number is verdict.organisation_name is None


# ---- trust -------------------------------------------------------------------------------------------------


def trusting(**changes):
    return verifier(Trust.from_json(REGISTER.trust() | changes))


def test_bundled_keys_count_for_nothing():
    bundle = REGISTER.bundle(ENTRY, issuer_keys=(signer("aut_labour").public_jwk,))

    assert trusting(issuers={}).verify_bundle(bundle).codes == ("UNKNOWN_ISSUER",)


def test_a_prefix_belongs_to_one_log_only():
    """A log the reader trusts for another prefix does not vouch for this one."""
    elsewhere = Register(Log("elsewhere.example/log"))
    entry = elsewhere.record_entry(decision())
    both = REGISTER.trust()["logs"] + [elsewhere.trust()["logs"][0] | {"prefix": "TESTX"}]

    verdict = trusting(logs=both).verify_bundle(elsewhere.bundle(entry))

    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE
    assert verdict.codes[0] == "UNKNOWN_LOG"


def issuer_with(**members):
    issuers = REGISTER.trust()["issuers"]
    issuers[f"{HOME}/authorities/aut_labour"]["keys"][0] |= members
    return trusting(issuers=issuers)


@pytest.mark.parametrize("members", [{"exp": 1}, {"revoked": {"revoked_at": 1, "reason": "lost"}}])
def test_an_ended_key_signs_nothing_any_more(members):
    second = int(NOW.timestamp())
    moved = {name: _shift(value, second) for name, value in members.items()}

    before = issuer_with(**moved).verify_bundle(REGISTER.bundle(ENTRY))
    after = issuer_with(**moved).verify_bundle(REGISTER.bundle(ENTRY), now=NOW + timedelta(seconds=1))

    assert before.verdict is VerdictKind.IN_GOOD_STANDING
    assert after.codes == ("BAD_SIGNATURE",)


def _shift(value, second):
    if isinstance(value, dict):
        return {name: _shift(inner, second) for name, inner in value.items()}
    return value + second if isinstance(value, int) else value


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_a_sample_is_never_more_than_a_sample_to_who_does_not_want_any(code):
    register = Register()
    entry = register.record_entry(decision())
    register.codes.set(7, code)

    verdict = trusting(samples=False).verify_bundle(register.bundle(entry))

    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE
    assert "SAMPLE" in verdict.codes


def test_another_prefix_is_no_sample():
    register = Register()
    entry = register.record_entry(decision(number=make_number("TESTX", "7K3M9QXR")))
    log = register.trust()["logs"][0] | {"prefix": "TESTX"}

    verdict = trusting(logs=[log], samples=False).verify_bundle(register.bundle(entry))

    assert verdict.codes == ("ACTIVE", "UNWITNESSED")


def test_wrong_check_digits_are_refused_even_when_signed():
    register = Register()
    entry = register.record_entry(decision(number=NUMBER[:-2] + "24"))

    assert verifier().verify_bundle(register.bundle(entry)).codes == ("BAD_NUMBER",)


# ---- status and time ---------------------------------------------------------------------------------------


def test_a_lapsed_accreditation_that_is_void_too_says_both_and_no_standing():
    register = Register()
    entry = register.record_entry(decision(accreditation=accreditation(valid_until=format_time(NOW + HOUR))))
    register.codes.set(7, 1)

    verdict = verifier().verify_bundle(register.bundle(entry, NOW + HOUR), now=NOW + HOUR)

    assert verdict.codes[:2] == ("LAPSED", "REVOKED_OR_SUPERSEDED")
    assert verdict.standing is None
    assert verdict.fresh_until == NOW + 2 * HOUR


@pytest.mark.parametrize("code", [2, 3])
def test_the_end_of_validity_outranks_suspension_and_silence(code):
    register = Register()
    entry = register.record_entry(decision(accreditation=accreditation(valid_until=format_time(NOW + HOUR))))
    register.codes.set(7, code)

    verdict = verifier().verify_bundle(register.bundle(entry, NOW + HOUR), now=NOW + HOUR)

    assert (verdict.verdict, verdict.standing) == (VerdictKind.NOT_IN_GOOD_STANDING, Standing.LAPSED)


def test_a_signers_fast_clock_is_forgiven_within_the_leeway_and_no_further():
    bundle = REGISTER.bundle(ENTRY)
    little, more = NOW - timedelta(seconds=60), NOW - timedelta(seconds=61)

    assert verifier().verify_bundle(bundle, now=little).verdict is VerdictKind.IN_GOOD_STANDING
    assert verifier().verify_bundle(bundle, now=more).verdict is VerdictKind.CANNOT_CONCLUDE
    assert verifier(leeway=0).verify_bundle(bundle, now=little).verdict is VerdictKind.CANNOT_CONCLUDE


def test_a_record_for_later_cannot_speak_of_now():
    """Its validity has begun, its effect has not: another record speaks of now."""
    register = Register()
    entry = register.record_entry(decision(effective_from=format_time(NOW + HOUR)))

    assert verifier().verify_bundle(register.bundle(entry)).codes[0] == "RECORD_NOT_YET_VALID"


def test_an_index_beyond_the_list_is_no_status():
    register = Register()
    entry = register.record_entry(decision(status={"uri": f"{HOME}/status-lists/1", "idx": 64}))

    assert verifier().verify_bundle(register.bundle(entry)).codes[0] == "BAD_STATUS"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (Scope(), VerdictKind.IN_GOOD_STANDING),
        (Scope(activities=frozenset({"anything"})), VerdictKind.IN_GOOD_STANDING),  # not spoken of: not limited
        (Scope(sectors=frozenset({"care"})), VerdictKind.IN_GOOD_STANDING),
        (Scope(sectors=frozenset({"care", "mining"})), VerdictKind.NOT_IN_GOOD_STANDING),
        (Scope(corridors=frozenset({("JP", "NP")})), VerdictKind.NOT_IN_GOOD_STANDING),
    ],
)
def test_a_question_of_scope_narrows_a_good_answer(asked, kind):
    assert verifier().verify_bundle(REGISTER.bundle(ENTRY), scope=asked).verdict is kind


def test_a_list_that_names_no_corridors_leaves_the_question_open():
    register = Register()
    body = decision(act="list", basis="feed", local_word="Listed", accreditation=accreditation(scope={}))

    verdict = verifier().verify_bundle(
        register.bundle(register.record_entry(body)), scope=Scope(corridors=frozenset({("NP", "JP")}))
    )

    assert verdict.codes[0] == "SCOPE_UNKNOWN"
    assert verdict.standing is None


def test_an_act_of_a_later_version_is_judged_by_its_status():
    register = Register()
    entry = register.record_entry(decision(act="renew"))

    verdict = verifier().verify_bundle(register.bundle(entry))

    assert (verdict.verdict, verdict.standing) == (VerdictKind.IN_GOOD_STANDING, None)


# ---- many at once ------------------------------------------------------------------------------------------


def test_many_are_answered_in_their_order_and_a_bad_one_spoils_no_other():
    good, suspended = Register(), Register()
    suspended.codes.set(7, 2)
    bundles = [register.bundle(register.record_entry(decision())) for register in (good, suspended)]

    answers = verifier().verify_many([bundles[0], b"{", bundles[1], bundles[0].encode()])

    assert [answer.codes[0] for answer in answers] == ["ACTIVE", "BAD_BUNDLE", "SUSPENDED", "ACTIVE"]
    assert answers[1].verdict is VerdictKind.CANNOT_CONCLUDE
    assert answers[0] == answers[3] == verifier().verify_bundle(bundles[0])


def test_a_list_seen_before_is_not_believed_beyond_its_time():
    bundle, kept = REGISTER.bundle(ENTRY), verifier()

    assert kept.verify_bundle(bundle).verdict is VerdictKind.IN_GOOD_STANDING
    assert kept.verify_bundle(bundle, now=NOW + HOUR).codes[0] == "STATUS_EXPIRED"


def test_a_list_seen_before_is_not_believed_once_its_key_has_ended():
    trust = REGISTER.trust()
    trust["status"][0]["keys"][0] |= {"exp": int(NOW.timestamp()) + 1}
    bundle, kept = REGISTER.bundle(ENTRY), verifier(Trust.from_json(trust))

    assert kept.verify_bundle(bundle).verdict is VerdictKind.IN_GOOD_STANDING
    assert kept.verify_bundle(bundle, now=NOW + timedelta(seconds=1)).codes[0] == "BAD_STATUS"


def test_a_list_seen_under_one_address_is_not_taken_for_another():
    elsewhere = Register(codes=REGISTER.codes)
    entry = elsewhere.record_entry(decision(status={"uri": f"{HOME}/status-lists/2", "idx": 7}))
    kept = verifier()
    kept.verify_bundle(REGISTER.bundle(ENTRY))

    assert kept.verify_bundle(elsewhere.bundle(entry)).codes[0] == "BAD_STATUS"


# ---- hostile input -----------------------------------------------------------------------------------------

WHOLE = REGISTER.bundle(ENTRY)
PARTS = {"record": WHOLE.record, "tlog_proof": WHOLE.tlog_proof, "status_list": WHOLE.status_list}


@settings(max_examples=250, deadline=None)
@given(part=st.sampled_from(sorted(PARTS)), data=st.data())
def test_no_altered_part_is_ever_good(part, data):
    text = PARTS[part]
    place = data.draw(st.integers(0, len(text) - 1))
    drop = data.draw(st.integers(0, 40))
    insert = data.draw(st.text(max_size=3))
    altered = text[:place] + insert + text[place + drop :]
    if altered == text:
        return

    verdict = verifier().verify(**(PARTS | {part: altered}))

    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE or part == "tlog_proof"
    if verdict.verdict is not VerdictKind.CANNOT_CONCLUDE:
        # a note may carry signature lines of strangers, and a proof may carry an unauthenticated extra
        assert "— " in altered or "extra" in altered


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=40),
    st.one_of(st.none(), st.text(max_size=40), st.binary(max_size=40)),
    st.none() | st.text(max_size=40),
)
def test_nothing_that_is_shown_raises(record, proof, token):
    assert verifier().verify(record, tlog_proof=proof, status_list=token).codes == ("BAD_RECORD",)
    assert verifier().verify(WHOLE.record, tlog_proof=proof, status_list=token).verdict is VerdictKind.CANNOT_CONCLUDE


# ---- bundles -----------------------------------------------------------------------------------------------


def test_a_bundle_is_written_and_read_alike():
    whole = REGISTER.bundle(ENTRY, issuer_keys=(signer("aut_labour").public_jwk,), receipt="a.b.c")

    assert Bundle.parse(whole.encode()) == whole
    assert Bundle.parse(Bundle("x").encode()) == Bundle("x")
    assert whole.to_json().keys() == {"record", "tlog_proof", "status_list_token", "issuer_keys", "receipt"}


def test_a_bundle_ignores_members_it_does_not_know():
    assert Bundle.parse(b'{"record":"x","later":[1]}') == Bundle("x")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b'{"record":7}', b'{"record":"x","record":"y"}', b'{"record":"x","tlog_proof":null}',
        b'{"record":"x","issuer_keys":{}}', b'{"record":"x","issuer_keys":["k"]}', b'{"record":"\xff"}',
        b'{"record":"' + b"x" * 600_000 + b'"}',
    ],
)  # fmt: skip
def test_what_is_not_a_bundle_is_refused(data):
    with pytest.raises(EvidenceError):
        Bundle.parse(data)
