"""Bad input to acts on the register itself: refused, named, and nothing is left behind."""

from dataclasses import replace
from datetime import timedelta

import pytest
from administration_world import BEGAN, cadence, criteria, mandate, mandate_end, mappings, role
from core_world import START

from registry.administration.drafts import CriterionDraft
from registry.errors import Forbidden, Invalid, NotFound

LONG, EARLY = "x" * 200_000, START - timedelta(days=1)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (mandate(acts=[]), "acts"),
        (mandate(acts=["bless"]), "acts[0]"),
        (mandate(acts=["grant", LONG]), "acts[1]"),
        (mandate(acts=["grant"] * 201), "acts"),
        (mandate(valid_until=START), "validUntil"),
        (mandate(valid_until=EARLY), "validUntil"),
        (mandate(valid_from=START.replace(year=2)), "validFrom"),
        (mandate(reason="two words"), "reason"),
        (mandate(reason=LONG), "reason"),
        (mandate_end("man_" + "0" * 32, "forgotten"), "end"),
        (mandate_end("man_" + "0" * 32, LONG), "end"),
        (mandate_end(None, suspect_from=START + timedelta(days=1)), "suspectFrom"),
        (mandate_end(None, suspect_from=BEGAN - timedelta(days=1)), "suspectFrom"),
        (mandate_end(None, "expired", suspect_from=EARLY), "suspectFrom"),
        (cadence(0), "days"),
        (cadence(3661), "days"),
        (mappings(("rated", "EXCELLENT")), "mappings[0].standing"),
        (mappings(("rated", "")), "mappings[0].standing"),
        (mappings(("", "ACTIVE")), "mappings[0].word"),
        (mappings((LONG, "ACTIVE")), "mappings[0].word"),
        (mappings(("ra\x00ted", "ACTIVE")), "mappings[0].word"),
        (mappings(("\u202erated", "ACTIVE")), "mappings[0].word"),
        (mappings(("rated", "ACTIVE"), (" rated ", "REVOKED")), "mappings"),
        (mappings(version=""), "version"),
        (mappings(version=LONG), "version"),
        (criteria(CriterionDraft("A", LONG)), "criteria[0].title"),
        (criteria(CriterionDraft("A", "\u200bTitle")), "criteria[0].title"),
        (criteria(CriterionDraft("no code", "Title")), "criteria[0].code"),
        (criteria(CriterionDraft("A", "T"), CriterionDraft("A", "U")), "criteria"),
        (criteria(CriterionDraft("A", "T", ["\x07"])), "criteria[0].indicators[0]"),
        (criteria(CriterionDraft("A", "T", ["I"] * 51)), "criteria[0].indicators"),
        (criteria(*(CriterionDraft(f"C{n}", "T" * 300) for n in range(100))), None),  # no event holds so much
        (role(role="emperor"), "role"),
        (role(role=LONG), "role"),
        (role(LONG), "member"),
        (role("a\nb"), "member"),
    ],
)
async def test_what_cannot_be_is_refused_and_named(offices, draft, field):
    if getattr(draft, "mandate", "") is None:
        draft = replace(draft, mandate=(await offices.mandates())[0])
    before = await offices.register.snapshot()

    with pytest.raises(Invalid) as refusal:
        await offices.proposed("ada" if "Role" in type(draft).__name__ else "olga", draft)

    assert refusal.value.field == field
    assert len(refusal.value.message) < 900
    assert await offices.register.snapshot() == before


@pytest.mark.parametrize("none", ["", "nonsense", "\x00", "\ud800", "аut_labour", LONG])
async def test_what_there_is_not_is_not_found(offices, none):
    """Unknown ids of every kind, those that look like a known one among them; ids that no event may hold as well."""
    unknown = (
        mandate(authority=none), mandate(scheme=none), mandate_end(none), mappings(scheme=none), criteria(scheme=none),
        role("аda"), role("who"),
    )  # fmt: skip
    for draft in unknown:
        with pytest.raises((NotFound, Invalid)):
            await offices.proposed("ada" if hasattr(draft, "member") else "olga", draft)
    with pytest.raises((Forbidden, Invalid)):
        await offices.proposed("ada", role(authority=none))
    for proposal in (none, "prp_" + "0" * 32):
        with pytest.raises((NotFound, Invalid)):
            await offices.approved("omar", proposal, "digest")
