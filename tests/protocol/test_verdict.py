"""The verdict: three answers, and unknown is never rounded to valid."""

from datetime import UTC, date, datetime, timedelta

import pytest

from goodstanding.standing import Generation, Scope, State
from goodstanding.transitions import Basis, Standing
from goodstanding.verdict import (
    REASONS,
    Knowledge,
    Labels,
    VerdictKind,
    cannot_conclude,
    conclude,
    day_end,
    day_start,
    last_day,
)

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
LABELS = Labels("Blue Kite Recruitment", "Ministry of Labour", "Ethical recruitment", "Asia/Kathmandu")


def knowledge(**changes: object) -> Knowledge:
    known = {"now": NOW, "known_at": NOW, "tree_size": 7, "fresh_until": NOW + timedelta(seconds=30), "witnessed": True}
    return Knowledge(**{**known, **changes})  # type: ignore[arg-type]  # the names are right above


def state(base: Standing, *, basis: Basis = Basis.DECIDED, scope: Scope | None = None) -> State:
    generation = Generation("e1", scope or Scope(), day_start(date(2026, 1, 1), "Asia/Kathmandu"),
                            day_end(date(2026, 12, 31), "Asia/Kathmandu"), "https://r.example/status-lists/1", 3)  # fmt: skip
    return State(base, NOW - timedelta(days=30), basis, "e1", generation=generation)


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        (Standing.PROVISIONAL, VerdictKind.IN_GOOD_STANDING),
        (Standing.ACTIVE, VerdictKind.IN_GOOD_STANDING),
        (Standing.CONDITIONAL, VerdictKind.IN_GOOD_STANDING),
        (Standing.SUSPENDED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.REVOKED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.BARRED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.SURRENDERED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.LAPSED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.TERMINATED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.REFUSED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.APPLIED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.DEFERRED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.WITHDRAWN_APPLICATION, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.NOT_ASSERTED, VerdictKind.CANNOT_CONCLUDE),
        (Standing.UNRECOGNISED, VerdictKind.CANNOT_CONCLUDE),
    ],
)
def test_every_standing_has_its_verdict(base: Standing, kind: VerdictKind) -> None:
    verdict = conclude("IRIS-7K3M9QXR-00", state(base), knowledge(), LABELS)
    assert (verdict.verdict, verdict.standing) == (kind, base)
    assert set(verdict.codes) <= REASONS.keys()


def test_an_answer_carries_names_days_and_freshness() -> None:
    verdict = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(), LABELS)
    assert (verdict.valid_from, verdict.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (verdict.organisation_name, verdict.tree_size, verdict.codes) == (LABELS.organisation_name, 7, ("ACTIVE",))


@pytest.mark.parametrize("base", [Standing.ACTIVE, Standing.SUSPENDED])
def test_stale_knowledge_concludes_nothing(base: Standing) -> None:
    stale = knowledge(fresh_until=NOW - timedelta(seconds=1))
    verdict = conclude("IRIS-7K3M9QXR-00", state(base), stale, LABELS)
    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE
    assert "STALE" in verdict.codes


def test_a_question_about_what_was_known_is_not_stale() -> None:
    asked = knowledge(fresh_until=NOW - timedelta(days=9), historical=True)
    assert conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), asked, LABELS).verdict is VerdictKind.IN_GOOD_STANDING


def test_a_worse_code_in_the_status_list_wins_and_a_better_one_does_not() -> None:
    suspended = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(listed_code=2), LABELS)
    assert suspended.verdict is VerdictKind.NOT_IN_GOOD_STANDING
    assert {"SUSPENDED", "PENDING_LOG"} <= set(suspended.codes)
    still = conclude("IRIS-7K3M9QXR-00", state(Standing.REVOKED), knowledge(listed_code=0), LABELS)
    assert still.verdict is VerdictKind.NOT_IN_GOOD_STANDING
    assert "PENDING_LOG" not in still.codes
    doubtful = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(listed_code=3), LABELS)
    assert doubtful.verdict is VerdictKind.CANNOT_CONCLUDE


def test_the_newest_list_says_nothing_about_an_earlier_day() -> None:
    verdict = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(listed_code=2), LABELS,
                       as_of=NOW - timedelta(days=1))  # fmt: skip
    assert verdict.verdict is VerdictKind.IN_GOOD_STANDING


CORRIDOR = Scope(corridors=frozenset({("NP", "QA")}))


def test_a_question_outside_the_scope_is_answered_no() -> None:
    asked = Scope(corridors=frozenset({("NP", "MY")}))
    verdict = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE, scope=CORRIDOR), knowledge(), LABELS, asked=asked)
    assert verdict.verdict is VerdictKind.NOT_IN_GOOD_STANDING
    assert "OUT_OF_SCOPE" in verdict.codes
    inside = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE, scope=CORRIDOR), knowledge(), LABELS, asked=CORRIDOR)
    assert inside.verdict is VerdictKind.IN_GOOD_STANDING


def test_a_copied_list_that_is_silent_about_a_corridor_concludes_nothing_about_it() -> None:
    copied = state(Standing.ACTIVE, basis=Basis.TRANSCRIBED)
    verdict = conclude("IRIS-7K3M9QXR-00", copied, knowledge(), LABELS, asked=CORRIDOR)
    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE
    assert {"SCOPE_UNKNOWN", "TRANSCRIBED"} <= set(verdict.codes)


def test_samples_and_unwitnessed_logs_always_say_so() -> None:
    verdict = conclude("TEST-7K3M9QXR-23", state(Standing.ACTIVE), knowledge(witnessed=False), LABELS)
    assert {"SAMPLE", "UNWITNESSED"} <= set(verdict.codes)


def test_before_validity_begins_it_is_not_good_standing() -> None:
    early = NOW.replace(year=2025)
    verdict = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(), LABELS, as_of=early)
    assert "NOT_YET_VALID" in verdict.codes
    assert verdict.verdict is VerdictKind.NOT_IN_GOOD_STANDING


def test_nothing_decided_yet_concludes_nothing() -> None:
    assert conclude("IRIS-7K3M9QXR-00", None, knowledge(), LABELS).verdict is VerdictKind.CANNOT_CONCLUDE
    assert cannot_conclude("AMBIGUOUS", knowledge(), candidates=["A", "B"]).candidates == ("A", "B")


def test_only_a_given_later_day_is_projected() -> None:
    later = conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(), LABELS, as_of=NOW + timedelta(days=1))
    assert later.projected
    assert not conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), knowledge(), LABELS).projected


def test_the_last_valid_day_is_the_one_before_local_midnight() -> None:
    end = day_end(date(2026, 12, 31), "Asia/Kathmandu")
    assert end.astimezone(UTC) == datetime(2026, 12, 31, 18, 15, tzinfo=UTC)
    assert last_day(end, "Asia/Kathmandu") == date(2026, 12, 31)


@pytest.mark.parametrize("base", list(Standing))
def test_a_suspect_issuer_turns_only_good_standing_into_an_open_answer(base: Standing) -> None:
    known = conclude("IRIS-7K3M9QXR-00", state(base), knowledge(), LABELS)
    doubted = conclude("IRIS-7K3M9QXR-00", state(base), knowledge(suspect=True), LABELS)

    if known.verdict is VerdictKind.IN_GOOD_STANDING:
        assert (doubted.verdict, doubted.standing) == (VerdictKind.CANNOT_CONCLUDE, base)
        assert doubted.codes == (base.value, "ISSUER_SUSPECT")
    else:
        assert doubted == known


@pytest.mark.parametrize(
    ("listed", "suspect", "codes"),
    [
        (3, False, ("ISSUER_SUSPECT", "PENDING_LOG")),  # decided, and not in the log yet
        (3, True, ("ACTIVE", "ISSUER_SUSPECT")),
        (0, True, ("ACTIVE", "ISSUER_SUSPECT")),
        (2, True, ("SUSPENDED", "PENDING_LOG")),
        (1, True, ("REVOKED_OR_SUPERSEDED", "PENDING_LOG")),
    ],
)
def test_the_list_and_the_log_agree_about_a_suspect_issuer(listed: int, suspect: bool, codes: tuple[str, ...]) -> None:
    known = knowledge(listed_code=listed, suspect=suspect)

    assert conclude("IRIS-7K3M9QXR-00", state(Standing.ACTIVE), known, LABELS).codes == codes


def test_what_is_not_covered_is_not_covered_by_a_suspect_issuer_either() -> None:
    granted = state(Standing.ACTIVE, scope=Scope(sectors=frozenset({"care"})))
    asked = Scope(sectors=frozenset({"mining"}))

    verdict = conclude("IRIS-7K3M9QXR-00", granted, knowledge(suspect=True), LABELS, asked=asked)
    assert (verdict.verdict, verdict.codes) == (VerdictKind.NOT_IN_GOOD_STANDING, ("ACTIVE", "OUT_OF_SCOPE"))


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        (Standing.ACTIVE, VerdictKind.CANNOT_CONCLUDE),
        (Standing.SUSPENDED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.APPLIED, VerdictKind.NOT_IN_GOOD_STANDING),
        (Standing.NOT_ASSERTED, VerdictKind.CANNOT_CONCLUDE),
    ],
)
def test_a_stale_list_takes_back_what_was_good_and_is_said_beside_the_rest(base: Standing, kind: VerdictKind) -> None:
    old = knowledge(source_stale=True, listed_code=3)
    verdict = conclude("IRIS-7K3M9QXR-00", state(base, basis=Basis.TRANSCRIBED), old, LABELS)
    reason = "NOT_ACCREDITED" if base is Standing.APPLIED else base

    assert (verdict.verdict, verdict.standing) == (kind, base)
    assert verdict.codes == (reason, "SOURCE_STALE", "TRANSCRIBED")
