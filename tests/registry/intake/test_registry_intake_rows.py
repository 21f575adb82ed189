"""What becomes of single rows and of the rows of one accreditation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.intake.layouts import LAYOUTS
from registry.intake.model import Claim, Gathering, Outcome, RowRefused, StagedListing, alike, key_of

UK = LAYOUTS["uk-sponsors"].claim
OWN = LAYOUTS["listing"].claim
ROW = ["Acme Ltd", "Leeds", "", "Worker (A rating)", "Skilled Worker"]
OWN_ROW = ["Aruna Manpower", "NP", "np-licence", "1204/077", "Renewed", "sch_np_licence"]


def gather(rows: list[list[str]], claim=UK) -> Gathering:
    gathering = Gathering()
    for number, fields in enumerate(rows, 1):
        try:
            gathering.take(number, claim(fields))
        except RowRefused as refused:
            gathering.refuse(number, refused)
    return gathering


def outcome(fields: list[str], claim=UK) -> tuple[Outcome, str]:
    with pytest.raises(RowRefused) as caught:
        claim(fields)
    return caught.value.outcome, caught.value.reason


def changed(row: list[str], **columns: str) -> list[str]:
    return [columns.get(f"c{at}", value) for at, value in enumerate(row)]


def test_a_row_says_who_is_listed_under_which_scheme_as_what():
    assert UK(ROW) == Claim(
        scheme_id="sch_uk_worker",
        source_key=key_of(("Acme Ltd", "Leeds", "")),
        name="Acme Ltd",
        kind="employer",
        jurisdiction="GB",
        word="Worker (A rating)",
        activity="Skilled Worker",
        place="Leeds",
    )
    assert UK(changed(ROW, c3="Temporary Worker (A (SME+))")).scheme_id == "sch_uk_temporary_worker"
    own = OWN(OWN_ROW)
    assert (own.kind, own.jurisdiction, own.identifier, own.word, own.scheme_id, own.activity) == (
        "recruiter", "NP", ("np-licence", "1204/077"), "Renewed", "sch_np_licence", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "expected", "says"),
    [
        (changed(ROW, c0=""), Outcome.REJECTED, "Organisation Name is empty"),
        (changed(ROW, c0="\t\u00a0 "), Outcome.REJECTED, "Organisation Name is empty"),
        (changed(ROW, c0="Acme\x07Ltd"), Outcome.REJECTED, "U+0007"),
        (changed(ROW, c0="Acme\nLtd"), Outcome.REJECTED, "U+000A"),
        (changed(ROW, c0="Acme \u202edtL"), Outcome.REJECTED, "U+202E"),
        (changed(ROW, c0="é" * 301), Outcome.REJECTED, "602 bytes long; at most 600"),
        (changed(ROW, c1="x" * 121), Outcome.REJECTED, "Town/City is 121 bytes"),
        (changed(ROW, c4=" "), Outcome.REJECTED, "Route is empty"),
        (changed(ROW, c3=" "), Outcome.REJECTED, "Type & Rating is empty"),
        (changed(ROW, c3="Tier 2 (A rating)"), Outcome.HELD, "neither Worker nor Temporary Worker"),
        (changed(ROW, c3="Workers"), Outcome.HELD, '"Workers" begins with neither'),
    ],
)  # fmt: skip
def test_a_row_that_is_no_listing_says_why(fields, expected, says):
    got, reason = outcome(fields)
    assert got is expected
    assert says in reason


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (changed(OWN_ROW, c1="Nepal"), "jurisdiction"),
        (changed(OWN_ROW, c2=""), "come together"),
        (changed(OWN_ROW, c3=" "), "come together"),
        (changed(OWN_ROW, c2="no good"), "identifiers"),
        (changed(OWN_ROW, c2="lei", c3="529900T8BM49AURSDO54"), "check digit"),
        (changed(OWN_ROW, c4=""), "local_word is empty"),
        (changed(OWN_ROW, c5=""), "scheme is empty"),
    ],
)
def test_an_own_list_follows_the_rules_of_registration(fields, says):
    got, reason = outcome(fields, OWN)
    assert got is Outcome.REJECTED
    assert says in reason


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (" McMullan  Shellfish\u00a0", "McMullan Shellfish"),
        ("ACME LTD", "Acme Ltd"),
        ("Smith & Sons", "Smith and Sons"),
        ("R&D Ltd", "R and D Ltd"),
        ("Straße Bau", "STRASSE BAU"),
        ("Cafe\u0301", "Café"),
        ("\t1ST Choice", "1st Choice"),
    ],
)
def test_white_space_case_and_ampersands_are_not_changes(left, right):
    assert alike(left) == alike(right)
    assert UK(changed(ROW, c0=left)).source_key == UK(changed(ROW, c0=right)).source_key


def test_other_towns_and_other_words_are_other_organisations():
    keys = {
        UK(row).source_key for row in (ROW, changed(ROW, c1="York"), changed(ROW, c2="York"), changed(ROW, c0="Ac"))
    }
    assert len(keys) == 4
    assert key_of(("ab", "c")) != key_of(("a", "bc"))


def test_the_routes_of_one_organisation_are_one_accreditation():
    gathering = gather(
        [ROW, changed(ROW, c4="Seasonal Worker"), changed(ROW, c0="ACME  LTD", c4="SKILLED worker"), ROW]
    )
    (listing,) = gathering.good()
    assert listing.rows == [1, 2, 3, 4]
    assert list(listing.activities.values()) == ["Skilled Worker", "Seasonal Worker"]
    assert not list(gathering.refused())


def test_rows_that_disagree_are_all_held():
    gathering = gather([ROW, changed(ROW, c3="Worker (B rating)"), changed(ROW, c0="Bolt"), ROW])
    assert [listing.claim.name for listing in gathering.good()] == ["Bolt"]
    assert [(refusal.row, refusal.outcome) for refusal in gathering.refused()] == [
        (row, Outcome.HELD) for row in (1, 2, 4)
    ]
    (reason,) = {refusal.reason for refusal in gathering.refused()}
    assert reason == 'rows 1 and 2 of one accreditation say "Worker (A rating)" and "Worker (B rating)"'


def test_one_identifier_under_two_names_is_held():
    gathering = gather([OWN_ROW, changed(OWN_ROW, c0="Bina Manpower")], OWN)
    assert "give one identifier to" in {refusal.reason for refusal in gathering.refused()}.pop()


def test_an_accreditation_with_too_many_activities_is_held():
    gathering = gather([changed(ROW, c4='"' * 100 + str(at)) for at in range(30)])
    assert not list(gathering.good())
    assert "at most 4000 fit" in next(gathering.refused()).reason


def test_what_is_stored_of_a_listing_is_read_back():
    for claim in (UK(ROW), UK(changed(ROW, c1="")), OWN(OWN_ROW)):
        staged = StagedListing(3, claim, ("Skilled Worker",), (1, 7))
        read = StagedListing.read(3, staged.key, staged.data())
        assert (read.claim.draft(), read.key, read.rows) == (claim.draft(), staged.key, staged.rows)
        assert (read.claim.word, read.claim.place, read.activities) == (claim.word, claim.place, staged.activities)


WORDS = st.sampled_from(["Worker (A rating)", "worker  (a rating)", "Worker (B rating)", "Temporary Worker (A rating)",
                         "Worker (new)", "Tier 2 (A rating)", ""])  # fmt: skip
NAMES = st.sampled_from(["Acme", "ACME ", "Bolt", "", "Ba\x01d", "Smith & Sons", "Smith and Sons"])
ROWS = st.lists(st.tuples(NAMES, st.sampled_from(["Leeds", ""]), WORDS, st.sampled_from(["R1", "R2"])), max_size=30)


@given(ROWS)
def test_every_row_has_exactly_one_outcome(rows):
    gathering = gather([[name, town, "", word, route] for name, town, word, route in rows])
    accepted = [row for listing in gathering.good() for row in listing.rows]
    refused = [refusal.row for refusal in gathering.refused()]
    assert gathering.rows == len(rows)
    assert sorted(accepted + refused) == list(range(1, len(rows) + 1))
    for listing in gathering.good():
        assert len({alike(rows[row - 1][2]) for row in listing.rows}) == 1
