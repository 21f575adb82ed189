"""A newer mapping of local words: what was listed before keeps its meaning, what is listed after has the new one."""

import pytest

from goodstanding.standing import fold, shown
from registry.access.model import Role
from registry.access.service import actor_of, grant_role
from registry.accreditations import repository
from registry.administration.drafts import MappingsDraft
from registry.administration.service import Administration
from registry.issuance import ledger
from registry.settings import Settings

MINISTRY, LICENCE = "aut_np_labour", "sch_np_licence"


def row(name: str, licence: str, word: str) -> list[str]:
    return [name, "NP", "np-licence", licence, word, LICENCE]


async def list_of(office, own, *rows):
    """Numbers by name, of a list that the ministry uploaded and released."""
    snapshot = await office.stage(own(rows), "nima", layout="listing", authority=MINISTRY, transcribed_from=None)
    await office.release(snapshot, "om", removes=snapshot.absent)  # none of the earlier ones is in it
    listed = [body for body in await office.bodies() if body["act"] == "list"]
    return {body["accreditation"]["organisation"]["names"][0]["text"]: body["number"] for body in listed}


async def remap(office, version, *pairs):
    settings = Settings(origin="http://127.0.0.1:8080", prefix="TEST")
    acts = Administration(office.database, office.clock, settings, lambda: None)
    async with office.database.write() as tx:
        for member in ("nima", "om"):
            await grant_role(tx, MINISTRY, member, Role.SCHEME_OWNER)
        nima, om = await actor_of(tx, "nima"), await actor_of(tx, "om")
    proposal_id = await acts.propose(nima, MappingsDraft(LICENCE, version, pairs, "WORDS"), key=f"p{version}")
    async with office.database.read() as tx:
        digest = (await repository.proposals(tx, [proposal_id]))[proposal_id].digest
    await acts.approve(om, proposal_id, digest, key=f"a{version}")


async def standings(office, numbers):
    """What each was listed as, by the decision that listed it."""
    async with office.database.read() as tx:
        histories = await ledger.history(tx, list(numbers.values()))
    now = office.clock()
    return {name: str(shown(fold(histories[number][:1], now), now)) for name, number in numbers.items()}


@pytest.mark.both_backends
async def test_a_newer_mapping_counts_for_decisions_that_cite_it(office, own):
    await list_of(office, own, row("One", "1", "Renewed"), row("Odd", "2", "Watched"))
    await remap(office, "2", ("Renewed", "SUSPENDED"), ("Watched", "ACTIVE"))
    await list_of(office, own, row("Two", "3", "Renewed"), row("Even", "4", "Watched"))
    await remap(office, "3", ("Renewed", "REVOKED"))
    numbers = await list_of(office, own, row("Three", "5", "Renewed"), row("Last", "6", "Watched"))

    assert await standings(office, numbers) == {
        "One": "ACTIVE", "Odd": "UNRECOGNISED", "Two": "SUSPENDED", "Even": "ACTIVE", "Three": "REVOKED",
        "Last": "UNRECOGNISED",
    }  # fmt: skip
    cited = [body["mapping_version"] for body in await office.bodies() if body["act"] == "list"]
    assert sorted(cited) == ["1", "1", "2", "2", "3", "3"]


async def test_words_in_mixed_scripts_are_other_words(office, own):
    await remap(office, "2", ("Renewеd", "ACTIVE"))  # its second "e" is Cyrillic

    numbers = await list_of(office, own, row("One", "1", "Renewed"))
    assert await standings(office, numbers) == {"One": "UNRECOGNISED"}
