"""Names with their days, and amending an organisation: an event of its own that changes no record."""

import json
from datetime import date

import pytest
from core_world import LABOUR, TRADE
from sqlalchemy import select
from sqlmodel import col

from registry.access.model import Role
from registry.access.service import add_member, grant_role
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.issuance.tables import EventRow
from registry.organisations.model import Amendment, IdentifierDraft, NameDraft

AMEND = """mutation ($input: AmendOrganisationInput!) { amendOrganisation(input: $input) { __typename
  ... on AmendOrganisationDone { organisation { id name domains identifiers { scheme value verified }
    names { text script kind validFrom validUntil } } } ... on DomainError { code message } } }"""


async def bodies(register, kind="organisation"):
    statement = select(col(EventRow.body)).where(col(EventRow.kind) == kind).order_by(col(EventRow.seq))
    async with register.database.read() as tx:
        return [json.loads(body) for body in await tx.scalars(statement)]


async def amended(register, organisation, member="rita", **changes):
    return await register.organisations.amend(
        await register.actor(member), organisation, Amendment(**changes), key=register.key()
    )


async def test_a_name_is_in_use_from_one_day_to_another(register):
    made = await register.organisation()
    names = [{"text": "Himal Manpower", "kind": "former", "validFrom": "2010-01-01", "validUntil": "2024-12-31"},
             {"text": "Himal Placements", "kind": "legal", "validFrom": "2025-01-01"}]  # fmt: skip

    answer = await register.ask(AMEND, "rita", input={"idempotencyKey": "1", "organisation": made, "names": names})

    shown = answer["amendOrganisation"]["organisation"]
    assert shown["name"] == "Himal Placements"
    assert [(one["validFrom"], one["validUntil"]) for one in shown["names"]] == [
        ("2010-01-01", "2024-12-31"), ("2025-01-01", None),
    ]  # fmt: skip
    logged = (await bodies(register))[-1]["data"]["names"]
    assert logged[0]["valid_until"] == "2025-01-01T00:00:00.000Z", "until is the first instant after the last day"


async def test_the_legal_name_shown_is_the_one_without_an_end(register):
    made = await register.organisation()
    ended = NameDraft("Himal Old", "legal", valid_until=date(2025, 1, 1))

    await amended(register, made, names=[ended, NameDraft("Himal New", "legal")])

    assert (await register.ask("{ organisations { edges { node { name } } } }"))["organisations"]["edges"] == [
        {"node": {"name": "Himal New"}}
    ]  # fmt: skip


async def test_an_amendment_is_the_next_event_of_the_organisation_and_changes_no_record(register):
    number = await register.granted()
    await register.logged()
    query = "query ($n: String!) { accreditation(number: $n) { record organisation { id } } }"
    before = (await register.ask(query, n=number))["accreditation"]
    made = before["organisation"]["id"]

    await amended(register, made, identifiers=[IdentifierDraft("fr-siren", "404 833 048")], domains=["himal.example"])
    await register.logged()

    first, second = await bodies(register)
    assert first["data"]["id"] == second["data"]["id"] == made
    assert second["data"]["names"] == first["data"]["names"], "what is not amended stays"
    assert second["data"]["identifiers"] == [{"scheme": "fr-siren", "value": "404833048", "verified": False}]
    assert (await register.ask(query, n=number))["accreditation"]["record"] == before["record"]

    await register.decided(number, "change_scope")
    newest = (await bodies(register, "decision"))[-1]
    assert newest["accreditation"]["organisation"]["domains"] == ["himal.example"], "by row 8 it does"


async def test_the_events_that_state_its_facts_are_named(register):
    made = await register.organisation()
    await amended(register, made, domains=["a.example"])
    await register.related(made, "branch-of", await register.organisation("Other"))
    await register.applied(by=made)

    query = "query ($o: ID!) { organisation(id: $o) { events relations { events } } }"
    found = (await register.ask(query, o=made))["organisation"]

    stated = {body["event_id"]: body["data"]["id"] for body in await bodies(register)}
    assert [stated[event_id] for event_id in found["events"]] == [made, made]
    assert found["relations"] == [{"events": [body["event_id"] for body in await bodies(register, "relation")]}]


async def test_a_merger_leaves_decisions_names_and_relation_to_be_read(register):
    number = await register.granted()
    made = (await register.snapshot())["organisations"][0][0]
    heir = await register.applied(name="Heir")
    await register.decided(heir, "grant")
    taking_over = (await register.ask("{ organisations { edges { node { id name } } } }"))["organisations"]["edges"][1]
    before = json.dumps((await bodies(register, "decision"))[:2])

    await register.decided(number, "merge", redirect=heir)
    await register.related(taking_over["node"]["id"], "successor-of", made)
    ended = NameDraft("Himal Placements", "legal", valid_until=date(2026, 5, 4))
    await amended(register, made, names=[ended])
    await register.logged()

    query = """query ($n: String!, $o: ID!) { accreditation(number: $n) { standing { standing overlays { code note } }
      decisions { edges { node { act } } } } organisation(id: $o) { names { validUntil }
      relations(kind: "successor-of") { outgoing organisation { name } } } }"""
    found = await register.ask(query, n=number, o=made)
    assert [edge["node"]["act"] for edge in found["accreditation"]["decisions"]["edges"]] == ["apply", "grant", "merge"]
    assert json.dumps((await bodies(register, "decision"))[:2]) == before
    assert {"code": "MERGED", "note": heir} in found["accreditation"]["standing"]["overlays"]
    assert found["organisation"] == {
        "names": [{"validUntil": "2026-05-04"}], "relations": [{"outgoing": False, "organisation": {"name": "Heir"}}],
    }  # fmt: skip


async def test_look_ups_by_identifier_follow_and_nothing_is_said_twice(register):
    made = await register.organisation()
    await amended(register, made, identifiers=[IdentifierDraft("np-dofe", "1"), IdentifierDraft("np-dofe", "2")])

    await amended(register, made, identifiers=[IdentifierDraft("np-dofe", "2")])

    assert (await register.snapshot())["organisation_identifiers"] == [("np-dofe", "2", made)]
    with pytest.raises(Invalid, match="changes nothing"):
        await amended(register, made, identifiers=[IdentifierDraft("np-dofe", "2")])
    with pytest.raises(Invalid, match="legal"):
        await amended(register, made, names=[])


async def test_repeating_it_gives_the_same_answer_once(register):
    made, rita = await register.organisation(), await register.actor("rita")
    for _ in range(2):
        await register.organisations.amend(rita, made, Amendment(domains=["a.example"]), key="one")

    assert len(await bodies(register)) == 2
    with pytest.raises(Conflict):
        await register.organisations.amend(rita, made, Amendment(domains=["b.example"]), key="one")


async def test_only_an_authority_with_the_organisation_in_its_register_amends_it(register):
    made = await register.organisation()
    before = await register.snapshot()

    for member in ("other", "anil"):
        with pytest.raises(Forbidden):
            await amended(register, made, member, domains=["a.example"])
    with pytest.raises(NotFound):
        await amended(register, "org_" + "0" * 32, domains=["a.example"])
    assert await register.snapshot() == before

    async with register.database.write() as tx:
        await add_member(tx, "two", "Two", now=register.clock())
        await grant_role(tx, TRADE, "two", Role.REGISTRAR)
        await grant_role(tx, LABOUR, "two", Role.REGISTRAR)
    await amended(register, made, "two", domains=["a.example"])
    assert (await bodies(register))[-1]["authority"] == LABOUR, "in the name of the one that has it"
