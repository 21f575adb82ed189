"""The hop from registry to log is cut while the time goes on: what lowers trust is published all the same."""

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from goodstanding import Bundle, Trust, VerdictKind, Verifier, parse_record, verify_record, verify_status_list
from goodstanding.checkpoint import verify_checkpoint
from goodstanding.clock import system_clock

pytestmark = pytest.mark.timeout(300)

SERVER = Path(__file__).with_name("cuttable_server.py")
ONLINE_SECONDS = 5.0  # until the edge knows, with PENDING_LOG
MAX_TTL = 60  # seconds a reader may keep a list before it asks again
MAX_LIFE = timedelta(hours=1)  # of a list that somebody keeps without asking again
LOGGED_SECONDS = 60
PENDING = "query($id: ID!) { node(id: $id) { ... on Decision { pending } } }"


async def test_a_suspension_reaches_readers_while_the_log_cannot_be_reached(open_server, patiently, tmp_path):
    switch = tmp_path / "cut"
    officials = await open_server((sys.executable, SERVER, switch))
    server = officials.server
    trust = Trust.load(server.settings.var / "trust.json")
    suspended, untouched = [await granted(officials, patiently, name) for name in ("Lantern Road", "Quiet Ferry")]
    kept = Bundle.parse((await server.client.get(f"/evidence/{suspended}")).content)
    verifier = Verifier(trust)
    assert verifier.verify_bundle(kept).verdict is VerdictKind.IN_GOOD_STANDING
    record = verify_record(kept.record, trust.issuers[parse_record(kept.record).iss].keys)
    proposal = await officials.propose(suspended, "suspend", measure="preventive")

    async with probing(server, untouched) as answers:
        # given that the hop is cut, and the time cosigner goes on
        switch.touch()
        time = await signed_time(server, trust)

        # when the suspension is approved
        begun = monotonic()
        event = await officials.approve(proposal, "suspend")

        # then the edge says so at once, and says that the log does not know yet
        async def turned():
            verdict = (await server.client.get(f"/verify/{suspended}")).json()
            return verdict if verdict["verdict"] == "NOT_IN_GOOD_STANDING" else None

        verdict = await patiently(turned, "the suspension does not reach the edge", ONLINE_SECONDS)
        assert monotonic() - begun <= ONLINE_SECONDS
        assert {"SUSPENDED", "PENDING_LOG"} <= {reason["code"] for reason in verdict["reasons"]}
        assert (await server.front.graphql(PENDING, {"id": event}, officials.tokens["proposer"]))["node"]["pending"]

        # and a reader that asks again when its list's ttl is over finds it there: the list served now has it
        token = await status_list(server, record)
        fresh = verified(token, trust, record)
        assert fresh.list.get(record.status_idx) == 2
        assert fresh.ttl <= MAX_TTL
        assert "SUSPENDED" in verifier.verify(kept.record, tlog_proof=kept.tlog_proof, status_list=token).codes

        # and a reader without network is misled no longer than its list lives
        old = verified(kept.status_list, trust, record)
        assert old.exp - old.iat <= MAX_LIFE
        before, after = (verifier.verify_bundle(kept, now=old.exp + timedelta(seconds=at)) for at in (-1, 0))
        assert before.verdict is VerdictKind.IN_GOOD_STANDING
        assert after.verdict is VerdictKind.CANNOT_CONCLUDE
        assert "STATUS_EXPIRED" in after.codes

        async def later():
            return True if await signed_time(server, trust) > time else None

        await patiently(later, "the time cosigner stands still", 20)
        assert (await server.front.graphql(PENDING, {"id": event}, officials.tokens["proposer"]))["node"]["pending"]

        # when the hop is whole again, then the decision is logged
        switch.unlink()

        async def logged():
            node = (await server.front.graphql(PENDING, {"id": event}))["node"]
            return True if node and not node["pending"] else None

        await patiently(logged, "the decision is not logged", LOGGED_SECONDS)

        async def settled():
            verdict = (await server.client.get(f"/verify/{suspended}")).json()
            codes = {reason["code"] for reason in verdict["reasons"]}
            assert verdict["verdict"] == "NOT_IN_GOOD_STANDING"
            return True if "PENDING_LOG" not in codes else None

        await patiently(settled, "the edge still waits for the log", LOGGED_SECONDS)

    # and whoever was not suspended was in good standing all along
    assert len(answers) >= 5  # how many depends on the machine; that each is good does not
    assert set(answers) == {"IN_GOOD_STANDING"}


@asynccontextmanager
async def probing(server, number):
    """Ask about a number several times a second for as long as the block lasts."""
    answers, over = [], asyncio.Event()

    async def probe():
        while not over.is_set():
            answer = await server.client.get(f"/verify/{number}")
            answers.append(answer.json().get("verdict", f"status {answer.status_code}"))
            await asyncio.wait([asyncio.ensure_future(over.wait())], timeout=0.1)

    task = asyncio.create_task(probe())
    try:
        yield answers
    finally:
        over.set()
        await task


async def granted(officials, patiently, name):
    """A recruiter in good standing, its record released and known at the edge."""
    number = await officials.apply(name)
    await officials.approve(await officials.propose(number, "grant"), f"grant-{number}")

    async def good():
        verdict = (await officials.server.client.get(f"/verify/{number}")).json()
        record = await officials.server.client.get(f"/evidence/{number}")
        return True if verdict["verdict"] == "IN_GOOD_STANDING" and record.status_code == 200 else None

    await patiently(good, f"{name} is not in good standing", LOGGED_SECONDS)
    return number


async def signed_time(server, trust):
    note, log = (await server.client.get("/log/checkpoint")).content, trust.logs["TEST"]
    return verify_checkpoint(note, log=log.vkey, time_cosigner=log.time_vkey).time


async def status_list(server, record):
    """The token a reader gets that asks now, and for how long the answer may be kept."""
    answer = await server.client.get(record.status_uri)
    assert int(answer.headers["cache-control"].partition("max-age=")[2]) <= MAX_TTL
    return answer.text


def verified(token, trust, record):
    keys = trust.status_keys(record.status_uri)
    return verify_status_list(token, uri=record.status_uri, keys=keys, now=system_clock(), leeway=5)
