"""compose.yaml as a value: a reader for the part of YAML it is written in, strict about everything else.

Read: block mappings and sequences, flow sequences and mappings, plain and quoted scalars, comments, an anchor on a
mapping, an alias as a value, `<<` with one alias. `${NAME:-default}` is replaced from an environment.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEY = re.compile(r"(?P<key>[\w./<-]+):(?:\s+(?P<value>.*))?")
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_WORDS = {"true": True, "false": False, "null": None, "": None}


@dataclass(frozen=True)
class Line:
    number: int
    indent: int
    text: str


class Reader:
    """Reads one document."""

    def __init__(self, text: str) -> None:
        self.anchors: dict[str, Any] = {}
        self.lines = []
        for number, line in enumerate(text.splitlines(), start=1):
            content = re.sub(r"(^|\s)#.*$", "", line).rstrip()  # no text here has a blank and a number sign
            if content:
                self.lines.append(Line(number, len(content) - len(content.lstrip()), content.lstrip()))

    def document(self) -> dict[str, Any]:
        value = self.block(0)
        assert not self.lines, self.lines[0]
        return value

    def block(self, indent: int) -> Any:
        assert self.lines[0].indent == indent, self.lines[0]
        return self.sequence(indent) if self.lines[0].text.startswith("- ") else self.mapping(indent)

    def sequence(self, indent: int) -> list[Any]:
        items = []
        while self.lines and self.lines[0].indent == indent and self.lines[0].text.startswith("- "):
            items.append(self.inline(self.lines.pop(0).text[2:]))
        return items

    def mapping(self, indent: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        while self.lines and self.lines[0].indent == indent:
            line = self.lines.pop(0)
            match = _KEY.fullmatch(line.text)
            assert match is not None, line
            key, value = match["key"], self.value(match["value"] or "", indent)
            assert key not in own, line
            if key == "<<":
                merged = value
            else:
                own[key] = value
        return merged | own

    def value(self, text: str, indent: int) -> Any:
        if text and not text.startswith("&"):
            return self.inline(text)
        nested = bool(self.lines) and self.lines[0].indent > indent
        value = self.block(self.lines[0].indent) if nested else None
        if text:
            self.anchors[text[1:]] = value
        return value

    def inline(self, text: str) -> Any:
        if text.startswith("*"):
            return self.anchors[text[1:]]
        if text.startswith('"'):
            return json.loads(text)
        if text.startswith("["):
            assert text.endswith("]"), text
            return [self.inline(item) for item in _items(text[1:-1])]
        if text.startswith("{"):
            assert text.endswith("}"), text
            return {key.strip(): self.inline(value.strip()) for key, _, value in
                    (item.partition(":") for item in _items(text[1:-1]))}  # fmt: skip
        assert text[0] not in "'&!|>%@`", text
        return _WORDS.get(text, text)


def _items(text: str) -> list[str]:
    """The items of a flow sequence, split at commas outside of quotes."""
    return [item.strip() for item in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', text)]


def load(path: Path, environment: dict[str, str]) -> dict[str, Any]:
    """A compose file; variables come from the environment or are their defaults."""

    def given(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        assert name in environment or default is not None, f"{path.name} needs {name}"
        return environment.get(name) or default or ""

    return Reader(_VARIABLE.sub(given, path.read_text())).document()
