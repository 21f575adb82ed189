"""One worker process for `edge_bench.py`: loads a folder as a gateway does, then answers commands, a line each."""

import asyncio
import gc
import json
import random
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path

BEGUN = time.perf_counter()

import gateway.serving  # noqa: E402, F401 - all that a gateway has in memory
from gateway.logs import log_as_json  # noqa: E402
from gateway.verification.answer import Sources, answer  # noqa: E402
from gateway.verification.folder import Folder  # noqa: E402
from gateway.verification.keeper import Keeper  # noqa: E402
from gateway.verification.lists import StatusLists  # noqa: E402
from gateway.verification.numbers import unpack  # noqa: E402
from gateway.verification.question import Question  # noqa: E402
from gateway.verification.records import RecordStore  # noqa: E402
from goodstanding.clock import system_clock  # noqa: E402
from goodstanding.trust import Trust  # noqa: E402

ASKED = 20_000


async def nothing(_after: int) -> bytes:
    """The end of the feed."""
    return b""


async def never(_base: int, _upto: int) -> None:
    """No snapshot is made."""


class Worker:
    """The parts of an edge that answer."""

    def __init__(self, folder: Path, trust: Trust) -> None:
        log = trust.logs["TEST"]
        self.keeper = Keeper(Folder(folder), log, never, system_clock)
        self.lists, self.records = StatusLists(trust), RecordStore(folder / "records.db", log.origin)

    def load(self) -> dict[str, float]:
        """Load, and answer one question."""
        imported = time.perf_counter()
        asyncio.run(self._load())
        gc.collect()
        gc.freeze()
        self.ask([unpack("TEST", self.keeper.copy.base.accounts.first[0])])
        now = time.perf_counter()
        return {"ready": now - imported, "with imports": now - BEGUN, "size": self.keeper.copy.size}

    async def _load(self) -> None:
        while not self.keeper.loaded:
            await self.keeper.step(nothing)

    def touch(self) -> dict[str, float]:
        """Read every page of every section that answering can reach."""
        base = self.keeper.copy.base
        sections = (base.accounts.data, base.accounts.first, base.accounts.ends, base.keys.rows, base.keys.first)
        return {"bytes": sum(len(bytes(section[::512])) for section in (s.cast("B") for s in sections)) * 512}

    def speed(self) -> dict[str, float]:
        """Verdicts per second, spread over all numbers, and the median time of one."""
        base, chance = self.keeper.copy.base, random.Random(7)
        places = [chance.randrange(len(base.accounts)) for _ in range(ASKED)]
        numbers = [unpack("TEST", base.accounts.first[place]) for place in places]
        begun = time.process_time()
        self.ask(numbers)
        spent = time.process_time() - begun
        times = []
        for number in numbers[:2_000]:
            started = time.perf_counter()
            self.ask([number])
            times.append(time.perf_counter() - started)
        return {"per second": ASKED / spent, "median": statistics.median(times)}

    def ask(self, numbers: list[str]) -> None:
        """Answer about these numbers."""
        copy, now = self.keeper.copy, system_clock()
        sources = Sources(copy.mirror, copy.projection, self.lists, self.records, timedelta(days=10_000))
        for number in numbers:
            verdict = answer(Question(number=number), sources, now)
            assert verdict.standing is not None, "a number of the snapshot is known"


def main() -> None:
    """Serve commands from standard input until it ends."""
    log_as_json("error")
    worker = Worker(Path(sys.argv[1]), Trust.load(sys.argv[2]))
    for line in sys.stdin:
        print(json.dumps(getattr(worker, line.strip())()), flush=True)


if __name__ == "__main__":
    main()
