"""Splitting an operation: under which conditions a service is asked, and with which variables."""

import pytest


class TestConditions:
    QUERY = """
        query($a: Boolean!, $b: Boolean!) {
          book(isbn: "b1") {
            title @include(if: $a)
            ...F @skip(if: $b)
            ... @include(if: $a) { ... on Thing @skip(if: $b) { id best2: label } author { fame } }
            rating @include(if: $a) @skip(if: $b)
          }
          desk @skip(if: $a) { open }
        }
        fragment F on Book { pages reviews @include(if: $a) { text book @skip(if: $a) { title } } }
    """

    @pytest.mark.parametrize("a", [True, False])
    @pytest.mark.parametrize("b", [True, False])
    async def test_on_fields_spreads_and_nested_fragments(self, composed, a, b):
        await composed.same(self.QUERY, {"a": a, "b": b})

    async def test_are_sent_along(self, composed):
        await composed.same(self.QUERY, {"a": True, "b": False})
        assert "@include(if: $a) { title }" in composed.seen("shelf")[0]
        assert composed.library.shelf.seen[0]["variables"] == {"a": True, "b": False}

    async def test_a_fetch_of_which_nothing_is_included_is_not_sent(self, composed):
        query = 'query($s: Boolean!) { book(isbn: "b1") { title rating @skip(if: $s) ... @skip(if: $s) { score } } }'
        await composed.same(query, {"s": True})
        assert composed.counts() == {"shelf": 1}
        await composed.same(query, {"s": False})
        assert composed.counts() == {"shelf": 2, "reviews": 1}

    async def test_a_service_all_of_whose_root_fields_are_skipped_is_not_asked(self, composed):
        await composed.same("query($s: Boolean!) { loans @skip(if: $s) { number } latest { id } }", {"s": True})
        assert composed.counts() == {"reviews": 1}

    async def test_constants_are_decided_when_planning(self, composed):
        got = await composed.same('{ book(isbn: "b1") { title rating @skip(if: true) score @include(if: false) } }')
        assert got == {"data": {"book": {"title": "Salt"}}}
        assert composed.counts() == {"shelf": 1}

    async def test_everything_skipped_leaves_an_empty_object(self, composed):
        query = 'query($s: Boolean!) { book(isbn: "b1") { rating @skip(if: $s) } }'
        assert await composed.same(query, {"s": True}) == {"data": {"book": {}}}
        assert await composed.same('{ book(isbn: "b1") { title @skip(if: true) } }') == {"data": {"book": {}}}
        assert await composed.same("{ desk @skip(if: true) { open } }") == {"data": {}}

    async def test_opposite_conditions_exclude_each_other(self, composed):
        query = 'query($s: Boolean!) { book(isbn: "b1") @skip(if: $s) { rating @include(if: $s) title } }'
        await composed.same(query, {"s": False})
        assert composed.counts() == {"shelf": 1}

    async def test_one_field_under_two_conditions(self, composed):
        query = """query($a: Boolean!, $b: Boolean!) {
            book(isbn: "b1") @include(if: $a) { title author { name } }
            book(isbn: "b1") @include(if: $b) { rating author { fame } } }"""
        for a in (True, False):
            for b in (True, False):
                await composed.same(query, {"a": a, "b": b})

    @pytest.mark.parametrize("variables", [{}, {"s": None}, {"s": "no"}])
    async def test_a_condition_without_a_value_is_refused(self, composed, variables):
        got = await composed.ask("query($s: Boolean!) { latest @skip(if: $s) { id } }", variables)
        assert [error["extensions"]["code"] for error in got["errors"]] == ["BAD_USER_INPUT"]
        assert composed.counts() == {}

    async def test_null_for_a_condition_with_a_default_is_refused(self, composed):
        query = "query($s: Boolean = true) { latest @skip(if: $s) { id } }"
        assert await composed.same(query) == {"data": {}}
        got = await composed.ask(query, {"s": None})
        assert got["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


class TestVariables:
    async def test_each_fetch_gets_only_its_own(self, composed):
        query = """query Q($isbn: ID!, $size: Int, $scale: Int!, $unused: Int) {
            book(isbn: $isbn) { label(size: $size) score(scale: $scale) } echo(numbers: [$unused]) }"""
        await composed.same(query, {"isbn": "b1", "size": 2, "scale": 3, "unused": 1})
        (shelf,), (reviews,) = composed.library.shelf.seen, composed.library.reviews.seen
        assert shelf["variables"] == {"isbn": "b1", "size": 2, "unused": 1}
        assert set(reviews["variables"]) == {"scale", "gw_representations"}
        assert "$isbn" not in reviews["query"]

    async def test_defaults_go_along_in_the_declaration(self, composed):
        query = (
            'query($scale: Int = 3, $size: Int! = 2) { book(isbn: "b1") { score(scale: $scale) label(size: $size) } }'
        )
        got = await composed.same(query)
        assert got["data"]["book"] == {"score": 13, "label": "SaltSalt"}
        assert "$scale: Int = 3" in composed.seen("reviews")[0]
        assert composed.library.reviews.seen[0]["variables"].keys() == {"gw_representations"}

    async def test_nested_in_lists_and_inputs(self, composed):
        query = """query($w: String!, $n: Int, $t: String!, $f: BookFilter) {
            books(filter: {titles: ["Salt", $t], also: {minPages: $n, also: $f}}) { reviews(tags: [{word: $w, weight: $n}]) { id } }
            desk { open } }"""
        await composed.same(query, {"w": "r", "n": 1, "t": "Iron", "f": {"titles": ["x"]}})
        assert set(composed.library.reviews.seen[0]["variables"]) == {"w", "n", "gw_representations"}
        assert set(composed.library.shelf.seen[0]["variables"]) == {"t", "n", "f"}

    @pytest.mark.parametrize(
        ("variables", "told"),
        [({}, "{}"), ({"t": None}, "{text:None}"), ({"t": "x"}, "{text:x}"), ({"n": None}, "{numbers:None}")],
    )
    async def test_null_is_not_absent(self, composed, variables, told):
        query = "query($t: String, $n: [Int]) { echo(text: $t, numbers: $n) desk { open } }"
        assert (await composed.same(query, variables))["data"]["echo"] == told

    async def test_null_within_an_input_is_not_absent(self, composed):
        query = "query($n: Int) { echo(filter: {minPages: $n, style: PLAIN}) desk { open } }"
        assert (await composed.same(query, {}))["data"]["echo"] == "{filter:{style:PLAIN}}"
        assert (await composed.same(query, {"n": None}))["data"]["echo"] == "{filter:{minPages:None,style:PLAIN}}"

    async def test_enums_floats_and_texts_arrive_as_they_were(self, composed):
        query = "query($s: Style, $t: String) { echo(style: $s, text: $t) desk { open } }"
        got = await composed.same(query, {"s": "LOUD", "t": 'q"\\u0041\n☃ }'})
        assert got["data"]["echo"].startswith("{style:LOUD,text:q")

    async def test_block_strings_and_literals_survive(self, composed):
        await composed.same('{ echo(text: """a "b"\n  c""", numbers: [1, null, -3]) desk { open } }')

    @pytest.mark.parametrize("variables", [{}, {"isbn": None}, {"isbn": ["b1"]}, {"isbn": {}}])
    async def test_that_do_not_fit_are_refused_before_anything_is_asked(self, composed, variables):
        response = await composed.respond("query($isbn: ID!) { book(isbn: $isbn) { title rating } }", variables)
        assert not response.ran
        assert "data" not in response.payload
        assert composed.counts() == {}

    async def test_undeclared_ones_go_nowhere(self, composed):
        await composed.ask("query($i: ID!) { book(isbn: $i) { title } }", {"i": "b1", "other": "secret"})
        assert composed.library.shelf.seen[0]["variables"] == {"i": "b1"}
