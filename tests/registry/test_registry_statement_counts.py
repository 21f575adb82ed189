"""How many statements each kind of answer takes: exactly so many, for one entity as for hundreds (`stock.py`)."""

import pytest
from core_world import LABOUR, CoreWorld
from sqlalchemy import text
from statement_count import counted
from stock import fill

from registry.graph import make_schema
from registry.operations import Operations

SIZES, PAGES = (1, 50, 500), (1, 50, 100)
ROLES = 1  # the reader's, before anything is read; who asks without a name needs none
LABOURS = f', authorityId: "{LABOUR}"'
KEYS = {  # of copies, all alike
    "Accreditation": ("number", "SELECT number FROM accreditations WHERE standing = 'SUSPENDED' ORDER BY number DESC"),
    "Authority": ("id", "SELECT id FROM authorities WHERE name LIKE '%labour%' AND id <> 'aut_labour' ORDER BY id"),
    "Decision": ("eventId", "SELECT event_id FROM decisions WHERE act = 'end_suspension' ORDER BY event_id DESC"),
    "Organisation": ("id", "SELECT to_id FROM relations WHERE kind = 'branch-of' ORDER BY id DESC"),
    "Proposal": ("id", "SELECT id FROM proposals WHERE number IS NOT NULL ORDER BY id DESC"),
    "Scheme": ("id", "SELECT id FROM schemes WHERE owner_id LIKE 'aut/_%' ESCAPE '/' ORDER BY id"),
}
ENTITIES = {  # (type, fields) -> statements; the first one of each finds the entities
    ("Accreditation", "number"): 1,
    ("Accreditation", "standing { standing since overlays { code } }"): 2,
    ("Accreditation", "standing { knownAt treeSize }"): 3,
    ("Accreditation", 'standing(asOf: "2026-05-04T09:00:02Z", knownAt: "2026-05-04T09:00:03Z") { standing }'): 3,
    ("Accreditation", "organisation { name } authority { name } scheme { name owner { name } }"): 5,
    ("Accreditation", "scope { branches { name } corridors { origin } } conditions { code } validFrom validUntil"): 4,
    ("Accreditation", "record decisions { edges { node { closes { act } corrects { act } authority { name } } } }"): 5,
    ("Authority", "name schemes { name owner { name } }"): 3,
    ("Decision", "act closes { act closes { act } } authority { name }"): 3,
    ("Organisation", "name names { text } identifiers { value } signalCounts { kind count }"): 4,
    ("Organisation", "accreditations { totalCount edges { node { standing { standing } } } }"): 3,
    ("Organisation", "relations { kind organisation { name } assertedBy { name } validFrom events }"): 5,
    ("Organisation", "supplyChain { links { organisation { name } } weakest { number } weakestStanding }"): 7,
    ("Organisation", "people { name }"): 4,
    ("Proposal", "act state reason"): 1,
    ("Scheme", "name criteria { title } mandates { authority { name } succeeds { name } }"): 4,
}
LISTS = {  # field, its arguments besides `first`, the fields of a node -> statements
    ("accreditations", "", "number standing { standing } organisation { name }"): 3,
    ("organisations", "", "name accreditations { totalCount edges { node { number } } }"): 4,
    ("authorities", "", "name schemes { name owner { name } mandates { acts } }"): 5,
    ("changes", "", "act number at"): 1,
    ("proposals", "", "act state"): 1,
    ("accessLog", LABOURS, "member kind subjects at"): 3,  # this reading is noted as well
    ("assessments", LABOURS, "kind accreditation { standing { standing } } findings { grade }"): 4,
    ("surveillanceDue", LABOURS, "dueAt accreditation { number }"): 3,
    ("signals", LABOURS, "kind organisation { name } report { text changes { at } }"): 11,  # reading one is noted
}
COUNTED = ("accreditations", "organisations", "signals")  # lists that say how long they are: the second statement


class Stocked:
    """A register with hundreds of everything, asked by one of its regulators."""

    def __init__(self, register, actor):
        self.database, self._actor = register.database, actor
        self._operations = Operations(register.database, register.clock, register.app.state.services)

    async def statements(self, query, **variables):
        """How many statements an answer takes."""
        with counted(self.database) as found:
            answer = await self._operations.run(query, actor=self._actor, variables=variables)
        assert "errors" not in answer.body, answer.body["errors"][:2]
        return len(found)

    async def of(self, kind, fields):
        """By number of entities of a kind: how many statements they take."""
        key, where = KEYS[kind]
        async with self.database.read() as tx:
            keys = list(dict.fromkeys(await tx.scalars(text(where))))[: SIZES[-1]]
        assert len(keys) == SIZES[-1]
        query = f"query ($of: [_Any!]!) {{ _entities(representations: $of) {{ ... on {kind} {{ {fields} }} }} }}"
        entities = [{"__typename": kind, key: one} for one in keys]
        return {size: await self.statements(query, of=entities[:size]) for size in SIZES}

    async def listed(self, name, arguments, fields):
        """By length of a page: how many statements it takes."""
        total = "totalCount" if name in COUNTED else ""
        query = "{ %s(first: %d%s) { %s edges { node { %s } } pageInfo { hasNextPage } } }"
        return {size: await self.statements(query % (name, size, arguments, total, fields)) for size in PAGES}


@pytest.fixture
async def stocked(tmp_path, copied):
    register = CoreWorld(tmp_path, copied("registry-stock", fill))
    register.clock.forward(minutes=1)
    yield Stocked(register, await register.actor("rega"))
    await register.close()


@pytest.mark.parametrize("kind", KEYS)
async def test_entities_take_as_many_statements_however_many_there_are(stocked, kind):
    wanted = {fields: count for (of, fields), count in ENTITIES.items() if of == kind}
    counts = {fields: await stocked.of(kind, fields) for fields in wanted}

    assert counts == {fields: dict.fromkeys(SIZES, ROLES + count) for fields, count in wanted.items()}


async def test_lists_take_as_many_statements_however_long_their_pages_are(stocked):
    counts = {one: await stocked.listed(*one) for one in LISTS}

    assert counts == {one: dict.fromkeys(PAGES, ROLES + count) for one, count in LISTS.items()}


def test_every_entity_and_every_list_is_counted():
    """Whoever adds one adds it here."""
    schema = make_schema()._schema
    lists = {name for name, one in schema.query_type.fields.items() if "first" in one.args}

    assert {kind for kind, _ in ENTITIES} == {one.name for one in schema.get_type("_Entity").types}
    assert {name for name, *_ in LISTS} == lists
