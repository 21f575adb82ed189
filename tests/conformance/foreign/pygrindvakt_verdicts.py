"""What pygrindvakt says of resolve responses, and of the statements in them.

stdin:  [{entity, anchor, anchor_keys: [jwk], published: {address: token}}]
stdout: [{accepted, reason, metadata}]
It asks a trust anchor's resolve endpoint and believes the keys it was given for it, as a reader behind a resolver does.
"""

import json
import sys
from urllib.parse import parse_qsl

from pygrindvakt import federation


def same(url):
    """An address, however its query is written."""
    plain, _, query = url.partition("?")
    return plain, tuple(sorted(parse_qsl(query)))


class Published:
    """An HTTP client that answers from what is published."""

    def __init__(self, published):
        self.published = {same(url): token for url, token in published.items()}

    def get(self, url):
        token = self.published.get(same(url))
        if token is None:
            return 404, b"{}", "application/json"
        kind = "resolve-response" if "/resolve?" in url else "entity-statement"
        return 200, token.encode(), f"application/{kind}+jwt"

    def post_form(self, url, *_, **__):
        raise NotImplementedError(url)


def verdict(case):
    try:
        found = federation.resolve_via_trust_anchors(
            Published(case["published"]), case["entity"], {case["anchor"]: {"keys": case["anchor_keys"]}}
        )
    except Exception as error:  # noqa: BLE001 - whatever it raises is its refusal
        return {"accepted": False, "reason": f"{type(error).__name__}: {error}"}
    return {"accepted": True, "reason": "", "metadata": found.metadata}


print(json.dumps([verdict(case) for case in json.load(sys.stdin)]))
