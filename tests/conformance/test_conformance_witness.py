"""A log of ours under the eyes of a witness that is not ours (`aics-witness`): cosigned, late, ahead, and split.

Skipped where no Python 3.12 or later is installed, which that witness needs.
"""

from datetime import UTC, datetime

import pytest
from foreign_tools import NotInstalled
from foreign_witness import ForeignWitness, NoPython, install

from audit.entry import Submission
from audit.errors import LogStopped
from audit.migrate import migrate
from audit.publication import CHECKPOINT
from audit.service import open_log
from goodstanding.events import Leaf, commitment
from goodstanding.keys import PemSigner
from goodstanding.note import VerifierKey
from goodstanding.policy import parse_policy, satisfied

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

ORIGIN = "register.example/log"


@pytest.fixture(scope="module")
def program():
    try:
        return install()
    except NoPython as why:
        pytest.skip(str(why))
    except NotInstalled as why:
        pytest.fail(str(why))


@pytest.fixture
def signers(tmp_path):
    return PemSigner.create(tmp_path / "log.pem"), PemSigner.create(tmp_path / "log-time.pem")


@pytest.fixture
def witness(program, signers, tmp_path):
    vkey = VerifierKey.ed25519(ORIGIN, signers[0].public_bytes).encode()
    with ForeignWitness(program, tmp_path / "witness", "foreign.example", {ORIGIN: vkey}) as running:
        yield running


@pytest.fixture
def logs(signers, witness, tmp_path):
    """Logs under one name and one pair of keys, each with files of its own: their operator shows two histories."""

    urls = {name: f"sqlite+aiosqlite:///{tmp_path / name}.db" for name in ("honest", "other")}
    for url in urls.values():
        migrate(url)

    def opened(name, *, watched=True):
        policy = parse_policy(f"{witness.line}quorum {witness.name}\n".encode())
        return open_log(
            url=urls[name], folder=tmp_path / name, origin=ORIGIN, log_signer=signers[0], time_signer=signers[1],
            policy=policy if watched else None, wait=20.0,
        )  # fmt: skip

    return opened


async def grown(log, count, salt=0):
    """Append so many entries and publish them."""
    made = []
    for number in range(1, count + 1):
        event_id, body = f"0197c000-0000-7000-8000-{salt:06x}{number:06x}", b'{"number":%d}' % number
        secret, subject = number.to_bytes(32, "big"), (salt * 10**6 + number).to_bytes(16, "big")
        leaf = Leaf("decision", event_id, subject, None, datetime.now(UTC), commitment(secret, body))
        made.append(Submission(event_id, leaf.encode(), body, secret))
    await log.append(made)
    while await log.sequencer.step():
        pass


def witnessed(log):
    policy = log.cosigning.policy
    return satisfied(policy, log.signer.verify(log.store.read(CHECKPOINT), policy.keys).outside)


async def test_it_cosigns_what_grows_and_refuses_another_history(logs, witness):
    honest = logs("honest")
    for salt, count in enumerate((1, 254, 1, 1, 300)):  # sizes 1, 255, 256, 257, 557
        await grown(honest, count, salt)
        assert witnessed(honest), honest.cosigning.troubles
    await honest.close()
    # when: the same keys sign another, smaller tree, then: nothing of it is published
    other = logs("other")
    with pytest.raises(LogStopped, match="has cosigned size 557"):
        await grown(other, 3, 77)
    assert other.store.read(CHECKPOINT) is None
    await other.close()
    # when: it grew larger unseen, then: it stays without the witness
    unseen = logs("other", watched=False)
    await grown(unseen, 600, 78)
    await unseen.close()
    split = logs("other")
    await grown(split, 1, 79)
    assert not witnessed(split)
    assert "it may have been shown another" in split.cosigning.troubles[witness.name]
    await split.close()
