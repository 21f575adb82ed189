"""Outcomes by trap and engine."""

from dataclasses import dataclass, field

from compose_cases import Case, Outcome


@dataclass
class Table:
    """What came out, case by case."""

    rows: list = field(default_factory=list)  # (case, has errors, engine -> outcome)

    def add(self, case: Case, outcomes, *, has_errors):
        """Note a case."""
        self.rows.append((case, has_errors, outcomes))

    def same_data(self):
        """The cases in which all gateways answer the same data."""
        return [row for row in self.rows if Outcome.DATA not in row[2].values()]

    def lines(self, versions):
        """The table as text: per trap the cases, those with errors, and how the stock engines' answers stand to ours."""
        engines = list(dict.fromkeys(engine for _, _, outcomes in self.rows for engine in outcomes))
        yield f"{'trap':<28}{'cases':>6}{'errors':>8}{'all same':>10}{'same data':>11}" + "".join(
            f"  {engine:<32}" for engine in engines
        )
        for trap in dict.fromkeys(case.trap for case, _, _ in self.rows):
            yield self._line(trap, [row for row in self.rows if row[0].trap == trap], engines)
        yield self._line("all", self.rows, engines)
        yield ", ".join(f"{name} {version}" for name, version in versions.items())
        yield "same / errors elsewhere / other data; each of the latter two is declared in compose_cases.py with its reason"

    def _line(self, name, rows, engines):
        kept = sum(Outcome.DATA not in outcomes.values() for _, _, outcomes in rows)
        same = sum(set(outcomes.values()) == {Outcome.SAME} for _, _, outcomes in rows)
        line = f"{name:<28}{len(rows):>6}{sum(errors for _, errors, _ in rows):>8}{same:>10}{kept:>11}"
        for engine in engines:
            counts = [sum(outcomes[engine] is outcome for _, _, outcomes in rows) for outcome in Outcome]
            line += f"  {' / '.join(map(str, counts)):<32}"
        return line
