from dataclasses import astuple
from datetime import date

from goodstanding.transitions import Standing
from goodstanding_standalone.sample.authorities import (
    AUTHORITIES,
    ETHICAL,
    LICENCE,
    MAIN,
    MANDATES,
    SCHEMES,
    UNMAPPED_WORD,
)
from goodstanding_standalone.sample.generator import generate
from goodstanding_standalone.sample.model import Size
from registry.intake.layouts import LAYOUTS
from registry.organisations.model import Draft, IdentifierDraft, NameDraft, organisation

TODAY = date(2026, 5, 4)


def test_the_same_seed_and_day_give_the_same_sample():
    small = Size(60, 20, 5)
    assert generate(TODAY, small) == generate(TODAY, small)
    assert generate(TODAY, small) != generate(TODAY, small, seed=1)


def test_the_full_sample_is_as_wide_as_the_issue_asks():
    sample = generate(TODAY)

    assert len(sample.organisations) == 2_000
    assert len({organisation.jurisdiction for organisation in sample.organisations}) == 6
    assert len({name.script for organisation in sample.organisations for name in organisation.names}) >= 5
    ministries = [authority for authority in sample.authorities if authority.kind == "ministry"]
    assert len({ministry.time_zone for ministry in ministries}) == len(ministries) == 3
    assert len({ministry.jurisdiction for ministry in ministries}) == 3
    assert {organisation.kind for organisation in sample.organisations} == {"recruiter", "employer"}


def test_the_ethical_scheme_asks_for_what_such_schemes_ask_for_and_says_what_shows_it():
    (ethical,) = [scheme for scheme in SCHEMES if scheme.id == ETHICAL]

    assert [(one.code, one.title) for one in ethical.criteria] == [
        ("LAW", "Respect for the law and for rights at work"),
        ("CONDUCT", "Ethical and professional conduct"),
        ("FEES", "No recruitment fees or related costs to workers"),
        ("FREEDOM", "Freedom of movement"),
        ("TERMS", "Transparent terms of work"),
        ("PRIVACY", "Confidentiality and data protection"),
        ("REMEDY", "Access to remedy"),
        ("PSEA", "Prevention of sexual exploitation and abuse"),
        ("CODE", "Acceptance of the code of conduct"),
    ]
    assert all(len(one.indicators) >= 2 for one in ethical.criteria)


def test_there_is_a_national_licence_with_words_of_its_own():
    (licence,) = [scheme for scheme in SCHEMES if scheme.id == LICENCE]

    assert [one.code for one in licence.criteria] == ["DEPOSIT", "OFFICE", "MANAGER", "ORDERS", "RETURNS"]
    assert all(one.indicators for one in licence.criteria)
    assert set(licence.mappings.values()) == {Standing.ACTIVE, Standing.SUSPENDED, Standing.REVOKED}
    assert {authority for authority, scheme, _ in map(astuple, MANDATES) if scheme == LICENCE} == {
        one.id for one in AUTHORITIES if one.kind == "ministry"
    }


def test_every_organisation_has_its_own_legal_name_and_a_latin_one():
    sample = generate(TODAY)

    legal = [name.text for each in sample.organisations for name in each.names if name.kind == "legal"]
    assert len(set(legal)) == len(sample.organisations)
    assert all(any(name.script == "Latn" for name in each.names) for each in sample.organisations)


def test_the_registry_accepts_every_organisation_of_the_sample():
    for each in generate(TODAY).organisations:
        names = [NameDraft(name.text, name.kind, name.script) for name in each.names]
        identifiers = [IdentifierDraft(scheme, value) for scheme, value in each.identifiers]
        made = organisation("org_x", Draft(each.kind, names, each.jurisdiction, identifiers, each.domains))
        assert [dict(name)["script"] for name in made.names].count("Latn") >= 1


def test_the_main_ministry_has_every_standing_even_in_a_small_sample():
    sample = generate(TODAY, Size(40, 20, 5))

    decided = {case.standing for case in sample.cases if case.authority == MAIN}
    assert decided == {Standing.APPLIED, Standing.ACTIVE, Standing.SUSPENDED, Standing.REVOKED, Standing.LAPSED}
    words = {entry.word for each in sample.lists if each.authority == MAIN for entry in each.entries}
    assert words == {UNMAPPED_WORD}


def test_nobody_is_both_listed_and_decided_about():
    sample = generate(TODAY)

    decided = {case.organisation.key for case in sample.cases}
    listed = [entry.organisation.key for each in sample.lists for entry in each.entries]
    assert not decided & set(listed)
    assert len(listed) == len(set(listed))
    assert "listing" in LAYOUTS
