"""A federation of three in memory: a scheme owner as trust anchor, a ministry below it, an organisation below that.

Keys come from the entities' ids, so that the same calls give the same bytes.
"""

from datetime import timedelta

from register_simulator import HOME, NOW, ORGANISATION, signer

from goodstanding.entity import entity_statement, sign_statement
from goodstanding.jws import sign_jws
from goodstanding.trust_mark import sign_delegation, sign_trust_mark, trust_mark_claims

OWNER, MINISTRY = f"{HOME}/authorities/aut_owner", f"{HOME}/authorities/aut_labour"
LEAF = f"{HOME}/organisations/{ORGANISATION}"
FOREIGN = "https://other.example/federation"
DAY = timedelta(days=1)
SUPERIORS = {LEAF: MINISTRY, MINISTRY: OWNER}


def key(entity):
    """The federation key of an entity."""
    return signer(f"federation {entity}")


def keys(*entities):
    """kid -> JWK of these entities."""
    return {key(one).kid: key(one).public_jwk for one in entities}


def endpoints(entity):
    """The federation_entity metadata of an authority."""
    at = entity.replace(HOME, f"{HOME}/federation")
    return {"federation_entity": {"organization_name": "An authority", "federation_fetch_endpoint": f"{at}/fetch"}}


METADATA = {
    LEAF: {"federation_entity": {"organization_name": "Manila Manpower", "contacts": ["office@manila.example"]}},
    MINISTRY: endpoints(MINISTRY),
    OWNER: endpoints(OWNER),
    FOREIGN: {"federation_entity": {"federation_fetch_endpoint": f"{FOREIGN}/fetch"}},
}


def statement(iss, sub, *, by=None, now=NOW, **changes):
    """A signed statement; `by` is whose key signs. A change to None leaves the claim out."""
    claims = {"iss": iss, "sub": sub, "iat": now, "exp": now + DAY, "jwks": list(keys(sub).values()), **changes}
    return sign_statement(entity_statement(**claims), key(by or iss))


def configuration(entity, **changes):
    """What an entity says of itself."""
    hints = [SUPERIORS[entity]] if entity in SUPERIORS else None
    return statement(entity, entity, **{"metadata": METADATA[entity], "authority_hints": hints, **changes})


def raw(claims, entity, **header):
    """Claims that no statement may have, signed all the same."""
    return sign_jws(claims, typ="entity-statement+jwt", signer=key(entity), header=header)


def chain(*, leaf=None, ministry=None, owner=None, anchor=None):
    """The honest chain, with changes to its four statements."""
    return [
        configuration(LEAF, **(leaf or {})), statement(MINISTRY, LEAF, **(ministry or {})),
        statement(OWNER, MINISTRY, **(owner or {})), configuration(OWNER, **(anchor or {})),
    ]  # fmt: skip


# ---- trust marks ---------------------------------------------------------------------------------------------

TYPE = f"{HOME}/schemes/sch_licence"
OWNERS = {TYPE: {"sub": OWNER, "jwks": {"keys": list(keys(OWNER).values())}}}
ISSUERS = {TYPE: [MINISTRY]}


def delegation(*, by=OWNER, now=NOW, **changes):
    """The scheme owner's word that the ministry may issue its marks."""
    claims = {"iss": OWNER, "sub": MINISTRY, "trust_mark_type": TYPE, "iat": now, "exp": now + 30 * DAY, **changes}
    return sign_delegation(trust_mark_claims(**claims), key(by))


def mark(*, by=MINISTRY, now=NOW, **changes):
    """The organisation's trust mark."""
    claims = {"iss": MINISTRY, "sub": LEAF, "trust_mark_type": TYPE, "iat": now, "exp": now + 7 * DAY, "jti": "1",
              "delegation": delegation(), "status": {"status_list": {"idx": 7, "uri": f"{HOME}/status-lists/1"}},
              **changes}  # fmt: skip
    return sign_trust_mark(trust_mark_claims(**claims), key(by))


def issuer_chain(**changes):
    """The ministry's chain, with the anchor's configuration at its end."""
    anchor = {"trust_mark_issuers": ISSUERS, "trust_mark_owners": OWNERS, **changes}
    return [configuration(MINISTRY), statement(OWNER, MINISTRY), configuration(OWNER, **anchor)]
