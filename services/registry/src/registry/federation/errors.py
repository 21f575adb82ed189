"""Why a federation endpoint refuses, in the words of the specification (OpenID Federation 1.0, section 8.9)."""

from typing import Final

NOT_FOUND: Final = "not_found"
INVALID_REQUEST: Final = "invalid_request"
UNSUPPORTED_PARAMETER: Final = "unsupported_parameter"
INVALID_TRUST_ANCHOR: Final = "invalid_trust_anchor"


class FederationRefused(Exception):
    """`error` is one of the codes above, `description` a sentence for people. Knows nothing of HTTP."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
