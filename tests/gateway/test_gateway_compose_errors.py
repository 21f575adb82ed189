"""Services that fail, answer late, too much or nonsense, and say more than a client may read."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

import pytest
from composed_library import Composed
from library_services import answer
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway.compose.complete import MAX_ERRORS
from gateway.compose.faults import MAX_MESSAGE, UNAVAILABLE, VEILED
from gateway.compose.services import Remote
from gateway.upstream import over_http

FAILED = "UPSTREAM_FAILED"


def codes(got):
    return [(error["path"], error["extensions"]["code"]) for error in got.get("errors", ())]


class TestAFetchThatFails:
    async def test_leaves_its_siblings_standing(self, composed):
        composed.library.reviews.instead = lambda _: 1 / 0
        got = await composed.ask(
            '{ book(isbn: "b1") { title rating best { id } } review(id: "r1") { id } loans { number } }'
        )
        assert got["data"]["book"] == {"title": "Salt", "rating": None, "best": None}
        assert len(got["data"]["loans"]) == 4
        assert codes(got) == [(["book", "rating"], FAILED), (["book", "best"], FAILED), (["review"], FAILED)]

    async def test_propagates_where_its_fields_must_not_be_null(self, composed):
        composed.library.reviews.instead = lambda _: 1 / 0
        got = await composed.ask('{ a: book(isbn: "b1") { title score } loans { number } }')
        assert got["data"]["a"] is None
        assert codes(got) == [(["a", "score"], FAILED)]
        got = await composed.ask("{ latest { id } loans { number } }")
        assert got["data"] is None

    async def test_joins_nothing(self, composed):
        composed.library.desk.instead = lambda _: 1 / 0
        response = await composed.respond("{ desk { books { title } } }")
        assert composed.counts() == {"desk": 1}
        assert response.failed

    async def test_with_data_left_is_no_failure_of_the_request(self, composed):
        composed.library.reviews.instead = lambda _: 1 / 0
        assert not (await composed.respond('{ book(isbn: "b1") { title rating } }')).failed

    async def test_is_not_sent_again(self, composed):
        composed.library.reviews.instead = lambda _: JSONResponse({}, 503, {"Retry-After": "0"})
        await composed.ask('{ book(isbn: "b1") { rating } }')
        assert composed.counts() == {"shelf": 1, "reviews": 1}


NONSENSE = {
    "html": lambda _: PlainTextResponse("<html>secret</html>", media_type="text/html"),
    "500": lambda _: JSONResponse({"error": "secret row 7"}, 500),
    "garbage": lambda _: Response(b"\xff\xfe\x00secret", media_type="application/json"),
    "cut off": lambda _: Response(b'{"data": {"secret": 1', media_type="application/json"),
    "no media type": lambda _: Response(b'{"data": {}}'),
    "a list": lambda _: JSONResponse([1]),
    "null": lambda _: JSONResponse(None),
    "empty": lambda _: JSONResponse({}),
    "data a list": lambda _: JSONResponse({"data": ["secret"]}),
    "errors a text": lambda _: JSONResponse({"data": None, "errors": "secret"}),
    "an error without a message": lambda _: JSONResponse({"data": {}, "errors": [{"secret": 1}]}),
    "too much": lambda _: JSONResponse({"data": {"x": "y" * (9 * 1024 * 1024)}}),
    "too deep": lambda _: PlainTextResponse("[" * 100_000, media_type="application/json"),
    "no number": lambda _: Response(b'{"data": {"review": {"id": NaN}}}', media_type="application/json"),
    "no end of a number": lambda _: Response(b'{"data": {"review": {"id": 1e999}}}', media_type="application/json"),
    "not utf-8": lambda _: Response('{"data": {"secret": "é"}}'.encode("latin-1"), media_type="application/json"),
    "nothing": lambda _: Response(b"", media_type="application/json"),
    "redirect": lambda _: Response(status_code=307, headers={"Location": "http://elsewhere.invalid/"}),
    "problem": lambda _: JSONResponse({"title": "secret"}, 401, media_type="application/problem+json"),
    "crash": lambda _: 1 / 0,
}


async def drip(writer):
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(writer):
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def hang_up(writer):
    writer.write(b'9\r\n{"data": {\r\n')
    await writer.drain()


ENDLESS = {"byte by byte, for ever": drip, "for ever, as fast as it can": flood, "and hangs up half way": hang_up}


@asynccontextmanager
async def serving(body):
    """A service on a port that begins a JSON answer and goes on as told."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(OSError):
            await body(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class TestAServiceThatAnswersNonsense:
    @pytest.mark.parametrize("how", NONSENSE)
    @pytest.mark.parametrize(
        ("query", "paths"),
        [
            ('{ book(isbn: "b1") { title rating } }', [["book", "rating"]]),
            ('{ review(id: "r1") { id } }', [["review"]]),
            ('{ review(id: "r1") { book { title } } loans { number } }', [["review"]]),
        ],
        ids=["joined", "whole", "beside another"],
    )
    async def test_fails_where_it_was_asked(self, composed, how, query, paths):
        composed.library.reviews.instead = NONSENSE[how]
        got = await composed.ask(query)
        assert codes(got) == [(path, FAILED) for path in paths]
        assert {error["message"] for error in got["errors"]} == {UNAVAILABLE.message}
        assert "secret" not in str(got)

    async def test_too_late(self):
        composed = Composed(timeout=0.05)
        composed.library.reviews.delay = 5
        got = await composed.ask('{ book(isbn: "b1") { title rating } }')
        assert got["data"] == {"book": {"title": "Salt", "rating": None}}
        assert codes(got) == [(["book", "rating"], FAILED)]
        await composed.close()

    @pytest.mark.parametrize("how", ENDLESS)
    async def test_that_does_not_stop_answering(self, composed, how):
        async with serving(ENDLESS[how]) as address:
            composed.executor._services["reviews"] = Remote("reviews", over_http(address), timeout=1)
            got = await composed.ask('{ book(isbn: "b1") { title rating } }')
        assert got["data"] == {"book": {"title": "Salt", "rating": None}}
        assert codes(got) == [(["book", "rating"], FAILED)]

    async def test_that_cannot_be_reached(self, composed):
        composed.executor._services["reviews"] = Remote("reviews", over_http("http://127.0.0.1:9"))
        got = await composed.ask('{ book(isbn: "b1") { title rating } }')
        assert codes(got) == [(["book", "rating"], FAILED)]


class TestDataOfAnotherShape:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", 7), ("title", None), ("title", {}), ("title", ["x"]), ("pages", "many"), ("pages", 1.5), ("pages", True),
            ("pages", 2**31), ("author { name }", None), ("author { name }", "Ada"), ("author { name }", []),
            ("related { title }", None), ("related { title }", {}), ("related { title }", [None]), ("related { title }", ["x"]),
            ("grid { title }", [{}]), ("broken", 0), ("isbn", 1.5), ("isbn", True),
        ],
        ids=str,
    )  # fmt: skip
    async def test_is_null_and_an_error_there(self, composed, field, value):
        name = field.split()[0]
        composed.library.shelf.instead = lambda _: JSONResponse({"data": {"book": {name: value}}})
        got = await composed.ask(f'{{ book(isbn: "b1") {{ {field} }} }}')
        assert {code for _, code in codes(got)} == {"UPSTREAM_INVALID"}
        assert all(path[:2] == ["book", name] for path, _ in codes(got))
        nullable = name in ("pages", "grid", "broken")
        assert got["data"]["book"] is None or nullable

    @pytest.mark.parametrize("typename", ["Review", "Nobody", "Node", None, 7, ["Book"]])
    async def test_an_object_of_a_type_that_cannot_stand_there(self, composed, typename):
        composed.library.shelf.instead = lambda _: JSONResponse(
            {"data": {"node": {"gw_typename": typename, "id": "b1"}}}
        )
        got = await composed.ask('{ node(id: "b1") { id } }')
        assert got["data"] == {"node": None}
        assert codes(got) == [(["node"], "UPSTREAM_INVALID")]

    async def test_ids_may_be_numbers(self, composed):
        composed.library.shelf.instead = lambda _: JSONResponse({"data": {"book": {"isbn": 7}}})
        assert (await composed.ask('{ book(isbn: "7") { isbn } }'))["data"] == {"book": {"isbn": "7"}}

    async def test_what_was_not_asked_for_is_not_shown(self, composed):
        data = {"book": {"title": "T", "secret": 1, "author": {"name": "N"}}, "secret": 2}
        composed.library.shelf.instead = lambda _: JSONResponse({"data": data})
        assert await composed.ask('{ book(isbn: "b1") { title } }') == {"data": {"book": {"title": "T"}}}


class TestErrorsOfAService:
    async def ask(self, composed, data, *errors, query='{ book(isbn: "b1") { title pages author { name } rating } }'):
        composed.library.shelf.instead = lambda _: JSONResponse({"data": data, "errors": list(errors)})
        composed.library.reviews.instead = lambda _: answer({"data": {"_entities": [{"rating": 1.0}]}})
        return await composed.ask(query)

    async def test_only_message_path_and_code_go_on(self, composed):
        error = {
            "message": "no", "path": ["book", "pages"], "locations": [{"line": 1, "column": 1}], "service": "shelf-7",
            "extensions": {"code": "X", "trace": "secret", "exception": {"stacktrace": ["secret"]}},
        }  # fmt: skip
        got = await self.ask(composed, {"book": {"title": "T", "pages": None, "author": {"name": "N"}}}, error)
        assert got["errors"] == [{"message": "no", "path": ["book", "pages"], "extensions": {"code": "X"}}]

    async def test_at_a_place_with_data_make_it_null(self, composed):
        error = {"message": "no", "path": ["book", "pages"]}
        got = await self.ask(composed, {"book": {"title": "T", "pages": 7, "author": {"name": "N"}}}, error)
        assert got["data"]["book"]["pages"] is None
        assert got["errors"] == [{"message": "no", "path": ["book", "pages"]}]

    async def test_keep_their_path_below_what_the_service_nulled(self, composed):
        got = await self.ask(composed, {"book": None}, {"message": "no", "path": ["book", "author", "name"]})
        assert got["errors"] == [{"message": "no", "path": ["book", "author", "name"]}]

    async def test_about_a_private_key_are_about_the_object(self, composed):
        got = await self.ask(composed, {"book": None}, {"message": "no", "path": ["book", "gw_Book_isbn"]})
        assert got["errors"] == [{"message": "no", "path": ["book"]}]

    async def test_about_a_key_that_is_null_are_about_what_is_joined_by_it(self, composed):
        data = {"book": {"title": "T", "pages": 1, "author": {"name": "N"}, "gw_Book_isbn": None}}
        got = await self.ask(composed, data, {"message": "no", "path": ["book", "gw_Book_isbn"]})
        assert got["data"]["book"]["rating"] is None
        assert got["errors"] == [{"message": "no", "path": ["book", "rating"]}]

    @pytest.mark.parametrize(
        "message", ["Cannot query field 'gw_Book_isbn'", "_entities failed", "bad representation 3", "type _Any is odd"]
    )
    async def test_messages_about_what_only_the_gateway_asked_are_replaced(self, composed, message):
        got = await self.ask(composed, None, {"message": message})
        assert got["errors"] == [{"message": VEILED, "path": ["book"]}]

    async def test_messages_are_cut(self, composed):
        got = await self.ask(composed, {"book": None}, {"message": "x" * 100_000, "path": ["book"]})
        assert len(got["errors"][0]["message"]) == MAX_MESSAGE

    @pytest.mark.parametrize(
        "path", [None, [], "book", ["other"], [0], [{}], ["book", {}], 7, ["book", "other"], ["book", 0]]
    )
    async def test_without_a_place_are_reported_without_a_path(self, composed, path):
        data = {"book": {"title": "T", "pages": 1, "author": {"name": "N"}, "gw_Book_isbn": "b1"}}
        got = await self.ask(composed, data, {"message": "no", "path": path})
        assert got["errors"] == [{"message": "no"}]
        assert got["data"]["book"]["rating"] == 1.0

    async def test_without_data_and_place_are_about_every_field_asked(self, composed):
        query = '{ a: book(isbn: "b1") { title } b: node(id: "b1") { id } loan(number: 1) { number } }'
        got = await self.ask(composed, None, {"message": "no", "extensions": {"code": "X"}}, query=query)
        assert got["data"] == {"a": None, "b": None, "loan": {"number": 1}}
        assert codes(got) == [(["a"], "X"), (["b"], "X")]

    async def test_about_entities_as_a_whole(self, composed):
        composed.library.reviews.instead = lambda _: JSONResponse(
            {"data": None, "errors": [{"message": "no", "path": ["_entities"]}]}
        )
        got = await composed.ask("{ books(first: 2) { title rating } }")
        assert [error["path"] for error in got["errors"]] == [["books", 0, "rating"], ["books", 1, "rating"]]

    @pytest.mark.parametrize("steps", [[7, "rating"], [-1, "rating"], ["x"], [True, "rating"], [0, "other"], []])
    async def test_about_an_entity_that_was_not_asked_for(self, composed, steps):
        error = {"message": "no", "path": ["_entities", *steps]}
        composed.library.reviews.instead = lambda _: JSONResponse(
            {"data": {"_entities": [{"rating": 2.0}]}, "errors": [error]}
        )
        got = await composed.ask('{ book(isbn: "b1") { title rating } }')
        assert got["data"]["book"]["rating"] == 2.0
        assert got["errors"] == [{"message": "no"}]

    async def test_are_bounded_in_number(self, composed):
        composed.library.shelf.instead = lambda _: JSONResponse({"data": {"books": [{"title": 1}] * 5_000}})
        composed.library.desk.instead = lambda _: JSONResponse(
            {"data": {"desk": None}, "errors": [{"message": "no", "path": ["desk", "open"]}] * 5_000}
        )
        got = await composed.ask("{ desk { open } books { title } }")
        assert len(got["errors"]) == MAX_ERRORS


class TestPassingOn:
    async def test_bytes_go_on_as_they_are(self, composed):
        body = b'{ "data" : {"latest":[]},"extensions":{"x":1}}'
        composed.library.reviews.instead = lambda _: Response(
            body, media_type="application/json", headers={"GraphQL-Errors": "none"}
        )
        assert (await composed.respond("{ latest { id } }")).payload == body

    @pytest.mark.parametrize(
        ("status", "media_type", "mark"),
        [(200, "application/json", "some"), (200, "application/json", None), (203, "application/json", "none")],
    )
    async def test_only_with_status_media_type_and_mark(self, composed, status, media_type, mark):
        headers = {"GraphQL-Errors": mark} if mark else {}
        data = json.dumps({"data": {"latest": []}, "errors": []})
        composed.library.reviews.instead = lambda _: Response(data, status, headers, media_type)
        assert (await composed.respond("{ latest { id } }")).payload == {"data": {"latest": []}}

    @pytest.mark.parametrize("media_type", ["text/html", "application/problem+json", None])
    async def test_never_of_another_media_type(self, composed, media_type):
        composed.library.reviews.instead = lambda _: Response("{}", 200, {"GraphQL-Errors": "none"}, media_type)
        assert (await composed.respond('{ review(id: "r1") { id } }')).payload["errors"][0][
            "message"
        ] == UNAVAILABLE.message

    async def test_a_join_is_never_passed_on(self, composed):
        response = await composed.respond('{ book(isbn: "b1") { rating } }')
        assert response.payload == {"data": {"book": {"rating": 4.5}}}
