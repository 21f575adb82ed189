"""The services as processes on one folder: either each on its own, or all three as one."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import httpx
from hop import Hop
from house_process import log_keys
from invariants import GOOD
from launcher import Mine, Running, launch
from town_kinds import EVERYTHING, TOWNS

from goodstanding_standalone.bootstrap import found_sample
from goodstanding_standalone.demo_file import write_trust
from goodstanding_standalone.front import Front, FrontError, until
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.authorities import MAIN
from goodstanding_standalone.sample.generator import SEED, generate
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.settings import StandaloneSettings
from registry.access.repository import token_keys

READY_SECONDS = 60
OFFICIALS = ("proposer", "approver")
SERVICE_TOKEN = "a-service-token"


class Town:
    """A set of processes, which have `patience` seconds to bring everything to the log. `sabotage` names what is wrong
    in all of them.

    `outages` are the times (monotonic) at which something that tells was away.
    """

    def __init__(self, folder: Path, town: str, *, patience: float = 60.0, sabotage: str = "") -> None:
        self.ports = _free_ports("door", "registry", "work", "audit", "hop")
        self.settings = StandaloneSettings(var=folder / "var", port=self.ports["door"])
        self.kinds = TOWNS[town]
        self.hop = Hop(self.ports["hop"], self.ports["audit"])
        self.client = httpx.AsyncClient(base_url=self.settings.public_origin, trust_env=False, timeout=15)
        self.front = Front(self.client)
        self.outages: list[tuple[float, float]] = []
        self.down: set[str] = set()  # who is not ready
        self._lives = 0
        self._silent_since: float | None = None
        self.patience = patience
        self._folder = folder
        self._sabotage = sabotage
        self._running: dict[str, Running] = {}
        self._watching: list[asyncio.Task[None]] = []
        self.log_keys = log_keys(self.settings)

    @property
    def life(self) -> int | None:
        """Which life of the door this is; None before it has said that it is ready, and once it is dead."""
        return None if any(self.kinds[name].door for name in self.down) else self._lives

    async def get(self, path: str) -> httpx.Response | None:
        """An answer of the door, None when there is none."""
        try:
            return await self.client.get(path)
        except httpx.HTTPError:
            return None

    async def verdict(self, number: str) -> str | None:
        """The verdict about a number, with its reasons where it is not a good one; what is none is told as what it is."""
        answer = await self.get(f"/verify/{number}")
        if answer is None:
            return None
        try:
            found, reasons = answer.json()["verdict"], answer.json()["reasons"]
        except (ValueError, KeyError):
            return f"status {answer.status_code}"
        return GOOD if found == GOOD else " ".join([found, *sorted(reason["code"] for reason in reasons)])

    async def found(self) -> None:
        """Make databases, keys, authorities and members, and the files that tell the services of each other."""
        async with open_register(self.settings) as register:
            sample = await asyncio.to_thread(generate, register.clock().date(), Size(0, 0, 0), SEED)
            await found_sample(register.database, sample, origin=self.settings.public_origin, clock=register.clock)
            await register.keys.record_signer(MAIN)
            write_trust(self.settings.var / "trust.json", await register.trust())
            async with register.database.read() as tx:
                keys = list((await token_keys(tx)).values())
        (self._folder / "access-keys.json").write_text(json.dumps(keys))

    async def tokens(self) -> dict[str, str]:
        """Fresh access tokens; they live for a quarter of an hour."""
        async with open_register(self.settings) as register:
            return {member: await register.token(member) for member in OFFICIALS}

    def named(self, victim: str) -> Sequence[str]:
        """The processes that a shot is at, in the order in which they are started."""
        return tuple(self.kinds) if victim == EVERYTHING else (victim,)

    async def open(self) -> None:
        await self.hop.open()
        for name in self.kinds:
            self._gone(name)
            await self.start(name)

    async def start(self, name: str, mine: Mine | None = None) -> None:
        """Start a process and wait until it is ready."""
        kind, log = self.kinds[name], self._folder / f"{name}.log"
        running = await launch(kind.command, self._environment(name), log, mine, self._sabotage)
        self._running[name] = running
        self._watching.append(asyncio.create_task(self._watch(name, running)))
        address = f"http://127.0.0.1:{self.ports[kind.port]}/readyz"

        async def ready() -> bool | None:
            if running.ended.is_set():
                return True  # its mine went off before it was ready: that is a kill like any other
            with contextlib.suppress(httpx.HTTPError):
                return True if (await self.client.get(address)).status_code == 200 else None
            return None

        try:
            await until(ready, f"{name} is not ready", READY_SECONDS)
        except FrontError as error:
            raise AssertionError(f"{error}\n{running.last_words()}") from error
        if running.ended.is_set():
            assert mine is not None, running.last_words()
            return
        self._back(name)

    def _gone(self, name: str) -> None:
        self.down.add(name)
        if self.kinds[name].tells and self._silent_since is None:
            self._silent_since = monotonic()

    def _back(self, name: str) -> None:
        self.down.discard(name)
        self._lives += self.kinds[name].door
        if self._silent_since is not None and not any(self.kinds[other].tells for other in self.down):
            self.outages.append((self._silent_since, monotonic()))
            self._silent_since = None

    async def kill(self, name: str) -> None:
        """kill -9, unless it is dead already."""
        await self._running[name].kill()
        self._gone(name)

    async def died(self, name: str, seconds: float) -> bool:
        """Wait for a mine to go off."""
        return await self._running[name].gone(seconds)

    async def _watch(self, name: str, running: Running) -> None:
        """Note when it is gone."""
        await running.ended.wait()
        self._gone(name)

    async def close(self) -> None:
        for running in self._running.values():
            await running.kill()
        await asyncio.gather(*self._watching)
        await self.hop.close()
        await self.client.aclose()

    def _environment(self, name: str) -> dict[str, str]:
        at = {port: f"http://127.0.0.1:{number}" for port, number in self.ports.items()}
        values = {
            "VAR": self.settings.var, "PORT": self.ports["door"], "ORIGIN": self.settings.public_origin,
            "REGISTRY_PORT": self.ports["registry"], "REGISTRY_URL": at["registry"], "WORK_PORT": self.ports["work"],
            "AUDIT_PORT": self.ports["audit"], "AUDIT_URL": at["hop"] if name == "work" else at["audit"],
            "AUDIT_TOKEN": SERVICE_TOKEN, "LOG_VKEY": self.log_keys[0], "LOG_TIME_VKEY": self.log_keys[1],
            "TRUST": self.settings.var / "trust.json", "ACCESS_KEYS_FILE": self._folder / "access-keys.json",
            "LOG_LEVEL": "warning",
        }  # fmt: skip
        ours = ("VAR", "PORT") if name == "standalone" else values
        return {f"GOODSTANDING_{variable}": str(values[variable]) for variable in ours}


def _free_ports(*names: str) -> dict[str, int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in names]
        return {name: sock.getsockname()[1] for name, sock in zip(names, sockets, strict=True)}
