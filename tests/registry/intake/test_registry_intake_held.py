"""Lists keyed by a number, and what they may not change: held, row by row, with the reason."""

import pytest
from sqlalchemy import text

from goodstanding.canonical import format_time
from goodstanding.decisions import Decision
from goodstanding.events import new_event_id
from goodstanding.standing import fold
from registry.accreditations.tables import AccreditationRow
from registry.errors import Forbidden
from registry.issuance import ledger, publication

MINISTRY, LICENCE = "aut_np_labour", "sch_np_licence"
LATER = "2026-06-01T00:00:00.000Z"

both = pytest.mark.both_backends


def licensee(number: int, name: str, word: str = "Renewed") -> list[str]:
    return [name, "NL", "kvk", f"{number:08}", word, LICENCE]


async def feed(office, own, rows, removes: int | None = None):
    snapshot = await office.stage(own(rows), "nima", layout="listing", transcribed_from=None)
    return await office.release(snapshot, "om", removes=removes)


async def test_renames_under_one_number_are_no_removals(office, own):
    await feed(office, own, [licensee(at, f"Vries & Zoon {at}") for at in range(364)])
    after = [licensee(at, f"Vries Zoon {at}") for at in range(314)]  # the "&" was lost
    after += [licensee(at, f"Nieuwe Naam {at}") for at in range(314, 364)]  # no word in common
    done = await feed(office, own, after)
    assert (done.unchanged, done.listings, done.absent, done.changed) == (364, 0, 0, 0)


async def test_a_feed_says_so(office, own):
    await feed(office, own, [licensee(1, "Een"), licensee(2, "Twee")])
    await feed(office, own, [licensee(1, "Een", "Cancelled")], removes=1)
    assert [(body["act"], body["basis"], "asserted_by" in body) for body in (await office.bodies())[2:]] == [
        ("relist", "feed", False), ("unlist", "feed", False),
    ]  # fmt: skip
    assert await office.standings() == {"Een": "REVOKED", "Twee": "NOT_ASSERTED"}


# --- what is held, row by row


async def decide(office, number: str, act: str, **more: str) -> None:
    """A decision of the ministry itself, between two of its lists."""
    now = office.clock()
    async with office.database.write() as tx:
        history = (await ledger.held_history(tx, [number]))[number]
        found = (await tx.execute(text("select * from accreditations where number = :n"), {"n": number})).one()
        body = {
            "kind": "decision", "event_id": new_event_id(now), "authority": MINISTRY, "scheme": LICENCE,
            "scheme_version": "1", "number": number, "organisation": found.organisation_id, "act": act,
            "reason": "fees", "basis": "decided", "generation": history[0].event_id,
            "effective_from": format_time(now), "decided_at": format_time(now), **more,
        }  # fmt: skip
        stream = ledger.Stream(AccreditationRow, number, bytes(found.subject), found.head and bytes(found.head))
        await ledger.append(tx, [ledger.Entry(body, stream)], now=now)
        await publication.project(tx, {number: [*history, Decision.from_body(body, None)]}, now=now)


@both
async def test_a_suspended_one_that_is_gone_stays_suspended_and_asserts_nothing_beneath(office, own):
    await feed(office, own, [licensee(1, "Een"), licensee(2, "Twee")])
    await office.log_all()
    number = (await office.bodies())[0]["number"]
    await decide(office, number, "suspend", measure="disciplinary")
    assert await office.codes() == [2, 0]

    done = await feed(office, own, [licensee(2, "Twee")], removes=1)

    assert (done.gone, done.held_gone) == (1, 0)
    assert await office.standings() == {"Een": "SUSPENDED", "Twee": "ACTIVE"}
    assert await office.codes() == [2, 0]
    async with office.database.read() as tx:
        history = (await ledger.history(tx, [number]))[number]
    assert fold(history, office.clock()).base == "NOT_ASSERTED"


@both
async def test_what_the_history_does_not_allow_is_held_with_the_reason(office, own):
    await feed(office, own, [licensee(1, "Een"), licensee(2, "Twee"), licensee(3, "Drie")])
    for body in (await office.bodies())[:2]:  # from a day to come on they are to be suspended
        await decide(office, body["number"], "suspend", measure="disciplinary", effective_from=LATER)
    rows = [licensee(2, "Twee", "Cancelled"), licensee(3, "Drie", "Cancelled")]

    staged = await office.stage(own(rows), "nima", layout="listing", transcribed_from=None)

    assert (staged.changed, staged.held, staged.gone, staged.held_gone, staged.absent) == (1, 1, 0, 1, 1)
    (reason,) = (await office.rows("select reason from staged_rows"))[0]
    assert "relist from 2026-05-04 would make the later suspend of 2026-06-01 impossible" in reason
    ((name, why),) = await office.intake().held_gone(office.people["om"], staged.id)
    assert name == "Een"
    assert "unlist from 2026-05-04 would make the later suspend" in why
    done = await office.release(staged, "om", removes=1)
    assert (done.released, done.to_release) == (1, 1)
    assert await office.standings() == {"Een": "ACTIVE", "Twee": "ACTIVE", "Drie": "REVOKED"}


async def test_what_is_decided_after_staging_is_held_at_release(office, own):
    await feed(office, own, [licensee(1, "Een"), licensee(2, "Twee")])
    staged = await office.stage(own([licensee(1, "Een", "Cancelled")]), "nima", layout="listing", transcribed_from=None)
    for body in await office.bodies():
        await decide(office, body["number"], "suspend", measure="disciplinary", effective_from=LATER)
    done = await office.release(staged, "om", removes=1)
    assert (done.accepted, done.held, done.changed, done.gone, done.held_gone, done.released) == (0, 1, 0, 0, 1, 0)
    assert len(await office.intake().held_gone(office.people["om"], staged.id)) == 1


async def test_an_act_outside_the_mandate_is_held(office, own):
    await feed(office, own, [licensee(1, "Een"), licensee(2, "Twee")])
    async with office.database.write() as tx:
        await tx.exec_driver_sql(f"update mandates set acts = '[\"list\"]' where scheme_id = '{LICENCE}'")
    staged = await office.stage(own([licensee(2, "Twee")]), "nima", layout="listing", transcribed_from=None)
    assert (staged.gone, staged.held_gone) == (0, 1)
    ((_, why),) = await office.intake().held_gone(office.people["om"], staged.id)
    assert why.startswith(f"{MINISTRY} may not unlist under {LICENCE}: its mandate covers only list")


async def test_a_mandate_withdrawn_after_staging_stops_the_release(office, own):
    await feed(office, own, [licensee(1, "Een"), licensee(2, "Twee")])
    staged = await office.stage(own([licensee(2, "Twee")]), "nima", layout="listing", transcribed_from=None)
    async with office.database.write() as tx:
        await tx.exec_driver_sql(f"update mandates set acts = '[\"list\"]' where scheme_id = '{LICENCE}'")
    with pytest.raises(Forbidden, match="may not unlist"):
        await office.release(staged, "om", removes=1)


async def test_who_was_accredited_anew_after_a_revocation_is_not_opened_again_by_a_list(office, own):
    await feed(office, own, [licensee(1, "Een", "Cancelled"), licensee(2, "Twee")])
    async with office.database.write() as tx:  # as if granted under another number
        await tx.exec_driver_sql(
            "insert into accreditations (number, authority_id, organisation_id, scheme_id, subject, open, standing, "
            "scope, created_at, changed_at) select 'TEST-00000001-XX', authority_id, organisation_id, scheme_id, "
            "subject, true, 'ACTIVE', scope, created_at, changed_at from accreditations where not open"
        )
    for rows in ([licensee(1, "Een"), licensee(2, "Twee")], [licensee(2, "Twee")]):
        staged = await office.stage(own(rows), "nima", layout="listing", transcribed_from=None)
        assert (staged.held + staged.held_gone, staged.changed, staged.gone) == (1, 0, 0)


async def test_two_numbers_of_one_organisation_are_not_both_opened(office, own):
    await feed(office, own, [licensee(at, name, "Cancelled") for at, name in enumerate(("Een", "Twee", "Drie"))])
    async with office.database.write() as tx:  # as if two of them had been merged into one
        await tx.exec_driver_sql(
            "update accreditations set organisation_id = (select min(id) from organisations where name = 'Een') "
            "where organisation_id in (select id from organisations where name = 'Twee')"
        )
    done = await feed(office, own, [licensee(at, name) for at, name in enumerate(("Een", "Twee", "Drie"))])
    assert (done.state, done.changed, done.held, done.released) == ("RELEASED", 2, 1, 2)
    (reason,) = (await office.rows("select reason from staged_rows"))[0]
    assert reason.endswith("of the same organisation too, and only one of them can be open")
