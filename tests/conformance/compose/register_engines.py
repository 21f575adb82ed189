"""The three gateways before the register: ours as it is served, Hive Gateway on the published supergraph.

Grafbase's development server takes subgraphs only, and composes what the services serve.
"""

import json
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import httpx
import register_house
from compose_engines import GRAFBASE, HIVE, OURS, Served, answer_of
from compose_programs import Stock, Subgraph
from compose_tools import ADDRESSES, PUBLISHED
from publish import subgraphs

from goodstanding.number import SAMPLE_PREFIX, make_number

PATHS = {"registry": "/graphql", "audit": "/graphql", "verification": "/subgraphs/verification"}
SERVICES = {"registry": "registry", "audit": "audit", "verification": "gateway"}  # subgraph -> who serves it
ANCHOR = """query($n: String!) {
    accreditation(number: $n) { organisation { id } decisions { edges { node { id eventId } } } } }"""


class RegisterEngines:
    """The gateways by name, and the house whose services they ask."""

    def __init__(self, house, gateways):
        self._house = house
        self._gateways = gateways
        self._words = _words(house)

    def ask(self, engine, case):
        """What a gateway answers a case with, whose words are replaced by what they stand for."""
        told = replace(case, query=self._told(case.query), variables=self._told(case.variables))
        token = {"Authorization": f"Bearer {self._house.tokens[case.token]}"} if case.token else {}
        with self._house.without(case.away):
            return answer_of(self._gateways[engine], told, **token)

    def _told(self, value):
        text = json.dumps(value)
        for word, meaning in self._words.items():
            text = text.replace(f"<{word}>", meaning)
        return json.loads(text)


@contextmanager
def started(tools, folder):
    """Start the register and the gateways; all of it is stopped at the end. NotStarted when one does not come up."""
    with register_house.at_work(folder) as house, ExitStack() as stack:
        stock = Stock(tools, folder, _subgraphs(house), probe="{ log { origin } }", forwarded=True)
        programs = {HIVE: stock.hive(HIVE, _supergraph(stock.subgraphs)), GRAFBASE: stock.grafbase(GRAFBASE)}
        for program in programs.values():
            stack.callback(program.stop)
            program.start()
        yield RegisterEngines(house, {OURS: Served(house.origin), **programs})


def _subgraphs(house):
    """The subgraphs that run, as their services describe them."""
    found = {}
    for name, sdl in subgraphs().items():
        token = f"Bearer {register_house.SUBGRAPH_TOKEN}" if name == "verification" else None
        found[name] = Subgraph(sdl, f"{house.address(SERVICES[name])}{PATHS[name]}", token)
    return found


def _supergraph(running):
    """The published supergraph, pointed to the services that run."""
    text = PUBLISHED.read_text("utf-8")
    for name, subgraph in running.items():
        assert text.count(ADDRESSES[name]) == 1
        text = text.replace(ADDRESSES[name], subgraph.address)
    return text


def _words(house):
    """What the words of the cases stand for."""
    body = {"query": ANCHOR, "variables": {"n": house.numbers["ACTIVE"]}}
    found = httpx.post(f"{house.origin}/graphql", json=body, trust_env=False).json()["data"]["accreditation"]
    first = found["decisions"]["edges"][0]["node"]
    ids = {"organisation": found["organisation"]["id"], "decision": first["id"], "event": first["eventId"]}
    return house.numbers | ids | {"NOBODY": make_number(SAMPLE_PREFIX, "00000000")}
