"""Splitting an operation: what each service is asked, and by which names."""

import pytest
from composed_library import COMPOSITION, entities_in
from graphql import get_introspection_query

from gateway.compose.cache import LastUsed
from gateway.compose.execute import Executor, Operation
from gateway.compose.prepare import CACHED, Refusal
from gateway.guards.limits import DocumentLimits


class TestPrivateAliases:
    async def test_the_key_of_a_join_does_not_meet_a_client_s_alias(self, composed):
        got = await composed.same('{ book(isbn: "b1") { isbn: title rating } }')
        assert got == {"data": {"book": {"isbn": "Salt", "rating": 4.5}}}

    async def test_a_key_the_client_asks_for_under_another_name(self, composed):
        got = await composed.same('{ book(isbn: "b1") { number: isbn title: rating rating: title } }')
        assert got == {"data": {"book": {"number": "b1", "title": 4.5, "rating": "Salt"}}}

    async def test_typename_may_be_any_name(self, composed):
        query = '{ node(id: "b1") { id: __typename ... on Book { __typename: title kind: __typename } } }'
        got = await composed.same(query)
        assert got == {"data": {"node": {"id": "Book", "__typename": "Salt", "kind": "Book"}}}

    async def test_a_client_that_guesses_the_private_names_gets_others(self, composed):
        got = await composed.same('{ book(isbn: "b1") { gw_Book_isbn: title gw_typename: pages rating } }')
        assert got == {"data": {"book": {"gw_Book_isbn": "Salt", "gw_typename": 120, "rating": 4.5}}}
        assert "ggw_Book_isbn: isbn" in composed.seen("shelf")[0]

    async def test_no_private_name_is_in_an_answer(self, composed):
        response = await composed.respond(
            "{ things { ... on Book { rating } } latest { about { __typename } book { title } } }"
        )
        assert "gw_" not in str(response.payload)


class TestResponseKeys:
    async def test_one_key_with_other_arguments_on_disjoint_types(self, composed):
        query = "{ things { ... on Book { x: label(size: 2) } ... on Author { x: label(style: LOUD) } ... on Map { x: label } } }"
        got = await composed.same(query)
        assert [thing and thing["x"] for thing in got["data"]["things"]][:4] == ["SaltSalt", "Map", None, "ADA RAI"]

    async def test_one_key_for_fields_of_different_services_on_disjoint_types(self, composed):
        got = await composed.same("{ things { ... on Book { x: score(scale: 2) } ... on Author { x: fame } } }")
        assert got["data"]["things"][:4] == [{"x": 9}, {}, None, {"x": 7}]

    async def test_one_key_leads_to_different_joins_on_disjoint_types(self, composed):
        query = """{ latest(first: 9) { about { ... on Book { x: best { text } } ... on Author { x: books { rating } } } } }"""
        await composed.same(query.replace("x: books", "y: books"))

    async def test_fields_merge_across_fragments(self, composed):
        query = """
            { book(isbn: "b1") { author { name } ...A ... on Book { author { fame } best { id } } } }
            fragment A on Book { author { born ... on Author { quotes(first: 1) } } ...B }
            fragment B on Book { best { text } }
        """
        got = await composed.same(query)
        assert list(got["data"]["book"]["author"]) == ["name", "born", "quotes", "fame"]
        assert composed.counts() == {"shelf": 1, "reviews": 2}

    async def test_the_order_is_the_client_s_whoever_answers_first(self, composed):
        composed.library.shelf.delay = 0.05
        got = await composed.same("{ desk { open } books { rating title } latest { id } }")
        assert list(got["data"]) == ["desk", "books", "latest"]

    async def test_the_order_is_that_of_what_is_included(self, composed):
        query = 'query($s: Boolean!) { book(isbn: "b1") { rating @skip(if: $s) title rating } }'
        for skip, order in ((True, ["title", "rating"]), (False, ["rating", "title"])):
            got = await composed.same(query, {"s": skip})
            assert list(got["data"]["book"]) == order

    async def test_the_same_field_twice_is_asked_once(self, composed):
        await composed.same('{ book(isbn: "b1") { title rating title rating ... { rating } } }')
        assert composed.seen("shelf") == ['query { book(isbn: "b1") { title gw_Book_isbn: isbn } }']


class TestAbstractTypes:
    async def test_a_service_is_asked_for_the_types_it_has(self, composed):
        await composed.same("{ latest(first: 9) { about { __typename ... on Node { id } ... on Thing { label } } } }")
        assert "Node" not in str(composed.seen("reviews"))
        assert "Thing" not in str(composed.seen("shelf"))

    async def test_a_fragment_on_an_interface_one_service_does_not_know(self, composed):
        query = 'query { book(isbn: "b1") { ... on Node { id ... on Book { rating ... on Thing { label } } } reviews { book { ... on Node { id } } } } }'
        got = await composed.same(query)
        assert got["data"]["book"]["rating"] == 4.5

    async def test_typename_alone(self, composed):
        assert await composed.same("{ __typename }") == {"data": {"__typename": "Query"}}
        assert composed.counts() == {}
        got = await composed.same("{ found { __typename } things { kind: __typename } latest { book { __typename } } }")
        assert [each["__typename"] for each in got["data"]["found"]] == ["Author", "Book", "Map", "Book"]

    async def test_typename_twice_and_with_conditions(self, composed):
        query = 'query($s: Boolean!) { node(id: "a1") { a: __typename @skip(if: $s) __typename b: __typename @include(if: $s) } }'
        assert await composed.same(query, {"s": True}) == {"data": {"node": {"__typename": "Author", "b": "Author"}}}

    async def test_fragments_that_never_apply(self, composed):
        query = '{ node(id: "b1") { ... on Author { fame } } found { ... on Thing { ... on Map { scale } } ... on Node { __typename @skip(if: true) } } }'
        got = await composed.same(query)
        assert got["data"] == {"node": {}, "found": [{}, {}, {"scale": 25000}, {}]}

    async def test_joins_below_one_type_of_several(self, composed):
        query = "{ things { ... on Author { books(first: 1) { rating } } ... on Book { author { name fame } } } }"
        await composed.same(query.replace("fame", "quotes"))


class TestIntrospection:
    async def test_beside_other_fields(self, composed):
        query = "query($n: String!) { __schema { queryType { name } } t: __type(name: $n) { kind name } latest(first: 1) { id } }"
        got = await composed.same(query, {"n": "Book"})
        assert got["data"]["t"] == {"kind": "OBJECT", "name": "Book"}
        assert composed.counts() == {"reviews": 1}

    async def test_alone_asks_nobody(self, composed):
        got = await composed.same(get_introspection_query())
        assert {"Book", "Review", "Loan"} <= {each["name"] for each in got["data"]["__schema"]["types"]}
        assert composed.counts() == {}

    async def test_can_be_switched_off(self):
        executor = Executor(COMPOSITION, {}, DocumentLimits(), introspection=False)
        refused = executor.prepare(Operation('{ latest { id } __type(name: "Book") { kind } }'))
        assert isinstance(refused, Refusal)
        assert refused.errors[0]["extensions"]["code"] == "INTROSPECTION_OFF"

    @pytest.mark.parametrize("field", ["_service { sdl }", "_entities(representations: []) { __typename }"])
    async def test_the_machinery_of_federation_cannot_be_reached(self, composed, field):
        got = await composed.ask(f"{{ {field} latest {{ id }} }}")
        assert {error["extensions"]["code"] for error in got["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}
        assert composed.counts() == {}

    @pytest.mark.parametrize("name", ["_Entity", "_Any", "_Service"])
    async def test_nor_seen(self, composed, name):
        got = await composed.ask(f'{{ __type(name: "{name}") {{ name }} }}')
        assert got == {"data": {"__type": None}}


class TestWholeDocuments:
    async def test_one_service_gets_the_client_s_own_document(self, composed):
        query = "query Late($n: Int) { latest(first: $n) { ...R } } fragment R on Review { id\n text }"
        response = await composed.respond(query, {"n": 1}, name="Late")
        assert isinstance(response.payload, bytes)
        (seen,) = composed.library.reviews.seen
        assert (seen["query"], seen["variables"], seen["operationName"]) == (query, {"n": 1}, "Late")

    @pytest.mark.parametrize(
        "query",
        [
            '{ node(id: "b1") { id } }',  # an abstract type needs __typename
            "{ latest { id } loans @skip(if: true) { number } }",  # the service does not know loans
            "{ desk { books { isbn ... on Node { __typename } } } }",  # the service does not know Node
        ],
    )
    async def test_not_where_something_has_to_be_added_or_left_out(self, composed, query):
        response = await composed.respond(query)
        assert isinstance(response.payload, dict)
        await composed.same(query)

    async def test_an_answer_not_marked_free_of_errors_is_completed(self, composed):
        response = await composed.respond('{ book(isbn: "b5") { title broken } }')
        assert response.payload["data"] == {"book": {"title": "Clay", "broken": None}}

    async def test_only_the_operation_that_runs_is_sent(self, composed):
        query = "query A { latest { ...R } } query B { loans { number } } fragment R on Review { id }"
        await composed.ask(query, name="B")
        assert composed.counts() == {"desk": 1}
        assert "latest" not in composed.seen("desk")[0]

    async def test_the_token_goes_along_with_every_fetch(self, composed):
        await composed.respond('{ book(isbn: "b1") { title rating } loans { number } }', authorization="Bearer x")
        for name in ("shelf", "reviews", "desk"):
            assert composed.library.services[name].seen[0]["headers"]["authorization"] == "Bearer x"


class TestRepeatedSelections:
    async def test_are_written_once(self, composed):
        query = """{ a: book(isbn: "b1") { ...F } b: book(isbn: "b2") { ...F } things { ...F } }
            fragment F on Book { title pages author { name born } rating best { text stars book { title } } }"""
        await composed.same(query)
        (text,) = [each for each in composed.seen("shelf") if "a: book" in each]
        assert text.count("born") == 1
        assert text.count("...gw_") == 3

    async def test_under_other_conditions_are_not_the_same(self, composed):
        query = """query($s: Boolean!) { a: book(isbn: "b1") { ...F } b: book(isbn: "b2") @skip(if: $s) { ...F } rating: latest { id } }
            fragment F on Book { title pages author { name born @skip(if: $s) } related { title pages } }"""
        for skip in (True, False):
            await composed.same(query, {"s": skip})

    async def test_a_text_cannot_pose_as_one(self, composed):
        got = await composed.same(r'{ echo(text: "\u00000;\u00010; gw_0 \u0067w_0") desk { open } }')
        assert "\x000;" in got["data"]["echo"]
        got = await composed.ask('{ echo(text: """\x000;""") desk { open } }')
        assert got["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"

    async def test_a_page_of_aliases_stays_within_what_a_service_reads(self, composed):
        books = " ".join(f'x{number}: book(isbn: "b1") {{ ...F }}' for number in range(90))
        await composed.same(
            f"{{ {books} }} fragment F on Book {{ isbn title pages author {{ id name born }} related {{ isbn title }} rating }}"
        )
        assert len(composed.seen("shelf")[0]) < 4_000


class TestMutations:
    async def test_run_one_after_another_each_with_its_joins(self, composed):
        query = """mutation {
            a: add(isbn: "n1") { title rating }  p: praise(isbn: "b1") { book { title reviews(first: 9) { id } } }
            lend(isbn: "b1") { number book { title } }  b: add(isbn: "n2", title: "New") { title } }"""
        await composed.same(query)
        assert composed.library.world.acts == ["add n1", "praise b1", "lend b1", "add n2"]
        assert max(service.most_running for service in composed.library.services.values()) == 1

    async def test_of_one_service_go_there_whole(self, composed):
        await composed.same('mutation { add(isbn: "n1") { title } shout(text: "x") }')
        assert composed.counts() == {"shelf": 1}

    async def test_a_failed_one_does_not_stop_the_next(self, composed):
        query = 'mutation { shout(text: "a") p: praise(isbn: "b1") { id } lend(isbn: "b2") { number } }'
        composed.library.shelf.instead = lambda _: 1 / 0
        got = await composed.ask(query)
        assert got["data"] == {"shout": None, "p": {"id": "r6"}, "lend": {"number": 5}}

    async def test_none_runs_behind_a_failed_one_whose_answer_is_lost(self, composed):
        query = 'mutation { a: add(isbn: "b1") { title } p: praise(isbn: "b1") { id } lend(isbn: "b2") { number } }'
        got = await composed.same(query)
        assert got["data"] is None
        assert composed.library.world.acts == ["add b1"]

    async def test_are_never_sent_again(self, composed):
        composed.library.reviews.instead = lambda _: 1 / 0
        await composed.ask('mutation { shout(text: "x") praise(isbn: "b1") { id } }')
        assert composed.counts() == {"reviews": 1, "shelf": 1}

    async def test_what_is_read_after_one_sees_it(self, composed):
        query = 'mutation { praise(isbn: "b2", text: "Yes.") { book { title reviews(first: 9) { text } } } shout(text: "x") }'
        got = await composed.same(query)
        assert {"text": "Yes."} in got["data"]["praise"]["book"]["reviews"]

    async def test_skipped_ones_do_nothing(self, composed):
        await composed.same(
            'mutation($s: Boolean!) { shout(text: "x") @skip(if: $s) lend(isbn: "b1") { number } }', {"s": True}
        )
        assert composed.library.world.acts == ["lend b1"]


class TestQueriesRunTogether:
    async def test_what_is_independent_is_asked_at_the_same_time(self, composed):
        for service in composed.library.services.values():
            service.delay = 0.05
        await composed.same('{ book(isbn: "b1") { rating author { fame } } }')
        assert composed.library.reviews.most_running == 2


class TestPlanCache:
    def test_is_keyed_by_document_and_operation_name(self, composed):
        query = "query A { latest { id } } query B { loans { number } }"
        first, second = (composed.executor.prepare(Operation(query, name)) for name in "AB")
        assert first.plan.fetches[0].subgraph == "reviews"
        assert second.plan.fetches[0].subgraph == "desk"
        assert composed.executor.prepare(Operation(query, "A")) is first

    def test_does_not_depend_on_variables(self, composed):
        query = "query($n: Int) { latest(first: $n) { id } }"
        one, two = (composed.executor.prepare(Operation(query, None, {"n": n})) for n in (1, 2))
        assert one is two

    def test_keeps_refusals(self, composed):
        assert composed.executor.prepare(Operation("{ nothing }")) is composed.executor.prepare(
            Operation("{ nothing }")
        )

    def test_is_bounded(self, composed):
        first = composed.executor.prepare(Operation("{ a0: __typename }"))
        filler = "#" + "x" * (CACHED // 4) * 10
        for number in range(5):
            composed.executor.prepare(Operation(f"{{ b{number}: __typename }} {filler}"))
        assert composed.executor.prepare(Operation("{ a0: __typename }")) is not first

    def test_keeps_what_was_used_last(self):
        cache = LastUsed(10)
        for key in "abc":
            cache.keep(key, key.upper(), 4)
        assert [cache.get(key) for key in "abc"] == [None, "B", "C"]
        cache.get("b")
        cache.keep("d", "D", 4)
        cache.keep("e", "E", 11)
        assert [cache.get(key) for key in "bcde"] == [None, None, None, None]

    def test_a_plan_that_grows_beyond_bounds_is_refused(self, composed, monkeypatch):
        monkeypatch.setattr("gateway.compose.document.MAX_FIELDS", 8)
        refused = composed.executor.prepare(Operation("{ things { id label } found { ... on Thing { id label } } }"))
        assert refused.errors[0]["extensions"]["code"] == "TOO_LARGE"

    async def test_entities_are_asked_for_by_their_type(self, composed):
        await composed.same('{ book(isbn: "b1") { rating } }')
        assert entities_in(composed.seen("reviews")[0]) == "... on Book { rating }"
