"""Assessments and signals are shown and taken by PostgreSQL only for those whom they concern, as the rest is (`m0015`).

An assessment is its authority's; a signal is that of every authority that has the organisation in its register. Who
reported, and what became of a signal, follow the rule of `registry/signals/model.py` as it is now.
"""

from alembic import op

revision = "0016_from_0015"
down_revision = "0015_from_0014"

AT = "goodstanding_at('{}', authority_id)"
READ_AT = f"{AT.format('staff')} OR {AT.format('regulates')}"
OF_ASSESSMENT = "EXISTS (SELECT 1 FROM assessments WHERE assessments.id = assessment_id AND {})"
REACHED = "goodstanding_reached('staff', organisation_id) OR goodstanding_reached('regulates', organisation_id)"
SHOWN_SIGNAL = "EXISTS (SELECT 1 FROM signals WHERE signals.id = signal_id)"  # of those that are shown
OF_SIGNAL = """EXISTS (SELECT 1 FROM signals WHERE signals.id = signal_id AND (goodstanding_is(signals.assigned_to)
  OR signals.kind <> 'SEXUAL_EXPLOITATION_OR_ABUSE' AND goodstanding_reached('{}', organisation_id)
  OR goodstanding_reached('regulates', organisation_id)))"""
HANDLED = OF_SIGNAL.format("files")
ERASED_REPORTER = """operation = 'reportSignal'
  AND EXISTS (SELECT 1 FROM erased_reporters WHERE erased_reporters.signal_id = result_id)"""

FUNCTIONS = (
    """CREATE FUNCTION goodstanding_reached(may text, organisation text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT EXISTS (SELECT 1 FROM organisations WHERE id = organisation AND goodstanding_at(may, registered_by))
        OR EXISTS (SELECT 1 FROM accreditations WHERE organisation_id = organisation AND goodstanding_at(may, authority_id))
      $$""",
    # what everybody may know of signals: for the length of this function, and of nothing else, the registry itself asks
    """CREATE FUNCTION goodstanding_found_true(organisations text[], since timestamptz)
      RETURNS TABLE (organisation text, about text, number bigint) LANGUAGE plpgsql AS $$
      DECLARE before text := coalesce(current_setting('goodstanding.registry', true), '');
      BEGIN
        PERFORM set_config('goodstanding.registry', 'on', true);
        RETURN QUERY SELECT organisation_id::text, kind::text, count(DISTINCT text) FROM signals
          WHERE organisation_id = ANY (organisations) AND state = 'SUBSTANTIATED' AND received_at > since
          GROUP BY organisation_id, kind;
        PERFORM set_config('goodstanding.registry', before, true);
      END $$""",
)
ITSELF = ("ALL", "goodstanding_registry()")
POLICIES: dict[str, list[tuple[str, ...]]] = {
    # table -> [(what may be done, to which rows)]
    "self_assessments": [("SELECT", READ_AT), ("INSERT", AT.format("staff")), ITSELF],
    "assessments": [("SELECT", READ_AT), ("ALL", AT.format("staff")), ITSELF],
    "assessment_findings": [
        ("SELECT", OF_ASSESSMENT.format("true")), ("ALL", OF_ASSESSMENT.format(AT.format("staff"))), ITSELF,
    ],
    "surveillance": [("SELECT", READ_AT), ("ALL", AT.format("staff")), ITSELF],
    "signals": [("SELECT", REACHED), ("UPDATE", REACHED), ITSELF],
    "signal_changes": [
        ("SELECT", OF_SIGNAL.format("staff")), ("INSERT", f"goodstanding_is(actor) AND {SHOWN_SIGNAL}"), ITSELF,
    ],
    "signal_reporters": [("SELECT", HANDLED), ("DELETE", HANDLED), ITSELF],
    "erased_reporters": [("SELECT", HANDLED), ("INSERT", HANDLED), ITSELF],
}  # fmt: skip
BESIDE: dict[str, list[tuple[str, ...]]] = {  # what these acts take beyond `m0015`
    "member_roles": [
        ("SELECT", AT.format("regulates")),  # to give a signal to a colleague
        ("UPDATE", AT.format("staff"), "false"),  # an assessor's role is held while an act rests on it, and not changed
    ],
    "idempotency_keys": [("SELECT", ERASED_REPORTER), ("UPDATE", ERASED_REPORTER)],
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for function in FUNCTIONS:
        op.execute(function)
    for table in POLICIES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table, policies in (POLICIES | BESIDE).items():
        for number, (what, *rows) in enumerate(policies):
            op.execute(f"CREATE POLICY {table}_0012_{number} ON {table} FOR {what} {_rows(what, *rows)}")


def _rows(what: str, shown: str, taken: str | None = None) -> str:
    if what == "INSERT":
        return f"WITH CHECK ({shown})"
    return f"USING ({shown})" + ("" if taken is None else f" WITH CHECK ({taken})")
