"""Identifiers by scheme: those with a known form are checked and brought into it, the others are kept."""

from importlib import import_module

import pytest

from registry.errors import Invalid
from registry.organisations.identifiers import KNOWN, normalised


@pytest.mark.parametrize(
    ("scheme", "value", "kept"),
    [
        ("lei", "2138 00ku d8lajwsq9d15", "213800KUD8LAJWSQ9D15"), ("in-gstin", "27aapfu0939f1zv", "27AAPFU0939F1ZV"),
        ("mx-rfc", "VACE-460910-SX6", "VACE460910SX6"), ("de-hr", "Aachen HRA 11223", "Aachen HRA 11223"),
        ("br-cnpj", "16.727.230/0001-97", "16727230000197"), ("be-kbo", "BE 428759497", "0428759497"),
        ("fr-siren", "404 833 048", "404833048"), ("sg-uen", "00192200m", "00192200M"),
        ("no-orgnr", "988 077 917", "988077917"), ("th-moa", "0 99 4 000 61772 1", "0994000617721"),
    ],
)  # fmt: skip
def test_a_number_of_a_known_scheme_has_one_form(scheme, value, kept):
    assert normalised("value", scheme, value) == kept


@pytest.mark.parametrize(
    ("scheme", "value", "why"),
    [
        ("lei", "213800KUD8LAJWSQ9D16", "checksum"), ("lei", "213800", "format|checksum|length"),
        ("in-gstin", "27AAPFU0939F1ZO", "checksum"), ("fr-siren", "404833049", "checksum"),
        ("br-cnpj", "16727230", "length"), ("de-hr", "Atlantis HRA 11223", "invalid"), ("us-ein", "07-1144442", "invalid"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused_with_the_reason(scheme, value, why):
    with pytest.raises(
        Invalid, match=f"(?i)identifiers\\[0\\].value is not a number of the scheme {scheme}: .*({why})"
    ) as refusal:
        normalised("identifiers[0].value", scheme, value)

    assert (refusal.value.field, refusal.value.code) == ("identifiers[0].value", "BAD_IDENTIFIER")


@pytest.mark.parametrize("value", ["", "9" * 120, "٣٤٥", "人" * 20, "-", "A"])
@pytest.mark.parametrize("scheme", sorted(KNOWN))
def test_no_value_is_more_than_the_checks_can_take(scheme, value):
    with pytest.raises(Invalid):
        normalised("value", scheme, value)


def test_a_scheme_nobody_knows_is_kept_as_it_is():
    assert normalised("value", "np-dofe", "123/078 a") == "123/078 a"


def test_every_scheme_of_the_table_has_its_check():
    for module in KNOWN.values():
        assert callable(import_module(f"stdnum.{module}").validate)
