"""Headers of every page: nothing from elsewhere, nothing inline but what is named by its hash, no framing."""

import base64
import hashlib
from importlib.resources import files


def asset(name: str) -> str:
    """The text of a file shipped beside the templates."""
    return (files("gateway.faces") / "templates" / name).read_text("utf-8")


def page_headers(style: str, script: str | None = None, *, form_action: str = "'none'") -> dict[str, str]:
    """Security headers for a page with this inline style and, at most, this inline script."""
    policy = [
        "default-src 'none'",
        f"style-src {_hash_source(style)}",
        "base-uri 'none'",
        f"form-action {form_action}",
        "frame-ancestors 'none'",
    ]
    if script is not None:
        policy += [f"script-src {_hash_source(script)}", "connect-src 'self'"]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _hash_source(text: str) -> str:
    """The source that allows one inline script or style (CSP Level 3 section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
