"""The commands of the services as processes of their own, begun in milliseconds instead of seconds, and killed.

A server of forks has imported the commands; each process is a fork of it that runs the command's own `main` with its
own arguments and environment. Nothing is shared but code. A process may be told to kill itself with signal 9 where
it makes a named write, before or after.
"""

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sabotage
from breaker import Breaker
from edge_points import install_at_edge
from write_hooks import install

MODULES = {
    "registry": "registry.cli", "audit": "audit.cli", "gateway": "gateway.cli",
    "goodstanding-standalone": "goodstanding_standalone.cli",
}  # fmt: skip
FORKS = multiprocessing.get_context("forkserver")
GONE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Mine:
    """Where a process kills itself: the `nth` time it is at a write point, before it writes or after."""

    point: str
    after: bool
    nth: int = 1


class Miner(Breaker):
    """Kills its own process. Nothing is caught, flushed or closed."""

    def __init__(self, mine: Mine) -> None:
        super().__init__()
        self._mine, self._times = mine, Counter[bool]()

    def before(self, point: str, error: Callable[[], Exception]) -> None:
        self._pass(point, after=False)

    def after(self, point: str, error: Callable[[], Exception]) -> None:
        self._pass(point, after=True)

    def _pass(self, point: str, *, after: bool) -> None:
        if point == self._mine.point:
            self._times[after] += 1
            if after == self._mine.after and self._times[after] == self._mine.nth:
                os.kill(os.getpid(), signal.SIGKILL)


class Running:
    """A process that was started; `ended` is set when it has, however that came about."""

    def __init__(self, process: multiprocessing.context.ForkServerProcess, log: Path) -> None:
        self.ended = asyncio.Event()
        self._process = process
        self._log = log
        asyncio.get_running_loop().add_reader(process.sentinel, self._end)

    def last_words(self) -> str:
        return self._log.read_text()[-3000:]

    async def kill(self) -> None:
        """Signal 9, and wait until it is gone."""
        self._process.kill()
        await asyncio.wait_for(self.ended.wait(), GONE_SECONDS)

    async def gone(self, seconds: float) -> bool:
        """Wait until it has ended; False when it has not."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        return self.ended.is_set()

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self.ended.set()


async def launch(
    command: Sequence[str], environment: Mapping[str, str], log: Path, mine: Mine | None = None, wrong: str = ""
) -> Running:
    """Run a command, whole or with the part made wrong that `wrong` names; what it prints goes into a file."""
    FORKS.set_forkserver_preload([*MODULES.values()])
    process = FORKS.Process(target=_run, args=(command, dict(environment), str(log), mine, wrong), daemon=True)
    await asyncio.to_thread(process.start)
    return Running(process, log)


def _run(command: Sequence[str], environment: Mapping[str, str], log: str, mine: Mine | None, wrong: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(environment)
    sys.argv = list(command)
    if wrong:
        getattr(sabotage, wrong)(setattr)
    if mine is not None:
        miner = Miner(mine)
        install(miner, setattr)
        install_at_edge(miner, setattr)
    importlib.import_module(MODULES[command[0]]).main()
