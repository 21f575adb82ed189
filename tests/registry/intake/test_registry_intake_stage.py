"""Staging: who may, what is stored, and that a refused file leaves the database as it was."""

import csv
import gzip
import io

import pytest

from registry.access.model import Actor
from registry.errors import Conflict, Forbidden, Invalid
from registry.intake.errors import FileRefused

ACME = ["Acme Ltd", "Leeds", "", "Worker (A rating)", "Skilled Worker"]
BOLT = ["Bolt Ltd", "York", "North Yorkshire", "Temporary Worker (A (SME+))", "Charity Worker"]
ODD = ["Odd Ltd", "", "", "Worker (Platinum)", "Skilled Worker"]
OWN = ["Aruna Manpower", "NP", "np-licence", "1204/077", "Renewed", "sch_np_licence"]


async def test_rows_are_counted_and_kept_by_outcome(office, uk):
    twice = [*ACME[:3], "Worker (B rating)", "Creative Worker"]
    data = uk([BOLT, ACME, ACME, twice, ODD, ["", *ACME[1:]], [*ACME[:3], "Tier 2 (A rating)", "x"], BOLT])

    snapshot = await office.stage(data)

    assert (snapshot.rows, snapshot.accepted, snapshot.held, snapshot.rejected) == (8, 3, 4, 1)
    assert (snapshot.listings, snapshot.state, snapshot.basis) == (2, "STAGED", "transcribed")
    assert (snapshot.authority_id, snapshot.source) == ("aut_registry", "https://register.example/sponsors.csv")
    assert await office.rows("select row, outcome from staged_rows order by row") == [
        (2, "HELD"), (3, "HELD"), (4, "HELD"), (6, "REJECTED"), (7, "HELD"),
    ]  # fmt: skip
    assert await office.intake().show(office.people["ben"], snapshot.id) == snapshot
    assert await office.bodies() == []
    refused = await office.intake().refused_rows(office.people["ben"], snapshot.id, after=4, most=1)
    assert refused == [(6, "REJECTED", "Organisation Name is empty")]


async def test_an_unmapped_word_is_accepted(office, uk):
    snapshot = await office.stage(uk([ODD]))
    assert (snapshot.accepted, snapshot.listings) == (1, 1)


GOOD = b'"Organisation Name","Town/City","County","Type & Rating","Route"\r\n"A","","","Worker (A rating)","R"\r\n'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "EMPTY", id="empty"),
        pytest.param(GOOD[:-9], "TRUNCATED", id="truncated CSV"),
        pytest.param(GOOD.replace(b"County", b"Region"), "WRONG_COLUMNS", id="wrong columns"),
        pytest.param(GOOD + b'"B","","","Worker (A rating)"\r\n', "WRONG_COLUMNS", id="a field missing"),
        pytest.param(GOOD + b'"B\0","","","Worker (A rating)","R"\r\n', "NUL_BYTE", id="NUL byte"),
        pytest.param(GOOD + b'"B\xff","","","Worker (A rating)","R"\r\n', "NOT_UTF8", id="invalid UTF-8"),
        pytest.param(GOOD + b'"' + b"B" * 10_000_000 + b'"\r\n', "LINE_TOO_LONG", id="a 10 MB line"),
        pytest.param(gzip.compress(GOOD)[:-10], "TRUNCATED", id="gzip cut"),
    ],
)
async def test_a_faulty_file_leaves_the_database_as_it_was(office, data, code):
    before = await office.everything()
    with pytest.raises(FileRefused) as caught:
        await office.stage(data)
    assert caught.value.code == code
    assert caught.value.field == "file"
    assert await office.everything() == before


async def test_a_file_that_cannot_be_opened_is_named(office, tmp_path):
    with pytest.raises(Invalid, match=r"The file absent.csv cannot be read: No such file"):
        await office.intake().stage(
            office.people["ana"], tmp_path / "absent.csv", "uk-sponsors", transcribed_from="https://register.example"
        )


async def test_progress_tells_rows_and_bytes(office, uk):
    seen = []
    data = uk([[f"Org {at}", *ACME[1:]] for at in range(2_500)])
    await office.stage(data, progress=lambda rows, size: seen.append((rows, size)))
    assert [rows for rows, _ in seen] == [1_000, 2_000, 2_500]
    assert seen[-1][1] == len(data)


async def test_the_same_file_by_the_same_person_is_stored_once(office, uk):
    first = await office.stage(uk([ACME]))
    again = await office.stage(uk([ACME]))
    other = await office.stage(uk([ACME]), "cam")
    assert again == first
    assert other.id != first.id
    assert await office.rows("select count(*) from snapshots") == [(2,)]


@pytest.mark.parametrize(
    ("who", "more", "error", "says"),
    [
        ("ben", {}, Forbidden, "role proposer at aut_registry"),
        ("nima", {}, Forbidden, "role proposer at aut_registry"),
        ("ana", {"transcribed_from": "ftp://x.example/list"}, Invalid, "http or https address"),
        ("ana", {"transcribed_from": "https://x.example/" + "y" * 400}, Invalid, "at most 400 bytes"),
        ("ana", {"transcribed_from": "https://x.example/\n"}, Invalid, "http or https address"),
        ("ana", {"authority": "aut_np_labour"}, Invalid, "asserted by aut_registry"),
        ("ana", {"transcribed_from": None}, Forbidden, "say where it was transcribed from"),
        ("nima", {"transcribed_from": None, "authority": "aut_other"}, Forbidden, "upload a list for aut_other"),
        ("zoe", {"transcribed_from": None}, Invalid, "aut_np_labour, aut_other; say for which"),
        ("ana", {"layout": "us-sponsors"}, Invalid, "choose one of uk-sponsors, listing"),
    ],
)
async def test_who_may_upload_what_for_whom(office, uk, who, more, error, says):
    before = await office.everything()
    with pytest.raises(error, match=says):
        await office.stage(uk([ACME]), who, **more)
    assert await office.everything() == before


async def test_a_role_only_the_token_knows_does_not_count(office, uk):
    stranger = Actor("stranger", roles=frozenset({("aut_registry", "proposer")}))
    office.people["stranger"] = stranger
    with pytest.raises(Forbidden):
        await office.stage(uk([ACME]), "stranger")
    office.people["nobody"] = Actor.anonymous
    with pytest.raises(Forbidden, match="token"):
        await office.stage(uk([ACME]), "nobody")


async def test_a_list_needs_its_schemes(office, uk):
    async with office.database.write() as tx:
        await tx.exec_driver_sql("delete from mandates where scheme_id = 'sch_uk_worker'")
        await tx.exec_driver_sql("delete from schemes where id = 'sch_uk_worker'")
    with pytest.raises(Conflict, match="registry intake prepare uk-sponsors"):
        await office.stage(uk([ACME]))
    (scheme, mandate) = await office.intake().prepare("uk-sponsors")
    assert scheme == "sch_uk_worker"
    assert mandate.startswith("man_")
    assert await office.intake().prepare("uk-sponsors") == []
    assert (await office.stage(uk([ACME]))).listings == 1


async def test_preparing_again_gives_the_transcriber_a_mandate_for_every_act_of_lists(office):
    async with office.database.write() as tx:
        await tx.exec_driver_sql("update mandates set acts = '[\"list\"]' where authority_id = 'aut_registry'")
    given = await office.intake().prepare("uk-sponsors")
    assert [one.startswith("man_") for one in given] == [True, True]
    assert await office.intake().prepare("uk-sponsors") == []


async def test_an_authority_uploads_its_own_list(office, own):
    rows = [OWN, ["Bina Manpower", "np", "", "", "Struck off", "sch_np_licence"],
            [*OWN[:5], "sch_without_mandate"], [*OWN[:5], "sch_unknown"], [*OWN[:5], "sch_unknown"]]  # fmt: skip

    snapshot = await office.stage(own(rows), "nima", layout="listing", transcribed_from=None)

    assert (snapshot.basis, snapshot.authority_id, snapshot.source) == ("feed", "aut_np_labour", None)
    assert (snapshot.accepted, snapshot.held, snapshot.rejected) == (2, 3, 0)
    reasons = [reason for (reason,) in await office.rows("select reason from staged_rows order by row")]
    assert "aut_np_labour may not list under sch_without_mandate" in reasons[0]
    assert reasons[1:] == ['the scheme "sch_unknown" is not known here'] * 2
    chosen = await office.stage(own([OWN]), "zoe", layout="listing", transcribed_from=None, authority="aut_np_labour")
    assert chosen.authority_id == "aut_np_labour"


async def test_snapshots_are_shown_to_their_authority_only(office, uk):
    snapshot = await office.stage(uk([ACME]))
    assert await office.intake().snapshots(office.people["ben"]) == [snapshot]
    assert await office.intake().snapshots(office.people["nima"]) == []
    for ask in (office.intake().show, office.intake().refused_rows):
        with pytest.raises(Exception, match="of an authority you work for"):
            await ask(office.people["nima"], snapshot.id)


async def test_counts_agree_with_a_reader_of_another_make(office, uk):
    rows = [[f"Org {at % 70}", "Leeds", "", f"Worker ({'AB'[at == 75]} rating)", f"Route {at % 3}"]
            for at in range(200)]  # fmt: skip
    data = uk(rows)
    snapshot = await office.stage(data)
    independent = sum(1 for _ in csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert snapshot.accepted + snapshot.held + snapshot.rejected == snapshot.rows == independent
    stored = await office.rows("select count(*) from staged_rows")
    assert stored == [(snapshot.held + snapshot.rejected,)]
    assert 0 < snapshot.held < snapshot.rows
