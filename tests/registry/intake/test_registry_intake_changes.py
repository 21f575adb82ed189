"""What the next list changes once it is released: gone, back, another word; and what it may not change."""

from datetime import timedelta

import pytest

from goodstanding.standing import fold, shown
from registry.errors import Conflict
from registry.issuance import ledger

GOOD, LESS, GOLD, SILVER = "Worker (A rating)", "Worker (B rating)", "Worker (Gold)", "Worker (Silver)"
ACME, BOLT = "Acme Ltd", "Bolt Ltd"

both = pytest.mark.both_backends


def row(name: str, word: str = GOOD, *routes: str) -> list[list[str]]:
    return [[name, "Leeds", "", word, route] for route in routes or ("Skilled Worker",)]


async def acts(office) -> list[tuple[str, str]]:
    """(name, act) of every decision, in the order in which they were decided."""
    names = dict(
        await office.rows("select number, name from accreditations join organisations on organisation_id = id")
    )
    return [(names[body["number"]], body["act"]) for body in await office.bodies()]


@both
async def test_gone_is_not_asserted_and_never_revoked(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    await office.log_all()
    opened = (await office.bodies())[0]

    done = await office.follow(uk(row(BOLT)))

    assert (done.gone, done.released_changes, done.unchanged) == (1, 1, 1)
    body = (await office.bodies())[-1]
    assert body == {
        "kind": "decision",
        "event_id": body["event_id"],
        "authority": "aut_registry",
        "scheme": "sch_uk_worker",
        "scheme_version": "2021",
        "mapping_version": "2021-1",
        "number": opened["number"],
        "organisation": opened["organisation"],
        "act": "unlist",
        "reason": "NOT_LISTED",
        "basis": "transcribed",
        "asserted_by": "https://register.example/sponsors.csv",
        "snapshot": done.id,
        "generation": opened["event_id"],
        "effective_from": body["decided_at"],
        "decided_at": body["decided_at"],
    }
    assert await office.standings() == {ACME: "NOT_ASSERTED", BOLT: "ACTIVE"}
    assert await office.codes() == [3, 0]  # lowered at commit, before the log knows
    assert await office.rows("select distinct proposer, approver, four_eyes from decisions") == [("ana", "ben", 1)]


async def test_what_stays_away_is_unlisted_once(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    await office.follow(uk(row(BOLT)))
    again = await office.follow(uk(row(BOLT)))
    assert (again.gone, again.absent, again.listed_before, again.unchanged) == (0, 0, 1, 1)
    assert await acts(office) == [(ACME, "list"), (BOLT, "list"), (ACME, "unlist")]


@both
async def test_back_keeps_its_number_and_gets_a_generation_while_the_old_index_is_1_for_good(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    await office.follow(uk(row(BOLT)))
    await office.log_all()

    done = await office.follow(uk(row(ACME, GOOD, "Skilled Worker", "Seasonal Worker") + row(BOLT)))

    assert (done.back, done.listings, done.released_changes) == (1, 0, 1)
    first, _, _, back = await office.bodies()
    assert (back["act"], back["reason"], back["local_word"]) == ("relist", "LISTED_AGAIN", GOOD)
    assert back["number"] == first["number"]
    assert back["status"] != first["status"]
    assert back["accreditation"]["scope"] == {"activities": ["Seasonal Worker", "Skilled Worker"]}
    assert back["accreditation"]["organisation"] == first["accreditation"]["organisation"]
    assert await office.standings() == {ACME: "ACTIVE", BOLT: "ACTIVE"}
    await office.log_all()
    assert await office.codes() == [1, 0, 0]
    await office.follow(uk(row(BOLT)))
    await office.follow(uk(row(ACME) + row(BOLT)))
    await office.log_all()
    assert await office.codes() == [1, 0, 1, 0]


@both
async def test_another_word_with_a_mapping_is_a_relisting(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    done = await office.follow(uk(row(ACME, LESS) + row(BOLT, "worker  (a RATING)")))
    assert (done.changed, done.unchanged) == (1, 1)
    body = (await office.bodies())[-1]
    assert (body["act"], body["reason"], body["local_word"]) == ("relist", "WORD_CHANGED", LESS)
    assert await office.standings() == {ACME: "CONDITIONAL", BOLT: "ACTIVE"}
    assert await office.rows("select local_word from listed order by 1") == [(GOOD,), (LESS,)]


@both
async def test_a_word_without_a_mapping_is_not_recognised_until_it_has_one(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    await office.follow(uk(row(ACME, GOLD) + row(BOLT)))
    opened, _, unrecognised = await office.bodies()
    assert (unrecognised["act"], unrecognised["local_word"]) == ("unrecognise", GOLD)
    assert (unrecognised["generation"], "accreditation" in unrecognised) == (opened["event_id"], False)
    assert await office.standings() == {ACME: "UNRECOGNISED", BOLT: "ACTIVE"}

    unchanged = await office.follow(uk(row(ACME, GOLD) + row(BOLT)))
    assert (unchanged.changed, unchanged.unchanged) == (0, 2)

    await map_word(office, GOLD, "ACTIVE")
    done = await office.follow(uk(row(ACME, GOLD) + row(BOLT)))
    assert (done.changed, done.unchanged) == (1, 1)
    recognised = (await office.bodies())[-1]
    assert (recognised["act"], recognised["reason"], recognised["generation"]) == (
        "recognise", "WORD_MAPPED", opened["event_id"],
    )  # fmt: skip
    assert (recognised["local_word"], recognised["mapping_version"]) == (GOLD, "2021-2")
    async with office.database.read() as tx:
        history = (await ledger.history(tx, [recognised["number"]]))[recognised["number"]]
    assert shown(fold(history, office.clock()), office.clock()) == "ACTIVE"


async def test_from_a_word_without_a_mapping_to_one_with_it_or_to_another(office, uk):
    await office.follow(uk(row(ACME, GOLD) + row(BOLT, GOLD)))
    await office.follow(uk(row(ACME, LESS) + row(BOLT, SILVER)))
    assert (await acts(office))[2:] == [(ACME, "recognise"), (BOLT, "relist")]
    assert await office.standings() == {ACME: "CONDITIONAL", BOLT: "UNRECOGNISED"}


async def map_word(office, word: str, standing: str) -> None:
    async with office.database.write() as tx:
        await tx.exec_driver_sql(
            "update schemes set mapping_version = '2021-2', mappings = "
            f"""'[{{"word": "{word}", "standing": "{standing}"}}, {{"word": "{GOOD}", "standing": "ACTIVE"}}]' """
            "where id = 'sch_uk_worker'"
        )


async def test_another_source_neither_removes_nor_changes(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    other = await office.stage(uk(row(ACME, LESS)), transcribed_from="https://elsewhere.example/list.csv")
    assert (other.listed_before, other.absent, other.held, other.changed) == (0, 0, 1, 0)
    (reason,) = (await office.rows("select reason from staged_rows"))[0]
    assert reason.startswith('listed as "Worker (A rating)" under TEST-')
    assert reason.endswith('by the list of another source; now "Worker (B rating)"')


# --- order


async def test_a_clock_that_is_behind_decides_nothing_before_an_earlier_decision(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    staged = await office.stage(uk(row(BOLT, LESS)))
    office.clock.now -= timedelta(hours=1)
    done = await office.release(staged, removes=1)
    assert (done.gone, done.changed, done.held, done.held_gone) == (1, 1, 0, 0)
    assert len({body["decided_at"] for body in await office.bodies()}) == 1


async def test_an_older_list_is_not_released_after_a_newer_one(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT)))
    older = await office.stage(uk(row(ACME)))
    newer = await office.follow(uk(row(ACME) + row(BOLT) + row("Cole Ltd")))
    with pytest.raises(Conflict, match=f"{newer.id}, which was staged after {older.id}, is released already"):
        await office.release(older, removes=1)
    again = await office.stage(uk(row(ACME)))  # the same file, but it comes to something else now
    assert again.id != older.id
    assert (again.absent, again.listed_before) == (2, 3)


async def test_what_another_list_did_since_staging_is_not_done_again_and_not_undone(office, uk):
    await office.follow(uk(row(ACME) + row(BOLT) + row("Cole Ltd")))
    first = await office.stage(uk(row(BOLT, LESS) + row("Cole Ltd", LESS)))
    second = await office.stage(uk(row(BOLT, LESS) + row("Cole Ltd", GOLD)))
    await office.release(first, removes=1)

    done = await office.release(second, removes=1)

    assert (done.gone, done.changed, done.unchanged, done.held, done.released) == (0, 0, 1, 1, 0)
    assert (await acts(office))[3:] == [(BOLT, "relist"), ("Cole Ltd", "relist"), (ACME, "unlist")]
    (reason,) = (await office.rows("select reason from staged_rows"))[0]
    assert reason.startswith('listed as "Worker (B rating)" under TEST-')
    assert reason.endswith("since this list was staged; stage it again to unrecognise")
