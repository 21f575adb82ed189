"""Labels: every text that many accreditations share, once. Acts, local words, URIs, scopes, ids of authorities.

Ids count from 1 in the order in which texts were first seen and never change, so that blocks can be copied as they
are; 0 is "none". No label belongs to one organisation: what is erased is in blocks, never here.
"""

import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

from gateway.verification.tables import EMPTY, Rows, Write
from goodstanding.canonical import written_plainly
from goodstanding.standing import Scope

MAX_REMEMBERED = 20_000
"""Labels and scopes kept as objects; the others are read from the file when they are asked for."""

_HASH = 8
LABEL_ROW = _HASH + 4  # hash of the text, id

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Labels in a file: the texts one behind the other, where each ends, and (hash, id) sorted by hash."""

    text: memoryview = EMPTY
    ends: memoryview = EMPTY  # cast to u64
    ids: Rows = field(default_factory=lambda: Rows(LABEL_ROW, LABEL_ROW))

    def __len__(self) -> int:
        return len(self.ends)

    def get(self, label: int) -> str:
        """The text of a label."""
        start = self.ends[label - 2] if label > 1 else 0
        return str(self.text[start : self.ends[label - 1]], "utf-8")

    def find(self, text: str) -> int | None:
        """The id of a text, None where it is not one of these."""
        for row in self.ids.starting(_hash(text)):
            label = int.from_bytes(row[_HASH:], "big")
            if self.get(label) == text:
                return label
        return None


class Labels:
    """The labels of a file, and those added since."""

    def __init__(self, base: LabelColumns | None = None) -> None:
        self._base = base or LabelColumns()
        self._added: list[str] = []
        self._ids: dict[str, int] = {}  # of those added
        self._found: dict[str, int] = {}  # of some of the base's
        self._texts: dict[int, str] = {}
        self._scopes: dict[int, Scope] = {}

    def id(self, text: str) -> int:
        """The id of a text; a new one when it was never seen."""
        label = self._ids.get(text) or self._found.get(text)
        if label is not None:
            return label
        label = self._base.find(text)
        return self._add(text) if label is None else _remember(self._found, text, label)

    def scope_id(self, scope: Mapping[str, Any]) -> int:
        """The id of a scope as it stands in a body."""
        return self.id(written_plainly(scope).decode())

    def mapping_id(self, scheme: str, version: str) -> int:
        """The id of a version of a scheme's mapping."""
        return self.id(f"{scheme}\n{version}")

    def text(self, label: int) -> str:
        """The text of a label."""
        if label > len(self._base):
            return self._added[label - len(self._base) - 1]
        text = self._texts.get(label)
        if text is None:
            text = _remember(self._texts, label, self._base.get(label))
        return text

    def scope(self, label: int) -> Scope:
        """The scope that a label writes as JSON."""
        scope = self._scopes.get(label)
        if scope is None:
            scope = _remember(self._scopes, label, Scope.from_body(json.loads(self.text(label))))
        return scope

    def rebased(self, base: LabelColumns) -> "Labels | None":
        """The same labels over a longer base; None unless that has the same texts under the same ids."""
        gained = len(base) - len(self._base)
        if not 0 <= gained <= len(self._added):
            return None
        if any(base.get(len(self._base) + at + 1) != self._added[at] for at in range(gained)):
            return None
        rebased = Labels(base)
        for text in self._added[gained:]:
            rebased._add(text)
        return rebased

    def merged(self, write: Write) -> tuple["array[int]", dict[bytes, bytes | None]]:
        """Write all texts; return where each ends and the rows that `ids` has to gain."""
        write(self._base.text)
        ends, end, rows = array("Q"), len(self._base.text), dict[bytes, bytes | None]()
        ends.frombytes(self._base.ends.cast("B"))
        for label, text in enumerate(self._added, len(self._base) + 1):
            data = text.encode()
            write(data)
            end += len(data)
            ends.append(end)
            row = _hash(text) + label.to_bytes(4, "big")
            rows[row] = row
        return ends, rows

    def _add(self, text: str) -> int:
        self._added.append(text)
        self._ids[text] = len(self._base) + len(self._added)
        return self._ids[text]


def _remember(known: dict[K, V], key: K, value: V) -> V:
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known[key] = value
    return value


def _hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_HASH, person=b"label").digest()
