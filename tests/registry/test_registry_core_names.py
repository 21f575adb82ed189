"""Scripts of names, characters no name may hold, and the one form organisations are kept in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.events import encode_body, new_event_id
from registry.accreditations.model import act_named
from registry.organisations.model import Draft, IdentifierDraft, NameDraft, organisation
from registry.organisations.scripts import agree, mixed_word, refused_character, script_of, tidy
from registry.settings import Settings

ORGANISATION = "org_" + "0" * 32


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Kestrel Placements Ltd.", "Latn"), ("Œuvre Łódź Ñandú", "Latn"), ("ООО «Кестрел»", "Cyrl"),
        ("हिमाल प्लेसमेन्ट", "Deva"), ("مكتب الاستقدام", "Arab"), ("Γραφείο Εργασίας", "Grek"), ("বাংলা রিক্রুটিং", "Beng"),
        ("தமிழ் வேலை", "Taml"), ("කුරුල්ලා", "Sinh"), ("บริษัท จัดหางาน", "Thai"), ("人力資源", "Hani"),
        ("さくら人材サービス", "Jpan"), ("한국인력", "Hang"), ("韓國인력", "Kore"), ("የስራ ስምሪት", "Ethi"),
        ("មជ្ឈមណ្ឌល", "Khmr"), ("ဝန်ဆောင်မှု", "Mymr"), ("לשכת עבודה", "Hebr"), ("123 / 45", "Zyyy"),
        ("Kestrel Кестрел Group", "Latn"), ("𐎠𐎡𐎢", "Zzzz"),
    ],
)  # fmt: skip
def test_the_script_of_a_name(text, script):
    assert script_of(text) == script


def test_a_declared_script_may_be_finer_than_the_detected_one():
    assert agree("Hant", "Hani")
    assert agree("Jpan", "Hani")
    assert agree("Latn", "Latn")
    assert not agree("Latn", "Cyrl")
    assert not agree("Hans", "Hang")


@pytest.mark.parametrize(
    "bad", ["\x00", "\n", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\ud800", "\ue000"]
)
def test_characters_nobody_sees_are_refused_by_name(bad):
    assert refused_character(f"Kestrel{bad}Ltd").startswith("U+")


@pytest.mark.parametrize(
    "text",
    [
        "Kestrel Кестрел Group", "さくら人材サービス", "JR東日本", "KDDI株式会社", "韓國인력", "हिमाल Placements", "Œuvre Łódź Ñandú",
        "ООО «Кестрел» 3М", "बुद्ध‍ा", "1º de Mayo", "µ-Werk", "Кестрел-Kestrel", "O’Neill", "บริษัท ABCจำกัด",
    ],
)  # fmt: skip
def test_scripts_that_are_told_apart_may_stand_together(text):
    assert mixed_word(tidy(text)) is None


@pytest.mark.parametrize(
    ("text", "word", "scripts"),
    [
        ("The Kеstrel Group", "Kеstrel", ("Cyrl", "Latn")), ("ΑBC", "ΑBC", ("Grek", "Latn")),
        ("Кестрeл", "Кестрeл", ("Cyrl", "Latn")), ("Ηебо", "Ηебо", ("Cyrl", "Grek")), ("𝐊estrel", "𝐊estrel", ("Latn", "Zmth")),
        ("Ke\u200dстрел", "Ke\u200dстрел", ("Cyrl", "Latn")),
    ],
)  # fmt: skip
def test_a_word_that_can_be_read_as_another_is_found(text, word, scripts):
    assert mixed_word(text) == (word, scripts)


def test_joiners_are_ordinary_spelling_in_some_scripts():
    assert refused_character("می\u200cخواهم क्\u200dष") is None


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_tidying_twice_changes_nothing(text):
    assert tidy(tidy(text)) == tidy(text)


def test_the_same_name_composed_otherwise_is_the_same_name():
    assert tidy(" Cafe\u0301  Placement ") == tidy("Café Placement")


def test_an_organisation_has_one_form_that_event_bodies_accept():
    one = Draft("recruiter", [NameDraft("B", "trading"), NameDraft("A", "Legal")], "np",
                [IdentifierDraft("Z", "2"), IdentifierDraft("a", "1")], ["b.example", "A.EXAMPLE", "a.example."])  # fmt: skip
    other = Draft("recruiter", [NameDraft(" A ", "legal"), NameDraft("B", "TRADING")], "NP",
                  [IdentifierDraft("a", "1"), IdentifierDraft("z", "2")], ["a.example", "b.example"])  # fmt: skip

    made = organisation(ORGANISATION, one)

    assert made == organisation(ORGANISATION, other)
    assert made.name == "A"
    now = __import__("datetime").datetime(2026, 5, 4, tzinfo=__import__("datetime").UTC)
    encode_body(
        {"kind": "organisation", "event_id": new_event_id(now), "authority": "aut_x", "data": made.public_object()}
    )


@pytest.mark.parametrize(
    "text", ["end_suspension", "END-SUSPENSION", "End suspension", "endSuspension", " end  suspension"]
)
def test_acts_are_named_without_regard_to_case_hyphen_and_blank(text):
    assert act_named(text).act == "end_suspension"


@pytest.mark.parametrize("text", ["", "suspend!", "end", "_"])
def test_other_words_name_no_act(text):
    assert act_named(text) is None


def test_settings_read_durations_as_seconds_or_as_iso_8601(monkeypatch):
    monkeypatch.setenv("GOODSTANDING_STATUS_LIST_TTL", "15")
    monkeypatch.setenv("GOODSTANDING_RECORD_LIFETIME", "P30D")

    settings = Settings()

    assert settings.status_list_ttl.total_seconds() == 15
    assert settings.record_lifetime.days == 30
    assert settings.database == "sqlite+aiosqlite:///var/registry.db"
    assert "**" in repr(settings.audit_token) or repr(settings.audit_token) == "SecretStr('')"
