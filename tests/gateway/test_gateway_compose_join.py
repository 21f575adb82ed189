"""Joining: representations, their order and number, what a service does not know, and lists of any depth."""

import pytest
from library_services import answer
from library_world import RATINGS

from gateway.compose.entities import MAX_REPRESENTATIONS


def representations(body):
    return body["variables"]["gw_representations"]


class TestRepresentations:
    async def test_hold_the_type_and_the_key_and_nothing_else(self, composed):
        await composed.same('{ book(isbn: "b1") { title pages rating author { name fame } } }')
        sent = [one for body in composed.library.reviews.seen for one in representations(body)]
        assert sorted(sent, key=str) == [{"__typename": "Author", "id": "a1"}, {"__typename": "Book", "isbn": "b1"}]

    async def test_nulls_are_not_represented(self, composed):
        got = await composed.same("{ loans { book { title } } shelves { rating } }")
        assert got["data"]["loans"][1] == {"book": None}
        sent = [
            one
            for name in ("shelf", "reviews")
            for body in composed.library.services[name].seen
            if "_entities" in body["query"]
            for one in representations(body)
        ]
        assert None not in sent
        assert all(one["isbn"] for one in sent)

    async def test_equal_ones_are_sent_once(self, composed):
        got = await composed.same("{ desk { books { title rating } } }")
        assert [book["title"] for book in got["data"]["desk"]["books"]] == ["Iron", "Iron", "Salt"]
        assert [one["isbn"] for one in representations(composed.library.shelf.seen[0])] == ["b2", "b1"]

    async def test_every_index_of_nested_lists_is_restored(self, composed):
        got = await composed.same(
            '{ shelves { isbn rating } book(isbn: "b1") { grid { title score } related { grid { rating } } } }'
        )
        assert [[book and book["rating"] for book in row] for row in got["data"]["shelves"]] == [
            [RATINGS["b1"], None], [], [None, RATINGS["b1"], None],
        ]  # fmt: skip
        assert got["data"]["book"]["grid"] == [
            [{"title": "Salt", "score": 45}, None, None],
            [],
            [{"title": "Salt", "score": 45}],
        ]

    async def test_many_go_in_several_requests(self, composed):
        many = MAX_REPRESENTATIONS + 7

        def shelf(body):
            if "_entities" in body["query"]:
                return answer({"data": {"_entities": [{"title": f"T{one['isbn']}"} for one in representations(body)]}})
            raise AssertionError(body)

        composed.library.shelf.instead = shelf
        books = [{"gw_Book_isbn": f"n{number}"} for number in range(many)]
        composed.library.desk.instead = lambda _: answer({"data": {"desk": {"books": books}}})
        got = await composed.ask("{ desk { books { title } } }")
        assert [book["title"] for book in got["data"]["desk"]["books"]] == [f"Tn{number}" for number in range(many)]
        assert sorted(len(representations(body)) for body in composed.library.shelf.seen) == [7, MAX_REPRESENTATIONS]

    async def test_without_entities_nothing_is_sent(self, composed):
        await composed.same(
            '{ loan(number: 2) { book { title rating } } node(id: "nobody") { ... on Book { rating } } }'
        )
        assert composed.counts() == {"desk": 1, "shelf": 1}

    @pytest.mark.parametrize("key", [None, {}, ["b1"]])
    async def test_a_key_that_is_none_is_not_sent(self, composed, key):
        composed.library.shelf.instead = lambda _: answer({"data": {"book": {"title": "T", "gw_Book_isbn": key}}})
        got = await composed.ask('{ book(isbn: "b1") { title rating } }')
        assert got == {"data": {"book": {"title": "T", "rating": None}}}
        assert composed.counts() == {"shelf": 1}

    async def test_a_join_in_a_join(self, composed):
        got = await composed.same('{ book(isbn: "b1") { reviews { book { author { quotes(first: 1) } } } } }')
        assert got["data"]["book"]["reviews"][1]["book"]["author"]["quotes"] == ["So it is."]
        assert composed.counts() == {"shelf": 2, "reviews": 2}


class TestAnAnswerOfTheWrongShape:
    @pytest.mark.parametrize(
        "entities",
        [[], [{"rating": 1.0}], [{"rating": 1.0}] * 3, None, {}, "x", [1, 2], [[], []], [{"rating": 1.0}, 7]],
        ids=str,
    )
    async def test_is_an_error_and_joins_nothing(self, composed, entities):
        composed.library.reviews.instead = lambda _: answer({"data": {"_entities": entities}})
        got = await composed.ask("{ books(first: 2) { title rating } }")
        assert got["data"]["books"] == [{"title": "Salt", "rating": None}, {"title": "Iron", "rating": None}]
        assert [(error["path"], error["extensions"]["code"]) for error in got["errors"]] == [
            (["books", 0, "rating"], "UPSTREAM_FAILED"), (["books", 1, "rating"], "UPSTREAM_FAILED"),
        ]  # fmt: skip


class TestAnEntityTheServiceDoesNotKnow:
    async def test_leaves_its_fields_null(self, composed):
        got = await composed.same('{ book(isbn: "b3") { title rating best { id } } }')
        assert got == {"data": {"book": {"title": "Glass", "rating": None, "best": None}}}

    async def test_nulls_the_object_where_a_field_must_not_be(self, composed):
        got = await composed.same('{ book(isbn: "b3") { title rating score } }')
        assert got["data"] == {"book": None}
        assert got["errors"][0]["path"] == ["book", "score"]

    async def test_nulls_one_item_of_a_list_that_may_hold_null(self, composed):
        got = await composed.same("{ shelves { title score } }")
        assert got["data"]["shelves"][2] == [None, {"title": "Salt", "score": 45}, None]
        assert got["errors"][0]["path"] == ["shelves", 2, 2, "score"]

    async def test_nulls_everything_through_lists_of_non_nulls(self, composed):
        got = await composed.same("{ books(first: 3) { title reviews { id } } }")
        assert got["data"] is None
        assert got["errors"][0]["path"] == ["books", 2, "reviews"]

    async def test_up_to_the_next_nullable_field_under_the_client_s_name(self, composed):
        got = await composed.same('{ salt: book(isbn: "b1") { t: title r: related { s: score } } }')
        assert got["data"] == {"salt": None}
        assert got["errors"][0]["path"] == ["salt", "r", 1, "s"]

    async def test_its_key_stands(self, composed):
        got = await composed.same("{ desk { lost { isbn pages } } }")
        assert got["data"]["desk"]["lost"] == [{"isbn": "b1", "pages": 120}, {"isbn": "b9", "pages": None}]


class TestAnEntityThatFails:
    async def test_is_an_error_at_each_of_its_fields(self, composed):
        got = await composed.same('{ book(isbn: "b4") { title r: rating b: best { id } } }')
        assert got["data"] == {"book": {"title": "Ash", "r": None, "b": None}}
        assert [(error["path"], error["message"]) for error in got["errors"]] == [
            (["book", "r"], "the reviews of b4 are being moved"), (["book", "b"], "the reviews of b4 are being moved"),
        ]  # fmt: skip

    async def test_propagates_through_what_must_not_be_null(self, composed):
        got = await composed.same(
            '{ a: book(isbn: "b4") { reviews { id } } b: book(isbn: "b3") { related { score } } }'
        )
        assert got["data"] == {"a": None, "b": None}
        assert [error["path"] for error in got["errors"]] == [["a", "reviews"], ["b", "related", 2, "score"]]

    async def test_everywhere_it_was_asked_for(self, composed):
        query = '{ x: book(isbn: "b4") { rating } y: books(first: 9) { z: rating } }'
        got = await composed.same(query)
        assert [error["path"] for error in got["errors"]] == [["x", "rating"], ["y", 3, "z"]]

    async def test_one_of_many_leaves_the_others(self, composed):
        got = await composed.same("{ books(first: 9) { rating } }")
        assert [book["rating"] for book in got["data"]["books"]] == [4.5, None, None, None, 1.0]
        assert len(got["errors"]) == 1


class TestAFieldOfAnEntityThatFails:
    async def test_is_an_error_at_the_client_s_path(self, composed):
        got = await composed.same('{ b: book(isbn: "b5") { w: worst { t: text } title } }')
        assert got["data"] == {"b": {"w": None, "title": "Clay"}}
        assert got["errors"] == [{"message": "no worst of b5", "path": ["b", "w"], "extensions": {"code": "WRONG"}}]

    async def test_that_nulls_the_entity_nulls_the_object(self, composed):
        got = await composed.same('{ book(isbn: "b5") { title rating other: score best { id } } }')
        assert got["data"] == {"book": None}
        assert [(error["path"], error["message"]) for error in got["errors"]] == [(["book", "other"], "no score of b5")]

    async def test_mapped_to_every_path_of_the_entity(self, composed):
        got = await composed.same(
            '{ book(isbn: "b5") { related { n: isbn w: worst { id } related { w: worst { id } } } } }'
        )
        assert [error["path"] for error in got["errors"]] == [
            ["book", "related", 0, "w"], ["book", "related", 0, "related", 0, "w"], ["book", "related", 0, "related", 1, "w"],
            ["book", "related", 1, "w"], ["book", "related", 1, "related", 0, "w"],
        ]  # fmt: skip

    async def test_below_a_join(self, composed):
        got = await composed.same(
            '{ book(isbn: "b1") { reviews { book { bad: worst { id } related { bad: worst { id } } } } } }'
        )
        assert ["book", "reviews", 1, "book", "related", 0, "bad"] in [error["path"] for error in got["errors"]]
