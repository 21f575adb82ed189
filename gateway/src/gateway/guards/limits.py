"""Bounds on a document, checked on its syntax alone and before validation, whose cost they bound.

Fragments count as often as they are spread, but each is walked once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What a document may ask for."""

    tokens: int = 15_000  # lexical tokens; a thousand numbers written out for verifyMany need about 5,000
    depth: int = 20  # nested fields; the usual introspection query needs 13
    fields: int = 2_000  # fields, fragments expanded
    aliases: int = 100  # aliased fields, fragments expanded


@dataclass(frozen=True, slots=True)
class _Extent:
    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: "_Extent") -> "_Extent":
        return _Extent(max(self.depth, other.depth), self.fields + other.fields, self.aliases + other.aliases)


def excess(document: DocumentNode, limits: DocumentLimits) -> str | None:
    """A sentence about the first bound an operation of the document breaks, None when it breaks none."""
    walk = _Walk(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            extent = walk.extent(definition.selection_set)
            for name, unit in (("depth", "levels deep"), ("fields", "fields"), ("aliases", "aliased fields")):
                asked, most = getattr(extent, name), getattr(limits, name)
                if asked > most:
                    return f"the operation is too large: more than {most:,} {unit}; ask for less at once"
    return None


class _Walk:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._done: dict[str, _Extent] = {}

    def extent(self, selections: SelectionSetNode | None) -> _Extent:
        whole = _Extent()
        for part in self._parts(selections):
            whole = whole.beside(part)
        return whole

    def _parts(self, selections: SelectionSetNode | None) -> Iterator[_Extent]:
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                inner = self.extent(selection.selection_set)
                yield _Extent(inner.depth + 1, inner.fields + 1, inner.aliases + (selection.alias is not None))
            elif isinstance(selection, FragmentSpreadNode):
                yield self._fragment(selection.name.value)
            else:
                yield self.extent(getattr(selection, "selection_set", None))

    def _fragment(self, name: str) -> _Extent:
        if name not in self._done:
            self._done[name] = _Extent()  # a circle counts once here; validation refuses it
            fragment = self._fragments.get(name)
            self._done[name] = self.extent(fragment.selection_set) if fragment else _Extent()
        return self._done[name]
