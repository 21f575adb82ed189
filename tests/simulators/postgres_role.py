"""Login roles that are no superusers and cannot bypass row security: one that serves and owns no table, one that owns all."""

import secrets

from sqlalchemy import make_url

GRANTS = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
)


class OwningRole:
    """The owner of a database that is still empty, as in compose.yaml; `url` is how it connects."""

    def __init__(self, databases, url):
        self._databases, self._url = databases, make_url(url)
        self.name = f"owning_{secrets.token_hex(6)}"
        databases.execute(f"CREATE ROLE {self.name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'owning'")
        databases.execute(f"ALTER DATABASE {self._url.database} OWNER TO {self.name}")

    @property
    def url(self):
        """The async SQLAlchemy URL of the database for this role."""
        return self._url.set(username=self.name, password="owning").render_as_string(hide_password=False)

    def drop(self):
        """Take the role and its database away; nobody is connected any more."""
        self._databases.drop(self._url.render_as_string(hide_password=False))
        self._databases.execute(f"DROP ROLE {self.name}")


class ServingRole:
    """Made on the server of a migrated database, for that database; `url` is how the role connects to it."""

    def __init__(self, databases, url):
        self._databases, self._owner = databases, url
        self.name, self._password = f"serving_{secrets.token_hex(6)}", secrets.token_hex(8)
        databases.execute(f"CREATE ROLE {self.name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{self._password}'")
        for grant in GRANTS:
            databases.execute(grant.format(role=self.name), url.replace("+asyncpg", ""))

    @property
    def url(self):
        """The async SQLAlchemy URL of the database for this role."""
        mine = make_url(self._owner).set(username=self.name, password=self._password)
        return mine.render_as_string(hide_password=False)

    def as_owner(self, statement):
        """Execute a statement as the owner of the tables."""
        return self._databases.execute(statement, self._owner.replace("+asyncpg", ""))

    def drop(self):
        """Take the role away again; nobody is connected any more."""
        self.as_owner(f"DROP OWNED BY {self.name}")
        self._databases.execute(f"DROP ROLE {self.name}")
