"""Steps that anyone can take: ask online, take the evidence away, verify it offline."""

import asyncio
import json
import sys
from pathlib import Path
from time import monotonic
from typing import Any

from goodstanding import GoodstandingError, Trust, parse_record, verify_record
from goodstanding.checkpoint import TlogProof, verify_tlog_proof
from goodstanding.number import prefix_of
from goodstanding_standalone.front import FrontError, until
from goodstanding_standalone.walk.acts import LOGGED_SECONDS
from goodstanding_standalone.walk.story import Story, WalkFailed, codes, expect

CHANGED_SECONDS = 15.0
"""How long a suspension may take to reach a reader."""

_VERIFY = """query($number: String!, $size: Int) { verify(by: {number: $number}, minTreeSize: $size) {
  verdict standing organisationName treeSize reasons { code } } }"""


async def verify_online(story: Story) -> str:
    """Ask as an HR system, as a program without GraphQL, and as a person with a phone."""

    async def answered() -> dict[str, Any] | None:
        verdict = await _verdict(story)
        # The first accreditation of a status list is known from the log a second before its list is.
        return None if any(code in codes(verdict) for code in ("BEHIND", "STALE")) else verdict

    verdict = await until(answered, f"the edge knows nothing fresh of tree size {story.tree_size}", LOGGED_SECONDS)
    expect(verdict["verdict"] == "IN_GOOD_STANDING", f"verify answered {verdict}")
    simple = (await story.front.get(f"/verify/{story.number}")).json()
    expect(simple["verdict"] == "IN_GOOD_STANDING", f"/verify answered {simple}")
    page = (await story.front.get(f"/v/{story.number}")).text
    expect(story.number in page and "SAMPLE" in page, f"/v/{story.number} does not name the number as a sample")
    return f"{verdict['verdict']} ({codes(verdict)}) at tree size {verdict['treeSize']}; /verify and /v say the same"


async def fetch(story: Story) -> str:
    """Fetch what an offline verifier needs."""

    async def released() -> str | None:
        try:
            return (await story.front.get(f"/records/{story.number}")).text
        except FrontError:
            return None

    story.record = await until(released, f"/records/{story.number} is not released", LOGGED_SECONDS)
    story.tlog_proof = (await story.front.get(f"/records/{story.number}.tlog-proof")).text
    bundle = (await story.front.get(f"/evidence/{story.number}")).content
    await asyncio.to_thread(story.evidence.write_bytes, bundle)
    return f"record of {len(story.record)} bytes, its proof, and a bundle of {len(bundle)} bytes in {story.evidence}"


async def check_proof(story: Story) -> str:
    """Rebuild the leaf from the record and follow the proof to the signed root."""
    trust = await asyncio.to_thread(Trust.load, story.trust)
    try:
        record = verify_record(story.record, trust.issuers[parse_record(story.record).iss].keys)
        log = trust.logs[prefix_of(record.number)]
        proof = TlogProof.parse(story.tlog_proof.encode())
        verified = verify_tlog_proof(proof, record.leaf_hash, log=log.vkey, time_cosigner=log.time_vkey)
    except (GoodstandingError, KeyError) as error:
        raise WalkFailed(f"the proof does not hold: {error}") from error
    return f"entry {proof.index} of {verified.checkpoint.size}: {len(proof.hashes)} hashes lead to the signed root"


async def verify_offline(story: Story) -> str:
    """Ask the command line, which uses no network."""
    verdict = await _offline(story, story.evidence, 0)
    return f"exit 0: {verdict['verdict']} ({codes(verdict)})"


async def tamper(story: Story) -> str:
    """Change one character of the record."""
    bundle = json.loads(await asyncio.to_thread(story.evidence.read_bytes))
    record = bundle["record"]
    middle = len(record) // 2
    bundle["record"] = record[:middle] + ("A" if record[middle] != "A" else "B") + record[middle + 1 :]
    tampered = story.evidence.with_name("demo-evidence-tampered.json")
    await asyncio.to_thread(tampered.write_text, json.dumps(bundle), "utf-8")
    verdict = await _offline(story, tampered, 2)
    return f"exit 2: {verdict['verdict']} ({codes(verdict)})"


async def changed_online(story: Story) -> str:
    """Ask again until the answer changes."""

    async def changed() -> dict[str, Any] | None:
        verdict = await _verdict(story)
        return verdict if verdict["verdict"] == "NOT_IN_GOOD_STANDING" else None

    verdict = await until(changed, "the suspension does not reach the edge", CHANGED_SECONDS)
    after = monotonic() - story.suspended_at
    simple = (await story.front.get(f"/verify/{story.number}")).json()
    expect(simple["verdict"] == "NOT_IN_GOOD_STANDING", f"/verify answered {simple}")
    return f"{verdict['verdict']} ({codes(verdict)}) {after:.2f} s after the approval"


async def changed_offline(story: Story) -> str:
    """Fetch a fresh bundle and ask the command line again."""
    bundle = (await story.front.get(f"/evidence/{story.number}")).content
    fresh = story.evidence.with_name("demo-evidence-suspended.json")
    await asyncio.to_thread(fresh.write_bytes, bundle)
    verdict = await _offline(story, fresh, 1)
    expect("SUSPENDED" in codes(verdict), f"the verdict does not name the suspension: {verdict}")
    return f"exit 1: {verdict['verdict']} ({codes(verdict)}), from {fresh}"


async def _verdict(story: Story) -> dict[str, Any]:
    data = await story.front.graphql(_VERIFY, {"number": story.number, "size": story.tree_size})
    return dict(data["verify"])


async def _offline(story: Story, file: Path, status: int) -> dict[str, Any]:
    """Run `goodstanding verify`; it must exit with `status` and print a verdict."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from goodstanding.cli import main; main()",
        "verify", file, "--trust", story.trust, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    said = (out + err).decode()[:600]
    expect(process.returncode == status, f"goodstanding verify exited {process.returncode}, not {status}: {said}")
    return dict(json.loads(out))
