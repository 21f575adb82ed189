"""Background work that goes on for as long as the gateway runs, each piece on its own and none able to stop another.

1. A follower's step is repeated; after a failure the pause doubles, to 2 seconds at most. Who must not miss the moment
   in which a service is back, names a shorter pause.
2. A follower that is woken takes its next step at once.
3. A failure is logged when it begins and when it ends, and is visible in `/readyz` meanwhile.
4. Stopping waits 5 seconds for the steps under way, then cancels them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from goodstanding.mirror import FollowStatus

MAX_PAUSE: Final = 2.0
STEP_TIMEOUT: Final = 60.0
STOP_TIMEOUT: Final = 5.0

_log = structlog.get_logger("gateway.followers")


@dataclass(slots=True)
class Follower:
    """A named step, repeated every `every` seconds; `status` is written by `run` alone."""

    name: str
    step: Callable[[], Awaitable[bool]]  # returns True when there is more to do at once
    every: float
    longest: float = MAX_PAUSE  # seconds between two steps that fail
    status: FollowStatus = field(default_factory=FollowStatus)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


async def run(follower: Follower, stop: asyncio.Event) -> None:
    """Repeat a follower's step until `stop` is set."""
    status = follower.status
    while not stop.is_set():
        follower.woken.clear()
        try:
            async with asyncio.timeout(STEP_TIMEOUT):
                more = await follower.step()
        except Exception as error:  # noqa: BLE001 - rule 1: whatever it is, it is reported and tried again
            _failed(follower, error)
            pause = min(follower.longest, max(follower.every, 0.1) * 2 ** min(status.failures - 1, 10))
        else:
            _succeeded(follower)
            pause = 0 if more else follower.every
        await _rest(pause, stop, follower.woken)


async def _rest(seconds: float, *until: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in until]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _failed(follower: Follower, error: Exception) -> None:
    status = follower.status
    sentence = f"{type(error).__name__}: {error}"[:500]
    if status.error != sentence:
        _log.warning("follower failing", follower=follower.name, error=sentence)
    status.healthy, status.error, status.failures = False, sentence, status.failures + 1


def _succeeded(follower: Follower) -> None:
    status = follower.status
    if status.failures:
        _log.info("follower recovered", follower=follower.name, failures=status.failures)
    status.healthy, status.error, status.failures, status.pages = True, None, 0, status.pages + 1


class Followers:
    """All background work of one gateway."""

    def __init__(self, members: Sequence[Follower]) -> None:
        self.members = tuple(members)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start every follower in the running event loop."""
        self._stop.clear()
        self._tasks = [asyncio.create_task(run(member, self._stop), name=member.name) for member in self.members]

    async def stop(self) -> None:
        """Ask every follower to end, wait, and cancel what does not (rule 4)."""
        self._stop.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        self._tasks = []
