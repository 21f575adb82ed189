r"""The evidence bundle: everything an offline verifier needs beside its own trust file, in one JSON file.

::

    {"record": "eyJ…~", "tlog_proof": "c2sp.org/tlog-proof@v1\nindex 4\n…", "status_list_token": "eyJ…",
     "issuer_keys": [{…}], "receipt": "eyJ…"}

Rules
1. Only `record` must be there; what is absent shows in the verdict.
2. At most 512 KB, strict JSON, every member of its kind. Nothing else is checked here: that is the verifier's.
3. `issuer_keys` are for showing. They count for nothing unless they are also in the reader's trust file.

Compatibility: members may be added; a reader ignores those it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from goodstanding.canonical import canonical_bytes, parse_json
from goodstanding.errors import EventError, EvidenceError

MEDIA_TYPE: Final = "application/vnd.goodstanding.evidence+json"
MAX_BUNDLE: Final = 512 * 1024

_MEMBERS = {
    "tlog_proof": "tlog_proof",
    "status_list": "status_list_token",
    "receipt": "receipt",
}  # ours -> the file's


@dataclass(frozen=True, slots=True)
class Bundle:
    """The parts of a bundle, unverified: texts as they were published."""

    record: str
    tlog_proof: str | None = None
    status_list: str | None = None
    issuer_keys: tuple[Mapping[str, Any], ...] = ()
    receipt: str | None = None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a bundle; EvidenceError says what is wrong with it."""
        try:
            value = parse_json(data, max_bytes=MAX_BUNDLE)
        except EventError as error:
            raise EvidenceError(f"this is not an evidence bundle: {error}") from error
        if not isinstance(value, dict) or not isinstance(value.get("record"), str):
            raise EvidenceError("this is not an evidence bundle: it must be a JSON object with a record")
        keys = value.get("issuer_keys", [])
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise EvidenceError("issuer_keys of the bundle must be an array of keys")
        for name in _MEMBERS.values():
            if not isinstance(value.get(name, ""), str):
                raise EvidenceError(f"{name} of the bundle must be text")
        parts = {ours: value.get(theirs) for ours, theirs in _MEMBERS.items()}
        return cls(record=value["record"], issuer_keys=tuple(keys), **parts)

    def to_json(self) -> dict[str, Any]:
        """The bundle as a JSON object, absent parts left out."""
        value: dict[str, Any] = {"record": self.record}
        value |= {theirs: part for ours, theirs in _MEMBERS.items() if (part := getattr(self, ours)) is not None}
        return value | ({"issuer_keys": list(self.issuer_keys)} if self.issuer_keys else {})

    def encode(self) -> bytes:
        """The bytes of the file, canonical JSON; `parse` reads them back."""
        return canonical_bytes(self.to_json())
