"""The fold: what a history of decisions amounts to at an instant, known up to a size."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.errors import ActNotAllowed
from goodstanding.standing import (
    Decision,
    Generation,
    Scope,
    allowed_acts,
    boundaries,
    check_act,
    fold,
    index_codes,
    lowers_trust,
    public_history,
    shown,
    shown_since,
    shown_until,
    worse,
)
from goodstanding.transitions import TRANSITIONS, Basis, Standing, acts_from, transition

START = datetime(2026, 1, 1, tzinfo=UTC)
LIST = "https://registry.example/status-lists/1"


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def act(name: str, at: float, *, index: int | None = None, until: float | None = None, closes: str | None = None,
        valid_until: float | None = 365, scope: Scope | None = None, listed: Standing | None = None,
        corrects: tuple[str, ...] = ()) -> Decision:  # fmt: skip
    identifier = f"{name}@{at}"
    opens = transition(name).opens_generation
    generation = Generation(identifier, scope or Scope(), day(at), None if valid_until is None else day(valid_until),
                            LIST, int(at * 10)) if opens else None  # fmt: skip
    return Decision(
        event_id=identifier, number="TEST-7K3M9QXR-23", act=name, basis=Basis.DECIDED, effective_from=day(at),
        decided_at=day(at), index=index, effective_until=None if until is None else day(until), closes=closes,
        corrects=corrects, listed=listed, generation=generation,
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


def test_a_correction_that_is_itself_void_voids_nothing() -> None:
    wrong = act("suspend", 20, index=2)
    correction = replace(act("suspend", 21, index=3), event_id="c1", corrects=("suspend@20",))
    assert not fold([APPLIED, GRANTED, wrong, correction], day(20.5)).suspensions(day(20.5))  # type: ignore[union-attr]
    undone = replace(act("suspend", 22, index=4), event_id="c2", corrects=("c1",))
    assert standing([APPLIED, GRANTED, wrong, correction, undone], 20.5) is Standing.SUSPENDED


def test_a_listed_word_without_mapping_is_unrecognised() -> None:
    assert standing([act("list", 0, index=0)], 1) is Standing.UNRECOGNISED
    assert standing([act("list", 0, index=0, listed=Standing.SUSPENDED)], 1) is Standing.SUSPENDED


def test_the_shown_standing_says_since_when_and_until_when() -> None:
    state = fold([APPLIED, GRANTED, act("suspend", 20, index=2, until=30)], day(25))
    assert state is not None
    assert (shown_since(state, day(25)), shown_until(state, day(25))) == (day(20), day(30))
    assert (shown_since(state, day(31)), shown_until(state, day(31))) == (day(10), day(365))
    assert (shown_since(state, day(400)), shown_until(state, day(400))) == (day(365), None)


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: row.act)
@pytest.mark.parametrize("shown_now", [None, *Standing])
def test_an_act_is_accepted_exactly_where_its_row_begins(row: object, shown_now: Standing | None) -> None:
    name = row.act  # type: ignore[attr-defined]
    history = _history_showing(shown_now)
    if history is None:
        return  # not reachable with this acts
    new = act(name, 50, closes="suspend@20", valid_until=None)
    if name in acts_from(shown_now):
        check_act(history, new)
    else:
        with pytest.raises(ActNotAllowed) as caught:
            check_act(history, new)
        assert list(caught.value.allowed) == acts_from(shown_now) == allowed_acts(history, day(50))


def _history_showing(wanted: Standing | None) -> list[Decision] | None:
    histories: dict[Standing | None, list[Decision]] = {
        None: [],
        Standing.APPLIED: [APPLIED],
        Standing.ACTIVE: [APPLIED, GRANTED],
        Standing.SUSPENDED: [APPLIED, GRANTED, SUSPENDED],
        Standing.REVOKED: [APPLIED, GRANTED, act("revoke", 30, index=3)],
        Standing.LAPSED: [APPLIED, act("grant", 10, index=1, valid_until=40)],
        Standing.UNRECOGNISED: [act("list", 0, index=0)],
    }
    return histories.get(wanted)


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
