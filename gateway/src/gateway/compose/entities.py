"""Entities: finding them in one subgraph's answer, asking another one for them, and putting its fields back.

Rules
1. A path is followed through lists of any depth; objects of other types and nulls on the way are passed by.
2. A representation is the type's name and the whole key, and nothing else. One whose key is null is not sent.
3. Equal representations are sent once; what comes back goes to every object they were made from.
4. At most MAX_REPRESENTATIONS go in one request; more go in several.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.compose.plan import Join, Step
from gateway.upstream import UpstreamError

MAX_REPRESENTATIONS: Final = 1_000


@dataclass(slots=True)
class Wanted:
    """An entity to ask for, and the objects that wait for its fields."""

    representation: dict[str, Any]
    objects: list[dict[str, Any]] = field(default_factory=list)


def reached(roots: Iterable[dict[str, Any]], join: Join, typename: str) -> list[dict[str, Any]]:
    """The entities a join is about (rule 1); `typename` is the alias under which the data names types."""
    objects = list(roots)
    for step in join.path:
        objects = list(_after(objects, step, typename))
    return objects if join.is_certain else [each for each in objects if each.get(typename) == join.type_name]


def wanted(objects: Iterable[dict[str, Any]], join: Join) -> tuple[list[Wanted], list[dict[str, Any]]]:
    """The entities to ask for (rules 2 and 3), and the objects that have no key."""
    found: dict[tuple[Any, ...], Wanted] = {}
    keyless: list[dict[str, Any]] = []
    for each in objects:
        values = tuple(each.get(alias) for alias, _ in join.keys)
        if any(not isinstance(value, (str, int, float)) for value in values):
            keyless.append(each)
            continue
        known = tuple((type(value), value) for value in values)
        if known not in found:
            fields = zip((name for _, name in join.keys), values, strict=True)
            found[known] = Wanted({"__typename": join.type_name, **dict(fields)})
        found[known].objects.append(each)
    return list(found.values()), keyless


def batches(wanted_: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """Rule 4."""
    for begin in range(0, len(wanted_), MAX_REPRESENTATIONS):
        yield wanted_[begin : begin + MAX_REPRESENTATIONS]


def answered(data: dict[str, Any], asked: int) -> list[dict[str, Any] | None]:
    """The entities in an answer, one per representation; UpstreamError when it has another shape or length."""
    entities = data.get("_entities")
    if not isinstance(entities, list) or len(entities) != asked:
        raise UpstreamError(f"it answered something other than a list of the {asked} entities asked for")
    if not all(isinstance(entity, dict | None) for entity in entities):
        raise UpstreamError("it answered an entity that is no object")
    return entities


def _after(objects: Iterable[dict[str, Any]], step: Step, typename: str) -> Iterator[dict[str, Any]]:
    for each in objects:
        if step.on is None or each.get(typename) == step.on:
            yield from _flat(each.get(step.key))


def _flat(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item)
