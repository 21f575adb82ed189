"""Two persons say how often a scheme's lists come out; once one is overdue, a standing that rests on it says so."""

import io
from datetime import timedelta

from administration_world import cadence, mandate, mappings
from core_world import LABOUR

from goodstanding.canonical import format_time
from registry.schemes.model import LISTING_ACTS

LIST = b"""name,jurisdiction,identifier_scheme,identifier,local_word,scheme
Aruna Manpower,NP,np-licence,1204/077,Renewed,sch_licence
"""
STANDING = """query ($n: String!, $a: DateTime, $k: DateTime) { accreditation(number: $n) { scheme { cadenceDays }
  standing(asOf: $a, knownAt: $k) { standing overlays { code since } } } }"""


async def beside(register, number, **asked):
    found = (await register.ask(STANDING, n=number, **asked))["accreditation"]
    return found["scheme"]["cadenceDays"], [(one["code"], one["since"]) for one in found["standing"]["overlays"]]


async def release(register):
    intake = register.app.state.services.intake
    staged = await intake.stage(await register.actor("pema"), io.BytesIO(LIST), "listing")
    await intake.release(await register.actor("anil"), staged.id)
    await register.logged()


async def test_a_standing_carries_that_its_list_is_overdue(offices):
    register = offices.register
    await offices.done(mandate(authority=LABOUR, acts=LISTING_ACTS, valid_from=register.clock()))
    await offices.done(mappings(("Renewed", "ACTIVE")))
    await release(register)
    ((number,),) = [(row.number,) for row in await offices.rows("accreditations")]
    await offices.done(cadence(7))
    await register.logged()
    set_at = register.clock()
    assert await beside(register, number) == (7, [])

    register.clock.forward(days=7)
    overdue = [("SOURCE_STALE", format_time(register.clock()))]
    assert await beside(register, number) == (7, overdue)
    assert await beside(register, number, a=(set_at + timedelta(days=6)).isoformat()) == (7, [])
    await release(register)
    assert await beside(register, number) == (7, [])

    register.clock.forward(days=8)
    await offices.done(cadence(None))
    known = register.clock().isoformat()
    assert [code for code, _ in (await beside(register, number))[1]] == ["SOURCE_STALE"]  # until it is logged
    register.clock.forward(minutes=1)
    await register.logged()
    assert await beside(register, number) == (None, [])
    assert [code for code, _ in (await beside(register, number, k=known))[1]] == ["SOURCE_STALE"]
