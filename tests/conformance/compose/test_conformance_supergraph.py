"""The published supergraph is what stock libraries compose, and their public schema is ours."""

import json
import re

import pytest
from compose_tools import ADDRESSES, HERE, PUBLISHED, versions
from graphql import build_schema, lexicographic_sort_schema, print_schema
from graphql.language import Visitor, parse, print_ast, visit
from library_services import SDL as LIBRARY
from publish import subgraphs

from gateway.compose.schema import compose

pytestmark = pytest.mark.conformance

LIBRARY_ADDRESSES = {name: f"http://{name}.example/graphql" for name in LIBRARY}


@pytest.fixture(scope="module", params=["goodstanding", "library"])
def composed(request, compose_tools):
    """Subgraphs, and what both libraries make of them."""
    if request.param == "library":
        return LIBRARY, compose_tools.compose(LIBRARY, LIBRARY_ADDRESSES)
    return subgraphs(), compose_tools.compose(subgraphs(), ADDRESSES)


@pytest.mark.parametrize(
    ("library", "forgotten"), [("@theguild/federation-composition", ""), ("@apollo/composition", " @oneOf")]
)
def test_a_stock_library_makes_the_same_public_schema(composed, library, forgotten):
    """Apollo's does not know @oneOf and leaves it out of the supergraph; the other one, whose we publish, keeps it."""
    sdl, made = composed
    result = made["libraries"][library]
    assert result["errors"] == []
    assert bare(result["api"]) == bare(compose(sdl).sdl).replace(forgotten or "\0", "")


def test_the_published_supergraph_is_that_of_the_services(compose_tools):
    made = compose_tools.compose(subgraphs(), ADDRESSES)["supergraph"]
    assert made == PUBLISHED.read_text("utf-8"), "compose it anew: python tests/conformance/compose/publish.py"


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", ".npmrc"])
def test_the_lock_names_no_address(name):
    text = (HERE / "node" / name).read_text("utf-8")
    assert not re.search(r"https?://|\"resolved\"|\"funding\"", text)


def test_every_package_is_pinned_to_a_hash():
    lock = json.loads((HERE / "node" / "package-lock.json").read_text("utf-8"))
    assert lock["packages"][""]["dependencies"] == versions()
    assert all(entry["integrity"].startswith("sha512-") for name, entry in lock["packages"].items() if name)


def bare(sdl):
    """A schema's types in one order, without descriptions and what only tells where a scalar is specified."""

    class Bare(Visitor):
        def enter(self, node, *_):
            if getattr(node, "description", None) is not None:
                return type(node)(**{key: getattr(node, key) for key in node.keys if key != "description"})
            return None

    return print_schema(lexicographic_sort_schema(build_schema(print_ast(visit(parse(sdl, no_location=True), Bare())))))
