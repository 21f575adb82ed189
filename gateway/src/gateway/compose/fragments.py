"""The selections of one document, each written once: what occurs again becomes a fragment of it.

A client's fragments are dissolved (`selection.py`), and services bound the documents they read. While a document is
written, a selection is a mark between characters that no GraphQL document holds (section 2.1.1; `prepare.py` sees to it).
"""

import re
from collections import Counter
from typing import Final

from gateway.compose.names import Names

SHORT: Final = 40
"""Selections up to this length are repeated."""

_BARE, _ON = "\x00", "\x01"
_MARK: Final = re.compile(f"([{_BARE}{_ON}])([0-9]+);")


class Fragments:
    """Collects the selections of a document."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._numbers: dict[tuple[str, str], int] = {}  # (type, text with marks) -> number

    def mark(self, type_name: str, text: str, *, on: bool) -> str:
        """A mark for a selection of a type; `on` where the type around is another one."""
        number = self._numbers.setdefault((type_name, text), len(self._numbers))
        return f"{_ON if on else _BARE}{number};"

    def document(self, operation: str) -> str:
        """The document of an operation written with marks."""
        parts = list(self._numbers)
        uses = Counter(
            int(number) for text in (operation, *(text for _, text in parts)) for _, number in _MARK.findall(text)
        )
        shared = {number for number, (_, text) in enumerate(parts) if uses[number] > 1 and len(text) > SHORT}

        def shown(mark: re.Match[str]) -> str:
            number = int(mark[2])
            type_name, text = parts[number]
            if number in shared:
                return f"...{self._names.fragment(number)}"
            inner = _MARK.sub(shown, text)
            return f"... on {type_name} {{ {inner} }}" if mark[1] == _ON else inner

        definitions = [
            f"fragment {self._names.fragment(number)} on {parts[number][0]} {{ {_MARK.sub(shown, parts[number][1])} }}"
            for number in sorted(shared)
        ]
        return " ".join([_MARK.sub(shown, operation), *definitions])
