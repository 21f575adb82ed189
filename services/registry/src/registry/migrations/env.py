"""Runs the migrations on the connection that `registry.migrate` opened, inside its transaction.

Offline it writes them as statements for the dialect named in the attributes, for review.
"""

from alembic import context

from registry.tables import METADATA

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], target_metadata=METADATA)
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
