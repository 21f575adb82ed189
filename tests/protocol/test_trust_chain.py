"""Trust chains: those that hold and those that do not, found and validated."""

import asyncio
import json
import runpy
from datetime import timedelta
from pathlib import Path

import pytest
from federation_simulator import FOREIGN, LEAF, MINISTRY, OWNER, chain, configuration, keys, statement
from register_simulator import HOME, NOW

from goodstanding.canonical import parse_time
from goodstanding.chain_resolution import Bounds, resolve_chain
from goodstanding.entity import verify_configuration
from goodstanding.entity_claims import key_set, well_known
from goodstanding.errors import TokenError
from goodstanding.trust_chain import MAX_CHAIN, validate_chain

ANCHORS = {OWNER: keys(OWNER)}


def pytest_generate_tests(metafunc):
    if "vector" in metafunc.fixturenames:
        files = sorted((Path(__file__).parents[1] / "vectors" / "federation").glob("*.json"))
        vectors = [json.loads(path.read_text("utf-8")) for path in files if path.stem.partition("-")[0] != "mark"]
        metafunc.parametrize("vector", vectors, ids=[path.stem for path in files if path.stem[:5] != "mark-"])


def outcome(statements, anchors=ANCHORS, now=NOW):
    try:
        return {"metadata": validate_chain(statements, anchors, now).metadata}
    except TokenError as error:
        return {"reason": error.reason}


def test_a_vector_comes_out_as_it_says(vector):
    anchors = {entity: key_set(jwks, "anchor") for entity, jwks in vector["anchors"].items()}

    assert outcome(vector["chain"], anchors, parse_time(vector["now"])) == vector["expected"]


def test_the_vectors_are_what_their_maker_makes(vector_folder):
    made = runpy.run_path(str(vector_folder / "make_federation_vectors.py"))["vectors"]()

    written = {path.stem: json.loads(path.read_text("utf-8")) for path in (vector_folder / "federation").glob("*.json")}
    assert written == made


def test_a_chain_tells_whose_it_is_and_until_when():
    found = validate_chain(chain(owner={"exp": NOW + timedelta(hours=1)}), ANCHORS, NOW)

    assert (found.subject, found.anchor) == (LEAF, OWNER)
    assert found.expires == NOW + timedelta(hours=1)
    assert found.keys == keys(LEAF)


def test_what_is_too_large_is_not_read():
    assert outcome(["x" * (MAX_CHAIN + 1)]) == {"reason": "TOO_LARGE"}
    assert outcome([]) == {"reason": "CHAIN_TOO_LONG"}


def test_an_anchor_alone_is_a_chain():
    assert validate_chain([configuration(OWNER)], ANCHORS, NOW).subject == OWNER


@pytest.mark.parametrize("end", [{"exp": int(NOW.timestamp())}, {"revoked": {"revoked_at": int(NOW.timestamp())}}])
def test_a_key_that_has_ended_vouches_for_nobody(end):
    ended = {kid: {**key, **end} for kid, key in keys(OWNER).items()}

    assert outcome(chain(), {OWNER: ended}) == {"reason": "UNKNOWN_KEY"}


def test_the_configuration_of_another_is_refused():
    with pytest.raises(TokenError) as error:
        verify_configuration(configuration(MINISTRY), entity=LEAF, now=NOW)
    assert error.value.reason == "WRONG_ENTITY"


# ---- finding one ---------------------------------------------------------------------------------------------


def published(**changes):
    """address -> statement of the honest federation."""
    fetch = {entity: entity.replace(HOME, f"{HOME}/federation") + "/fetch?sub=" for entity in (MINISTRY, OWNER)}
    quoted = {one: one.replace(":", "%3A").replace("/", "%2F") for one in (LEAF, MINISTRY)}
    return {
        **{well_known(one): configuration(one) for one in (LEAF, MINISTRY, OWNER)},
        fetch[MINISTRY] + quoted[LEAF]: statement(MINISTRY, LEAF),
        fetch[OWNER] + quoted[MINISTRY]: statement(OWNER, MINISTRY),
        **changes,
    }


def resolved(at, subject=LEAF, anchors=ANCHORS, bounds=Bounds()):  # noqa: B008 - frozen
    asked = []

    async def fetch(address):
        asked.append(address)
        return at.get(address)

    try:
        found = asyncio.run(resolve_chain(subject, anchors, fetch, NOW, bounds))
    except TokenError as error:
        return error.reason, asked
    return [one.iss for one in found.statements], asked


def test_a_chain_is_found_by_the_hints():
    found, asked = resolved(published())

    assert found == [LEAF, MINISTRY, OWNER, OWNER]
    assert len(asked) == 5


def test_nothing_is_found_beyond_the_bounds():
    assert resolved(published(), bounds=Bounds(requests=3))[0] == "BOUNDS_EXCEEDED"
    assert resolved(published(), bounds=Bounds(characters=1000))[0] == "BOUNDS_EXCEEDED"
    assert resolved(published(), bounds=Bounds(depth=1))[0] == "NO_CHAIN"


def test_entities_that_name_each_other_end_the_search():
    ring = published(**{well_known(OWNER): configuration(OWNER, authority_hints=[LEAF, MINISTRY])})

    found, asked = resolved(ring, anchors={FOREIGN: keys(FOREIGN)})

    assert found == "NO_CHAIN"
    assert len(asked) == 5


def test_a_superior_that_is_not_there_is_passed_over():
    more = published(**{well_known(LEAF): configuration(LEAF, authority_hints=[FOREIGN, MINISTRY])})

    assert resolved(more)[0] == [LEAF, MINISTRY, OWNER, OWNER]


def test_an_endpoint_on_another_host_is_not_asked():
    elsewhere = {"federation_entity": {"federation_fetch_endpoint": f"{FOREIGN}/fetch"}}
    found, asked = resolved(published(**{well_known(MINISTRY): configuration(MINISTRY, metadata=elsewhere)}))

    assert found == "FOREIGN_ENDPOINT"
    assert not any(address.startswith(FOREIGN) for address in asked)
