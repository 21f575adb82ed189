"""Write tests/vectors/federation/*.json: trust chains, the time and trust anchors of the reader, and what comes of them.

Run from anywhere: python tests/vectors/make_federation_vectors.py. The same bytes come out every time. `expected` is
the reason of the refusal, or the metadata that the chain resolves to.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "simulators"))

from federation_simulator import (  # noqa: E402  # the path comes first
    DAY,
    FOREIGN,
    LEAF,
    METADATA,
    MINISTRY,
    OWNER,
    TYPE,
    chain,
    configuration,
    delegation,
    issuer_chain,
    keys,
    mark,
    raw,
    statement,
)
from register_simulator import HOME, NOW  # noqa: E402

from goodstanding.canonical import b64u, canonical_bytes, format_time  # noqa: E402
from goodstanding.jws import read_jws  # noqa: E402

ORGANISATION = "federation_entity"
CONTACTS = "contacts"


def vectors():
    """Every vector by the name of its file."""
    return {**_holding(), **_signatures(), **_links(), **_constraints(), **_policies(), **_marks()}


def _case(comment, statements, expected, *, anchor=OWNER, now=NOW):
    anchors = {anchor: {"keys": list(keys(anchor).values())}}
    return {"comment": comment, "now": format_time(now), "anchors": anchors, "chain": statements, "expected": expected}


def _refused(comment, statements, reason, **more):
    return _case(comment, statements, {"reason": reason}, **more)


def _resolved(comment, statements, **parameters):
    of = {name: value for name, value in (METADATA[LEAF][ORGANISATION] | parameters).items() if value is not None}
    return _case(comment, statements, {"metadata": {ORGANISATION: of}})


def _policy(**operators):
    return {"metadata_policy": {ORGANISATION: {CONTACTS: operators}}}


def _holding():
    return {
        "holds": _resolved("three entities, one above the other", chain()),
        "holds_without_anchor_configuration": _resolved("the anchor's own word may be left out", chain()[:3]),
        "superior_changes_metadata": _resolved(
            "what the immediate superior says of the subject replaces what the subject says",
            chain(ministry={"metadata": {ORGANISATION: {"organization_name": "Manila Manpower, Inc."}}}),
            organization_name="Manila Manpower, Inc.",
        ),
        "within_constraints": _resolved(
            "one intermediate, one host, one folder",
            chain(owner={"constraints": {
                "max_path_length": 1, "naming_constraints": {"permitted": ["register.example"]},
                "goodstanding_paths": ["/authorities/", "/organisations/"], "of_tomorrow": True,
            }}),
        ),
        "policy_narrows": _resolved(
            "the anchor allows two contacts, the ministry one of them and adds nothing",
            chain(
                leaf={"metadata": {ORGANISATION: {CONTACTS: ["a", "b", "c"]}}},
                owner=_policy(subset_of=["a", "b"]), ministry=_policy(subset_of=["b", "c"]),
            ),
            contacts=["b"], organization_name=None,
        ),
    }  # fmt: skip


def _signatures():
    flipped = chain()
    flipped[1] = _flip(flipped[1])
    critical = read_jws(configuration(LEAF)).payload | {"crit": ["of_tomorrow"], "of_tomorrow": True}
    long_ago = NOW - 2 * DAY
    return {
        "bad_signature": _refused("one bit of the ministry's signature differs", flipped, "BAD_SIGNATURE"),
        "signed_by_another": _refused(
            "the ministry's statement is signed with the organisation's key", chain(ministry={"by": LEAF}), "UNKNOWN_KEY"
        ),
        "wrong_anchor": _refused("the reader trusts another federation", chain(), "WRONG_ANCHOR", anchor=FOREIGN),
        "anchor_of_another_key": _refused(
            "who calls itself the anchor has another key", chain(anchor={"by": LEAF}), "UNKNOWN_KEY"
        ),
        "expired": _refused(
            "the statement about the ministry has ended", chain(owner={"iat": long_ago, "exp": NOW}), "EXPIRED"
        ),
        "not_yet_valid": _refused(
            "the organisation's word is of tomorrow", chain(leaf={"iat": NOW + DAY, "exp": NOW + 2 * DAY}),
            "NOT_YET_VALID",
        ),
        "critical_claim": _refused(
            "the organisation demands what nobody here understands", [raw(critical, LEAF), *chain()[1:]],
            "CRITICAL_CLAIM",
        ),
        "critical_header": _refused(
            "so does a header", [_with_header(chain()[0]), *chain()[1:]], "CRITICAL_HEADER"
        ),
    }  # fmt: skip


def _links():
    honest = chain()
    about_another = statement(MINISTRY, FOREIGN)
    ring = [configuration(LEAF), statement(MINISTRY, LEAF), statement(LEAF, MINISTRY), statement(MINISTRY, LEAF)]
    long = [configuration(LEAF, authority_hints=[f"{HOME}/authorities/a0"]), statement(f"{HOME}/authorities/a0", LEAF)]
    long += [statement(f"{HOME}/authorities/a{n + 1}", f"{HOME}/authorities/a{n}") for n in range(9)]
    misplaced = read_jws(statement(MINISTRY, LEAF)).payload | {"authority_hints": [OWNER]}
    return {
        "about_another": _refused(
            "the ministry speaks of somebody else", [honest[0], about_another, *honest[2:]], "CHAIN_BROKEN"
        ),
        "statement_missing": _refused("the ministry's statement is left out", [honest[0], *honest[2:]], "CHAIN_BROKEN"),
        "no_configuration": _refused("the subject's own word is left out", honest[1:], "CHAIN_BROKEN"),
        "not_hinted": _refused(
            "the organisation names another superior", chain(leaf={"authority_hints": [FOREIGN]}), "NOT_HINTED"
        ),
        "loop": _refused("two entities vouch for each other", ring, "CHAIN_LOOPS"),
        "too_long": _refused("eleven statements", long, "CHAIN_TOO_LONG"),
        "misplaced_claim": _refused(
            "a subordinate statement with hints", [honest[0], raw(misplaced, MINISTRY), *honest[2:]], "MISPLACED_CLAIM"
        ),
    }  # fmt: skip


def _constraints():
    def constrained(comment, reason, **constraints):
        return _refused(comment, chain(owner={"constraints": constraints}), reason)

    return {
        "path_too_long": constrained("no intermediate is allowed, one stands there", "PATH_TOO_LONG", max_path_length=0),
        "host_not_permitted": constrained(
            "another host is permitted", "NAME_REFUSED", naming_constraints={"permitted": ["other.example"]}
        ),
        "below_is_not_itself": constrained(
            "a leading period means hosts below, not the host", "NAME_REFUSED",
            naming_constraints={"permitted": [".register.example"]},
        ),
        "host_excluded": constrained(
            "what is excluded is refused although permitted", "NAME_REFUSED",
            naming_constraints={"permitted": ["register.example"], "excluded": [".example"]},
        ),
        "path_not_allowed": constrained(
            "on the shared host, organisations have no place", "PATH_REFUSED", goodstanding_paths=["/authorities/"]
        ),
    }  # fmt: skip


def _policies():
    def policed(comment, reason, owner, ministry=None):
        return _refused(comment, chain(owner=owner, ministry=ministry), reason)

    return {
        "policy_conflict": policed(
            "anchor and ministry set different values", "POLICY_CONFLICT",
            _policy(value=["a"]), _policy(value=["b"]),
        ),
        "policy_widened": policed(
            "the ministry adds what the anchor does not allow", "POLICY_CONFLICT",
            _policy(subset_of=["a"]), _policy(add=["b"]),
        ),
        "policy_violated": policed(
            "a contact is demanded that the organisation does not have", "POLICY_VIOLATED",
            _policy(superset_of=["desk@federation.example"]),
        ),
        "policy_malformed": policed("two operators that exclude each other", "BAD_POLICY",
            _policy(one_of=["a"], subset_of=["a"])),
        "policy_critical": policed(
            "an operator nobody here knows is critical", "POLICY_CRITICAL",
            _policy(regexp="a*") | {"metadata_policy_crit": ["regexp"]},
        ),
    }  # fmt: skip


def _marks():
    def marked(comment, reason=None, mark_changes=None, anchor=None, **more):
        token = more.pop("token", None) or mark(**(mark_changes or {}))
        case = _case(comment, issuer_chain(**(anchor or {})), {"reason": reason}, **more)
        return case | {"trust_mark": token, "subject": LEAF}

    def delegated(comment, reason, **changes):
        return marked(comment, reason, {"delegation": delegation(**changes)})

    return {
        "mark-holds": marked("issued by a listed ministry under a delegation of the owner"),
        "mark-of_a_type_without_owner": marked(
            "a type of which the anchor says nothing", None,
            {"delegation": None, "trust_mark_type": "https://other.example/mark"},
        ),
        "mark-bad_signature": marked("one bit of the signature differs", "BAD_SIGNATURE", token=_flip(mark())),
        "mark-signed_by_another": marked("signed with the organisation's key", "UNKNOWN_KEY", {"by": LEAF}),
        "mark-expired": marked("a week later", "EXPIRED", {"now": NOW - 7 * DAY}),
        "mark-of_another": marked("the mark of somebody else", "SUBJECT_MISMATCH", {"sub": FOREIGN}),
        "mark-by_another": marked("issued by who is not the chain's subject", "ISSUER_MISMATCH", {"iss": FOREIGN}),
        "mark-not_listed": marked(
            "the anchor lists another issuer", "ISSUER_NOT_LISTED", anchor={"trust_mark_issuers": {TYPE: [FOREIGN]}}
        ),
        "mark-without_delegation": marked("the type has an owner", "NO_DELEGATION", {"delegation": None}),
        "mark-owner_unknown": marked(
            "the anchor does not say whose the type is", "UNKNOWN_OWNER", anchor={"trust_mark_owners": {}}
        ),
        "mark-delegation_to_another": delegated("delegated to somebody else", "DELEGATION_MISMATCH", sub=FOREIGN),
        "mark-delegation_by_another": delegated("delegated by somebody else", "DELEGATION_MISMATCH", iss=FOREIGN),
        "mark-delegation_of_another_type": delegated(
            "another type is delegated", "DELEGATION_MISMATCH", trust_mark_type="https://other.example/mark"
        ),
        "mark-delegation_signed_by_another": delegated("the ministry delegates to itself", "UNKNOWN_KEY", by=MINISTRY),
        "mark-delegation_expired": delegated("the delegation has ended", "EXPIRED", now=NOW - 30 * DAY),
        "mark-is_no_delegation": marked("a mark where a delegation belongs", "WRONG_TYP", {"delegation": mark()}),
    }  # fmt: skip


def _flip(token):
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _with_header(token):
    jws = read_jws(token)
    header = b64u(canonical_bytes(jws.header | {"crit": ["exp"]}))
    return f"{header}.{token.partition('.')[2]}"


if __name__ == "__main__":
    for name, value in vectors().items():
        file = HERE / "federation" / f"{name}.json"
        file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
