"""A seeded register of any size for measuring its answers: organisations in rows of four, each the sub-agent of the one
before it, each with one accreditation and four decisions (apply, grant, suspend, end_suspension), all of them logged.

Rows are written as the services write them, without going through the services: a million acts would take a day.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.progress import track
from sqlalchemy import insert, text
from sqlmodel import SQLModel

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.decisions import Decision
from goodstanding.events import new_event_id, seal
from goodstanding.number import ALPHABET, make_number
from goodstanding_standalone.bootstrap import found_sample
from goodstanding_standalone.sample.authorities import ETHICAL, MAIN, SECOND
from goodstanding_standalone.sample.generator import generate
from goodstanding_standalone.sample.model import Size
from registry.accreditations.current import kept
from registry.accreditations.tables import AccreditationCorridorRow, AccreditationRow, DecisionRow
from registry.database import Database
from registry.issuance.tables import EventRow
from registry.migrate import migrate
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.relations.tables import RelationRow

ORIGIN = "https://register.example"
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ACTS = ("apply", "grant", "suspend", "end_suspension")
IN_A_ROW = 4  # organisations, each the sub-agent of the one before it: a chain of depth 3
AT_ONCE = 500  # organisations written in one transaction
CORRIDORS = tuple((a, b) for a in ("NP", "PH", "MX", "JM") for b in ("JP", "PL", "QA", "GB", "CA"))
SECTORS = ("care", "construction", "farming", "fishing", "hotels", "mining", "ships", "textiles")

Rows = dict[type[SQLModel], list[dict[str, Any]]]


class RegisterWorld:
    """What was written: numbers and organisations, in order."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.numbers: list[str] = []
        self.organisations: list[str] = []
        self._index = 0

    async def fill(self, url: str, organisations: int) -> None:
        """Migrate an empty database, found the sample's authorities and schemes, and write the organisations."""
        await migrate(url, prefix="TEST", origin=ORIGIN)
        database = Database(url)
        try:
            sample = generate(START.date(), Size(0, 0, 0))
            await found_sample(database, sample, origin=ORIGIN, clock=lambda: START)
            for start in track(
                range(0, organisations, AT_ONCE), description=f"writing {organisations:,} organisations"
            ):
                rows = self._rows(min(AT_ONCE, organisations - start))
                async with database.write() as tx:
                    for table, some in rows.items():
                        await tx.execute(insert(table), some)
        finally:
            await database.close()
        await _vacuumed(url)

    def _rows(self, count: int) -> Rows:
        tables = (OrganisationRow, OrganisationIdentifierRow, RelationRow, AccreditationRow, AccreditationCorridorRow,
                  EventRow, DecisionRow)  # fmt: skip
        rows: Rows = {table: [] for table in tables}
        for _ in range(count):
            self._organisation(rows)
        return rows

    def _organisation(self, rows: Rows) -> None:
        place, at = len(self.organisations), START + timedelta(seconds=len(self.organisations))
        organisation = f"org_{new_event_id(at).replace('-', '')}"
        number = make_number("TEST", "".join(self._random.choices(ALPHABET, k=8)))
        facts = _facts(place)
        rows[OrganisationRow].append(
            facts
            | {
                "id": organisation,
                "name": f"Himal Placements {place} Pvt",
                "subject": self._random.randbytes(16),
                "head": None,
                "created_at": at,
                "registered_by": MAIN,
            }
        )
        rows[OrganisationIdentifierRow] += [
            {"scheme": one["scheme"], "value": one["value"], "organisation_id": organisation}
            for one in facts["identifiers"]
        ]
        if place % IN_A_ROW:
            rows[RelationRow].append({
                "id": f"rel_{organisation[4:]}", "kind": "sub-agent-of", "from_id": organisation,
                "to_id": self.organisations[-1], "authority_id": MAIN, "valid_from": at, "valid_until": None,
                "subject": None, "created_at": at,
            })  # fmt: skip
        self.organisations.append(organisation)
        self.numbers.append(number)
        self._accreditation(rows, organisation, number, facts, at)

    def _accreditation(
        self, rows: Rows, organisation: str, number: str, facts: Mapping[str, Any], at: datetime
    ) -> None:
        authority = (MAIN, SECOND)[len(self.numbers) % 2]
        pairs = [{"origin": origin, "destination": to} for origin, to in self._random.sample(CORRIDORS, 2)]
        scope = {"sectors": sorted(self._random.sample(SECTORS, 2)), "corridors": as_set(pairs)}
        claims = {"organisation": {**facts, "id": organisation}, "scope": scope, "valid_from": format_time(at),
                  "valid_until": "2031-05-04T09:00:00.000Z"}  # fmt: skip
        subject, head = self._random.randbytes(16), None
        rows[AccreditationRow].append({
            "number": number, "authority_id": authority, "organisation_id": organisation, "scheme_id": ETHICAL,
            "subject": subject, "head": None, "open": True, "standing": "ACTIVE", "public_standing": "ACTIVE",
            "scope": scope, "valid_until": datetime(2031, 5, 4, 9, tzinfo=UTC), "created_at": at, "changed_at": at,
        })  # fmt: skip
        rows[AccreditationCorridorRow] += [pair | {"number": number} for pair in pairs]
        decisions = []
        for body in self._bodies(number, authority, organisation, claims, at):
            moment = datetime.fromisoformat(body["decided_at"])
            sealed = seal(body, subject=subject, prev=head, recorded_at=moment, salt=self._random.randbytes(32))
            head = sealed.leaf_hash
            rows[EventRow].append({
                "event_id": sealed.event_id, "kind": "decision", "number": number, "about": None, "body": sealed.body,
                "leaf": sealed.leaf, "salt": sealed.salt, "recorded_at": moment, "log_index": self._index,
                "tree_size": self._index + 1, "logged_at": moment,
            })  # fmt: skip
            four_eyes = body["act"] != "apply"
            rows[DecisionRow].append({
                "event_id": sealed.event_id, "number": number, "act": body["act"], "four_eyes": four_eyes,
                "proposer": "proposer", "approver": "approver" if four_eyes else None, "evidence": [],
                "decided_at": moment,
            })  # fmt: skip
            decisions.append(Decision.from_body(body, self._index))
            self._index += 1
        row = rows[AccreditationRow][-1]
        row |= {"head": head, "current": kept(decisions, head, decisions[-1].decided_at)}

    def _bodies(
        self, number: str, authority: str, organisation: str, claims: Mapping[str, Any], at: datetime
    ) -> Iterator[dict[str, Any]]:
        opened = suspended = ""
        for step, act in enumerate(ACTS):
            moment = at + timedelta(milliseconds=100 * step)
            event = new_event_id(moment)
            body: dict[str, Any] = {
                "kind": "decision", "event_id": event, "authority": authority, "scheme": ETHICAL,
                "scheme_version": "1.0", "number": number, "organisation": organisation, "act": act,
                "reason": "measured", "basis": "decided", "effective_from": format_time(moment),
                "decided_at": format_time(moment),
            }  # fmt: skip
            if act == "grant":
                opened = event
                status = {"uri": f"{ORIGIN}/status-lists/{len(self.numbers) // 100_000}", "idx": len(self.numbers)}
                body |= {"accreditation": claims, "status": status}
            elif act != "apply":
                body |= {"generation": opened}
            if act == "suspend":
                suspended = event
                body |= {"measure": "preventive"}
            elif act == "end_suspension":
                body |= {"closes": suspended}
            yield body


def _facts(place: int) -> dict[str, Any]:
    return {
        "kind": "recruiter",
        "jurisdiction": "NP",
        "names": as_set([
            {"text": f"Himal Placements {place} Pvt", "script": "Latn", "kind": "legal"},
            {"text": f"हिमाल {place}", "script": "Deva", "kind": "alias"},
        ]),
        "identifiers": as_set([
            {"scheme": "lei", "value": f"{place:020d}", "verified": True},
            {"scheme": "np-company", "value": f"{place:09d}", "verified": True},
        ]),
        "domains": [f"himal{place}.example"],
    }  # fmt: skip


async def _vacuumed(url: str) -> None:
    """What autovacuum and ANALYZE would have done by the time a register is this large."""
    database = Database(url)
    try:
        async with database._writer.connect() as connection:
            if database.sqlite:
                await connection.execute(text("ANALYZE"))
            else:
                quiet = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await quiet.execute(text("VACUUM ANALYZE"))
    finally:
        await database.close()
