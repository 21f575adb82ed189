"""Artefacts: issuing and verifying records and status lists, against the libraries that do the signatures, on one core.

What is compared with a library is timed in the same run, in turn. A refusal's cost is CPU time, the least of many runs.
"""

import random
import time
from collections.abc import Callable, Iterable

import jwt
from artefacts_world import Suppliers, suppliers
from harness import ROUNDS, Row, compare
from hostile_artefacts import AUTHORITY, KEYS, LISTS, PAYLOAD, RECORD, RECORDS, STATUS, URI
from register_simulator import NOW

from goodstanding import StatusList, TokenError, VerdictKind, Verifier, verify_record, verify_status_list
from goodstanding.canonical import unb64u
from goodstanding.record import sign_record

RECORDS_EACH = 1_000
ENTRIES = 1_000_000
LOOK_UPS = 100_000
SET = ENTRIES * 7 // 100
REPEATS = 20
MAX_REFUSAL = 5.0  # milliseconds of CPU


def rows() -> Iterable[Row]:
    """Measure."""
    yield _signing()
    yield _verifying()
    yield _many(suppliers())
    yield from _status_list()
    yield from _refusals()


def _signing() -> Row:
    header = {"typ": "dc+sd-jwt", "kid": AUTHORITY.kid}

    def ours() -> int:
        return sum(bool(sign_record(PAYLOAD, AUTHORITY)) for _ in range(RECORDS_EACH))

    def pyjwt() -> int:
        return sum(bool(jwt.encode(PAYLOAD, AUTHORITY._key, "EdDSA", headers=header)) for _ in range(RECORDS_EACH))

    return compare("sign a record", ours, "PyJWT signs the same claims", pyjwt, target=0.5)


def _verifying() -> Row:
    bare, public = RECORD.removesuffix("~"), AUTHORITY._key.public_key()
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}

    def ours() -> int:
        return sum(bool(verify_record(RECORD, KEYS)) for _ in range(RECORDS_EACH))

    def pyjwt() -> int:
        return sum(bool(jwt.decode(bare, public, ["EdDSA"], options=options)) for _ in range(RECORDS_EACH))

    return compare("verify a record, rebuild its body and leaf", ours, "PyJWT verifies the token", pyjwt, target=0.6)


def _many(world: Suppliers) -> Row:
    verifier, public = Verifier(world.trust, lambda: NOW), AUTHORITY._key.public_key()

    def ours() -> int:
        found = verifier.verify_many(world.bundles)
        return sum(verdict.verdict is VerdictKind.IN_GOOD_STANDING for verdict in found)

    def raw() -> int:
        for message, signature in world.signed:
            public.verify(signature, message)
        return len(world.signed)

    name = f"verdicts on {len(world.bundles):,} bundles, lists cached"
    return compare(name, ours, "cryptography verifies the signatures of the records", raw, target=0.7, rounds=5)


def _status_list() -> Iterable[Row]:
    codes = StatusList.of_size(ENTRIES)
    for index in random.Random(7).sample(range(ENTRIES), SET):
        codes.set(index, 1)
    places = random.Random(8).choices(range(ENTRIES), k=LOOK_UPS)
    encoded = codes.encode()

    def look_up() -> None:
        for index in places:
            codes.get(index)

    yield _row(
        "look a status up, 1,000,000 entries", [took / LOOK_UPS * 1e6 for took in _cpu(look_up, ROUNDS)], "us", 1
    )
    yield _row("encode 1,000,000 entries, 7 % set", [took * 1e3 for took in _cpu(codes.encode, ROUNDS)], "ms")
    yield _row("read them again", [took * 1e3 for took in _cpu(lambda: StatusList.decode(encoded), ROUNDS)], "ms")
    yield _row("1,000,000 entries, 7 % set to one code, compressed", [float(len(unb64u(encoded)))], "bytes", 75_000)


def _refusals() -> Iterable[Row]:
    lists = {name: _refusing_list(text) for name, (text, _) in LISTS.items() if name != "zip bomb"}
    for what, cases in (
        ("record", {name: _refusing_record(text) for name, (text, _) in RECORDS.items()}),
        ("status list", lists | {"zip bomb of a stranger": _refusing_list(LISTS["zip bomb"][0], keys={})}),
        ("status list signed by its rightful key", {"zip bomb": _refusing_list(LISTS["zip bomb"][0])}),
    ):
        costs = {name: [took * 1e3 for took in _cpu(case, REPEATS)] for name, case in cases.items()}
        worst = max(costs, key=lambda name: min(costs[name]))
        rounds = {"ms": sorted(costs[worst])}
        name = f"refuse a bad {what}, dearest of {len(cases)}: {worst}"
        yield Row(name, min(costs[worst]), "ms CPU", target=MAX_REFUSAL, most=True, rounds=rounds)


def _refusing_record(text: str) -> Callable[[], object]:
    return lambda: _refused(lambda: verify_record(text, KEYS))


def _refusing_list(text: str, keys: dict[str, dict[str, str]] | None = None) -> Callable[[], object]:
    known = {STATUS.kid: STATUS.public_jwk} if keys is None else keys
    return lambda: _refused(lambda: verify_status_list(text, uri=URI, keys=known, now=NOW))


def _refused(verify: Callable[[], object]) -> None:
    try:
        verify()
    except TokenError:
        return
    raise AssertionError("what must be refused was accepted")


def _row(name: str, rounds: list[float], unit: str, target: float | None = None) -> Row:
    return Row(name, sorted(rounds)[len(rounds) // 2], unit, target=target, most=True, rounds={"ours": rounds})


def _cpu(work: Callable[[], object], times: int) -> list[float]:
    """CPU seconds of each of so many runs, after one that does not count."""
    work()
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return taken
