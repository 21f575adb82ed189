"""Artefacts altered in text, structure, header or claims: as Hypothesis strategies that give the altered artefact."""

import hmac
import json

from hypothesis import strategies as st
from register_simulator import signer

from goodstanding.canonical import b64u, unb64u

EVE = signer("eve")
TYPS = ("dc+sd-jwt", "statuslist+jwt", "at+jwt", "JWT", "example+jwt")
_PIECES = st.text(alphabet='AQgwz019-_=.~\n {}"é—+/', max_size=3)
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2**40), st.sampled_from([10**400, -(2**53), 1.5, 1e308, float("nan")]),
    st.text(max_size=4), st.sampled_from(["none", "HS256", "ES256", "EdDSA", *TYPS, EVE.kid, "2100-01-01"]),
    st.just([]), st.just({}), st.just(["crit"]),
)  # fmt: skip
_NAMES = st.sampled_from(
    [
        "alg",
        "typ",
        "kid",
        "crit",
        "b64",
        "jwk",
        "jku",
        "x5u",
        "exp",
        "iat",
        "nbf",
        "sub",
        "iss",
        "aud",
        "_sd",
        "zip",
        "cty",
    ]
)


@st.composite
def altered_text(draw, text):
    """The text with a piece cut out, put in or said twice."""
    place, drop = draw(st.integers(0, len(text))), draw(st.integers(0, 3))
    if draw(st.integers(0, 9)) == 0:
        drop = draw(st.integers(0, len(text)))
    again = text[place : place + 40] if draw(st.integers(0, 9)) == 0 else ""
    return text[:place] + draw(_PIECES) + again + text[place + drop :]


@st.composite
def altered_jws(draw, token, *, key, others=()):
    """A token altered anywhere; what its rightful key signs again is altered in the header alone.

    `others` are tokens of other kinds, of which segments may be taken.
    """
    way = draw(st.sampled_from(["text", "segments", "header", "claims", "header signed again", "signed by another"]))
    end = "~" if token.endswith("~") else ""
    segments = token.removesuffix("~").split(".")
    if way == "text":
        return draw(altered_text(token))
    if way == "segments":
        pool = [*segments, *(each for other in others for each in other.removesuffix("~").split(".")), ""]
        return ".".join(draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4))) + end
    header, claims = (json.loads(unb64u(segment)) for segment in segments[:2])
    if way in ("header", "header signed again"):
        header = draw(_changed(header))
        body = segments[1]
    else:
        claims = draw(_changed(claims))
        body = b64u(json.dumps(claims).encode())
    if way == "signed by another":
        header |= draw(
            st.sampled_from([{}, {"kid": EVE.kid}, {"jwk": EVE.public_jwk}, {"alg": "HS256"}, {"alg": "none"}])
        )
    signed = f"{b64u(json.dumps(header).encode())}.{body}"
    signature = segments[2]
    if way == "header signed again":
        signature = b64u(key.sign(signed.encode()))
    elif way == "signed by another":
        public = json.dumps(key.public_jwk).encode()
        made = [
            EVE.sign(signed.encode()),
            hmac.digest(public, signed.encode(), "sha256"),
            b"",
            bytes(64),
            b"\x01" + bytes(63),
        ]
        signature = b64u(draw(st.sampled_from(made)))
    return f"{signed}.{signature}{end}"


@st.composite
def _changed(draw, value):
    """An object with one member set, taken away or altered, at any depth."""
    whole = json.loads(json.dumps(value))
    place = whole
    while True:
        inner = [name for name, member in place.items() if isinstance(member, dict) and member]
        if not inner or draw(st.booleans()):
            break
        place = place[draw(st.sampled_from(inner))]
    name = draw(st.one_of(_NAMES, st.sampled_from(sorted(place)), st.text(max_size=3)))
    if draw(st.integers(0, 3)) == 0:
        place.pop(name, None)
    elif isinstance(place.get(name), str) and draw(st.booleans()):
        place[name] = draw(altered_text(place[name]))
    else:
        place[name] = draw(_VALUES)
    return whole
