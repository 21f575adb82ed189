"""Supply chains: who acts for whom, any number of relations away, and the weakest among them. Pure.

Rules
1. A supply chain goes down to those that act for an organisation and up to those it acts for, and never sideways: two
   agents of one principal are not in each other's chain. Only relations that hold now count. An organisation is in it
   once, however many ways lead there, so that circles end.
2. Depth and size of a chain are bounded. A chain that is cut off at its size would hide the weakest link: it is refused.
3. The weakest is whatever is worst by its verdict: ended, suspended, never accredited, nothing asserted. Before
   anything good comes an organisation of which nothing is known. Of several accreditations of one organisation under
   one scheme at one authority only the newest counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from goodstanding.standing import status_code
from goodstanding.transitions import Standing
from registry.errors import Invalid
from registry.relations.model import MAX_LINKS, Link, Relation

DEFAULT_DEPTH, MAX_DEPTH = 3, 5


@dataclass(slots=True)
class Chain:
    """The chain of one organisation while it is walked, a step at a time."""

    root: str
    depth: int
    links: list[Link] = field(default_factory=list)
    up: set[str] = field(default_factory=set)  # where the next step goes on from
    down: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    fault: Invalid | None = None  # why it is refused (rule 2)

    def __post_init__(self) -> None:
        self.up, self.down, self.seen = {self.root}, {self.root}, {self.root}

    @property
    def goes_on(self) -> bool:
        """True while there is somewhere to go on from."""
        return self.fault is None and bool(self.up or self.down)

    @property
    def organisations(self) -> tuple[str, ...]:
        """Everyone in it, itself first."""
        return (self.root, *(link.organisation for link in self.links))

    def step(self, leading: "Leading") -> None:
        """Go one relation further (rule 1)."""
        up, down = self.up, self.down
        self.up, self.down = set(), set()
        for relation in leading.on(up, down):
            if relation.source in up and self._take(Link(relation, relation.target, outgoing=True)):
                self.up.add(relation.target)
            if relation.target in down and self._take(Link(relation, relation.source, outgoing=False)):
                self.down.add(relation.source)

    def _take(self, link: Link) -> bool:
        if link.organisation in self.seen or self.fault is not None:
            return False
        if len(self.links) >= MAX_LINKS:
            self.fault = Invalid(
                f"The supply chain of {self.root} has more than {MAX_LINKS} links within {self.depth} steps. "
                "Ask with a smaller depth, and on from the organisations it names.",
                field="depth",
                code="CHAIN_TOO_LONG",
            )
            return False
        self.links.append(link)
        self.seen.add(link.organisation)
        return True


class Leading:
    """Relations by either end, so that each of many chains finds its own without looking at all."""

    def __init__(self, relations: Iterable[Relation]) -> None:
        self._from: dict[str, list[Relation]] = {}
        self._to: dict[str, list[Relation]] = {}
        for one in relations:
            self._from.setdefault(one.source, []).append(one)
            self._to.setdefault(one.target, []).append(one)

    def on(self, up: Iterable[str], down: Iterable[str]) -> list[Relation]:
        """Those that lead up from some organisations or down from others, the oldest first."""
        found = [one for organisation in up for one in self._from.get(organisation, ())]
        found += [one for organisation in down for one in self._to.get(organisation, ())]
        return [one for _, one in sorted({one.id: one for one in found}.items())]


def chain_depth(asked: int | None) -> int:
    """How many steps to go; Invalid for more than are allowed."""
    depth = DEFAULT_DEPTH if asked is None else asked
    if not 1 <= depth <= MAX_DEPTH:
        raise Invalid(f"depth is {depth}; ask for 1 to {MAX_DEPTH} steps.", field="depth")
    return depth


@dataclass(frozen=True, slots=True)
class Known:
    """An accreditation as far as everybody knows it."""

    number: str
    place: tuple[str, str]  # authority, scheme
    created_at: datetime
    standing: Standing


_ENDED, _SUSPENDED, _NEVER, _NOT_ASSERTED, _NOTHING, _GOOD = range(6, 0, -1)
_BY_CODE: Mapping[int | None, int] = {1: _ENDED, 2: _SUSPENDED, None: _NEVER, 3: _NOT_ASSERTED, 0: _GOOD}
_AMONG_GOOD = (Standing.ACTIVE, Standing.PROVISIONAL, Standing.CONDITIONAL)


def weakest(held: Mapping[str, Sequence[Known]]) -> Known | None:
    """The weakest accreditation of these organisations (rule 3); None when nothing is known of one of them."""
    counting = [known for accreditations in held.values() for known in _newest(accreditations)]
    worst = max(counting, key=lambda known: (*_severity(known.standing), known.number), default=None)
    if worst is None or (not all(held.values()) and _severity(worst.standing)[0] < _NOTHING):
        return None
    return worst


def _newest(accreditations: Sequence[Known]) -> Iterable[Known]:
    ordered = sorted(accreditations, key=lambda known: (known.created_at, known.number))
    return {known.place: known for known in ordered}.values()


def _severity(standing: Standing) -> tuple[int, int]:
    return _BY_CODE[status_code(standing)], _AMONG_GOOD.index(standing) if standing in _AMONG_GOOD else 0
