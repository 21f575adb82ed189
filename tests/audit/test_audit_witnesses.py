"""Witnesses: asked before a checkpoint is published, for a bounded time, believed only as far as their keys go."""

import asyncio
import time

import httpx
import pytest
from failing_commit import failing_commit
from sqlalchemy import select
from witness_simulator import Witness

from audit.app import create_app
from audit.errors import LogStopped, Unavailable
from audit.fsck.service import fsck
from audit.publication import CHECKPOINT
from audit.tables import CHECKPOINTS, WITNESSES
from goodstanding.errors import LogError
from goodstanding.note import VerifierKey
from goodstanding.policy import parse_policy, satisfied

ORIGIN = "log.example/log"
PATIENCE = 3  # seconds a publication waits here: honest witnesses on a busy machine are quicker, the slow one is not


@pytest.fixture
async def witnesses(signers):
    """Three honest witnesses of the log, listening."""
    vkey = VerifierKey.ed25519(ORIGIN, signers[0].public_bytes).encode()
    made = [await Witness(f"{name}.example", vkey).up() for name in ("north", "south", "west")]
    yield made
    for witness in made:
        await witness.down()


@pytest.fixture
def watched(open_again, witnesses):
    """Open a log that asks the witnesses, two of whom are enough; as often as it is restarted."""

    def opened(wait=10.0, **more):
        return open_again(policy=policy_of(witnesses), wait=wait, **more)

    return opened


def policy_of(witnesses):
    names = " ".join(witness.name for witness in witnesses)
    lines = "".join(witness.line for witness in witnesses)
    return parse_policy(f"{lines}group enough 2 {names}\nquorum enough\n".encode())


def cosigners(log, note=None):
    """Who has cosigned a note, by default the published one; every line of a known key is verified."""
    policy = log.cosigning.policy
    note = note or log.store.read(CHECKPOINT)
    seen = log.signer.verify(note, policy.keys)
    return sorted(seen.cosigners), satisfied(policy, seen.outside)


async def first_note(log, size):
    async with log.database.read() as tx:
        return (await tx.scalar(select(CHECKPOINTS.c.note).where(CHECKPOINTS.c.size == size))).encode()


async def test_a_checkpoint_is_published_with_the_cosignatures_of_its_witnesses(watched, witnesses, fill, clock):
    log = watched()
    await log.start()
    for size in (3, 300, 301):
        await fill(log, size - log.signer.verify(log.store.read(CHECKPOINT)).checkpoint.size)
        assert cosigners(log) == (["north.example", "south.example", "west.example"], True)
        assert b"stranger" not in log.store.read(CHECKPOINT)
    assert await first_note(log, 301) == log.store.read(CHECKPOINT)  # what the feed shows
    # Each is asked to go on from what it has cosigned, also after a restart; nobody is asked twice.
    assert {tuple(witness.asked) for witness in witnesses} == {(0, 0, 3, 300)}
    clock.advance(5)
    await log.cosigner.step()
    assert cosigners(log)[1]
    again = watched()
    await again.start()
    await fill(again, 1)
    assert {tuple(witness.asked) for witness in witnesses} == {(0, 0, 3, 300, 301, 301)}
    async with again.database.read() as tx:
        assert {row.size for row in await tx.execute(select(WITNESSES))} == {302}


async def test_one_that_is_slow_or_down_holds_nothing_up_and_its_line_comes_late(watched, witnesses, fill):
    log = watched(wait=PATIENCE)
    await log.start()
    _, south, west = witnesses
    south.delay = 60
    await west.down()
    begun = time.monotonic()
    await fill(log, 2)
    assert time.monotonic() - begun < PATIENCE + 5
    assert cosigners(log) == (["north.example"], False)
    assert "did not answer" in log.cosigning.troubles["south.example"]
    assert "did not answer" in log.cosigning.troubles["west.example"]
    begun = time.monotonic()
    await fill(log, 2)  # who was late is not waited for again
    assert time.monotonic() - begun < PATIENCE
    published = log.store.read(CHECKPOINT)

    south.delay = 0
    await west.up()
    assert await log.cosigning.late() == 2
    assert cosigners(log) == (["north.example", "south.example", "west.example"], True)
    assert await log.cosigning.late() == 0
    assert await first_note(log, 4) == published  # what was seen first stays what was seen first
    await fill(log, 1)
    assert cosigners(log)[1]


async def test_without_any_cosignature_the_checkpoint_is_published_all_the_same(watched, witnesses, fill):
    log = watched()
    await log.start()
    for witness in witnesses:
        await witness.down()
    await fill(log, 5)
    assert log.signer.verify(log.store.read(CHECKPOINT)).checkpoint.size == 5
    assert cosigners(log) == ([], False)


@pytest.mark.parametrize(
    ("lie", "trouble"),
    [
        ("signature", "does not verify"),
        ("stranger", "no signature of north"),
        ("huge", "more than 16384 bytes"),
        ("status", "answered 503"),
    ],
)
async def test_what_does_not_verify_is_left_out(watched, witnesses, fill, lie, trouble):
    log = watched()
    await log.start()
    witnesses[0].lie = lie
    await fill(log, 2)
    assert cosigners(log) == (["south.example", "west.example"], True)
    assert trouble in log.cosigning.troubles["north.example"]


async def test_a_restored_backup_signs_nothing_once_a_witness_has_seen_more(
    watched, witnesses, fill, author, published, backup
):
    # given: a log of 2 whose database and files are kept, and which went on to 5
    log = watched()
    await fill(log, 2)
    await log.close()
    put_back, files = backup(log), published.all()
    log = watched()
    await fill(log, 3)
    await log.close()
    # when: both are put back
    put_back()
    for path in set(published.all()) - set(files):
        published.remove(path)
    for path, data in files.items():
        published.write(path, data)
    restored = watched()
    await restored.append(author.first())
    # then: it stops before it signs anything
    with pytest.raises(LogStopped, match=r"ends at size 2, but the witness '\w+.example' has cosigned size 5.*backup"):
        await restored.start()
    assert published.all()[CHECKPOINT] == files[CHECKPOINT]
    with pytest.raises(LogStopped, match="backup"):
        await restored.cosigner.step()


async def test_a_witness_that_turns_out_to_be_ahead_later_stops_a_running_log(watched, witnesses, fill, author):
    log = watched()
    await fill(log, 1)
    await log.append(author.first())
    witnesses[1].lie = "ahead"
    with pytest.raises(LogStopped, match="has cosigned size 1000000"):
        await log.sequencer.step()
    assert log.signer.verify(log.store.read(CHECKPOINT)).checkpoint.size == 1
    witnesses[1].lie = None
    restarted = watched()
    await restarted.start()
    assert cosigners(restarted) == ([], False)  # recovery publishes first; the lines come late
    assert await restarted.cosigning.late() == 3
    assert cosigners(restarted)[1]


async def test_a_witness_refuses_another_tree_and_the_checkpoint_stays_without_it(watched, witnesses, fill):
    log = watched()
    await fill(log, 3)
    north, south, _ = witnesses
    north.root = bytes(32)  # it was shown another tree of this size
    south.size, south.root = 2, bytes(32)  # and this one another smaller tree
    await fill(log, 3)
    assert cosigners(log) == (["west.example"], False)
    assert (north.answered[-1], south.answered[-2:]) == (422, [409, 422])
    assert "it may have been shown another" in log.cosigning.troubles["north.example"]


async def test_it_asks_in_the_background_until_told_to_stop(watched, witnesses, fill):
    log = watched()
    await log.start()
    for witness in witnesses:
        await witness.down()
    await fill(log, 1)
    for witness in witnesses:
        await witness.up()
    stop = asyncio.Event()
    running = asyncio.create_task(log.run_cosigning(stop))
    async with asyncio.timeout(10):
        while not cosigners(log)[1]:
            await asyncio.sleep(0.01)
        stop.set()
        await running


async def test_an_operator_sees_who_is_missing(watched, witnesses, fill):
    log = watched()
    await log.start()
    await witnesses[0].down()
    await fill(log, 1)
    transport = httpx.ASGITransport(create_app(log, "a-service-token"))
    async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
        ready, figures = (await client.get("/readyz")).json(), (await client.get("/metrics")).text
        assert (ready["ready"], ready["witnessed"], ready["witnesses"]["south.example"]) == (True, True, "ok")
        assert "did not answer" in ready["witnesses"]["north.example"]
        assert "goodstanding_audit_witness_cosignatures 2.0" in figures
        assert "goodstanding_audit_witness_quorum 1.0" in figures
        witnesses[0].lie = "ahead"
        await witnesses[0].up()
        with pytest.raises(LogStopped):
            await log.cosigning.late()
        with pytest.raises(LogStopped):
            await log.sequencer.step()
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "restored from an older backup" in ready.json()["missing"][0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("log {stranger}\nquorum none\n", "other logs"),
        ("witness me {time}\nquorum me\n", "a key of the log itself"),
        ("witness w {witness} ftp://w.example\nquorum w\n", "not an http or https address"),
    ],
)
def test_a_policy_that_cannot_be_this_logs_is_refused(open_again, signers, text, why):
    log, time_signer = signers
    keys = {
        "stranger": VerifierKey.ed25519("other.example", log.public_bytes).encode(),
        "time": VerifierKey.cosigner("me.example", time_signer.public_bytes).encode(),
        "witness": Witness("w.example", VerifierKey.ed25519(ORIGIN, log.public_bytes).encode()).key.encode(),
    }
    with pytest.raises(LogError, match=why):
        open_again(policy=parse_policy(text.format(**keys).encode()))


@pytest.mark.parametrize("after", [False, True], ids=["failed", "persisted, reported failed"])
@pytest.mark.parametrize("nth", [1, 2], ids=["entries", "cosignatures"])
async def test_a_commit_that_fails_on_the_way_to_cosignatures_is_made_good(watched, witnesses, author, nth, after):
    log = watched()
    await log.start()
    await log.append(author.first(3))
    with failing_commit(nth, after=after), pytest.raises(Unavailable):
        await log.sequencer.step()
    assert log.signer.verify(log.store.read(CHECKPOINT)).checkpoint.size == 0  # nobody was shown anything yet
    while await log.sequencer.step() or not log.sequencer.ready:
        pass
    await log.cosigning.late()
    assert cosigners(log) == (["north.example", "south.example", "west.example"], True)
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []
    assert log.signer.verify(await first_note(log, 3), ()).checkpoint.size == 3
