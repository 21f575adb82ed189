"""Which processes a town has, how each is started, and where it says that it is ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A process: its command, at which port it says that it is ready, and what would miss it.

    Readers stand before the `door`; what `tells` is where a suspension comes from, or passes on its way to them.
    """

    command: Sequence[str]
    port: str
    tells: bool = False
    door: bool = False


TOWNS: Mapping[str, Mapping[str, Kind]] = {
    "services": {
        "audit": Kind(("audit", "serve"), "audit"),
        "registry": Kind(("registry", "serve", "--no-workers"), "registry", tells=True),
        "work": Kind(("registry", "work"), "work"),
        "gateway": Kind(("gateway", "serve"), "door", tells=True, door=True),
    },
    "standalone": {"standalone": Kind(("goodstanding-standalone", "serve"), "door", tells=True, door=True)},
}
EVERYTHING = "all at once"
