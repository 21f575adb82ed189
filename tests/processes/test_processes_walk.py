"""The three services and their workers as processes, by the commands of compose.yaml."""

import asyncio
import contextlib
import io
import json
import secrets

import httpx
import pytest
import pytest_asyncio
from published_files import Objects
from rich.console import Console

from goodstanding_standalone.front import FrontError, until
from goodstanding_standalone.walk.steps import STEPS, walk
from goodstanding_standalone.walk.story import Story

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

SERVICES = {"registry": "8081", "registry-work": "8083", "audit": "8082", "gateway": "8080"}
REGISTERED = "... on RegisterOrganisationDone { organisation { id } }"
NAMES = ("Lantern Road", "दीपमाला", "Kestrel Bay", "Sample Proposer")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def walked(house, tmp_path_factory):
    """The walk, taken; its story."""
    console = Console(file=io.StringIO(), width=200)
    trust = house.topology.volume("handover") / "trust.json"
    story = Story(house.front, house.tokens, trust, tmp_path_factory.mktemp("walk") / "evidence.json")
    passed = await walk(story, console)
    assert passed, console.file.getvalue()
    assert console.file.getvalue().count("proves:") == len(STEPS)
    return story


async def test_the_walk_goes_through(walked):
    assert walked.number.startswith("TEST-")


async def test_one_trace_id_is_carried_from_hop_to_hop(house, walked):
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    answered = await house.client.get(f"/records/{walked.number}.tlog-proof", headers=headers)
    assert answered.status_code == 200
    expected = {
        ("gateway", "GET /records/{rest:path}"),
        ("registry", "GET /records/{number}.tlog-proof"),
        ("audit", "GET /internal/tlog-proof/{index}"),
    }

    async def exported():
        return True if house.collector.of(trace) >= expected else None

    await until(exported, f"only {house.collector.of(trace)} of the trace arrived", 10)
    for name in ("gateway", "registry", "audit"):
        assert any(line.get("trace_id") == trace for line in lines(house, name)), name


async def test_spans_name_acts_batches_and_steps_and_nobody(house, walked):
    names = {(span.service, span.name) for span in house.collector.spans}
    assert names >= {
        ("registry", "act registerOrganisation"), ("registry", "act approveProposal"), ("registry", "relay batch"),
        ("registry", "POST /graphql"), ("audit", "sequencer step"), ("audit", "POST /internal/entries"),
        ("gateway", "POST /graphql"), ("gateway", "GET /verify/{number}"),
    }  # fmt: skip
    relayed = {span.trace_id for span in house.collector.spans if span.name == "relay batch"}
    assert any(("audit", "POST /internal/entries") in house.collector.of(trace) for trace in relayed)
    everything = "".join(span.text for span in house.collector.spans)
    for secret in (*house.tokens.values(), walked.number, *NAMES):
        assert secret not in everything


async def test_logs_are_json_and_tell_nobody_anything(house, walked):
    for name in SERVICES:
        assert {line["service"] for line in lines(house, name)} == {name.partition("-")[0]}
        printed = house.topology.processes[name].printed()
        for secret in (*house.tokens.values(), *house.topology.secrets.values(), walked.number, *NAMES):
            assert secret not in printed
    acts = [line for line in lines(house, "registry") if line.get("route") == "/graphql" and line["level"] == "info"]
    assert acts
    assert all(line["trace_id"] for line in acts)


async def test_figures_of_each_service(house, walked):
    registry, work, audit, gateway = [
        figures((await house.state(port, "/metrics")).text) for port in ("8081", "8083", "8082", "8080")
    ]
    for found in (registry, work):
        assert found["goodstanding_registry_database_up"] == 1
        assert found['goodstanding_registry_outbox_rows{stage="ASIDE"}'] == 0
        assert found['goodstanding_registry_outbox_oldest_age_seconds{stage="SUBMIT"}'] < 60
        assert any(name.startswith("goodstanding_registry_status_list_version") for name in found)
    assert registry['goodstanding_registry_requests_total{route="/graphql",status="200"}'] > 5
    assert audit["goodstanding_audit_tree_size"] == gateway["goodstanding_gateway_tree_size"] > 10
    assert audit["goodstanding_audit_cosignature_age_seconds"] < 10
    assert audit["goodstanding_audit_sequencer_step_seconds_count"] > 0
    assert audit["goodstanding_audit_waiting_entries"] == 0
    assert walked.number not in str((registry, work, audit, gateway))


async def test_the_published_files_are_in_the_bucket_as_the_gateway_shows_them(house, walked):
    files = await asyncio.to_thread(Objects(house.published).all)
    tiles = {path: data for path, data in files.items() if path.startswith("tile/")}
    assert files.keys() == {*tiles, "checkpoint"}
    for path, data in tiles.items():
        assert (await house.client.get(f"/log/{path}")).content == data, path
    assert tiles
    assert not (house.topology.volume("log") / "log").exists()


async def test_operators_paths_of_the_services_are_not_public(house):
    for path in ("/internal/subgraph", "/status-keys", "/internal/entries"):
        assert (await house.client.get(path)).status_code == 404


async def test_each_restarts_under_traffic_and_nothing_acknowledged_is_lost(house, walked):
    acknowledged, answers = [], []
    traffic = [asyncio.create_task(write(house, acknowledged)), asyncio.create_task(read(house, walked, answers))]
    said = {}
    for name, port in SERVICES.items():
        process = house.topology.processes[name]
        before = len(acknowledged)
        under_way = await begin_request(house, name) if name != "registry-work" else None
        ending = asyncio.create_task(process.terminate())
        if under_way:
            assert await finish_request(*under_way) == b"HTTP/1.1 200 OK"
        assert await ending == 0, process.printed()[-2000:]
        assert lines(house, name)[-1]["event"] == "ended"
        said[name] = {other: (await house.state(at)).json() for other, at in SERVICES.items() if at != port}
        await process.start()
        await process.ready()
        await until(lambda before=before: more_than(acknowledged, before), f"nothing goes on after {name}", 20)
    for each in traffic:
        each.cancel()
    await asyncio.gather(*traffic, return_exceptions=True)

    # whoever depended on the one that was away said so in words, and stayed in service
    assert said["audit"]["registry"]["ready"]
    assert "the log did not answer" in said["audit"]["registry"]["troubled"][0]
    assert said["audit"]["gateway"]["ready"]
    assert said["registry-work"]["registry"]["ready"]
    assert not said["registry-work"]["registry"]["troubled"]
    assert set(answers) == {"NOT_IN_GOOD_STANDING"}
    assert not [line for name in SERVICES for line in lines(house, name) if line["level"] == "critical"]
    await until(lambda: all_known(house, acknowledged), "an acknowledged organisation is not there", 10)
    await until(lambda: settled(house), "the outbox does not empty", 20)


async def test_a_gateway_that_starts_while_the_registry_is_away_answers_what_does_not_need_it(house, walked):
    registry, gateway = house.topology.processes["registry"], house.topology.processes["gateway"]
    await registry.terminate()
    try:
        await gateway.terminate()
        await gateway.start()
        await gateway.ready()
        asked = "query($n: String!) { verify(by: {number: $n}) { verdict accreditation { validUntil } } log { size } }"
        body = {"query": asked, "variables": {"n": walked.number}}
        answered = (await house.client.post("/graphql", json=body)).json()
        followers = (await house.state("8080")).json()["followers"]
    finally:
        await registry.start()
        await registry.ready()
    assert answered["data"]["verify"]["accreditation"] == {"validUntil": None}
    assert answered["data"]["log"]["size"] > 10
    assert [error["path"] for error in answered["errors"]] == [["verify", "accreditation", "validUntil"]]
    assert "registry: /graphql cannot be reached" in followers["composition"]["error"]


async def test_a_database_that_is_away_is_named_and_comes_back(house):
    databases = {
        name: house.topology.secrets[f"{name}_database_url"].rpartition("/")[2] for name in ("registry", "audit")
    }
    for database in databases.values():
        await asyncio.to_thread(house.databases.execute, f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false")
        gone = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        await asyncio.to_thread(house.databases.execute, gone)
    try:
        for name in ("registry", "registry-work", "audit"):
            assert (await house.state(SERVICES[name], "/healthz")).status_code == 200
            answered = await house.state(SERVICES[name])
            assert answered.status_code == 503, name
            assert "the database does not answer" in answered.json()["missing"][0]
        figures_now = figures((await house.state("8081", "/metrics")).text)
        assert figures_now["goodstanding_registry_database_up"] == 0
    finally:
        for database in databases.values():
            await asyncio.to_thread(house.databases.execute, f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true")
    for name in SERVICES:
        await house.topology.processes[name].ready()
        assert lines(house, name)  # whatever was printed meanwhile is one JSON object a line


async def test_a_store_that_is_away_is_named_and_what_is_acknowledged_meanwhile_is_published_later(house, walked):
    before = (await house.state("8082")).json()["size"]
    acknowledged = []
    with house.store.strict():
        answered = await house.state("8082")
        assert answered.status_code == 503
        assert answered.json()["missing"] == ["the store of the log's files does not answer"]
        assert (await house.client.get("/log/checkpoint")).status_code == 502  # from the gateway: the log said 503
        traffic = asyncio.create_task(write(house, acknowledged, "store"))
        await until(lambda: more_than(acknowledged, 0), "nobody is told anything while the store is away", 20)
        traffic.cancel()
        await asyncio.gather(traffic, return_exceptions=True)
    await house.topology.processes["audit"].ready()
    await until(lambda: grown(house, before), "the log does not grow", 20)
    await until(lambda: settled(house), "the outbox does not empty", 20)
    assert not [line for line in lines(house, "audit") if line["event"] == "the log has stopped"]


def lines(house, name):
    """What a service has logged."""
    return [json.loads(line) for line in house.topology.processes[name].printed().splitlines()]


def figures(text):
    """Sample -> value of Prometheus' text format."""
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


BODY = b'{"query": "{ __typename }"}'


async def begin_request(house, name):
    """A request whose body has not come to its end yet."""
    host, port = house.topology.address(SERVICES[name]).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /graphql HTTP/1.1\r\nHost: {name}\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    writer.write(head.encode() + BODY[:5])
    await writer.drain()
    await asyncio.sleep(0.1)  # until it has been read; nothing tells
    return reader, writer


async def finish_request(reader, writer):
    """Send the rest, after the process was told to end; the answer's first line."""
    await asyncio.sleep(0.2)
    writer.write(BODY[5:])
    await writer.drain()
    line = (await reader.readline()).rstrip()
    writer.close()
    return line


async def write(house, acknowledged, name="traffic"):
    """Register organisations, one after the other, with every key asked again until it is answered."""
    for position in range(10_000):
        given = {"idempotencyKey": f"{name}-{position}", "kind": "RECRUITER", "jurisdiction": "NP",
                 "names": [{"text": f"Kestrel Bay {position}", "kind": "legal"}]}  # fmt: skip
        while True:
            with contextlib.suppress(FrontError, httpx.HTTPError):
                done = await house.front.mutate(
                    "registerOrganisation", "RegisterOrganisationInput", REGISTERED, given, house.tokens["proposer"]
                )
                acknowledged.append(done["organisation"]["id"])
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.02)


async def read(house, walked, answers):
    """Ask about the suspended one, without pause; an answer counts, that nobody answers does not."""
    while True:
        with contextlib.suppress(httpx.HTTPError):
            answered = await house.client.get(f"/verify/{walked.number}")
            if answered.status_code == 200:
                answers.append(answered.json()["verdict"])
        await asyncio.sleep(0.05)


async def more_than(acknowledged, before):
    return True if len(acknowledged) > before + 2 else None


async def grown(house, before):
    return True if (await house.state("8082")).json()["size"] > before else None


async def all_known(house, acknowledged):
    known = 0
    for start in range(0, len(acknowledged), 20):
        some = acknowledged[start : start + 20]
        fields = " ".join(f'n{position}: node(id: "{id_}") {{ id }}' for position, id_ in enumerate(some))
        found = await house.front.graphql(f"{{ {fields} }}", {})
        known += sum(node is not None for node in found.values())
    return True if known == len(acknowledged) else None


async def settled(house):
    found = figures((await house.state("8083", "/metrics")).text)
    rows = [value for name, value in found.items() if name.startswith("goodstanding_registry_outbox_rows")]
    return True if sum(rows) == 0 else None
