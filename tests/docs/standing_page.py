"""docs/standing.md, made from the transition table: `python tests/docs/standing_page.py` writes it anew."""

from collections.abc import Iterator
from pathlib import Path

from goodstanding.transitions import (
    ANY,
    COMPUTED,
    LIVE,
    STATUS_CODES,
    TRANSITIONS,
    Computed,
    Effect,
    MeasureKind,
    Opens,
    Standing,
    Transition,
)

PAGE = Path(__file__).parents[2] / "docs" / "standing.md"

HEAD = """# Standing

What an accreditation is shown as is not stored: it is worked out from its decisions for every question, which says an
instant (*as of*) and how much of the log counts as known. Five steps:

1. **Known.** Decisions with an index below the log size asked about. Without a size, those not logged yet count too.
2. **Void.** A correction takes out the decisions it names, unless a later one takes out the correction.
3. **Order.** By when they take effect, then by index; what is not logged yet comes after what is. So a decision that takes
   effect in the past changes the past, and an earlier log size still tells what was known before it.
4. **Dimensions.** Every act changes one thing: the base, one measure over it, or the claims. A measure runs from its start
   to just before its end, or until an act closes it by name. Validity ends by the clock.
5. **Shown** is the worst that is open: a revocation (with its bar) before a base that ended, then a lapse, a suspension, a
   base that asserts nothing, conditions, the base. A revocation's stay, or an open suspensive appeal, uncovers what is under
   it. Open notices, appeals, stays and renewals, and deadlines that have passed, are said beside the standing.

An act is accepted only if it may start where it takes effect, and every later decision still may after it.

## Which act leads where

`live` is PROVISIONAL, ACTIVE or CONDITIONAL. What an act leads to is shown unless something worse is open over it. Acts that
change no standing are in the table only.

"""

LISTED, ANYWHERE = "as_listed", "anywhere"
TABLE = "| row | act | from | to | by | four eyes | opens a generation |\n|---|---|---|---|---|---|---|\n"
OPENS = {Opens.NEVER: "–", Opens.ALWAYS: "yes", Opens.IF_LIVE: "where something is live after it"}
LEADS_TO = {
    Effect.LISTING: "as listed",
    Effect.OPENS_MEASURE: "same, with the {} beside it",
    Effect.CLOSES_MEASURE: "same, without the {} beside it",
    Effect.CLAIMS: "same, other claims",
    Effect.VOIDS: "as if what it names had not been",
    Effect.REDIRECTS: "same, with a redirect",
}
UNDER = {MeasureKind.SUSPENSION, MeasureKind.REVOCATION}  # what they cover is shown once they end


def render() -> str:
    """The whole page."""
    arrows = dict.fromkeys(f"    {one}" for one in _arrows())
    rows = sorted([*TRANSITIONS, *COMPUTED], key=lambda row: row.row)
    return HEAD + "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            *_states(),
            *arrows,
            "```\n",
            "## Every act\n",
            TABLE + _lines(rows),
            _codes(),
        ]
    )


def _states() -> list[str]:
    live = [f"        {standing}" for standing in Standing if standing in LIVE]
    names = [f'    state "as listed" as {LISTED}', f'    state "any standing" as {ANYWHERE}']
    return [*names, "    state live {", *live, "    }"]


def _arrows() -> Iterator[str]:
    for row in TRANSITIONS:
        for source in _sources(row):
            if (target := _target(row)) not in (None, source):
                yield f"{source} --> {target} : {row.act}"
        if row.ends:
            yield from (f"{row.target} --> {source} : its end" for source in row.sources)
    for change in COMPUTED:
        yield from (f"{one} --> {change.target} : {change.name}" for one in _grouped(change.sources) if change.target)


def _sources(row: Transition) -> list[str]:
    """Where the diagram's arrows begin: for the end of a measure, where the measure is what is shown."""
    if not row.sources:
        return ["[*]"]
    if row.effect is Effect.CLOSES_MEASURE and row.measure is MeasureKind.REVOCATION:
        return [Standing.REVOKED]
    return _grouped(row.sources - {row.target} if row.target else row.sources)


def _target(row: Transition) -> str | None:
    if row.effect is Effect.LISTING:
        return LISTED
    if row.measure is MeasureKind.STAY:
        return "live" if row.effect is Effect.OPENS_MEASURE else Standing.REVOKED
    if row.effect is Effect.CLOSES_MEASURE and row.measure in UNDER:
        return "live"
    return row.target


def _grouped(sources: frozenset[Standing]) -> list[str]:
    if len(sources) >= len(ANY) - 1:
        return [ANYWHERE]
    live = ["live"] if sources >= LIVE else []
    return live + [standing for standing in Standing if standing in sources and not (live and standing in LIVE)]


def _lines(rows: list[Transition | Computed]) -> str:
    return "".join("| " + " | ".join(_cells(row)) + " |\n" for row in rows)


def _cells(row: Transition | Computed) -> list[str]:
    if isinstance(row, Computed):
        return [
            str(row.row),
            f"({row.name})",
            _from(row.sources),
            row.target or "same, noted beside it",
            row.actor,
            "–",
            "–",
        ]
    by = ", ".join(sorted(row.actors))
    return [str(row.row), row.act, _from(row.sources), _to(row), by, "yes" if row.four_eyes else "–", OPENS[row.opens]]


def _to(row: Transition) -> str:
    if row.measure is MeasureKind.STAY:
        return "what is under the revocation" if row.effect is Effect.OPENS_MEASURE else Standing.REVOKED
    if row.effect is Effect.CLOSES_MEASURE and row.measure in UNDER:
        return f"what is under the {row.measure}"
    return row.target or LEADS_TO[row.effect].format(row.measure)


def _from(sources: frozenset[Standing]) -> str:
    missing = [standing for standing in Standing if standing not in sources]
    if len(missing) > 1:
        return ", ".join(_grouped(sources)) or "nothing yet"
    return "any" + "".join(f" but {standing}" for standing in missing)


def _codes() -> str:
    by_code = {code: [one for one in Standing if STATUS_CODES[one] == code] for code in (0, 1, 2, 3, None)}
    lines = [f"| {'none' if code is None else code} | {', '.join(found)} |" for code, found in by_code.items()]
    return "\n".join(["Rows in brackets are no acts: they follow from the clock or from events about the authority.\n",
                      "## Codes in the status list\n", "| code | shown |\n|---|---|", *lines, ""])  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(render())
