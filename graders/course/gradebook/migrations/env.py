"""Run the migrations on a gradebook's open connection. Alembic executes this script."""

from __future__ import annotations

from alembic import context

from graders.course.gradebook.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
