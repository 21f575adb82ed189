"""Generated queries: what is answered in lockstep is what graphql-core answers, and errors are left to it.

LOCKSTEP_OPERATIONS says how many. Unset, they are always the same ones; more are different ones every time.
"""

import asyncio
import json
import os
from collections import Counter

from core_world import LABOUR, TRADE, CoreWorld, found, opaque
from graphql import get_operation_ast
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from random_queries import RandomQuery
from read_world import ReadWorld

from registry.access.model import Actor
from registry.operations import Operations

IN_CI = 80
OPERATIONS = int(os.environ.get("LOCKSTEP_OPERATIONS", IN_CI))
READERS = (None, "anil", "rega")
PER_CENT = 90  # of the answers without errors


class BothWays:
    """One register, asked in lockstep and through graphql-core."""

    def __init__(self, register):
        self.operations = Operations(register.database, register.clock, register.app.state.services)
        self.schema = self.operations._schema._schema

    async def open(self, register):
        self.world = await ReadWorld(register).fill()
        self.actors = [await register.actor(name) if name else Actor.anonymous for name in READERS]
        self.pools = pools(self.world)
        return self

    async def asked(self, query, variables, actor):
        """(data in lockstep, or None; the body of graphql-core's answer)"""
        prepared = self.operations._prepared(query)
        chosen = get_operation_ast(prepared.document)
        data = await self.operations._in_lockstep(prepared, chosen, None, actor, variables)
        return data, (await self.operations._by_graphql_core(query, chosen, actor, variables, None)).body


def pools(world):
    """Values of arguments: by name, else by type. A few are wrong."""
    ids = [*world.ids, *world.ids, *world.assessments, *world.signals, *world.erasures, "org_nothing"]
    keys = {"Accreditation": ("number", world.numbers), "Organisation": ("id", world.ids[:3]),
            "Authority": ("id", [LABOUR, TRADE]), "Scheme": ("id", world.ids[6:8]), "Proposal": ("id", world.ids[8:9]),
            "Decision": ("eventId", world.ids[-1:])}  # fmt: skip
    entities = [{"__typename": name, key: one} for name, (key, some) in keys.items() for one in some]
    times = ["2026-05-04T09:00:00Z", "2026-05-04T09:00:05.500Z", "2027-06-01T00:00:00+05:45"]
    return {
        "id": ids, "number": [*world.numbers, "TEST-00000000-00"], "authorityId": [LABOUR, LABOUR, TRADE],
        "authority": [LABOUR], "scheme": world.ids[6:8], "signal": world.signals, "first": [*[1, 2, 3, 100] * 8, 0],
        "after": [opaque(one) for one in world.ids], "depth": [*[1, 2, 3, 5] * 5, 9],
        "state": ["OPEN", "APPROVED"], "kind": ["sub-agent-of", "branch-of"], "jurisdiction": ["NP", "QA"],
        "origin": ["NP"], "destination": ["QA", "JP"], "DateTime": times, "representations": entities,
    }  # fmt: skip


async def nothing_is_held(database):
    """Every connection goes back to its pool, also those of resolvers that an error beside them has cancelled."""
    async with asyncio.timeout(5):
        while database._reader.pool.checkedout():
            await asyncio.sleep(0.01)


def test_lockstep_answers_what_graphql_core_answers(tmp_path, copied):
    url, seen = copied("registry-founded", found), Counter()
    with asyncio.Runner() as runner:
        register = CoreWorld(tmp_path, url)
        ways = runner.run(BothWays(register).open(register))

        @settings(max_examples=OPERATIONS, derandomize=OPERATIONS <= IN_CI, database=None, deadline=None,
                  phases=(Phase.generate,))  # fmt: skip
        @given(st.randoms(use_true_random=True))
        def agree(random):
            query = RandomQuery(ways.schema, ways.pools, random)
            assume(not ways.operations._prepared(query.text).errors)  # fields of several types under one name
            for actor in ways.actors:
                data, body = runner.run(ways.asked(query.text, query.variables, actor))
                if "errors" in body:
                    seen["errors"] += 1
                    assert data is None, query.text
                    continue
                seen["unplanned" if data is None else "in lockstep"] += 1
                assert data is None or json.dumps(data) == json.dumps(body["data"]), query.text

        agree()
        runner.run(nothing_is_held(register.database))
        runner.run(register.close())
    right = seen["in lockstep"] + seen["unplanned"]
    assert seen["in lockstep"] * 100 >= right * PER_CENT, seen
    assert right > seen["errors"], seen
