"""Releasing: by another person, once, all of it, whatever interrupts it."""

import asyncio

import pytest

from goodstanding.number import check_number
from goodstanding.standing import fold, shown
from goodstanding.transitions import Standing
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.intake import repository
from registry.issuance import ledger

ACME = ["Acme Ltd", "Leeds", "", "Worker (A rating)", "Skilled Worker"]
ODD = ["Odd Ltd", "", "", "Worker (Platinum)", "Skilled Worker"]
OWN = ["Aruna Manpower", "NP", "np-licence", "1204/077", "Renewed", "sch_np_licence"]


def org(at: int) -> list[str]:
    return [f"Org {at}", "Leeds", "", "Worker (A rating)", "Skilled Worker"]


@pytest.mark.both_backends
async def test_a_released_row_is_a_list_decision_citing_the_snapshot(office, uk):
    snapshot = await office.stage(uk([ACME, [*ACME[:4], "Creative Worker"], ODD]))

    released = await office.release(snapshot)

    assert (released.state, released.released_listings, released.released_by) == ("RELEASED", 2, "ben")
    body, odd = await office.bodies()
    organisation = body["organisation"]
    assert body == {
        "kind": "decision",
        "event_id": body["event_id"],
        "authority": "aut_registry",
        "scheme": "sch_uk_worker",
        "scheme_version": "2021",
        "mapping_version": "2021-1",
        "number": check_number(body["number"]),
        "organisation": organisation,
        "act": "list",
        "reason": "LISTED",
        "basis": "transcribed",
        "asserted_by": "https://register.example/sponsors.csv",
        "local_word": "Worker (A rating)",
        "snapshot": snapshot.id,
        "public_text": "Place as published: Leeds",
        "effective_from": body["decided_at"],
        "decided_at": body["decided_at"],
        "status": {"uri": body["status"]["uri"], "idx": body["status"]["idx"]},
        "accreditation": {
            "organisation": {
                "id": organisation,
                "kind": "employer",
                "names": [{"text": "Acme Ltd", "script": "Latn", "kind": "legal"}],
                "jurisdiction": "GB",
            },
            "scope": {"activities": ["Creative Worker", "Skilled Worker"]},
        },
    }
    assert "public_text" not in odd
    assert await office.rows("select standing, public_standing, open from accreditations order by created_at, standing") == [
        ("ACTIVE", None, 1), ("UNRECOGNISED", None, 1),
    ]  # fmt: skip
    assert await office.rows("select distinct proposer, approver, four_eyes from decisions") == [("ana", "ben", 1)]
    assert await office.rows("select count(*) from outbox where stage = 'SUBMIT'") == [(2,)]
    assert await office.rows("select code from status_entries") == [(0,), (0,)]
    assert await office.rows("select count(*) from listed where snapshot_id = '" + snapshot.id + "'") == [(2,)]
    assert office.woken > 0


async def test_standing_follows_from_the_decision_and_the_mapping(office, uk):
    await office.release(await office.stage(uk([[f"Org {word}", "", "", f"Worker ({word})", "R"] for word in (
        "A rating", "B rating", "Probationary Sponsor", "A (Premium)", "Platinum")])))  # fmt: skip
    numbers = {body["local_word"]: body["number"] for body in await office.bodies()}
    async with office.database.read() as tx:
        histories = await ledger.history(tx, list(numbers.values()))
    now = office.clock()
    assert {word: shown(fold(histories[number], now), now) for word, number in numbers.items()} == {
        "Worker (A rating)": Standing.ACTIVE,
        "Worker (B rating)": Standing.CONDITIONAL,
        "Worker (Probationary Sponsor)": Standing.PROVISIONAL,
        "Worker (A (Premium))": Standing.ACTIVE,
        "Worker (Platinum)": Standing.UNRECOGNISED,
    }


@pytest.mark.both_backends
async def test_one_organisation_on_two_lists_is_one_organisation(office, uk):
    temporary = [*ACME[:3], "Temporary Worker (A rating)", "Charity Worker"]
    await office.release(await office.stage(uk([ACME, temporary])))
    assert await office.rows("select count(*), count(distinct organisation_id) from accreditations") == [(2, 1)]

    # And when the second list comes later, in a batch and a snapshot of its own.
    other = [["Bolt", *ACME[1:]], ["BOLT ", *temporary[1:]]]
    await office.release(await office.stage(uk([ACME, temporary, other[0]])))
    await office.release(await office.stage(uk([ACME, temporary, *other])))
    assert await office.rows("select count(*), count(distinct organisation_id) from accreditations") == [(4, 2)]


@pytest.mark.both_backends
async def test_an_own_list_finds_who_is_registered_already(office, own):
    await office.release(await office.stage(own([OWN]), "nima", layout="listing", transcribed_from=None), "om")
    body = (await office.bodies())[0]
    assert (body["basis"], body["authority"], "asserted_by" in body) == ("feed", "aut_np_labour", False)
    assert body["accreditation"]["organisation"]["identifiers"] == [
        {"scheme": "np-licence", "value": "1204/077", "verified": False}
    ]
    assert await office.rows("select scheme, value from organisation_identifiers") == [("np-licence", "1204/077")]

    # The same identifier under a name that has nothing to do with it is for a person to decide.
    async with office.database.write() as tx:
        await tx.exec_driver_sql("delete from listed")
        await tx.exec_driver_sql("update accreditations set open = false")
    held = await office.stage(own([["Quite Another", *OWN[1:]]]), "nima", layout="listing", transcribed_from=None)
    assert (held.held, held.listings) == (1, 0)
    again = await office.stage(own([["ARUNA  manpower", *OWN[1:]]]), "nima", layout="listing", transcribed_from=None)
    await office.release(again, "om")
    assert await office.rows("select count(*) from organisations") == [(1,)]


@pytest.mark.both_backends
async def test_a_list_does_not_change_what_was_decided(office, own):
    await office.release(await office.stage(own([OWN]), "nima", layout="listing", transcribed_from=None), "om")
    number = (await office.bodies())[0]["number"]
    async with office.database.write() as tx:
        await tx.exec_driver_sql("delete from listed")  # as if it had been granted, not listed
    snapshot = await office.stage(own([OWN]), "nima", layout="listing", transcribed_from=None)
    assert (snapshot.held, snapshot.listings) == (1, 0)
    (reason,) = (await office.rows("select reason from staged_rows"))[0]
    assert reason == f"already accredited as {number} by decision, which a list does not change"


async def test_a_word_for_an_ended_standing_leaves_the_accreditation_closed(office, own):
    ended = [*OWN[:4], "Cancelled", OWN[5]]
    await office.release(await office.stage(own([ended]), "nima", layout="listing", transcribed_from=None), "om")
    assert await office.rows("select standing, open from accreditations") == [("REVOKED", 0)]


@pytest.mark.parametrize(
    ("uploader", "releaser", "error", "says"),
    [
        ("cam", "cam", Forbidden, "another person must release it"),
        ("robot", "robot", Forbidden, "API key"),
        ("ana", "robot", Forbidden, "API key"),
        ("ana", "ana", Forbidden, "role approver at aut_registry"),
        ("ana", "om", NotFound, "of an authority you work for"),
    ],
)
async def test_only_another_person_with_the_role_releases(office, uk, uploader, releaser, error, says):
    snapshot = await office.stage(uk([ACME]), uploader)
    before = await office.everything()
    with pytest.raises(error, match=says):
        await office.release(snapshot, releaser)
    assert await office.everything() == before


async def test_a_person_releases_what_an_api_key_uploaded(office, uk):
    assert (await office.release(await office.stage(uk([ACME]), "robot"))).state == "RELEASED"


async def test_a_withdrawn_role_or_mandate_stops_a_release(office, uk):
    snapshot = await office.stage(uk([ACME]))
    async with office.database.write() as tx:
        await tx.exec_driver_sql("update mandates set ended_as = 'withdrawn' where scheme_id = 'sch_uk_worker'")
    with pytest.raises(Forbidden, match="its mandate is not current"):
        await office.release(snapshot)
    async with office.database.write() as tx:
        await tx.exec_driver_sql("update mandates set ended_as = null")
        await tx.exec_driver_sql("delete from member_roles where member_id = 'ben'")
    with pytest.raises(Forbidden, match="role approver"):
        await office.release(snapshot)
    assert await office.bodies() == []


async def test_the_only_waiting_snapshot_need_not_be_named(office, uk):
    ben, intake = office.people["ben"], office.intake()
    with pytest.raises(NotFound, match="No list"):
        await intake.release(ben)
    first = await office.stage(uk([ACME]))
    assert (await intake.release(ben)).id == first.id
    second, third = await office.stage(uk([ODD])), await office.stage(uk([org(1)]))
    with pytest.raises(Invalid, match=f"{third.id}, {second.id}"):
        await intake.release(ben)


async def test_releasing_again_changes_nothing(office, uk):
    snapshot = await office.stage(uk([ACME]))
    await office.release(snapshot)
    before = await office.everything()
    with pytest.raises(Conflict, match="already released"):
        await office.release(snapshot)
    assert await office.everything() == before


async def test_progress_counts_listings_batch_by_batch(office, uk):
    seen = []
    snapshot = await office.stage(uk([org(at) for at in range(5)]))
    await office.intake(batch=2).release(
        office.people["ben"], snapshot.id, progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(2, 5), (4, 5), (5, 5)]


class Killed(BaseException):
    """Stands for the process ending here; nothing catches it."""


@pytest.mark.both_backends
@pytest.mark.parametrize("at", [0, 1, 2], ids=["first batch", "second batch", "last batch"])
@pytest.mark.parametrize("inside", [True, False], ids=["inside a transaction", "between transactions"])
async def test_a_killed_release_goes_on_where_it_stopped(office, uk, monkeypatch, at, inside):
    snapshot = await office.stage(uk([org(number) for number in range(7)]))
    calls = []

    def maybe_die(*_: object) -> None:
        calls.append(None)
        if len(calls) == at + 1:
            raise Killed

    if inside:
        marking = repository.mark_released

        async def mark(*arguments: object) -> None:
            maybe_die()
            await marking(*arguments)

        monkeypatch.setattr(repository, "mark_released", mark)
    with pytest.raises(Killed):
        await office.intake(batch=3).release(
            office.people["ben"], snapshot.id, progress=(lambda *_: None) if inside else maybe_die
        )
    monkeypatch.undo()
    left = await office.intake().show(office.people["ben"], snapshot.id)
    assert left.released_listings == (3 * at if inside else min(3 * (at + 1), 7))
    assert left.state == ("RELEASED" if left.released_listings == 7 else "RELEASING")

    if left.state == "RELEASING":
        done = await office.intake(batch=3).release(office.people["cam"], snapshot.id)
        assert (done.state, done.released_listings, done.released_by) == ("RELEASED", 7, "cam")
    names = [body["accreditation"]["organisation"]["names"][0]["text"] for body in await office.bodies()]
    assert names == [f"Org {number}" for number in range(7)]
    approvers = await office.rows("select approver, count(*) from decisions group by 1 order by 1")
    assert approvers == [
        pair for pair in (("ben", left.released_listings), ("cam", 7 - left.released_listings)) if pair[1]
    ]


@pytest.mark.both_backends
async def test_two_releases_at_once_release_each_listing_once(office, uk):
    snapshot = await office.stage(uk([org(number) for number in range(40)]))
    both = [office.intake(batch=3).release(office.people["ben"], snapshot.id) for _ in range(2)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert all(isinstance(result, Conflict) or result.state == "RELEASED" for result in results)
    assert len(await office.bodies()) == 40


@pytest.mark.both_backends
async def test_somebody_who_takes_over_stops_the_first(office, uk):
    snapshot = await office.stage(uk([org(number) for number in range(6)]))
    cam_takes_over = []

    async def both() -> None:
        first = office.intake(batch=2).release(office.people["ben"], snapshot.id, progress=start_cam)
        with pytest.raises(Conflict, match="Somebody else took over"):
            await first
        await cam_takes_over[0]

    def start_cam(done: int, _of: int) -> None:
        if not cam_takes_over:
            cam_takes_over.append(asyncio.create_task(office.intake().release(office.people["cam"], snapshot.id)))

    await both()
    assert await office.rows("select released_by, state from snapshots") == [("cam", "RELEASED")]
    assert len(await office.bodies()) == 6


@pytest.mark.both_backends
async def test_what_was_listed_meanwhile_is_not_listed_twice(office, uk):
    better = [*ACME[:3], "Worker (B rating)", "Creative Worker"]
    first, second = (
        await office.stage(uk([ACME, ODD])),
        await office.stage(uk([better, [*better[:4], "R"], ODD, org(1)])),
    )
    assert (second.listings, second.accepted) == (3, 4)
    await office.release(first)

    done = await office.release(second)

    assert (done.accepted, done.held, done.rejected, done.rows) == (2, 2, 0, 4)
    assert (done.listings, done.released_listings, done.unchanged) == (1, 1, 1)
    assert len(await office.bodies()) == 3
    held = await office.rows(f"select row, outcome from staged_rows where snapshot_id = '{second.id}' order by row")
    assert held == [(1, "HELD"), (2, "HELD")]
