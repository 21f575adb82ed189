"""Asking a register by number: what is fetched, what is kept, and what each way to go wrong is answered with."""

import asyncio
from datetime import timedelta

import pytest
from register_simulator import NOW, NUMBER, decision, signer
from served_register import serving

from goodstanding import GoodstandingError, Scope, Trust, VerdictKind
from goodstanding.client import AsyncClient, Client
from goodstanding.client.kept import Cache
from goodstanding.number import make_number
from goodstanding.record import sign_record

RECORD = f"/records/{NUMBER}"
PROOF = f"{RECORD}.tlog-proof"
LIST = "/status-lists/1"
OTHER = make_number("TEST", "00000001")


@pytest.fixture
def served():
    with serving() as register:
        yield register


@pytest.fixture
def hands():
    """The clock's hands: move them by setting `at`."""

    class Hands:
        at = NOW

    return Hands


class Awaited:
    """The client that is awaited, in the words of the one that waits."""

    def __init__(self, *given, **options):
        self._given, self._options = given, options
        AsyncClient(*given, **options)

    def __getattr__(self, name):
        async def asked(*given, **options):
            async with AsyncClient(*self._given, **self._options) as client:
                return await getattr(client, name)(*given, **options)

        return lambda *given, **options: asyncio.run(asked(*given, **options))

    def close(self):
        pass


@pytest.fixture(params=[Client, Awaited], ids=["waits", "awaited"])
def make(request, served, hands):
    """Make a client of either kind for the served register."""
    made = []

    def client(register=None, **options):
        trust = Trust.from_json(served.register.trust())
        made.append(request.param(register or served.origin, trust, lambda: hands.at, **options))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture
def client(served, hands):
    with Client(served.origin, Trust.from_json(served.register.trust()), lambda: hands.at) as made:
        yield made


def test_a_number_is_answered_from_what_the_register_publishes(served, make):
    served.decide()

    verdict = make().verify(f" {NUMBER.lower()} ")

    assert (verdict.verdict, verdict.number) == (VerdictKind.IN_GOOD_STANDING, NUMBER)
    assert [path for path, _ in served.asked] == [RECORD, PROOF, LIST]


def test_many_are_answered_in_their_order_whatever_happens_to_some(served, make):
    served.decide()
    served.decide(
        number=OTHER, status={"uri": f"{served.origin}{LIST}", "idx": 8}, event_id=f"01890a5d-9f2c-7b3e-8a4f-{9:012x}"
    )
    served.register.codes.set(8, 2)
    served.list()

    verdicts = make().verify_many([OTHER, "nonsense", NUMBER, make_number("TEST", "ZZZZZZZZ")], concurrency=2)

    assert [verdict.codes[0] for verdict in verdicts] == ["SUSPENDED", "BAD_NUMBER", "ACTIVE", "UNKNOWN_NUMBER"]


def test_a_scope_narrows_the_answer(served, make):
    served.decide()

    assert "OUT_OF_SCOPE" in make().verify(NUMBER, scope=Scope(sectors=frozenset({"mining"}))).codes


# ---- what is kept ------------------------------------------------------------------------------------------


def test_files_serve_again_while_they_are_fresh_and_are_then_asked_for_by_their_etag(served, client, hands):
    served.decide()
    for _ in range(2):
        client.verify(NUMBER)
    hands.at = NOW + timedelta(seconds=60)

    assert client.verify(NUMBER).verdict is VerdictKind.IN_GOOD_STANDING
    assert served.counted(RECORD) == served.counted(LIST) == [200, 304]


def test_a_suspension_is_seen_within_a_minute_whatever_the_register_allows(served, client, hands):
    served.max_age = 86_400
    served.decide()
    client.verify(NUMBER)
    served.register.codes.set(7, 2)
    served.list(NOW + timedelta(seconds=30))
    hands.at = NOW + timedelta(seconds=60)

    assert client.verify(NUMBER).codes[0] == "SUSPENDED"


def test_a_decision_between_two_looks_is_no_contradiction(served, client):
    """The record is fresh in memory, the proof is of the record that replaced it: both are asked for again."""
    served.decide()
    client.verify(NUMBER)
    second = served.register.record_entry(
        decision(event_id=f"01890a5d-9f2c-7b3e-8a4f-{2:012x}", status={"uri": f"{served.origin}{LIST}", "idx": 8})
    )
    served.publish(second)
    client._cache._drop(f"{served.origin}{PROOF}")

    assert client.verify(NUMBER).verdict is VerdictKind.IN_GOOD_STANDING
    assert served.counted(RECORD) == [200, 200]


def test_what_is_kept_is_bounded_and_the_longest_unused_goes():
    cache = Cache(lambda: NOW, max_bytes=10, max_files=3)
    for name in "abc":
        cache.keep(name, b"123", "", "max-age=60")
    cache.fresh("a")
    cache.keep("d", b"1234", "", "max-age=60")

    assert [name for name in "abcd" if cache.fresh(name)] == ["a", "c", "d"]


@pytest.mark.parametrize(
    "allowed", ["", "no-store", "no-cache, max-age=60", "max-age=", "max-age=x", "max-age=0", "s-maxage=60"]
)
def test_what_may_not_be_kept_is_asked_for_every_time(allowed):
    cache = Cache(lambda: NOW)
    cache.keep("a", b"1", "", allowed)

    assert cache.fresh("a") is None


# ---- what goes wrong ---------------------------------------------------------------------------------------


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b"x" * 1024)
    handler.close_connection = True


def silent(handler):
    handler.connection.settimeout(2)
    handler.rfile.read(1)  # until the client has given up


def answers(status, content=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(status, content, named)


WRONG = {
    "no such number": (RECORD, None, "UNKNOWN_NUMBER"),
    "erased": (RECORD, answers(404, b'{"code": "ERASED"}'), "ERASED"),
    "nothing yet": (RECORD, answers(404, b'{"code": "NOTHING_RELEASED"}'), "NOTHING_RELEASED"),
    "no register at all": (RECORD, answers(404, b"<html>"), "BAD_ANSWER"),
    "a code of its own": (RECORD, answers(404, b'{"code": "IN_GOOD_STANDING"}'), "BAD_ANSWER"),
    "out of order": (RECORD, answers(503), "UNREACHABLE"),
    "too many questions": (RECORD, answers(429), "UNREACHABLE"),
    "sent elsewhere": (RECORD, answers(302, Location="http://127.0.0.1:1/"), "BAD_ANSWER"),
    "304 to who has nothing": (RECORD, answers(304), "BAD_ANSWER"),
    "without end": (RECORD, endless, "BAD_ANSWER"),
    "a problem without end": (RECORD, answers(404, b"x" * 20_000), "BAD_ANSWER"),
    "compressed": (RECORD, answers(200, b"x", Content_Encoding="gzip"), "BAD_ANSWER"),
    "silent": (RECORD, silent, "UNREACHABLE"),
    "not a record": (RECORD, b"\xff\x00 hello", "BAD_RECORD"),
    "not a proof": (PROOF, b"\xff\x00 hello", "BAD_PROOF"),
    "not a list": (LIST, b"\xff\x00 hello", "BAD_STATUS"),
    "no list": (LIST, answers(503), "UNREACHABLE"),
    "a list too long": (LIST, b"x" * 300_000, "BAD_ANSWER"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "instead", "code"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_answer_concludes_nothing_and_says_why(served, make, path, instead, code):
    served.decide()
    served.files[path] = instead

    verdict = make(**({"seconds": 0.3} if instead is silent else {})).verify(NUMBER)

    assert verdict.verdict is VerdictKind.CANNOT_CONCLUDE
    assert (verdict.codes[0], verdict.number) == (code, NUMBER)
    assert verdict.reasons[0].message.endswith((".", "?"))


def test_nobody_there_is_no_answer(make, served):
    with serving() as gone:
        origin = gone.origin

    assert make(origin).verify(NUMBER).codes == ("UNREACHABLE",)


def test_the_record_of_another_number_is_no_answer(served, client):
    entry = served.decide(number=OTHER)
    served.files[RECORD], served.files[PROOF] = (
        served.files[f"/records/{OTHER}"],
        served.files[f"/records/{OTHER}.tlog-proof"],
    )

    verdict = client.verify(NUMBER)

    assert entry.body["number"] == OTHER
    assert (verdict.codes, verdict.number) == (("OTHER_NUMBER",), NUMBER)


def test_a_record_sends_nobody_to_a_list_that_the_trust_file_does_not_name(served, client):
    elsewhere = f"{served.origin}/elsewhere/1"
    served.decide(status={"uri": elsewhere, "idx": 7})

    verdict = client.verify(NUMBER)

    assert verdict.codes[0] == "UNKNOWN_STATUS_KEY"
    assert served.counted("/elsewhere/1") == []


@pytest.mark.parametrize(
    "register",
    ["http://register.example", "ftp://127.0.0.1", "register.example", "https://", "https://a:b@register.example",
     "https://register.example?x", "https://[", "http://127.0.0.1.example", ""],
)  # fmt: skip
def test_a_register_is_asked_over_https_or_on_this_machine(make, register):
    with pytest.raises(GoodstandingError, match="https://register.example"):
        Client(register, Trust({}, {}))


# ---- whether it still stands -------------------------------------------------------------------------------

LATER = NOW + timedelta(days=2)


def held(served):
    """A bundle that was good when it was saved, two days ago."""
    entry = served.decide()
    return entry, served.register.bundle(entry)


def test_old_evidence_stands_by_what_is_published_now(served, make, hands):
    entry, bundle = held(served)
    served.publish(entry, LATER)
    hands.at = LATER

    verdict = make().still_stands(bundle)

    assert (verdict.verdict, verdict.as_of) == (VerdictKind.IN_GOOD_STANDING, LATER)
    assert served.counted(RECORD) == []


def test_a_suspension_since_then_is_seen(served, make, hands):
    entry, bundle = held(served)
    served.register.codes.set(7, 2)
    served.publish(entry, LATER)
    hands.at = LATER

    assert make().still_stands(bundle).codes[0] == "SUSPENDED"


def test_a_record_that_was_replaced_since_then_is_void(served, make, hands):
    _, bundle = held(served)
    served.register.codes.set(7, 1)
    second = served.register.record_entry(
        decision(event_id=f"01890a5d-9f2c-7b3e-8a4f-{2:012x}", status={"uri": f"{served.origin}{LIST}", "idx": 8})
    )
    served.publish(second, LATER)
    hands.at = LATER

    verdict = make().still_stands(bundle)

    assert (verdict.verdict, verdict.codes[0]) == (VerdictKind.NOT_IN_GOOD_STANDING, "REVOKED_OR_SUPERSEDED")


def test_a_record_that_nobody_trusted_signed_sends_nobody_anywhere(served, make):
    entry = served.decide()
    forged = served.register.bundle(entry, record=sign_record(served.register.payload(entry), signer("eve")))

    assert make().still_stands(forged).codes == ("BAD_SIGNATURE",)
    assert served.asked == []
