"""Events: a body says exactly what its kind allows, and its leaf commits to it without telling."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from goodstanding.bodies import KINDS, as_set
from goodstanding.errors import EventError
from goodstanding.events import (
    Leaf,
    commitment,
    decode_body,
    encode_body,
    new_event_id,
    new_salt,
    new_subject,
    open_event,
    seal,
)

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SALT = bytes(range(32))


def decision(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": "decision",
        "event_id": "0198a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        "authority": "aut_one",
        "scheme": "sch_one",
        "scheme_version": "1",
        "number": "TEST-7K3M9QXR-23",
        "organisation": "org_1",
        "act": "suspend",
        "reason": "fee-charged",
        "basis": "decided",
        "effective_from": "2026-05-04T09:00:00.000Z",
        "decided_at": "2026-05-04T09:00:00.000Z",
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def accreditation() -> dict[str, Any]:
    return {
        "organisation": {
            "id": "org_1",
            "kind": "recruiter",
            "names": as_set([{"text": "शुभ यात्रा", "script": "Deva", "kind": "legal"}]),
            "jurisdiction": "NP",
        },
        "scope": {"corridors": as_set([{"origin": "NP", "destination": "QA"}])},
    }


def test_a_leaf_opens_with_its_body_and_salt_only() -> None:
    sealed = seal(decision(), subject=new_subject(), prev=None, recorded_at=NOW, salt=SALT)
    leaf, body = open_event(sealed.leaf, sealed.body, SALT)
    assert (leaf.event_id, body) == (sealed.event_id, decision())
    assert leaf.hash() == sealed.leaf_hash
    other = encode_body(decision(reason="other"))
    for wrong_body, wrong_salt in ((other, SALT), (sealed.body, bytes(32))):
        with pytest.raises(EventError, match="not the one its leaf commits to"):
            open_event(sealed.leaf, wrong_body, wrong_salt)


def test_a_leaf_tells_nothing_of_whom_it_is_about() -> None:
    body = decision(
        act="grant", accreditation=accreditation(), status={"uri": "https://r.example/status-lists/1", "idx": 7}
    )
    leaf = seal(body, subject=new_subject(), prev=None, recorded_at=NOW, salt=new_salt()).leaf.decode()
    assert len(leaf) <= 512
    for word in ("TEST-", "org_1", "aut_one", "grant", "शुभ"):
        assert word not in leaf


def test_each_leaf_names_the_one_before() -> None:
    subject = new_subject()
    first = seal(decision(), subject=subject, prev=None, recorded_at=NOW, salt=new_salt())
    second = seal(decision(), subject=subject, prev=first.leaf_hash, recorded_at=NOW, salt=new_salt())
    assert Leaf.decode(second.leaf).prev == Leaf.decode(first.leaf).hash()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"act": None}, "lacks act"),
        ({"colour": "red"}, "unknown member 'colour'"),
        ({"public_text": "x" * 1025}, "longer than 1024"),
        ({"public_text": "a\x00b"}, "control character"),
        ({"reason": ""}, "not a code"),
        ({"number": "TEST-7K3M9QXI-23"}, "not an accreditation number"),
        ({"event_id": "0198a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b"}, "version 7"),
        ({"effective_from": "2026-05-04"}, "effective_from"),
        ({"basis": "DECIDED"}, "one of decided"),
        ({"corrects": []}, "or absent"),
        ({"corrects": ["0198a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c", "0198a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"]}, "is a set"),
        ({"suspensive": 1}, "true or false"),
        ({"ruling_hash": "AAAA"}, "32 bytes"),
        ({"accreditation": accreditation()}, "come together"),
        ({"kind": "rumour"}, "unknown kind"),
        ({"accreditation": accreditation(), "status": {"uri": "u", "idx": 1},
          "generation": "0198a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"}, "not both"),
        ({"accreditation": accreditation(), "status": {"uri": "u", "idx": 1}, "organisation": "org_2"}, "differs"),
        ({"accreditation": accreditation(), "status": {"uri": "u", "idx": -1}}, "whole number"),
    ],
)  # fmt: skip
def test_a_body_is_refused_with_the_member_at_fault(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(EventError, match=says):
        encode_body(decision(**changes))


def test_a_body_beyond_ten_thousand_bytes_is_refused() -> None:
    names = as_set([{"text": f"{n:03d}" + "n" * 180, "script": "Latn", "kind": "alias"} for n in range(60)])
    big = accreditation()
    big["organisation"]["names"] = names
    with pytest.raises(EventError, match="at most 10000"):
        encode_body(decision(accreditation=big, status={"uri": "u", "idx": 1}))


def test_bytes_that_are_not_canonical_are_no_body() -> None:
    data = json.dumps(decision(), indent=1).encode()
    with pytest.raises(EventError, match="canonical"):
        decode_body(data)


def test_a_salt_has_exactly_32_bytes() -> None:
    for size in (0, 16, 31, 33):
        with pytest.raises(EventError):
            commitment(bytes(size), b"{}")


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"v": True}, {"prev": "AAAA"}, {"subject": "AA"}, {"kind": "rumour"}, {"extra": 1},
               {"recorded_at": "2026-05-04"}, {"commitment": "A" * 42}]
)  # fmt: skip
def test_a_leaf_is_read_strictly(change: dict[str, Any]) -> None:
    sealed = seal(decision(), subject=bytes(16), prev=None, recorded_at=NOW, salt=SALT)
    value = {**json.loads(sealed.leaf), **change}
    with pytest.raises(EventError):
        Leaf.decode(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def test_event_ids_sort_by_time_and_are_version_7() -> None:
    earlier, later = new_event_id(NOW), new_event_id(NOW.replace(hour=10))
    assert earlier < later
    encode_body(decision(event_id=earlier))


def test_every_kind_but_a_decision_keeps_its_facts_under_data() -> None:
    assert {kind for kind, members in KINDS.items() if "data" not in members.required} == {"decision"}
