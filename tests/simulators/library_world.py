"""A small library: the data, and one resolver per field. Three subgraphs answer parts of it, a monolith all of it.

An entity is nothing but its key here; each field looks up what it needs. So a field answers the same wherever it is
asked: directly, through `_entities`, or in the monolith. What is wrong with the data is wrong on purpose:
b3 is unknown to the reviews, b4 makes them fail, b5 has fields that fail, b9 is on loan and unknown to the shelf.
"""

# ruff: noqa: ARG005 - resolvers have one signature, whatever they read of it

from dataclasses import dataclass, field

from graphql import GraphQLError

TITLES = {"b1": "Salt", "b2": "Iron", "b3": "Glass", "b4": "Ash", "b5": "Clay"}
PAGES = {"b1": 120, "b2": None, "b3": 88, "b4": 300, "b5": 7}
AUTHOR_OF = {"b1": "a1", "b2": "a2", "b3": "a1", "b4": "a3", "b5": "a2"}
RELATED = {"b1": ["b2", "b3"], "b2": ["b1"], "b3": ["b1", "b1", "b4"], "b4": [], "b5": ["b5", "b1"]}
NAMES = {"a1": "Ada Rai", "a2": "Ben Oum", "a3": "Cem Lund"}
BORN = {"a1": "1951-02-03", "a2": None, "a3": "1970-12-31"}
FAME = {"a1": 7, "a2": 0}  # a3 is unknown to the reviews
RATINGS = {"b1": 4.5, "b2": None, "b5": 1.0}
REVIEWS = {
    "r1": {"book": "b1", "text": "Dry.", "stars": 4, "about": ("Book", "b1")},
    "r2": {"book": "b1", "text": "Salty.", "stars": None, "about": ("Author", "a1")},
    "r3": {"book": "b2", "text": "Heavy.", "stars": 2, "about": None},
    "r4": {"book": "b3", "text": "Clear.", "stars": 5, "about": ("Author", "a3")},
    "r5": {"book": "b9", "text": "Lost.", "stars": 1, "about": ("Book", "b9")},
}
LOANS = {1: ("b1", "Zoe"), 2: (None, "Yan"), 3: ("b9", "Zoe"), 4: ("b4", "Yan")}


@dataclass
class World:
    """One state of the library; mutations change it."""

    titles: dict = field(default_factory=lambda: dict(TITLES))
    reviews: dict = field(default_factory=lambda: {key: dict(value) for key, value in REVIEWS.items()})
    loans: dict = field(default_factory=lambda: dict(LOANS))
    acts: list = field(default_factory=list)  # in the order in which they came


def book(isbn):
    return None if isbn is None else {"__typename": "Book", "isbn": isbn}


def author(key):
    return {"__typename": "Author", "id": key}


def review(key):
    return {"__typename": "Review", "id": key}


def loan(number):
    return {"__typename": "Loan", "number": number}


MAP = {"__typename": "Map", "id": "m1", "scale": 25_000}


def wrong(message, code="WRONG"):
    return GraphQLError(message, extensions={"code": code, "secret": "not for clients"})


# ---- who knows what: also what `_entities` answers ------------------------------------------------------------


def on_shelf(world, isbn):
    return isbn in world.titles


def reviewed(world, isbn):
    if isbn == "b4":
        raise wrong("the reviews of b4 are being moved", "MOVING")
    return isbn in RATINGS


ENTITIES = {
    "shelf": {
        "Book": lambda world, key: book(key["isbn"]) if on_shelf(world, key["isbn"]) else None,
        "Author": lambda world, key: author(key["id"]) if key["id"] in NAMES else None,
    },
    "reviews": {
        "Book": lambda world, key: book(key["isbn"]) if reviewed(world, key["isbn"]) else None,
        "Author": lambda world, key: author(key["id"]) if key["id"] in FAME else None,
    },
    "desk": {"Reader": lambda world, key: {"__typename": "Reader", "name": key["name"]}},
}


def shelved(resolve):
    """A field of Book that only the shelf can answer."""
    return lambda world, obj, **args: resolve(world, obj["isbn"], **args) if on_shelf(world, obj["isbn"]) else None


def rated(resolve):
    """A field of Book that only the reviews can answer."""
    return lambda world, obj, **args: resolve(world, obj["isbn"], **args) if reviewed(world, obj["isbn"]) else None


def written(resolve):
    """A field of Author that only the shelf can answer."""
    return lambda world, obj, **args: resolve(world, obj["id"], **args) if obj["id"] in NAMES else None


def famous(resolve):
    """A field of Author that only the reviews can answer."""
    return lambda world, obj, **args: resolve(world, obj["id"], **args) if obj["id"] in FAME else None


def fail(message):
    def resolve(world, key, **args):
        raise wrong(f"{message} of {key}")

    return resolve


def failing_for(isbn, message, otherwise):
    def resolve(world, key, **args):
        if key == isbn:
            raise wrong(f"{message} of {key}")
        return otherwise

    return resolve


def label(text, size, style):
    return (text.upper() if style == "LOUD" else text) * (size or 0)


def reviews_of(world, isbn, first=None, tags=()):
    words = [f"{tag['word']}{tag['weight']}" for tag in tags or ()]
    found = [key for key, each in world.reviews.items() if each["book"] == isbn]
    return [review(key) for key in found if not words or any(word[:-1] in key for word in words)][:first]


def grid(world, isbn):
    if isbn == "b2":
        return None
    return [[book("b1"), None, book("b3")], [], [book("b1")]]


def shown(value):
    """A value as text, absent members left out: what reached a resolver."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{shown(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(shown, value)) + "]"
    return str(value)


def kept(world, isbn, books):
    return [book(each) for each in books if each in world.titles]


def filtered(world, first=None, filter=None):
    filter = filter or {}  # noqa: A001
    wanted = filter.get("titles")
    found = [key for key in TITLES if wanted is None or TITLES[key] in wanted]
    found = [key for key in found if (PAGES[key] or 0) >= (filter.get("minPages") or 0)]
    return [book(key) for key in found][:first]


def add(world, isbn, title):
    world.acts.append(f"add {isbn}")
    if isbn in world.titles:
        raise wrong(f"{isbn} is on the shelf already", "TAKEN")
    world.titles[isbn] = title
    return book(isbn)


def praise(world, isbn, text=None):
    world.acts.append(f"praise {isbn}")
    key = f"r{len(world.reviews) + 1}"
    world.reviews[key] = {"book": isbn, "text": text, "stars": 5, "about": ("Book", isbn)}
    return review(key)


def lend(world, isbn):
    world.acts.append(f"lend {isbn}")
    number = len(world.loans) + 1
    world.loans[number] = (isbn, "Zoe")
    return loan(number)


def about(world, key):
    kind, of = world.reviews[key]["about"] or (None, None)
    return None if kind is None else book(of) if kind == "Book" else author(of)


RESOLVERS = {
    # ---- shelf
    ("Query", "book"): lambda world, _, isbn: book(isbn) if on_shelf(world, isbn) else None,
    ("Query", "books"): lambda world, _, **args: filtered(world, **args),
    ("Query", "shelves"): lambda world, _: [[book("b1"), book("b2")], [], [None, book("b1"), book("b3")]],
    ("Query", "node"): lambda world, _, id: book(id) if id in TITLES else author(id) if id in NAMES else None,  # noqa: A006
    ("Query", "things"): lambda world, _: [book("b1"), MAP, None, author("a1"), author("a3"), book("b3")],
    ("Query", "found"): lambda world, _, words=None: [author("a2"), book("b2"), MAP, book("b5")],
    ("Query", "surely"): lambda world, _: None,
    ("Query", "echo"): lambda world, _, **args: shown(args),
    ("Mutation", "add"): lambda world, _, **args: add(world, **args),
    ("Mutation", "shout"): lambda world, _, text: world.acts.append(f"shout {text}") or text.upper(),
    ("Book", "id"): shelved(lambda world, isbn: isbn),
    ("Book", "label"): shelved(lambda world, isbn, size, style: label(world.titles[isbn], size, style)),
    ("Book", "title"): shelved(lambda world, isbn: world.titles[isbn]),
    ("Book", "pages"): shelved(lambda world, isbn: PAGES.get(isbn)),
    ("Book", "author"): shelved(lambda world, isbn: author(AUTHOR_OF.get(isbn, "a1"))),
    ("Book", "related"): shelved(lambda world, isbn: kept(world, isbn, RELATED.get(isbn, ()))),
    ("Book", "grid"): shelved(grid),
    ("Book", "broken"): shelved(failing_for("b5", "no binding", "whole")),
    ("Book", "fragile"): shelved(failing_for("b5", "no spine", "sound")),
    ("Author", "label"): written(lambda world, key, size, style: label(NAMES[key], size, style)),
    ("Author", "name"): written(lambda world, key: NAMES[key]),
    ("Author", "born"): written(lambda world, key: BORN[key]),
    ("Author", "books"): written(
        lambda world, key, first: [book(isbn) for isbn, by in AUTHOR_OF.items() if by == key][:first]
    ),
    ("Author", "page"): written(lambda world, key: {"more": key == "a1"}),
    ("Map", "label"): lambda world, obj, size, style: label("Map", size, style),
    # ---- reviews
    ("Query", "latest"): lambda world, _, first: [review(key) for key in list(world.reviews)[::-1]][:first],
    ("Query", "review"): lambda world, _, id: review(id) if id in world.reviews else None,  # noqa: A006
    ("Mutation", "praise"): lambda world, _, **args: praise(world, **args),
    ("Book", "rating"): rated(lambda world, isbn: RATINGS[isbn]),
    ("Book", "score"): rated(
        lambda world, isbn, scale: fail("no score")(world, isbn) if isbn == "b5" else int((RATINGS[isbn] or 0) * scale)
    ),
    ("Book", "reviews"): rated(reviews_of),
    ("Book", "best"): rated(lambda world, isbn: next(iter(reviews_of(world, isbn, 1)), None)),
    ("Book", "worst"): rated(fail("no worst")),
    ("Author", "fame"): famous(lambda world, key: FAME[key]),
    ("Author", "quotes"): famous(lambda world, key, first=None: None if key == "a2" else ["So it is.", "No."][:first]),
    ("Review", "text"): lambda world, obj: world.reviews[obj["id"]]["text"],
    ("Review", "stars"): lambda world, obj: world.reviews[obj["id"]]["stars"],
    ("Review", "book"): lambda world, obj: book(world.reviews[obj["id"]]["book"]),
    ("Review", "about"): lambda world, obj: about(world, obj["id"]),
    ("Review", "page"): lambda world, obj: {"more": False},
    # ---- desk
    ("Query", "loans"): lambda world, _: [loan(number) for number in world.loans],
    ("Query", "loan"): lambda world, _, number: loan(number) if number in world.loans else None,
    ("Query", "desk"): lambda world, _: {"__typename": "Desk"},
    ("Mutation", "lend"): lambda world, _, isbn: lend(world, isbn),
    ("Loan", "book"): lambda world, obj: book(world.loans[obj["number"]][0]),
    ("Loan", "reader"): lambda world, obj: {"__typename": "Reader", "name": world.loans[obj["number"]][1]},
    ("Reader", "loans"): lambda world, obj: [loan(key) for key, (_, name) in world.loans.items() if name == obj["name"]],
    ("Desk", "open"): lambda world, _: True,
    ("Desk", "books"): lambda world, _: [book("b2"), book("b2"), book("b1")],
    ("Desk", "lost"): lambda world, _: [book("b1"), book("b9")],
}  # fmt: skip
