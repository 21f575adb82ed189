"""Outcomes by trap and engine."""

import json
from dataclasses import dataclass, field

from compose_cases import Case, Outcome

REGISTER, LIBRARY = "register", "library"


@dataclass(frozen=True)
class Row:
    """What came out of one case, asked of the gateways over one set of services."""

    services: str
    case: Case
    outcomes: dict  # engine -> outcome
    has_errors: bool

    @property
    def is_same(self):
        """Whether all gateways answer the same, errors included."""
        return set(self.outcomes.values()) == {Outcome.SAME}

    @property
    def has_same_data(self):
        """Whether all gateways answer the same data."""
        return Outcome.DATA not in self.outcomes.values()


@dataclass
class Table:
    """What came out, case by case."""

    rows: list = field(default_factory=list)

    def add(self, services, case, outcomes, *, has_errors):
        """Note a case."""
        self.rows.append(Row(services, case, outcomes, has_errors))

    def same(self, services):
        """The cases over one set of services in which all gateways answer the same."""
        return [row for row in self.rows if row.services == services and row.is_same]

    def figures(self):
        """Per services and trap: the cases, those with errors, and how the stock engines' answers stand to ours."""
        groups = dict.fromkeys((row.services, row.case.trap) for row in self.rows)
        for services, trap in groups:
            rows = [row for row in self.rows if (row.services, row.case.trap) == (services, trap)]
            yield {"services": services, "trap": trap} | _figures(rows)
        for services in dict.fromkeys(services for services, _ in groups):
            rows = [row for row in self.rows if row.services == services]
            yield {"services": services, "trap": "all"} | _figures(rows)

    def write(self, path, versions):
        """Keep the table as JSON, by which releases are compared."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"versions": versions, "rows": list(self.figures())}
        path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")

    def lines(self, versions):
        """The table as text."""
        engines = list(dict.fromkeys(engine for row in self.rows for engine in row.outcomes))
        head = f"{'services':<10}{'trap':<28}{'cases':>6}{'errors':>8}{'all same':>10}{'same data':>11}"
        yield head + "".join(f"  {engine:<20}" for engine in engines)
        for each in self.figures():
            line = f"{each['services']:<10}{each['trap']:<28}{each['cases']:>6}{each['errors']:>8}"
            line += f"{each['all same']:>10}{each['same data']:>11}"
            yield line + "".join(f"  {' / '.join(map(str, each[engine].values())):<20}" for engine in engines)
        yield ", ".join(f"{name} {version}" for name, version in versions.items())
        yield "same / errors elsewhere / other data; each of the latter two is declared beside its case with its reason"


def _figures(rows):
    counts = {
        "cases": len(rows),
        "errors": sum(row.has_errors for row in rows),
        "all same": sum(row.is_same for row in rows),
        "same data": sum(row.has_same_data for row in rows),
    }
    for engine in rows[0].outcomes:
        counts[engine] = {str(one): sum(row.outcomes[engine] is one for row in rows) for one in Outcome}
    return counts
