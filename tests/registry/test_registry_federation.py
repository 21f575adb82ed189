"""The register as part of a federation: its entities' words, trust marks, and what becomes of them."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from core_world import HOME, LABOUR, LICENCE, OWNER, STANDARD, TRADE
from federation_world import ANCHOR, MINISTRY, TYPE, Reader
from sqlalchemy import update
from sqlmodel import col

from goodstanding.entity_claims import well_known
from goodstanding.errors import TokenError
from goodstanding.jws import read_jws, verify_jws
from goodstanding.trust_chain import validate_chain
from registry.federation.model import Entity, Names
from registry.federation.tables import FederationTokenRow
from registry.issuance import rotation
from registry.issuance.key_files import KeyFolder


@pytest.fixture
async def reader(register):
    return Reader(register)


async def accredited(register, reader):
    number = await register.granted()
    await register.logged()
    return number, await reader.organisation(number)


async def test_a_chain_leads_from_an_accredited_organisation_to_the_scheme_owner(register, reader):
    _, leaf = await accredited(register, reader)

    chain = await reader.chain(leaf)

    assert [one.iss for one in chain.statements] == [leaf, MINISTRY, ANCHOR, ANCHOR]
    assert chain.metadata["federation_entity"]["organization_name"] == "Himal Placements"
    assert chain.statements[2].constraints.paths == ("/authorities/", "/organisations/")


async def test_its_trust_mark_holds_for_a_reader_who_knows_the_anchor_alone(register, reader):
    _, leaf = await accredited(register, reader)

    answer = await reader.mark(leaf)
    mark = await reader.validated(answer.text, leaf)

    assert answer.headers["content-type"] == "application/trust-mark+jwt"
    assert (mark.iss, mark.trust_mark_type) == (MINISTRY, TYPE)
    assert mark.exp - mark.iat == timedelta(days=7)
    assert await reader.status(answer.text) == "active"
    shown = (await reader.configuration(leaf)).claims["trust_marks"]
    assert shown == [{"trust_mark_type": TYPE, "id": TYPE, "trust_mark": answer.text}]


async def test_a_reader_finds_it_as_the_page_says(register, reader):
    _, leaf = await accredited(register, reader)
    page = Path(__file__).parents[2] / "docs" / "federation.md"
    (program,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(program, names)

    (mark,) = await names["marks_of"](leaf, ANCHOR, (await reader.anchors())[ANCHOR], reader.fetch, register.clock())

    assert (mark.sub, mark.trust_mark_type) == (leaf, TYPE)


async def test_without_proof_there_is_neither_mark_nor_entity(register, reader):
    number = await register.granted()
    leaf = await reader.organisation(number)

    assert (await reader.mark(leaf)).status_code == 404
    assert (await reader.get(well_known(leaf))).json()["error"] == "not_found"


@pytest.mark.both_backends
async def test_a_suspension_is_told_at_once_and_taken_back_later(register, reader):
    number, leaf = await accredited(register, reader)
    token = (await reader.mark(leaf)).text

    suspension = await register.decided(number, "suspend")

    assert await reader.status(token) == "suspended"
    assert (await reader.mark(leaf)).status_code == 404
    assert (await reader.ask(MINISTRY, "trust-mark-list", trust_mark_type=TYPE)).json() == []
    assert "trust_marks" not in (await reader.configuration(leaf)).claims
    with pytest.raises(TokenError) as error:
        await reader.validated(token, leaf)
    assert error.value.reason == "SUSPENDED"

    await register.decided(number, "end_suspension", closes=suspension)
    await register.logged()

    assert await reader.status(token) == "active"


async def test_a_revocation_ends_mark_and_entity(register, reader):
    number, leaf = await accredited(register, reader)
    token = (await reader.mark(leaf)).text

    await register.decided(number, "revoke")

    assert await reader.status(token) == "revoked"
    assert (await reader.get(well_known(leaf))).status_code == 404
    assert (await reader.ask(MINISTRY, "fetch", sub=leaf)).status_code == 404


async def test_a_mark_ends_with_what_is_known_to_change(register, reader):
    soon = datetime(2026, 5, 6, 18, 15, tzinfo=UTC)  # the day ends where the ministry is
    number = await register.granted(valid_until=date(2026, 5, 6))
    await register.logged()
    leaf = await reader.organisation(number)

    mark = await reader.validated((await reader.mark(leaf)).text, leaf)
    assert mark.exp == soon

    register.clock.now = soon
    assert (await reader.mark(leaf)).status_code == 404
    assert await reader.status((await _token(reader, "mark")).token) == "expired"


async def _token(reader, kind):
    return next(row for row in await reader.rows() if row.kind == kind)


@pytest.mark.both_backends
async def test_what_all_ask_for_is_signed_once(register, reader):
    _, leaf = await accredited(register, reader)

    answers = await asyncio.gather(*(reader.mark(leaf) for _ in range(5)))
    again = await reader.mark(leaf)

    assert {answer.text for answer in answers} == {again.text}
    assert [row.issue for row in await reader.rows() if row.kind == "mark"] == [1]
    asked = await reader.register.client.get(
        again.request.url.raw_path.decode(), headers={"If-None-Match": again.headers["etag"]}
    )
    assert asked.status_code == 304


async def test_what_was_stored_and_not_signed_is_signed_as_it_was_stored(register, reader):
    _, leaf = await accredited(register, reader)
    before = (await reader.mark(leaf)).text
    async with register.database.write() as tx:  # a process died in between
        await tx.execute(update(FederationTokenRow).where(col(FederationTokenRow.kind) == "mark").values(token=None))
    register.clock.forward(hours=1)

    assert (await reader.mark(leaf)).text == before


async def test_a_new_mark_is_made_before_the_old_one_ends(register, reader):
    _, leaf = await accredited(register, reader)
    first = (await reader.mark(leaf)).text
    register.clock.forward(days=6, seconds=1)
    await register.logged()

    second = (await reader.mark(leaf)).text

    assert second != first
    assert [await reader.status(token) for token in (first, second)] == ["active", "active"]


async def test_a_revoked_key_takes_its_marks_with_it(register, reader, tmp_path):
    _, leaf = await accredited(register, reader)
    first = (await reader.mark(leaf)).text
    kid = read_jws(first).header["kid"]

    await rotation.revoke(register.database, KeyFolder(tmp_path / "keys"), kid, "compromised", register.clock)

    assert await reader.status(first) == "invalid"
    second = (await reader.mark(leaf)).text
    assert (await reader.validated(second, leaf)).claims["jti"].endswith("/mark/2")
    history = (await reader.ask(MINISTRY, "historical-keys")).text
    (key,) = read_jws(history).payload["keys"]
    assert (key["kid"], key["revoked"]["reason"], key["exp"]) == (kid, "compromised", int(register.clock().timestamp()))


async def test_the_anchor_resolves_what_is_below_it(register, reader):
    _, leaf = await accredited(register, reader)

    answer = await reader.ask(ANCHOR, "resolve", sub=leaf, trust_anchor=ANCHOR)
    anchors = await reader.anchors()
    claims = verify_jws(answer.text, typ="resolve-response+jwt", keys=anchors[ANCHOR]).payload

    assert validate_chain(claims["trust_chain"], anchors, register.clock()).metadata == claims["metadata"]
    assert [one["trust_mark_type"] for one in claims["trust_marks"]] == [TYPE]
    times = [read_jws(token).payload["exp"] for token in claims["trust_chain"]]
    assert claims["exp"] == min(times)


@pytest.mark.both_backends
async def test_lists_say_who_is_below_and_who_has_marks(register, reader):
    _, leaf = await accredited(register, reader)
    await reader.mark(leaf)

    async def listed(entity, **query):
        return (await reader.ask(entity, "list", **query)).json()

    assert await listed(ANCHOR) == [MINISTRY, f"{HOME}/authorities/{TRADE}"]
    assert await listed(MINISTRY) == [leaf]
    assert await listed(ANCHOR, intermediate="false") == await listed(MINISTRY, intermediate="true") == []
    assert await listed(MINISTRY, entity_type="openid_provider") == []
    assert await listed(MINISTRY, trust_marked="true") == await listed(MINISTRY, trust_mark_type=TYPE) == [leaf]
    assert await listed(MINISTRY, trust_marked="false") == []
    assert await listed(MINISTRY, trust_mark_type=f"{HOME}/schemes/{STANDARD}") == []


@pytest.mark.parametrize(
    ("entity", "call", "query", "status", "error"),
    [
        (MINISTRY, "list", {"colour": "red"}, 400, "unsupported_parameter"),
        (MINISTRY, "list", {"intermediate": "yes"}, 400, "invalid_request"),
        (MINISTRY, "fetch", {}, 400, "invalid_request"),
        (MINISTRY, "fetch", {"sub": MINISTRY}, 400, "invalid_request"),
        (MINISTRY, "fetch", {"sub": ANCHOR}, 404, "not_found"),
        (MINISTRY, "fetch", {"sub": "https://other.example"}, 404, "not_found"),
        (MINISTRY, "trust-mark", {"trust_mark_type": TYPE, "sub": ANCHOR}, 404, "not_found"),
        (MINISTRY, "resolve", {"sub": ANCHOR, "trust_anchor": ANCHOR}, 404, "invalid_trust_anchor"),
        (ANCHOR, "resolve", {"sub": MINISTRY}, 400, "invalid_request"),
        (ANCHOR, "resolve", {"sub": "https://other.example", "trust_anchor": ANCHOR}, 404, "not_found"),
        (f"{HOME}/authorities/nobody", "list", {}, 404, "not_found"),
        (f"{HOME}/people/{LABOUR}", "list", {}, 404, "not_found"),
    ],
)
async def test_refusals_are_in_the_words_of_the_specification(reader, entity, call, query, status, error):
    answer = await reader.ask(entity, call, **query)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error_description"].endswith(".")


async def test_the_status_of_a_mark_that_nobody_here_signed_is_not_told(register, reader):
    _, leaf = await accredited(register, reader)
    token = (await reader.mark(leaf)).text
    altered = token[:-2] + ("AA" if token[-2:] != "AA" else "BA")

    assert await reader.status(altered) == "not_found"
    assert await reader.status(token, issuer=ANCHOR) == "not_found"
    path = f"/federation/authorities/{LABOUR}/trust-mark-status"
    for body in (b"", b"trust_mark=" + b"x" * 20_000, b"\xff"):
        assert (await register.client.post(path, content=body)).json()["error"] == "invalid_request"


async def test_a_mandate_counts_once_it_is_logged(register, reader):
    assert await reader.configuration(ANCHOR)
    assert (await reader.configuration(ANCHOR)).claims["trust_mark_issuers"][TYPE] == []

    await register.logged()

    anchor = await reader.configuration(ANCHOR)
    assert anchor.claims["trust_mark_issuers"][TYPE] == [MINISTRY]
    assert anchor.claims["trust_mark_owners"][TYPE]["sub"] == ANCHOR


@pytest.mark.parametrize(
    ("origin", "number", "federated"),
    [
        ("https://register.example", "TEST-1", True),
        ("http://127.0.0.1:8080", "TEST-1", True),
        ("https://labour.gov", "TEST-1", False),
        ("https://myexample.com", "TEST-1", False),
        ("https://labour.gov", "NPL-1", True),
    ],
)
def test_samples_are_never_federated_where_they_could_be_taken_for_real(origin, number, federated):
    assert Names(origin).federates(number) is federated


def test_an_entitys_name_is_read_as_it_is_written():
    names = Names(HOME)

    assert names.read(MINISTRY) == Entity("authorities", LABOUR)
    assert names.read(ANCHOR) == Entity("authorities", OWNER)
    assert [names.read(one) for one in (HOME, f"{HOME}/people/x", f"{MINISTRY}/x", "https://other.example/a")] == [
        None
    ] * 4
    assert names.scheme(TYPE) == LICENCE
