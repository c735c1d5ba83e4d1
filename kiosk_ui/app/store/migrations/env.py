"""Run by Alembic: migrates over the connection that the store hands in, inside its transaction."""

from __future__ import annotations

from alembic import context

from kiosk_ui.app.store.schema import metadata


def _migrate() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


_migrate()
