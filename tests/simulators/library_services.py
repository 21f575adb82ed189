"""The library as three subgraphs (Federation 2.9) and as a monolith, executed by graphql-core, served as ASGI."""

import asyncio
import json

from graphql import build_schema, execute_sync, parse, validate
from library_world import ENTITIES, RESOLVERS, World
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])'

SDL = {
    "shelf": f"""{LINK}
        interface Node {{ id: ID! }}
        interface Thing {{ id: ID!  label(size: Int = 1, style: Style = PLAIN): String! }}
        enum Style {{ PLAIN LOUD }}
        scalar Date
        input BookFilter {{ minPages: Int  titles: [String!]  also: BookFilter  style: Style = LOUD }}
        type Book implements Node & Thing @key(fields: "isbn") {{
          isbn: ID!  id: ID!  label(size: Int = 1, style: Style = PLAIN): String!  title: String!  pages: Int
          author: Author!  related: [Book!]!  grid: [[Book]!]  broken: String  fragile: String! }}
        type Author implements Node & Thing @key(fields: "id") {{
          id: ID!  label(size: Int = 1, style: Style = PLAIN): String!  name: String!  born: Date
          books(first: Int = 2): [Book!]!  page: PageInfo! }}
        type Map implements Thing {{ id: ID!  label(size: Int = 1, style: Style = PLAIN): String!  scale: Int }}
        union Found = Book | Author | Map
        type PageInfo @shareable {{ more: Boolean! }}
        type Query {{
          book(isbn: ID!): Book  books(first: Int = 3, filter: BookFilter): [Book!]!  shelves: [[Book]!]!
          node(id: ID!): Node  things: [Thing]!  found(words: [String!]): [Found!]!  surely: Book!
          echo(text: String, numbers: [Int], filter: BookFilter, style: Style): String! }}
        type Mutation {{ add(isbn: ID!, title: String = "Untitled"): Book!  shout(text: String!): String }}
    """,
    "reviews": f"""{LINK}
        input Tag {{ word: String!  weight: Int = 1 }}
        type Book @key(fields: "isbn") {{
          isbn: ID!  rating: Float  score(scale: Int = 10): Int!  reviews(first: Int = 2, tags: [Tag!]): [Review!]!
          best: Review  worst: Review }}
        type Author @key(fields: "id") {{ id: ID!  fame: Int!  quotes(first: Int): [String!] }}
        type Review {{ id: ID!  text: String!  stars: Int  book: Book!  about: Subject  page: PageInfo! }}
        union Subject = Book | Author
        type PageInfo @shareable {{ more: Boolean! }}
        type Query {{ latest(first: Int = 2): [Review!]!  review(id: ID!): Review }}
        type Mutation {{ praise(isbn: ID!, text: String): Review! }}
    """,
    "desk": f"""{LINK}
        type Loan {{ number: Int!  book: Book  reader: Reader! }}
        type Book @key(fields: "isbn", resolvable: false) {{ isbn: ID! }}
        type Reader @key(fields: "name") {{ name: String!  loans: [Loan!]! }}
        type Desk {{ open: Boolean!  books: [Book!]!  lost: [Book!]! }}
        type Query {{ loans: [Loan!]!  loan(number: Int!): Loan  desk: Desk! }}
        type Mutation {{ lend(isbn: ID!): Loan! }}
    """,
}

MACHINERY = """
    scalar _Any
    union _Entity = {entities}
    type _Service {{ sdl: String! }}
    extend type Query {{ _service: _Service!  _entities(representations: [_Any!]!): [_Entity]! }}
"""


def executable(sdl, world):
    """A graphql-core schema over a world: the resolvers of the fields that the SDL has."""
    schema = build_schema(sdl, assume_valid_sdl=True)
    for name, type_ in schema.type_map.items():
        for key, field in getattr(type_, "fields", {}).items() if not name.startswith("__") else ():
            if (resolve := RESOLVERS.get((name, key))) is not None:
                field.resolve = _resolver(resolve, world)
    return schema


def _resolver(resolve, world):
    return lambda obj, _info, **args: resolve(world, obj, **args)


def executed(schema, text, variables=None, name=None):
    """The JSON of a GraphQL response."""
    document = parse(text)
    if errors := validate(schema, document):
        return {"errors": [error.formatted for error in errors]}
    result = execute_sync(schema, document, variable_values=variables, operation_name=name)
    errors = [error.formatted for error in result.errors or ()]
    return ({"errors": errors} if errors else {}) | {"data": result.data}


class LibraryService:
    """One subgraph as an ASGI application. `seen` holds what it was asked; `instead` answers in its place."""

    def __init__(self, name, world):
        self.name = name
        self.sdl = SDL[name]
        self.seen = []
        self.instead = None
        self.delay = 0.0
        self.running = self.most_running = 0
        entities = ENTITIES[name]
        self._schema = executable(self.sdl + MACHINERY.format(entities=" | ".join(entities)), world)
        fields = self._schema.query_type.fields
        fields["_service"].resolve = lambda _obj, _info: {"sdl": self.sdl}
        fields["_entities"].resolve = lambda _obj, _info, representations: [
            _caught(entities[one["__typename"]], world, one) for one in representations
        ]
        self.app = Starlette(routes=[Route("/graphql", self._graphql, methods=["POST"])])

    async def _graphql(self, request):
        body = await request.json()
        if "_service" not in body["query"]:
            self.seen.append(body | {"headers": dict(request.headers)})
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await asyncio.sleep(self.delay)
            if self.instead is not None and "_service" not in body["query"]:
                return self.instead(body)
            return answer(self.run(body))
        finally:
            self.running -= 1

    def run(self, body):
        """The honest response."""
        return executed(self._schema, body["query"], body.get("variables"), body.get("operationName"))


def answer(result):
    """A response over HTTP, marked when it is free of errors."""
    headers = {} if "errors" in result else {"GraphQL-Errors": "none"}
    return Response(json.dumps(result), media_type="application/json", headers=headers)


def _caught(find, world, representation):
    try:
        return find(world, representation)
    except Exception as error:  # noqa: BLE001 - graphql-core takes an error for a value of the list
        return error


class Library:
    """The three subgraphs over one world."""

    def __init__(self):
        self.world = World()
        self.services = {name: LibraryService(name, self.world) for name in SDL}

    def __getattr__(self, name):
        return self.services[name]
