"""Runs the migrations on the connection that `audit.migrate` opened, inside its transaction."""

from alembic import context

from audit.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
