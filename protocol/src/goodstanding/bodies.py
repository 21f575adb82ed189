"""What an event body may hold: one table per kind, checked on writing and on reading alike.

Rules
1. Every member is named here; an unknown or a missing one is refused.
2. Absent members are omitted, never null; an empty set is an absent member.
3. Arrays that are sets are sorted by canonical bytes and hold nothing twice.
4. Times are instants in the one text form; text is bounded.
5. A decision is flat; every other kind keeps its facts under ``data``.

Compatibility: a member may be added as optional, and a kind; none changes its meaning, none is removed. Whoever does not
know it stops there, so followers are renewed before the first such event is written.

A check raises EventError with a sentence that begins with the path it was given; whoever checks the value around it
puts its own path before that. So the path is only written where something is wrong, and a good body costs little.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from goodstanding.canonical import MAX_INTEGER, canonical_bytes, parse_time, unb64u, written_plainly
from goodstanding.errors import EventError

Check = Callable[[str, Any], None]

MAX_CADENCE = 3660
"""Most days from one release of a list to the next, about ten years."""

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_NUMBER = re.compile(r"[A-Z]{2,6}-[0-9A-HJKMNP-TV-Z]{8}-\d\d", re.ASCII)
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def as_set(items: Iterable[Any]) -> list[Any]:
    """Order items the way a set is written in a body (rule 3)."""
    return [item for _, item in sorted({canonical_bytes(item): item for item in items}.items())]


def text(most: int) -> Check:
    """Text of 1 to ``most`` UTF-8 bytes, without control characters."""

    def check(path: str, value: Any) -> None:
        if not isinstance(value, str) or not value:
            raise EventError(f"{path} must be text, and not empty")
        if 4 * len(value) > most and len(value.encode("utf-8", "surrogatepass")) > most:
            raise EventError(f"{path} is longer than {most} bytes")
        # What prints holds no control character, and saying so is cheaper than the search.
        if not value.isprintable() and _CONTROL.search(value):
            raise EventError(f"{path} holds a control character")

    return check


def pattern(expression: re.Pattern[str], name: str) -> Check:
    """Text that matches the whole expression."""
    matches = expression.fullmatch

    def check(path: str, value: Any) -> None:
        if not isinstance(value, str) or not matches(value):
            raise EventError(f"{path} is not {name}")

    return check


def one_of(*words: str) -> Check:
    """One of the given words."""

    def check(path: str, value: Any) -> None:
        if value not in words:
            raise EventError(f"{path} must be one of {', '.join(words)}")

    return check


def time(path: str, value: Any) -> None:
    """An instant in the one text form."""
    try:
        parse_time(value)
    except EventError as error:
        raise EventError(f"{path}: {error}") from error


def boolean(path: str, value: Any) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise EventError(f"{path} must be true or false")


def integer(path: str, value: Any) -> None:
    """A whole number from 0 to 2^53-1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
        raise EventError(f"{path} must be a whole number from 0 to 2^53-1, beyond which JSON readers would round")


def whole(least: int, most: int) -> Check:
    """A whole number from ``least`` to ``most``."""

    def check(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise EventError(f"{path} must be a whole number from {least} to {most}")

    return check


def digest(path: str, value: Any) -> None:
    """32 bytes as base64url."""
    try:
        size = len(unb64u(value))
    except EventError as error:
        raise EventError(f"{path}: {error}") from error
    if size != 32:
        raise EventError(f"{path} must be 32 bytes, not {size}")


def set_of(item: Check, most: int = 200) -> Check:
    """A non-empty set of at most ``most`` items (rules 2 and 3)."""

    def check(path: str, value: Any) -> None:
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise EventError(f"{path} must be an array of 1 to {most} items, or absent")
        for position, member in enumerate(value):
            try:
                item(f"[{position}]", member)
            except EventError as error:
                raise EventError(f"{path}{error}") from error
        if len(value) > 1 and not all(_precedes(left, right) for left, right in pairwise(value)):
            raise EventError(f"{path} is a set: sort it by canonical bytes and drop repeats")

    return check


def _precedes(left: Any, right: Any) -> bool:
    """Whether the canonical bytes of one checked item come before another's, writing as little of them as decides.

    Of two objects with the same names the first value that differs decides, when it is text: quoted, neither is the
    beginning of the other.
    """
    if isinstance(left, dict) and left.keys() == right.keys():
        name = next((name for name in sorted(left) if left[name] != right[name]), None)
        if name is None:
            return False
        if isinstance(left[name], str):
            left, right = left[name], right[name]
    if isinstance(left, str) and isinstance(right, str) and not _ESCAPED.search(left + right):
        return f'{left}"' < f'{right}"'  # as quoted UTF-8 is ordered, without writing it
    return written_plainly(left) < written_plainly(right)


@dataclass(frozen=True, slots=True)
class Members:
    """An object with exactly these members."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check]
    checks: Mapping[str, Check] = field(init=False)  # both

    def __post_init__(self) -> None:
        object.__setattr__(self, "checks", {**self.optional, **self.required})

    def __call__(self, path: str, value: Any) -> None:
        """Check one object; EventError names the member at fault."""
        if not isinstance(value, dict):
            raise EventError(f"{path or 'body'} must be an object")
        if not self.required.keys() <= value.keys():
            missing = sorted(self.required.keys() - value.keys())
            raise EventError(f"{path or 'body'} lacks {', '.join(missing)}")
        name = ""
        try:
            for name, member in value.items():
                self.checks[name](name, member)
        except EventError as error:
            raise EventError(f"{path}.{error}" if path else str(error)) from error
        except KeyError:
            if name in self.checks:
                raise
            raise EventError(f"{path or 'body'} has an unknown member {str(name)[:40]!r}") from None


def record_of(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Members:
    """Shorthand for an object of these members."""
    return Members(required, optional or {})


identifier = text(200)
code = pattern(re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", re.ASCII), "a code of letters, digits and ._:/-")
uuid7 = pattern(_UUID7, "a UUID of version 7 in lower case")
number = pattern(_NUMBER, "an accreditation number")
country = pattern(re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", re.ASCII), "a country code such as NP or GB-SCT")

NAME = record_of(
    {"text": text(600), "script": pattern(re.compile(r"[A-Z][a-z]{3}"), "an ISO 15924 script"),
     "kind": one_of("legal", "trading", "former", "alias")},
    {"valid_from": time, "valid_until": time},
)  # fmt: skip
IDENTIFIER = record_of({"scheme": code, "value": text(120), "verified": boolean})
ORGANISATION = record_of(
    {"id": identifier, "kind": one_of("recruiter", "employer"), "names": set_of(NAME), "jurisdiction": country},
    {"identifiers": set_of(IDENTIFIER), "domains": set_of(text(253))},
)
SCOPE = record_of(
    {},
    {"activities": set_of(text(120)), "sectors": set_of(text(120)), "branches": set_of(identifier),
     "corridors": set_of(record_of({"origin": country, "destination": country}))},
)  # fmt: skip
CONDITION = record_of({"code": code, "text": text(1024), "met": boolean}, {"deadline": time})
ACCREDITATION = record_of(
    {"organisation": ORGANISATION, "scope": SCOPE},
    {"conditions": set_of(CONDITION, 50), "valid_from": time, "valid_until": time},
)
STATUS = record_of({"uri": text(400), "idx": integer})
CRITERION = record_of({"code": code, "title": text(400)}, {"indicators": set_of(text(400))})
MAPPING = record_of({"word": text(200), "standing": pattern(re.compile(r"[A-Z_]{4,30}"), "a standing")})
JWK = record_of(
    {"kty": one_of("OKP", "EC", "RSA"), "kid": text(300)},
    {name: text(1024) for name in ("crv", "x", "y", "n", "e", "alg", "use")},
)

_HEAD: Mapping[str, Check] = {"kind": code, "event_id": uuid7, "authority": identifier}


def _about(data: Members) -> Members:
    """A body that is no decision keeps its facts under ``data``: several of them have a ``kind`` of their own."""
    return record_of({**_HEAD, "data": data})


KINDS: Mapping[str, Members] = {
    "decision": record_of(
        {**_HEAD, "scheme": identifier, "scheme_version": text(40), "number": number, "organisation": identifier,
         "act": code, "reason": code, "basis": one_of("decided", "feed", "transcribed"),
         "effective_from": time, "decided_at": time},
        {"mapping_version": text(40), "legal_basis": text(400), "asserted_by": text(400),
         "measure": one_of("disciplinary", "preventive", "administrative"), "suspensive": boolean,
         "local_word": text(200), "redirect": number, "ruling_hash": digest, "snapshot": identifier,
         "public_text": text(1024), "effective_until": time, "closes": uuid7, "corrects": set_of(uuid7),
         "accreditation": ACCREDITATION, "status": STATUS, "generation": uuid7},
    ),
    "organisation": _about(ORGANISATION),
    "relation": _about(record_of(
        {"kind": code, "from": identifier, "to": identifier}, {"valid_from": time, "valid_until": time},
    )),
    "authority": _about(record_of(
        {"id": identifier, "name": text(600), "jurisdiction": country, "time_zone": text(60), "entity_id": text(400),
         "kind": one_of("ministry", "accreditation-body", "scheme-owner", "transcriber")},
    )),
    "mandate": _about(record_of(
        {"authority": identifier, "scheme": identifier, "acts": set_of(code), "from": time},
        {"until": time, "end": one_of("expired", "withdrawn", "key_compromised"), "suspect_from": time,
         "succeeds": set_of(identifier)},
    )),
    "key": _about(record_of(
        {"owner": identifier, "role": code, "jwk": JWK, "at": time,
         "state": one_of("next", "current", "retired", "revoked")},
        {"reason": one_of("compromised", "superseded", "unspecified")},
    )),
    "scheme": _about(record_of(
        {"id": identifier, "name": text(600), "version": text(40), "owner": identifier},
        {"criteria": set_of(CRITERION), "mappings": set_of(MAPPING), "mapping_version": text(40),
         "assessment_required": boolean,
         "cadence_days": whole(1, MAX_CADENCE)},
    )),
    "list": _about(record_of(
        {"authority": identifier, "scheme": identifier, "snapshot": identifier, "at": time}, {"source": text(400)},
    )),
    "artefacts": _about(record_of({"hour": time, "root": digest})),
    "erasure": _about(record_of({"event_ids": set_of(uuid7, 100)})),
}  # fmt: skip
