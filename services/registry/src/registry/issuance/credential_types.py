"""Type metadata of the records, served at their `vct` (draft-ietf-oauth-sd-jwt-vc-19, "SD-JWT VC Type Metadata")."""

from typing import Any

from goodstanding.record import VCT, VCT_TRANSCRIBED

_TEXTS = {
    VCT: ("Accreditation", "An authority's decision that an organisation is accredited under a scheme."),
    VCT_TRANSCRIBED: (
        "Transcribed accreditation",
        "A copy of an entry in a list that somebody else published; the decision behind it was not taken here.",
    ),
}
_CLAIMS = (
    ("accreditation", "What is accredited: the organisation, its scope and its validity"),
    ("decision", "The decision that these claims rest on, as it is logged"),
    ("log", "What makes the decision's entry in the transparency log from this record"),
)


def type_metadata(origin: str, name: str) -> dict[str, Any]:
    """The metadata of one of the two types; KeyError for another name."""
    title, description = _TEXTS[name]
    claims = [
        {
            "path": [claim],
            "display": [{"locale": "en", "label": claim.capitalize(), "description": text}],
            "mandatory": True,
            "sd": "never",
        }
        for claim, text in _CLAIMS
    ]
    return {
        "vct": f"{origin}/vct/{name}",
        "name": title,
        "description": description,
        "display": [{"locale": "en", "name": title, "description": description}],
        "claims": claims,
    }
