"""Erasure end to end: registry, log, feed, a follower, the edge's verdict, and proofs that were made before."""

import json
import sqlite3
from contextlib import closing
from uuid import uuid4

import pytest

from goodstanding.canonical import unb64u
from goodstanding.checkpoint import TlogProof, verify_tlog_proof
from goodstanding.merkle import leaf_hash
from goodstanding.mirror import Mirror, follow_once
from goodstanding.verdict import VerdictKind
from goodstanding.verifier import Verifier
from goodstanding_standalone.front import until
from goodstanding_standalone.sample.authorities import LICENCE, MAIN
from registry.access.service import add_member, grant_role

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "Vanishing Placements"
ORGANISATION = "... on RegisterOrganisationDone { organisation { id events } }"
DECISION = "... on DecisionDone { decision { eventId } accreditation { number } }"
PROPOSAL = "... on ProposalDone { proposal { id digest } }"
ERASURE = "... on ErasureDone { erasure { id state } }"


@pytest.fixture
async def admins(world):
    """Tokens of two persons who may erase together."""
    register = world.house.register
    names = [f"admin-{uuid4().hex[:8]}" for _ in range(2)]
    async with register.database.write() as tx:
        for name in names:
            await add_member(tx, name, name, now=register.clock())
            await grant_role(tx, MAIN, name, "authority-admin")
    return [await register.token(name) for name in names]


async def granted(world):
    """(number, event ids) of an accreditation that everybody knows of."""
    front, proposer, approver = world.front, world.tokens["proposer"], world.tokens["approver"]
    names = [{"text": NAME, "kind": "legal"}]
    made = {"kind": "RECRUITER", "names": names, "jurisdiction": "NP"}
    done = await front.mutate("registerOrganisation", "RegisterOrganisationInput", ORGANISATION, made, proposer)
    own = [str(event_id) for event_id in done["organisation"]["events"]]
    application = {"organisation": done["organisation"]["id"], "authority": MAIN, "scheme": LICENCE, "scope": {}}
    done = await front.mutate("applyForAccreditation", "ApplyInput", DECISION, application, proposer)
    number, events = done["accreditation"]["number"], [done["decision"]["eventId"]]
    draft = {"number": number, "act": "grant", "reason": "ASSESSED", "validUntil": "2099-12-31"}
    proposal = (await front.mutate("proposeDecision", "ProposeDecisionInput", PROPOSAL, draft, proposer))["proposal"]
    approval = {"proposal": proposal["id"], "digest": proposal["digest"]}
    done = await front.mutate("approveProposal", "ApproveProposalInput", DECISION, approval, approver)
    await world.settle()
    return number, [*own, *events, done["decision"]["eventId"]]


async def followed(world):
    """A follower that begins at the start now, and the bodies it was shown."""
    bodies = []
    trust = await world.house.register.trust()
    mirror = Mirror(
        trust.logs["TEST"], lambda batch: bodies.extend(entry.body_bytes for entry in batch.entries if entry.body)
    )

    async def fetch(after):
        return (await world.client.get(f"/feed?after={after}")).content

    while await follow_once(mirror, fetch):
        pass
    return mirror, bodies


async def test_what_is_erased_is_gone_everywhere_and_everything_proved_stays_proved(world, admins):
    number, events = await granted(world)
    bundle = (await world.client.get(f"/evidence/{number}")).json()

    async def taken():
        return True if bundle["record"] in _edge_records(world.settings.var) else None

    await until(taken, "the edge does not take the record", 30)
    proof = (await world.front.get(f"/records/{number}.tlog-proof")).content
    size, bodies = await followed(world)
    assert sum(NAME.encode() in body for body in bodies) == 1 + 1, "the organisation, and the decision that repeats it"
    assert (await world.client.get(f"/verify/{number}")).json()["verdict"] == "IN_GOOD_STANDING"

    asked = {"events": events, "reason": "By court order"}
    asked = await world.front.mutate("requestErasure", "RequestErasureInput", ERASURE, asked, admins[0])
    approval = {"erasure": asked["erasure"]["id"]}
    await world.front.mutate("approveErasure", "ApproveErasureInput", ERASURE, approval, admins[1])
    await world.settle()

    async def done():
        query = "query ($id: ID!) { erasure(id: $id) { state } }"
        found = await world.front.graphql(query, {"id": approval["erasure"]}, admins[0])
        return True if found["erasure"]["state"] == "DONE" else None

    await until(done, "the erasure is not done", 30)

    # the verdict
    verdict = (await world.client.get(f"/verify/{number}")).json()
    assert verdict["verdict"] == "CANNOT_CONCLUDE"
    assert "ERASED" in {reason["code"] for reason in verdict["reasons"]}
    assert NAME not in json.dumps(verdict)

    # the edge's files
    async def forgotten():
        return None if bundle["record"] in _edge_records(world.settings.var) else True

    await until(forgotten, "the edge still has the record", 30)
    # the registry
    assert (await world.client.get(f"/records/{number}")).status_code == 404
    # log, feed, and a follower that begins now
    mirror, bodies = await followed(world)
    assert mirror.size > size.size
    assert mirror.erased >= len(events)
    assert not any(NAME.encode() in body for body in bodies)
    # proofs, old and new
    index = TlogProof.parse(proof).index
    page = (await world.client.get(f"/feed?after={index - 1}")).text.splitlines()
    line = json.loads(page[0])
    assert line.keys() == {"index", "leaf", "erased_by"}
    trusted = (await world.house.register.trust()).logs["TEST"]
    hashed = leaf_hash(unb64u(line["leaf"]))
    verify_tlog_proof(TlogProof.parse(proof), hashed, log=trusted.vkey, time_cosigner=trusted.time_vkey)
    # whoever kept the record has it still, and learns from the status list that nothing is asserted
    status = (await world.client.get(_status_list(bundle["record"]))).text
    judged = Verifier(await world.house.register.trust()).verify(
        bundle["record"], tlog_proof=bundle["tlog_proof"], status_list=status
    )
    assert judged.verdict is VerdictKind.CANNOT_CONCLUDE
    assert "NOTHING_ASSERTED" in judged.codes


def _edge_records(folder):
    """The records in the edge's own files."""
    for path in folder.rglob("records.db"):
        with closing(sqlite3.connect(path)) as records:
            return [token for (token,) in records.execute("SELECT token FROM record")]
    return []


def _status_list(record):
    claims = json.loads(unb64u(record.split(".")[1]))
    return "/status-lists/" + claims["status"]["status_list"]["uri"].rpartition("/")[2]
