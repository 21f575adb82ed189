"""What openvc-core says of accreditation records.

stdin:  [{record, vct, issuer_metadata: {well-known URL: document}, status_keys: [jwk], status_lists: {uri: token} | null,
          type_metadata: bool}]
stdout: [{accepted, reason, status, payload}]
With status_lists null the list is fetched from where the record says; with type_metadata so is the vct's document.
"""

import json
import sys
import urllib.request
from functools import partial

from jwt import get_unverified_header
from openvc import VerificationPolicy, verify_credential
from openvc.did.base import DidDocument, DidResolutionError, VerificationMethod
from openvc.errors import OpenvcError
from openvc.jwt_vc_issuer import JwtVcIssuerError, _inline_jwks_or_uri
from openvc.status import CredentialRevoked, CredentialSuspended, StatusListError, verify_status_list_token
from openvc.type_metadata import validate_type_metadata

FETCH_SECONDS = 10
CODES = {CredentialRevoked: 1, CredentialSuspended: 2}
WELL_KNOWN = "/.well-known/jwt-vc-issuer"


class PlainHttpIssuers:
    """Keys of issuers at plain http, where a demo lives: the library itself discovers those at https only."""

    def __init__(self, metadata):
        self.metadata = metadata

    def resolve(self, iss):
        scheme, _, rest = iss.partition("://")
        host, slash, path = rest.partition("/")
        url = f"{scheme}://{host}{WELL_KNOWN}{slash}{path}"
        if url not in self.metadata:
            raise DidResolutionError(f"no issuer metadata at {url}")
        document = self.metadata[url]
        jwks, _ = _inline_jwks_or_uri(document, iss)
        keys = [VerificationMethod(f"{iss}#{jwk['kid']}", "JsonWebKey", iss, jwk) for jwk in jwks["keys"]]
        return DidDocument(iss, keys, document)


def fetch(url):
    with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:
        return answer.read()


def status_list(case, uri):
    """The verified claims of the list a record points at."""
    lists = case["status_lists"]
    token = fetch(uri).decode() if lists is None else lists[uri]
    kid = get_unverified_header(token).get("kid")
    key = next((jwk for jwk in case["status_keys"] if jwk["kid"] == kid), None)
    if key is None:
        raise StatusListError(f"none of the trusted keys is {kid}")
    return verify_status_list_token(token, public_key_jwk=key, expected_uri=uri, leeway_s=0)


def verdict(case):
    metadata = case["issuer_metadata"]
    try:
        result = verify_credential(
            case["record"],
            policy=VerificationPolicy(leeway_s=0, expected_vct=case["vct"]),
            resolver=PlainHttpIssuers(metadata),
            jwt_vc_issuer_fetch=partial(known, metadata),
            resolve_status_list_token=partial(status_list, case),
        )
        if case["type_metadata"]:
            validate_type_metadata(result.claims, vct=result.claims["vct"], resolve=fetch)
    except OpenvcError as error:
        return {"accepted": False, "reason": f"{type(error).__name__}: {error}", "status": CODES.get(type(error))}
    return {"accepted": True, "reason": "", "status": result.status.status, "payload": result.claims}


def known(metadata, url):
    if url not in metadata:
        raise JwtVcIssuerError(f"no issuer metadata at {url}")
    return metadata[url]


json.dump([verdict(case) for case in json.load(sys.stdin)], sys.stdout)
