"""Identifiers whose form is known: which check of python-stdnum a scheme takes.

A scheme is named by its country (ISO 3166) and what the number is called there. A scheme that is not in the table is
kept as it is stated. Numbers that belong to natural persons only are not in it: people are kept apart.
"""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from stdnum.exceptions import ValidationError

from registry.errors import Invalid

KNOWN: Final = {
    "lei": "lei",  # ISO 17442
    "ar-cuit": "ar.cuit", "at-fn": "at.businessid", "at-uid": "at.uid", "au-abn": "au.abn", "au-acn": "au.acn",
    "be-kbo": "be.vat", "bg-vat": "bg.vat", "br-cnpj": "br.cnpj", "ca-bn": "ca.bn", "ch-uid": "ch.uid",
    "cl-rut": "cl.rut", "cn-uscc": "cn.uscc", "co-nit": "co.nit", "cr-cpj": "cr.cpj", "cy-vat": "cy.vat",
    "cz-dic": "cz.dic", "de-hr": "de.handelsregisternummer", "de-vat": "de.vat", "dk-cvr": "dk.cvr",
    "do-rnc": "do.rnc", "ec-ruc": "ec.ruc", "ee-registrikood": "ee.registrikood", "eg-tn": "eg.tn",
    "es-cif": "es.cif", "es-nif": "es.nif", "fi-ytunnus": "fi.ytunnus", "fr-siren": "fr.siren",
    "fr-siret": "fr.siret", "gb-vat": "gb.vat", "gh-tin": "gh.tin", "gr-vat": "gr.vat", "hr-oib": "hr.oib",
    "hu-anum": "hu.anum", "id-npwp": "id.npwp", "ie-vat": "ie.vat", "il-hp": "il.hp", "in-gstin": "in_.gstin",
    "in-pan": "in_.pan", "is-vsk": "is_.vsk", "it-iva": "it.iva", "jp-cn": "jp.cn", "ke-pin": "ke.pin",
    "kr-brn": "kr.brn", "lt-pvm": "lt.pvm", "lu-tva": "lu.tva", "lv-pvn": "lv.pvn", "ma-ice": "ma.ice",
    "mx-rfc": "mx.rfc", "nl-btw": "nl.btw", "no-orgnr": "no.orgnr", "nz-ird": "nz.ird", "pe-ruc": "pe.ruc",
    "pl-nip": "pl.nip", "pl-regon": "pl.regon", "pt-nif": "pt.nif", "py-ruc": "py.ruc", "ro-cui": "ro.cui",
    "rs-pib": "rs.pib", "ru-inn": "ru.inn", "ru-ogrn": "ru.ogrn", "se-orgnr": "se.orgnr", "sg-uen": "sg.uen",
    "si-ddv": "si.ddv", "sk-dph": "sk.dph", "sn-ninea": "sn.ninea", "sv-nit": "sv.nit", "th-moa": "th.moa",
    "th-tin": "th.tin", "tn-mf": "tn.mf", "tr-vkn": "tr.vkn", "tw-ubn": "tw.ubn", "ua-edrpou": "ua.edrpou",
    "us-ein": "us.ein", "uy-rut": "uy.rut", "ve-rif": "ve.rif", "vn-mst": "vn.mst", "za-tin": "za.tin",
}  # fmt: skip
"""Scheme -> module of python-stdnum."""


def normalised(field: str, scheme: str, value: str) -> str:
    """The value in its scheme's compact form, and as it is for a scheme nobody here knows; Invalid says why not."""
    if scheme not in KNOWN:
        return value
    checks = _checks(scheme)
    try:
        return str(checks.compact(checks.validate(value)))
    except ValidationError as error:
        raise Invalid(
            f"{field} is not a number of the scheme {scheme}: {str(error).rstrip('.')}. Correct it or leave it out.",
            field=field,
            code="BAD_IDENTIFIER",
        ) from error


@cache
def _checks(scheme: str) -> ModuleType:
    """Loaded when first needed: some bring tables along."""
    return import_module(f"stdnum.{KNOWN[scheme]}")
