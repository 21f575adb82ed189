"""What is restricted is shown and taken by PostgreSQL itself only for those whom it concerns, whatever is asked of it.

Row security is forced: it holds for the owner of the tables as well, and for every role but superusers and those with
BYPASSRLS. Without a word of who acts (`m0014`) nothing restricted is there. Programs of the revision before say who acts.
"""

from alembic import op

revision = "0015_from_0014"
down_revision = "0014_from_0013"

PUBLIC = "kind <> 'suspected-successor-of'"
AT = "goodstanding_at('{}', authority_id)"
OWN_SNAPSHOT = "EXISTS (SELECT 1 FROM snapshots WHERE snapshots.id = snapshot_id)"  # of those that are shown
OF_OWN = "EXISTS (SELECT 1 FROM accreditations WHERE accreditations.number = decisions.number AND {})"
ADDED_PERSON = "operation = 'addPerson' AND EXISTS (SELECT 1 FROM persons WHERE persons.id = result_id)"  # as above

FUNCTIONS = (
    """CREATE FUNCTION goodstanding_is(member text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT member <> '' AND member = coalesce(current_setting('goodstanding.member', true), '') $$""",
    """CREATE FUNCTION goodstanding_at(may text, authority text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT coalesce(authority = ANY (nullif(current_setting('goodstanding.' || may, true), '')::text[]), false) $$""",
    """CREATE FUNCTION goodstanding_anywhere(may text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT coalesce(nullif(current_setting('goodstanding.' || may, true), ''), '{}') <> '{}' $$""",
    """CREATE FUNCTION goodstanding_registry() RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT coalesce(current_setting('goodstanding.registry', true), '') = 'on' $$""",
)
POLICIES: dict[str, list[tuple[str, ...]]] = {
    # table -> [(what may be done, to which rows)]; an update may also say what must be true of the rows afterwards
    "proposals": [("ALL", AT.format("staff"))],
    "decisions": [
        ("SELECT", OF_OWN.format("goodstanding_at('staff', authority_id) OR goodstanding_at('regulates', authority_id)")),
        ("INSERT", OF_OWN.format("goodstanding_at('staff', authority_id)")),
    ],
    "erasures": [("ALL", AT.format("staff"))],
    "persons": [("ALL", AT.format("files"))],
    "erased_persons": [("SELECT", "goodstanding_anywhere('files')"), ("INSERT", "goodstanding_anywhere('files')")],
    "snapshots": [("ALL", AT.format("staff"))],
    "staged_rows": [("ALL", OWN_SNAPSHOT)],
    "staged_listings": [("ALL", OWN_SNAPSHOT)],
    "listed": [("ALL", AT.format("staff"))],
    "relations": [
        ("SELECT", f"{PUBLIC} OR goodstanding_anywhere('regulates')"),
        ("INSERT", f"{PUBLIC} OR {AT.format('regulates')}"),
        ("UPDATE", f"{PUBLIC} OR goodstanding_anywhere('regulates')", f"{PUBLIC} OR {AT.format('regulates')}"),
    ],
    "access_log": [("SELECT", AT.format("reviews")), ("INSERT", "goodstanding_is(actor)")],
    "members": [
        ("SELECT", "goodstanding_is(id) OR goodstanding_anywhere('administers')"),
        ("SELECT", "EXISTS (SELECT 1 FROM member_roles WHERE member_id = id)"),  # of those that are shown
    ],
    "member_roles": [
        ("SELECT", f"goodstanding_is(member_id) OR {AT.format('staff')}"), ("ALL", AT.format("administers")),
    ],
    "member_identities": [],
    "idempotency_keys": [
        ("ALL", "goodstanding_is(actor)"), ("SELECT", ADDED_PERSON), ("UPDATE", ADDED_PERSON),
    ],
}  # fmt: skip
NEVER_CHANGED = ("access_log",)  # by the registry itself neither


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for function in FUNCTIONS:
        op.execute(function)
    for table, policies in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        itself = "SELECT" if table in NEVER_CHANGED else "ALL"
        for number, (what, *rows) in enumerate([*policies, (itself, "goodstanding_registry()")]):
            op.execute(f"CREATE POLICY {table}_{number} ON {table} FOR {what} {_rows(what, *rows)}")


def _rows(what: str, shown: str, taken: str | None = None) -> str:
    if what == "INSERT":
        return f"WITH CHECK ({shown})"
    return f"USING ({shown})" + ("" if taken is None else f" WITH CHECK ({taken})")
