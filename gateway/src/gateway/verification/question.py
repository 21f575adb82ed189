"""What can be asked of the edge, checked before it is looked up.

Rules
1. One of number, identifier and domain.
2. Times are RFC 3339 with a zone; country codes are two letters, with a subdivision where one is meant.
3. Texts are short: 200 characters at most.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from goodstanding.standing import Scope

MAX_TEXT = 200

_COUNTRY = re.compile(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?", re.ASCII)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


class QuestionError(Exception):
    """A question that cannot be asked like this; `parameter` names what is wrong, in the public spelling."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter
        self.message = message


@dataclass(frozen=True, slots=True)
class ScopeQuestion:
    """What the accreditation must cover, and whose it must be. QuestionError when a member is malformed."""

    origin: str | None = None
    destination: str | None = None
    sector: str | None = None
    activity: str | None = None
    authority: str | None = None
    scheme: str | None = None

    def __post_init__(self) -> None:
        for name in ("origin", "destination"):
            code = getattr(self, name)
            if code is not None and not _COUNTRY.fullmatch(code):
                raise QuestionError(name, "a country is written as its code, for example NP or GB-SCT")
        for name in ("sector", "activity", "authority", "scheme"):
            text = getattr(self, name)
            if text is not None and not 0 < len(text) <= MAX_TEXT:
                raise QuestionError(name, f"a text of 1 to {MAX_TEXT} characters")

    @property
    def asks_cover(self) -> bool:
        """True when it asks what is covered, not only whose accreditation is meant."""
        return any((self.origin, self.destination, self.sector, self.activity))

    def against(self, scope: Scope) -> Scope | None:
        """What is asked, in the terms of one accreditation's scope; None when nothing is.

        With only one end of a corridor given, any corridor with that end answers it.
        """
        if not self.asks_cover:
            return None
        return Scope(
            activities=frozenset(filter(None, (self.activity,))),
            sectors=frozenset(filter(None, (self.sector,))),
            corridors=self._corridors(scope),
        )

    def _corridors(self, scope: Scope) -> frozenset[tuple[str, str]]:
        origin, destination = (self.origin or "").upper(), (self.destination or "").upper()
        if not origin and not destination:
            return frozenset()
        fits = [pair for pair in scope.corridors if origin in ("", pair[0]) and destination in ("", pair[1])]
        return frozenset(fits[:1] or [(origin, destination)])


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the edge. QuestionError when it breaks a rule."""

    number: str | None = None
    identifier: tuple[str, str] | None = None  # (scheme, value)
    domain: str | None = None
    as_of: datetime | None = None
    known_at: datetime | None = None
    scope: ScopeQuestion | None = None
    min_tree_size: int | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.number, self.identifier, self.domain) if value is not None]
        if len(given) != 1:
            raise QuestionError("by", "ask by exactly one of number, identifier and domain")
        for text in (self.domain, *(self.identifier or ())):
            if text is not None and not 0 < len(text) <= MAX_TEXT:
                raise QuestionError("by", f"a text of 1 to {MAX_TEXT} characters")
        if self.min_tree_size is not None and self.min_tree_size < 0:
            raise QuestionError("minTreeSize", "a tree size is a whole number from 0")


def parse_instant(text: object) -> datetime:
    """Read an RFC 3339 time into aware UTC; ValueError says what is accepted."""
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        raise ValueError("a time is written as in RFC 3339 with a zone, for example 2026-05-04T09:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"there is no such time: {error}") from error
