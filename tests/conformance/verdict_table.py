"""The table of a conformance run: artefact and case down, verifiers across."""

import json
from dataclasses import asdict, dataclass, field

ACCEPTED, REFUSED, NOT_CHECKED = "accepted", "refused", "n/a"


@dataclass(frozen=True)
class NotChecked:
    """Why a verifier cannot be expected to refuse."""

    why: str


@dataclass(frozen=True)
class Row:
    """One verdict. `n/a`: the verifier cannot check this, and `reason` says why."""

    artefact: str
    case: str
    verifier: str
    verdict: str
    reason: str


@dataclass
class VerdictTable:
    """Filled by the tests, written and printed when they are over."""

    rows: list[Row] = field(default_factory=list)

    def add(self, artefact, case, verifier, verdict, reason=""):
        self.rows.append(Row(artefact, case, verifier, verdict, reason))

    def write(self, path, versions):
        content = {"verifiers": versions, "rows": [asdict(row) for row in self.rows]}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")

    def lines(self, versions):
        """The table as text; a verifier that was not asked about a case has a dot there."""
        verifiers = sorted({row.verifier for row in self.rows})
        cells = {(row.artefact, row.case, row.verifier): row.verdict for row in self.rows}
        head = [("artefact", "case", *(f"{verifier} {versions[verifier]}" for verifier in verifiers))]
        body = [
            (artefact, case, *(cells.get((artefact, case, verifier), "·") for verifier in verifiers))
            for artefact, case in dict.fromkeys((row.artefact, row.case) for row in self.rows)
        ]
        widths = [max(map(len, column)) for column in zip(*head, *body, strict=True)]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in head + body]
