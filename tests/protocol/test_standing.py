"""The fold: what a history of decisions amounts to at an instant, known up to a size."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.acting import allowed_acts, check_act
from goodstanding.errors import ActNotAllowed
from goodstanding.standing import (
    Condition,
    Decision,
    Generation,
    Scope,
    boundaries,
    fold,
    index_codes,
    lowers_trust,
    overlays,
    public_history,
    shown,
    shown_since,
    shown_until,
    worse,
)
from goodstanding.transitions import TRANSITIONS, Basis, Effect, Opens, Standing, Transition, transition

START = datetime(2026, 1, 1, tzinfo=UTC)
LIST = "https://registry.example/status-lists/1"


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def act(name: str, at: float, *, index: int | None = None, until: float | None = None, closes: str | None = None,
        valid_until: float | None = 365, scope: Scope | None = None, listed: Standing | None = None,
        corrects: tuple[str, ...] = (), suspensive: bool = False, redirect: str | None = None,
        conditions: tuple[Condition, ...] = ()) -> Decision:  # fmt: skip
    identifier = f"{name}@{at}"
    opens = transition(name).opens is Opens.ALWAYS
    generation = Generation(identifier, scope or Scope(), day(at), None if valid_until is None else day(valid_until),
                            LIST, int(at * 10), conditions) if opens else None  # fmt: skip
    return Decision(
        event_id=identifier, number="TEST-7K3M9QXR-23", act=name, basis=Basis.DECIDED, effective_from=day(at),
        decided_at=day(at), index=index, effective_until=None if until is None else day(until), closes=closes,
        corrects=corrects, listed=listed, generation=generation, suspensive=suspensive, redirect=redirect,
    )  # fmt: skip


APPLIED = act("apply", 0, index=0)
GRANTED = act("grant", 10, index=1)
SUSPENDED = act("suspend", 20, index=2)


def standing(history: list[Decision], at: float, size: int | None = None) -> Standing | None:
    return shown(fold(history, day(at), size), day(at))


def test_an_accreditation_lives_from_application_to_revocation() -> None:
    history = [
        APPLIED,
        GRANTED,
        SUSPENDED,
        act("end_suspension", 30, index=3, closes="suspend@20"),
        act("revoke", 40, index=4),
    ]
    seen = [standing(history, at) for at in (-1, 0, 9.99, 10, 20, 29.99, 30, 40, 400)]
    assert seen == [
        None, Standing.APPLIED, Standing.APPLIED, Standing.ACTIVE, Standing.SUSPENDED, Standing.SUSPENDED,
        Standing.ACTIVE, Standing.REVOKED, Standing.REVOKED,
    ]  # fmt: skip


def test_what_was_known_ends_at_the_size_asked_about() -> None:
    history = [APPLIED, GRANTED, SUSPENDED]
    assert [standing(history, 25, size) for size in (0, 1, 2, 3)] == [
        None, Standing.APPLIED, Standing.ACTIVE, Standing.SUSPENDED,
    ]  # fmt: skip


def test_a_retroactive_decision_counts_from_its_effect_not_from_its_log_entry() -> None:
    history = [APPLIED, GRANTED, act("suspend", 12, index=9, until=15)]
    assert standing(history, 13) is Standing.SUSPENDED
    assert standing(history, 13, size=9) is Standing.ACTIVE


def test_intervals_hold_their_start_and_not_their_end() -> None:
    history = [APPLIED, GRANTED, act("suspend", 20, index=2, until=30)]
    assert standing(history, 20) is Standing.SUSPENDED
    assert standing(history, 30) is Standing.ACTIVE


def test_validity_lapses_by_the_clock_even_while_suspended() -> None:
    history = [APPLIED, GRANTED, SUSPENDED]
    assert standing(history, 364.9) is Standing.SUSPENDED
    assert standing(history, 365) is Standing.LAPSED


def test_suspensions_run_side_by_side_until_each_is_closed() -> None:
    second = act("suspend", 25, index=3)
    history = [APPLIED, GRANTED, SUSPENDED, second, act("end_suspension", 30, index=4, closes="suspend@20")]
    assert standing(history, 31) is Standing.SUSPENDED
    history.append(act("end_suspension", 32, index=5, closes="suspend@25"))
    assert standing(history, 32) is Standing.ACTIVE


def test_pending_decisions_come_after_logged_ones_in_their_order() -> None:
    revoked, suspended = act("revoke", 20), act("suspend", 20)
    assert standing([APPLIED, GRANTED, suspended, revoked], 21) is Standing.REVOKED
    assert standing([APPLIED, GRANTED, suspended, revoked], 21, size=2) is Standing.ACTIVE


def test_a_pending_decision_comes_after_one_logged_for_the_same_instant() -> None:
    unlisted, listed = act("unlist", 20), act("relist", 20, index=3, listed=Standing.ACTIVE)
    assert standing([APPLIED, GRANTED, unlisted, listed], 20) is Standing.NOT_ASSERTED


def test_a_correction_that_is_itself_void_voids_nothing() -> None:
    wrong, first = act("suspend", 20, index=2), act("correct", 21, index=3, corrects=("suspend@20",))
    assert standing([APPLIED, GRANTED, wrong, first], 20.5) is Standing.ACTIVE
    undone = act("correct", 22, index=4, corrects=("correct@21",))
    assert standing([APPLIED, GRANTED, wrong, first, undone], 20.5) is Standing.SUSPENDED


def test_a_listed_word_without_mapping_is_unrecognised() -> None:
    assert standing([act("list", 0, index=0)], 1) is Standing.UNRECOGNISED
    assert standing([act("list", 0, index=0, listed=Standing.SUSPENDED)], 1) is Standing.SUSPENDED


def test_the_shown_standing_says_since_when_and_until_when() -> None:
    history = [APPLIED, GRANTED, act("suspend", 20, index=2, until=30)]

    def since_and_until(at: float) -> tuple[datetime | None, datetime | None]:
        state = fold(history, day(at))
        assert state is not None
        return shown_since(history, day(at)), shown_until(state, day(at))

    assert since_and_until(25) == (day(20), day(30))
    assert since_and_until(31) == (day(30), day(365))
    assert since_and_until(400) == (day(365), None)


# --- where each act may start

RUNNING = {  # what lies under each standing, and an event of every kind of measure that can be open there
    None: [],
    Standing.APPLIED: [APPLIED],
    Standing.DEFERRED: [APPLIED, act("defer", 5, index=1)],
    Standing.WITHDRAWN_APPLICATION: [APPLIED, act("withdraw_application", 5, index=1)],
    Standing.REFUSED: [APPLIED, act("refuse", 5, index=1)],
    Standing.PROVISIONAL: [APPLIED, act("grant_provisionally", 5, index=1)],
    Standing.ACTIVE: [APPLIED, GRANTED],
    Standing.CONDITIONAL: [APPLIED, GRANTED, act("impose_conditions", 20, index=2)],
    Standing.SUSPENDED: [APPLIED, GRANTED, SUSPENDED],
    Standing.REVOKED: [APPLIED, GRANTED, act("revoke", 30, index=3)],
    Standing.BARRED: [APPLIED, GRANTED, act("revoke", 30, index=3), act("bar", 31, index=4, until=300)],
    Standing.SURRENDERED: [APPLIED, GRANTED, act("surrender", 30, index=3)],
    Standing.LAPSED: [APPLIED, act("grant", 10, index=1, valid_until=40)],
    Standing.TERMINATED: [APPLIED, GRANTED, act("terminate", 30, index=3)],
    Standing.NOT_ASSERTED: [act("list", 0, index=0, listed=Standing.ACTIVE), act("unlist", 9, index=1)],
    Standing.UNRECOGNISED: [act("list", 0, index=0)],
}


def attempt(row: Transition, history: list[Decision]) -> Decision:
    """The act at day 50, naming whatever it may have to name."""
    kinds = {d.event_id: transition(d.act).measure for d in history if transition(d.act).effect is OPENS}
    closes = next((event_id for event_id, kind in kinds.items() if kind is row.measure), "nothing@0")
    corrects = (history[-1].event_id,) if row.effect is Effect.VOIDS and history else ()
    return act(row.act, 50, closes=closes if row.effect is Effect.CLOSES_MEASURE else None, corrects=corrects)


OPENS = Effect.OPENS_MEASURE


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: row.act)
@pytest.mark.parametrize("shown_now", [None, *Standing])
def test_an_act_is_accepted_exactly_where_its_row_begins(row: Transition, shown_now: Standing | None) -> None:
    history = RUNNING[shown_now]
    assert shown(fold(history, day(50)), day(50)) is shown_now
    allowed = allowed_acts(history, day(50))
    if row.act in allowed:
        check_act(history, attempt(row, history))
        assert shown_now in row.sources or (shown_now is None and not row.sources)
    else:
        with pytest.raises(ActNotAllowed) as caught:
            check_act(history, attempt(row, history))
        assert list(caught.value.allowed) == allowed


def test_every_standing_is_where_some_act_starts_and_every_act_starts_somewhere() -> None:
    starts = {row.act for history in OVERLAID for row in TRANSITIONS if row.act in allowed_acts(history, day(50))}
    assert starts == {row.act for row in TRANSITIONS}


REVOKED = RUNNING[Standing.REVOKED]
STAYED = [*REVOKED, act("stay", 40, index=5)]
APPEALED = [*REVOKED, act("lodge_appeal", 40, index=5, suspensive=True)]
NOTICED = [APPLIED, GRANTED, act("give_notice", 20, index=2)]
OVERLAID = [*RUNNING.values(), STAYED, APPEALED, NOTICED]


# --- revocations and what keeps them from having effect


def test_a_revocation_under_stay_shows_what_lies_under_it_until_the_stay_ends() -> None:
    ended = [*STAYED, act("end_stay", 60, index=6, closes="stay@40")]
    assert [standing(ended, at) for at in (35, 40, 59, 60)] == [
        Standing.REVOKED, Standing.ACTIVE, Standing.ACTIVE, Standing.REVOKED,
    ]  # fmt: skip
    assert [o.code for o in overlays(fold(ended, day(50)), day(50))] == ["STAY"]


def test_a_stay_uncovers_a_suspension_that_was_open_too() -> None:
    assert standing([APPLIED, GRANTED, SUSPENDED, *REVOKED[2:], act("stay", 40, index=5)], 41) is Standing.SUSPENDED


@pytest.mark.parametrize(("suspensive", "seen"), [(True, Standing.ACTIVE), (False, Standing.REVOKED)])
def test_only_a_suspensive_appeal_holds_a_revocation(suspensive: bool, seen: Standing) -> None:
    appeal = act("lodge_appeal", 40, index=5, suspensive=suspensive)
    decided = act("decide_appeal", 60, index=6, closes="lodge_appeal@40")
    assert [standing([*REVOKED, appeal, decided], at) for at in (41, 60)] == [seen, Standing.REVOKED]
    assert [o.code for o in overlays(fold([*REVOKED, appeal], day(41)), day(41))] == ["APPEAL"]


def test_an_appeal_lodged_before_a_revocation_takes_effect_keeps_it_from_taking_effect() -> None:
    history = [APPLIED, GRANTED, act("revoke", 60, index=2), act("lodge_appeal", 40, index=3, suspensive=True)]
    assert [standing(history, at) for at in (39, 61)] == [Standing.ACTIVE, Standing.ACTIVE]


def test_restoring_ends_the_revocation_it_names_also_under_stay() -> None:
    for history in (REVOKED, STAYED):
        restored = act("restore", 50, index=7, closes="revoke@30")
        check_act(history, restored)
        assert standing([*history, restored], 51) is Standing.ACTIVE


def test_a_second_revocation_is_refused_while_one_is_held() -> None:
    with pytest.raises(ActNotAllowed, match="while a revocation is open") as caught:
        check_act(STAYED, act("revoke", 50))
    assert caught.value.blocked_by == "revoke@30"


@pytest.mark.parametrize(("put_on", "first"), [("stay", Standing.ACTIVE), ("bar", Standing.BARRED)])
def test_a_stay_and_a_bar_count_for_the_revocation_they_were_put_on(put_on: str, first: Standing) -> None:
    restored = [*REVOKED, act(put_on, 40, index=5, until=300), act("restore", 50, index=6, closes="revoke@30")]
    again = [*restored, act("revoke", 60, index=7)]
    assert [standing(again, at) for at in (45, 55, 65)] == [first, Standing.ACTIVE, Standing.REVOKED]
    assert [overlays(fold(again, day(at)), day(at)) for at in (55, 65)] == [[], []]


def test_a_bar_ends_by_its_date_and_the_revocation_stays() -> None:
    assert [standing(RUNNING[Standing.BARRED], at) for at in (30, 31, 300)] == [
        Standing.REVOKED, Standing.BARRED, Standing.REVOKED,
    ]  # fmt: skip


# --- measures, notices, surrender


@pytest.mark.parametrize("open_one", ["suspend", "give_notice"])
def test_nobody_surrenders_while_a_suspension_or_notice_is_open(open_one: str) -> None:
    with pytest.raises(ActNotAllowed) as caught:
        check_act([APPLIED, GRANTED, act(open_one, 20, index=2)], act("surrender", 30))
    assert "surrender" not in caught.value.allowed
    assert caught.value.blocked_by == f"{open_one}@20"


def test_nobody_surrenders_before_a_revocation_that_was_decided_and_has_not_begun() -> None:
    with pytest.raises(ActNotAllowed, match="impossible") as caught:
        check_act([APPLIED, GRANTED, act("revoke", 60, index=2)], act("surrender", 30))
    assert caught.value.blocked_by == "revoke@60"


def test_a_listed_suspension_can_be_surrendered() -> None:
    check_act([act("list", 0, index=0, listed=Standing.SUSPENDED)], act("surrender", 30))


def test_a_notice_is_an_overlay_until_it_is_withdrawn_or_the_revocation_is_there() -> None:
    assert standing(NOTICED, 25) is Standing.ACTIVE
    assert [o.code for o in overlays(fold(NOTICED, day(25)), day(25))] == ["REVOCATION_NOTICE"]
    withdrawn = [*NOTICED, act("withdraw_notice", 30, index=3, closes="give_notice@20")]
    revoked = [*NOTICED, act("revoke", 30, index=3)]
    assert overlays(fold(withdrawn, day(30)), day(30)) == overlays(fold(revoked, day(30)), day(30)) == []


def test_conditions_end_by_themselves_or_by_an_act_and_a_passed_deadline_changes_nothing() -> None:
    done = Condition("TRAINING", met=False, deadline=day(40))
    imposed = act("impose_conditions", 20, index=2, until=60, conditions=(done,))
    history = [APPLIED, GRANTED, imposed]
    assert [standing(history, at) for at in (20, 59, 60)] == [
        Standing.CONDITIONAL, Standing.CONDITIONAL, Standing.ACTIVE,
    ]  # fmt: skip
    seen = overlays(fold(history, day(45)), day(45))
    assert [(o.code, o.since, o.note) for o in seen] == [("DEADLINE_PASSED", day(40), "TRAINING")]
    assert overlays(fold(history, day(39)), day(39)) == []
    lifted = [*history, act("lift_conditions", 50, index=3, closes="impose_conditions@20")]
    assert standing(lifted, 50) is Standing.ACTIVE


def test_a_deferral_past_its_deadline_is_still_one() -> None:
    history = [APPLIED, act("defer", 5, index=1, until=20)]
    assert standing(history, 21) is Standing.DEFERRED
    assert [o.code for o in overlays(fold(history, day(21)), day(21))] == ["DEADLINE_PASSED"]
    assert standing([*history, act("resume", 22, index=2)], 22) is Standing.APPLIED


# --- validity


def test_renewing_late_leaves_the_gap() -> None:
    history = [APPLIED, act("grant", 10, index=1, valid_until=40), act("renew_late", 50, index=2, valid_until=300)]
    assert [standing(history, at) for at in (39, 45, 50, 300)] == [
        Standing.ACTIVE, Standing.LAPSED, Standing.ACTIVE, Standing.LAPSED,
    ]  # fmt: skip


def test_only_an_act_before_expiry_renews() -> None:
    with pytest.raises(ActNotAllowed, match="LAPSED"):
        check_act([APPLIED, act("grant", 10, index=1, valid_until=40)], act("renew", 40))
    check_act([APPLIED, act("grant", 10, index=1, valid_until=40)], act("continue_renewal", 39.9, until=80))


def test_a_pending_renewal_is_shown_until_the_claims_change_again() -> None:
    history = [APPLIED, GRANTED, act("continue_renewal", 30, index=2, until=80)]
    assert [o.code for o in overlays(fold(history, day(31)), day(31))] == ["PENDING_RENEWAL"]
    assert overlays(fold([*history, act("renew", 40, index=3)], day(41)), day(41)) == []


def test_what_was_listed_as_suspended_lapses_too() -> None:
    assert standing([act("list", 0, index=0, listed=Standing.SUSPENDED, valid_until=30)], 30) is Standing.LAPSED


# --- merges, splits, lists


def test_a_merger_ends_and_a_split_goes_on_and_both_say_where_to() -> None:
    other = "TEST-00000000-59"
    merged = [APPLIED, GRANTED, act("merge", 20, index=2, redirect=other)]
    split = [APPLIED, GRANTED, act("split", 20, index=2, redirect=other)]
    assert (standing(merged, 20), standing(split, 20)) == (Standing.TERMINATED, Standing.ACTIVE)
    for history, code in ((merged, "MERGED"), (split, "SPLIT")):
        assert [(o.code, o.note) for o in overlays(fold(history, day(20)), day(20))] == [(code, other)]


def test_a_list_that_names_nobody_any_more_asserts_nothing_and_comes_back() -> None:
    listed = [act("list", 0, index=0, listed=Standing.ACTIVE), act("unlist", 10, index=1)]
    assert standing(listed, 10) is Standing.NOT_ASSERTED
    assert standing([*listed, act("relist", 20, index=2, listed=Standing.ACTIVE)], 20) is Standing.ACTIVE
    unknown = [listed[0], act("unrecognise", 10, index=1)]
    assert standing(unknown, 10) is Standing.UNRECOGNISED
    assert standing([*unknown, act("recognise", 20, index=2, listed=Standing.ACTIVE)], 20) is Standing.ACTIVE


@pytest.mark.parametrize("silence", ["unlist", "unrecognise"])
def test_a_list_that_falls_silent_does_not_end_a_suspension(silence: str) -> None:
    history = [act("list", 0, index=0, listed=Standing.ACTIVE), act("suspend", 5, index=1), act(silence, 10, index=2)]
    assert standing(history, 10) is Standing.SUSPENDED
    ended = act("end_suspension", 20, closes="suspend@5")
    check_act(history, ended)
    assert standing([*history, ended], 20) is transition(silence).target


def test_no_record_says_that_an_applicant_is_in_good_standing() -> None:
    history = [act("list", 0, index=0, listed=Standing.ACTIVE), act("unrecognise", 10, index=1),
               act("recognise", 20, index=2, listed=Standing.APPLIED)]  # fmt: skip
    assert [index_codes(history, day(at))[LIST, 0] for at in (5, 15, 25)] == [0, 3, 1]


# --- corrections


def correction(*corrects: str, at: float = 60, index: int | None = None) -> Decision:
    return act("correct", at, index=index, corrects=corrects)


def test_a_correction_says_what_was_true_and_leaves_what_was_known() -> None:
    history = [APPLIED, GRANTED, SUSPENDED, correction("suspend@20", index=3)]
    assert (standing(history, 25), standing(history, 25, size=3)) == (Standing.ACTIVE, Standing.SUSPENDED)


def test_a_correction_that_is_corrected_puts_back_what_it_voided() -> None:
    history = [APPLIED, GRANTED, SUSPENDED, correction("suspend@20", index=3)]
    undone = correction("correct@60", at=70)
    check_act(history, undone)
    assert standing([*history, undone], 25) is Standing.SUSPENDED


def test_a_closing_act_is_voided_with_what_it_closed_or_the_correction_is_refused() -> None:
    history = [APPLIED, GRANTED, SUSPENDED, act("end_suspension", 30, index=3, closes="suspend@20")]
    with pytest.raises(ActNotAllowed, match="correct that decision first, or with it") as caught:
        check_act(history, correction("suspend@20"))
    assert caught.value.blocked_by == "end_suspension@30"
    check_act(history, correction("suspend@20", "end_suspension@30"))


def test_a_correction_of_what_later_decisions_rest_on_is_refused() -> None:
    with pytest.raises(ActNotAllowed) as caught:
        check_act([APPLIED, GRANTED, SUSPENDED], correction("grant@10"))
    assert caught.value.blocked_by == "suspend@20"


@pytest.mark.parametrize("target", ["suspend@99", "suspend@20"])
def test_only_what_counts_can_be_corrected(target: str) -> None:
    history = [APPLIED, GRANTED, SUSPENDED, correction("suspend@20", index=3)]
    with pytest.raises(ActNotAllowed, match="no decision about .* that counts"):
        check_act(history, correction(target, at=70))


def test_other_acts_correct_nothing_and_a_correction_something() -> None:
    with pytest.raises(ActNotAllowed, match="takes an act of its own"):
        check_act([APPLIED, GRANTED], replace(act("suspend", 30), corrects=("grant@10",)))
    with pytest.raises(ActNotAllowed, match="must name the decisions"):
        check_act([APPLIED, GRANTED], correction())


def test_claims_that_are_corrected_are_in_nobodys_way() -> None:
    history = [APPLIED, act("grant", 100, index=1)]
    generation = replace(GRANTED.generation, event_id="correct@50")  # type: ignore[type-var]
    check_act([*history, act("apply", 0)][:2], replace(correction("grant@100", at=50), generation=generation))


def test_an_unknown_act_lists_every_act_there_is() -> None:
    with pytest.raises(ActNotAllowed) as caught:
        transition("forgive")
    assert set(caught.value.allowed) == {row.act for row in TRANSITIONS}


def test_an_end_must_name_a_suspension_that_runs() -> None:
    for closes in (None, "suspend@99", "grant@10"):
        with pytest.raises(ActNotAllowed, match="must name the suspension"):
            check_act([APPLIED, GRANTED, SUSPENDED], act("end_suspension", 30, closes=closes))


def test_a_suspension_is_closed_once() -> None:
    history = [APPLIED, GRANTED, SUSPENDED, act("suspend", 21, index=3),
               act("end_suspension", 30, index=4, closes="suspend@20")]  # fmt: skip
    with pytest.raises(ActNotAllowed):
        check_act(history, act("end_suspension", 31, closes="suspend@20"))


def test_a_retroactive_act_that_breaks_a_later_one_is_refused_naming_it() -> None:
    with pytest.raises(ActNotAllowed, match="impossible") as caught:
        check_act([APPLIED, GRANTED, SUSPENDED], act("revoke", 15))
    assert caught.value.blocked_by == "suspend@20"


def test_claims_change_in_the_order_in_which_that_was_decided() -> None:
    renewed = [APPLIED, GRANTED, act("renew", 100, index=2)]
    with pytest.raises(ActNotAllowed, match="would change the claims") as caught:
        check_act(renewed, act("change_scope", 50))
    assert caught.value.blocked_by == "renew@100"


def test_claims_change_in_order() -> None:
    history = [APPLIED, act("grant", 100, index=1)]
    with pytest.raises(ActNotAllowed) as caught:
        check_act(history, act("grant", 50))
    assert caught.value.blocked_by == "grant@100"


def test_lowering_acts_are_told_from_raising_ones() -> None:
    live, down = [APPLIED, GRANTED], [APPLIED, GRANTED, SUSPENDED]
    assert lowers_trust(live, [*live, act("suspend", 20)], day(20))
    assert lowers_trust(live, [*live, act("revoke", 20)], day(20))
    assert lowers_trust(down, [*down, act("revoke", 25)], day(25))
    assert not lowers_trust([APPLIED], [APPLIED, act("grant", 5)], day(5))
    assert not lowers_trust(down, [*down, act("end_suspension", 25, closes="suspend@20")], day(25))


def test_an_act_that_lowers_trust_later_lowers_it() -> None:
    live = [APPLIED, GRANTED]
    assert lowers_trust(live, [*live, act("suspend", 90, until=95)], day(20))


def test_a_suspension_wholly_in_the_past_lowers_nothing_from_now_on() -> None:
    live = [APPLIED, GRANTED]
    assert not lowers_trust(live, [*live, act("suspend", 12, until=15)], day(20))


def test_a_smaller_scope_lowers_trust_and_a_wider_one_does_not() -> None:
    def with_scope(sectors: set[str]) -> list[Decision]:
        return [APPLIED, act("grant", 10, index=1, scope=Scope(sectors=frozenset(sectors)))]

    both, one, unrestricted = with_scope({"care", "farm"}), with_scope({"care"}), with_scope(set())
    assert lowers_trust(both, one, day(20))
    assert lowers_trust(unrestricted, both, day(20))
    assert not lowers_trust(one, both, day(20))
    assert not lowers_trust(both, unrestricted, day(20))


def test_the_public_sees_logged_decisions_and_pending_ones_that_lower_trust() -> None:
    suspended = act("suspend", 20)
    lifted = act("end_suspension", 21, closes="suspend@20")
    public = public_history([APPLIED, GRANTED, suspended, lifted], day(22))
    assert [d.act for d in public] == ["apply", "grant", "suspend"]


def test_each_generation_has_its_own_index_and_the_current_one_carries_the_code() -> None:
    history = [APPLIED, GRANTED, SUSPENDED]
    assert index_codes(history, day(5)) == {(LIST, 100): 0}
    assert index_codes(history, day(15)) == {(LIST, 100): 0}
    assert index_codes(history, day(20)) == {(LIST, 100): 2}
    assert index_codes(history, day(365)) == {(LIST, 100): 1}


def test_a_generation_that_was_replaced_is_void_for_good() -> None:
    history = [APPLIED, GRANTED, act("renew", 100, index=2)]
    assert index_codes(history, day(99)) == {(LIST, 100): 0, (LIST, 1000): 0}
    assert index_codes(history, day(100)) == {(LIST, 100): 1, (LIST, 1000): 0}


def test_boundaries_are_the_instants_at_which_something_happens_by_itself() -> None:
    history = [APPLIED, GRANTED, act("suspend", 20, index=2, until=30)]
    assert boundaries(history) == [day(0), day(10), day(20), day(30), day(365)]


def test_precedence_of_codes() -> None:
    assert [worse(a, b) for a, b in ((1, 2), (2, 3), (3, 0), (0, 1), (2, 2))] == [1, 2, 3, 1, 2]


@given(st.permutations([APPLIED, GRANTED, SUSPENDED, act("suspend", 25, index=3, until=60), act("revoke", 70, index=4)]),
       st.floats(-1, 400))  # fmt: skip
def test_the_fold_does_not_depend_on_the_order_logged_decisions_arrive_in(history: list[Decision], at: float) -> None:
    in_order = sorted(history, key=lambda d: d.index or 0)
    assert fold(history, day(at)) == fold(in_order, day(at))
