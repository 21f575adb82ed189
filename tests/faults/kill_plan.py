"""Who is killed when: the plan follows from a seed, so that a run that found something can be run again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import edge_points
from launcher import Mine
from town_kinds import EVERYTHING

SEED = 20_260_504
CI_KILLS = 60
LONGEST_DELAY = 0.8  # seconds a process lives before it is killed from outside
DEEPEST = 3  # at its first to third arrival at a write point

_ACTS = ("Organisations.register", "Accreditations.apply", "Accreditations.propose", "Accreditations.approve")
_WORK = ("Workers._hold", "Relay.submit", "Relay.prove", "Release.sign")
_LOG = ("Entries.append", "Sequencer._commit")
_EDGE = (edge_points.JOURNAL, edge_points.RECORDS)
_FILES = ("file bundle, partial", "file tile level 0, partial", "file checkpoint")

POINTS: Mapping[str, Sequence[str]] = {  # write points at which a process can be made to kill itself
    "registry": [f"commit {name}" for name in (*_ACTS, "StatusLists._sign")],
    "work": [*(f"commit {name}" for name in _WORK), "send entries"],
    "audit": [*(f"commit {name}" for name in _LOG), *_FILES],
    "gateway": _EDGE,
    EVERYTHING: (),
    "standalone": [
        *(f"commit {name}" for name in (*_ACTS, "StatusLists._sign", *_LOG, "Relay.prove")),
        *_FILES,
        *_EDGE,
    ],
}
SHARES: Mapping[str, int] = {"standalone": 12, "registry": 12, "work": 8, "audit": 12, "gateway": 10, EVERYTHING: 6}
CUT = ("gateway", "registry")
"""While a third of their kills lasts, nothing reaches the log: what these two know they must tell without it."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One kill: where the process kills itself, or else after how many seconds it is killed. `cut`: without the log."""

    victim: str
    delay: float
    mine: Mine | None = None
    cut: bool = False


def plan(victim: str, kills: int = CI_KILLS) -> list[Shot]:
    """This process's part of so many kills; every second one at a write point, where it has any."""
    random = Random(f"{SEED} {victim}")
    count = max(1, round(kills * SHARES[victim] / sum(SHARES.values())))
    thirds = (position * 3 // count for position in range(count))
    return [
        _shot(victim, random, at_point=bool(position % 2 and POINTS[victim]), cut=victim in CUT and third == 1)
        for position, third in enumerate(thirds)
    ]


def _shot(victim: str, random: Random, *, at_point: bool, cut: bool) -> Shot:
    delay = random.uniform(0, LONGEST_DELAY)
    if not at_point:
        return Shot(victim, delay, cut=cut)
    point = random.choice(POINTS[victim])
    return Shot(victim, delay, Mine(point, after=random.random() < 0.5, nth=random.randint(1, DEEPEST)), cut)
