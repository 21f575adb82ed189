"""The operations of the differential test, by trap. Each is asked of three gateways over the same library.

What a case is compared by: the data, exactly and in its order; and the nulls that errors explain (GraphQL 6.4.4 lets a
server choose among several errors behind one null, and what it calls them is its own: messages and codes are not
compared).

`broken` puts something in the place of a service's answers. `differs` says where a stock engine answers otherwise, how,
and which section of a specification decides; a test fails when an engine stops doing so.
Sections are those of the GraphQL specification of October 2021 and of Apollo Federation's subgraph specification.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

HIVE, GRAFBASE = "Hive Gateway", "Grafbase"


class Outcome(StrEnum):
    """How an engine's answer stands to ours."""

    SAME = "same"
    ERRORS = "errors elsewhere"  # the same data; the errors explain other nulls
    DATA = "other data"


@dataclass(frozen=True)
class Differs:
    """Where a stock engine is known to answer otherwise; `why` cites what decides."""

    outcome: Outcome
    why: str


SILENT = Differs(
    Outcome.ERRORS,
    "GraphQL 6.4.4: a null for a field of Non-Null type is a field error. It nulls what is around and reports nothing.",
)
AT_OBJECT = Differs(
    Outcome.ERRORS,
    "GraphQL 7.1.2: an error's path leads to the response field which experienced it. It names the object around.",
)
OTHER_PATH = Differs(
    Outcome.ERRORS,
    "GraphQL 7.1.2: an error's path leads to the field which experienced it, with the index of each list item. It leaves "
    "the indices out, or gives all errors of a field asked for twice the path of the first.",
)
FIRST_ONLY = Differs(
    Outcome.ERRORS,
    "GraphQL 6.4.4: each field that an error makes null adds it to the errors. It reports the first only.",
)
KEY_ALIAS = Differs(
    Outcome.DATA,
    "GraphQL 5.3.2 and 6.3.2: a client may give any field any response key; a gateway's own selection must not meet it.",
)
KEY_SKIPPED = Differs(
    Outcome.DATA,
    "GraphQL 3.13.1: @skip leaves a field out of the response. It leaves the key out of its own selection, and joins nothing.",
)
MERGED = Differs(
    Outcome.DATA,
    "GraphQL 6.3.2: each occurrence of a field brings its selections under its own condition. It wants those of the other.",
)
SILENCE = Differs(
    Outcome.DATA,
    "GraphQL 5.5.2.3.3: a fragment on an interface is possible wherever an object implements it. Where the subgraph that "
    "answers the object does not know the interface, it never answers, nor anything else until it is started again.",
)
MISSING = Differs(
    Outcome.DATA, "GraphQL 6.3: a response has an entry for every field that was collected. It leaves one out."
)
UNCHECKED = Differs(
    Outcome.DATA,
    "GraphQL 5.3.2: fields of one response key have one type, so the document is refused. It sends it on.",
)


@dataclass(frozen=True)
class Case:
    """One operation."""

    trap: str
    query: str
    variables: Mapping[str, Any] | None = None
    broken: Mapping[str, Callable[..., Response]] = field(default_factory=dict)
    differs: Mapping[str, Differs] = field(default_factory=dict)  # engine -> how
    token: str | None = None  # the member who asks, where the services know members
    away: Sequence[str] = ()  # services that cannot be reached


def html(_body):
    return PlainTextResponse("<html>no</html>", 200, media_type="text/html")


def crash(_body):
    return JSONResponse({"error": "no"}, 500)


def garbage(_body):
    return Response(b"\xff{", media_type="application/json")


ALIASES = "private aliases"
KEYS = "response keys"
ABSENT = "keys absent or skipped"
CONDITIONS = "@skip and @include"
VARIABLES = "variables"
REPRESENTATIONS = "representations"
UNKNOWN = "entities unknown or failing"
PATHS = "entity error paths"
FAILED = "a fetch that fails"
ABSTRACT = "abstract types"
META = "introspection"
MUTATIONS = "mutations"

CASES = [
    # ---- the gateway's own names -----------------------------------------------------------------------------
    Case(ALIASES, '{ book(isbn: "b1") { isbn: title rating } }', differs={HIVE: KEY_ALIAS}),
    Case(ALIASES, '{ book(isbn: "b1") { number: isbn title: rating rating: title } }'),
    Case(ALIASES, '{ node(id: "b1") { id: __typename ... on Book { t: title rating } } }'),
    Case(ALIASES, "{ found { x: __typename ... on Book { y: __typename rating } ... on Author { z: id fame } } }"),
    Case(ALIASES, "{ loans { code: number isbn: book { number: isbn isbn: title } } }", differs={HIVE: KEY_ALIAS, GRAFBASE: SILENT}),
    Case(ALIASES, '{ book(isbn: "b5") { isbn: title rating: worst { id } title: rating } }', differs={HIVE: KEY_ALIAS}),
    Case(ALIASES, '{ book(isbn: "b1") { kind: __typename k: isbn again: isbn r: rating __typename } }'),
    Case(ALIASES, '{ review(id: "r1") { b: book { i: isbn t: title } a: about { ... on Book { i: isbn t: title } } } }'),
    Case(ALIASES, "{ desk { books { n: isbn isbn title } } }"),
    # ---- one response key --------------------------------------------------------------------------------------
    Case(KEYS, "{ things { ... on Book { x: label(size: 2) } ... on Map { x: label } } }"),
    Case(KEYS, "{ things { ... on Book { x: score(scale: 2) } ... on Map { y: scale } } books(first: 2) { x: score } }", differs={GRAFBASE: SILENT}),
    Case(KEYS, '{ book(isbn: "b1") { author { name } ...A author { fame } } } fragment A on Book { author { born ...B } } fragment B on Author { quotes(first: 1) }'),
    Case(KEYS, '{ book(isbn: "b1") { best { text } ... on Thing { id ... on Book { best { stars book { title } } } } } }'),
    Case(KEYS, '{ a: book(isbn: "b1") { title } a: book(isbn: "b1") { rating } b: book(isbn: "b2") { rating } }'),
    Case(KEYS, "{ books(first: 2) { reviews(first: 1) { id } ... { reviews(first: 1) { text stars } } } }"),
    # ---- keys nobody asked for, and keys that are skipped -------------------------------------------------------
    Case(ABSENT, '{ book(isbn: "b1") { rating } }'),
    Case(ABSENT, 'query($s: Boolean!) { book(isbn: "b1") { isbn @skip(if: $s) rating } }', {"s": True}, differs={HIVE: KEY_SKIPPED}),
    Case(ABSENT, 'query($s: Boolean!) { book(isbn: "b1") { ... on Book @include(if: $s) { isbn } author { id @include(if: $s) fame } } }', {"s": False}, differs={HIVE: KEY_SKIPPED}),
    Case(ABSENT, "{ latest(first: 9) { book { isbn @skip(if: true) rating } } }"),
    Case(ABSENT, "{ loan(number: 1) { book { title } reader { loans { book { pages } } } } }"),
    Case(ABSENT, "{ desk { lost { pages } } }"),
    Case(ABSENT, "{ books(first: 2) { author { fame } } }"),
    Case(ABSENT, "{ latest(first: 2) { about { ... on Author { name } ... on Book { pages } } } }"),
    # ---- conditions -------------------------------------------------------------------------------------------
    Case(CONDITIONS, 'query($s: Boolean!) { book(isbn: "b1") { title rating @skip(if: $s) ... @skip(if: $s) { score } } }', {"s": True}),
    Case(CONDITIONS, 'query($s: Boolean!, $i: Boolean!) { book(isbn: "b1") { ...F @include(if: $i) pages } } fragment F on Book { title rating @skip(if: $s) author @include(if: $i) { fame @skip(if: $s) name } }', {"s": False, "i": True}),
    Case(CONDITIONS, 'query($s: Boolean = true) { book(isbn: "b1") { title @skip(if: $s) best { id text @skip(if: $s) } } desk @skip(if: $s) { open } }'),
    Case(CONDITIONS, 'query($a: Boolean!, $b: Boolean!) { book(isbn: "b1") @include(if: $a) { title author { name } } book(isbn: "b1") @include(if: $b) { rating author { fame } } }', {"a": False, "b": True}, differs={GRAFBASE: MERGED}),
    Case(CONDITIONS, 'query($s: Boolean!) { book(isbn: "b1") { title ... on Thing @skip(if: $s) { ... on Book @include(if: $s) { rating } } } latest @include(if: $s) { id } }', {"s": True}),
    Case(CONDITIONS, 'query($s: Boolean!) { book(isbn: "b4") { title rating @skip(if: $s) best @include(if: $s) { id } } }', {"s": True}, differs={GRAFBASE: AT_OBJECT}),
    Case(CONDITIONS, 'query($s: Boolean!) { book(isbn: "b5") { w: worst @skip(if: $s) { id } b: broken @include(if: $s) title } }', {"s": False}),
    # ---- variables --------------------------------------------------------------------------------------------
    Case(VARIABLES, 'query($n: Int = 3, $m: Int! = 2) { book(isbn: "b1") { score(scale: $n) label(size: $m) } }'),
    Case(VARIABLES, 'query($w: String!, $n: Int, $t: String!) { books(filter: {titles: ["Salt", $t], also: {minPages: $n}}) { title reviews(tags: [{word: $w, weight: $n}]) { id } } }', {"w": "r", "n": 1, "t": "Iron"}),
    Case(VARIABLES, "query($t: String, $n: [Int]) { a: echo(text: $t, numbers: $n) b: echo(filter: {also: {titles: null}}) desk { open } }", {"t": None}),
    Case(VARIABLES, "query($f: BookFilter, $s: Style) { echo(filter: $f, style: $s) latest { id } }", {"f": {"titles": ["x"], "also": {"minPages": None}}, "s": "LOUD"}),
    Case(VARIABLES, "query($isbn: ID!, $first: Int, $isbn2: ID!) { book(isbn: $isbn) { reviews(first: $first) { id } } b: book(isbn: $isbn2) { rating } }", {"isbn": "b1", "first": 1, "isbn2": "b4"}, differs={GRAFBASE: AT_OBJECT}),
    Case(VARIABLES, "query($i: ID!, $n: Int) { book(isbn: $i) { broken worst { id } label(size: $n) } }", {"i": "b5"}),
    # ---- representations --------------------------------------------------------------------------------------
    Case(REPRESENTATIONS, "{ loans { number book { isbn rating pages } } }", differs={GRAFBASE: AT_OBJECT}),
    Case(REPRESENTATIONS, "{ shelves { isbn rating } }"),
    Case(REPRESENTATIONS, "{ desk { books { title rating author { fame } } } }"),
    Case(REPRESENTATIONS, '{ book(isbn: "b1") { grid { title score } related { grid { rating } } } }', differs={GRAFBASE: SILENT}),
    Case(REPRESENTATIONS, '{ loan(number: 2) { book { title rating } } node(id: "nobody") { id ... on Book { rating } } }'),
    Case(REPRESENTATIONS, "{ shelves { author { fame quotes(first: 1) } } }"),
    Case(REPRESENTATIONS, "{ books(first: 3) { isbn author { fame } } }"),
    Case(REPRESENTATIONS, '{ review(id: "r1") { book { title author { name fame } } } r: review(id: "r2") { book { author { id fame } } } }'),
    Case(REPRESENTATIONS, '{ a: book(isbn: "b1") { rating } b: book(isbn: "b1") { rating best { id } } c: book(isbn: "b2") { rating } }'),
    # ---- entities a service does not know, or fails for -----------------------------------------------------------
    Case(UNKNOWN, '{ book(isbn: "b3") { title rating best { id } } }', differs={GRAFBASE: MISSING}),
    Case(UNKNOWN, '{ book(isbn: "b3") { title score } }', differs={GRAFBASE: SILENT}),
    Case(UNKNOWN, "{ shelves { title score } }", differs={GRAFBASE: SILENT}),
    Case(UNKNOWN, "{ books(first: 3) { title reviews { id } } }", differs={GRAFBASE: SILENT}),
    Case(UNKNOWN, '{ book(isbn: "b4") { title rating } b: book(isbn: "b4") { title score } }', differs={GRAFBASE: AT_OBJECT}),
    Case(UNKNOWN, '{ a: book(isbn: "b1") { title related { score } } b: book(isbn: "b2") { title } }', differs={GRAFBASE: SILENT}),
    Case(UNKNOWN, "{ things { id ... on Book { score } ... on Author { fame } } }", differs={GRAFBASE: SILENT}),
    Case(UNKNOWN, "{ loan(number: 3) { book { isbn pages } } }"),
    Case(UNKNOWN, '{ book(isbn: "b3") { title best { id } } }'),
    Case(UNKNOWN, '{ review(id: "r5") { text book { isbn pages rating } } }'),
    Case(UNKNOWN, '{ node(id: "a3") { id ... on Author { name quotes } } }'),
    Case(UNKNOWN, "{ loans { number book { isbn pages } } }"),
    Case(UNKNOWN, '{ node(id: "b3") { id ... on Book { best { id } worst { id } } } }', differs={GRAFBASE: MISSING}),
    Case(UNKNOWN, '{ review(id: "r5") { id book { isbn broken } } loan(number: 3) { book { pages } } }'),
    # ---- where an error of an entity is ---------------------------------------------------------------------------
    Case(PATHS, '{ b: book(isbn: "b5") { w: worst { t: text } title } }'),
    Case(PATHS, '{ book(isbn: "b5") { title other: score } }'),
    Case(PATHS, '{ book(isbn: "b5") { related { n: isbn w: worst { id } } } }', differs={HIVE: OTHER_PATH}),
    Case(PATHS, "{ l: loans { b: book { s: score t: title } } }", differs={GRAFBASE: SILENT}),
    Case(PATHS, '{ book(isbn: "b1") { reviews { book { bad: worst { id } } } } }'),
    Case(PATHS, '{ x: book(isbn: "b4") { rating } y: books(first: 9) { z: rating } }', differs={HIVE: OTHER_PATH, GRAFBASE: AT_OBJECT}),
    Case(PATHS, '{ book(isbn: "b5") { broken title } }'),
    Case(PATHS, '{ a: book(isbn: "b5") { fragile } b: book(isbn: "b1") { fragile rating } }'),
    Case(PATHS, '{ node(id: "b5") { id ... on Book { w: worst { id } } } }'),
    Case(PATHS, "{ loan(number: 1) { book { bad: worst { id } title } } }"),
    Case(PATHS, '{ review(id: "r3") { b: book { broken worst { id } title } } }'),
    Case(PATHS, '{ a: book(isbn: "b5") { x: worst { id } } b: book(isbn: "b1") { x: worst { id } } }', differs={HIVE: OTHER_PATH}),
    Case(PATHS, '{ book(isbn: "b1") { best { book { author { name } w: worst { id } } } } }'),
    # ---- a fetch that fails ---------------------------------------------------------------------------------------
    Case(FAILED, '{ book(isbn: "b1") { title rating } loans { number } }', None, {"reviews": crash}),
    Case(FAILED, '{ book(isbn: "b1") { title score } loans { number } }', None, {"reviews": html}),
    Case(FAILED, '{ book(isbn: "b1") { title best { text } } r: review(id: "r1") { id } }', None, {"reviews": garbage}),
    Case(FAILED, "{ desk { open } latest { id } }", None, {"desk": crash}),
    Case(FAILED, '{ loan(number: 1) { number } review(id: "r1") { id book { title } } }', None, {"shelf": crash}),
    Case(FAILED, "{ loans { number book { pages } } }", None, {"shelf": html}, differs={GRAFBASE: FIRST_ONLY}),
    Case(FAILED, '{ book(isbn: "b1") { title score } a: book(isbn: "b2") { title } }', None, {"reviews": crash}),
    Case(FAILED, "{ loan(number: 1) { number book { pages } } }", None, {"shelf": garbage}),
    Case(FAILED, '{ loan(number: 1) { number } book(isbn: "b1") { title } }', None, {"desk": html}),
    Case(FAILED, '{ review(id: "r1") { id } book(isbn: "b1") { title rating } }', None, {"reviews": crash}),
    Case(FAILED, '{ node(id: "b1") { id } review(id: "r1") { id stars } }', None, {"shelf": crash}),
    # ---- abstract types -------------------------------------------------------------------------------------------
    Case(ABSTRACT, "{ latest(first: 9) { about { __typename ... on Book { title } ... on Author { name } } } }", differs={GRAFBASE: SILENT}),
    Case(ABSTRACT, '{ book(isbn: "b1") { ... on Node { id ... on Book { title } } ... on Thing { label } rating reviews { book { title } } } }'),
    Case(ABSTRACT, '{ review(id: "r1") { book { ... on Thing { label } } } }', differs={GRAFBASE: SILENCE}),
    Case(ABSTRACT, "{ found { __typename } things { kind: __typename } }"),
    Case(ABSTRACT, '{ node(id: "b1") { ... on Author { fame } } n: node(id: "a1") { __typename id ... on Author { fame books { rating } } } }'),
    Case(ABSTRACT, "{ found { ... on Thing { id label(style: LOUD) } ... on Author { quotes } ... on Book { rating } } }"),
    Case(ABSTRACT, "{ things { ... on Node { id ... on Book { author { fame } } } ... on Map { scale } } }"),
    # ---- introspection --------------------------------------------------------------------------------------------
    Case(META, "{ __typename }"),
    Case(META, '{ __type(name: "PageInfo") { kind name fields { name type { kind name ofType { name } } } } }'),
    Case(META, '{ __type(name: "_Entity") { name } __schema { queryType { kind } } latest(first: 1) { id } }'),
    Case(META, "{ __schema { queryType { name } mutationType { name } subscriptionType { name } } }"),
    Case(META, '{ __type(name: "Subject") { possibleTypes { name } } desk { __typename open } }'),
    Case(META, '{ a: __type(name: "Style") { enumValues { name } } b: __type(name: "Nobody") { name } }'),
    # ---- mutations ------------------------------------------------------------------------------------------------
    Case(MUTATIONS, 'mutation { add(isbn: "n1") { title rating } }'),
    Case(MUTATIONS, 'mutation { a: add(isbn: "n1") { title } b: add(isbn: "n2", title: "New") { title } shout(text: "x") }'),
    Case(MUTATIONS, 'mutation { praise(isbn: "b1", text: "Yes.") { text book { title reviews(first: 9) { text } } } }'),
    Case(MUTATIONS, 'mutation { praise(isbn: "b2") { id } lend(isbn: "b2") { number book { title best { id } } } }'),
    Case(MUTATIONS, 'mutation($t: String!) { lend(isbn: "b1") { number reader { name loans { number } } } shout(text: $t) }', {"t": "y"}),
    Case(MUTATIONS, 'mutation { shout(text: "x") add(isbn: "b1") { title } }'),
    Case(MUTATIONS, 'mutation { praise(isbn: "b2") { id book { title worst { id } } } }'),
    Case(MUTATIONS, 'mutation { lend(isbn: "b1") { number book { bad: worst { id } } } shout(text: "x") }'),
]  # fmt: skip
