import copy
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_simulator import HOME, LOG, NOW, NUMBER, Register, accreditation, decision, seeded, signer

from goodstanding.canonical import b64u, format_time
from goodstanding.errors import TokenError
from goodstanding.jws import sign_jws
from goodstanding.record import parse_record, record_payload, sign_record, verify_record

AUTHORITY = signer("aut_labour")
KEYS = {AUTHORITY.kid: AUTHORITY.public_jwk}
REGISTER = Register()
ENTRY = REGISTER.record_entry(decision())
PAYLOAD = REGISTER.payload(ENTRY)
SECOND = int(NOW.timestamp())


def changed(path, value=None, payload=PAYLOAD):
    """The claims with one place changed, or taken away."""
    whole = copy.deepcopy(payload)
    *way, last = path.split(".")
    place = whole
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return whole


def reason(token, keys=KEYS):
    with pytest.raises(TokenError) as refused:
        verify_record(token, keys)
    assert refused.value.message
    return refused.value.reason


def test_a_record_gives_back_what_was_logged():
    record = verify_record(sign_record(PAYLOAD, AUTHORITY), KEYS)

    assert record.body == ENTRY.body
    assert record.leaf == ENTRY.leaf
    assert record.leaf_hash == ENTRY.leaf.hash()
    assert (record.log_origin, record.log_index) == (LOG, ENTRY.index)
    assert (record.number, record.status_uri, record.status_idx) == (NUMBER, f"{HOME}/status-lists/1", 7)
    assert record.claims.iss == f"{HOME}/authorities/aut_labour"
    assert record.claims.nbf == NOW - timedelta(hours=1)
    assert record.claims.exp == NOW + timedelta(days=30)


def test_a_record_that_follows_another_leaf_carries_its_hash():
    register = Register()
    entry = register.record_entry(decision(), prev=seeded("the leaf before"))

    record = verify_record(register.record(entry), KEYS)

    assert record.leaf.prev == seeded("the leaf before")
    assert record.leaf_hash == entry.leaf.hash()


def test_nbf_is_the_first_whole_second_in_effect():
    register = Register()
    entry = register.record_entry(decision(effective_from=format_time(NOW - timedelta(milliseconds=1))))

    assert verify_record(register.record(entry), KEYS).claims.nbf == NOW


def test_the_longest_body_fits_a_record():
    """The bound on bodies (10,000 bytes) and the bound on tokens (16 KB) must agree."""
    names = [{"text": f"{number:03d}" + "n" * 500, "script": "Latn", "kind": "trading"} for number in range(15)]
    organisation = accreditation()["organisation"] | {"names": [*names, {**names[0], "kind": "legal"}]}
    organisation["names"].sort(key=lambda name: (name["kind"], name["text"]))
    register = Register()
    entry = register.record_entry(decision(accreditation=accreditation(organisation=organisation)))

    token = register.record(entry)

    assert len(token) > 12_000
    assert verify_record(token, KEYS).body == entry.body


def test_reading_vouches_for_nothing():
    token = sign_record(changed("iss", "https://eve.example/authorities/aut_labour"), signer("eve"))

    assert parse_record(token).iss == "https://eve.example/authorities/aut_labour"
    assert parse_record(sign_record(changed("iss", 7), signer("eve"))).iss == ""
    assert reason(token) == "UNKNOWN_KEY"


TOKEN = sign_record(PAYLOAD, AUTHORITY)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (TOKEN[:-1], "NOT_SD_JWT"),
        (TOKEN + "~", "NOT_SD_JWT"),
        (TOKEN + "WyJzYWx0IiwgIm4iLCAxXQ~", "NOT_SD_JWT"),
        (TOKEN + TOKEN[:-1], "NOT_SD_JWT"),
        ("", "NOT_SD_JWT"),
        ("~", "NOT_COMPACT"),
        ("a.b~", "NOT_COMPACT"),
        (TOKEN + " " * 20_000, "TOO_LARGE"),
        (sign_jws(PAYLOAD, typ="vc+sd-jwt", signer=AUTHORITY) + "~", "WRONG_TYP"),
        (sign_jws(PAYLOAD, typ="dc+sd-jwt", signer=signer("eve")) + "~", "UNKNOWN_KEY"),
    ],
)
def test_what_is_not_one_signed_token_and_a_tilde_is_refused(token, why):
    assert reason(token) == why


REFUSED = {
    "no iss": (changed("iss"), "BAD_CLAIMS"),
    "no sub": (changed("sub"), "BAD_CLAIMS"),
    "no vct": (changed("vct"), "BAD_CLAIMS"),
    "no jti": (changed("jti"), "BAD_CLAIMS"),
    "no iat": (changed("iat"), "BAD_CLAIMS"),
    "no nbf": (changed("nbf"), "BAD_CLAIMS"),
    "no log": (changed("log"), "BAD_CLAIMS"),
    "no decision": (changed("decision"), "BAD_CLAIMS"),
    "no status": (changed("status"), "BAD_CLAIMS"),
    "second status mechanism": (changed("status.other", {}), "BAD_CLAIMS"),
    "withheld claims": (changed("_sd", ["x"]), "NOT_SD_JWT"),
    "hash algorithm of disclosures": (changed("_sd_alg", "sha-256"), "NOT_SD_JWT"),
    "log without salt": (changed("log.salt"), "BAD_CLAIMS"),
    "log with a leaf hash": (changed("log.leaf_hash", "x"), "BAD_CLAIMS"),
    "log with a commitment": (changed("log.commitment", "x"), "BAD_CLAIMS"),
    "origin is a number": (changed("log.origin", 7), "BAD_CLAIMS"),
    "index is text": (changed("log.index", "1"), "BAD_CLAIMS"),
    "index is true": (changed("log.index", True), "BAD_CLAIMS"),
    "index is negative": (changed("log.index", -1), "BAD_CLAIMS"),
    "status in the decision": (changed("decision.status", {"uri": "x", "idx": 1}), "BAD_CLAIMS"),
    "accreditation in the decision": (changed("decision.accreditation", {}), "BAD_CLAIMS"),
    "no accreditation": (changed("accreditation"), "BAD_BODY"),
    "no number": (changed("decision.number"), "BAD_BODY"),
    "unknown member of decision": (changed("decision.note", "x"), "BAD_BODY"),
    "unknown member of accreditation": (changed("accreditation.note", "x"), "BAD_BODY"),
    "unknown member of status": (changed("status.status_list.note", "x"), "BAD_BODY"),
    "of another kind": (changed("decision.kind", "erasure"), "BAD_BODY"),
    "belongs to a generation too": (changed("decision.generation", ENTRY.body["event_id"]), "BAD_BODY"),
    "unsorted set": (changed("accreditation.scope.sectors", ["construction", "care"]), "BAD_BODY"),
    "loose time": (changed("decision.decided_at", "2026-05-04T07:00:00Z"), "BAD_BODY"),
    "salt of 31 bytes": (changed("log.salt", b64u(bytes(31))), "BAD_LEAF"),
    "salt of 33 bytes": (changed("log.salt", b64u(bytes(33))), "BAD_LEAF"),
    "salt with loose bits": (changed("log.salt", "A" * 42 + "B"), "BAD_LEAF"),
    "salt is a number": (changed("log.salt", 7), "BAD_LEAF"),
    "subject of 15 bytes": (changed("log.subject", b64u(bytes(15))), "BAD_LEAF"),
    "prev of 31 bytes": (changed("log.prev", b64u(bytes(31))), "BAD_LEAF"),
    "prev is empty": (changed("log.prev", ""), "BAD_LEAF"),
    "leaf version 2": (changed("log.v", 2), "BAD_LEAF"),
    "leaf version true": (changed("log.v", True), "BAD_LEAF"),
    "leaf of another kind": (changed("log.kind", "erasure"), "BAD_LEAF"),
    "loose time of logging": (changed("log.recorded_at", "2026-05-04T08:00:00Z"), "BAD_LEAF"),
    "another issuer": (changed("iss", f"{HOME}/authorities/aut_other"), "ISSUER_MISMATCH"),
    "an issuer without registry": (changed("iss", "/authorities/aut_labour"), "ISSUER_MISMATCH"),
    "an issuer by file": (changed("iss", "file:///authorities/aut_labour"), "ISSUER_MISMATCH"),
    "another subject": (changed("sub", f"{HOME}/organisations/org_other"), "SUBJECT_MISMATCH"),
    "subject in another registry": (changed("sub", f"https://eve.example/organisations/{ENTRY.body['organisation']}"), "SUBJECT_MISMATCH"),
    "another type": (changed("vct", f"{HOME}/vct/licence"), "VCT_MISMATCH"),
    "transcribed type for a decision": (changed("vct", f"{HOME}/vct/transcribed-accreditation"), "VCT_MISMATCH"),
    "before effect": (changed("nbf", SECOND - 3601), "TIMES_MISMATCH"),
    "beyond validity": (changed("exp", SECOND + 365 * 86_400 + 1), "TIMES_MISMATCH"),
    "beyond 90 days": (changed("exp", SECOND + 90 * 86_400 + 1), "TIMES_MISMATCH"),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_record_that_breaks_a_rule_is_refused_however_well_signed(payload, why):
    assert reason(sign_record(payload, AUTHORITY)) == why


def test_a_transcribed_entry_has_a_type_of_its_own():
    register = Register()
    body = decision(act="list", basis="transcribed", asserted_by="The ministry", local_word="Licensed")
    payload = register.payload(register.record_entry(body))

    assert verify_record(sign_record(payload, AUTHORITY), KEYS).body == body
    plain = changed("vct", f"{HOME}/vct/accreditation", payload)
    assert reason(sign_record(plain, AUTHORITY)) == "VCT_MISMATCH"


def test_a_registry_may_live_under_a_path_and_on_a_port():
    register = Register(home="http://127.0.0.1:8080/r")
    record = register.record(register.record_entry(decision()))

    assert verify_record(record, KEYS).claims.iss == "http://127.0.0.1:8080/r/authorities/aut_labour"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"salt": bytes(32)}, "BAD_LEAF"),
        ({"body": decision(reason="other")}, "BAD_LEAF"),
        ({"iss": f"{HOME}/authorities/aut_other"}, "ISSUER_MISMATCH"),
        ({"sub": "https://r.example/x"}, "SUBJECT_MISMATCH"),
        ({"vct": "https://r.example/x"}, "VCT_MISMATCH"),
        ({"exp": NOW + timedelta(days=91)}, "TIMES_MISMATCH"),
    ],
)
def test_nothing_is_made_that_would_be_refused(changes, why):
    good = {
        "body": ENTRY.body, "leaf": ENTRY.leaf, "salt": ENTRY.salt, "origin": LOG, "index": ENTRY.index,
        "jti": "1", "iat": NOW, "exp": NOW + timedelta(days=1),
    } | {name: PAYLOAD[name] for name in ("iss", "sub", "vct")}  # fmt: skip

    with pytest.raises(TokenError) as refused:
        record_payload(**(good | changes))
    assert refused.value.reason == why


def places(value, path=()):
    """Every place in a payload that holds no other place."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list) and value:
        for position, inner in enumerate(value):
            yield from places(inner, (*path, position))
    else:
        yield path


ENVELOPE = {"iat", "nbf", "exp", "jti"}  # said by the issuer at each signing, not part of what was decided
ANYTHING = st.none() | st.booleans() | st.integers(-1, 2**40) | st.text(max_size=4) | st.just([]) | st.just({})


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(sorted(places(PAYLOAD), key=str)), value=ANYTHING)
def test_no_claim_can_change_without_changing_the_leaf(path, value):
    """Signed again by the authority itself: refused, or the leaf, its place in the log or the log is another."""
    whole = copy.deepcopy(PAYLOAD)
    place = whole
    for step in path[:-1]:
        place = place[step]
    same = place[path[-1]] == value and type(place[path[-1]]) is type(value)
    place[path[-1]] = value
    if same:
        return
    try:
        record = verify_record(sign_record(whole, AUTHORITY), KEYS)
    except TokenError:
        return
    logged = (record.leaf_hash, record.log_index, record.log_origin)
    assert path[0] in ENVELOPE or logged != (ENTRY.leaf.hash(), ENTRY.index, LOG)
