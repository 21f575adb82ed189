"""Migrations under way: killed half way, run by several at once, and beside the program of the version before."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys

import httpx
import killed_migration
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from core_world import HOME, LABOUR, LICENCE, CoreWorld, found
from log_simulator import LogSimulator
from patience import until
from previous_version import ROOT, command, commit_before, take_out

from goodstanding.clock import system_clock
from registry.accreditations.drafts import DecisionDraft
from registry.database import Database
from registry.migrate import following, migrate
from registry.tables import METADATA

SETTINGS = {"prefix": "TEST", "origin": HOME}
VERSIONS = ROOT / "services/registry/src/registry/migrations/versions"
NEWEST = max(VERSIONS.glob("m[0-9]*.py"))


async def state(url):
    """(revision, differences from what the tables declare)."""
    database = Database(url)
    async with database.read() as tx:
        at = await tx.run_sync(lambda connection: MigrationContext.configure(connection).get_current_revision())
        differ = await tx.run_sync(
            lambda connection: compare_metadata(MigrationContext.configure(connection), METADATA)
        )
    await database.close()
    return at, differ


@pytest.mark.faults
@pytest.mark.both_backends
@pytest.mark.parametrize(
    ("revision", "operations", "left_at"),
    [
        ("0001", 17, None),
        ("0002_from_0001", 1, "0001"),
        ("0003_from_0002", 10, "0002_from_0001"),
        ("0004_from_0003", 2, "0003_from_0002"),
        ("0005_from_0004", 4, "0004_from_0003"),
        ("0006_from_0005", 2, "0005_from_0004"),
        ("0007_from_0006", 6, "0006_from_0005"),
        ("0008_from_0007", 3, "0007_from_0006"),
        ("0009_from_0008", 1, "0008_from_0007"),
        ("0010_from_0009", 1, "0009_from_0008"),
        ("0011_from_0010", 4, "0010_from_0009"),
        ("0012_from_0011", 2, "0011_from_0010"),
        ("0013_from_0012", 1, "0012_from_0011"),
        ("0014_from_0013", 2, "0013_from_0012"),
        ("0018_from_0017", 1, "0017_from_0016"),
    ],
)
async def test_killed_half_way_it_leaves_a_whole_revision_and_the_next_one_completes(
    empty_database, tmp_path, revision, operations, left_at
):
    (tmp_path / "folder").mkdir()
    arguments = ["registry", empty_database, revision, str(operations)]
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, killed_migration.__file__, *arguments], timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert (await state(empty_database))[0] == left_at

    await migrate(empty_database, **SETTINGS)
    assert (await state(empty_database))[1] == []


@pytest.mark.both_backends
async def test_several_that_migrate_at_once_do_it_once(empty_database):
    await asyncio.gather(*(asyncio.to_thread(asyncio.run, migrate(empty_database, **SETTINGS)) for _ in range(4)))
    assert (await state(empty_database))[1] == []


# --- beside the version before

ACTS = {
    "registerOrganisation": ("RegisterOrganisationInput", "... on RegisterOrganisationDone { organisation { id } }"),
    "applyForAccreditation": ("ApplyInput", "... on DecisionDone { accreditation { number } }"),
    "proposeDecision": ("ProposeDecisionInput", "... on ProposalDone { proposal { id digest } }"),
    "approveProposal": ("ApproveProposalInput", "... on DecisionDone { decision { eventId } }"),
}


class Before:
    """The program of the version before, serving; its own statements, spoken to over HTTP."""

    def __init__(self, url, var, log, folder):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20)
        self._output = folder / "before.log"
        self._environment = take_out(commit_before(NEWEST), "registry", folder / "before") | {
            "GOODSTANDING_DATABASE_URL": url,
            "GOODSTANDING_VAR": str(var),
            "GOODSTANDING_ORIGIN": HOME,
            "GOODSTANDING_REGISTRY_PORT": str(port),
            "GOODSTANDING_AUDIT_URL": "http://127.0.0.1:9",  # nobody there: acts do not wait for the log
            "GOODSTANDING_AUDIT_TOKEN": "a-service-token",
            "GOODSTANDING_LOG_VKEY": log.vkey,
            "GOODSTANDING_LOG_TIME_VKEY": log.time_vkey,
        }
        self._process = None

    def migrate(self):
        """Bring the database to the revision this version knows."""
        subprocess.run(command("registry", "migrate"), env=self._environment, check=True, timeout=60)

    async def start(self):
        with self._output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command("registry", "serve"), env=self._environment, stdout=output, stderr=output
            )

        async def ready():
            assert self._process.returncode is None, self._output.read_text()[-3000:]
            with contextlib.suppress(httpx.HTTPError):
                return (await self.client.get("/readyz")).status_code == 200
            return False

        await until(ready, 60)

    async def stop(self):
        """Tell it to end; it gives the relay's lease up."""
        await self.client.aclose()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self._process.wait(), 30)

    async def act(self, token, name, **content):
        """The good result of a mutation."""
        kind, selection = ACTS[name]
        query = (
            f"mutation ($i: {kind}!) {{ {name}(input: $i) {{ {selection} ... on DomainError {{ code message }} }} }}"
        )
        content = {"idempotencyKey": f"{name} {content}"[:200]} | content
        answer = await self.client.post(
            "/graphql", json={"query": query, "variables": {"i": content}}, headers={"Authorization": f"Bearer {token}"}
        )
        result = answer.json()["data"][name]
        assert "code" not in result, result
        return result


@pytest.fixture
async def before_and_now(empty_database, tmp_path):
    """The version before, started on its own revision; then the database is migrated and founded; then we open it."""
    var = tmp_path / "var"
    var.mkdir()
    (tmp_path / "folder").mkdir()
    before = Before(empty_database, var, LogSimulator(system_clock), tmp_path)
    try:
        await asyncio.to_thread(before.migrate)
        revision, _ = await state(empty_database)
        assert following(revision) is not None, "this is not the version before"
        await before.start()
        await asyncio.to_thread(found, empty_database, system_clock())
        now = CoreWorld(var, empty_database)
        now.clock.now = system_clock()
        yield before, now
        await now.close()
    finally:
        await before.stop()


@pytest.mark.faults
@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
async def test_the_version_before_writes_beside_this_one(before_and_now):
    """Expand: what version N added, version N-1 neither fills nor stumbles over, and each reads what the other wrote."""
    before, now = before_and_now
    tokens = {member: await now.token(member) for member in ("rita", "pema", "anil")}

    async def by_the_version_before(name):
        done = await before.act(tokens["rita"], "registerOrganisation", kind="RECRUITER", jurisdiction="NP",
                                names=[{"text": name, "kind": "legal"}])  # fmt: skip
        done = await before.act(tokens["rita"], "applyForAccreditation", organisation=done["organisation"]["id"],
                                authority=LABOUR, scheme=LICENCE, scope={"activities": ["placement"]})  # fmt: skip
        number = done["accreditation"]["number"]
        made = await before.act(tokens["pema"], "proposeDecision", number=number, act="grant", reason="OK")
        proposal = made["proposal"]
        await before.act(tokens["anil"], "approveProposal", proposal=proposal["id"], digest=proposal["digest"])
        return number

    async def by_this_version(name):
        number = await now.applied(name=name)
        await now.decided(number, "grant")
        return number

    now.clock.forward(seconds=1)
    numbers = await asyncio.gather(
        *(by_the_version_before(f"Before {n}") for n in range(4)), *(by_this_version(f"Now {n}") for n in range(4))
    )
    # each goes on with what the other began
    now.clock.forward(seconds=5)
    made = await before.act(tokens["pema"], "proposeDecision", number=numbers[-1], act="suspend", reason="OK",
                            measure="preventive")  # fmt: skip
    anil = await now.actor("anil")
    await now.acts.approve(anil, made["proposal"]["id"], made["proposal"]["digest"], key="theirs")
    draft = DecisionDraft(numbers[0], "suspend", "OK", measure="preventive")
    await now.acts.propose(await now.actor("pema"), draft, key="ours")

    await before.stop()  # it held the relay's lease, for a log it cannot reach
    now.clock.forward(seconds=10)
    await now.logged()
    rows = await now.snapshot()
    assert rows["outbox"] == []
    assert len(now.log.events) == len(rows["events"])
    assert len(set(numbers)) == len(rows["accreditations"]) == 8
    assert {row[3] for row in rows["records"]} == set(numbers)
