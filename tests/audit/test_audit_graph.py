"""The audit subgraph: the log, and log entries of decisions."""

import base64
from pathlib import Path

import pytest
from graphql import build_ast_schema, parse

from goodstanding.checkpoint import TlogProof, verify_tlog_proof
from goodstanding.merkle import EMPTY_ROOT, leaf_hash, root, verify_consistency, verify_inclusion

PUBLIC = Path(__file__).parents[1] / "contracts" / "public-schema.graphql"

ENTITIES = """
query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on Decision {
      eventId
      logEntry { index leafHash inclusionProof { treeSize hashes tlogProof } }
    }
  }
}
"""


@pytest.fixture
def ask(client):
    async def asked(query: str, **variables):
        return (await client.post("/graphql", json={"query": query, "variables": variables})).json()

    return asked


def decision(event_id: str) -> dict:
    return {"__typename": "Decision", "eventId": event_id}


async def test_the_log(log, ask, fill):
    await fill(log, 3)
    answer = (await ask("{ log { origin size checkpoint } }"))["data"]["log"]
    assert (answer["origin"], answer["size"]) == ("log.example/log", 3)
    assert log.signer.verify(answer["checkpoint"].encode()).checkpoint.size == 3


async def test_a_consistency_proof_to_the_published_size_and_to_another(log, ask, fill):
    made = await fill(log, 300)
    hashes = [leaf_hash(entry.leaf) for entry in made]
    answer = (await ask("{ log { now: consistencyProof(from: 100) then: consistencyProof(from: 7, to: 9) } }"))["data"]
    for name, old, new in (("now", 100, 300), ("then", 7, 9)):
        proof = [base64.b64decode(item) for item in answer["log"][name]]
        verify_consistency(old, root(hashes[:old]), new, root(hashes[:new]), proof)


@pytest.mark.parametrize(
    "sizes", ["from: 0", "from: 0, to: 0", "from: 2, to: 1", "from: 1, to: 4", "from: -1", "from: 4"]
)
async def test_sizes_that_cannot_be_are_refused_in_words(log, ask, fill, sizes):
    await fill(log, 3)
    answer = await ask(f"{{ log {{ consistencyProof({sizes}) }} }}")
    assert "0 < from <= to <= 3" in answer["errors"][0]["message"]


async def test_consistency_of_every_two_sizes_at_which_trees_change_their_shape(log, ask, fill):
    made = await fill(log, 600)
    hashes = [leaf_hash(entry.leaf) for entry in made]
    sizes = [1, 2, 3, 4, 5, 127, 128, 129, 255, 256, 257, 511, 512, 513, 600]
    pairs = [(old, new) for new in sizes for old in sizes if old <= new]
    fields = " ".join(f"from{old}to{new}: consistencyProof(from: {old}, to: {new})" for old, new in pairs)
    answer = (await ask(f"{{ log {{ {fields} }} }}"))["data"]["log"]
    roots = {size: root(hashes[:size]) for size in sizes}
    for old, new in pairs:
        proof = [base64.b64decode(item) for item in answer[f"from{old}to{new}"]]
        verify_consistency(old, roots[old], new, roots[new], proof)
        assert (proof == []) == (old == new)


async def test_a_size_that_is_null_is_the_published_one(log, ask, fill):
    await fill(log, 9)
    answer = await ask("{ log { left: consistencyProof(from: 5) said: consistencyProof(from: 5, to: null) } }")
    assert answer["data"]["log"]["left"] == answer["data"]["log"]["said"] != []


async def test_the_empty_log(log, ask):
    answer = (await ask("{ log { size checkpoint } }"))["data"]["log"]
    assert answer["size"] == 0
    tree = log.signer.verify(answer["checkpoint"].encode()).checkpoint
    assert (tree.size, tree.root) == (0, EMPTY_ROOT)
    for sizes in ("from: 0", "from: 0, to: 0", "from: 1", "from: 0, to: 1"):  # nothing is proved of an empty tree
        refused = await ask(f"{{ log {{ size consistencyProof({sizes}) }} }}")
        assert "0 < from <= to <= 0" in refused["errors"][0]["message"]


async def test_log_entries_at_sizes_at_which_trees_change_their_shape(log, ask, fill):
    made = []
    for size in (1, 2, 3, 4, 5, 8, 9, 255, 256, 257, 512, 513):
        made += await fill(log, size - len(made))
        tree = (await log.reader.snapshot()).checkpoint
        indices = sorted({0, size // 2, size - 1})
        answer = await ask(ENTITIES, representations=[decision(made[index].event_id) for index in indices])
        for index, entity in zip(indices, answer["data"]["_entities"], strict=True):
            entry, hashed = entity["logEntry"], leaf_hash(made[index].leaf)
            assert (entry["index"], entry["inclusionProof"]["treeSize"]) == (index, size)
            hashes = [base64.b64decode(item) for item in entry["inclusionProof"]["hashes"]]
            verify_inclusion(hashed, index, size, hashes, tree.root)


async def test_an_entry_that_has_an_index_but_is_not_published_yet_has_no_log_entry(ask, log, open_again, fill, author):
    """Between commit and publication a process may die: the rows are then ahead of the checkpoint."""
    (known,) = await fill(log, 1)

    def dies(point):
        if point == "5e committed":
            raise OSError("killed")

    dying, waiting = open_again(dies), author.first(2)
    await dying.append(waiting)
    with pytest.raises(OSError, match="killed"):
        await dying.sequencer.step()
    answer = await ask(ENTITIES, representations=[decision(entry.event_id) for entry in (known, *waiting)])
    assert [entity["logEntry"] and entity["logEntry"]["index"] for entity in answer["data"]["_entities"]] == [
        0,
        None,
        None,
    ]
    await open_again().start()
    answer = await ask(ENTITIES, representations=[decision(entry.event_id) for entry in waiting])
    assert [entity["logEntry"]["index"] for entity in answer["data"]["_entities"]] == [1, 2]


async def test_the_subgraph_has_the_types_of_the_public_schema(client, service):
    public = build_ast_schema(parse(PUBLIC.read_text("utf-8")), assume_valid=True)
    ours = build_ast_schema(parse((await client.get("/internal/subgraph", headers=service)).text), assume_valid=True)
    for name in ("Log", "LogEntry", "InclusionProof"):
        assert fields_of(ours.type_map[name]) == fields_of(public.type_map[name])
    assert fields_of(ours.type_map["Decision"])["logEntry"] == fields_of(public.type_map["Decision"])["logEntry"]
    assert fields_of(ours.query_type)["log"] == fields_of(public.query_type)["log"]


def fields_of(kind):
    """Of each field its type and its arguments with theirs."""
    return {
        name: (str(field.type), {argument: str(its.type) for argument, its in field.args.items()})
        for name, field in kind.fields.items()
    }


async def test_decisions_and_their_log_entries(log, ask, fill, author):
    made = await fill(log, 300)
    waiting = author.first()
    await log.append(waiting)
    wanted = [made[0], made[299], *waiting]
    answer = await ask(ENTITIES, representations=[decision(entry.event_id) for entry in wanted])
    first, last, pending = answer["data"]["_entities"]
    assert pending == {"eventId": waiting[0].event_id, "logEntry": None}
    tree = (await log.reader.snapshot()).checkpoint
    for entity, index in ((first, 0), (last, 299)):
        entry, hashed = entity["logEntry"], leaf_hash(made[index].leaf)
        assert (entry["index"], base64.b64decode(entry["leafHash"])) == (index, hashed)
        proof = entry["inclusionProof"]
        assert proof["treeSize"] == 300
        verify_inclusion(hashed, index, 300, [base64.b64decode(item) for item in proof["hashes"]], tree.root)
        keys = {"log": log.signer.log_key, "time_cosigner": log.signer.time_key}
        verify_tlog_proof(TlogProof.parse(proof["tlogProof"].encode()), hashed, **keys)


async def test_an_unknown_decision_has_no_entry(ask):
    answer = await ask(ENTITIES, representations=[decision("nothing")])
    assert answer["data"]["_entities"] == [{"eventId": "nothing", "logEntry": None}]


@pytest.mark.parametrize(
    "bad", [{"__typename": "Decision"}, {"__typename": "Decision", "eventId": {}}, {"__typename": "Other"}]
)
async def test_a_reference_that_cannot_be_is_an_error_without_detail(ask, bad):
    answer = await ask(ENTITIES, representations=[bad])
    assert [error["message"] for error in answer["errors"]] == [
        "The log could not answer this; its operator finds the reason."
    ]


async def test_more_decisions_than_one_look_up_takes(log, ask, fill):
    made = await fill(log, 1200)
    answer = await ask(ENTITIES, representations=[decision(entry.event_id) for entry in made])
    assert [entity["logEntry"]["index"] for entity in answer["data"]["_entities"]] == list(range(1200))


async def test_the_same_decision_twice(log, ask, fill):
    (entry,) = await fill(log, 1)
    answer = await ask(ENTITIES, representations=[decision(entry.event_id)] * 2)
    assert [entity["logEntry"]["index"] for entity in answer["data"]["_entities"]] == [0, 0]


async def test_the_subgraph_is_federation_2_9(client, service):
    sdl = (await client.get("/internal/subgraph", headers=service)).text
    assert 'url: "https://specs.apollo.dev/federation/v2.9"' in sdl
    assert 'type Decision @key(fields: "eventId")' in sdl
    assert "consistencyProof(from: Int!, to: Int): [Base64!]!" in sdl


async def test_unforeseen_errors_do_not_show_their_text(log, ask, fill, tmp_path):
    made = await fill(log, 300)
    (tmp_path / "log/tile/0/000").unlink()
    answer = await ask(ENTITIES, representations=[decision(made[0].event_id)])
    assert {error["message"] for error in answer["errors"]} == {
        "The log could not answer this; its operator finds the reason."
    }


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ log { size(x: 1) } }", "mutation { log { size } }"])
async def test_a_query_that_cannot_be_is_a_bad_request_in_the_newer_media_type(client, query):
    headers = {"Accept": "application/graphql-response+json"}
    newer = await client.post("/graphql", json={"query": query}, headers=headers)
    assert newer.status_code == 400
    assert newer.headers["content-type"] == "application/graphql-response+json"
    older = await client.post("/graphql", json={"query": query})
    assert (older.status_code, older.headers["content-type"]) == (200, "application/json")
    assert newer.json().keys() == older.json().keys() == {"errors"}


@pytest.mark.parametrize(("query", "mark"), [("{ log { size } }", "none"), ("{ nothing }", None)])
async def test_an_answer_without_errors_says_so_in_a_header(client, query, mark):
    answer = await client.post("/graphql", json={"query": query})
    assert answer.headers.get("graphql-errors") == mark


async def test_one_of_several_operations_is_chosen_by_name(ask, client):
    query = "query a { log { size } } query b { log { origin } }"
    answer = await client.post("/graphql", json={"query": query, "operationName": "b"})
    assert answer.json() == {"data": {"log": {"origin": "log.example/log"}}}


async def test_a_document_and_a_request_have_bounds(client):
    query = "{ log { " + " ".join(f"a{number}: size" for number in range(1000)) + " } }"
    assert "tokens" in (await client.post("/graphql", json={"query": query})).json()["errors"][0]["message"]
    assert (await client.post("/graphql", json={"query": " " * 300_000})).status_code == 413


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"query":1}', b'{"variables":{}}', b'{"query":"{a}","variables":[]}']
)
async def test_a_request_of_another_shape_is_a_problem(client, content):
    response = await client.post("/graphql", content=content)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
