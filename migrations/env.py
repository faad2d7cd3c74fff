"""Run the migrations on the connection the caller hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
