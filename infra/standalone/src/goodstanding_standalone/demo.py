"""The demo: a sample is made, the main job is walked through against the real port, and the register stays up.

While it stays up, `demo.json` always holds tokens with most of their life before them.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx
from rich.console import Console
from rich.text import Text

from goodstanding.number import SAMPLE_PREFIX
from goodstanding_standalone.app import House, compose
from goodstanding_standalone.demo_file import DemoFile, write_trust
from goodstanding_standalone.errors import StandaloneError
from goodstanding_standalone.front import Front, FrontError, until
from goodstanding_standalone.progress import progress
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.authorities import MEMBERS
from goodstanding_standalone.sample.model import FULL, Size
from goodstanding_standalone.sample.seed import seed
from goodstanding_standalone.sample.state import Seeded
from goodstanding_standalone.serving import listening, serving, sole_server
from goodstanding_standalone.settings import StandaloneSettings
from goodstanding_standalone.walk.steps import walk
from goodstanding_standalone.walk.story import Story

TOKENS_EVERY = 300.0
"""Seconds between fresh tokens; they live three times as long."""

SETTLE_SECONDS = 180.0
"""How long the log and the signatures may take after the last act of the sample."""


async def demo(settings: StandaloneSettings, console: Console, *, once: bool, size: Size = FULL) -> bool:
    """Run the demo until the walk is over (`once`) or a signal comes; whether the walk came out as it must.

    Raises StandaloneError for a prefix that is not for samples, PortInUse, FolderInUse, and what `compose` raises.
    """
    if settings.prefix != SAMPLE_PREFIX:
        raise StandaloneError(f"The demo gives out sample numbers: leave GOODSTANDING_PREFIX at {SAMPLE_PREFIX}.")
    with sole_server(settings.var), listening(settings) as sock:
        _demo_path(settings).unlink(missing_ok=True)  # it would name tokens that have expired
        seeded = await _seed(settings, console, size)
        async with compose(settings) as house, serving(house.door, sock) as server:
            run = _Demo(settings, console, house, seeded)
            flow = asyncio.create_task(run.flow(once=once))
            await asyncio.wait({flow, server}, return_when=asyncio.FIRST_COMPLETED)
            if not flow.done():
                flow.cancel()
                await asyncio.wait({flow})
            if not flow.cancelled() and (error := flow.exception()):
                raise error
            return run.passed


async def _seed(settings: StandaloneSettings, console: Console, size: Size) -> Seeded:
    """Make the sample before the services run: nothing competes for the database, and the log gets it in bulk."""
    begun = monotonic()
    async with open_register(settings) as register:
        with progress(console) as report:
            made = await seed(register, settings.var, report, size=size)
    took = monotonic() - begun
    _say(console, f"Sample: {made.organisations:,} organisations ({took:.1f} s)")
    _say(console, f"  {made.decided:,} of them applied, and two officials each took what was decided from there")
    _say(console, f"  {made.listed:,} others are known from lists that ministries uploaded and released")
    return made


def _demo_path(settings: StandaloneSettings) -> Path:
    return settings.var / "demo.json"


@dataclass(slots=True)
class _Demo:
    settings: StandaloneSettings
    console: Console
    house: House
    seeded: Seeded
    passed: bool = False

    async def flow(self, *, once: bool) -> None:
        """Tell where things are, walk, stay."""
        tokens = await self._publish()
        async with httpx.AsyncClient(base_url=self.settings.public_origin, trust_env=False) as client:
            await self._settle(Front(client))
            _say(self.console, f"Walking through the main job at {self.settings.public_origin}", "bold")
            story = Story(Front(client), tokens, self._trust, self.settings.var / "demo-evidence.json")
            self.passed = await walk(story, self.console)
        if once:
            return
        _say(self.console, f"Serving {self.settings.public_origin}/ until Ctrl-C", "bold")
        _say(self.console, f"  numbers to ask about and tokens to act with: {self._path}")
        while True:
            await asyncio.sleep(TOKENS_EVERY)
            await self._publish()

    @property
    def _path(self) -> Path:
        return _demo_path(self.settings)

    @property
    def _trust(self) -> Path:
        return self.settings.var / "trust.json"

    async def _settle(self, front: Front) -> None:
        """Wait until everything seeded is logged, signed and known at the edge."""
        begun = monotonic()

        async def released() -> bool | None:
            return True if await self.house.settled() else None

        async def known() -> bool | None:
            try:
                reached = (await front.get("/readyz")).json()["tree_size"]
            except FrontError:  # not ready yet
                return None
            return True if reached >= (await front.graphql("{ log { size } }", {}))["log"]["size"] else None

        await until(released, "events are still on their way through the log", SETTLE_SECONDS)
        await until(known, "the edge has not caught up with the log", SETTLE_SECONDS)
        _say(self.console, f"Logged, signed and followed to the end ({monotonic() - begun:.1f} s)")

    async def _publish(self) -> dict[str, str]:
        """Write `trust.json` and `demo.json`; the tokens written."""
        register = self.house.register
        trust = await register.trust()
        tokens = {member.id: await register.token(member.id) for member in MEMBERS}
        content = DemoFile(self.settings.public_origin, self.house.log.vkeys, self._trust, self.seeded.numbers, tokens)
        await asyncio.to_thread(write_trust, self._trust, trust)
        await asyncio.to_thread(content.write, self._path)
        return tokens


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
