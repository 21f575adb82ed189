"""The public GraphQL schema keeps what it has promised: nothing is taken away that was not deprecated for long enough."""

import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from schema_promise import BASELINE, REASON, broken, deprecations, public

from goodstanding.clock import system_clock

BEFORE = """
  type Query { verify(number: String!, at: String): Verdict!
    old: Old @deprecated(reason: "Since 2026-01-01: use verify instead. Removed not before 2027-01-01.") }
  type Verdict { kind: Kind! note: String }
  type Old { value: String }
  enum Kind { GOOD BAD }
  input Filter { kind: Kind }
"""
TODAY = date(2026, 11, 24)


def test_the_schema_keeps_its_promises() -> None:
    assert broken(BASELINE.read_text("utf-8"), public(), system_clock().date()) == [], (
        "Clients rely on this. Deprecate it first (docs/schema-changes.md); what is new is written down with a release: "
        "python tests/contracts/schema_promise.py"
    )


def test_a_deprecation_says_since_when_what_instead_and_until_when() -> None:
    for schema in (BASELINE.read_text("utf-8"), public()):
        assert [reason for reason in deprecations(schema) if not REASON.fullmatch(reason)] == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("note: String", "", "Verdict.note"),
        ("note: String", "note: Int", "Verdict.note"),
        ("kind: Kind!", "kind: Kind", "Verdict.kind"),
        ("at: String", "at: String!", "Query.verify(at:)"),
        (", at: String", "", "Query.verify(at:)"),
        ("GOOD BAD", "GOOD", "Kind.BAD"),
        ("number: String!", "number: String!, of: Int!", "Query.verify(of:)"),
        ("old: Old", "older: Old", "Query.old"),  # deprecated, and not yet due
    ],
)
def test_what_breaks_clients_is_told(old: str, new: str, what: str) -> None:
    (told,) = broken(BEFORE, BEFORE.replace(old, new), TODAY)
    assert what in told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("note: String", "note: String!"),
        ("note: String", "note: String more: Int"),
        ("GOOD BAD", "GOOD BAD UNKNOWN"),
        ("at: String", "at: String, of: Int"),
        ("number: String!", "number: String"),
    ],
)
def test_what_only_adds_breaks_nobody(old: str, new: str) -> None:
    assert broken(BEFORE, BEFORE.replace(old, new), TODAY) == []


def test_what_was_deprecated_goes_once_its_time_is_over_with_the_types_only_it_led_to() -> None:
    begin, end = BEFORE.index("    old:"), BEFORE.index(" }\n  type Verdict")
    after = (BEFORE[:begin] + BEFORE[end:]).replace("type Old { value: String }", "")

    assert len(broken(BEFORE, after, TODAY)) == 2
    assert broken(BEFORE, after, date(2027, 1, 1)) == []
